"""Does the day memory know yesterday, and only that?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.daymemory import MOST, Day, look_back, note

MINUTES = 1440


def _live(demand: dict[int, float | None]) -> Day:
    day = Day()
    for minute, value in demand.items():
        day = note(day, minute, value)
    return day


def _two_days(value: float = 4.0, peak: tuple[int, float] = (0, 4.0)) -> dict[int, float | None]:
    demand: dict[int, float | None] = dict.fromkeys(range(MINUTES + 600), value)
    demand[peak[0]] = peak[1]
    return demand


@dataclass(frozen=True, slots=True)
class Case:
    """When a peak was, and which floors hold it."""

    id: str
    peak_minute: int
    yesterday: float
    short: float
    day: float


NOW = MINUTES + 599
CASES = (
    Case("ahead of this time yesterday", NOW - MINUTES + 6, 50.0, 4.0, 50.0),
    Case("more than ten minutes ahead of the order", NOW - MINUTES + 21, 4.0, 4.0, 50.0),
    Case("an hour ago", NOW - 60, 4.0, 50.0, 50.0),
    Case("five hours ago", NOW - 300, 4.0, 4.0, 50.0),
    Case("this minute", NOW, 4.0, 50.0, 50.0),
    Case("longer ago than a day", 100, 4.0, 4.0, 4.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_floors_hold_what_was_reached(case: Case) -> None:
    """A peak is in each floor as long as its window holds it."""
    day = _live(_two_days(peak=(case.peak_minute, 50.0)))
    _, floors = look_back(day, NOW, 6)
    assert tuple(floors) == (case.yesterday, case.short, case.day)


def test_yesterdays_rise_is_a_ratio() -> None:
    """Demand that doubled at this time yesterday is expected to double."""
    demand: dict[int, float | None] = {
        minute: 2.0 if minute % MINUTES < 600 else 20.0 for minute in range(MINUTES + 590)
    }
    ratio, _ = look_back(_live(demand), MINUTES + 589, 25)
    assert ratio == 4.0  # ten times, but no more than four are believed


def test_without_a_yesterday_nothing_is_expected() -> None:
    """On the first day the ratio is one, and yesterday's floor is none."""
    day = _live(dict.fromkeys(range(300), 7.0))
    assert look_back(day, 299, 6) == (1.0, (0.0, 7.0, 7.0))


def test_a_gap_is_forgotten_not_kept() -> None:
    """A day and a half without a minute leaves nothing of the day before."""
    day = note(_live(_two_days(9.0)), 2 * MINUTES + 1000, 1.0)
    assert look_back(day, 2 * MINUTES + 1000, 6) == (1.0, (0.0, 1.0, 1.0))


def test_a_gap_says_the_same_in_one_step_or_in_many() -> None:
    """Closing bins one by one, or all at once, leaves the same day."""
    start = _live(_two_days(3.0))
    last = MINUTES + 600 + 77
    steps = start
    for minute in range(MINUTES + 600, last + 1):
        steps = note(steps, minute, None)
    assert note(start, last, None) == steps


def test_a_bin_with_a_gap_has_the_mean_of_what_is_known() -> None:
    """A missing minute is not a zero."""
    demand = _two_days(8.0)
    for minute in range(0, MINUTES, 5):
        demand[minute] = None
    ratio, floors = look_back(_live(demand), NOW, 6)
    assert ratio == 1.0
    assert floors.yesterday == 8.0


def test_what_no_half_float_holds_is_kept_as_the_most_it_holds() -> None:
    """A million instances do not break the day."""
    day = _live(dict.fromkeys(range(20), 1e6))
    _, floors = look_back(day, 19, 6)
    assert floors.day == 1e6  # of the open bin
    _, floors = look_back(note(day, 20, 0.0), 20, 6)
    assert floors.day == pytest.approx(MOST, rel=1e-3)
