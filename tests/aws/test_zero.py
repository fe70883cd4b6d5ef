"""Does an inference component go to zero when nobody calls, and come back when somebody does?

From CloudWatch's datapoints to SageMaker's copies and back: examples/component.yaml under the real
controller, its adapters and the event of an alarm. Both services are simulated, on one clock.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.cloudwatch import CloudWatchMetrics
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.trigger import parse_event
from flyball.adapters.local.memory import MemoryLedger
from flyball.alarm import Alarm, alarm_name
from flyball.config import load
from flyball.core.model import Action, Decision, Reason
from flyball.core.target import ScalableTarget
from flyball.ports import AlarmState, Trigger
from flyball.wake import WakeKind
from tests.aws.hosted import Cloud
from tests.aws.sagemaker import Server
from tests.aws.stage import serve
from tests.rig import MINUTE, SECOND, Rig, check_ledger

pytestmark = pytest.mark.enable_socket

EVENTS = Path(__file__).resolve().parents[1] / "events" / "aws"
SERVED, REFUSED = "InvocationsPerCopy", "NoCapacityInvocationFailures"
IDLE_AFTER = 15
LATE = 4
"""Minutes until a silent metric is known to be 0: those that FILL leaves open, and the last."""


class CloudWatch:
    """What the component's metrics had in each minute; where nothing happened, nothing."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, datetime], float] = {}
        self.asked = 0

    def get_metric_data(self, **asked: Any) -> Mapping[str, Any]:
        """Answer as CloudWatch does, newest first."""
        self.asked += 1
        return {
            "MetricDataResults": [self._find(each, asked) for each in asked["MetricDataQueries"]]
        }

    def _find(self, query: Mapping[str, Any], asked: Mapping[str, Any]) -> Mapping[str, Any]:
        metric = query["MetricStat"]["Metric"]
        assert metric["Namespace"] == "AWS/SageMaker"
        assert metric["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "llm"}]
        found = sorted(
            (at, value)
            for (name, at), value in self.values.items()
            if name == metric["MetricName"] and asked["StartTime"] <= at < asked["EndTime"]
        )[::-1]
        return {
            "Id": query["Id"],
            "StatusCode": "Complete",
            "Timestamps": [at for at, _ in found],
            "Values": [value for _, value in found],
        }


class Both(Clients):
    """Clients of the simulated SageMaker, and of the simulated CloudWatch."""

    def __init__(self, clients: Clients, cloudwatch: CloudWatch) -> None:
        super().__init__()
        self._clients = clients
        self._cloudwatch = cloudwatch

    def get(self, service: str) -> Any:
        """Give a service's client."""
        return self._cloudwatch if service == "cloudwatch" else self._clients.get(service)


class Story:
    """A component with one copy, and its callers; alarms are evaluated every minute.

    Attributes:
        calls: That arrive each minute from now on.
        states: Of the alarms, by their side: an activation's, a tracking policy's high and low.
        lived: Copies at each minute's end.
    """

    def __init__(self, server: Server, clients: Clients, target: ScalableTarget) -> None:
        server.cloud = self.cloud = Cloud()
        self.component = self.cloud.component("llm", count=1).variants[""]
        self.cloudwatch = CloudWatch()
        both = Both(clients, self.cloudwatch)
        self.rig = Rig(MemoryLedger(), target)
        self.controller = self.rig.start(
            control=AwsControl(both), metrics=CloudWatchMetrics(both), watch=self
        )
        self.calls = 0.0
        self.refused = AlarmState.OK
        self.lived: list[int] = []

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Say what the alarms say: without calls the tracking policy's low one is in ALARM."""
        low = AlarmState.OK if self.calls else AlarmState.ALARM
        sides = {"activation/high": self.refused, "calls-at-100/low": low}
        return {each.name: sides.get(each.name.split("/", 2)[2], AlarmState.OK) for each in alarms}

    def live(self, minutes: int) -> None:
        """Let calls come, datapoints be published, alarms tell, and ticks look at what is due."""
        for _ in range(minutes):
            copies, began = self.component.current, self.rig.clock.at
            if self.calls:
                name, value = (SERVED, self.calls / copies) if copies else (REFUSED, self.calls)
                self.cloudwatch.values[name, began.replace(second=0)] = value
            self.rig.pass_time(MINUTE)
            self.cloud.move(60)
            wakes = self.controller.wake_all(self.evaluate(refused=bool(self.calls and not copies)))
            wakes += self.controller.tick()
            assert all(wake.kind is not WakeKind.FAILED for wake in wakes)
            self.lived.append(self.component.current)

    def sent(self) -> list[Decision]:
        """List the decisions that were sent."""
        decisions = [record.decision for record in self.rig.records()]
        return [each for each in decisions if each.action is Action.SET]

    def evaluate(self, *, refused: bool) -> list[Trigger]:
        """Give the triggers of an event, where the activation's alarm changes its state."""
        before, self.refused = self.refused, AlarmState.ALARM if refused else AlarmState.OK
        if before is self.refused:
            return []
        event = copy.deepcopy(json.loads((EVENTS / "eventbridge-alarm.json").read_text("utf-8")))
        name = alarm_name("llm", "activation", "high")
        event["detail"]["alarmName"] = name
        event["resources"] = [f"{event['resources'][0].rpartition(':alarm:')[0]}:alarm:{name}"]
        event["detail"]["state"] = {
            "value": self.refused.value,
            "timestamp": self.rig.clock.at.isoformat(),
        }
        (parsed,) = parse_event(event)
        assert parsed.triggers, parsed
        return list(parsed.triggers)


@pytest.fixture
def story(repository: Path) -> Iterator[Story]:
    """Set up the shipped example; hold its ledger to the rules at the end."""
    (target,) = load(repository / "examples" / "component.yaml").scalable_targets
    with serve() as (server, clients):
        told = Story(server, clients, target)
        told.rig.pass_time(SECOND * 5)  # ticks do not fall on the minute
        yield told
        check_ledger(told.rig.store, "llm")


def test_a_component_that_serves_a_little_is_left_at_work(story: Story) -> None:
    """Not one call failed for hours, which says nothing of those that are answered."""
    story.calls = 4.0
    story.live(180)
    assert set(story.lived) == {1}


def test_a_component_goes_to_zero_and_the_first_call_in_vain_brings_it_back(story: Story) -> None:
    """Idle, zero, at rest without a read, an alarm, one copy; and it stays while it is used."""
    story.calls = 40.0
    story.live(60)
    assert set(story.lived) == {1}
    story.calls = 0.0
    story.live(IDLE_AFTER - 1)
    assert set(story.lived) == {1}
    story.live(LATE + 10)
    assert story.component.desired == 0
    assert story.lived[-1] == 0
    assert [each.desired for each in story.sent()] == [0]

    story.live(10)
    story.cloudwatch.asked = 0
    story.live(120)
    assert story.cloudwatch.asked == 0
    assert story.component.desired == 0

    story.calls = 30.0
    story.live(1)
    assert story.component.desired == 1
    assert (story.sent()[-1].desired, story.sent()[-1].reason) == (1, Reason.ACTIVATED)
    story.live(10)
    assert story.lived[-1] == 1
    story.live(60)
    assert set(story.lived[-60:]) == {1}
    assert [each.desired for each in story.sent()] == [0, 1]
