"""Are the experts behind the port those of production, and is the last value theirs?"""

from __future__ import annotations

import pytest

from flyball.core.predict import LAST as LAST_EXPERT
from flyball.core.predict import Predictor, take
from flyball.sim.forecast.compare import foresee, trust
from flyball.sim.forecast.experts import Experts, LastValue
from tests.unit.sim.forecast.traffic import make_question


def test_they_say_what_production_says_and_are_trusted_when_it_trusts_them() -> None:
    """Minute by minute, over a gap."""
    question = make_question()
    task, demands = question.task, question.demands
    state, uppers, trusted = Predictor(), list[float | None](), list[bool]()
    first = int(question.course.start.timestamp()) // 60
    for index, demand in enumerate(demands):
        if demand is None:
            uppers.append(None)
        else:
            state, found = take(state, first + index, demand, *task)
            uppers.append(found.upper)
        trusted.append(state.is_trusted)
    ours = foresee(question, Experts(task))
    assert ours == uppers
    last = foresee(question, LastValue(task))
    assert trust(ours, last, demands, task) == trusted
    assert {True, False} == set(trusted)


def test_the_last_value_loses_what_the_expert_of_that_name_does() -> None:
    """But for the rounding of what production keeps in 32 bits."""
    question = make_question(1)
    task, demands = question.task, question.demands
    last = foresee(question, LastValue(task))
    state = Predictor()
    for index, demand in enumerate(demands):
        if demand is not None:
            state, _ = take(state, index, demand, *task)
    over = [
        (upper, came)
        for upper, came in zip(last, demands[task.horizon :], strict=False)
        if upper is not None and came is not None
    ]
    lost = 0.0
    for upper, came in over:
        lost += max(0.9 * (came - upper), 0.1 * (upper - came)) / len(over)
    assert state.losses[LAST_EXPERT] == pytest.approx(lost, rel=1e-4)


def test_an_unknown_minute_has_no_forecast() -> None:
    """Neither of ours, nor of the last value."""
    question = make_question(0.5)
    for make in (Experts, LastValue):
        column = foresee(question, make(question.task))
        assert column[400:403] == [None] * 3
        assert None not in column[:400]
