"""Is it known of Vertex AI's operations which of them keeps a range from being changed?

And that nothing runs is never concluded from a list that could not be read, or is not whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from flyball.core.model import Capacity, CapacityRange, Operation, Status
from flyball.core.remember import Notice
from flyball.ports import OutcomeKind, Underway
from tests.gcp.serving import Server
from tests.gcp.stage import MODEL, PATH, Stage, serve
from tests.gcp.vertex import T0, Replicas
from tests.rig import MINUTE, make_target

pytestmark = pytest.mark.enable_socket

STOCKOUT = "Machine type temporarily unavailable, please deploy with a different machine type."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def of(server: Server) -> Iterator[Callable[..., Stage]]:
    """Set up a stage; nothing may break Google's contract."""
    yield lambda *resource, **fields: Stage(server, *resource, **fields)
    assert server.broken == []


@pytest.fixture
def stage(of: Callable[..., Stage]) -> Stage:
    """Set up a deployed model with {1, 4}."""
    return of()


def fill(stage: Stage, count: int) -> None:
    """Let a change run, before which and after which others were done."""
    stage.put(2, 6)
    (running,) = stage.vertex.operations[PATH]
    for index in range(count):
        name = f"{PATH}/operations/{2000 + index}"
        place = 0 if index % 2 else len(stage.vertex.operations[PATH])
        stage.vertex.operations[PATH].insert(place, replace(running, name=name, done=True))
    stage.server.calls.clear()


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_list_of_many_pages_is_asked_once_more_for_what_is_not_done(
    stage: Stage, *, newest_first: bool
) -> None:
    """A change that runs is found wherever it stands, and 700 old ones cost one call more."""
    fill(stage, 700)
    stage.vertex.newest_first = newest_first
    assert stage.look().status is Status.BUSY
    asked = [call.query.get("filter") for call in stage.server.made("list")]
    assert asked == [None, "done=false"]


def test_a_list_that_is_cut_is_no_proof_that_nothing_runs(stage: Stage) -> None:
    """A change of ours is then asked for by its name; nobody's keeps nothing from being sent."""
    fill(stage, 700)
    stage.vertex.filters = False
    found = stage.look()
    assert found.status is Status.IN_SERVICE
    assert "whether others run is not known" in found.detail
    ours = Underway(stage.clock.at, 2, 6, "operation 1000")
    stage.server.calls.clear()
    assert stage.look(ours).status is Status.BUSY
    assert [call.name for call in stage.server.calls] == ["get", "list", "list", "get"]
    assert stage.look(ours._replace(operation="")).status is Status.BUSY
    stage.pass_time(5 * MINUTE)
    assert stage.look(ours).status is Status.IN_SERVICE


@pytest.mark.parametrize("how", ["UNAVAILABLE", "PERMISSION_DENIED"])
def test_while_a_change_of_ours_is_not_known_to_be_done_it_runs(stage: Stage, how: str) -> None:
    """An hour long, where nothing of it can be known; that its range shows is enough."""
    stage.put(2, 6)
    since = stage.clock.at
    for name in ("operation 1000", ""):
        stage.fail("list", how, times=99)
        stage.fail("operations.get", how, times=99)
        ours = Underway(since, 2, 6, name)
        found = stage.look(ours)
        assert found.status is Status.BUSY
        assert "is not known" in found.detail
        assert "what we asked for may be under way" in found.detail
        found = stage.look(Underway(since - 60 * MINUTE, 2, 6, name))
        assert found.status is Status.IN_SERVICE
        stage.server.faults.clear()
    stage.pass_time(5 * MINUTE)
    stage.fail("list", how, times=99)
    assert stage.look(Underway(since, 2, 6)).status is Status.IN_SERVICE


