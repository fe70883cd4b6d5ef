"""What will demand be at most, one lead time ahead: and is that any better than the last value?

Experts forecast; each one's errors tell how much is to be added. The expert with the least loss is
followed, and on probation: what was forecast is held against what the last value would have been.
The state is bounded, and a plain function of the minutes that were taken in.
"""

from __future__ import annotations

import math
import struct
from itertools import accumulate, repeat
from operator import mul

from flyball.core.residual import (
    LEAST,
    Residual,
    average,
    find_quantile,
    judge,
    lose,
    spread,
)
from flyball.core.season import CYCLES, Season, begin, compare, note
from flyball.core.shape import NamedTuple

EXPERTS = ("1 min", "3 min", "10 min", "60 min", "trend", "hour", "day", "week", "minute")
"""Means over the last minutes; a damped trend; and the last three minutes' mean, changed as it
usually changes at this time of the hour, the day, the week; and at this minute of the hour, without
those beside it, since what a clock starts begins at once."""
LAST = 0
"""The expert that takes the last value: what all of them are held against."""
HOUR = 60
LEVEL_GAIN = 0.3
TREND_GAIN = 0.05
DAMPING = 0.95
LONGEST_HORIZON = 64
DEMAND_LIMIT = 1e7
"""Instances; more is a mistake in a unit, and taken for this."""
LOSS_MEMORY = 2_880
"""Minutes after which a loss counts e times less."""
FIRST_JUDGED = 120
"""Minutes that are judged before anything is promoted."""
WINS = 0.95
"""Promoted where the loss is less than this part of the last value's,"""
LOSES = 0.98
"""and demoted where it is more than that: what wins so little costs more than it saves."""
UNKNOWN = math.nan

_REACH = tuple(accumulate(accumulate(repeat(DAMPING, LONGEST_HORIZON), mul), initial=0.0))
"""How many minutes of its slope a damped trend still goes, by minutes ahead."""
_MADE = struct.Struct(f"<{2 * len(EXPERTS) + 1}f")
MADE_BYTES = _MADE.size
MINUTE_BYTES = 4
"""Of one minute: the forecasts, their quantiles, and the quantile that was chosen."""
_NOTHING = _MADE.pack(*(UNKNOWN,) * (2 * len(EXPERTS) + 1))
_MINUTE = struct.Struct("<f")


class Predictor(NamedTuple):
    """What is remembered.

    Attributes:
        minute: The newest taken in, whole minutes since the epoch; -1: none.
        level: Of the damped trend, instances.
        trend: Its slope, instances a minute.
        minutes: The newest minutes, float32 each, oldest first, at most 60; NaN is unknown.
        seasons: Profiles of the hour, the day and the week.
        made: What was forecast in the newest minutes, oldest first, one horizon of them.
        residuals: By expert.
        losses: Running means of the experts' losses, instances.
        judged: Minutes that were judged, ever.
        loss: Running mean of what the chosen forecasts lost.
        is_trusted: They have won against the last value, and have not lost again.
    """

    minute: int = -1
    level: float = 0.0
    trend: float = 0.0
    minutes: bytes = b""
    seasons: tuple[Season, ...] = tuple(map(begin, CYCLES))
    made: bytes = b""
    residuals: tuple[Residual, ...] = (Residual(),) * len(EXPERTS)
    losses: tuple[float, ...] = (0.0,) * len(EXPERTS)
    judged: int = 0
    loss: float = 0.0
    is_trusted: bool = False


class Prediction(NamedTuple):
    """What is foreseen from the newest minute.

    Attributes:
        demand: In that minute, instances.
        expert: Whose forecast.
        forecast: Demand one horizon ahead, instances.
        upper: Its quantile, instances.
        error_ratio: Loss of what was chosen ÷ the last value's; None before any could be judged.
        judged: Minutes that were judged.
        is_trusted: As in Predictor.
    """

    demand: float
    expert: str
    forecast: float
    upper: float
    error_ratio: float | None
    judged: int
    is_trusted: bool


