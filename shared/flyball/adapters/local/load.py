"""What reaches a simulated endpoint?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

MINUTE = timedelta(minutes=1)

Demand = Callable[[datetime], float | None]
"""Requests that arrive in the minute that begins at an instant; None: not known."""


class Load(NamedTuple):
    """What reaches one endpoint, and what its instances can do.

    Attributes:
        demand: Requests a minute.
        capacity_per_instance: Requests that one instance can serve in a minute, above 0.
        start: Instant of the first minute, aware UTC.
    """

    demand: Demand
    capacity_per_instance: float
    start: datetime
