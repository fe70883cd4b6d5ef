"""From when until when does a recurring stretch of time last?

A start that the clock jumps over begins when it jumped, so nothing is left out; a start that the
clock shows twice begins at the first. An end that the clock jumps over ends when it jumped; one
that it shows twice ends at the second: a stretch is never shorter than the clock reads.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flyball.core.schedule import At, Cron
from flyball.core.shape import NamedTuple, dataclass
from flyball.core.zone import (
    EARLIEST,
    LATEST,
    TICK,
    Moment,
    find_after,
    find_until,
    read_first,
    read_second,
)

FIRST_LOCAL = datetime.combine(date(1969, 1, 1), time())
LAST_LOCAL = datetime.combine(date(2201, 1, 1), time())
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)

CHAIN_LIMIT = 16
"""Overlapping stretches are one while it lasts at most this many times their duration. A longer
one is cut at multiples of that since 1970, so that one that never ends is found in bounded time."""


class Span(NamedTuple):
    """A stretch of time, [start, end), aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Starts:
    """The local times at which stretches start.

    Attributes:
        times: The expression's.
        skipped: Dates without a start.
        added: Further dates, in order, with the expression's times of day.
        before: A start from here on would never end, so it is none.
    """

    times: At | Cron
    skipped: frozenset[date]
    added: tuple[date, ...]
    before: datetime

    def step_on(self, local: datetime) -> datetime | None:
        """Give the earliest start that is not before a local time."""
        found = self.times.step_on(local)
        while found is not None and found.date() in self.skipped:
            found = self.times.step_on(datetime.combine(found.date(), time.max) + TICK)
        for day in self.added:
            if day >= local.date() and (found is None or day <= found.date()):
                clock = self.times.step_clock_on(local.time() if day == local.date() else time.min)
                if clock is not None:
                    extra = datetime.combine(day, clock)
                    found = extra if found is None else min(found, extra)
        return None if found is None or found >= self.before else found

    def step_back(self, local: datetime) -> datetime | None:
        """Give the latest start that is not after a local time."""
        local = min(local, self.before - TICK)
        found = self.times.step_back(local)
        while found is not None and found.date() in self.skipped:
            found = self.times.step_back(datetime.combine(found.date(), time.min) - TICK)
        for day in self.added:
            if day <= local.date() and (found is None or day >= found.date()):
                clock = self.times.step_clock_back(
                    local.time() if day == local.date() else time.max
                )
                if clock is not None:
                    extra = datetime.combine(day, clock)
                    found = extra if found is None else max(found, extra)
        return found


@dataclass(frozen=True, slots=True)
class Pattern:
    """A recurring stretch of time.

    Attributes:
        starts: Local times.
        end: Local times; a stretch ends at the first one after its start. None with a duration.
        duration: Elapsed time; zero with an end.
        tz: Of all local times.
        valid_from: Nothing before it counts.
        valid_until: Nothing from it on counts.
    """

    starts: Starts
    end: At | Cron | None
    duration: timedelta
    tz: tzinfo
    valid_from: datetime
    valid_until: datetime


