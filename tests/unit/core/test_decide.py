"""Is a number turned into the right action, range, reason, cost and next look?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.codec import canonical
from flyball.core.decide import ADVISER, decide
from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Direction,
    Foreign,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    Pause,
    Quota,
    Reason,
    Status,
)
from flyball.core.policy import Comparison, ScheduledPolicy
from flyball.core.schedule import Schedule
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from flyball.core.window import Window
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    at,
    expect,
    of,
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
UNREAD = Observation(NOON, Missing(MissingCause.SOURCE_FAILED), {"a": ()})


# --- the action ---------------------------------------------------------------

ACTIONS: tuple[tuple[dict[str, Any], dict[str, Any], dict[str, int], Action, Reason], ...] = (
    # capacity's fields, target's fields, seen, action, reason
    ({}, {}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
    ({}, {}, OUT, Action.SET, Reason.ABOVE_TARGET),
    ({}, {}, IN, Action.SET, Reason.BELOW_TARGET),
    ({"status": Status.BUSY}, {}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
    ({"status": Status.BUSY}, {}, OUT, Action.DEFER, Reason.BUSY),
    ({"status": Status.BUSY}, {}, IN, Action.DEFER, Reason.BUSY),
    ({"status": Status.FAILED}, {}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
    ({"status": Status.FAILED}, {}, OUT, Action.BLOCK, Reason.ENDPOINT_FAILED),
    ({"owner": "native"}, {}, OUT, Action.BLOCK, Reason.FOREIGN_OWNER),
    ({"owner": "native"}, {}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
    ({}, {"mode": Mode.ADVISE}, OUT, Action.BLOCK, Reason.ADVISE_ONLY),
    ({}, {"mode": Mode.ADVISE}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
    ({"status": Status.BUSY}, {"mode": Mode.ADVISE}, OUT, Action.BLOCK, Reason.ADVISE_ONLY),
    ({"status": Status.FAILED, "owner": "native"}, {}, OUT, Action.BLOCK, Reason.ENDPOINT_FAILED),
    ({"owner": "native"}, {"mode": Mode.ADVISE}, OUT, Action.BLOCK, Reason.FOREIGN_OWNER),
    ({"owner": ADVISER}, {}, OUT, Action.BLOCK, Reason.ADVISE_ONLY),
    ({"owner": ADVISER}, {}, CALM, Action.HOLD, Reason.WITHIN_TOLERANCE),
)


@pytest.mark.parametrize(("capacity", "target", "seen", "action", "reason"), ACTIONS)
def test_what_is_done_follows_from_who_may_change_it(
    capacity: dict[str, Any],
    target: dict[str, Any],
    seen: dict[str, float],
    action: Action,
    reason: Reason,
) -> None:
    """The number is the same whatever is done about it."""
    found = expect(scale(A, **target), see(6, seen, **capacity), action=action, reason=reason)
    assert found.desired == {200: 12, 50: 3, 95: 6}[int(seen["a"])]


def test_unknown_capacity_holds_everything() -> None:
    """What was last known is shown, kept inside the hard bounds."""
    for known, desired in ((None, 3), (7, 7), (20, 12), (1, 2)):
        found = expect(
            scale(A, low=3, high=12, hard_min_capacity=2),
            UNREAD,
            History(desired=known),
            desired=desired,
            action=Action.HOLD,
            reason=Reason.CAPACITY_UNKNOWN,
            current=None,
            unmet=0,
            cost_delta_per_hour=None,
            wake_reason=Reason.MISSING_DATA,
            wake_in=60.0,
        )
        assert (found.ceiling, found.recommendations, found.limits) == (desired, (), ())
    expect(scale(A, low=3, high=12, hard_max_capacity=20), UNREAD, max_capacity=12)
    slow = scale(A, tick=seconds(600), heartbeat=seconds(300))
    expect(slow, UNREAD, wake_in=300.0)


def test_what_is_no_more_is_looked_at_by_the_heartbeat_alone() -> None:
    """Nobody but a human can bring it back; what cannot be read for now is looked at each tick."""
    gone = replace(UNREAD, capacity=Missing(MissingCause.UNAVAILABLE))
    expect(scale(A), gone, reason=Reason.CAPACITY_UNKNOWN, wake_in=300.0)
    expect(scale(A), UNREAD, reason=Reason.CAPACITY_UNKNOWN, wake_in=60.0)


def test_scheduled_actions_fire_even_while_capacity_is_unknown() -> None:
    """The calendar does not wait for the provider."""
    action = ScheduledPolicy("up", Schedule("at(2026-06-01T12:00:00)"), 5)
    found = expect(scale(action, low=1), UNREAD, min_capacity=5)
    assert [each.policy for each in found.fired] == ["up"]


# --- reasons ------------------------------------------------------------------

RISING = stepping("S", 50, (0, None, 1), comparison=Comparison.GREATER)
REASONS: tuple[tuple[tuple[Any, ...], dict[str, Any], Reason], ...] = (
    ((A,), {"a": NO_DATA}, Reason.MISSING_DATA),
    ((A, tracking("B")), {"a": 95, "b": NO_DATA}, Reason.MISSING_DATA),
    ((A, tracking("B")), {"a": NO_DATA, "b": 200}, Reason.ABOVE_TARGET),
    ((stepping("S", 50, (60, None, 1)), A), {"s": 55, "a": 95}, Reason.NO_STEP),
    (
        (stepping("S", 50, (0, None, 1), datapoints=of(2, 2)), A),
        {"s": series(40, 60), "a": 95},
        Reason.BREACH_TOO_SHORT,
    ),
    (
        (A, stepping("S", 50, (0, None, 1), datapoints=of(2, 2))),
        {"s": series(40, 60), "a": 95},
        Reason.WITHIN_TOLERANCE,
    ),
    ((RISING, A), {"s": 40, "a": 95}, Reason.WITHIN_TOLERANCE),
    ((), {}, Reason.NOTHING_ASKED),
)


@pytest.mark.parametrize(("policies", "seen", "reason"), REASONS)
def test_the_reason_is_the_winners_or_what_tells_most(
    policies: tuple[Any, ...], seen: dict[str, Any], reason: Reason
) -> None:
    """Missing data is told before anything else that keeps."""
    expect(scale(*policies), see(6, seen), reason=reason)


# --- the range ----------------------------------------------------------------


def ranged(*policies: Any, **fields: Any) -> ScalableTarget:
    """Make a target whose provider takes a floor and a ceiling."""
    defaults: dict[str, Any] = {"low": 1, "high": 10, "capacity_kind": CapacityKind.RANGE}
    return scale(*policies, **(defaults | fields))


RANGES = (
    # current floor, ceiling, seen, range, action, reason
    (4, 10, OUT, (8, 10), Action.SET, Reason.ABOVE_TARGET),
    (4, 10, CALM, (4, 10), Action.HOLD, Reason.WITHIN_TOLERANCE),
    (4, 6, CALM, (4, 10), Action.SET, Reason.CEILING_MOVED),
    (4, None, CALM, (4, 10), Action.HOLD, Reason.WITHIN_TOLERANCE),
    (4, 12, CALM, (4, 10), Action.SET, Reason.CEILING_MOVED),
    (4, 10, IN, (2, 10), Action.SET, Reason.BELOW_TARGET),
    (8, 8, OUT, (10, 10), Action.SET, Reason.ABOVE_MAX),
)


@pytest.mark.parametrize(("floor", "ceiling", "seen", "expected", "action", "reason"), RANGES)
def test_the_floor_is_ours_and_the_ceiling_is_the_cap(
    floor: int,
    ceiling: int | None,
    seen: dict[str, float],
    expected: tuple[int, int],
    action: Action,
    reason: Reason,
) -> None:
    """The service picks inside; the same range again is nothing to send."""
    found = expect(ranged(A), see(floor, seen, ceiling=ceiling), action=action, reason=reason)
    assert found.range == CapacityRange(*expected)


def test_a_provider_of_one_number_gets_one_number() -> None:
    """A range of one."""
    assert expect(scale(A), see(4, OUT)).range == CapacityRange(8, 8)


CEILINGS: tuple[tuple[dict[str, Any], History, dict[str, Any], int], ...] = (
    # target's fields, history, seen, ceiling after a ceiling of 10
    ({"high": 6}, History(), CALM, 6),
    ({"high": 6, "hard_max_capacity": 20}, History(pauses=(Pause(Direction.IN),)), CALM, 10),
    ({"high": 6, "hard_max_capacity": 20}, History(pauses=(Pause(Direction.OUT),)), CALM, 6),
    ({"high": 6, "hard_max_capacity": 8}, History(pauses=(Pause(Direction.IN),)), CALM, 8),
    ({"high": 6, "hard_max_capacity": 20}, History(), {"a": NO_DATA}, 10),
    ({"high": 6, "hard_max_capacity": 20}, History(foreign=Foreign(NOON, 2, 4, at(60))), CALM, 10),
    ({"high": 6, "hard_max_capacity": 20}, History(foreign=Foreign(NOON, 2, 4, NOON)), CALM, 6),
    (
        {"hard_max_capacity": 20, "price_per_hour": 1.0, "spend_limit_per_hour": 7.0},
        History(pauses=(Pause(Direction.IN),)),
        CALM,
        7,
    ),
    ({}, History(quota=Quota(7, at(60))), CALM, 7),
    (
        {
            "windows": (
                Window("w", "at(2026-06-01T11:00:00)", duration=timedelta(hours=2), ceiling=5),
            )
        },
        History(),
        CALM,
        5,
    ),
)


@pytest.mark.parametrize(("fields", "history", "seen", "ceiling"), CEILINGS)
def test_a_ceiling_is_not_lowered_while_scale_in_is_held_but_for_hard_bounds(
    fields: dict[str, Any], history: History, seen: dict[str, Any], ceiling: int
) -> None:
    """Lowering it below what runs is a scale-in; hard bounds and the spend limit are hard."""
    found = expect(ranged(A, **fields), see(4, seen, ceiling=10), history)
    assert found.range == CapacityRange(4, ceiling)


@pytest.mark.parametrize(
    ("direction", "ceiling", "action"),
    [
        (Direction.OUT, 6, Action.BLOCK),
        (Direction.OUT, None, Action.HOLD),
        (Direction.IN, 6, Action.SET),
        (Direction.IN, 12, Action.BLOCK),
        (Direction.OUT, 12, Action.SET),
        (None, 12, Action.BLOCK),
    ],
)
def test_moving_a_ceiling_is_a_change_of_a_direction_too(
    direction: Direction | None, ceiling: int | None, action: Action
) -> None:
    """A pause of scale-out holds a rising ceiling, a pause of scale-in a falling one."""
    history = History(pauses=(Pause(direction),))
    expect(ranged(A), see(4, CALM, ceiling=ceiling), history, desired=4, action=action)


# --- cost, unmet want, counterfactuals ----------------------------------------


@pytest.mark.parametrize(("seen", "cost"), [(OUT, 12.0), (IN, -6.0), (CALM, 0.0)])
def test_a_decision_says_what_it_costs_an_hour(seen: dict[str, float], cost: float) -> None:
    """Six instances at 2, more, fewer or as many."""
    expect(scale(A, price_per_hour=2.0), see(6, seen), cost_delta_per_hour=cost)
    expect(scale(A), see(6, seen), cost_delta_per_hour=None)


def test_unmet_want_is_what_bounds_and_quota_and_budget_refuse() -> None:
    """Not what a cooldown or a rate only delays."""
    expect(scale(A, high=10), see(6, OUT), desired=10, unmet=2)
    expect(scale(A, high=10), see(6, OUT), History(quota=Quota(7, at(9))), desired=7, unmet=5)
    paused = History(pauses=(Pause(),))
    expect(scale(A), see(6, OUT), paused, desired=6, unmet=0)
    expect(scale(A, high=10), see(6, CALM), unmet=0)


def test_every_limit_can_be_left_out_to_see_what_would_have_been() -> None:
    """`without` changes that step alone."""
    history = History(pauses=(Pause(None, None, "sam"),), quota=Quota(8, at(60)))
    target = scale(A, high=10)
    kinds = (LimitKind.BOUNDS, LimitKind.QUOTA, LimitKind.PAUSE)
    expect(target, see(6, OUT), history, desired=6, limits=kinds)
    without_pause = frozenset({LimitKind.PAUSE})
    found = decide(target, see(6, OUT), history, NOON, without_pause)
    assert (found.desired, found.limits[-1].kind) == (8, LimitKind.QUOTA)
    found = decide(target, see(6, OUT), history, NOON, frozenset(kinds))
    assert (found.desired, [limit.kind for limit in found.limits]) == (10, [LimitKind.HARD])
    found = decide(target, see(6, OUT), history, NOON, frozenset({*kinds, LimitKind.HARD}))
    assert (found.desired, found.limits) == (12, ())


# --- sameness -----------------------------------------------------------------


def test_a_decision_carries_whose_and_when() -> None:
    """So that a row can be read by itself."""
    found = expect(scale(A), see(6, OUT), current=6, wanted=12, policies=("A",))
    assert (found.scalable_target_id, found.at) == ("churn", NOON)


def test_the_same_inputs_give_the_same_bits() -> None:
    """Twice in one process; the properties do it through the stored form."""
    first, second = (canonical(decide(scale(A), see(6, OUT), History(), NOON)) for _ in range(2))
    assert first == second


def test_capacity_beyond_all_bounds_is_still_decided_on() -> None:
    """A provider may say anything."""
    found = decide(scale(A), Observation(NOON, Capacity(10**9, 0), {"a": ()}), History(), NOON)
    assert found.desired == 100
