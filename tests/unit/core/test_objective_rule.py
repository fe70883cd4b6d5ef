"""A latency objective is one that a target can keep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.learner import AdaptivePolicy, LatencyObjective
from flyball.core.target import Metric, Unit
from tests.unit.core.cases import scale

SLOW = AdaptivePolicy("a", "calls", 10.0, latency_objective=LatencyObjective("latency", 500.0))
CALLS = Metric("calls")


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf")])
def test_an_objective_is_above_zero(value: float) -> None:
    """And a number."""
    with pytest.raises(ValueError, match="latency_objective.at_most"):
        LatencyObjective("latency", value)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ((CALLS,), "a.latency_objective.metric: got 'latency'"),
        ((CALLS, Metric("latency", period=timedelta(minutes=5))), "period of latency"),
        ((Metric("calls", unit=Unit.PERCENT), Metric("latency")), "unit of calls"),
    ],
)
def test_its_metric_is_there_and_minutely(metrics: tuple[Metric, ...], message: str) -> None:
    """As that of the demand, which is an amount besides."""
    with pytest.raises(ValueError, match=message):
        scale(SLOW, metrics=metrics)


def test_a_latency_may_be_in_any_unit() -> None:
    """Only the demand is an amount."""
    latency = Metric("latency", unit=Unit.PERCENT)
    assert scale(SLOW, metrics=(CALLS, latency)).learners == {"a": SLOW}
