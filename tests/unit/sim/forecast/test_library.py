"""Is a library's model fitted on what is past, and asked as it should be?"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from flyball.sim.forecast.library import DAY, RECIPES, Fitted, Library, load
from flyball.sim.forecast.port import Task
from tests.unit.sim.forecast.traffic import make_question

IS_THERE = importlib.util.find_spec("statsforecast") is not None
needs_library = pytest.mark.skipif(not IS_THERE, reason="statsforecast: the extra `forecast`")
TASK = Task(6, 0.9)


class Fake:
    """Stands for a model: it foresees its newest value, and one more for the quantile."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.levels: list[Sequence[float] | None] = []
        self.answer: float | None = None

    def fit(self, y: Sequence[float]) -> None:
        """Note how much it is given."""
        self.lengths.append(len(y))

    def forward(self, y: Sequence[float], h: int, level: list[float] | None) -> dict[str, Any]:
        """Go on from the newest."""
        self.levels.append(level)
        mean = y[-1] if self.answer is None else self.answer
        found = {"mean": [mean] * h}
        if level is not None:
            found[f"hi-{level[0]:g}"] = [mean + 1.0] * h
        return found


def make(fake: Fake, task: Task = TASK, refit: int = 60) -> Fitted:
    """Make a forecaster of a fake model that is fitted on two days."""
    recipe = RECIPES["ets"]._replace(make=lambda _: fake, trailing=2 * DAY)
    numpy = cast("Any", SimpleNamespace(asarray=lambda values, **_: list(values)))
    return Fitted(recipe, task, refit, Library(None, numpy), _count())


def _count() -> Any:
    ticks: Iterator[float] = iter(float(n) for n in range(1_000_000))
    return lambda: next(ticks)


def test_it_is_fitted_when_a_day_is_known_then_again_and_on_so_much_at_most() -> None:
    """What is older is forgotten; what that took is counted."""
    fake = Fake()
    fitted = make(fake, refit=DAY)
    for minute in range(4 * DAY):
        fitted.absorb(minute, 5.0)
        if minute < DAY - 1:
            assert fitted.foresee() is None
    assert fake.lengths == [DAY, 2 * DAY, 2 * DAY, 2 * DAY]
    assert fitted.fits == (4, 4.0)


def test_a_gap_is_filled_for_the_model_and_has_no_forecast() -> None:
    """It says nothing of an unknown minute; and nothing known is nothing to fill with."""
    fake = Fake()
    fitted = make(fake)
    fitted.absorb(0, None)
    for minute in range(1, DAY + 1):
        fitted.absorb(minute, 3.0)
    assert fitted.foresee() == 4.0
    fitted.absorb(DAY + 1, None)
    assert fitted.foresee() is None
    fitted.absorb(DAY + 2, 7.0)
    assert fitted.foresee() == 8.0
    assert fake.lengths == [DAY]


@pytest.mark.parametrize(
    ("quantile", "level"),
    [(0.5, None), (0.9, [80.0]), (0.95, [90.0]), (0.975, [95.0])],
    ids=["median", "90 %", "95 %", "97.5 %"],
)
def test_a_quantile_is_the_upper_end_of_an_interval(
    quantile: float, level: list[float] | None
) -> None:
    """Both tails are outside of it."""
    fake = Fake()
    fitted = make(fake, Task(6, quantile))
    for minute in range(DAY):
        fitted.absorb(minute, 3.0)
    assert fitted.foresee() == (3.0 if level is None else 4.0)
    assert fake.levels == [level]


@pytest.mark.parametrize(
    ("answer", "wanted"), [(float("nan"), None), (-9.0, 0.2)], ids=["no number", "below all"]
)
def test_what_is_no_demand_is_not_taken_for_one(answer: float, wanted: float | None) -> None:
    """As with ours, no forecast is below a fifth of an instance."""
    fake = Fake()
    fake.answer = answer
    fitted = make(fake)
    for minute in range(DAY):
        fitted.absorb(minute, 3.0)
    assert fitted.foresee() == wanted


def test_its_absence_is_said_with_the_remedy() -> None:
    """So is a version without the models."""

    def absent(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    with pytest.raises(ImportError, match=r"pip install 'flyball\[forecast\]'"):
        load(absent)
    with pytest.raises(ImportError, match="statsforecast 2 or later"):
        load(ModuleType)


@needs_library
@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_its_own_models_see_no_future_and_are_not_far_off(name: str) -> None:
    """What comes after a minute changes nothing that was said then."""
    library = load()
    question = make_question(2 + 60 / DAY)
    cut = 2 * DAY + 30
    said = []
    for later in (question.demands[cut:], [9_999.0] * 30):
        fitted = Fitted(RECIPES[name], question.task, DAY, library, _count())
        said.append(_say_from([*question.demands[:cut], *later], fitted, cut - 10))
    assert None not in said[0]
    assert said[0][:10] == said[1][:10]
    assert said[0][10:] != said[1][10:]


@needs_library
@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_its_own_models_have_most_of_an_hour_below_their_quantile(name: str) -> None:
    """One minute's draw says nothing; a season out of step would be far off all the time."""
    question = make_question(2 + 60 / DAY)
    ahead = question.task.horizon
    fitted = Fitted(RECIPES[name], question.task, DAY, load(), _count())
    said = _say_from(question.demands, fitted, 2 * DAY)[:-ahead]
    over = [
        upper - came
        for upper, came in zip(said, question.demands[2 * DAY + ahead :], strict=True)
        if upper is not None and came is not None
    ]
    assert len(over) == len(said)
    assert sum(each >= 0 for each in over) / len(over) > 0.7
    assert 0 < sum(over) / len(over) < 2


def _say_from(demands: Sequence[float | None], fitted: Fitted, first: int) -> list[float | None]:
    """Let a model see all, and ask it from one minute on."""
    said = []
    for minute, demand in enumerate(demands):
        fitted.absorb(minute, demand)
        if minute >= first:
            said.append(fitted.foresee())
    return said
