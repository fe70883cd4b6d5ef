"""Does the engine hold where several rules meet at their edges?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.decide import decide
from flyball.core.model import (
    Capacity,
    CapacityRange,
    History,
    LimitKind,
    Observation,
    ReadySample,
    Reason,
)
from flyball.core.policy import MissingRule, MissingRules, ScheduledPolicy
from flyball.core.remember import note_applied, remember
from flyball.core.schedule import Schedule
from flyball.core.target import (
    DirectionRules,
    Fallback,
    Metric,
    Per,
    Profile,
    Select,
    Unit,
    ZeroRule,
)
from flyball.core.window import Window
from tests.unit.core.cases import NOON, at, expect, scale, see, series, stepping, tracking

QUEUE = Metric("q", per=Per.TOTAL)
FIVE = timedelta(minutes=5)
IDLE = History(active_at=at(-360))


def test_a_huge_value_measured_on_none_is_a_decision_too() -> None:
    """Infinity times nothing is not a number, and the pipeline is total."""
    target = scale(tracking("A", 70), profile=Profile.HPA, metrics=(Metric("a", unit=Unit.RATIO),))
    history = History(ready=(ReadySample(at(-90), 0), ReadySample(at(-10), 5)))
    seen = Observation(NOON, Capacity(5, 5), {"a": series(1.7e308, end=at(-30))})
    assert decide(target, seen, history, NOON).desired == 100


def test_scale_out_counts_the_fewer_after_instances_were_lost() -> None:
    """Ten before the datapoint, four after it: 150 on four, not on ten."""
    history = History(ready=(ReadySample(at(-3600), 10), ReadySample(at(-10), 4)))
    seen = Observation(NOON, Capacity(4, 4), {"a": series(150, end=at(-30))})
    assert decide(scale(tracking("A")), seen, history, NOON).desired == 6


@pytest.mark.parametrize(("threshold", "bound", "value"), [(0.1, 0.2, 0.3), (1.1, 2.2, 3.3)])
def test_a_decimal_value_on_a_bound_is_on_the_bound(
    threshold: float, bound: float, value: float
) -> None:
    """A lower bound is inclusive, whatever the last bit says."""
    policy = stepping("S", threshold, (0, bound, 1), (bound, None, 2))
    expect(scale(policy), see(10, {"s": value}), desired=12)


def test_every_firing_of_a_silent_hour_counts_in_its_order() -> None:
    """A, B, A: the middle one does not fit, and the last one holds."""
    hourly = ScheduledPolicy("A", Schedule("cron(0 * * * ? *)"), min_capacity=6)
    half_past = ScheduledPolicy("B", Schedule("cron(30 * * * ? *)"), max_capacity=4)
    found = expect(
        scale(hourly, half_past, high=10), see(5, {}), History(scheduled_until=at(-3660)), desired=6
    )
    assert [each.policy for each in found.fired] == ["A", "B", "A"]
    assert found.fired[1].reason is Reason.SCHEDULE_REJECTED


def test_a_clock_that_is_set_back_fires_nothing_twice() -> None:
    """What was applied up to an instant stays applied."""
    target = scale(ScheduledPolicy("A", Schedule("cron(0 * * * ? *)"), min_capacity=6), high=10)
    decision = decide(target, see(6, {}), History(), NOON)
    kept = remember(target, History(scheduled_until=at(30)), decision)
    assert kept.scheduled_until == at(30)


def test_a_scheduled_maximum_sets_the_hard_one_that_is_not_given() -> None:
    """Bounds 1 to 4, an action {6, 10}: six."""
    action = ScheduledPolicy("A", Schedule("at(2026-06-01T12:00:00)"), 6, 10)
    assert scale(action, low=1, high=4).hard_max == 10
    expect(scale(action, low=1, high=4), see(2, {}), desired=6)


def test_bounds_of_a_scenario_need_not_say_over_which_they_were_set() -> None:
    """As somebody writes them by hand."""
    history = History(bounds=CapacityRange(6, 9))
    expect(scale(tracking("A")), see(3, {"a": 95}), history, desired=6)


def test_a_target_at_zero_is_idle_and_costs_no_look_before_the_heartbeat() -> None:
    """Nothing is measured per instance where there is none."""
    target = scale(tracking("A"), metrics=(Metric("a"), QUEUE), zero=ZeroRule("q"))
    found = expect(target, see(0, {"q": 0}), desired=0, reason=Reason.IDLE)
    assert found.wake_at - NOON == target.heartbeat


def test_an_activation_threshold_on_a_ratio_is_in_percent() -> None:
    """0.5 is 50 %, above 5 %; so for leaving zero and for staying awake."""
    metrics = (Metric("q", per=Per.TOTAL, unit=Unit.RATIO),)
    target = scale(metrics=metrics, zero=ZeroRule("q", 5.0))
    expect(target, see(0, {"q": 0.5}), desired=1)
    expect(target, see(0, {"q": 0.04}), desired=0)


def test_a_policy_that_sees_load_keeps_from_zero() -> None:
    """An empty queue does not empty instances that are busy."""
    target = scale(tracking("A", 60), metrics=(Metric("a"), QUEUE), zero=ZeroRule("q", 0, FIVE))
    expect(target, see(5, {"a": 58, "q": 0}), IDLE, desired=5)
    expect(target, see(5, {"a": 0, "q": 0}), IDLE, desired=0)


def test_a_disabled_direction_keeps_from_zero() -> None:
    """Disabled is disabled."""
    still = DirectionRules(select=Select.DISABLED)
    target = scale(metrics=(QUEUE,), zero=ZeroRule("q", 0, FIVE), scale_in=still)
    expect(target, see(5, {"q": 0}), IDLE, desired=5)


def test_a_fallback_leaves_zero_when_nobody_can_tell_whether_it_is_idle() -> None:
    """Unknown is not idle."""
    target = scale(metrics=(QUEUE,), zero=ZeroRule("q"), fallback=Fallback(3))
    history = History(missing_since={"q": at(-600)})
    expect(target, see(0, {}), history, desired=3, reason=Reason.FALLBACK)


def test_a_policy_whose_wish_another_met_is_cooling_down_too() -> None:
    """Both asked at 14; the one that got less does not add it on top."""
    target = scale(tracking("T"), stepping("S", 50, (0, None, 1)))
    decision = decide(target, see(14, {"t": 114, "s": 60}), History(), NOON)
    kept = note_applied(History(), decision, NOON)
    assert kept.changes[0].policies == ("T", "S")


def test_a_quiet_step_policy_weighs_in_the_windows() -> None:
    """Ten quiet minutes, then one low value: held by the stabilization window."""
    rules = DirectionRules(stabilization_window=FIVE)
    calm = stepping("S", 50, (None, 0, -3), cooldown=timedelta())
    target = scale(calm, scale_in=rules)
    quiet = decide(target, see(10, {"s": 60}), History(), NOON)
    kept = remember(target, History(), quiet)
    assert [each.desired for each in kept.recommendations] == [10]
    later = see(10, {"s": 40}, at(60))
    assert [limit.kind for limit in decide(target, later, kept, at(60)).limits] == [
        LimitKind.STABILIZATION
    ]


def test_a_half_blind_low_recommendation_weighs_in_no_window() -> None:
    """Also where another limit held it before the guard could."""
    rules = DirectionRules(stabilization_window=FIVE)
    target = scale(tracking("A"), tracking("B"), scale_out=rules, scale_in=rules)
    decision = decide(target, see(12, {"a": 50}), History(), NOON)
    assert decision.wanted < 12
    assert remember(target, History(), decision).recommendations == ()


@pytest.mark.parametrize("seen", [{}, {"b": 10}, {"b": 900}])
def test_a_floor_is_reached_though_a_metric_that_holds_scale_out_is_missing(
    seen: dict[str, float],
) -> None:
    """The calendar's floor depends on no metric; what lies above it stays held."""
    blind = tracking("A", missing=MissingRules(scale_out=MissingRule.HOLD))
    night = Window("w", "at(2026-06-01T11:00:00)", duration=timedelta(hours=2), floor=6)
    expect(scale(blind, tracking("B"), windows=(night,)), see(3, seen), desired=6)
    expect(scale(blind, tracking("B"), low=5), see(3, seen), desired=5)


