"""Which hours reliably need more?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flyball.sim.trace import Trace
from flyball.sizing.habit import Habit, find_habits

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def record(days: int, ask: Callable[[datetime], float | None], start: datetime = MONDAY) -> Trace:
    """Record each minute of some days."""
    minutes = (start + index * timedelta(minutes=1) for index in range(days * 1_440))
    return Trace(start, tuple(ask(at) for at in minutes))


def work(at: datetime) -> float:
    """Ask for six instances' worth from eight to six on working days, else for one's."""
    return 600.0 if at.weekday() < 5 and 8 <= at.hour < 18 else 80.0


def test_office_hours_are_found_and_how_reliable_they_are() -> None:
    """On twenty of twenty working days, and nothing on weekends."""
    found = find_habits(record(28, work), 100.0, 1, 10)
    assert found.found == (Habit("mon-fri", 8, 18, 6, 20, 20),)
    assert found.found[0].reliable_ratio == 1.0
    assert not found.note


def test_a_day_without_it_makes_it_less_reliable() -> None:
    """One holiday in twenty is told; a floor is needed on nine of ten."""
    holiday = MONDAY.date() + timedelta(days=7)
    trace = record(28, lambda at: 80.0 if at.date() == holiday else work(at))
    (habit,) = find_habits(trace, 100.0, 1, 10).found
    assert (habit.floor, habit.needed, habit.known) == (6, 19, 20)


def test_what_comes_on_few_days_is_no_habit() -> None:
    """Three of twenty working days without it are too many."""
    off = {MONDAY.date() + timedelta(days=each) for each in (1, 8, 15)}
    trace = record(28, lambda at: 80.0 if at.date() in off else work(at))
    found = find_habits(trace, 100.0, 1, 10)
    assert not found.found
    assert found.note == "no hour of the week reliably needs more than the minimum"


def test_a_short_history_tells_nothing() -> None:
    """It says how many days it has, and how many it takes."""
    found = find_habits(record(7, work), 100.0, 1, 10)
    assert not found.found
    assert "5 days of mon-fri, of 10" in found.note
    assert "2 days of sat-sun, of 4" in found.note


def test_hours_are_local() -> None:
    """Eight in Berlin is seven in UTC, in winter."""
    found = find_habits(record(28, work), 100.0, 1, 10, "Europe/Berlin")
    assert [(each.begin, each.end) for each in found.found] == [(9, 19)]


def test_a_gap_is_no_calm_hour() -> None:
    """A day whose recording failed is not known."""
    failed = MONDAY.date() + timedelta(days=3)
    trace = record(28, lambda at: None if at.date() == failed else work(at))
    (habit,) = find_habits(trace, 100.0, 1, 10).found
    assert (habit.needed, habit.known) == (19, 19)


def test_a_short_peak_is_not_the_hours() -> None:
    """Five minutes each hour are not what the calendar says."""
    trace = record(28, lambda at: 600.0 if at.minute < 5 else 80.0)
    assert not find_habits(trace, 100.0, 1, 10).found


def test_a_floor_is_never_above_the_most() -> None:
    """However much was asked."""
    (habit,) = find_habits(record(28, work), 100.0, 1, 4).found
    assert habit.floor == 4


def test_what_all_days_have_is_one_window() -> None:
    """Working days and weekends alike."""
    trace = record(28, lambda at: 600.0 if at.hour >= 20 else 80.0)
    assert find_habits(trace, 100.0, 1, 10).found == (Habit("mon-sun", 20, 24, 6, 28, 28),)


def test_a_lower_shoulder_is_a_window_of_its_own() -> None:
    """Three from six on, six from eight to six, three until eight."""
    trace = record(28, lambda at: max(work(at), 300.0 if 6 <= at.hour < 20 else 80.0))
    found = find_habits(trace, 100.0, 1, 10).found
    working = [(each.begin, each.end, each.floor) for each in found if each.days == "mon-fri"]
    assert working == [(6, 8, 3), (8, 18, 6), (18, 20, 3)]
    assert [(e.begin, e.end, e.floor) for e in found if e.days == "sat-sun"] == [(6, 20, 3)]


def test_an_hour_that_is_half_known_is_not_known() -> None:
    """A recording of fifteen minutes an hour tells no hour."""
    trace = record(28, lambda at: work(at) if at.minute < 15 else None)
    found = find_habits(trace, 100.0, 1, 10)
    assert "0 days of mon-fri, of 10" in found.note


def test_hours_known_on_too_few_days_are_no_habit() -> None:
    """Noon is known on nine of twenty days: what is before and after it is told alone."""
    shown = {MONDAY.date() + timedelta(days=each) for each in range(11)}
    trace = record(28, lambda at: None if at.hour == 12 and at.date() not in shown else work(at))
    found = find_habits(trace, 100.0, 1, 10).found
    assert [(each.begin, each.end, each.floor) for each in found] == [(8, 12, 6), (13, 18, 6)]
