"""How long does it take from asking for instances until they serve, as this target has seen it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flyball.core.learner import LONGEST_HORIZON, MINUTE
from flyball.core.model import History
from flyball.core.past import Change, Notice, Noticed
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget

KEPT = 32
"""Newest scale-outs that are remembered."""
ENOUGH = 5
"""With fewer of them the config's lead time counts."""


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
    p50, p95 = (ordered[-(-seen * share // 100) - 1] for share in (50, 95))
    return Lead(p50, p95, seen)


def plan_minutes(target: ScalableTarget, lead_times: Sequence[timedelta], most: int) -> int:
    """Say for how many minutes of lead time is planned, 0 to `most`.

    Looks are a tick apart, and an order is sent by one of them: what is noticed at the fifth look
    after it came before it, and after the fourth. To plan for the fifth would have each order made
    a minute too soon, for ever.
    """
    lead = find_lead(target, lead_times)
    unseen = target.tick if lead.seen else timedelta()
    return count_minutes(max(lead.p95 - unseen, timedelta()), most)


def count_minutes(span: timedelta, most: int) -> int:
    """Round a span to whole minutes, 0 to `most`."""
    return min(int((span + MINUTE / 2) // MINUTE), most)


def note_lead_times(
    target: ScalableTarget, history: History, noticed: Sequence[Noticed]
) -> tuple[timedelta, ...]:
    """Note how long scale-outs took, where a policy learns; else that is forgotten."""
    if not target.learners:
        return () if history.policies else history.lead_times
    return note_lead_time(history.lead_times, history.changes, noticed)


def note_lead_time(
    lead_times: tuple[timedelta, ...], changes: Sequence[Change], noticed: Sequence[Noticed]
) -> tuple[timedelta, ...]:
    """Note how long a scale-out took that has just come into service.

    Args:
        lead_times: So far.
        changes: As they were before this look; of those in flight the newest one tells.
        noticed: What this look noticed.
    """
    for each in noticed:
        if each.notice is Notice.COMPLETED and each.after > each.before:
            flying = [change.at for change in changes if change.completed_at is None]
            took = min(max(each.at - flying[-1], timedelta()), LONGEST_HORIZON)
            lead_times = (*lead_times, took)[-KEPT:]
    return lead_times
