"""How is a simulated month lived through on the rig, so that its counts can be held to it?

The ledger is the real one on a DynamoDB-compatible engine, which tells its own units; alarms and
metrics are moto's CloudWatch; SageMaker is our server; messages go through a real queue. All of
them are reached by boto3, whose every call is counted as it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flyball.adapters.aws.alarms import define
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.cloudwatch import CloudWatchMetrics
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.adapters.aws.queue import Queue
from flyball.adapters.aws.resource import Variant, read_resource
from flyball.adapters.aws.watch import CloudWatchAlarms
from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.timeline import State
from flyball.controller import Controller
from flyball.core.model import Missing, Status
from flyball.core.target import ScalableTarget
from flyball.cost.aws.month import World, list_alarms, simulate
from flyball.cost.plant import MINUTE, Demand, Plant
from flyball.cost.usage import Usage
from flyball.ports import MetricRead
from flyball.wiring.between import Reader, Watcher
from flyball.wiring.function import Parts
from tests.aws.hosted import EPOCH_S, Cloud
from tests.aws.rig import Server, client_of
from tests.aws.sagemaker import Server as Endpoints

READS = frozenset({"GetItem", "Query", "Scan"})


class CloudPlant(Plant):
    """A plant whose endpoints are our server's, so that both worlds see the same ones."""

    def __init__(self, cloud: Cloud, *given: Any) -> None:
        super().__init__(*given)
        self._cloud = cloud
        self._past: dict[tuple[str, datetime], int] = {}

    def add(self, targets: Sequence[ScalableTarget]) -> None:
        """Let every target's endpoint be in service."""
        for target in targets:
            resource = read_resource(target.resource)
            assert isinstance(resource, Variant)
            self._cloud.endpoint(resource.endpoint, max(1, target.min_capacity), resource.variant)

    def state(self, key: str, now: datetime) -> State:
        """Read our server's, which has the present only; what it had is remembered."""
        thing = self._cloud.endpoints[key.split("/")[1]]
        (counts,) = thing.variants.values()
        at_s = self._cloud.now - EPOCH_S
        if now.timestamp() - self.start_s < at_s:
            return State(0, self._past.get((key, now), counts.current), Status.BUSY, "")
        self._past[key, now] = counts.current
        status = Status.IN_SERVICE if thing.status == "InService" else Status.BUSY
        return State(counts.desired, counts.current, status, thing.status)

    def scale(self, key: str, desired: int, now: datetime) -> bool:  # noqa: ARG002  (the plant's)
        """Set a capacity, as the server does when it is asked."""
        name = key.split("/")[1]
        thing = self._cloud.endpoints[name]
        if thing.status != "InService":
            return False
        thing.change(next(iter(thing.variants)), desired, self._cloud.now)
        return True

    start_s = 0.0


class CloudClock(JumpingClock):
    """A clock that takes the cloud with it."""

    def __init__(self, start: datetime, cloud: Cloud) -> None:
        super().__init__(start)
        self._cloud = cloud

    def jump(self, to: datetime) -> None:
        """Move, and let happen there what is due."""
        self._cloud.move((to - self.now()).total_seconds())
        super().jump(to)


