"""Does a simulated day show what our range and its service's picks come to together?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.timeline import EndpointSettings, OrderKind, ServiceSettings
from flyball.core.codec import decode
from flyball.core.model import Capacity, CapacityRange
from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.record import DecisionRecord, replay
from flyball.core.remember import Notice
from flyball.core.target import CapacityKind, Metric, ScalableTarget, Unit
from flyball.core.window import Window
from flyball.sim.day import GPU_LEAD, Minute, expect, run_day
from flyball.sim.faults import Fault, FaultKind
from flyball.sim.score import Tally
from flyball.sim.trace import MINUTE, Trace

START = datetime(2026, 3, 2, tzinfo=UTC)
MU = 10.0
DUTY = Metric("duty_cycle", unit=Unit.PERCENT)
KEEP = TrackingPolicy(
    "keep",
    "duty_cycle",
    75.0,
    out_datapoints=DatapointsRule(2, 2),
    in_datapoints=DatapointsRule(15, 15),
)
TARGET = ScalableTarget(
    "vision", 2, 12, capacity_kind=CapacityKind.RANGE, metrics=(DUTY,), price_per_hour=1.0
)


def make(minutes: int = 300) -> Trace:
    """Make a calm hour, a busy one, and calm again."""
    return Trace(START, tuple(60.0 if 60 <= minute < 120 else 12.0 for minute in range(minutes)))


def run(target: ScalableTarget, **fields: Any) -> tuple[list[Minute], MemoryLedger]:
    """Run through that."""
    ledger = MemoryLedger()
    done = list(run_day(make(), target, ledger, capacity_per_instance=MU, **fields))
    return done, ledger


def records(ledger: MemoryLedger) -> list[DecisionRecord]:
    """Read the decisions."""
    rows = ledger.rows("vision")
    return [decode(DecisionRecord, json.loads(row.body)) for row in rows if row.kind == "decision"]


def test_a_range_that_nobody_moves_is_scaled_by_its_service() -> None:
    """Out a lead time after the load, in five minutes after it; the floor stays."""
    minutes, _ = run(TARGET)
    assert {minute.desired for minute in minutes} == {2}
    assert {minute.ceiling for minute in minutes} == {12}
    assert minutes[67].ready == 2
    assert minutes[90].ready > 6
    assert minutes[200].ready == 2


def test_the_rows_have_what_we_set_and_what_the_service_chose() -> None:
    """Both, for every look; and when it chose anew."""
    minutes, ledger = run(replace(TARGET, policies=(KEEP,)))
    seen = [each.observation.capacity for each in records(ledger)]
    chosen = [each for each in seen if isinstance(each, Capacity) and each.ready > each.desired]
    assert chosen
    assert all(each.ceiling == 12 and each.picked is not None for each in chosen)
    noticed = [each for record in records(ledger) for each in record.noticed]
    picked = [each for each in noticed if each.notice is Notice.PICKED]
    assert picked
    assert all(each.before != each.after for each in picked)
    assert max(each.desired for each in minutes) > 2
    assert all(each.same for each in replay(ledger.rows("vision")))


def test_a_floor_by_schedule_is_there_when_the_load_comes() -> None:
    """The service alone is two lead times late, as it never asks for more than 100 %."""
    window = Window(
        "rush", "cron(50 0 * * ? *)", duration=timedelta(minutes=70), time_zone="UTC", floor=6
    )
    alone, _ = run(TARGET)
    ours, _ = run(replace(TARGET, windows=(window,)))
    assert ours[60].ready == 6
    assert max(minute.backlog for minute in ours) == 0
    assert max(minute.backlog for minute in alone) > 300
    assert ours[200].ready == 2


def test_a_pin_takes_the_choice_from_the_service() -> None:
    """One number on the same endpoint: the first is what serves, and none is the service's."""
    settings = expect(TARGET, 0)
    pinned = replace(TARGET, policies=(KEEP,), capacity_kind=CapacityKind.COUNT)
    endpoints = LocalEndpoints()
    minutes, _ = run(pinned, settings=settings, endpoints=endpoints)
    first = next(index for index, minute in enumerate(minutes) if minute.ceiling == minute.desired)
    assert first < 5
    orders = endpoints.orders("vision")
    begun = next(each for each in orders if each.kind is OrderKind.RANGE)
    assert not [each for each in orders if each.kind is OrderKind.PICK and each.at > begun.at]
    assert all(minute.ceiling == minute.desired for minute in minutes[first:])


def test_machines_that_lack_undo_the_floor_and_are_asked_for_again() -> None:
    """The update fails after some waiting; no cooldown, and the range that was there."""
    window = Window(
        "rush", "cron(10 0 * * ? *)", duration=timedelta(hours=3), time_zone="UTC", floor=6
    )
    short = Fault(FaultKind.SHORTAGE, START, START + 60 * MINUTE, amount=3)
    minutes, ledger = run(replace(TARGET, windows=(window,)), faults=(short,))
    assert {minute.desired for minute in minutes[:60]} == {2, 6}
    assert max(minute.ready for minute in minutes[:60]) == 3
    assert minutes[100].ready >= 6
    told = [each.notice for record in records(ledger) for each in record.noticed]
    assert Notice.ROLLED_BACK in told
    assert Notice.FOREIGN not in told


def test_instances_that_the_service_picked_are_billed() -> None:
    """Also while they come."""
    minutes, _ = run(TARGET)
    tally = Tally()
    for minute in minutes:
        tally.add(minute)
    coming = [minute for minute in minutes if (minute.picked or 0) > minute.ready]
    assert len(coming) > GPU_LEAD / MINUTE
    billed = sum(max(each.desired, each.ready, each.picked or 0) for each in minutes) / 60
    assert tally.score(0).instance_hours == pytest.approx(billed)


@pytest.mark.parametrize(
    ("resource", "lead_time", "gpu_target"),
    [({}, GPU_LEAD, 60.0), ({"machine": "gpu"}, GPU_LEAD, 60.0), ({"machine": "cpu"}, None, None)],
)
def test_machines_with_a_gpu_take_longer(
    resource: dict[str, str], lead_time: timedelta | None, gpu_target: float | None
) -> None:
    """Twice as long as those without."""
    found = expect(replace(TARGET, resource=resource), 3)
    assert found.lead_time == (lead_time or EndpointSettings().lead_time)
    assert found.service is not None
    assert found.service.gpu_target == gpu_target
    assert CapacityRange(found.service.floor, found.service.ceiling) == CapacityRange(2, 12)
    assert EndpointSettings().lead_time < GPU_LEAD


def test_a_machine_that_is_none_is_refused() -> None:
    """With what may be written."""
    with pytest.raises(ValueError, match=r"vision: resource\.machine: got 'tpu', write cpu or gpu"):
        expect(replace(TARGET, resource={"machine": "tpu"}), 0)


def test_a_service_keeps_one_instance_though_the_minimum_is_none() -> None:
    """No range begins at zero."""
    found = expect(replace(TARGET, min_capacity=0, max_capacity=0, hard_max_capacity=4), 0)
    assert found.service == ServiceSettings(1, 1)