def take(
    past: Predictor, minute: int, demand: float, horizon: int, quantile_ratio: float
) -> tuple[Predictor, Prediction]:
    """Take in one known minute; those that were passed over are unknown, and teach nothing.

    Args:
        past: Of an earlier minute.
        minute: Whole minutes since the epoch, after `past.minute`.
        demand: Instances, >= 0.
        horizon: Minutes from this one to the first that an order can serve, 1–64.
        quantile_ratio: Share of minutes in which demand is to be at most the forecast.
    """
    (demand,) = _MINUTE.unpack(_MINUTE.pack(min(demand, DEMAND_LIMIT)))
    is_first = past.minute < 0
    passed = 0 if is_first else min(minute - past.minute - 1, LONGEST_HORIZON)
    unknown = _MINUTE.pack(UNKNOWN)
    minutes = (past.minutes + unknown * passed + _MINUTE.pack(demand))[-4 * HOUR :]
    past = past._replace(made=(past.made + _NOTHING * passed)[-_MADE.size * horizon :])
    past = _judge(past, demand, horizon, quantile_ratio)
    level, trend = _follow_trend(past, demand, is_first=is_first)
    seasons = tuple(
        [note(*each, minute, demand) for each in zip(past.seasons, CYCLES, strict=True)]
    )
    values = [value for (value,) in _MINUTE.iter_unpack(minutes)]
    means = [_mean(values[-count:]) for count in (1, 3, 10, 60)]
    ratios = [compare(*each, minute, horizon) for each in zip(seasons, CYCLES, strict=True)]
    ratios.append(compare(seasons[0], CYCLES[0], minute, horizon, 0))
    ahead = level + trend * _REACH[horizon]
    forecasts = [
        max(LEAST, value) for value in (*means, ahead, *(means[1] * ratio for ratio in ratios))
    ]
    uppers = [
        max(LEAST, forecast + find_quantile(each.counts, quantile_ratio) * spread(each, forecast))
        for forecast, each in zip(forecasts, past.residuals, strict=True)
    ]
    best = min(range(len(EXPERTS)), key=past.losses.__getitem__)  # of equals the simplest
    made = past.made + _MADE.pack(*forecasts, *uppers, uppers[best])
    kept = past._replace(
        minute=minute, level=level, trend=trend, minutes=minutes, seasons=seasons, made=made
    )
    return kept, Prediction(
        demand,
        EXPERTS[best],
        forecasts[best],
        uppers[best],
        _compare_losses(past),
        past.judged,
        past.is_trusted,
    )


def _judge(past: Predictor, demand: float, horizon: int, quantile_ratio: float) -> Predictor:
    """Hold what was forecast one horizon ago against what came."""
    made = past.made
    if len(made) < _MADE.size * horizon:
        return past
    row = _MADE.unpack_from(made)
    past = past._replace(made=made[_MADE.size :])
    count = len(EXPERTS)
    forecasts, uppers, chosen = row[:count], row[count:-1], row[-1]
    if math.isnan(chosen):  # made in an unknown minute
        return past
    gain = max(1.0 / LOSS_MEMORY, 1.0 / (past.judged + 1))
    losses = tuple(
        [
            loss + gain * (lose(upper, demand, quantile_ratio) - loss)
            for loss, upper in zip(past.losses, uppers, strict=True)
        ]
    )
    past = past._replace(
        residuals=tuple(
            [
                judge(residual, max(LEAST, forecast), demand)
                for residual, forecast in zip(past.residuals, forecasts, strict=True)
            ]
        ),
        losses=losses,
        judged=past.judged + 1,
        loss=past.loss + gain * (lose(chosen, demand, quantile_ratio) - past.loss),
    )
    return past._replace(is_trusted=_is_trusted(past))


def _is_trusted(past: Predictor) -> bool:
    """Promote who wins against the last value, and demote who loses."""
    ratio = _compare_losses(past)
    if ratio is None or past.judged < FIRST_JUDGED:
        return False
    return ratio <= LOSES if past.is_trusted else ratio < WINS


def _compare_losses(past: Predictor) -> float | None:
    """Say what was lost ÷ what the last value would have; None where that is nothing yet."""
    last = past.losses[LAST]
    return past.loss / last if last > 0.0 else None


def _follow_trend(past: Predictor, demand: float, *, is_first: bool) -> tuple[float, float]:
    if is_first:
        return demand, 0.0
    slope = DAMPING * past.trend
    level = LEVEL_GAIN * demand + (1.0 - LEVEL_GAIN) * (past.level + slope)
    return level, TREND_GAIN * (level - past.level) + (1.0 - TREND_GAIN) * slope


def _mean(values: list[float]) -> float:
    """Average what is known; the newest always is."""
    return average([value for value in values if not math.isnan(value)])
