"""How far is one expert off: its error's variance by the height of the forecast, and its quantile?

A count's variance grows like the count, and a misjudged trend's like its square: variance is taken
to be a·p + b·p². What is left after dividing by it has a distribution of its own, kept in bins.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import fsum, sqrt

from flyball.core.shape import NamedTuple

LEAST = 0.2
"""No forecast is below a fifth of an instance, and no error is judged finer."""
FIRST_A = 0.05
FIRST_B = 0.01
"""Variance while too little was judged: of ten instances, 1.2 up or down."""
FIRST_JUDGED = 30
LEAST_VARIANCE = 1e-4
OUTLIER = 8.0
"""A standardized error counts at most so much, so that one spike is not the new usual."""
MEMORY = 2_880
"""Minutes after which an error counts e times less."""

LOWEST = -4.0
WIDTH = 0.25
BINS = 64
COUNT_LIMIT = 4_096
"""Errors in the sketch; there, each count is halved."""
_NORMAL = (1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 3, 3, 2, 2, 1, 1)
FIRST_COUNTS = (0,) * 8 + _NORMAL + (0,) * 40
"""Forty errors as a normal distribution has them, to begin with."""


class Residual(NamedTuple):
    """What is known of one expert's errors.

    Attributes:
        judged: Errors, ever.
        sums: Running means of 1, p, p², u and u·p, where u is the squared error ÷ p.
        counts: Standardized errors by bin, from -4 in steps of 0.25; the outer bins hold the rest.
    """

    judged: int = 0
    sums: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    counts: tuple[int, ...] = FIRST_COUNTS


def judge(residual: Residual, forecast: float, came: float) -> Residual:
    """Learn from one forecast that can be judged.

    Args:
        residual: Before it.
        forecast: Instances, >= 0.2.
        came: What came, instances, >= 0.
    """
    deviation = spread(residual, forecast)
    error = min(OUTLIER, max(-OUTLIER, (came - forecast) / deviation))
    place = min(BINS - 1, max(0, int((error - LOWEST) // WIDTH)))
    counts = list(residual.counts)
    counts[place] += 1
    if sum(counts) >= COUNT_LIMIT:
        counts = [count // 2 for count in counts]
    missed = error * deviation
    square = missed * missed / forecast  # a power may differ in its last bit between machines
    seen = (1.0, forecast, forecast * forecast, square, square * forecast)
    gain = max(1.0 / MEMORY, 1.0 / (residual.judged + 1))
    sums = tuple([old + gain * (new - old) for old, new in zip(residual.sums, seen, strict=True)])
    return Residual(residual.judged + 1, sums, tuple(counts))


def spread(residual: Residual, forecast: float) -> float:
    """Say how far off a forecast usually is, instances: the square root of a·p + b·p²."""
    a, b = fit(residual)
    return sqrt(max(LEAST_VARIANCE, a * forecast + b * forecast * forecast))


def fit(residual: Residual) -> tuple[float, float]:
    """Find a and b, neither below zero, by least squares of the squared errors ÷ p."""
    if residual.judged < FIRST_JUDGED:
        return FIRST_A, FIRST_B
    _, p, pp, u, up = residual.sums
    varies = pp - p * p
    b = (up - u * p) / varies if varies > 1e-6 * pp else 0.0  # else all forecasts were the same
    a = u - b * p
    if b < 0.0:
        return u, 0.0
    if a < 0.0:
        return 0.0, up / pp
    return a, b


def find_quantile(counts: Sequence[int], quantile_ratio: float) -> float:
    """Find the quantile of the standardized errors, between the edges of its bin."""
    wanted = quantile_ratio * sum(counts)
    below = 0
    for place, count in enumerate(counts):
        if count and below + count >= wanted:
            return LOWEST + WIDTH * (place + (wanted - below) / count)
        below += count
    return LOWEST + WIDTH * BINS


def lose(forecast: float, came: float, quantile_ratio: float) -> float:
    """Say what a quantile's forecast lost: the pinball loss, instances."""
    over = came - forecast
    return quantile_ratio * over if over > 0.0 else (quantile_ratio - 1.0) * over


def average(values: Sequence[float]) -> float:
    """Average some numbers, the same on every version of Python."""
    return fsum(values) / len(values)


def pack(residuals: Sequence[Residual]) -> bytes:
    """Write several: a whole number, five floats and 64 counts of two bytes each."""
    return b"".join(_ROW.pack(each.judged, *each.sums, *each.counts) for each in residuals)


def unpack(packed: bytes) -> list[Residual]:
    """Read several.

    Raises:
        struct.error: It is cut.
    """
    return [Residual(row[0], row[1:6], row[6:]) for row in _ROW.iter_unpack(packed)]


_ROW = struct.Struct(f"<q5d{BINS}H")
