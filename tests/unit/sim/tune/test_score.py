"""Is what is chosen the cheapest within the budget, and the frontier what nothing beats?"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.tune.score import Score, Tried, add_up, find_frontier, pick


def make_tried(number: int, hours: float, late: float, changes: int = 0) -> Tried:
    """Make a point of a thousand requests."""
    return Tried((number,), Score(hours, 10.0, 1_000.0, 0.0, late, changes, 1.0))


class Case(NamedTuple):
    """Points as (hours, late, changes), a budget, and which is chosen."""

    points: tuple[tuple[float, float, int], ...]
    budget: float
    chosen: int


CASES = {
    "the cheapest that keeps it": Case(((9, 0, 0), (7, 9, 0), (5, 11, 0)), 0.01, 1),
    "the budget itself keeps it": Case(((9, 0, 0), (5, 10, 0)), 0.01, 1),
    "of two as cheap the less late": Case(((5, 9, 0), (5, 3, 0)), 0.01, 1),
    "of two alike the one with fewer changes": Case(((5, 9, 8), (5, 9, 2)), 0.01, 1),
    "of two alike in all what holds now": Case(((5, 9, 2), (5, 9, 2)), 0.01, 0),
    "none keeps it: the least late": Case(((5, 40, 0), (9, 20, 0), (7, 30, 0)), 0.01, 1),
    "none keeps it: of two as late the cheaper": Case(((9, 20, 0), (7, 20, 0)), 0.01, 1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_chosen_is_the_cheapest_within_the_budget(case: Case) -> None:
    """Else the least late."""
    tried = [make_tried(number, *point) for number, point in enumerate(case.points)]
    assert pick(tried, case.budget) == tried[case.chosen]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_the_frontier_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    """Each pair of cost and lateness once, the cheapest first; whatever is left out is beaten."""
    tried = [make_tried(number, *point) for number, point in enumerate(points)]
    found = [(each.score.hours, each.score.late) for each in find_frontier(tried)]
    beaten = {
        (hours, late)
        for hours, late in points
        if any(o != (hours, late) and o[0] <= hours and o[1] <= late for o in points)
    }
    assert found == sorted(set(points) - beaten)


def test_nothing_divides_by_nothing() -> None:
    """Without requests nobody is late; without days nothing changes."""
    none = add_up([])
    assert (none.cost_ratio, none.late_ratio, none.changes_a_day) == (0, 0, 0)
    assert add_up([Score(1, 2, 3, 4, 5, 6, 7), Score(1, 1, 1, 1, 1, 1, 1)]) == (
        2, 3, 4, 5, 6, 7, 8,
    )  # fmt: skip
