"""Is what AI Platform's contract says of nodes read as it is, and is a change sent by the contract?

Google has shut the service down: this is all that can be known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from flyball.adapters.gcp.operation import UncertainError
from flyball.adapters.gcp.session import CallError
from flyball.core.model import Capacity, Status
from flyball.ports import OutcomeKind
from tests.gcp.platform import Nodes
from tests.gcp.serving import Server
from tests.gcp.stage import VERSION, VERSION_PATH, Stage, serve
from tests.rig import MINUTE

pytestmark = pytest.mark.enable_socket

MIN, MAX, BOTH = (
    "autoScaling.minNodes",
    "autoScaling.maxNodes",
    "autoScaling.maxNodes,autoScaling.minNodes",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    """Set up a GPU version with {1, 4}; nothing may break Google's contract."""
    yield Stage(server, VERSION)
    assert server.broken == []


@pytest.fixture
def of(server: Server) -> Iterator[Callable[[Nodes], Stage]]:
    """Set up a stage with nodes of the test's own choice."""

    def make(nodes: Nodes) -> Stage:
        stage = Stage(server, VERSION)
        stage.nodes = stage.platform.versions[VERSION_PATH] = nodes
        return stage

    yield make
    assert server.broken == []


def test_a_look_reads_the_range_and_counts_nodes_by_the_metric(stage: Stage) -> None:
    """A version tells its range, and Cloud Monitoring how many nodes serve."""
    stage.nodes.ready = 3
    assert stage.look() == Capacity(1, 3, Status.IN_SERVICE, ceiling=4, detail="READY", least=1)
    stage.metric.age *= 3
    assert "how many nodes are in service is not known" in stage.miss()


def test_nodes_set_by_hand_are_a_number_and_no_range(of: Callable[..., Stage]) -> None:
    """ManualScaling has one number, and no metric need be asked."""
    stage = of(Nodes(3, None))
    assert stage.look() == Capacity(3, 3, Status.IN_SERVICE, detail="READY", least=1)
    assert [call.name for call in stage.server.calls] == ["get"]
    assert stage.put(3, 9).detail == "nothing sent: it is so already"
    assert stage.sent() == []
    stage.put(4, 9)
    stage.nodes.ready = 2
    assert stage.look()[:3] == (3, 2, Status.BUSY)  # until it is done, the metric tells


@dataclass(frozen=True)
class Least:
    """A version, and the least nodes that it may have."""

    id: str
    nodes: Nodes
    least: int
    location: str = ""


LEAST = (
    Least("a GPU", Nodes(1, 4), 1),
    Least("Compute Engine", Nodes(1, 4, has_gpu=False), 1),
    Least("an old machine", Nodes(0, 4, ready=0, machine="mls1-c1-m2", has_gpu=False), 0),
    Least("the global host's own", Nodes(0, 4, ready=0, machine="", has_gpu=False), 0),
    Least("a regional host's own", Nodes(1, 4, machine="", has_gpu=False), 1, "europe-west1"),
    Least("a GPU without a type", Nodes(1, 4, machine=""), 1),
)


@pytest.mark.parametrize("case", LEAST, ids=lambda case: case.id)
def test_only_an_old_machine_type_may_be_without_nodes(case: Least, server: Server) -> None:
    """Whatever has a GPU keeps a node."""
    resource = {**VERSION, **({"location": case.location} if case.location else {})}
    stage = Stage(server, resource)
    stage.nodes = stage.platform.versions[VERSION_PATH] = case.nodes
    assert stage.look().least == case.least
    assert server.broken == []


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("READY", Status.IN_SERVICE),
        ("UPDATING", Status.BUSY),
        ("CREATING", Status.BUSY),
        ("DELETING", Status.BUSY),
        ("UNKNOWN", Status.BUSY),
        ("FAILED", Status.FAILED),
    ],
)
def test_a_state_is_folded_to_whether_a_change_is_accepted(
    state: str, status: Status, stage: Stage
) -> None:
    """The service's own word stays, with what went wrong last."""
    stage.nodes.state, stage.nodes.error = state, "no nodes"
    found = stage.look()
    assert (found.status, found.detail) == (status, f"{state}; no nodes")


def test_a_change_is_under_way_until_the_version_is_ready(stage: Stage) -> None:
    """A second one is not sent meanwhile."""
    assert stage.put(2, 5).kind is OutcomeKind.APPLIED
    assert stage.look().status is Status.BUSY
    outcome = stage.put(3, 6)
    assert (outcome.kind, outcome.detail) == (OutcomeKind.DEFERRED, "not sent: UPDATING")
    stage.pass_time(5 * MINUTE)
    assert stage.look() == Capacity(2, 2, ceiling=5, detail="READY", least=1)
    assert stage.masks() == [BOTH]


