"""How much does each forecaster lose against the last value, and what would its floor have cost?

All are held against the same minutes: those in which each of them said something and demand is
known, after the warm-up. A forecast may only raise what reactive tracking orders, and only while it
is trusted, by the rule of the predictive policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from flyball.core.lead import count_minutes
from flyball.core.learner import LONGEST_HORIZON, MINUTE
from flyball.core.predict import FIRST_JUDGED, LOSES, LOSS_MEMORY, WINS
from flyball.core.residual import lose
from flyball.sim.forecast.port import Forecaster, Task
from flyball.sim.judge import Marks, warm_up
from flyball.sim.peers.aws import Settings, TargetTracking
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Course, Plant, Seen, in_slots, run, score

Column = Sequence[float | None]
"""Forecasts by the minute from which they were made, instances; None: none."""
LAST = "last value"
P95 = 95
STEPS = 12
"""Targets below the usual one at which tracking alone is run, a twentieth lower each."""
LOWER = 0.95
ROUNDING = 1e-6
STEP = 256
"""Minutes between two words about how far it is."""


class Question(NamedTuple):
    """What is compared.

    Attributes:
        course: What arrives, in slots of a minute.
        plant: What answers.
        quantile_ratio: Of the forecasts.
        target_ratio: Of an instance's capacity, in use: what reactive tracking keeps, and what the
            forecast's floor leaves.
    """

    course: Course
    plant: Plant
    quantile_ratio: float = 0.9
    target_ratio: float = 0.7

    @property
    def task(self) -> Task:
        """What is to be forecast: as the predictive policy has it, with the leads' 95th rank."""
        lead = count_minutes(find_p95(self.plant.leads), LONGEST_HORIZON // MINUTE)
        delay = in_slots(self.plant.metric_delay, MINUTE)
        return Task(min(lead + delay + 1, 64), self.quantile_ratio)

    @property
    def demands(self) -> list[float | None]:
        """Demand in instances that it keeps as busy as the target says."""
        return [None if load is None else load / self.target_ratio for load in self.course.loads()]


class Row(NamedTuple):
    """What one forecaster came to.

    Attributes:
        name: Its.
        minutes: That it was judged by, the same for all; 0: it never said anything.
        loss: Mean pinball loss, instances.
        loss_ratio: The same ÷ the last value's; None where that lost nothing.
        under_ratio: Share of minutes in which demand was at most the forecast; the quantile is
            what it should be.
        trusted_ratio: Share of scored minutes in which its floor counted.
        marks: Of reactive tracking with that floor; of the last value without any.
        same_cost_late_ratio: Late share of tracking alone, its target lowered until it costs as
            much; None where it is never as dear.
    """

    name: str
    minutes: int
    loss: float
    loss_ratio: float | None
    under_ratio: float
    trusted_ratio: float
    marks: Marks
    same_cost_late_ratio: float | None


def find_p95(leads: Sequence[timedelta]) -> timedelta:
    """Find the lead time that is planned for: of twenty nineteen are no longer."""
    return sorted(leads)[-(-len(leads) * P95 // 100) - 1]


def ignore(_: int) -> None:
    """Count nothing."""


def foresee(
    question: Question, forecaster: Forecaster, advance: Callable[[int], None] = ignore
) -> list[float | None]:
    """Let a forecaster see a course minute by minute.

    Returns:
        What it foresaw from each minute, of which it knew no later one.
    """
    first = int(question.course.start.timestamp()) // 60
    column = []
    for index, demand in enumerate(question.demands):
        forecaster.absorb(first + index, demand)
        column.append(forecaster.foresee())
        if index % STEP == STEP - 1:
            advance(STEP)
    advance(len(column) % STEP)
    return column


def compare(question: Question, columns: Mapping[str, Column]) -> tuple[Row, ...]:
    """Hold forecasters against the last value and against each other.

    Args:
        question: What is compared.
        columns: What each foresaw, as foresee gives it; LAST is one of them.
    """
    demands, (horizon, quantile) = question.demands, question.task
    begin = warm_up(len(demands), MINUTE)
    span = range(begin, len(demands) - horizon)
    speaks = [each for each in columns.values() if any(each[index] is not None for index in span)]
    places = [
        index
        for index in span
        if demands[index + horizon] is not None and all(each[index] is not None for each in speaks)
    ]
    losses, unders, judged = {}, {}, {}
    for name, pairs in _pair(columns, demands, places, horizon):
        losses[name] = _mean([lose(upper, came, quantile) for upper, came in pairs])
        unders[name] = _mean([float(came <= upper) for upper, came in pairs])
        judged[name] = len(pairs)
    alone = _run_alone(question)
    rows = []
    for name, column in columns.items():
        trusted = trust(column, columns[LAST], demands, question.task)
        floors = [each if good else None for each, good in zip(column, trusted, strict=True)]
        marks = _run(question, question.target_ratio, floors)
        rows.append(
            Row(
                name,
                judged[name],
                losses[name],
                losses[name] / losses[LAST] if judged[name] and losses[LAST] else None,
                unders[name],
                _mean([float(each) for each in trusted[begin:]]),
                marks,
                find_same_cost(alone, marks),
            )
        )
    return tuple(rows)


def trust(column: Column, last: Column, demands: Sequence[float | None], task: Task) -> list[bool]:
    """Say from which minutes a forecast counts: the predictive policy's probation.

    Source: flyball.core.predict, whose rule it is, for whoever forecasts.
    """
    horizon, quantile = task
    trusted, judged, lost, lost_by_last, is_trusted = [], 0, 0.0, 0.0, False
    for index, came in enumerate(demands):
        made = index - horizon
        upper, other = (column[made], last[made]) if made >= 0 else (None, None)
        if came is not None and upper is not None and other is not None:
            gain = max(1.0 / LOSS_MEMORY, 1.0 / (judged + 1))
            lost += gain * (lose(upper, came, quantile) - lost)
            lost_by_last += gain * (lose(other, came, quantile) - lost_by_last)
            judged += 1
            limit = LOSES if is_trusted else WINS
            ratio = lost / lost_by_last if lost_by_last else math.inf
            won = ratio <= limit if is_trusted else ratio < limit
            is_trusted = judged >= FIRST_JUDGED and won
        trusted.append(is_trusted)
    return trusted


def find_same_cost(alone: Sequence[Marks], marks: Marks) -> float | None:
    """Find how late tracking alone is where it costs as much, between two of its targets.

    Args:
        alone: Of falling targets.
        marks: Of whom it is held against.
    """
    hours = marks.instance_hours
    for cheap, dear in pairwise(sorted(alone, key=lambda each: each.instance_hours)):
        if cheap.instance_hours <= hours <= dear.instance_hours:
            width = dear.instance_hours - cheap.instance_hours
            share = (hours - cheap.instance_hours) / width if width else 0.0
            return cheap.late_ratio + share * (dear.late_ratio - cheap.late_ratio)
    return None


class Floored:
    """Reactive tracking that a forecast may raise, and nothing else."""

    def __init__(self, question: Question, target_ratio: float, floors: Column) -> None:
        plant, course = question.plant, question.course
        self._bounds = Bounds(plant.min_capacity, plant.max_capacity)
        settings = Settings(target=target_ratio)
        self._tracking = TargetTracking(settings, self._bounds, course.slot)
        self._floors = floors
        self._shown = -1 - in_slots(plant.metric_delay, course.slot)

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        self._shown += 1
        wanted = self._tracking.decide(seen)
        floor = self._floors[self._shown] if 0 <= self._shown < len(self._floors) else None
        if floor is None:
            return wanted
        return max(wanted, self._bounds.clamp(math.ceil(floor - ROUNDING)))


def _pair(
    columns: Mapping[str, Column],
    demands: Sequence[float | None],
    places: Sequence[int],
    horizon: int,
) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Put what was foreseen beside what came."""
    for name, column in columns.items():
        pairs = [(column[place], demands[place + horizon]) for place in places]
        yield name, [(a, b) for a, b in pairs if a is not None and b is not None]


def _run_alone(question: Question) -> list[Marks]:
    targets = [question.target_ratio * LOWER**step for step in range(STEPS + 1)]
    return [_run(question, target, ()) for target in targets]


def _run(question: Question, target_ratio: float, floors: Column) -> Marks:
    peer = Floored(question, target_ratio, floors)
    return score(run(question.course, question.plant, peer))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
