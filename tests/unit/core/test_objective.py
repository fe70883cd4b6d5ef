"""The budget that is aimed at moves until the latency that is measured keeps the user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from flyball.core.objective import LEAST_FACTOR, MOST_FACTOR, Objective, aim, share, take


def live(is_over: Callable[[int], bool], minutes: int, budget: float = 0.01) -> Objective:
    """Take in so many minutes."""
    objective = Objective()
    for minute in range(minutes):
        objective = take(objective, minute, is_over=is_over(minute), late_budget_ratio=budget)
    return objective


def test_nothing_is_known_at_first() -> None:
    """So the user's budget is aimed at."""
    assert share(Objective()) is None
    assert aim(Objective(), 0.01) == 0.01


@dataclass(frozen=True)
class Case:
    """How often a latency is over, and what the budget is multiplied by after two hours."""

    id: str
    is_over: Callable[[int], bool]
    factor: float


CASES = (
    Case("always", lambda _: True, 0.8**8),
    Case("never", lambda _: False, 1.05**8),
    Case("just_as_often_as_it_may", lambda minute: minute % 120 == 0, 0.8**6),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_budget_moves_once_in_fifteen_minutes(case: Case) -> None:
    """Down by a fifth, or up by a twentieth."""
    assert live(case.is_over, 120).factor == pytest.approx(case.factor)


def test_a_share_within_the_budget_moves_nothing() -> None:
    """Between seven tenths of it and all of it there is no room to spare."""
    assert live(lambda minute: minute % 7 == 0, 30, budget=0.22).factor == 1.0


def test_the_factor_is_bounded() -> None:
    """What is aimed at is never nothing, and never most of it."""
    assert live(lambda _: True, 6_000).factor == LEAST_FACTOR
    assert live(lambda _: False, 6_000).factor == MOST_FACTOR
    assert aim(Objective(factor=LEAST_FACTOR), 0.0002) == 0.0001
    assert aim(Objective(factor=MOST_FACTOR), 0.4) == 0.5


def test_a_share_forgets() -> None:
    """Half of it in a day."""
    day = live(lambda minute: minute < 1440, 2880)
    assert share(day) == pytest.approx(1 / 3, abs=0.001)
