"""What became of the upper end of a range: does our change of it stand, or did others move it?

A range's ceiling alone is followed as its floor is, so that a human who moves it is heard, and a
change of it that comes to nothing is not sent again at every look.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flyball.core.model import (
    Capacity,
    Ceiling,
    Change,
    Decision,
    Direction,
    Failure,
    Foreign,
    History,
    Status,
)
from flyball.core.past import Notice, Noticed
from flyball.core.refusal import keep_failure, wait_after_failure
from flyball.core.shape import replace
from flyball.core.target import ScalableTarget


def follow_ceiling(
    target: ScalableTarget,
    ceiling: Ceiling | None,
    capacity: Capacity,
    now: datetime,
    lag: timedelta,
    undone: bool,  # noqa: FBT001  (of the same change)
) -> tuple[Ceiling | None, tuple[Noticed, ...]]:
    """Bring what is remembered of a ceiling up to what is seen.

    Args:
        target: Whose.
        ceiling: As it was remembered.
        capacity: What is seen.
        now: Aware UTC.
        lag: For so long after a change a reading may still be of before it.
        undone: The floor of the same change went back, which is told already.

    Returns:
        What is remembered from now on, None where no ceiling is shown; and what was noticed.
    """
    shown = capacity.ceiling
    if shown is None:
        return None, ()
    if ceiling is None:
        return Ceiling(shown), ()
    change, foreign = ceiling.change, ceiling.foreign
    kept = ceiling._replace(
        foreign=foreign if foreign is not None and foreign.until > now else None,
        failure=keep_failure(target, ceiling.failure, now),
    )
    is_moving = capacity.status is Status.BUSY
    if change is not None and shown == change.after:
        return (kept if is_moving else Ceiling(shown, foreign=kept.foreign)), ()
    if change is not None and shown == change.before:
        if is_moving or abs(now - change.at) < lag:
            return kept, ()
        failure = _count(kept.failure, change.before, change.after, now)
        told = Noticed(Notice.CEILING_ROLLED_BACK, now, change.after, shown)
        back = kept._replace(known=shown, change=None, failure=failure)
        return back, () if undone else (told,)
    if shown == ceiling.known:
        return kept, ()
    foreign = Foreign(now, ceiling.known, shown, now + target.foreign_hold)
    told = Noticed(Notice.CEILING_FOREIGN, now, ceiling.known, shown)
    return kept._replace(known=shown, change=None, foreign=foreign), (told,)


def note_ceiling(
    history: History, decision: Decision, at: datetime, operation: str = ""
) -> History:
    """Note that the provider accepted a decision, if that moves the ceiling."""
    ceiling = history.ceiling
    if ceiling is None or ceiling.known == decision.ceiling:
        return history
    change = Change(at, ceiling.known, decision.ceiling, operation=operation)
    return replace(history, ceiling=ceiling._replace(known=decision.ceiling, change=change))


def note_ceiling_failure(history: History, decision: Decision, now: datetime) -> History:
    """Note that a change was refused, if it would have moved the ceiling.

    Where the floor was in it too, the ceiling waits longer: the floor is tried without it.
    """
    ceiling = history.ceiling
    if ceiling is None or ceiling.known == decision.ceiling:
        return history
    failure = _count(ceiling.failure, ceiling.known, decision.ceiling, now)
    if not moves_ceiling_only(decision):
        failure = failure._replace(attempts=failure.attempts + 1)
    return replace(history, ceiling=ceiling._replace(failure=failure))


def moves_ceiling_only(decision: Decision) -> bool:
    """Say whether a change leaves the floor as it is."""
    return decision.current == decision.desired


def find_retry(target: ScalableTarget, ceiling: Ceiling | None, now: datetime) -> datetime | None:
    """Say when a ceiling that came to nothing may be moved again; None: at once."""
    if ceiling is None or ceiling.failure is None:
        return None
    at = ceiling.failure.at + wait_after_failure(target, ceiling.failure)
    return at if at > now else None


def _count(before: Failure | None, known: int, wanted: int, now: datetime) -> Failure:
    """Count one failure more, the ways up and down apart."""
    direction = Direction.OUT if wanted > known else Direction.IN
    same = before is not None and before.direction is direction
    attempts = before.attempts if before is not None and same else 0
    return Failure(now, attempts + 1, direction)
