"""Is what Vertex AI says of a range read as it is, and is what it refuses an outcome?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Capacity, Deployed, Status
from flyball.core.target import CapacityKind
from flyball.ports import OutcomeKind, Underway
from tests.gcp.serving import Server
from tests.gcp.stage import BETA, MODEL, PATH, POOL, POOL_PATH, Stage, serve
from tests.gcp.vertex import Replicas
from tests.rig import MINUTE, make_target

pytestmark = pytest.mark.enable_socket

FLOOR, CEILING = "dedicatedResources.minReplicaCount", "dedicatedResources.maxReplicaCount"
INITIAL = "dedicatedResources.initialReplicaCount"
SEVEN = Deployed("7", "model m7")
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


@pytest.fixture
def of(server: Server) -> Iterator[Callable[[dict[str, str]], Stage]]:
    """Set up a stage for a resource of the test's own choice."""
    yield lambda resource: Stage(server, resource)
    assert server.broken == []


def test_a_look_reads_the_range_and_what_is_in_service_inside_it(stage: Stage) -> None:
    """The floor is desired, the upper end the ceiling, and the service's choice is ready."""
    stage.model.ready = 3
    assert stage.look() == Capacity(1, 3, Status.IN_SERVICE, ceiling=4, least=1, deployed=SEVEN)
    assert [call.name for call in stage.server.calls] == ["get", "list", "list"]
    asked = stage.server.calls[-1].query["filter"]
    assert "prediction/online/target_replicas" in asked  # more than the floor: whose choice?


def test_a_pool_counts_its_replicas_by_the_metric(of: Callable[..., Stage]) -> None:
    """A pool has no status: Cloud Monitoring tells what is in service, Spot and other together."""
    stage = of(POOL)
    stage.pool.samples = {"True": 2, "False": 1}
    assert stage.look() == Capacity(1, 3, Status.IN_SERVICE, ceiling=4, least=1)


def test_the_metric_counts_where_a_model_has_no_status(stage: Stage) -> None:
    """An older API tells no status; the metric does, two minutes late."""
    stage.model.tells, stage.model.ready = False, 2
    assert stage.look().ready == 2
    stage.metric.age = timedelta(minutes=6)
    assert "no point of the last 5 minutes" in stage.miss()
    stage.fail("list", "UNAVAILABLE", times=99)
    assert "not known" in stage.miss()


def test_a_status_without_a_count_is_no_zero_where_replicas_are_to_be(stage: Stage) -> None:
    """Google leaves zeros out, and what it has not filled in: the metric tells which it is."""
    stage.model.ready, stage.model.samples = 0, {"False": 2}
    assert stage.look().ready == 2
    stage.model.samples = {"False": 0}
    assert stage.look().ready == 0
    stage.model.samples = {}
    assert "not known" in stage.miss()


def test_a_pin_says_by_itself_what_is_in_service(of: Callable[..., Stage]) -> None:
    """Where the least is the most, and nothing is under way, no metric is asked."""
    stage = of(POOL)
    stage.pool.floor = stage.pool.ceiling = 3
    assert stage.look().ready == 3
    stage.pool.samples = {}
    stage.put(4, 4)
    assert "not known" in stage.miss()


def test_a_range_whose_replicas_nobody_tells_is_unknown_and_never_its_floor(stage: Stage) -> None:
    """Fewer instances than serve, taken for all, would scale in a busy model."""
    stage.model.tells, stage.model.samples = False, {}
    assert "how many replicas are in service is not known" in stage.miss()


@dataclass(frozen=True)
class Unread:
    """A resource that cannot be scaled, and what is said of it."""

    id: str
    told: str
    models: tuple[Replicas, ...] = ()
    resource: dict[str, str] = field(default_factory=lambda: MODEL)


