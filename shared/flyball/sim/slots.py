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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist, median
from typing import NamedTuple, Protocol

from flyball.adapters.local.timeline import ServiceSettings
from flyball.core.model import CapacityRange
from flyball.sim.judge import Change, Marks, Slots, judge, judge_each, warm_up
from flyball.sim.trace import Trace

MINUTE = timedelta(minutes=1)
FINEST = timedelta(seconds=10)
COARSEST = timedelta(hours=1)
MOST = 100_000
"""Instances; an order of more is a mistake in a unit."""
QUANTILES = 99
SERVICE = ServiceSettings(1, 1)
"""With a GPU, and 60 % of it in use, as its users say nothing else."""
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
        service: Who picks inside a range, where one is set; the range at first is the bounds.

    Raises:
        ValueError: A time is negative, or the bounds cross.
    """

    leads: tuple[timedelta, ...] = (timedelta(minutes=4),)
    metric_delay: timedelta = MINUTE
    min_capacity: int = 1
    max_capacity: int = MOST
    initial: int | None = None
    seed: int = 0
    service: ServiceSettings = SERVICE

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
        return median([in_slots(lead, slot) for lead in self.leads]).__ceil__()

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
        desired: Instances ordered, with those that are starting; of a range its floor.
        ceiling: Of a range; None: a count is ordered.
        picked: Instances that the service picked inside a range, with those that are starting.
        left: Backlog when that slot had ended, as waiting; None: what follows from the others.
    """

    now: datetime
    load: float | None
    waiting: float
    measured: int
    ready: int
    desired: int
    ceiling: int | None = None
    picked: int | None = None
    left: float | None = None


class Peer(Protocol):
    """Who orders capacity; asked once a slot, and whatever ticks it has in between are its own."""

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        ...


class Ranging(NamedTuple):
    """Who sets a range, in which a service picks.

    Attributes:
        service: It, with the range at first.
        decide: Says, once a slot, which range to have.
    """

    service: ServiceSettings
    decide: Callable[[Seen], CapacityRange]


class Inside(NamedTuple):
    """What became of a range.

    Attributes:
        ceilings: In each slot, shape (n,).
        picked: Instances that the service had picked at each slot's end, those on their way too.
        picks: How often it chose another count.
    """

    ceilings: tuple[int, ...]
    picked: tuple[int, ...]
    picks: int


class Run(NamedTuple):
    """What became of a course.

    Attributes:
        course: What arrived.
        plant: What answered.
        ordered: Instances ordered in each slot, shape (n,), and billed; of a range its floor.
        slots: The rest, by the slot.
        inside: Of a range; None: counts were ordered.
    """

    course: Course
    plant: Plant
    ordered: tuple[int, ...]
    slots: Slots
    inside: Inside | None = None


def run(course: Course, plant: Plant, peer: Peer) -> Run:
    """Let a policy order, slot by slot.

    Raises:
        ValueError: It ordered fewer than none, or too many.
    """
    leads = draw_leads(plant, course)
    delay = in_slots(plant.metric_delay, course.slot)
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
            ready -= cancel(starting, desired - order)
        desired = order
        if starting:
            ready += arrive(starting, index)
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
    """Put columns together."""
    changes = find_changes(ordered)
    each = [course.capacity_per_instance] * len(ordered)
    slots = Slots(course.slot, each, course.demand, ready, ordered, waiting, backlog, changes)
    return Run(course, plant, tuple(ordered), slots)


def find_changes(counts: Sequence[int]) -> list[Change]:
    """Find where counts change, from the slot on that first has another one."""
    changes, before = [], counts[0]
    for index, number in enumerate(counts):
        if number != before:
            changes.append(Change(index, number - before))
            before = number
    return changes


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
    each = [in_slots(lead, course.slot) for lead in plant.leads]
    if len(each) == 1:
        return each * count
    return random.Random(plant.seed).choices(each, k=count)  # noqa: S311  (a simulation)


def in_slots(length: timedelta, slot: timedelta) -> int:
    """Say how many slots a length takes, a begun one for a whole one."""
    return -(-length // slot)


def cancel(starting: list[list[int]], count: int) -> int:
    """Give up what is starting, the newest first; return how many in service go besides."""
    while count and starting:
        taken = min(count, starting[-1][1])
        starting[-1][1] -= taken
        count -= taken
        if not starting[-1][1]:
            starting.pop()
    return count


def arrive(starting: list[list[int]], index: int) -> int:
    """Take out whatever is in service from this slot on, and count it."""
    arrived = sum(count for at, count in starting if at <= index)
    if arrived:
        starting[:] = [each for each in starting if each[0] > index]
    return arrived
