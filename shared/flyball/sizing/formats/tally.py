"""What came of the requests of a load test, second by second?

For tools that write a row a request. Requests are counted in the second in which they were sent,
or, where the tool does not tell that, answered.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from flyball.sim.quantile import find_quantile
from flyball.sizing.benchmark import Step
from flyball.sizing.formats.stretch import CUT, Sample, Stretch, find_stretches

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
"""That are read of single latencies, where there are enough for it."""
KEPT_UP_RATIO = 0.9
"""Where fewer answers than this come in the time in which requests are sent, a backlog grows: what
counts is what was answered in that time. Above it the edges of the stretch are chance."""
HELD_RATIO = 0.5
"""Of a test that holds users, more than this has a level; of one that holds a rate, users vary."""
MINUTE_S = 60.0
ERRORS_TOO = "latencies are of all answers, errors too"
"""Where a tool does not tell them apart."""


class Listed(NamedTuple):
    """Steps, and what is odd about them."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Requests by the second.

    Attributes:
        sent: How many were sent in each.
        ended: How many answers without an error came in each.
        took: Milliseconds of those that were sent in it and answered without an error.
    """

    sent: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    ended: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    took: defaultdict[int, array[float]] = field(
        default_factory=lambda: defaultdict(lambda: array("d"))
    )

    def add(self, sent: int, ended: int, took_ms: float, *, answered: bool) -> None:
        """Count a request, by the seconds of its begin and its end."""
        self.sent[sent] += 1
        if answered:
            self.ended[ended] += 1
            self.took[sent].append(took_ms)


def list_steps(tally: Tally, settle: timedelta, users: Mapping[int, float] | None = None) -> Listed:
    """Make a step of each load that was held.

    Args:
        tally: Of one load test, or of one part of it; with a request.
        settle: Left out of the begin of each level.
        users: By the second in which the tool said it; None: it holds a rate.

    Returns:
        Steps in order of time. The last second is left out where there are others: it is a part
        of one.
    """
    first, last = min(tally.sent), max(tally.sent)
    seconds = range(first, max(last, first + 1))
    samples = [Sample(float(each), each + 1.0, 0.0, tally.sent[each]) for each in seconds]
    levels = _carry(seconds, users or {})
    by_users = [  # of a rate nobody is at work at many a moment, so 0 is no level
        each._replace(level=level or None) for each, level in zip(samples, levels, strict=True)
    ]
    found = find_stretches(by_users, settle.total_seconds()) if users else []
    held = sum(each.end - each.begin for each in found if not each.ramp)
    if held <= HELD_RATIO * len(samples):
        found = find_stretches(samples, settle.total_seconds())
        levels = [None] * len(samples)
    steps = [
        _measure(tally, seconds, each, None if each.divided else levels[each.first])
        for each in found
    ]
    return Listed(tuple(steps), (CUT,) if any(each.ramp for each in found) else ())


def read_quantiles(latencies: Sequence[float]) -> dict[float, float]:
    """Find the quantiles that there are enough latencies for: of p99 at least a hundred."""
    enough = len(latencies)
    ordered = sorted(latencies)
    return {
        quantile: find_quantile(ordered, quantile)
        for quantile in QUANTILES
        if ordered and (quantile == 1.0 or enough * (1 - quantile) >= 1 - 1e-9)
    }


def _carry(seconds: Sequence[int], users: Mapping[int, float]) -> list[float | None]:
    """Take the last that was said where nothing is said."""
    levels, level = list[float | None](), None
    for second in seconds:
        level = users.get(second, level)
        levels.append(level)
    return levels


def _measure(tally: Tally, seconds: Sequence[int], found: Stretch, users: float | None) -> Step:
    span = seconds[found.first : found.end]
    sent = sum(tally.sent[each] for each in span)
    latencies = array("d")
    for each in span:
        latencies.extend(tally.took.get(each, ()))
    answered = len(latencies)
    ended = sum(tally.ended[each] for each in span)
    if ended < KEPT_UP_RATIO * answered:
        answered = ended
    return Step(
        answered=answered * MINUTE_S / len(span),
        offered=sent * MINUTE_S / len(span),
        users=users,
        duration=timedelta(seconds=len(span)),
        latency_ms=read_quantiles(latencies),
    )
