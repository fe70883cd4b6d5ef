"""Do the promises of the adaptive policy hold, whatever is demanded?"""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.core.memoir import decode_state, encode_state
from flyball.core.portfolio import Goal, State, absorb, want

STATE_BYTES = 8_000
WIDE_BYTES = 22_000
"""With a lead time of half an hour, and a million instances."""
DEMAND = st.one_of(
    st.none(),
    st.just(0.0),
    st.floats(0.0, 30.0),
    st.floats(0.0, allow_nan=False),
    st.sampled_from([1e-300, 1e7, 1e300, math.inf]),
)
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 1, 2, 40, 400, 5000]), DEMAND, st.integers(1, 25)),
    min_size=1,
    max_size=5,
)
"""How many minutes further, what is demanded there, and for how many minutes."""
GOALS = st.builds(
    lambda ratio, least, more, cost, lead, delay: Goal(
        ratio, least, min(1_000_000, least + more), cost, lead, delay
    ),
    st.floats(1e-6, 0.999),
    st.integers(1, 300),
    st.one_of(st.integers(0, 300), st.just(1_000_000)),
    st.one_of(st.none(), st.floats(1e-3, 1e6)),
    st.integers(0, 30),
    st.integers(0, 5),
)


def _minutes(steps: list[tuple[int, float | None, int]]) -> list[tuple[int, float | None]]:
    found, minute = [], 29_000_000
    for gap, demand, count in steps:
        for _ in range(count):
            minute += gap if gap < 60 else 1
            found.append((minute, demand))
        minute += gap
    return found


def _size(state: State) -> int:
    return len(json.dumps(encode_state(state), separators=(",", ":"), allow_nan=False))


@settings(deadline=None, max_examples=25)
@given(STEPS, GOALS, GOALS)
def test_what_is_wanted_is_a_number_within_bounds(
    steps: list[tuple[int, float | None, int]], goal: Goal, other: Goal
) -> None:
    """Whatever came, whatever the goal was before: finite, within bounds, and in bounded room."""
    state = State()
    minutes = _minutes(steps)
    for index, (minute, demand) in enumerate(minutes):
        now = goal if 2 * index < len(minutes) else other
        state = absorb(state, now, minute, demand)
        found = want(state, now)
        if found is not None:
            assert now.least <= found.instances <= now.most
            assert math.isfinite(found.budget_left)
            assert found.known_minute <= minute
    assert _size(state) <= WIDE_BYTES


@settings(deadline=None, max_examples=25)
@given(STEPS)
def test_a_state_is_read_as_it_was_written(steps: list[tuple[int, float | None, int]]) -> None:
    """To the bit, and with the default lead time and some hundred instances under 8 kB."""
    goal = Goal(most=500)
    state = State()
    for minute, demand in _minutes(steps):
        state = absorb(state, goal, minute, demand)
    assert decode_state(json.loads(json.dumps(encode_state(state)))) == state
    assert _size(state) <= STATE_BYTES


@settings(deadline=None, max_examples=25)
@given(STEPS, st.sets(st.integers(0, 299)))
def test_gaps_may_be_told_or_passed_over(
    steps: list[tuple[int, float | None, int]], told: set[int]
) -> None:
    """An unknown minute that is told, and one that nobody mentions, leave the same state.

    Only a minute before the first known one, or after the last, may make a difference: of time.
    """
    goal = Goal(most=500)
    minutes = [*_minutes(steps), (29_900_000, 1.0)]
    once = State()
    for minute, demand in minutes:
        if demand is not None:
            once = absorb(once, goal, minute, demand)
    often = State()
    for index, (minute, demand) in enumerate(minutes):
        if demand is not None or index in told:
            often = decode_state(encode_state(absorb(often, goal, minute, demand)))
    assert often == once


@settings(deadline=None, max_examples=15)
@given(STEPS, st.floats(0.0, 400.0), st.floats(0.0, 400.0))
def test_more_demand_wants_no_less(
    steps: list[tuple[int, float | None, int]], one: float, other: float
) -> None:
    """Within a quarter, of two newest minutes the busier one wants at least as much."""
    goal = Goal(most=500)
    state = State()
    for minute, demand in _minutes(steps):
        state = absorb(state, goal, minute, demand)
    if state.minute % 15 == 13:  # the next minute would choose again
        state = absorb(state, goal, state.minute + 1, None)
    low, high = (
        want(absorb(state, goal, max(0, state.minute) + 1, demand), goal)
        for demand in sorted((one, other))
    )
    assert low is not None
    assert high is not None
    assert low.instances <= high.instances
