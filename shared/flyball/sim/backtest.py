"""What would this config have done on that traffic, and what would others have done?

The production controller and its peers order in one plant (see slots), and are scored alike. The
same inputs and seed give the same result, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from flyball.core.model import Decision, Reason
from flyball.core.target import ScalableTarget
from flyball.ports import Ledger
from flyball.sim.believed import tell_beliefs
from flyball.sim.judge import Marks, judge_each, warm_up
from flyball.sim.meaning import find_meanings
from flyball.sim.ours import ENGINE, Ours, adapt
from flyball.sim.peers import Baseline
from flyball.sim.picked import carry_out
from flyball.sim.slots import Course, Day, Peer, Plant, Ranging, Run, Seen, score

OURS = "flyball"
Order = TypeVar("Order")
STEP = 256
"""Slots between two words about how far it is."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is backtested.

    Attributes:
        scalable_target: Of any home, as its config says.
        course: What arrives.
        plant: What answers.
        warm_up: Slots that are not scored; None: what suits the course's length.
        said: By a metric's name, what the user says that it measures.
        trace: What the course is, for people.
        notes: What is to be known about it, for people.
    """

    scalable_target: ScalableTarget
    course: Course
    plant: Plant
    warm_up: int | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    trace: str = ""
    notes: tuple[str, ...] = ()

    @property
    def begin(self) -> int:
        """The first slot that is scored."""
        if self.warm_up is None:
            return warm_up(len(self.course.demand), self.course.slot)
        return min(self.warm_up, len(self.course.demand))


class Contender(NamedTuple):
    """One that ordered, and what it came to.

    Attributes:
        name: As it was asked for.
        title: For a table.
        run: Slot by slot.
        marks: In total.
        days: Day by day.
        cost: In the config's currency; None: no price.
    """

    name: str
    title: str
    run: Run
    marks: Marks
    days: tuple[Day, ...]
    cost: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What one scalable target's backtest found.

    Attributes:
        subject: What was backtested.
        ours: The production controller with the config.
        peers: The others, as asked for.
        reasons: For each slot the reason of our last decision at its end; None: we did not look.
        changes: (slot, decision) of each of our orders of another capacity; in force from the
            next slot on.
        looks: Decisions that we made.
        notes: What was simulated otherwise than the config says, for people.
    """

    subject: Subject
    ours: Contender
    peers: tuple[Contender, ...]
    reasons: tuple[Reason | None, ...]
    changes: tuple[tuple[int, Decision], ...]
    looks: int
    notes: tuple[str, ...]

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """All of them, ours first."""
        return (self.ours, *self.peers)

    @property
    def price_per_hour(self) -> float | None:
        """Of an instance; None: the config has no price."""
        return self.subject.scalable_target.price_per_hour


class Moment(NamedTuple):
    """One slot of ours.

    Attributes:
        at: When it began, aware UTC.
        demand: Requests; None: not known.
        ready: Instances in service; a mean where a service picks.
        billed: Instances that are paid for; as ready.
        desired: Instances that were set when it had ended; of a range its floor.
        ceiling: Of the range that was set when it had ended; None: a count was.
        picked: Instances that the service had picked inside the range by then; None as ceiling.
        reason: Of the last decision at its end; None: we did not look.
        decision: With which another capacity was ordered at its end, if it was.
    """

    at: datetime
    demand: float | None
    ready: float
    billed: float
    desired: int
    ceiling: int | None
    picked: int | None
    reason: Reason | None
    decision: Decision | None


def ignore(_: int) -> None:
    """Count nothing."""


