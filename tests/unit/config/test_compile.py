"""What an author writes reaches the engine as meant, by one text for one meaning."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flyball.config import compile_config, loads
from flyball.core import codec
from flyball.core.policy import (
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    MissingRule,
    MissingRules,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Fallback,
    Metric,
    Mode,
    Per,
    Profile,
    RateKind,
    RateRule,
    ScalableTarget,
    Select,
    Unit,
    ZeroRule,
)
from flyball.core.window import Window
from tests.unit.config.asking import HEAD, load_lines, target_of

SECOND = timedelta(seconds=1)
TRACKING = "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70"
STEP = "policies: [{name: p, kind: step, metric: m, threshold: 50, steps: "


CUSTOM = {"metric": "custom.googleapis.com/m", "statistic": "mean", "project": "p"}
RESOURCE = "{project: acme, location: europe-west4, endpoint: 42}"
ON_GOOGLE = HEAD.replace("{name: m}", f"{{name: m, source: {CUSTOM}}}").replace(
    "unit: ratio}", f"unit: ratio, source: {CUSTOM}}}"
)


def test_every_key_reaches_the_engine() -> None:
    """One scalable target with every section, next to the engine's value."""
    made = target_of(
        """
        home: gcp
        profile: aws
        mode: advise
        capacity_kind: count
        resource: {project: acme, location: europe-west4, endpoint: 42, deployed_model: 7}
        hard_min_capacity: 1
        hard_max_capacity: 30
        price_per_hour: 1.5
        spend_limit_per_hour: 40
        heartbeat: 10m
        tick: 30s
        foreign_hold: 1h
        lead_time: 8m
        early: 4m
        zero: {metric: m, activation_threshold: 2, idle_after: 1m}
        fallback: {capacity: 6, after: 4m}
        scale_out: {rates: [{count: 4, period: 60s}], select: min}
        scale_in: {stabilization_window: 2m, rates: [{percent: 12.5, period: 5m}]}
        """,
        ON_GOOGLE,
    )
    assert made == ScalableTarget(
        id="churn",
        min_capacity=2,
        max_capacity=20,
        hard_min_capacity=1,
        hard_max_capacity=30,
        home="gcp",
        resource={
            "project": "acme",
            "location": "europe-west4",
            "endpoint": "42",
            "deployed_model": "7",
        },
        profile=Profile.AWS,
        capacity_kind=CapacityKind.COUNT,
        mode=Mode.ADVISE,
        metrics=(
            Metric("m", max_age=600 * SECOND, source=CUSTOM),
            Metric("gpu", unit=Unit.RATIO, max_age=600 * SECOND, source=CUSTOM),
        ),
        scale_out=DirectionRules(
            rates=(RateRule(RateKind.COUNT, 4, 60 * SECOND),), select=Select.MIN
        ),
        scale_in=DirectionRules(120 * SECOND, (RateRule(RateKind.PERCENT, 12.5, 300 * SECOND),)),
        zero=ZeroRule("m", 2, 60 * SECOND),
        fallback=Fallback(6, 240 * SECOND),
        price_per_hour=1.5,
        spend_limit_per_hour=40,
        heartbeat=600 * SECOND,
        tick=30 * SECOND,
        foreign_hold=3600 * SECOND,
        lead_time=480 * SECOND,
        early=240 * SECOND,
    )


def test_what_a_resource_says_becomes_text() -> None:
    """Numbers, booleans and what is nested too."""
    made = target_of("resource: {endpoint: e, port: 8080, tls: true, ratio: 0.5, deep: {a: b}}")
    expected = {"endpoint": "e", "port": "8080", "tls": "true", "ratio": "0.5", "deep.a": "b"}
    assert made.resource == expected


def test_what_is_not_written_is_the_engines_default() -> None:
    """But for what a profile or a home says."""
    made = target_of("")
    assert made == ScalableTarget(
        id="churn",
        min_capacity=2,
        max_capacity=20,
        hard_max_capacity=20,
        metrics=(Metric("m"), Metric("gpu", unit=Unit.RATIO)),
        scale_in=DirectionRules(300 * SECOND),
    )
    assert (
        target_of(f"home: gcp\nresource: {RESOURCE}", ON_GOOGLE).capacity_kind is CapacityKind.RANGE
    )


def test_a_metric_is_read() -> None:
    """max_age grows with a long period."""
    head = HEAD.partition("    metrics")[0]
    made = target_of(
        "metrics: [{name: a, unit: percent, per: total, period: 10m, source: {k: v}},"
        " {name: b, max_age: 90s}]",
        head,
    )
    source = {"k": "v"}
    assert made.metrics == (
        Metric("a", Unit.PERCENT, Per.TOTAL, 600 * SECOND, 1_200 * SECOND, source),
        Metric("b", max_age=90 * SECOND),
    )


