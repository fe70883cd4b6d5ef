"""How long does it take from asking for instances until they serve, as this target has seen it?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import fsum

from flyball.core.learner import LONGEST_HORIZON, MINUTE
from flyball.core.model import Capacity, History, Missing, ReadySample
from flyball.core.past import Notice, Noticed
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget

KEPT = 32
"""Newest scale-outs that are remembered."""
ENOUGH = 5
"""With fewer of them the config's lead time counts."""
P95 = 95


class Lead(NamedTuple):
    """A target's lead time.

    Attributes:
        p50: Half of the scale-outs took at most that, until they were seen in service.
        p95: Of twenty, nineteen took at most that. By this one is planned; see plan_minutes.
        seen: Scale-outs that it was learned from; 0: it is the config's.
    """

    p50: timedelta
    p95: timedelta
    seen: int = 0


def find_lead(target: ScalableTarget, lead_times: Sequence[timedelta]) -> Lead:
    """Say how long a scale-out takes: as it was seen, or as the config says while too few were.

    Args:
        target: Whose.
        lead_times: Of the newest scale-outs, in any order.
    """
    seen = len(lead_times)
    if seen < ENOUGH:
        return Lead(target.lead_time, target.lead_time)
    ordered = sorted(lead_times)
    p50, p95 = (ordered[-(-seen * share // 100) - 1] for share in (50, P95))
    return Lead(p50, p95, seen)


def plan_minutes(target: ScalableTarget, lead_times: Sequence[timedelta], most: int) -> int:
    """Say for how many minutes of lead time is planned, 0 to `most`.

    Looks are a tick apart, and an order is sent by one of them: what is noticed at the fifth look
    after it came before it, and after the fourth. Where the looks that noticed them are neighbours,
    they may all have taken the same, and the earlier look is planned for: to plan for the later one
    would have each order made up to a minute too soon, for ever. Where lead times differ by more,
    each came at any instant between two looks, and of those instants the 95th percentile counts.
    """
    if len(lead_times) < ENOUGH:
        return count_minutes(target.lead_time, most)
    return count_minutes(_find_arrival(tuple(lead_times), target.tick), most)


def count_minutes(span: timedelta, most: int) -> int:
    """Round a span to whole minutes, 0 to `most`."""
    return min(int((span + MINUTE / 2) // MINUTE), most)


def note_lead_times(
    target: ScalableTarget,
    history: History,
    capacity: Capacity | Missing,
    noticed: Sequence[Noticed],
    now: datetime,
) -> tuple[timedelta, ...]:
    """Note how long scale-outs took, where a policy learns; else that is forgotten.

    Of several in flight each tells by itself: the newest when it is noticed to be complete, those
    before it as soon as so many are ready as they asked for.

    Args:
        target: Whose.
        history: As it was before this look.
        capacity: As this look sees it.
        noticed: What this look noticed.
        now: Aware UTC.
    """
    if not target.learners:
        return () if history.policies else history.lead_times
    flying = [change for change in history.changes if change.completed_at is None]
    arrived = [
        change
        for change in flying[:-1]
        if not isinstance(capacity, Missing)
        and _count_ready(history.ready, change.at) < change.after <= capacity.ready
    ]
    if any(each.notice is Notice.COMPLETED and each.after > each.before for each in noticed):
        arrived.append(flying[-1])
    took = [min(max(now - change.at, timedelta()), LONGEST_HORIZON) for change in arrived]
    return (*history.lead_times, *took)[-KEPT:] if took else history.lead_times


@lru_cache(maxsize=1_024)
def _find_arrival(lead_times: tuple[timedelta, ...], tick: timedelta) -> timedelta:
    """Say within what time nineteen of twenty came, noticed as they were by looks a tick apart."""
    ordered = sorted(lead_times)
    count = len(ordered)
    low, high = (ordered[-(-count * share // 100) - 1] for share in (100 - P95, P95))
    if high - low <= tick:
        return max(high - tick, timedelta())
    edges = sorted({edge for each in ordered for edge in (each - tick, each)})
    came = [fsum(min(max((at - each) / tick + 1.0, 0.0), 1.0) for each in ordered) for at in edges]
    wanted = count * P95 / 100
    place = bisect_left(came, wanted)
    share = (wanted - came[place - 1]) / (came[place] - came[place - 1])
    return edges[place - 1] + (edges[place] - edges[place - 1]) * share


def _count_ready(ready: Sequence[ReadySample], since: datetime) -> int:
    """Count how many were in service at most since then, as far as that is remembered; else 0."""
    most = 0
    for sample in reversed(ready):
        most = max(most, sample.ready)
        if sample.at <= since:
            break
    return most
