"""Does a schedule fire when EventBridge Scheduler would fire it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flyball.core.schedule import Schedule, last_between, next_after, preview, zone

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
LORD_HOWE = "Australia/Lord_Howe"
SYDNEY = "Australia/Sydney"
KATHMANDU = "Asia/Kathmandu"
APIA = "Pacific/Apia"
CASABLANCA = "Africa/Casablanca"


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A schedule, and its firings in (after, until]."""

    id: str
    expression: str
    zone: str
    after: str
    until: str
    firings: tuple[str, ...]
    start: str | None = None
    end: str | None = None


def expect(case: Case) -> None:
    """Compare the firings found forwards, and those found backwards, with the table's."""
    schedule = Schedule(
        case.expression,
        case.zone,
        start=None if case.start is None else utc(case.start),
        end=None if case.end is None else utc(case.end),
    )
    after, until = utc(case.after), utc(case.until)
    expected = [utc(firing) for firing in case.firings]
    forwards = []
    firing = next_after(schedule, after)
    while firing is not None and firing <= until:
        forwards.append(firing)
        firing = next_after(schedule, firing)
    backwards = []
    firing = last_between(schedule, after, until)
    while firing is not None:
        backwards.append(firing)
        firing = last_between(schedule, after, firing - timedelta(microseconds=1))
    assert forwards == expected
    assert backwards[::-1] == expected
    assert preview(schedule, after, len(expected)) == expected


CLOCK_CHANGES = (
    Case(
        "new york, 02:30 does not exist: skipped",
        "cron(30 2 * * ? *)",
        NEW_YORK,
        "2026-03-07T00:00",
        "2026-03-10T00:00",
        ("2026-03-07T07:30", "2026-03-09T06:30"),
    ),
    Case(
        "new york, 01:30 comes twice: once, at the first",
        "cron(30 1 * * ? *)",
        NEW_YORK,
        "2026-10-31T00:00",
        "2026-11-03T00:00",
        ("2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"),
    ),
    Case(
        "new york, every 15 minutes of the day with 25 hours: the repeated hour rests",
        "cron(0/15 * * * ? *)",
        NEW_YORK,
        "2026-11-01T05:15",
        "2026-11-01T07:15",
        ("2026-11-01T05:30", "2026-11-01T05:45", "2026-11-01T07:00", "2026-11-01T07:15"),
    ),
    Case(
        "new york, every 30 minutes of the day with 23 hours",
        "cron(0/30 * * * ? *)",
        NEW_YORK,
        "2026-03-08T06:00",
        "2026-03-08T08:00",
        ("2026-03-08T06:30", "2026-03-08T07:00", "2026-03-08T07:30", "2026-03-08T08:00"),
    ),
    Case(
        "berlin, 02:30 does not exist",
        "cron(30 2 * * ? *)",
        BERLIN,
        "2027-03-27T00:00",
        "2027-03-30T00:00",
        ("2027-03-27T01:30", "2027-03-29T00:30"),
    ),
    Case(
        "berlin, 02:30 comes twice",
        "cron(30 2 * * ? *)",
        BERLIN,
        "2026-10-24T00:00",
        "2026-10-27T00:00",
        ("2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"),
    ),
    Case(
        "lord howe, 02:15 does not exist, 02:30 does",
        "cron(15,30 2 * * ? *)",
        LORD_HOWE,
        "2026-10-03T00:00",
        "2026-10-04T15:30",
        ("2026-10-03T15:30", "2026-10-04T15:15", "2026-10-04T15:30"),
    ),
    Case(
        "lord howe, 01:45 comes twice, 01:15 once",
        "cron(15,45 1 * * ? *)",
        LORD_HOWE,
        "2026-04-04T00:00",
        "2026-04-05T16:00",
        ("2026-04-04T14:15", "2026-04-04T14:45", "2026-04-05T14:45", "2026-04-05T15:15"),
    ),
    Case(
        "sydney, 02:30 does not exist",
        "cron(30 2 * * ? *)",
        SYDNEY,
        "2026-10-02T00:00",
        "2026-10-05T00:00",
        ("2026-10-02T16:30", "2026-10-04T15:30"),
    ),
    Case(
        "sydney, 02:30 comes twice",
        "cron(30 2 * * ? *)",
        SYDNEY,
        "2026-04-04T00:00",
        "2026-04-06T00:00",
        ("2026-04-04T15:30", "2026-04-05T16:30"),
    ),
    Case(
        "kathmandu, 45 minutes off the hour, no clock change",
        "cron(0 9 ? * MON *)",
        KATHMANDU,
        "2026-03-20T00:00",
        "2026-04-01T00:00",
        ("2026-03-23T03:15", "2026-03-30T03:15"),
    ),
    Case(
        "apia, 30 December 2011 was left out",
        "cron(0 12 * 12 ? 2011)",
        APIA,
        "2011-12-29T00:00",
        "2012-01-02T00:00",
        ("2011-12-29T22:00", "2011-12-30T22:00"),
    ),
    Case(
        "casablanca, Ramadan begins: 02:30 comes twice",
        "cron(30 2 * * ? *)",
        CASABLANCA,
        "2026-02-14T00:00",
        "2026-02-17T00:00",
        ("2026-02-14T01:30", "2026-02-15T01:30", "2026-02-16T02:30"),
    ),
    Case(
        "casablanca, Ramadan ends: 02:30 does not exist",
        "cron(30 2 * * ? *)",
        CASABLANCA,
        "2026-03-21T00:00",
        "2026-03-24T00:00",
        ("2026-03-21T02:30", "2026-03-23T01:30"),
    ),
    Case(
        "at a time that does not exist: never",
        "at(2026-03-08T02:30:00)",
        NEW_YORK,
        "1970-01-02T00:00",
        "2199-01-01T00:00",
        (),
    ),
    Case(
        "at a time that comes twice: once, at the first",
        "at(2026-11-01T01:30:00)",
        NEW_YORK,
        "1970-01-02T00:00",
        "2199-01-01T00:00",
        ("2026-11-01T05:30",),
    ),
    Case(
        "a day of rate is 24 hours also when the clock changes",
        "rate(1 day)",
        NEW_YORK,
        "2026-03-07T17:00",
        "2026-03-09T18:00",
        ("2026-03-08T17:00", "2026-03-09T17:00"),
        start="2026-03-01T17:00",
    ),
)


