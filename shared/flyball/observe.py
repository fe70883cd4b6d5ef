"""What is there to see of a target now? Whatever fails is Missing, never a number.

An adapter that breaks its contract (raises, answers too little, repeats an instant, forgets a time
zone) blinds one look at one target; it stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flyball.core.breach import count_periods
from flyball.core.model import Capacity, Missing, MissingCause, Observation, Series
from flyball.core.target import ScalableTarget
from flyball.ports import CapacityControl, MetricRead, MetricSource


def observe(
    target: ScalableTarget, metrics: MetricSource, control: CapacityControl, now: datetime
) -> Observation:
    """Read a target's metrics and capacity."""
    names = [metric.name for metric in target.metrics]
    series = dict(zip(names, _read(target, metrics, now), strict=True))
    capacity: Capacity | Missing
    try:
        capacity = control.describe(target, now)
    except Exception as error:  # noqa: BLE001  (what cannot be read is held)
        capacity = _broken(f"{type(error).__name__}: {error}")
    return Observation(now, capacity, series)


def _read(
    target: ScalableTarget, metrics: MetricSource, now: datetime
) -> Sequence[Series | Missing]:
    """Read all metrics at once: one answer each."""
    reads = [
        MetricRead(target, metric, count_periods(target, metric.name)) for metric in target.metrics
    ]
    if not reads:
        return ()
    try:
        answers = [_accept(answer) for answer in metrics.read(reads, now)]
    except Exception as error:  # noqa: BLE001  (as above)
        return [_broken(f"{type(error).__name__}: {error}")] * len(reads)
    if len(answers) != len(reads):
        return [_broken(f"{len(answers)} answers to {len(reads)} reads")] * len(reads)
    return answers


def _accept(answer: Series | Missing) -> Series | Missing:
    """Take a source's answer, or say how it breaks the source's contract."""
    if isinstance(answer, Missing):
        return answer
    series = tuple(answer)
    for index, point in enumerate(series):
        if point.at.tzinfo is None:
            return _broken(f"datapoint {index} has no time zone: {point.at.isoformat()}")
        if index and point.at <= series[index - 1].at:
            return _broken(f"datapoint {index} is not after the one before: {point.at.isoformat()}")
    return series


def _broken(detail: str) -> Missing:
    return Missing(MissingCause.SOURCE_FAILED, detail)
