"""Can a version that was rolled back to read what the newer one remembered?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.codec import canonical
from flyball.core.forward import parse_known
from flyball.core.model import CapacityRange, Change, History, Quota

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHANGE = Change(T0, 2, 3, ("track",), T0 + timedelta(minutes=4))
HISTORY = History(
    desired=3,
    changes=(CHANGE,),
    bounds=CapacityRange(1, 9),
    missing_since={"calls": T0},
    quota=Quota(7, T0),
    settled="abc",
)


def add(value: Any, path: tuple[object, ...]) -> str:
    """Write a history with a field of a later version at a place."""
    found = json.loads(canonical(HISTORY))
    place = found
    for step in path:
        place = place[step]
    place["of_a_later_version"] = value
    return json.dumps(found)


@pytest.mark.parametrize("path", [(), ("changes", 0), ("bounds",), ("quota",)], ids=str)
@pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": 1}], ids=str)
def test_what_a_later_version_added_is_forgotten(path: tuple[object, ...], value: Any) -> None:
    """Wherever it stands; the rest is as it was."""
    assert parse_known(History, add(value, path)) == HISTORY


def test_what_is_to_be_read_whole_is_read_whole_or_not_at_all() -> None:
    """A field of a later version in it is no field to forget."""
    text = add(1, ("changes", 0))
    with pytest.raises(ValueError, match=r"changes\[0\]: unknown field 'of_a_later_version'"):
        parse_known(History, text, frozenset({"changes", "pauses"}))
    assert parse_known(History, text, frozenset({"pauses"})) == HISTORY


def test_what_it_knows_is_read_as_ever() -> None:
    """Also what is not there, and what is none."""
    for history in (HISTORY, History(), replace(HISTORY, bounds=None)):
        assert parse_known(History, canonical(history)) == history
    text = json.dumps({**json.loads(canonical(HISTORY)), "quota": None})
    assert parse_known(History, text) == replace(HISTORY, quota=None)


@pytest.mark.parametrize(
    "text",
    [
        '{"desired":"three"}',
        '{"changes":{}}',
        '{"missing_since":[]}',
        '{"bounds":[1,9]}',
        '{"changes":[7]}',
        "[]",
        "no JSON",
    ],
)
def test_what_is_wrong_stays_wrong(text: str) -> None:
    """A value of another kind is no field of a later version."""
    with pytest.raises(ValueError, match=r"."):
        parse_known(History, text)


@given(st.dictionaries(st.text(min_size=1), st.integers()))
def test_any_unknown_fields_change_nothing(unknown: dict[str, int]) -> None:
    """Whatever they are called."""
    known = json.loads(canonical(HISTORY))
    names = {name: each for name, each in unknown.items() if name not in History.__slots__}
    assert parse_known(History, json.dumps({**names, **known})) == HISTORY
