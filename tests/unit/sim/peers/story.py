"""What does a peer order at the end of each slot of a story?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Course, Peer, Plant, Seen, run

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOUNDS = Bounds(1, 100)
EACH = 1_024.0
"""Requests an instance serves in a slot; a power of two keeps loads as they are written."""


class _Ear:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.orders: list[int] = []

    def decide(self, seen: Seen) -> int:
        self.orders.append(self.peer.decide(seen))
        return self.orders[-1]


def follow(
    peer: Peer,
    loads: Sequence[float | None],
    *,
    initial: int = 1,
    lead: timedelta = timedelta(),
    slot: timedelta = MINUTE,
) -> list[int]:
    """Tell what a peer orders at the end of each slot, which it sees at once.

    Args:
        peer: Any.
        loads: Demand, in instances' worth; None is a gap.
        initial: Instances at first.
        lead: From an order to the instance in service.
        slot: Its length.
    """
    ear = _Ear(peer)
    demand = tuple(None if load is None else load * EACH for load in loads)
    plant = Plant((lead,), timedelta(), 0, initial=initial)
    run(Course(NOON, demand, EACH, slot), plant, ear)
    return ear.orders
