"""Does the whole of it work: from an alarm to an endpoint's count and two rows of the ledger?

`make e2e-aws` runs this. The template is built and deployed once for all tests, each of which has
endpoints and scalable targets of its own. Endpoints live in moto, created as a user does; where it
matters that a change takes minutes or fails, in our own server.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.config import compile_config
from flyball.config import load as read
from flyball.core.chain import Row
from flyball.core.codec import parse
from flyball.core.model import Action, Decision, Reason
from flyball.core.record import DECISION, FOREIGN, OUTCOME, DecisionRecord
from flyball.core.remember import Notice
from flyball.sim.trace import Trace
from tests.aws.demo import show
from tests.aws.deployment import Deployment, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

MOTO, OURS = "moto", "ours"
BOTH = pytest.mark.parametrize("home", [MOTO, OURS])
"""Where an endpoint lives: a change is done at once, or takes minutes."""
MINUTE = timedelta(minutes=1)
LEAD = timedelta(seconds=30)
"""So long before a window begins it is applied."""
TICK_S = 100.0
"""By then the schedule has called the tick once more."""


def create(stack: Deployment, home: str, *names: str) -> None:
    """Create endpoints of 2 instances."""
    if home == MOTO:
        stack.create_endpoints(*names)
        return
    for name in names:
        stack.control(do="endpoint", name=name, count=2)


def target(name: str, **fields: Any) -> dict[str, Any]:
    """Write a scalable target that keeps 100 calls on each instance."""
    metric = {
        "name": "calls",
        "source": {
            "namespace": "AWS/SageMaker",
            "metric": "InvocationsPerInstance",
            "statistic": "Sum",
        },
    }
    policy = {
        "name": "track",
        "kind": "target_tracking",
        "metric": "calls",
        "target_value": 100,
        "scale_out": {"datapoints": "1 of 1"},
    }
    return {
        "id": name,
        "home": "aws",
        "resource": {"endpoint": name, "variant": "blue"},
        "min_capacity": 1,
        "max_capacity": 10,
        "metrics": [metric],
        "policies": [policy],
        **fields,
    }


def apply(stack: Deployment, folder: Path, *targets: dict[str, Any]) -> None:
    """Bring a config of these targets into force, as a user does."""
    config = folder / "flyball.json"
    config.write_text(json.dumps({"version": 1, "scalable_targets": targets}))
    done = stack.flyball(
        "apply", "--config", str(config), "--stack", "flyball", "--yes", cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr


def load(stack: Deployment, name: str, value: float) -> None:
    """Let CloudWatch have three minutes of load on an endpoint."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [
        {"Name": "EndpointName", "Value": name},
        {"Name": "VariantName", "Value": "blue"},
    ]
    data = [
        {
            "MetricName": "InvocationsPerInstance",
            "Dimensions": dimensions,
            "Timestamp": now - MINUTE * back,
            "Value": value,
        }
        for back in (1, 2, 3)
    ]
    stack.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def alarm(stack: Deployment, name: str, state: str = "ALARM", side: str = "high") -> None:
    """Let an alarm change its state: MiniStack's do not evaluate as CloudWatch's do."""
    stack.client("cloudwatch").set_alarm_state(
        AlarmName=f"flyball/{name}/track/{side}", StateValue=state, StateReason="a test"
    )


def rows(stack: Deployment, name: str, *kinds: str) -> list[Row]:
    """Read a target's rows of these kinds."""
    return [row for row in stack.ledger().rows(name) if row.kind in kinds]


def decisions(stack: Deployment, name: str) -> list[DecisionRecord]:
    """Read what was decided for a target, earliest first."""
    return [parse(DecisionRecord, row.body) for row in rows(stack, name, DECISION)]


def settled(stack: Deployment, names: Sequence[str]) -> bool:
    """Say whether every target was decided at least once, and nobody holds a lease."""
    ledger = stack.ledger()
    states = [ledger.status(name) for name in names]
    return all(each.sequence > 1 and each.lease_until is None for each in states)