class CountingClients(Clients):
    """The SDK's own clients; each call is counted as it is made."""

    def __init__(self, endpoints: dict[str, str], usage: Usage) -> None:
        super().__init__("us-east-1", endpoints)
        self._usage = usage

    def _make(self, service: str) -> Any:
        client = super()._make(service)
        events = client.meta.events
        events.register(f"provide-client-params.{service}.*", self._prepare)
        events.register("before-call.*.*", self._note)
        events.register("after-call.dynamodb.*", self._note_units)
        return client

    def _prepare(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.service_model.service_name == "dynamodb":
            params["ReturnConsumedCapacity"] = "INDEXES"
        if model.name == "GetMetricData":
            metrics = len(params["MetricDataQueries"])
            self._usage.charge("cloudwatch.metrics_read", metrics)
        if model.name == "DescribeAlarms":
            self._usage.charge("cloudwatch.requests")
        if model.service_model.service_name == "sqs":
            self._usage.charge("sqs.requests")

    def _note(self, model: Any, **_: Any) -> None:
        self._usage.calls[f"{model.service_model.service_name}.{model.name}"] += 1

    def _note_units(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name not in READS and "Error" in parsed:
            return
        told = parsed.get("ConsumedCapacity", [])
        kind = "read" if model.name in READS else "write"
        for each in told if isinstance(told, list) else [told]:
            self._usage.charge(f"dynamodb.{kind}_units", each["CapacityUnits"])


def alike(targets: Sequence[ScalableTarget], demands: dict[str, Demand], *given: Any) -> World:
    """Make the simulated world, with the rig's lead times."""
    cloud = Cloud()
    start, usage = given
    return simulate(
        targets,
        demands,
        start,
        usage,
        clock=CloudClock(start, cloud),
        plant=_plant(cloud, targets, demands, start),
    )


def _plant(
    cloud: Cloud, targets: Sequence[ScalableTarget], demands: dict[str, Demand], start: datetime
) -> CloudPlant:
    plant = CloudPlant(cloud, targets, demands, start)
    plant.start_s = start.timestamp()
    plant.add(targets)
    return plant


class Board(AlarmBoard):
    """Alarms that CloudWatch has too, and that are given their states there."""

    def __init__(
        self, plant: Plant, targets: Sequence[ScalableTarget], client: Any, names: set[str]
    ) -> None:
        super().__init__(plant, targets)
        self._plant, self._client, self._names = plant, client, names
        self._targets = targets

    def evaluate(self, now: datetime) -> list[dict[str, Any]]:
        """Show a minute's metrics, and what changed."""
        for target in self._targets:
            for metric in target.metrics:
                self._show(target, metric.name, now)
        events = super().evaluate(now)
        for event in events:
            detail = event["detail"]
            if detail["alarmName"] in self._names:
                self._client.set_alarm_state(
                    AlarmName=detail["alarmName"],
                    StateValue=detail["state"]["value"],
                    StateReason="evaluated",
                )
        return events

    def _show(self, target: ScalableTarget, name: str, now: datetime) -> None:
        (series,) = self._plant.read([MetricRead(target, target.metric_by_name[name], 1)], now)
        if isinstance(series, Missing):
            return
        source = target.metric_by_name[name].source
        dimensions = [
            {"Name": "EndpointName", "Value": target.resource["endpoint"]},
            {"Name": "VariantName", "Value": target.resource["variant"]},
        ]
        datum = {
            "MetricName": source["metric"],
            "Dimensions": dimensions,
            "Timestamp": series[-1].at - MINUTE,
            "Value": series[-1].value,
        }
        self._client.put_metric_data(Namespace=source["namespace"], MetricData=[datum])


class Rig:
    """A world of real parts.

    Args:
        ministack: Tables and queue.
        moto: CloudWatch.
        endpoints: SageMaker and Application Auto Scaling.
        tables: Names of the two.
        kind: Of the clients.
    """

    def __init__(
        self,
        ministack: Server,
        moto: Server,
        endpoints: Endpoints,
        tables: tuple[str, str],
        kind: type[CountingClients] = CountingClients,
    ) -> None:
        self._ministack, self._moto, self._endpoints = ministack, moto, endpoints
        self._tables = tables
        self._kind = kind
        self.clients: CountingClients | None = None

    def make(
        self,
        targets: Sequence[ScalableTarget],
        demands: dict[str, Demand],
        start: datetime,
        usage: Usage,
    ) -> World:
        """Make the world; see Month."""
        cloud = self._endpoints.cloud = Cloud()
        plant = _plant(cloud, targets, demands, start)
        watch = client_of(self._moto, "cloudwatch")
        alarms = list(list_alarms(targets))
        for alarm in alarms:
            watch.put_metric_alarm(**define(alarm))
        board = Board(plant, targets, watch, {alarm.name for alarm in alarms})
        where = {
            "application-autoscaling": self._endpoints.url,
            "cloudwatch": self._moto.url,
            "dynamodb": self._ministack.url,
            "sagemaker": self._endpoints.url,
            "sqs": self._ministack.url,
        }
        clients = self.clients = self._kind(where, usage)
        ledger = DynamoLedger(
            clients.get("dynamodb"), targets=self._tables[0], ledger=self._tables[1]
        )
        clock = CloudClock(start, cloud)
        control = AwsControl(clients)
        tokens = count()
        controller = Controller(
            ledger=ledger,
            metrics=Reader(CloudWatchMetrics(clients), control),
            control=control,
            clock=clock,
            token=lambda: f"{next(tokens):032x}",
            engine="simulated",
            watch=Watcher(CloudWatchAlarms(clients), control),
        )
        sqs = client_of(self._ministack, "sqs")
        url = sqs.create_queue(QueueName=f"wakes-{self._tables[0]}")["QueueUrl"]

        def take() -> list[str]:
            messages: list[str] = []
            while True:
                found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
                if not found.get("Messages"):
                    return messages
                for each in found["Messages"]:
                    messages.append(each["Body"])
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

        parts = Parts(controller, ledger, clock)
        return World(clock, plant, parts, Queue(clients, url, url), take, board)


def wave(at: datetime, start: datetime, low: float, high: float, every: timedelta) -> float:
    """Give a demand that is high for the first half of each interval, and low for the second."""
    return high if ((at - start) % every) < every / 2 else low
