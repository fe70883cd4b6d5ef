"""What did a row of slots cost, and who in them had to wait?

The scoring rules in one place, for whatever ran: the slots say what was there, never who decided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from flyball.sim.foresight import plan_ahead

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONG = 3 * DAY
REVERSAL = timedelta(minutes=30)
LATE_BACKLOG_RATIO = 0.02
"""Who arrives behind a backlog of more than this part of a slot's capacity is late."""


class Change(NamedTuple):
    """An order of another capacity.

    Attributes:
        slot: The number of the slot from which on it is ordered.
        step: Instances more, or fewer.
    """

    slot: int
    step: int


class Slots(NamedTuple):
    """A run by the slot, as columns of one length.

    Attributes:
        length: Of a slot.
        capacity_per_instance: Requests that one instance serves in a slot; one for each slot.
        demand: Requests that arrived; None: not known.
        ready: Instances in service; a mean where that changed within the slot.
        billed: Instances that are paid for; as ready.
        waiting: Backlog when the slot began, requests.
        backlog: Backlog when it ended, requests.
        changes: Of capacity, in order.
        dropped: Requests that were turned away, where nobody serves and nobody waits; empty: none.
    """

    length: timedelta
    capacity_per_instance: Sequence[float]
    demand: Sequence[float | None]
    ready: Sequence[float]
    billed: Sequence[float]
    waiting: Sequence[float]
    backlog: Sequence[float]
    changes: Sequence[Change]
    dropped: Sequence[float] = ()


class Marks(NamedTuple):
    """What a part of a run came to.

    Attributes:
        slots: That were scored.
        skipped: Slots before them that were not.
        changes: Orders of another capacity.
        changes_a_day: The same in a day.
        reversals: Changes against the one before it, within 30 minutes.
        instance_hours: Billed, from the order on.
        static_instances: Instances that carry the slot with the most demand.
        static_instance_hours: Billed if that many are there all the time.
        cost_ratio: instance_hours ÷ static_instance_hours.
        clairvoyant_hours: Billed of who knows the future and nothing is over capacity.
        clairvoyant_ratio: instance_hours ÷ clairvoyant_hours.
        requests: That arrived.
        excess: Of them, over the capacity of their slot, or turned away.
        excess_ratio: The same as a share, 0–1.
        late: Of them, the same or behind a backlog of more than 2 % of capacity.
        late_ratio: The same as a share, 0–1.
        peak_backlog: Most requests waiting at a slot's end.
        under_ratio: θ_U, mean relative under-provision.
        over_ratio: θ_O, mean relative over-provision.
        under_time_ratio: τ_U, share of time under-provisioned.
        over_time_ratio: τ_O, share of time over-provisioned.
        dropped_ratio: Share turned away, as a service had come to zero, 0–1.
        unstable_ratio: Upsilon, share of time in which what was needed and what was there did not
            move in the same direction: up, down, or not at all.

    Source: Herbst et al., "Ready for Rain? A View from SPEC Research on the Future of Cloud
        Metrics" (θ, τ and upsilon). Needs are whole instances; where none is needed, too much is
        held against one.
    """

    slots: int
    skipped: int
    changes: int
    changes_a_day: float
    reversals: int
    instance_hours: float
    static_instances: int
    static_instance_hours: float
    cost_ratio: float
    clairvoyant_hours: float
    clairvoyant_ratio: float
    requests: float
    excess: float
    excess_ratio: float
    late: float
    late_ratio: float
    peak_backlog: float
    under_ratio: float
    over_ratio: float
    under_time_ratio: float
    over_time_ratio: float
    dropped_ratio: float = 0.0
    unstable_ratio: float = 0.0


