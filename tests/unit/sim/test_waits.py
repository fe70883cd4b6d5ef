"""How long did messages wait: by hand, and message by message?"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.slots import Course, Plant, Run, Seen, run
from flyball.sim.waits import find_waits
from tests.unit.sim.courses import MONDAY

SECOND = timedelta(seconds=1)
NOW = timedelta(0)


class Script:
    """Orders what is written; it counts from the next slot."""

    def __init__(self, orders: Sequence[int]) -> None:
        self._orders = iter(orders)

    def decide(self, seen: Seen) -> int:
        """Give the next one, and then what there is."""
        return next(self._orders, seen.desired)


def make_run(demand: Sequence[float | None], ready: Sequence[int], capacity: float = 60.0) -> Run:
    """Let these many be in service in each minute."""
    course = Course(MONDAY, tuple(demand), capacity)
    plant = Plant((NOW,), NOW, 0, 100, ready[0])
    found = run(course, plant, Script(ready[1:]))
    assert list(found.slots.ready) == list(ready)
    return found


@dataclass(frozen=True)
class Case:
    """Minutes, who is there, and what share waits 30 s at most; then the median and the longest."""

    id: str
    demand: tuple[float | None, ...]
    ready: tuple[int, ...]
    kept: float
    median_s: float
    longest_s: float


CASES = (
    Case("who is enough keeps nobody waiting", (60, 60), (1, 1), 1.0, 0, 0),
    Case("nobody comes", (0, 0), (1, 1), 1.0, 0, 0),
    # Twice too many: the last one waits a minute, one by one a little longer.
    Case("twice too many", (120, 0), (1, 1), 0.5, 30, 60),
    # The 120th comes at 60 s and is done at 80 s; from 90 s on nobody waits.
    Case("the backlog ends within a minute", (120, 60, 0), (1, 3, 1), 1.0, 60 / 3.5, 30),
    Case("nobody is there for a minute", (60, 0), (0, 1), 0.0, 60, 60),
    Case("twice as many come to their help", (60, 0), (0, 2), 0.0, 45, 60),
    Case("never done", (60, 0), (0, 0), 0.0, math.inf, math.inf),
    Case("some are never done", (60, 60, 0), (1, 0, 0), 0.5, 0, math.inf),
    Case("who is left is worked off by who is there", (60, 120), (1, 1), 2 / 3, 15, 60),
    Case("a gap brings nobody", (None, 120, 0), (1, 1, 1), 0.5, 30, 60),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_messages_wait_as_two_curves_say(case: Case) -> None:
    """What is done runs behind what came."""
    waits = find_waits(make_run(case.demand, case.ready))
    assert waits.messages == pytest.approx(sum(each or 0.0 for each in case.demand))
    assert waits.kept_ratio(30 * SECOND) == pytest.approx(case.kept, abs=1e-6)
    assert waits.find(0.5) == pytest.approx(case.median_s, abs=0.01)
    assert waits.find(1.0) == pytest.approx(case.longest_s, abs=0.01)


def test_only_who_came_between_two_slots_counts() -> None:
    """Those before and behind them wait unseen."""
    found = make_run((120, 60, 120, 0), (1, 3, 1, 1))
    waits = find_waits(found, 1, 2)
    assert waits.messages == pytest.approx(60)
    assert waits.find(1.0) == pytest.approx(20, abs=0.01)
    assert find_waits(found, 2, 2).kept_ratio(NOW) == 1.0


def step_through(demand: Sequence[float], ready: Sequence[int], capacity: float) -> list[float]:
    """Let each message come at a time of chance, and each worker take one after another.

    Returns:
        What each waited, in seconds; a worker that is taken away ends its message first.
    """
    chance = random.Random(5)
    arrivals = sorted(
        60 * (minute + chance.random())
        for minute, number in enumerate(demand)
        for _ in range(round(number))
    )
    free: list[tuple[float, int]] = []
    names = count()
    changes = [(60.0 * at, number) for at, number in enumerate(ready)]
    there: set[int] = set()
    waits: list[float] = []
    for at in arrivals:
        while True:
            begins = max(at, free[0][0]) if free else math.inf
            if changes and changes[0][0] <= begins:
                since, number = changes.pop(0)
                while len(there) < number:
                    name = next(names)
                    there.add(name)
                    heapq.heappush(free, (since, name))
                while len(there) > number:
                    there.discard(max(there))
                    free = [each for each in free if each[1] in there]
                    heapq.heapify(free)
                continue
            _, name = heapq.heappop(free)
            heapq.heappush(free, (begins + 60.0 / capacity, name))
            waits.append(begins - at)
            break
    return waits


def test_messages_one_by_one_wait_as_the_fluid_does() -> None:
    """A rush, who comes to help, and who goes again: the shares agree, but for what chance adds."""
    capacity = 120.0
    demand = [300.0] * 10 + [2_400.0] * 5 + [300.0] * 25
    ready = [4] * 14 + [22] * 12 + [5] * 14
    waits = find_waits(make_run(demand, ready, capacity))
    each = step_through(demand, ready, capacity)
    assert len(each) == pytest.approx(waits.messages)
    for limit_s in (2.0, 10.0, 30.0, 60.0, 120.0, 180.0):
        share = sum(wait <= limit_s for wait in each) / len(each)
        assert share == pytest.approx(waits.kept_ratio(limit_s * SECOND), abs=0.01)
    assert max(each) == pytest.approx(waits.find(1.0), rel=0.05)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5)), min_size=1, max_size=30),
    st.integers(0, 600),
)
def test_more_workers_never_keep_fewer(minutes: list[tuple[int, int]], limit_s: int) -> None:
    """And the wait that a share does not exceed is kept by that share."""
    demand, ready = [float(n) for n, _ in minutes], [n for _, n in minutes]
    waits = find_waits(make_run(demand, ready))
    more = find_waits(make_run(demand, [each + 1 for each in ready]))
    assert waits.messages == pytest.approx(sum(demand))
    limit = limit_s * SECOND
    assert more.kept_ratio(limit) >= waits.kept_ratio(limit) - 1e-6
    found = waits.find(0.9)
    if math.isfinite(found):
        assert waits.kept_ratio((found + 0.002) * SECOND) >= 0.9 - 1e-6
    else:
        assert waits.kept_ratio(timedelta(days=300)) < 0.9
