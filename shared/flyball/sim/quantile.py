"""Below which value does a part of some numbers lie?"""

from __future__ import annotations

import math
from collections.abc import Sequence


def find_quantile(values: Sequence[float], ratio: float) -> float:
    """Give the value below which this part of the others lies.

    Between two of them it is interpolated, as numpy and spreadsheets do it. Whatever is said of
    a trace's percentiles means these.

    Args:
        values: Shape (n,), n >= 1, in any order.
        ratio: 0-1.

    Source: Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), definition 7.
    """
    ordered = sorted(values)
    place = ratio * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
