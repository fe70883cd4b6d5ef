"""Is a state of the adaptive policy read again to the bit, in little room?"""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from flyball.core.account import Why
from flyball.core.memoir import decode_state, encode_state
from flyball.core.portfolio import CAREFUL, Goal, State, absorb, want

GOAL = Goal(most=200)
MOST_BYTES = 8_000


def _text(state: State) -> str:
    return json.dumps(encode_state(state), separators=(",", ":"), allow_nan=False)


def _live(minutes: int, scale: float = 10.0) -> State:
    chance = random.Random(8)
    state = State()
    for minute in range(minutes):
        state = absorb(state, GOAL, minute, scale * chance.expovariate(1.0))
    return state


@pytest.mark.parametrize("minutes", [0, 1, 14, 15, 44, 1700])
def test_what_is_read_is_what_was_written(minutes: int) -> None:
    """And what is absorbed after it, too."""
    state = _live(minutes)
    read = decode_state(json.loads(_text(state)))
    assert read == state
    assert absorb(read, GOAL, minutes, 3.3) == absorb(state, GOAL, minutes, 3.3)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 10.0, 1e12])
def test_it_takes_little_room(scale: float) -> None:
    """Under 8 kB in the last minute of a quarter, and never with a number that JSON lacks."""
    state = _live(1709, scale)
    assert len(_text(state)) <= MOST_BYTES


def test_more_instances_take_more_room() -> None:
    """Past 65,535 each order takes four bytes instead of two, and is read all the same."""
    goal = Goal(most=1_000_000)
    state = State()
    for minute in range(40):
        state = absorb(state, goal, minute, 70_000.0)
    found = want(decode_state(json.loads(_text(state))), goal)
    assert found == want(state, goal)
    assert found is not None
    assert found.instances > 70_000
    assert len(_text(state)) <= 1.4 * MOST_BYTES


def test_another_portfolio_begins_again_with_what_is_owed() -> None:
    """Shadows of another version are forgotten; forecasts, orders and the balance are not."""
    state = _live(1700)
    value: dict[str, Any] = json.loads(_text(state))
    value["books"]["portfolio"] += 1
    read = decode_state(value)
    assert state.books is not None
    assert read.books is not None
    assert read.forecast == state.forecast
    assert read.books.own == state.books.own
    assert read.books.account.balance == state.books.account.balance
    assert (read.books.choice.why, read.books.choice.shadow) == (Why.COLD, CAREFUL)
    found = want(absorb(read, GOAL, 1700, 20.0), GOAL)
    assert found is not None
    assert found.instances >= 20


def _drop(value: dict[str, Any]) -> None:
    del value["rows"]


def _cut(value: dict[str, Any]) -> None:
    value["rows"] = value["rows"][:8]


def _cut_day(value: dict[str, Any]) -> None:
    value["day"][0] = ""


def _cut_sums(value: dict[str, Any]) -> None:
    value["books"]["sums"] = value["books"]["sums"][:16]


def _cut_courses(value: dict[str, Any]) -> None:
    value["books"]["courses"] = ""


def _cut_minutes(value: dict[str, Any]) -> None:
    value["forecast"][2] = value["forecast"][2][:4]


def _cut_forecasts(value: dict[str, Any]) -> None:
    value["forecast"][3] = value["forecast"][3][:8]


def _no_base64(value: dict[str, Any]) -> None:
    value["forecast"][2] = "?"


def _unknown_word(value: dict[str, Any]) -> None:
    value["books"]["choice"][0] = "luck"


def _short(value: dict[str, Any]) -> None:
    value["books"]["tracker"] = [1]


@pytest.mark.parametrize(
    "harm",
    [
        _drop,
        _cut,
        _cut_day,
        _cut_sums,
        _cut_courses,
        _cut_minutes,
        _cut_forecasts,
        _no_base64,
        _unknown_word,
        _short,
    ],
)
def test_what_is_no_state_is_refused(harm: Any) -> None:
    """With what to do about it."""
    value: dict[str, Any] = json.loads(_text(_live(1700)))
    harm(value)
    with pytest.raises(ValueError, match="state of the adaptive policy: .*; delete it"):
        decode_state(value)


def test_nothing_learned_is_no_number_that_json_lacks() -> None:
    """An empty state has no NaN outside its packed columns."""
    assert not any(
        isinstance(value, float) and math.isnan(value) for value in encode_state(State()).values()
    )
