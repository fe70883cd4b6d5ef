"""Are the states of our alarms read as CloudWatch has them?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.watch import NAMES_A_CALL, CloudWatchAlarms
from flyball.ports import AlarmState
from tests.aws.rig import CREDENTIALS, Server, client_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def alarms(ministack: Server, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    """Give a client, and a first part of names that is this test's own."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return client_of(ministack, "cloudwatch"), f"flyball/{uuid4().hex}"


def put(client: Any, name: str, state: str | None = None, **fields: Any) -> str:
    """Make an alarm, and set its state."""
    client.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="InvocationsPerInstance",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        **fields,
    )
    if state is not None:
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
    return name


def test_states_are_read_by_name(ministack: Server, alarms: tuple[Any, str]) -> None:
    """One that is not there is left out, and one that is switched off."""
    client, prefix = alarms
    calm = put(client, f"{prefix}/a/high", "OK")
    loud = put(client, f"{prefix}/b/high", "ALARM")
    blind = put(client, f"{prefix}/c/high", "INSUFFICIENT_DATA")
    off = put(client, f"{prefix}/d/high", "OK", ActionsEnabled=False)
    watch = CloudWatchAlarms(Clients(endpoints={"cloudwatch": ministack.url}))
    assert watch.states([calm, loud, blind, off, f"{prefix}/gone"], NOW) == {
        calm: AlarmState.OK,
        loud: AlarmState.ALARM,
        blind: AlarmState.INSUFFICIENT_DATA,
    }


def test_many_are_read_a_hundred_a_call(ministack: Server, alarms: tuple[Any, str]) -> None:
    """More than one call takes, and none is lost between two."""
    client, prefix = alarms
    names = [put(client, f"{prefix}/t{index}/high", "OK") for index in range(NAMES_A_CALL + 3)]
    clients = Clients(endpoints={"cloudwatch": ministack.url})
    calls: list[str] = []
    clients.get("cloudwatch").meta.events.register(
        "before-call.cloudwatch.DescribeAlarms", lambda **_: calls.append("call")
    )
    assert set(CloudWatchAlarms(clients).states(names, NOW)) == set(names)
    assert len(calls) == 2


def test_an_alarm_on_a_part_of_its_data_is_no_witness(alarms: tuple[Any, str]) -> None:
    """CloudWatch says so by a field that no local engine sets: the answer is put in by hand."""
    _, prefix = alarms
    clients = Clients(endpoints={"cloudwatch": "http://127.0.0.1:9"})
    half = {"AlarmName": prefix, "StateValue": "OK", "EvaluationState": "PARTIAL_DATA"}
    odd = {"AlarmName": f"{prefix}/odd", "StateValue": "SLEEPING"}
    clients.get("cloudwatch").meta.events.register(
        "before-call.cloudwatch.DescribeAlarms",
        lambda **_: (type("Answer", (), {"status_code": 200})(), {"MetricAlarms": [half, odd]}),
    )
    assert CloudWatchAlarms(clients).states([prefix], NOW) == {}
