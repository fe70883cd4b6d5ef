"""What lies between measured points?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def interpolate(points: Sequence[tuple[float, float]], place: float) -> float:
    """Give the value at a place, linear between points and level outside them.

    Args:
        points: Shape (n,) of (place, value), n >= 1, in order of place.
        place: Where.
    """
    if place <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if place <= right:
            return low + (high - low) * (place - left) / (right - left) if right > left else high
    return points[-1][1]
