"""What would models of statsforecast foresee, fitted again and again on the trailing days?

Between two fits a model keeps its parameters and goes on from the newest minute. Nothing of this
runs in production: a fit takes seconds, and the library with all that it needs half a gigabyte.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from flyball.core.residual import LEAST
from flyball.sim.forecast.port import Clock, Fits, Task

DAY = 1_440
LEVEL_FREE = 0.5
"""At the median no interval is asked for."""


class Recipe(NamedTuple):
    """How a model is made and used.

    Attributes:
        make: Of the library's module `models`.
        trailing: Minutes that it is fitted on at most; half of them, or a day, are enough.
        season: Minutes of a season that is taken off before the model goes on; 0: none is.
        about: For people.
    """

    make: Callable[[Any], Any]
    trailing: int
    season: int
    about: str


RECIPES: Mapping[str, Recipe] = {
    "ets": Recipe(lambda lib: lib.AutoETS(model="ZZN"), DAY, 0, "exponential smoothing"),
    "theta": Recipe(lambda lib: lib.AutoTheta(season_length=1), DAY // 4, 0, "the Theta method"),
    "naive": Recipe(lambda lib: lib.SeasonalNaive(DAY), 3 * DAY, 0, "yesterday, this minute"),
    "mstl": Recipe(
        lambda lib: lib.MSTL(
            season_length=DAY,
            trend_forecaster=lib.AutoETS(model="ZZN"),
        ),
        4 * DAY,
        DAY,
        "the day's shape by LOESS, and exponential smoothing of the rest",
    ),
}
"""By the name that --with gives."""


@dataclass(frozen=True, slots=True)
class Library:
    """statsforecast, and numpy as it has it.

    Attributes:
        models: statsforecast.models.
        numpy: The module.
    """

    models: Any
    numpy: Any


def load(find: Callable[[str], ModuleType] = importlib.import_module) -> Library:
    """Load the library.

    Raises:
        ImportError: It is not installed, or is a version without these models.
    """
    try:
        library = Library(find("statsforecast.models"), find("numpy"))
        for name in ("AutoETS", "AutoTheta", "MSTL", "SeasonalNaive"):
            getattr(library.models, name)
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"statsforecast 2 or later is needed for its models ({error}); "
            "pip install 'flyball[forecast]', or leave --with out"
        ) from error
    return library


class Fitted:
    """One model, fitted every so many minutes.

    Attributes:
        fits: What that took.
    """

    def __init__(
        self, recipe: Recipe, task: Task, refit_minutes: int, library: Library, clock: Clock
    ) -> None:
        self.fits = Fits()
        self._recipe = recipe
        self._task = task
        self._every = refit_minutes
        self._library = library
        self._clock = clock
        self._values: list[float] = []
        self._is_known = False
        self._since = refit_minutes
        self._model: Any = None
        self._season: Any = None
        self._offset = 0

    def absorb(self, minute: int, demand: float | None) -> None:  # noqa: ARG002  (the port's)
        """Take in one minute; the library has no gaps, so an unknown one is like that before."""
        self._is_known = demand is not None
        if demand is None and not self._values:
            return
        self._values.append(self._values[-1] if demand is None else demand)
        self._since += 1
        enough = max(DAY, self._recipe.trailing // 2)
        if self._since >= self._every and len(self._values) >= enough:
            self._fit()

    def foresee(self) -> float | None:
        """Go on from the newest minute with what was fitted last."""
        if self._model is None or not self._is_known:
            return None
        numpy, horizon, quantile = (
            self._library.numpy,
            self._task.horizon,
            self._task.quantile_ratio,
        )
        values = numpy.asarray(self._values, dtype=float)
        added = 0.0
        if self._season is not None:
            places = numpy.arange(len(values)) + self._offset
            values = values - self._season[places % len(self._season)]
            added = float(self._season[(places[-1] + horizon) % len(self._season)])
        level = round(200 * quantile - 100, 9)
        asked = None if quantile == LEVEL_FREE else [level]
        found = self._model.forward(y=values, h=horizon, level=asked)
        key = "mean" if asked is None else f"hi-{level:g}"
        name = key if key in found else f"hi-{level}"
        upper = float(found[name][-1]) + added
        return max(LEAST, upper) if math.isfinite(upper) else None

    def _fit(self) -> None:
        """Fit on the trailing minutes, and forget those before."""
        began = self._clock()
        recipe = self._recipe
        del self._values[: -recipe.trailing]
        values = self._library.numpy.asarray(self._values, dtype=float)
        model = recipe.make(self._library.models)
        model.fit(y=values)
        self._since = 0
        self._model, self._season, self._offset = model, None, 0
        if recipe.season:
            parts = model.model_
            seasonal = parts[[name for name in parts.columns if name.startswith("seasonal")]]
            last = seasonal.sum(axis=1).to_numpy()[-recipe.season :]
            self._season = last
            self._offset = -len(values) % recipe.season
            self._model = model.trend_forecaster
        self.fits = Fits(self.fits.number + 1, self.fits.total_s + self._clock() - began)
