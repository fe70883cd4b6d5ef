"""Who forecasts on a course, and what does each of them come to?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flyball.sim.forecast.compare import LAST, Column, Question, Row, compare, foresee, ignore
from flyball.sim.forecast.experts import Experts, LastValue
from flyball.sim.forecast.library import RECIPES, Fitted, Library
from flyball.sim.forecast.port import Clock, Fits, Forecaster

OURS = "flyball"
ALL = "statsforecast"
REFIT_MINUTES = 1_440


class Contest(NamedTuple):
    """What came of it.

    Attributes:
        rows: The last value's, ours, and the library's as they were named.
        fits: What fitting took, of the library's models by name.
    """

    rows: tuple[Row, ...]
    fits: dict[str, Fits]


def parse_models(text: str) -> tuple[str, ...]:
    """Read which of the library's models run: "ets,mstl", or "statsforecast" for all.

    Raises:
        ValueError: One is not known, or is named twice; says what is known.
    """
    names = [each.strip() for each in text.split(",") if each.strip()]
    if names == [ALL]:
        return tuple(RECIPES)
    for name in names:
        if name not in RECIPES:
            raise ValueError(f"got {name!r}, expected {ALL} for all, or of {', '.join(RECIPES)}")
    if len(set(names)) < len(names):
        raise ValueError(f"got {text!r}, in which a model is twice; leave one out")
    return tuple(names)


def contest(
    question: Question,
    models: Sequence[str],
    library: Library | None,
    clock: Clock,
    *,
    refit_minutes: int = REFIT_MINUTES,
    advance: Callable[[int], None] = ignore,
) -> Contest:
    """Let all of them forecast, and compare them.

    Args:
        question: What is compared.
        models: Names of RECIPES.
        library: What they are fitted by; None where there is no model.
        clock: For the time that fitting takes.
        refit_minutes: From one fit to the next.
        advance: Told how many minutes more are done, of each forecaster.
    """
    task = question.task
    fitted: dict[str, Fitted] = {}
    if library is not None:
        fitted = {
            name: Fitted(RECIPES[name], task, refit_minutes, library, clock) for name in models
        }
    all_of_them: dict[str, Forecaster] = {LAST: LastValue(task), OURS: Experts(task), **fitted}
    columns: dict[str, Column] = {
        name: foresee(question, each, advance) for name, each in all_of_them.items()
    }
    return Contest(compare(question, columns), {name: each.fits for name, each in fitted.items()})
