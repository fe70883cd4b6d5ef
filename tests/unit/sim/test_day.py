"""Does a simulated day drive the whole controller, minute by minute and the same each time?"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.adapters.local.timeline import EndpointSettings
from flyball.core.model import Action, Status
from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.target import Metric, ScalableTarget, Unit
from flyball.ports import Ledger
from flyball.sim.day import Cloud, Minute, expect, run_day
from flyball.sim.faults import Fault, FaultKind
from flyball.sim.generate import generate_day
from flyball.sim.score import score
from flyball.sim.trace import MINUTE, Trace

START = datetime(2026, 3, 2, tzinfo=UTC)
TRACK = TrackingPolicy(
    "track",
    "utilization",
    70.0,
    out_datapoints=DatapointsRule(2, 2),
    in_datapoints=DatapointsRule(15, 15),
    scale_in_cooldown=timedelta(minutes=5),
)
TARGET = ScalableTarget(
    "chat",
    2,
    40,
    metrics=(Metric("utilization", unit=Unit.PERCENT),),
    policies=(TRACK,),
    price_per_hour=1.5,
)


def run(trace: Trace, ledger: Ledger | None = None, seed: int = 0) -> list[Minute]:
    """Run through a trace."""
    return list(run_day(trace, TARGET, MemoryLedger() if ledger is None else ledger, seed=seed))


def test_a_minute_is_told_for_each_of_the_trace() -> None:
    """In order, with its demand, its capacity and what was decided."""
    trace = generate_day(START, minutes=300)
    minutes = run(trace)
    assert [minute.at for minute in minutes] == [START + n * MINUTE for n in range(300)]
    assert [minute.demand for minute in minutes] == list(trace.requests)
    assert any(wake.decision is not None for minute in minutes for wake in minute.wakes)


def test_more_demand_gets_more_capacity_a_lead_time_later() -> None:
    """100 requests a minute on instances that do 10 each, at 70 %: fifteen."""
    calm, busy = [10.0] * 30, [100.0] * 40
    trace = Trace(START, (*calm, *busy))
    minutes = list(run_day(trace, TARGET, MemoryLedger(), capacity_per_instance=10.0))
    (first,) = [minute for minute in minutes if minute.changes][:1]
    assert START + 32 * MINUTE <= first.at <= START + 35 * MINUTE
    assert (first.desired, first.ready, first.status) == (15, 2, Status.BUSY)
    assert (minutes[-1].desired, minutes[-1].ready) == (15, 15)
    assert minutes[-1].backlog < max(minute.backlog for minute in minutes)


def test_the_same_seed_gives_the_same_run_on_any_ledger(tmp_path: Path) -> None:
    """Every minute and every decision; another seed draws other lead times."""
    trace = generate_day(START, minutes=300)
    ledger = SqliteLedger(tmp_path / "ledger.db")
    assert run(trace) == run(trace, ledger)
    ledger.close()
    assert [m.ready for m in run(trace)] != [m.ready for m in run(trace, seed=1)]


def test_a_gap_in_the_trace_changes_nothing() -> None:
    """No change of capacity is decided on minutes that nobody recorded."""
    trace = Trace(START, (*[150.0] * 60, *[None] * 60, *[150.0] * 60))
    minutes = list(run_day(trace, TARGET, MemoryLedger(), capacity_per_instance=10.0))
    blind = [minute for minute in minutes[62:121] if minute.changes]
    assert blind == []
    assert {minute.desired for minute in minutes[62:121]} == {minutes[61].desired}


def test_every_change_has_an_intent_in_the_ledger_before_its_order() -> None:
    """One accepted order for each decision row that set something."""
    ledger, endpoints = MemoryLedger(), LocalEndpoints()
    list(run_day(generate_day(START), TARGET, ledger, endpoints=endpoints))
    intents = [
        row.at
        for row in ledger.rows("chat")
        if row.kind == "decision" and '"action":"set"' in row.body
    ]
    orders = [order.at for order in endpoints.orders("chat")[1:]]
    assert orders == intents


def test_the_provider_is_never_asked_for_more_than_it_can_be() -> None:
    """Bounds hold through a whole day, and nothing troubles the controller."""
    minutes = run(generate_day(START))
    assert all(2 <= minute.desired <= 40 for minute in minutes)
    assert {minute.trouble for minute in minutes} == {""}
    assert not any(
        wake.decision is not None and wake.decision.action is Action.BLOCK
        for minute in minutes
        for wake in minute.wakes
    )


def test_trouble_is_told_and_the_run_goes_on() -> None:
    """A ledger that cannot be reached, a source that raises, a process that is killed."""
    hour = timedelta(hours=1)
    faults = [
        Fault(FaultKind.LEDGER_UNAVAILABLE, START, START + 5 * MINUTE),
        Fault(FaultKind.METRIC_RAISES, START + hour, START + hour + 5 * MINUTE),
        Fault(FaultKind.CRASH, START + 2 * hour, START + 2 * hour + 5 * MINUTE, where="decide"),
    ]
    trace = generate_day(START, minutes=240)
    minutes = list(run_day(trace, TARGET, MemoryLedger(), faults=faults))
    troubles = {minute.trouble for minute in minutes}
    assert "killed at decide" in troubles
    assert "the metrics service reset the connection" in troubles
    assert any("ledger" in trouble for trouble in troubles)
    assert len(minutes) == 240


def test_the_controllers_steps_can_be_watched() -> None:
    """For timing."""
    steps: list[str] = []
    list(run_day(generate_day(START, minutes=9), TARGET, MemoryLedger(), on_step=steps.append))
    assert steps[:4] == ["claim", "observe", "decide", "intent"]


def test_an_endpoint_is_as_its_scalable_target_expects_it() -> None:
    """At the minimum, of at least one, with room up to the hard maximum."""
    assert expect(ScalableTarget("a", 0, 500), 3) == EndpointSettings(1, 3, quota=500)
    assert expect(TARGET, 0).initial == 2


def test_a_cloud_before_its_endpoint_shows_nothing() -> None:
    """An endpoint that was created later is told as unknown until then; at once it gets two."""
    endpoints = LocalEndpoints()
    endpoints.create("chat", EndpointSettings(), START + 5 * MINUTE)
    trace = generate_day(START, minutes=9)
    minutes = list(Cloud(trace, TARGET, MemoryLedger(), endpoints=endpoints).minutes())
    assert [minute.desired for minute in minutes[:6]] == [0, 0, 0, 0, 0, 2]


@pytest.mark.slow
def test_a_day_takes_seconds_on_sqlite(tmp_path: Path) -> None:
    """1,440 minutes through alarms, timer, controller, engine and ledger."""
    ledger = SqliteLedger(tmp_path / "ledger.db")
    begin = time.perf_counter()
    found = score(run(generate_day(START), ledger))
    assert time.perf_counter() - begin < 10
    assert found.changes > 5
    assert found.instance_hours < found.static_instance_hours
    assert found.late_ratio < 0.1
    ledger.close()
