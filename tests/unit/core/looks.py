"""What does a target with one metric see and remember, in minutes after noon?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.core.model import (
    Capacity,
    Datapoint,
    Missing,
    Observation,
    Status,
)
from flyball.core.policy import TrackingPolicy
from flyball.core.target import (
    Metric,
    ScalableTarget,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEAD = timedelta(minutes=5)


def at(minutes: float) -> datetime:
    """Give the instant so many minutes after noon."""
    return NOON + minutes * MINUTE


def target(**fields: Any) -> ScalableTarget:
    """Make a target whose cooldowns are ten minutes."""
    tracking = TrackingPolicy("t", "load", 100.0, scale_out_cooldown=10 * MINUTE)
    given_: dict[str, Any] = {
        "metrics": (Metric("load"),),
        "policies": (tracking,),
        "lead_time": LEAD,
    }
    return ScalableTarget("x", 0, 50, **(given_ | fields))


def look(
    desired: int,
    ready: int | None = None,
    status: Status = Status.IN_SERVICE,
    now: datetime = NOON,
    load: float | Missing = 100.0,
) -> Observation:
    """Make an observation."""
    series = load if isinstance(load, Missing) else (Datapoint(now, load),)
    capacity = Capacity(desired, desired if ready is None else ready, status)
    return Observation(now, capacity, {"load": series})
