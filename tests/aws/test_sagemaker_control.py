"""Is what SageMaker says read as it is, and is what it refuses an outcome?"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.send import UncertainError
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.ports import Outcome, OutcomeKind
from tests.aws.sagemaker import Server
from tests.aws.stage import ENDPOINT, REGION, Stage, serve
from tests.aws.timeline import ICE, Counts
from tests.rig import MINUTE, SECOND, T0, make_target

pytestmark = pytest.mark.enable_socket

UPDATE = "UpdateEndpointWeightsAndCapacities"


@pytest.fixture
def stage(served: tuple[Server, Clients]) -> Stage:
    """Set up an endpoint of two."""
    return Stage(*served)


def put(stage: Stage, count: int) -> Outcome:
    """Set the capacity."""
    return stage.control.apply(stage.target, CapacityRange(count, count), stage.clock.at)


def miss(stage: Stage, resource: dict[str, str] | None = None) -> Missing:
    """Read the capacity, which must not be known."""
    target = make_target(home="aws", resource=resource or ENDPOINT)
    capacity = stage.control.describe(target, stage.clock.at)
    assert isinstance(capacity, Missing), capacity
    return capacity


@dataclass(frozen=True)
class Case:
    """A status of the endpoint, and what it is folded to."""

    id: str
    status: Status
    reason: str = ""
    detail: str = field(default="")


STATUSES = (
    Case("InService", Status.IN_SERVICE),
    Case("Creating", Status.BUSY),
    Case("Updating", Status.BUSY),
    Case("SystemUpdating", Status.BUSY),
    Case("RollingBack", Status.BUSY, ICE, f"RollingBack: {ICE}"),
    Case("Deleting", Status.BUSY),
    Case("Failed", Status.FAILED, ICE, f"Failed: {ICE}"),
    Case("UpdateRollbackFailed", Status.FAILED),
    Case("OutOfService", Status.FAILED),
    Case("SomethingNew", Status.BUSY),
)


@pytest.mark.parametrize("case", STATUSES, ids=lambda case: case.id)
def test_a_status_is_folded_to_whether_a_change_is_accepted(case: Case, stage: Stage) -> None:
    """The service's own word stays in the detail, with its reason; an unknown one sends nothing."""
    stage.cloud.endpoints["chat"].befall(case.id, None, case.reason, 0)
    assert stage.look() == Capacity(2, 2, case.status, detail=case.detail or case.id)


def test_an_accepted_change_shows_desired_at_once_and_ready_as_it_comes(stage: Stage) -> None:
    """While Updating, ready is what is in service by then."""
    assert put(stage, 4) == Outcome(OutcomeKind.APPLIED)
    assert stage.look() == Capacity(4, 2, Status.BUSY, detail="Updating")
    stage.pass_time(4 * MINUTE)
    assert stage.look() == Capacity(4, 3, Status.BUSY, detail="Updating")
    stage.pass_time(MINUTE)
    assert stage.look() == Capacity(4, 4, detail="InService")
    put(stage, 1)
    stage.pass_time(31 * SECOND)
    assert stage.look() == Capacity(1, 1, Status.BUSY, detail="Updating")


def test_only_the_count_of_the_one_variant_is_sent(stage: Stage) -> None:
    """Never a weight, and never another variant."""
    stage.cloud.endpoints["chat"].variants["green"] = Counts(5, 5, weight=0.1)
    put(stage, 3)
    (call,) = [each for each in stage.cloud.calls if each["operation"] == UPDATE]
    wanted = [{"VariantName": "blue", "DesiredInstanceCount": 3}]
    assert call["body"] == {"EndpointName": "chat", "DesiredWeightsAndCapacities": wanted}
    variants = stage.cloud.endpoints["chat"].variants
    assert {name: each.weight for name, each in variants.items()} == {"blue": 1.0, "green": 0.1}
    assert variants["green"].desired == 5


def test_an_endpoint_or_variant_that_is_not_there_is_missing_and_says_so(stage: Stage) -> None:
    """With the service's words, or with what there is instead."""
    gone = miss(stage, {"endpoint": "gone", "variant": "blue"})
    assert gone.cause is MissingCause.SOURCE_FAILED
    assert gone.detail.startswith("ValidationException: Could not find endpoint")
    green = miss(stage, {"endpoint": "chat", "variant": "green"})
    assert green.detail == "endpoint/chat/variant/green: no such variant; the endpoint has blue"
    assert miss(stage, {"endpoint": "chat"}).detail.startswith("resource: got endpoint, expected")
    no_component = miss(stage, {"inference_component": "gone"})
    assert "Could not find inference component" in no_component.detail


