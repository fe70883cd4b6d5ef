"""Is the risk of a late end that of the slowest of many, as a simulation has it?"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.late import find_budget, find_excess, find_risk


@pytest.mark.parametrize(
    ("count", "budget", "cv", "expected"),
    [
        (1, 1.0, 1.0, math.exp(-1)),
        (1, 5.0, 1.0, math.exp(-5)),
        (2, 2.0, 1.0, 3 * math.exp(-2)),
        (3, 0.5, 1.0, math.exp(-0.5) * (1 + 0.5 + 0.125)),
        (1, 1.0, 0.5, math.exp(-4) * (1 + 4 + 8 + 32 / 3)),
        (1, 2.0, math.sqrt(2), math.erfc(1.0)),
        (5, 0.0, 1.0, 1.0),
        (5, -1.0, 1.0, 1.0),
        (5, 4.9, 1e-9, 1.0),
        (5, 5.0, 1e-9, 0.0),
    ],
)
def test_one_place_is_late_as_a_gamma_distribution_says(
    count: int, budget: float, cv: float, expected: float
) -> None:
    """Exponential times, Erlang's and a chi square have closed forms."""
    assert find_excess(count, budget, cv) == pytest.approx(expected, rel=1e-9)


def test_very_many_items_are_as_good_as_normal() -> None:
    """Where the series would be long, what takes its place says the same."""
    for more in (-300.0, 0.0, 300.0, 1_000.0):
        exact, near = (find_excess(n, n + more, 1.0) for n in (100_000, 100_001))
        assert near == pytest.approx(exact, rel=2e-3)
    normal = 0.5 * math.erfc(1.0 / math.sqrt(2))
    assert find_excess(10**8, 10**8 + 10**4, 1.0) == pytest.approx(normal, rel=1e-3)


@dataclass(frozen=True)
class Case:
    """A batch of which the items' times differ."""

    id: str
    items: int
    places: int
    budget: float
    cv: float


CASES = (
    Case("few items each", 30, 10, 5.0, 0.5),
    Case("many items each", 600, 6, 115.0, 1.0),
    Case("a remainder", 31, 10, 5.5, 0.5),
    Case("many places", 800, 200, 7.5, 0.6),
    Case("fewer items than places", 3, 10, 1.5, 0.3),
)
RUNS = 1_500


def simulate(case: Case, *, shares: bool, seed: int = 7) -> float:
    """Deal items out beforehand, or let places draw them as they become free; say how often late.

    Times are gamma distributed.
    """
    chance = random.Random(seed)
    shape, scale = 1 / case.cv**2, case.cv**2
    late = 0
    for _ in range(RUNS):
        ends = [0.0] * case.places
        for item in range(case.items):
            time = chance.gammavariate(shape, scale)
            if shares:
                heapq.heapreplace(ends, ends[0] + time)
            else:
                ends[item % case.places] += time
        late += max(ends) > case.budget
    return late / RUNS


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_simulation_is_late_as_often(case: Case) -> None:
    """Item by item, with the slowest place last: within four standard errors."""
    risk = find_risk(case.items, case.places, case.budget, case.cv)
    assert 0.01 < risk < 0.99
    error = math.sqrt(risk * (1 - risk) / RUNS)
    assert simulate(case, shares=False) == pytest.approx(risk, abs=4 * error)


@pytest.mark.parametrize("case", CASES[:4], ids=lambda case: case.id)
def test_one_queue_for_all_is_late_less_often(case: Case) -> None:
    """Who is free takes the next item: the risk that is told is an upper bound."""
    assert simulate(case, shares=True) < find_risk(case.items, case.places, case.budget, case.cv)


def test_of_many_items_the_distribution_matters_little() -> None:
    """Log-normal times of the same mean and spread are late about as often."""
    cv, each, places, budget = 0.8, 200, 10, 220.0
    chance, sigma = random.Random(3), math.sqrt(math.log(1 + cv**2))
    late = 0
    for _ in range(1_000):
        worst = max(
            math.fsum(chance.lognormvariate(-(sigma**2) / 2, sigma) for _ in range(each))
            for _ in range(places)
        )
        late += worst > budget
    assert late / 1_000 == pytest.approx(find_risk(each * places, places, budget, cv), abs=0.06)


@given(st.integers(1, 500), st.integers(1, 60), st.floats(0.01, 100.0), st.floats(0.01, 5.0))
def test_a_risk_is_one_and_falls_with_time(
    items: int, places: int, budget: float, cv: float
) -> None:
    """More time, or a place more, never makes a late end likelier."""
    risk = find_risk(items, places, budget, cv)
    assert 0.0 <= risk <= 1.0
    assert math.copysign(1.0, risk) == 1.0
    assert find_risk(items, places, budget * 1.1, cv) <= risk + 1e-9
    assert find_risk(items, places + 1, budget, cv) <= risk + 1e-9


@given(
    st.integers(1, 500),
    st.integers(1, 60),
    st.floats(0.05, 3.0),
    st.sampled_from([0.001, 0.05, 0.9]),
)
def test_a_budget_keeps_its_risk(items: int, places: int, cv: float, ratio: float) -> None:
    """With it a late end is just so likely."""
    budget = find_budget(items, places, cv, ratio)
    assert find_risk(items, places, budget, cv) <= ratio
    assert find_risk(items, places, budget * (1 - 1e-5), cv) > ratio
