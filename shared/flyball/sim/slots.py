"""What becomes of a trace when somebody orders instances once a slot, by the scoring rules?

An order that is made at the end of a slot counts from the next one: it is billed from there on, and
in service one lead time later. A scale-in takes effect at once, and gives up what is still starting
first, the newest of it before the rest; so where every order takes the same lead, what is in
service is the least that was ordered within it. What arrives over capacity waits.

The same plant for every policy: the controller's decisions and the peers' are scored alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist, median
from typing import NamedTuple, Protocol

from flyball.sim.judge import Change, Marks, Slots, judge, judge_each, warm_up
from flyball.sim.trace import Trace

MINUTE = timedelta(minutes=1)
FINEST = timedelta(seconds=10)
COARSEST = timedelta(hours=1)
MOST = 100_000
"""Instances; an order of more is a mistake in a unit."""
QUANTILES = 99
P95 = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Course:
    """What arrives, slot by slot.

    Attributes:
        start: Of the first slot, aware UTC.
        demand: Requests in each slot, shape (n,), n >= 1; None is a gap.
        capacity_per_instance: Requests that one instance serves in a slot.
        slot: Its length, from 10 s to an hour.

    Raises:
        ValueError: A slot that is too short or too long, or a capacity that is none.
    """

    start: datetime
    demand: tuple[float | None, ...]
    capacity_per_instance: float
    slot: timedelta = MINUTE

    def __post_init__(self) -> None:
        if not FINEST <= self.slot <= COARSEST:
            raise ValueError(f"slot: got {self.slot}, expected {FINEST} to {COARSEST}")
        if not 0 < self.capacity_per_instance < math.inf:
            raise ValueError(
                f"capacity_per_instance: got {self.capacity_per_instance}, expected requests in a "
                "slot, above 0"
            )
        if not self.demand:
            raise ValueError("demand: no slot at all; expected one or more")

    def loads(self) -> list[float | None]:
        """Give the demand in instances' worth."""
        each = self.capacity_per_instance
        return [None if demand is None else demand / each for demand in self.demand]


def course_of(trace: Trace, capacity_per_instance: float | None = None) -> Course:
    """Make a course of a trace's minutes; without a capacity the trace's own is taken."""
    capacity = capacity_per_instance or trace.capacity_per_instance()
    return Course(trace.start, trace.requests, capacity)


@dataclass(frozen=True, slots=True)
class Plant:
    """How the cloud answers, and what may be asked of it.

    Attributes:
        leads: From an order to its instances in service: one of these is drawn for each order.
            One alone is a fixed lead.
        metric_delay: Metrics show a slot so long after its end.
        min_capacity: Nobody is asked for less, but whose own rule is to go to zero.
        max_capacity: As min_capacity, for more.
        initial: Instances in service at first; None: what carries the first slot.
        seed: Of the leads. Orders of one slot draw the same lead, whoever gives them.

    Raises:
        ValueError: A time is negative, or the bounds cross.
    """

    leads: tuple[timedelta, ...] = (timedelta(minutes=4),)
    metric_delay: timedelta = MINUTE
    min_capacity: int = 1
    max_capacity: int = MOST
    initial: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.leads or min(self.leads) < timedelta():
            raise ValueError("leads: expected one or more times of 0 or more")
        if self.metric_delay < timedelta():
            raise ValueError(f"metric_delay: got {self.metric_delay}, expected 0 or more")
        if not 0 <= self.min_capacity <= self.max_capacity <= MOST:
            raise ValueError(
                f"min_capacity, max_capacity: got {self.min_capacity} and {self.max_capacity}, "
                f"expected 0 or more and no more than {MOST:,}, in this order"
            )

    def lead_slots(self, slot: timedelta) -> int:
        """Say what the clairvoyant pays for a start: the median lead, in slots."""
        return median([_in_slots(lead, slot) for lead in self.leads]).__ceil__()

    def first(self, course: Course) -> int:
        """Say how many instances are in service at first."""
        if self.initial is not None:
            return self.initial
        known = next((load for load in course.loads() if load is not None), 0.0)
        return min(max(math.ceil(known), self.min_capacity), self.max_capacity)


def spread_leads(p50: timedelta, p95: timedelta) -> tuple[timedelta, ...]:
    """Make leads with a median and a 95th percentile: quantiles of a log-normal distribution.

    Raises:
        ValueError: The median is not above 0, or above the percentile.
    """
    if not timedelta() < p50 <= p95:
        raise ValueError(f"lead: got p50 {p50} and p95 {p95}, expected 0 < p50 <= p95")
    sigma = math.log(p95 / p50) / P95
    normal = NormalDist()
    ranks = [(rank + 1) / (QUANTILES + 1) for rank in range(QUANTILES)]
    return tuple(p50 * math.exp(sigma * normal.inv_cdf(rank)) for rank in ranks)