def test_a_shadow_variant_is_not_scaled_and_not_counted(stage: Stage) -> None:
    """Neither taken for a production variant nor passed over in silence."""
    shadow = {"VariantName": "dark", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1}
    stage.cloud.endpoints["chat"].extra["ShadowProductionVariants"] = [shadow]
    assert stage.look().detail == "InService; 1 shadow variant beside it, not scaled"
    assert "is a shadow variant" in miss(stage, {"endpoint": "chat", "variant": "dark"}).detail


def test_a_serverless_variant_has_no_instances(stage: Stage) -> None:
    """It is missing, not zero, and the remedy is said."""
    counts = stage.cloud.endpoints["chat"].variants["blue"]
    counts.extra = {
        "CurrentInstanceCount": None,
        "DesiredInstanceCount": None,
        "CurrentServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    assert "is serverless, so it has no instances" in miss(stage).detail


@pytest.mark.parametrize(("status", "owner"), [("ENABLED", True), ("DISABLED", False)])
def test_managed_instance_scaling_is_an_owner(status: str, owner: bool, stage: Stage) -> None:
    """SageMaker itself would undo what we set; nobody else needs to be asked then."""
    managed = {"Status": status, "MinInstanceCount": 0, "MaxInstanceCount": 4}
    stage.cloud.endpoints["chat"].variants["blue"].extra["ManagedInstanceScaling"] = managed
    expected = "SageMaker managed instance scaling (0–4)" if owner else ""
    assert stage.look().owner == expected
    assert ("DescribeScalableTargets" in stage.calls()) is not owner


def test_a_deployment_under_way_is_said(stage: Stage) -> None:
    """The counts are the old fleet's, and the end of it may reset them."""
    stage.cloud.endpoints["chat"].deploy("chat-2", 1, 300, stage.cloud.now)
    told = "Updating; a deployment of chat-2 is under way and may reset the count"
    assert stage.look() == Capacity(2, 2, Status.BUSY, detail=told)
    stage.pass_time(5 * MINUTE)
    assert stage.look() == Capacity(1, 1, detail="InService")


def test_an_endpoint_without_variants_or_counts_is_missing_never_zero(stage: Stage) -> None:
    """Being created, failed before it had any, or answered in part."""
    thing = stage.cloud.endpoints["chat"]
    thing.extra["ProductionVariants"] = None
    thing.befall("Failed", None, ICE, 0)
    assert f"shows no variants (Failed: {ICE})" in miss(stage).detail
    del thing.extra["ProductionVariants"]
    counts = thing.variants["blue"]
    counts.extra["CurrentInstanceCount"] = None
    assert miss(stage).cause is MissingCause.NO_DATA
    counts.extra["CurrentInstanceCount"] = -1
    assert miss(stage).cause is MissingCause.NEGATIVE


@pytest.mark.parametrize("kind", ["garbled", "empty"])
def test_a_broken_answer_is_missing(kind: str, stage: Stage) -> None:
    """Whatever it says, it does not say a status."""
    stage.cloud.component("llm")
    stage.cloud.fault("DescribeEndpoint", kind)
    assert miss(stage).cause is MissingCause.NO_DATA
    stage.cloud.fault("DescribeInferenceComponent", kind)
    assert "no InferenceComponentStatus" in miss(stage, {"inference_component": "llm"}).detail


@pytest.mark.parametrize("kind", ["throttle", "deny", "error", "cut"])
def test_a_look_that_fails_is_missing_with_what_was_said(kind: str, stage: Stage) -> None:
    """After three tries in all; the next look may succeed."""
    stage.cloud.fault("DescribeEndpoint", kind, 3)
    assert miss(stage).cause is MissingCause.SOURCE_FAILED
    assert len(stage.calls("DescribeEndpoint")) == (1 if kind == "deny" else 3)
    stage.cloud.faults.clear()
    assert stage.look() == Capacity(2, 2, detail="InService")


def test_one_throttled_try_is_tried_again_by_the_client(stage: Stage) -> None:
    """One retry layer is enough for a short one."""
    stage.cloud.fault(UPDATE, "throttle", 2)
    assert put(stage, 3) == Outcome(OutcomeKind.APPLIED)
    assert stage.sent() == [3, 3, 3]


@dataclass(frozen=True)
class Refused:
    """A fault that is answered in words, and its outcome."""

    id: str
    kind: str
    outcome: OutcomeKind


REFUSED = (
    Refused("throttled", "throttle", OutcomeKind.THROTTLED),
    Refused("denied", "deny", OutcomeKind.DENIED),
    Refused("no_machines", "capacity", OutcomeKind.SHORTAGE),
    Refused("anything_else", "refuse", OutcomeKind.FAILED),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refusal_is_an_outcome_with_the_services_words(case: Refused, stage: Stage) -> None:
    """And nothing has changed."""
    stage.cloud.fault(UPDATE, case.kind, 3)
    outcome = put(stage, 3)
    assert outcome.kind is case.outcome
    assert ": " in outcome.detail
    assert stage.look().desired == 2


def test_a_busy_endpoint_defers(stage: Stage) -> None:
    """Whatever it is busy with."""
    for status in ("Creating", "Updating", "SystemUpdating", "RollingBack"):
        stage.cloud.endpoints["chat"].befall(status, None, "", 0)
        outcome = put(stage, 3)
        assert outcome.kind is OutcomeKind.DEFERRED
        assert "Cannot update in-progress endpoint" in outcome.detail


@pytest.mark.parametrize("status", ["RollingBack", "Failed", "UpdateRollbackFailed"])
def test_a_refusal_by_an_endpoint_that_ran_out_of_machines_is_a_shortage(
    status: str, stage: Stage
) -> None:
    """Its reason is read once more, so that the back-off is the one for machines."""
    stage.cloud.endpoints["chat"].befall(status, None, ICE, 0)
    outcome = put(stage, 3)
    assert outcome.kind is OutcomeKind.SHORTAGE
    assert ICE in outcome.detail
    stage.cloud.fault("DescribeEndpoint", "deny")
    assert put(stage, 3).kind in (OutcomeKind.DEFERRED, OutcomeKind.FAILED)


def test_a_reason_that_is_left_from_before_makes_no_shortage(stage: Stage) -> None:
    """Updating again since then: it is only busy."""
    stage.cloud.endpoints["chat"].befall("Updating", None, ICE, 0)
    assert put(stage, 3).kind is OutcomeKind.DEFERRED


def test_a_quota_is_told_as_the_most_that_this_target_may_have(stage: Stage) -> None:
    """Of 20, 14 are elsewhere and 2 here: 6 is the most, and 6 is granted."""
    stage.cloud.quotas["ml.g5.xlarge"] = 20
    stage.cloud.elsewhere["ml.g5.xlarge"] = 14
    outcome = put(stage, 9)
    assert (outcome.kind, outcome.quota) == (OutcomeKind.QUOTA_EXCEEDED, 6)
    assert put(stage, 6).kind is OutcomeKind.APPLIED


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_lost_answer_raises_although_the_second_try_was_answered(kind: str, stage: Stage) -> None:
    """After "lost" the second try is refused as in progress: by our own first. Nobody can know."""
    stage.cloud.fault(UPDATE, kind)
    if kind == "lost":
        with pytest.raises(ClientError, match="in-progress"):
            put(stage, 3)
    else:
        assert put(stage, 3) == Outcome(OutcomeKind.APPLIED)
    assert stage.look().desired == 3


@pytest.mark.parametrize("kind", ["lost", "cut", "error", "error_after", "garbled", "empty"])
def test_what_may_have_landed_raises(kind: str, stage: Stage) -> None:
    """No answer, a server's error, or a yes that is none: only the next look can tell."""
    stage.cloud.fault(UPDATE, kind, 3)
    with pytest.raises((ClientError, HTTPClientError, UncertainError)):
        put(stage, 3)
    assert stage.look().desired == (2 if kind in ("cut", "error") else 3)


def test_a_throttled_try_after_a_lost_one_still_raises(stage: Stage) -> None:
    """One doubtful try makes the whole call doubtful."""
    stage.cloud.fault(UPDATE, "lost")
    stage.cloud.fault(UPDATE, "throttle", 2)
    with pytest.raises(ClientError, match="Rate exceeded"):
        put(stage, 3)
    stage.pass_time(10 * MINUTE)
    assert put(stage, 2) == Outcome(OutcomeKind.APPLIED)


def test_what_was_never_sent_is_an_outcome() -> None:
    """Nobody listens there: the change cannot have landed."""
    with serve() as (server, _):
        both = {"sagemaker": "http://127.0.0.1:9", "application-autoscaling": server.url}
        nowhere = Clients(REGION, both)
        outcome = AwsControl(nowhere).apply(make_target(resource=ENDPOINT), CapacityRange(3, 3), T0)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail.startswith("not sent: EndpointConnectionError")


def test_a_count_that_the_sdk_refuses_is_never_sent(stage: Stage) -> None:
    """Below zero is no count; the SDK's own words say so."""
    outcome = put(stage, -1)
    assert outcome.kind is OutcomeKind.FAILED
    assert "DesiredInstanceCount" in outcome.detail
    assert stage.sent() == []


def test_a_resource_that_is_none_is_never_sent(stage: Stage) -> None:
    """The remedy is in the outcome."""
    outcome = stage.control.apply(make_target(resource={}), CapacityRange(3, 3), T0)
    assert outcome.kind is OutcomeKind.FAILED
    assert "expected endpoint with variant" in outcome.detail
