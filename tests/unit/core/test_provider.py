"""Is what a provider says of itself respected: warm-ups, bounds of its own, no machines?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.codec import canonical, encode, parse
from flyball.core.model import (
    Action,
    Capacity,
    History,
    LimitKind,
    Observation,
    ReadySample,
    Reason,
    Recommended,
    Shortage,
)
from flyball.core.remember import Notice, absorb, remember
from flyball.core.target import CapacityKind, Metric, Per, Profile, Select, ZeroRule
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    after,
    at,
    changed,
    expect,
    scale,
    see,
    series,
    stepping,
    tracking,
)

CPU = tracking("cpu", 70.0)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


# --- warming up ---------------------------------------------------------------


@pytest.mark.parametrize("profile", list(Profile), ids=lambda profile: profile.value)
def test_a_busy_group_of_which_half_was_replaced_is_not_halved(profile: Profile) -> None:
    """Four at 60 % are four, though two still warm up and no change of ours is in flight."""
    target = scale(CPU, high=20, profile=profile)
    history = History(
        desired=4,
        ready=(ReadySample(NOON - HOUR, 4),),
        recommendations=(Recommended(NOON - MINUTE, 4),),
    )
    for minute in range(10):
        now = NOON + minute * MINUTE
        calm = series(*[60.0] * 15, end=now)
        seen = see(4, {"cpu": calm}, now, ready=2, warming=2)
        history, noticed = absorb(target, history, seen, now)
        decision = expect(target, seen, history, desired=4, action=Action.HOLD)
        history = remember(target, history, decision)
        assert (history.ready[-1].ready, noticed) == (4, ())


def test_a_scale_out_counts_those_that_warm_up_too() -> None:
    """They are in the average, so they carry a part of the load."""
    seen = see(4, {"cpu": 105.0}, ready=2, warming=2)
    expect(scale(CPU), seen, desired=6, reason=Reason.ABOVE_TARGET)


@pytest.mark.parametrize("profile", list(Profile), ids=lambda profile: profile.value)
@pytest.mark.parametrize(
    "policy",
    [CPU, stepping("cpu", 70.0, (None, 0, -2))],
    ids=["tracking", "step"],
)
def test_nothing_is_scaled_in_while_an_instance_warms_up(policy: Any, profile: Profile) -> None:
    """Whatever asks for it; once warm, it is done."""
    target = scale(policy, profile=profile)
    calm = {"cpu": series(*[30.0] * 5)}
    held: dict[str, Any] = {
        "limits": (LimitKind.COOLDOWN,),
        "reason": Reason.WARMING_UP,
        "wake_in": 60,
    }
    expect(target, see(6, calm, ready=5, warming=1), desired=6, **held)
    assert expect(target, see(6, calm)).desired < 6


def test_nothing_goes_to_zero_while_an_instance_warms_up() -> None:
    """It may have been started for somebody who is about to call."""
    calls = Metric("calls", per=Per.TOTAL)
    target = scale(metrics=(calls,), zero=ZeroRule("calls", 0.0, MINUTE))
    idle = History(active_at=NOON - HOUR)
    expect(target, see(1, {"calls": 0.0}, ready=0, warming=1), idle, desired=1)
    expect(target, see(1, {"calls": 0.0}), idle, desired=0)
    target = replace(target, scale_in=replace(target.scale_in, select=Select.DISABLED))
    expect(target, see(1, {"calls": 0.0}), idle, desired=1)


def test_a_change_has_arrived_once_all_are_warm_and_gone_once_none_serves() -> None:
    """Warming instances are not what was asked for yet, and still are what was to go."""
    target = scale(CPU)
    begun = after(changed(2, 4, None, begun=-60))
    for warming, told in ((2, ()), (0, (Notice.COMPLETED,))):
        seen = see(4, {"cpu": 50.0}, ready=4 - warming, warming=warming)
        _, noticed = absorb(target, replace(begun, desired=4), seen, NOON)
        assert tuple(each.notice for each in noticed) == told
    begun = after(changed(4, 2, None, begun=-60))
    for warming, told in ((1, ()), (0, (Notice.COMPLETED,))):
        seen = see(2, {"cpu": 50.0}, ready=2, warming=warming)
        _, noticed = absorb(target, replace(begun, desired=2), seen, NOON)
        assert tuple(each.notice for each in noticed) == told


def test_a_metric_is_missed_as_soon_as_somebody_serves() -> None:
    """The first to warm up is measured; with nobody in service nobody can be."""
    target = scale(CPU)
    nobody, _ = absorb(target, History(), see(1, {}, ready=0), NOON)
    warming, _ = absorb(target, History(), see(1, {}, ready=0, warming=1), NOON)
    assert (nobody.missing_since, warming.missing_since) == ({}, {"cpu": NOON})


# --- the provider's own bounds ------------------------------------------------


def test_a_scale_in_below_the_providers_minimum_goes_as_far_as_it_may() -> None:
    """Of eight, two are enough and three are the least that it takes; and then it rests."""
    target = scale(CPU, low=1, high=20)
    load = {"cpu": 17.5}
    down = expect(
        target,
        see(8, load, least=3, most=10),
        desired=3,
        action=Action.SET,
        reason=Reason.PROVIDER_MIN,
        limits=(LimitKind.PROVIDER,),
        min_capacity=3,
        unmet=0,
    )
    assert (down.limits[0].before, down.limits[0].after) == (2, 3)
    there = see(3, {"cpu": 40.0}, least=3)
    rest: dict[str, Any] = {"action": Action.HOLD, "reason": Reason.PROVIDER_MIN, "wake_in": 300}
    expect(target, there, desired=3, **rest)
    expect(target, see(3, {"cpu": 40.0}, least=2), desired=2, action=Action.SET)


def test_a_raised_maximum_of_the_provider_is_used_at_the_next_look() -> None:
    """What it holds back is wanted in vain, and looked at again in a moment."""
    target = scale(CPU, low=1, high=20)
    load = {"cpu": 140.0}
    expect(
        target,
        see(5, load, least=1, most=5),
        desired=5,
        action=Action.HOLD,
        reason=Reason.PROVIDER_MAX,
        unmet=5,
        max_capacity=5,
        wake_in=60,
    )
    expect(target, see(5, load, most=8), desired=8, action=Action.SET, unmet=2, max_capacity=8)
    expect(target, see(5, load, most=30), desired=10, action=Action.SET, unmet=0, max_capacity=20)


def test_the_providers_bounds_move_nothing_by_themselves() -> None:
    """What lies outside them is the provider's to move; a change toward them goes through."""
    target = scale(CPU, low=1, high=20)
    expect(target, see(12, {"cpu": 70.0}, most=10), desired=12, limits=(), max_capacity=12)
    expect(target, see(12, {"cpu": 140.0}, most=10), desired=12, unmet=12, action=Action.HOLD)
    expect(target, see(2, {"cpu": 70.0}, least=3), desired=2, limits=())
    expect(target, see(2, {"cpu": 105.0}, least=3), desired=3, action=Action.SET)
    expect(target, see(4, {"cpu": 35.0}, least=6), desired=4, action=Action.HOLD)


