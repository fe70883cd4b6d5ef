"""What does a cloud that behaves badly show to a controller that must not notice the seams?

Each port is wrapped by one that passes everything on, except while a fault strikes.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flyball.adapters.local.endpoint import LocalEndpoints, endpoint_name
from flyball.adapters.local.stock import Stock
from flyball.adapters.local.timeline import Fate
from flyball.core.chain import Row
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Series
from flyball.core.target import ScalableTarget
from flyball.ports import (
    CapacityControl,
    Claim,
    Clock,
    Deadline,
    Due,
    ItemUpdate,
    Ledger,
    LedgerUnavailableError,
    MetricRead,
    MetricSource,
    NewRow,
    Outcome,
    OutcomeKind,
    TargetStatus,
    Underway,
)
from flyball.sim.faults import FaultKind, Faults

FUTURE = timedelta(hours=1)
Event = Mapping[str, Any]


class KilledError(BaseException):
    """The process ended here; nothing that it would have done next is done."""


class FaultyMetrics:
    """A metric source that fails, or shows what cannot be."""

    def __init__(self, inner: MetricSource, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read as the port says, and spoil the answers."""
        if self._faults.strikes(FaultKind.METRIC_RAISES, now):
            raise ConnectionError("the metrics service reset the connection")
        answers = self._inner.read(reads, now)
        return [self._spoil(read, each, now) for read, each in zip(reads, answers, strict=True)]

    def _spoil(self, read: MetricRead, answer: Series | Missing, now: datetime) -> Series | Missing:
        for kind, spoil in _SPOILS.items():
            fault = self._faults.strikes(kind, now, read.metric.name)
            if fault is not None and not isinstance(answer, Missing):
                answer = spoil(answer, fault.amount)
        stale = self._faults.strikes(FaultKind.METRIC_STALE, now, read.metric.name)
        if stale is not None:
            (answer,) = self._inner.read([read], stale.start)
        if self._faults.strikes(FaultKind.METRIC_FAILED, now, read.metric.name):
            answer = Missing(MissingCause.SOURCE_FAILED, "InternalServiceFault")
        return answer


