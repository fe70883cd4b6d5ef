"""Does a config take an instance for as large as it is in a backtest?

One that is tracked at more than it can carry is late all day, and nobody sees why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flyball.adapters.local.metrics import Minute
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.policy import Policy, TrackingPolicy
from flyball.core.target import Per, ScalableTarget, Unit
from flyball.sim.meaning import Meaning

FAR = 1.1
"""Times one capacity is the other, from which on it is worth a word."""
MINUTE = timedelta(minutes=1)
SHOWS_LOAD = ("requests", "invocations_per_instance", "utilization")
"""Metrics that a full instance limits; a latency or a backlog grows past it."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def tell_beliefs(
    target: ScalableTarget, capacity: float, meanings: Mapping[str, Meaning]
) -> list[str]:
    """Say where policies and the backtest differ on what one instance serves in a minute."""
    said = (_tell(each, target, capacity, meanings) for each in target.policies)
    return [each for each in said if each]


def _tell(
    policy: Policy, target: ScalableTarget, capacity: float, meanings: Mapping[str, Meaning]
) -> str:
    here = f"an instance serves {capacity:,.4g} a minute here"
    if isinstance(policy, AdaptivePolicy):
        own = policy.capacity_per_instance
        if max(own, capacity) <= FAR * min(own, capacity):
            return ""
        return f"{policy.name}: capacity_per_instance is {own:,.4g}, but {here}; set --capacity"
    if isinstance(policy, PredictivePolicy):
        full: float | None = capacity
    elif isinstance(policy, TrackingPolicy):
        full = _find_full(policy.metric, target, capacity, meanings)
    else:
        return ""
    if full is None or policy.target_value <= full:
        return ""
    asked = f"{policy.name}: target_value {policy.target_value:,.4g} is more than a full one shows"
    return f"{asked}; {here}; set --capacity"


def _find_full(
    name: str, target: ScalableTarget, capacity: float, meanings: Mapping[str, Meaning]
) -> float | None:
    """Give what a metric shows of an instance that is just full; None: that says nothing."""
    (metric,) = (each for each in target.metrics if each.name == name)
    if metric.per is not Per.INSTANCE or metric.unit is Unit.RATIO or metric.period != MINUTE:
        return None
    if meanings[name].says not in SHOWS_LOAD:
        return None
    return meanings[name].measure(Minute(NEVER, capacity, 1, 1, 0.0, 0.0), capacity)
