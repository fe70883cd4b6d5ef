"""Which demand do tests of forecasts see?"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from random import Random

from flyball.sim.forecast.compare import Question
from flyball.sim.slots import Course, Plant

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 1_440


def make_question(days: float = 2, seed: int = 1, *, swing: float = 5.0) -> Question:
    """Make days of a noisy cycle around ten instances, with a gap of three minutes."""
    draw = Random(seed)
    demand: list[float | None] = [
        max(0.0, 1_000 + 100 * swing * math.cos(minute * math.tau / DAY) + draw.gauss(0, 30))
        for minute in range(int(days * DAY))
    ]
    demand[400:403] = [None] * 3
    return Question(Course(MONDAY, tuple(demand), 100.0), Plant(max_capacity=40))
