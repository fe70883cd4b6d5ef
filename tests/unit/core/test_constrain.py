"""Does each step hold back what it should, and say so?

The steps that follow a provider's documentation are in test_conformance_*.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import (
    Action,
    CapacityRange,
    Change,
    Direction,
    Foreign,
    History,
    Limit,
    LimitKind,
    Pause,
    Quota,
    Reason,
    Recommended,
    Shortage,
)
from flyball.core.policy import MissingRule, MissingRules
from flyball.core.target import (
    DirectionRules,
    RateKind,
    RateRule,
    Select,
)
from flyball.core.window import Window
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Case,
    after,
    at,
    changed,
    check,
    expect,
    name,
    scale,
    seconds,
    see,
    series,
    stepping,
    tracking,
)

A = tracking("A")
OUT = {"a": 200}
IN = {"a": 50}
CALM = {"a": 95}


def window(label: str = "batch", start: str = "11:00", hours: int = 2, **fields: Any) -> Window:
    """Make a window of today, active at noon unless the test says otherwise."""
    return Window(label, f"at(2026-06-01T{start}:00)", duration=timedelta(hours=hours), **fields)


# --- bounds and windows -------------------------------------------------------


def test_bounds_hold_without_any_policy() -> None:
    """Capacity outside its bounds is brought inside, at once."""
    expect(scale(low=3, high=9), see(1), desired=3, reason=Reason.BELOW_MIN, action=Action.SET)
    expect(scale(low=3, high=9), see(12), desired=9, reason=Reason.ABOVE_MAX, action=Action.SET)
    expect(scale(low=3, high=9), see(3), desired=3, limits=())
    expect(scale(low=3, high=9), see(9), desired=9, limits=())


WINDOWS = (
    # windows, current, seen, desired, reason, by
    ((window(floor=8),), 4, CALM, 8, Reason.WINDOW_FLOOR, "batch"),
    ((window(floor=8),), 12, {"a": 10}, 8, Reason.WINDOW_FLOOR, "batch"),
    ((window(floor=8),), 8, CALM, 8, Reason.WITHIN_TOLERANCE, None),
    ((window(ceiling=6),), 10, CALM, 6, Reason.WINDOW_CEILING, "batch"),
    ((window(ceiling=6),), 4, OUT, 6, Reason.WINDOW_CEILING, "batch"),
    ((window(pin=5),), 4, OUT, 5, Reason.WINDOW_CEILING, "batch"),
    ((window(pin=5),), 4, CALM, 5, Reason.WINDOW_FLOOR, "batch"),
    ((window(floor=8), window("big", floor=9)), 4, CALM, 9, Reason.WINDOW_FLOOR, "big"),
    ((window(ceiling=8), window("low", ceiling=7)), 12, CALM, 7, Reason.WINDOW_CEILING, "low"),
    ((window(floor=8), window("cap", ceiling=6)), 4, CALM, 8, Reason.WINDOW_FLOOR, "batch"),
    ((window(floor=1),), 4, {"a": 1}, 2, Reason.BELOW_MIN, ""),  # the minimum is higher
    ((window(ceiling=99),), 15, OUT, 20, Reason.ABOVE_MAX, ""),  # the maximum is lower
    ((window(floor=30),), 4, CALM, 20, Reason.HARD_MAX, ""),
    ((window(start="13:00", floor=8),), 4, CALM, 4, Reason.WITHIN_TOLERANCE, None),
    ((window(start="10:00", floor=8),), 4, CALM, 4, Reason.WITHIN_TOLERANCE, None),  # ended at noon
    ((window(start="12:00", floor=8),), 4, CALM, 8, Reason.WINDOW_FLOOR, "batch"),
)


@pytest.mark.parametrize(("windows", "current", "seen", "desired", "reason", "by"), WINDOWS)
def test_the_largest_floor_and_the_smallest_ceiling_hold(
    windows: tuple[Window, ...],
    current: int,
    seen: dict[str, float],
    desired: int,
    reason: Reason,
    by: str | None,
) -> None:
    """Where they cross the floor wins; the hard maximum wins over all."""
    target = scale(A, low=2, high=20, windows=windows)
    expect(target, see(current, seen), desired=desired, reason=reason, by=by)


def test_a_window_limit_says_until_when() -> None:
    """Its end is when it may end by itself."""
    found = expect(scale(A, windows=(window(floor=8),)), see(4, CALM))
    assert found.limits[0].until == at(3600)
    found = expect(scale(A, windows=(window(ceiling=3),)), see(4, CALM))
    assert found.limits[0].until == at(3600)


# --- quota, budget, shortage --------------------------------------------------


def test_a_quota_caps_scale_out_until_it_expires() -> None:
    """Learned from a refusal; and never a reason to scale in."""
    quota = History(quota=Quota(8, at(100)))
    found = expect(scale(A), see(6, OUT), quota, desired=8, wanted=12, unmet=4, reason=Reason.QUOTA)
    assert found.limits == (Limit(LimitKind.QUOTA, 12, 8, Reason.QUOTA, at(100)),)
    expect(scale(A), see(6, OUT), History(quota=Quota(8, NOON)), desired=12, unmet=0)
    expect(scale(A), see(10, CALM), quota, desired=10)
    expect(scale(A), see(10, OUT), quota, desired=10, max_capacity=10)
    expect(scale(A), see(10, IN), quota, desired=5)
    expect(scale(A), see(4, {"a": 200}), quota, desired=8, limits=())


PRICED: dict[str, Any] = {"price_per_hour": 2.0, "spend_limit_per_hour": 15.0}


def test_the_spend_limit_is_a_hard_maximum() -> None:
    """15 an hour at 2 are 7, over minimum, windows and policies."""
    found = expect(scale(A, **PRICED), see(6, OUT), desired=7, unmet=5, reason=Reason.BUDGET)
    assert found.max_capacity == 7
    expect(scale(A, low=9, **PRICED), see(9, CALM), desired=7, min_capacity=7)
    expect(scale(A, windows=(window(floor=9),), **PRICED), see(4, CALM), desired=7)
    expect(scale(A, low=9, hard_min_capacity=9, **PRICED), see(9, CALM), desired=7)
    expect(scale(A, **PRICED), see(9, {"a": NO_DATA}), desired=7)


def test_a_budget_that_pays_exactly_pays() -> None:
    """0.1 × 3 is 0.30000000000000004 in floats, and three instances."""
    for price, limit, most in ((0.1, 0.3, 3), (0.1, 0.29, 2), (0.7, 2.1, 3), (1e-9, 1e9, 100)):
        target = scale(A, price_per_hour=price, spend_limit_per_hour=limit)
        expect(target, see(1, {"a": 1e6}), desired=most)
    expect(scale(A, price_per_hour=1.0, spend_limit_per_hour=0.0), see(4, OUT), desired=0)


def test_a_shortage_is_waited_out_in_both_directions() -> None:
    """No machines: nothing more is asked for, and nothing is given away."""
    history = History(shortage=Shortage(at(-30), 1, at(30)))
    for seen in (OUT, IN):
        found = expect(scale(A), see(6, seen), history, desired=6, reason=Reason.CAPACITY_SHORTAGE)
        assert found.limits[-1].until == at(30)
        assert found.wake_at == at(30)


@pytest.mark.parametrize(
    ("attempts", "wanted", "desired"),
    [(1, 16, 11), (2, 16, 8), (3, 16, 7), (9, 16, 7), (1, 7, 7), (1, 8, 7), (1, 9, 7), (1, 10, 8)],
)
def test_after_a_shortage_each_refusal_halves_the_step(
    attempts: int, wanted: int, desired: int
) -> None:
    """From 6: half of it, a quarter, and never less than one."""
    history = History(shortage=Shortage(at(-90), attempts, NOON))
    expect(scale(A), see(6, {"a": wanted * 100 / 6}), history, desired=desired, wanted=wanted)


def test_after_a_shortage_scale_in_is_free_again() -> None:
    """The back-off is over."""
    expect(scale(A), see(6, IN), History(shortage=Shortage(at(-90), 1, NOON)), desired=3)


# --- missing data -------------------------------------------------------------

HOLD, IGNORE, BLOCK = MissingRule.HOLD, MissingRule.IGNORE, MissingRule.BLOCK_SCALE_IN
MISSING = (
    # rule out, rule in, what the seeing policy sees, desired from 6
    (IGNORE, HOLD, OUT, 12),
    (IGNORE, HOLD, IN, 6),
    (HOLD, HOLD, OUT, 6),
    (HOLD, HOLD, IN, 6),
    (IGNORE, IGNORE, OUT, 12),
    (IGNORE, IGNORE, IN, 3),
    (HOLD, IGNORE, OUT, 6),
    (HOLD, IGNORE, IN, 3),
    (IGNORE, BLOCK, OUT, 12),
    (IGNORE, BLOCK, IN, 6),
    (HOLD, BLOCK, IN, 6),
)


@pytest.mark.parametrize(("out", "into", "seen", "desired"), MISSING)
@pytest.mark.parametrize("blind", [(), NO_DATA, series(5.0, end=at(-900))])
def test_a_missing_metric_does_to_each_direction_what_its_rule_says(
    out: MissingRule, into: MissingRule, seen: dict[str, float], desired: int, blind: Any
) -> None:
    """Hold, ignore and block scale-in, for none, failed and stale alike."""
    target = scale(A, tracking("B", missing=MissingRules(out, into)))
    expect(target, see(6, seen | {"b": blind}), desired=desired)


def test_a_step_policy_without_data_has_the_same_rules() -> None:
    """Hold stops the tracking beside it."""
    holding = stepping("S", 50, (0, None, 1), missing=MissingRules(HOLD, HOLD))
    for seen in (OUT, IN):
        found = expect(scale(A, holding), see(6, seen | {"s": NO_DATA}), desired=6, by="s")
        assert found.limits[-1].kind is LimitKind.MISSING


def test_a_hold_for_want_of_data_holds_windows_too() -> None:
    """A ceiling is no reason to scale in blindly; only the hard maximum is."""
    target = scale(A, high=9, windows=(window(ceiling=3),))
    expect(target, see(6, {"a": NO_DATA}), desired=6)
    expect(target, see(12, {"a": NO_DATA}), desired=9, reason=Reason.HARD_MAX)


def test_a_value_per_instance_of_none_holds_no_scale_out() -> None:
    """At zero it is always missing: holding for it would be for ever."""
    holding = tracking("B", missing=MissingRules(HOLD, HOLD))
    target = scale(stepping("S", 1, (0, None, 2)), holding)
    expect(target, see(0, {"s": 1, "b": 50}), desired=2)
    expect(target, see(0, {"s": 1, "b": NO_DATA}), desired=2)


# --- foreign changes and pauses -----------------------------------------------


def foreign(before: int, now: int, until: float = 100) -> History:
    """Remember somebody else's change."""
    return History(foreign=Foreign(at(-60), before, now, at(until)))


