"""Do Google's edge cases of ranges and of numbers come out right through the real entry points?

Cases 1 to 8 of twelve: each in by a message or by a tick, and out as a call of Vertex AI's. The
others are in test_edges_calls.py and test_edges_platform.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Action, LimitKind, Reason
from flyball.ports import OutcomeKind
from tests.gcp.entry import ON_VERTEX, PATH, Entry, target, track
from tests.gcp.monitoring import Value
from tests.gcp.vertex import Replicas
from tests.rig import MINUTE, SECOND, T0

pytestmark = pytest.mark.enable_socket

FLOOR, CEILING = "dedicatedResources.minReplicaCount", "dedicatedResources.maxReplicaCount"
INITIAL = "dedicatedResources.initialReplicaCount"
OPERATION = timedelta(minutes=5)
AT_ONCE = {"scale_in": {"stabilization_window": "0s"}}
BUSY = "There is an ongoing operation on deployed model 7."

Enter = Callable[..., Entry]


def counts(entry: Entry) -> Any:
    """Give the counts of the one change that was asked for."""
    return (entry.only().body or {})["deployedModel"]["dedicatedResources"]


def mask(entry: Entry) -> str:
    """Give the mask of the one change that was asked for."""
    return str((entry.only().body or {})["updateMask"])


# --- 1, 2: which request -------------------------------------------------------------


def test_google_01_a_range_moves_in_one_post_of_exactly_the_documented_body(enter: Enter) -> None:
    """{1,4} → {2,6}: the body, whole; no machineSpec, and no query."""
    entry = enter()
    entry.register(target())
    entry.load(0.95)
    assert entry.open() == 200
    call = entry.only()
    assert (call.name, call.version, call.path) == ("mutateDeployedModel", "v1", PATH)
    assert call.query == {}
    assert call.body == {
        "deployedModel": {
            "id": "7",
            "dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 6},
        },
        "updateMask": f"{FLOOR},{CEILING}",
    }
    assert [each.kind for each in entry.outcomes()] == [OutcomeKind.APPLIED]


def test_google_01_the_same_range_again_is_no_call(enter: Enter) -> None:
    """Neither at the next incident nor at a tick, once {2,6} is there."""
    entry = enter()
    entry.register(target())
    entry.load(0.95)
    entry.open()
    entry.pass_time(OPERATION)
    assert (entry.model.floor, entry.model.ceiling) == (2, 6)
    entry.load(0.6)
    assert entry.open("0.b") == 200
    assert entry.last().action is Action.HOLD
    for _ in range(6):
        entry.pass_time(MINUTE)
        entry.load(0.6)
        entry.tick()
    assert len(entry.sent()) == 1


def test_google_02_a_ceiling_alone_has_a_mask_of_its_own(enter: Enter) -> None:
    """{1,4} → {1,6}: dedicatedResources.maxReplicaCount and nothing else; by a tick."""
    entry = enter()
    entry.register(target())
    entry.load(0.6)
    assert entry.tick()["handled"] == 1
    assert (mask(entry), counts(entry)["maxReplicaCount"]) == (CEILING, 6)
    assert entry.last().reason is Reason.CEILING_MOVED
    entry.pass_time(OPERATION)
    assert (entry.model.floor, entry.model.ceiling) == (1, 6)


# --- 3: zero -------------------------------------------------------------------------

IDLE = {
    "min_capacity": 0,
    "max_capacity": 4,
    "metrics": [
        {
            "name": "calls",
            "per": "total",
            "source": {"metric": "aiplatform.googleapis.com/prediction/online/prediction_count"},
        }
    ],
    "policies": [track("calls", 100)],
    "zero": {"metric": "calls", "idle_after": "60s"},
    **AT_ONCE,
}
CALLS = "aiplatform.googleapis.com/prediction/online/prediction_count"


def idle(entry: Entry, resource: dict[str, str]) -> None:
    """Let a model of the range {2,4} be called for a last time, and then not any more."""
    entry.model.floor = entry.model.ready = 2
    entry.register(target(resource, **IDLE))
    for calls in (150, 0, 0):
        entry.load(calls, metric=CALLS)
        entry.tick()
        entry.pass_time(MINUTE)


def test_google_03_a_zero_is_sent_as_one_on_v1_and_the_reason_is_recorded(enter: Enter) -> None:
    """The least that v1 takes is a limit of the provider's, and the decision's reason."""
    entry = enter()
    idle(entry, ON_VERTEX)
    assert entry.only().version == "v1"
    assert (counts(entry)["minReplicaCount"], mask(entry)) == (1, FLOOR)
    found = next(each.decision for each in entry.records() if each.decision.action is Action.SET)
    assert (found.desired, found.reason) == (1, Reason.PROVIDER_MIN)
    assert found.limits[-1].kind is LimitKind.PROVIDER


def test_google_03_a_zero_is_a_zero_on_v1beta1_with_an_initial_count(enter: Enter) -> None:
    """A model with dedicated resources, alone on its endpoint."""
    entry = enter()
    idle(entry, {**ON_VERTEX, "api_version": "v1beta1"})
    assert entry.only().version == "v1beta1"
    assert counts(entry)["minReplicaCount"] == 0
    assert counts(entry)["initialReplicaCount"] >= 1
    assert mask(entry) == f"{FLOOR},{INITIAL}"


def test_google_03_a_model_that_is_not_alone_keeps_one_on_v1beta1(enter: Enter) -> None:
    """Two models on an endpoint: 1 is sent, and no initial count."""
    entry = enter()
    entry.vertex.endpoints[PATH].append(Replicas(1, 1, id="8"))
    idle(entry, {**ON_VERTEX, "api_version": "v1beta1"})
    assert counts(entry) == {"minReplicaCount": 1, "maxReplicaCount": 4}
    reasons = [each.decision.reason for each in entry.records()]
    assert Reason.PROVIDER_MIN in reasons


# --- 4: never upside down ------------------------------------------------------------


def test_google_04_a_floor_beyond_the_hard_maximum_is_that_maximum(enter: Enter) -> None:
    """Policies want 5, hard maximum 4: {4,4}, both counts in one request."""
    entry = enter()
    entry.model.floor = entry.model.ready = 2
    entry.model.ceiling = 3
    entry.register(target(max_capacity=4, hard_max_capacity=4, policies=[track("duty", 40)]))
    entry.load(1.0)
    assert entry.open() == 200
    assert counts(entry) == {"minReplicaCount": 4, "maxReplicaCount": 4}
    assert mask(entry) == f"{FLOOR},{CEILING}"
    assert (entry.last().wanted, entry.last().unmet) == (5, 1)


def test_google_04_a_window_cannot_lift_the_floor_over_the_hard_maximum(enter: Enter) -> None:
    """A floor of 5 by the calendar is 4 too, and never 5 under a ceiling of 4."""
    entry = enter()
    window = {"name": "launch", "start": "cron(0 0 * * ? *)", "duration": "24h", "floor": 5}
    entry.register(target(max_capacity=4, hard_max_capacity=4, windows=[window]))
    entry.load(0.6)
    entry.tick()
    assert counts(entry) == {"minReplicaCount": 4, "maxReplicaCount": 4}
    assert mask(entry) == FLOOR


# --- 5, 6: operations ----------------------------------------------------------------


def test_google_05_while_a_mutate_runs_there_is_no_second_one(enter: Enter) -> None:
    """Deferred, answered 200; each tick tries again, and the first one after it asks."""
    entry = enter()
    entry.register(target(max_capacity=4))
    entry.vertex._change(PATH, "v1", entry.model, {"minReplicaCount": 1}, FLOOR)
    entry.load(0.95)
    assert entry.open() == 200
    assert (entry.last().action, entry.last().reason) == (Action.DEFER, Reason.BUSY)
    for _ in range(4):
        entry.pass_time(MINUTE)
        entry.load(0.95)
        assert entry.tick()["handled"] == 1
        assert entry.last().action is Action.DEFER
    assert entry.sent() == []
    entry.pass_time(MINUTE)
    entry.load(0.95)
    assert entry.tick()["handled"] == 1
    assert counts(entry)["minReplicaCount"] == 2


def test_google_05_who_is_refused_because_one_runs_is_deferred(enter: Enter) -> None:
    """Somebody was quicker by a moment: the outcome is deferred, the answer 200, the next a try."""
    entry = enter()
    entry.register(target(max_capacity=4))
    entry.load(0.95)
    entry.fail("mutateDeployedModel", "FAILED_PRECONDITION", BUSY)
    assert entry.open() == 200
    (outcome,) = entry.outcomes()
    assert (outcome.kind, BUSY in outcome.detail) == (OutcomeKind.DEFERRED, True)
    assert entry.history().desired == 1
    entry.pass_time(MINUTE)
    entry.load(0.95)
    assert entry.tick()["handled"] == 1
    assert [each.kind for each in entry.outcomes()][1:] == [OutcomeKind.APPLIED]
    assert [each.fault for each in entry.sent()] == ["FAILED_PRECONDITION", ""]


COOLS = track(scale_out={"datapoints": "1 of 1", "cooldown": "30m"})
"""With a cooldown that a change which counts would start."""


@pytest.mark.parametrize("at_once", [True, False])
def test_google_06_an_operation_that_ends_in_an_error_is_failed(
    enter: Enter, *, at_once: bool
) -> None:
    """`done` with code 8: recorded as failed, no cooldown begins, what was last applied stays."""
    entry = enter()
    entry.vertex.at_once = at_once
    entry.vertex.errors = [{"code": 8, "message": "The operation failed."}]
    entry.register(target(max_capacity=4, policies=[COOLS]))
    entry.load(0.95)
    assert entry.open() == 200
    if at_once:
        (outcome,) = entry.outcomes()
        assert outcome.kind is OutcomeKind.FAILED
        assert "operation 1000 failed: RESOURCE_EXHAUSTED" in outcome.detail
    else:
        entry.pass_time(OPERATION)
        entry.load(0.6)
        entry.tick()
        (noticed,) = entry.records()[-1].noticed
        assert noticed.notice.value == "rolled_back"
        assert "operation 1000 failed: RESOURCE_EXHAUSTED" in entry.seen().detail
    assert (entry.history().desired, entry.history().changes) == (1, ())
    assert (entry.model.floor, entry.model.ceiling) == (1, 4)


def test_google_06_after_a_failure_the_same_is_asked_for_without_a_cooldown(enter: Enter) -> None:
    """The next change goes out long before the cooldown of 30 minutes, and that one counts."""
    entry = enter()
    entry.vertex.errors = [{"code": 8, "message": "The operation failed."}]
    entry.register(target(max_capacity=4, policies=[COOLS]))
    entry.load(0.95)
    entry.open()
    for _ in range(12):
        entry.pass_time(MINUTE)
        entry.load(0.95)
        entry.tick()
    assert [each.done for each in entry.vertex.operations[PATH]] == [True, True]
    assert (entry.model.floor, entry.history().desired) == (2, 2)
    (change,) = entry.history().changes
    assert (change.before, change.after) == (1, 2)


# --- 7, 8: numbers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duty", "newest", "floor"),
    [
        pytest.param(None, 0, 4, id="no series"),
        pytest.param(0.0, 0, 1, id="a fresh zero"),
        pytest.param(0.0, 600, 1, id="a zero of 600 s"),
        pytest.param(0.0, 601, 4, id="a zero of 601 s"),
        pytest.param(1.0, 601, 4, id="a load of 601 s"),
    ],
)
def test_google_07_no_data_and_stale_data_hold_and_a_fresh_zero_is_a_zero(
    enter: Enter, duty: Value | None, newest: int, floor: int
) -> None:
    """Where nothing is known nothing is scaled in, nor out; the limit is there by itself.

    A point's age is that of the end of its period, which is all that the answer tells.
    """
    entry = enter(T0 + newest % 60 * SECOND)
    entry.model.floor = entry.model.ready = 4
    entry.model.ceiling = 6
    entry.register(target(**AT_ONCE))
    entry.load(duty, newest=newest * SECOND)
    entry.tick()
    assert len(entry.sent()) == (floor != 4)
    assert entry.last().desired == floor
    if floor == 4:
        assert (entry.last().action, entry.last().reason) == (Action.HOLD, Reason.MISSING_DATA)
    entry.pass_time(OPERATION)
    assert entry.model.floor == floor


def test_google_08_a_duty_cycle_of_071_is_71_percent(enter: Enter) -> None:
    """Target 60, two replicas: ceil(2 × 71 / 60) = 3, not ceil(2 × 0.71 / 60) = 1."""
    entry = enter()
    entry.model.floor = entry.model.ready = 2
    entry.model.ceiling = 6
    entry.register(target())
    entry.load(0.71)
    assert entry.open() == 200
    assert counts(entry) == {"minReplicaCount": 3, "maxReplicaCount": 6}
    assert entry.last().recommendations[0].value == pytest.approx(71)


def test_google_08_an_int64_that_comes_as_text_is_a_number(enter: Enter) -> None:
    """The replica metric's "int64Value": "3": three are in service, so 71 % asks for four."""
    entry = enter()
    entry.model.ceiling = 6
    entry.model.ready, entry.model.tells = 3, False
    entry.register(target())
    entry.load(0.71)
    assert entry.open() == 200
    assert entry.seen()[:2] == (1, 3)
    assert counts(entry) == {"minReplicaCount": 4, "maxReplicaCount": 6}
