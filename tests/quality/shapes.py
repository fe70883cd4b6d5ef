"""What does traffic look like that is not in any file at hand? Generated days of many shapes.

Each shape is one reason for which an autoscaler fails. The same seed gives the same minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random

from flyball.sim.trace import Trace

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
DAY_MINUTES = 1_440
NORMAL_FROM = 50.0
"""Expected counts from here on are drawn from a normal distribution."""

Rates = list[float]
"""Requests expected in each minute."""


def generate(name: str, seed: int = 0) -> Trace:
    """Make one shape of SHAPES.

    Args:
        name: Of the shape.
        seed: The same seed gives the same minutes.

    Raises:
        KeyError: There is no such shape.
    """
    draw = Random(f"{name}/{seed}")
    return Trace(START, tuple(float(_count(draw, rate)) for rate in SHAPES[name](draw)))


def _bursty(draw: Random) -> Rates:
    """A daily cycle with some three bursts a day, most short and some long, up to many times it."""
    rates = _daily(14, 3_000, 0.5)
    for begin in _events(draw, len(rates), 500):
        length = min(300, 5 + int(10 * draw.paretovariate(1.5)))
        factor = draw.paretovariate(2)
        for minute in range(begin, min(begin + length, len(rates))):
            rates[minute] *= factor
    return rates


def _cron(_: Random) -> Rates:
    """Eight minutes of nearly twice as much at each hour's beginning."""
    rates = _daily(14, 2_000, 0.6)
    return [rate * (1.8 if minute % 60 < 8 else 1) for minute, rate in enumerate(rates)]


def _batch(draw: Random) -> Rates:
    """Eight times as much from ten to three, at once, and back."""
    day = [4_000.0 if 600 <= minute < 900 else 500.0 for minute in range(DAY_MINUTES)]
    return _jitter(draw, day * 14, 0.05)


def _clients(draw: Random) -> Rates:
    """Forty clients, each of whom asks for more or less every ten minutes; a few are most of it."""
    rates = [0.0] * (14 * DAY_MINUTES)
    for _ in range(40):
        mean = 60 * (draw.paretovariate(1.2) - 1)
        for begin in range(0, len(rates), 10):
            level = mean * draw.lognormvariate(0, 0.5)
            for minute in range(begin, begin + 10):
                rates[minute] += level
    return [rate * cycle for rate, cycle in zip(rates, _daily(14, 1, 0.5), strict=True)]


def _flash(draw: Random) -> Rates:
    """A dozen flash crowds in three weeks: up in a quarter of an hour, and fading away."""
    rates = _daily(21, 2_500, 0.6)
    for _ in range(12):
        begin = draw.randrange(2 * DAY_MINUTES, len(rates) - 400)
        length, factor = draw.randrange(60, 240), draw.uniform(0.5, 3)
        for step in range(length):
            rise = min(1.0, step / 15)
            rates[begin + step] *= 1 + factor * rise * math.exp(-max(0, step - 15) / 60)
    return _jitter(draw, rates, 0.03)


def _growth(draw: Random) -> Rates:
    """Ten times as much after three weeks."""
    rates = _daily(21, 800, 0.6)
    grown = [rate * math.exp(2.3 * minute / len(rates)) for minute, rate in enumerate(rates)]
    return _jitter(draw, grown, 0.05)


def _noisy(draw: Random) -> Rates:
    """Minutes that differ by half from one to the next."""
    return _jitter(draw, _daily(14, 200, 0.3), 0.6)


def _office(draw: Random) -> Rates:
    """Office hours of working days, and nearly nothing else."""
    rates = []
    for minute in range(21 * DAY_MINUTES):
        day, hour = minute // DAY_MINUTES % 7, minute % DAY_MINUTES / 60
        open_ratio = min(1.0, max(0.0, 3 * min(hour - 8, 18 - hour)))
        rates.append(5_000 * max(0.05, open_ratio if day < 5 else 0))
    return _jitter(draw, rates, 0.1)


