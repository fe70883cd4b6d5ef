"""A policy that learns is made of what is written, and is refused what it cannot learn from."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest

from flyball.core.learner import AdaptivePolicy, LatencyObjective, PredictivePolicy
from flyball.core.rule import MissingRule, MissingRules
from tests.unit.config.asking import HEAD, problems_of, target_of, warnings_of

HPA = HEAD + "    profile: hpa\n"
ADAPT = "{name: a, kind: adaptive, metric: m, capacity_per_instance: 1000}"
AHEAD = "{name: f, kind: predictive, metric: m, target_value: 700}"
TRACK = "{name: t, kind: target_tracking, metric: gpu, target_value: 70}"
ONE = HEAD.replace(", {name: gpu, unit: ratio}", "")


def policies(*each: str) -> str:
    """List policies."""
    return f"policies: [{', '.join(each)}]\n"


def more(policy: str, keys: str) -> str:
    """Add keys to a policy."""
    return f"{policy[:-1]}, {keys}}}"


def test_what_is_left_out_has_its_default() -> None:
    """One per cent, nine tenths, and a minute of delay."""
    target = target_of(policies(ADAPT, AHEAD))
    minute = timedelta(minutes=1)
    assert target.policies == (
        AdaptivePolicy("a", "m", 1000.0, 0.01, metric_delay=minute),
        PredictivePolicy("f", "m", 700.0, 0.9, minute),
    )


def test_what_is_written_is_meant() -> None:
    """Shares in percent or as numbers."""
    keys = (
        "late_budget: 0.5%, latency_objective: {metric: gpu, at_most: 80}, cost_limit: 30, "
        "metric_delay: 2m, missing: {scale_in: ignore}"
    )
    lines = policies(more(ADAPT, keys), more(AHEAD, "quantile: 0.95, metric_delay: 0s"))
    target = target_of(lines + "price_per_hour: 1.5")
    assert target.policies == (
        AdaptivePolicy(
            "a",
            "m",
            1000.0,
            0.005,
            30.0,
            LatencyObjective("gpu", 80.0),
            timedelta(minutes=2),
            MissingRules(scale_in=MissingRule.IGNORE),
        ),
        PredictivePolicy("f", "m", 700.0, 0.95, timedelta()),
    )


def test_what_learns_is_looked_at_every_minute() -> None:
    """In any home, unless a heartbeat is given; even so each tick is looked at."""
    assert target_of(policies(AHEAD)).heartbeat == timedelta(minutes=1)
    assert target_of(policies(AHEAD) + "heartbeat: 5m").heartbeat == timedelta(minutes=5)
    assert target_of(policies(TRACK)).heartbeat == timedelta(minutes=5)


def test_google_shows_a_metric_three_minutes_late() -> None:
    """So that is what is foreseen there."""
    head = HEAD.replace("[{name: m}, {name: gpu, unit: ratio}]", "[]").replace(
        "    min_capacity", "    home: gcp\n    min_capacity"
    )
    lines = """
        resource: {project: p, location: europe-west4, endpoint: "1", deployed_model: "2"}
    """
    metric = (
        "metrics: [{name: m, per: total, source: "
        "{metric: aiplatform.googleapis.com/prediction/online/prediction_count}}]\n"
    )
    head = head.replace("    metrics: []\n", "")
    target = target_of(lines.strip() + "\n" + metric + policies(ADAPT, AHEAD), head)
    assert [each.metric_delay for each in target.learners.values()] == [timedelta(minutes=3)] * 2


@pytest.mark.parametrize("head", [HEAD, HPA])
def test_an_adaptive_policy_holds_by_itself(head: str) -> None:
    """No window of the profile's lies over its own, unless the author writes one."""
    assert target_of(policies(ADAPT), head).scale_in.stabilization_window == timedelta()
    assert target_of(policies(AHEAD), head).scale_in.stabilization_window == timedelta(minutes=5)
    written = target_of(policies(ADAPT) + "scale_in: {stabilization_window: 2m}", head)
    assert written.scale_in.stabilization_window == timedelta(minutes=2)


class Slip(NamedTuple):
    """Keys of one scalable target, and every problem of them."""

    lines: str
    problems: tuple[str, ...]


