"""Which local dates and times does a six-field cron expression name?"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from flyball.core.shape import NamedTuple, dataclass
from flyball.core.zone import FIRST_YEAR, LAST_YEAR

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

Calendar = tuple[int, ...]
"""The days of one month on which an expression fires, in order."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed cron expression: a set of local times, all of them whole minutes.

    Attributes:
        minutes: In order, 0-59; never empty.
        hours: In order, 0-23; never empty.
        months: In order, 1-12: those in which some day can match, so possibly none.
        years: In order, 1970-2199; never empty.
        calendars: One for each of the 28 kinds of month, at 4 x weekday of the first (Monday is
            0) + length - 28.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    calendars: tuple[Calendar, ...]

    def step_on(self, local: datetime) -> datetime | None:
        """Give the earliest local time of the set that is not before this one."""
        day = local.date()
        if day.day in self._calendar(day.year, day.month):
            clock = self.step_clock_on(local.time())
            if clock is not None:
                return datetime.combine(day, clock)
        following = self._following_day(day)
        if following is None:
            return None
        return datetime.combine(following, time(self.hours[0], self.minutes[0]))

    def step_back(self, local: datetime) -> datetime | None:
        """Give the latest local time of the set that is not after this one."""
        day = local.date()
        if day.day in self._calendar(day.year, day.month):
            clock = self.step_clock_back(local.time())
            if clock is not None:
                return datetime.combine(day, clock)
        preceding = self._preceding_day(day)
        if preceding is None:
            return None
        return datetime.combine(preceding, time(self.hours[-1], self.minutes[-1]))

    def step_clock_on(self, clock: time) -> time | None:
        """Give the earliest time of day of the set that is not before this one."""
        past_minute = bool(clock.second or clock.microsecond)
        if clock.hour in self.hours:
            i = bisect_left(self.minutes, clock.minute + past_minute)
            if i < len(self.minutes):
                return time(clock.hour, self.minutes[i])
        i = bisect_right(self.hours, clock.hour)
        return time(self.hours[i], self.minutes[0]) if i < len(self.hours) else None

    def step_clock_back(self, clock: time) -> time | None:
        """Give the latest time of day of the set that is not after this one."""
        if clock.hour in self.hours:
            i = bisect_right(self.minutes, clock.minute)
            if i:
                return time(clock.hour, self.minutes[i - 1])
        i = bisect_left(self.hours, clock.hour)
        return time(self.hours[i - 1], self.minutes[-1]) if i else None

    def _calendar(self, year: int, month: int) -> Calendar:
        if month not in self.months or year not in self.years:
            return ()
        return self._days(year, month)

    def _days(self, year: int, month: int) -> Calendar:
        return self.calendars[date(year, month, 1).weekday() * 4 + _length(year, month) - 28]

    def _following_day(self, day: date) -> date | None:
        later = [d for d in self._calendar(day.year, day.month) if d > day.day]
        if later:
            return day.replace(day=later[0])
        for year in self.years[bisect_left(self.years, day.year) :]:
            for month in self.months:
                if (year, month) > (day.year, day.month) and (days := self._days(year, month)):
                    return date(year, month, days[0])
        return None

    def _preceding_day(self, day: date) -> date | None:
        earlier = [d for d in self._calendar(day.year, day.month) if d < day.day]
        if earlier:
            return day.replace(day=earlier[-1])
        for year in reversed(self.years[: bisect_right(self.years, day.year)]):
            for month in reversed(self.months):
                if (year, month) < (day.year, day.month) and (days := self._days(year, month)):
                    return date(year, month, days[-1])
        return None


