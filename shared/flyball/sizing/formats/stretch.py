"""Where in a load test was one load held?

A level is held where the tool says so (the same users, the same attack) and the rate is steady
too. The begin of each is left out, until it settled; what is between levels is a ramp, and is left
out. Of a load test that is nothing but a ramp, pieces are taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

SHORTEST_S = 5.0
"""Of a level, without its settling: below that, chance makes the rate."""
SETTLING_RATIO = 1 / 3
"""Of a level, at most, is left out as settling."""
PART_S = 10.0
"""Of one level, parts of a different rate are at least so long."""
APART_RATIO = 0.15
"""Two parts have a different rate from here on: chance alone makes 5 % of it."""
APART_SIGMAS = 4.0
PIECE_S = 10.0
PIECES_MOST = 20
CUT = "no load was held for long: pieces of its ramp are taken for steps"
"""What there is to say where there is nothing but a ramp."""


class Sample(NamedTuple):
    """A short time of a load test, a second mostly.

    Attributes:
        begin: Seconds, of whatever clock.
        end: Likewise, > begin.
        level: What the tool held: users, or the number of its attack; None while that changed.
        sent: Requests in it.
    """

    begin: float
    end: float
    level: float | None
    sent: float


class Stretch(NamedTuple):
    """Samples of one load.

    Attributes:
        begin: The sample with which the level began.
        first: The first that counts, settled.
        end: One past the last.
        ramp: It is a piece of a ramp.
        divided: Its level had more than one rate: the rate was what the tool held.
    """

    begin: int
    first: int
    end: int
    ramp: bool = False
    divided: bool = False


def find_stretches(samples: Sequence[Sample], settle_s: float) -> list[Stretch]:
    """Find the levels that were held.

    Args:
        samples: Oldest first, shape (n,), n >= 0; without overlap.
        settle_s: Left out of the begin of each level, >= 0; of a short one a third at most.

    Returns:
        Levels of at least 5 s besides their settling, oldest first. Where there is none, the
        ramp's pieces, of at least 10 s, 20 at most.
    """
    found = []
    for begin, end in _find_levels(samples):
        parts = _divide(samples, begin, end)
        for part_begin, part_end in parts:
            first = _settle(samples, part_begin, part_end, settle_s)
            if _last(samples, first, part_end) >= SHORTEST_S:
                found.append(Stretch(part_begin, first, part_end, divided=len(parts) > 1))
    return found or _cut(samples)


def _find_levels(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    """List where the level stays, without a hole in time."""
    found, begin = list[tuple[int, int]](), 0
    for index, sample in enumerate(samples):
        before = samples[index - 1] if index else sample
        if sample.level != before.level or (index and sample.begin > before.end):
            found.append((begin, index))
            begin = index
    found.append((begin, len(samples)))
    return [(one, end) for one, end in found if end > one and samples[one].level is not None]


def _divide(samples: Sequence[Sample], begin: int, end: int) -> list[tuple[int, int]]:
    """Divide a level where its rate changes for good."""
    best, place = 0.0, begin
    rates = [sample.sent / (sample.end - sample.begin) for sample in samples[begin:end]]
    sums = [0.0, *accumulate(rates)]
    count = len(rates)
    for index in range(1, count):
        short = min(_last(samples, begin, begin + index), _last(samples, begin + index, end))
        if short < PART_S:
            continue
        apart = sums[index] / index - (sums[-1] - sums[index]) / (count - index)
        gain = apart * apart * index * (count - index) / count
        if gain > best:
            best, place = gain, begin + index
    if place == begin or not _differ(rates[: place - begin], rates[place - begin :]):
        return [(begin, end)]
    return [*_divide(samples, begin, place), *_divide(samples, place, end)]


def _differ(before: Sequence[float], after: Sequence[float]) -> bool:
    """Say whether two rates differ by more than chance; of a count, that is at least its root."""
    one, other = sum(before) / len(before), sum(after) / len(after)
    spread = 0.0
    for rates, mean in ((before, one), (after, other)):
        variance = sum((rate - mean) ** 2 for rate in rates) / len(rates)
        spread += max(variance, mean) / len(rates)
    least = max(APART_RATIO * max(one, other), APART_SIGMAS * math.sqrt(spread))
    return abs(one - other) > least


def _settle(samples: Sequence[Sample], begin: int, end: int, settle_s: float) -> int:
    """Find the first sample that counts."""
    until = min(settle_s, SETTLING_RATIO * _last(samples, begin, end))
    first = begin
    while first < end and samples[first].begin - samples[begin].begin < until:
        first += 1
    return first


def _cut(samples: Sequence[Sample]) -> list[Stretch]:
    """Cut a ramp into pieces."""
    whole = _last(samples, 0, len(samples))
    count = max(1, min(PIECES_MOST, int(whole // PIECE_S)))
    length, found, begin = whole / count, list[Stretch](), 0
    for index in range(len(samples)):
        over = samples[index].end - samples[0].begin >= (len(found) + 1) * length - 1e-9
        if over or index == len(samples) - 1:
            found.append(Stretch(begin, begin, index + 1, ramp=True))
            begin = index + 1
    return found


def _last(samples: Sequence[Sample], begin: int, end: int) -> float:
    """Tell how long some samples last, in seconds."""
    return samples[end - 1].end - samples[begin].begin if end > begin else 0.0
