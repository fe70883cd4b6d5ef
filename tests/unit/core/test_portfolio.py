"""Does the adaptive policy keep its budget, explain itself, and forget what it should?"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Any

import pytest

from flyball.core.account import Why
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.portfolio import CAREFUL, NAMES, PORTFOLIO, Goal, State, Wanted, absorb, want

DAY = 1440
GOAL = Goal(most=200)


def _live(
    demand: list[float | None], goal: Goal = GOAL, state: State | None = None
) -> tuple[State, list[int]]:
    """Let it see minute after minute; say what it wants after each known one."""
    state = State() if state is None else state
    wanted = []
    for minute, value in enumerate(demand, start=state.minute + 1):
        state = absorb(state, goal, minute, value)
        found = want(state, goal)
        wanted.append(0 if found is None else found.instances)
    return state, wanted


def _wanted(state: State, goal: Goal = GOAL) -> Wanted:
    found = want(state, goal)
    assert found is not None
    return found


def _daily(days: float, seed: int = 1, mean: float = 10.0) -> list[float | None]:
    """Make a daily cycle with some noise, instances a minute."""
    chance = random.Random(seed)
    return [
        mean * (1 - 0.6 * math.cos(2 * math.pi * minute / DAY)) * math.exp(chance.gauss(0.0, 0.05))
        for minute in range(int(days * DAY))
    ]


def test_nothing_known_is_nothing_wanted() -> None:
    """Gaps before the first minute are not a reason to want anything."""
    state = absorb(State(), GOAL, 5, None)
    assert want(state, GOAL) is None
    assert state == State()


def test_it_begins_carefully() -> None:
    """The first day follows a shadow that adds many errors, whatever is cheap."""
    state, wanted = _live(_daily(0.99))
    found = _wanted(state)
    assert found.choice.why is Why.COLD
    assert found.shadow == NAMES[CAREFUL]
    assert wanted[0] == math.ceil((_daily(1)[0] or 0.0) * (1 + 5.5 * 0.05))


def test_it_says_why() -> None:
    """After two days: who is followed, its numbers, the next, the forecast and its error."""
    state, _ = _live(_daily(2.002))
    found = _wanted(state)
    choice = found.choice
    assert choice.why is Why.CHEAPEST
    assert found.shadow == NAMES[choice.shadow]
    assert choice.runner_up is not None
    assert found.runner_up == NAMES[choice.runner_up]
    assert choice.late_ratio <= choice.allowed_ratio
    assert found.known_minute == state.minute
    assert found.forecast == pytest.approx(4.0, rel=0.2)
    assert found.scale == pytest.approx(0.05, rel=0.5)
    assert found.quantile == PORTFOLIO[choice.shadow].quantile
    assert found.backlog == 0.0


def test_a_floor_is_said_where_there_is_one() -> None:
    """A shadow that keeps for a past maximum says which demand that was."""
    state, _ = _live(_daily(0.262))
    books = state.books
    assert books is not None
    floored = next(index for index, shadow in enumerate(PORTFOLIO) if shadow.floor)
    chosen = replace(
        state, books=books._replace(choice=books.choice._replace(shadow=floored, runner_up=None))
    )
    found = _wanted(absorb(chosen, GOAL, chosen.minute + 1, 5.0))
    assert found.floor is not None
    assert found.runner_up is None
    gap = _wanted(absorb(chosen, GOAL, chosen.minute + 1, None))
    assert (gap.floor, gap.forecast, gap.scale) == (None, None, None)


def test_a_gap_wants_what_was_wanted() -> None:
    """Half a day without metrics lets nothing go, and teaches nothing."""
    state, wanted = _live(_daily(1.5))
    after, blind = _live([None] * 700, state=state)
    assert set(blind) == {wanted[-1]}
    assert after.forecast.scales == state.forecast.scales
    assert after.known_minute == state.minute
    assert _wanted(after).known_minute == state.minute


def test_minutes_of_the_past_change_nothing() -> None:
    """What was absorbed is not absorbed again."""
    state, _ = _live(_daily(0.1))
    assert absorb(state, GOAL, state.minute, 99.0) is state
    assert absorb(state, GOAL, state.minute - 7, 99.0) is state


@pytest.mark.parametrize("demand", [None, -1.0, float("nan")])
def test_what_cannot_be_is_unknown(demand: float | None) -> None:
    """A negative demand, or none that is a number, is a gap."""
    state, _ = _live(_daily(0.1))
    minute = state.minute + 1
    assert absorb(state, GOAL, minute, demand) == absorb(state, GOAL, minute, None)


@pytest.mark.parametrize("gap", [1, 15, 1000, 3 * DAY + 1, 4 * DAY + 77])
def test_a_late_wake_is_as_good_as_many(gap: int) -> None:
    """A gap absorbed at once and one absorbed minute by minute leave the same state."""
    state, _ = _live(_daily(1.1))
    late = absorb(state, GOAL, state.minute + gap, 7.0)
    steps = state
    for minute in range(state.minute + 1, state.minute + gap):
        steps = absorb(steps, GOAL, minute, None)
    assert absorb(steps, GOAL, steps.minute + 1, 7.0) == late


def test_the_budget_is_kept_on_days_like_others() -> None:
    """Five days of a daily cycle: under 1 % late after the first, at under 1.3 of the demand."""
    demand = _daily(5, seed=4)
    _, wanted = _live(demand)
    late, cost = _score(demand, wanted, DAY)
    assert late <= 0.01
    assert cost <= 1.3


def test_a_spike_is_paid_for_one_day_not_for_a_week() -> None:
    """Five hours of six times the demand; a day later it costs what it did before."""
    demand = _daily(5.5, seed=5)
    start = 2 * DAY + 600
    demand[start : start + 300] = [6 * (value or 0.0) for value in demand[start : start + 300]]
    _, wanted = _live(demand)
    before = sum(wanted[DAY : 2 * DAY])
    after = sum(wanted[start + 300 + DAY : start + 300 + 2 * DAY])
    assert max(wanted) > 60
    assert after <= 1.25 * before


def test_bursts_that_come_back_are_kept_for() -> None:
    """Ten a day of three times the demand, at once: under 1 % late from the third day on."""
    chance = random.Random(3)
    demand = _daily(5, seed=5)
    for part in range(0, len(demand), 144):
        begin = part + chance.randrange(124)
        demand[begin : begin + 20] = [3 * (value or 0.0) for value in demand[begin : begin + 20]]
    _, wanted = _live(demand)
    late, cost = _score(demand, wanted, 2 * DAY)
    assert late <= 0.01
    assert cost <= 5.0


def test_more_budget_costs_less() -> None:
    """A user who lets more be late pays less for it."""
    demand = _daily(3, seed=6)
    costs = [
        sum(_live(demand, Goal(late_budget_ratio=ratio, most=200))[1][DAY:])
        for ratio in (0.002, 0.1)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 1.03 * costs[-1]


def test_bounds_and_cost_are_kept() -> None:
    """Neither fewer than the least, nor more than the most; and a mean that is not passed."""
    demand = _daily(2.5, seed=7)
    _, wanted = _live(demand, Goal(least=6, most=12))
    assert (min(wanted), max(wanted)) == (6, 12)
    _, usual = _live(demand)
    free = sum(usual[2 * DAY :]) / (DAY / 2)
    state, capped = _live(demand, Goal(most=200, cost_limit=0.97 * free))
    assert sum(capped[2 * DAY :]) < sum(usual[2 * DAY :])
    assert _wanted(state).choice.cost_limit == pytest.approx(0.97 * free)


def test_bounds_may_change_at_any_time() -> None:
    """The next answer keeps the new ones."""
    state, _ = _live(_daily(1))
    for goal in (Goal(least=50, most=60), Goal(most=2), Goal(most=CAPACITY_LIMIT)):
        _, wanted = _live([5.0, 30.0, 5.0], goal, state)
        assert all(goal.least <= value <= goal.most for value in wanted)


@pytest.mark.parametrize(("lead", "delay"), [(0, 0), (1, 1), (9, 2), (30, 5), (60, 3)])
def test_another_lead_time_breaks_nothing(lead: int, delay: int) -> None:
    """What was learned with one lead time goes on with another, and back."""
    state, _ = _live(_daily(1.01))
    goal = Goal(most=200, lead_minutes=lead, delay_minutes=delay)
    state, wanted = _live(_daily(0.2, seed=2, mean=12.0), goal, state)
    assert all(1 <= value <= 100 for value in wanted)
    _, wanted = _live(_daily(0.1, seed=3), GOAL, state)
    assert all(1 <= value <= 100 for value in wanted)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field of a goal, and what it may not hold."""

    field: str
    value: Any


