"""What will demand be one lead time ahead, by four cheap experts, and how wrong is each of them?

Everything is in instances: demand per minute ÷ what one instance carries in a minute. The state is
bounded: an hour of minutes, and the forecasts that nobody could judge yet.
"""

from __future__ import annotations

import math
import operator
import struct
from itertools import accumulate, repeat

from flyball.core.shape import NamedTuple

HOUR = 60
EXPERTS = ("last", "blend", "hour", "ramp")
"""The last minute; the mean of it, a damped trend and yesterday's shape; the last hour's mean; and
the blend, or where the slope of the last five minutes leads to, if that is more."""
LEVEL_GAIN = 0.3
TREND_GAIN = 0.05
DAMPING = 0.95
RAMP_GAP = 3
"""Minutes between the two pairs of minutes that the slope is taken from."""
LEAST = 0.2
"""No forecast is below a fifth of an instance: errors are measured against it."""
FIRST_SCALE = 0.05
LEAST_SCALE = 0.005
OUTLIER = 8.0
"""An error counts at most so many times the usual one, so that one spike is not the new usual."""
GAINS = (0.0019235, 0.0114860, 0.00048123, 0.0114860)
"""Weight of the newest error, by expert: half-lives of 360, 60, 1,440 and 60 minutes."""
UNKNOWN = float("nan")
LONGEST_HORIZON = 64
"""Minutes. Of what starts more slowly, no forecast of minutes is of use."""

_REACH = tuple(accumulate(accumulate(repeat(DAMPING, LONGEST_HORIZON), operator.mul), initial=0.0))
"""How many minutes of its slope a damped trend still goes, by minutes ahead."""
_MINUTE = struct.Struct("<f")
_MADE = struct.Struct("<4f")
COLUMN_BYTES = (_MINUTE.size, _MADE.size)
"""Of a row of `minutes` and of `made`."""


class Four(NamedTuple):
    """One number for each expert, in the order of EXPERTS."""

    last: float
    blend: float
    hour: float
    ramp: float


class Forecast(NamedTuple):
    """What the experts remember.

    Attributes:
        level: Of the damped trend, instances.
        trend: Its slope, instances a minute.
        minutes: The newest minutes, float32 each, oldest first, at most 60; NaN is unknown.
        made: Forecasts not judged yet, four float32 each, oldest first, one per minute.
        scales: Mean relative error of each expert.
        judged: Minutes that they were judged by.
    """

    level: float = 0.0
    trend: float = 0.0
    minutes: bytes = b""
    made: bytes = b""
    scales: Four = Four(FIRST_SCALE, FIRST_SCALE, FIRST_SCALE, FIRST_SCALE)
    judged: int = 0


def foresee(
    past: Forecast, demand: float, ratio: float, horizon: int
) -> tuple[Forecast, Four, Four]:
    """Learn one known minute, and look one horizon ahead of it.

    Args:
        past: Of the minute before.
        demand: Of this minute, instances, >= 0, as a float32 has it.
        ratio: Yesterday's demand one horizon ahead of this time of day ÷ that at it; 1.0: unknown.
        horizon: Minutes from this one to the first that an order can serve, 1–64.

    Returns:
        The state; the experts' forecasts, >= 0.2; and their mean relative errors, >= 0.005.
    """
    minutes = (past.minutes + _MINUTE.pack(demand))[-4 * HOUR :]
    values = struct.unpack(f"<{len(minutes) // 4}f", minutes)
    level, trend = _follow_trend(past, demand, first=past.minutes == b"")
    ahead = max(0.0, level + trend * _REACH[horizon])
    blend = max(LEAST, (demand + ahead + _mean(values[-3:]) * ratio) / 3.0)
    made, scales, judged = _judge(past, demand, horizon)
    forecasts = Four(
        max(LEAST, demand),
        blend,
        max(LEAST, _mean(values)),
        max(blend, _ramp(values, horizon) - scales.blend * blend),
    )
    made += _MADE.pack(*forecasts)
    return Forecast(level, trend, minutes, made, scales, judged), forecasts, scales


def miss(past: Forecast, horizon: int) -> Forecast:
    """Let one unknown minute pass: nothing is learned, and nothing can be judged by it later."""
    made = (past.made + _MADE.pack(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN))[-_MADE.size * horizon :]
    minutes = (past.minutes + _MINUTE.pack(UNKNOWN))[-4 * HOUR :]
    return past._replace(minutes=minutes, made=made)


def _follow_trend(past: Forecast, demand: float, *, first: bool) -> tuple[float, float]:
    if first:
        return demand, 0.0
    slope = DAMPING * past.trend
    level = LEVEL_GAIN * demand + (1.0 - LEVEL_GAIN) * (past.level + slope)
    return level, TREND_GAIN * (level - past.level) + (1.0 - TREND_GAIN) * slope


def _mean(values: tuple[float, ...]) -> float:
    """Average what is known; the newest always is."""
    total = math.fsum(values)
    if not math.isnan(total):  # as nearly always
        return total / len(values)
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known)


def _ramp(values: tuple[float, ...], horizon: int) -> float:
    """Continue the last five minutes' slope; 0.0 where one of them is unknown."""
    if len(values) < RAMP_GAP + 2:
        return 0.0
    *_, older, old, _, recent, newest = values
    now = (newest + recent) / 2.0
    ahead = now + horizon * (now - (old + older) / 2.0) / RAMP_GAP
    return 0.0 if math.isnan(ahead) else max(0.0, ahead)


def _judge(past: Forecast, demand: float, horizon: int) -> tuple[bytes, Four, int]:
    """Hold the forecasts that were made one horizon ago against what came.

    Returns:
        What is still to be judged, the scales, and the minutes that they were judged by.
    """
    size = _MADE.size
    made = past.made[-size * horizon :]
    if len(made) < size * horizon:
        return made, past.scales, past.judged
    forecasts = _MADE.unpack_from(made)
    made = made[size:]
    if math.isnan(forecasts[0]):  # made in an unknown minute
        return made, past.scales, past.judged
    young = 1.0 / (past.judged + 2)
    scales = [
        max(
            LEAST_SCALE,
            scale
            + max(gain, young) * (min(abs(demand - forecast) / forecast, OUTLIER * scale) - scale),
        )
        for scale, forecast, gain in zip(past.scales, forecasts, GAINS, strict=True)
    ]
    return made, Four._make(scales), past.judged + 1
