"""How many of the instances that a value counts for have reported it?"""

from __future__ import annotations

from flyball.core.model import Missing, Observation, Recommendation
from flyball.core.target import ScalableTarget


def tell_reported(
    rec: Recommendation, target: ScalableTarget | None, seen: Observation | None
) -> str:
    """Say how many reported, where these are others than were counted on; else "".

    Args:
        rec: What one policy saw.
        target: Whose; None: its metrics' units are not known, and nothing is said.
        seen: What it was decided from; None: nothing is said.
    """
    if seen is None:
        return ""
    metric = None if target is None else target.metric_by_name.get(rec.metric)
    series = seen.metrics.get(rec.metric, ())
    if metric is None or rec.ready is None or isinstance(series, Missing) or not series:
        return ""
    used = [point for point in series if point.value * metric.scale == rec.value]
    point = used[-1] if used else series[-1]  # what is filled in stands in no datapoint
    if point.reporting is None or point.reporting == rec.ready:
        return ""
    return f" ({point.reporting:,} reported)"
