"""Does the simulated clock jump forward, and forward only?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from flyball.adapters.local.clock import JumpingClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_it_stands_still_until_it_is_moved() -> None:
    """Two looks without a jump give one instant."""
    clock = JumpingClock(NOON)
    assert (clock.now(), clock.now()) == (NOON, NOON)


def test_it_jumps_over_days_at_once() -> None:
    """An hour or a month costs the same."""
    clock = JumpingClock(NOON)
    clock.jump(NOON + timedelta(days=31))
    assert clock.advance(timedelta(hours=1)) == NOON + timedelta(days=31, hours=1)


def test_it_never_goes_back() -> None:
    """A jump into the past is refused and changes nothing."""
    clock = JumpingClock(NOON)
    with pytest.raises(ValueError, match="2026-03-02T12:00:00\\+00:00 or later"):
        clock.jump(NOON - timedelta(microseconds=1))
    assert clock.now() == NOON


def test_it_answers_in_utc_whatever_it_was_given() -> None:
    """An instant with an offset is the same instant in UTC."""
    clock = JumpingClock(NOON.astimezone(timezone(timedelta(hours=9))))
    assert clock.now().tzinfo is UTC
    assert clock.now() == NOON


def test_a_naive_start_is_refused() -> None:
    """A time without a zone is no instant."""
    with pytest.raises(ValueError, match="aware instant"):
        JumpingClock(datetime(2026, 3, 2))  # noqa: DTZ001  (the case itself)
