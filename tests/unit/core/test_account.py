"""Is the cheapest shadow that keeps the budget chosen, and the account kept?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.account import (
    DEARER,
    INNER_RATIO,
    SAFETY_RATIO,
    Account,
    Choice,
    Record,
    Why,
    allow,
    book,
    choose,
)

DAY = 1440
BUDGET = 0.01
OLD = Account(known=9 * DAY, minutes=1000.0, demand=10_000.0, mean=10.0, tracked=50.0)
INNER = BUDGET * INNER_RATIO * SAFETY_RATIO
"""What is allowed of the budget while the account is even."""


@dataclass(frozen=True, slots=True)
class Case:
    """Three shadows, the first the most careful, and who of them is followed."""

    id: str
    account: Account
    late_ratios: tuple[float, ...]
    costs: tuple[float, ...]
    why: Why
    shadow: int
    runner_up: int | None = None
    changes: tuple[float, ...] = (0.0, 0.0, 0.0)
    worst_ratios: tuple[float, ...] = (0.0, 0.0, 0.0)
    cost_limit: float | None = None


CASES = (
    Case("too little was seen", OLD._replace(known=DAY - 1), (0, 0, 0), (3, 2, 1), Why.COLD, 0),
    Case("nothing was demanded", Account(known=9000), (0, 0, 0), (3, 2, 1), Why.COLD, 0),
    Case("the cheapest that keeps it", OLD, (0.001, 0.006, 0.02), (15, 13, 11), Why.CHEAPEST, 1, 0),
    Case("only one keeps it", OLD, (0.001, 0.008, 0.02), (13, 12, 11), Why.CHEAPEST, 0),
    Case(
        "what is owed is paid back",
        OLD._replace(balance=-300.0),
        (0.001, 0.006, 0.02),
        (13, 12, 11),
        Why.CHEAPEST,
        0,
    ),
    Case(
        "what is saved is spent",
        OLD._replace(balance=900.0),
        (0.001, 0.006, 0.02),
        (13, 12, 11),
        Why.CHEAPEST,
        2,
        1,
    ),
    Case(
        "one spike is not worth any price",
        OLD,
        (0.001, 0.09, 0.02),
        (40, 12, 11),
        Why.LEAST_LATE,
        2,
        worst_ratios=(0.0, 0.082, 0.012),
    ),
    Case(
        "who would keep the budget without its worst day says what may be paid",
        OLD,
        (0.001, 0.02, 0.09),
        (14, 13, 11.5),
        Why.CHEAPEST,
        0,
        worst_ratios=(0.0, 0.001, 0.082),
    ),
    Case(
        "what comes back on another day is worth it",
        OLD,
        (0.001, 0.09, 0.02),
        (40, 12, 11),
        Why.CHEAPEST,
        0,
        worst_ratios=(0.0, 0.045, 0.009),
    ),
    Case(
        "on the first two days any price is paid",
        OLD._replace(known=2 * DAY - 1),
        (0.001, 0.09, 0.02),
        (40, 12, 11),
        Why.CHEAPEST,
        0,
        worst_ratios=(0.0, 0.082, 0.012),
    ),
    Case(
        "two hours are too few to doubt the careful one",
        OLD._replace(known=119),
        (0.5, 0.0, 0.0),
        (13, 14, 11),
        Why.COLD,
        0,
    ),
    Case(
        "on the first day a careful one that was not late is followed, however dear",
        OLD._replace(known=DAY - 1),
        (0.008, 0.0, 0.0),
        (40, 14, 11),
        Why.COLD,
        0,
    ),
    Case(
        "where it was late, the cheapest that was not and is no cheaper",
        OLD._replace(known=120),
        (0.009, 0.0, 0.008),
        (12, 14, 13),
        Why.WARY,
        2,
    ),
    Case(
        "where all were late, the least late that is no cheaper",
        OLD._replace(known=DAY - 1),
        (0.09, 0.02, 0.01),
        (12, 14, 11),
        Why.WARY,
        1,
    ),
    Case(
        "on the first day too nobody is followed above the user's limit of cost",
        OLD._replace(known=DAY - 1),
        (0.09, 0.0, 0.02),
        (12, 14, 13),
        Why.WARY,
        2,
        cost_limit=13.5,
    ),
    Case(
        "where the careful one is above it, the least late that is not",
        OLD._replace(known=DAY - 1),
        (0.0, 0.04, 0.03),
        (12, 10, 9),
        Why.LEAST_LATE,
        2,
        cost_limit=11.0,
    ),
    Case(
        "where all are above it, the cheapest",
        OLD._replace(known=DAY - 1),
        (0.0, 0.02, 0.04),
        (12, 10, 9),
        Why.CAPPED,
        2,
        cost_limit=5.0,
    ),
    Case(
        "where none is dearer, the careful one itself",
        OLD._replace(known=DAY - 1),
        (0.09, 0.02, 0.01),
        (15, 14, 11),
        Why.WARY,
        0,
    ),
    Case(
        "none keeps it, two are late alike",
        OLD,
        (0.0199, 0.02, 0.03),
        (13, 12, 11),
        Why.LEAST_LATE,
        1,
        0,
    ),
    Case(
        "who changes too often is not followed",
        OLD,
        (0.001, 0.006, 0.006),
        (13, 12, 11),
        Why.CHEAPEST,
        1,
        0,
        changes=(9.0, 9.0, 90.0),
    ),
    Case(
        "unless everybody else is many times as dear",
        OLD,
        (0.001, 0.006, 0.006),
        (50, 48, 11),
        Why.CHEAPEST,
        2,
        changes=(9.0, 9.0, 90.0),
    ),
    Case(
        "where all change too often, the calmest is",
        OLD,
        (0.001, 0.006, 0.006),
        (13, 12, 12),
        Why.CHEAPEST,
        1,
        2,
        changes=(99.0, 90.0, 99.0),
    ),
    Case(
        "the user's limit of cost holds",
        OLD,
        (0.001, 0.009, 0.02),
        (13, 12, 11),
        Why.LEAST_LATE,
        1,
        cost_limit=12.5,
    ),
    Case(
        "even the cheapest is above it",
        OLD,
        (0.001, 0.009, 0.02),
        (13, 12, 11),
        Why.CAPPED,
        2,
        1,
        cost_limit=5.0,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_choice_follows_its_rules(case: Case) -> None:
    """Who is followed, why, and who came next."""
    record = Record(
        [ratio * case.account.demand for ratio in case.late_ratios],
        [cost * case.account.minutes for cost in case.costs],
        case.changes,
        (0.0, 0.0, 0.0),
        [ratio * case.account.demand for ratio in case.worst_ratios],
    )
    choice = choose(case.account, record, BUDGET, case.cost_limit, careful=0)
    assert (choice.why, choice.shadow, choice.runner_up) == (case.why, case.shadow, case.runner_up)


def test_a_choice_says_its_numbers() -> None:
    """Share, cost and limit are per minute, as a reader compares them."""
    record = Record([10.0, 60.0], [14_000.0, 12_000.0], [0.0] * 2, [0.0] * 2, [0.0] * 2)
    choice = choose(OLD, record, BUDGET, None, careful=0)
    assert choice.allowed_ratio == pytest.approx(INNER)
    assert choice._replace(allowed_ratio=0.0) == Choice(
        Why.CHEAPEST, 1, 0.006, 12.0, 0, 0.001, 14.0, 0.0, 12_000.0 * DEARER / OLD.minutes
    )


def test_less_is_allowed_in_the_first_week() -> None:
    """After a day a quarter is held back, after half a week a seventh, then nothing."""
    young = OLD._replace(known=DAY)
    assert allow(young, BUDGET) == pytest.approx(INNER * (1 - 0.3 * 6 / 7))
    assert allow(young._replace(known=7 * DAY // 2), BUDGET) == pytest.approx(INNER * 0.85)
    assert allow(OLD, BUDGET) == pytest.approx(INNER)


def test_a_fifth_of_the_budget_is_always_allowed() -> None:
    """However much is owed; to be never late has no price."""
    assert allow(OLD._replace(balance=-1e9), BUDGET) == pytest.approx(BUDGET * INNER_RATIO / 5)


def test_the_account_saves_what_is_not_late() -> None:
    """A quarter of ten instances, one instance-minute late."""
    account = book(OLD, (10.0,) * 15, 1.0, 2, BUDGET)
    assert account.balance == pytest.approx(150 * BUDGET * INNER_RATIO - 1.0)
    assert account.known == OLD.known + 15
    assert account.mean == pytest.approx(10.0)
    assert account.minutes == pytest.approx(1000 * 2 ** (-15 / 10_080) + 15)
    assert 51.9 < account.tracked < 52


def test_nobody_saves_or_owes_more_than_ten_days() -> None:
    """A month without lateness does not pay for a day of it, nor the other way round."""
    most = 10 * DAY * 10.0 * BUDGET * INNER_RATIO
    quarter = (10.0,) * 15
    assert book(OLD, quarter, 1e6, 0, BUDGET).balance == pytest.approx(-most)
    assert book(OLD._replace(balance=1e6), quarter, 0.0, 0, BUDGET).balance == pytest.approx(most)


def test_the_first_day_is_not_booked() -> None:
    """What was late before anything was known is not paid back; the next minute is."""
    quarter = (10.0,) * 15
    young = Account(known=DAY - 15, mean=10.0)
    assert book(young, quarter, 100.0, 0, BUDGET).balance == 0.0
    assert book(young._replace(known=DAY - 14), quarter, 100.0, 0, BUDGET).balance < 0.0


def test_a_quarter_of_gaps_is_no_entry() -> None:
    """Nothing known, nothing booked."""
    assert book(OLD, (), 0.0, 1, BUDGET) == OLD
