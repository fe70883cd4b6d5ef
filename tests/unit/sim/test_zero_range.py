"""Does a simulated day show what a service that goes to zero costs: the requests that it drops?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.codec import decode
from flyball.core.model import CapacityRange, Reason
from flyball.core.policy import TrackingPolicy
from flyball.core.record import DecisionRecord, replay
from flyball.core.target import CapacityKind, Metric, Per, ScalableTarget, ZeroRule
from flyball.core.window import Window
from flyball.ports import OutcomeKind
from flyball.report.summary import tell_score
from flyball.sim.day import Minute, expect, run_day
from flyball.sim.judge import Marks
from flyball.sim.score import Tally
from flyball.sim.trace import Trace

START = datetime(2026, 3, 2, tzinfo=UTC)
MU = 10.0
CALLS = Metric("invocations", per=Per.TOTAL)
KEEP = TrackingPolicy("keep", "invocations", 7.0)
ZERO = ZeroRule("invocations", idle_after=timedelta(minutes=10))
TARGET = ScalableTarget(
    "vision",
    0,
    6,
    resource={"api_version": "v1beta1"},
    capacity_kind=CapacityKind.RANGE,
    metrics=(CALLS,),
    policies=(KEEP,),
    zero=ZERO,
)
WINDOW = Window("shift", "cron(0 2 * * ? *)", duration=timedelta(hours=2), floor=2)


def make() -> Trace:
    """Make an hour of calls, an hour of none, and two hours of calls."""
    quiet = range(60, 120)
    return Trace(START, tuple(0.0 if minute in quiet else 12.0 for minute in range(240)))


def run(target: ScalableTarget, **fields: Any) -> tuple[list[Minute], Marks, MemoryLedger]:
    """Run through that."""
    ledger, tally = MemoryLedger(), Tally()
    done = list(run_day(make(), target, ledger, capacity_per_instance=MU, **fields))
    for minute in done:
        tally.add(minute)
    return done, tally.score(warm_up_minutes=0), ledger


def test_at_zero_a_request_is_dropped_until_an_instance_serves() -> None:
    """Nobody waits, and calls in vain wake it: those of a lead time are lost."""
    minutes, score, ledger = run(TARGET)
    assert {minute.desired for minute in minutes[80:119]} == {0}
    assert minutes[110].ready == 0
    assert minutes[120].dropped == 12.0
    assert minutes[120].backlog == 0.0
    lost = [minute for minute in minutes if minute.dropped]
    assert 5 <= len(lost) <= 12
    assert minutes[150].ready >= 2
    assert score.dropped_ratio == pytest.approx(12.0 * len(lost) / (180 * 12.0))
    assert all(each.same for each in replay(ledger.rows("vision")))


def test_a_window_wakes_it_in_time_so_that_nothing_is_dropped() -> None:
    """A lead time early, as no call is there to wake it."""
    early = replace(TARGET, windows=(WINDOW,), early=timedelta(minutes=10))
    _, score, ledger = run(early)
    assert score.dropped_ratio == 0
    rows = [row for row in ledger.rows("vision") if row.kind == "decision"]
    decisions = [decode(DecisionRecord, json.loads(row.body)).decision for row in rows]
    (woken,) = [
        each for each in decisions if each.reason is Reason.WINDOW_AHEAD and each.current == 0
    ]
    assert woken.at == START + timedelta(minutes=110)
    _, late, _ = run(replace(TARGET, windows=(WINDOW,)))
    assert late.dropped_ratio > 0


def test_the_summary_tells_what_was_dropped() -> None:
    """And says nothing of it where nothing was."""
    _, score, _ = run(TARGET)
    told = {line[0]: line[2] for line in tell_score(score)}
    assert told["dropped"] == "turned away with 429, as the service had come to zero"
    _, score, _ = run(replace(TARGET, min_capacity=1, zero=None))
    assert "dropped" not in {line[0] for line in tell_score(score)}


def test_a_service_that_is_not_asked_takes_no_floor_of_zero() -> None:
    """As on v1, where a floor of 0 is refused."""
    for resource, kind in ((TARGET.resource, OutcomeKind.APPLIED), ({}, OutcomeKind.FAILED)):
        target = replace(TARGET, resource=resource)
        endpoints = LocalEndpoints()
        endpoints.create("vision", expect(target, 0), START)
        assert endpoints.apply(target, CapacityRange(0, 6), START).kind is kind
        assert endpoints.apply(target, CapacityRange(0, 0), START).kind is OutcomeKind.FAILED
