"""What is measured: one scalable target with three policies, in three situations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from flyball.core.model import (
    Capacity,
    Change,
    Datapoint,
    History,
    Observation,
    ReadySample,
    Recommended,
    Series,
)
from flyball.core.policy import Comparison, DatapointsRule, Step, StepPolicy, TrackingPolicy
from flyball.core.target import (
    DirectionRules,
    Metric,
    Per,
    RateKind,
    RateRule,
    ScalableTarget,
    Unit,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INSTANCES = 10
DATAPOINTS = 15
"""Of each metric: what a 15-of-15 low alarm looks back on, and what Ray Serve keeps by default
for each replica (30 s back, one every 2 s)."""
MINUTE = timedelta(minutes=1)


class Scene(NamedTuple):
    """One situation: how far each metric is from where its policy would have it.

    Attributes:
        name: What becomes of it.
        load: Share of the target value, for both tracking policies.
        latency: Milliseconds; the step policy's threshold is 500.
    """

    name: str
    load: float
    latency: float


SCENES = (Scene("scale out", 1.5, 650.0), Scene("hold", 0.95, 300.0), Scene("scale in", 0.4, 100.0))


def make_target(name: str = "bench") -> ScalableTarget:
    """Make a scalable target with two tracking policies, a step policy and every usual limit."""
    rates = (
        RateRule(RateKind.COUNT, 8, MINUTE),
        RateRule(RateKind.PERCENT, 100, MINUTE),
    )
    return ScalableTarget(
        id=name,
        min_capacity=1,
        max_capacity=50,
        metrics=(
            Metric("invocations"),
            Metric("cpu", unit=Unit.PERCENT),
            Metric("latency", per=Per.TOTAL),
        ),
        policies=(
            TrackingPolicy(
                "by-invocations",
                "invocations",
                1000,
                out_datapoints=DatapointsRule(3, 3),
                in_datapoints=DatapointsRule(15, 15),
            ),
            TrackingPolicy(
                "by-cpu",
                "cpu",
                60,
                out_datapoints=DatapointsRule(2, 3),
                in_datapoints=DatapointsRule(15, 15),
            ),
            StepPolicy(
                "by-latency",
                "latency",
                500,
                (Step(0, 100, 1), Step(100, None, 3)),
                comparison=Comparison.GREATER_OR_EQUAL,
                datapoints=DatapointsRule(2, 3),
            ),
        ),
        scale_out=DirectionRules(rates=rates),
        scale_in=DirectionRules(timedelta(minutes=5), rates),
        price_per_hour=1.41,
    )


def make_observation(scene: Scene, now: datetime = NOW) -> Observation:
    """Make what is seen: every metric's series, wobbling by 2 %."""
    dice = random.Random(7)

    def series(mean: float) -> Series:
        return tuple(
            Datapoint(now - MINUTE * back, mean * dice.uniform(0.98, 1.02))
            for back in range(DATAPOINTS - 1, -1, -1)
        )

    metrics = {
        "invocations": series(1000 * scene.load),
        "cpu": series(60 * scene.load),
        "latency": series(scene.latency),
    }
    return Observation(now, Capacity(INSTANCES, INSTANCES), metrics)


def make_history(now: datetime = NOW) -> History:
    """Make what is remembered of a busy hour."""
    recommendations = [Recommended(now - MINUTE * back, INSTANCES) for back in (4, 3, 2, 1)]
    return History(
        desired=INSTANCES,
        changes=(Change(now - MINUTE * 20, 8, 10, ("by-cpu",), now - MINUTE * 15),),
        recommendations=tuple(recommendations),
        ready=(ReadySample(now - MINUTE * 25, 8), ReadySample(now - MINUTE * 16, INSTANCES)),
    )


def wobble(count: int, mean: float) -> Sequence[float]:
    """Make `count` values around a mean, the same each time."""
    dice = random.Random(11)
    return [mean * dice.uniform(0.98, 1.02) for _ in range(count)]
