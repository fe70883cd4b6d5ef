"""Which hours of the week reliably need more instances than the minimum?

A window is worth its money where the past shows that it would have been needed on nearly all days.
Working days and weekends are looked at apart, each hour of local time by itself; what is found is
told with how reliable it was. A short history tells nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from flyball.core.shape import NamedTuple
from flyball.sim.trace import MINUTE, Trace

HOURS = 24
KNOWN_MINUTES = 45
"""An hour with fewer known minutes is not known."""
BUSY_RATIO = 0.9
"""An hour needs what it needs in so many of its minutes: a short peak is not the calendar's."""
RELIABLE_RATIO = 0.9
"""A window was needed on so many of its days."""
LEAST_DAYS = {"mon-fri": 10, "sat-sun": 4}
"""Of each kind, two weeks' worth; of fewer, nothing is said."""
MOST_WINDOWS = 3
"""Of each kind of day: a config is to be read by people."""
SATURDAY = 5


class Habit(NamedTuple):
    """Hours that need more.

    Attributes:
        days: "mon-fri", "sat-sun" or "mon-sun".
        begin: The first hour, 0–23, local time.
        end: The hour before which it ends, 1–24.
        floor: Instances.
        needed: Days on which so many were needed in each of the hours.
        known: Days of which that is known.
    """

    days: str
    begin: int
    end: int
    floor: int
    needed: int
    known: int

    @property
    def reliable_ratio(self) -> float:
        """Share of days on which it was needed, 0–1."""
        return self.needed / self.known


class Habits(NamedTuple):
    """What a history tells of the calendar.

    Attributes:
        found: By kind of day, then by the hour.
        note: Why there is none, for people; "": there are some.
    """

    found: tuple[Habit, ...]
    note: str = ""


Day = Mapping[int, int]
"""Instances that each hour needed, of the hours that are known."""


def find_habits(
    history: Trace, invocations: float, base: int, most: int, time_zone: str = "UTC"
) -> Habits:
    """Find hours whose need is reliably above the minimum.

    Args:
        history: Requests by the minute.
        invocations: Per instance and minute, that one is held at, > 0.
        base: Instances that are there in any case.
        most: Instances that there are at most.
        time_zone: IANA name, whose hours and days count.

    Source: the largest rectangle under a row of heights, here of hours times instances above the
        minimum, is the window that holds most of what is needed anyway.
    """
    days = _count_needs(history, invocations, most, ZoneInfo(time_zone))
    found: list[Habit] = []
    short: list[str] = []
    for kind, least in LEAST_DAYS.items():
        own = [needs for day, needs in days.items() if _name(day) == kind]
        if len(own) < least:
            short.append(f"{len(own)} days of {kind}, of {least} that it takes")
            continue
        found += _find(kind, own, base, 0, HOURS, MOST_WINDOWS)
    found.sort(key=lambda each: (each.days, each.begin))
    if found:
        return Habits(_join(found))
    if short:
        return Habits((), f"the history is too short to tell a calendar: {'; '.join(short)}")
    return Habits((), "no hour of the week reliably needs more than the minimum")


def _join(found: Sequence[Habit]) -> tuple[Habit, ...]:
    """Make one of what both kinds of day have alike."""
    joined: dict[tuple[int, int, int], Habit] = {}
    for each in found:
        hours = each.begin, each.end, each.floor
        other = joined.get(hours)
        if other is None:
            joined[hours] = each
        else:
            needed, known = other.needed + each.needed, other.known + each.known
            joined[hours] = Habit("mon-sun", *hours, needed, known)
    return tuple(joined.values())


def _name(day: date) -> str:
    return "sat-sun" if day.weekday() >= SATURDAY else "mon-fri"


def _count_needs(history: Trace, invocations: float, most: int, zone: ZoneInfo) -> dict[date, Day]:
    """Count what each hour of each local day needed; a day with no known hour is none."""
    minutes: dict[tuple[date, int], list[float]] = defaultdict(list)
    at = history.start
    for requests in history.requests:
        if requests is not None:
            local = at.astimezone(zone)
            minutes[local.date(), local.hour].append(requests)
        at += MINUTE
    days: dict[date, dict[int, int]] = defaultdict(dict)
    for (day, hour), values in minutes.items():
        if len(values) >= KNOWN_MINUTES:
            values.sort()
            carried = values[math.floor(len(values) * (1 - BUSY_RATIO))]
            days[day][hour] = min(most, math.ceil(carried / invocations * (1 - 1e-9)))
    return dict(days)


def _find(
    kind: str, days: Sequence[Day], base: int, begin: int, end: int, left: int
) -> list[Habit]:
    """Take the window that holds most, and then what is left before and after it."""
    best, worth = None, 0
    for first in range(begin, end):
        for last in range(first + 1, end + 1):
            habit = _hold(kind, days, first, last)
            held = 0 if habit is None else (habit.floor - base) * (last - first)
            if held > worth:
                best, worth = habit, held
    if best is None:
        return []
    rest: list[Habit] = []
    if left > 1:
        rest = _find(kind, days, base, begin, best.begin, left - 1)
        rest += _find(kind, days, base, best.end, end, left - 1 - len(rest))
    return [best, *rest]


def _hold(kind: str, days: Sequence[Day], first: int, last: int) -> Habit | None:
    """Take the highest floor that was needed in all of the hours on nearly all days."""
    hours = range(first, last)
    lows = sorted(min(day[hour] for hour in hours) for day in days if all(h in day for h in hours))
    if len(lows) < LEAST_DAYS[kind]:
        return None
    floor = lows[math.floor(len(lows) * (1 - RELIABLE_RATIO) + 1e-9)]
    needed = sum(low >= floor for low in lows)
    return Habit(kind, first, last, floor, needed, len(lows))
