"""Is a window active from when to when it should be?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from flyball.core.occurrence import Span
from flyball.core.window import Window, active_at, next_boundary, occurrences

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
LORD_HOWE = "Australia/Lord_Howe"
SYDNEY = "Australia/Sydney"
KATHMANDU = "Asia/Kathmandu"
APIA = "Pacific/Apia"
CASABLANCA = "Africa/Casablanca"
SECOND = timedelta(seconds=1)


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(text: str) -> Span:
    """Read a span of UTC, written as start/end."""
    start, end = text.split("/")
    return Span(utc(start), utc(end))


def window(start: str, **fields: Any) -> Window:
    """Make a window with a floor of 2 unless the test says otherwise."""
    if not {"floor", "ceiling", "pin"} & fields.keys():
        fields["floor"] = 2
    return Window(fields.pop("name", "busy hours"), start, **fields)


def daily(clock: str) -> str:
    """Write the expression of a time of every day."""
    hour, minute = clock.split(":")
    return f"cron({int(minute)} {int(hour)} * * ? *)"


@dataclass(frozen=True)
class Case:
    """A window, and its first spans that end after an instant."""

    id: str
    window: Window
    after: str
    spans: tuple[str, ...]


def expect(case: Case) -> None:
    """Compare occurrences, active_at and next_boundary with the table's spans."""
    after = utc(case.after)
    expected = [span(text) for text in case.spans]
    assert occurrences(case.window, after, len(expected)) == expected
    previous_end = after
    for each in expected:
        if each.start > previous_end:
            quiet = each.start - SECOND
            assert active_at(case.window, quiet) is None
            assert next_boundary(case.window, quiet) == each.start
            assert next_boundary(case.window, previous_end) == each.start
        for t in (each.start, each.start + (each.end - each.start) / 2, each.end - SECOND):
            if t >= after:
                assert active_at(case.window, t) == each
                assert next_boundary(case.window, t) == each.end
        previous_end = each.end


