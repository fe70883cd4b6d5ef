"""Is a part of a run judged by itself, with nothing of what comes after it?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyball.sim.backtest import Subject, backtest
from flyball.sim.lead import parse_leads
from flyball.sim.slots import Plant
from flyball.sim.tune.fold import Part
from flyball.sim.tune.run import Piece, run_piece
from flyball.sim.tune.score import Score, add_up
from tests.unit.sim.courses import make_course, make_target

PAST, FUTURE, WHOLE = Part(60, 360), Part(360, 600), Part(60, 600)
POLICIES = {
    "tracking": "",
    "predictive": "[{name: keep, kind: target_tracking, metric: calls, target_value: 350},"
    " {name: ahead, kind: predictive, metric: calls, target_value: 400, quantile: 90%}]",
    "adaptive": "[{name: own, kind: adaptive, metric: calls, capacity_per_instance: 500,"
    " late_budget: 1%}]",
}


def make_subject(policies: str = "", lead: str = "2m..8m") -> Subject:
    """Make ten hours of traffic, with a lead time that is drawn for each order."""
    plant = Plant(parse_leads(lead), max_capacity=60, seed=3)
    return Subject(make_target(policies), make_course(600), plant)


def run(subject: Subject, *parts: Part, peer: str = "") -> tuple[Score, ...]:
    """Run what the parts need."""
    number, scores = run_piece(Piece(7, subject, parts, peer), lambda _: None)
    assert number == 7
    return scores


@pytest.mark.parametrize("policies", POLICIES.values(), ids=POLICIES)
def test_a_past_is_the_same_however_far_the_run_went_on(policies: str) -> None:
    """To the bit, who knows the future included: he knows it to the end of the part alone."""
    subject = make_subject(policies)
    alone = run(subject, PAST)
    assert run(subject, WHOLE, PAST, FUTURE)[1:2] == alone
    assert alone[0].hours > alone[0].best_hours > 0


@pytest.mark.parametrize("policies", POLICIES.values(), ids=POLICIES)
def test_another_future_changes_no_past(policies: str) -> None:
    """A crowd from the first slot of the future on is judged there, and there only."""
    subject = make_subject(policies)
    demand = subject.course.demand
    crowd = tuple(9 * (each or 0.0) for each in demand[PAST.end :])
    other = replace(subject, course=replace(subject.course, demand=demand[: PAST.end] + crowd))
    past, future = run(subject, PAST, FUTURE)
    same, crowded = run(other, PAST, FUTURE)
    assert same == past
    assert crowded.late_ratio > future.late_ratio


def test_past_and_future_are_all_of_it() -> None:
    """What adds up does; who knows the future may pay once more where they meet."""
    whole, *parts = run(make_subject(), WHOLE, PAST, FUTURE)
    total = add_up(parts)
    assert total.hours == pytest.approx(whole.hours)
    assert total.requests == pytest.approx(whole.requests)
    assert total.late == pytest.approx(whole.late)
    assert total.changes == whole.changes
    assert total.days == pytest.approx(whole.days)
    assert total.best_hours == pytest.approx(whole.best_hours, rel=0.01)


def test_a_whole_run_is_scored_as_a_backtest() -> None:
    """The config's, and a peer's in its place."""
    subject = make_subject()
    marks = backtest(subject).ours.marks
    (score,) = run(subject, WHOLE)
    assert (score.hours, score.late_ratio) == (marks.instance_hours, marks.late_ratio)
    assert score.cost_ratio == pytest.approx(marks.clairvoyant_ratio)
    (best,) = run(make_subject(lead="4m"), WHOLE, peer="optimum")
    assert best.late == 0
    assert best.cost_ratio == pytest.approx(1, abs=0.005)


def test_how_much_is_done_is_told_to_the_end() -> None:
    """As a ratio of the slots that are run, which are no more than the part needs."""
    told: list[float] = []
    run_piece(Piece(0, make_subject(), (PAST,)), told.append)
    assert told == sorted(told)
    assert told[-1] == 1
