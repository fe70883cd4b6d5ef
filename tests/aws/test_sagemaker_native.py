"""Is native auto scaling on the same resource found before anything is sent against it?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.native import KEPT_LIMIT
from flyball.core.model import Capacity, CapacityRange, Missing
from flyball.ports import Outcome, OutcomeKind
from tests.aws.sagemaker import Server
from tests.aws.stage import Stage
from tests.aws.timeline import Counts
from tests.rig import MINUTE, SECOND, T0, make_target

pytestmark = pytest.mark.enable_socket

REGISTERED = "endpoint/chat/variant/blue"
SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": True,
    "ScheduledScalingSuspended": True,
}


@pytest.fixture
def stage(served: tuple[Server, Clients]) -> Stage:
    """Set up an endpoint of two."""
    return Stage(*served)


def put(stage: Stage, count: int) -> Outcome:
    """Set the capacity."""
    return stage.control.apply(stage.target, CapacityRange(count, count), stage.clock.at)


def test_native_scaling_that_is_registered_is_an_owner(stage: Stage) -> None:
    """Its bounds are named; suspended in full it is none, in part it still is one."""
    stage.cloud.register(REGISTERED, 1, 8)
    assert stage.look().owner == "Application Auto Scaling (1–8)"
    stage.pass_time(5 * MINUTE)
    stage.cloud.register(REGISTERED, 1, 8, DynamicScalingInSuspended=True)
    assert stage.look().owner
    stage.pass_time(5 * MINUTE)
    stage.cloud.register(REGISTERED, 1, 8, **SUSPENDED)
    assert stage.look().owner == ""


def test_native_scaling_of_another_number_is_no_owner(stage: Stage) -> None:
    """Provisioned concurrency is not an instance count."""
    stage.cloud.register(REGISTERED)
    dimension = "sagemaker:variant:DesiredProvisionedConcurrency"
    stage.cloud.registered[0]["ScalableDimension"] = dimension
    assert stage.look().owner == ""


def test_looks_within_five_minutes_ask_once_and_an_apply_asks_afresh(stage: Stage) -> None:
    """A look is cheap; a change is never sent against a registration made a moment ago."""
    for _ in range(5):
        stage.look()
        stage.pass_time(timedelta(seconds=59))
    assert len(stage.calls("DescribeScalableTargets")) == 1
    stage.cloud.register(REGISTERED)
    outcome = put(stage, 3)
    assert outcome.kind is OutcomeKind.ABORTED
    assert "Application Auto Scaling (1–10) scales endpoint/chat/variant/blue" in outcome.detail
    assert stage.sent() == []
    assert stage.look().owner == "Application Auto Scaling (1–10)"
    assert len(stage.calls("DescribeScalableTargets")) == 2


def test_not_being_allowed_to_ask_for_native_scaling_blinds_no_look(stage: Stage) -> None:
    """It is said, and the last answer stays in force."""
    stage.cloud.fault("DescribeScalableTargets", "deny", -1)
    seen = stage.look()
    assert (seen.desired, seen.owner) == (2, "")
    assert "native auto scaling is registered is not known (AccessDenied" in seen.detail
    stage.cloud.faults.clear()
    stage.cloud.register(REGISTERED)
    stage.pass_time(10 * MINUTE)
    assert stage.look().owner
    stage.cloud.fault("DescribeScalableTargets", "deny", -1)
    stage.pass_time(10 * MINUTE)
    seen = stage.look()
    assert seen.owner
    assert "is not known" in seen.detail


def test_a_batch_reads_ahead_in_few_calls(stage: Stage) -> None:
    """Sixty targets: two questions about native scaling, one for both variants of an endpoint."""
    stage.cloud.endpoints["chat"].variants["green"] = Counts(5, 5)
    variants = [
        make_target(name, resource={"endpoint": "chat", "variant": name})
        for name in ("blue", "green")
    ]
    components = []
    for index in range(58):
        stage.cloud.component(f"c{index:02}")
        stage.cloud.register(f"inference-component/c{index:02}")
        resource = {"inference_component": f"c{index:02}"}
        components.append(make_target(f"c{index:02}", resource=resource))
    odd = make_target("odd", resource={})
    targets = [*variants, *components, odd]
    stage.control.prefetch(targets, T0)
    seen = [stage.control.describe(each, T0 + SECOND) for each in targets]
    assert [each.desired for each in seen[:2] if isinstance(each, Capacity)] == [2, 5]
    assert sum(isinstance(each, Capacity) and bool(each.owner) for each in seen) == 58
    assert isinstance(seen[-1], Missing)
    assert len(stage.calls("DescribeScalableTargets")) == 2
    assert len(stage.calls("DescribeEndpoint")) == 1
    stage.control.describe(variants[0], T0 + MINUTE)
    stage.control.apply(variants[0], CapacityRange(3, 3), T0 + MINUTE)
    assert len(stage.calls("DescribeEndpoint")) == 2
    stage.control.prefetch(targets, T0 + 2 * MINUTE)
    assert len(stage.calls("DescribeScalableTargets")) == 3  # the apply asked afresh


def test_a_batch_that_cannot_read_ahead_leaves_each_look_to_itself(stage: Stage) -> None:
    """What fails is said by the target that it concerns."""
    stage.cloud.endpoints["chat"].variants["green"] = Counts(5, 5)
    targets = [
        make_target(name, resource={"endpoint": "chat", "variant": name})
        for name in ("blue", "green")
    ]
    stage.cloud.fault("DescribeEndpoint", "deny")
    stage.cloud.fault("DescribeScalableTargets", "deny")
    stage.control.prefetch(targets, T0)
    seen = [stage.control.describe(each, T0) for each in targets]
    assert seen == [Capacity(2, 2, detail="InService"), Capacity(5, 5, detail="InService")]


def test_what_was_read_ahead_is_forgotten_once_a_change_is_sent(stage: Stage) -> None:
    """The next look must see the change, not what was there before it."""
    stage.cloud.endpoints["chat"].variants["green"] = Counts(5, 5)
    green = make_target("green", resource={"endpoint": "chat", "variant": "green"})
    stage.control.prefetch([stage.target, green], T0)
    assert put(stage, 3) == Outcome(OutcomeKind.APPLIED)
    assert stage.look().desired == 3


UNSURE = (("deny", OutcomeKind.DENIED), ("throttle", OutcomeKind.THROTTLED))


@pytest.mark.parametrize(("fault", "kind"), UNSURE)
def test_nothing_is_taken_away_where_nobody_knows_who_else_scales_it(
    fault: str, kind: OutcomeKind, stage: Stage
) -> None:
    """Never answered at all; more capacity is sent all the same, and it is said."""
    stage.cloud.fault("DescribeScalableTargets", fault, -1)
    stage.look()
    outcome = put(stage, 1)
    assert (outcome.kind, stage.sent()) == (kind, [])
    assert outcome.detail.startswith("not sent: whether native auto scaling is registered is not")
    stage.look()
    outcome = put(stage, 3)
    assert (outcome.kind, stage.sent()) == (OutcomeKind.APPLIED, [3])
    assert outcome.detail.startswith("whether native auto scaling is registered is not known (")


def test_an_answer_of_the_last_five_minutes_stands_for_one_that_cannot_be_had(stage: Stage) -> None:
    """A throttled question right before sending holds back nothing that a look has answered."""
    stage.look()
    stage.cloud.fault("DescribeScalableTargets", "throttle", -1)
    stage.pass_time(4 * MINUTE)
    stage.look()
    outcome = put(stage, 1)
    assert outcome.kind is OutcomeKind.APPLIED
    assert "Rate exceeded" in outcome.detail
    stage.pass_time(MINUTE)
    stage.look()
    assert put(stage, 0).kind is OutcomeKind.THROTTLED


def test_an_outage_of_the_registrations_holds_scale_in_back(stage: Stage) -> None:
    """Neither throttled nor denied: tried again in a tick."""
    stage.cloud.fault("DescribeScalableTargets", "error", -1)
    stage.look()
    assert put(stage, 1).kind is OutcomeKind.ABORTED


def test_a_scale_in_is_not_sent_over_what_somebody_set_since_the_look(stage: Stage) -> None:
    """Two were decided down to one, and somebody set twenty: the next look finds that."""
    stage.look()
    stage.cloud.endpoints["chat"].variants["blue"].desired = 20
    outcome = put(stage, 1)
    assert (outcome.kind, stage.sent()) == (OutcomeKind.ABORTED, [])
    assert outcome.detail == ("not sent: decided on a desired capacity of 2, and by now it is 20")


def test_a_scale_in_costs_one_more_look_and_a_scale_out_none(stage: Stage) -> None:
    """The service takes an absolute count, so only the way down can take away too much."""
    stage.look()
    assert put(stage, 1) == Outcome(OutcomeKind.APPLIED)
    assert len(stage.calls("DescribeEndpoint")) == 2
    stage.pass_time(10 * MINUTE)
    stage.look()
    assert put(stage, 3) == Outcome(OutcomeKind.APPLIED)
    assert len(stage.calls("DescribeEndpoint")) == 3


def test_a_scale_in_is_not_sent_where_the_endpoint_cannot_be_read(stage: Stage) -> None:
    """Refused, or answered without a count: nothing can have landed."""
    stage.look()
    stage.cloud.fault("DescribeEndpoint", "deny")
    outcome = put(stage, 1)
    assert (outcome.kind, outcome.detail[:9]) == (OutcomeKind.DENIED, "not sent:")
    stage.look()
    stage.cloud.fault("DescribeEndpoint", "empty")
    outcome = put(stage, 1)
    assert (outcome.kind, outcome.detail[:9]) == (OutcomeKind.FAILED, "not sent:")
    assert stage.sent() == []


def test_a_human_who_comes_between_look_and_change_is_respected(stage: Stage) -> None:
    """End to end: nothing is sent, and the next look holds the foreign change."""
    stage.cloud.endpoint("chat", 8)
    stage.metrics.load = 20.0

    def intervene(step: str) -> None:
        if step == "intent":
            stage.cloud.endpoints["chat"].variants["blue"].desired = 20

    stage.on_step = intervene
    stage.wake()
    stage.on_step = lambda _: None
    assert (stage.outcomes(), stage.sent()) == ([OutcomeKind.ABORTED], [])
    stage.pass_time(MINUTE)
    stage.wake()
    assert (stage.last().current, stage.sent()) == (20, [])
    foreign = stage.history().foreign
    assert foreign is not None
    assert (foreign.before, foreign.after) == (8, 20)


def test_what_was_shown_is_remembered_for_many_but_not_without_end(stage: Stage) -> None:
    """A program that runs for years grows no further."""
    for index in range(KEPT_LIMIT + 2):
        stage.control._shown[f"gone-{index}"] = 1
    stage.look()
    assert stage.control._shown == {stage.target.id: 2}
