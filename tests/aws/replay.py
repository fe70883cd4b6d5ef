"""What does a deployed stack do, period by period, when a trace of requests meets its endpoint?

The functions run on this machine's clock, so the trace is pressed together and they are not: a
minute of it takes two seconds, and five of them are one period of a high-resolution metric. The
endpoint's server is to run as fast. What a minute's schedule and CloudWatch's evaluation of alarms
do in AWS is done here at the same pace: MiniStack has a schedule of real minutes, and does not
evaluate alarms as CloudWatch does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from flyball.adapters.local.alarms import AlarmBoard
from flyball.core.chain import Row
from flyball.core.codec import decode, parse
from flyball.core.model import Datapoint, Missing, MissingCause, Series, Status
from flyball.core.record import DECISION, OUTCOME, DecisionRecord
from flyball.core.target import ScalableTarget
from flyball.ports import AlarmState, MetricRead, Outcome, OutcomeKind, TriggerKind
from flyball.sim.day import Minute
from flyball.sim.trace import Trace
from flyball.wake import Wake, WakeKind
from tests.aws.deployment import Deployment

MINUTES_A_STEP = 5
PERIOD = timedelta(seconds=10)
"""The shortest of a high-resolution alarm: one step of the trace."""
TRACE_MINUTE = timedelta(minutes=1)
STEP = MINUTES_A_STEP * TRACE_MINUTE
MINUTE = PERIOD / MINUTES_A_STEP
"""So long a minute of the trace takes."""
SPEED = TRACE_MINUTE / MINUTE
"""So many times faster than the trace's own time it goes; the endpoint's server is to, too."""
NAMESPACE, METRIC = "AWS/SageMaker", "InvocationsPerInstance"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = timedelta(seconds=0.2)
"""A step that would begin sooner than this begins with the next period."""


class Change(NamedTuple):
    """A change of capacity that the provider accepted.

    Attributes:
        row_id: Id of its decision.
        record: Its decision.
        took: From the alarm that woke its run to the provider's answer; None: a tick woke it.
    """

    row_id: str
    record: DecisionRecord
    took: timedelta | None


class Step(NamedTuple):
    """One period of the replay.

    Attributes:
        at: In the trace, aware UTC.
        requests: That arrived; None: not known.
        desired: Instances asked for at its end.
        ready: Instances in service at its end.
        rang: Alarms that changed their state at its beginning, with the new one.
        decided: What was decided in it, earliest first.
        minutes: Its minutes, to be scored.
    """

    at: datetime
    requests: float | None
    desired: int
    ready: int
    rang: tuple[tuple[str, AlarmState], ...]
    decided: tuple[DecisionRecord, ...]
    minutes: tuple[Minute, ...]


class Replay:
    """A trace on its way through a deployed stack.

    Attributes:
        changes: Those so far.
        late: The most that this machine was behind the clock of the replay.
    """

    def __init__(
        self, stack: Deployment, target: ScalableTarget, capacity_per_instance: float
    ) -> None:
        self.changes: list[Change] = []
        self.late = timedelta()
        self._stack = stack
        self._target = target
        self._mu = capacity_per_instance
        self._cloudwatch = stack.client("cloudwatch")
        self._sagemaker = stack.client("sagemaker")
        self._ledger = stack.ledger()
        self._published = _Published()
        self._board = AlarmBoard(self._published, [target])
        self._call_tick = _find_tick(stack)
        self._sequence = 0
        self._backlog = 0.0
        self._decided: dict[str, DecisionRecord] = {}
        self._rang: dict[str, datetime] = {}

    def run(self, trace: Trace) -> Iterator[Step]:
        """Let a trace's whole steps happen, each of which takes a period."""
        begin = _find_boundary(datetime.now(UTC) + _MARGIN)
        rang: tuple[tuple[str, AlarmState], ...] = ()
        for index in range(len(trace.requests) // MINUTES_A_STEP):
            at, start = trace.start + index * STEP, begin + index * PERIOD
            known = len(self._decided)
            minutes = tuple(
                self._live(at + minute * TRACE_MINUTE, trace, start + minute * MINUTE)
                for minute in range(MINUTES_A_STEP)
            )
            desired, ready, _ = self._look()
            decided = tuple(islice(self._decided.values(), known, None))
            yield Step(at, _add(minutes), desired, ready, rang, decided, minutes)
            self._publish(minutes, start)
            rang = self._ring()

    def _live(self, at: datetime, trace: Trace, start: datetime) -> Minute:
        """Let one minute of the trace pass."""
        self._wait(start)
        desired, ready, status = self._look()
        self._wait(start + MINUTE / 2)
        self._call_tick()
        self._wait(start + MINUTE)
        demand, waiting = trace.at(at), self._backlog
        self._backlog = max(0.0, waiting + (demand or 0.0) - ready * self._mu)
        work = (waiting, self._backlog)
        changes = self._read()
        return Minute(at, demand, self._mu, desired, ready, status, *work, changes, alarms=0)

    def _wait(self, until: datetime) -> None:
        """Wait for an instant, and note how far behind it already is."""
        left = until - datetime.now(UTC)
        self.late = max(self.late, -left)
        time.sleep(max(0.0, left.total_seconds()))

    def _look(self) -> tuple[int, int, Status]:
        """Read how many instances are desired, and in service."""
        found = self._sagemaker.describe_endpoint(EndpointName=self._target.resource["endpoint"])
        (variant,) = found["ProductionVariants"]
        busy = found["EndpointStatus"] != "InService"
        status = Status.BUSY if busy else Status.IN_SERVICE
        return variant["DesiredInstanceCount"], variant["CurrentInstanceCount"], status

    def _read(self) -> tuple[Wake, ...]:
        """Read what is new in the ledger, and give the changes that were accepted."""
        wakes = []
        for row in self._ledger.rows(self._target.id, self._sequence):
            self._sequence = row.sequence
            if row.kind == DECISION:
                self._decided[row.id] = parse(DecisionRecord, row.body)
            elif row.kind == OUTCOME:
                body = json.loads(row.body)
                outcome = decode(Outcome, body["outcome"])
                record = self._decided[body["decision"]]
                if outcome.kind is OutcomeKind.APPLIED:
                    self.changes.append(Change(body["decision"], record, self._clock(record, row)))
                    wake = Wake(WakeKind.DECIDED, self._target.id, record.decision, outcome)
                    wakes.append(wake)
        return tuple(wakes)

    def _clock(self, record: DecisionRecord, outcome: Row) -> timedelta | None:
        """Say how long it took from an alarm to the provider's answer; None: no alarm woke it."""
        if record.trigger["kind"] != TriggerKind.ALARM.value:
            return None
        return outcome.at - self._rang[record.trigger["source"]]

    def _publish(self, minutes: Sequence[Minute], start: datetime) -> None:
        """Let CloudWatch have what each instance in service was sent in a step, if that is known.

        It stands at the beginning of its period, which is over by now: MiniStack, which evaluates
        alarms in its own way at each value that comes, finds none in the last period.
        """
        if any(minute.demand is None for minute in minutes):
            return
        value = sum((minute.demand or 0.0) / max(1, minute.ready) for minute in minutes)
        resource = self._target.resource
        dimensions = {"EndpointName": resource["endpoint"], "VariantName": resource["variant"]}
        datum = {
            "MetricName": METRIC,
            "Dimensions": [{"Name": name, "Value": each} for name, each in dimensions.items()],
            "Timestamp": start,
            "Value": value,
            "StorageResolution": 1,
        }
        self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
        self._published.add(value, start)

    def _ring(self) -> tuple[tuple[str, AlarmState], ...]:
        """Evaluate the alarms as CloudWatch would, and let those change that have changed."""
        rang = []
        for event in self._board.evaluate(datetime.now(UTC)):
            name, state = event["detail"]["alarmName"], event["detail"]["state"]
            self._rang[name] = datetime.now(UTC)
            self._cloudwatch.set_alarm_state(
                AlarmName=name, StateValue=state["value"], StateReason=state["reason"]
            )
            rang.append((name, AlarmState(state["value"])))
        return tuple(rang)


class _Published:
    """What CloudWatch has, as its own alarms look at it: no datapoint is waited for."""

    def __init__(self) -> None:
        self._series: list[Datapoint] = []

    def add(self, value: float, start: datetime) -> None:
        """Take a period's datapoint."""
        self._series.append(Datapoint(start + PERIOD, value))

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Give the newest datapoints of the one metric that there is."""
        series = tuple(each for each in self._series if each.at <= now)
        return [series[-read.periods :] or Missing(MissingCause.NO_DATA) for read in reads]


def _find_tick(stack: Deployment) -> Callable[[], None]:
    """Find the function that the schedule calls, to be called without waiting for it."""
    client = stack.client("lambda")
    names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    (name,) = [each for each in names if "-Tick-" in each]

    def call() -> None:
        event = {"flyball": "tick", "schedule": "the show", "at": datetime.now(UTC).isoformat()}
        client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())

    return call


def _find_boundary(soonest: datetime) -> datetime:
    """Find where the next period begins."""
    return soonest + (_EPOCH - soonest) % PERIOD


def _add(minutes: Sequence[Minute]) -> float | None:
    """Add up what arrived; None where any of it is not known."""
    known = [minute.demand for minute in minutes if minute.demand is not None]
    return sum(known) if len(known) == len(minutes) else None
