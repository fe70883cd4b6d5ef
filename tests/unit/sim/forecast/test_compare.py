"""Is every forecaster held against the same minutes, and does its floor only raise?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.core.predict import FIRST_JUDGED
from flyball.sim.forecast.compare import (
    LAST,
    Floored,
    Question,
    compare,
    find_same_cost,
    foresee,
    trust,
)
from flyball.sim.forecast.experts import Experts, LastValue
from flyball.sim.forecast.port import Task
from flyball.sim.peers import make
from flyball.sim.slots import Course, Plant, run, score
from tests.unit.sim.forecast.traffic import DAY, MONDAY, make_question


def make_columns(question: Question) -> dict[str, list[float | None]]:
    """Let ours and the last value forecast."""
    task = question.task
    return {LAST: foresee(question, LastValue(task)), "flyball": foresee(question, Experts(task))}


def test_the_horizon_is_that_of_the_predictive_policy() -> None:
    """Lead time, delay and the minute itself; of drawn leads the 95th percentile."""
    question = make_question(0.5)
    assert question.task == Task(6, 0.9)
    leads = tuple(timedelta(minutes=n) for n in range(1, 101))
    drawn = question._replace(plant=replace(question.plant, leads=leads))
    assert drawn.task.horizon == 62
    slow = question._replace(plant=replace(question.plant, leads=(timedelta(hours=3),)))
    assert slow.task.horizon == 62


def test_changing_the_future_changes_no_forecast() -> None:
    """Whoever forecasts is shown a minute when it is over."""
    question = make_question(1)
    course = question.course
    cut = DAY // 2
    later = tuple(9_999.0 for _ in course.demand[cut:])
    changed = question._replace(course=replace(course, demand=course.demand[:cut] + later))
    here, there = make_columns(question), make_columns(changed)
    for name, column in here.items():
        assert column[:cut] == there[name][:cut]
        assert column[cut:] != there[name][cut:]


def test_a_perfect_forecast_loses_nothing_and_is_promoted() -> None:
    """The last value is held against itself: its ratio is 1, and it never counts."""
    question = make_question(1)
    demands, ahead = question.demands, question.task.horizon
    columns = make_columns(question)
    perfect = [*demands[ahead:], *[None] * ahead]
    rows = {row.name: row for row in compare(question, {**columns, "perfect": perfect})}
    assert rows["perfect"].loss == rows["perfect"].loss_ratio == 0.0
    assert rows["perfect"].under_ratio == 1.0
    assert rows["perfect"].trusted_ratio > 0.9
    assert rows[LAST].loss_ratio == 1.0
    assert rows[LAST].trusted_ratio == 0.0
    assert len({row.minutes for row in rows.values()}) == 1
    assert rows["perfect"].marks.late_ratio <= rows[LAST].marks.late_ratio


def test_who_never_spoke_takes_no_minutes_from_the_others() -> None:
    """As a model that needs more days than there are."""
    question = make_question(1)
    columns = make_columns(question)
    without = compare(question, columns)
    silent: list[float | None] = [None] * len(question.demands)
    rows = compare(question, {**columns, "silent": silent})
    assert rows[:2] == without
    assert (rows[2].minutes, rows[2].loss_ratio, rows[2].trusted_ratio) == (0, None, 0.0)
    assert rows[2].marks == rows[0].marks


def test_who_spoke_later_is_judged_with_all_others_from_then_on() -> None:
    """The same minutes for everybody."""
    question = make_question(1)
    columns = make_columns(question)
    late = [None] * 1_000 + list(columns["flyball"][1_000:])
    rows = compare(question, {**columns, "late": late})
    assert {row.minutes for row in rows} == {len(question.demands) - 1_000 - 6}
    assert rows[1].loss == rows[2].loss


def test_tracking_without_a_floor_is_the_peer() -> None:
    """So that `late` of the last value's row is that of target tracking alone."""
    question = make_question(0.5)
    (aws,) = make("aws:target=0.7")
    (row, _) = compare(question, make_columns(question))
    assert row.marks == score(aws.run(question.course, question.plant))


def test_a_floor_raises_at_once_and_never_over_the_bounds() -> None:
    """It counts from the minute that metrics show."""
    course = Course(MONDAY, (100.0,) * 60, 100.0)
    question = Question(course, Plant(max_capacity=8))
    floors = [None] * 20 + [6.2] * 20 + [99.0] * 20
    ordered = run(course, question.plant, Floored(question, 0.7, floors)).ordered
    assert max(ordered[:22]) <= 2
    assert ordered[22] == 7
    assert ordered[42] == ordered[59] == 8


def test_a_forecast_is_trusted_only_after_its_probation() -> None:
    """Two hours of minutes that are judged; and it is demoted when it loses."""
    demands = [10.0] * 1_000
    good, bad = [10.0] * 1_000, [12.0] * 1_000
    task = Task(6, 0.9)
    trusted = trust(good, bad, demands, task)
    assert trusted.index(True) == FIRST_JUDGED + task.horizon - 1
    turned = good[:300] + [90.0] * 700
    later = trust(turned, bad, demands, task)
    assert later[299]
    assert not later[999]
    assert not any(trust(good, good, demands, task))


def test_the_same_cost_lies_between_two_targets() -> None:
    """Nothing is said of what costs more than any, or less."""
    question = make_question(0.2)
    (row, _) = compare(question, make_columns(question))
    cheap = row.marks._replace(instance_hours=100.0, late_ratio=0.04)
    dear = cheap._replace(instance_hours=200.0, late_ratio=0.0)
    alone = [cheap, dear]
    assert find_same_cost(alone, cheap._replace(instance_hours=150.0)) == pytest.approx(0.02)
    assert find_same_cost(alone, cheap) == 0.04
    assert find_same_cost(alone, cheap._replace(instance_hours=201.0)) is None
    assert find_same_cost([cheap, cheap], cheap) == 0.04
