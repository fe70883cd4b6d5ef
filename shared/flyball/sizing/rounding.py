"""To how many digits does a figure mean anything, and which side of it is safe?

A load test is repeated to within some percent: of what is read off it three digits mean something,
or whole invocations. What an instance is held at is rounded down, so that there are rather too many
of them.
"""

from __future__ import annotations

import math

DIGITS = 3
"""That mean something."""
NEAR_RATIO, NEAR = 1e-9, 1e-6
"""So little below a round value is a rounding error: a part of it, and of its last digit."""
LEAST = 1e-9
"""What is less is none, and stays as it is."""


def round_down(value: float) -> float:
    """Give the next lower value of three digits, or the next lower whole one if that is nearer.

    Args:
        value: >= 0, of any unit.
    """
    if not LEAST < value < math.inf:
        return value
    places = max(0, DIGITS - 1 - math.floor(math.log10(value * (1 + NEAR_RATIO))))
    scaled = value * 10.0**places
    return round(math.floor(scaled + min(NEAR, scaled * NEAR_RATIO)) / 10.0**places, places)


def show_figure(value: float) -> str:
    """Write a figure with three digits, or as a whole one: 1.25, 12.5, 125, 12,500."""
    if not 0.0 < value < math.inf:
        return f"{value:,.0f}"
    places = max(0, DIGITS - 1 - math.floor(math.log10(value)))
    shown = f"{value:,.{places}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
