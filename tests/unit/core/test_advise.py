"""A forecast only ever raises; an adaptive policy raises and lowers; both under the same guards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.advice import Chosen, Follows, Foresight, Learned
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.model import (
    Action,
    Datapoint,
    Direction,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Pause,
    Reason,
)
from flyball.core.policy import Policy
from flyball.core.rule import MissingRule, MissingRules
from flyball.core.target import Metric, Per, Profile, ScalableTarget, ZeroRule
from tests.unit.core.cases import (
    NOON,
    Seen,
    aws_tracking,
    changed,
    expect,
    recommended,
    scale,
    see,
    stepping,
    tracking,
)

CALLS = Metric("calls", per=Per.TOTAL)
ADAPT = AdaptivePolicy("a", "calls", 10.0)
AHEAD = PredictivePolicy("f", "calls", 10.0)
TRACK = tracking("T", 10.0, metric="calls")
SHOWN = {"calls": 80.0}


def aim(*policies: Policy, **fields: Any) -> ScalableTarget:
    """Make a target with a total of calls."""
    metrics = fields.pop("metrics", (CALLS,))
    return scale(*policies, low=1, metrics=metrics, **fields)


def knows(
    desired: int | None = None, *, trusted: bool = True, chosen: int | None = None, **fields: Any
) -> History:
    """Remember a forecast, a choice, or both."""
    policies = {}
    if desired is not None:
        foresight = Foresight(
            NOON, desired, timedelta(minutes=6), 8.0, "day", 9.0, 9.5, 0.9, 0.8, 500, trusted
        )
        policies["f"] = Learned("fits", NOON, foresight=foresight)
    if chosen is not None:
        found = Chosen(NOON, chosen, timedelta(minutes=6), Follows.CHEAPEST, "shadow")
        policies["a"] = Learned("fits", NOON, chosen=found)
    return History(policies=policies, **fields)


# --- what a forecast asks for ------------------------------------------------


@pytest.mark.parametrize(
    ("history", "desired", "reason"),
    [
        (knows(12), 12, Reason.FORECAST_ABOVE),
        (knows(10), None, Reason.FORECAST_COVERED),
        (knows(3), None, Reason.FORECAST_COVERED),
        (knows(12, trusted=False), None, Reason.ON_PROBATION),
        (knows(3, trusted=False), None, Reason.ON_PROBATION),
        (History(), None, Reason.NOTHING_LEARNED),
        (knows(chosen=3), None, Reason.NOTHING_LEARNED),
    ],
)
def test_a_forecast_never_asks_for_less(
    history: History, desired: int | None, reason: Reason
) -> None:
    """And says why it asks for nothing, with what it rests on."""
    decision = expect(aim(AHEAD), see(10, SHOWN), history, desired=desired or 10)
    told = recommended(decision, "f")
    assert (told.desired, told.reason) == (desired, reason)
    assert (told.value, told.target) == (80.0, 10.0)
    assert (told.advice is None) is (reason is Reason.NOTHING_LEARNED)


def test_a_forecast_wins_over_a_smaller_scale_out() -> None:
    """Of what all ask for the most is had."""
    metrics = {"calls": 110.0}
    expect(aim(TRACK, AHEAD), see(10, metrics), knows(14), desired=14, policies=("f",))
    expect(aim(TRACK, AHEAD), see(10, metrics), knows(10), desired=11, policies=("T",))


@pytest.mark.parametrize(
    ("needed", "desired", "limits"),
    [
        (3, 5, ()),
        (5, 5, ()),
        (7, 7, (LimitKind.FORECAST,)),
        (10, 10, (LimitKind.FORECAST,)),
    ],
)
def test_of_a_scale_in_a_forecast_keeps_what_it_needs(
    needed: int, desired: int, limits: tuple[LimitKind, ...]
) -> None:
    """It asks for none, and is against none that leaves as much as it needs."""
    target = aim(TRACK, AHEAD)
    decision = expect(
        target, see(10, {"calls": 50.0}), knows(needed), desired=desired, limits=limits
    )
    if limits:
        assert (decision.limits[0].by, decision.limits[0].reason) == ("f", Reason.FORECAST_NEEDS)


def test_the_forecast_that_needs_most_is_kept() -> None:
    """Of two."""
    other = replace(AHEAD, name="g")
    history = knows(6)
    more = Learned("fits", NOON, foresight=replace_desired(history, 8))
    less = Learned("fits", NOON, foresight=replace_desired(history, 5))
    for found, desired, by in ((more, 8, "g"), (less, 6, "f")):
        both = replace(history, policies={**history.policies, "g": found})
        seen = see(10, {"calls": 30.0})
        expect(aim(TRACK, AHEAD, other), seen, both, desired=desired, by=by)


def replace_desired(history: History, desired: int) -> Foresight:
    """Take a forecast, with another number."""
    found = history.policies["f"].foresight
    assert found is not None
    return found._replace(desired=desired)


def test_on_probation_it_keeps_nothing() -> None:
    """Nor while its metric is missing: what it knew is old."""
    target = aim(TRACK, AHEAD)
    expect(target, see(10, {"calls": 50.0}), knows(9, trusted=False), desired=5, limits=())
    apart = (Metric("calls", per=Per.TOTAL), Metric("load"))
    target = aim(tracking("T", 10.0, metric="load"), AHEAD, metrics=apart)
    seen = see(10, {"load": 5.0, "calls": Missing(MissingCause.NO_DATA)})
    decision = expect(target, seen, knows(9), desired=5, limits=())
    assert recommended(decision, "f").reason is Reason.MISSING_DATA


def test_without_a_forecast_s_limit_it_is_told_what_would_have_been() -> None:
    """As of any other limit."""
    without = frozenset({LimitKind.FORECAST})
    expect(aim(TRACK, AHEAD), see(10, {"calls": 50.0}), knows(7), without=without, desired=5)


# --- what an adaptive policy asks for ----------------------------------------


@pytest.mark.parametrize("chosen", [3, 10, 17])
def test_an_adaptive_policy_raises_and_lowers(chosen: int) -> None:
    """Alone it is the recommendation."""
    decision = expect(aim(ADAPT), see(10, SHOWN), knows(chosen=chosen), desired=chosen)
    told = recommended(decision, "a")
    assert (told.desired, told.reason) == (chosen, Reason.FOLLOWS_SHADOW)
    assert told.advice == knows(chosen=chosen).policies["a"].chosen


def test_nothing_learned_moves_nothing() -> None:
    """Neither up nor down."""
    decision = expect(aim(ADAPT), see(10, SHOWN), knows(9), desired=10, action=Action.HOLD)
    assert recommended(decision, "a").reason is Reason.NOTHING_LEARNED


def test_it_counts_among_those_that_agree_to_a_scale_in() -> None:
    """With another policy the larger of both is had; who keeps what is there stops it."""
    target = aim(TRACK, ADAPT)
    expect(target, see(10, {"calls": 50.0}), knows(chosen=3), desired=5)
    expect(target, see(10, {"calls": 50.0}), knows(chosen=7), desired=7)
    expect(target, see(10, {"calls": 95.0}), knows(chosen=3), desired=10, by="T")
    expect(target, see(10, {"calls": 50.0}), knows(chosen=10), desired=10, by="a")


def test_its_missing_metric_holds_scale_in() -> None:
    """By default, whatever others say; with `ignore` they decide."""
    metrics = (CALLS, Metric("load"))
    missing: dict[str, Seen] = {"load": 5.0, "calls": Missing(MissingCause.SOURCE_FAILED)}
    track = tracking("T", 10.0, metric="load")
    history = knows(chosen=3)
    held = (LimitKind.MISSING,)
    expect(aim(track, ADAPT, metrics=metrics), see(10, missing), history, desired=10, limits=held)
    ignored = replace(ADAPT, missing=MissingRules(scale_in=MissingRule.IGNORE))
    expect(aim(track, ignored, metrics=metrics), see(10, missing), history, desired=5)


@pytest.mark.parametrize(
    ("reporting", "desired", "reason"),
    [
        ((4, 4), 10, Reason.FLIPPED_BY_MISSING_INSTANCES),
        ((4, 10), 3, Reason.FOLLOWS_SHADOW),
        ((10, 4), 3, Reason.FOLLOWS_SHADOW),
        ((None, None), 3, Reason.FOLLOWS_SHADOW),
    ],
)
def test_no_scale_in_rests_on_some_of_the_instances(
    reporting: tuple[int | None, int | None], desired: int, reason: Reason
) -> None:
    """One datapoint of all of them is enough; a scale-out does not wait for it."""
    points = tuple(
        Datapoint(NOON - timedelta(minutes=1 - n), 8.0, 10, count)
        for n, count in enumerate(reporting)
    )
    decision = expect(aim(ADAPT), see(10, {"calls": points}), knows(chosen=3), desired=desired)
    assert recommended(decision, "a").reason is reason
    expect(aim(ADAPT), see(10, {"calls": points}), knows(chosen=12), desired=12)


def test_guards_are_the_same_for_all() -> None:
    """Bounds, pauses, what is on its way."""
    seen = see(10, SHOWN)
    expect(aim(ADAPT, high=12), seen, knows(chosen=17), desired=12)
    paused = knows(chosen=3, pauses=(Pause(Direction.IN),))
    expect(aim(ADAPT), seen, paused, desired=10, limits=(LimitKind.PAUSE,))
    flying = knows(chosen=3, changes=(changed(8, 10, None, "a"),))
    expect(aim(ADAPT), see(10, SHOWN, ready=8), flying, desired=10, limits=(LimitKind.COOLDOWN,))


def test_no_cooldown_of_others_is_counted_against_it() -> None:
    """What is on its way is in its number already."""
    history = knows(14, chosen=13, changes=(changed(8, 10, None, "T"),))
    target = aim(aws_tracking("T", 10.0, metric="calls"), ADAPT, AHEAD)
    expect(target, see(10, SHOWN, ready=8), history, desired=14, limits=())
    done = knows(chosen=3, changes=(changed(12, 10, -10, "T"),))
    expect(aim(ADAPT, profile=Profile.AWS), see(10, SHOWN), done, desired=3)


def test_a_cooldown_of_others_holds_only_what_they_ask_for() -> None:
    """Target tracking cools down after its scale-in; an adaptive policy alone asks on."""
    track = aws_tracking("T", 10.0, metric="calls", disable_scale_in=True)
    history = knows(chosen=3, changes=(changed(12, 10, -10, "T"),))
    expect(aim(ADAPT, track), see(10, SHOWN), history, desired=3, limits=())
    both = aim(ADAPT, aws_tracking("T", 10.0, metric="calls"))
    held = (LimitKind.COOLDOWN,)
    expect(both, see(10, {"calls": 30.0}), history, desired=10, limits=held, by="T")


def test_a_step_in_is_stopped_as_by_tracking() -> None:
    """Unless the profile is AWS's."""
    step = stepping("S", 10.0, (None, 0.0, -4.0), metric="load")
    metrics = (CALLS, Metric("load"))
    seen = see(10, {"calls": 80.0, "load": 1.0})
    expect(aim(step, ADAPT, metrics=metrics), seen, knows(chosen=10), desired=10, by="a")
    aws = aim(step, ADAPT, metrics=metrics, profile=Profile.AWS)
    expect(aws, seen, knows(chosen=10), desired=6)


