"""A state that was written is read to the bit, in another process too."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.core import keep
from flyball.core.codec import canonical
from flyball.core.keep import (
    Adapted,
    digest,
    hold,
    read_adapted,
    read_predictor,
    write_adapted,
    write_predictor,
)
from flyball.core.memoir import encode_state
from flyball.core.objective import Objective
from flyball.core.portfolio import Goal, State, absorb
from flyball.core.predict import Predictor, take

START = 29_000_160
DEMANDS = st.lists(st.tuples(st.integers(1, 30), st.floats(0.0, 1e8)), min_size=1, max_size=40)


def compact(material: object) -> str:
    """Write JSON as the standard library does."""
    return json.dumps(material, sort_keys=True, separators=(",", ":"), allow_nan=False)


def predict(steps: list[tuple[int, float]]) -> Predictor:
    """Live through minutes with gaps."""
    state, minute = Predictor(), START
    for passed, demand in steps:
        minute += passed
        state, _ = take(state, minute, demand, 6, 0.9)
    return state


def follow(steps: list[tuple[int, float]]) -> State:
    """Likewise."""
    state, minute = State(), START
    for passed, demand in steps:
        minute += passed
        state = absorb(state, Goal(), minute, demand)
    return state


@given(DEMANDS)
@settings(max_examples=40)
def test_a_predictor_is_read_to_the_bit(steps: list[tuple[int, float]]) -> None:
    """As if it had been parsed elsewhere: nothing that was kept is used."""
    state = predict(steps)
    text = write_predictor(state)
    keep._KEPT.clear()
    found = read_predictor(text)
    assert found == state
    assert found is not state
    assert repr(found) == repr(state)


@given(DEMANDS, st.floats(0.0, 1e6), st.floats(0.0625, 4.0))
@settings(max_examples=40)
def test_an_adaptive_state_is_read_to_the_bit(
    steps: list[tuple[int, float]], known: float, factor: float
) -> None:
    """And so is what it knows of a latency."""
    state = Adapted(follow(steps), Objective(START, known, known / 2, 3, factor))
    text = write_adapted(state)
    keep._KEPT.clear()
    found = read_adapted(text)
    assert found == state
    assert found is not None
    assert write_adapted(found) == text


@given(DEMANDS)
@settings(max_examples=20)
def test_both_are_plain_json_with_sorted_keys(steps: list[tuple[int, float]]) -> None:
    """What writes them by itself, in parts, writes what JSON's own encoder would."""
    portfolio, objective = follow(steps), Objective(START, 0.1, 1e-7, 3, 0.8)
    whole = {"portfolio": encode_state(portfolio), "objective": list(objective)}
    assert write_adapted(Adapted(portfolio, objective)) == compact(whole)
    text = write_predictor(predict(steps))
    assert text == compact(json.loads(text))


def test_no_text_holds_what_json_has_no_word_for() -> None:
    """It is an error before it is a state that nobody can read."""
    with pytest.raises(ValueError, match="a state holds nan"):
        write_predictor(Predictor(level=float("nan")))


def test_what_this_process_wrote_it_need_not_parse() -> None:
    """It is the very state, once."""
    state = predict([(1, 3.0)])
    text = write_predictor(state)
    assert read_predictor(text) is state
    assert read_predictor(text) is not state


def test_what_is_kept_is_bounded() -> None:
    """A process that goes on for years does not grow."""
    for minute in range(keep.KEPT_LIMIT + 5):
        write_predictor(Predictor(minute=minute))
    assert len(keep._KEPT) <= keep.KEPT_LIMIT


def test_what_is_kept_of_books_is_bounded() -> None:
    """And another's books of the same place in memory are never taken for these."""
    texts = {}
    for minute in range(keep.KEPT_LIMIT + 5):
        state = follow([(minute + 1, 3.0)])
        texts[minute] = write_adapted(Adapted(state, Objective()))
        assert len(keep._BOOKS) <= keep.KEPT_LIMIT
    assert len(set(texts.values())) == len(texts)


def test_one_kind_is_not_read_as_the_other() -> None:
    """Also where this process wrote it."""
    assert read_adapted(write_predictor(Predictor())) is None
    assert read_predictor(write_adapted(Adapted())) is None


@pytest.mark.parametrize("key", ["seasons", "residuals", "losses", "minutes"])
def test_a_column_that_is_cut_is_not_read(key: str) -> None:
    """Half a state is none."""
    material = json.loads(write_predictor(predict([(1, 3.0)])))
    material[key] = material[key][:-1]
    assert read_predictor(json.dumps(material)) is None


@pytest.mark.parametrize("key", ["minutes", "made"])
def test_a_row_that_is_cut_is_not_read(key: str) -> None:
    """It would be found out at every look, and no look would come of it."""
    material = json.loads(write_predictor(predict([(minute, 3.0) for minute in range(9)])))
    material[key] = b64encode(b64decode(material[key])[:-2]).decode()
    assert read_predictor(json.dumps(material)) is None


def test_a_profile_that_is_cut_is_not_read() -> None:
    """Nor one of other bins."""
    material = json.loads(write_predictor(Predictor()))
    material["seasons"][0][0] = material["seasons"][1][0]
    assert read_predictor(json.dumps(material)) is None


def test_a_mark_tells_states_apart() -> None:
    """By 128 bits."""
    assert len(digest("x")) == 32
    assert digest("x") != digest("y")


def test_a_state_that_is_held_is_given_back_as_it_is() -> None:
    """Without a text of it, as often as it is asked for, and to its own kind alone."""
    state = Adapted(follow([(1, 3.0)]))
    held = hold(state)
    assert held == ""
    assert read_adapted(held) is state
    assert read_adapted(held) is state
    assert read_predictor(held) is None


def test_a_state_that_is_held_is_never_written_by_mistake() -> None:
    """It would be an empty text, and what was learned would be lost without a word."""
    with pytest.raises(TypeError, match="Unwritten has no canonical form"):
        canonical({"state": hold(Predictor())})
