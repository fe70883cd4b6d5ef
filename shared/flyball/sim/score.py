"""How good was a run: what did it cost, how often did it change, and who had to wait?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from flyball.sim.day import Minute

HOUR_MINUTES = 60
DAY_MINUTES = 1_440
LONG_MINUTES = 3 * DAY_MINUTES
REVERSAL = timedelta(minutes=30)
LATE_BACKLOG_RATIO = 0.02
"""Who arrives behind a backlog of more than this part of a minute's capacity is late."""
LEAD_MINUTES = 4
"""What the clairvoyant optimum pays for each instance that it starts."""


class Score(NamedTuple):
    """What a run came to; the warm-up is not in it.

    Attributes:
        minutes: That were scored.
        warm_up_minutes: That were not: the first day of more than three, else the first hour.
        changes: Changes of capacity that the provider accepted.
        changes_a_day: The same in a day.
        reversals: Changes against the one before it, within 30 minutes.
        instance_hours: Billed: desired, picked by a service or in service, whichever is more.
        cost: The same in money; None without a price.
        static_instances: Instances that carry the highest minute.
        static_instance_hours: Billed if that many run all the time.
        static_cost: The same in money; None without a price.
        cost_ratio: instance_hours ÷ static_instance_hours.
        clairvoyant_ratio: instance_hours ÷ those of who knows the future.
        requests: That arrived.
        excess_ratio: Share of them over capacity in their minute, 0–1.
        late_ratio: Share over capacity, or behind a backlog of more than 2 % of capacity, 0–1.
        peak_backlog: Most requests waiting at a minute's end.
        dropped_ratio: Share turned away, as the service had come to zero, 0–1.
        under_ratio: θ_U, mean relative under-provision.
        over_ratio: θ_O, mean relative over-provision.
        under_time_ratio: τ_U, share of time under-provisioned.
        over_time_ratio: τ_O, share of time over-provisioned.

    Source: Herbst et al., "Ready for Rain? A View from SPEC Research on the Future of Cloud
        Metrics" (θ and τ).
    """

    minutes: int
    warm_up_minutes: int
    changes: int
    changes_a_day: float
    reversals: int
    instance_hours: float
    cost: float | None
    static_instances: int
    static_instance_hours: float
    static_cost: float | None
    cost_ratio: float
    clairvoyant_ratio: float
    requests: float
    excess_ratio: float
    late_ratio: float
    peak_backlog: float
    under_ratio: float
    over_ratio: float
    under_time_ratio: float
    over_time_ratio: float
    dropped_ratio: float = 0.0


