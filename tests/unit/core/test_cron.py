"""Does a cron expression name the days and times that EventBridge reads in it?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import pytest

from flyball.core.cron import parse_cron


def list_days(fields: str, first: str, days: int) -> list[str]:
    """Name the days of a stretch on which an expression fires, forwards."""
    cron = parse_cron(fields)
    start = datetime.fromisoformat(first)
    found = []
    local = cron.step_on(start)
    while local is not None and local < start + timedelta(days=days):
        found.append(local.date().isoformat())
        local = cron.step_on(datetime.combine(local.date(), time()) + timedelta(days=1))
    return found


def list_days_back(fields: str, first: str, days: int) -> list[str]:
    """Name the same days by walking backwards."""
    cron = parse_cron(fields)
    start = datetime.fromisoformat(first)
    found = []
    local = cron.step_back(start + timedelta(days=days, microseconds=-1))
    while local is not None and local >= start:
        found.append(local.date().isoformat())
        local = cron.step_back(datetime.combine(local.date(), time()) - timedelta(microseconds=1))
    return found[::-1]


@dataclass(frozen=True)
class Days:
    """An expression's day fields, and the days they name in a stretch of time."""

    id: str
    fields: str
    first: str
    days: int
    expected: tuple[str, ...]


DAYS = (
    Days("day of month", "0 0 15 * ? *", "2026-01-01", 59, ("2026-01-15", "2026-02-15")),
    Days("list", "0 0 1,31 * ? *", "2026-01-01", 59, ("2026-01-01", "2026-01-31", "2026-02-01")),
    Days("step from a day", "0 0 10/10 2 ? 2026", "2026-01-01", 90, ("2026-02-10", "2026-02-20")),
    Days(
        "range that wraps over the month's end",
        "0 0 30-2 * ? *",
        "2026-01-05",
        30,
        ("2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"),
    ),
    Days("every day", "0 0 * * ? *", "2026-02-27", 3, ("2026-02-27", "2026-02-28", "2026-03-01")),
    Days("30 February", "0 0 30 2 ? *", "2026-01-01", 800, ()),
    Days("29 February", "0 0 29 2 ? *", "2026-01-01", 1200, ("2028-02-29",)),
    Days("29 February, not in 2100", "0 0 29 2 ? *", "2096-03-01", 2922, ("2104-02-29",)),
    Days("L in February", "0 0 L 2 ? *", "2027-01-01", 600, ("2027-02-28", "2028-02-29")),
    Days("L", "0 0 L * ? *", "2026-03-15", 50, ("2026-03-31", "2026-04-30")),
    Days("l in lower case", "0 0 l apr ? *", "2026-03-15", 50, ("2026-04-30",)),
    Days("LW on a Saturday", "0 0 LW 10 ? *", "2026-10-01", 40, ("2026-10-30",)),
    Days("LW on a Sunday", "0 0 LW 5 ? *", "2026-05-01", 40, ("2026-05-29",)),
    Days("LW on a weekday", "0 0 LW 9 ? *", "2026-09-01", 40, ("2026-09-30",)),
    Days("15W on a Saturday", "0 0 15W 8 ? *", "2026-08-01", 31, ("2026-08-14",)),
    Days("15W on a Sunday", "0 0 15W 2 ? *", "2026-02-01", 28, ("2026-02-16",)),
    Days("15W on a weekday", "0 0 15W 4 ? *", "2026-04-01", 30, ("2026-04-15",)),
    Days("1W stays in its month", "0 0 1W 8 ? *", "2026-07-30", 10, ("2026-08-03",)),
    Days("31W stays in its month", "0 0 31W 5 ? *", "2026-05-25", 10, ("2026-05-29",)),
    Days("30W of a 30-day month", "0 0 30W 11 ? *", "2025-11-20", 20, ("2025-11-28",)),
    Days("31W in a month of 30 days", "0 0 31W 4 ? *", "2026-03-20", 60, ()),
    Days("weekdays", "0 0 ? * MON-FRI *", "2026-11-20", 4, ("2026-11-20", "2026-11-23")),
    Days("numbers start on Sunday", "0 0 ? * 1 *", "2026-11-20", 7, ("2026-11-22",)),
    Days("names and numbers", "0 0 ? * 7,Sun *", "2026-11-20", 7, ("2026-11-21", "2026-11-22")),
    Days(
        "range that wraps over the week's end",
        "0 0 ? * FRI-MON *",
        "2026-11-18",
        7,
        ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"),
    ),
    Days("any day of the week", "0 0 ? * * *", "2026-11-20", 2, ("2026-11-20", "2026-11-21")),
    Days("L of the week is Saturday", "0 0 ? * L *", "2026-11-20", 7, ("2026-11-21",)),
    Days("6L", "0 0 ? * 6L 2022-2023", "2022-01-01", 60, ("2022-01-28", "2022-02-25")),
    Days("FRIL", "0 0 ? * FRIL *", "2026-10-01", 60, ("2026-10-30", "2026-11-27")),
    Days("FRI#2", "0 0 ? * FRI#2 *", "2026-10-01", 60, ("2026-10-09", "2026-11-13")),
    Days("3#2, the second Tuesday", "0 0 ? * 3#2 *", "2026-11-01", 30, ("2026-11-10",)),
    Days(
        "#5 in months that have one",
        "0 0 ? * FRI#5 *",
        "2026-10-01",
        121,
        ("2026-10-30", "2027-01-29"),
    ),
    Days("#5 in February", "0 0 ? 2 SUN#5 *", "2026-01-01", 2300, ("2032-02-29",)),
    Days(
        "months that wrap",
        "0 0 1 NOV-FEB ? *",
        "2026-01-15",
        365,
        ("2026-02-01", "2026-11-01", "2026-12-01", "2027-01-01"),
    ),
    Days("month step", "0 0 1 JAN/6 ? *", "2026-01-01", 365, ("2026-01-01", "2026-07-01")),
    Days("years", "0 0 1 1 ? 2027,2029/100", "2026-06-01", 1500, ("2027-01-01", "2029-01-01")),
    Days("nothing before the first year", "0 0 1 1 ? *", "1969-01-01", 366, ("1970-01-01",)),
    Days("after the last year", "0 0 1 1 ? *", "2199-06-01", 900, ()),
)