def test_a_policy_without_scale_in_stands_in_its_way_only_while_it_is_blind() -> None:
    """Known and high enough it says nothing; unknown it holds, unless its rule ignores that."""
    eager = tracking("A")
    for rule, desired in ((MissingRule.HOLD, 10), (MissingRule.IGNORE, 5)):
        still = tracking("B", disable_scale_in=True, missing=MissingRules(scale_in=rule))
        expect(scale(eager, still), see(10, {"a": 50, "b": 100}), desired=5)
        expect(scale(eager, still), see(10, {"a": 50}), desired=desired)


def test_an_instant_without_a_time_zone_is_refused_at_the_door() -> None:
    """With the name of the argument, not deep inside."""
    with pytest.raises(ValueError, match=r"^now: got '2026-06-01T12:00:00', expected an instant"):
        decide(scale(), see(3, {}), History(), NOON.replace(tzinfo=None))


def test_a_metric_missing_for_a_heartbeat_is_no_reason_to_look_every_minute() -> None:
    """An endpoint that nobody calls has none; the alarm tells when it is back."""
    target = scale(tracking("A"))
    for minutes, wait in ((0, target.tick), (4, target.tick), (5, target.heartbeat)):
        history = History(missing_since={"a": at(-60 * minutes)})
        found = expect(target, see(3, {}), history, desired=3, reason=Reason.MISSING_DATA)
        assert found.wake_at - NOON == wait


def test_a_fallback_is_waited_for_to_the_second() -> None:
    """Also where a heartbeat lies behind it."""
    target = scale(tracking("A"), fallback=Fallback(8, timedelta(seconds=610)))
    found = expect(target, see(3, {}), History(missing_since={"a": at(-600)}), desired=3)
    assert (found.wake_at, found.wake_reason) == (at(10), Reason.MISSING_DATA)
    found = expect(target, see(3, {}), History(missing_since={"a": at(-610)}), desired=8)
    assert found.wake_at - NOON == target.tick
