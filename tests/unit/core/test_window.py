"""Does the calendar ask for the right floor and ceiling, at the right time?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flyball.core.window import (
    Bounds,
    Span,
    Window,
    active_at,
    combine,
    next_boundary,
    occurrences,
)

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


def test_an_instant_may_have_any_offset_but_needs_one() -> None:
    """A naive time is refused, since it could mean anything."""
    day = window(daily("08:00"), end=daily("20:00"))
    assert active_at(day, datetime.fromisoformat("2026-06-01T21:00+02:00")) is not None
    with pytest.raises(ValueError, match="expected a time with an offset"):
        active_at(day, datetime.fromisoformat("2026-06-01T12:00"))


ENDED = (
    window("at(2026-06-01T00:00:00)", duration=timedelta(hours=1)),
    window("at(2026-06-01T00:00:00)", end="at(2026-06-01T01:00:00)"),
    window(daily("08:00"), end=daily("20:00"), valid_until=utc("2026-06-01T00:00")),
    window(daily("08:00"), end=daily("20:00"), valid_from=utc("2300-01-01T00:00")),
    window(
        daily("08:00"),
        end=daily("20:00"),
        valid_from=utc("2026-06-01T21:00"),
        valid_until=utc("2026-06-02T07:00"),
    ),
    window("cron(0 0 31 2 ? *)", duration=timedelta(hours=1)),
    window(daily("00:00"), end="cron(0 0 31 2 ? *)"),
    window("cron(0 8 * * ? 2027)", end="at(2026-06-01T00:00:00)"),
)


@pytest.mark.parametrize("ended", ENDED, ids=repr)
def test_a_window_that_is_over_or_never_was_has_no_boundary(ended: Window) -> None:
    """None, for ever, and asking again changes nothing."""
    for t in (utc("2026-06-01T22:00"), utc("2026-06-02T06:59"), utc("2026-06-03T12:00")):
        assert active_at(ended, t) is None
        assert next_boundary(ended, t) is None
    assert occurrences(ended, utc("2026-06-02T00:00"), 3) == []


def test_the_ends_of_the_calendar_are_no_reason_to_fail() -> None:
    """The first and the last instants that Python knows are answered."""
    always = window(daily("00:00"), duration=timedelta(days=366))
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert active_at(always, first) is None
    assert next_boundary(always, first) == utc("1970-01-01T00:00")
    assert active_at(always, last) is None
    assert next_boundary(always, last) is None
    night = window(daily("20:00"), end=daily("08:00"))
    assert occurrences(night, utc("2199-12-30T12:00"), 9) == [
        span("2199-12-30T20:00/2199-12-31T08:00")
    ]


DAY = {"start": daily("08:00"), "end": daily("20:00")}
NIGHT = {"start": daily("20:00"), "end": daily("08:00")}
NOON, DUSK, DAWN = utc("2026-06-01T12:00"), utc("2026-06-01T20:00"), utc("2026-06-02T08:00")


@dataclass(frozen=True)
class Together:
    """Several windows, and what they ask for at noon."""

    id: str
    windows: tuple[Window, ...]
    expected: Bounds


TOGETHER = (
    Together("none", (), Bounds(None, None, None, None, None)),
    Together("none is active", (window(**NIGHT),), Bounds(None, None, None, None, DUSK)),
    Together("one", (window(**DAY, name="a", floor=3),), Bounds(3, "a", None, None, DUSK)),
    Together(
        "the largest floor and the smallest ceiling",
        (
            window(**DAY, name="a", floor=3, ceiling=9),
            window(**DAY, name="b", floor=4),
            window(**DAY, name="c", ceiling=8),
            window(**NIGHT, name="d", floor=7, ceiling=7),
        ),
        Bounds(4, "b", 8, "c", DUSK),
    ),
    Together(
        "only the highest priority counts",
        (
            window(**DAY, name="a", floor=9, priority=1),
            window(**DAY, name="b", ceiling=5, priority=2),
            window(**NIGHT, name="c", floor=7, priority=3),
        ),
        Bounds(None, None, 5, "b", DUSK),
    ),
    Together(
        "a negative priority gives way to none",
        (window(**DAY, name="a", floor=9, priority=-1), window(**DAY, name="b", floor=1)),
        Bounds(1, "b", None, None, DUSK),
    ),
    Together(
        "a negative priority counts where it is alone",
        (window(**DAY, name="a", floor=9, priority=-1),),
        Bounds(9, "a", None, None, DUSK),
    ),
    Together(
        "a pin is both",
        (window(**DAY, name="a", pin=5), window(**DAY, name="b", floor=2, ceiling=9)),
        Bounds(5, "a", 5, "a", DUSK),
    ),
    Together(
        "a pin of zero is both",
        (window(**DAY, name="a", pin=0),),
        Bounds(0, "a", 0, "a", DUSK),
    ),
    Together(
        "a floor raises a ceiling below it, and both are named",
        (window(**DAY, name="a", floor=6), window(**DAY, name="b", ceiling=4)),
        Bounds(6, "a", 6, "b", DUSK),
    ),
    Together(
        "of equals the first name in the alphabet",
        (window(**DAY, name="b", floor=6, ceiling=7), window(**DAY, name="a", floor=6, ceiling=7)),
        Bounds(6, "a", 7, "a", DUSK),
    ),
    Together(
        "until the first boundary of any of them, also of one that does not count",
        (
            window(**DAY, name="a", floor=6, priority=9),
            window(daily("14:00"), end=daily("15:00"), name="b", floor=1),
            window("at(2020-01-01T00:00:00)", duration=timedelta(hours=1), name="c"),
        ),
        Bounds(6, "a", None, None, utc("2026-06-01T14:00")),
    ),
)


@pytest.mark.parametrize("case", TOGETHER, ids=lambda case: case.id)
def test_windows_that_are_active_together_give_one_answer(case: Together) -> None:
    """In any order."""
    assert combine(case.windows, NOON) == case.expected
    assert combine(case.windows[::-1], NOON) == case.expected


def test_an_answer_holds_until_it_says() -> None:
    """At `until` the answer changes, and not before."""
    windows = (window(**DAY, name="day", floor=6), window(**NIGHT, name="night", ceiling=2))
    assert combine(windows, DUSK - SECOND) == Bounds(6, "day", None, None, DUSK)
    assert combine(windows, DUSK) == Bounds(None, None, 2, "night", DAWN)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": ""}, "window.name: got ''"),
    (
        {"start": "rate(1 day)"},
        r"window.start: got 'rate\(1 day\)', expected at.*a rate has no time",
    ),
    ({"start": "cron(0 25 * * ? *)"}, "window.start: schedule .*hour '25': expected 0-23"),
    ({"end": "rate(1 day)"}, "window.end: .*a rate has no time of day"),
    ({"end": "at(tomorrow)"}, r"window.end: schedule 'at\(tomorrow\)'"),
    ({"end": None}, "window.end, duration: .*exactly one of the two"),
    ({"duration": timedelta(hours=1)}, "window.end, duration: .*exactly one of the two"),
    ({"end": None, "duration": timedelta()}, "window.duration: .*above 0"),
    ({"end": None, "duration": timedelta(seconds=-1)}, "window.duration: .*above 0"),
    (
        {"end": None, "duration": timedelta(days=367)},
        "window.duration: .*at most 366 days; give an end",
    ),
    (
        {"start": "at(2026-01-02T00:00:00)", "end": "at(2026-01-02T00:00:00)"},
        r"window.end: .*a time after at\(2026-01-02",
    ),
    ({"time_zone": "Berlin"}, "unknown time zone 'Berlin': did you mean Europe/Berlin"),
    ({"floor": None}, "window.floor, ceiling, pin: .*a floor, a ceiling, both, or a pin"),
    ({"floor": -1}, "window.floor: got -1, expected a whole number from 0"),
    ({"floor": 2.5}, "window.floor: got 2.5, expected a whole number"),
    ({"ceiling": True}, "window.ceiling: got True"),
    ({"ceiling": 1}, r"window.floor: got 2, expected at most the ceiling \(1\)"),
    ({"pin": 4}, "window.pin: got 4, expected no floor or ceiling beside it"),
    ({"floor": None, "ceiling": 3, "pin": 4}, "window.pin: got 4"),
    ({"priority": 0.5}, "window.priority: got 0.5"),
    (
        {"except_dates": (datetime(2026, 1, 1, tzinfo=UTC),)},
        "window.except_dates: .*expected dates",
    ),
    ({"also_dates": ("2026-01-01",)}, "window.also_dates: .*expected dates"),
    ({"also_dates": (date(2200, 1, 1),)}, "window.also_dates: .*1970 to 2199"),
    (
        {"also_dates": (date(2026, 1, 1),), "except_dates": (date(2026, 1, 1),)},
        "window.also_dates: got '2026-01-01', expected no date that except_dates has too",
    ),
    (
        {"valid_from": datetime.fromisoformat("2026-01-01T00:00")},
        "window.valid_from 2026.*an offset",
    ),
    (
        {"valid_until": datetime.fromisoformat("2026-01-01T00:00")},
        "window.valid_until 2026.*an offset",
    ),
    (
        {"valid_from": utc("2026-01-01T00:00"), "valid_until": utc("2026-01-01T00:00")},
        "window.valid_until: .*a time after 2026-01-01",
    ),
)


@pytest.mark.parametrize(("changed", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_window_that_makes_no_sense_is_refused(changed: dict[str, Any], message: str) -> None:
    """The message names the field, what was given and what was expected."""
    right: dict[str, Any] = {"name": "a", **DAY, "floor": 2}
    assert Window(**right).lowest == 2
    with pytest.raises(ValueError, match=message):
        Window(**(right | changed))


def test_validity_is_kept_in_utc() -> None:
    """Two windows that mean the same are equal."""
    one = window(**DAY, valid_from=datetime.fromisoformat("2026-06-01T02:00+02:00"))
    assert one == window(**DAY, valid_from=utc("2026-06-01T00:00"))
    assert one.valid_from is not None
    assert one.valid_from.tzinfo is UTC