def test_a_tracking_policy_is_read() -> None:
    """With all its keys."""
    made = target_of(
        TRACKING + ", scale_out: {datapoints: 2 of 4, cooldown: 30s, high_ratio: 1.2}, "
        "scale_in: {datapoints: 7, cooldown: 1m, low_ratio: 0.5, disabled: true}, "
        "missing: {scale_out: hold, scale_in: block_scale_in}}]"
    )
    assert made.policies == (
        TrackingPolicy(
            "p",
            "m",
            70,
            high_ratio=1.2,
            low_ratio=0.5,
            out_datapoints=DatapointsRule(2, 4),
            in_datapoints=DatapointsRule(7, 7),
            scale_out_cooldown=30 * SECOND,
            scale_in_cooldown=60 * SECOND,
            disable_scale_in=True,
            missing=MissingRules(MissingRule.HOLD, MissingRule.BLOCK_SCALE_IN),
        ),
    )


@pytest.mark.parametrize(
    ("keys", "ratios"),
    [
        ("", (1.0, 0.9)),
        ("tolerance: 0.2", (1.2, 0.8)),
        ("tolerance: 0.2, scale_in: {tolerance: 0.1}", (1.2, 0.9)),
        ("tolerance: 0.2, scale_out: {high_ratio: 1.5}", (1.5, 0.8)),
        ("scale_out: {tolerance: 0.1}", (1.1, 0.9)),
        ("scale_in: {low_ratio: 0.7}", (1.0, 0.7)),
    ],
)
def test_a_tolerance_is_both_ratios_unless_a_direction_says_otherwise(
    keys: str, ratios: tuple[float, float]
) -> None:
    """1 + tolerance and 1 - tolerance, without a rounding error."""
    policy = target_of(f"{TRACKING}{', ' * bool(keys)}{keys}}}]").policies[0]
    assert isinstance(policy, TrackingPolicy)
    assert (policy.high_ratio, policy.low_ratio) == ratios


def test_a_step_policy_is_read() -> None:
    """With all its keys; its steps in any order."""
    made = target_of(
        STEP + "[{from: 10, add: 30}, {lower: null, upper: 0, remove: 10}, {from: 0, to: 10, "
        'add: 10}], comparison: ">=", adjustment: percent_change_in_capacity, '
        "min_adjustment_magnitude: 2, aggregation: maximum, datapoints: 2 of 3, cooldown: 1m, "
        "missing: {scale_in: ignore}}]"
    )
    assert made.policies == (
        StepPolicy(
            "p",
            "m",
            50,
            (Step(None, 0, -10), Step(0, 10, 10), Step(10, None, 30)),
            comparison=Comparison.GREATER_OR_EQUAL,
            adjustment=Adjustment.PERCENT_CHANGE_IN_CAPACITY,
            min_adjustment_magnitude=2,
            aggregation=Aggregation.MAXIMUM,
            datapoints=DatapointsRule(2, 3),
            cooldown=60 * SECOND,
            missing=MissingRules(scale_in=MissingRule.IGNORE),
        ),
    )


@pytest.mark.parametrize(
    ("steps", "adjustment", "amount"),
    [
        ("[{from: 0, add: 3}]", Adjustment.CHANGE_IN_CAPACITY, 3),
        ("[{from: 0, remove: 3}]", Adjustment.CHANGE_IN_CAPACITY, -3),
        ("[{from: 0, adjustment: -3}]", Adjustment.CHANGE_IN_CAPACITY, -3),
        ("[{from: 0, percent: -25}]", Adjustment.PERCENT_CHANGE_IN_CAPACITY, -25),
        ("[{from: 0, set: 6}]", Adjustment.EXACT_CAPACITY, 6),
        (
            "[{from: 0, adjustment: 6}], adjustment: exact_capacity",
            Adjustment.EXACT_CAPACITY,
            6,
        ),
    ],
)
def test_a_steps_word_says_what_its_number_means(
    steps: str, adjustment: Adjustment, amount: float
) -> None:
    """Unless the policy says it for all."""
    policy = target_of(f"{STEP}{steps}}}]").policies[0]
    assert isinstance(policy, StepPolicy)
    assert (policy.adjustment, policy.steps) == (adjustment, (Step(0, None, amount),))


def test_a_scheduled_action_is_read() -> None:
    """In its own time zone, or else in the scalable target's."""
    made = target_of(
        """
        time_zone: Europe/Berlin
        policies:
          - {name: a, kind: scheduled, schedule: "cron(0 8 ? * MON-FRI *)", min_capacity: 4,
             max_capacity: 0x18, start: 2026-01-01T00:00:00+01:00, end: 2027-01-01T00:00:00Z}
          - {name: b, kind: scheduled, schedule: rate(1 day), time_zone: UTC, max_capacity: 0}
        """.replace("min_capacity: 4,\n             max", "min_capacity: 4, max"),
        HEAD.replace("min_capacity: 2", "min_capacity: 0"),
    )
    start, end = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert made.policies == (
        ScheduledPolicy(
            "a", Schedule("cron(0 8 ? * MON-FRI *)", "Europe/Berlin", start, end), 4, 24
        ),
        ScheduledPolicy("b", Schedule("rate(1 day)", "UTC"), None, 0),
    )
    assert made.hard_max == 24  # the largest scheduled maximum, so that it can be reached


