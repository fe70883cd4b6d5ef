"""How good was a run: what did it cost, how often did it change, and who had to wait?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flyball.sim.day import Minute
from flyball.sim.foresight import plan_ahead
from flyball.sim.judge import Change, Marks, Slots, judge
from flyball.sim.trace import MINUTE

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
        self._dropped: list[float] = []
        self._capacity: list[float] = []
        self._demand: list[float | None] = []
        self._ready: list[int] = []
        self._billed: list[int] = []
        self._waiting: list[float] = []
        self._backlog: list[float] = []
        self._changes: list[Change] = []

    def add(self, minute: Minute) -> None:
        """Count one minute more."""
        decisions = [wake.decision for wake in minute.changes if wake.decision is not None]
        steps = [decision.desired - (decision.current or 0) for decision in decisions]
        self._changes += [Change(len(self._demand), step) for step in steps]
        self._capacity.append(minute.capacity_per_instance)
        self._demand.append(minute.demand)
        self._ready.append(minute.ready)
        self._billed.append(max(minute.desired, minute.ready, minute.picked or 0))
        self._waiting.append(minute.waiting)
        self._backlog.append(minute.backlog)
        self._dropped.append(minute.dropped)

    def slots(self) -> Slots:
        """Give what has been counted so far, as the rules of scoring read it."""
        return Slots(
            MINUTE,
            self._capacity,
            self._demand,
            self._ready,
            self._billed,
            self._waiting,
            self._backlog,
            self._changes,
            self._dropped,
        )

    def score(self, warm_up_minutes: int | None = None) -> Score:
        """Score what has been counted so far; all zero after no minute at all.

        Args:
            warm_up_minutes: So many at its beginning are left out; None: what suits its length.
        """
        marks = judge(self.slots(), LEAD_MINUTES, warm_up_minutes)
        shared = {name: getattr(marks, name) for name in Score._fields if name in Marks._fields}
        price = self._price
        return Score(
            minutes=marks.slots,
            warm_up_minutes=marks.skipped,
            cost=None if price is None else marks.instance_hours * price,
            static_cost=None if price is None else marks.static_instance_hours * price,
            **shared,
        )


def score(minutes: Iterable[Minute], price_per_hour: float | None = None) -> Score:
    """Score a run from its minutes."""
    tally = Tally(price_per_hour)
    for minute in minutes:
        tally.add(minute)
    return tally.score()


def foresee(needs: Sequence[int], lead_minutes: int) -> int:
    """Find the least instance-minutes of who knows the future; see plan_ahead."""
    return sum(plan_ahead(needs, lead_minutes))
