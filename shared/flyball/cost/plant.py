"""What do the scaled resources of a simulated month have, and what do their metrics show?

A metric follows the demand: where the instances in service carry just what they should, a tracked
metric stands at its target value, and a step policy's at its comfortable distance from the
threshold. What a metric is called, and where it is from, does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from flyball.adapters.aws.resource import resource_key
from flyball.adapters.gcp.resource import name_resource, read_resource
from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.timeline import EndpointSettings, State
from flyball.core.breach import RISING
from flyball.core.model import Datapoint, Missing, MissingCause, Series, Status
from flyball.core.policy import StepPolicy, TrackingPolicy
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.ports import MetricRead, OutcomeKind

Demand = Callable[[datetime], float]
"""Instances that would carry just what arrives at an instant, 0 or more, also a broken number."""

MINUTE = timedelta(minutes=1)
DELAY = MINUTE
"""A datapoint is seen this long after its period has ended."""
COMFORT_RATIO = 0.7
"""Of a threshold that is not to be reached: what the metric has where all is as it should be."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOWHERE = State(0, 0, Status.FAILED, "unknown")


class Plant:
    """Resources that are scaled, each under a demand of its own.

    Args:
        targets: Whose resources; each has its least capacity at first, or one.
        demands: By the target's id.
        start: From when on, aware UTC.
    """

    def __init__(
        self, targets: Sequence[ScalableTarget], demands: dict[str, Demand], start: datetime
    ) -> None:
        self._demands = demands
        self._endpoints = LocalEndpoints()
        self._seen: dict[tuple[str, datetime], int] = {}
        self._keys = {target.id: find_key(target) for target in targets}
        for index, target in enumerate(targets):
            settings = EndpointSettings(
                initial=max(1, target.min_capacity),
                seed=index,
                lead_time=target.lead_time,
                quota=max(EndpointSettings().quota, target.hard_max),
            )
            self._endpoints.create(self._keys[target.id], settings, start)

    def state(self, key: str, now: datetime) -> State:
        """Say what a resource has."""
        return self._endpoints.state(key, now) or NOWHERE

    def scale(self, key: str, desired: int, now: datetime) -> bool:
        """Set a resource's capacity; False: it is busy."""
        return self._endpoints.scale(key, desired, now, "flyball").kind is OutcomeKind.APPLIED

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Show the newest datapoints."""
        return [self._read(read, now) for read in reads]

    def _read(self, read: MetricRead, now: datetime) -> Series | Missing:
        target, period = read.scalable_target, read.metric.period
        usual = _find_usual(target, read.metric)
        end = now - DELAY
        end -= (end - _EPOCH) % period
        points = []
        for back in range(read.periods - 1, -1, -1):
            at = end - back * period
            ready = self._ready(target, at - period)
            value = self._measure(target, read.metric, usual, at - period, ready)
            if value is not None:
                points.append(Datapoint(at, value, ready))
        if points:
            return tuple(points)
        return Missing(MissingCause.UNDEFINED_AT_ZERO, f"{read.metric.name}: no instance")

    def _measure(
        self, target: ScalableTarget, metric: Metric, usual: float, at: datetime, ready: int
    ) -> float | None:
        """Give a metric's value over the period that begins at an instant."""
        value = usual * self._demands[target.id](at)
        if metric.per is Per.INSTANCE:
            if not ready:
                return None
            value /= ready
        return value / 100 if metric.unit is Unit.RATIO else value

    def _ready(self, target: ScalableTarget, at: datetime) -> int:
        key = self._keys[target.id], at
        if key not in self._seen:
            self._seen[key] = self.state(*key).ready
        return self._seen[key]


def find_key(target: ScalableTarget) -> str:
    """Name what a target scales, whichever cloud it is in."""
    if target.home == "gcp":
        return name_resource(read_resource(target.resource))
    return resource_key(target.resource)


def _find_usual(target: ScalableTarget, metric: Metric) -> float:
    """Say what one instance's worth of demand makes of a metric, in the policies' unit."""
    for policy in target.policies:
        if isinstance(policy, TrackingPolicy) and policy.metric == metric.name:
            return policy.target_value
    for policy in target.learners.values():
        if policy.metric == metric.name:
            return policy.per_instance
    for policy in target.policies:
        if isinstance(policy, StepPolicy) and policy.metric == metric.name:
            if policy.comparison is None:
                return policy.threshold
            rises = policy.comparison in RISING
            return policy.threshold * (COMFORT_RATIO if rises else 1 / COMFORT_RATIO)
    zero = target.zero
    return 1.0 + (math.ceil(zero.activation_threshold) if zero is not None else 0)
