"""What stands around a controller in a test: a clock, metrics, a provider, and ledgers that break?

Nothing here decides. Everything is scripted by attributes, so that a test reads as a story.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.controller import Controller
from flyball.core.chain import Row, verify
from flyball.core.codec import canonical, decode, parse
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Datapoint,
    Decision,
    History,
    Missing,
    Series,
    Status,
)
from flyball.core.policy import TrackingPolicy
from flyball.core.record import DECISION, OUTCOME, DecisionRecord, replay
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import (
    Claim,
    Deadline,
    Due,
    ItemUpdate,
    Ledger,
    MetricRead,
    NewRow,
    Outcome,
    OutcomeKind,
    TargetStatus,
    Trigger,
    TriggerKind,
    Underway,
)
from flyball.wake import Wake

T0 = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NAME = "endpoint/llm/variant/blue"
ENGINE = "0.0-test"
ALARM = TriggerKind.ALARM
TWO = Capacity(2, 2)


def make_target(name: str = NAME, *, low: int = 1, high: int = 20, **fields: Any) -> ScalableTarget:
    """Make a target that tracks a load of 100 per instance."""
    metrics = fields.pop("metrics", (Metric("load"),))
    policies = fields.pop("policies", (TrackingPolicy("track", "load", 100.0),))
    return ScalableTarget(name, low, high, metrics=metrics, policies=policies, **fields)


@dataclass
class SetClock:
    """A clock that shows what it was set to; it may also be set back."""

    at: datetime = T0

    def now(self) -> datetime:
        """Return what it was set to."""
        return self.at


@dataclass
class ScriptedMetrics:
    """A source that shows one fresh datapoint a metric; or raises; or answers what it is told."""

    load: float | Series | Missing = 100.0
    error: Exception | None = None
    answers: Sequence[Any] | None = None
    reads: list[Sequence[MetricRead]] = field(default_factory=list)

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Answer as scripted."""
        self.reads.append(reads)
        if self.error is not None:
            raise self.error
        if self.answers is not None:
            return self.answers
        load = self.load
        shown = (Datapoint(now, load),) if isinstance(load, (int, float)) else load
        return [shown for _ in reads]


