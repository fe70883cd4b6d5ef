"""Do figures keep what means something, and err on the safe side?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.rounding import round_down, show_figure


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (5_000.0, 5_000.0),
        (4_999.9999999999, 5_000.0),
        (4_989.52, 4_989.0),
        (213_456.7, 213_456.0),
        (100.0, 100.0),
        (99.999999999999, 100.0),
        (99.7904, 99.7),
        (49.8952, 49.8),
        (8.0, 8.0),
        (1.23456, 1.23),
        (0.498952, 0.498),
        (0.7, 0.7),
        (0.0012345, 0.00123),
        (0.0, 0.0),
        (-1.5, -1.5),
    ],
)
def test_three_digits_are_kept_or_whole_ones(value: float, rounded: float) -> None:
    """What was published stays as it is, to the bit."""
    assert round_down(value) == rounded


@given(st.floats(1e-6, 1e12))
def test_rounding_is_down_and_by_less_than_a_hundredth(value: float) -> None:
    """And what is rounded is not rounded again."""
    found = round_down(value)
    assert 0.99 * value < found <= value * (1 + 2e-9)
    assert round_down(found) == found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.5, "1.5"),
        (1.25, "1.25"),
        (12.34, "12.3"),
        (99.96, "100"),
        (125.4, "125"),
        (30_000.0, "30,000"),
        (0.0612, "0.0612"),
    ],
)
def test_a_figure_of_a_slow_model_has_digits_too(value: float, shown: str) -> None:
    """One and a half requests a minute are not two."""
    assert show_figure(value) == shown
