"""Does each fault show itself at the port, and only while it strikes?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.timeline import EndpointSettings
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Datapoint,
    Missing,
    MissingCause,
    Series,
    Status,
)
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import ItemUpdate, LedgerUnavailableError, MetricRead, OutcomeKind
from flyball.sim.faults import Fault, FaultKind, Faults
from flyball.sim.plant import (
    Deliveries,
    FaultyControl,
    FaultyLedger,
    FaultyMetrics,
    KilledError,
    Mischief,
    Reaper,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOON + 30 * MINUTE
LOAD = Metric("load")
TARGET = ScalableTarget("chat", 0, 9, metrics=(LOAD,))


def plan(kind: FaultKind, amount: float = 0.0, where: str = "", minutes: int = 20) -> Faults:
    """Plan one fault from noon on."""
    fault = Fault(kind, NOON, NOON + minutes * MINUTE, amount=amount, where=where)
    return Faults([fault], seed=1)


class Counting:
    """A metric source that shows its reader the minutes since eleven."""

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Show the two newest minutes."""
        count = (now - NOON) // MINUTE + 60.0
        return [(Datapoint(now - MINUTE, count - 1, 2), Datapoint(now, count, 2)) for _ in reads]


def read(kind: FaultKind, now: datetime, amount: float = 0.0) -> Series | Missing:
    """Read the metric through one fault."""
    source = FaultyMetrics(Counting(), plan(kind, amount))
    (answer,) = source.read([MetricRead(TARGET, LOAD, 2)], now)
    return answer


@pytest.mark.parametrize(
    ("kind", "shows"),
    [
        (FaultKind.METRIC_FAILED, lambda answer: isinstance(answer, Missing)),
        (FaultKind.METRIC_EMPTY, lambda answer: answer == ()),
        (FaultKind.METRIC_NAN, lambda answer: math.isnan(answer[-1].value)),
        (FaultKind.METRIC_INFINITE, lambda answer: answer[-1].value == math.inf),
        (FaultKind.METRIC_NEGATIVE, lambda answer: answer[-1].value < 0),
        (FaultKind.METRIC_LOWERED, lambda answer: answer[-1].value == 6.5),
        (FaultKind.METRIC_STALE, lambda answer: answer[-1].at == NOON),
        (FaultKind.METRIC_FROM_THE_FUTURE, lambda answer: answer[-1].at > NOON + 50 * MINUTE),
    ],
    ids=lambda value: value.value if isinstance(value, FaultKind) else "",
)
def test_a_metric_is_spoilt_while_its_fault_strikes(
    kind: FaultKind, shows: Callable[[Any], bool]
) -> None:
    """And is as it was afterwards."""
    assert shows(read(kind, NOON + 5 * MINUTE, amount=0.1))
    assert read(kind, LATER) == (Datapoint(LATER - MINUTE, 89, 2), Datapoint(LATER, 90, 2))


def test_a_metric_that_is_missing_anyway_stays_so() -> None:
    """There is nothing to spoil."""

    class Silent:
        def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
            """Know nothing."""
            return [Missing(MissingCause.NO_DATA, str(now)) for _ in reads]

    source = FaultyMetrics(Silent(), plan(FaultKind.METRIC_NAN))
    (answer,) = source.read([MetricRead(TARGET, LOAD, 1)], NOON)
    assert answer == Missing(MissingCause.NO_DATA, str(NOON))


def test_a_source_can_break_its_contract() -> None:
    """It raises, which no source should."""
    with pytest.raises(ConnectionError):
        read(FaultKind.METRIC_RAISES, NOON)


