"""A duration is read in every way in which people write one, and in no other."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.config.duration import PATTERN, format_duration, parse_duration


class Case(NamedTuple):
    """A value and its seconds; None: refused."""

    value: Any
    seconds: float | None


CASES = [
    Case(300, 300),
    Case(0, 0),
    Case(0.5, 0.5),
    Case("300", 300),
    Case("300s", 300),
    Case("0.5s", 0.5),
    Case("5m", 300),
    Case("1h30m", 5_400),
    Case("1d", 86_400),
    Case("1d2h3m4s", 93_784),
    Case("PT5M", 300),
    Case("P1D", 86_400),
    Case("PT1H30M", 5_400),
    Case("P1DT0.5S", 86_400.5),
    Case(315_360_000, 315_360_000),
    Case(315_360_001, None),
    Case("9999999999999", None),
    Case("-5m", None),
    Case(-1, None),
    Case(float("nan"), None),
    Case(float("inf"), None),
    Case(True, None),
    Case(None, None),
    Case([], None),
    Case("", None),
    Case("P", None),
    Case("PT", None),
    Case("5 minutes", None),
    Case("5M", None),
    Case("m5", None),
    Case("30m1h", None),
    Case("5m\n", None),
    Case("\u0665m", None),
    Case("1e3", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.value))
def test_a_duration_is_read_or_refused(case: Case) -> None:
    """Seconds come out, or an error that says how a duration is written."""
    if case.seconds is None:
        with pytest.raises(ValueError, match="a duration such as 300, 300s, 5m"):
            parse_duration(case.value)
    else:
        assert parse_duration(case.value) == timedelta(seconds=case.seconds)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3_650)))
def test_what_is_written_is_read_back(value: timedelta) -> None:
    """Formatting loses not a microsecond."""
    assert parse_duration(format_duration(value)) == value


@given(st.text(alphabet="0123456789.dhmsPTDHMS ", max_size=12))
def test_the_pattern_of_the_schema_takes_what_the_reader_takes(text: str) -> None:
    """Apart from the limit in length, both refuse the same texts."""
    try:
        parse_duration(text)
    except ValueError as error:
        if "at most" not in str(error):
            assert not re.search(PATTERN, text)
    else:
        assert re.search(PATTERN, text)
