"""Does a clock show each local time when it should, on every machine?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flyball.core.zone import (
    LATEST,
    Reading,
    find_after,
    find_until,
    read_first,
    read_second,
    zone,
)


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A local time in a zone, and when its clock shows it."""

    id: str
    zone: str
    local: str
    first: str
    second: str
    shown: bool


CASES = (
    Case(
        "plain", "Europe/Berlin", "2026-07-01T12:00", "2026-07-01T10:00", "2026-07-01T10:00", True
    ),
    Case("utc", "UTC", "2026-07-01T12:00", "2026-07-01T12:00", "2026-07-01T12:00", True),
    Case(
        "quarter-hour offset",
        "Asia/Kathmandu",
        "2026-03-29T02:30",
        "2026-03-28T20:45",
        "2026-03-28T20:45",
        True,
    ),
    Case(
        "new york, spring",
        "America/New_York",
        "2026-03-08T02:30",
        "2026-03-08T07:00",
        "2026-03-08T07:00",
        False,
    ),
    Case(
        "new york, last minute before the jump",
        "America/New_York",
        "2026-03-08T01:59",
        "2026-03-08T06:59",
        "2026-03-08T06:59",
        True,
    ),
    Case(
        "new york, first minute after the jump",
        "America/New_York",
        "2026-03-08T03:00",
        "2026-03-08T07:00",
        "2026-03-08T07:00",
        True,
    ),
    Case(
        "new york, autumn",
        "America/New_York",
        "2026-11-01T01:30",
        "2026-11-01T05:30",
        "2026-11-01T06:30",
        True,
    ),
    Case(
        "berlin, spring",
        "Europe/Berlin",
        "2027-03-28T02:30",
        "2027-03-28T01:00",
        "2027-03-28T01:00",
        False,
    ),
    Case(
        "berlin, autumn",
        "Europe/Berlin",
        "2026-10-25T02:30",
        "2026-10-25T00:30",
        "2026-10-25T01:30",
        True,
    ),
    Case(
        "lord howe, spring, half an hour",
        "Australia/Lord_Howe",
        "2026-10-04T02:15",
        "2026-10-03T15:30",
        "2026-10-03T15:30",
        False,
    ),
    Case(
        "lord howe, autumn, half an hour",
        "Australia/Lord_Howe",
        "2026-04-05T01:45",
        "2026-04-04T14:45",
        "2026-04-04T15:15",
        True,
    ),
    Case(
        "sydney, spring",
        "Australia/Sydney",
        "2026-10-04T02:30",
        "2026-10-03T16:00",
        "2026-10-03T16:00",
        False,
    ),
    Case(
        "sydney, autumn",
        "Australia/Sydney",
        "2026-04-05T02:30",
        "2026-04-04T15:30",
        "2026-04-04T16:30",
        True,
    ),
    Case(
        "apia, the day that was left out",
        "Pacific/Apia",
        "2011-12-30T12:00",
        "2011-12-30T10:00",
        "2011-12-30T10:00",
        False,
    ),
    Case(
        "casablanca, start of Ramadan",
        "Africa/Casablanca",
        "2026-02-15T02:30",
        "2026-02-15T01:30",
        "2026-02-15T02:30",
        True,
    ),
    Case(
        "casablanca, end of Ramadan",
        "Africa/Casablanca",
        "2026-03-22T02:30",
        "2026-03-22T02:00",
        "2026-03-22T02:00",
        False,
    ),
    Case(
        "monrovia, a jump of 44 minutes and 30 seconds",
        "Africa/Monrovia",
        "1972-01-07T00:10:00.5",
        "1972-01-07T00:44:30",
        "1972-01-07T00:44:30",
        False,
    ),
    Case(
        "new york, past the table of transitions",
        "America/New_York",
        "2187-03-11T02:30",
        "2187-03-11T07:00",
        "2187-03-11T07:00",
        False,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_local_time_is_read_at_the_first_and_at_the_second_showing(case: Case) -> None:
    """A time jumped over is read as the jump; one that comes twice has two instants."""
    local = datetime.fromisoformat(case.local)
    tz = zone(case.zone)
    assert read_first(local, tz) == Reading(utc(case.first), case.shown)
    assert read_second(local, tz) == Reading(utc(case.second), case.shown)


def test_a_zone_comes_from_the_pinned_package() -> None:
    """The same object serves every caller, and knows its own name."""
    tz = zone("America/Argentina/Buenos_Aires")
    assert tz is zone("America/Argentina/Buenos_Aires")
    assert str(tz) == "America/Argentina/Buenos_Aires"
    assert tz is not ZoneInfo("America/Argentina/Buenos_Aires")


def test_utc_needs_no_table() -> None:
    """UTC is Python's own."""
    assert zone("UTC") is UTC


def test_without_the_package_the_systems_zones_serve() -> None:
    """A machine without tzdata still schedules."""
    assert zone("Europe/Berlin", package="flyball_no_such_package") is ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Europe/Berlni", "did you mean Europe/Berlin"),
        ("europe/berlin", "did you mean Europe/Berlin"),
        ("Berlin", "did you mean Europe/Berlin"),
        ("New York", "did you mean America/New_York"),
        ("", "write an IANA name"),
        ("CEST+1 or so", "write an IANA name"),
        ("../../etc/passwd", "unknown time zone '../../etc/passwd'"),
        ("/etc/localtime", "unknown time zone"),
        ("America", "unknown time zone"),
        ("\x00", "unknown time zone"),
    ],
)
def test_an_unknown_zone_is_refused_with_similar_names(name: str, message: str) -> None:
    """A name that is no zone never reaches the file system."""
    with pytest.raises(ValueError, match=message.replace("+", r"\+").replace(".", r"\.")):
        zone(name)


def test_nothing_is_found_outside_the_years_of_expressions() -> None:
    """The ends of Python's calendar are no reason to overflow."""
    tz = zone("Pacific/Kiritimati")
    ends = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert find_after(ends[1], tz, lambda local: local, read_first, skip=True) is None
    assert find_until(ends[0], tz, lambda local: local, read_first, skip=True) is None
    early = find_after(ends[0], tz, lambda local: local, read_first, skip=True)
    late = find_until(ends[1], tz, lambda local: local, read_first, skip=True)
    assert early is not None
    assert early.instant.year == 1969
    assert late is not None
    assert late.instant == LATEST


def test_a_jump_is_passed_in_one_step() -> None:
    """A day that was left out costs one step, not one for each of its minutes."""
    steps = 0

    def step(local: datetime) -> datetime:
        nonlocal steps
        steps += 1
        return local

    tz = zone("Pacific/Apia")
    before = utc("2011-12-30T09:59:59.999999")
    found = find_after(
        before, tz, lambda local: step(local) + timedelta(hours=1), read_first, skip=True
    )
    assert found is not None
    assert found.instant == utc("2011-12-30T11:00")
    assert steps == 2