def test_a_window_is_read() -> None:
    """With all its keys."""
    made = target_of(
        'windows: [{name: w, start: "cron(0 8 ? * MON *)", duration: 10h, time_zone: Asia/Tokyo, '
        "floor: 3, ceiling: 5, priority: -2, except: [2026-12-28, 2026-12-21, 2026-12-28], "
        "also: [2026-12-22], valid_from: 2026-01-01T00:00:00Z, valid_until: "
        "2027-01-01T00:00:00Z}]"
    )
    assert made.windows == (
        Window(
            "w",
            "cron(0 8 ? * MON *)",
            None,
            timedelta(hours=10),
            "Asia/Tokyo",
            3,
            5,
            None,
            -2,
            (date(2026, 12, 21), date(2026, 12, 28)),
            (date(2026, 12, 22),),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(
    ("keys", "start", "end"),
    [
        (
            'days: [mon-fri], from: "08:30", to: "18:00"',
            "cron(30 8 ? * MON-FRI *)",
            "cron(0 18 * * ? *)",
        ),
        (
            'days: [Sat, sun], from: "22:00", to: "06:00"',
            "cron(0 22 ? * SAT,SUN *)",
            "cron(0 6 * * ? *)",
        ),
        ('from: "00:00", to: "24:00"', "cron(0 0 * * ? *)", "cron(0 0 * * ? *)"),
        ('days: [daily], from: "09:05", to: "10:00"', "cron(5 9 * * ? *)", "cron(0 10 * * ? *)"),
    ],
)
def test_the_short_form_of_a_window_is_written_out(keys: str, start: str, end: str) -> None:
    """An end at or before the start is on the next day, since the first one after it counts."""
    window = target_of(f"windows: [{{name: w, {keys}, pin: 3}}]").windows[0]
    assert (window.start, window.end, window.pin) == (start, end, 3)


def test_a_targets_key_replaces_the_defaults_whole() -> None:
    """What a target does not say comes from `defaults`, problems and all."""
    head = HEAD.replace(
        "scalable", "defaults: {tick: 10s, price_per_hour: 2, scale_in: {rates: []}}\nscalable", 1
    )
    made = target_of("tick: 20s\nscale_in: {select: min}", head)
    assert (made.tick, made.price_per_hour) == (20 * SECOND, 2)
    assert made.scale_in == DirectionRules(300 * SECOND, (), Select.MIN)


def test_lists_of_the_defaults_are_shared() -> None:
    """A fleet need not repeat its metrics and policies."""
    config = loads(
        "version: 1\n"
        "defaults: {min_capacity: 1, max_capacity: 3, metrics: [{name: m}], "
        + TRACKING
        + "}]}\nscalable_targets: [{id: a}, {id: b, max_capacity: 5}]\n"
    )
    first, second = config.scalable_targets
    assert first.policies == second.policies
    assert (first.max_capacity, second.max_capacity) == (3, 5)


def test_another_way_of_writing_the_same_has_the_same_hash() -> None:
    """Order of keys, quotes, comments, units and line ends are not the author's meaning."""
    one = load_lines("tick: 60s\nzero: {metric: m}\n" + TRACKING + ", scale_in: {datapoints: 5}}]")
    other = load_lines(
        "# a comment\n"
        + TRACKING.replace("70", "70.0")
        + ', scale_in: {"datapoints": "5 of 5"}}]\nzero:\n  idle_after: PT5M\n  metric: "m"\n'
        "hard_max_capacity: 20\n",
        HEAD.replace("\n", "\r\n").replace("{name: m}", "{period: 1m, name: m, per: instance}"),
    )
    assert compile_config(one) == compile_config(other)
    third = load_lines(TRACKING + "}]")
    assert compile_config(third)[0].config_hash != compile_config(one)[0].config_hash


def test_what_is_compiled_is_canonical_and_hashed() -> None:
    """The hash is of the very text."""
    config = load_lines(TRACKING + "}]")
    (compiled,) = compile_config(config)
    assert compiled.id == "churn"
    assert compiled.config == codec.canonical(config.scalable_targets[0])
    assert compiled.config == json.dumps(
        json.loads(compiled.config), sort_keys=True, separators=(",", ":")
    )
    assert compiled.config_hash == hashlib.sha256(compiled.config.encode()).hexdigest()
    assert codec.parse(ScalableTarget, compiled.config) == config.scalable_targets[0]


def test_the_runtime_loads_what_is_compiled_without_pydantic(repository: Path) -> None:
    """A deployed function carries neither it nor a YAML parser."""
    text = compile_config(load_lines(TRACKING + "}]"))[0].config
    program = (
        "import sys\n"
        "from flyball.core import codec\n"
        "from flyball.core.target import ScalableTarget\n"
        "target = codec.parse(ScalableTarget, sys.stdin.read())\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(target.id, sorted(loaded & {'pydantic', 'pydantic_core', 'ruamel', 'yaml'}))\n"
        "print([name for name in sys.modules if name.startswith('flyball.config')])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=text,
        text=True,
        capture_output=True,
        check=True,
        cwd=repository,
    )
    assert answer.stdout == "churn []\n[]\n"
