"""Is every field left as it is whose change is worth next to nothing?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from flyball.config.space import Point
from flyball.sim.tune.plain import Plain
from flyball.sim.tune.score import Score, Tried

NOW = (0, 0, 0)
World = Callable[[Point], tuple[float, float]]


def make_score(hours: float, late_ratio: float) -> Score:
    """Make what a run of a thousand requests came to."""
    return Score(hours, 50.0, 1_000.0, 0.0, 1_000 * late_ratio, 0, 1.0)


class Case(NamedTuple):
    """Hours and lateness of a point, where a search ended, a budget, and what is left of it."""

    world: World
    chosen: Point
    budget: float
    plain: Point


CASES = {
    "a field that does nothing": Case(lambda p: (100 - p[0], 0.01), (5, 3, 0), 0.01, (5, 0, 0)),
    "each of two that do nothing": Case(lambda p: (100 - p[0], 0.01), (5, 3, 4), 0.01, (5, 0, 0)),
    "a field that is worth it": Case(lambda p: (100 - p[0] - p[1], 0), (5, 3, 0), 0.01, (5, 3, 0)),
    "less than the slack": Case(lambda p: (100 - p[0] - p[1] / 50, 0), (5, 3, 0), 0.01, (5, 0, 0)),
    "slacks do not add up": Case(
        lambda p: (100 - (p[0] + p[1] + p[2]) / 25, 0), (4, 4, 4), 0.01, (0, 4, 4)
    ),
    "over the budget": Case(
        lambda p: (100 - p[0], 0.02 if p[1] == 0 else 0), (5, 3, 0), 0.01, (5, 3, 0)
    ),
    "no later than what misses the budget itself": Case(
        lambda p: (100 - p[0], 0.05 if p[1] == 0 else 0.04), (5, 3, 2), 0.01, (5, 3, 0)
    ),
    "what is there already": Case(lambda _: (100, 0), NOW, 0.01, NOW),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_worth_nothing_is_left_as_it_is(case: Case) -> None:
    """One field after the other, all held against what the search chose."""
    world, chosen, budget, expected = case
    plain = Plain(Tried(chosen, make_score(*world(chosen))), NOW, budget)
    rounds = 0
    while plain.points:
        plain.take([make_score(*world(point)) for point in plain.points])
        rounds += 1
    assert plain.best.point == expected
    assert plain.best.score == make_score(*world(expected))
    assert rounds <= 4
