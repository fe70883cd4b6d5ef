"""Is an answer's field read only as what it is?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from flyball.adapters.gcp.fields import (
    join,
    read_count,
    read_instant,
    read_list,
    read_part,
    read_text,
)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (3, 3),
        (0, 0),
        ("3", 3),
        ("-3", None),
        (-3, None),
        ("³", None),
        ("", None),
        (3.0, None),
        (True, None),
        (None, None),
    ],
)
def test_a_count_is_a_whole_number_of_0_or_more(value: Any, count: int | None) -> None:
    """Also where it is an int64, which is a text."""
    assert read_count({"n": value}, "n") == count


def test_what_is_absent_or_of_another_kind_is_nothing() -> None:
    """A structure that is not there is not an empty one."""
    assert (read_part({}, "a"), read_part({"a": {}}, "a"), read_part({"a": 1}, "a")) == (
        None,
        {},
        None,
    )
    assert (read_list({"a": [{}, 1]}, "a"), read_list({"a": {}}, "a")) == ([{}], [])
    assert (read_text({"a": "b"}, "a"), read_text({"a": 1}, "a")) == ("b", "")
    assert join(("a", "", "b")) == "a; b"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00.123456789Z", datetime(2026, 11, 21, 12, 0, 0, 123456, UTC)),
        ("2026-11-21T12:00:00", None),
        ("noon", None),
    ],
)
def test_an_instant_has_a_time_zone(written: str, at: datetime | None) -> None:
    """To the nanosecond, as Google writes it."""
    assert read_instant({"at": written}, "at") == at
