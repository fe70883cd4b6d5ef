"""What did the last day look like, in bins of five minutes: its shape, and its highest minutes?

Means and maxima of a bin are kept as half floats (11 significant bits): a day takes 1.2 kB.
"""

from __future__ import annotations

import math
import struct

from flyball.core.shape import NamedTuple

BIN_MINUTES = 5
DAY_BINS = 288
SLOTS = 292
"""A day of bins, and what is looked at just before it."""
MOST = 65_000.0
"""What a half float can hold, in instances; a shape is remembered no higher than that."""
SHORT_BINS = 48
"""Four hours."""
MOST_RATIO = 4.0
SOFTENING = 0.02
"""Instances added to both sides of a ratio, so that a quiet night is not divided by."""

_BIN = struct.Struct("<2e")
_BIN_BYTES = _BIN.size
_ALL = struct.Struct(f"<{2 * SLOTS}e")
_UNKNOWN = _BIN.pack(float("nan"), float("nan"))


class Day(NamedTuple):
    """The last day.

    Attributes:
        bins: 292 pairs of half floats, mean and maximum of a bin, by its number modulo 292; NaN
            where no minute of it is known.
        number: Of the open bin: whole minutes since the epoch ÷ 5.
        total: Sum of the open bin's known minutes.
        known: How many they are.
        highest: Their maximum, instances.
        short_highest: Maximum of the closed bins of the last four hours.
        day_highest: The same of the last day.
    """

    bins: bytes = _UNKNOWN * SLOTS
    number: int = 0
    total: float = 0.0
    known: int = 0
    highest: float = 0.0
    short_highest: float = 0.0
    day_highest: float = 0.0


class Floors(NamedTuple):
    """Demand that was reached before, instances: what a careful shadow keeps capacity for."""

    yesterday: float
    """At this time of the day before, from ten minutes earlier to ten later."""
    short: float
    """In the last four hours."""
    day: float
    """In the last day."""


def note(day: Day, minute: int, demand: float | None) -> Day:
    """Take in one minute, or close what a gap passes over.

    Args:
        day: Of an earlier minute.
        minute: Whole minutes since the epoch, after all that were noted.
        demand: Instances; None: unknown.
    """
    number = minute // BIN_MINUTES
    if number != day.number:
        day = _close(day, number)
    if demand is None:
        return day
    bins, number, total, known, highest, *rest = day
    return Day(bins, number, total + demand, known + 1, max(highest, demand), *rest)


def look_back(day: Day, minute: int, horizon: int) -> tuple[float, Floors]:
    """Say what a day ago leads one to expect one horizon after a minute that was just noted.

    Returns:
        Demand of the day before one horizon ahead of this time ÷ that at it, 0.25–4, and 1.0 where
        it is unknown; and the floors.
    """
    now = day.number - DAY_BINS
    then = (minute + horizon) // BIN_MINUTES - DAY_BINS
    before = math.fsum([_read(day, now - step)[0] for step in range(3)])
    after = [_read(day, then + step) for step in range(-1, 3)]
    ahead = math.fsum([mean for mean, _ in after[:3]])
    ratio = (ahead / 3.0 + SOFTENING) / (before / 3.0 + SOFTENING)
    ratio = 1.0 if math.isnan(ratio) else min(MOST_RATIO, max(1.0 / MOST_RATIO, ratio))
    highest = max([value for _, value in after if value > 0.0], default=0.0)  # NaN is not
    return ratio, Floors(
        highest, max(day.short_highest, day.highest), max(day.day_highest, day.highest)
    )


def _read(day: Day, number: int) -> tuple[float, ...]:
    return _BIN.unpack_from(day.bins, number % SLOTS * _BIN_BYTES)


def _close(day: Day, number: int) -> Day:
    """Write the open bin, forget those that a gap passes over, and open the next."""
    bins = bytearray(day.bins)
    if day.known:
        _BIN.pack_into(
            bins,
            day.number % SLOTS * _BIN.size,
            min(MOST, day.total / day.known),
            min(MOST, day.highest),
        )
    else:
        _BIN.pack_into(bins, day.number % SLOTS * _BIN.size, *_BIN.unpack(_UNKNOWN))
    for passed in range(max(day.number + 1, number - SLOTS), number):
        start = passed % SLOTS * _BIN.size
        bins[start : start + _BIN.size] = _UNKNOWN
    highest = _ALL.unpack(bins)[1::2] * 2
    short, whole = (number - SHORT_BINS) % SLOTS, (number - DAY_BINS + 1) % SLOTS
    return Day(
        bytes(bins),
        number,
        short_highest=_find_highest(highest[short : short + SHORT_BINS]),
        day_highest=_find_highest(highest[whole : whole + DAY_BINS - 1]),
    )


def _find_highest(values: tuple[float, ...]) -> float:
    return max([value for value in values if value > 0.0], default=0.0)  # NaN is not
