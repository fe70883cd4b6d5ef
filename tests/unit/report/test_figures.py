"""Are numbers, instants and durations written as people read them?"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from flyball.report.figures import counted, duration, instant, number, percent

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (150.0, "150"),
        (162.345, "162.3"),
        (0.07, "0.07"),
        (0.0123456, "0.01235"),
        (1234567.0, "1,234,567"),
        (1234.56, "1,235"),
        (0.0, "0"),
        (-2.5, "-2.5"),
        (1e-12, "1e-12"),
        (1e15, "1,000,000,000,000,000"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_measured_value_has_four_digits_that_count(value: float, shown: str) -> None:
    """More digits are noise, and fewer would make two values look the same."""
    assert number(value) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.082, "+8.2 %"), (-0.067, "−6.7 %"), (0.0005, "+0.05 %"), (6.5, "+650 %"), (0.0, "+0.00 %")],
)
def test_a_change_has_its_sign(ratio: float, shown: str) -> None:
    """A tiny change is not written as none."""
    assert percent(ratio) == shown


def test_a_count_agrees_with_its_noun() -> None:
    """1 instance, 2 instances."""
    assert [counted(1), counted(0), counted(2, "row")] == ["1 instance", "0 instances", "2 rows"]


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOON, "12:00 UTC"),
        (NOON + timedelta(seconds=7), "12:00:07 UTC"),
        (NOON + timedelta(days=1), "2026-06-02 12:00 UTC"),
    ],
)
def test_an_instant_has_its_date_only_where_it_is_another(at: datetime, shown: str) -> None:
    """And always says that it is UTC."""
    assert instant(at, NOON) == shown
    assert instant(at).startswith(f"{at:%Y-%m-%d}")
    assert not instant(at, zone=False).endswith("UTC")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (45, "45 s"), (300, "5 min"), (5_400, "1 h 30 min"), (187_201, "2 d 4 h")],
)
def test_a_duration_has_its_two_largest_units(seconds: int, shown: str) -> None:
    """The rest would not change what anybody does."""
    assert duration(timedelta(seconds=seconds)) == shown
