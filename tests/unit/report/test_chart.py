"""Does a chart show as much as there is, and no more?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.report.chart import draw, fit


def test_columns_show_the_most_of_what_falls_in_them() -> None:
    """A spike of one minute is seen in a day's chart."""
    assert fit([1.0, 9.0, 2.0, 3.0], 2, 4) == [9.0, 3.0]


def test_a_gap_stays_a_gap_unless_something_is_beside_it() -> None:
    """What was not recorded is not drawn as nothing."""
    assert fit([None, None, 1.0, None], 2, 4) == [None, 1.0]


def test_what_has_not_happened_yet_is_left_out() -> None:
    """The chart fills from the left."""
    assert fit([1.0], 4, 4) == [1.0]
    assert fit([], 4, 4) == []


def test_fewer_values_than_columns_are_stretched() -> None:
    """An hour on a wide terminal fills it."""
    assert fit([1.0, 2.0], 4, 2) == [1.0, 1.0, 2.0, 2.0]


def test_blocks_are_as_high_as_the_value() -> None:
    """Eight steps a line; the lowest line comes last."""
    assert draw([0.0, 1.0, 8.0, 12.0, 16.0, None], 16.0, 2) == ["   ▄█ ", " ▁███ "]


@pytest.mark.parametrize(("value", "top"), [(0.001, 100.0), (200.0, 100.0), (1.0, 0.0)])
def test_a_value_outside_the_scale_stays_in_the_chart(value: float, top: float) -> None:
    """A little is seen as a little; too much fills the height; no scale draws nothing."""
    (line,) = draw([value], top, 1)
    assert line == {0.001: "▁", 200.0: "█", 1.0: " "}[value]


@given(
    st.lists(st.floats(0, 1e9) | st.none(), max_size=200), st.integers(1, 200), st.integers(1, 5)
)
def test_every_series_fits_its_columns(values: list[float | None], width: int, height: int) -> None:
    """Whatever it holds."""
    columns = fit(values, width, 200)
    lines = draw(columns, 1e6, height)
    assert len(columns) <= width
    assert [len(line) for line in lines] == [len(columns)] * height
