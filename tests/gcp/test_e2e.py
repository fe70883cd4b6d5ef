"""Does the whole of it work: from an incident to a range of replicas and two rows of the ledger?

`make e2e-gcp` runs this. The folder is staged and run once for all tests, each of which has
endpoints and scalable targets of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from functools import partial

import pytest

from flyball.core.model import Action
from flyball.core.record import DECISION, OUTCOME
from tests.aws.deployment import wait_for
from tests.gcp.deployment import (
    ALERTS,
    DEAD,
    HANDFUL,
    Deployment,
    incident,
    path_of,
    target,
)
from tests.gcp.post import Delivery
from tests.gcp.serving import Fault
from tests.rig import check_ledger

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

FLOOR, CEILING = "dedicatedResources.minReplicaCount", "dedicatedResources.maxReplicaCount"
OK, REFUSED = 200, 500


def settle(stack: Deployment, name: str, ratio: float, floor: int = 1, ceiling: int = 4) -> None:
    """Have a target on an endpoint of some load, at which nobody has looked yet."""
    stack.create(name, floor, ceiling)
    stack.load(name, ratio)
    stack.register(target(name))


def open_incident(
    stack: Deployment, name: str, incident_id: str, at: datetime | None = None
) -> str:
    """Let an alert policy open an incident, now or as it was told before; the message's id."""
    return stack.pubsub.publish(ALERTS, incident(name, incident_id, at or datetime.now(UTC)))


def test_what_runs_is_what_was_staged(stack: Deployment) -> None:
    """And not the package of the repository, which is installed here too."""
    asked = (
        "import flyball, importlib.util as u; print(flyball.__file__, u.find_spec('flyball.cli'))"
    )

    told = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env=stack.environment,
    )
    assert told.stdout.split() == [str(stack.folder / "flyball" / "__init__.py"), "None"]


def test_an_incident_moves_a_range_in_one_post_with_an_intent_and_an_outcome(
    stack: Deployment,
) -> None:
    """Topic → function → mutateDeployedModel, with exactly the body that is documented."""
    settle(stack, "chat", 0.95)
    message_id = open_incident(stack, "chat", "0.chat")
    assert wait_for(lambda: stack.post.answers(message_id)) == [OK]
    (call,) = stack.sent("chat")
    assert (call.version, call.path, call.query) == ("v1", path_of("chat"), {})
    assert call.body == {
        "deployedModel": {
            "id": "7",
            "dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 6},
        },
        "updateMask": f"{FLOOR},{CEILING}",
    }
    (record,) = stack.decisions("chat")
    assert (record.decision.action, record.decision.policies) == (Action.SET, ("track",))
    assert record.trigger["trigger_id"] == "0.chat|open"
    (intent,), (outcome,) = stack.rows("chat", DECISION), stack.rows("chat", OUTCOME)
    assert json.loads(outcome.body)["decision"] == intent.id
    assert json.loads(outcome.body)["outcome"]["kind"] == "applied"


def refuse_twice(stack: Deployment, name: str, incident_id: str, method: str) -> str:
    """Let Vertex AI be unavailable for a method until two deliveries failed; the message's id."""
    stack.cloud.faults.append(Fault(method, "UNAVAILABLE", times=1_000))

    def count(done: Delivery) -> None:
        if stack.post.answers(done.message_id) == [REFUSED, REFUSED]:
            stack.cloud.faults.clear()

    stack.post.on_answer = count
    try:
        message_id = open_incident(stack, name, incident_id)
        assert wait_for(lambda: OK in stack.post.answers(message_id), 120)
    finally:
        stack.post.on_answer = lambda _: None
        stack.cloud.faults.clear()
    return message_id


def test_two_failures_are_delivered_again_with_the_same_id_and_act_once(
    stack: Deployment,
) -> None:
    """Vertex AI answers 503, so the function 500, and Pub/Sub pushes the message again."""
    settle(stack, "again", 0.95)
    message_id = refuse_twice(stack, "again", "0.again", "get")
    assert stack.post.answers(message_id) == [REFUSED, REFUSED, OK]
    assert len(stack.sent("again")) == 1
    (outcome,) = stack.rows("again", OUTCOME)
    assert json.loads(outcome.body)["outcome"]["kind"] == "applied"
    changes = [each.decision.action for each in stack.decisions("again")]
    assert changes.count(Action.SET) == 1


def test_a_change_that_is_refused_for_a_moment_is_asked_for_again_at_once(
    stack: Deployment,
) -> None:
    """503 to the change itself, once: Pub/Sub does not come to know."""
    settle(stack, "moment", 0.95)
    stack.cloud.faults.append(Fault("mutateDeployedModel", "UNAVAILABLE"))
    message_id = open_incident(stack, "moment", "0.moment")
    assert wait_for(lambda: stack.post.answers(message_id)) == [OK]
    assert len(stack.sent("moment")) == 1
    (outcome,) = stack.rows("moment", OUTCOME)
    assert json.loads(outcome.body)["outcome"]["kind"] == "applied"