def dead_letters(stack: Deployment) -> list[dict[str, Any]]:
    """Take what is in the dead-letter queue."""
    found: list[dict[str, Any]] = (
        stack.client("sqs")
        .receive_message(
            QueueUrl=stack.outputs["DeadWakesQueue"],
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
        )
        .get("Messages", [])
    )
    return found


@pytest.fixture(scope="module")
def window(stack: Deployment, tmp_path_factory: pytest.TempPathFactory) -> datetime:
    """Let a window begin soon, so that the other tests run meanwhile."""
    start = datetime.now(UTC).replace(microsecond=0) + LEAD
    floor = {
        "name": "rush",
        "start": f"at({start.strftime('%Y-%m-%dT%H:%M:%S')})",
        "duration": "10m",
        "floor": 6,
        "time_zone": "UTC",
    }
    create(stack, MOTO, "rush")
    apply(stack, tmp_path_factory.mktemp("window"), target("rush", windows=[floor]))
    load(stack, "rush", 95.0)
    assert wait_for(lambda: settled(stack, ["rush"]))
    assert datetime.now(UTC) < start, "it was to be applied before its window begins"
    return start


@BOTH
@pytest.mark.usefixtures("window")  # it is to be applied by now
def test_an_alarm_changes_an_endpoints_count_with_an_intent_and_an_outcome(
    stack: Deployment, home: str, tmp_path: Path
) -> None:
    """Alarm → topic → queue → function → UpdateEndpointWeightsAndCapacities, in about a second."""
    name = f"chat-{home}"
    create(stack, home, name)
    apply(stack, tmp_path, target(name))
    load(stack, name, 250.0)
    assert wait_for(lambda: settled(stack, [name]))
    alarm(stack, name)
    assert wait_for(lambda: stack.desired(name) == 5)
    assert wait_for(lambda: rows(stack, name, OUTCOME))
    (row,) = (
        row
        for row in rows(stack, name, DECISION)
        if parse(DecisionRecord, row.body).decision.action is Action.SET
    )
    decision = parse(DecisionRecord, row.body).decision
    assert (decision.current, decision.desired, decision.policies) == (2, 5, ("track",))
    (outcome,) = rows(stack, name, OUTCOME)
    assert json.loads(outcome.body)["decision"] == row.id
    assert json.loads(outcome.body)["outcome"]["kind"] == "applied"
    assert stack.is_in_moto(name) == (home == MOTO)
    assert stack.status(name) == {MOTO: ("InService", 5), OURS: ("Updating", 2)}[home]


def notification(stack: Deployment, name: str, at: datetime) -> str:
    """Write what the topic puts on the queue for a transition of a high alarm."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    message = {
        "AlarmName": f"flyball/{name}/track/high",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:flyball/{name}/track/high",
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "a test",
        "StateChangeTime": stamp,
        "Region": "US East (N. Virginia)",
        "AWSAccountId": "000000000000",
        "Trigger": {},
    }
    envelope = {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": stack.outputs["AlarmTopic"],
        "Message": json.dumps(message),
        "Timestamp": stamp,
    }
    return json.dumps(envelope)


def decided_by(stack: Deployment, name: str, at: datetime) -> list[DecisionRecord]:
    """Read the decisions that a transition of that instant woke."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return [each for each in decisions(stack, name) if stamp in str(each.trigger["trigger_id"])]


def notify(stack: Deployment, name: str, at: datetime, times: int = 1) -> None:
    """Put a transition on the queue, perhaps more than once."""
    queue, message = stack.outputs["WakesQueue"], notification(stack, name, at)
    for _ in range(times):
        stack.client("sqs").send_message(QueueUrl=queue, MessageBody=message)


