"""Does the controller do the right thing while SageMaker is busy, full, forgetful or taken over?

The rows of what goes wrong that concern the provider, each from the alarm to the ledger: the real
controller and adapter through the real client, on one clock with a server of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.core.model import Action, LimitKind, Reason
from flyball.core.policy import TrackingPolicy
from flyball.core.remember import Notice
from flyball.core.target import Metric, ZeroRule
from flyball.ports import OutcomeKind
from flyball.wake import WakeKind
from tests.aws.sagemaker import Server
from tests.aws.stage import Stage
from tests.aws.timeline import ICE
from tests.rig import ALARM, MINUTE, SECOND, T0, check_ledger, make_target, register

pytestmark = pytest.mark.enable_socket

UPDATE = "UpdateEndpointWeightsAndCapacities"
REGISTERED = "endpoint/chat/variant/blue"


@pytest.fixture
def stage(served: tuple[Server, Clients]) -> Iterator[Stage]:
    """Set up a target of 2, each on its 100; hold the ledger to its rules at the end."""
    stage = Stage(*served)
    yield stage
    stage.check()


@pytest.fixture
def eight(served: tuple[Server, Clients]) -> Iterator[Stage]:
    """Set up a target value of 70, with 8 desired and 4 in service: updating."""
    stage = Stage(*served, policies=(TrackingPolicy("track", "load", 70.0),))
    stage.cloud.endpoint("chat", 4)
    stage.metrics.load = 140.0
    stage.wake()
    assert (stage.look().desired, stage.look().ready, stage.sent()) == (8, 4, [8])
    yield stage
    stage.check()


def test_case_14_a_busy_endpoint_that_has_what_is_wanted_is_not_doubled(eight: Stage) -> None:
    """Updating, desired 8, current 4, 140 measured on 4, target 70: 8 already, not 16."""
    eight.pass_time(MINUTE)
    eight.wake()
    assert (eight.last().wanted, eight.last().desired, eight.last().action) == (8, 8, Action.HOLD)
    assert eight.sent() == [8]


def test_case_14_a_busy_endpoint_takes_a_new_wish_only_when_it_is_in_service(eight: Stage) -> None:
    """Metric 175: record 10, no call; when it is in service, the wish of that moment is sent."""
    eight.ask(700.0)
    eight.pass_time(MINUTE)
    eight.wake()
    assert (eight.last().wanted, eight.last().action) == (10, Action.DEFER)
    assert eight.last().reason is Reason.BUSY
    assert eight.sent() == [8]
    assert eight.wake_in() == 60
    eight.live(6)
    assert (eight.last().desired, eight.sent()) == (10, [8, 10])


def test_case_14_an_update_that_began_a_moment_ago_defers(eight: Stage) -> None:
    """In service when it was looked at, in progress when it was asked: an outcome, not an error."""
    eight.ask(560.0)
    eight.live(6)
    eight.pass_time(MINUTE)
    eight.ask(700.0)
    words = 'Cannot update in-progress endpoint "arn:aws:sagemaker:eu-central-1:1:endpoint/chat"'
    eight.cloud.fault(UPDATE, "refuse", message=words)
    wake = eight.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.DEFERRED
    assert wake.outcome.detail == f"ValidationException: {words}"
    assert eight.wake_in() == 60
    eight.live(1)
    assert eight.outcomes() == [OutcomeKind.APPLIED, OutcomeKind.DEFERRED, OutcomeKind.APPLIED]


def test_case_14_a_roll_back_is_no_success_and_starts_no_cooldown(
    served: tuple[Server, Clients],
) -> None:
    """RollingBack, then in service at 4 again: it is read again, and asked for once more."""
    cooldown = timedelta(minutes=30)
    policy = TrackingPolicy("track", "load", 70.0, scale_out_cooldown=cooldown)
    stage = Stage(*served, policies=(policy,))
    thing = stage.cloud.endpoint("chat", 4)
    thing.fate, thing.stock = "rolls_back", 2
    stage.ask(560.0)
    stage.wake()
    stage.live(8)
    seen = stage.look()
    assert (seen.desired, seen.ready, seen.detail) == (4, 6, f"RollingBack: {ICE}")
    assert stage.history().changes[0].completed_at is None
    thing.fate = "lands"
    stage.live(1)
    (notice,) = [each for record in stage.records() for each in record.noticed]
    assert (notice.notice, notice.before, notice.after) == (Notice.ROLLED_BACK, 8, 4)
    assert stage.kinds().count("foreign") == 0
    assert stage.sent() == [8, 8]
    stage.check()


def test_case_15_one_alarm_by_two_ways_and_a_late_ok_are_one_decision(stage: Stage) -> None:
    """ALARM at 12:00:05 by two ways, then an OK stamped 11:59:40: one decision, one call."""
    stage.metrics.load = 200.0
    stage.pass_time(5 * SECOND)
    at, source = stage.clock.at, "flyball/chat/track/high"
    kinds = [
        stage.wake(ALARM, source=source, trigger_id="event", state="ALARM").kind,
        stage.wake(ALARM, source=source, trigger_id="topic", state="ALARM").kind,
    ]
    late = T0 - 20 * SECOND
    kinds.append(stage.wake(ALARM, source=source, trigger_id="late", at=late, state="OK").kind)
    assert kinds == [WakeKind.DECIDED, WakeKind.DUPLICATE, WakeKind.DUPLICATE]
    assert (stage.sent(), stage.clock.at) == ([4], at)


def test_case_15_a_breach_that_lasts_is_found_by_the_timer(stage: Stage) -> None:
    """Still breaching at 12:01 and later, with no event: the timer looks again."""
    stage.ask(260.0)
    stage.wake(ALARM)
    stage.pass_time(MINUTE)
    stage.ask(450.0)
    for _ in range(5):
        assert [each.kind for each in stage.controller.tick()] == [WakeKind.DECIDED]
        stage.pass_time(MINUTE)
    assert stage.sent() == [3, 5]


def test_case_15_at_zero_no_instance_is_no_idleness_and_a_backlog_brings_one(
    served: tuple[Server, Clients],
) -> None:
    """0 copies, backlog ÷ instances undefined: nothing is done; a backlog without capacity: 1."""
    stage = Stage(
        *served,
        resource={"inference_component": "llm"},
        low=0,
        metrics=(Metric("load"), Metric("waiting")),
        zero=ZeroRule("waiting"),
    )
    stage.cloud.component("llm", 0)
    stage.metrics.load = 0.0
    stage.wake()
    assert (stage.last().desired, stage.last().action) == (0, Action.HOLD)
    stage.metrics.load = 1.0
    stage.pass_time(MINUTE)
    stage.wake()
    assert (stage.last().desired, stage.last().reason) == (1, Reason.ACTIVATED)
    assert stage.look().desired == 1
    stage.check()


@pytest.mark.parametrize("status", ["Updating", "SystemUpdating", "RollingBack"])
def test_a_busy_endpoint_is_recorded_as_deferred_and_gets_the_newest_wish_only(
    status: str, stage: Stage
) -> None:
    """No queue of wishes: three are recorded, and the third is sent."""
    stage.cloud.endpoints["chat"].befall(status, 150, "", stage.cloud.now)
    for load in (200.0, 300.0, 400.0):
        stage.metrics.load = load
        stage.wake()
        assert (stage.last().action, stage.sent()) == (Action.DEFER, [])
        stage.pass_time(MINUTE)
    stage.wake()
    assert stage.sent() == [8]


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed"])
def test_a_failed_endpoint_is_frozen_and_says_why(status: str, stage: Stage) -> None:
    """No self-repair: nothing is sent, and the reason lies in the evidence."""
    stage.cloud.endpoints["chat"].befall(status, None, ICE, stage.cloud.now)
    stage.metrics.load = 400.0
    stage.wake()
    assert stage.last().action is Action.BLOCK
    assert stage.last().reason is Reason.ENDPOINT_FAILED
    assert ICE in str(stage.records()[-1].observation.capacity)
    assert stage.sent() == []


@pytest.mark.parametrize("fate", ["fails", "rollback_fails"])
def test_a_change_that_ends_in_a_failed_endpoint_freezes_it(fate: str, stage: Stage) -> None:
    """Ours was the last change; nothing follows it."""
    stage.cloud.endpoints["chat"].fate = fate
    stage.ask(400.0)
    stage.wake()
    stage.live(12)
    stage.ask(800.0)
    stage.live(1)
    assert stage.last().reason is Reason.ENDPOINT_FAILED
    assert stage.sent() == [4]
    assert stage.kinds().count("foreign") == 0


def test_a_change_applied_in_part_counts_what_is_ready_and_is_told_as_stalled(
    stage: Stage,
) -> None:
    """3 of 4 came: the load on 3 asks for 4, which is desired already; then it has stalled."""
    thing = stage.cloud.endpoints["chat"]
    thing.fate, thing.stock = "stalls", 1
    stage.ask(400.0)
    stage.wake()
    stage.live(8)
    assert (stage.look().desired, stage.look().ready) == (4, 3)
    stage.live(8)
    told = [each.notice for record in stage.records() for each in record.noticed]
    assert told == [Notice.STALLED]
    assert stage.sent() == [4]


def test_a_quota_is_learned_kept_to_and_told_as_unmet(stage: Stage) -> None:
    """8 wanted, 5 granted: refused once, then 5, and the missing three are said."""
    stage.cloud.quotas["ml.g5.xlarge"] = 20
    stage.cloud.elsewhere["ml.g5.xlarge"] = 15
    stage.metrics.load = 400.0
    stage.wake()
    assert stage.history().quota is not None
    stage.live(1)
    assert stage.outcomes() == [OutcomeKind.QUOTA_EXCEEDED, OutcomeKind.APPLIED]
    assert (stage.sent(), stage.last().unmet) == ([8, 5], 3)
    assert [limit.kind for limit in stage.last().limits] == [LimitKind.QUOTA]


def test_no_machines_backs_off_then_halves_the_step(stage: Stage) -> None:
    """Refused for want of machines: no scale-in meanwhile, and half the step after the wait."""
    stage.cloud.fault(UPDATE, "capacity")
    stage.metrics.load = 400.0
    stage.wake()
    assert stage.outcomes() == [OutcomeKind.SHORTAGE]
    stage.pass_time(30 * SECOND)
    stage.metrics.load = 10.0
    stage.wake()
    assert stage.last().action is Action.HOLD
    stage.pass_time(31 * SECOND)
    stage.metrics.load = 400.0
    stage.wake()
    assert stage.sent() == [8, 5]


def test_a_throttled_change_is_sent_again_by_the_next_wake(stage: Stage) -> None:
    """Three tries of the client, then an outcome; the next look is the retry."""
    stage.cloud.fault(UPDATE, "throttle", 3)
    stage.metrics.load = 200.0
    stage.wake()
    assert (stage.outcomes(), stage.wake_in()) == ([OutcomeKind.THROTTLED], 60)
    stage.live(1)
    assert stage.outcomes() == [OutcomeKind.THROTTLED, OutcomeKind.APPLIED]


def test_a_throttled_look_holds_everything(stage: Stage) -> None:
    """Not known is not zero: nothing is decided until it can be read."""
    stage.cloud.fault("DescribeEndpoint", "throttle", 3)
    stage.metrics.load = 400.0
    stage.wake()
    assert stage.last().reason is Reason.CAPACITY_UNKNOWN
    assert stage.sent() == []
    stage.live(1)
    assert stage.sent() == [8]


def test_a_lost_permission_is_terminal_for_this_target(stage: Stage) -> None:
    """It is not hammered: the next try is a heartbeat away."""
    stage.cloud.fault(UPDATE, "deny")
    stage.metrics.load = 200.0
    stage.wake()
    assert (stage.outcomes(), stage.wake_in()) == ([OutcomeKind.DENIED], 300)


def test_a_lost_permission_of_one_target_stops_no_other(stage: Stage) -> None:
    """Two are due in one tick: the first may not be changed any more, the second is."""
    stage.cloud.endpoint("mail", 2)
    other = make_target("mail", home="aws", resource={"endpoint": "mail", "variant": "blue"})
    register(stage.store, other, T0)
    stage.cloud.fault(UPDATE, "deny")
    stage.metrics.load = 200.0
    wakes = stage.controller.tick()
    kinds = [wake.outcome.kind for wake in wakes if wake.outcome is not None]
    assert kinds == [OutcomeKind.DENIED, OutcomeKind.APPLIED]
    desired = [each.variants["blue"].desired for each in stage.cloud.endpoints.values()]
    assert sorted(desired) == [2, 4]
    check_ledger(stage.store, other.id)


def test_an_answer_that_was_lost_is_found_to_have_landed(stage: Stage) -> None:
    """The second try is refused by our own first: no foreign change, no second one, no hold."""
    stage.cloud.fault(UPDATE, "lost")
    stage.ask(400.0)
    assert stage.wake().kind is WakeKind.UNRESOLVED
    stage.live(1)
    assert stage.outcomes() == [OutcomeKind.LANDED]
    assert stage.kinds().count("foreign") == 0
    assert stage.sent() == [4, 4]
    stage.live(5)
    (notice,) = [each for record in stage.records() for each in record.noticed]
    assert (notice.notice, notice.after) == (Notice.COMPLETED, 4)


def test_a_server_error_that_changed_nothing_is_found_not_to_have_landed(stage: Stage) -> None:
    """Then what is right is decided anew."""
    stage.cloud.fault(UPDATE, "error", 3)
    stage.metrics.load = 200.0
    assert stage.wake().kind is WakeKind.UNRESOLVED
    stage.live(1)
    assert stage.outcomes() == [OutcomeKind.NOT_LANDED, OutcomeKind.APPLIED]


def test_native_scaling_that_is_registered_blocks(stage: Stage) -> None:
    """Found by the look: nothing is asked of the endpoint."""
    stage.cloud.register(REGISTERED)
    stage.metrics.load = 200.0
    stage.wake()
    assert (stage.last().action, stage.last().reason) == (Action.BLOCK, Reason.FOREIGN_OWNER)
    assert stage.sent() == []


def test_native_scaling_that_was_registered_a_moment_ago_is_found_before_sending(
    stage: Stage,
) -> None:
    """Not sent, and from the next look on blocked."""
    stage.wake()
    stage.cloud.register(REGISTERED)
    stage.ask(400.0)
    stage.live(2)
    assert stage.outcomes() == [OutcomeKind.ABORTED]
    assert stage.last().reason is Reason.FOREIGN_OWNER
    assert stage.sent() == []


def test_a_change_by_a_human_is_foreign_and_is_respected(stage: Stage) -> None:
    """Recorded, left alone for its time, then normal again."""
    stage.wake()
    stage.cloud.endpoints["chat"].variants["blue"].desired = 6
    stage.cloud.endpoints["chat"].variants["blue"].current = 6
    stage.ask(300.0)
    stage.live(1)
    assert stage.kinds().count("foreign") == 1
    assert stage.last().limits[-1].reason is Reason.FOREIGN_HOLD
    assert stage.sent() == []
    stage.live(15)
    assert stage.sent() == [3]


def test_a_deployment_that_resets_the_count_is_foreign(stage: Stage) -> None:
    """Deferred while it lasts; its reset is recorded as somebody else's change."""
    stage.ask(400.0)
    stage.wake()
    stage.live(6)
    stage.ask(520.0)
    stage.cloud.endpoints["chat"].deploy("chat-2", 1, 120, stage.cloud.now)
    stage.live(1)
    assert (stage.last().action, stage.sent()) == (Action.DEFER, [4])
    stage.live(1)
    assert stage.kinds().count("foreign") == 1
