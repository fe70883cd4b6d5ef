"""A profile knows what a time of the hour, the day or the week usually looks like."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.season import CYCLES, MOST, Cycle, Season, begin, compare, note

HOUR, DAY, WEEK = CYCLES
START = 29_000_160  # minute 0 of an hour, a day of which 960 minutes have passed


def live(cycle: Cycle, demands: list[float], start: int = START) -> Season:
    """Take in minutes that follow each other."""
    season = begin(cycle)
    for minute, demand in enumerate(demands, start):
        season = note(season, cycle, minute, demand)
    return season


def test_an_hour_a_day_and_a_week_have_so_many_bins() -> None:
    """Of a minute, five and fifteen."""
    assert [cycle.bins for cycle in CYCLES] == [60, 288, 672]
    assert [len(begin(cycle).bins) for cycle in CYCLES] == [120, 576, 1344]


@pytest.mark.parametrize("cycle", CYCLES, ids=["hour", "day", "week"])
def test_what_is_not_known_changes_nothing(cycle: Cycle) -> None:
    """Before a whole cycle was seen the ratio is 1."""
    assert compare(begin(cycle), cycle, START, 5) == 1.0
    assert compare(live(cycle, [3.0] * 20), cycle, START + 19, 30) == 1.0


def test_an_hour_that_always_begins_high_is_foreseen() -> None:
    """Ten instances in its first ten minutes, and two in the others."""
    hour = [10.0] * 10 + [2.0] * 50
    season = live(HOUR, hour * 3)
    newest = START + 179
    assert compare(season, HOUR, newest, 5) == pytest.approx(10.05 / 2.05, abs=0.01)
    assert compare(season, HOUR, newest - 55, 30) == pytest.approx(2.05 / 10.05, abs=0.06)
    assert compare(season, HOUR, newest - 30, 10) == 1.0


def test_an_edge_is_blurred_by_the_minutes_beside_it_and_sharp_without() -> None:
    """The minute before the hour begins is foreseen as it will be, not as the next one."""
    season = live(HOUR, ([10.0] * 10 + [2.0] * 50) * 3)
    newest = START + 179 - 10
    ratios = [compare(season, HOUR, newest, ahead, 0) for ahead in (10, 11)]
    assert ratios == [pytest.approx(1.0), pytest.approx(10.05 / 2.05, abs=0.01)]
    blurred = compare(season, HOUR, newest, 10)
    assert ratios[0] < blurred < ratios[1]


def test_the_newest_cycle_counts_two_fifths() -> None:
    """What has changed is believed by degrees."""
    season = live(HOUR, [10.0] * 60 + [20.0] * 60 + [20.0])
    assert compare(season, HOUR, START + 118, 2) == pytest.approx(1.0, abs=0.01)
    then = live(HOUR, [10.0] * 60 + [10.0] * 30 + [20.0] * 31)
    assert compare(then, HOUR, START + 85, 10) == pytest.approx((14 + 0.05) / 10.05, abs=0.01)


def test_a_bin_is_the_mean_of_its_known_minutes() -> None:
    """Of five minutes two were seen: 4 and 8."""
    season = note(note(begin(DAY), DAY, START, 4.0), DAY, START + 3, 8.0)
    season = note(season, DAY, START + 5, 1.0)
    again = live(DAY, [6.0] * 5 + [1.0])
    assert season.bins == again.bins


def test_bins_that_a_gap_passes_over_stay_as_they_were() -> None:
    """A day without data is no reason to forget the day before."""
    season = live(HOUR, [7.0] * 60 + [7.0])
    later = note(season, HOUR, START + 60 * 50 + 7, 7.0)
    assert compare(later, HOUR, START + 60 * 50 + 7, 9) == 1.0
    assert later.bins == season.bins


def test_a_profile_remembers_no_more_than_it_can_hold() -> None:
    """A half float ends there."""
    season = live(HOUR, [1e9] * 61)
    assert compare(season, HOUR, START + 59, 1) == 1.0
    assert MOST == 65_000.0


@dataclass(frozen=True)
class Case:
    """Two levels of an hour, and the ratio from the first to the second."""

    id: str
    before: float
    after: float
    ratio: float


CASES = (
    Case("from_nothing", 0.0, 0.1, 3.0),
    Case("never_more_than_sixteen_times", 0.0, 100.0, 16.0),
    Case("never_less_than_a_sixteenth", 100.0, 0.0, 1 / 16),
    Case("nothing_to_nothing", 0.0, 0.0, 1.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_ratio_is_softened_and_bounded(case: Case) -> None:
    """A quiet night is not divided by."""
    season = live(HOUR, [case.before] * 30 + [case.after] * 30 + [case.before] * 30)
    assert compare(season, HOUR, START + 89, 15) == pytest.approx(case.ratio, rel=1e-3)
