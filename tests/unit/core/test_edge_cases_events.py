"""Do the edge cases of events and busy endpoints come out as they say?

AWS 14 and 15, and the duplicate of Google 11.
"""

from __future__ import annotations

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    MissingCause,
    Reason,
    Status,
)
from flyball.core.policy import Policy, TrackingPolicy
from flyball.core.target import (
    Metric,
    Per,
    Profile,
    ZeroRule,
)
from flyball.ports import Outcome, OutcomeKind
from flyball.wake import WakeKind
from tests.unit.core.cases import (
    FIVE_MINUTES,
    NO_DATA,
    Seen,
    aws_tracking,
    expect,
    of,
    scale,
    see,
    stepping,
    tracking,
)
from tests.unit.core.desk import Cloud, Desk

A = aws_tracking("A")
AWS = Profile.AWS


def busy_desk(value: float) -> Desk:
    """Ask for 8 of 4, and let the endpoint be Updating with 4 in service."""
    policy: Policy = TrackingPolicy("A", "a", 70.0, scale_out_cooldown=FIVE_MINUTES)
    cloud = Cloud(Capacity(4, 4), {"a": 140.0})
    desk = Desk(scale(policy, profile=AWS, low=1), cloud)
    (first,) = desk.tick(0)
    assert first.decision is not None
    assert (first.decision.desired, len(cloud.sent)) == (8, 1)
    cloud.metrics["a"] = value
    cloud.measured_on = 4
    return desk


def test_aws_14_busy_endpoint_already_asked_for_is_not_asked_for_twice() -> None:
    """Desired 8, current 4, 140 measured on 4: 8 is already desired, not 16."""
    desk = busy_desk(140.0)
    (wake,) = desk.tick(60)
    assert wake.decision is not None
    assert (wake.decision.desired, wake.decision.action) == (8, Action.HOLD)
    assert wake.decision.reason is Reason.ALREADY_DESIRED
    assert len(desk.cloud.sent) == 1


def test_aws_14_a_larger_wish_is_recorded_and_waits_until_it_is_in_service() -> None:
    """175: 10 is recorded without a call, and applied when the endpoint is InService."""
    desk = busy_desk(175.0)
    (wake,) = desk.tick(60)
    assert wake.decision is not None
    assert (wake.decision.desired, wake.decision.action) == (10, Action.DEFER)
    assert (wake.decision.reason, wake.decision.wake_reason) == (Reason.BUSY, Reason.UPDATE_LASTS)
    assert len(desk.cloud.sent) == 1
    desk.cloud.capacity = Capacity(8, 8)
    (wake,) = desk.tick(120)
    assert wake.decision is not None
    assert (wake.decision.desired, desk.cloud.sent[-1]) == (10, CapacityRange(10, 10))


def test_aws_14_cannot_update_in_progress_endpoint_defers() -> None:
    """The provider's refusal is no change, starts no cooldown, and the next wake tries again."""
    cloud = Cloud(Capacity(4, 4), {"a": 140.0})
    cloud.answers = [Outcome(OutcomeKind.DEFERRED, "Cannot update in-progress endpoint")]
    desk = Desk(scale(aws_tracking("A", 70.0), profile=AWS, low=1), cloud)
    (wake,) = desk.tick(0)
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.DEFERRED
    (wake,) = desk.tick(60)
    assert wake.decision is not None
    assert (wake.decision.desired, len(cloud.sent)) == (8, 2)


def test_aws_14_rolling_back_is_no_success_and_starts_no_cooldown() -> None:
    """RollingBack, then InService at 4: read again, and asked for again at once, in full."""
    desk = busy_desk(140.0)
    desk.cloud.capacity = Capacity(8, 4, Status.BUSY, detail="RollingBack")
    (wake,) = desk.tick(60)
    assert wake.decision is not None
    assert wake.decision.action is Action.HOLD
    desk.cloud.capacity = Capacity(4, 4)
    (wake,) = desk.tick(120)
    assert [each.notice.value for each in wake.noticed] == ["rolled_back"]
    assert wake.decision is not None
    assert (wake.decision.action, wake.decision.desired) == (Action.SET, 8)
    assert wake.decision.limits == ()


