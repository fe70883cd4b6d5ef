"""What does this time of the hour, the day or the week usually look like, beside the time now?

A profile of bins: each is the running mean of what it held in the last few cycles, a half float.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from flyball.core.shape import NamedTuple

MOST = 65_000.0
"""What a half float holds, in instances; a profile remembers no more than that."""
MOST_RATIO = 16.0
"""A ratio is no more, and its inverse no less: as a night's batch job may have it."""
SOFTENING = 0.05
"""Instances added to both sides of a ratio, so that a quiet night is not divided by."""
NEWEST_SHARE = 0.4
"""Of the newest cycle in a bin's mean."""


class Cycle(NamedTuple):
    """How a profile is cut into bins.

    Attributes:
        minutes: Of one cycle; an epoch's minute 0 begins one.
        width: Minutes of a bin.
    """

    minutes: int
    width: int

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return self.minutes // self.width


CYCLES = (Cycle(60, 1), Cycle(1_440, 5), Cycle(10_080, 15))
"""An hour, a day, a week: 60, 288 and 672 bins."""


class Season(NamedTuple):
    """One profile.

    Attributes:
        bins: Half floats; NaN where nothing is known.
        number: Of the open bin: whole minutes since the epoch ÷ its width; -1: none is open.
        total: Sum of the open bin's known minutes.
        known: How many they are.
    """

    bins: bytes
    number: int = -1
    total: float = 0.0
    known: int = 0


def begin(cycle: Cycle) -> Season:
    """Know nothing."""
    return Season(struct.pack("<e", math.nan) * cycle.bins)


def note(season: Season, cycle: Cycle, minute: int, demand: float) -> Season:
    """Take in one known minute; bins that a gap passes over stay as they were.

    Args:
        season: Of an earlier minute.
        cycle: Its own.
        minute: Whole minutes since the epoch.
        demand: Instances.
    """
    number = minute // cycle.width
    if number == season.number:
        return season._replace(total=season.total + demand, known=season.known + 1)
    bins = season.bins
    if season.known:
        index = 2 * (season.number % cycle.bins)
        (before,) = struct.unpack_from("<e", bins, index)
        mean = season.total / season.known
        if not math.isnan(before):
            mean = before + NEWEST_SHARE * (mean - before)
        bins = bins[:index] + struct.pack("<e", min(mean, MOST)) + bins[index + 2 :]
    return Season(bins, number, demand, 1)


def compare(season: Season, cycle: Cycle, minute: int, horizon: int, around: int = 1) -> float:
    """Say how demand usually changes from about this minute to one horizon ahead.

    Args:
        season: With this minute taken in.
        cycle: Its own.
        minute: Whole minutes since the epoch.
        horizon: Minutes ahead, >= 1.
        around: Minutes beside then that count as much. Less noise with them, but a blurred edge.

    Returns:
        The mean around then ÷ that of the three minutes that end now, 1/16–16; 1.0 where one of
        them is unknown.
    """
    now = _mean(season, cycle, range(minute - 2, minute + 1))
    ahead = minute + horizon
    then = _mean(season, cycle, range(ahead - around, ahead + around + 1))
    ratio = (then + SOFTENING) / (now + SOFTENING)
    return 1.0 if math.isnan(ratio) else min(MOST_RATIO, max(1.0 / MOST_RATIO, ratio))


def _mean(season: Season, cycle: Cycle, minutes: Sequence[int]) -> float:
    total = 0.0
    for minute in minutes:
        index = 2 * (minute // cycle.width % cycle.bins)
        (value,) = struct.unpack_from("<e", season.bins, index)
        total += value
    return total / len(minutes)
