"""Do the edge cases of AWS, 1 to 13, come out as they say?

The numbers are those of the list that docs/conformance.md repeats.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flyball.core.model import (
    Action,
    History,
    Reason,
)
from flyball.core.policy import ScheduledPolicy
from flyball.core.schedule import Schedule
from flyball.core.target import (
    Profile,
)
from tests.unit.core.cases import (
    FIVE_MINUTES,
    NO_DATA,
    NOON,
    Case,
    Story,
    at,
    aws_tracking,
    changed,
    check,
    expect,
    name,
    of,
    percent,
    scale,
    see,
    series,
    stepping,
)

A = aws_tracking("A")
B = aws_tracking("B")
AWS = Profile.AWS


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- AWS 1 to 8: one look -----------------------------------------------------


def test_aws_01_tracking_out() -> None:
    """Current 10, metric 150, target 100: 15."""
    expect(scale(A, profile=AWS), see(10, {"a": 150}), desired=15, action=Action.SET)


def test_aws_02_tracking_in() -> None:
    """Current 4, metric 43.75, target 70, raw 2.5: 3."""
    target = scale(aws_tracking("A", 70.0), profile=AWS)
    expect(target, see(4, {"a": 43.75}), desired=3, action=Action.SET)


def test_aws_03_dead_band() -> None:
    """Target 1500, metric 1400 for 20 minutes: no change, and no look before the heartbeat."""
    policy = aws_tracking("A", 1500.0, out_datapoints=of(3, 3), in_datapoints=of(15, 15))
    expect(
        scale(policy, profile=AWS),
        see(4, {"a": series(*[1400] * 20)}),
        desired=4,
        action=Action.HOLD,
        wake_reason=Reason.HEARTBEAT,
    )


AWS_04 = (
    Case("A to 4, B at 95 percent", (A, B), 6, {"a": 60, "b": 95}, 6),
    Case("A to 4, B to 5", (A, B), 6, {"a": 60, "b": 80}, 5),
    Case(
        "A to 4, B low but DisableScaleIn",
        (A, aws_tracking("B", disable_scale_in=True)),
        6,
        {"a": 60, "b": 20},
        4,
    ),
    Case("A to 4, B without data", (A, B), 6, {"a": 60, "b": NO_DATA}, 6),
)


@pytest.mark.parametrize("case", AWS_04, ids=name)
def test_aws_04_several_tracking_policies(case: Case) -> None:
    """Current 6: in only if all that may agree, and then the larger."""
    check(case, AWS)


@pytest.mark.parametrize(("high", "desired"), [(100, 30), (12, 12)])
def test_aws_05_out_merge(high: int, desired: int) -> None:
    """Current 10, +3 against +200 %: 30; with max 12: 12."""
    policies = (stepping("S", 50, (0, None, 3)), percent("T", 50, (0, None, 200)))
    target = scale(*policies, high=high, profile=AWS)
    expect(target, see(10, {"s": 60, "t": 60}), desired=desired, wanted=30)


@pytest.mark.parametrize(("low", "desired"), [(0, 6), (7, 7)])
def test_aws_06_in_merge(low: int, desired: int) -> None:
    """Current 8, −3 against −25 %: 6; with min 7: 7."""
    policies = (stepping("S", 50, (None, 0, -3)), percent("T", 50, (None, 0, -25)))
    target = scale(*policies, low=low, profile=AWS)
    expect(target, see(8, {"s": 40, "t": 40}), desired=desired, wanted=6)


@pytest.mark.parametrize(
    ("value", "current", "desired"),
    [(60, 10, 11), (70, 11, 14), (40, 14, 13), (30, 13, 10), (59.9, 10, 10), (40.1, 10, 10)],
)
def test_aws_07_step_bounds(value: float, current: int, desired: int) -> None:
    """Threshold 50: out and in by two policies of three steps each."""
    out = percent("O", 50, (0, 10, 0), (10, 20, 10), (20, None, 30), metric="m")
    into = percent("I", 50, (None, -20, -30), (-20, -10, -10), (-10, 0, 0), metric="m")
    expect(scale(out, into, profile=AWS), see(current, {"m": value}), desired=desired)


@pytest.mark.parametrize(
    ("current", "change", "magnitude", "desired", "reason"),
    [
        (3, 20, 0, 4, Reason.STEP),
        (3, -20, 0, 2, Reason.STEP),
        (4, 25, 2, 6, Reason.STEP),
        (0, 50, 0, 0, Reason.CANNOT_LEAVE_ZERO_BY_PERCENT),
    ],
)
def test_aws_08_percent(
    current: int, change: int, magnitude: int, desired: int, reason: Reason
) -> None:
    """Rounding to at least one, the minimum magnitude, and zero by name."""
    policy = percent("S", 50, (0, None, change), min_adjustment_magnitude=magnitude)
    expect(scale(policy, profile=AWS), see(current, {"s": 60}), desired=desired, reason=reason)


# --- AWS 9 to 13: time --------------------------------------------------------


def test_aws_09_step_cooldown() -> None:
    """10, +2 done: 12. At 120 s of 300 a step of 3: 13; a step of 2 again: 12."""
    policy = stepping("S", 50, (0, 10, 2), (10, None, 3), cooldown=FIVE_MINUTES)
    history = History(changes=(changed(10, 12, 0, "S"),))
    target = scale(policy, profile=AWS)
    expect(target, see(12, {"s": 60}, at(120)), history, desired=13)
    expect(target, see(12, {"s": 55}, at(120)), history, desired=12, reason=Reason.IN_COOLDOWN)


def test_aws_10_scale_in_cooldown_cancelled_by_scale_out() -> None:
    """In at 0, at 60 blocked, at 90 out, and then the scale-in cooldown is gone."""
    story = Story(scale(A, profile=AWS, low=1), 12)
    assert story.settle(0, a=50).desired == 6
    blocked = story.look(60, a=series(50, end=at(60), ready=6))
    assert (blocked.desired, blocked.reason) == (6, Reason.IN_COOLDOWN)
    out = story.settle(90, a=200)
    assert (out.action, out.desired) == (Action.SET, 12)
    assert story.look(120, a=50).desired == 6


def test_aws_11_schedule_against_cooldown() -> None:
    """Current 2 in 1–4, in cooldown, action {6, 10}: 6 now; tracking then wants 3: stays 6."""
    action = ScheduledPolicy("up", Schedule("at(2026-06-01T12:02:00)"), 6, 10)
    target = scale(A, action, low=1, high=4, hard_max_capacity=10, profile=AWS)
    story = Story(target, 4)
    assert story.settle(0, a=50).desired == 2
    assert story.look(60, a=95).action is Action.HOLD
    now = story.settle(120, a=95)
    assert (now.desired, now.limits[-1].reason) == (6, Reason.BELOW_MIN)
    later = story.look(900, a=50)
    assert (later.wanted, later.desired) == (3, 6)


def test_aws_12_null_and_zero() -> None:
    """Current 3 in 2–5: {Min 0} leaves the maximum and the capacity; {0, 0} goes to zero."""
    for action, desired, bounds in (
        (ScheduledPolicy("min", Schedule("at(2026-06-01T12:00:00)"), 0), 3, (0, 5)),
        (ScheduledPolicy("both", Schedule("at(2026-06-01T12:00:00)"), 0, 0), 0, (0, 0)),
    ):
        target = scale(A, action, low=2, high=5, profile=AWS)
        found = expect(target, see(3, {"a": 95}), desired=desired)
        assert found.fired[0][-2:] == bounds


@pytest.mark.parametrize(
    ("expression", "start", "fired"),
    [
        ("cron(30 2 * * ? *)", "2026-03-08T05:00", []),
        ("cron(30 1 * * ? *)", "2026-11-01T04:00", ["2026-11-01T05:30"]),
    ],
)
def test_aws_13_daylight_saving(expression: str, start: str, fired: list[str]) -> None:
    """New York: the nonexistent 02:30 is skipped, the repeated 01:30 runs once."""
    action = ScheduledPolicy("up", Schedule(expression, "America/New_York"), 3)
    target = scale(action, low=1, high=9, profile=AWS)
    begin = utc(start)
    story = Story(target, 1)
    seen = []
    for minute in range(0, 23 * 60, 5):
        when = (begin + timedelta(minutes=minute) - NOON).total_seconds()
        seen += [each.at for each in story.settle(when).fired]
    assert seen == [utc(each) for each in fired]
    assert story.capacity.desired == (3 if fired else 1)
