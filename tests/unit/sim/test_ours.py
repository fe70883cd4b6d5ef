"""Is our controller in the very plant of its peers, and does nothing but its config decide?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.metrics import Minute
from flyball.adapters.local.timeline import EndpointSettings
from flyball.core.model import Missing, MissingCause, Reason
from flyball.core.record import DECISION, replay
from flyball.core.target import CapacityKind, Metric, Mode, Per, ScalableTarget, ZeroRule
from flyball.ports import Claim, MetricRead
from flyball.sim.day import run_day
from flyball.sim.items import Items
from flyball.sim.meaning import find_meanings
from flyball.sim.ours import BrokenError, Ours, _Monitoring, adapt
from flyball.sim.slots import Course, Plant, Seen, run
from flyball.sim.trace import Trace
from tests.unit.sim.courses import MINUTE, MONDAY, make_course, make_target

COUNTS = ((0, 3), (17, 9), (30, 4), (41, 12), (70, 1), (95, 6))
"""(minute from which on, instances)"""
MINUTES = 120


def windows() -> str:
    """Write the counts as windows that pin the capacity."""
    lines = []
    for index, (begin, count) in enumerate(COUNTS):
        end = COUNTS[index + 1][0] if index + 1 < len(COUNTS) else 1_000
        start, stop = (f"at({MONDAY + each * MINUTE:%Y-%m-%dT%H:%M:%S})" for each in (begin, end))
        lines.append(f"      - {{name: w{index}, start: '{start}', end: '{stop}', pin: {count}}}")
    return "    windows:\n" + "\n".join(lines)


class Broken(Items):
    """A ledger that gives nobody a lease."""

    def claim(self, *_: object) -> Claim:
        """Fail."""
        raise RuntimeError("out of order")


class Script:
    """A peer that orders what is written for the slot that comes."""

    def __init__(self) -> None:
        self.slot = 0

    def decide(self, _: Seen) -> int:
        """Say the next slot's."""
        self.slot += 1
        return [count for begin, count in COUNTS if begin <= self.slot][-1]


def make_spiky() -> Course:
    """Make two hours that overload any of the counts now and then, with a gap."""
    demand = tuple(None if 50 <= n < 53 else 100.0 * (n * 37 % 23) for n in range(MINUTES))
    return Course(MONDAY, demand, 150.0)


def test_a_schedule_of_counts_comes_to_the_same_for_a_peer_and_for_the_controller() -> None:
    """Billed, in service, waiting and left over: the same in each slot."""
    course, plant = make_spiky(), Plant(initial=3)
    ours = Ours(make_target("[]", windows()), course, plant)
    mine, theirs = run(course, plant, ours), run(course, plant, Script())
    assert mine == theirs
    assert [decision.desired for _, decision in ours.changes] == [9, 4, 12, 1, 6]
    assert [slot for slot, _ in ours.changes] == [16, 29, 40, 69, 94]


def test_a_schedule_of_counts_comes_to_the_same_on_the_local_cloud() -> None:
    """Where its instances all take the lead time and go at once, it is the rules' plant."""
    course, plant = make_spiky(), Plant(initial=3)
    settings = EndpointSettings(
        initial=3, lead_spread_ratio=0.0, removal=timedelta(), settling=timedelta()
    )
    target = make_target("[]", windows())
    day = run_day(
        Trace(course.start, course.demand),
        target,
        MemoryLedger(),
        capacity_per_instance=course.capacity_per_instance,
        settings=settings,
    )
    minutes = list(day)
    slots = run(course, plant, Ours(target, course, plant)).slots
    assert [each.desired for each in minutes] == list(slots.billed)
    assert [each.ready for each in minutes] == list(slots.ready)
    assert [each.waiting for each in minutes] == pytest.approx(list(slots.waiting))
    assert [each.backlog for each in minutes] == pytest.approx(list(slots.backlog))


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_nothing_is_known_before_metrics_show_it(delay: int) -> None:
    """A jump in minute 100 is decided on when its datapoints are shown, and not before."""
    demand = (100.0,) * 100 + (9_000.0,) * 30
    course, plant = Course(MONDAY, demand, 500.0), Plant(metric_delay=delay * MINUTE, initial=1)
    policy = "{name: p, kind: target_tracking, metric: calls, target_value: 350, "
    rule = "scale_out: {datapoints: 3 of 3}}"
    ours = Ours(make_target(f"[{policy}{rule}]"), course, plant)
    run(course, plant, ours)
    assert ours.changes[0][0] == 100 + delay + 2  # three datapoints above the target
    assert ours.changes[0][1].reason is Reason.ABOVE_TARGET


def test_what_is_kept_of_the_rows_changes_nothing() -> None:
    """With rows and without: the same orders, reasons and decisions; and the rows replay."""
    course, plant, ledger = make_course(400), Plant(), MemoryLedger()
    target = make_target()
    bare, whole = Ours(target, course, plant), Ours(target, course, plant, ledger=ledger)
    assert run(course, plant, bare) == run(course, plant, whole)
    assert (bare.reasons, bare.changes, bare.looks) == (whole.reasons, whole.changes, whole.looks)
    rows = list(ledger.rows(target.id))
    assert sum(row.kind == DECISION for row in rows) == whole.looks > 100
    assert all(each.same for each in replay(rows))


