"""What is Google Cloud asked in a month of a deployment, and who wakes its functions?"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import unquote

from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.labels import write_labels
from flyball.adapters.gcp.meant import MeantMetrics
from flyball.adapters.gcp.monitoring import find_recipe, plan_calls
from flyball.adapters.gcp.policies import (
    MINUTE_S,
    NoConditionError,
    PolicyError,
    define,
    find_duration,
)
from flyball.adapters.gcp.prices import count_conditions, read_prices
from flyball.adapters.gcp.query import Query
from flyball.adapters.gcp.session import Session
from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.alarm import PREFIX, Alarm, is_static
from flyball.alarm import define_alarms as define_all
from flyball.config import compile_target
from flyball.core.model import Missing, Series
from flyball.core.policy import DatapointsRule
from flyball.core.target import ScalableTarget
from flyball.cost.gcp.account import Account, charge_publishing
from flyball.cost.gcp.ledger import MeteredLedger
from flyball.cost.gcp.lines import LineMeter
from flyball.cost.month import SETTLED, Month, build, take_all
from flyball.cost.plant import Demand, Plant
from flyball.cost.usage import Usage
from flyball.ports import AlarmState, MetricRead
from flyball.price import Prices
from flyball.recipe import Recipe, SourceError
from flyball.wiring.between import Reader
from flyball.wiring.function import Parts
from flyball.wiring.gcp import Noting, Settings
from flyball.wiring.gcp_function import JOB, SCHEDULED, Function, Outside

PROJECT = "simulated"
ACCOUNT, AUDIENCE = "ticks@simulated.iam.gserviceaccount.com", "https://tick"
TICK = "flyball-tick"
BILLED_MS = 100
"""A request's time is charged in steps of so much. Source: Cloud Run pricing."""
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
INCIDENT_BYTES = 2_000
"""Of the message about an incident: as those in tests/events/gcp."""
TOKEN_S = 3_600


class World(NamedTuple):
    """Everything that a month goes through.

    Attributes:
        clock: What it jumps by.
        plant: What is scaled, and its metrics.
        session: How Google is asked.
        open_parts: Opens the controller and the ledger.
        take: Gives what was published to the topic of wakes since it was last asked.
        board: The alarms.
        wakes: The topic of wakes.
    """

    clock: JumpingClock
    plant: Plant
    session: Session
    open_parts: Callable[[Noting], Parts]
    take: Callable[[], list[str]]
    board: AlarmBoard
    wakes: str = f"projects/{PROJECT}/topics/wakes"