ONE, TWO = Replicas(1, 4, id="7"), Replicas(1, 4, id="8")
NO_ID = {key: value for key, value in MODEL.items() if key != "deployed_model"}
UNREAD = (
    Unread("no such model", "the endpoint has 8 (models get new ids", (TWO,)),
    Unread("no model at all", "the endpoint has none", ()),
    Unread("two and none named", "7, 8 have 0 % of the traffic each: name", (ONE, TWO), NO_ID),
    Unread(
        "automatic",
        "deploy it with dedicated ones",
        (Replicas(1, 4, id="7", kind="automaticResources"),),
    ),
    Unread(
        "in a pool",
        "name deployment_resource_pool: shared",
        (Replicas(1, 4, id="7", kind="sharedResources"),),
    ),
    Unread("no endpoint", "NOT_FOUND", (ONE,), {**MODEL, "endpoint": "9"}),
    Unread("a full name", "give the id alone", (ONE,), {**MODEL, "endpoint": PATH}),
)


@pytest.mark.parametrize("case", UNREAD, ids=lambda case: case.id)
def test_what_has_no_range_of_its_own_says_what_to_do(
    case: Unread, of: Callable[..., Stage]
) -> None:
    """Neither is a number made up, nor a change sent."""
    stage = of(case.resource)
    stage.vertex.endpoints[PATH] = list(case.models)
    assert case.told in stage.miss()
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.FAILED
    assert case.told in outcome.detail
    assert stage.sent() == []


def test_the_only_model_of_an_endpoint_need_not_be_named(of: Callable[..., Stage]) -> None:
    """A model gets a new id whenever it is deployed again."""
    stage = of(NO_ID)
    assert stage.look().ceiling == 4
    assert stage.put(2, 4).kind is OutcomeKind.APPLIED
    assert (stage.sent()[0].body or {})["deployedModel"]["id"] == "7"


