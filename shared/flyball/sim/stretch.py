"""When did two configs over the same traffic differ, and how much did each of these times matter?

A stretch is a row of slots in each of which another capacity was ordered, or others had to wait.
Whatever differs in all lies in one of them, so their differences add up to the whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.core.model import Decision, Reason
from flyball.sim.backtest import Backtest
from flyball.sim.judge import HOUR, find_late

LONGEST = 2 * HOUR
"""What differs for longer is told hour by hour: a day of it has no one reason."""
LATE_WEIGHT = 10.0
"""A request late in a thousand counts for as much as a percent of the cost."""


class Side(NamedTuple):
    """What one of the two did in a stretch.

    Attributes:
        least: Fewest instances that were paid for.
        most: Most of them.
        instance_hours: Billed.
        cost: In the config's currency; None: no price.
        late: Requests.
        decision: What made the difference: its order in force as the stretch begins, or else its
            first scale-out in it where requests are late, or its largest order; None: none.
        reason: Of its last look as the stretch began; None: it was not woken.
    """

    least: float
    most: float
    instance_hours: float
    cost: float | None
    late: float
    decision: Decision | None
    reason: Reason | None


class Stretch(NamedTuple):
    """A time in which the two differed.

    Attributes:
        scalable_target_id: The new config's.
        start: Of its first slot, aware UTC.
        end: Of its last slot.
        least: Fewest requests of a minute; None: none is known.
        most: Most of them.
        old: What the old config did.
        new: What the new one did.
        weight: How much it mattered: 0.01 is a percent of the old cost of all, or a thousandth of
            all requests.
    """

    scalable_target_id: str
    start: datetime
    end: datetime
    least: float | None
    most: float | None
    old: Side
    new: Side
    weight: float


class Scale(NamedTuple):
    """What differences are weighed by: the old config's sums, over all scalable targets.

    Attributes:
        cost: Money, or instance hours where not all have a price.
        requests: That arrived.
        priced: Whether cost is money.
    """

    cost: float
    requests: float
    priced: bool


def make_scale(pairs: Sequence[tuple[Backtest, Backtest]]) -> Scale:
    """Add up what differences are weighed by."""
    contenders = [each.ours for pair in pairs for each in pair]
    priced = all(each.cost is not None for each in contenders)
    old = [pair[0].ours for pair in pairs]
    cost = sum((each.cost if priced else each.marks.instance_hours) or 0.0 for each in old)
    return Scale(cost, sum(each.marks.requests for each in old), priced)


def find_stretches(old: Backtest, new: Backtest, scale: Scale) -> list[Stretch]:
    """Find each stretch of one scalable target, in the order of time.

    Args:
        old: Of the old config.
        new: Of the new config, over the same course.
        scale: What differences are weighed by.
    """
    late = (find_late(old.ours.run.slots), find_late(new.ours.run.slots))
    one, other = (
        _Known(run, waits, [at for at, _ in run.changes])
        for run, waits in zip((old, new), late, strict=True)
    )
    return [
        _make_stretch(one, other, begin, end, scale)
        for begin, end in _cut(old, _find_rows(old, new, late))
    ]


def rank(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Put those first that mattered most; of equals the earlier."""
    return sorted(stretches, key=lambda each: (-each.weight, each.start, each.scalable_target_id))


Late = tuple[list[float], list[float]]


class _Known(NamedTuple):
    """A backtest, with what each of its stretches needs: a year has tens of thousands of them."""

    found: Backtest
    late: Sequence[float]
    orders: Sequence[int]
    """Slots of its orders, rising."""


def _find_rows(old: Backtest, new: Backtest, late: Late) -> Iterator[tuple[int, int]]:
    """Find the rows of scored slots that differ: the first, and the one after the last."""
    one, other = old.ours.run, new.ours.run
    columns = zip(
        one.ordered, other.ordered, one.slots.billed, other.slots.billed, *late, strict=True
    )
    differs = [a != b or c != d or e != f for a, b, c, d, e, f in columns]
    begin = None
    for index in range(old.subject.begin, len(differs)):
        if differs[index] and begin is None:
            begin = index
        elif not differs[index] and begin is not None:
            yield begin, index
            begin = None
    if begin is not None:
        yield begin, len(differs)


def _cut(found: Backtest, rows: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Cut long rows at full hours."""
    course = found.subject.course
    for begin, end in rows:
        if (end - begin) * course.slot <= LONGEST:
            yield begin, end
            continue
        index = begin
        while index < end:
            at = course.start + index * course.slot
            hour = at.replace(minute=0, second=0, microsecond=0) + HOUR
            after = min(end, max(index + 1, -(-(hour - course.start) // course.slot)))
            yield index, after
            index = after


def _make_stretch(old: _Known, new: _Known, begin: int, end: int, scale: Scale) -> Stretch:
    subject = new.found.subject
    course = subject.course
    known = [each for each in course.demand[begin:end] if each is not None]
    one, other = (_make_side(each, begin, end) for each in (old, new))
    minutes = course.slot / timedelta(minutes=1)
    return Stretch(
        subject.scalable_target.id,
        course.start + begin * course.slot,
        course.start + end * course.slot,
        min(known) / minutes if known else None,
        max(known) / minutes if known else None,
        one,
        other,
        _weigh(one, other, scale),
    )


def _make_side(known: _Known, begin: int, end: int) -> Side:
    found = known.found
    slots = found.ours.run.slots
    billed = slots.billed[begin:end]
    hours = sum(billed) * (slots.length / HOUR)
    price = found.subject.scalable_target.price_per_hour
    cost = None if price is None else hours * price
    waits = sum(known.late[begin:end])
    decision = _find_order(known, begin, end, outward=waits > 0)
    reason = found.reasons[begin - 1] if begin else None
    return Side(min(billed), max(billed), hours, cost, waits, decision, reason)


def _find_order(known: _Known, begin: int, end: int, *, outward: bool) -> Decision | None:
    """Find the order that is in force from the first slot on, or else the one that mattered.

    Where requests are late that is the first scale-out: how soon they no longer were. Elsewhere it
    is the largest order.
    """
    first, after = (bisect_left(known.orders, at) for at in (begin - 1, end - 1))
    inside = known.found.changes[first:after]
    if inside and inside[0][0] == begin - 1:
        return inside[0][1]
    steps = [(each.desired - (each.current or 0), each) for _, each in inside]
    if outward:
        return next((each for step, each in steps if step > 0), None)
    return max(steps, key=lambda each: abs(each[0]))[1] if steps else None


def _weigh(old: Side, new: Side, scale: Scale) -> float:
    costs = (old.cost or 0.0, new.cost or 0.0)
    if not scale.priced:
        costs = (old.instance_hours, new.instance_hours)
    cost = abs(costs[1] - costs[0]) / scale.cost if scale.cost else 0.0
    late = abs(new.late - old.late) / scale.requests if scale.requests else 0.0
    return cost + LATE_WEIGHT * late
