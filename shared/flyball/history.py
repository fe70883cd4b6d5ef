"""What arrived at a scalable target in the past, and who can be asked for it?

A service that counts requests writes nothing where none came, and nothing either where nobody was
there to count. The two are told apart by whether instances reported: a period without a count is a
zero where they did, and a gap where they did not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from flyball.core.target import ScalableTarget
from flyball.metricmath import Values
from flyball.recipe import Span

REPORT = timedelta(minutes=6)
"""From one report of instances to the next: a SageMaker endpoint may be told to make one in five
minutes, and one may be late by a minute."""
SETTLED = timedelta(minutes=15)
"""What ended so long ago is not added to any more."""
GRACE = timedelta(hours=1)
"""A window may begin so much before what is kept, as `15 days ago` does; it is cut there."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Keep(NamedTuple):
    """How long a service keeps datapoints of one length."""

    period: timedelta
    length: timedelta


class Count(NamedTuple):
    """What is known of one period.

    Attributes:
        at: Its beginning, aware UTC.
        requests: That came in it; None: not known.
        instances: That were in service in it, on average; None: not known.
    """

    at: datetime
    requests: float | None
    instances: float | None


class HistoryError(Exception):
    """The past cannot be told; the message says of whom, why, and the remedy."""


class ThrottledError(HistoryError):
    """It was asked too often; later it may be asked again."""


class TrafficSource(Protocol):
    """A service that remembers traffic.

    Attributes:
        name: As it is typed and its folder is called.
        home: Whose scalable targets it knows.
        keeps: The finest datapoints first; none is kept longer than those after it.
    """

    name: str
    home: str
    keeps: Sequence[Keep]

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Say where it is asked, and on whose account.

        Args:
            known: What earlier calls have put here; where it holds the answer, nobody is asked.

        Raises:
            HistoryError: It is not known, such as without credentials.
        """
        ...

    def name_series(self, scalable_target: ScalableTarget) -> str:
        """Name the resource and the metrics of which pull tells, as only they are named.

        Raises:
            HistoryError: Its requests are not counted there.
        """
        ...

    def pull(self, scalable_target: ScalableTarget, span: Span) -> Sequence[Count]:
        """Ask for each period of a span, in order.

        Raises:
            ThrottledError: Only for now.
            HistoryError: It was refused, or there was no answer.
        """
        ...

    def tell_nothing(self, scalable_target: ScalableTarget) -> str:
        """Say why nothing at all is known of it, where that can be found out."""
        ...


def choose_span(since: datetime, until: datetime, keeps: Sequence[Keep], now: datetime) -> Span:
    """Give the whole periods of a window, the finest that a service still has of its beginning.

    Args:
        since: Aware UTC.
        until: Likewise; what is not settled by `now` is left out.
        keeps: As a TrafficSource's.
        now: Aware UTC.

    Raises:
        HistoryError: The window begins before what is kept, or it holds fewer than two periods.
    """
    for keep in keeps:
        oldest = now - keep.length
        if since < oldest - GRACE:
            continue
        start = _raise(max(since, oldest), keep.period)
        end = min(until, now - SETTLED)
        end -= (end - _EPOCH) % keep.period
        if end - start < 2 * keep.period:
            raise HistoryError(
                f"the window {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC holds fewer than "
                f"two periods of {keep.period}; choose a longer one (the last "
                f"{SETTLED // timedelta(minutes=1)} minutes are not settled yet)"
            )
        return Span(start, end, keep.period)
    days = keeps[-1].length.days
    raise HistoryError(
        f"the window begins {since:%Y-%m-%d %H:%M} UTC, and no more than {days} days are kept; "
        f"begin it after {now - keeps[-1].length:%Y-%m-%d}"
    )


def widen(span: Span) -> Span:
    """Add to both ends of a span for how long instances may be silent, in whole periods."""
    margin = span.period * math.ceil(REPORT / span.period)
    return Span(span.start - margin, span.end + margin, span.period)


def count_requests(
    span: Span, counts: Values, reports: Values, instances: Values
) -> tuple[Count, ...]:
    """Say what came in each period of a span.

    Args:
        span: Of which is told.
        counts: Requests, by the ends of the periods in which any came.
        reports: Above 0 at the end of each period in which instances reported, 0 where it is said
            that there were none; wider than the span, see widen.
        instances: How many there were, by the ends of periods; no number is above 0 by mistake.
    """
    seen = sorted(at for at, value in reports.items() if value > 0)
    told = []
    for index in range(span.periods):
        at = span.start + index * span.period
        end = at + span.period
        number = counts.get(end)
        if number is None and reports.get(end) != 0 and _was_there(seen, end):
            number = 0.0
        ready = instances.get(end)
        told.append(Count(at, _keep_sound(number), _keep_sound(ready)))
    return tuple(told)


def _was_there(seen: Sequence[datetime], end: datetime) -> bool:
    """Say whether instances reported in a period, or before and after it in their usual time."""
    before, after = bisect_right(seen, end), bisect_left(seen, end)
    if before == 0 or after == len(seen):
        return False
    return seen[after] - seen[before - 1] <= REPORT


def _keep_sound(value: float | None) -> float | None:
    return value if value is not None and 0 <= value < math.inf else None


def _raise(at: datetime, period: timedelta) -> datetime:
    return at + (_EPOCH - at) % period