def decide(stack: Deployment, name: str) -> Decision:
    """Let the alarm say again that it breaches, and give what is decided then."""
    now = datetime.now(UTC)
    notify(stack, name, now)
    (record,) = wait_for(lambda: decided_by(stack, name, now))
    assert wait_for(lambda: settled(stack, [name]))
    return record.decision


def notices(stack: Deployment, name: str) -> list[Notice]:
    """List what was noticed of a target's capacity."""
    return [each.notice for record in decisions(stack, name) for each in record.noticed]


@BOTH
def test_a_duplicate_changes_nothing(stack: Deployment, home: str, tmp_path: Path) -> None:
    """The same message three times more: one decision of it, whoever delivers it again."""
    name = f"twice-{home}"
    create(stack, home, name)
    apply(stack, tmp_path, target(name))
    load(stack, name, 250.0)
    assert wait_for(lambda: settled(stack, [name]))
    first = datetime.now(UTC)
    last = first + timedelta(milliseconds=5)
    notify(stack, name, first)
    assert wait_for(lambda: decided_by(stack, name, first))
    notify(stack, name, first, times=3)
    assert wait_for(lambda: not waiting(stack))
    notify(stack, name, last)
    assert wait_for(lambda: decided_by(stack, name, last))
    assert len(decided_by(stack, name, first)) == 1
    assert stack.sent(name) == [5]


def waiting(stack: Deployment) -> int:
    """Count the messages that the queue has or has handed out."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["WakesQueue"], AttributeNames=names
    )
    return sum(int(found["Attributes"][name]) for name in names)


def test_a_poison_event_ends_in_the_dead_letter_queue_with_its_reason(
    stack: Deployment, tmp_path: Path
) -> None:
    """And blocks nothing: the alarm behind it is handled."""
    create(stack, MOTO, "after")
    apply(stack, tmp_path, target("after"))
    load(stack, "after", 250.0)
    assert wait_for(lambda: settled(stack, ["after"]))
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["WakesQueue"], MessageBody='{"AlarmName": "somebody-elses"}'
    )
    alarm(stack, "after")
    (letter,) = wait_for(lambda: dead_letters(stack))
    assert letter["Body"] == '{"AlarmName": "somebody-elses"}'
    reason = letter["MessageAttributes"]["reason"]["StringValue"]
    assert reason == "event.StateChangeTime: got None, expected text"
    assert wait_for(lambda: stack.desired("after") == 5)


def scale_out(stack: Deployment, folder: Path, name: str, **fields: Any) -> None:
    """Let an alarm ask for 5 instances of an endpoint of our own server, which takes minutes."""
    create(stack, OURS, name)
    stack.control(do="set", name=name, **fields)
    apply(stack, folder, target(name, tick="5s"))
    load(stack, name, 250.0)
    assert wait_for(lambda: settled(stack, [name]))
    alarm(stack, name)
    assert wait_for(lambda: rows(stack, name, OUTCOME))
    assert (stack.desired(name), stack.status(name)) == (5, ("Updating", 2))


def test_while_an_endpoint_is_updating_alarms_are_decided_and_change_nothing(
    stack: Deployment, tmp_path: Path
) -> None:
    """5 are on their way: not doubled, and a greater wish waits until it is in service."""
    scale_out(stack, tmp_path, "busy")
    held = decide(stack, "busy")
    assert (held.action, held.wanted, held.current) == (Action.HOLD, 5, 5)
    load(stack, "busy", 800.0)
    deferred = decide(stack, "busy")
    assert (deferred.action, deferred.reason) == (Action.DEFER, Reason.BUSY)
    assert (stack.sent("busy"), stack.status("busy")) == ([5], ("Updating", 2))
    stack.control(do="move", seconds=300)
    assert stack.status("busy") == ("InService", 5)
    decide(stack, "busy")
    assert (notices(stack, "busy"), stack.sent("busy")) == ([Notice.COMPLETED], [5, 10])


def test_a_roll_back_is_noticed_and_what_is_wanted_is_asked_for_again(
    stack: Deployment, tmp_path: Path
) -> None:
    """For want of machines SageMaker undoes the change: that is nobody else's doing."""
    scale_out(stack, tmp_path, "undone", fate="rolls_back", stock=1)
    stack.control(do="move", seconds=485)
    assert (stack.desired("undone"), stack.status("undone")) == (2, ("RollingBack", 3))
    assert decide(stack, "undone").action is Action.DEFER
    assert stack.sent("undone") == [5]
    stack.control(do="move", seconds=60)
    stack.control(do="set", name="undone", fate="lands")
    assert stack.status("undone") == ("InService", 2)
    time.sleep(5)  # a tick, for which the look may still be of before the change
    decide(stack, "undone")
    assert (notices(stack, "undone"), stack.sent("undone")) == ([Notice.ROLLED_BACK], [5, 5])
    assert rows(stack, "undone", FOREIGN) == []


