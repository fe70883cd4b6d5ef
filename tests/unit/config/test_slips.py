"""A slip in one scalable target is answered at its line and field, and nothing else is said."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.unit.config.asking import HEAD, problems_of

POLICY = "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70"
WINDOW = 'windows: [{name: w, from: "08:00", to: "18:00", floor: 3'
BARE = "version: 1\nscalable_targets:\n  - id: churn\n"


class Slip(NamedTuple):
    """Keys of one scalable target, and every problem of them."""

    lines: str
    problems: tuple[str, ...]
    head: str = HEAD


SLIPS = {
    "unknown_key": Slip(
        "max_capcity: 3", ("max_capcity: unknown key; did you mean max_capacity?",)
    ),
    "unknown_key_without_a_neighbour": Slip(
        "zero: {metric: m, xyzzy: 3}",
        ("zero.xyzzy: unknown key; known here: metric, activation_threshold, idle_after",),
    ),
    "key_of_another_tool": Slip(
        "scale_out: {cron: 1}", ("scale_out.cron: unknown key; write schedule: cron(...)",)
    ),
    "camel_case_key": Slip(
        POLICY[:-16] + "targetValue: 70}]",
        (
            "policies[0].target_value: this key is missing",
            "policies[0].targetValue: unknown key; did you mean target_value?",
        ),
    ),
    "value_of_a_choice": Slip(
        "mode: advice",
        ('mode: got "advice", expected one of apply, advise; did you mean advise?',),
    ),
    "quoted_number": Slip(
        'hard_max_capacity: "24"',
        ('hard_max_capacity: got "24", expected a whole number; remove the quotes',),
    ),
    "no_value": Slip(
        "hard_max_capacity:",
        ("hard_max_capacity: got nothing, expected a value, or no such key at all",),
    ),
    "negative": Slip(
        "hard_max_capacity: -1", ("hard_max_capacity: got -1, expected a number of 0 or more",)
    ),
    "not_a_number": Slip(
        "price_per_hour: .nan", ("price_per_hour: got nan, expected a finite number",)
    ),
    "infinite": Slip(
        "spend_limit_per_hour: .inf\nprice_per_hour: 1",
        ("spend_limit_per_hour: got inf, expected a finite number",),
    ),
    "huge": Slip(
        "hard_max_capacity: 99999999999999999999",
        ("hard_max_capacity: got 99999999999999999999, expected a number of at most 1000000",),
    ),
    "fraction": Slip(
        "hard_max_capacity: 2.5", ("hard_max_capacity: got 2.5, expected a whole number",)
    ),
    "truth": Slip(
        "hard_max_capacity: true", ("hard_max_capacity: got true, expected a whole number",)
    ),
    "duration": Slip(
        "tick: 5 minutes",
        ('tick: got "5 minutes", expected a duration such as 300, 300s, 5m, 1h30m or PT5M',),
    ),
    "no_duration": Slip(
        "tick: 0s",
        ('tick: got "0s", expected a duration such as 300, 300s, 5m, 1h30m or PT5M, above 0',),
    ),
    "min_above_max": Slip(
        "min_capacity: 5\nmax_capacity: 3",
        ("min_capacity: got 5, expected at most max_capacity (3)",),
        BARE,
    ),
    "hard_max_below_max": Slip(
        "hard_max_capacity: 3", ("hard_max_capacity: got 3, expected at least max_capacity (20)",)
    ),
    "hard_min_above_min": Slip(
        "hard_min_capacity: 3", ("hard_min_capacity: got 3, expected at most min_capacity (2)",)
    ),
    "no_bounds": Slip(
        "mode: apply",
        (
            "min_capacity: this key is missing; give it here or in defaults",
            "max_capacity: this key is missing; give it here or in defaults",
        ),
        BARE,
    ),
    "unknown_metric": Slip(
        POLICY.replace("metric: m", "metric: gup") + "}]",
        ("policies[0].metric: there is no metric gup; did you mean gpu?",),
    ),
    "unknown_metric_of_zero": Slip(
        "zero: {metric: backlog}", ("zero.metric: there is no metric backlog; known: gpu, m",)
    ),
    "no_metrics_at_all": Slip(
        POLICY + "}]\nmin_capacity: 1\nmax_capacity: 1",
        ("policies[0].metric: there is no metric m; known: none: list them under metrics",),
        BARE,
    ),
    "limit_without_price": Slip(
        "spend_limit_per_hour: 3",
        (
            (
                "spend_limit_per_hour: price_per_hour is missing beside it; "
                "give one instance's price an hour"
            ),
        ),
    ),
    "names_twice": Slip(
        POLICY + "}, {name: p, kind: scheduled, schedule: rate(1 day), min_capacity: 3}]",
        (
            (
                "policies[1].name: another policy has this name already; "
                "first on line 7: name this one differently"
            ),
        ),
    ),
    "control_character_in_a_name": Slip(
        'zero: {metric: "a\\u001b[31m"}',
        ('zero.metric: got "a\\u001b[31m", expected printable characters only',),
    ),
    "empty_name": Slip(
        'zero: {metric: ""}', ('zero.metric: got "", expected at least 1 character(s)',)
    ),
    "kind_missing": Slip(
        "policies: [{name: p, target_value: 3}, {name: q}]",
        (
            "policies[0].kind: this key is missing; add kind: target_tracking",
            "policies[1].kind: this key is missing",
        ),
    ),
    "kind_unknown": Slip(
        "policies: [{name: p, kind: target-tracking}, {kind: 3}, 3]",
        (
            (
                'policies[0].kind: got "target-tracking", expected one of target_tracking, step, '
                "scheduled, predictive, adaptive; did you mean target_tracking?"
            ),
            (
                "policies[1].kind: got 3, expected one of target_tracking, step, scheduled, "
                "predictive, adaptive"
            ),
            "policies[2]: got 3, expected a mapping",
        ),
    ),
    "target_value_of_zero": Slip(
        POLICY.replace("70", "0") + "}]",
        ("policies[0].target_value: got 0, expected a number above 0",),
    ),
    "datapoints": Slip(
        POLICY + ", scale_out: {datapoints: 3 of 2}, scale_in: {datapoints: 9999}}]",
        (
            (
                'policies[0].scale_out.datapoints: got "3 of 2", expected M of N periods such as '
                "2 of 3, or one number, up to 1440"
            ),
            (
                "policies[0].scale_in.datapoints: got 9999, expected M of N periods "
                "such as 2 of 3, "
                "or one number, up to 1440"
            ),
        ),
    ),
    "both_tolerances": Slip(
        POLICY + ", scale_in: {low_ratio: 0.9, tolerance: 0.1}}]",
        ("policies[0].scale_in: got low_ratio and tolerance, expected only one of them",),
    ),
    "ratio_out_of_range": Slip(
        POLICY + ", scale_in: {low_ratio: 90}, scale_out: {high_ratio: 0.5}}]",
        (
            "policies[0].scale_in.low_ratio: got 90, expected a number of at most 1",
            "policies[0].scale_out.high_ratio: got 0.5, expected a number of 1 or more",
        ),
    ),
    "step_gap": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, steps: "
        "[{from: 11, add: 3}, {from: 0, to: 10, add: 1}]}]",
        (
            (
                "policies[0].steps[0].from: got 11.0, expected the last step's upper bound (10.0): "
                "no gap, no overlap"
            ),
        ),
    ),
    "step_without_number": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, steps: [{from: 0}]}]",
        ("policies[0].steps[0]: expected one of the keys add, remove, percent, set, adjustment",),
    ),
    "step_with_two_numbers": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, steps: [{add: 1, set: 2}]}]",
        ("policies[0].steps[0]: got add and set, expected only one of them",),
    ),
    "steps_of_two_meanings": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, "
        "steps: [{from: 0, to: 1, add: 1}, {from: 1, percent: 9}]}]",
        (
            (
                "policies[0].steps: the steps mean different things: change_in_capacity and "
                "percent_change_in_capacity; use the same word in every step, or split the policy"
            ),
        ),
    ),
    "add_to_an_exact_capacity": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, adjustment: exact_capacity, "
        "steps: [{from: 0, add: 1}]}]",
        ("policies[0].steps: add and remove mean nothing with exact_capacity; write set",),
    ),
    "no_steps": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, steps: []}]",
        ("policies[0].steps: got 0, expected at least 1 of them",),
    ),
    "magnitude_without_percent": Slip(
        "policies: [{name: p, kind: step, metric: m, threshold: 5, min_adjustment_magnitude: 2, "
        "steps: [{from: 0, add: 1}]}]",
        (
            (
                "policies[0].min_adjustment_magnitude: got 2, expected it only with "
                "percent_change_in_capacity"
            ),
        ),
    ),
    "bounds_of_an_action": Slip(
        "policies: [{name: p, kind: scheduled, schedule: rate(1 day), min_capacity: 4, "
        "max_capacity: 2}, {name: q, kind: scheduled, schedule: rate(1 day)}]",
        (
            "policies[0].min_capacity: got 4, expected at most max_capacity (2)",
            "policies[1]: expected one of the keys min_capacity, max_capacity",
        ),
    ),
    "schedule": Slip(
        "policies: [{name: p, kind: scheduled, schedule: '0 8 ? * MON-FRI *', min_capacity: 4}]",
        (
            (
                "policies[0].schedule: schedule '0 8 ? * MON-FRI *': expected "
                "at(yyyy-mm-ddThh:mm:ss), rate(n unit) or cron(six fields); "
                "write cron(0 8 ? * MON-FRI *)"
            ),
        ),
    ),
    "end_before_start": Slip(
        "policies: [{name: p, kind: scheduled, schedule: rate(1 day), min_capacity: 4, "
        "start: 2026-02-01T00:00:00Z, end: 2026-01-01T00:00:00Z}]",
        (
            (
                "policies[0].end: end 2026-01-01T00:00:00+00:00 is before start "
                "2026-02-01T00:00:00+00:00: the schedule would never fire; write a later end or "
                "leave it out"
            ),
        ),
    ),
    "instant_without_offset": Slip(
        "policies: [{name: p, kind: scheduled, schedule: rate(1 day), min_capacity: 4, "
        "start: 2026-02-01T00:00:00}]",
        (
            (
                'policies[0].start: got "2026-02-01T00:00:00", expected an instant with an offset, '
                "such as 2026-11-21T00:24:11Z"
            ),
        ),
    ),
    "instant_that_is_none": Slip(
        "policies: [{name: p, kind: scheduled, schedule: rate(1 day), min_capacity: 4, "
        "start: 2026-02-31T00:00:00Z}]",
        (
            (
                'policies[0].start: got "2026-02-31T00:00:00Z", expected an instant '
                "with an offset, "
                "such as 2026-11-21T00:24:11Z that exists (day is out of range for month)"
            ),
        ),
    ),
    "time_zone": Slip(
        WINDOW + ", time_zone: Europe/Berln}]",
        (
            (
                "windows[0].time_zone: unknown time zone 'Europe/Berln': did you mean "
                "Europe/Berlin "
                "or Europe/Dublin or Europe/Belfast?"
            ),
        ),
    ),
    "clock_times": Slip(
        'windows: [{name: w, from: "8:00", to: "24:01", floor: 3, days: [mo]}]',
        (
            'windows[0].from: got "8:00", expected a time of day such as 08:00',
            'windows[0].to: got "24:01", expected a time of day such as 18:00, or 24:00',
            (
                'windows[0].days[0]: got "mo", expected a day or a range of days, such as mon or '
                "mon-fri, or daily"
            ),
        ),
    ),
    "window_without_end_or_bound": Slip(
        'windows: [{name: w, from: "08:00"}]',
        (
            "windows[0]: expected one of the keys end, duration, to",
            "windows[0]: expected one of the keys floor, ceiling, pin",
        ),
    ),
    "window_of_two_forms": Slip(
        WINDOW + ', start: "at(2026-01-01T00:00:00)"}]',
        (
            "windows[0]: got start and from, expected only one of them",
            "windows[0]: got start and to, expected only one of them",
        ),
    ),
    "window_start": Slip(
        "windows: [{name: w, start: rate(1 day), duration: 1h, floor: 3}]",
        (
            (
                "windows[0].start: got 'rate(1 day)', expected at(...) or cron(...): a rate has no "
                "time of day"
            ),
        ),
    ),
    "window_dates": Slip(
        WINDOW + ", except: [2026-12-25], also: [2026-12-25]}]",
        ("windows[0].also: got '2026-12-25', expected no date that except_dates has too",),
    ),
    "date_that_is_none": Slip(
        WINDOW + ", except: [2026-02-30, 3]}]",
        (
            (
                'windows[0].except[0]: got "2026-02-30", expected a date such as 2026-12-25 that '
                "exists (day is out of range for month)"
            ),
            "windows[0].except[1]: got 3, expected a date such as 2026-12-25",
        ),
    ),
    "window_floor_above_ceiling": Slip(
        WINDOW + ", ceiling: 2}]", ("windows[0].floor: got 3, expected at most the ceiling (2)",)
    ),
    "rate": Slip(
        "scale_in: {rates: [{period: 60s}, {count: 1, percent: 2, period: 60s}]}",
        (
            "scale_in.rates[0]: expected one of the keys count, percent",
            "scale_in.rates[1]: got count and percent, expected only one of them",
        ),
    ),
    "stale_at_once": Slip(
        "metrics: [{name: m, period: 5m, max_age: 60s}]\nmin_capacity: 1\nmax_capacity: 1",
        ("metrics[0].max_age: got less than the period: every datapoint would be stale",),
        BARE,
    ),
    "source_with_a_list": Slip(
        "metrics: [{name: m, source: {a: [1]}}]\nmin_capacity: 1\nmax_capacity: 1",
        (
            (
                "metrics[0].source: got a mapping, expected a mapping of names to text, numbers or "
                "true and false; a is something else"
            ),
        ),
        BARE,
    ),
    "resource_as_text": Slip(
        "resource: churn",
        ('resource: got "churn", expected a mapping of names to text, numbers or true and false',),
    ),
    "list_in_place_of_a_mapping": Slip("zero: [m]", ("zero: got a list, expected a mapping",)),
    "mapping_in_place_of_a_list": Slip(
        "policies: {name: p}", ("policies: got a mapping, expected a list",)
    ),
    "text_in_place_of_truth": Slip(
        POLICY + ", scale_in: {disabled: on}}]",
        ('policies[0].scale_in.disabled: got "on", expected true or false',),
    ),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_answered_at_its_field(slip: Slip) -> None:
    """What was found, what was expected, and a remedy where there is one; nothing else."""
    assert problems_of(slip.lines, slip.head) == [*slip.problems]
