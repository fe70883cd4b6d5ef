"""Who takes part in a comparison of forecasts?"""

from __future__ import annotations

import pytest

from flyball.sim.forecast.compare import LAST
from flyball.sim.forecast.contest import OURS, contest, parse_models
from flyball.sim.forecast.library import RECIPES
from tests.unit.sim.forecast.traffic import make_question


def test_without_a_model_ours_is_held_against_the_last_value() -> None:
    """Every minute of both is counted."""
    question = make_question(0.5)
    done: list[int] = []
    found = contest(question, (), None, lambda: 0.0, advance=done.append)
    assert [row.name for row in found.rows] == [LAST, OURS]
    assert found.fits == {}
    assert sum(done) == 2 * len(question.course.demand)


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), ("statsforecast", tuple(RECIPES)), ("mstl, ets", ("mstl", "ets"))],
    ids=["none", "all", "two"],
)
def test_models_are_named(text: str, names: tuple[str, ...]) -> None:
    """In the order in which they are written."""
    assert parse_models(text) == names


@pytest.mark.parametrize("text", ["arima", "ets,ets", "statsforecast,ets"])
def test_what_is_no_list_of_models_is_refused(text: str) -> None:
    """It says what is known."""
    with pytest.raises(ValueError, match="got '"):
        parse_models(text)