def warm_up(slots: int, length: timedelta) -> int:
    """Say how many slots are not scored: a day of more than three, else an hour or the half."""
    if slots * length > LONG:
        return DAY // length
    return min(HOUR // length, slots // 2)


def judge(found: Slots, lead_slots: int, begin: int | None = None, end: int | None = None) -> Marks:
    """Score the slots from one to before another.

    Args:
        found: A run.
        lead_slots: What the clairvoyant pays for each instance that it starts.
        begin: The first that counts; None: after what suits its length.
        end: The first that no longer counts; None: all are left.

    Returns:
        All zero where no slot is left.
    """
    total = len(found.demand)
    begin = warm_up(total, found.length) if begin is None else begin
    end = total if end is None else end
    needs = fill_gaps(find_needs(found))
    ahead = plan_ahead(needs, lead_slots)
    return _judge(found, begin, end, needs, ahead)


def judge_each(
    found: Slots, lead_slots: int, parts: Sequence[tuple[int, int]]
) -> tuple[Marks, ...]:
    """Score several parts of one run, such as its days; see judge.

    The clairvoyant's hours of parts that touch add up to those of the whole.
    """
    needs = fill_gaps(find_needs(found))
    ahead = plan_ahead(needs, lead_slots)
    return tuple(_judge(found, begin, end, needs, ahead) for begin, end in parts)


def find_needs(found: Slots) -> list[int | None]:
    """Say how many instances carry each slot's demand; None where it is not known."""
    return [
        None if demand is None else math.ceil(demand / capacity)
        for demand, capacity in zip(found.demand, found.capacity_per_instance, strict=True)
    ]


def find_late(found: Slots) -> list[float]:
    """Say how many of each slot's requests were late; the sum of any part is its `late`."""
    demand, capacity = _hold(found, 0, len(found.demand))
    over = _find_over(demand, capacity, found.dropped)
    return _find_late(demand, capacity, over, found.waiting)


def fill_gaps(needs: Sequence[int | None]) -> list[int]:
    """Let an unknown slot need what the one before it did."""
    filled: list[int] = []
    before = 0
    for need in needs:
        before = before if need is None else need
        filled.append(before)
    return filled


def _judge(found: Slots, begin: int, end: int, needs: Sequence[int], ahead: Sequence[int]) -> Marks:
    count = max(0, end - begin)
    hours = found.length / HOUR
    changes = [each for each in found.changes if begin <= each.slot < end and each.step]
    demand, capacity = _hold(found, begin, end)
    arrived = sum(demand)
    over = _find_over(demand, capacity, found.dropped[begin:end])
    late = sum(_find_late(demand, capacity, over, found.waiting[begin:end]))
    billed = sum(found.billed[begin:end])
    known = zip(found.demand[begin:end], found.ready[begin:end], needs[begin:end], strict=True)
    pairs = [(ready, need) for asked, ready, need in known if asked is not None]
    static = max(needs[begin:end], default=0)
    best = sum(ahead[begin:end])
    excess = sum(over)
    return Marks(
        slots=count,
        skipped=begin,
        changes=len(changes),
        changes_a_day=_ratio(len(changes) * (DAY / found.length), count),
        reversals=_count_reversals(changes, REVERSAL // found.length),
        instance_hours=billed * hours,
        static_instances=static,
        static_instance_hours=static * count * hours,
        cost_ratio=_ratio(billed, static * count),
        clairvoyant_hours=best * hours,
        clairvoyant_ratio=_ratio(billed, best),
        requests=arrived,
        excess=excess,
        excess_ratio=_ratio(excess, arrived),
        late=late,
        late_ratio=_ratio(late, arrived),
        peak_backlog=max(found.backlog[begin:end], default=0.0),
        under_ratio=_mean([max(0, need - has) / max(1, need) for has, need in pairs]),
        over_ratio=_mean([max(0, has - need) / max(1, need) for has, need in pairs]),
        under_time_ratio=_mean([float(has < need) for has, need in pairs]),
        over_time_ratio=_mean([float(has > need) for has, need in pairs]),
        dropped_ratio=_ratio(math.fsum(found.dropped[begin:end]), arrived),
        unstable_ratio=_ratio(*_count_unstable(found, begin, end, needs)),
    )


def _count_unstable(found: Slots, begin: int, end: int, needs: Sequence[int]) -> tuple[int, int]:
    """Count slots in which need and supply moved differently, and all whose move is known."""
    first = max(0, begin - 1)
    part = slice(first, max(first, end))
    known = [each is not None for each in found.demand[part]]
    moved = zip(pairwise(known), pairwise(needs[part]), pairwise(found.ready[part]), strict=True)
    differs = [
        (had < has) - (had > has) != (before < need) - (before > need)
        for both, (before, need), (had, has) in moved
        if all(both)
    ]
    return sum(differs), len(differs)


def _hold(found: Slots, begin: int, end: int) -> tuple[list[float], list[float]]:
    """Hold what arrived in each slot against what could be served in it."""
    demand = [each or 0.0 for each in found.demand[begin:end]]
    pairs = zip(found.ready[begin:end], found.capacity_per_instance[begin:end], strict=True)
    return demand, [ready * each for ready, each in pairs]


def _find_over(
    demand: Sequence[float], capacity: Sequence[float], dropped: Sequence[float]
) -> list[float]:
    """Say how many of each slot's requests found no capacity in it."""
    over = [max(0.0, each - most) for each, most in zip(demand, capacity, strict=True)]
    if not dropped:
        return over
    turned_away = zip(over, demand, dropped, strict=True)
    return [max(each, min(every, gone)) for each, every, gone in turned_away]


def _find_late(
    demand: Sequence[float],
    capacity: Sequence[float],
    over: Sequence[float],
    waits: Sequence[float],
) -> list[float]:
    """Say how many of each slot's requests found none, or had to wait for others."""
    return [
        every if waiting > LATE_BACKLOG_RATIO * most else some
        for waiting, most, every, some in zip(waits, capacity, demand, over, strict=True)
    ]


def _count_reversals(changes: Sequence[Change], near: int) -> int:
    return sum(
        later.slot - earlier.slot <= near and (later.step > 0) != (earlier.step > 0)
        for earlier, later in pairwise(changes)
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return _ratio(math.fsum(values), len(values))
