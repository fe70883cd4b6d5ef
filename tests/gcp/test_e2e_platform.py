"""Does an incident move a version's nodes on AI Platform, and what comes of one that is gone?

The service is no more, so this is its contract end to end: topic → function → PATCH.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from flyball.core.model import Action, Missing, MissingCause
from flyball.core.record import DECISION, OUTCOME
from tests.aws.deployment import wait_for
from tests.gcp.deployment import (
    ALERTS,
    DEAD,
    Deployment,
    version_incident,
    version_path_of,
    version_target,
)
from tests.gcp.serving import Fault
from tests.rig import check_ledger

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

OK = 200
RETIRED = "unavailable: Google shut AI Platform Prediction down on 2025-01-31"


@pytest.fixture
def own(stack: Deployment) -> Iterator[Deployment]:
    """A stack whose faults end with the test."""
    yield stack
    stack.cloud.faults.clear()


def test_an_incident_of_a_version_moves_its_nodes_in_one_patch(own: Deployment) -> None:
    """By a cloudml_model_version's GPU duty cycle: the mask that gcloud sends, and the etag."""
    own.create_version("vision")
    own.load_version("vision", 0.95)
    own.register(version_target("vision", max_capacity=5))
    message_id = own.pubsub.publish(
        ALERTS, version_incident("vision", "0.vision", datetime.now(UTC))
    )
    assert wait_for(lambda: own.post.answers(message_id)) == [OK]
    (call,) = own.cloud.made("patch")
    assert (call.version, call.path) == ("v1", version_path_of("vision"))
    assert call.query == {"updateMask": "autoScaling.maxNodes,autoScaling.minNodes"}
    assert call.body == {"etag": "dGFnLTE=", "autoScaling": {"minNodes": 2, "maxNodes": 5}}
    (record,) = own.decisions("vision")
    assert (record.decision.action, record.decision.policies) == (Action.SET, ("track",))
    (intent,), (outcome,) = own.rows("vision", DECISION), own.rows("vision", OUTCOME)
    assert json.loads(outcome.body)["decision"] == intent.id
    assert json.loads(outcome.body)["outcome"]["kind"] == "applied"
    check_ledger(own.ledger, "vision")


@pytest.mark.parametrize(
    ("name", "status"), [("forbidden", "PERMISSION_DENIED"), ("nowhere", "NOT_FOUND")]
)
def test_a_service_that_is_gone_is_unavailable_once_and_not_asked_in_a_loop(
    own: Deployment, name: str, status: str
) -> None:
    """One question for all deliveries of one incident, one row, 200; the tick has nothing to do."""
    own.cloud.faults.append(Fault("get", status, times=1_000))
    own.load_version(name, 0.95)
    own.register(version_target(name))
    body = version_incident(name, f"0.{name}", datetime.now(UTC))
    message_ids = [own.pubsub.publish(ALERTS, body)]
    assert wait_for(partial(own.post.answers, message_ids[0])) == [OK]
    message_ids += [own.pubsub.publish(ALERTS, body) for _ in range(2)]
    for message_id in message_ids:
        assert wait_for(partial(own.post.answers, message_id)) == [OK]
    own.call_tick(datetime.now(UTC))
    (record,) = own.decisions(name)
    capacity = record.observation.capacity
    assert isinstance(capacity, Missing)
    assert capacity.cause is MissingCause.UNAVAILABLE
    assert RETIRED in capacity.detail
    asked = [call for call in own.cloud.made("get") if call.path == version_path_of(name)]
    assert len(asked) == 1
    wake_at = own.ledger.status(name).wake_at
    assert wake_at is not None
    assert (wake_at - record.observation.at).total_seconds() == 300
    assert (own.sent(name), own.pubsub.take(DEAD)) == ([], [])
    check_ledger(own.ledger, name)
