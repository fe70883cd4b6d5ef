"""Do two find the same, where each turn of either is somewhat off?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

LEAST, ROUNDS = 3, 8
SURE = 2.0
"""Standard errors between a ratio and a bound at which it is known to be on this side of it."""
USABLE = 0.05
"""The ratio's standard error above which it says nothing."""


class Verdict(Enum):
    """What became of a comparison."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


class Ratio(NamedTuple):
    """Of two means, and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        """Say it for people."""
        return f"{self.value:.3f} ± {self.error:.3f}"


def find_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Give the ratio of two means; shapes (n,) and (m,), n, m >= 2."""
    parts = [
        statistics.stdev(each) / statistics.fmean(each) / math.sqrt(len(each))
        for each in (ours, theirs)
    ]
    return Ratio(statistics.fmean(ours) / statistics.fmean(theirs), math.hypot(*parts))


def compare(turn: Callable[[list[float], list[float]], None], within: float) -> tuple[Verdict, str]:
    """Let turns be taken until it is known whether the ratio is within a bound of 1.

    Args:
        turn: Adds what was found in a turn, of us and of the others.
        within: How far from 1 the ratio may be.

    Returns:
        The verdict, and the ratio for people. Where all turns left it in between, the ratio itself
        is the verdict, if its standard error is small enough for that.
    """
    ours, theirs = list[float](), list[float]()
    ratio = None
    for _ in range(ROUNDS):
        turn(ours, theirs)
        if min(len(ours), len(theirs)) < LEAST:
            continue
        ratio = find_ratio(ours, theirs)
        if ratio.error > USABLE:
            continue
        off = abs(ratio.value - 1.0)
        if off + SURE * ratio.error <= within:
            return Verdict.SAME, str(ratio)
        if off - SURE * ratio.error > within:
            return Verdict.OTHER, str(ratio)
    if ratio is None or ratio.error > USABLE:
        return Verdict.UNKNOWN, "too few turns" if ratio is None else str(ratio)
    near = abs(ratio.value - 1.0) <= within
    return (Verdict.SAME if near else Verdict.OTHER), str(ratio)