@pytest.mark.parametrize("case", CLOCK_CHANGES, ids=lambda case: case.id)
def test_a_clock_that_changes_skips_or_fires_once(case: Case) -> None:
    """A local time that does not exist is skipped; one that comes twice fires at the first."""
    expect(case)


FIRINGS = (
    Case(
        "at",
        "at(2026-11-20T13:00:01)",
        "UTC",
        "2026-01-01T00:00",
        "2027-01-01T00:00",
        ("2026-11-20T13:00:01",),
    ),
    Case(
        "at, strictly after",
        "at(2026-11-20T13:00:00)",
        "UTC",
        "2026-11-20T13:00",
        "2027-01-01T00:00",
        (),
    ),
    Case(
        "at, just before",
        "at(2026-11-20T13:00:00)",
        "UTC",
        "2026-11-20T12:59:59.999999",
        "2026-11-20T13:00",
        ("2026-11-20T13:00",),
    ),
    Case(
        "at outside start and end",
        "at(2026-11-20T13:00:00)",
        "UTC",
        "2026-01-01T00:00",
        "2027-01-01T00:00",
        (),
        start="2026-11-20T13:00:01",
    ),
    Case(
        "rate from the epoch",
        "rate(12 hours)",
        "UTC",
        "2026-01-01T00:00",
        "2026-01-02T00:00",
        ("2026-01-01T12:00", "2026-01-02T00:00"),
    ),
    Case(
        "rate of seven minutes from the epoch",
        "rate(7 minutes)",
        "UTC",
        "1970-01-01T00:00",
        "1970-01-01T00:14",
        ("1970-01-01T00:07", "1970-01-01T00:14"),
    ),
    Case(
        "rate fires first at the epoch",
        "rate(1 day)",
        "UTC",
        "1960-01-01T00:00",
        "1970-01-01T12:00",
        ("1970-01-01T00:00",),
    ),
    Case(
        "rate from its start, which fires",
        "rate(5 minutes)",
        "UTC",
        "2025-01-01T00:00",
        "2026-01-01T00:08",
        ("2026-01-01T00:03", "2026-01-01T00:08"),
        start="2026-01-01T00:03",
    ),
    Case(
        "rate until its end, which fires",
        "rate(1 minute)",
        "UTC",
        "2026-01-01T00:00",
        "2027-01-01T00:00",
        ("2026-01-01T00:01", "2026-01-01T00:02"),
        end="2026-01-01T00:02",
    ),
    Case(
        "cron between start and end, both fire",
        "cron(0 * * * ? *)",
        "UTC",
        "2025-01-01T00:00",
        "2027-01-01T00:00",
        ("2026-01-01T05:00", "2026-01-01T06:00"),
        start="2026-01-01T05:00",
        end="2026-01-01T06:00",
    ),
    Case("31 February", "cron(0 0 31 2 ? *)", NEW_YORK, "1970-01-02T00:00", "2199-01-01T00:00", ()),
    Case(
        "29 February of a year without",
        "cron(0 0 29 2 ? 2027)",
        NEW_YORK,
        "1970-01-02T00:00",
        "2199-01-01T00:00",
        (),
    ),
    Case(
        "29 February",
        "cron(0 0 29 2 ? *)",
        "UTC",
        "2095-01-01T00:00",
        "2105-01-01T00:00",
        ("2096-02-29T00:00", "2104-02-29T00:00"),
    ),
    Case(
        "a year that is over",
        "cron(0 0 1 1 ? 2020)",
        "UTC",
        "2026-01-01T00:00",
        "2199-01-01T00:00",
        (),
    ),
    Case(
        "month ends",
        "cron(30 23 L * ? *)",
        BERLIN,
        "2026-01-15T00:00",
        "2026-04-01T00:00",
        ("2026-01-31T22:30", "2026-02-28T22:30", "2026-03-31T21:30"),
    ),
    Case(
        "the last minute of the last year, where it comes last",
        "cron(59 23 31 12 ? 2199)",
        "Etc/GMT+12",
        "2199-12-31T00:00",
        "2200-01-03T00:00",
        ("2200-01-01T11:59",),
    ),
    Case(
        "the first minute of the first year, where it comes first",
        "cron(0 0 1 1 ? 1970)",
        "Asia/Tokyo",
        "1960-01-01T00:00",
        "1971-01-01T00:00",
        ("1969-12-31T15:00",),
    ),
)


