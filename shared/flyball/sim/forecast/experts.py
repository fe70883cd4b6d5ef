"""What do the experts of the predictive policy foresee, and what does the last value alone?"""

from __future__ import annotations

from collections import deque

from flyball.core.predict import DEMAND_LIMIT, Predictor, take
from flyball.core.residual import LEAST, Residual, find_quantile, judge, spread
from flyball.sim.forecast.port import Task


class Experts:
    """The experts as they are in production: the same state, the same step."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._state = Predictor()
        self._upper: float | None = None

    def absorb(self, minute: int, demand: float | None) -> None:
        """Take in one minute; an unknown one teaches nothing."""
        self._upper = None
        if demand is not None:
            self._state, found = take(self._state, minute, demand, *self._task)
            self._upper = found.upper

    def foresee(self) -> float | None:
        """Give the quantile of the expert with the least loss."""
        return self._upper


class LastValue:
    """The last minute, and what its own errors add: what every forecast is held against."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._residual = Residual()
        self._made: deque[float | None] = deque(maxlen=task.horizon)
        self._upper: float | None = None

    def absorb(self, minute: int, demand: float | None) -> None:  # noqa: ARG002  (the port's)
        """Judge what was said one horizon ago, and say the same of this minute."""
        judged = self._made[0] if len(self._made) == self._task.horizon else None
        forecast = self._upper = None
        if demand is not None:
            demand = min(demand, DEMAND_LIMIT)
            if judged is not None:
                self._residual = judge(self._residual, judged, demand)
            forecast = max(LEAST, demand)
        self._made.append(forecast)
        if forecast is not None:
            above = find_quantile(self._residual.counts, self._task.quantile_ratio)
            self._upper = max(LEAST, forecast + above * spread(self._residual, forecast))

    def foresee(self) -> float | None:
        """Give the last value's quantile."""
        return self._upper
