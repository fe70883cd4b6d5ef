"""Do scheduled actions in profile `aws` do what Application Auto Scaling documents?"""

from __future__ import annotations

import pytest

from flyball.core.model import (
    Action,
    CapacityRange,
    Fired,
    History,
    LimitKind,
    Reason,
)
from flyball.core.policy import ScheduledPolicy
from flyball.core.schedule import Schedule
from flyball.core.target import Profile
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Story,
    after,
    aws_tracking,
    changed,
    expect,
    scale,
    see,
)

A = aws_tracking("A")


def action(
    name: str = "action", when: str = "at(2026-06-01T12:00:00)", **bounds: int
) -> ScheduledPolicy:
    """Make a scheduled action, at noon unless the test says otherwise."""
    return ScheduledPolicy(name, Schedule(when), **bounds)


def fire(current: int, low: int, high: int, *actions: ScheduledPolicy) -> tuple[int, int, int]:
    """Fire actions on bounds; say (desired, floor, ceiling) after them."""
    target = scale(A, *actions, low=low, high=high, hard_max_capacity=50, profile=Profile.AWS)
    found = expect(target, see(current, {"a": 95}))
    last = found.fired[-1]
    return found.desired, last.min_capacity, last.max_capacity


ACTIONS = (
    ("min above current goes out", 2, 1, 4, (action(min_capacity=3),), (3, 3, 4)),
    ("min at current keeps", 3, 1, 4, (action(min_capacity=3),), (3, 3, 4)),
    ("min below current keeps", 3, 2, 5, (action(min_capacity=0),), (3, 0, 5)),
    ("max below current goes in", 4, 1, 5, (action(max_capacity=2),), (2, 1, 2)),
    ("max above current keeps", 4, 1, 5, (action(max_capacity=9),), (4, 1, 9)),
    ("both", 2, 1, 4, (action(min_capacity=6, max_capacity=10),), (6, 6, 10)),
    ("both zero", 3, 2, 5, (action(min_capacity=0, max_capacity=0),), (0, 0, 0)),
    ("min alone above the maximum is refused", 2, 1, 4, (action(min_capacity=6),), (2, 1, 4)),
    ("max alone below the minimum is refused", 3, 3, 5, (action(max_capacity=2),), (3, 3, 5)),
    ("min at the maximum is allowed", 2, 1, 4, (action(min_capacity=4),), (4, 4, 4)),
    (
        "two at once in the config's order",
        2,
        1,
        4,
        (action("a", min_capacity=3), action("b", min_capacity=2, max_capacity=8)),
        (2, 2, 8),
    ),
    (
        "the later one has the last word",
        2,
        1,
        9,
        (action("b", min_capacity=3), action("a", "at(2026-06-01T11:59:30)", min_capacity=5)),
        (3, 3, 9),
    ),
    (
        "one that is refused does not stop the next",
        2,
        1,
        4,
        (action("a", min_capacity=6), action("b", min_capacity=3)),
        (3, 3, 4),
    ),
    (
        "the first makes room for the second",
        2,
        1,
        4,
        (action("a", max_capacity=8), action("b", min_capacity=6)),
        (6, 6, 8),
    ),
)


@pytest.mark.parametrize(
    ("current", "low", "high", "actions", "expected"),
    [row[1:] for row in ACTIONS],
    ids=[row[0] for row in ACTIONS],
)
def test_a_scheduled_action_sets_bounds_and_capacity_follows(
    current: int,
    low: int,
    high: int,
    actions: tuple[ScheduledPolicy, ...],
    expected: tuple[int, int, int],
) -> None:
    """Capacity below the new minimum goes out to it at once, above the new maximum in to it."""
    assert fire(current, low, high, *actions) == expected


def test_an_action_that_is_refused_is_recorded_and_changes_nothing() -> None:
    """{Min: 6} alone on bounds 1–4 is an error."""
    target = scale(action(min_capacity=6), low=1, high=4, hard_max_capacity=10, profile=Profile.AWS)
    found = expect(target, see(2), desired=2, action=Action.HOLD)
    assert found.fired == (Fired("action", NOON, Reason.SCHEDULE_REJECTED, 1, 4),)


