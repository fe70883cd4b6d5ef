"""What does a schedule refuse, and what happens at the ends of the calendar?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from flyball.core.schedule import Schedule, last_between, next_after


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WRONG = (
    ("rate(1 hours)", "unit 'hours': a value of 1 takes 'hour'"),
    ("rate(2 hour)", "unit 'hour': a value of 2 takes 'hours'"),
    ("rate(1 minutes)", "write 'minute'"),
    ("rate(3 day)", "write 'days'"),
    ("rate(0 minutes)", "value 0: .*at least 1"),
    ("rate(-1 minutes)", r"expected rate\(n unit\)"),
    ("rate(1.5 hours)", r"expected rate\(n unit\)"),
    ("rate(5 weeks)", "unit minute, minutes, hour, hours, day or days"),
    ("rate(5 seconds)", r"write for example rate\(5 minutes\)"),
    ("rate(5minutes)", r"expected rate\(n unit\)"),
    ("rate(5 Minutes)", r"expected rate\(n unit\)"),
    ("rate()", r"expected rate\(n unit\)"),
    ("rate(999999999 days)", "at most 36500 days"),
    ("rate(9999999999 days)", r"expected rate\(n unit\)"),
    ("at(2026-02-30T00:00:00)", "day is out of range for month"),
    ("at(2026-13-01T00:00:00)", "month must be in 1..12"),
    ("at(2026-01-01T24:00:00)", "hour must be in 0..23"),
    ("at(2026-01-01T00:00:00Z)", "no offset or Z: the time zone is a field of its own"),
    ("at(2026-01-01T00:00:00+01:00)", "no offset or Z"),
    ("at(2026-01-01 00:00:00)", r"expected at\(yyyy-mm-ddThh:mm:ss\)"),
    ("at(2026-01-01T00:00)", r"expected at\(yyyy-mm-ddThh:mm:ss\)"),
    ("at(1969-12-31T00:00:00)", "year 1969: .*from 1970 to 2199"),
    ("at(2200-01-01T00:00:00)", "year 2200: .*from 1970 to 2199"),
    ("cron(0 10 * * *)", "got 5 fields, expected 6"),
    ("0 10 * * ? *", r"write cron\(0 10 \* \* \? \*\)"),
    ("0 10 * * *", r"write cron\(0 10"),
    ("CRON(0 10 * * ? *)", "in lower case"),
    ("cron(0 10 * * ? *", r"expected at\(.*\), rate\(.*\) or cron"),
    ("cron (0 10 * * ? *)", "nothing before or after"),
    ("cron(0 10 * * ? *) ", "nothing before or after"),
    ("every 5 minutes", r"expected at\("),
    ("", r"expected at\("),
    ("rate(٣ minutes)", "expected ASCII"),
    ("cron(0 10 ? * \u017fun *)", "expected ASCII"),
    ("x" * 1000, r"^schedule 'x{80}…': expected at"),
)


@pytest.mark.parametrize(("expression", "message"), WRONG)
def test_a_malformed_expression_is_refused_with_its_remedy(expression: str, message: str) -> None:
    """The message begins with the expression and is enough to mend it."""
    with pytest.raises(ValueError, match=message) as caught:
        Schedule(expression)
    assert str(caught.value).startswith("schedule '")


def test_a_schedule_refuses_an_unknown_zone_and_an_end_before_its_start() -> None:
    """Also what is well formed can be nonsense."""
    with pytest.raises(
        ValueError, match="unknown time zone 'Europe/Berlni': did you mean Europe/Berlin"
    ):
        Schedule("rate(1 day)", "Europe/Berlni")
    with pytest.raises(ValueError, match=r"end .* is before start .*; write a later end"):
        Schedule("rate(1 day)", start=utc("2026-01-02T00:00"), end=utc("2026-01-01T00:00"))


def test_instants_may_have_any_offset_but_need_one() -> None:
    """An offset is converted; a naive time is refused, since it could mean anything."""
    schedule = Schedule("cron(0 12 * * ? *)")
    local = datetime(2026, 6, 1, 13, 30, tzinfo=timezone(timedelta(hours=2)))
    assert next_after(schedule, local) == utc("2026-06-01T12:00")
    naive = datetime.fromisoformat("2026-06-01T00:00")
    with pytest.raises(ValueError, match=r"^t 2026-06-01T00:00:00: expected a time with an offset"):
        next_after(schedule, naive)
    with pytest.raises(ValueError, match=r"^until 2026"):
        last_between(schedule, local, naive)
    with pytest.raises(ValueError, match=r"^after 2026"):
        last_between(schedule, naive, local)
    with pytest.raises(ValueError, match=r"^start 2026"):
        Schedule("rate(1 day)", start=naive)
    with pytest.raises(ValueError, match=r"^end 2026"):
        Schedule("rate(1 day)", end=naive)


def test_nothing_fires_after_the_last_year() -> None:
    """A rate ends where the years of expressions end, instead of running off the calendar."""
    last = datetime.max.replace(tzinfo=UTC)
    for expression in ("rate(1 minute)", "cron(* * * * ? *)"):
        assert next_after(Schedule(expression), last) is None
        found = last_between(Schedule(expression), utc("2026-01-01T00:00"), last)
        assert found is not None
        assert found.year in {2199, 2200}
        assert (
            last_between(Schedule(expression), utc("1960-01-01T00:00"), utc("1961-01-01T00:00"))
            is None
        )
    assert (
        next_after(
            Schedule("rate(1 minute)", start=utc("2300-01-01T00:00")), utc("2026-01-01T00:00")
        )
        is None
    )


def test_start_and_end_are_kept_in_utc() -> None:
    """Two schedules that mean the same are equal."""
    summer = timezone(timedelta(hours=2))
    one = Schedule(
        "rate(1 day)", start=datetime(2026, 6, 1, 2, tzinfo=summer), end=utc("2026-07-01T00:00")
    )
    two = Schedule("rate(1 day)", start=utc("2026-06-01T00:00"), end=utc("2026-07-01T00:00"))
    assert one == two
    assert one.start is not None
    assert one.start.tzinfo is UTC
