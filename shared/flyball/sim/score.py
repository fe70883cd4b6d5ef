"""How good was a run: what did it cost, how often did it change, and who had to wait?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flyball.sim.day import Minute
from flyball.sim.foresight import plan_ahead
from flyball.sim.judge import Change, Marks, Slots, judge
from flyball.sim.trace import MINUTE

LEAD_MINUTES = 4
"""What the clairvoyant optimum pays for each instance that it starts."""


class Tally:
    """Adds up a run while it goes on, without keeping its decisions."""

    def __init__(self) -> None:
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

    def score(self, warm_up_minutes: int | None = None) -> Marks:
        """Score what has been counted so far; all zero after no minute at all.

        Args:
            warm_up_minutes: So many at its beginning are left out; None: what suits its length.
        """
        return judge(self.slots(), LEAD_MINUTES, warm_up_minutes)


def score(minutes: Iterable[Minute]) -> Marks:
    """Score a run from its minutes."""
    tally = Tally()
    for minute in minutes:
        tally.add(minute)
    return tally.score()


def foresee(needs: Sequence[int], lead_minutes: int) -> int:
    """Find the least instance-minutes of who knows the future; see plan_ahead."""
    return sum(plan_ahead(needs, lead_minutes))
