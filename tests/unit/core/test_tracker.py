"""Does the tracker change capacity when target tracking at 70 % would?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.shadow import Stretch
from flyball.core.tracker import Tracker, track
from tests.unit.core.stretches import stretch_of

NAN = float("nan")
AT_TEN = Tracker(0, 0, 5, (10,) * 6)


@dataclass(frozen=True, slots=True)
class Case:
    """What is demanded of ten instances, and what becomes of them."""

    id: str
    demand: tuple[float, ...]
    capacity: int
    changes: int


CASES = (
    Case("two minutes above are too few", (9.0, 9.0), 10, 0),
    Case("three minutes above scale out to 70 %", (9.0, 9.0, 9.0), 13, 1),
    Case("fourteen minutes below are too few", (3.0,) * 14, 10, 0),
    Case("fifteen minutes below scale in", (3.0,) * 15, 5, 1),
    Case("a minute in the band begins the count again", (3.0,) * 14 + (6.5,) + (3.0,) * 14, 10, 0),
    Case("what is to come is not ordered twice", (9.0,) * 9, 13, 1),
    Case("a gap breaches nothing", (9.0, NAN, 9.0), 10, 0),
    Case("no more than the most", (900.0,) * 3, 40, 1),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_changes_as_target_tracking_would(case: Case) -> None:
    """Three of three minutes out, fifteen of fifteen in."""
    tracker, changes = track(AT_TEN, _stretch(case.demand))
    assert (tracker.orders[-1], changes) == (case.capacity, case.changes)
    assert len(tracker.orders) == len(AT_TEN.orders)


def test_a_gap_keeps_the_count() -> None:
    """Two minutes above, a gap and a third are three."""
    tracker, _ = track(AT_TEN, _stretch((9.0, 9.0, NAN)))
    assert tracker.high == 2
    assert track(tracker, _stretch((9.0,)))[1] == 1


def test_scale_in_waits_for_the_cooldown() -> None:
    """Five minutes after a change, and not before."""
    just = AT_TEN._replace(quiet=0, low=15)
    assert track(just, _stretch((3.0,) * 4))[1] == 0
    assert track(just, _stretch((3.0,) * 5))[1] == 1


def _stretch(demand: tuple[float, ...]) -> Stretch:
    return stretch_of(demand, most=40)
