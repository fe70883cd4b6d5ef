"""Is a window's floor there a lead time before the window begins, and for the reason that it is?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.core.codec import canonical
from flyball.core.model import Action, CapacityRange, History, LimitKind, Reason
from flyball.core.scene import Bounds, find_bounds
from flyball.core.target import CapacityKind
from flyball.core.window import BOUNDARIES_LIMIT, Window, foresee
from tests.unit.core.cases import NOON, at, expect, name, scale, see, tracking

CALM = {"a": 100.0}
EIGHT = timedelta(minutes=8)
MINUTE = 60


def window(label: str, start: str, end: str, **fields: Any) -> Window:
    """Make a window of today."""
    return Window(label, f"at(2026-06-01T{start}:00)", f"at(2026-06-01T{end}:00)", **fields)


OFFICE = window("office", "12:10", "18:00", floor=14)


@dataclass(frozen=True)
class Case:
    """Windows, minutes after noon, and the bounds of then."""

    id: str
    windows: Sequence[Window]
    minute: float
    floor: int
    by: str = ""
    until: float | None = None
    ahead: bool = False
    ceiling: int = 20


CASES = (
    Case("not_yet", (OFFICE,), 1.99, 2, until=2),
    Case("a_lead_time_before", (OFFICE,), 2, 14, "office", 10, ahead=True),
    Case("until_it_begins", (OFFICE,), 9, 14, "office", 10, ahead=True),
    Case("and_then_it_holds_itself", (OFFICE,), 10, 14, "office", 352),
    Case("its_end_is_not_early", (OFFICE,), 359, 14, "office", 360),
    Case("and_it_does_end", (OFFICE,), 360, 2),
    Case(
        "a_floor_below_the_minimum_is_none", (window("w", "12:05", "13:00", floor=1),), 0, 2, "", 5
    ),
    Case("one_that_is_short", (window("w", "12:07", "12:08", floor=5),), 0, 5, "w", 7, ahead=True),
    Case(
        "the_larger_of_now_and_soon",
        (window("now", "11:00", "13:00", floor=9), OFFICE),
        4,
        14,
        "office",
        10,
        ahead=True,
    ),
    Case(
        "now_where_that_is_larger",
        (window("now", "11:00", "13:00", floor=16), OFFICE),
        4,
        16,
        "now",
        10,
    ),
    Case(
        "one_that_outranks_it_when_it_begins",
        (OFFICE, window("holiday", "12:10", "18:00", floor=3, priority=9)),
        4,
        3,
        "holiday",
        10,
        ahead=True,
    ),
    Case(
        "a_ceiling_gives_way",
        (window("night", "11:00", "12:10", ceiling=3), OFFICE),
        4,
        14,
        "office",
        10,
        ahead=True,
        ceiling=14,
    ),
    Case(
        "a_ceiling_does_not_come_early",
        (window("night", "12:05", "18:00", ceiling=3),),
        0,
        2,
        "",
        5,
    ),
    Case(
        "whatever_turns_first",
        (window("w", "12:05", "12:06", ceiling=9), window("x", "12:20", "13:00", floor=5)),
        8,
        2,
        "",
        12,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_floor_holds_so_long_before_its_window_begins(case: Case) -> None:
    """Whatever other windows say meanwhile; a ceiling never comes early."""
    target = scale(low=2, high=20, windows=tuple(case.windows), early=EIGHT)
    _, bounds = find_bounds(target, History(), at(case.minute * MINUTE))
    until = None if case.until is None else at(case.until * MINUTE)
    assert bounds == Bounds(case.floor, case.ceiling, case.by, bounds.ceiling_by, until, case.ahead)


def test_a_range_moves_its_floor_early_and_says_why() -> None:
    """Without it the machines are asked for when they are needed already."""
    rest: dict[str, Any] = {"low": 2, "high": 20, "capacity_kind": CapacityKind.RANGE}
    early = scale(tracking("A"), windows=(OFFICE,), early=EIGHT, **rest)
    seen = see(2, CALM, at(2 * MINUTE), ceiling=20)
    found = expect(
        early,
        seen,
        desired=14,
        action=Action.SET,
        reason=Reason.WINDOW_AHEAD,
        limits=(LimitKind.WINDOW,),
        by="office",
    )
    assert found.range == CapacityRange(14, 20)
    late = scale(tracking("A"), windows=(OFFICE,), **rest)
    expect(late, seen, desired=2, action=Action.HOLD)
    expect(late, see(2, CALM, at(10 * MINUTE), ceiling=20), reason=Reason.WINDOW_FLOOR)


def test_the_look_before_it_is_in_time_for_it() -> None:
    """A target is due when a floor comes to hold, not only when its window begins."""
    target = scale(windows=(OFFICE,), low=2, high=20, early=EIGHT)
    found = expect(target, see(2), desired=2, wake_reason=Reason.SCHEDULE_BOUNDARY)
    assert found.wake_at == at(2 * MINUTE)


@pytest.mark.parametrize(
    ("time_zone", "now", "begins"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 22, tzinfo=UTC), "00:30"),  # 02:30 twice
        ("Europe/Berlin", datetime(2027, 3, 28, 0, 52, tzinfo=UTC), "01:00"),  # 02:30 never
    ],
)
def test_the_clock_s_changes_move_the_floor_with_the_window(
    time_zone: str, now: datetime, begins: str
) -> None:
    """It is as early as ever, in elapsed time."""
    night = Window(
        "n", "cron(30 2 * * ? *)", duration=timedelta(hours=1), time_zone=time_zone, floor=5
    )
    target = scale(low=2, high=20, windows=(night,), early=EIGHT)
    second = timedelta(seconds=1)
    assert find_bounds(target, History(), now - second)[1].floor == 2
    bounds = find_bounds(target, History(), now)[1]
    assert (bounds.floor, bounds.ahead) == (5, True)
    assert bounds.until is not None
    assert f"{bounds.until:%H:%M}" == begins


def test_many_windows_are_looked_at_to_a_limit() -> None:
    """A window each minute for a day costs no more, and the next look is never in the past."""
    busy = Window("m", "cron(* * * * ? *)", duration=timedelta(seconds=30), floor=3)
    assert len(list(foresee((busy,), NOON, timedelta(days=1)))) == BOUNDARIES_LIMIT
    target = scale(low=2, high=20, windows=(busy,), early=timedelta(days=1))
    bounds = find_bounds(target, History(), NOON)[1]
    assert bounds.until == at(30)


def test_a_target_without_it_is_as_it_was() -> None:
    """Nothing is said ahead, and its config has no trace of it."""
    assert list(foresee((OFFICE,), NOON, timedelta())) == []
    assert "early" not in canonical(scale(windows=(OFFICE,)))


@pytest.mark.parametrize(
    ("early", "told"), [(timedelta(days=2), "at most a day"), (timedelta(-1), "0 or more")]
)
def test_an_early_that_makes_no_sense_is_refused(early: timedelta, told: str) -> None:
    """A day early is another window."""
    with pytest.raises(ValueError, match=f"early: .*{told}"):
        scale(early=early)
