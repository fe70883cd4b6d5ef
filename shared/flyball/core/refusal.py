"""What is learned of a provider that refuses: its quota, that it has no machines, that it fails?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flyball.core.model import (
    Capacity,
    Decision,
    Direction,
    Failure,
    History,
    Missing,
    Quota,
    Shortage,
)
from flyball.core.past import Notice, Noticed
from flyball.core.shape import replace
from flyball.core.target import ScalableTarget

QUOTA_HOLD = timedelta(hours=1)
"""A learned quota is tried again after this."""
SHORTAGE_LONGEST = timedelta(minutes=15)
"""A back-off never grows beyond this; as long after its end a shortage is forgotten."""


def note_quota(history: History, capacity: int, now: datetime) -> History:
    """Note the most that the provider grants."""
    return replace(history, quota=Quota(capacity, now + QUOTA_HOLD))


def note_shortage(history: History, tick: timedelta, now: datetime) -> History:
    """Note that the provider has no machines: back off twice as long each time, with a limit."""
    attempts = 1 if history.shortage is None else history.shortage.attempts + 1
    wait = min(tick * 2 ** min(attempts - 1, 10), SHORTAGE_LONGEST)
    return replace(history, shortage=Shortage(now, attempts, now + wait))


def note_roll_back(history: History, tick: timedelta, now: datetime) -> History:
    """Note that a scale-out was undone by the provider: ask once more at once, and in full.

    A second roll-back before the first is forgotten means that the machines never come: a shortage.
    """
    if history.shortage is None:
        return replace(history, shortage=Shortage(now, 0, now, looked=True))
    return note_shortage(history, tick, now)


def count_failure(history: History, decision: Decision, now: datetime) -> Failure:
    """Count a change that failed, for a reason that may last; the directions are counted apart."""
    direction = Direction.OUT if decision.desired > (decision.current or 0) else Direction.IN
    before = history.failure
    attempts = before.attempts if before is not None and before.direction is direction else 0
    return Failure(now, attempts + 1, direction)


def wait_after_failure(target: ScalableTarget, failure: Failure) -> timedelta:
    """Say how long to wait before what failed is tried again: twice as long each time.

    It is a tick at first, and a heartbeat at most.
    """
    longest = max(target.heartbeat, target.tick)
    doublings = max(0, min(failure.attempts - 1, 10))
    return min(target.tick * (1 << doublings), longest)


def keep_failure(target: ScalableTarget, failure: Failure | None, now: datetime) -> Failure | None:
    """Keep a failure for as long as the next one, after the longest wait, may take to come."""
    kept = 2 * max(target.heartbeat, target.tick)
    return failure if failure is not None and now - failure.at < kept else None


def note_seen(
    history: History, capacity: Capacity | Missing, tick: timedelta, now: datetime
) -> History:
    """Note what a look shows of a shortage: after each back-off one is free, whenever it comes.

    In that look capacity may be given up, which else it could not for as long as machines lack.
    A look that shows no capacity at all is none.
    """
    shortage = history.shortage
    if isinstance(capacity, Missing):
        return history
    if shortage is None or shortage.looked:
        return note_shortage(history, tick, now) if capacity.short else history
    if now < shortage.until:
        return history
    return replace(history, shortage=shortage._replace(looked=True))


def keep_shortage(
    shortage: Shortage | None, noticed: Sequence[Noticed], now: datetime
) -> Shortage | None:
    """Forget a shortage once a scale-out arrived, or long after its back-off."""
    if shortage is None or shortage.until + SHORTAGE_LONGEST <= now:
        return None
    if any(each.notice is Notice.COMPLETED and each.after > each.before for each in noticed):
        return None
    return shortage


def note_way_out(
    history: History,
    capacity: Capacity | Missing,
    noticed: Sequence[Noticed],
    tick: timedelta,
    now: datetime,
) -> History:
    """Note whether scaling out gets anywhere: what was taken back, or what a look shows."""
    if any(each.notice is Notice.ROLLED_BACK and each.before > each.after for each in noticed):
        return note_roll_back(history, tick, now)
    return note_seen(history, capacity, tick, now)
