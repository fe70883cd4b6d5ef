"""What would a day of traffic look like, for who has no trace of their own?"""

from __future__ import annotations

import math
import random
from datetime import datetime
from typing import NamedTuple

from flyball.sim.trace import Trace

DAY_MINUTES = 1_440


class Shape(NamedTuple):
    """What a generated day is made of.

    Attributes:
        mean: Requests a minute, over the day without the crowd.
        swing_ratio: The daily cycle goes from mean × (1 − this) to mean × (1 + this).
        peak_minute: Minute of the day at which the cycle is highest.
        noise_ratio: Standard deviation of a minute's noise, as a part of its value.
        crowd_ratio: The flash crowd's peak, as a multiple of the cycle's value there.
        crowd_minutes: From its first minute until it has faded away.
        gap_minutes: Minutes for which nothing is recorded.
    """

    mean: float = 6_000.0
    swing_ratio: float = 0.6
    peak_minute: int = 14 * 60
    noise_ratio: float = 0.04
    crowd_ratio: float = 2.2
    crowd_minutes: int = 75
    gap_minutes: int = 7


ORDINARY = Shape()


def generate_day(
    start: datetime, *, seed: int = 0, minutes: int = DAY_MINUTES, shape: Shape = ORDINARY
) -> Trace:
    """Make up a day: a daily cycle with noise, one flash crowd and one short gap.

    Args:
        start: Of the first minute, aware UTC.
        seed: The same seed gives the same day.
        minutes: Length, 1 or more; past a day the cycle goes on and each day has its own crowd
            and gap.
        shape: What it is made of.

    Returns:
        Whole requests by the minute; the gap's minutes are None.
    """
    if minutes < 1:
        raise ValueError(f"minutes: got {minutes}, expected 1 or more")
    requests: list[float | None] = []
    for day in range(-(-minutes // DAY_MINUTES)):
        requests += _make_day(random.Random(f"{seed}/{day}"), shape)  # noqa: S311  (no secret)
    return Trace(start, tuple(requests[:minutes]))


def _make_day(draw: random.Random, shape: Shape) -> list[float | None]:
    crowd_start = draw.randrange(16 * 60, 20 * 60)
    gap_start = draw.randrange(9 * 60, 12 * 60)
    day: list[float | None] = []
    drift = 0.0
    for minute in range(DAY_MINUTES):
        drift = 0.9 * drift + draw.gauss(0.0, shape.noise_ratio / 2)
        noise = 1 + drift + draw.gauss(0.0, shape.noise_ratio)
        value = _cycle(minute, shape) * _crowd(minute - crowd_start, shape) * max(0.0, noise)
        hidden = gap_start <= minute < gap_start + shape.gap_minutes
        day.append(None if hidden else float(round(value)))
    return day


def _cycle(minute: int, shape: Shape) -> float:
    """Give the daily cycle's value: a sine with a second, smaller one for the lunch dip."""
    angle = 2 * math.pi * (minute - shape.peak_minute) / DAY_MINUTES
    wave = 0.88 * math.cos(angle) + 0.12 * math.cos(2 * angle + 0.6)
    return shape.mean * (1 + shape.swing_ratio * wave)


def _crowd(since: int, shape: Shape) -> float:
    """Give the flash crowd's factor: up within a few minutes, then fading away."""
    if not 0 <= since < shape.crowd_minutes:
        return 1.0
    rise = min(1.0, (since + 1) / 4)
    fade = 1 - since / shape.crowd_minutes
    return 1 + (shape.crowd_ratio - 1) * rise * fade * math.sqrt(fade)