def cloud() -> LocalEndpoints:
    """Make an endpoint of two."""
    endpoints = LocalEndpoints()
    endpoints.create("chat", EndpointSettings(initial=2), NOON)
    return endpoints


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (FaultKind.THROTTLED, OutcomeKind.THROTTLED),
        (FaultKind.DENIED, OutcomeKind.DENIED),
        (FaultKind.REFUSED_FOR_SHORTAGE, OutcomeKind.SHORTAGE),
    ],
)
def test_a_refused_order_is_not_accepted(kind: FaultKind, outcome: OutcomeKind) -> None:
    """The log has nothing of it; the next one, later, goes through."""
    endpoints = cloud()
    control = FaultyControl(endpoints, plan(kind))
    assert control.apply(TARGET, CapacityRange(4, 4), NOON).kind is outcome
    assert len(endpoints.orders("chat")) == 1
    assert control.apply(TARGET, CapacityRange(4, 4), LATER).kind is OutcomeKind.APPLIED


def test_a_lost_request_is_not_accepted_and_a_lost_answer_is() -> None:
    """Both look alike to the caller."""
    counts = []
    for kind in (FaultKind.REQUEST_LOST, FaultKind.ANSWER_LOST):
        endpoints = cloud()
        with pytest.raises(OSError, match="provider"):
            FaultyControl(endpoints, plan(kind)).apply(TARGET, CapacityRange(4, 4), NOON)
        counts.append(len(endpoints.orders("chat")))
    assert counts == [1, 2]


def test_capacity_can_be_unknown_or_somebody_elses() -> None:
    """Missing, never zero; an owner is told."""
    unknown = FaultyControl(cloud(), plan(FaultKind.CAPACITY_UNKNOWN))
    assert isinstance(unknown.describe(TARGET, NOON), Missing)
    owned = FaultyControl(cloud(), plan(FaultKind.FOREIGN_OWNER))
    expect = Capacity(2, 2, detail="InService", owner="application-autoscaling")
    assert owned.describe(TARGET, NOON) == expect
    assert owned.describe(TARGET, LATER) == expect._replace(owner="")


def test_a_ledger_that_cannot_be_reached_says_so_everywhere() -> None:
    """Each method raises the port's own error while it lasts."""
    ledger = MemoryLedger()
    clock = JumpingClock(NOON)
    faulty = FaultyLedger(ledger, plan(FaultKind.LEDGER_UNAVAILABLE), clock)
    ledger.register("chat", "{}", "0" * 64, NOON)
    claim = ledger.claim("chat", "t", NOON, LATER)
    calls: list[Callable[[], object]] = [
        lambda: faulty.register("chat", "{}", "0" * 64, NOON),
        lambda: faulty.claim("chat", "u", LATER, LATER + MINUTE),
        lambda: faulty.write(claim, (), ItemUpdate(release=True)),
        lambda: faulty.due(LATER, 9),
        lambda: faulty.status("chat"),
        faulty.scalable_target_ids,
        lambda: list(faulty.rows("chat")),
        lambda: faulty.row("none"),
        lambda: faulty.latest(9),
    ]
    for call in calls:
        with pytest.raises(LedgerUnavailableError):
            call()
    clock.jump(LATER)
    assert faulty.register("chat", "{}", "0" * 64, LATER) == 1
    assert list(faulty.scalable_target_ids()) == ["chat"]
    assert faulty.status("chat").sequence == 1
    assert [row.kind for row in faulty.rows("chat")] == ["config"]
    assert faulty.row("none") is None
    assert len(faulty.latest(9)) == 1
    assert faulty.write(claim, (), ItemUpdate(release=True)).sequence == 1
    assert faulty.claim("chat", "u", LATER, LATER + MINUTE).lease_until == LATER + MINUTE
    assert [due.scalable_target_id for due in faulty.due(LATER, 9)] == ["chat"]
    faulty.close()


def test_a_read_only_ledger_reads_on() -> None:
    """Claims and writes fail, the index of what is due does not."""
    ledger = MemoryLedger()
    ledger.register("chat", "{}", "0" * 64, NOON)
    faulty = FaultyLedger(ledger, plan(FaultKind.LEDGER_READ_ONLY), JumpingClock(NOON))
    assert len(faulty.due(NOON, 9)) == 1
    with pytest.raises(LedgerUnavailableError):
        faulty.claim("chat", "t", NOON, LATER)