def parse_cron(fields: str) -> Cron:
    """Read the six fields between the brackets of a cron expression.

    The rules are those of Amazon EventBridge Scheduler and Application Auto Scaling. What their
    documents leave open is settled here so: a range may wrap around (FRI-MON, 22-2), except over
    years; L, LW, nW, xL and x#n stand alone in their field; L-n is refused; so is a step over
    days of the week; nW is the weekday nearest to day n inside its month, and nothing in a month
    that has no day n.

    Args:
        fields: minutes hours day-of-month month day-of-week year, separated by white space.

    Raises:
        ValueError: A field is wrong; names it, what was expected and the remedy.

    Source: Amazon EventBridge User Guide, "Cron expressions reference"; EventBridge Scheduler User
        Guide, "Schedule types".
    """
    parts = fields.upper().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(_miscounted(parts))
    minute, hour, month_day, month, week_day, year = parts
    if (month_day == "?") == (week_day == "?"):
        raise ValueError(
            f"day of month {_short(month_day)} and day of week {_short(week_day)}: expected ? in "
            "exactly one of them; write ? in the one that does not matter"
        )
    rule = _read_week_day(week_day) if month_day == "?" else _read_month_day(month_day)
    calendars = [[tuple(rule(Month(first, n))) for n in _LENGTHS] for first in range(7)]
    matched = [any(week[n - _LENGTHS.start] for week in calendars) for n in _LENGTHS]
    return Cron(
        minutes=_read_values(_MINUTE, minute),
        hours=_read_values(_HOUR, hour),
        months=tuple(
            m
            for m in _read_values(_MONTH, month)
            if any(matched[n - _LENGTHS.start] for n in {_length(2024, m), _length(2025, m)})
        ),
        years=_read_values(_YEAR, year),
        calendars=tuple(days for week in calendars for days in week),
    )


class Month(NamedTuple):
    """A kind of month: the weekday of its first day (Monday is 0) and its length in days."""

    first: int
    length: int

    def weekday(self, day: int) -> int:
        """Give the weekday of a day of this month."""
        return (self.first + day - 1) % 7


class Field(NamedTuple):
    """One of the six fields: its name, bounds, signs, and its values' names if they have any."""

    name: str
    low: int
    high: int
    signs: str = ", - * /"
    names: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """Say which values the field takes."""
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{self.low}-{self.high}{names} with {self.signs}"


_LENGTHS = range(28, 32)
_SHORT_MONTHS = {4, 6, 9, 11}
_Rule = Callable[[Month], Sequence[int]]

_MINUTE = Field("minute", 0, 59)
_HOUR = Field("hour", 0, 23)
_MONTH_DAY = Field("day of month", 1, 31, ", - * ? / L W")
_MONTH = Field("month", 1, 12, names=MONTHS)
_WEEK_DAY = Field("day of week", 1, 7, ", - * ? L #", WEEKDAYS)
_YEAR = Field("year", FIRST_YEAR, LAST_YEAR)
_FIELDS = (_MINUTE, _HOUR, _MONTH_DAY, _MONTH, _WEEK_DAY, _YEAR)


def _miscounted(parts: Sequence[str]) -> str:
    remedy = "write ? for a day field that does not matter"
    if len(parts) == len(_FIELDS) - 1:
        remedy = "add a year as the last field, * for every year, and write ? in one day field"
    order = ", ".join(field.name for field in _FIELDS)
    return f"got {len(parts)} fields, expected 6 ({order}); {remedy}"


def _read_month_day(text: str) -> _Rule:
    if text == "L":
        return lambda month: (month.length,)
    if text == "LW":
        return lambda month: (_nearest_weekday(month, month.length),)
    if nearest := re.fullmatch("([0-9]{1,2})W", text):
        day = _read_value(_MONTH_DAY, nearest[1])
        return lambda month: (_nearest_weekday(month, day),) if day <= month.length else ()
    if "L" in text or "W" in text:
        remedy = "write L, LW or a day and W, such as 15W, alone in the field"
        raise _wrong(_MONTH_DAY, text, remedy)
    days = _read_values(_MONTH_DAY, text)
    return lambda month: tuple(day for day in days if day <= month.length)