def test_a_change_is_known_by_its_name_where_the_list_is_not_there(stage: Stage) -> None:
    """That it runs, that it failed, or that it is gone."""
    stage.vertex.errors = [{"code": 8, "message": STOCKOUT}]
    stage.put(2, 6)
    ours = Underway(stage.clock.at, 2, 6, "operation 1000")
    stage.fail("list", "UNAVAILABLE", times=999)
    found = stage.look(ours)
    assert (found.status, found.operation) == (Status.BUSY, Operation("operation 1000", T0))
    stage.pass_time(5 * MINUTE)
    found = stage.look(ours)
    assert found.status is Status.IN_SERVICE
    assert "operation 1000 failed: RESOURCE_EXHAUSTED" in found.detail
    assert stage.look(ours._replace(operation="operation 7")).status is Status.IN_SERVICE


def test_a_list_without_our_change_is_no_proof_that_it_is_gone(stage: Stage) -> None:
    """Lists lag behind: it is asked for by its name, and runs until that says otherwise."""
    stage.put(2, 6)
    ours = Underway(stage.clock.at, 2, 6, "operation 1000")
    stage.fail("list", "empty")
    found = stage.look(ours)
    assert (found.status, found.operation) == (Status.BUSY, Operation("operation 1000", T0))
    stage.fail("list", "empty")
    stage.fail("operations.get", "UNAVAILABLE", times=99)
    found = stage.look(ours)
    assert found.status is Status.BUSY
    assert found.detail.startswith("what we asked for may be under way")
    stage.server.faults.clear()
    stage.vertex.operations[PATH].clear()
    assert stage.look(ours).status is Status.IN_SERVICE


def test_the_newest_change_alone_tells_whether_it_failed(stage: Stage) -> None:
    """One that succeeded since makes an earlier failure of no account."""
    stage.vertex.errors = [{"code": 8, "message": STOCKOUT}]
    for ceiling in (5, 6):
        stage.put(1, ceiling)
        stage.pass_time(5 * MINUTE)
    assert stage.look().detail == ""


@pytest.mark.parametrize("kind", ["DeployModel", "UndeployModel"])
def test_while_models_come_or_go_no_range_is_changed(stage: Stage, kind: str) -> None:
    """On the same endpoint; the service takes no change meanwhile."""
    stage.vertex.endpoints[PATH].append(Replicas(1, 2, id="8"))
    stage.put(1, 5)
    stage.vertex.operations[PATH][0].kind = kind
    assert stage.look().status is Status.BUSY
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert outcome.detail.startswith("not sent: operation 1000 is running")


def test_what_changes_no_range_is_no_change(stage: Stage) -> None:
    """An endpoint that gets another title is no busy one."""
    stage.put(1, 5)
    stage.vertex.operations[PATH][0].kind = "UpdateExplanationDataset"
    assert stage.look().status is Status.IN_SERVICE


def test_a_list_that_is_denied_blinds_no_look(stage: Stage) -> None:
    """The service itself takes one change at a time; what is missing is said."""
    stage.fail("list", "PERMISSION_DENIED", "aiplatform.operations.list denied", times=9)
    found = stage.look()
    assert found.status is Status.IN_SERVICE
    assert "whether a change is under way is not known (PERMISSION_DENIED" in found.detail
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.APPLIED
    assert "not known" in outcome.detail


def test_a_change_of_another_model_keeps_nobody_waiting(stage: Stage) -> None:
    """One at a time is taken of each deployed model; whose it is its name tells, if it is ours."""
    stage.vertex.endpoints[PATH].append(Replicas(1, 2, id="8"))
    other = make_target("other", home="gcp", resource={**MODEL, "deployed_model": "8"})
    taken = stage.control.apply(other, CapacityRange(2, 4), stage.clock.at)
    assert taken.operation == "operation 1000"
    found = stage.look()
    assert (found.status, found.operation) == (Status.IN_SERVICE, None)
    assert found.detail == "operation 1000 is running, of this model or another"
    assert stage.put(2, 6).kind is OutcomeKind.APPLIED
    for name, whose in (("operation 1000", other), ("operation 1001", stage.target)):
        ours = Underway(stage.clock.at, 2, None, name)
        seen = stage.control.describe(whose, stage.clock.at, ours)
        assert isinstance(seen, Capacity)
        assert (seen.status, seen.operation) == (Status.BUSY, Operation(name, T0))
    assert stage.look(Underway(stage.clock.at, 2)).status is Status.BUSY  # any of them may be it