FOREIGN = (
    # before, after, seen, desired: from `after`
    (4, 6, OUT, 12),  # they scaled out: more may be added
    (4, 6, IN, 6),
    (8, 6, OUT, 6),  # they scaled in: nothing moves
    (8, 6, IN, 6),
)


@pytest.mark.parametrize(("before", "now", "seen", "desired"), FOREIGN)
def test_somebody_elses_change_is_respected_until_its_hold_ends(
    before: int, now: int, seen: dict[str, float], desired: int
) -> None:
    """And then it is normal again."""
    found = expect(scale(A), see(now, seen), foreign(before, now), desired=desired)
    if desired == now:
        assert (found.reason, found.limits[-1].until) == (Reason.FOREIGN_HOLD, at(100))
        assert found.wake_at == at(60)
    free = 12 if seen is OUT else 3
    expect(scale(A), see(now, seen), foreign(before, now, until=0), desired=free)


PAUSES = (
    # direction, until, seen, desired from 6
    (None, None, OUT, 6),
    (None, None, IN, 6),
    (None, at(60), OUT, 6),
    (None, NOON, OUT, 12),  # it has just ended
    (Direction.OUT, None, OUT, 6),
    (Direction.OUT, None, IN, 3),
    (Direction.IN, None, OUT, 12),
    (Direction.IN, None, IN, 6),
    (Direction.IN, NOON, IN, 3),
)