def test_only_what_changes_is_sent(stage: Stage) -> None:
    """The least alone is a documented mask; the same again is not sent."""
    assert stage.put(2, 4).kind is OutcomeKind.APPLIED
    stage.pass_time(5 * MINUTE)
    outcome = stage.put(2, 4)
    assert (outcome.kind, outcome.detail) == (
        OutcomeKind.APPLIED,
        "nothing sent: it is so already",
    )
    assert stage.masks() == [MIN]


def test_a_most_that_may_not_be_changed_is_asked_for_once(stage: Stage) -> None:
    """From then on it is the provider's own bound, and no ceiling that could be moved."""
    stage.platform.takes_max = False
    outcome = stage.put(1, 6)
    assert outcome.kind is OutcomeKind.FAILED
    assert "maxNodes 6 was not applied (INVALID_ARGUMENT" in outcome.detail
    found = stage.look()
    assert (found.ceiling, found.most) == (None, 4)
    assert stage.put(2, 6).kind is OutcomeKind.APPLIED
    assert stage.masks() == [MAX, MIN]


def test_a_floor_above_a_most_that_stays_is_not_sent(stage: Stage) -> None:
    """The least is never more than the most."""
    stage.platform.takes_max = False
    outcome = stage.put(6, 8)
    assert outcome.kind is OutcomeKind.FAILED
    assert "not sent: minNodes 6 would be more than maxNodes 4" in outcome.detail
    assert stage.masks() == [BOTH]


def test_a_floor_above_its_ceiling_is_that_ceiling(stage: Stage) -> None:
    """The hard maximum wins."""
    stage.put(5, 2)
    assert (stage.sent()[0].body or {})["autoScaling"] == {"minNodes": 2, "maxNodes": 2}


def test_a_host_that_does_not_answer_is_not_yet_gone(stage: Stage) -> None:
    """It is asked once a look, as one that is gone would be."""
    for kind in ("silent", "UNAVAILABLE"):
        stage.server.calls.clear()
        stage.fail("get", kind)
        assert "shut" not in stage.miss()
        assert len(stage.server.calls) == 1


def test_a_zero_is_sent_as_one_where_there_is_a_gpu(stage: Stage) -> None:
    """And the outcome says so."""
    stage.nodes.floor = 2
    outcome = stage.put(0, 4)
    assert outcome.kind is OutcomeKind.APPLIED
    assert "0 was asked for and 1 is sent" in outcome.detail
    assert stage.platform.operations[0]["wanted"] == (1, 4)


def test_a_version_that_was_changed_since_it_was_read_is_left_alone(stage: Stage) -> None:
    """Between the last look and the sending, and between the reading and the sending."""
    stage.look()
    stage.nodes.floor = 3
    assert stage.put(2, 5).kind is OutcomeKind.ABORTED
    assert stage.sent() == []
    stage.fail("patch", "ABORTED", "etag")
    outcome = stage.put(2, 5)
    assert outcome.kind is OutcomeKind.ABORTED
    assert "changed since it was read" in outcome.detail
    assert len(stage.sent()) == 1


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "lost", "empty"])
def test_a_change_that_may_have_landed_is_raised(kind: str, stage: Stage) -> None:
    """Nobody knows, so the intent stays pending; it is sent once."""
    stage.fail("patch", kind, times=99)
    with pytest.raises((CallError, UncertainError)):
        stage.put(2, 5)
    assert len(stage.sent()) == 1


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("RESOURCE_EXHAUSTED", "", OutcomeKind.THROTTLED),
        ("UNAUTHENTICATED", "", OutcomeKind.DENIED),
        ("FAILED_PRECONDITION", "Another operation is in progress", OutcomeKind.DEFERRED),
    ],
)
def test_a_refusal_is_an_outcome(
    status: str, message: str, kind: OutcomeKind, stage: Stage
) -> None:
    """As everywhere; a version that is busy is not told by its most nodes."""
    stage.fail("patch", status, message)
    assert stage.put(2, 5).kind is kind
    assert len(stage.sent()) == 1


def test_a_failed_change_is_told_by_the_version(stage: Stage) -> None:
    """The range is as it was, and the version says what went wrong."""
    stage.platform.errors = ["out of GPUs"]
    stage.put(2, 5)
    stage.pass_time(5 * MINUTE)
    found = stage.look()
    assert (found.desired, found.ceiling, found.detail) == (1, 4, "READY; out of GPUs")


def test_what_a_version_does_not_say_is_unknown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No scaling, or none that is a number."""
    answer: dict[str, Any] = {"state": "READY"}
    monkeypatch.setattr(stage.platform, "answer", lambda *_: answer)
    assert "has no scaling (READY)" in stage.miss()
    answer["manualScaling"] = {}
    assert "manualScaling has no nodes" in stage.miss()
    del answer["manualScaling"]
    answer["autoScaling"] = {"minNodes": -1, "maxNodes": 2}
    assert "minNodes is -1" in stage.miss()
    outcome = stage.put(2, 4)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail.startswith("not sent: ")