def backtest(
    subject: Subject,
    baselines: Sequence[Baseline] = (),
    *,
    ledger: Ledger | None = None,
    engine: str = ENGINE,
    advance: Callable[[int], None] = ignore,
) -> Backtest:
    """Run one scalable target's config, and its peers, over a course.

    Args:
        subject: What is backtested.
        baselines: Who else runs.
        ledger: Where every row of ours goes, whole; None: none is kept.
        engine: The engine's version, for the rows.
        advance: Told how many slots more are done, of each that runs.

    Raises:
        MeaningError: It is not known what a metric measures.
        BrokenError: The controller failed.
        ImportError: A peer's library is not installed.
    """
    course, plant = subject.course, subject.plant
    adapted = adapt(subject.scalable_target, course.slot)
    meanings = find_meanings(adapted.scalable_target, subject.said)
    ours = Ours(
        adapted.scalable_target,
        course,
        plant,
        ledger=ledger,
        meanings=meanings,
        engine=engine,
    )
    first = _contend(subject, OURS, "Flyball, this config", ours.peer(), advance)
    peers = tuple(
        _contend(subject, each.name, each.title, each.start(course, plant, subject.begin), advance)
        for each in baselines
    )
    beliefs = tell_beliefs(subject.scalable_target, course.capacity_per_instance, meanings)
    return Backtest(
        subject,
        first,
        peers,
        tuple(ours.reasons),
        tuple(ours.changes),
        ours.looks,
        (*subject.notes, *adapted.notes, *beliefs),
    )


def timeline(found: Backtest) -> Iterator[Moment]:
    """Tell ours slot by slot."""
    course, ordered = found.subject.course, found.ours.run.ordered
    slots, inside = found.ours.run.slots, found.ours.run.inside
    decisions = dict(found.changes)
    last = len(ordered) - 1
    for index, demand in enumerate(course.demand):
        decision = decisions.get(index)
        desired = ordered[min(index + 1, last)] if decision is None else decision.desired
        ceiling = picked = None
        if inside is not None:
            ceilings = inside.ceilings
            ceiling = ceilings[min(index + 1, last)] if decision is None else decision.ceiling
            picked = inside.picked[index]
        yield Moment(
            course.start + index * course.slot,
            demand,
            slots.ready[index],
            slots.billed[index],
            desired,
            ceiling,
            picked,
            found.reasons[index],
            decision,
        )


class _Counted(Generic[Order]):
    """Passes every question on, and says how far it is."""

    def __init__(self, ask: Callable[[Seen], Order], advance: Callable[[int], None]) -> None:
        self._ask = ask
        self._advance = advance
        self._left = STEP

    def decide(self, seen: Seen) -> Order:
        """Say what to have."""
        self._left -= 1
        if not self._left:
            self._advance(STEP)
            self._left = STEP
        return self._ask(seen)

    def finish(self) -> None:
        """Count the rest."""
        self._advance(STEP - self._left)


def _contend(
    subject: Subject, name: str, title: str, peer: Peer | Ranging, advance: Callable[[int], None]
) -> Contender:
    if isinstance(peer, Ranging):
        ranging = _Counted(peer.decide, advance)
        found = carry_out(subject.course, subject.plant, peer._replace(decide=ranging.decide))
        ranging.finish()
    else:
        counted = _Counted(peer.decide, advance)
        found = carry_out(subject.course, subject.plant, counted)
        counted.finish()
    marks = score(found, subject.begin)
    price = subject.scalable_target.price_per_hour
    cost = None if price is None else marks.instance_hours * price
    return Contender(name, title, found, marks, _score_days(found, subject.begin), cost)


def _score_days(found: Run, begin: int) -> tuple[Day, ...]:
    """Score each day, in UTC, from a slot on."""
    course = found.course
    total = len(course.demand)
    days: list[date] = []
    begins: list[int] = []
    index = begin
    while index < total:
        at = (course.start + index * course.slot).astimezone(UTC)
        days.append(at.date())
        begins.append(index)
        midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
        index = max(index + 1, -(-(midnight - course.start) // course.slot))
    parts = list(zip(begins, [*begins[1:], total], strict=True)) if begins else []
    marks = judge_each(found.slots, found.plant.lead_slots(course.slot), parts)
    return tuple(Day(*each) for each in zip(days, marks, strict=True))