class Tally:
    """Adds up a run while it goes on, without keeping its decisions."""

    def __init__(self, price_per_hour: float | None = None) -> None:
        self._price = price_per_hour
        self._slots: list[_Slot] = []
        self._changes: list[tuple[int, int]] = []
        self._dropped: list[float] = []

    def add(self, minute: Minute) -> None:
        """Count one minute more."""
        mu = minute.capacity_per_instance
        needed = None if minute.demand is None else math.ceil(minute.demand / mu)
        billed = max(minute.desired, minute.ready, minute.picked or 0)
        capacity = minute.ready * mu
        work = (minute.waiting, minute.backlog)
        slot = _Slot(minute.demand, needed, minute.ready, billed, capacity, *work)
        decisions = [wake.decision for wake in minute.changes if wake.decision is not None]
        steps = [decision.desired - (decision.current or 0) for decision in decisions]
        self._changes += [(len(self._slots), step) for step in steps]
        self._slots.append(slot)
        self._dropped.append(minute.dropped)

    def score(self, warm_up_minutes: int | None = None) -> Score:
        """Score what has been counted so far; all zero after no minute at all.

        Args:
            warm_up_minutes: So many at its beginning are left out; None: what suits its length.
        """
        count = len(self._slots)
        skipped = DAY_MINUTES if count > LONG_MINUTES else min(HOUR_MINUTES, count // 2)
        skipped = skipped if warm_up_minutes is None else warm_up_minutes
        slots = self._slots[skipped:]
        changes = [(index, step) for index, step in self._changes if index >= skipped and step]
        billed = sum(slot.billed for slot in slots)
        needs = _fill_gaps([slot.needed for slot in slots])
        static = max(needs, default=0)
        hours, static_hours = billed / HOUR_MINUTES, static * len(slots) / HOUR_MINUTES
        arrived = sum(slot.demand or 0.0 for slot in slots)
        excess = sum(max(0.0, (slot.demand or 0.0) - slot.capacity) for slot in slots)
        late = sum(_late(slot) for slot in slots)
        pairs = [(slot.ready, slot.needed) for slot in slots if slot.needed is not None]
        price = self._price
        return Score(
            minutes=len(slots),
            warm_up_minutes=skipped,
            changes=len(changes),
            changes_a_day=_ratio(len(changes) * DAY_MINUTES, len(slots)),
            reversals=_count_reversals(changes),
            instance_hours=hours,
            cost=None if price is None else hours * price,
            static_instances=static,
            static_instance_hours=static_hours,
            static_cost=None if price is None else static_hours * price,
            cost_ratio=_ratio(hours, static_hours),
            clairvoyant_ratio=_ratio(billed, foresee(needs, LEAD_MINUTES)),
            requests=arrived,
            excess_ratio=_ratio(excess, arrived),
            late_ratio=_ratio(late, arrived),
            peak_backlog=max((slot.backlog for slot in slots), default=0.0),
            under_ratio=_mean([max(0, need - has) / max(1, need) for has, need in pairs]),
            over_ratio=_mean([max(0, has - need) / max(1, need) for has, need in pairs]),
            under_time_ratio=_mean([float(has < need) for has, need in pairs]),
            over_time_ratio=_mean([float(has > need) for has, need in pairs]),
            dropped_ratio=_ratio(sum(self._dropped[skipped:]), arrived),
        )


class _Slot(NamedTuple):
    demand: float | None
    needed: int | None
    ready: int
    billed: int
    capacity: float
    waiting: float
    backlog: float


def score(minutes: Iterable[Minute], price_per_hour: float | None = None) -> Score:
    """Score a run from its minutes."""
    tally = Tally(price_per_hour)
    for minute in minutes:
        tally.add(minute)
    return tally.score()


def foresee(needs: Sequence[int], lead_minutes: int) -> int:
    """Find the least instance-minutes of who knows the future.

    The least Σ n + lead × Σ (growth of n) with n at least the need of each minute. It falls apart
    into layers: the k-th instance stays on through a gap of at most `lead_minutes`.

    Args:
        needs: Instances needed, one a minute, shape (n,), n >= 0.
        lead_minutes: Billed for each instance that is started; at first any number is there.

    Returns:
        Instance-minutes.
    """
    ends: list[int] = []  # by layer: the minute after it was last needed; at first, the start
    total = 0
    for minute, need in enumerate(needs):
        ends += [0] * (need - len(ends))
        for layer in range(need):
            total += 1 + min(minute - ends[layer], lead_minutes)
            ends[layer] = minute + 1
    return total


def _late(slot: _Slot) -> float:
    demand = slot.demand or 0.0
    if slot.waiting > LATE_BACKLOG_RATIO * slot.capacity:
        return demand
    return max(0.0, demand - slot.capacity)


def _fill_gaps(needed: Sequence[int | None]) -> list[int]:
    """Let an unknown minute need what the one before it did."""
    filled: list[int] = []
    for need in needed:
        filled.append(need if need is not None else filled[-1] if filled else 0)
    return filled


def _count_reversals(changes: Sequence[tuple[int, int]]) -> int:
    near = REVERSAL // timedelta(minutes=1)
    return sum(
        later[0] - earlier[0] <= near and (later[1] > 0) != (earlier[1] > 0)
        for earlier, later in pairwise(changes)
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return _ratio(math.fsum(values), len(values))