def test_what_it_measures_is_load() -> None:
    """A target that may go to zero is in use while it shows any."""
    metrics = (CALLS, Metric("backlog", per=Per.TOTAL))
    target = scale(ADAPT, metrics=metrics, zero=ZeroRule("backlog"))
    history = knows(chosen=1, active_at=NOON - timedelta(hours=1))
    expect(target, see(2, {"calls": 5.0, "backlog": 0.0}), history, desired=1)
    idle = see(1, {"calls": 0.0, "backlog": 0.0})
    expect(target, idle, history, desired=0)


# --- when it is looked at again ----------------------------------------------


@pytest.mark.parametrize(
    ("target", "wake_in", "reason"),
    [
        (aim(ADAPT), 60, Reason.LEARNS),
        (aim(AHEAD), 60, Reason.LEARNS),
        (aim(ADAPT, heartbeat=timedelta(minutes=1)), 60, Reason.HEARTBEAT),
        (aim(TRACK), 300, Reason.HEARTBEAT),
        (aim(ADAPT, tick=timedelta(seconds=15)), 15, Reason.LEARNS),
    ],
)
def test_what_learns_is_looked_at_on_every_tick(
    target: ScalableTarget, wake_in: float, reason: Reason
) -> None:
    """Also where nothing is to be done."""
    expect(
        target,
        see(10, {"calls": 95.0}),
        knows(3, chosen=10),
        wake_in=wake_in,
        wake_reason=reason,
    )


