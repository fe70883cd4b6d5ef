"""Is what Vertex AI refuses an outcome, and is what may have landed raised?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from flyball.adapters.gcp.operation import UncertainError
from flyball.adapters.gcp.session import CallError
from flyball.core.model import Status
from flyball.ports import OutcomeKind
from tests.gcp.serving import Server
from tests.gcp.stage import Stage, serve

pytestmark = pytest.mark.enable_socket

QUOTA = (
    "The following quota metrics exceed quota limits: "
    "aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus"
)
RATE = (
    "Quota exceeded for quota metric 'Resource management (CRUD) requests' and limit 'Resource "
    "management (CRUD) requests per minute per region' of service 'aiplatform.googleapis.com'."
)
STOCKOUT = "Machine type temporarily unavailable, please deploy with a different machine type."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    """Set up a deployed model with {1, 4}; nothing may break Google's contract."""
    yield Stage(server)
    assert server.broken == []


@dataclass(frozen=True)
class Refused:
    """How the service refuses a change, and the outcome that follows."""

    id: str
    kind: OutcomeKind
    status: str
    message: str = ""


REFUSED = (
    Refused(
        "busy in words", OutcomeKind.DEFERRED, "FAILED_PRECONDITION", "Another update is ongoing"
    ),
    Refused("a conflict", OutcomeKind.DEFERRED, "ABORTED"),
    Refused("asked too often", OutcomeKind.THROTTLED, "RESOURCE_EXHAUSTED", RATE),
    Refused("too many requests", OutcomeKind.THROTTLED, "RESOURCE_EXHAUSTED"),
    Refused("a quota of machines", OutcomeKind.QUOTA_EXCEEDED, "RESOURCE_EXHAUSTED", QUOTA),
    Refused("no machines", OutcomeKind.SHORTAGE, "RESOURCE_EXHAUSTED", STOCKOUT),
    Refused("denied", OutcomeKind.DENIED, "PERMISSION_DENIED", "aiplatform.endpoints.deploy"),
    Refused("unknown caller", OutcomeKind.DENIED, "UNAUTHENTICATED"),
    Refused(
        "not deployed", OutcomeKind.FAILED, "FAILED_PRECONDITION", "The model is not DEPLOYED."
    ),
    Refused("a bad request", OutcomeKind.FAILED, "INVALID_ARGUMENT"),
    Refused("gone meanwhile", OutcomeKind.FAILED, "NOT_FOUND"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refusal_is_an_outcome(case: Refused, stage: Stage) -> None:
    """What is refused has not landed; the service's own words are kept."""
    stage.fail("mutateDeployedModel", case.status, case.message, times=99)
    outcome = stage.put(2, 6)
    assert outcome.kind is case.kind
    assert outcome.detail.startswith(f"{case.status}: {case.message or case.status}")
    assert stage.vertex.operations == {}


def test_a_refusal_because_somebody_was_quicker_is_deferred(stage: Stage) -> None:
    """Google documents no words for it, so the operations are asked."""
    stage.put(2, 4)
    stage.fail("list", "PERMISSION_DENIED")
    stage.fail("mutateDeployedModel", "FAILED_PRECONDITION", "It cannot be mutated.")
    outcome = stage.put(3, 6)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert "operation 1000 is running" in outcome.detail


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "INTERNAL", "lost", "garbled", "empty"])
def test_a_change_that_may_have_landed_is_raised(kind: str, stage: Stage) -> None:
    """Nobody knows, so the intent stays pending until the service is read again."""
    stage.fail("mutateDeployedModel", kind, times=99)
    with pytest.raises((CallError, UncertainError)):
        stage.put(2, 6)


def test_a_refusal_after_a_lost_answer_says_nothing_of_the_first_try(stage: Stage) -> None:
    """The change that is under way is most likely our own."""
    stage.fail("mutateDeployedModel", "lost")
    with pytest.raises(CallError, match="FAILED_PRECONDITION"):
        stage.put(2, 6)
    assert stage.look().status is Status.BUSY


def test_what_cannot_be_read_before_a_change_is_not_sent(stage: Stage) -> None:
    """Nothing can have landed of what was never asked."""
    stage.fail("get", "UNAVAILABLE", times=99)
    assert stage.put(2, 6).kind is OutcomeKind.ABORTED
    stage.server.faults.clear()
    stage.fail("get", "PERMISSION_DENIED")
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.DENIED
    assert outcome.detail.startswith("not sent: PERMISSION_DENIED")
    assert stage.sent() == []


def test_nobody_there_is_an_outcome(server: Server, stage: Stage) -> None:
    """No connection: never sent."""
    stage.control._session = stage.connect(aiplatform="http://127.0.0.1:1")
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail.startswith("not sent: UNREACHABLE")
    assert "UNREACHABLE" in stage.miss()
    assert server.calls == []
