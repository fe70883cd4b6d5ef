"""Do the edges of Google's capacity come out as they must, through the whole controller?

Each is a case of what Google's documentation says or leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Action, LimitKind, Missing, Reason, Status
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, Per, ZeroRule
from flyball.core.window import Window
from flyball.ports import OutcomeKind
from flyball.wake import WakeKind
from tests.gcp.platform import Nodes
from tests.gcp.serving import Server
from tests.gcp.stage import BETA, MODEL, PATH, VERSION, VERSION_PATH, Stage, serve
from tests.gcp.vertex import Replicas
from tests.rig import MINUTE

pytestmark = pytest.mark.enable_socket

FLOOR, CEILING = "dedicatedResources.minReplicaCount", "dedicatedResources.maxReplicaCount"
INITIAL = "dedicatedResources.initialReplicaCount"
RETIRED = "Google shut AI Platform Prediction down on 2025-01-31"
EMPTY: dict[str, Any] = {
    "low": 0,
    "metrics": (Metric("load", per=Per.TOTAL),),
    "policies": (TrackingPolicy("track", "load", 100.0),),
    "zero": ZeroRule("load", idle_after=timedelta(minutes=5)),
}
"""Fields of a target that may go to zero: it counts a load that is of all replicas together."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def of(server: Server) -> Iterator[Callable[..., Stage]]:
    """Set up a stage; nothing may break Google's contract, nor the ledger its own."""
    made: list[Stage] = []

    def make(resource: dict[str, str] = MODEL, **fields: Any) -> Stage:
        made.append(Stage(server, resource, **fields))
        return made[-1]

    yield make
    assert server.broken == []
    for stage in made:
        stage.check(pending=stage.store.status(stage.target.id).pending is not None)


def test_1_a_range_moves_in_one_post_of_exactly_the_documented_body(
    of: Callable[..., Stage],
) -> None:
    """{1,4} → {2,6} is one POST without a machineSpec; the same range again is no call."""
    stage = of(high=6)
    stage.metrics.load = 200.0
    assert stage.wake().outcome is not None
    (call,) = stage.sent()
    assert (call.name, call.version, call.path, call.query) == (
        "mutateDeployedModel",
        "v1",
        PATH,
        {},
    )
    assert call.body == {
        "deployedModel": {
            "id": "7",
            "dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 6},
        },
        "updateMask": f"{FLOOR},{CEILING}",
    }
    stage.pass_time(5 * MINUTE)
    stage.metrics.load = 100.0
    assert stage.look()[:4] == (2, 2, Status.IN_SERVICE, 6)
    assert stage.wake().decision is not None
    assert stage.last().action is Action.HOLD
    outcome = stage.put(2, 6)
    assert (outcome.kind, outcome.detail) == (
        OutcomeKind.APPLIED,
        "nothing sent: it is so already",
    )
    assert len(stage.sent()) == 1


def test_2_a_ceiling_alone_is_in_the_mask_alone(of: Callable[..., Stage]) -> None:
    """{1,4} → {1,6}."""
    stage = of(high=6)
    wake = stage.wake()
    assert stage.last().reason is Reason.CEILING_MOVED
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.APPLIED
    assert stage.masks() == [CEILING]
    stage.pass_time(5 * MINUTE)
    assert stage.look()[:4] == (1, 1, Status.IN_SERVICE, 6)


def test_3_a_zero_is_one_on_v1_and_the_reason_is_recorded(of: Callable[..., Stage]) -> None:
    """v1 takes no minimum of 0; who asks for one all the same is told what was sent."""
    stage = of(**EMPTY)
    stage.metrics.load = 0.0
    for _ in range(10):
        stage.wake()
        stage.pass_time(MINUTE)
    assert stage.sent() == []
    decision = stage.last()
    assert (decision.desired, decision.reason) == (1, Reason.PROVIDER_MIN)
    assert decision.limits[-1].kind is LimitKind.PROVIDER
    stage.model.floor = 2
    stage.look()
    outcome = stage.put(0, 4)
    assert outcome.kind is OutcomeKind.APPLIED
    assert "0 was asked for and 1 is sent: scale to zero needs" in outcome.detail
    assert (stage.sent()[0].body or {})["deployedModel"]["dedicatedResources"] == {
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
    }


def test_3_a_zero_is_a_zero_on_v1beta1_with_an_initial_count(of: Callable[..., Stage]) -> None:
    """A deployed model with dedicated resources, alone on its endpoint, goes to zero."""
    stage = of(BETA, **EMPTY)
    stage.metrics.load = 0.0
    for _ in range(7):
        stage.wake()
        stage.pass_time(MINUTE)
    (call,) = stage.sent()
    assert call.version == "v1beta1"
    assert call.body == {
        "deployedModel": {
            "id": "7",
            "dedicatedResources": {
                "minReplicaCount": 0,
                "maxReplicaCount": 4,
                "initialReplicaCount": 1,
            },
        },
        "updateMask": f"{FLOOR},{INITIAL}",
    }
    assert stage.outcomes() == [OutcomeKind.APPLIED]