def test_a_second_change_of_the_same_model_is_refused_by_the_service(stage: Stage) -> None:
    """Where it cannot be told that it is the same, that is deferred and no failure."""
    stage.vertex.endpoints[PATH].append(Replicas(1, 2, id="8"))
    stage.put(2, 4)
    outcome = stage.put(3, 4)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert outcome.detail.startswith("FAILED_PRECONDITION: There is an ongoing operation")


def scale_out(stage: Stage) -> None:
    """Ask for two, and lose sight of the operations, which take twelve minutes."""
    stage.vertex.takes = 12 * MINUTE
    stage.metrics.load = 200.0
    stage.wake()
    assert stage.outcomes() == [OutcomeKind.APPLIED]


def go_on(stage: Stage, minutes: int, load: float = 200.0) -> list[Notice]:
    """Look once a minute, at a load until the floor is up, and say what was noticed."""
    before = len(stage.records())
    for _ in range(minutes):
        stage.pass_time(MINUTE)
        stage.metrics.load = load if stage.model.floor == 1 else 100.0
        stage.wake()
    return [each.notice for record in stage.records()[before:] for each in record.noticed]


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "PERMISSION_DENIED"])
@pytest.mark.parametrize("name", ["list", "operations"])
@pytest.mark.parametrize("looks", [1, 13])
def test_a_list_that_cannot_be_read_sends_no_second_change(
    of: Callable[..., Stage], kind: str, name: str, looks: int
) -> None:
    """Once or always, and whether or not the one operation can be: ours lands, and is nobody's."""
    stage = of()
    scale_out(stage)
    stage.pass_time(MINUTE)
    stage.fail("operations.list", kind, times=9_999)
    if name == "operations":
        stage.fail("operations.get", kind, times=9_999)
    noticed = go_on(stage, looks)
    stage.server.faults.clear()
    noticed += go_on(stage, 14 - looks)
    assert len(stage.sent()) == 1
    assert set(noticed) <= {Notice.COMPLETED}
    assert stage.rows("foreign") == []
    assert stage.model.floor == 2
    stage.check()


def test_a_change_of_the_ceiling_alone_is_followed_likewise(of: Callable[..., Stage]) -> None:
    """It is not told as gone back while nobody knows."""
    stage = of(high=6)
    stage.vertex.takes = 12 * MINUTE
    stage.wake()
    stage.fail("operations", "UNAVAILABLE", times=9_999)
    stage.fail("operations.list", "UNAVAILABLE", times=9_999)
    stage.fail("operations.get", "UNAVAILABLE", times=9_999)
    assert go_on(stage, 13, 100.0) == []
    assert (len(stage.sent()), stage.model.ceiling) == (1, 6)


def test_an_intent_whose_answer_was_lost_is_not_sent_again_without_a_list(
    of: Callable[..., Stage],
) -> None:
    """Not one that lands; nor is it taken for somebody else's."""
    stage = of()
    stage.vertex.takes = 12 * MINUTE
    stage.fail("mutateDeployedModel", "lost", times=1)
    stage.metrics.load = 200.0
    stage.wake()
    stage.fail("operations.list", "UNAVAILABLE", times=9_999)
    sent = len(stage.sent())
    assert go_on(stage, 14) == [Notice.COMPLETED]
    assert (stage.outcomes(), len(stage.sent())) == ([OutcomeKind.LANDED], sent)
    assert stage.rows("foreign") == []


def test_two_models_of_an_endpoint_scale_side_by_side(of: Callable[..., Stage]) -> None:
    """The change of one takes forty minutes; the other's load is now."""
    stage = of()
    stage.vertex.takes = 40 * MINUTE
    other = Replicas(1, 4, id="8")
    stage.vertex.endpoints[PATH].append(other)
    stage.vertex._change(
        PATH, "v1", other, {"minReplicaCount": 3}, "dedicatedResources.minReplicaCount"
    )
    stage.metrics.load = 200.0
    stage.wake()
    assert [(call.body or {})["deployedModel"]["id"] for call in stage.sent()] == ["7"]
    assert stage.outcomes() == [OutcomeKind.APPLIED]