@pytest.mark.parametrize(("direction", "until", "seen", "desired"), PAUSES)
def test_a_pause_holds_its_direction_until_it_ends(
    direction: Direction | None, until: Any, seen: dict[str, float], desired: int
) -> None:
    """None is both directions, and no end is for ever."""
    history = History(pauses=(Pause(direction, until, "sam", "migration"),))
    found = expect(scale(A), see(6, seen), history, desired=desired)
    if desired == 6:
        limit = found.limits[-1]
        assert (limit.reason, limit.until, limit.by) == (Reason.PAUSED, until, "sam")
        assert found.action is Action.HOLD


def test_of_several_pauses_any_holds() -> None:
    """One that has ended does not lift the other."""
    pauses = (Pause(None, NOON, "sam"), Pause(Direction.OUT, at(60), "kim"))
    expect(scale(A), see(6, OUT), History(pauses=pauses), desired=6, by="kim")


def test_the_hard_maximum_is_over_a_pause_but_nothing_is_sent() -> None:
    """The number is inside the hard bounds; a human's word is that nothing is done."""
    history = History(pauses=(Pause(None, None, "sam"),))
    expect(
        scale(A, high=5),
        see(8, CALM),
        history,
        desired=5,
        action=Action.BLOCK,
        reason=Reason.PAUSED,
    )