CLOCK_CHANGES = (
    Case(
        "berlin, a start that comes twice is applied once, at the first",
        window(daily("02:30"), duration=timedelta(hours=1), time_zone=BERLIN),
        "2026-10-24T12:00",
        ("2026-10-25T00:30/2026-10-25T01:30", "2026-10-26T01:30/2026-10-26T02:30"),
    ),
    Case(
        "berlin, a start that does not exist counts from the end of the gap",
        window(daily("02:30"), end=daily("06:00"), time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T04:00", "2027-03-29T00:30/2027-03-29T04:00"),
    ),
    Case(
        "a duration is elapsed time from the end of the gap",
        window(daily("02:30"), duration=timedelta(hours=2), time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T03:00", "2027-03-29T00:30/2027-03-29T02:30"),
    ),
    Case(
        "an end that comes twice counts at the second",
        window(daily("01:00"), end=daily("02:30"), time_zone=BERLIN),
        "2026-10-24T12:00",
        ("2026-10-24T23:00/2026-10-25T01:30", "2026-10-26T00:00/2026-10-26T01:30"),
    ),
    Case(
        "an end that does not exist counts at the end of the gap",
        window(daily("01:00"), end=daily("02:30"), time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T00:00/2027-03-28T01:00", "2027-03-28T23:00/2027-03-29T00:30"),
    ),
    Case(
        "a start and an end that both come twice span the repeated hour",
        window(daily("02:15"), end=daily("02:45"), time_zone=BERLIN),
        "2026-10-24T12:00",
        ("2026-10-25T00:15/2026-10-25T01:45", "2026-10-26T01:15/2026-10-26T01:45"),
    ),
    Case(
        "a start and an end in one gap keep their distance",
        window(daily("02:15"), end=daily("02:45"), time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T01:30", "2027-03-29T00:15/2027-03-29T00:45"),
    ),
    Case(
        "an end at the very end of the gap does not leave the window out",
        window(daily("02:15"), end=daily("03:00"), time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T01:45", "2027-03-29T00:15/2027-03-29T01:00"),
    ),
    Case(
        "of two windows in one gap the second counts, and none overlaps the next",
        window("cron(10,45 2 * * ? *)", end="cron(40,59 2 * * ? *)", time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T01:14", "2027-03-29T00:10/2027-03-29T00:40"),
    ),
    Case(
        "an end that its own repetition moves past the next start joins the two",
        window("cron(0,45 2 * * ? *)", end="cron(30 2,5 * * ? *)", time_zone=BERLIN),
        "2026-10-24T12:00",
        ("2026-10-25T00:00/2026-10-25T04:30", "2026-10-26T01:00/2026-10-26T01:30"),
    ),
    Case(
        "a start and an end in one gap, once",
        window("at(2027-03-28T02:15:00)", end="at(2027-03-28T02:45:00)", time_zone=BERLIN),
        "2027-03-27T12:00",
        ("2027-03-28T01:00/2027-03-28T01:30",),
    ),
    Case(
        "new york, spring",
        window(daily("02:30"), end=daily("09:00"), time_zone=NEW_YORK),
        "2026-03-07T20:00",
        ("2026-03-08T07:00/2026-03-08T13:00", "2026-03-09T06:30/2026-03-09T13:00"),
    ),
    Case(
        "new york, autumn",
        window(daily("01:30"), end=daily("09:00"), time_zone=NEW_YORK),
        "2026-10-31T20:00",
        ("2026-11-01T05:30/2026-11-01T14:00", "2026-11-02T06:30/2026-11-02T14:00"),
    ),
    Case(
        "lord howe, a gap of half an hour",
        window(daily("02:15"), end=daily("03:00"), time_zone=LORD_HOWE),
        "2026-10-03T12:00",
        ("2026-10-03T15:30/2026-10-03T16:00", "2026-10-04T15:15/2026-10-04T16:00"),
    ),
    Case(
        "lord howe, half an hour twice",
        window(daily("01:45"), end=daily("01:50"), time_zone=LORD_HOWE),
        "2026-04-04T12:00",
        ("2026-04-04T14:45/2026-04-04T15:20", "2026-04-05T15:15/2026-04-05T15:20"),
    ),
    Case(
        "sydney, spring",
        window(daily("02:30"), end=daily("05:00"), time_zone=SYDNEY),
        "2026-10-03T12:00",
        ("2026-10-03T16:00/2026-10-03T18:00", "2026-10-04T15:30/2026-10-04T18:00"),
    ),
    Case(
        "kathmandu, no clock change",
        window(daily("09:00"), end=daily("17:00"), time_zone=KATHMANDU),
        "2026-03-29T00:00",
        ("2026-03-29T03:15/2026-03-29T11:15", "2026-03-30T03:15/2026-03-30T11:15"),
    ),
    Case(
        "apia, a window into the day that was left out ends when it would have begun",
        window("cron(0 18 29 12 ? *)", end="cron(0 12 30 12 ? *)", time_zone=APIA),
        "2011-12-01T00:00",
        ("2011-12-30T04:00/2011-12-30T10:00",),
    ),
    Case(
        "apia, a window of the day that was left out is not left out",
        window("cron(0 9 30 12 ? *)", end="cron(0 17 30 12 ? *)", time_zone=APIA),
        "2011-12-01T00:00",
        ("2011-12-30T10:00/2011-12-30T18:00",),
    ),
    Case(
        "casablanca, the hour that Ramadan repeats",
        window(daily("02:30"), end=daily("08:00"), time_zone=CASABLANCA),
        "2026-02-14T12:00",
        ("2026-02-15T01:30/2026-02-15T08:00", "2026-02-16T02:30/2026-02-16T08:00"),
    ),
)


@pytest.mark.parametrize("case", CLOCK_CHANGES, ids=lambda case: case.id)
def test_a_clock_that_changes_never_skips_or_shortens_a_window(case: Case) -> None:
    """Jumped over: when it jumped. Shown twice: starts at the first, ends at the second."""
    expect(case)


SPANS = (
    Case(
        "a night that ends on the next day",
        window("cron(0 22 ? * FRI *)", end=daily("06:00"), time_zone=BERLIN),
        "2026-11-16T00:00",
        ("2026-11-20T21:00/2026-11-21T05:00", "2026-11-27T21:00/2026-11-28T05:00"),
    ),
    Case(
        "the span around the instant comes first",
        window(daily("08:00"), end=daily("20:00")),
        "2026-06-01T12:00",
        ("2026-06-01T08:00/2026-06-01T20:00", "2026-06-02T08:00/2026-06-02T20:00"),
    ),
    Case(
        "of the starts before one end the first counts",
        window("cron(0 8-12 * * ? *)", end=daily("20:00")),
        "2026-06-01T09:30",
        ("2026-06-01T08:00/2026-06-01T20:00", "2026-06-02T08:00/2026-06-02T20:00"),
    ),
    Case(
        "spans that overlap are one",
        window("cron(0 8 ? * MON-FRI *)", duration=timedelta(hours=30)),
        "2026-06-03T00:00",
        ("2026-06-01T08:00/2026-06-06T14:00", "2026-06-08T08:00/2026-06-13T14:00"),
    ),
    Case(
        "spans that only touch are two",
        window(daily("00:00"), duration=timedelta(days=1)),
        "2026-06-01T12:00",
        ("2026-06-01T00:00/2026-06-02T00:00", "2026-06-02T00:00/2026-06-03T00:00"),
    ),
    Case(
        "an end that is a start ends one span and starts the next",
        window(daily("00:00"), end=daily("00:00")),
        "2026-06-01T12:00",
        ("2026-06-01T00:00/2026-06-02T00:00", "2026-06-02T00:00/2026-06-03T00:00"),
    ),
    Case(
        "at until at",
        window("at(2026-12-24T00:00:00)", end="at(2027-01-02T00:00:00)", time_zone=BERLIN),
        "2026-01-01T00:00",
        ("2026-12-23T23:00/2027-01-01T23:00",),
    ),
    Case(
        "at for a duration",
        window("at(2026-11-27T06:00:30)", duration=timedelta(minutes=90)),
        "2026-01-01T00:00",
        ("2026-11-27T06:00:30/2026-11-27T07:30:30",),
    ),
    Case(
        "from the first of many starts to an only end",
        window("cron(0 8 * * ? 2026)", end="at(2026-01-04T00:00:00)"),
        "2026-01-02T00:00",
        ("2026-01-01T08:00/2026-01-04T00:00",),
    ),
    Case(
        "a date is left out",
        window(
            daily("08:00"), end=daily("20:00"), except_dates=(date(2026, 6, 3), date(2026, 6, 2))
        ),
        "2026-06-01T00:00",
        ("2026-06-01T08:00/2026-06-01T20:00", "2026-06-04T08:00/2026-06-04T20:00"),
    ),
    Case(
        "the date that is left out is the start's, where it is",
        window(
            daily("23:00"),
            duration=timedelta(hours=4),
            time_zone=NEW_YORK,
            except_dates=(date(2026, 6, 2),),
        ),
        "2026-06-01T12:00",
        ("2026-06-02T03:00/2026-06-02T07:00", "2026-06-04T03:00/2026-06-04T07:00"),
    ),
    Case(
        "dates come in besides, at the expression's times",
        window(
            "cron(0 8,14 ? * SAT *)",
            duration=timedelta(hours=1),
            also_dates=(date(2026, 6, 10), date(2026, 6, 3), date(2026, 6, 6)),
        ),
        "2026-06-01T00:00",
        (
            "2026-06-03T08:00/2026-06-03T09:00",
            "2026-06-03T14:00/2026-06-03T15:00",
            "2026-06-06T08:00/2026-06-06T09:00",
            "2026-06-06T14:00/2026-06-06T15:00",
            "2026-06-10T08:00/2026-06-10T09:00",
            "2026-06-10T14:00/2026-06-10T15:00",
            "2026-06-13T08:00/2026-06-13T09:00",
        ),
    ),
    Case(
        "dates besides an at have its time of day",
        window(
            "at(2026-06-05T09:30:15)",
            duration=timedelta(hours=1),
            also_dates=(date(2026, 6, 1), date(2026, 6, 9)),
        ),
        "2026-05-01T00:00",
        (
            "2026-06-01T09:30:15/2026-06-01T10:30:15",
            "2026-06-05T09:30:15/2026-06-05T10:30:15",
            "2026-06-09T09:30:15/2026-06-09T10:30:15",
        ),
    ),
    Case(
        "a start that no end follows is none",
        window(
            daily("08:00"),
            end="cron(0 20 1 6 ? 2026)",
            also_dates=(date(2026, 6, 3),),
            valid_from=utc("2026-05-31T00:00"),
        ),
        "2026-06-01T00:00",
        ("2026-05-31T00:00/2026-06-01T20:00",),
    ),
    Case(
        "validity cuts the spans around its ends",
        window(
            daily("08:00"),
            end=daily("20:00"),
            valid_from=utc("2026-06-01T12:00"),
            valid_until=utc("2026-06-02T12:00"),
        ),
        "2026-01-01T00:00",
        ("2026-06-01T12:00/2026-06-01T20:00", "2026-06-02T08:00/2026-06-02T12:00"),
    ),
    Case(
        "validity from between two spans",
        window(daily("08:00"), end=daily("20:00"), valid_from=utc("2026-06-01T22:00")),
        "2026-01-01T00:00",
        ("2026-06-02T08:00/2026-06-02T20:00",),
    ),
    Case(
        "a last day",
        window("cron(0 0 29 2 ? *)", duration=timedelta(days=1)),
        "2026-01-01T00:00",
        ("2028-02-29T00:00/2028-03-01T00:00", "2032-02-29T00:00/2032-03-01T00:00"),
    ),
)


@pytest.mark.parametrize("case", SPANS, ids=lambda case: case.id)
def test_a_window_is_active_in_its_spans_alone(case: Case) -> None:
    """occurrences, active_at and next_boundary say the same."""
    expect(case)


def test_a_window_that_never_ends_is_cut_into_pieces_that_touch() -> None:
    """However many spans overlap, the answer takes bounded time and leaves no gap."""
    always = window("cron(* * * * ? *)", duration=timedelta(minutes=90))
    pieces = occurrences(always, utc("2026-06-01T12:34"), 5)
    assert [piece.end - piece.start for piece in pieces] == [16 * timedelta(minutes=90)] * 5
    assert all(one.end == two.start for one, two in pairwise(pieces))
    for t in (pieces[0].start, utc("2026-06-01T12:34"), pieces[0].end - SECOND):
        assert (
            active_at(window("cron(* * * * ? *)", duration=timedelta(minutes=90)), t) == pieces[0]
        )


def test_a_long_chain_keeps_its_own_start_and_end() -> None:
    """Only the inside of a chain is cut, never its ends."""
    june = window("cron(0 0 1-28 6 ? *)", duration=timedelta(hours=25))
    pieces = occurrences(june, utc("2026-05-01T00:00"), 9)
    inside = [piece for piece in pieces if piece.start.year == 2026]
    assert inside[0].start == utc("2026-06-01T00:00")
    assert inside[-1].end == utc("2026-06-29T01:00")
    assert all(one.end == two.start for one, two in pairwise(inside))


def test_what_was_asked_before_changes_no_answer() -> None:
    """The memory of a window is only speed: any order of questions gets the same answers."""
    window_ = window("cron(0 8 ? * MON-FRI *)", duration=timedelta(hours=30), time_zone=BERLIN)
    hours = [utc("2026-10-19T00:00") + timedelta(hours=hour) for hour in range(24 * 14)]
    forwards = {t: (active_at(window_, t), next_boundary(window_, t)) for t in hours}
    backwards = {t: (active_at(window_, t), next_boundary(window_, t)) for t in reversed(hours)}
    assert forwards == backwards