@pytest.mark.parametrize("case", FIRINGS, ids=lambda case: case.id)
def test_a_schedule_fires_when_its_expression_says(case: Case) -> None:
    """Forwards and backwards, inside start and end, strictly after."""
    expect(case)


def test_the_latest_firing_during_the_repeated_hour_lies_before_it() -> None:
    """While the clock shows 01:10 again, what it showed at 01:45 is already past."""
    schedule = Schedule("cron(45 * * * ? *)", NEW_YORK)
    repeated = utc("2026-11-01T06:10")
    assert last_between(schedule, utc("2026-11-01T00:00"), repeated) == utc("2026-11-01T05:45")


def test_a_jump_is_stepped_over_backwards() -> None:
    """Backwards from after the day that Apia left out, the day before it comes next."""
    schedule = Schedule("cron(* * * * ? *)", APIA)
    jump = utc("2011-12-30T10:00")
    assert last_between(schedule, utc("2011-12-29T00:00"), jump) == jump
    assert last_between(
        Schedule("cron(* * 30 12 ? *)", APIA), utc("2010-01-01T00:00"), jump
    ) == utc("2010-12-31T09:59")


def test_the_interval_of_last_between_excludes_after_and_includes_until() -> None:
    """(after, until]: consecutive questions neither miss a firing nor see one twice."""
    schedule = Schedule("cron(0 12 * * ? *)")
    noon = utc("2026-06-01T12:00")
    before = noon - timedelta(seconds=1)
    assert last_between(schedule, before, noon) == noon
    assert last_between(schedule, noon, noon + timedelta(hours=1)) is None
    assert last_between(schedule, noon, noon) is None
    assert last_between(schedule, noon, before) is None
    assert last_between(schedule, utc("1971-01-01T00:00"), noon + timedelta(hours=1)) == noon


def test_preview_gives_at_most_what_there_is() -> None:
    """Fewer firings than asked for are no error."""
    at = Schedule("at(2026-06-01T00:00:00)", BERLIN)
    assert preview(at, utc("2026-01-01T00:00"), 10) == [utc("2026-05-31T22:00")]
    assert preview(at, utc("2026-01-01T00:00"), 0) == []
    assert preview(at, utc("2027-01-01T00:00"), 10) == []
    assert len(preview(Schedule("cron(* * * * ? *)"), utc("2026-01-01T00:00"), 100)) == 100


def test_the_zone_function_is_the_one_that_schedules_use() -> None:
    """Whoever shows firings in local time shows them in the same zone."""
    assert utc("2026-07-01T00:00").astimezone(zone(BERLIN)).hour == 2
