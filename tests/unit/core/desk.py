"""What does a whole controller look like whose cloud does as a test says?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.memory import MemoryLedger
from flyball.controller import Controller
from flyball.core.codec import canonical
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Datapoint,
    Missing,
    Series,
    Status,
)
from flyball.core.target import (
    ScalableTarget,
)
from flyball.ports import Deadline, MetricRead, Outcome, OutcomeKind, Trigger, TriggerKind, Underway
from flyball.wake import Wake
from tests.unit.core.cases import (
    NOON,
    at,
)


class Cloud:
    """An endpoint and its metrics, as a script says; it counts what is sent to it."""

    def __init__(self, capacity: Capacity, metrics: dict[str, float | Missing]) -> None:
        self.capacity = capacity
        self.metrics = metrics
        self.measured_on: int | None = None
        self.answers: list[Outcome] = []
        self.sent: list[CapacityRange] = []

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Give each metric's one value, fresh."""
        found: list[Series | Missing] = []
        for each in reads:
            value = self.metrics[each.metric.name]
            if isinstance(value, Missing):
                found.append(value)
            else:
                found.append((Datapoint(now, value, self.measured_on),))
        return found

    def describe(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002  (the port's signature)
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,  # noqa: ARG002
    ) -> Capacity | Missing:
        """Give the capacity."""
        return self.capacity

    def apply(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        capacity: CapacityRange,
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Accept, unless an answer was put ready."""
        self.sent.append(capacity)
        if self.answers:
            return self.answers.pop(0)
        self.capacity = self.capacity._replace(
            desired=capacity.floor, status=Status.BUSY, detail="Updating"
        )
        return Outcome(OutcomeKind.APPLIED)


class Desk:
    """A controller on a ledger in memory and a scripted cloud."""

    def __init__(self, target: ScalableTarget, cloud: Cloud) -> None:
        self.cloud = cloud
        self.clock = JumpingClock(NOON)
        self.ledger = MemoryLedger()
        tokens = count()
        self.controller = Controller(
            ledger=self.ledger,
            metrics=cloud,
            control=cloud,
            clock=self.clock,
            token=lambda: f"token-{next(tokens)}",
            engine="test",
        )
        self.ledger.register(target.id, canonical(target), "hash", NOON)

    def alarm(self, when: float, source: str, state: str, stamped: float, delivery: str) -> Wake:
        """Deliver an alarm's state at an instant."""
        self.clock.jump(at(when))
        return self.controller.wake(
            Trigger("churn", delivery, TriggerKind.ALARM, at(stamped), source, state)
        )

    def tick(self, when: float) -> list[Wake]:
        """Let the timer look at what is due."""
        self.clock.jump(at(when))
        return self.controller.tick()

    def decisions(self) -> int:
        """Count the decision rows."""
        return sum(row.kind == "decision" for row in self.ledger.rows("churn"))
