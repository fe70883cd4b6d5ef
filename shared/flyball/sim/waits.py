"""How long did messages take, of a run in which what came over capacity waited?

Messages arrive evenly within a slot, and are worked off in their order, as a fluid: what arrived
and what is done are two curves of straight parts, and a message waits as long as the second is
behind the first. That is the wait for too few workers; what comes of chance at enough of them is
not in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from flyball.sim.slots import Run

SECOND = timedelta(seconds=1)
NEAR_S = 1e-3
CLOSE_RATIO = 1e-9


class Part(NamedTuple):
    """Messages one after another, of which the wait rises or falls evenly.

    Attributes:
        messages: So many, > 0.
        first_s: That the first of them waits; inf: it is never done.
        last_s: That the last of them waits.
    """

    messages: float
    first_s: float
    last_s: float


class Waits(NamedTuple):
    """What messages waited before somebody worked at them.

    Attributes:
        parts: In the order of arrival, shape (n,).
        messages: All of them.
    """

    parts: tuple[Part, ...]
    messages: float

    def kept_ratio(self, limit: timedelta) -> float:
        """Say which share waits no longer, 0-1; 1 where there is nobody."""
        if not self.messages:
            return 1.0
        limit_s = limit.total_seconds()
        return math.fsum(_count_kept(part, limit_s) for part in self.parts) / self.messages

    def find(self, ratio: float) -> float:
        """Find the wait, in seconds, that this share does not exceed; inf: some are never done."""
        if self.kept_ratio(timedelta(seconds=NEAR_S)) >= ratio:
            return 0.0
        most = max((max(each.first_s, each.last_s) for each in self.parts), default=0.0)
        low, high = 0.0, most
        if math.isinf(most):
            finite = [each for part in self.parts for each in part[1:] if math.isfinite(each)]
            high = max(finite, default=0.0)
            if self.kept_ratio(timedelta(seconds=high)) < ratio:
                return math.inf
        while high - low > NEAR_S:
            middle = (low + high) / 2.0
            if self.kept_ratio(timedelta(seconds=middle)) >= ratio:
                high = middle
            else:
                low = middle
        return high


def find_waits(found: Run, begin: int = 0, end: int | None = None) -> Waits:
    """Find what messages waited that arrived from a slot to before another.

    What is left at the end of the run is worked off by who is there then.
    """
    slot_s = found.course.slot / SECOND
    slots = found.slots
    demand = [each or 0.0 for each in slots.demand]
    arrived = _sum_up(demand, slots.waiting[0] if demand else 0.0)
    done = list(_work(found, demand, slot_s))
    # Both curves: (messages so far, at what time).
    arrivals = [(count, index * slot_s) for index, count in enumerate(arrived)]
    bounds = (arrived[begin], arrived[len(demand) if end is None else end])
    parts = tuple(_compare(arrivals, done, *bounds))
    return Waits(parts, math.fsum(part.messages for part in parts))


def _sum_up(demand: list[float], first: float) -> list[float]:
    total, sums = first, [first]
    for each in demand:
        total += each
        sums.append(total)
    return sums


def _work(found: Run, demand: list[float], slot_s: float) -> Iterator[tuple[float, float]]:
    """Tell how many are done by when, wherever the rate of it changes."""
    slots = found.slots
    done = 0.0
    yield done, 0.0
    capacity = 0.0
    for index, arriving in enumerate(demand):
        capacity = slots.ready[index] * slots.capacity_per_instance[index]
        waiting, begin_s = slots.waiting[index], index * slot_s
        if waiting + arriving > capacity:
            done += capacity
        else:
            if waiting and capacity > arriving:
                # The backlog is gone within the slot; from then on nobody waits.
                part = waiting / (capacity - arriving)
                yield done + waiting + part * arriving, begin_s + part * slot_s
            done += waiting + arriving
        yield done, begin_s + slot_s
    left = slots.backlog[-1] if demand else 0.0
    if left:
        after_s = left / capacity * slot_s if capacity else math.inf
        yield done + left, len(demand) * slot_s + after_s


def _compare(
    arrivals: list[tuple[float, float]],
    done: list[tuple[float, float]],
    first: float,
    last: float,
) -> Iterator[Part]:
    """Walk both curves by the count of messages, from corner to corner."""
    between = {count for count, _ in (*arrivals, *done) if first < count < last}
    came, ended = _Curve(arrivals), _Curve(done)
    for low, high in pairwise(sorted(between | {first, last})):
        if high - low <= CLOSE_RATIO * max(1.0, last):
            continue
        at, to = came.span(low, high), ended.span(low, high)
        yield Part(high - low, max(0.0, to[0] - at[0]), max(0.0, to[1] - at[1]))


class _Curve:
    """When so many messages were counted, asked in rising order."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self._points = points
        self._at = 0

    def span(self, low: float, high: float) -> tuple[float, float]:
        """Say when the first of these came, and when the last; no corner lies between."""
        points = self._points
        middle = (low + high) / 2.0
        while self._at + 2 < len(points) and points[self._at + 1][0] <= middle:
            self._at += 1
        (begin, begin_s), (end, end_s) = points[self._at], points[self._at + 1]
        if math.isinf(end_s):
            return math.inf, math.inf
        slope = (end_s - begin_s) / (end - begin) if end > begin else 0.0
        return begin_s + (low - begin) * slope, begin_s + (high - begin) * slope


def _count_kept(part: Part, limit_s: float) -> float:
    """Count those of a part that wait no longer."""
    low, high = sorted(part[1:])
    if high <= limit_s:
        return part.messages
    if low > limit_s or math.isinf(high):
        return 0.0
    return part.messages * (limit_s - low) / (high - low)
