"""How much of a target's history is kept: no more than a policy can still ask for."""

from __future__ import annotations

from datetime import datetime, timedelta

from flyball.core.model import Change, ReadySample, Recommended
from flyball.core.target import CapacityKind, ScalableTarget

CHANGES_LIMIT = 256
"""Most changes kept; at one in 15 s, an hour of ceaseless change."""
READY_LIMIT = 512
"""Most samples of the instances in service kept; the oldest go first."""
RECOMMENDATIONS_LIMIT = 1_024
"""Most recommendations kept; beyond, a stabilization window looks back no further."""


def prune_changes(
    target: ScalableTarget, changes: tuple[Change, ...], now: datetime
) -> tuple[Change, ...]:
    """Keep what a cooldown or a rate limit may ask for, and what such a change had continued.

    A cooldown that began while an earlier one lasted goes back to the earlier one's beginning.
    """
    horizon = target.longest_cooldown
    for rules in (target.scale_out, target.scale_in):
        horizon = max(horizon, *(rule.period for rule in rules.rates), timedelta())
    first = len(changes)
    continued: datetime | None = None
    for index in range(len(changes) - 1, -1, -1):
        at, completed_at = changes[index].at, changes[index].completed_at
        ends = None if completed_at is None else max(at, completed_at) + horizon
        if ends is None or ends > now or (continued is not None and continued < ends):
            first, continued = index, at
    return changes[first:][-CHANGES_LIMIT:]


def prune_ready(
    target: ScalableTarget,
    ready: tuple[ReadySample, ...],
    changes: tuple[Change, ...],
    now: datetime,
) -> tuple[ReadySample, ...]:
    """Keep the samples that a believable datapoint can reach, and the one before them.

    Of a range, also those that say what served when a change began that is still remembered.
    """
    oldest = now - max(
        (metric.max_age + metric.period for metric in target.metrics), default=timedelta()
    )
    if changes and target.capacity_kind is CapacityKind.RANGE:
        oldest = min(oldest, changes[0].at)
    first = 0
    for index, sample in enumerate(ready):
        if sample.at <= oldest:
            first = index
    return ready[first:][-READY_LIMIT:]


def prune_recommendations(
    target: ScalableTarget, recommendations: tuple[Recommended, ...], now: datetime
) -> tuple[Recommended, ...]:
    """Keep what may yet be a window's least or most; a later entry outdoes an earlier one."""
    out_since = now - target.scale_out.stabilization_window
    in_since = now - target.scale_in.stabilization_window
    least: int | None = None
    most: int | None = None
    kept = []
    for each in reversed(recommendations):
        for_out = each.at > out_since and (least is None or each.desired < least)
        for_in = each.at > in_since and (most is None or each.desired > most)
        if for_out or for_in:
            kept.append(each)
        least = each.desired if least is None else min(least, each.desired)
        most = each.desired if most is None else max(most, each.desired)
    return tuple(reversed(kept[:RECOMMENDATIONS_LIMIT]))
