"""Does a shadow order, hold, drain and come late by the rules of the plant?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.shadow import Course, Shadow, Trail, endure, follow
from tests.unit.core.stretches import stretch_of

NAN = float("nan")
PLAIN = Shadow(0, 10, 0, 0.0)
AT_TEN = Course(0.0, 0, 0, (10,) * 6)


@dataclass(frozen=True, slots=True)
class Case:
    """What is demanded of whom, and what it orders."""

    id: str
    shadow: Shadow
    demand: tuple[float, ...]
    orders: tuple[int, ...]
    late: float = 0.0
    error: float = 0.0
    floor: float = 0.0


CASES = (
    Case("more is ordered at once, for what will wait too", PLAIN, (3.0, 12.5), (10, 18), 2.5),
    Case("a whole number is not rounded up", PLAIN, (10.0, 10.0), (10, 10)),
    Case("less is held", PLAIN, (3.0,) * 9, (10,) * 9),
    Case(
        "after ten minutes the highest of them is kept", PLAIN, (3.0, 5.0) * 6, (10,) * 9 + (5,) * 3
    ),
    Case("errors are added", Shadow(1, 10, 0, 2.5), (8.0,), (12,), error=0.2),
    Case("no more than three forecasts are added", Shadow(1, 10, 0, 8.0), (8.0,), (32,), error=2.0),
    Case("headroom is added besides", Shadow(1, 10, 0, 1.0, 0.5), (8.0,), (14,), error=0.25),
    Case("what was reached is kept", Shadow(2, 10, 3, 0.0), (8.0,), (30,), floor=30.0),
    Case("a floor below is none", Shadow(2, 1, 3, 0.0), (8.0,), (8,), floor=3.0),
    Case("no more than the most", PLAIN, (9.0, 2000.0), (10, 1000), 1990.0),
    Case("nothing is let go in a gap", PLAIN, (3.0,) * 9 + (NAN,) * 5, (10,) * 14),
    Case("a backlog is worked off", PLAIN, (10.0, 13.0, 10.0), (10, 19, 19), 3.0 + 10.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_orders_by_its_rules(case: Case) -> None:
    """Orders after each minute, and what was late meanwhile, are those of a calculation by hand."""
    stretch = stretch_of(case.demand, error=case.error, floor=case.floor)
    trail = follow(case.shadow, AT_TEN, stretch)
    assert tuple(trail.orders[6:]) == case.orders
    assert sum(trail.lates) == pytest.approx(case.late)


def test_an_order_serves_one_lead_after_it_counts() -> None:
    """Known after minute 0, in service in minute 6, which is late for the backlog alone."""
    demand = (12.0,) * 8
    trail = follow(Shadow(0, 10, 0, 0.0, 9.0), AT_TEN, stretch_of(demand))
    assert [late > 0 for late in trail.lates] == [True] * 7 + [False]


def test_who_arrives_behind_a_backlog_is_late() -> None:
    """Two percent of capacity is forgiven, more is not."""
    behind = AT_TEN._replace(backlog=0.2)
    assert follow(PLAIN, behind, stretch_of((5.0,))).lates == [0.0]
    behind = AT_TEN._replace(backlog=0.21)
    trail = follow(PLAIN, behind, stretch_of((5.0,)))
    assert (trail.lates, trail.backlog) == ([5.0], 0.0)


def test_the_short_path_is_the_long_one() -> None:
    """A stretch without lateness says the same in one step as minute by minute."""
    demand = (3.0, 9.0, 4.0, 4.0, 2.0, 8.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    for hold in (3, 5, 40):
        shadow = Shadow(0, hold, 0, 0.0)
        once = follow(shadow, AT_TEN, stretch_of(demand))
        course, orders = AT_TEN, []
        for value in demand:
            trail = follow(shadow, course, stretch_of((value,)))
            orders.append(trail.orders[-1])
            course = Course(trail.backlog, trail.timer, trail.highest, tuple(trail.orders[-6:]))
        assert tuple(once.orders[6:]) == tuple(orders)
        assert (once.timer, once.highest) == (course.timer, course.highest)


def test_demand_above_the_least_order_need_not_be_late() -> None:
    """A dip of capacity that nobody needed costs nothing."""
    course = AT_TEN._replace(orders=(4, 10, 10, 10, 10, 10))
    trail = follow(PLAIN, course, stretch_of((3.0, 9.0, 9.0)))
    assert trail.lates == []


def test_what_was_ordered_is_endured_as_a_shadow_would() -> None:
    """The same orders, the same lateness, gaps left out."""
    demand = (12.0, 11.0, NAN, 3.0, 3.0)
    trail = follow(PLAIN, AT_TEN, stretch_of(demand))
    backlog, late = endure(trail.orders, 0.0, stretch_of(demand))
    assert late == pytest.approx(sum(trail.lates))
    assert backlog == pytest.approx(trail.backlog)


def test_an_order_that_serves_at_once_needs_no_lead() -> None:
    """Lead and delay of none: what is ordered after a minute serves the next."""
    course = Course(0.0, 0, 0, (10,))
    trail = follow(PLAIN, course, stretch_of((12.0, 12.0, 12.0), lead=0, lag=1))
    assert trail == Trail(0.0, 2, 12, [10, 14, 14, 14], [2.0, 12.0, 0.0])


@pytest.mark.parametrize(
    ("shadow", "name"),
    [
        (Shadow(1, 10, 0, 2.5), "blend + 2.5 errors, hold 10 min"),
        (Shadow(0, 40, 3, 1.0, 0.8), "last + 1 errors, headroom 80%, hold 40 min, floor 1 d"),
    ],
)
def test_it_is_named_by_what_it_does(shadow: Shadow, name: str) -> None:
    """The name that a decision shows says all that makes it differ."""
    assert str(shadow) == name