@dataclass
class ScriptedProvider:
    """A provider whose changes land at once, unless it is told otherwise.

    Attributes:
        capacity: What it has.
        refusals: What it answers, before it accepts again: an outcome, or an error to raise.
        lands: Whether a raised error hides a change that was accepted all the same.
        shows: What `describe` says instead of the truth; an error is raised.
        busy_after: A change leaves it BUSY with the old count in service, as SageMaker's does.
        applied: Every change that it accepted, in order.
        asked: Every change that it was asked for.
        on_apply: Called before it answers.
        accepts: How it accepts.
        told: What each look was told to be under way.
        deadlines: Until when each change might be sent.
    """

    capacity: Capacity = TWO
    refusals: list[Outcome | Exception] = field(default_factory=list)
    lands: bool = False
    shows: Capacity | Missing | Exception | None = None
    busy_after: bool = False
    applied: list[tuple[str, CapacityRange]] = field(default_factory=list)
    asked: list[CapacityRange] = field(default_factory=list)
    on_apply: Callable[[], None] = lambda: None
    accepts: Outcome = field(default_factory=lambda: Outcome(OutcomeKind.APPLIED))
    told: list[Underway | None] = field(default_factory=list)
    deadlines: list[Deadline | None] = field(default_factory=list)

    def describe(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,
    ) -> Capacity | Missing:
        """Show what it has, or what it was told to show."""
        self.told.append(underway)
        if isinstance(self.shows, Exception):
            raise self.shows
        return self.capacity if self.shows is None else self.shows

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Accept, or refuse as scripted."""
        self.deadlines.append(deadline)
        self.asked.append(capacity)
        self.on_apply()
        answer = self.refusals.pop(0) if self.refusals else None
        if answer is None or (self.lands and isinstance(answer, Exception)):
            self.applied.append((scalable_target.id, capacity))
            ceiling = None if self.capacity.ceiling is None else capacity.ceiling
            ready = self.capacity.ready if self.busy_after else capacity.floor
            status = Status.BUSY if self.busy_after else Status.IN_SERVICE
            self.capacity = Capacity(capacity.floor, ready, status, ceiling)
        if isinstance(answer, Exception):
            raise answer
        return answer or self.accepts

    def settle(self) -> None:
        """Bring into service what was asked for."""
        self.capacity = self.capacity._replace(
            ready=self.capacity.desired, status=Status.IN_SERVICE
        )


@dataclass
class BreakingLedger:
    """A ledger that does something else before chosen calls: raises, or lets others act.

    Attributes:
        ledger: The true one.
        before_claim: Called before a claim.
        before_write: Called before a write, with its rows and update; by number of the write.
    """

    ledger: Ledger
    before_claim: Callable[[], None] = lambda: None
    before_write: dict[int, Callable[[], None]] = field(default_factory=dict)
    writes: int = 0

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Pass on."""
        return self.ledger.register(scalable_target_id, config, config_hash, now)

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Pass on."""
        return self.ledger.retire(scalable_target_id, now)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Do what comes before, and pass on."""
        self.before_claim()
        return self.ledger.claim(scalable_target_id, token, now, until)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Do what comes before this write, and pass on."""
        self.writes += 1
        self.before_write.get(self.writes, lambda: None)()
        return self.ledger.write(claim, rows, update)

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Pass on."""
        return self.ledger.due(now, limit)

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Pass on."""
        return self.ledger.status(scalable_target_id)

    def scalable_target_ids(self) -> Sequence[str]:
        """Pass on."""
        return self.ledger.scalable_target_ids()

    def recorded_ids(self) -> Sequence[str]:
        """Pass on."""
        return self.ledger.recorded_ids()

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Pass on."""
        return self.ledger.rows(scalable_target_id, after, limit)

    def row(self, row_id: str) -> Row | None:
        """Pass on."""
        return self.ledger.row(row_id)

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Pass on."""
        return self.ledger.latest(limit, scalable_target_id, kind)

    def close(self) -> None:
        """Pass on."""
        self.ledger.close()


class Rig:
    """One controller with all that stands around it, and a target that is registered at T0."""

    def __init__(self, ledger: Ledger, target: ScalableTarget | None = None) -> None:
        self.store = ledger
        self.ledger = BreakingLedger(ledger)
        self.clock = SetClock()
        self.metrics = ScriptedMetrics()
        self.provider = ScriptedProvider()
        self.steps: list[str] = []
        self.tokens = 0
        self.on_step: Callable[[str], None] = self.steps.append
        self.target = target or make_target()
        register(ledger, self.target, T0)
        self.controller = self.start()

    def start(self, **parts: Any) -> Controller:
        """Start a controller as another program would: on the same ledger and provider."""
        given: dict[str, Any] = {
            "ledger": self.ledger,
            "metrics": self.metrics,
            "control": self.provider,
            "clock": self.clock,
            "token": self._token,
            "engine": ENGINE,
            "on_step": self._step,
        }
        return Controller(**(given | parts))

    def _step(self, step: str) -> None:
        self.on_step(step)

    def _token(self) -> str:
        self.tokens += 1
        return f"run-{self.tokens}"

    def wake(self, kind: TriggerKind = TriggerKind.MANUAL, **fields: Any) -> Wake:
        """Wake the target, by hand unless said otherwise."""
        return self.controller.wake(self.trigger(kind, **fields))

    def trigger(self, kind: TriggerKind = TriggerKind.MANUAL, **fields: Any) -> Trigger:
        """Make a trigger of this instant."""
        given: dict[str, Any] = {
            "scalable_target_id": self.target.id,
            "trigger_id": f"{kind.value}:{self.clock.at.isoformat()}",
            "kind": kind,
            "at": self.clock.at,
        }
        return Trigger(**(given | fields))

    def pass_time(self, by: timedelta) -> None:
        """Let time pass; back, where it is negative."""
        self.clock.at += by

    def rows(self, *kinds: str) -> list[Row]:
        """Read the target's rows, of these kinds, or of all but configs."""
        found = self.store.rows(self.target.id)
        return [row for row in found if (row.kind in kinds if kinds else row.kind != "config")]

    def kinds(self) -> list[str]:
        """List the kinds of the target's rows, configs left out."""
        return [row.kind for row in self.rows()]

    def records(self) -> list[DecisionRecord]:
        """Read every decision's record."""
        return [parse(DecisionRecord, row.body) for row in self.rows(DECISION)]

    def last(self) -> Decision:
        """Read the newest decision."""
        return self.records()[-1].decision

    def outcomes(self) -> list[OutcomeKind]:
        """List what became of the intents."""
        return [outcome_of(row).kind for row in self.rows(OUTCOME)]

    def history(self) -> History:
        """Read what the target remembers."""
        return parse(History, self.store.status(self.target.id).history)

    def wake_in(self) -> float:
        """Say in how many seconds the target is due."""
        wake_at = self.store.status(self.target.id).wake_at
        assert wake_at is not None
        return (wake_at - self.clock.at).total_seconds()

    def is_free(self) -> bool:
        """Say whether nobody has the lease."""
        return self.store.status(self.target.id).lease_until is None

    def check(self, *, pending: bool = False) -> None:
        """Hold the ledger to what always holds; see check_ledger."""
        check_ledger(self.store, self.target.id, pending=pending)


def register(ledger: Ledger, target: ScalableTarget, now: datetime) -> int:
    """Register a target's config."""
    config = canonical(target)
    return ledger.register(target.id, config, hashlib.sha256(config.encode()).hexdigest(), now)


def outcome_of(row: Row) -> Outcome:
    """Read an outcome row."""
    return decode(Outcome, json.loads(row.body)["outcome"])


def check_ledger(ledger: Ledger, target_id: str, *, pending: bool = False) -> None:
    """Expect a whole chain, rows that replay the same, and every intent closed exactly once.

    Args:
        ledger: Any.
        target_id: Whose rows.
        pending: Whether the newest intent is still open.
    """
    rows = list(ledger.rows(target_id))
    status = ledger.status(target_id)
    assert list(verify(rows, head=status.head, sequence=status.sequence)) == []
    assert [again for again in replay(rows) if not again.same] == []
    intents = [
        row.id
        for row in rows
        if row.kind == DECISION and json.loads(row.body)["decision"]["action"] == "set"
    ]
    closed = [json.loads(row.body)["decision"] for row in rows if row.kind == OUTCOME]
    left = [intents.pop()] if pending else []
    assert closed == intents
    assert status.pending == (left[0] if left else None)
