"""How irregularly do requests arrive, as counts by the minute tell it?

Counts vary for more reasons than that. A day's course is taken out by comparing each count with
those beside it; what happened once, by taking the median of many stretches; and a rate that itself
jumps from minute to minute, by how its part grows with the requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from flyball.core.shape import NamedTuple

STRETCH = 30
"""Looks that one stretch has: fewer tell nothing, with an error of over a third."""
COARSEST_MINUTES = 15
"""In longer slots the bend of a day's course is more than what is irregular."""
FEW = 30
"""Requests in a slot: of fewer, what is irregular takes longer than the slot, and is not seen."""
FREEDOM_RATIO = 18 / 35
"""Looks that overlap tell so much less than others."""
GROUPS, GROUP = 12, 4
"""Stretches are put into so many groups of like levels at most, of so many at least."""
FEWEST_GROUPS = 3
MEDIAN_ERROR = math.sqrt(math.pi / 2)
"""A median is so much less certain than a mean."""
CERTAIN = 3.0
"""A slope is believed that is so many of its errors."""
POISSON = 1.0


class _Stretch(NamedTuple):
    """Some successive looks: requests in a slot, and how much they vary for it."""

    level: float
    dispersion: float


def learn_arrivals(requests: Sequence[float | None], slot_minutes: int = 1) -> float | None:
    """Learn the squared coefficient of variation of the time between arrivals, from counts.

    It is the index of dispersion of counts, variance ÷ mean, of what is left without the course of
    the day. Where that grows with the requests, a part of it is a rate that varies by the minute,
    of which the most is expected as a rate already: that part is left out, if it is certain.

    What happens within a minute is not seen: requests that come together in a second look like
    those that come together in the same instant. A queue that is served in less time than such a
    burst lasts feels less of it, so that what is found is the most that it may feel.

    Where a minute has few requests longer slots are looked at, of up to COARSEST_MINUTES; where
    these have few too, it is nearer to 1 than it was.

    Args:
        requests: In each minute, shape (n,), >= 0; None is a gap.
        slot_minutes: Minutes over which each count was spread evenly, >= 1, from the first on.

    Returns:
        0 or more; 1 for what knows nothing of each other. None: too few successive counts are
        known, or they are of too long a time.

    Source: Cox and Lewis, "The Statistical Analysis of Series of Events" (1966): the index of
        dispersion of counts comes to it where times are independent. Sriram and Whitt,
        "Characterizing superposition arrival processes in packet multiplexers for voice and data"
        (1986): over which time a queue feels it. Gasser, Sroka and Jennen-Steinmetz, "Residual
        variance and residual pattern in nonlinear regression" (1986): the variance about a course
        from each value and its two neighbours. Jongbloed and Koole, "Managing uncertainty in call
        centres using Poisson mixtures" (2001): a rate that varies adds the square of its mean.
    """
    if slot_minutes > COARSEST_MINUTES:
        return None
    counts = _sum_slots(requests, slot_minutes)
    stretches = _cut(_sum_slots(counts, _choose_slots(counts, slot_minutes))) or _cut(counts)
    if not stretches:
        return None
    found = _middle([each.dispersion for each in stretches])
    if found <= POISSON:
        return found
    begin = _find_begin(stretches)
    return found if begin is None else min(found, max(POISSON, begin))


def _sum_slots(requests: Sequence[float | None], minutes: int) -> Sequence[float | None]:
    """Give what was counted in place of what it was spread to."""
    if minutes == 1:
        return requests
    found: list[float | None] = []
    for begin in range(0, len(requests) - minutes + 1, minutes):
        known = [each for each in requests[begin : begin + minutes] if each is not None]
        found.append(math.fsum(known) if len(known) == minutes else None)
    return found


def _choose_slots(counts: Sequence[float | None], minutes: int) -> int:
    """Say how many slots of so many minutes are to be one, so that it has not just a few."""
    known = [each for each in counts if each is not None]
    mean = math.fsum(known) / len(known) if known else 0.0
    most = COARSEST_MINUTES // minutes
    return most if mean * most <= FEW else max(1, math.ceil(FEW / mean))


def _cut(counts: Sequence[float | None]) -> list[_Stretch]:
    """Look at each count and its two neighbours, and put successive looks together."""
    found: list[_Stretch] = []
    squares = requests = 0.0
    looks = 0
    for before, now, after in zip(counts, counts[1:], counts[2:], strict=False):
        if before is None or now is None or after is None:
            continue
        bend = before - 2 * now + after
        squares += bend * bend
        # Of counts whose variance is their mean the square is so much on the average.
        requests += before + 4 * now + after
        looks += 1
        if looks >= STRETCH and requests > 0.0:
            found.append(_Stretch(requests / (6 * looks), squares / requests))
            squares = requests = 0.0
            looks = 0
    return found


def _middle(dispersions: Sequence[float]) -> float:
    """Take the median of stretches as their mean would be, without what is odd in a few.

    Source: Wilson and Hilferty, "The distribution of chi-square" (1931): how far below.
    """
    return median(dispersions) / (1 - 2 / (9 * STRETCH * FREEDOM_RATIO)) ** 3


def _find_begin(stretches: Sequence[_Stretch]) -> float | None:
    """Find the dispersion of so few requests that their rate adds nothing; None: none is added."""
    ordered = sorted(stretches)
    count = min(GROUPS, len(ordered) // GROUP)
    if count < FEWEST_GROUPS:
        return None
    cuts = [len(ordered) * index // count for index in range(count + 1)]
    points = []
    for begin, end in pairwise(cuts):
        some = ordered[begin:end]
        level = math.fsum(each.level for each in some) / len(some)
        dispersion = _middle([each.dispersion for each in some])
        error = dispersion * MEDIAN_ERROR * math.sqrt(2 / (STRETCH * FREEDOM_RATIO * len(some)))
        points.append((level, dispersion, error))
    if min(error for *_, error in points) <= 0.0:
        return None
    return _lay_line(points)


def _lay_line(points: Sequence[tuple[float, float, float]]) -> float | None:
    """Lay a line through points with errors: where it begins; None: that it rises is uncertain."""
    weights = [1 / error**2 for *_, error in points]
    whole = math.fsum(weights)
    middle = math.fsum(w * x for w, (x, _, _) in zip(weights, points, strict=True)) / whole
    height = math.fsum(w * y for w, (_, y, _) in zip(weights, points, strict=True)) / whole
    spread = math.fsum(w * (x - middle) ** 2 for w, (x, _, _) in zip(weights, points, strict=True))
    if not spread:
        return None
    rises = math.fsum(
        w * (x - middle) * (y - height) for w, (x, y, _) in zip(weights, points, strict=True)
    )
    slope = rises / spread
    return height - slope * middle if slope * math.sqrt(spread) > CERTAIN else None
