"""Is every difference of two runs in a stretch, once, with what it cost and who waited?"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from flyball.core.model import Reason
from flyball.sim.backtest import Backtest, Contender, Subject, backtest
from flyball.sim.judge import find_late
from flyball.sim.slots import Course, Plant, make_run, score
from flyball.sim.stretch import (
    LATE_WEIGHT,
    LONGEST,
    Scale,
    find_stretches,
    make_scale,
    rank,
)
from tests.unit.sim.courses import MINUTE, MONDAY, make_course, make_target

SCALE = Scale(100.0, 10_000.0, True)
HIGH = make_target("[{name: keep, kind: target_tracking, metric: calls, target_value: 250}]")


def draw(
    ready: Sequence[int], demand: Sequence[float | None] | None = None, start: int = 0
) -> Backtest:
    """Write down a run in which what is ordered is in service; an instance serves 10."""
    course = Course(MONDAY + start * MINUTE, tuple(demand or [10.0] * len(ready)), 10.0)
    subject = Subject(make_target(), course, Plant(), 0)
    waits, left, backlog = [], [], 0.0
    for count, each in zip(ready, course.demand, strict=True):
        waits.append(backlog)
        backlog = max(0.0, backlog + (each or 0.0) - count * 10.0)
        left.append(backlog)
    run = make_run(course, subject.plant, ready, ready, waits, left)
    marks = score(run, 0)
    ours = Contender("flyball", "", run, marks, (), 2.0 * marks.instance_hours)
    reasons: list[Reason | None] = [Reason.WITHIN_TOLERANCE] * len(ready)
    return Backtest(subject, ours, (), tuple(reasons), (), len(ready), ())


def spans(old: Backtest, new: Backtest) -> list[tuple[int, int]]:
    """Give the minutes of each stretch."""
    start = old.subject.course.start
    return [
        ((each.start - start) // MINUTE, (each.end - start) // MINUTE)
        for each in find_stretches(old, new, SCALE)
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([1, 1, 1, 1], [1, 1, 1, 1], []),
        ([1, 1, 1, 1], [1, 2, 2, 1], [(1, 3)]),
        ([1, 2, 1, 1], [1, 1, 1, 2], [(1, 2), (3, 4)]),
        ([2, 2], [1, 1], [(0, 2)]),
        ([0, 2, 1, 1], [1, 1, 1, 1], [(0, 2)]),
        ([0, 1, 1, 1], [1, 1, 1, 1], [(0, 4)]),
    ],
    ids=["the same", "more", "two", "all", "caught up", "it waits on"],
)
def test_a_stretch_is_where_capacity_or_waiting_differs(
    old: list[int], new: list[int], expected: list[tuple[int, int]]
) -> None:
    """From the first slot that differs to the one after the last, whoever of the two has more."""
    assert spans(draw(old), draw(new)) == expected
    assert spans(draw(new), draw(old)) == expected


def test_what_differs_for_long_is_told_by_the_hour() -> None:
    """Two hours are one stretch; a minute more and it is cut at full hours."""
    minutes = LONGEST // MINUTE
    same, more = [1] * (minutes + 1), [2] * (minutes + 1)
    whole = draw(same[:-1], start=30), draw(more[:-1], start=30)
    assert spans(*whole) == [(0, minutes)]
    longer = draw(same, start=30), draw(more, start=30)
    assert spans(*longer) == [(0, 30), (30, 90), (90, 121)]


def test_what_is_not_scored_is_in_no_stretch() -> None:
    """The warm-up is not told, as it is not counted."""
    old, new = draw([1] * 6), draw([2] * 6)
    old = replace(old, subject=replace(old.subject, warm_up=4))
    assert spans(old, new) == [(4, 6)]


def test_a_side_says_what_it_had_and_who_waited() -> None:
    """Of an example by hand: twice 20 arrive where 1 instance serves 10."""
    demand = [10.0, 20.0, 20.0, 5.0, 10.0]
    old, new = draw([1, 1, 1, 1, 3], demand), draw([1, 2, 2, 1, 3], demand)
    (stretch,) = find_stretches(old, new, SCALE)
    assert (stretch.start, stretch.end) == (MONDAY + MINUTE, MONDAY + 5 * MINUTE)
    assert (stretch.least, stretch.most) == (5.0, 20.0)
    assert (stretch.old.least, stretch.old.most, stretch.new.most) == (1, 3, 3)
    assert (stretch.old.late, stretch.new.late) == (10.0 + 20.0 + 5.0 + 10.0, 0.0)
    assert stretch.new.instance_hours == pytest.approx(8 / 60)
    assert stretch.new.cost == pytest.approx(16 / 60)
    assert stretch.old.reason is Reason.WITHIN_TOLERANCE
    costs = (16 - 12) / 60
    assert stretch.weight == pytest.approx(costs / 100 + LATE_WEIGHT * 45 / 10_000)


def test_a_minute_of_which_nothing_is_known_has_no_demand() -> None:
    """Neither the least nor the most of a stretch."""
    gap = draw([1, 1, 1], [None, None, 10.0]), draw([2, 2, 2], [None, None, 10.0])
    blind = draw([1, 1], [None, None]), draw([2, 2], [None, None])
    (seen,), (unseen,) = (find_stretches(*each, SCALE) for each in (gap, blind))
    assert (seen.least, seen.most) == (10.0, 10.0)
    assert (unseen.least, unseen.most) == (None, None)
    assert unseen.weight == pytest.approx(2 * 2 / 60 / 100)


def test_without_prices_hours_are_weighed() -> None:
    """And where only one has a price too."""
    old, new = draw([1] * 4), draw([2] * 4)
    bare = replace(old, ours=old.ours._replace(cost=None))
    scale = make_scale([(bare, new)])
    assert scale == Scale(4 / 60, 40.0, False)
    (stretch,) = find_stretches(bare, new, scale)
    assert stretch.weight == pytest.approx(1.0)
    assert make_scale([(old, new)]) == Scale(8 / 60, 40.0, True)


def test_those_come_first_that_mattered_most() -> None:
    """Of equals the earlier one."""
    old, new = draw([1] * 9), draw([2, 1, 3, 1, 2, 1, 3, 1, 1])
    ranked = rank(find_stretches(old, new, SCALE))
    assert [(each.start - MONDAY) // MINUTE for each in ranked] == [2, 6, 0, 4]


def test_the_stretches_of_two_configs_add_up_to_their_difference() -> None:
    """Of the real controller over two days; none overlaps, none is longer than two hours."""
    course = make_course(2_880)
    old, new = (
        backtest(Subject(target, course, Plant(max_capacity=60)))
        for target in (make_target(), HIGH)
    )
    found = find_stretches(old, new, make_scale([(old, new)]))
    late = sum(each.new.late - each.old.late for each in found)
    hours = sum(each.new.instance_hours - each.old.instance_hours for each in found)
    marks, others = new.ours.marks, old.ours.marks
    assert math.isclose(late, marks.late - others.late, abs_tol=1e-6)
    assert math.isclose(hours, marks.instance_hours - others.instance_hours, abs_tol=1e-6)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert max(each.end - each.start for each in found) <= timedelta(hours=2)
    assert any(each.new.decision for each in found)
    for run in (old, new):
        begin = run.subject.begin
        assert sum(find_late(run.ours.run.slots)[begin:]) == pytest.approx(run.ours.marks.late)


def test_the_order_that_made_the_difference_is_told() -> None:
    """Where a stretch begins, one of the two has just ordered."""
    course = make_course(1_440)
    old, new = (
        backtest(Subject(target, course, Plant(max_capacity=60)))
        for target in (make_target(), HIGH)
    )
    before = {(each.scalable_target_id, each.end) for each in find_stretches(old, new, SCALE)}
    for each in find_stretches(old, new, SCALE):
        decisions = [side.decision for side in (each.old, each.new) if side.decision]
        cut = (each.scalable_target_id, each.start) in before
        begun = each.start == MONDAY + old.subject.begin * MINUTE
        assert cut or begun or each.start in [decision.at for decision in decisions]


def test_a_years_stretches_are_found_in_seconds() -> None:
    """Twenty thousand stretches and as many orders: none looks through all orders."""
    subject = Subject(HIGH, make_course(120), Plant(max_capacity=60), 0)
    (_, decision), *_ = backtest(subject, ()).changes
    slots = 40_000
    old, new = draw([2] * slots), draw([2, 3] * (slots // 2))
    new = replace(new, changes=tuple((at, decision) for at in range(0, slots, 2)))
    began = time.perf_counter()
    found = find_stretches(old, new, SCALE)
    assert time.perf_counter() - began < 10
    assert len(found) == slots // 2
    assert all(each.new.decision is decision for each in found)
