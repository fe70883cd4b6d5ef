"""Which slots share a bucket, so that a year fits on a page and no peak or late minute is lost?

A bucket keeps the least, the greatest and the newest value of its slots. Where requests were late
the buckets are single slots, the worst places first, as far as the page has room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flyball.report.page.model import Segment, Series

COARSE_SHARE = 0.8
"""Of the buckets, for the whole; the others are for what was late."""
AROUND = 60
"""Slots before and after a late one that are shown singly too."""
WIDTHS = (2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
"""Slots of a bucket: in minutes, they fit an hour or a day."""


class Bucket(NamedTuple):
    """Slots that are shown as one.

    Attributes:
        begin: The first.
        end: The first that is no longer in it.
    """

    begin: int
    end: int


def divide(late: Sequence[float], room: int) -> tuple[Segment, ...]:
    """Divide slots into buckets.

    Args:
        late: Requests that were late in each slot, shape (n,), n >= 1.
        room: Most buckets, 2 or more.

    Returns:
        Segments that cover each slot once, in order: at most `room` buckets, and one for each
        place where fine and coarse ones meet.
    """
    slots = len(late)
    if slots <= room:
        return (Segment(0, 1, slots),)
    width = _choose_width(slots, max(1, int(room * COARSE_SHARE)))
    fine = _choose_fine(late, room - -(-slots // width), width)
    return tuple(_join(fine, slots, width))


def buckets(segments: Iterable[Segment], slots: int) -> list[Bucket]:
    """List the buckets of segments, in order."""
    listed = list(segments)
    ends = [each.begin for each in listed[1:]] + [slots]
    return [
        Bucket(begin, min(begin + each.width, end))
        for each, end in zip(listed, ends, strict=True)
        for begin in range(each.begin, each.begin + each.width * each.buckets, each.width)
    ]


def gather(values: Sequence[float | None], into: Iterable[Bucket]) -> Series:
    """Keep of each bucket its least, greatest and newest known value."""
    low: list[float | None] = []
    high: list[float | None] = []
    last: list[float | None] = []
    for begin, end in into:
        known = [value for value in values[begin:end] if value is not None]
        low.append(min(known, default=None))
        high.append(max(known, default=None))
        last.append(known[-1] if known else None)
    return Series(tuple(low), tuple(high), tuple(last))


def _choose_width(slots: int, room: int) -> int:
    fitting = (width for width in WIDTHS if -(-slots // width) <= room)
    return next(fitting, -(-slots // room))


def _choose_fine(late: Sequence[float], room: int, width: int) -> list[Bucket]:
    """Choose what is shown by the slot: around late ones, the worst first; in order of time."""
    chosen: list[Bucket] = []
    for begin, end, _ in sorted(_find_episodes(late, width), key=lambda each: -each[2]):
        needed = end - begin + 2  # and at either end a coarse one that it cuts
        if needed <= room:
            chosen.append(Bucket(begin, end))
            room -= needed
    return sorted(chosen)


def _find_episodes(late: Sequence[float], width: int) -> list[tuple[int, int, float]]:
    """Find where requests were late: first slot, end, how many; whole coarse buckets."""
    found: list[tuple[int, int, float]] = []
    for index, count in enumerate(late):
        if not count:
            continue
        begin = max(0, index - AROUND) // width * width
        end = min(-(-(index + AROUND + 1) // width) * width, len(late))
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], end, found[-1][2] + count)
        else:
            found.append((begin, end, count))
    return found


def _join(fine: Sequence[Bucket], slots: int, width: int) -> Iterable[Segment]:
    at = 0
    for begin, end in fine:
        if begin > at:
            yield Segment(at, width, -(-(begin - at) // width))
        yield Segment(begin, 1, end - begin)
        at = end
    if at < slots:
        yield Segment(at, width, -(-(slots - at) // width))