def _onoff(draw: Random) -> Rates:
    """Eleven times as much for an hour and a half, at any time, and back for three hours."""
    rates, busy = [], False
    for _ in range(14 * DAY_MINUTES):
        busy = busy ^ (draw.random() < (1 / 90 if busy else 1 / 180))
        rates.append(3_300.0 if busy else 300.0)
    return rates


def _regime(draw: Random) -> Rates:
    """Three times as much from the sixth day on; later and less from the tenth."""
    rates = _daily(14, 1_500, 0.6)
    for minute in range(5 * DAY_MINUTES, len(rates)):
        rates[minute] *= 3
    shift = 9 * DAY_MINUTES + 300
    rates[shift:] = [0.6 * rate for rate in rates[shift - 360 : -360]]
    return _jitter(draw, rates, 0.04)


def _short(draw: Random) -> Rates:
    """A day and a half are all that there is."""
    return _jitter(draw, _daily(2, 2_000, 0.7)[: DAY_MINUTES * 3 // 2], 0.05)


def _sparse(_: Random) -> Rates:
    """A request every other minute."""
    return _daily(14, 0.6, 0.6)


def _spike(draw: Random) -> Rates:
    """One spike of nine times as much on the sixth day, and never again."""
    rates = _daily(14, 2_000, 0.5)
    begin = 5 * DAY_MINUTES + draw.randrange(DAY_MINUTES)
    for step in range(180):
        rates[begin + step] *= 1 + 8 * min(1.0, step / 10) * math.exp(-step / 60)
    return _jitter(draw, rates, 0.04)


def _wander(draw: Random) -> Rates:
    """A daily cycle whose level wanders within an hour or two."""
    rates, level = [], 0.0
    for cycle in _daily(14, 2_000, 0.4):
        level = 0.99 * level + draw.gauss(0, 0.05)
        rates.append(cycle * math.exp(level))
    return rates


def _cascade(draw: Random) -> Rates:
    """Bursts within bursts: each half of a time has three fifths of its traffic, or two."""
    rates = [1.0]
    while len(rates) < 11 * DAY_MINUTES:
        split = [0.62 if draw.random() < 0.5 else 0.38 for _ in rates]
        rates = [
            2 * rate * part for rate, at in zip(rates, split, strict=True) for part in (at, 1 - at)
        ]
    return [1_500 * rate for rate in rates[: 11 * DAY_MINUTES]]


def _decline(draw: Random) -> Rates:
    """A twelfth is left after two weeks."""
    rates = _daily(14, 6_000, 0.6)
    fading = [rate * math.exp(-2.5 * minute / len(rates)) for minute, rate in enumerate(rates)]
    return _jitter(draw, fading, 0.05)


def _frequent(draw: Random) -> Rates:
    """Ten bursts a day of up to four times as much, at once, for five minutes to half an hour."""
    rates = _daily(14, 2_000, 0.5)
    for _ in range(140):
        begin, factor = draw.randrange(len(rates) - 30), draw.uniform(1.5, 4)
        for minute in range(begin, begin + draw.randrange(5, 30)):
            rates[minute] *= factor
    return rates


def _jumps(draw: Random) -> Rates:
    """Another level every half hour, from a tenth to three times the mean."""
    cycle = _daily(14, 600, 0.7)
    levels = [draw.gammavariate(2.0, 0.5) for _ in range(0, len(cycle), 30)]
    return [rate * levels[minute // 30] for minute, rate in enumerate(cycle)]


def _launch(_: Random) -> Rates:
    """Hardly anything for three days, and then a hundred times as much."""
    rates = _daily(14, 2_500, 0.6)
    return [rate * (0.01 if minute < 3 * DAY_MINUTES else 1) for minute, rate in enumerate(rates)]


def _levels(draw: Random) -> Rates:
    """Another level every one to three days, up to ten times the last."""
    rates: Rates = []
    cycle = _daily(14, 1, 0.4)
    while len(rates) < len(cycle):
        level = draw.uniform(500, 5_000)
        rates += [level] * int(draw.uniform(1, 3) * DAY_MINUTES)
    return _jitter(draw, [rate * at for rate, at in zip(rates, cycle, strict=False)], 0.05)


def _modes(draw: Random) -> Rates:
    """Four hours of little, an hour and a half of five times that, or half an hour of twenty."""
    modes = ((200.0, 240.0), (1_000.0, 90.0), (4_000.0, 25.0))
    rates: Rates = []
    mode = modes[0]
    cycle = _daily(14, 1, 0.3)
    while len(rates) < len(cycle):
        rate, stay = mode
        rates += [rate] * max(1, int(draw.expovariate(1 / stay)))
        mode = draw.choice([each for each in modes if each != mode])
    return [rate * at for rate, at in zip(rates, cycle, strict=False)]


def _rare(draw: Random) -> Rates:
    """Eight bursts in two weeks, at once, of two to six times as much."""
    rates = _daily(14, 2_000, 0.6)
    for _ in range(8):
        begin, factor = draw.randrange(len(rates) - 60), draw.uniform(2, 6)
        for minute in range(begin, begin + draw.randrange(15, 60)):
            rates[minute] *= factor
    return rates


def _week(draw: Random) -> Rates:
    """Less than half at weekends, and on one holiday that nobody told of."""
    rates = _daily(21, 3_000, 0.7)
    for minute in range(len(rates)):
        day = minute // DAY_MINUTES
        rates[minute] *= (1 if day % 7 < 5 else 0.4) * (0.35 if day == 9 else 1)
    return _jitter(draw, rates, 0.04)


def _single(draw: Random) -> Rates:
    """One day is all that there is."""
    return _jitter(draw, _daily(1, 2_000, 0.5), 0.1)


SHAPES: Mapping[str, Callable[[Random], Rates]] = {
    "batch": _batch,
    "bursty": _bursty,
    "cascade": _cascade,
    "clients": _clients,
    "cron": _cron,
    "decline": _decline,
    "flash": _flash,
    "frequent": _frequent,
    "growth": _growth,
    "jumps": _jumps,
    "launch": _launch,
    "levels": _levels,
    "modes": _modes,
    "noisy": _noisy,
    "office": _office,
    "onoff": _onoff,
    "rare": _rare,
    "regime": _regime,
    "short": _short,
    "single": _single,
    "sparse": _sparse,
    "spike": _spike,
    "wander": _wander,
    "week": _week,
}


def _daily(days: int, mean: float, swing_ratio: float) -> Rates:
    """A cycle that is highest at two in the afternoon."""
    turn = 2 * math.pi / DAY_MINUTES
    return [
        mean * (1 + swing_ratio * math.cos(turn * (minute - 14 * 60)))
        for minute in range(days * DAY_MINUTES)
    ]


def _events(draw: Random, minutes: int, apart: float) -> list[int]:
    """Minutes at which something begins, so far apart in the mean."""
    found, at = [], draw.expovariate(1 / apart)
    while at < minutes:
        found.append(int(at))
        at += draw.expovariate(1 / apart)
    return found


def _jitter(draw: Random, rates: Rates, sigma: float) -> Rates:
    """Let each minute differ by a log-normal factor."""
    return [rate * draw.lognormvariate(0, sigma) for rate in rates]


def _count(draw: Random, rate: float) -> int:
    """Draw a count whose mean and variance are the rate."""
    if rate >= NORMAL_FROM:
        return max(0, round(draw.gauss(rate, math.sqrt(rate))))
    count, left = 0, math.exp(-rate) if rate > 0 else 1.0
    product = draw.random()
    while product > left:
        count += 1
        product *= draw.random()
    return count
