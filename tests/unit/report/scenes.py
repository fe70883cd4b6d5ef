"""Which small decisions do the tests of words look at?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Capacity,
    Datapoint,
    Decision,
    History,
    Missing,
    MissingCause,
    Observation,
    Reason,
)
from flyball.core.policy import Adjustment, Step, StepPolicy, TrackingPolicy
from flyball.core.target import Metric, ScalableTarget, Unit

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TRACK = TrackingPolicy("track", "invocations", 100.0)
STEPS = StepPolicy(
    "steps",
    "gpu",
    80.0,
    (Step(0.0, 10.0, 20.0), Step(10.0, None, 50.0)),
    adjustment=Adjustment.PERCENT_CHANGE_IN_CAPACITY,
)
METRICS = (Metric("invocations"), Metric("gpu", unit=Unit.RATIO))


def make_target(**fields: Any) -> ScalableTarget:
    """Make a scalable target that tracks 100 invocations an instance, and steps above 80 % GPU."""
    base: dict[str, Any] = {
        "id": "demo",
        "min_capacity": 1,
        "max_capacity": 20,
        "metrics": METRICS,
        "policies": (TRACK, STEPS),
    }
    return ScalableTarget(**{**base, **fields})


def see(
    invocations: float | None = 150.0, gpu: float | None = 0.5, capacity: Any = None
) -> Observation:
    """See one fresh value of each metric on ten instances; None: missing."""
    gone = Missing(MissingCause.NO_DATA)
    values = {"invocations": invocations, "gpu": gpu}
    metrics = {
        name: gone if value is None else (Datapoint(NOON - MINUTE, value),)
        for name, value in values.items()
    }
    return Observation(NOON, Capacity(10, 10) if capacity is None else capacity, metrics)


def decided(
    target: ScalableTarget | None = None,
    observation: Observation | None = None,
    history: History | None = None,
) -> Decision:
    """Decide at noon."""
    return decide(
        target or make_target(), observation or see(), history or History(desired=10), NOON
    )


def make_decision(**fields: Any) -> Decision:
    """Make a decision that no engine made, to try one field."""
    base: dict[str, Any] = {
        "scalable_target_id": "demo",
        "at": NOON,
        "action": Action.HOLD,
        "reason": Reason.NOTHING_ASKED,
        "current": 10,
        "wanted": 10,
        "desired": 10,
        "ceiling": 10,
        "policies": (),
        "min_capacity": 1,
        "max_capacity": 20,
        "unmet": 0,
        "cost_delta_per_hour": None,
        "recommendations": (),
        "limits": (),
        "fired": (),
        "wake_at": NOON + MINUTE,
        "wake_reason": Reason.HEARTBEAT,
    }
    if "desired" in fields and "ceiling" not in fields:
        base["ceiling"] = fields["desired"]
    return Decision(**{**base, **fields})
