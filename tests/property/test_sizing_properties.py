"""Is what is sized never too little, whatever is expected of whatever load test?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.expectation import Expectation, bound_capacity, count_instances
from flyball.sizing.late import LEAST_BUDGET, find_budget, find_risk
from flyball.sizing.limit import Objective
from flyball.sizing.plan import Sizing, Wish, size
from flyball.sizing.rounding import round_down
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.settings import derive_settings

TINY = 1e-6
RATES = st.floats(0.0, 1e5)
HELD = st.floats(0.5, 1e6)
GROWTH = st.floats(1.0, 10.0)
OBJECTIVES = [*Objective, LatencyObjective(100.0, 0.95), LatencyObjective(40.0, 0.99)]


@st.composite
def draw_tests(draw: st.DrawFn) -> Benchmark:
    """Draw a load test with noise in all that it measures."""
    carries = draw(st.floats(10.0, 1e6))
    users = draw(st.booleans())
    steps = []
    for index in range(draw(st.integers(1, 10))):
        noise, hot, slow = (draw(st.floats(0.9, 1.1)) for _ in range(3))
        asked = carries * 0.25 * (index + 1)
        answered = min(asked, carries * noise)
        used = min(1.0, hot * answered / carries * 0.9)
        late = 20.0 * slow + 200.0 * max(0.0, asked / carries - 0.9)
        step = Step(
            answered,
            answered if users else asked,
            index + 1.0 if users else None,
            latency_ms={0.5: late / 2, 0.95: late, 0.99: 2 * late},
            used_ratio={Resource.CPU: used, Resource.MEMORY: min(1.0, 0.3 + used / 10)},
        )
        steps.append(step)
    return Benchmark(tuple(steps), Machine("m", 2, 0, 0.1), "drawn.csv")


def try_size(benchmark: Benchmark, wish: Wish) -> Sizing:
    """Size, where that can be done."""
    try:
        return size(benchmark, wish)
    except (BenchmarkError, ValueError):
        assume(condition=False)
        raise


@given(RATES, st.floats(0.0, 1e4), HELD, st.floats(0.0, 1e4))
def test_more_requests_never_need_fewer_instances(
    rate: float, more: float, held: float, room: float
) -> None:
    """As many as are counted hold them, one fewer do not, and a lower target never needs fewer."""
    count = count_instances(rate, held)
    assert count * held >= rate * 60.0 * (1 - TINY)
    assert count == 0 or (count - 1) * held < rate * 60.0
    assert count_instances(rate + more, held) >= count
    assert count_instances(rate, held + room) <= count


@given(RATES, RATES, GROWTH, GROWTH, st.floats(10.0, 1e6), st.integers(1, 5))
def test_bounds_hold_what_is_expected_and_grow_with_it(
    one: float, other: float, growth: float, more: float, held: float, at_least: int
) -> None:
    """The least at the minimum, the most at the maximum, and never in the wrong order."""
    least, most = sorted((one, other))
    assume(most * 600.0 < held * 1e5 and most > 0.0)
    low, high, needed, _ = bound_capacity(Expectation(least, most, growth), held, at_least)
    assert at_least <= low <= high
    assert needed <= high
    assert low * held >= least * 60.0 * (1 - TINY)
    assert high * held >= most * 60.0 * (1 - TINY)
    assert high >= needed * growth * (1 - TINY)
    grown = bound_capacity(Expectation(least, most * more, growth), held, at_least)
    assert grown.min_capacity == low
    assert grown.max_capacity >= high
    assert bound_capacity(Expectation(least, most, growth * more), held, at_least)[1] >= high


@given(st.floats(0.0, 1e15), st.floats(1.0, 2.0))
def test_what_is_rounded_is_never_more_and_nearly_the_same(value: float, more: float) -> None:
    """Nor does what was less become more; rounded twice it is the same."""
    found = round_down(value)
    assert found <= value * (1 + 1e-8)
    assert found >= value * 0.99
    assert round_down(found) == found
    assert round_down(value * more) >= found


@given(draw_tests(), st.sampled_from(OBJECTIVES), st.floats(0.0, 50.0), GROWTH, st.floats(1, 20))
def test_more_that_is_expected_never_gives_fewer_instances(
    benchmark: Benchmark,
    objective: Objective | LatencyObjective,
    least: float,
    growth: float,
    more: float,
) -> None:
    """An instance is held at no more than it carries, and all of them hold the most."""
    wish = Wish(objective, Expectation(least, least + 10.0, growth), lead_time=timedelta(minutes=2))
    found = try_size(benchmark, wish)
    low, middle, high = found.limit.invocations
    assert 0.0 < low <= middle <= high <= found.saturation.invocations * (1 + 1e-9)
    assert middle <= max(each.answered for each in benchmark.steps)
    settings = derive_settings(found)
    assert settings.max_capacity * settings.invocations >= (least + 10.0) * 60.0 * (1 - TINY)
    greater = Expectation(least * more, (least + 10.0) * more, growth)
    other = try_size(benchmark, Wish(objective, greater, lead_time=timedelta(minutes=2)))
    assert other.capacity.min_capacity >= found.capacity.min_capacity
    assert other.capacity.max_capacity >= found.capacity.max_capacity
    assert other.limit == found.limit


@given(draw_tests())
def test_an_objective_that_leaves_more_room_never_holds_an_instance_at_more(
    benchmark: Benchmark,
) -> None:
    """Availability, balanced, cost, in that order."""
    expected = Expectation(1.0, 10.0)
    held = [
        try_size(benchmark, Wish(each, expected)).limit.invocations.middle
        for each in (Objective.AVAILABILITY, Objective.BALANCED, Objective.COST)
    ]
    assert held == sorted(held)


@pytest.mark.parametrize("cv", [1e-300, 1e-7, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("risk", [1e-12, 0.05, 0.999_999])
@pytest.mark.parametrize(("items", "places"), [(1, 1), (1_000_000, 7), (3, 1_000)])
def test_the_budget_of_a_risk_is_found(cv: float, risk: float, items: int, places: int) -> None:
    """However little or much times vary, and whatever is risked."""
    budget = find_budget(items, places, cv, risk)
    assert find_risk(items, places, budget * (1 + 1e-5), cv) <= risk
    is_least = budget < 2 * LEAST_BUDGET
    assert is_least or find_risk(items, places, budget * (1 - 1e-5), cv) > risk * (1 - 1e-2)