class Seen(NamedTuple):
    """What a policy is shown at the end of a slot.

    Attributes:
        now: The end of the slot, aware UTC; an order counts from here on.
        load: Demand of the newest slot that metrics show, in instances' worth; None: a gap, or
            there is no such slot yet.
        waiting: Backlog when that slot began, in instances' worth of a slot.
        measured: Instances in service in that slot.
        ready: Instances in service now.
        desired: Instances ordered, with those that are starting.
    """

    now: datetime
    load: float | None
    waiting: float
    measured: int
    ready: int
    desired: int


class Peer(Protocol):
    """Who orders capacity; asked once a slot, and whatever ticks it has in between are its own."""

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        ...


class Run(NamedTuple):
    """What became of a course.

    Attributes:
        course: What arrived.
        plant: What answered.
        ordered: Instances ordered in each slot, and billed, shape (n,).
        slots: The rest, by the slot.
    """

    course: Course
    plant: Plant
    ordered: tuple[int, ...]
    slots: Slots


def run(course: Course, plant: Plant, peer: Peer) -> Run:
    """Let a policy order, slot by slot.

    Raises:
        ValueError: It ordered fewer than none, or too many.
    """
    leads = draw_leads(plant, course)
    delay = _in_slots(plant.metric_delay, course.slot)
    capacity, slot = course.capacity_per_instance, course.slot
    loads, unseen = course.loads(), (None, 0.0, 0)
    starting: list[list[int]] = []  # [in service from, instances], by the time of the order
    order = desired = ready = plant.first(course)
    backlog, now = 0.0, course.start
    ordered: list[int] = []
    in_service: list[int] = []
    waits: list[float] = []
    left: list[float] = []
    for index, demand in enumerate(course.demand):
        if order > desired:
            starting.append([index + leads[index], order - desired])
        elif order < desired:
            ready -= _cancel(starting, desired - order)
        desired = order
        if starting:
            ready += _arrive(starting, index)
        ordered.append(desired)
        in_service.append(ready)
        waits.append(backlog)
        backlog = max(0.0, backlog + (demand or 0.0) - ready * capacity)
        left.append(backlog)
        now += slot
        shown = index - delay
        load, waiting, measured = (
            (loads[shown], waits[shown] / capacity, in_service[shown]) if shown >= 0 else unseen
        )
        order = peer.decide(Seen(now, load, waiting, measured, ready, desired))
        if not 0 <= order <= MOST:
            raise ValueError(f"{type(peer).__name__} ordered {order} instances at {now}")
    return make_run(course, plant, ordered, in_service, waits, left)


def make_run(
    course: Course,
    plant: Plant,
    ordered: Sequence[int],
    ready: Sequence[int],
    waiting: Sequence[float],
    backlog: Sequence[float],
) -> Run:
    """Put columns together; a change counts from the slot in which it is first ordered."""
    changes, before = [], ordered[0]
    for index, number in enumerate(ordered):
        if number != before:
            changes.append(Change(index, number - before))
            before = number
    each = [course.capacity_per_instance] * len(ordered)
    slots = Slots(course.slot, each, course.demand, ready, ordered, waiting, backlog, changes)
    return Run(course, plant, tuple(ordered), slots)


def score(found: Run, begin: int | None = None, end: int | None = None) -> Marks:
    """Score a run, without its warm-up; see judge."""
    return judge(found.slots, found.plant.lead_slots(found.course.slot), begin, end)


class Day(NamedTuple):
    """A day of a run, as far as it is scored.

    Attributes:
        day: In UTC.
        marks: What it came to.
    """

    day: date
    marks: Marks


def score_days(found: Run) -> tuple[Day, ...]:
    """Score each day of a run by itself, without its warm-up."""
    course = found.course
    total = len(course.demand)
    first = warm_up(total, course.slot)
    days: list[date] = []
    begins: list[int] = []
    for index in range(first, total):
        day = (course.start + index * course.slot).astimezone(UTC).date()
        if not days or day != days[-1]:
            days.append(day)
            begins.append(index)
    parts = list(zip(begins, [*begins[1:], total], strict=True))
    marks = judge_each(found.slots, found.plant.lead_slots(course.slot), parts)
    return tuple(Day(*each) for each in zip(days, marks, strict=True))


def draw_leads(plant: Plant, course: Course) -> list[int]:
    """Draw the lead of an order in each slot, in slots."""
    count = len(course.demand)
    each = [_in_slots(lead, course.slot) for lead in plant.leads]
    if len(each) == 1:
        return each * count
    return random.Random(plant.seed).choices(each, k=count)  # noqa: S311  (a simulation)


def _in_slots(length: timedelta, slot: timedelta) -> int:
    return -(-length // slot)


def _cancel(starting: list[list[int]], count: int) -> int:
    """Give up what is starting, the newest first; return how many in service go besides."""
    while count and starting:
        taken = min(count, starting[-1][1])
        starting[-1][1] -= taken
        count -= taken
        if not starting[-1][1]:
            starting.pop()
    return count


def _arrive(starting: list[list[int]], index: int) -> int:
    """Take out whatever is in service from this slot on, and count it."""
    arrived = sum(count for at, count in starting if at <= index)
    if arrived:
        starting[:] = [each for each in starting if each[0] > index]
    return arrived