def test_a_change_whose_answer_is_lost_is_found_and_not_made_again(stack: Deployment) -> None:
    """The message is answered once the operation is found, and the intent closes with the range."""
    settle(stack, "lost", 0.95)
    stack.cloud.faults.append(Fault("mutateDeployedModel", "lost"))
    stack.post.on_answer = lambda _: stack.vertex.move(stack.vertex.takes.total_seconds())
    try:
        message_id = open_incident(stack, "lost", "0.lost")
        assert wait_for(lambda: OK in stack.post.answers(message_id), 60)
    finally:
        stack.post.on_answer = lambda _: None
    assert stack.post.answers(message_id)[0] == REFUSED
    (operation,) = stack.vertex.operations[path_of("lost")]
    assert operation.counts == {"minReplicaCount": 2, "maxReplicaCount": 6}
    (outcome,) = stack.rows("lost", OUTCOME)
    assert json.loads(outcome.body)["outcome"]["kind"] == "landed"
    assert json.loads(outcome.body)["reconciled"] is True


def test_a_duplicate_does_nothing(stack: Deployment) -> None:
    """The same incident in three messages more: nothing is read, and nothing is written."""
    settle(stack, "twice", 0.95)
    at = datetime.now(UTC)
    first = open_incident(stack, "twice", "0.twice", at)
    assert wait_for(lambda: stack.post.answers(first)) == [OK]
    before, calls = stack.rows("twice", DECISION, OUTCOME), len(stack.cloud.calls)
    others = [open_incident(stack, "twice", "0.twice", at) for _ in range(3)]
    for other in others:
        assert wait_for(partial(stack.post.answers, other)) == [OK]
    assert stack.rows("twice", DECISION, OUTCOME) == before
    assert len(stack.cloud.calls) == calls
    assert len(stack.sent("twice")) == 1


POISON = {
    "no JSON": (b"\xff{", "expected a JSON object"),
    "nobody's": (b'{"temperature": 21}', "expected an incident of Cloud Monitoring"),
}


@pytest.mark.parametrize(("body", "told"), POISON.values(), ids=POISON)
def test_poison_is_quarantined_with_its_reason_and_answered_200(
    stack: Deployment, body: bytes, told: str
) -> None:
    """So it does not come again, and blocks nothing."""
    message_id = stack.pubsub.publish(ALERTS, body)
    assert wait_for(lambda: stack.post.answers(message_id)) == [OK]
    (letter,) = wait_for(lambda: stack.pubsub.take(DEAD))
    assert letter.body == body
    assert told in letter.attributes["reason"]


def test_a_tick_finds_what_is_due_and_nobody_else_may_call_it(stack: Deployment) -> None:
    """By a token that is signed, for it, and of Cloud Scheduler's account."""
    settle(stack, "due", 0.95)
    at = datetime.now(UTC).replace(second=0, microsecond=0)
    assert stack.call_tick(at, Authorization="Bearer nobody.knows.this")[0] == 401
    forged = stack.signer.sign("https://elsewhere.example", "flyball-scheduler@x.test", at)
    assert stack.call_tick(at, Authorization=f"Bearer {forged}")[0] == 401
    assert stack.decisions("due") == []
    status, told = stack.call_tick(at)
    assert (status, told["handled"] >= 1, told["queued"]) == (OK, True, 0)
    assert len(stack.sent("due")) == 1
    assert stack.call_tick(at) == (OK, {"due": 0, "handled": 0, "queued": 0})


def test_many_due_targets_go_through_the_topic_and_each_is_decided_once(
    stack: Deployment,
) -> None:
    """A handful by the tick itself, the rest pushed to the other function."""
    names = [f"fleet-{index:02}" for index in range(60)]
    for name in names:
        stack.create(name)
        stack.load(name, 0.95)
    stack.register(*map(target, names))
    earlier = len(stack.post.delivered)
    status, told = stack.call_tick(datetime.now(UTC).replace(second=1, microsecond=0))
    assert (status, told["handled"]) == (OK, HANDFUL)
    assert told["queued"] >= len(names) - HANDFUL
    assert wait_for(lambda: all(stack.rows(name, OUTCOME) for name in names), 60)
    came = [each for each in stack.post.delivered[earlier:] if each.came_as == "push"]
    assert {each.status for each in came} == {OK}
    assert Counter(len(stack.decisions(name)) for name in names) == {1: len(names)}
    assert Counter(len(stack.sent(name)) for name in names) == {1: len(names)}


def test_what_is_in_firestore_is_whole_and_decides_the_same_again(stack: Deployment) -> None:
    """After all of the above: every chain, every decision, and every intent closed once."""
    names = stack.ledger.recorded_ids()
    assert len(names) > 60
    assert wait_for(lambda: all(stack.ledger.status(name).lease_until is None for name in names))
    for name in names:
        check_ledger(stack.ledger, name)