@pytest.mark.parametrize("case", DAYS, ids=lambda case: case.id)
def test_an_expression_names_its_days_in_both_directions(case: Days) -> None:
    """Walking forwards and walking backwards find the same days."""
    assert list_days(case.fields, case.first, case.days) == list(case.expected)
    assert list_days_back(case.fields, case.first, case.days) == list(case.expected)


@dataclass(frozen=True)
class Times:
    """An expression's time fields, and the values they name."""

    id: str
    fields: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]


TIMES = (
    Times("step from a minute", "0/15 0 * * ? *", (0, 15, 30, 45), (0,)),
    Times("step from an odd minute", "50/3 0 * * ? *", (50, 53, 56, 59), (0,)),
    Times("step over a range", "10-30/5 0 * * ? *", (10, 15, 20, 25, 30), (0,)),
    Times("step over all", "*/20 */12 * * ? *", (0, 20, 40), (0, 12)),
    Times("the longest step", "0/60 0/24 * * ? *", (0,), (0,)),
    Times("list of everything", "59,0,1-2,0/30 5 * * ? *", (0, 1, 2, 30, 59), (5,)),
    Times("hours that wrap", "0 22-2 * * ? *", (0,), (0, 1, 2, 22, 23)),
    Times("step over hours that wrap", "0 22-4/2 * * ? *", (0,), (0, 2, 4, 22)),
    Times("leading zeros", "05 07 * * ? *", (5,), (7,)),
    Times("white space", "  5\t7   * *  ? * ", (5,), (7,)),
)


