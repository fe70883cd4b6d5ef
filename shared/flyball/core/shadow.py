"""What would one shadow have ordered in a stretch of minutes, and what would that have cost?

A shadow is a policy that is only imagined: a forecast, a quantile of its error, and how long it
holds what it has. Each sees the same minutes, orders from a plant of its own, and is late or not.
This is the hot loop of the adaptive policy: most shadows, in most stretches, take its short paths.
"""

from __future__ import annotations

from math import ceil, isnan

from flyball.core.forecast import EXPERTS
from flyball.core.shape import NamedTuple

DRAIN_MINUTES = 3.0
"""A backlog is to be worked off in so many minutes once the order serves."""
LATE_BACKLOG_RATIO = 0.02
"""Who arrives behind a backlog of more than this part of a minute's capacity is late."""
MOST_MARGIN = 3.0
"""No quantile asks for more than three times the forecast on top of it."""
ROUNDING = 1e-6
"""Instances; demand that is carried but for a rounding error needs no further one."""
FLOORS = ("", "yesterday", "4 h", "1 d")


class Shadow(NamedTuple):
    """How a shadow decides.

    Attributes:
        expert: Which forecast, an index of EXPERTS.
        hold: Minutes for which it keeps what it has while less is wanted.
        floor: Which past maximum it keeps capacity for, an index of FLOORS; 0 is none.
        quantile: How many mean errors it adds to the forecast.
        headroom_ratio: Part of the forecast that it adds besides.
    """

    expert: int
    hold: int
    floor: int
    quantile: float
    headroom_ratio: float = 0.0

    def __str__(self) -> str:
        """Name it in a line: "blend + 2.5 errors, hold 10 min, floor 1 d"."""
        parts = [f"{EXPERTS[self.expert]} + {self.quantile:g} errors"]
        if self.headroom_ratio:
            parts.append(f"headroom {self.headroom_ratio:.0%}")
        days, rest = divmod(self.hold, 1440)
        parts.append(f"hold {self.hold} min" if rest or not days else f"hold {days} d")
        if self.floor:
            parts.append(f"floor {FLOORS[self.floor]}")
        return ", ".join(parts)


class Course(NamedTuple):
    """Where a shadow stands after a minute.

    Attributes:
        backlog: Work carried over, instance-minutes.
        timer: Minutes since it wanted what it has.
        highest: Most instances that it wanted meanwhile.
        orders: What it ordered after each of the newest minutes, instances, oldest first, shape
            (lead + lag,): orders[-1] is what it wants now.
    """

    backlog: float
    timer: int
    highest: int
    orders: tuple[int, ...]


class Stretch(NamedTuple):
    """Some minutes that follow each other, and the plant that they are lived through in.

    Attributes:
        demand: Instances, shape (n,); NaN is unknown.
        peak: Highest known one.
        whole: No minute is unknown.
        forecasts: By expert, instances, shape (4, n), less ROUNDING.
        errors: Mean error by expert, instances, shape (4, n).
        pairs: Each forecast with its error, by expert, shape (4, n, 2).
        widest: Highest mean relative error, by expert.
        floors: By FLOORS, shape (4, n), less ROUNDING; the first is empty.
        lead: Minutes from an order to its service.
        lag: Minutes from a minute to the first order that may know it.
        least: Instances.
        most: Instances.
    """

    demand: tuple[float, ...]
    peak: float
    whole: bool
    forecasts: tuple[tuple[float, ...], ...]
    errors: tuple[tuple[float, ...], ...]
    pairs: tuple[tuple[tuple[float, float], ...], ...]
    widest: tuple[float, ...]
    floors: tuple[tuple[float, ...], ...]
    lead: int
    lag: int
    least: int
    most: int


class Trail(NamedTuple):
    """What a shadow did in a stretch.

    Attributes:
        backlog: As in Course.
        timer: As in Course.
        highest: As in Course.
        orders: The orders before the stretch, then one after each of its minutes.
        lates: Demand that was late in each minute, instance-minutes; empty where none was.
    """

    backlog: float
    timer: int
    highest: int
    orders: list[int]
    lates: list[float]


def follow(shadow: Shadow, course: Course, stretch: Stretch) -> Trail:
    """Let a shadow live through a stretch.

    In service in a minute is the least of what was ordered for it and for the `lead` minutes before
    it: an order that was taken back has to be made again.
    """
    backlog, timer, highest, orders = course
    if not stretch.whole or backlog > 0.0:
        return _walk(shadow, course, stretch)
    count = len(stretch.demand)
    held = _clip(orders[-1], stretch)
    trail = list(orders)
    needed = _need(shadow, stretch)
    hold = shadow.hold
    if timer + count < hold and (top := _clip(ceil(max(needed)), stretch)) < held:
        timer += count
        highest = max(highest, top)
        trail += [held] * count
    else:
        for value in _round(needed, stretch):
            if value >= held:
                held = value
                timer = highest = 0
            else:
                timer += 1
                if value > highest:  # noqa: PLR1730 - a call would double this loop's time
                    highest = value
                if timer >= hold:
                    held = highest
                    timer = highest = 0
            trail.append(held)
    lead = stretch.lead
    least = min(trail[: count + lead])
    if least < stretch.peak:
        for step, demand in enumerate(stretch.demand):
            if demand > least and demand > min(trail[step : step + lead + 1]):
                return _walk(shadow, course, stretch)
    return Trail(0.0, timer, highest, trail, [])