class FaultyControl:
    """A provider that refuses, forgets, or cannot be read."""

    def __init__(self, inner: CapacityControl, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Read what the provider has, unless it cannot be read."""
        name = scalable_target.id
        if self._faults.strikes(FaultKind.CAPACITY_UNKNOWN, now, name):
            return Missing(MissingCause.SOURCE_FAILED, "ServiceUnavailable")
        capacity = self._inner.describe(scalable_target, now, underway)
        if isinstance(capacity, Capacity) and self._faults.active(
            FaultKind.FOREIGN_OWNER, now, name
        ):
            return capacity._replace(owner="application-autoscaling")
        return capacity

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set a capacity, unless it is refused; an answer may be lost on its way back."""
        name = scalable_target.id
        for kind, outcome in _REFUSALS.items():
            if self._faults.strikes(kind, now, name):
                return outcome
        if self._faults.strikes(FaultKind.REQUEST_LOST, now, name):
            raise ConnectionError("no route to the provider")
        outcome = self._inner.apply(scalable_target, capacity, now, deadline)
        if self._faults.strikes(FaultKind.ANSWER_LOST, now, name):
            raise TimeoutError("the provider did not answer in time")
        return outcome


class FaultyLedger:
    """A ledger that cannot be reached for a while."""

    def __init__(self, inner: Ledger, faults: Faults, clock: Clock) -> None:
        self._inner = inner
        self._faults = faults
        self._clock = clock

    def _reach(self, *, write: bool = False) -> Ledger:
        """Give the ledger, if it can be reached just now."""
        now = self._clock.now()
        refused = write and self._faults.strikes(FaultKind.LEDGER_READ_ONLY, now)
        if refused or self._faults.strikes(FaultKind.LEDGER_UNAVAILABLE, now):
            raise LedgerUnavailableError("the simulated ledger cannot be reached; try again")
        return self._inner

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Pass on."""
        return self._reach(write=True).register(scalable_target_id, config, config_hash, now)

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Pass on, unless it cannot be written."""
        return self._reach(write=True).retire(scalable_target_id, now)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Pass on."""
        return self._reach(write=True).claim(scalable_target_id, token, now, until)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Pass on."""
        return self._reach(write=True).write(claim, rows, update)

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Pass on."""
        return self._reach().due(now, limit)

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Pass on."""
        return self._reach().status(scalable_target_id)

    def scalable_target_ids(self) -> Sequence[str]:
        """Pass on."""
        return self._reach().scalable_target_ids()

    def recorded_ids(self) -> Sequence[str]:
        """Pass on."""
        return self._reach().recorded_ids()

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Pass on."""
        return self._reach().rows(scalable_target_id, after, limit)

    def row(self, row_id: str) -> Row | None:
        """Pass on."""
        return self._reach().row(row_id)

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Pass on."""
        return self._reach().latest(limit, scalable_target_id, kind)

    def close(self) -> None:
        """Pass on."""
        self._inner.close()


class Deliveries:
    """A bus that delivers at least once, in no order, and sometimes never."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._late: list[tuple[datetime, int, Event]] = []
        self._count = 0
        self._last: dict[str, Event] = {}

    def deliver(self, events: Sequence[Event], now: datetime) -> list[Event]:
        """Take what was told now, and give what arrives now."""
        faults = self._faults
        arriving: list[Event] = []
        for event in events:
            self._last[event["detail"]["alarmName"]] = event
            if faults.strikes(FaultKind.EVENT_LOST, now):
                continue
            if (late := faults.strikes(FaultKind.EVENT_LATE, now)) is not None:
                self._count += 1
                due = now + timedelta(minutes=late.amount)
                heapq.heappush(self._late, (due, self._count, event))
                continue
            arriving.append(event)
            if faults.strikes(FaultKind.EVENT_DUPLICATED, now):
                arriving.append(event)
        while self._late and self._late[0][0] <= now:
            arriving.append(heapq.heappop(self._late)[2])
        if (storm := faults.strikes(FaultKind.ALARM_STORM, now)) is not None:
            arriving += [*self._last.values()] * int(storm.amount)
        if faults.strikes(FaultKind.EVENTS_REORDERED, now):
            faults.dice(FaultKind.EVENTS_REORDERED).shuffle(arriving)
        return arriving


class Mischief:
    """What befalls the endpoint itself: shortages, maintenance, failures and other people."""

    def __init__(
        self, endpoints: LocalEndpoints, scalable_target: ScalableTarget, faults: Faults
    ) -> None:
        self._endpoints = endpoints
        self._name = endpoint_name(scalable_target)
        self._faults = faults
        self._waiting = sorted(
            (fault for fault in faults.planned if fault.kind is FaultKind.FOREIGN_CHANGE),
            key=lambda fault: fault.start,
        )
        endpoints.stock = self._stock

    def befall(self, now: datetime) -> None:
        """Let happen what is due; called once a minute."""
        fault = self._faults.active(FaultKind.MAINTENANCE, now)
        if fault is not None:
            self._endpoints.maintain(self._name, now, fault.until)
        if self._faults.active(FaultKind.BROKEN, now):
            self._endpoints.fail(self._name, now)
        else:
            self._endpoints.repair(self._name, now)
        while self._waiting and self._waiting[0].start <= now:
            change = self._waiting.pop(0)
            self._endpoints.scale(self._name, int(change.amount), now, caller="human")

    def _stock(self, now: datetime) -> Stock:
        short = self._faults.active(FaultKind.SHORTAGE, now)
        stalled = self._faults.active(FaultKind.STALLED, now)
        if short is not None:
            return Stock(int(short.amount), Fate.ROLLS_BACK)
        if stalled is not None:
            return Stock(int(stalled.amount), Fate.STALLS, stalled.until)
        return Stock()


class Reaper:
    """What kills the process as it begins a step: a controller's `on_step`."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock

    def __call__(self, step: str) -> None:
        """Kill the process here, if a fault says so."""
        if self._faults.strikes(FaultKind.CRASH, self._clock.now(), step):
            raise KilledError(step)


Spoil = Callable[[Series, float], Series]


def _newest_is(value: float) -> Spoil:
    return lambda series, _: (*series[:-1], *(each._replace(value=value) for each in series[-1:]))


def _lower(series: Series, ratio: float) -> Series:
    return tuple(point._replace(value=point.value * ratio) for point in series)


def _shift(series: Series, _: float) -> Series:
    return tuple(point._replace(at=point.at + FUTURE) for point in series)


_SPOILS: Mapping[FaultKind, Spoil] = {
    FaultKind.METRIC_LOWERED: _lower,
    FaultKind.METRIC_NAN: _newest_is(math.nan),
    FaultKind.METRIC_INFINITE: _newest_is(math.inf),
    FaultKind.METRIC_NEGATIVE: _newest_is(-1.0),
    FaultKind.METRIC_FROM_THE_FUTURE: _shift,
    FaultKind.METRIC_EMPTY: lambda _series, _amount: (),
}

_REFUSALS: Mapping[FaultKind, Outcome] = {
    FaultKind.THROTTLED: Outcome(OutcomeKind.THROTTLED, "ThrottlingException: Rate exceeded"),
    FaultKind.DENIED: Outcome(
        OutcomeKind.DENIED, "AccessDeniedException: not authorized to perform this action"
    ),
    FaultKind.REFUSED_FOR_SHORTAGE: Outcome(
        OutcomeKind.SHORTAGE, "InsufficientInstanceCapacity: no machines of this type now"
    ),
}