@pytest.mark.parametrize("case", TIMES, ids=lambda case: case.id)
def test_an_expression_names_its_times(case: Times) -> None:
    """Lists, ranges and steps are sets of minutes and of hours."""
    cron = parse_cron(case.fields)
    assert cron.minutes == case.minutes
    assert cron.hours == case.hours


@pytest.mark.parametrize(
    ("clock", "following", "preceding"),
    [
        ("00:00:00", "09:10:00", None),
        ("09:10:00", "09:10:00", "09:10:00"),
        ("09:10:00.000001", "09:50:00", "09:10:00"),
        ("09:50:01", "17:10:00", "09:50:00"),
        ("12:00:00", "17:10:00", "09:50:00"),
        ("17:05:00", "17:10:00", "09:50:00"),
        ("17:59:59", None, "17:50:00"),
        ("23:59:59", None, "17:50:00"),
    ],
)
def test_a_time_of_day_has_its_neighbours(
    clock: str, following: str | None, preceding: str | None
) -> None:
    """A time that fires is its own neighbour on both sides, and seconds are not forgotten."""
    cron = parse_cron("10,50 9,17 * * ? *")
    on, back = (
        cron.step_clock_on(time.fromisoformat(clock)),
        cron.step_clock_back(time.fromisoformat(clock)),
    )
    assert on == (None if following is None else time.fromisoformat(following))
    assert back == (None if preceding is None else time.fromisoformat(preceding))


@dataclass(frozen=True)
class Wrong:
    """Fields that are refused, and what the message must say."""

    id: str
    fields: str
    message: str


