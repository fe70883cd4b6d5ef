"""Do workers that follow their queue keep the latency, under the arrivals that are expected?

The production controller orders, in the plant of a backtest: an order is in service one lead time
later, metrics are late, and what is not done waits. Messages that an ended worker gives back, and
what waits by chance, are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from flyball.core.policy import TrackingPolicy
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget
from flyball.sim.backtest import Subject, backtest
from flyball.sim.meaning import BACKLOG, find_meanings
from flyball.sim.slots import Course, Plant
from flyball.sim.waits import Waits, find_waits

HOUR = timedelta(hours=1)
TAIL = timedelta(hours=1)
"""The arrivals' beginning comes again for so long, so that the last ones are done in the run."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Under what they are tried.

    Attributes:
        course: What arrives, without its tail.
        leads: From an order to its workers in service; one is drawn for each.
        metric_delay: How late metrics are.
        acceptable_latency: From a message's arrival to its end.
        time_per_message: Of a worker, mean.
        kept_ratio: Share of messages that have to keep it.
        said: What metrics measure, by name; see flyball.sim.meaning.
        seed: Of the leads.
    """

    course: Course
    leads: tuple[timedelta, ...]
    metric_delay: timedelta
    acceptable_latency: timedelta
    time_per_message: timedelta
    kept_ratio: float
    said: Mapping[str, str]
    seed: int = 0


class Tried(NamedTuple):
    """What became of the messages.

    Attributes:
        name: Of what was tried, for people.
        min_capacity: With so many workers at least.
        kept_ratio: Share of messages done within the acceptable latency.
        latency_s: By quantile: 0.5, 0.95, 0.99 and 1, seconds; inf: some are never done.
        instance_hours: Billed.
        changes: Orders of another capacity.
        keeps: Whether enough of them are.
    """

    name: str
    min_capacity: int
    kept_ratio: float
    latency_s: Mapping[float, float]
    instance_hours: float
    changes: int
    keeps: bool


def try_workers(name: str, target: ScalableTarget, trial: Trial) -> Tried:
    """Let a scalable target's policies follow the queue.

    Raises:
        MeaningError: It is not known what a metric measures.
        BrokenError: The controller failed.
    """
    course = trial.course
    number = len(course.demand)
    again = course.demand * (1 + TAIL // (course.slot * number))
    longer = replace(course, demand=course.demand + again[: TAIL // course.slot])
    said = {each.name: trial.said[each.name] for each in target.metrics if each.name in trial.said}
    plant = Plant(
        trial.leads,
        trial.metric_delay,
        target.min_capacity,
        target.max_capacity,
        seed=trial.seed,
    )
    run = backtest(Subject(target, longer, plant, warm_up=0, said=said)).ours.run
    waits = find_waits(run, 0, number)
    kept = waits.kept_ratio(trial.acceptable_latency - trial.time_per_message)
    billed = sum(run.slots.billed[:number]) * (course.slot / HOUR)
    changes = sum(1 for each in run.slots.changes if each.slot < number)
    keeps = kept >= trial.kept_ratio
    latency_s = _find_latency(waits, trial.time_per_message)
    return Tried(name, target.min_capacity, kept, latency_s, billed, changes, keeps)


def find_least(name: str, target: ScalableTarget, trial: Trial) -> Tried | None:
    """Find how many workers there have to be at least, for enough messages to keep the latency.

    Returns:
        None where even all of them at all times are too few.
    """
    low, high = target.min_capacity + 1, target.max_capacity
    best = _try_least(name, target, trial, high)
    if not best.keeps:
        return None
    while low < high:
        middle = (low + high) // 2
        tried = _try_least(name, target, trial, middle)
        if tried.keeps:
            best, high = tried, middle
        else:
            low = middle + 1
    return best


def drop_policies(target: ScalableTarget, metric: str) -> ScalableTarget:
    """Leave out the policies of a metric, and it."""
    return replace(
        target,
        policies=tuple(each for each in target.policies if getattr(each, "metric", "") != metric),
        metrics=tuple(each for each in target.metrics if each.name != metric),
    )


def find_backlogs(target: ScalableTarget, said: Mapping[str, str]) -> dict[str, float]:
    """Give the target values of those policies that track a backlog, by the policy's name.

    Raises:
        MeaningError: It is not known what a metric measures.
    """
    known = {each.name: said[each.name] for each in target.metrics if each.name in said}
    meanings = find_meanings(target, known)
    return {
        each.name: each.target_value
        for each in target.policies
        if isinstance(each, TrackingPolicy) and meanings[each.metric].says == BACKLOG
    }


def _try_least(name: str, target: ScalableTarget, trial: Trial, least: int) -> Tried:
    return try_workers(name, replace(target, min_capacity=least, zero=None), trial)


def _find_latency(waits: Waits, time_per_message: timedelta) -> dict[float, float]:
    each_s = time_per_message.total_seconds()
    return {ratio: waits.find(ratio) + each_s for ratio in (0.5, 0.95, 0.99, 1.0)}
