"""Does Knative's autoscaler as a peer average, panic and delay as its own code does?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.peers.knative import KnativeAutoscaler, Settings
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Seen
from tests.unit.sim.peers.story import BOUNDS, MINUTE, NOON, follow

TICK = timedelta(seconds=2)
SLOT = timedelta(seconds=10)
STEADY = [5.0] * 14
"""Ten instances long enough for the panic of the beginning to be over."""


@dataclass(frozen=True)
class Case:
    """Loads by the slot, and the orders at the end of each."""

    id: str
    loads: Sequence[float | None]
    expect: Sequence[int]
    initial: int = 1
    slot: timedelta = MINUTE
    lead: timedelta = timedelta()
    delay: timedelta = timedelta()
    bounds: Bounds = BOUNDS


CASES = [
    Case("the mean of a minute", [0.5, 0.9], [1, 2]),
    Case("ten seconds are a sixth of it", [*STEADY, 5.6], [10] * 14 + [11], initial=10, slot=SLOT),
    Case(
        "four sixths of less",
        [*STEADY, 4.25, 4.25, 4.25, 4.25],
        [10] * 17 + [9],
        initial=10,
        slot=SLOT,
    ),
    Case("double what is ready is a panic", [0.4] * 6 + [0.9], [1] * 6 + [2], slot=SLOT),
    Case(
        "which lasts a minute after it was last seen, and never falls",
        [0.4] * 6 + [0.9] + [0.4] * 7,
        [1] * 6 + [2] * 7 + [1],
        slot=SLOT,
    ),
    Case(
        "and counts what waits while capacity is not there",
        [0.4, 5.0, 4.0, 3.0],
        [1, 10, 16, 20],
        lead=9 * MINUTE,
    ),
    Case("not to less than half", [8.0] * 3 + [0.5], [16, 16, 16, 8], initial=16),
    Case("more than one at first is a panic", [0.5, 0.5, 0.5], [4, 2, 1], initial=4),
    Case("no value, no decision", [0.5, None, None, 0.9], [1, 1, 1, 2]),
    Case(
        "what is known of a minute",
        [*STEADY, *[None] * 5, 5.6],
        [10] * 19 + [12],
        initial=10,
        slot=SLOT,
    ),
    Case("the least", [0.5], [3], initial=1, bounds=Bounds(3, 9)),
    Case("the most", [9.0], [9], bounds=Bounds(3, 9)),
    Case("to zero where it may", [0.5, 0.0], [1, 0], bounds=Bounds(0, 9)),
    Case("from zero", [0.0, 0.5], [0, 1], initial=0, bounds=Bounds(0, 9)),
    Case(
        "a delay takes the most of its time", [0.9, 0.4, 0.4, 0.4], [2, 2, 2, 1], delay=2 * MINUTE
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_knative_orders_what_its_own_code_does(case: Case) -> None:
    """With a target of half an instance, by the slot."""
    peer = KnativeAutoscaler(Settings(0.5, case.delay), case.bounds, case.slot)
    orders = follow(peer, case.loads, initial=case.initial, slot=case.slot, lead=case.lead)
    assert orders == list(case.expect)


def test_peer_knative_counts_what_waits() -> None:
    """One arrives, and one waits: two instances at a target of one."""
    seen = Seen(NOON, 1.0, 1.0, 1, 1, 1)
    assert KnativeAutoscaler(Settings(1.0), BOUNDS, MINUTE).decide(seen) == 2


def tick_by_tick(loads: Sequence[float], slot: timedelta, target: float) -> list[int]:
    """Follow autoscaler.go line by line, each tick of it, with capacity at once."""
    values: list[float] = []
    panic_at, most, ready = -1, 0, 1
    orders = []
    for load in loads:
        number = ready
        for _ in range(slot // TICK):
            values.append(load)
            now = len(values)
            pods = max(1, ready)
            stable, panic = (
                math.ceil(math.fsum(kept) / len(kept) / target)
                for kept in (values[-30:], values[-3:])
            )
            bounded = [min(max(each, pods // 2), 1_000 * pods) for each in (stable, panic)]
            over = panic / pods >= 2
            if over:
                panic_at = now
            elif panic_at >= 0 and panic_at + 30 < now:
                panic_at, most = -1, 0
            number = bounded[0]
            if panic_at >= 0:
                most = max(most, *bounded)
                number = most
            number = min(max(number, 1), 100)
        ready = number
        orders.append(number)
    return orders


@given(
    loads=st.lists(st.integers(0, 40).map(lambda each: each / 8), min_size=1, max_size=25),
    slot=st.sampled_from([10, 12, 20, 30, 60, 120]),
    target=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_peer_knative_leaves_out_no_tick_that_matters(
    loads: list[float], slot: int, target: float
) -> None:
    """The short cut of a calm slot, against every tick."""
    length = timedelta(seconds=slot)
    bounds = Bounds(1, 100)
    short = KnativeAutoscaler(Settings(target), bounds, length)
    ready, orders = 1, []
    for load in loads:
        ready = short.decide(Seen(NOON, load, 0.0, ready, ready, ready))
        orders.append(ready)
    assert orders == tick_by_tick(loads, length, target)


def test_peer_knative_refuses_a_target_of_nothing() -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match="target: got 0, expected a number above 0"):
        Settings(0.0)