def _read_week_day(text: str) -> _Rule:
    if text == "L":
        text = "SAT"  # the last day of the week
    if last := re.fullmatch("([0-9A-Z]+)L", text):
        weekday = _weekday(_read_value(_WEEK_DAY, last[1]))
        return lambda month: _each(month, weekday)[-1:]
    if nth := re.fullmatch("([0-9A-Z]+)#([1-5])", text):
        weekday, n = _weekday(_read_value(_WEEK_DAY, nth[1])), int(nth[2])
        return lambda month: _each(month, weekday)[n - 1 : n]
    if "#" in text:
        remedy = "write one day, # and 1 to 5, such as FRI#2, alone in the field"
        raise _wrong(_WEEK_DAY, text, remedy)
    if "/" in text:
        remedy = "this field takes no step: list the days, such as MON,WED,FRI"
        raise _wrong(_WEEK_DAY, text, remedy)
    weekdays = {_weekday(value) for value in _read_values(_WEEK_DAY, text)}
    return lambda month: tuple(
        day for day in range(1, month.length + 1) if month.weekday(day) in weekdays
    )


def _read_values(field: Field, text: str) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        values.update(_read_item(field, item))
    return tuple(sorted(values))


def _read_item(field: Field, item: str) -> Sequence[int]:
    base, slash, step = item.partition("/")
    low, dash, high = base.partition("-")
    values: Sequence[int]
    if base == "*":
        values = range(field.low, field.high + 1)
    elif dash:
        values = _read_range(field, low, high)
    else:
        value = _read_value(field, base)
        values = range(value, field.high + 1 if slash else value + 1)
    return values[:: _read_step(field, item, step)] if slash else values


def _read_range(field: Field, low: str, high: str) -> Sequence[int]:
    first, last = _read_value(field, low), _read_value(field, high)
    if first <= last:
        return range(first, last + 1)
    if field is _YEAR:
        raise _wrong(field, f"{low}-{high}", "write the earlier year first")
    return (*range(first, field.high + 1), *range(field.low, last + 1))


def _read_value(field: Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if not re.fullmatch("[0-9]{1,4}", text):
        raise _wrong(field, text, _remedy(field, text))
    if not field.low <= int(text) <= field.high:
        raise _wrong(field, text, f"write a number from {field.low} to {field.high}")
    return int(text)


def _read_step(field: Field, item: str, step: str) -> int:
    most = field.high - field.low + 1
    if not re.fullmatch("[0-9]{1,4}", step) or not 1 <= int(step) <= most:
        raise _wrong(field, item, f"write a step from 1 to {most} after the /")
    return int(step)


def _remedy(field: Field, text: str) -> str:
    if not text:
        return "take out the sign beside which nothing stands, or write a value there"
    if text[:3] in field.names:
        return f"write {text[:3]}"
    if text in {"?", "*"}:
        return f"{text} stands alone, in a field that takes it"
    return f"write a value from {field.low} to {field.high}"


def _wrong(field: Field, text: str, remedy: str) -> ValueError:
    return ValueError(f"{field.name} {_short(text)}: expected {field.expected}; {remedy}")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")  # noqa: PLR2004


def _nearest_weekday(month: Month, day: int) -> int:
    """Give the Monday to Friday that is nearest to a day, inside its month."""
    match month.weekday(day):
        case 5:
            return day - 1 if day > 1 else day + 2
        case 6:
            return day + 1 if day < month.length else day - 2
        case _:
            return day


def _each(month: Month, weekday: int) -> tuple[int, ...]:
    first = (weekday - month.first) % 7 + 1
    return tuple(range(first, month.length + 1, 7))


def _weekday(value: int) -> int:
    """Turn 1-7, Sunday to Saturday, into Python's 0-6, Monday to Sunday."""
    return (value - 2) % 7


def _length(year: int, month: int) -> int:
    if month == 2:  # noqa: PLR2004
        return 29 if isleap(year) else 28
    return 30 if month in _SHORT_MONTHS else 31