def _need(shadow: Shadow, stretch: Stretch) -> list[float]:
    """Say what it wants after each minute, instances, before rounding and holding anything."""
    expert, _, floor, quantile, headroom = shadow
    if headroom or quantile * stretch.widest[expert] > MOST_MARGIN:
        needed = _stretch_out(shadow, stretch)
    else:
        needed = [forecast + quantile * error for forecast, error in stretch.pairs[expert]]
    return list(map(max, needed, stretch.floors[floor])) if floor else needed


def _stretch_out(shadow: Shadow, stretch: Stretch) -> list[float]:
    """Say it for those that add a part of the forecast, or more errors than it has any sense."""
    forecasts, errors = stretch.forecasts[shadow.expert], stretch.errors[shadow.expert]
    quantile = shadow.quantile
    if quantile == 0.0:
        return [forecast * (1.0 + shadow.headroom_ratio) for forecast in forecasts]
    if quantile * stretch.widest[shadow.expert] > MOST_MARGIN:
        limits = [MOST_MARGIN / quantile * forecast for forecast in forecasts]
        errors = tuple(map(min, errors, limits))
    if shadow.headroom_ratio:
        forecasts = tuple([forecast * (1.0 + shadow.headroom_ratio) for forecast in forecasts])
    pairs = zip(forecasts, errors, strict=True)
    return [forecast + quantile * error for forecast, error in pairs]


def _round(needed: list[float], stretch: Stretch) -> list[int]:
    """Round up to instances, within the bounds."""
    wanted = list(map(ceil, needed))
    least, most = stretch.least, stretch.most
    if max(wanted) > most or min(wanted) < least:
        return [min(max(value, least), most) for value in wanted]
    return wanted


def _clip(value: int, stretch: Stretch) -> int:
    return min(max(value, stretch.least), stretch.most)


def _walk(shadow: Shadow, course: Course, stretch: Stretch) -> Trail:
    """Live through a stretch minute by minute, with gaps, lateness and backlog."""
    backlog, timer, highest, orders = course
    trail = list(orders)
    held = _clip(orders[-1], stretch)
    if all(map(isnan, stretch.demand)):
        return Trail(backlog, timer, highest, trail + [held] * len(stretch.demand), [])
    wanted = _round(_need(shadow, stretch), stretch)
    forecasts = stretch.forecasts[shadow.expert]
    lates = []
    window = stretch.lead + 1
    for step, demand in enumerate(stretch.demand):
        if isnan(demand):  # it waits
            lates.append(0.0)
            trail.append(held)
            continue
        capacity = min(trail[step : step + window])
        over = demand + backlog - capacity
        if backlog > LATE_BACKLOG_RATIO * capacity:
            lates.append(demand)
        else:
            lates.append(max(0.0, min(demand, over)))
        backlog = max(0.0, over)
        value = wanted[step]
        if backlog > 0.0:
            value = max(value, _drain(backlog, forecasts[step], trail, step, stretch))
        if value >= held:
            held = value
            timer = highest = 0
        else:
            timer += 1
            highest = max(highest, value)
            if timer >= shadow.hold:
                held = highest
                timer = highest = 0
        trail.append(held)
    return Trail(backlog, timer, highest, trail, lates)


def _drain(backlog: float, forecast: float, trail: list[int], step: int, stretch: Stretch) -> int:
    """Say what works off the backlog that will be left when the order serves."""
    window = stretch.lead + 1
    for ahead in range(step + 1, step + 1 + window):
        backlog = max(
            0.0, backlog + forecast - min(trail[ahead : ahead + window], default=trail[-1])
        )
    return _clip(ceil(forecast + backlog / DRAIN_MINUTES), stretch)


def endure(trail: list[int], backlog: float, stretch: Stretch) -> tuple[float, float]:
    """Say what was late under given orders.

    Args:
        trail: As in Trail.
        backlog: Before the stretch, instance-minutes.
        stretch: The minutes.

    Returns:
        The backlog after it; and the demand that was late, instance-minutes.
    """
    late = 0.0
    window = stretch.lead + 1
    for step, demand in enumerate(stretch.demand):
        if not isnan(demand):
            capacity = min(trail[step : step + window])
            over = demand + backlog - capacity
            if backlog > LATE_BACKLOG_RATIO * capacity:
                late += demand
            else:
                late += max(0.0, min(demand, over))
            backlog = max(0.0, over)
    return backlog, late
