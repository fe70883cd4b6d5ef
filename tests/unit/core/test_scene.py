"""How many instances were there when it was measured, and which bounds hold until when?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.model import Capacity, History, ReadySample
from flyball.core.policy import ScheduledPolicy
from flyball.core.scene import find_bounds, ready_between
from flyball.core.schedule import Schedule
from flyball.core.window import Window
from tests.unit.core.cases import NOON, at, scale, seconds

READY = (
    # samples (seconds before noon, ready), least and most in the minute before noon
    ((), (7, 7)),  # nothing remembered: what is there now
    (((0, 4),), (4, 4)),
    (((60, 4),), (4, 4)),
    (((900, 4),), (4, 4)),
    (((900, 4), (30, 8)), (4, 8)),
    (((900, 8), (30, 4)), (4, 8)),
    (((900, 4), (60, 8)), (8, 8)),  # the change lies before the period
    (((900, 4), (59, 8)), (4, 8)),
    (((900, 4), (0, 8)), (4, 8)),  # seen at its end: somewhere between the two looks
    (((900, 4), (-1, 8)), (4, 8)),  # seen just after it: it may have been in it
    (((900, 4), (-1, 8), (-2, 16)), (4, 8)),
    (((-1, 8),), (8, 8)),  # every sample is younger
    (((-1, 8), (-60, 16)), (8, 8)),
    (((900, 0), (30, 5)), (0, 5)),
    (((900, 5), (30, 0)), (0, 5)),
    (((900, 5), (40, 0), (20, 3)), (0, 5)),
    (((900, 2), (40, 9), (20, 3)), (2, 9)),
    (((900, 2), (60, 5), (20, 3)), (3, 5)),
)


@pytest.mark.parametrize(("samples", "expected"), READY)
def test_a_change_lies_somewhere_between_two_looks(
    samples: tuple[tuple[int, int], ...], expected: tuple[int, int]
) -> None:
    """Both ends are given: the least that can have been in service, and the most."""
    history = History(ready=tuple(ReadySample(at(-ago), ready) for ago, ready in samples))
    assert ready_between(history, Capacity(7, 7), NOON, seconds(60)) == expected


def action(name: str, when: str) -> ScheduledPolicy:
    """Make an action of today."""
    return ScheduledPolicy(name, Schedule(f"at(2026-06-01T{when}:00)"), 2)


def window(start: str) -> Window:
    """Make a window of an hour."""
    return Window("w", f"at(2026-06-01T{start}:00)", duration=timedelta(hours=1), floor=3)


UNTIL = (
    ((), (), None),
    ((action("a", "12:05"),), (), 300),
    ((action("a", "12:09"), action("b", "12:05")), (), 300),
    ((action("a", "12:05"), action("b", "12:09")), (), 300),
    ((action("a", "11:00"),), (), None),
    ((), (window("12:05"),), 300),
    ((), (window("11:05"),), 300),
    ((action("a", "12:05"),), (window("12:09"),), 300),
    ((action("a", "12:09"),), (window("12:05"),), 300),
    ((action("a", "12:09"),), (window("10:00"),), 540),
)


@pytest.mark.parametrize(("actions", "windows", "until"), UNTIL)
def test_bounds_hold_until_the_next_action_or_window(
    actions: tuple[ScheduledPolicy, ...], windows: tuple[Window, ...], until: float | None
) -> None:
    """Whichever comes first."""
    target = scale(*actions, windows=windows)
    _fired, bounds = find_bounds(target, History(scheduled_until=NOON), NOON)
    assert bounds.until == (None if until is None else at(until))


def test_an_action_fires_once_at_the_first_look_after_it() -> None:
    """After the last look, up to now; at the very first look, within the last tick."""
    target = scale(action("a", "12:00"), tick=seconds(60))
    fired, _bounds = find_bounds(target, History(scheduled_until=at(-1)), NOON)
    assert len(fired) == 1
    fired, _bounds = find_bounds(target, History(scheduled_until=NOON), NOON)
    assert fired == ()
    fired, _bounds = find_bounds(target, History(), at(59))
    assert len(fired) == 1
    fired, _bounds = find_bounds(target, History(), at(60))
    assert fired == ()
