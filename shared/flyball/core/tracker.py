"""How often would target tracking at 70 % have changed capacity? No more is allowed to shadows.

Three minutes above the target value scale out, fifteen below 90 % of it scale in, five minutes
apart.

Source: Application Auto Scaling User Guide, "Target tracking scaling policies"; the alarms that it
creates for SageMaker variants.
"""

from __future__ import annotations

from math import ceil, isnan

from flyball.core.shadow import ROUNDING, Stretch
from flyball.core.shape import NamedTuple

TARGET_RATIO = 0.7
LOW_RATIO = 0.9
OUT_MINUTES = 3
IN_MINUTES = 15
COOLDOWN_MINUTES = 5


class Tracker(NamedTuple):
    """Where target tracking stands after a minute.

    Attributes:
        high: Minutes in a row above the target.
        low: Minutes in a row below 90 % of it.
        quiet: Minutes since its last change, at most 5.
        orders: As in Course.
    """

    high: int
    low: int
    quiet: int
    orders: tuple[int, ...]


def track(tracker: Tracker, stretch: Stretch) -> tuple[Tracker, int]:
    """Let target tracking live through a stretch, and count its changes."""
    high, low, quiet, orders = tracker
    trail = list(orders)
    current = orders[-1]
    changes = 0
    window = stretch.lead + 1
    for step, demand in enumerate(stretch.demand):
        quiet = min(quiet + 1, COOLDOWN_MINUTES)
        wanted = current
        if not isnan(demand):  # a gap breaches nothing
            usage = demand / max(1, min(trail[step : step + window])) / TARGET_RATIO
            high = high + 1 if usage > 1.0 else 0
            low = low + 1 if usage < LOW_RATIO else 0
            needed = ceil(demand / TARGET_RATIO - ROUNDING)
            if high >= OUT_MINUTES:
                wanted = max(current, needed)
            elif low >= IN_MINUTES and quiet >= COOLDOWN_MINUTES:
                wanted = min(current, needed)
            wanted = min(max(wanted, stretch.least), stretch.most)
        if wanted != current:
            current, quiet = wanted, 0
            changes += 1
        trail.append(current)
    return Tracker(
        min(high, OUT_MINUTES),
        min(low, IN_MINUTES),
        quiet,
        tuple(trail[len(trail) - len(orders) :]),
    ), changes
