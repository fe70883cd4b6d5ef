"""Does the plant of ranges do what the local cloud does, and what the plant of counts does?"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.timeline import ServiceSettings
from flyball.core.codec import decode
from flyball.core.model import Capacity, CapacityRange
from flyball.core.record import DecisionRecord, replay
from flyball.core.remember import Notice
from flyball.core.target import CapacityKind, DirectionRules, Metric, Per, ScalableTarget, ZeroRule
from flyball.sim.backtest import Subject, backtest, timeline
from flyball.sim.day import expect, run_day
from flyball.sim.ours import Ours
from flyball.sim.peers import make
from flyball.sim.picked import begin_range, carry_out, run_ranged
from flyball.sim.service import choose_service, keep
from flyball.sim.slots import MOST, Course, Plant, Ranging, Run, Seen, run, score
from flyball.sim.trace import Trace
from tests.unit.sim.courses import MINUTE, MONDAY, make_course, make_target

STEP = timedelta(seconds=15)
LEAD = 4 * MINUTE
EACH = 512.0
"""Requests that an instance serves in a minute; a power of two keeps sums exact."""
RUSH = "    windows: [{name: rush, days: [mon], from: '03:00', to: '04:30', floor: 9}]"


@dataclass
class Script:
    """Orders what is written, and keeps what it saw."""

    orders: Sequence[int]
    seen: list[Seen] = field(default_factory=list)

    def decide(self, seen: Seen) -> int:
        """Give the next one."""
        self.seen.append(seen)
        return self.orders[min(len(self.seen), len(self.orders)) - 1]

    def decide_range(self, seen: Seen) -> CapacityRange:
        """Pin it."""
        return CapacityRange(*[self.decide(seen)] * 2)


def make_ranged(policies: str = "[]", more: str = "", **fields: object) -> ScalableTarget:
    """Make a scalable target that takes a range of 2 to 40."""
    target = make_target(policies, more)
    changed = {"min_capacity": 2, "max_capacity": 40, "scale_in": DirectionRules(), **fields}
    return replace(target, capacity_kind=CapacityKind.RANGE, **changed)  # type: ignore[arg-type]


def make_plant(target: ScalableTarget, initial: int = 2) -> Plant:
    """Make the plant as the command does."""
    bounds = (target.min_capacity, target.hard_max)
    return Plant((LEAD,), MINUTE, *bounds, initial=initial, service=choose_service(target))


def make_calm(minutes: int = 420) -> Course:
    """Make hours whose waves never exceed what the service has by then."""
    waves = [3.0 + 2.0 * math.sin(minute / 60) + minute * 7 % 5 / 16 for minute in range(minutes)]
    demand = [each * min(1.0, 0.35 + minute / 120) for minute, each in enumerate(waves)]
    return Course(MONDAY, tuple(round(each * EACH) + 0.0 for each in demand), EACH)


def run_ours(
    target: ScalableTarget, course: Course, ledger: MemoryLedger | None = None
) -> tuple[Run, Ours]:
    """Let the controller set the range."""
    plant = make_plant(target)
    ours = Ours(target, course, plant, ledger=ledger)
    return carry_out(course, plant, ours.peer()), ours


@given(
    orders=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    demand=st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=20),
    lead=st.integers(0, 4),
    initial=st.integers(1, 9),
)
def test_a_pinned_range_is_a_count(
    orders: list[int], demand: list[int | None], lead: int, initial: int
) -> None:
    """Nothing is left to pick: the same is billed, serves, waits and is shown, in each slot."""
    loads = tuple(None if each is None else float(each) for each in demand)
    course = Course(MONDAY, loads, 8.0)
    plant = Plant((lead * MINUTE,), initial=initial)
    counted, pinned = Script(orders), Script(orders)
    first = ServiceSettings(initial, initial)
    mine = run_ranged(course, plant, Ranging(first, pinned.decide_range))
    theirs = run(course, plant, counted)
    assert mine.ordered == theirs.ordered
    assert mine.inside is not None
    assert mine.inside.picks == 0
    assert mine.slots._replace(dropped=()) == theirs.slots
    assert [each[:6] for each in pinned.seen] == [each[:6] for each in counted.seen]


@pytest.mark.parametrize(
    ("policies", "more"),
    [
        pytest.param("[]", "", id="alone"),
        pytest.param("[]", RUSH, id="a floor by schedule"),
        pytest.param(
            "[{name: p, kind: target_tracking, metric: calls, target_value: 384}]",
            RUSH,
            id="a floor by calls too",
        ),
    ],
)
def test_a_range_comes_to_the_same_on_the_local_cloud(policies: str, more: str) -> None:
    """Where its instances all take the lead time and go at once: by the minute, to the bit."""
    target, course = make_ranged(policies, more), make_calm()
    endpoints = LocalEndpoints()
    settings = expect(target, 0)._replace(
        lead_time=LEAD, lead_spread_ratio=0.0, removal=timedelta(), settling=timedelta()
    )
    trace = Trace(course.start, course.demand)
    days = run_day(
        trace,
        target,
        MemoryLedger(),
        capacity_per_instance=EACH,
        settings=settings,
        endpoints=endpoints,
    )
    minutes = list(days)
    found, _ = run_ours(target, course)
    assert found.inside is not None
    assert max(found.slots.backlog) == 0.0  # in an overload the local cloud works by the minute
    billed, served = [], []
    for index in range(len(course.demand)):
        steps = [course.start + index * MINUTE + step * STEP for step in range(4)]
        states = [endpoints.state(target.id, each) for each in steps]
        billed.append(sum((each.picked or 0) if each else 0 for each in states) / 4)
        served.append(sum(each.ready if each else 0 for each in states) / 4)
    assert list(found.slots.billed) == billed
    assert list(found.slots.ready) == served
    assert list(found.ordered) == [each.desired for each in minutes]
    assert list(found.inside.ceilings) == [each.ceiling for each in minutes]
    assert len(set(billed)) > 8


@given(
    ranges=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=25),
    demand=st.lists(st.none() | st.integers(0, 90), min_size=1, max_size=40),
    lead=st.integers(0, 4),
    initial=st.integers(0, 1),
)
def test_what_is_picked_is_inside_and_no_work_is_lost(
    ranges: list[tuple[int, int]], demand: list[int | None], lead: int, initial: int
) -> None:
    """Whatever range is set when: what arrived has been done, waits, or was turned away."""
    least = 0 if initial else 1
    asked = [CapacityRange(max(least, min(each)), max(each)) for each in ranges]
    loads = tuple(None if each is None else float(each) for each in demand)
    course = Course(MONDAY, loads, 8.0)
    service = ServiceSettings(1, 5, initial=initial)
    orders = iter([*asked, *[asked[-1]] * len(demand)])
    found = run_ranged(
        course, Plant((lead * MINUTE,)), Ranging(service, lambda _seen: next(orders))
    )
    assert found.inside is not None
    rows = zip(found.ordered, found.inside.picked, found.inside.ceilings, strict=True)
    assert all(floor <= picked <= ceiling for floor, picked, ceiling in rows)
    slots = found.slots
    before = 0.0
    for index, each in enumerate(loads):
        done = slots.waiting[index] + (each or 0.0) - slots.backlog[index] - slots.dropped[index]
        assert -1e-9 <= done <= slots.ready[index] * 8.0 + 1e-9
        assert slots.waiting[index] == before
        assert slots.ready[index] <= slots.billed[index]
        before = slots.backlog[index]


@pytest.mark.parametrize("slot_s", [10, 15, 30, 300])
def test_the_services_ticks_do_not_depend_on_the_slots(slot_s: int) -> None:
    """The same load in finer and coarser slots: the same picks, and the same bill."""
    loads = [2.0, 5.0, 9.0, 3.0, 1.0, 1.0]
    (google,) = make("google")

    def once(slot: timedelta) -> tuple[int, float]:
        each = EACH * (slot / MINUTE)
        demand = tuple(load * each for load in loads for _ in range(5 * MINUTE // slot))
        found = google.run(
            Course(MONDAY, demand, each, slot), Plant((5 * MINUTE,), max_capacity=40, initial=2)
        )
        assert found.inside is not None
        return found.inside.picks, score(found, 0).instance_hours

    picks, hours = once(timedelta(seconds=slot_s))
    usual_picks, usual_hours = once(MINUTE)
    assert picks == usual_picks > 5
    assert hours == pytest.approx(usual_hours)


def test_rows_have_what_was_set_and_what_the_service_chose() -> None:
    """As in production; and what is kept of the rows changes nothing."""
    policy = "[{name: p, kind: target_tracking, metric: calls, target_value: 384}]"
    target, course, ledger = make_ranged(policy), make_course(600), MemoryLedger()
    whole, ours = run_ours(target, course, ledger)
    assert whole == run_ours(target, course)[0]
    rows = list(ledger.rows(target.id))
    records = [
        decode(DecisionRecord, json.loads(row.body)) for row in rows if row.kind == "decision"
    ]
    seen = [each.observation.capacity for each in records]
    chosen = [
        each for each in seen if isinstance(each, Capacity) and (each.picked or 0) > each.desired
    ]
    assert len(chosen) > 50
    assert {each.ceiling for each in chosen} == {40}
    assert max(each.desired for each in chosen) > 2
    assert Notice.PICKED in [noticed.notice for each in records for noticed in each.noticed]
    assert Notice.FOREIGN not in [noticed.notice for each in records for noticed in each.noticed]
    assert all(each.same for each in replay(rows))
    assert {decision.range.ceiling for _, decision in ours.changes} == {40}


def test_a_range_is_billed_for_what_ran() -> None:
    """Not for its floor: the service alone and a range that nobody moves come to the same."""
    target, course = make_ranged(price_per_hour=2.0), make_course(600)
    plant = replace(make_plant(target), max_capacity=40)
    found = backtest(Subject(target, course, plant, 0), make("google,hpa"))
    assert found.ours.run.inside is not None
    assert set(found.ours.run.ordered) == {2}
    google, hpa = found.peers
    assert google.run.slots == found.ours.run.slots
    assert google.marks == found.ours.marks
    assert google.cost == pytest.approx(2.0 * math.fsum(google.run.slots.billed) / 60)
    assert google.marks.changes == len(google.run.slots.changes)
    assert hpa.run.inside is None


def test_the_timeline_tells_the_range_and_the_pick() -> None:
    """What is set at a slot's end, and what the service had picked by then."""
    target = make_ranged("[]", RUSH)
    found = backtest(Subject(target, make_calm(), make_plant(target)))
    moments = list(timeline(found))
    assert {each.ceiling for each in moments} == {40}
    assert {each.desired for each in moments} == {2, 9}
    assert all(each.picked is not None and each.picked >= 2 for each in moments)
    assert any(each.billed % 1 for each in moments)
    first = next(index for index, each in enumerate(moments) if each.desired == 9)
    assert moments[first].at == MONDAY + 179 * MINUTE
    assert moments[first + 1].billed >= 9 > (moments[first].picked or 0)
    assert moments[first + 4].ready < 9 <= moments[first + 5].ready


