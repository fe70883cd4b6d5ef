"""When does a schedule fire?

A time in a schedule's own zone that a clock jumps over is skipped; one that a clock shows twice
fires once, at the first. So a `cron` for every quarter of an hour rests during the repeated hour,
and an `at` for a time that is never shown never fires. A `rate` counts elapsed time and knows no
clock.

Source: EventBridge Scheduler User Guide, "Schedule types", "Daylight savings time".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from flyball.core.cron import Cron, parse_cron
from flyball.core.shape import dataclass
from flyball.core.zone import (
    FIRST_YEAR,
    LAST_YEAR,
    LATEST,
    TICK,
    find_after,
    find_until,
    read_first,
    zone,
)

__all__ = [
    "At",
    "Cron",
    "Rate",
    "Schedule",
    "last_between",
    "next_after",
    "parse_expression",
    "preview",
    "to_utc",
    "zone",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_RATE = timedelta(days=36_500)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class At:
    """One local time."""

    local: datetime

    def step_on(self, local: datetime) -> datetime | None:
        """Give the local time unless it is before this one."""
        return self.local if self.local >= local else None

    def step_back(self, local: datetime) -> datetime | None:
        """Give the local time unless it is after this one."""
        return self.local if self.local <= local else None

    def step_clock_on(self, clock: time) -> time | None:
        """Give the time of day unless it is before this one."""
        return self.local.time() if self.local.time() >= clock else None

    def step_clock_back(self, clock: time) -> time | None:
        """Give the time of day unless it is after this one."""
        return self.local.time() if self.local.time() <= clock else None


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so much elapsed time."""

    every: timedelta


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something happens.

    Attributes:
        expression: at(yyyy-mm-ddThh:mm:ss), rate(n unit) or cron(minute hour day-of-month month
            day-of-week year), as EventBridge Scheduler and Application Auto Scaling read them.
            A rate's first firing is at `start`, or at 1970-01-01T00:00Z without one; a day in it
            is 24 hours.
        time_zone: IANA name; applies to at and cron.
        start: Aware UTC; no firing is before it.
        end: Aware UTC; no firing is after it.

    Raises:
        ValueError: Something is malformed; names the field, what was expected and the remedy. An
            expression that is well formed but never fires is no error.

    Source: EventBridge Scheduler User Guide, "Schedule types"; Application Auto Scaling API,
        PutScheduledAction. Where they differ, `start` and `end` bound an at as well.
    """

    expression: str
    time_zone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        parse_expression(self.expression)
        zone(self.time_zone)
        start = None if self.start is None else to_utc("start", self.start)
        end = None if self.end is None else to_utc("end", self.end)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)
        if start is not None and end is not None and end < start:
            raise ValueError(
                f"end {end.isoformat()} is before start {start.isoformat()}: the schedule would "
                "never fire; write a later end or leave it out"
            )


def next_after(schedule: Schedule, t: datetime) -> datetime | None:
    """Give the earliest firing strictly after an instant.

    Args:
        schedule: Any.
        t: Aware.

    Returns:
        Aware UTC, or None if there is none. Takes bounded time also if there is none.

    Raises:
        ValueError: The instant is naive.
    """
    t = to_utc("t", t)
    if schedule.start is not None:
        t = max(t, schedule.start - TICK)
    expression = parse_expression(schedule.expression)
    if isinstance(expression, Rate):
        firing = _next_beat(expression.every, schedule.start or EPOCH, t)
    else:
        tz = zone(schedule.time_zone)
        moment = find_after(t, tz, expression.step_on, read_first, skip=True)
        firing = None if moment is None else moment.instant
    return None if firing is None or _is_past(firing, schedule.end) else firing


def last_between(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """Give the latest firing in (after, until]; as quick over years as over minutes.

    Args:
        schedule: Any.
        after: Aware; itself excluded.
        until: Aware; itself included.

    Returns:
        Aware UTC, or None if there is none.

    Raises:
        ValueError: An instant is naive.
    """
    after, until = to_utc("after", after), to_utc("until", until)
    if schedule.start is not None:
        after = max(after, schedule.start - TICK)
    if schedule.end is not None:
        until = min(until, schedule.end)
    expression = parse_expression(schedule.expression)
    if isinstance(expression, Rate):
        firing = _last_beat(expression.every, schedule.start or EPOCH, until)
    else:
        tz = zone(schedule.time_zone)
        moment = find_until(until, tz, expression.step_back, read_first, skip=True)
        firing = None if moment is None else moment.instant
    return None if firing is None or firing <= after else firing


def preview(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """Give the next firings strictly after an instant.

    Args:
        schedule: Any.
        after: Aware.
        count: How many, at least 0.

    Returns:
        Aware UTC, in order, shape (n,), n <= count.

    Raises:
        ValueError: The instant is naive.
    """
    firings: list[datetime] = []
    firing = next_after(schedule, after)
    while firing is not None and len(firings) < count:
        firings.append(firing)
        firing = next_after(schedule, firing)
    return firings


@lru_cache(maxsize=1024)
def parse_expression(expression: str) -> At | Rate | Cron:
    """Read an expression.

    Raises:
        ValueError: It is malformed; names the field, what was expected and the remedy.
    """
    kind, bracket, rest = expression.partition("(")
    try:
        if not expression.isascii():
            raise ValueError("expected ASCII characters alone; retype what was pasted")  # noqa: TRY301
        if not bracket or not rest.endswith(")") or kind not in _PARSERS:
            raise ValueError(_describe_form(expression))  # noqa: TRY301
        return _PARSERS[kind](rest[:-1])
    except ValueError as error:
        shown = expression if len(expression) <= 80 else f"{expression[:80]}…"  # noqa: PLR2004
        raise ValueError(f"schedule {shown!r}: {error}") from None


def to_utc(name: str, t: datetime) -> datetime:
    """Give the same instant in UTC.

    Raises:
        ValueError: It is naive.
    """
    if t.tzinfo is UTC:
        return t
    if t.utcoffset() is None:
        raise ValueError(f"{name} {t.isoformat()}: expected a time with an offset; add Z for UTC")
    return t.astimezone(UTC)


def _describe_form(expression: str) -> str:
    expected = "expected at(yyyy-mm-ddThh:mm:ss), rate(n unit) or cron(six fields)"
    words = expression.split()
    if len(words) in {5, 6} and "(" not in expression:
        return f"{expected}; write cron({expression.strip()})"
    return f"{expected}, in lower case and with nothing before or after"


def _parse_at(text: str) -> At:
    expected = "expected at(yyyy-mm-ddThh:mm:ss)"
    digits = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if digits is None:
        raise ValueError(f"{expected}, with no offset or Z: the time zone is a field of its own")
    year, month, day, hour, minute, second = map(int, digits.groups())
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year {year}: {expected} with a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        return At(datetime.combine(date(year, month, day), time(hour, minute, second)))
    except ValueError as error:
        raise ValueError(f"{error}; {expected} with a date and time that exist") from None


def _parse_rate(text: str) -> Rate:
    expected = "expected rate(n unit), unit minute, minutes, hour, hours, day or days"
    digits = re.fullmatch(r"\s*([0-9]{1,9})\s+([a-z]+)\s*", text)
    if digits is None or digits[2].removesuffix("s") not in _UNITS:
        raise ValueError(f"{expected}; write for example rate(5 minutes)")
    count, unit = int(digits[1]), digits[2].removesuffix("s")
    if count < 1:
        raise ValueError(f"value {count}: {expected}; write a value of at least 1")
    right = unit if count == 1 else f"{unit}s"
    if digits[2] != right:
        raise ValueError(f"unit {digits[2]!r}: a value of {count} takes {right!r}; write {right!r}")
    if count > LONGEST_RATE // _UNITS[unit]:
        raise ValueError(f"value {count}: expected at most {LONGEST_RATE.days} days; write at(...)")
    return Rate(count * _UNITS[unit])


_PARSERS: Mapping[str, Callable[[str], At | Rate | Cron]] = {
    "at": _parse_at,
    "rate": _parse_rate,
    "cron": parse_cron,
}


def _next_beat(every: timedelta, anchor: datetime, t: datetime) -> datetime | None:
    if max(t, anchor) >= LATEST:
        return None
    beat = anchor if t < anchor else anchor + ((t - anchor) // every + 1) * every
    return beat if beat <= LATEST else None


def _last_beat(every: timedelta, anchor: datetime, until: datetime) -> datetime | None:
    until = min(until, LATEST)
    return None if until < anchor else anchor + ((until - anchor) // every) * every


def _is_past(firing: datetime, end: datetime | None) -> bool:
    return end is not None and firing > end