def test_what_lasts_is_told_first() -> None:
    """An update is the better reason."""
    expect(
        aim(ADAPT), see(10, SHOWN), knows(chosen=12), wake_in=60, wake_reason=Reason.UPDATE_LASTS
    )


# --- what may be asked for ---------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(ADAPT, capacity_per_instance=0.0), "capacity_per_instance: got 0.0"),
        (lambda: replace(ADAPT, capacity_per_instance=float("nan")), "a finite number"),
        (lambda: replace(ADAPT, late_budget_ratio=0.0), "late_budget: got 0.0"),
        (lambda: replace(ADAPT, late_budget_ratio=0.6), "a share from 0.0001 to 0.5"),
        (lambda: replace(ADAPT, cost_limit=0.0), "cost_limit: got 0.0"),
        (lambda: replace(ADAPT, metric_delay=timedelta(minutes=31)), "at most 30 minutes"),
        (lambda: replace(ADAPT, metric_delay=-timedelta(minutes=1)), "a duration of 0 or more"),
        (lambda: replace(AHEAD, target_value=-1.0), "target_value: got -1.0"),
        (lambda: replace(AHEAD, quantile_ratio=0.4), "quantile: got 0.4"),
        (lambda: replace(AHEAD, name=""), "policy.name"),
        (lambda: aim(ADAPT, tick=timedelta(minutes=2)), "tick: got"),
        (lambda: aim(replace(ADAPT, cost_limit=1.0)), "price_per_hour: got None"),
        (lambda: aim(AHEAD, lead_time=timedelta(hours=1)), "lead_time: got"),
        (lambda: aim(*(replace(AHEAD, name=str(n)) for n in range(5))), "from 1 to 4"),
        (lambda: aim(ADAPT, metrics=(replace(CALLS, period=timedelta(minutes=5)),)), "a minute"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(make: Any, message: str) -> None:
    """With the field, what it holds, and what was expected."""
    with pytest.raises(ValueError, match=message):
        make()


def test_what_each_is_by_nature_cannot_be_written() -> None:
    """A forecast is silent while its metric is missing; an adaptive policy scales both ways."""
    assert AHEAD.missing == MissingRules(MissingRule.IGNORE, MissingRule.IGNORE)
    assert not ADAPT.disable_scale_in
