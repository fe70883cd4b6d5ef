"""Who runs a cloud's own load test of a model, and what did it find?

A trial is run by the cloud, on instances that it starts for that alone. It lives there under its
name: whoever knows that name can go on waiting for it, from any machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.order import Order


class Status(Word):
    """Where a trial, or one of its parts, is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETED = "deleted"


ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.STOPPED, Status.DELETED})


class Finding(NamedTuple):
    """What was found of one configuration.

    Attributes:
        id: By which the service knows it; "": it is no recommendation.
        endpoint: That was made for it, and is no more; or that exists.
        instance_type: "" for a serverless one, and where it is not told of one that exists.
        environment: Of its container, as it was tried.
        invocations: The most a minute that one instance answered; None: not known, as below.
        latency_ms: Of the model, at that load.
        cpu_percent: 0–100 times cores.
        memory_percent: 0–100.
        price_per_hour: Dollars.
        price_per_invocation: Dollars.
        setup_s: Until a new instance's model is ready, seconds; None: not told.
        began: Of the load, aware UTC.
        ended: Likewise.
        failure: Why nothing was found; "": something was.
        instances: That it begins with; None: not told.
        exists: It is of an endpoint that had been there, however many instances that has.
    """

    id: str = ""
    endpoint: str = ""
    instance_type: str = ""
    environment: Mapping[str, str] = {}
    invocations: float | None = None
    latency_ms: float | None = None
    cpu_percent: float | None = None
    memory_percent: float | None = None
    price_per_hour: float | None = None
    price_per_invocation: float | None = None
    began: datetime | None = None
    ended: datetime | None = None
    failure: str = ""
    instances: int | None = None
    exists: bool = False
    setup_s: float | None = None


class Part(NamedTuple):
    """One load test of a trial."""

    status: Status
    finding: Finding


class Trial(NamedTuple):
    """A trial, as it is now.

    Attributes:
        name: Unique in its account and region.
        status: Where it is.
        mark: mark_order of what was ordered; "": somebody else ordered it.
        model: Name of the model, or ARN of its package.
        is_advanced: As of an order.
        began: Aware UTC.
        ended: Likewise; None: it has not.
        failure: Why it failed; "": it has not.
        quantile: Of which its latencies are, 0–1; None: nobody said.
        most_invocations: A minute, at which it stops; None: it goes on until it is too much.
        most_latency_ms: Likewise, of the model's latency.
        endpoints: That exist, and are load tested as they are.
        findings: What it recommends, the best first.
        existing: What was found of the endpoint that exists; empty without one.
        parts: Its load tests.
    """

    name: str
    status: Status
    mark: str = ""
    model: str = ""
    is_advanced: bool = False
    began: datetime | None = None
    ended: datetime | None = None
    failure: str = ""
    quantile: float | None = None
    most_invocations: float | None = None
    most_latency_ms: float | None = None
    findings: tuple[Finding, ...] = ()
    existing: tuple[Finding, ...] = ()
    parts: tuple[Part, ...] = ()
    endpoints: tuple[str, ...] = ()

    def has_loaded_whole(self, finding: Finding) -> bool:
        """Say whether a finding is of an endpoint that had been there, and not of one instance."""
        return finding.exists or (bool(finding.endpoint) and finding.endpoint in self.endpoints)


class Tracking(NamedTuple):
    """A policy that a cloud advises: a metric, as the cloud names it, is kept at a value."""

    metric: str
    target_value: float | None


class Advice(NamedTuple):
    """What a cloud would do of a trial's result; None: it does not say.

    Attributes:
        invocations: Per instance and minute.
        latency_ms: Of the model, there.
        min_capacity: Instances.
        max_capacity: Instances.
        scale_in_cooldown: Between changes.
        scale_out_cooldown: Likewise.
        policies: That it would have.
    """

    invocations: float | None = None
    latency_ms: float | None = None
    min_capacity: int | None = None
    max_capacity: int | None = None
    scale_in_cooldown: timedelta | None = None
    scale_out_cooldown: timedelta | None = None
    policies: tuple[Tracking, ...] = ()


class Bench(Protocol):
    """A service that runs trials. Each of its methods raises TrialError, or a kind of it."""

    def start(self, name: str, order: Order) -> bool:
        """Start a trial; False: one of that name and of the same order is there already."""
        ...

    def find(self, part: str = "", model: str = "", limit: int = 100) -> Sequence[Trial]:
        """List trials, the newest first, without what they found.

        Args:
            part: Of their names; "": any.
            model: Of this name, or of this package's ARN; "": any.
            limit: No more than so many.
        """
        ...

    def look(self, name: str) -> Trial:
        """Say where a trial is, and what it has found by now."""
        ...

    def stop(self, name: str) -> None:
        """Ask for its end; what it has found by then is kept. One that has ended stays as it is."""
        ...

    def advise(
        self, name: str, finding: Finding, used_ratio: float, least: int, most: int
    ) -> Advice:
        """Ask what the cloud would do.

        Args:
            name: Of a trial that is complete.
            finding: One of those that it recommends.
            used_ratio: Share of each core that may be used, 0–1.
            least: Invocations a minute that are expected, of all instances.
            most: Likewise.
        """
        ...
