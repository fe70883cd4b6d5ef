"""Was another deployment put in place of the one that was scaled, and what is carried over to it?

A deployment brings counts of its own, of which nobody thought for long. That is no change of a
range that somebody has made: what was last decided for the one before holds for the new one too,
and what was measured or asked of the old one is not the new one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flyball.core.model import Capacity, Carried, Ceiling, History, Missing
from flyball.core.past import Notice, Noticed
from flyball.core.shape import replace
from flyball.core.target import Mode, ScalableTarget

CARRIED_FOR = timedelta(hours=1)
"""What could not be set within that (paused, held, refused) is set no more: the load is known."""


def is_redeployed(history: History, capacity: Capacity | Missing) -> bool:
    """Say whether a capacity is that of another deployment than the one that is remembered."""
    if isinstance(capacity, Missing) or capacity.deployed is None or history.deployed is None:
        return False
    return capacity.deployed.id != history.deployed.id


def begin_anew(
    target: ScalableTarget, history: History, capacity: Capacity | Missing, now: datetime
) -> tuple[History, tuple[Noticed, ...]]:
    """Forget what was the old deployment's alone, and note what the new one is to have.

    Its changes in flight, a roll-back of them and the instances that served in it are gone with
    it. Cooldowns, windows, pauses, holds, quota and shortage go on: they are the scalable target's.
    Where Flyball only looks on, nothing is carried over: the counts are somebody else's.

    Args:
        target: Whose.
        history: As the last look left it.
        capacity: What is seen.
        now: Aware UTC.

    Returns:
        The history, as if it had always been of what is seen; and what was noticed.
    """
    if isinstance(capacity, Missing):
        return history, ()
    if history.desired is None or not is_redeployed(history, capacity):
        if capacity.deployed is None or capacity.deployed == history.deployed:
            return history, ()
        return replace(history, deployed=capacity.deployed), ()
    floor = _find_floor(history, history.desired)
    told = Noticed(
        Notice.REDEPLOYED, now, floor, capacity.desired, history.deployed, capacity.deployed
    )
    acts = target.mode is Mode.APPLY and not capacity.owner
    ceiling = history.ceiling
    if ceiling is not None and capacity.ceiling is not None:
        ceiling = Ceiling(capacity.ceiling, foreign=ceiling.foreign, failure=ceiling.failure)
    anew = replace(
        history,
        desired=capacity.desired,
        changes=tuple(each for each in history.changes if each.completed_at is not None),
        ready=(),
        ceiling=ceiling,
        deployed=capacity.deployed,
        carried=Carried(now, capacity.desired, floor) if acts else None,
    )
    return anew, (told,)


def follow_carried(
    carried: Carried | None,
    capacity: Capacity | Missing,
    noticed: Sequence[Noticed],
    now: datetime,
) -> Carried | None:
    """Bring a floor that is still to be set up to what is seen.

    Args:
        carried: As it was remembered.
        capacity: What is seen.
        noticed: With that; whoever moves the new deployment's floor is respected.
        now: Aware UTC.
    """
    if isinstance(capacity, Missing):
        return carried
    if any(each.notice is Notice.FOREIGN for each in noticed):
        return None
    return keep_carried(carried, capacity.desired, now)


def keep_carried(carried: Carried | None, desired: int, now: datetime) -> Carried | None:
    """Keep a floor that is still to be set.

    It is not once it was reached, or once something was set on the far side of where it began: then
    the new deployment has been decided on by itself.

    Args:
        carried: As it was remembered.
        desired: The floor that is shown.
        now: Aware UTC.
    """
    if carried is None or now - carried.at >= CARRIED_FOR:
        return None
    low, high = sorted((carried.before, carried.floor))
    is_open = low <= desired <= high and desired != carried.floor
    return carried if is_open else None


def _find_floor(history: History, desired: int) -> int:
    """Give the floor that was last decided, also where the one before has not got it any more."""
    carried = history.carried
    if carried is None or keep_carried(carried, desired, carried.at) is None:
        return desired
    return carried.floor