def test_3_two_models_on_an_endpoint_keep_a_replica_each(of: Callable[..., Stage]) -> None:
    """Only where it is alone may a model go to zero."""
    stage = of(BETA, **EMPTY)
    stage.vertex.endpoints[PATH].append(Replicas(1, 1, id="8"))
    assert stage.look().least == 1
    stage.model.floor = 2
    stage.look()
    assert "an endpoint with one model" in stage.put(0, 4).detail


def test_4_a_floor_above_the_hard_maximum_is_that_maximum(of: Callable[..., Stage]) -> None:
    """Policies want 5, hard maximum 4: {4,4}, both in one request, never upside down."""
    stage = of(high=4, hard_max_capacity=4)
    stage.model.ceiling = 3
    stage.metrics.load = 500.0
    stage.wake()
    (call,) = stage.sent()
    counts = (call.body or {})["deployedModel"]["dedicatedResources"]
    assert counts == {"minReplicaCount": 4, "maxReplicaCount": 4}
    assert stage.masks() == [f"{FLOOR},{CEILING}"]
    stage.pass_time(5 * MINUTE)
    assert stage.put(5, 2).kind is OutcomeKind.APPLIED
    counts = (stage.sent()[1].body or {})["deployedModel"]["dedicatedResources"]
    assert counts == {"minReplicaCount": 2, "maxReplicaCount": 2}


def test_5_a_change_under_way_lets_no_second_one_through(of: Callable[..., Stage]) -> None:
    """It is deferred and no error; the next tick tries again."""
    stage = of()
    stage.metrics.load = 200.0
    stage.wake()
    stage.pass_time(MINUTE)
    stage.metrics.load = 400.0
    wake = stage.wake()
    assert (wake.kind, stage.last().action) == (WakeKind.DECIDED, Action.DEFER)
    assert stage.last().reason is Reason.BUSY
    assert stage.wake_in() == 60
    outcome = stage.put(4, 4)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert outcome.detail.startswith("not sent: operation 1000 is running")
    assert len(stage.sent()) == 1
    stage.pass_time(5 * MINUTE)
    stage.wake()
    assert len(stage.sent()) == 2


def test_5_one_who_comes_between_the_look_and_the_change_is_deferred_to(
    of: Callable[..., Stage],
) -> None:
    """The operations are asked for again right before."""
    stage = of()
    stage.metrics.load = 200.0

    def meddle(step: str) -> None:
        if step == "apply":
            stage.vertex._change(PATH, "v1", stage.model, {"minReplicaCount": 3}, FLOOR)

    stage.on_step = meddle
    wake = stage.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.DEFERRED
    assert stage.sent() == []
    assert stage.wake_in() == 60


def test_6_an_operation_that_failed_at_once_is_failed_and_starts_no_cooldown(
    of: Callable[..., Stage],
) -> None:
    """`done` with error code 8 is no success: what was last applied stays what it was."""
    stage = of()
    stage.vertex.at_once = True
    stage.vertex.errors = [{"code": 8, "message": "The operation failed."}]
    stage.metrics.load = 200.0
    wake = stage.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.FAILED
    assert "operation 1000 failed: RESOURCE_EXHAUSTED" in wake.outcome.detail
    history = stage.history()
    assert (history.desired, history.changes) == (1, ())


@pytest.mark.parametrize("shows", ["end", "start"])
def test_6_an_operation_that_failed_later_starts_no_cooldown(
    shows: str, of: Callable[..., Stage]
) -> None:
    """The next look finds its error and the old range: the change is dropped as rolled back."""
    stage = of()
    stage.vertex.shows = shows
    stage.vertex.errors = [{"code": 8, "message": "Quota exceeded."}]
    stage.metrics.load = 200.0
    stage.wake()
    assert stage.outcomes() == [OutcomeKind.APPLIED]
    stage.pass_time(2 * MINUTE)
    stage.wake()
    assert stage.last().action is Action.DEFER or stage.last().reason is Reason.ALREADY_DESIRED
    stage.pass_time(4 * MINUTE)
    stage.metrics.load = 100.0
    stage.wake()
    record = stage.records()[-1]
    assert [each.notice.value for each in record.noticed] == ["rolled_back"]
    capacity = record.observation.capacity
    assert not isinstance(capacity, Missing)
    assert capacity.detail == "operation 1000 failed: RESOURCE_EXHAUSTED: Quota exceeded."
    history = stage.history()
    assert (history.desired, history.changes) == (1, ())