WRONG = (
    Wrong("unix cron", "0 10 * * *", "got 5 fields, expected 6 .*; add a year as the last field"),
    Wrong(
        "nothing",
        "",
        "got 0 fields, expected 6 .minute, hour, day of month, month, day of week, year",
    ),
    Wrong("seven fields", "0 0 10 * * ? *", "got 7 fields, expected 6"),
    Wrong(
        "both days",
        "0 10 1 * MON *",
        r"day of month '1' and day of week 'MON': expected \? in exactly one",
    ),
    Wrong("both stars", "0 10 * * * *", r"expected \? in exactly one of them"),
    Wrong("both open", "0 10 ? * ? *", r"expected \? in exactly one of them"),
    Wrong(
        "minute too large",
        "60 10 * * ? *",
        "minute '60': expected 0-59 .*write a number from 0 to 59",
    ),
    Wrong("hour too large", "0 24 * * ? *", "hour '24': expected 0-23"),
    Wrong("day zero", "0 0 0 * ? *", "day of month '0': expected 1-31"),
    Wrong("day 32", "0 0 32 * ? *", "day of month '32': expected 1-31"),
    Wrong("32W", "0 0 32W * ? *", "day of month '32': expected 1-31"),
    Wrong("month 13", "0 0 1 13 ? *", "month '13': expected 1-12 or JAN-DEC"),
    Wrong("month in full", "0 0 1 JANUARY ? *", "month 'JANUARY': .*; write JAN"),
    Wrong(
        "day in full",
        "0 0 ? * friday *",
        "day of week 'FRIDAY': expected 1-7 or SUN-SAT .*; write FRI",
    ),
    Wrong("unix Sunday", "0 0 ? * 0 *", "day of week '0': expected 1-7"),
    Wrong("day 8", "0 0 ? * 8 *", "day of week '8': expected 1-7"),
    Wrong("year too early", "0 0 1 1 ? 1969", "year '1969': expected 1970-2199"),
    Wrong("year too late", "0 0 1 1 ? 2200", "year '2200': expected 1970-2199"),
    Wrong(
        "years that wrap", "0 0 1 1 ? 2030-2026", "year '2030-2026': .*write the earlier year first"
    ),
    Wrong("step 0", "0/0 0 * * ? *", "minute '0/0': .*write a step from 1 to 60"),
    Wrong("step past the field", "0/90 0 * * ? *", "minute '0/90': .*write a step from 1 to 60"),
    Wrong("step that is no number", "0/X 0 * * ? *", "minute '0/X': .*write a step from 1 to 60"),
    Wrong("step without a number", "0/ 0 * * ? *", "minute '0/': .*write a step"),
    Wrong("step without a start", "/5 0 * * ? *", "minute '': .*take out the sign"),
    Wrong(
        "step over week days",
        "0 0 ? * MON/2 *",
        "day of week 'MON/2': .*takes no step: list the days",
    ),
    Wrong("empty item", "0,,5 0 * * ? *", "minute '': .*take out the sign"),
    Wrong("half a range", "5- 0 * * ? *", "minute '': .*take out the sign"),
    Wrong("range to a star", "5-* 0 * * ? *", r"minute '\*': .*stands alone"),
    Wrong("three ends", "1-2-3 0 * * ? *", "minute '2-3': .*write a value from 0 to 59"),
    Wrong("negative", "-1 0 * * ? *", "minute '': "),
    Wrong(
        "question mark in minutes",
        "? 0 * * ? *",
        r"minute '\?': .*stands alone, in a field that takes it",
    ),
    Wrong("L in hours", "0 L * * ? *", "hour 'L': expected 0-23 with , - "),
    Wrong("L-3", "0 0 L-3 * ? *", "day of month 'L-3': .*write L, LW or a day and W"),
    Wrong("L in a list", "0 0 1,L * ? *", "day of month '1,L': .*alone in the field"),
    Wrong("W alone", "0 0 W * ? *", "day of month 'W': .*write L, LW or a day and W"),
    Wrong("W in a range", "0 0 1-5W * ? *", "day of month '1-5W': .*alone in the field"),
    Wrong("W in days of the week", "0 0 ? * 3W *", "day of week '3W': expected 1-7"),
    Wrong("L after a wrong day", "0 0 ? * 8L *", "day of week '8': expected 1-7"),
    Wrong("L in a list of week days", "0 0 ? * MON,FRIL *", "day of week 'FRIL': expected 1-7"),
    Wrong("sixth Friday", "0 0 ? * FRI#6 *", "day of week 'FRI#6': .*write one day, # and 1 to 5"),
    Wrong("zeroth Friday", "0 0 ? * FRI#0 *", "day of week 'FRI#0': .*# and 1 to 5"),
    Wrong("two of them", "0 0 ? * 3#1,6#3 *", "day of week '3#1,6#3': .*alone in the field"),
    Wrong("# of a wrong day", "0 0 ? * FOO#1 *", "day of week 'FOO': expected 1-7 or SUN-SAT"),
    Wrong("# in days of month", "0 0 3#1 * ? *", "day of month '3#1': expected 1-31"),
    Wrong("question mark in a list", "0 0 1,? * ? *", r"expected 1-31"),
    Wrong("a very long number", f"{'9' * 5000} 0 * * ? *", "minute '9{40}…': expected 0-59"),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.id)
def test_a_wrong_field_is_named_with_what_was_expected_and_the_remedy(case: Wrong) -> None:
    """The message is enough to mend the expression."""
    with pytest.raises(ValueError, match=f"^.*{case.message}") as caught:
        parse_cron(case.fields)
    assert re.search("expected", str(caught.value))
    assert len(str(caught.value)) < 300


def test_months_in_which_nothing_can_match_are_not_searched() -> None:
    """An expression that never fires costs no walk through 230 years."""
    assert parse_cron("0 0 31 * ? *").months == (1, 3, 5, 7, 8, 10, 12)
    assert parse_cron("0 0 30 2 ? *").months == ()
    assert parse_cron("0 0 29 2 ? *").months == (2,)
    assert parse_cron("0 0 ? 2 MON#5 *").months == (2,)
