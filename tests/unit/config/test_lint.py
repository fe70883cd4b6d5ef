"""What is valid and yet probably not meant is said, and what is meant is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.config import Severity, lint
from flyball.config.load import loads
from tests.unit.config.asking import FILE, HEAD, NOW, load_lines, warnings_of

SAFE = "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70}]\n"
GPU = "{name: g, kind: target_tracking, metric: gpu, target_value: 60}"
CALM = f"policies: [{{name: p, kind: target_tracking, metric: m, target_value: 70}}, {GPU}]\n"
BERLIN = CALM + "time_zone: Europe/Berlin\n"


def step(steps: str, keys: str = "threshold: 20") -> str:
    """Write a tracking policy at 50 and a step policy on the same metric."""
    tracking = "{name: t, kind: target_tracking, metric: m, target_value: 50}"
    return (
        f"policies: [{tracking}, {GPU}, {{name: s, kind: step, metric: m, {keys}, steps: {steps}}}]"
    )


def action(schedule: str) -> str:
    """Write a scheduled action."""
    return BERLIN[:-1].replace(
        f"{GPU}]", f'{GPU}, {{name: a, kind: scheduled, schedule: "{schedule}", min_capacity: 3}}]'
    )


def windows(*each: str) -> str:
    """Write windows."""
    return BERLIN + f"windows: [{', '.join(f'{{{one}}}' for one in each)}]"


OVERLAP = "the largest floor and the smallest ceiling count: give one a priority"
DAY = 'name: d, from: "08:00", to: "18:00"'
LUNCH = 'name: l, from: "12:00", to: "13:00"'

DOUBTS: dict[str, tuple[str, list[str]]] = {
    "calm": (BERLIN, []),
    "unused_metric": (SAFE, ["metrics[1]: no policy uses this metric; remove it"]),
    "metric_of_zero_is_used": (
        SAFE + "zero: {metric: gpu}",
        ["zero: without effect: min_capacity is 2; set min_capacity: 0"],
    ),
    "nothing_asked": (
        "",
        [
            "id: no policy and no window: its capacity will never change; add policies",
            "metrics[0]: no policy uses this metric; remove it",
            "metrics[1]: no policy uses this metric; remove it",
        ],
    ),
    "ratio_target": (
        CALM.replace("60", "0.6"),
        [
            (
                "policies[1].target_value: 0.6 % of a metric whose unit is ratio; "
                "policies on a ratio "
                "are written in percent: did you mean 60?"
            )
        ],
    ),
    "ratio_threshold": (
        (
            "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70}, {name: s, "
            "kind: step, metric: gpu, threshold: 0.8, steps: [{from: 0, add: 1}]}]"
        ),
        [
            (
                "policies[1].threshold: 0.8 % of a metric whose unit is ratio; policies on a ratio "
                "are written in percent: did you mean 80?"
            )
        ],
    ),
    "every_policy_ignores": (
        CALM.replace("70", "70, missing: {scale_in: ignore}").replace(
            "60", "60, missing: {scale_in: ignore}"
        ),
        [
            (
                "policies[0]: every policy ignores missing data: one may scale in while the others "
                "are blind; set `missing: {scale_in: hold}` on one of them at least"
            )
        ],
    ),
    "one_policy_holds": (CALM.replace("70", "70, missing: {scale_in: ignore}"), []),
    "fallback_above_max": (
        CALM + "fallback: {capacity: 21}",
        [
            (
                "fallback: its capacity (21) is above max_capacity (20); it will not be reached: "
                "raise max_capacity"
            )
        ],
    ),
    "fallback_at_max": (CALM + "fallback: {capacity: 20}", []),
    "spend_limit_below_min": (
        CALM + "price_per_hour: 1.5\nspend_limit_per_hour: 2.9",
        [
            (
                "spend_limit_per_hour: below min_capacity × price_per_hour (3); raise it, or lower "
                "min_capacity"
            )
        ],
    ),
    "spend_limit_of_min": (CALM + "price_per_hour: 1.5\nspend_limit_per_hour: 3", []),
    "floor_above_hard_max": (
        windows(DAY + ", floor: 21"),
        [
            (
                "windows[0]: its floor (21) is above hard_max_capacity (20); it will never be "
                "reached: raise hard_max_capacity"
            )
        ],
    ),
    "floor_above_max": (
        windows(DAY + ", floor: 21") + "\nhard_max_capacity: 30",
        ["windows[0]: its floor (21) is above max_capacity (20); raise max_capacity"],
    ),
    "ceiling_below_min": (
        windows(DAY + ", ceiling: 1"),
        [
            (
                "windows[0]: its ceiling (1) is below min_capacity (2); the minimum counts: lower "
                "min_capacity"
            )
        ],
    ),
    "bounds_inside": (windows(DAY + ", floor: 2, ceiling: 20"), []),
    "overlap_of_floors": (
        windows(DAY + ", floor: 6", LUNCH + ", floor: 9"),
        [f"windows[1]: it overlaps d with other bounds at 2026-11-21 11:00 UTC; {OVERLAP}"],
    ),
    "overlap_of_ceilings": (
        windows(LUNCH + ", ceiling: 9", DAY + ", ceiling: 6"),
        [f"windows[1]: it overlaps l with other bounds at 2026-11-21 11:00 UTC; {OVERLAP}"],
    ),
    "overlap_of_a_floor_above_a_ceiling": (
        windows(DAY + ", floor: 6", LUNCH + ", ceiling: 5"),
        [f"windows[1]: it overlaps d with other bounds at 2026-11-21 11:00 UTC; {OVERLAP}"],
    ),
    "overlap_of_a_floor_and_a_ceiling_above_it": (
        windows(DAY + ", floor: 6", LUNCH + ", ceiling: 9"),
        [],
    ),
    "overlap_of_equal_bounds": (windows(DAY + ", floor: 6", LUNCH + ", pin: 6"), []),
    "overlap_by_priority": (windows(DAY + ", floor: 6", LUNCH + ", floor: 9, priority: 1"), []),
    "one_after_the_other": (
        windows(DAY + ", floor: 6", 'name: n, from: "18:00", to: "08:00", floor: 3'),
        [],
    ),
    "window_in_the_past": (
        windows('name: w, start: "at(2020-01-01T00:00:00)", duration: 1h, floor: 3'),
        ["windows[0]: this window is never active again; remove it, or correct its dates"],
    ),
    "window_that_is_on": (
        windows('name: w, start: "at(2026-11-21T00:30:00)", duration: 1h, floor: 3'),
        [],
    ),
    "window_start_in_the_gap": (
        windows('name: w, from: "02:30", to: "05:00", floor: 3'),
        [
            (
                "windows[0]: 02:30 does not exist in Europe/Berlin on 2027-03-28: it "
                "starts when the "
                "clock jumps; choose a time outside 02:00-03:00"
            )
        ],
    ),
    "window_end_in_the_gap": (
        windows('name: w, from: "00:30", to: "02:00", floor: 3'),
        [
            (
                "windows[0]: 02:00 does not exist in Europe/Berlin on 2027-03-28: it ends when the "
                "clock jumps; choose a time outside 02:00-03:00"
            )
        ],
    ),
    "window_beside_the_gap": (windows('name: w, from: "01:59", to: "03:00", floor: 3'), []),
    "window_in_utc": (windows('name: w, from: "02:30", to: "05:00", floor: 3, time_zone: UTC'), []),
    "window_in_a_zone_that_changes_nothing": (
        windows('name: w, from: "02:30", to: "05:00", floor: 3, time_zone: Asia/Tokyo'),
        [],
    ),
    "action_in_the_gap": (
        action("cron(30 2 * * ? *)"),
        [
            (
                "policies[2]: 02:30 does not exist in Europe/Berlin on 2027-03-28: it "
                "will not fire; "
                "choose a time outside 02:00-03:00"
            )
        ],
    ),
    "action_in_the_fold": (
        action("cron(15 2 ? 10 SUN *)"),
        [
            (
                "policies[2]: 02:15 comes twice in Europe/Berlin on 2027-10-31: it fires at the "
                "first; choose a time outside 02:00-03:00"
            )
        ],
    ),
    "action_at_the_gap_once": (
        action("at(2027-03-28T02:30:00)"),
        ["policies[2]: at(2027-03-28T02:30:00) never fires again; remove it, or correct its dates"],
    ),
    "action_all_day_long": (action("cron(0/10 * * * ? *)"), []),
    "action_on_other_days": (action("cron(30 2 ? * MON *)"), []),
    "action_by_rate": (action("rate(1 day)"), []),
    "action_in_the_past": (
        action("cron(0 8 1 1 ? 2020)"),
        ["policies[2]: cron(0 8 1 1 ? 2020) never fires again; remove it, or correct its dates"],
    ),
    "day_numbers": (
        action("cron(0 8 ? * 2-6 *)"),
        [
            (
                "policies[2]: cron(0 8 ? * 2-6 *) has a number for a day of the week; write names "
                "(SUN, MON, …): AWS's own pages disagree on what a number means"
            )
        ],
    ),
    "day_names": (action("cron(0 8 ? * MON-FRI *)"), []),
    "nth_day_by_name": (action("cron(0 8 ? * MON#1 *)"), []),
    "last_day_by_number": (
        action("cron(0 8 ? * 6L *)"),
        [
            (
                "policies[2]: cron(0 8 ? * 6L *) has a number for a day of the week; write names "
                "(SUN, MON, …): AWS's own pages disagree on what a number means"
            )
        ],
    ),
    "window_day_numbers": (
        windows('name: w, start: "cron(0 8 ? * 2 *)", duration: 1h, floor: 3'),
        [
            (
                "windows[0]: cron(0 8 ? * 2 *) has a number for a day of the week; "
                "write names (SUN, "
                "MON, …): AWS's own pages disagree on what a number means"
            )
        ],
    ),
    "step_adds_where_tracking_scales_in": (
        step("[{from: 0, to: 10, add: 1}, {from: 10, add: 0}]"),
        [
            (
                "policies[2]: adds capacity from 20 to 30, where t scales in (below 45); one adds "
                "what the other removes: let their ranges not overlap"
            )
        ],
    ),
    "step_removes_where_tracking_scales_out": (
        step("[{from: 0, remove: 1}]", 'threshold: 90, comparison: ">"'),
        [
            (
                "policies[2]: removes capacity above 90, where t scales out (above "
                "50); one adds what "
                "the other removes: let their ranges not overlap"
            )
        ],
    ),
    "step_adds_below_its_threshold": (
        step("[{add: 1}]", "threshold: 20, comparison: <").replace("{add: 1}", "{to: 0, add: 1}"),
        [
            (
                "policies[2]: adds capacity below 20, where t scales in (below 45); one adds what "
                "the other removes: let their ranges not overlap"
            )
        ],
    ),
    "step_beside_tracking": (
        step(
            "[{to: -25, remove: 1}, {from: -25, to: 0, add: 0}, {from: 0, add: 2}]", "threshold: 50"
        ),
        [],
    ),
    "step_cut_by_its_comparison": (
        step("[{from: -40, add: 1}]".replace("-40", "0"), "threshold: 45"),
        [],
    ),
    "exact_steps": (step("[{from: 0, set: 5}]"), []),
    "no_scale_in_to_fight": (
        step("[{from: 0, add: 1}]").replace(
            "target_value: 50", "target_value: 50, scale_in: {disabled: true}"
        ),
        [],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), DOUBTS.values(), ids=DOUBTS.keys())
def test_what_is_doubtful_is_said(lines: str, expected: list[str]) -> None:
    """At its field, with a remedy; and nothing else."""
    assert warnings_of(lines) == expected


def test_a_target_that_may_be_at_zero_wants_a_rule() -> None:
    """Most metrics say nothing when no instance is there."""
    head = HEAD.replace("min_capacity: 2", "min_capacity: 0")
    rule = "zero: {metric: m}\n"
    assert warnings_of(CALM + rule, head) == []
    assert warnings_of(CALM, head) == [
        (
            "min_capacity: 0 without a `zero` rule; add `zero: {metric: …}`: most "
            "metrics say nothing "
            "when no instance is there"
        )
    ]


def test_two_targets_on_one_resource_would_undo_each_other() -> None:
    """Except on one machine, where nothing is shared."""
    each = (
        "min_capacity: 1, max_capacity: 2, windows: [{name: w, from: '08:00', to: '09:00', pin: 1}]"
    )
    text = (
        "version: 1\ndefaults: {home: aws}\nscalable_targets:\n"
        f"  - {{id: a, resource: {{endpoint: e, variant: v}}, {each}}}\n"
        f"  - {{id: b, resource: {{endpoint: e, variant: v}}, {each}}}\n"
        f"  - {{id: c, resource: {{endpoint: e, variant: w}}, {each}}}\n"
    )
    found = lint(loads(text, FILE), NOW)
    assert [(problem.path, problem.message) for problem in found] == [
        ("scalable_targets[1].id", "a has the same resource")
    ]
    assert lint(loads(text.replace("home: aws", "home: local"), FILE), NOW) == ()


def test_a_warning_is_shown_as_one() -> None:
    """With file, line and column like an error."""
    (problem,) = lint(load_lines(SAFE), NOW)
    assert problem.severity is Severity.WARNING
    assert str(problem) == (
        "flyball.yaml:6:26: warning: scalable_targets[0].metrics[1]: no policy uses this metric; "
        "remove it"
    )


def test_the_lint_looks_from_now_on() -> None:
    """What was due yesterday is past tomorrow."""
    config = load_lines(windows('name: w, start: "at(2026-11-25T08:00:00)", duration: 1h, pin: 3'))
    assert lint(config, NOW) == ()
    assert len(lint(config, NOW + timedelta(days=7))) == 1


def test_a_clock_that_changed_its_mind_is_found_within_two_years() -> None:
    """Not only the hour of summer time: any change of any zone, to the second."""
    lines = windows('name: w, from: "01:45", to: "05:00", floor: 3, time_zone: Australia/Lord_Howe')
    assert warnings_of(lines) == [
        (
            "windows[0]: 01:45 comes twice in Australia/Lord_Howe on 2027-04-04: it starts at the "
            "first; choose a time outside 01:30-02:00"
        )
    ]