@pytest.mark.parametrize(
    ("hard", "bounds", "current", "desired", "reason"),
    [
        ({"hard_max_capacity": 5, "high": 5}, {"least": 6}, 8, 5, Reason.PROVIDER_MIN),
        ({"hard_min_capacity": 5, "low": 5}, {"most": 4}, 3, 5, Reason.PROVIDER_MAX),
    ],
    ids=["hard_maximum_below_its_minimum", "hard_minimum_above_its_maximum"],
)
def test_where_hard_bounds_and_the_providers_cross_somebody_must_act(
    hard: dict[str, int], bounds: dict[str, int], current: int, desired: int, reason: Reason
) -> None:
    """The hard bounds say the number, and what would be refused is not sent."""
    target = scale(CPU, **hard)
    seen = see(current, {"cpu": 70.0}, NOON, **bounds)
    expect(target, seen, desired=desired, action=Action.BLOCK, reason=reason)


def test_a_range_ends_where_the_provider_does() -> None:
    """Its upper end is no more than what is granted."""
    target = scale(CPU, low=1, high=20, capacity_kind=CapacityKind.RANGE)
    expect(target, see(4, {"cpu": 70.0}, most=9, ceiling=9), ceiling=9, action=Action.HOLD)


def test_it_can_be_asked_what_would_be_without_the_providers_bounds() -> None:
    """As of every other limit."""
    seen = see(5, {"cpu": 140.0}, most=5)
    expect(scale(CPU), seen, without=frozenset({LimitKind.PROVIDER}), desired=10)


# --- no machines --------------------------------------------------------------