def test_a_window_raises_the_floor_at_its_minute_by_the_schedules_tick(
    stack: Deployment, window: datetime
) -> None:
    """Nobody's alarm said so, and nobody called the function but the schedule."""
    assert wait_for(lambda: stack.desired("rush") == 6, TICK_S + 60)
    (decision,) = (
        record.decision
        for record in decisions(stack, "rush")
        if record.decision.action is Action.SET
    )
    assert window <= decision.at < window + timedelta(seconds=TICK_S)
    assert [limit.by for limit in decision.limits] == ["rush"]


def test_the_demo_replays_a_crowd_and_tells_what_it_did(
    stack: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two periods: what comes in the first is answered in the second, and stands in the ledger."""
    show(stack, tmp_path, Trace(datetime(2026, 1, 5, tzinfo=UTC), (1_000.0,) + (3_000.0,) * 9))
    told = capsys.readouterr().out
    assert stack.sent("show") == [13]
    assert "Scale out 5 → 13: invocations was 2,600 per instance on 5 instances" in told
    (change,) = (each for each in decisions(stack, "show") if each.decision.action is Action.SET)
    by_alarm = change.trigger["kind"] == "alarm"  # else a tick came before it
    assert ("until SageMaker took the change" in told) == by_alarm
    assert ("1 woken by an alarm" if by_alarm else "0 woken by an alarm") in told


def test_a_tick_with_200_due_targets_goes_through_the_queue_and_each_is_decided_once(
    stack: Deployment, tmp_path: Path
) -> None:
    """A handful by the tick itself, the rest in chunks; whoever is late finds nothing due."""
    names = [f"fleet-{index:03}" for index in range(200)]
    made = [target(name, resource={"endpoint": name, "variant": "blue"}) for name in names]
    config = tmp_path / "fleet.json"
    config.write_text(json.dumps({"version": 1, "scalable_targets": made}))
    create(stack, MOTO, *names)
    ledger, now = stack.ledger(), datetime.now(UTC)
    for each in compile_config(read(config)):
        ledger.register(each.id, each.config, each.config_hash, now)
    functions = stack.client("lambda").list_functions()["Functions"]
    (tick,) = [each["FunctionName"] for each in functions if "-Tick-" in each["FunctionName"]]
    event = json.dumps({"flyball": "tick", "schedule": "by hand", "at": now.isoformat()})
    answer = stack.client("lambda").invoke(FunctionName=tick, Payload=event.encode())
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    assert wait_for(lambda: settled(stack, names), 60)
    decided = Counter(len(rows(stack, name, DECISION)) for name in names)
    assert decided == {1: 200}
    assert told["queued"] > 100


def test_what_is_in_dynamodb_is_whole_and_decides_the_same_again(
    stack: Deployment, tmp_path: Path
) -> None:
    """After all of the above."""
    for command in ("verify", "replay"):
        done = stack.flyball("ledger", command, "--ledger", stack.ledger_url, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