def make_pattern(
    times: At | Cron,
    end: At | Cron | None,
    duration: timedelta,
    tz: tzinfo,
    *,
    skipped: frozenset[date] = frozenset(),
    added: tuple[date, ...] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Pattern:
    """Put a pattern together.

    Args:
        times: Of the starts.
        end: Exactly one of end and a positive duration is given.
        duration: See `end`.
        tz: Of all local times.
        skipped: Local dates without a start.
        added: Local dates, in any order, on which there is a start too.
        valid_from: Aware UTC.
        valid_until: Aware UTC, after valid_from.
    """
    last_end = LAST_LOCAL if end is None else end.step_back(LAST_LOCAL)
    return Pattern(
        starts=Starts(times, skipped, tuple(sorted(added)), last_end or FIRST_LOCAL),
        end=end,
        duration=duration,
        tz=tz,
        valid_from=EARLIEST if valid_from is None else max(valid_from, EARLIEST),
        valid_until=FOREVER if valid_until is None else valid_until,
    )


def locate(pattern: Pattern, t: datetime) -> tuple[Span | None, datetime | None]:
    """Find the stretch around an instant, and the next instant at which one starts or ends.

    Args:
        pattern: Any.
        t: Aware UTC.

    Returns:
        The stretch, or None between stretches; the next boundary after t, or None for never. Both
        are the same for every instant of one stretch, and the boundary for every instant between
        two.
    """
    if t >= pattern.valid_until:
        return None, None
    since = max(t, pattern.valid_from)
    span = _find_span(pattern, since)
    if span is None:
        moment = find_after(since, pattern.tz, pattern.starts.step_on, read_first, skip=False)
        if moment is None or moment.instant >= pattern.valid_until:
            return None, None
        return None, moment.instant
    if t < pattern.valid_from:
        return None, pattern.valid_from
    span = Span(max(span.start, pattern.valid_from), min(span.end, pattern.valid_until))
    return span, span.end


def _find_span(pattern: Pattern, t: datetime) -> Span | None:
    """Find the stretch around an instant, those that overlap joined, regardless of validity."""
    last = _last_start(pattern, t)
    if last is None:
        return None
    span = _find_single(pattern, last)
    if span.end <= t:
        return None
    if not pattern.duration:
        return Span(
            _extend_back(pattern, span.start, EARLIEST), _extend_on(pattern, span.end, LATEST)
        )
    reach = CHAIN_LIMIT * pattern.duration
    cut = EPOCH + (t - EPOCH) // reach * reach
    start = _extend_back(pattern, span.start, cut - reach)
    end = _extend_on(pattern, span.end, cut + 2 * reach)
    if end - start <= reach:
        return Span(start, end)
    return Span(max(start, cut), min(end, cut + reach))


def _last_start(pattern: Pattern, t: datetime) -> Moment | None:
    """Find the latest start that counts at an instant or before it."""
    return find_until(t, pattern.tz, pattern.starts.step_back, read_first, skip=False)


def _find_single(pattern: Pattern, start: Moment) -> Span:
    """Give the stretch of one start; of the starts before one end, the first counts."""
    if pattern.end is None:
        return Span(start.instant, start.instant + pattern.duration)
    end_before = pattern.end.step_back(start.local) or FIRST_LOCAL
    first = pattern.starts.step_on(end_before) or start.local
    end = pattern.end.step_on(start.local + TICK) or LAST_LOCAL
    return _read_both(pattern, first, end)


def _read_both(pattern: Pattern, first: datetime, last: datetime) -> Span:
    """Read a start and an end; if one jump of the clock swallowed both, keep their distance.

    Otherwise it would be left out. It then gives way to the next start, to stay before it.
    """
    start = read_first(first, pattern.tz).instant
    end = read_second(last, pattern.tz).instant
    if end <= start:
        end = start + (last - first)
        following = pattern.starts.step_on(last)
        if following is not None:
            end = min(end, read_first(following, pattern.tz).instant)
    return Span(start, end)


def _extend_back(pattern: Pattern, start: datetime, limit: datetime) -> datetime:
    """Follow overlapping stretches back, until none is left or past a limit."""
    while start > limit:
        earlier = _reach_back(pattern, start)
        if earlier >= start:
            break
        start = earlier
    return start


def _reach_back(pattern: Pattern, start: datetime) -> datetime:
    """Find the start of an earlier stretch that lasts beyond an instant; or give the instant."""
    if pattern.duration:  # the earliest one, in one leap however many there are
        since = start - pattern.duration
        moment = find_after(since, pattern.tz, pattern.starts.step_on, read_first, skip=False)
        return start if moment is None else moment.instant
    last = _last_start(pattern, start - TICK)
    if last is None:
        return start
    span = _find_single(pattern, last)
    return span.start if span.end > start else start


def _extend_on(pattern: Pattern, end: datetime, limit: datetime) -> datetime:
    """Follow overlapping stretches on, until none is left or past a limit."""
    while end < limit:
        last = _last_start(pattern, end - TICK)
        later = end if last is None else _find_single(pattern, last).end
        if later <= end:
            break
        end = later
    return end