def test_a_shortage_that_the_provider_shows_backs_off_and_is_told_once_a_wait() -> None:
    """Longer each time; in the look after each wait, capacity may be given up."""
    target = scale(CPU, high=20)
    history, waits = History(desired=8), []
    for minute in range(12):
        now = NOON + minute * MINUTE
        seen = see(8, {"cpu": 280.0}, now, ready=4, short=True)
        history, _ = absorb(target, history, seen, now)
        assert history.shortage is not None
        waits.append((minute, history.shortage.attempts))
        free = now >= history.shortage.until
        desired = expect(target, seen, history).desired
        assert desired == (8 + (8 >> history.shortage.attempts or 1) if free else 8)
        quiet = see(8, {"cpu": 17.5}, now, ready=4, short=True)
        assert expect(target, quiet, history).desired == (1 if free else 8)
    assert waits[:7] == [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3)]


LOOKS = {
    "on_time": (0, 60, 120, 240, 300),
    "by_a_moment_late": (0, 61, 120.5, 244, 301),
    "half_a_tick_late": (0, 90, 122, 270, 302),
    "two_ticks_late": (0, 180, 240, 480, 540),
    "soon_after_one_another": (0, 60, 62, 185, 186),
}


@pytest.mark.parametrize("after_s", LOOKS.values(), ids=LOOKS)
def test_one_look_after_each_back_off_is_free_however_late_the_timer_is(
    after_s: tuple[float, ...],
) -> None:
    """Else whether what nobody needs is given up is a race with the schedule."""
    target, history, seen = scale(CPU, high=20), History(desired=8), []
    for seconds in after_s:
        now = at(seconds)
        calm = see(8, {"cpu": 17.5}, now, ready=4, short=True)
        history, _ = absorb(target, history, calm, now)
        assert history.shortage is not None
        seen.append((expect(target, calm, history).desired, history.shortage.attempts))
    assert seen == [(8, 1), (1, 1), (8, 2), (1, 2), (8, 3)]


def test_a_look_that_shows_no_capacity_is_not_the_free_one() -> None:
    """Nothing could be given up in it."""
    target, history = (
        scale(CPU, high=20),
        History(desired=8, shortage=Shortage(at(-90), 1, at(-30))),
    )
    blind, _ = absorb(target, history, Observation(NOON, NO_DATA, {}), NOON)
    assert blind.shortage == history.shortage
    calm = see(8, {"cpu": 17.5}, ready=4, short=True)
    kept, _ = absorb(target, blind, calm, NOON)
    assert expect(target, calm, kept).desired == 1


def test_a_shortage_is_not_renewed_by_looks_that_show_none() -> None:
    """It is forgotten in its time; and what lacks again, before that, is news at once."""
    target = scale(CPU, high=20)
    history = History(desired=8, shortage=Shortage(at(-90), 1, at(-30)))
    for minute in range(3):
        now = NOON + minute * MINUTE
        history, _ = absorb(target, history, see(8, {"cpu": 70.0}, now), now)
        assert history.shortage == Shortage(at(-90), 1, at(-30), looked=True)
    lacks, _ = absorb(target, history, see(8, {"cpu": 70.0}, at(180), ready=4, short=True), at(180))
    assert lacks.shortage == Shortage(at(180), 2, at(300))


def test_a_shortage_is_over_once_all_came() -> None:
    """What was in flight is in service: the next step is a whole one."""
    begun = replace(after(changed(4, 8, None, begun=-60)), desired=8)
    begun = replace(begun, shortage=Shortage(at(-60), 2, at(60)))
    kept, _ = absorb(scale(CPU), begun, see(8, {"cpu": 70.0}), NOON)
    assert kept.shortage is None


# --- stored form --------------------------------------------------------------


def test_a_capacity_that_says_nothing_of_this_is_stored_as_it_was() -> None:
    """Rows of before replay to the bit, and new ones of other providers look the same."""
    assert encode(Capacity(4, 3)) == {"desired": 4, "ready": 3}
    seen = Observation(NOON, Capacity(4, 2, warming=2, least=1, most=10, short=True))
    assert parse(Observation, canonical(seen)) == seen
    assert parse(Observation, canonical(see(4))) == see(4)


def test_a_shortage_of_before_is_stored_as_it_was_and_has_its_free_look() -> None:
    """Rows of before replay to the bit."""
    before = '{"at":"2026-06-01T11:58:30Z","attempts":2,"until":"2026-06-01T12:00:00Z"}'
    shortage = parse(Shortage, before)
    assert (canonical(shortage), shortage) == (before, Shortage(at(-90), 2, NOON))
    used = shortage._replace(looked=True)
    assert parse(Shortage, canonical(used)) == used