def event(name: str) -> dict[str, Any]:
    """Make as much of an event as a bus looks at."""
    return {"detail": {"alarmName": name}}


def deliver(kind: FaultKind, amount: float = 0.0) -> list[list[str]]:
    """Tell two alarms at noon, and give what arrives in each of the next three minutes."""
    bus = Deliveries(plan(kind, amount))
    told = [[event("a"), event("b")], [], []]
    return [
        [each["detail"]["alarmName"] for each in bus.deliver(events, NOON + n * MINUTE)]
        for n, events in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("kind", "amount", "expect"),
    [
        (FaultKind.METRIC_NAN, 0, [["a", "b"], [], []]),
        (FaultKind.EVENT_LOST, 0, [[], [], []]),
        (FaultKind.EVENT_DUPLICATED, 0, [["a", "a", "b", "b"], [], []]),
        (FaultKind.EVENT_LATE, 2, [[], [], ["a", "b"]]),
        (FaultKind.EVENTS_REORDERED, 0, [["b", "a"], [], []]),
        (FaultKind.ALARM_STORM, 1, [["a", "b", "a", "b"], ["a", "b"], ["a", "b"]]),
    ],
    ids=lambda value: value.value if isinstance(value, FaultKind) else "",
)
def test_a_bus_delivers_as_badly_as_it_may(
    kind: FaultKind, amount: float, expect: list[list[str]]
) -> None:
    """Lost, twice, late, in another order, or again and again."""
    assert deliver(kind, amount) == expect


def looks(kind: FaultKind, amount: float = 0.0) -> list[Capacity]:
    """Look at an endpoint each minute of an hour."""
    endpoints = cloud()
    mischief = Mischief(endpoints, TARGET, plan(kind, amount))
    found = []
    for minute in range(60):
        now = NOON + minute * MINUTE
        mischief.befall(now)
        capacity = endpoints.describe(TARGET, now)
        assert isinstance(capacity, Capacity)
        found.append(capacity)
        if minute == 0:
            endpoints.apply(TARGET, CapacityRange(6, 6), now)
    return found


def test_a_failed_endpoint_is_repaired_at_the_faults_end() -> None:
    """Frozen for twenty minutes."""
    found = looks(FaultKind.BROKEN)
    assert [each.status for each in found] == [Status.FAILED] * 20 + [Status.IN_SERVICE] * 40


def test_the_provider_maintains_for_as_long_as_the_fault_lasts() -> None:
    """Busy, and then as it was."""
    found = looks(FaultKind.MAINTENANCE)
    assert [each.status for each in found] == [Status.BUSY] * 20 + [Status.IN_SERVICE] * 40


def test_a_shortage_rolls_back_and_a_stall_stays_short_for_a_while() -> None:
    """Six were ordered, four can come; the rest comes a lead time after the fault's end."""
    assert looks(FaultKind.SHORTAGE, 4)[-1] == Capacity(2, 2, detail="InService")
    found = looks(FaultKind.STALLED, 4)
    assert found[23] == Capacity(6, 4, detail="InService")
    assert found[24] == Capacity(6, 6, detail="InService")


def test_a_human_changes_capacity_once() -> None:
    """Another order then is refused, because the human's is under way."""
    found = looks(FaultKind.FOREIGN_CHANGE, 5)
    assert found[-1] == Capacity(5, 5, detail="InService")
    assert found[0].desired == 5


def test_a_process_is_killed_at_the_chosen_step_only() -> None:
    """While the fault lasts."""
    clock = JumpingClock(NOON)
    reaper = Reaper(plan(FaultKind.CRASH, where="apply"), clock)
    reaper("intent")
    with pytest.raises(KilledError, match="apply"):
        reaper("apply")
    clock.jump(LATER)
    reaper("apply")