def test_down_to_zero_and_back_those_who_call_in_vain_are_dropped() -> None:
    """Of the preview alone: elsewhere one is kept, whatever the minimum."""
    calls = Metric("all", per=Per.TOTAL, source={"metric": "invocations"})
    target = make_ranged(
        min_capacity=0,
        metrics=(*make_target().metrics, calls),
        zero=ZeroRule("all", idle_after=10 * MINUTE),
        resource={"api_version": "v1beta1"},
    )
    course = Course(MONDAY, (300.0,) * 20 + (0.0,) * 60 + (300.0,) * 40, EACH)
    found, _ = run_ours(target, course)
    assert (found.slots.ready[70], found.slots.billed[70]) == (0, 0)
    assert found.slots.dropped[80:85] == [300.0, 300.0, 300.0, 300.0, 75.0]
    assert found.slots.backlog[-1] == 0.0
    marks = score(found, 0)
    assert marks.dropped_ratio == 1_275 / 18_000 == marks.excess_ratio
    kept, _ = run_ours(replace(target, resource={}), course)
    assert min(kept.slots.ready) == 1
    assert sum(kept.slots.dropped) == 0.0


@pytest.mark.parametrize("asked", [(0, 3), (3, 2), (1, MOST + 1)], ids=str)
def test_a_range_that_no_service_takes_is_said(asked: tuple[int, int]) -> None:
    """With its instant."""
    course = Course(MONDAY, (1.0, 1.0), 8.0)
    with pytest.raises(ValueError, match=f"{asked[0]}-{asked[1]} was set at 2026-03-02 00:01"):
        run_ranged(course, Plant(), Ranging(ServiceSettings(1, 5), lambda _: CapacityRange(*asked)))


def test_a_service_keeps_what_it_is_told() -> None:
    """Of GPU and CPU; the bounds are its range at first."""
    gpu, cpu = (choose_service(make_ranged(resource={"machine": each})) for each in ("gpu", "cpu"))
    assert keep(gpu, 0.7) == gpu._replace(gpu_target=70.0, cpu_target=70.0)
    assert keep(cpu, 0.7) == cpu._replace(gpu_target=None, cpu_target=70.0)
    begun = begin_range(Plant(min_capacity=0, max_capacity=7))
    assert (begun.floor, begun.ceiling) == (1, 7)
    lower = [make(f"google:target={each}")[0].run(make_calm(), Plant()) for each in (0.9, 0.5)]
    assert score(lower[0]).instance_hours < score(lower[1]).instance_hours
