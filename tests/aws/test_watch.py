"""Are the states of our alarms read as CloudWatch has them?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from flyball.adapters.aws.alarms import define
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.watch import NAMES_A_CALL, CloudWatchAlarms
from flyball.alarm import Alarm, define_alarms
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import AlarmState
from tests.aws.rig import CREDENTIALS, Server, client_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUM = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
P99 = {"namespace": "AWS/SageMaker", "metric": "ModelLatency", "statistic": "p99"}
BACKLOG = {
    "expression": "queued / ready",
    "queued.namespace": "Jobs",
    "queued.metric": "Queued",
    "queued.statistic": "Sum",
    "ready.namespace": "Jobs",
    "ready.metric": "Ready",
    "ready.statistic": "Average",
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:flyball-alarms"
OTHER_TOPIC = "arn:aws:sns:us-east-1:123456789012:people"
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def client(ministack: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a client of MiniStack's CloudWatch."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return client_of(ministack, "cloudwatch")


def alarm_of(value: float = 700.0, source: dict[str, str] = SUM) -> Alarm:
    """Make the high alarm of a scalable target of its own."""
    policy = TrackingPolicy("track", "load", value)
    resource = {"endpoint": "churn", "variant": "blue"}
    target = ScalableTarget(
        uuid4().hex,
        1,
        4,
        home="aws",
        resource=resource,
        metrics=(Metric("load", source=source),),
        policies=(policy,),
    )
    return define_alarms(target)[0]


def dimensions(**named: str) -> list[dict[str, str]]:
    """Write dimensions."""
    return [{"Name": name, "Value": value} for name, value in named.items()]


def put(client: Any, alarm: Alarm, state: str, topic: str = "", **fields: Any) -> Alarm:
    """Make an alarm as `flyball apply` does, and set its state."""
    made = {**define(alarm, topic), **fields}
    client.put_metric_alarm(**{key: value for key, value in made.items() if value is not None})
    client.set_alarm_state(AlarmName=alarm.name, StateValue=state, StateReason="a test")
    return alarm


def test_states_are_read_by_name(ministack: Server, client: Any) -> None:
    """One that is not there is left out."""
    calm = put(client, alarm_of(), "OK")
    loud = put(client, alarm_of(), "ALARM")
    blind = put(client, alarm_of(), "INSUFFICIENT_DATA")
    watch = CloudWatchAlarms(Clients(endpoints={"cloudwatch": ministack.url}))
    assert watch.states([calm, loud, blind, alarm_of()], NOW) == {
        calm.name: AlarmState.OK,
        loud.name: AlarmState.ALARM,
        blind.name: AlarmState.INSUFFICIENT_DATA,
    }


OTHER: tuple[dict[str, Any], ...] = (
    {"Threshold": 900.0},
    {"ComparisonOperator": "LessThanThreshold"},
    {"EvaluationPeriods": 5},
    {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
    {"TreatMissingData": "notBreaching"},
    {"Namespace": "Jobs"},
    {"MetricName": "Invocations"},
    {"Dimensions": [{"Name": "EndpointName", "Value": "churn"}]},
    {"Dimensions": dimensions(EndpointName="new", VariantName="blue")},
    {"Dimensions": dimensions(EndpointName="churn", VariantName="blue", Region="b")},
    {"Period": 10},
    {"Statistic": "Average"},
    {"ExtendedStatistic": "p99", "Statistic": None},
    {"Unit": "Count"},
    {"ActionsEnabled": False},
)


@pytest.mark.parametrize("other", OTHER, ids=str)
def test_an_alarm_that_is_not_as_it_should_be_is_no_witness(
    ministack: Server, client: Any, other: dict[str, Any]
) -> None:
    """Its policy was changed since, or a human changed it, or it would wake nobody."""
    odd = put(client, alarm_of(), "OK", **other)
    watch = CloudWatchAlarms(Clients(endpoints={"cloudwatch": ministack.url}))
    assert watch.states([odd], NOW) == {}


def test_many_are_read_a_hundred_a_call(ministack: Server, client: Any) -> None:
    """More than one call takes, and none is lost between two."""
    alarms = [put(client, alarm_of(), "OK") for _ in range(NAMES_A_CALL + 3)]
    clients = Clients(endpoints={"cloudwatch": ministack.url})
    calls: list[str] = []
    clients.get("cloudwatch").meta.events.register(
        "before-call.cloudwatch.DescribeAlarms", lambda **_: calls.append("call")
    )
    found = CloudWatchAlarms(clients).states(alarms, NOW)
    assert set(found) == {alarm.name for alarm in alarms}
    assert len(calls) == 2


def test_an_alarm_on_a_part_of_its_data_is_no_witness(client: Any) -> None:
    """CloudWatch says so by a field that no local engine sets: the answer is put in by hand."""
    assert client
    whole, half, odd = alarm_of(), alarm_of(), alarm_of()
    shown = {**define(whole), "StateValue": "OK"}
    answers = [
        shown,
        {**shown, "AlarmName": half.name, "EvaluationState": "PARTIAL_DATA"},
        {**shown, "AlarmName": odd.name, "StateValue": "SLEEPING"},
        {**shown, "AlarmName": "somebody's"},
    ]
    clients = Clients(endpoints={"cloudwatch": "http://127.0.0.1:9"})
    clients.get("cloudwatch").meta.events.register(
        "before-call.cloudwatch.DescribeAlarms",
        lambda **_: (type("Answer", (), {"status_code": 200})(), {"MetricAlarms": answers}),
    )
    found = CloudWatchAlarms(clients).states([whole, half, odd], NOW)
    assert found == {whole.name: AlarmState.OK}


def test_an_alarm_that_cannot_be_defined_is_no_witness(ministack: Server, client: Any) -> None:
    """A source that nobody understands."""
    alarm = put(client, alarm_of(), "OK")
    bad = alarm_of(source={"metric": "x"})._replace(name=alarm.name)
    watch = CloudWatchAlarms(Clients(endpoints={"cloudwatch": ministack.url}))
    assert watch.states([bad], NOW) == {}


@pytest.mark.parametrize("source", [SUM, P99, BACKLOG], ids=["sum", "percentile", "math"])
def test_an_alarm_is_a_witness_as_it_is_made(moto: Server, client: Any, source: Any) -> None:
    """Written by us, kept and shown by somebody else's CloudWatch."""
    assert client
    alarm = put(client_of(moto, "cloudwatch"), alarm_of(source=source), "OK")
    watch = CloudWatchAlarms(Clients(endpoints={"cloudwatch": moto.url}))
    assert watch.states([alarm], NOW) == {alarm.name: AlarmState.OK}


@pytest.mark.parametrize(
    "told",
    [[TOPIC], [OTHER_TOPIC, TOPIC], [OTHER_TOPIC], []],
    ids=["ours", "both", "another", "nobody"],
)
def test_where_alarms_wake_by_a_topic_one_that_does_not_tell_it_is_no_witness(
    ministack: Server, client: Any, told: list[str]
) -> None:
    """It would go off, and wake nobody; without a topic, EventBridge finds it by its name."""
    alarm = put(client, alarm_of(), "OK", TOPIC, AlarmActions=told)
    clients = Clients(endpoints={"cloudwatch": ministack.url})
    seen = CloudWatchAlarms(clients, TOPIC).states([alarm], NOW)
    assert bool(seen) is (TOPIC in told)
    assert CloudWatchAlarms(clients).states([alarm], NOW) == {alarm.name: AlarmState.OK}