@pytest.mark.parametrize(
    "case",
    [
        Refusal("late_budget_ratio", 0.0),
        Refusal("late_budget_ratio", 1.0),
        Refusal("late_budget_ratio", math.nan),
        Refusal("least", 0),
        Refusal("most", 0),
        Refusal("cost_limit", 0.0),
        Refusal("cost_limit", math.inf),
        Refusal("lead_minutes", 63),
        Refusal("lead_minutes", -1),
        Refusal("delay_minutes", -1),
    ],
    ids=lambda case: f"{case.field}={case.value}",
)
def test_a_goal_that_cannot_be_is_refused(case: Refusal) -> None:
    """The field is named."""
    with pytest.raises(ValueError, match=case.field):
        replace(Goal(), **{case.field: case.value})


def _score(demand: list[float | None], wanted: list[int], begin: int) -> tuple[float, float]:
    """Say what was late, and billed instances ÷ demand, with four minutes of lead."""
    orders = [wanted[0], wanted[0], *wanted[:-2]]
    backlog = late = total = 0.0
    for minute, value in enumerate(demand):
        arrived = value or 0.0
        capacity = min(orders[max(0, minute - 4) : minute + 1])
        over = arrived + backlog - capacity
        if minute >= begin:
            behind = backlog > 0.02 * capacity
            late += arrived if behind else max(0.0, min(arrived, over))
            total += arrived
        backlog = max(0.0, over)
    return late / total, sum(orders[begin:]) / total