def test_a_pool_is_patched_with_its_mask_in_the_url(of: Callable[..., Stage]) -> None:
    """A model in a pool is scaled by its pool."""
    stage = of(POOL)
    assert stage.put(2, 6).kind is OutcomeKind.APPLIED
    (call,) = stage.sent()
    assert (call.name, call.version, call.path) == ("patch", "v1", POOL_PATH)
    assert call.query == {"updateMask": f"{FLOOR},{CEILING}"}
    assert call.body == {"dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 6}}
    assert stage.look().status is Status.BUSY
    stage.pass_time(5 * MINUTE)
    assert stage.look() == Capacity(2, 2, ceiling=6, least=1)


def test_a_change_runs_until_its_operation_is_done(stage: Stage) -> None:
    """Whoever looks, in whichever program, finds the operation at the service itself."""
    outcome = stage.put(2, 6)
    assert (outcome.kind, outcome.detail) == (OutcomeKind.APPLIED, "operation 1000 has it")
    found = stage.look()
    assert (found.desired, found.status) == (1, Status.BUSY)
    assert found.detail == "operation 1000 is running since 2026-11-21T12:00:00+00:00"
    stage.pass_time(5 * MINUTE)
    assert stage.look() == Capacity(2, 2, Status.IN_SERVICE, ceiling=6, least=1, deployed=SEVEN)


def test_a_change_that_fails_later_is_told_for_an_hour(stage: Stage) -> None:
    """The range is as it was; what the service said is in the row of every look."""
    stage.vertex.errors = [{"code": 8, "message": STOCKOUT}]
    stage.vertex.shows = "start"
    stage.put(3, 6)
    stage.pass_time(5 * MINUTE)
    found = stage.look()
    bare = found._replace(detail="", operation=None)
    assert bare == Capacity(1, 1, Status.IN_SERVICE, ceiling=4, least=1, deployed=SEVEN)
    assert found.detail == f"operation 1000 failed: RESOURCE_EXHAUSTED: {STOCKOUT}"
    stage.pass_time(61 * MINUTE)
    assert stage.look().detail == ""


def test_machines_that_never_came_are_a_shortage(stage: Stage) -> None:
    """Where the new range stands although its change failed, the provider lacks machines."""
    stage.vertex.errors = [{"code": 8, "message": STOCKOUT}]
    stage.put(3, 6)
    stage.pass_time(5 * MINUTE)
    stage.model.floor, stage.model.ceiling = 3, 6
    assert stage.look().short
    stage.model.ready = 3
    assert not stage.look().short


def test_a_most_that_is_not_told_is_the_least(of: Callable[..., Stage]) -> None:
    """Source: DedicatedResources, "maxReplicaCount"."""
    stage = of(POOL)
    stage.pool.floor, stage.pool.ceiling = 2, 0
    assert stage.look() == Capacity(2, 2, ceiling=2, least=1)


def test_two_targets_on_one_endpoint_share_a_look(stage: Stage) -> None:
    """Read ahead, an endpoint is fetched once for all its models."""
    stage.vertex.endpoints[PATH].append(Replicas(2, 5, id="8"))
    other = make_target("other", home="gcp", resource={**MODEL, "deployed_model": "8"})
    strange = make_target("strange", home="gcp", resource={"endpoint": "x"})
    stage.control.prefetch([stage.target, other, strange], stage.clock.at)
    assert [call.name for call in stage.server.calls] == ["get", "list"]
    assert stage.look().desired == 1
    found = stage.control.describe(other, stage.clock.at)
    assert isinstance(found, Capacity)
    assert (found.desired, found.ceiling) == (2, 5)
    assert len(stage.server.calls) == 2
    stage.put(2, 4)
    ours = Underway(stage.clock.at, 2, 4, "operation 1000")
    assert stage.look(ours).status is Status.BUSY  # what was read ahead is of before
    stage.pass_time(5 * MINUTE)
    stage.control.prefetch([stage.target, other], stage.clock.at)
    stage.server.calls.clear()
    stage.look()
    assert stage.server.calls == []
    stage.pass_time(MINUTE)
    stage.look()
    assert len(stage.server.calls) == 2
    stage.fail("get", "UNAVAILABLE", times=99)
    stage.control.prefetch([stage.target, other], stage.clock.at)
    assert "UNAVAILABLE" in stage.miss()


def test_a_range_that_somebody_changed_meanwhile_is_left_alone(stage: Stage) -> None:
    """What was decided on is no longer so: nothing is sent, and the next look finds it."""
    stage.look()
    stage.model.ceiling = 9
    outcome = stage.put(2, 6)
    assert outcome.kind is OutcomeKind.ABORTED
    assert outcome.detail == "not sent: decided on a range of 1–4, and by now it is 1–9"
    assert stage.sent() == []
    stage.look()
    assert stage.put(2, 6).kind is OutcomeKind.APPLIED


def test_back_from_zero_the_initial_count_is_cleared(of: Callable[..., Stage]) -> None:
    """It goes with a minimum of 0 alone."""
    stage = of(BETA)
    stage.model.floor, stage.model.initial, stage.model.ready = 0, 2, 0
    assert stage.look() == Capacity(0, 0, Status.IN_SERVICE, ceiling=4, least=0, deployed=SEVEN)
    assert stage.put(1, 4).kind is OutcomeKind.APPLIED
    assert stage.masks() == [f"{FLOOR},{INITIAL}"]
    stage.pass_time(5 * MINUTE)
    assert (stage.model.floor, stage.model.initial) == (1, 0)


def test_a_target_of_one_number_says_that_the_service_may_pick_more(server: Server) -> None:
    """A pin is made with the first change; until then the range is told."""
    stage = Stage(server, capacity_kind=CapacityKind.COUNT)
    assert "the service may pick up to 4" in stage.look().detail
    stage.put(2, 2)
    stage.pass_time(5 * MINUTE)
    assert stage.look() == Capacity(2, 2, ceiling=2, least=1, deployed=SEVEN)
    assert server.broken == []


def test_an_answer_that_is_no_answer_is_unknown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a count in words nor resources of an unknown kind become a number."""
    endpoint: dict[str, Any] = {"deployedModels": [{"id": "7"}]}
    monkeypatch.setattr(stage.session, "call", lambda *_, **__: endpoint)
    assert "the answer has no dedicatedResources" in stage.miss()
    endpoint["deployedModels"][0]["dedicatedResources"] = {"minReplicaCount": "many"}
    assert "minReplicaCount is 'many'" in stage.miss()
    monkeypatch.setattr(stage.session, "call", lambda *_, **__: 1 / 0)
    assert stage.miss() == "ZeroDivisionError: division by zero"