def test_a_controller_that_fails_ends_the_run() -> None:
    """A backtest of a controller that did nothing would look calm."""
    course, plant = make_course(10), Plant()

    ours = Ours(make_target(), course, plant, ledger=Broken())
    with pytest.raises(BrokenError, match="chat: .*failed: RuntimeError: out of order"):
        run(course, plant, ours)


def test_a_target_acts_whatever_its_mode_and_home() -> None:
    """Nothing is advised, and a range stays one; what was changed is said."""
    target = replace(make_target(), mode=Mode.ADVISE, capacity_kind=CapacityKind.RANGE, home="gcp")
    adapted = adapt(target, MINUTE)
    assert adapted.scalable_target.mode is Mode.APPLY
    assert adapted.scalable_target.capacity_kind is CapacityKind.RANGE
    assert [note.split(" ")[0] for note in adapted.notes] == ["mode:"]
    assert adapt(make_target(), MINUTE) == (make_target(), ())


@pytest.mark.parametrize(("given", "fitted"), [(10, 60), (60, 60), (90, 120), (300, 300)])
def test_datapoints_are_of_whole_slots(given: int, fitted: int) -> None:
    """A finer period than the slots' has nothing to show."""
    metric = Metric("m", period=timedelta(seconds=given))
    target = ScalableTarget("a", 1, 2, metrics=(metric,))
    adapted = adapt(target, MINUTE)
    assert adapted.scalable_target.metrics[0].period == timedelta(seconds=fitted)
    assert bool(adapted.notes) is (given != fitted)


def read(monitoring: _Monitoring, target: ScalableTarget, periods: int = 3) -> object:
    """Read the only metric."""
    (answer,) = monitoring.read([MetricRead(target, target.metrics[0], periods)], MONDAY)
    return answer


def show(monitoring: _Monitoring, requests: Sequence[float | None], ready: int) -> None:
    """Show minutes, in which nothing waits."""
    for index, each in enumerate(requests):
        monitoring.add(Minute(MONDAY + index * MINUTE, each, ready, ready, 0.0, 0.0))


def test_a_gap_shows_no_datapoint() -> None:
    """It is left out, not zero; the others keep their times."""
    target = make_target()
    monitoring = _Monitoring(find_meanings(target), 500.0, MINUTE)
    assert read(monitoring, target) == Missing(MissingCause.NO_DATA, "no datapoint in 3 periods")
    show(monitoring, [300.0, None, 600.0], 3)
    series = read(monitoring, target)
    assert isinstance(series, tuple)
    assert [(point.at - MONDAY, point.value) for point in series] == [
        (MINUTE, 100.0),
        (3 * MINUTE, 200.0),
    ]


def test_a_longer_period_is_shown_when_it_is_over() -> None:
    """Its slots become one datapoint."""
    target = make_target()
    longer = replace(target.metrics[0], period=2 * MINUTE)
    target = replace(target, metrics=(longer,))
    monitoring = _Monitoring(find_meanings(target), 500.0, MINUTE)
    show(monitoring, [300.0, 600.0, 900.0], 3)
    series = read(monitoring, target)
    assert isinstance(series, tuple)
    assert [(point.at - MONDAY, point.value) for point in series] == [(2 * MINUTE, 300.0)]


def test_nothing_is_measured_of_each_where_none_serves() -> None:
    """At zero that is no failure."""
    target = make_target()
    monitoring = _Monitoring(find_meanings(target), 500.0, MINUTE)
    show(monitoring, [0.0, 0.0, 0.0], 0)
    found = read(monitoring, target)
    assert isinstance(found, Missing)
    assert found.cause is MissingCause.UNDEFINED_AT_ZERO


def test_a_target_goes_to_zero_and_comes_back() -> None:
    """Who calls in vain wakes it, and waits; nobody is lost."""
    refused = Metric("refused", per=Per.TOTAL, source={"metric": "dropped"})
    target = replace(
        make_target(),
        min_capacity=0,
        metrics=(*make_target().metrics, refused),
        zero=ZeroRule("refused", idle_after=5 * MINUTE),
    )
    demand = (100.0,) * 20 + (0.0,) * 60 + (100.0,) * 40
    course, plant = Course(MONDAY, demand, 500.0), Plant(min_capacity=0, initial=1)
    ours = Ours(target, course, plant)
    slots = run(course, plant, ours).slots
    assert min(slots.billed) == 0
    back = next(slot for slot in range(80, 120) if slots.billed[slot])
    assert back == 82  # the minute is over, its datapoint is shown, and the order counts
    assert slots.waiting[back + 4] == 600.0
    assert slots.backlog[-1] == 0.0