HOUR = (
    "lead_time and metric_delay are more than an hour together; of what starts more slowly, no "
    "forecast of minutes is of use"
)
SLIPS = {
    "utilization": Slip(
        policies(ADAPT.replace("metric: m", "metric: gpu")),
        (
            (
                "policies[0].metric: the unit of gpu is ratio, expected number; a utilization does "
                "not show what is over capacity: count calls or tokens"
            ),
        ),
    ),
    "period": Slip(
        "metrics: [{name: m, period: 10s}]\n" + policies(AHEAD),
        ("policies[0].metric: the period of m is 10s, expected 60s; it learns from minutes",),
    ),
    "period_of_the_latency": Slip(
        "metrics: [{name: m}, {name: l, period: 5m}]\n"
        + policies(more(ADAPT, "latency_objective: {metric: l, at_most: 3}")),
        (
            (
                "policies[0].latency_objective.metric: the period of l is 300s, expected 60s; it "
                "learns from minutes"
            ),
        ),
    ),
    "no_metric": Slip(
        policies(ADAPT.replace("metric: m", "metric: n")),
        ("policies[0].metric: there is no metric n; known: gpu, m",),
    ),
    "no_latency": Slip(
        policies(more(ADAPT, "latency_objective: {metric: l, at_most: 3}")),
        ("policies[0].latency_objective.metric: there is no metric l; known: gpu, m",),
    ),
    "no_price": Slip(
        policies(more(ADAPT, "cost_limit: 3")),
        (
            (
                "policies[0].cost_limit: price_per_hour is missing beside the policies; give one "
                "instance's price an hour"
            ),
        ),
    ),
    "wrong_price": Slip(
        policies(more(ADAPT, "cost_limit: 3")) + "price_per_hour: 0",
        ("price_per_hour: got 0, expected a number above 0",),
    ),
    "tick": Slip(
        policies(AHEAD) + "tick: 2m", ("tick: f learns from every minute; write 60s or less",)
    ),
    "lead_time": Slip(policies(AHEAD) + "lead_time: 1h", (f"policies[0]: {HOUR}",)),
    "too_many": Slip(
        policies(*(AHEAD.replace("name: f", f"name: f{n}") for n in range(5))),
        ("policies[4]: more than 4 policies learn; remove one of them",),
    ),
    "share": Slip(
        policies(more(ADAPT, "late_budget: 1")),
        ("policies[0].late_budget: got 1.0, expected a share from 0.0001 to 0.5",),
    ),
    "no_share": Slip(
        policies(more(ADAPT, "late_budget: 1 of 100"), more(AHEAD, "quantile: true")),
        (
            (
                'policies[0].late_budget: got "1 of 100", expected a share such as 1% or 0.01, '
                "from 0 to 100%"
            ),
            "policies[1].quantile: got true, expected a share such as 1% or 0.01, from 0 to 100%",
        ),
    ),
    "quantile": Slip(
        policies(more(AHEAD, "quantile: 10%")),
        ("policies[0].quantile: got 0.1, expected a share from 0.5 to 0.999",),
    ),
    "delay": Slip(
        policies(more(ADAPT, "metric_delay: 31m")),
        (
            (
                "policies[0].metric_delay: got datetime.timedelta(seconds=1860), expected at "
                "most 30 minutes"
            ),
        ),
    ),
    "kind_is_missing": Slip(
        policies("{name: a, metric: m, capacity_per_instance: 3}"),
        ("policies[0].kind: this key is missing; add kind: adaptive",),
    ),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_answered_at_its_field(slip: Slip) -> None:
    """And nothing else is said."""
    head = HEAD
    if slip.lines.startswith("metrics"):
        head = HEAD.replace("    metrics: [{name: m}, {name: gpu, unit: ratio}]\n", "")
    assert tuple(problems_of(slip.lines, head)) == slip.problems


def test_a_forecast_that_nobody_takes_back_is_doubtful() -> None:
    """It only ever raises; and an adaptive policy needs none beside it."""
    alone = "policies[0]: it only raises: nothing here ever scales in"
    assert warnings_of(policies(AHEAD), ONE) == [
        f"{alone}; add a target tracking policy, or write kind: adaptive"
    ]
    assert warnings_of(policies(AHEAD, TRACK)) == []
    assert warnings_of(policies(ADAPT, AHEAD), ONE) == [
        (
            "policies[1]: it raises what the adaptive policy beside it has chosen; remove it: an "
            "adaptive policy forecasts by itself"
        )
    ]


def test_an_objective_uses_its_metric() -> None:
    """It is not one that no policy uses."""
    keys = "latency_objective: {metric: gpu, at_most: 80}"
    assert warnings_of(policies(more(ADAPT, keys))) == []