class GcpMonth(Month):
    """A deployment on Google Cloud with these scalable targets, as time passes.

    Args:
        targets: What is scaled.
        demands: By the target's id.
        start: When it begins, aware UTC.
        usage: Where everything is counted.
        prices: How long a request takes, and a line of the log is; None: as the table has it.
        is_steady: Demand stands still: alarms are evaluated until they have settled.
        make: Makes the world; None: a simulated one.
    """

    def __init__(
        self,
        targets: Sequence[ScalableTarget],
        demands: Mapping[str, Demand],
        start: datetime,
        usage: Usage,
        prices: Prices | None = None,
        *,
        is_steady: bool = False,
        make: Callable[..., World] | None = None,
    ) -> None:
        self.world = (make or simulate)(targets, dict(demands), start, usage)
        alarms = {alarm.name: alarm for alarm in list_alarms(targets)}
        until = start + SETTLED if is_steady else None
        super().__init__(self.world.clock, self.world.board, alarms, usage, until)
        self._assumed = (prices or read_prices()).assumptions
        self._lines = LineMeter(usage, self._assumed["log_bytes_per_line"])
        self._parts: Parts | None = None
        settings = Settings(
            PROJECT,
            wakes_topic=self.world.wakes,
            dead_topic=f"projects/{PROJECT}/topics/quarantine",
            tick_audience=AUDIENCE,
            tick_account=ACCOUNT,
            trusts_platform=True,
        )
        outside = Outside(
            write=self._note_line,
            clock=self.world.clock,
            elapsed=lambda: 0.0,
            rest=lambda _: None,
            session=self.world.session,
            open_parts=self._open,
        )
        self._function = Function(settings, outside)
        ledger = self._open(Noting(GcpControl(self.world.session), self.world.session)).ledger
        for each in map(compile_target, targets):
            ledger.register(each.id, each.config, each.config_hash, start)

    def _open(self, control: Noting) -> Parts:
        if self._parts is None:
            self._parts = self.world.open_parts(control)
        return self._parts

    def _tell_alarm(self, change: Mapping[str, Any], now: datetime) -> None:
        """Bring the news of an incident that is opened or closed."""
        after, before = change["state"]["value"], change["previousState"]["value"]
        if AlarmState.ALARM.value not in (after, before):
            return
        state = "open" if after == AlarmState.ALARM.value else "closed"
        incident = write_incident(self._alarms[change["alarmName"]], state, now)
        charge_publishing(self._usage, [" " * INCIDENT_BYTES])
        self._deliver(json.dumps({"version": "1.2", "incident": incident}))

    def _tell_resources(self, now: datetime) -> None:
        """Bring no news: Vertex AI tells nobody of a change that is done."""

    def _tick(self, now: datetime) -> None:
        """Let the job call, and the topic push what is published then."""
        headers = {JOB: TICK, SCHEDULED: now.isoformat(), "Authorization": write_token(now)}
        self._invoke(lambda: self._function.tick(headers))
        for body in self.world.take():
            self._deliver(body)

    def _deliver(self, body: str) -> None:
        """Let Pub/Sub push a message."""
        name = f"{next(self._ids)}"
        message = {"data": base64.b64encode(body.encode()).decode(), "messageId": name}
        event = {"message": message, "subscription": f"projects/{PROJECT}/subscriptions/s"}
        self._invoke(lambda: self._function.alert(event, {"id": name}, {}))

    def _invoke(self, call: Callable[[], object]) -> None:
        """Let Cloud Run handle a request, and count for how long."""
        assumed, usage = self._assumed, self._usage
        calls, wakes = sum(usage.calls.values()), self._count_wakes()
        call()
        took_ms = assumed["request_ms"]
        took_ms += assumed["call_ms"] * (sum(usage.calls.values()) - calls)
        took_ms += assumed["wake_ms"] * (self._count_wakes() - wakes)
        usage.charge("run.requests")
        usage.charge("run.vcpu_ms", ceil(took_ms / BILLED_MS) * BILLED_MS)
        usage.charge("logs.ingested_bytes", assumed["log_bytes_per_request"])

    def _count_wakes(self) -> float:
        return sum(amount for kind, amount in self._usage.wakes.items() if kind != "changed")

    def _note_line(self, line: str) -> None:
        """Count a line of the log, and what it tells of a wake-up."""
        told = json.loads(line)
        self._lines.note(told, len(line.encode()), self._clock.now())
        self._note_wake(told)


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
    account = Account(plant, targets, clock, usage)

    def open_parts(control: Noting) -> Parts:
        ledger = MeteredLedger(usage)
        metrics = Reader(MeantMetrics(_MeteredMetrics(plant, usage), account), control)
        return Parts(build(ledger, metrics, control, clock), ledger, clock)

    take = partial(take_all, account.sent)
    return World(clock, plant, account, open_parts, take, make_board(plant, targets))


def make_board(plant: Plant, targets: Sequence[ScalableTarget]) -> AlarmBoard:
    """Make alarms that hold as Monitoring's conditions do: when every value of a stretch does."""

    def adapt(alarm: Alarm) -> Alarm:
        period_s = round(alarm.metric.period.total_seconds())
        rule = alarm.rule
        if period_s < MINUTE_S:
            return alarm
        together = find_duration(rule.breaching, rule.evaluated, period_s) // period_s + 1
        return alarm._replace(rule=DatapointsRule(together, together))

    return AlarmBoard(plant, targets, adapt)