# --- hard bounds --------------------------------------------------------------


def test_hard_bounds_stand_over_scheduled_bounds() -> None:
    """Whatever was set by an action long ago."""
    history = History(bounds=CapacityRange(0, 50), bounds_over=CapacityRange(3, 9))
    target = scale(A, low=3, high=9, hard_min_capacity=2, hard_max_capacity=12)
    expect(target, see(6, {"a": 0}), history, desired=2, reason=Reason.HARD_MIN)
    expect(target, see(6, {"a": 900}), history, desired=12, reason=Reason.HARD_MAX, unmet=42)


def test_a_hard_minimum_stands_as_far_as_the_budget_pays() -> None:
    """Seven are paid for, whether the hard minimum is seven or eight."""
    from_below = History(bounds=CapacityRange(0, 50), bounds_over=CapacityRange(8, 9))
    for hard, desired in ((6, 6), (7, 7), (8, 7)):
        target = scale(A, low=8, high=9, hard_min_capacity=hard, **PRICED)
        expect(target, see(3, CALM), from_below, desired=desired)


CHAIN = (
    Case(
        "window, rate and cooldown in turn",
        (tracking("A", scale_out_cooldown=seconds(300)),),
        10,
        {"a": 300},
        17,
        wanted=30,
        limits=(LimitKind.STABILIZATION, LimitKind.COOLDOWN, LimitKind.RATE, LimitKind.BOUNDS),
        high=17,
        target={
            "scale_out": DirectionRules(
                seconds(60), (RateRule(RateKind.COUNT, 8, seconds(30)),), Select.MAX
            )
        },
        history=History(
            recommendations=(Recommended(at(-30), 29),),
            changes=after(changed(8, 10, -60, "A")).changes,
        ),
    ),
)


@pytest.mark.parametrize("case", CHAIN, ids=name)
def test_limits_are_left_in_the_order_of_the_pipeline(case: Case) -> None:
    """Each gives on what the next is given."""
    found = check(case)
    assert [(limit.before, limit.after) for limit in found.limits] == [
        (30, 29),
        (29, 28),
        (28, 18),
        (18, 17),
    ]


def test_in_the_rate_limit_the_oldest_change_that_counts_says_until_when() -> None:
    """When it leaves its period a little more is allowed."""
    rules = DirectionRules(rates=(RateRule(RateKind.COUNT, 2, seconds(60)),))
    changes = (Change(at(-40), 3, 4, (), at(-40)), Change(at(-10), 4, 5, (), at(-10)))
    found = expect(scale(A, scale_out=rules), see(5, OUT), History(changes=changes), desired=5)
    assert (found.limits[-1].until, found.wake_at) == (at(20), at(20))
    older = (Change(at(-60), 2, 3, (), at(-60)), *changes)
    found = expect(scale(A, scale_out=rules), see(5, OUT), History(changes=older), desired=5)
    assert found.limits[-1].until == at(20)
