"""Where a service picks the count inside a range: does every rule start from the right number?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Change,
    Direction,
    History,
    LimitKind,
    Observation,
    Pause,
    Quota,
    ReadySample,
    Reason,
    Shortage,
)
from flyball.core.policy import Policy
from flyball.core.prune import prune_ready
from flyball.core.remember import Notice, Noticed, absorb
from flyball.core.target import CapacityKind, DirectionRules, RateKind, RateRule, ScalableTarget
from flyball.core.window import Window
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Seen,
    at,
    changed,
    exact,
    expect,
    name,
    percent,
    recommended,
    scale,
    see,
    stepping,
    tracking,
)

A = tracking("A")
MORE = stepping("A", 100.0, (0.0, None, 2.0))
MUCH_MORE = stepping("A", 100.0, (0.0, None, 5.0))
HALF_MORE = percent("A", 100.0, (0.0, None, 50.0))
THREE = exact("A", 100.0, (0.0, None, 3.0))
LESS = stepping("A", 40.0, (None, 0.0, -1.0))
MUCH_LESS = stepping("A", 40.0, (None, 0.0, -3.0))
HALF = percent("A", 40.0, (None, 0.0, -50.0))
HIGH, LOW, CALM = {"a": 150.0}, {"a": 10.0}, {"a": 100.0}


def ranged(*policies: Policy, **fields: Any) -> ScalableTarget:
    """Make a target of 1 to 20 whose service picks inside a range."""
    defaults: dict[str, Any] = {"low": 1, "high": 20, "capacity_kind": CapacityKind.RANGE}
    return scale(*policies, **(defaults | fields))


# --- policies -----------------------------------------------------------------


@dataclass(frozen=True)
class Stepped:
    """A step, the floor and what serves, and the floor that comes of it."""

    id: str
    policy: Policy
    floor: int
    ready: int
    seen: Mapping[str, Seen]
    desired: int
    reason: Reason
    rest: Mapping[str, Any] = field(default_factory=lambda: {"ceiling": 20})


STEPS = (
    Stepped("adds_to_what_the_service_picked", MORE, 2, 4, HIGH, 6, Reason.STEP),
    Stepped("adds_to_the_floor_while_instances_come", MORE, 6, 4, HIGH, 8, Reason.STEP),
    Stepped("takes_percent_of_what_serves", HALF_MORE, 2, 4, HIGH, 6, Reason.STEP),
    Stepped("an_exact_capacity_is_the_floor", THREE, 2, 4, HIGH, 3, Reason.STEP),
    Stepped(
        "counts_what_warms_up", MORE, 2, 3, HIGH, 6, Reason.STEP, {"ceiling": 20, "warming": 1}
    ),
    Stepped("counts_nothing_beyond_the_ceiling", MORE, 2, 7, HIGH, 6, Reason.STEP, {"ceiling": 4}),
    Stepped("needs_no_ceiling_to_know", MORE, 2, 4, HIGH, 6, Reason.STEP, {}),
    Stepped("in_is_permitted_already", LESS, 2, 4, LOW, 2, Reason.RANGE_PERMITS),
    Stepped("in_just_permitted_already", LESS, 3, 4, LOW, 3, Reason.RANGE_PERMITS),
    Stepped("in_lowers_the_floor_where_that_is_in_the_way", MUCH_LESS, 4, 5, LOW, 2, Reason.STEP),
    Stepped("in_from_the_floor_itself", LESS, 4, 4, LOW, 3, Reason.STEP),
    Stepped("in_by_percent_of_what_serves", HALF, 4, 6, LOW, 3, Reason.STEP),
)


@pytest.mark.parametrize("case", STEPS, ids=name)
def test_a_step_starts_from_what_serves_and_never_raises_the_floor_on_its_way_in(
    case: Stepped,
) -> None:
    """The service may have picked more than the floor already."""
    seen = see(case.floor, case.seen, ready=case.ready, **case.rest)
    found = expect(ranged(case.policy), seen, desired=case.desired)
    assert recommended(found, "A").reason is case.reason


def test_a_step_of_a_provider_of_one_number_starts_from_that() -> None:
    """As Application Auto Scaling has it, whatever is in service."""
    expect(scale(MORE), see(2, HIGH, ready=4), desired=4)
    expect(scale(LESS), see(5, LOW, ready=4), desired=4)


def test_while_the_range_permits_what_a_step_asks_for_it_is_looked_at_again_soon() -> None:
    """The service takes instances away one by one, and no alarm tells of it."""
    seen = see(2, LOW, ready=4, ceiling=20)
    expect(ranged(LESS), seen, action=Action.HOLD, wake_in=60, wake_reason=Reason.BREACH_LASTS)
    expect(ranged(LESS, low=2), seen, action=Action.HOLD, wake_in=300)


@pytest.mark.parametrize(
    ("floor", "ready", "value", "desired"),
    [(2, 4, 120.0, 5), (2, 4, 60.0, 2), (4, 6, 50.0, 3), (2, 2, 120.0, 3)],
)
def test_a_value_per_instance_is_of_what_serves(
    floor: int, ready: int, value: float, desired: int
) -> None:
    """Times the instances in service, never times the floor."""
    expect(ranged(A), see(floor, {"a": value}, ready=ready, ceiling=20), desired=desired)


FLOOR = Window("rush", "at(2026-06-01T11:00:00)", duration=timedelta(hours=2), floor=6)
ENDED = Window("rush", "at(2026-06-01T10:00:00)", duration=timedelta(hours=1), floor=6)


@pytest.mark.parametrize(
    ("windows", "floor", "desired", "reason"),
    [
        ((FLOOR,), 2, 6, Reason.WINDOW_FLOOR),
        ((FLOOR,), 6, 6, Reason.FLOOR_UNCLAIMED),
        ((FLOOR,), 9, 6, Reason.FLOOR_UNCLAIMED),
        ((ENDED,), 6, 2, Reason.FLOOR_UNCLAIMED),
        ((), 1, 2, Reason.BELOW_MIN),
    ],
)
def test_a_floor_that_only_the_calendar_raises_is_let_go_by_the_calendar(
    windows: tuple[Window, ...], floor: int, desired: int, reason: Reason
) -> None:
    """No policy could lower it, and inside the range the service scales."""
    target = ranged(low=2, windows=windows)
    expect(target, see(floor, ready=8, ceiling=20), desired=desired, reason=reason)


def test_what_nobody_claims_is_let_go_of_a_range_without_policies_alone() -> None:
    """Policies lower a floor themselves, and one number stays where nobody asks."""
    expect(ranged(A), see(6, CALM, ceiling=20), desired=6)
    expect(scale(low=2), see(6), desired=6, reason=Reason.NOTHING_ASKED)


def test_a_floor_that_is_let_go_waits_for_whoever_paused_it() -> None:
    """As every scale-in."""
    history = History(pauses=(Pause(Direction.IN),))
    expect(ranged(low=2), see(6, ready=8, ceiling=20), history, action=Action.HOLD,
           reason=Reason.PAUSED)  # fmt: skip


# --- what holds back ----------------------------------------------------------


def served(*samples: tuple[float, int]) -> tuple[ReadySample, ...]:
    """Remember what served, from so many seconds after noon on."""
    return tuple(ReadySample(at(second), ready) for second, ready in samples)


TWO_IN_FIVE_MINUTES = DirectionRules(rates=(RateRule(RateKind.COUNT, 2, timedelta(minutes=5)),))


@dataclass(frozen=True)
class Rated:
    """A range, what serves and what changed of late, and how far a rate lets the floor go."""

    id: str
    floor: int
    ready: int
    seen: Mapping[str, Seen]
    desired: int
    changes: tuple[Change, ...] = ()
    samples: tuple[ReadySample, ...] = ()


RATES = (
    Rated("out_from_what_serves", 2, 5, {"a": 200.0}, 7),
    Rated("out_less_what_was_added", 6, 6, HIGH, 7, (changed(2, 6, -60),), served((-90, 5))),
    Rated("a_floor_below_what_served_added_nothing", 4, 5, {"a": 200.0}, 7, (changed(2, 4, -60),),
          served((-90, 5))),
    Rated("out_more_by_what_was_taken", 2, 5, {"a": 200.0}, 8, (changed(3, 2, -60),),
          served((-90, 5))),
    Rated("with_nothing_known_of_then", 6, 6, HIGH, 6, (changed(2, 6, -60),)),
    Rated("in_from_the_floor", 6, 9, {"a": 1.0}, 4),
    Rated("in_less_what_was_taken", 6, 9, {"a": 1.0}, 5, (changed(7, 6, -60),)),
)  # fmt: skip


@pytest.mark.parametrize("case", RATES, ids=name)
def test_a_rate_counts_what_our_floors_add_and_take_and_nothing_that_the_service_picks(
    case: Rated,
) -> None:
    """Two instances in five minutes, either way."""
    target = ranged(tracking("A"), scale_out=TWO_IN_FIVE_MINUTES, scale_in=TWO_IN_FIVE_MINUTES)
    history = History(changes=case.changes, ready=case.samples)
    expect(target, see(case.floor, case.seen, ready=case.ready, ceiling=20), history,
           desired=case.desired)  # fmt: skip


def test_a_step_in_its_cooldown_adds_to_what_served_when_that_began() -> None:
    """Two more than four were six; a larger step adds the difference, not less."""
    cooling = timedelta(minutes=5)
    history = History(changes=(changed(2, 6, -60, "A"),), ready=served((-90, 4)))
    seen = see(6, HIGH, ready=6, ceiling=20)
    expect(ranged(replace(MORE, cooldown=cooling)), seen, history, desired=6,
           limits=(LimitKind.COOLDOWN,))  # fmt: skip
    expect(ranged(replace(MUCH_MORE, cooldown=cooling)), seen, history, desired=9)


@pytest.mark.parametrize(("value", "desired"), [(130.0, 6), (200.0, 10)])
def test_a_tracking_policy_in_its_cooldown_counts_from_what_served(
    value: float, desired: int
) -> None:
    """Four served, so a floor of six added two: eight are six, and twelve are ten."""
    policy = tracking("A", scale_out_cooldown=timedelta(minutes=5))
    first = changed(2, 6, -60, "A", begun=-90)
    history = History(changes=(first,), ready=served((-90, 4), (-60, 6)))
    expect(ranged(policy), see(6, {"a": value}, ready=6, ceiling=20), history, desired=desired)


def test_after_a_shortage_half_of_what_is_missing_is_added_to_what_serves() -> None:
    """A floor up to there needs no machines, so nothing is held back of it."""
    history = History(shortage=Shortage(at(-120), 1, at(-60)))
    expect(ranged(A), see(2, {"a": 300.0}, ready=4, ceiling=20), history, desired=8)
    expect(ranged(THREE), see(2, HIGH, ready=4, ceiling=20), history, desired=3, limits=())


def test_a_learned_quota_is_at_least_what_serves() -> None:
    """Else its ceiling would take instances away that are there."""
    history = History(quota=Quota(3, at(600)))
    found = expect(ranged(A), see(2, CALM, ready=5, ceiling=20), history, action=Action.SET)
    assert found.range == CapacityRange(2, 5)


@pytest.mark.parametrize(
    ("policy", "floor", "ready", "seen", "cost"),
    [
        (MORE, 2, 4, HIGH, 3.0),
        (THREE, 2, 4, HIGH, 0.0),
        (MUCH_LESS, 6, 6, LOW, -4.5),
        (LESS, 2, 4, LOW, 0.0),
    ],
)
def test_a_change_costs_what_it_forces_and_saves_at_most_what_it_permits(
    policy: Policy, floor: int, ready: int, seen: Mapping[str, Seen], cost: float
) -> None:
    """A floor up to what serves costs nothing more."""
    target = ranged(policy, price_per_hour=1.5)
    expect(target, see(floor, seen, ready=ready, ceiling=20), cost_delta_per_hour=cost)


# --- what is remembered -------------------------------------------------------


def note(target: ScalableTarget, history: History, capacity: Capacity) -> tuple[Noticed, ...]:
    """Say what is noticed at noon."""
    return absorb(target, history, Observation(NOON, capacity, {"a": NO_DATA}), NOON)[1]


def test_a_lowered_floor_is_complete_at_once_as_it_only_permits() -> None:
    """The service may keep what it has for hours; a single number waits for what leaves."""
    history = History(desired=3, changes=(changed(6, 3, None, "A", begun=-30),))
    shown = Capacity(3, 6, ceiling=20)
    assert note(ranged(A), history, shown) == (Noticed(Notice.COMPLETED, NOON, 6, 3),)
    assert note(scale(A), history, shown._replace(ceiling=None)) == ()


def test_a_raised_floor_is_complete_when_it_serves() -> None:
    """As of a single number."""
    history = History(desired=6, changes=(changed(3, 6, None, "A", begun=-30),))
    assert note(ranged(A), history, Capacity(6, 5, ceiling=20)) == ()
    (found,) = note(ranged(A), history, Capacity(6, 6, ceiling=20))
    assert found.notice is Notice.COMPLETED


@dataclass(frozen=True)
class Picked:
    """What served, what serves now in which range, and whether the service chose that."""

    id: str
    before: int
    after: int
    chosen: bool
    floor: int = 2
    ceiling: int | None = 6


PICKS = (
    Picked("more_than_the_floor", 2, 4, True),
    Picked("fewer_again", 5, 4, True),
    Picked("back_to_the_floor", 4, 2, True),
    Picked("with_an_unknown_ceiling", 2, 4, True, ceiling=None),
    Picked("the_same", 4, 4, False),
    Picked("up_to_a_raised_floor", 2, 4, False, floor=4),
    Picked("on_the_way_to_a_raised_floor", 2, 3, False, floor=4),
    Picked("beyond_a_raised_floor", 3, 5, True, floor=4),
    Picked("lost_below_the_floor", 4, 1, False),
    Picked("down_to_a_lowered_ceiling", 9, 6, False),
)


@pytest.mark.parametrize("case", PICKS, ids=name)
def test_what_the_service_chose_is_noticed_and_what_we_forced_is_not(case: Picked) -> None:
    """So a row has both: the range that we set, and what the service made of it."""
    history = History(desired=case.floor, ready=served((-60, case.before)))
    shown = Capacity(case.floor, case.after, ceiling=case.ceiling)
    told = note(ranged(A), history, shown)
    expected = Noticed(Notice.PICKED, NOON, case.before, case.after)
    assert told == ((expected,) if case.chosen else ())


def test_nothing_is_chosen_by_a_provider_of_one_number_nor_before_the_first_look() -> None:
    """What is in service there differs from what is desired for other reasons."""
    history = History(desired=2, ready=served((-60, 2)))
    assert note(scale(A), history, Capacity(2, 4)) == ()
    assert note(ranged(A), History(desired=2), Capacity(2, 4, ceiling=6)) == ()


def test_what_served_when_a_remembered_change_began_is_kept_of_a_range() -> None:
    """A cooldown and a rate ask for it, long after the datapoints of then."""
    samples = served((-4000, 3), (-3000, 4), (-2000, 5), (0, 6))
    changes = (changed(2, 6, -2500, "A"),)
    assert prune_ready(ranged(A), samples, changes, NOON) == samples[1:]
    assert prune_ready(ranged(A), samples, (), NOON) == samples[2:]
    assert prune_ready(scale(A), samples, changes, NOON) == samples[2:]
