"""Which schedules and windows will not do at some time what their author expects?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from flyball.config.entry import Built
from flyball.config.source import Place
from flyball.core.policy import ScheduledPolicy
from flyball.core.schedule import At, Rate, next_after, parse_expression
from flyball.core.window import Span, Window, occurrences
from flyball.core.zone import zone

HORIZON = timedelta(days=731)
SPANS = 400
"""Spans of a window that are compared: a year of days."""
ALL_HOURS = 24
_DAY = timedelta(days=1)

Finding = tuple[Place, str, str]


class Shift(NamedTuple):
    """A change of a clock.

    Attributes:
        start: First local time that is jumped over, or that comes twice.
        end: First local time after those.
        skipped: Jumped over.
    """

    start: datetime
    end: datetime
    skipped: bool


class Timed(NamedTuple):
    """An expression of a file, and what happens when the clock jumps over it or shows it twice."""

    place: Place
    expression: str
    time_zone: str
    if_skipped: str
    if_repeated: str


def check_calendar(built: Built, now: datetime) -> Iterator[Finding]:
    """Find what never fires, what the clock's changes touch, and days named by numbers."""
    target, places = built
    for policy in target.policies:
        if isinstance(policy, ScheduledPolicy):
            yield from _check_action(policy, places["policy", policy.name], now)
    for window in target.windows:
        yield from _check_window(window, places["window", window.name], now)
    yield from _check_overlaps(target.windows, places, now)


def _check_action(policy: ScheduledPolicy, place: Place, now: datetime) -> Iterator[Finding]:
    schedule = policy.schedule
    if next_after(schedule, now) is None:
        yield place, f"{schedule.expression} never fires again", "remove it, or correct its dates"
        return
    timed = Timed(
        place, schedule.expression, schedule.time_zone, "it will not fire", "it fires at the first"
    )
    yield from _check_expression(timed, now)


def _check_window(window: Window, place: Place, now: datetime) -> Iterator[Finding]:
    if not occurrences(window, now, 1):
        yield place, "this window is never active again", "remove it, or correct its dates"
        return
    early = "it starts when the clock jumps"
    timed = Timed(place, window.start, window.time_zone, early, "it starts at the first")
    yield from _check_expression(timed, now)
    if window.end is not None:
        late = "it ends when the clock jumps"
        timed = Timed(place, window.end, window.time_zone, late, "it ends at the second")
        yield from _check_expression(timed, now)


def _check_expression(timed: Timed, now: datetime) -> Iterator[Finding]:
    if _has_day_numbers(timed.expression):
        hint = "write names (SUN, MON, …): AWS's own pages disagree on what a number means"
        yield timed.place, f"{timed.expression} has a number for a day of the week", hint
    expression = parse_expression(timed.expression)
    if isinstance(expression, Rate):
        return
    if not isinstance(expression, At) and len(expression.hours) == ALL_HOURS:
        return  # so often that one time more or less does not matter
    for shift in _list_shifts(
        zone(timed.time_zone), now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ):
        local = expression.step_on(shift.start)
        if local is None or local >= shift.end:
            continue
        what = "does not exist" if shift.skipped else "comes twice"
        then = timed.if_skipped if shift.skipped else timed.if_repeated
        message = f"{local:%H:%M} {what} in {timed.time_zone} on {local:%Y-%m-%d}: {then}"
        hint = f"choose a time outside {shift.start:%H:%M}-{shift.end:%H:%M}"
        yield timed.place, message, hint
        return


def _has_day_numbers(expression: str) -> bool:
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if not expression.startswith("cron(") or len(fields) < 5:  # noqa: PLR2004
        return False
    return bool(re.search(r"\d", re.sub(r"#\d", "", fields[4])))


@lru_cache(maxsize=1024)
def _list_shifts(tz: tzinfo, now: datetime) -> tuple[Shift, ...]:
    """List the changes of a clock in the two years from an instant."""
    found = []
    t = now
    while t < now + HORIZON:
        before, after = t.astimezone(tz).utcoffset(), (t + _DAY).astimezone(tz).utcoffset()
        if before is not None and after is not None and before != after:
            change = _find_change(tz, t, t + _DAY, before)
            old = (change + before).replace(tzinfo=None)
            new = (change + after).replace(tzinfo=None)
            found.append(Shift(min(old, new), max(old, new), skipped=after > before))
        t += _DAY
    return tuple(found)


def _find_change(tz: tzinfo, least: datetime, most: datetime, before: timedelta) -> datetime:
    """Find the instant, to the second, at which an offset ends."""
    while most - least > timedelta(seconds=1):
        middle = (least + (most - least) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == before:
            least = middle
        else:
            most = middle
    return most


def _check_overlaps(
    windows: Sequence[Window], places: Mapping[tuple[str, str], Place], now: datetime
) -> Iterator[Finding]:
    """Find windows of one priority that are active together and ask for different bounds."""
    for index, window in enumerate(windows):
        for other in windows[:index]:
            if window.priority != other.priority or not _differ(window, other):
                continue
            at = _first_overlap(occurrences(window, now, SPANS), occurrences(other, now, SPANS))
            if at is not None:
                hint = "the largest floor and the smallest ceiling count: give one a priority"
                message = f"it overlaps {other.name} with other bounds at {at:%Y-%m-%d %H:%M} UTC"
                yield places["window", window.name], message, hint


def _differ(one: Window, other: Window) -> bool:
    floors, ceilings = (one.lowest, other.lowest), (one.highest, other.highest)
    for a, b in (floors, ceilings):
        if a is not None and b is not None and a != b:
            return True
    crossings = ((one.lowest, other.highest), (other.lowest, one.highest))
    return any(low is not None and high is not None and low > high for low, high in crossings)


def _first_overlap(one: Sequence[Span], other: Sequence[Span]) -> datetime | None:
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i].start, other[j].start), min(one[i].end, other[j].end)
        if start < end:
            return start
        if one[i].end <= other[j].end:
            i += 1
        else:
            j += 1
    return None
