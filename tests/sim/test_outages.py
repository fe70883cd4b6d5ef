"""What happens while metrics, capacity, the provider or the ledger cannot be known or reached?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.core.model import Action, Reason
from flyball.core.policy import MissingRule, MissingRules, TrackingPolicy
from flyball.core.target import Fallback
from flyball.sim.faults import FaultKind
from flyball.wake import WakeKind
from tests.sim.story import TARGET, TRACK, fault, tell

CALM = [1_400.0] * 90
"""What twenty instances carry."""
BLIND = (
    FaultKind.METRIC_FAILED,
    FaultKind.METRIC_EMPTY,
    FaultKind.METRIC_NAN,
    FaultKind.METRIC_INFINITE,
    FaultKind.METRIC_NEGATIVE,
    FaultKind.METRIC_STALE,
    FaultKind.METRIC_FROM_THE_FUTURE,
    FaultKind.METRIC_RAISES,
)
FALL = [*[1_400.0] * 20, *[350.0] * 70]


@pytest.mark.parametrize("kind", BLIND, ids=lambda kind: kind.value)
def test_a_metrics_outage_never_scales_in(kind: FaultKind) -> None:
    """Demand falls to a quarter while nobody can see it: held; it follows once it can be seen."""
    story = tell(FALL, fault(kind, 18, 60), initial=20)
    steps = story.steps()
    assert steps
    assert all(minute >= 60 for minute, _, _ in steps)
    assert story.minutes[-1].desired == 5


@pytest.mark.parametrize("kind", BLIND[:-1], ids=lambda kind: kind.value)
def test_an_outage_of_one_metric_still_scales_out_by_the_others(kind: FaultKind) -> None:
    """Load is missing, the total doubles: the policy on the total is followed."""
    total = TrackingPolicy("total", "invocations", 70.0)
    target = replace(TARGET, policies=(TRACK, total))
    story = tell(
        [*[650.0] * 20, *[1_400.0] * 40], fault(kind, 10, 60, where="utilization"), target=target
    )
    assert story.minutes[-1].desired == 20


def test_the_outage_scenario_is_held_by_its_guard_and_by_nothing_else() -> None:
    """With the guard taken off, the same outage does scale in: the scenario tests what it says."""
    total = TrackingPolicy("total", "invocations", 70.0)
    outage = fault(FaultKind.METRIC_FAILED, 18, 60, where="utilization")
    guarded = replace(TARGET, policies=(TRACK, total))
    bare = replace(TRACK, missing=MissingRules(scale_in=MissingRule.IGNORE))
    careless = replace(TARGET, policies=(bare, total))
    held = [step for step in tell(FALL, outage, target=guarded, initial=20).steps() if step[0] < 60]
    moved = [
        step for step in tell(FALL, outage, target=careless, initial=20).steps() if step[0] < 60
    ]
    assert held == []
    assert moved != []


def test_a_fallback_never_lowers_capacity() -> None:
    """Blind for half an hour with a fallback of 8 at 20: stays; at 5: goes out to 8."""
    target = replace(TARGET, fallback=Fallback(8, after=timedelta(minutes=3)))
    outage = fault(FaultKind.METRIC_FAILED, 10, 80)
    assert tell(CALM, outage, target=target, initial=20).steps() == []
    (step,) = tell([300.0] * 60, outage, target=target, initial=5).steps()
    assert step[1:] == (5, 8)


def test_capacity_that_cannot_be_read_is_held() -> None:
    """Demand doubles and halves behind a control plane that is down: no order, not one."""
    story = tell(FALL, fault(FaultKind.CAPACITY_UNKNOWN, 18, 60), initial=20)
    assert [step for step in story.steps() if step[0] < 60] == []
    reasons = {decision.reason for decision in story.decisions(20, 60)}
    assert reasons == {Reason.CAPACITY_UNKNOWN}


def test_a_region_that_is_down_is_held_and_followed_when_it_is_back() -> None:
    """No metrics, no capacity, no orders; afterwards it settles where demand is."""
    down = [
        fault(kind, 18, 60)
        for kind in (FaultKind.METRIC_FAILED, FaultKind.CAPACITY_UNKNOWN, FaultKind.REQUEST_LOST)
    ]
    story = tell(FALL, *down, initial=20)
    assert [step for step in story.steps() if step[0] < 60] == []
    assert story.minutes[-1].desired == 5


@pytest.mark.parametrize(
    "kind", [FaultKind.LEDGER_UNAVAILABLE, FaultKind.LEDGER_READ_ONLY], ids=lambda kind: kind.value
)
def test_without_its_ledger_nothing_is_ordered(kind: FaultKind) -> None:
    """Neither out nor in; when it is back, the newest demand is followed."""
    rise_and_fall = [*[650.0] * 10, *[1_400.0] * 30, *[350.0] * 50]
    story = tell(rise_and_fall, fault(kind, 8, 60))
    assert all(minute >= 60 for minute, _, _ in story.steps())
    assert story.minutes[-1].desired == 5


def test_a_ledger_that_fails_now_and_then_loses_no_row_and_no_order() -> None:
    """Every second write fails for an hour: each order has its row, and it gets there."""
    flaky = fault(FaultKind.LEDGER_READ_ONLY, 0, 60)._replace(chance_ratio=0.5)
    for seed in range(10):
        story = tell([*[650.0] * 10, *[1_400.0] * 70], flaky, seed=seed)
        assert story.minutes[-1].desired == 20, f"seed {seed}"
        assert [step[2] for step in story.steps()].count(20) == 1, f"seed {seed}"


def test_a_throttled_order_is_tried_again_at_the_next_wake() -> None:
    """One try a wake while it lasts, none in between, then it goes through once."""
    rise = [*[650.0] * 10, *[1_400.0] * 30]
    story = tell(rise, fault(FaultKind.THROTTLED, 0, 25))
    tries = story.outcomes()
    assert tries[:-1] == ["throttled"] * (len(tries) - 1)
    assert 5 < len(tries) < 20
    assert story.steps() == [(25, 10, 20)]


def test_lost_permission_is_tried_a_heartbeat_apart_and_recorded() -> None:
    """Terminal until a human acts: no storm of refusals, and each is a row."""
    story = tell([*[650.0] * 10, *[1_400.0] * 50], fault(FaultKind.DENIED, 0, 60))
    assert set(story.outcomes()) == {"denied"}
    assert len(story.outcomes()) <= 50 / 5 + 3
    assert story.steps() == []


def test_an_endpoint_that_failed_is_frozen() -> None:
    """Decisions go on and say so; nothing is sent, not even when demand doubles."""
    rise = [*[650.0] * 20, *[1_400.0] * 40]
    story = tell(rise, fault(FaultKind.BROKEN, 10, 40))
    assert [step for step in story.steps() if step[0] < 40] == []
    blocked = [d for d in story.decisions(24, 40) if d.action is Action.BLOCK]
    assert {decision.reason for decision in blocked} == {Reason.ENDPOINT_FAILED}
    assert story.minutes[-1].desired == 20


def test_a_busy_endpoint_gets_the_newest_wish_only() -> None:
    """Ten minutes of SystemUpdating in which demand goes to 1,050 and 1,400: one order, for 20."""
    rise = [*[650.0] * 10, *[1_050.0] * 5, *[1_400.0] * 45]
    story = tell(rise, fault(FaultKind.MAINTENANCE, 8, 20))
    deferred = [d for d in story.decisions(8, 20) if d.action is Action.DEFER]
    assert {decision.desired for decision in deferred} >= {15, 20}
    assert story.steps() == [(20, 10, 20)]
    assert story.outcomes() == ["applied"]


def test_an_unresolved_order_holds_all_others_until_it_is_known() -> None:
    """The answer is lost and the provider cannot be read: nothing more is sent meanwhile."""
    rise = [*[650.0] * 10, *[1_400.0] * 50]
    lost = [fault(FaultKind.ANSWER_LOST, 0, 30), fault(FaultKind.CAPACITY_UNKNOWN, 14, 30)]
    story = tell(rise, *lost)
    assert [step[1:] for step in story.steps()] == [(10, 20)]
    assert story.outcomes()[0] == "landed"
    assert WakeKind.UNRESOLVED in {wake.kind for wake in story.wakes()}


def test_a_request_that_never_arrived_is_sent_again_once_that_is_known() -> None:
    """NOT_LANDED closes the first intent, the second one is applied."""
    rise = [*[650.0] * 10, *[1_400.0] * 40]
    story = tell(rise, fault(FaultKind.REQUEST_LOST, 0, 20))
    assert story.outcomes()[-1] == "applied"
    assert set(story.outcomes()[:-1]) == {"not_landed"}
    assert [step[1:] for step in story.steps()] == [(10, 20)]
