"""Is an inference component scaled by copies, to zero and back, and its trouble said?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.ports import Outcome, OutcomeKind
from tests.aws.sagemaker import Server
from tests.aws.stage import Stage
from tests.aws.timeline import ICE
from tests.rig import MINUTE, T0, make_target

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def stage(served: tuple[Server, Clients]) -> Stage:
    """Set up an endpoint of two."""
    return Stage(*served)


def component(stage: Stage, **fields: Any) -> tuple[Any, Any]:
    """Make an inference component, and the target that scales it."""
    resource = {"inference_component": "llm", "endpoint": "chat"}
    return stage.cloud.component("llm", **fields), make_target(resource=resource, low=0)


def test_an_inference_component_goes_to_zero_and_comes_back(stage: Stage) -> None:
    """Copies, not instances; busy while they come."""
    _, target = component(stage, count=1)
    control = stage.control
    assert control.apply(target, CapacityRange(0, 0), T0) == Outcome(OutcomeKind.APPLIED)
    stage.pass_time(MINUTE)
    assert control.describe(target, T0) == Capacity(0, 0, detail="InService")
    assert control.apply(target, CapacityRange(1, 1), T0) == Outcome(OutcomeKind.APPLIED)
    assert control.describe(target, T0) == Capacity(1, 0, Status.BUSY, detail="Updating")
    outcome = control.apply(target, CapacityRange(2, 2), T0)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert "UpdateInferenceComponentRuntimeConfig" in stage.calls()


def test_a_quota_of_instances_is_none_of_copies(stage: Stage) -> None:
    """It is said, without a number that would be of something else."""
    thing, target = component(stage, count=1)
    thing.variants[""].instance_type = "ml.p5.48xlarge"
    stage.cloud.quotas["ml.p5.48xlarge"] = 1
    outcome = stage.control.apply(target, CapacityRange(5, 5), T0)
    assert (outcome.kind, outcome.quota) == (OutcomeKind.QUOTA_EXCEEDED, None)


def test_a_component_that_failed_or_has_no_copies_of_its_own_says_so(stage: Stage) -> None:
    """Frozen with its reason; an adapter component, which has no runtime, is missing."""
    thing, target = component(stage)
    thing.befall("Failed", None, ICE, 0)
    detail = f"Failed: {ICE}"
    assert stage.control.describe(target, T0) == Capacity(2, 2, Status.FAILED, detail=detail)
    thing.extra["RuntimeConfig"] = None
    seen = stage.control.describe(target, T0)
    assert isinstance(seen, Missing)
    assert seen.cause is MissingCause.NO_DATA


def test_native_scaling_of_a_component_is_an_owner(stage: Stage) -> None:
    """By its own dimension; where it is taken over, nothing is sent."""
    _, target = component(stage)
    stage.cloud.register("inference-component/llm", 0, 3)
    seen = stage.control.describe(target, T0)
    assert isinstance(seen, Capacity)
    assert seen.owner == "Application Auto Scaling (0–3)"
    outcome = stage.control.apply(target, CapacityRange(3, 3), T0)
    assert outcome.kind is OutcomeKind.ABORTED
