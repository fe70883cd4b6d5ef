"""What is asked of whoever forecasts, so that ours and a library's can be compared?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

Clock = Callable[[], float]
"""Seconds since any instant, best those that this program had a core; only differences count."""


class Task(NamedTuple):
    """What is to be forecast.

    Attributes:
        horizon: Minutes from the newest known one to the first that an order can serve, 1–64.
        quantile_ratio: Share of minutes in which demand is to be at most the forecast.
    """

    horizon: int
    quantile_ratio: float


class Forecaster(Protocol):
    """Takes in demand minute by minute; it is shown nothing of the minutes to come."""

    def absorb(self, minute: int, demand: float | None) -> None:
        """Take in one minute.

        Args:
            minute: Whole minutes since the epoch, one after the last.
            demand: Instances, >= 0; None: it is not known.
        """
        ...

    def foresee(self) -> float | None:
        """Give the quantile of the demand one horizon after the newest minute, instances.

        Returns:
            None where it cannot tell, as after an unknown minute.
        """
        ...


class Fits(NamedTuple):
    """What fitting took.

    Attributes:
        number: How often something was fitted.
        total_s: In all.
    """

    number: int = 0
    total_s: float = 0.0