def test_aws_15_one_alarm_by_two_ways_is_one_decision_and_a_late_ok_none() -> None:
    """ALARM at 12:00:05 by EventBridge and by SNS, then an OK stamped 11:59:40."""
    desk = Desk(scale(A, profile=AWS, low=1), Cloud(Capacity(10, 10), {"a": 150.0}))
    assert desk.alarm(6, "high", "ALARM", 5, "eventbridge").kind is WakeKind.DECIDED
    assert desk.alarm(7, "high", "ALARM", 5, "sns").kind is WakeKind.DUPLICATE
    assert desk.alarm(8, "high", "OK", -20, "late").kind is WakeKind.DUPLICATE
    assert (desk.decisions(), desk.cloud.sent) == (1, [CapacityRange(15, 15)])


def test_aws_15_a_breach_that_lasts_is_looked_at_again_without_any_event() -> None:
    """Still breaching at 12:01: the timer re-evaluates."""
    policy = aws_tracking("A", out_datapoints=of(2, 2))
    desk = Desk(scale(policy, profile=AWS, low=1), Cloud(Capacity(10, 10), {"a": 150.0}))
    desk.tick(0)
    desk.alarm(5, "high", "ALARM", 5, "only")
    assert desk.tick(60) == []  # not a second before it is due
    (wake,) = desk.tick(65)
    assert wake.kind is WakeKind.DECIDED
    assert wake.decision is not None
    assert wake.decision.wake_reason is Reason.BREACH_LASTS


def test_aws_15_a_backlog_per_instance_of_none_is_unknown_and_not_idle() -> None:
    """Current 0: nothing is divided by zero, nothing moves."""
    target = scale(A, profile=AWS)
    for seen in (0.0, 500.0, NO_DATA):
        expect(
            target, see(0, {"a": seen}), desired=0, action=Action.HOLD, reason=Reason.MISSING_DATA
        )
    found = expect(target, see(0, {"a": 0.0}))
    assert found.recommendations[0].missing is MissingCause.UNDEFINED_AT_ZERO
    expect(target, see(5, {"a": 0.0}, ready=0), desired=5, action=Action.HOLD)


def test_aws_15_a_backlog_without_capacity_wakes_one() -> None:
    """HasBacklogWithoutCapacity = 1: 1, by activation and by a step policy alike."""
    by_rule = scale(
        A, profile=AWS, metrics=(Metric("backlog", per=Per.TOTAL),), zero=ZeroRule("backlog")
    )
    seen: dict[str, Seen] = {"a": NO_DATA, "backlog": 1.0}
    expect(by_rule, see(0, seen), desired=1, action=Action.SET, reason=Reason.ACTIVATED)
    by_step = scale(A, stepping("S", 1, (0, None, 1)), profile=AWS)
    expect(by_step, see(0, {"a": NO_DATA, "s": 1.0}), desired=1, action=Action.SET)
    expect(by_step, see(0, {"a": NO_DATA, "s": 0.0}), desired=0, action=Action.HOLD)


def test_google_11_the_same_job_and_schedule_time_twice_is_one_action() -> None:
    """The delivery differs, the source and its time do not."""
    desk = Desk(scale(tracking("A"), low=1), Cloud(Capacity(10, 10), {"a": 150.0}))
    assert desk.alarm(1, "job/churn", "run", 0, "first").kind is WakeKind.DECIDED
    assert desk.alarm(2, "job/churn", "run", 0, "second").kind is WakeKind.DUPLICATE
    assert (desk.decisions(), len(desk.cloud.sent)) == (1, 1)