@pytest.mark.parametrize("shows", ["end", "start"])
def test_10_a_503_or_a_lost_answer_leaves_the_intent_pending(
    shows: str, of: Callable[..., Stage]
) -> None:
    """What became of it is read from the service, and it is neither sent twice nor lost."""
    stage = of()
    stage.vertex.shows = shows
    stage.fail("mutateDeployedModel", "lost", times=1)
    stage.metrics.load = 200.0
    assert stage.wake().kind is WakeKind.UNRESOLVED
    stage.metrics.load = 100.0
    for _ in range(8):
        stage.pass_time(MINUTE)
        stage.wake()
    assert stage.outcomes() == [OutcomeKind.LANDED]
    assert stage.rows("foreign") == []
    assert (stage.model.floor, len(stage.vertex.operations[PATH])) == (2, 1)


def test_12_a_gpu_version_moves_with_its_etag(of: Callable[..., Stage]) -> None:
    """{1,4} → {2,5}: the mask that gcloud sends, and the etag of what was decided on."""
    stage = of(VERSION, high=5)
    stage.metrics.load = 200.0
    stage.wake()
    (call,) = stage.sent()
    assert call.query == {"updateMask": "autoScaling.maxNodes,autoScaling.minNodes"}
    assert call.body == {"etag": "dGFnLTE=", "autoScaling": {"minNodes": 2, "maxNodes": 5}}
    assert stage.outcomes() == [OutcomeKind.APPLIED]


def test_12_a_400_is_sent_again_with_the_least_nodes_only(of: Callable[..., Stage]) -> None:
    """The outcome says that maxNodes was not applied; it is not asked for again and again."""
    stage = of(VERSION, high=5)
    stage.platform.takes_max = False
    stage.metrics.load = 200.0
    wake = stage.wake()
    assert stage.masks() == ["autoScaling.maxNodes,autoScaling.minNodes", "autoScaling.minNodes"]
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.APPLIED
    assert "maxNodes 5 was not applied (INVALID_ARGUMENT" in wake.outcome.detail
    stage.metrics.load = 100.0
    for _ in range(20):
        stage.pass_time(MINUTE)
        stage.wake()
    assert (stage.nodes.floor, stage.nodes.ceiling, len(stage.sent())) == (2, 4, 2)


def test_12_a_version_scaled_by_hand_has_its_nodes_alone_in_the_mask(
    of: Callable[..., Stage],
) -> None:
    """manualScaling.nodes, and never autoScaling beside it."""
    stage = of(VERSION)
    stage.platform.versions[VERSION_PATH] = Nodes(1, None)
    stage.metrics.load = 200.0
    stage.wake()
    (call,) = stage.sent()
    assert call.query == {"updateMask": "manualScaling.nodes"}
    assert call.body == {"etag": "dGFnLTE=", "manualScaling": {"nodes": 2}}
    stage.pass_time(5 * MINUTE)
    stage.metrics.load = 100.0
    stage.wake()
    assert stage.last().action is Action.HOLD
    assert len(stage.sent()) == 1


@pytest.mark.parametrize("status", ["PERMISSION_DENIED", "NOT_FOUND", ""])
def test_12_a_service_that_is_gone_is_unavailable_with_its_retirement_named(
    status: str, of: Callable[..., Stage]
) -> None:
    """Host gone, 403 or 404: one call a look, no retry, nothing sent, and the remedy is said."""
    stage = of(VERSION)
    if status:
        stage.fail("get", status, times=99)
    else:
        stage.control._session = stage.connect(ml="http://127.0.0.1:1")
    stage.metrics.load = 200.0
    wake = stage.wake()
    assert wake.decision is not None
    assert wake.decision.reason is Reason.CAPACITY_UNKNOWN
    told = stage.miss()
    assert f"unavailable: {RETIRED}" in told
    assert "deploy the model on Vertex AI" in told
    outcome = stage.put(2, 4)
    assert outcome.kind is OutcomeKind.DENIED
    assert f"unavailable: {RETIRED}" in outcome.detail
    assert stage.sent() == []
    assert len(stage.server.calls) == (3 if status else 0)


def test_12_a_service_that_goes_right_before_a_change_is_unavailable(
    of: Callable[..., Stage],
) -> None:
    """Only a human can mend it: the next look is a heartbeat away."""
    stage = of(VERSION)
    stage.fail("patch", "NOT_FOUND")
    stage.metrics.load = 200.0
    wake = stage.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.DENIED
    assert f"unavailable: {RETIRED}" in wake.outcome.detail
    assert stage.wake_in() == stage.target.heartbeat.total_seconds()


def test_a_window_raises_the_floor_and_leaves_the_ceiling(of: Callable[..., Stage]) -> None:
    """What the calendar demands is forced by the floor; the service picks above it."""
    window = Window("day", start="cron(0 0 * * ? *)", duration=timedelta(days=1), floor=3)
    stage = of(windows=(window,))
    stage.wake()
    counts = (stage.sent()[0].body or {})["deployedModel"]["dedicatedResources"]
    assert counts == {"minReplicaCount": 3, "maxReplicaCount": 4}
    assert stage.masks() == [FLOOR]
