"""How is a scenario told: so many requests a minute, these faults, and what became of it?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.timeline import EndpointSettings, Order, OrderKind
from flyball.core.chain import verify
from flyball.core.model import Decision
from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.record import replay
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.sim.day import Cloud, Minute
from flyball.sim.faults import Fault, FaultKind
from flyball.sim.trace import MINUTE, Trace
from flyball.wake import Wake

START = datetime(2026, 3, 2, tzinfo=UTC)
MU = 100.0
"""Requests that one instance serves in a minute."""

LOAD = Metric("utilization", unit=Unit.PERCENT)
TOTAL = Metric("invocations", per=Per.TOTAL)
TRACK = TrackingPolicy(
    "track",
    "utilization",
    70.0,
    out_datapoints=DatapointsRule(2, 2),
    in_datapoints=DatapointsRule(5, 5),
    scale_in_cooldown=timedelta(minutes=3),
)
TARGET = ScalableTarget("chat", 2, 40, metrics=(LOAD, TOTAL), policies=(TRACK,))
"""At 70 % of 100 requests an instance: 700 requests a minute want 10, 1,400 want 20."""


@dataclass
class Story:
    """A run that is over.

    Attributes:
        cloud: Where it took place.
        ledger: What was recorded.
        minutes: What happened.
    """

    cloud: Cloud
    ledger: MemoryLedger
    minutes: list[Minute]

    @property
    def endpoints(self) -> LocalEndpoints:
        """The endpoints."""
        return self.cloud.endpoints

    def orders(self, caller: str = "flyball") -> list[Order]:
        """List the changes that the provider accepted from a caller."""
        return [
            order
            for order in self.endpoints.orders(self.cloud.name)
            if order.kind is OrderKind.SCALE and order.caller == caller
        ]

    def steps(self, caller: str = "flyball") -> list[tuple[int, int, int]]:
        """List those changes as (minute, before, after)."""
        return [(minute_of(o.at), o.before, o.after) for o in self.orders(caller)]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """List the bodies of one kind of row."""
        rows = self.ledger.rows(self.cloud.scalable_target.id)
        return [json.loads(row.body) for row in rows if row.kind == kind]

    def wakes(self, begin: int = 0, end: int | None = None) -> list[Wake]:
        """List what the controller did in a span of minutes."""
        return [wake for minute in self.minutes[begin:end] for wake in minute.wakes]

    def decisions(self, begin: int = 0, end: int | None = None) -> list[Decision]:
        """List what was decided in a span of minutes."""
        return [wake.decision for wake in self.wakes(begin, end) if wake.decision is not None]

    def outcomes(self) -> list[str]:
        """List the kinds of all outcome rows."""
        return [body["outcome"]["kind"] for body in self.bodies("outcome")]

    def check_ledger(self) -> None:
        """Hold the ledger to its promises: chained, replayable, and written before each act."""
        status = self.ledger.status(self.cloud.scalable_target.id)
        rows = list(self.ledger.rows(self.cloud.scalable_target.id))
        assert list(verify(rows, head=status.head, sequence=status.sequence)) == []
        assert [each for each in replay(rows) if not each.same] == []
        intents = [
            (row.at, json.loads(row.body)["decision"]["desired"])
            for row in rows
            if row.kind == "decision" and json.loads(row.body)["decision"]["action"] == "set"
        ]
        for order in self.orders():
            assert (order.at, order.after) in intents, f"an order without its row: {order}"
            intents.remove((order.at, order.after))  # so that no row serves two orders


def fault(kind: FaultKind, begin: float, end: float, amount: float = 0, where: str = "") -> Fault:
    """Plan a fault from one minute of the story to another."""
    return Fault(kind, START + begin * MINUTE, START + end * MINUTE, 1.0, amount, where)


def open_cloud(
    requests: Sequence[float | None],
    *faults: Fault,
    target: ScalableTarget = TARGET,
    initial: int = 10,
    quota: int = 100,
    seed: int = 0,
) -> tuple[Cloud, MemoryLedger]:
    """Set up a story, to be driven by hand."""
    ledger = MemoryLedger()
    cloud = Cloud(
        Trace(START, tuple(requests)),
        target,
        ledger,
        seed=seed,
        capacity_per_instance=MU,
        settings=EndpointSettings(initial=initial, seed=seed, quota=quota),
        faults=faults,
    )
    return cloud, ledger


def tell(
    requests: Sequence[float | None],
    *faults: Fault,
    target: ScalableTarget = TARGET,
    initial: int = 10,
    quota: int = 100,
    seed: int = 0,
    at: Callable[[int, Cloud], None] = lambda _minute, _cloud: None,
) -> Story:
    """Tell a story from its first minute to its last.

    Args:
        requests: One a minute.
        faults: What goes wrong.
        target: Whose story.
        initial: Instances at its beginning.
        quota: The account's.
        seed: Of lead times and faults.
        at: Called before each minute, to do something there.
    """
    cloud, ledger = open_cloud(
        requests, *faults, target=target, initial=initial, quota=quota, seed=seed
    )
    minutes = []
    for index in range(len(requests)):
        cloud.clock.jump(START + index * MINUTE)
        at(index, cloud)
        minutes.append(cloud.step(START + index * MINUTE))
    story = Story(cloud, ledger, minutes)
    story.check_ledger()
    return story


def minute_of(at: datetime) -> int:
    """Say in which minute of the story an instant lies."""
    return (at - START) // MINUTE
