"""What stands around a Lambda handler in a test: its module, context, queues and ledger?

The handlers are the real ones, from functions/aws. SQS is moto's; the ledger is the one in memory,
with an index of resources beside it; metrics and the provider are scripted.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.queue import Queue
from flyball.adapters.local.memory import MemoryLedger
from flyball.controller import Controller
from flyball.core.model import Capacity, CapacityRange, Missing, Status
from flyball.core.target import ScalableTarget
from flyball.ports import (
    Claim,
    Deadline,
    Due,
    LedgerUnavailableError,
    Outcome,
    OutcomeKind,
    Underway,
)
from flyball.wiring.aws_function import Function
from flyball.wiring.function import Parts
from flyball.wiring.tell import say_by
from tests.rig import ENGINE, ScriptedMetrics, SetClock, make_target, register

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions" / "aws"
EVENTS = Path(__file__).resolve().parents[2] / "events" / "aws"
NOW = datetime(2026, 3, 2, 12, 4, tzinfo=UTC)
PLACES = {
    "churn": "endpoint/churn",
    "churn-blue": "endpoint/churn",
    "batch-gpu": "auto-scaling-group/batch-gpu",
}
CLIENTS = Clients("eu-central-1")
"""Made once: a client takes longer than a test."""
_services = count()


def load(name: str) -> Any:
    """Read an event file."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def load_handler(name: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> ModuleType:
    """Import functions/aws/<name>.py afresh, as a cold start does, with these variables."""
    given = {
        "FLYBALL_TARGETS_TABLE": "flyball-targets",
        "FLYBALL_LEDGER_TABLE": "flyball-ledger",
        "POWERTOOLS_SERVICE_NAME": f"flyball-{next(_services)}",  # one a cold start: it is global
    }
    for variable, value in (given | variables).items():
        monkeypatch.setenv(variable, value)
    spec = importlib.util.spec_from_file_location(f"{name}_handler", FUNCTIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Context:
    """What Lambda tells a handler of its invocation.

    Attributes:
        left_ms: What is left of the function's time.
        passes_ms: How much passes from one question to the next.
    """

    left_ms: int = 60_000
    passes_ms: int = 0
    function_name: str = "flyball-wake"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:flyball-wake"
    aws_request_id: str = "5d858daa-5692-435e-98ca-ef04118c2ab5"

    def get_remaining_time_in_millis(self) -> int:
        """Say what is left of the function's time; at each question some of it passes."""
        left, self.left_ms = self.left_ms, self.left_ms - self.passes_ms
        return left


class PlacedLedger(MemoryLedger):
    """A ledger in memory that knows who is on a resource; it is out of reach on demand."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__()
        self.places = places
        self.out_of_reach: set[str] = set()

    def find_targets(self, resource: str) -> Sequence[str]:
        """List who is on a resource."""
        self._check_reach("find_targets")
        return sorted(name for name, place in self.places.items() if place == resource)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease."""
        self._check_reach(scalable_target_id)
        return super().claim(scalable_target_id, token, now, until)

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find who is due."""
        self._check_reach("due")
        return super().due(now, limit)

    def _check_reach(self, what: str) -> None:
        if what in self.out_of_reach:
            raise LedgerUnavailableError("DynamoDB: nothing was written, as it is throttled")


@dataclass
class Provider:
    """Capacity of each target by itself; a change lands at once."""

    desired: dict[str, int] = field(default_factory=dict)
    applied: list[tuple[str, int]] = field(default_factory=list)

    def describe(
        self,
        scalable_target: ScalableTarget,
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,  # noqa: ARG002
    ) -> Capacity | Missing:
        """Show what there is: two, unless it was changed."""
        desired = self.desired.get(scalable_target.id, 2)
        return Capacity(desired, desired, Status.IN_SERVICE)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Take it."""
        self.desired[scalable_target.id] = capacity.floor
        self.applied.append((scalable_target.id, capacity.floor))
        return Outcome(OutcomeKind.APPLIED)


class Stage:
    """Everything around the handlers of one deployment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._clients = CLIENTS
        self.wakes = self._make_queue("wakes")
        self.dead = self._make_queue("dead")
        self.clock = SetClock(NOW)
        self.metrics = ScriptedMetrics(250.0)
        self.provider = Provider()
        self.ledger = PlacedLedger(dict(PLACES))
        self.context = Context()
        self.variables: dict[str, str] = {}
        self.opened = 0
        self.rested: list[float] = []
        self.while_resting: Callable[[], None] = lambda: None
        self._tokens = count()
        for name in PLACES:
            self.add(name)

    def add(self, name: str, **fields: Any) -> None:
        """Register a target; it is due at once."""
        register(self.ledger, make_target(name, **fields), self.clock.at)

    def handle(self, name: str, event: object, **queues: str) -> Any:
        """Call a handler, after a cold start."""
        module = load_handler(name, self._monkeypatch, **self.variables)
        urls = {"wakes": self.wakes, "dead": self.dead} | queues
        module.function = Function(  # type: ignore[attr-defined]
            module.settings,
            say_by(module.logger),
            module.metrics,
            queue=Queue(self._clients, **urls),
            open_parts=self._open,
            rest=self._pass,
        )
        return module.handler(event, self.context)

    def _pass(self, seconds: float) -> None:
        """Let somebody else do something while a function waits."""
        self.rested.append(seconds)
        self.while_resting()

    def _open(self) -> Parts:
        self.opened += 1
        controller = Controller(
            ledger=self.ledger,
            metrics=self.metrics,
            control=self.provider,
            clock=self.clock,
            token=lambda: f"token-{next(self._tokens)}",
            engine=ENGINE,
        )
        return Parts(controller, self.ledger, self.clock)

    def said(self) -> tuple[list[Any], dict[str, list[float]]]:
        """Give the log's lines, and the metrics' values by name, since it was last asked."""
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        metrics: dict[str, list[float]] = {}
        for line in lines:
            for name, values in line.items() if "_aws" in line else ():
                if isinstance(values, list):
                    metrics.setdefault(name, []).extend(values)
        return [line for line in lines if "_aws" not in line], metrics

    def decided(self) -> dict[str, int]:
        """Count the decisions of each target."""
        counted = {
            name: sum(row.kind == "decision" for row in self.ledger.rows(name))
            for name in self.ledger.scalable_target_ids()
        }
        return {name: decisions for name, decisions in counted.items() if decisions}

    def buried(self) -> list[tuple[str, str]]:
        """Take body and reason of what is on the dead-letter queue."""
        return [
            (each["Body"], each["MessageAttributes"]["reason"]["StringValue"])
            for each in self._receive(self.dead)
        ]

    def delivered(self, size: int = 10) -> Iterator[Any]:
        """Take the queue of wakes' messages in batches, as Lambda's event source does."""
        messages = self._receive(self.wakes)
        for start in range(0, len(messages), size):
            yield {
                "Records": [
                    {
                        "messageId": each["MessageId"],
                        "body": each["Body"],
                        "eventSource": "aws:sqs",
                        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:wakes",
                    }
                    for each in messages[start : start + size]
                ]
            }

    def pass_time(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.at += by

    def _make_queue(self, name: str) -> str:
        return str(self._clients.get("sqs").create_queue(QueueName=name)["QueueUrl"])

    def _receive(self, url: str) -> list[Any]:
        found: list[Any] = []
        while True:
            answer = self._clients.get("sqs").receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return found
            found += answer["Messages"]
