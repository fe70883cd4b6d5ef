"""What may be decided by an average to which not all instances in service have contributed?

An instance that is in service and does not report may be as busy as can be. So what only some of
them report is a reason to scale out, and none to scale in. Profile `hpa` counts them as the
Horizontal Pod Autoscaler does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from flyball.core.breach import TOLERANCE, believe
from flyball.core.model import Datapoint, Missing, Reason, Recommendation, Series
from flyball.core.scene import Scene, ready_between
from flyball.core.target import Metric, Unit


def doubt(
    asked: Recommendation,
    metric: Metric,
    series: Series,
    scene: Scene,
    ask: Callable[[Series], Recommendation],
) -> Recommendation:
    """Let a scale-in through as far as the datapoints of all instances in service ask for it too.

    Where the newest are not whole, the newest that is decides with them, while it is believable.
    """
    current = scene.current
    if asked.desired is None or asked.desired >= current:
        return asked
    whole = keep_whole(series, metric, scene)
    if whole is series:
        return asked
    if not isinstance(believe(whole, metric, scene.now), Missing):
        again = ask(whole)
        if again.desired is not None and again.desired < current:
            return again if again.desired > asked.desired else asked
    return asked._replace(desired=current, reason=Reason.FLIPPED_BY_MISSING_INSTANCES)


def keep_whole(series: Series, metric: Metric, scene: Scene) -> Series:
    """Leave out the datapoints in which an instance in service was silent.

    Args:
        series: Oldest first, shape (n,).
        metric: Whose.
        scene: Tells who was in service; those that still warm up need not report.

    Returns:
        The series itself where every datapoint is whole, as each is whose source does not count
        who reports; else those that are, shape (k,), 0 <= k < n.
    """
    if all(point.reporting is None for point in series):
        return series
    whole = tuple([point for point in series if _is_whole(point, metric, scene)])
    return whole if len(whole) < len(series) else series


def fill_in(point: Datapoint, metric: Metric, target: float, ready: int) -> float | None:
    """Count instances that did not report as idle when scaling out, and as full when scaling in.

    A utilization is a whole percentage, rounded down before and after.

    Returns:
        The mean over all instances, in the metric's unit; None where they turn the direction.

    Source: Kubernetes, replica_calculator.go (GetResourceReplicas, calcPlainMetricReplicas),
        metrics/utilization.go.
    """
    utilization = metric.unit is not Unit.NUMBER
    mean = point.value * metric.scale
    value = _round_down(mean) if utilization else mean
    reporting = point.reporting
    if reporting is not None and reporting < ready and value != target:
        absent = 0.0
        if value < target:
            absent = max(100.0, target) if utilization else target
        filled = (mean * reporting + absent * (ready - reporting)) / ready
        filled = _round_down(filled) if utilization else filled
        if filled < target if value > target else filled > target:
            return None
        value = filled
    return value / metric.scale


def _is_whole(point: Datapoint, metric: Metric, scene: Scene) -> bool:
    """Say whether all that were in service reported."""
    if point.reporting is None:
        return True
    expected = point.ready
    if expected is None:
        _, expected = ready_between(scene.history, scene.capacity, point.at, metric.period)
    if scene.capacity.warming:
        expected = min(expected, scene.capacity.ready)
    return point.reporting >= expected


def _round_down(value: float) -> float:
    """Round down, with slack for the last bit."""
    return float(math.floor(value * (1 + TOLERANCE))) if value < 1 / TOLERANCE else value