def test_nothing_reverts_after_an_action() -> None:
    """The bounds stay until the next action, long after the day it fired."""
    target = scale(A, action(min_capacity=3), low=1, high=4, profile=Profile.AWS)
    story = Story(target, 2)
    assert story.look(-60, a=95).desired == 2
    assert story.settle(0, a=95).desired == 3
    assert story.look(60, a=5).desired == 3
    assert story.look(86_400 * 7, a=5).desired == 3
    assert story.look(86_400 * 7 + 60, a=95).fired == ()


def test_an_action_is_missed_by_no_late_look() -> None:
    """A controller that slept for an hour fires what was due, once."""
    target = scale(A, action(min_capacity=3), low=1, high=4, profile=Profile.AWS)
    story = Story(target, 2)
    story.look(-60, a=95)
    found = story.settle(3_540, a=95)
    assert (found.desired, [fired.at for fired in found.fired]) == (3, [NOON])
    assert story.look(3_600, a=95).fired == ()


def test_bounds_set_by_an_action_are_void_once_the_config_changes() -> None:
    """What was changed by hand is newer than what was scheduled before it."""
    history = History(bounds=CapacityRange(6, 10), bounds_over=CapacityRange(1, 4))
    old = scale(A, low=1, high=4, hard_max_capacity=20, profile=Profile.AWS)
    expect(old, see(2, {"a": 95}), history, desired=6, min_capacity=6, max_capacity=10)
    new = scale(A, low=1, high=5, hard_max_capacity=20, profile=Profile.AWS)
    expect(new, see(2, {"a": 95}), history, desired=2, min_capacity=1, max_capacity=5)


def test_a_scheduled_action_ignores_cooldowns_in_both_directions() -> None:
    """It is no policy's scale-out or scale-in."""
    up = scale(
        A,
        action(min_capacity=6, max_capacity=10),
        low=1,
        high=4,
        hard_max_capacity=10,
        profile=Profile.AWS,
    )
    expect(
        up, see(2, {"a": 95}), after(changed(4, 2, -60, "A")), desired=6, limits=(LimitKind.BOUNDS,)
    )
    down = scale(A, action(max_capacity=3), low=1, high=12, profile=Profile.AWS)
    expect(down, see(8, {"a": 95}), after(changed(4, 8, -60, "A")), desired=3)
    expect(down, see(8, {"a": 20}), after(changed(9, 8, -60, "A")), desired=3)


def test_a_scheduled_scale_in_needs_no_metric() -> None:
    """A tracking policy without data holds itself back, not the schedule."""
    target = scale(A, action(max_capacity=3), low=1, high=12, profile=Profile.AWS)
    expect(target, see(8, {"a": NO_DATA}), desired=3, reason=Reason.ABOVE_MAX)


def test_policies_go_on_inside_the_scheduled_bounds() -> None:
    """Tracking wants 3 and 20 inside 6–10."""
    history = History(bounds=CapacityRange(6, 10), bounds_over=CapacityRange(1, 4))
    target = scale(A, low=1, high=4, hard_max_capacity=50, profile=Profile.AWS)
    expect(target, see(8, {"a": 37}), history, desired=6, wanted=3)
    expect(target, see(8, {"a": 250}), history, desired=10, wanted=20, unmet=10)


def test_the_hard_maximum_stands_over_a_scheduled_action() -> None:
    """An action may move the maximum, never past the hard one."""
    target = scale(
        A,
        action(min_capacity=8, max_capacity=20),
        low=1,
        high=4,
        hard_max_capacity=6,
        profile=Profile.AWS,
    )
    expect(target, see(2, {"a": 95}), desired=6, reason=Reason.HARD_MAX, max_capacity=6)


def test_the_next_action_is_the_next_look() -> None:
    """A schedule is exact to its minute without polling."""
    target = scale(
        A,
        action(when="at(2026-06-01T12:03:00)", min_capacity=3),
        low=1,
        high=4,
        profile=Profile.AWS,
    )
    expect(target, see(2, {"a": 95}), wake_in=180.0, wake_reason=Reason.SCHEDULE_BOUNDARY)
