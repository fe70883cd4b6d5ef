"""What is AWS asked in a month of a deployment, and who wakes its functions?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from flyball.adapters.aws.alarms import AlarmError, define
from flyball.adapters.aws.cloudwatch import find_recipe, plan_calls
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.prices import count_metrics
from flyball.adapters.aws.queue import Queue
from flyball.adapters.aws.resource import Variant, name_resource, read_resource
from flyball.adapters.aws.watch import NAMES_A_CALL
from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.alarm import Alarm, define_alarms, is_static
from flyball.config import compile_target
from flyball.core.model import Missing, Series, Status
from flyball.core.target import ScalableTarget
from flyball.cost.aws.account import Account
from flyball.cost.aws.ledger import MeteredLedger
from flyball.cost.month import SETTLED, Month, build, take_all
from flyball.cost.plant import Demand, Plant
from flyball.cost.usage import Usage
from flyball.ports import AlarmState, MetricRead
from flyball.price import Prices
from flyball.recipe import SourceError
from flyball.wiring.aws import Settings
from flyball.wiring.aws_function import Function
from flyball.wiring.between import Reader, Watcher
from flyball.wiring.function import Parts

ENOUGH_MS = 60_000.0
WAKES, DEAD = "https://sqs/wakes", "https://sqs/dead"
READY = "IN_SERVICE"
ARN = "arn:aws:{service}:us-east-1:123456789012:{rest}"


class World(NamedTuple):
    """Everything that a month goes through.

    Attributes:
        clock: What it jumps by.
        plant: What is scaled, and its metrics.
        parts: The controller and the ledger.
        queue: Where a tick puts what is more than a handful.
        take: Gives what was put on the queue since it was last asked.
        board: The alarms.
    """

    clock: JumpingClock
    plant: Plant
    parts: Parts
    queue: Queue
    take: Callable[[], list[str]]
    board: AlarmBoard


class AwsMonth(Month):
    """A deployment on AWS with these scalable targets, as time passes.

    Args:
        targets: What is scaled.
        demands: By the target's id.
        start: When it begins, aware UTC.
        usage: Where everything is counted.
        prices: Nothing that is counted depends on them.
        is_steady: Demand stands still: alarms are evaluated until they have settled.
        make: Makes the world; None: a simulated one.
    """

    def __init__(
        self,
        targets: Sequence[ScalableTarget],
        demands: Mapping[str, Demand],
        start: datetime,
        usage: Usage,
        prices: Prices | None = None,  # noqa: ARG002  (another cloud's month needs them)
        *,
        is_steady: bool = False,
        make: Callable[..., World] | None = None,
    ) -> None:
        self.world = (make or simulate)(targets, dict(demands), start, usage)
        alarms = {alarm.name: alarm for alarm in list_alarms(targets)}
        until = start + SETTLED if is_steady else None
        super().__init__(self.world.clock, self.world.board, alarms, usage, until)
        self._function = Function(
            Settings("targets", "ledger", WAKES, DEAD),
            self._note_line,
            _Meter(usage),
            queue=self.world.queue,
            open_parts=lambda: self.world.parts,
            rest=lambda _: None,
        )
        self._statuses = {
            each: Status.IN_SERVICE
            for each in (read_resource(target.resource) for target in targets)
            if isinstance(each, Variant)
        }
        for each in map(compile_target, targets):
            self.world.parts.ledger.register(each.id, each.config, each.config_hash, start)

    def _tell_alarm(self, change: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG002
        """Write what the topic puts on the queue: a transition of an alarm."""
        stamp = change["state"]["timestamp"]
        name = change["alarmName"]
        told = {
            "AlarmName": name,
            "AlarmArn": ARN.format(service="cloudwatch", rest=f"alarm:{name}"),
            "NewStateValue": change["state"]["value"],
            "OldStateValue": change["previousState"]["value"],
            "NewStateReason": change["state"]["reason"],
            "StateChangeTime": stamp,
            "Region": "US East (N. Virginia)",
            "AWSAccountId": "123456789012",
            "Trigger": {},
        }
        envelope = {
            "Type": "Notification",
            "MessageId": f"{next(self._ids)}",
            "TopicArn": ARN.format(service="sns", rest="alarms"),
            "Message": json.dumps(told),
            "Timestamp": stamp,
        }
        self._usage.charge("sns.publishes")
        self._deliver(json.dumps(envelope))

    def _tell_resources(self, now: datetime) -> None:
        for body in self._tell_endpoints(now):
            self._deliver(body)

    def _tick(self, now: datetime) -> None:  # noqa: ARG002
        self._usage.charge("scheduler.invocations")
        self._invoke(lambda: self._function.tick({"flyball": "tick"}, _left_ms))
        for body in self.world.take():
            self._deliver(body, sent=0)

    def _deliver(self, body: str, sent: int = 1) -> None:
        """Let the queue hand over a message: it was sent (and counted, if by us), is deleted."""
        self._usage.charge("sqs.requests", sent + 1)
        record = {
            "messageId": f"{next(self._ids)}",
            "body": body,
            "eventSource": "aws:sqs",
            "eventSourceARN": ARN.format(service="sqs", rest="wakes"),
        }
        self._invoke(lambda: self._function.wake({"Records": [record]}, _left_ms))

    def _invoke(self, call: Callable[[], object]) -> None:
        self._usage.charge("lambda.requests")
        call()

    def _tell_endpoints(self, now: datetime) -> Iterator[str]:
        """Write what the rule puts on the queue: an endpoint that begins or ends an update."""
        for resource, before in self._statuses.items():
            status = self.world.plant.state(name_resource(resource), now).status
            if status is before:
                continue
            self._statuses[resource] = status
            arn = ARN.format(service="sagemaker", rest=f"endpoint/{resource.endpoint}")
            at_ms = now.timestamp() * 1_000
            yield json.dumps(
                {
                    "version": "0",
                    "id": f"{next(self._ids)}",
                    "detail-type": "SageMaker Endpoint State Change",
                    "source": "aws.sagemaker",
                    "account": "123456789012",
                    "time": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "region": "us-east-1",
                    "resources": [arn],
                    "detail": {
                        "EndpointName": resource.endpoint,
                        "EndpointArn": arn,
                        "EndpointStatus": READY if status is Status.IN_SERVICE else "UPDATING",
                        "LastModifiedTime": at_ms,
                    },
                }
            )

    def _note_line(self, _level: int, _message: str, *, extra: Mapping[str, object]) -> None:
        self._note_wake(extra)


def simulate(
    targets: Sequence[ScalableTarget],
    demands: dict[str, Demand],
    start: datetime,
    usage: Usage,
    *,
    clock: JumpingClock | None = None,
    plant: Plant | None = None,
) -> World:
    """Make a world in which every call is counted; clock and plant are its own, unless given."""
    clock = clock or JumpingClock(start)
    plant = plant or Plant(targets, demands, start)
    board = AlarmBoard(plant, targets)
    account = Account(plant, targets, clock, usage)
    ledger = MeteredLedger(usage)
    control = AwsControl(account)
    metrics = Reader(_MeteredMetrics(plant, usage), control)
    watch = Watcher(_MeteredAlarms(board, usage), control)
    parts = Parts(build(ledger, metrics, control, clock, watch), ledger, clock)
    take = partial(take_all, account.sent)
    return World(clock, plant, parts, Queue(account, WAKES, DEAD), take, board)


def list_alarms(targets: Sequence[ScalableTarget]) -> Iterator[Alarm]:
    """List the alarms that `flyball apply` makes for these targets."""
    for target in targets:
        for alarm in define_alarms(target):
            try:
                define(alarm)
            except (AlarmError, SourceError):
                continue
            if is_static(alarm):
                yield alarm


def charge_alarms(
    usage: Usage,
    targets: Sequence[ScalableTarget],
    prices: Prices,  # noqa: ARG001  (every cloud's)
) -> None:
    """Charge the alarms that are there all month."""
    for alarm in list_alarms(targets):
        standard, high_resolution = count_metrics(define(alarm))
        usage.charge("cloudwatch.alarms", standard)
        usage.charge("cloudwatch.high_resolution_alarms", high_resolution)


class _MeteredMetrics:
    """Metrics, and what GetMetricData would be asked for them."""

    def __init__(self, plant: Plant, usage: Usage) -> None:
        self._plant, self._usage = plant, usage

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Count each call and each statistic in it."""
        for batch in plan_calls(reads, [find_recipe(read) for read in reads], now):
            metrics = len(batch.queries)
            self._usage.call("cloudwatch.GetMetricData", "cloudwatch.metrics_read", metrics)
        return self._plant.read(reads, now)


class _MeteredAlarms:
    """The alarms' states, and what DescribeAlarms would be asked for them."""

    def __init__(self, board: AlarmBoard, usage: Usage) -> None:
        self._board, self._usage = board, usage

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Count a call for each hundred names."""
        names = dict.fromkeys(alarm.name for alarm in alarms)
        for _ in range(0, len(names), NAMES_A_CALL):
            self._usage.call("cloudwatch.DescribeAlarms", "cloudwatch.requests")
        states = self._board.states()
        return {name: states[name] for name in names}


class _Meter:
    """Where the functions' own metrics go: each name costs, however often it is told."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def add_metric(self, name: str, unit: str, value: float) -> None:  # noqa: ARG002  (the port's)
        """Note the name."""
        self._usage.metrics.add(name)


def _left_ms() -> float:
    return ENOUGH_MS
