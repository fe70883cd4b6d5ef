"""What is there to see of a target now? Whatever fails is Missing, never a number.

An adapter that breaks its contract (raises, answers too little, repeats an instant, forgets a time
zone) blinds one look at one target; it stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flyball.core.breach import count_periods
from flyball.core.model import (
    Capacity,
    Missing,
    MissingCause,
    Observation,
    Series,
    find_unordered,
)
from flyball.core.target import ScalableTarget
from flyball.ports import CapacityControl, MetricRead, MetricSource, Underway

SeriesByName = Mapping[str, Series | Missing]
"""By a metric's name: its series, or why there is none."""


def read_metrics(
    targets: Sequence[ScalableTarget], metrics: MetricSource, now: datetime
) -> list[SeriesByName]:
    """Read the metrics of several targets at once: one mapping a target, in order.

    A source that breaks its contract is asked for each target by itself, so that one bad target
    does not blind the others.
    """
    reads = [
        MetricRead(target, metric, count_periods(target, metric.name))
        for target in targets
        for metric in target.metrics
    ]
    answers = _read(reads, metrics, now)
    if isinstance(answers, Missing):
        if len(targets) > 1:
            return [each for target in targets for each in read_metrics([target], metrics, now)]
        answers = [answers] * len(reads)
    found = iter(answers)
    return [{metric.name: next(found) for metric in target.metrics} for target in targets]


def _read(
    reads: Sequence[MetricRead], metrics: MetricSource, now: datetime
) -> Sequence[Series | Missing] | Missing:
    """Ask once: one answer each, or how the source broke its contract."""
    if not reads:
        return ()
    try:
        answers = [_accept(answer) for answer in metrics.read(reads, now)]
    except Exception as error:  # noqa: BLE001  (what cannot be read is held)
        return _broken(f"{type(error).__name__}: {error}")
    if len(answers) != len(reads):
        return _broken(f"{len(answers)} answers to {len(reads)} reads")
    return answers


def observe(
    target: ScalableTarget,
    series: SeriesByName,
    control: CapacityControl,
    now: datetime,
    underway: Underway | None = None,
) -> Observation:
    """Read a target's capacity, beside the metrics that were read.

    Args:
        target: Whose.
        series: What was read of its metrics.
        control: Where its capacity is.
        now: Aware UTC.
        underway: As CapacityControl.describe takes it.
    """
    capacity: Capacity | Missing
    try:
        capacity = control.describe(target, now, underway)
    except Exception as error:  # noqa: BLE001  (as above)
        capacity = _broken(f"{type(error).__name__}: {error}")
    return Observation(now, capacity, series)


def passes(capacity: Capacity | Missing) -> bool:
    """Say whether a capacity is not known for now, so that a later look may know it."""
    return isinstance(capacity, Missing) and capacity.cause is not MissingCause.UNAVAILABLE


def _accept(answer: Series | Missing) -> Series | Missing:
    """Take a source's answer, or say how it breaks the source's contract."""
    if isinstance(answer, Missing):
        return answer
    series = tuple(answer)
    instants = [point.at for point in series]
    zones = [at.tzinfo for at in instants]
    if None in zones:
        index = zones.index(None)
        return _broken(f"datapoint {index} has no time zone: {instants[index].isoformat()}")
    index = find_unordered(instants)
    if index:
        return _broken(
            f"datapoint {index} is not after the one before: {instants[index].isoformat()}"
        )
    return series


def _broken(detail: str) -> Missing:
    return Missing(MissingCause.SOURCE_FAILED, detail)