def list_alarms(targets: Sequence[ScalableTarget]) -> Iterator[Alarm]:
    """List the alarms of which `flyball apply` makes alert policies for these targets."""
    for target in targets:
        for alarm in define_all(target):
            try:
                define(alarm)
            except (NoConditionError, PolicyError, SourceError):
                continue
            if is_static(alarm):
                yield alarm


def charge_alarms(usage: Usage, targets: Sequence[ScalableTarget], prices: Prices) -> None:
    """Charge the alert policies that are there all month."""
    every_s = prices.assumptions["evaluation_s"]
    for alarm in list_alarms(targets):
        for charged, amount in count_conditions(define(alarm), every_s).items():
            usage.charge(charged, amount)


def write_incident(alarm: Alarm, state: str, now: datetime) -> Mapping[str, Any]:
    """Write what Monitoring says of an incident, as far as it is read."""
    policy, side = (unquote(part) for part in alarm.name.split("/")[2:])
    at = int(now.timestamp())
    return {
        "incident_id": f"{alarm.name}|{at}",
        "state": state,
        "started_at": at,
        "ended_at": None if state == "open" else at,
        "policy_name": alarm.name,
        "policy_user_labels": write_labels(alarm.scalable_target.id, policy, side, PREFIX),
    }


def write_token(now: datetime) -> str:
    """Write what the platform leaves of the token of Cloud Scheduler's call."""
    at = int(now.timestamp())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "email": ACCOUNT,
        "email_verified": True,
        "iat": at,
        "exp": at + TOKEN_S,
    }
    parts = [{"alg": "RS256", "kid": "1"}, claims]
    written = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts
    ]
    return f"Bearer {'.'.join((*written, REMOVED))}"


class _MeteredMetrics:
    """Metrics, and what projects.timeSeries.list would be asked for them."""

    def __init__(self, plant: Plant, usage: Usage) -> None:
        self._plant, self._usage = plant, usage

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Count each call and each series that it returns; one at least is charged."""
        recipes = [find_recipe(read) for read in reads]
        whose: dict[object, MetricRead] = {}
        for read, recipe in zip(reads, recipes, strict=True):
            if not isinstance(recipe, Missing):
                whose |= dict.fromkeys(recipe.queries, read)
        for batch in plan_calls(reads, recipes, now):
            back = round((batch.span.end - batch.span.start) / batch.span.period)
            series = 0
            for query in batch.queries:
                read = whose[query]._replace(periods=back + 1)
                series += self._count(read, batch.span.start, now, by_replica=query.by_replica)
            self._usage.call("monitoring.timeSeries.list", "monitoring.series_read", max(1, series))
        found = self._plant.read(reads, now)
        return [_show(series, recipe) for series, recipe in zip(found, recipes, strict=True)]

    def close(self) -> None:
        """Nothing is open."""

    def _count(self, read: MetricRead, start: datetime, now: datetime, *, by_replica: bool) -> int:
        """Say how many series a query returns: one, or one of each replica that there was."""
        (series,) = self._plant.read([read], now)
        points = () if isinstance(series, Missing) else [each for each in series if each.at > start]
        if not by_replica:
            return int(bool(points))
        return max((each.ready or 0 for each in points), default=0)


def _show(series: Series | Missing, recipe: Recipe[Query] | Missing) -> Series | Missing:
    """Show a series as the adapter does: how many replicas reported, where each has its own."""
    if isinstance(series, Missing) or isinstance(recipe, Missing):
        return series
    only = recipe.lines[recipe.returned]
    by_replica = isinstance(only, Query) and only.by_replica
    return tuple(
        each._replace(ready=None, reporting=each.ready if by_replica else None) for each in series
    )
