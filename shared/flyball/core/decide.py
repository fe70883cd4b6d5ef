"""What should this target's capacity be now, and why: the whole pipeline, pure and total.

recommend → merge → keep what a forecast needs → stabilize → cool down → await a scale-out → limit
rate → pin → zero → bounds → quota → budget → shortage → guards (blind, foreign, pause) → the
provider's own bounds → hard bounds → decision. See constrain.STAGES.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flyball.core.ceiling import find_retry
from flyball.core.check import fail
from flyball.core.constrain import STAGES, find_refusal, granted, hardest
from flyball.core.merge import merge
from flyball.core.model import (
    Action,
    Decision,
    Direction,
    History,
    Limit,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    Reason,
    Recommendation,
    Status,
)
from flyball.core.recommend import recommend
from flyball.core.scene import Asked, Scene, find_bounds, paused, set_scene
from flyball.core.target import CapacityKind, Mode, ScalableTarget

NO_LIMITS: frozenset[LimitKind] = frozenset()
SOONEST = timedelta(seconds=1)
"""A target is never looked at again in the same instant."""
ADVISER = "advise-only"
"""As a capacity's owner: this deployment may look and not change, whatever the target's mode."""

LASTING = frozenset(
    {
        Reason.ABOVE_TARGET,
        Reason.BREACH_TOO_SHORT,
        Reason.NO_STEP,
        Reason.MISSING_DATA,
        Reason.ACTIVATED,
    }
)
"""Reasons of a recommendation that ask for another look in a moment."""
SHRINKING = frozenset(
    {
        Reason.BELOW_TARGET,
        Reason.FLIPPED_BY_MISSING_INSTANCES,
        Reason.STEP,
        Reason.RANGE_PERMITS,
    }
)
"""As LASTING, but only while there is something left to change."""
LITTLE_TOLD = (Reason.NOTHING_ASKED, Reason.MISSING_DATA)
"""Reasons of a hold that any other outdoes."""
HOLDS = (LimitKind.MISSING, LimitKind.FOREIGN, LimitKind.PAUSE)


def decide(
    target: ScalableTarget,
    observation: Observation,
    history: History,
    now: datetime,
    without: frozenset[LimitKind] = NO_LIMITS,
) -> Decision:
    """Decide one scalable target's capacity at one instant.

    Args:
        target: What is scaled and how.
        observation: What was seen. Its capacity may be Missing: then everything is held.
        history: What is remembered from earlier wakes.
        now: Aware UTC.
        without: Kinds of limit to leave out, for "what would it have been without …".

    Returns:
        A decision, for every input that validates. The same inputs give the same decision, on
        every machine, for ever.

    Raises:
        ValueError: now has no time zone.
    """
    if now.tzinfo is None:
        fail("now", now.isoformat(), "an instant with a time zone, as 2026-11-02T09:00:00Z")
    capacity = observation.capacity
    if isinstance(capacity, Missing):
        return _decide_blind(target, history, now, capacity.cause)
    scene = set_scene(target, observation, history, now, capacity)
    asked, disagreement = merge(scene, recommend(scene))
    number = asked.wanted
    limits: list[Limit] = []
    if disagreement is not None:
        if disagreement.kind in without:
            number = disagreement.before
        else:
            limits.append(disagreement)
    for stage in STAGES:
        limit = stage(number, scene, asked)
        if limit is not None and limit.kind not in without:
            limits.append(limit)
            number = limit.after
    return _conclude(scene, asked, number, tuple(limits))


def _conclude(scene: Scene, asked: Asked, number: int, limits: tuple[Limit, ...]) -> Decision:
    """Turn the last number into a decision: what is done about it, and when to look again."""
    target, current = scene.target, scene.current
    most = _most(scene)
    ceiling = (
        number
        if target.capacity_kind is CapacityKind.COUNT
        else _find_ceiling(scene, asked, number, most)
    )
    action, reason = _act(scene, number, ceiling)
    if reason is None:
        reason = limits[-1].reason if limits else _reason(asked, current)
    wake_at, wake_reason = _look_again(scene, asked, limits, action, number)
    price = target.price_per_hour
    return Decision(
        target.id,
        scene.now,
        action,
        reason,
        current,
        asked.wanted,
        number,
        ceiling,
        tuple([rec.policy for rec in asked.winners]),
        min(_least(scene), most),
        most,
        asked.wanted - most if asked.wanted > most else 0,
        None if price is None else _added(scene, number) * price,
        tuple(asked.recommendations),
        limits,
        scene.fired,
        wake_at,
        wake_reason,
    )


def _added(scene: Scene, number: int) -> int:
    """How many instances a number adds to what serves; of a range, at most takes away."""
    out = number > scene.current
    return max(0, number - scene.base) if out else number - scene.current


def _most(scene: Scene) -> int:
    """The most that bounds, quota, budget and the provider's own maximum allow now."""
    most, quota, own = (
        min(scene.bounds.ceiling, hardest(scene)),
        granted(scene),
        scene.capacity.most,
    )
    if own is not None:
        most = min(most, max(own, scene.current))
    return most if quota is None else min(most, quota)


def _least(scene: Scene) -> int:
    """The least that the bounds and the provider's own minimum allow now."""
    own = scene.capacity.least
    return scene.bounds.floor if own is None else max(scene.bounds.floor, own)


def _find_ceiling(scene: Scene, asked: Asked, number: int, most: int) -> int:
    """Choose the range's upper end: the most allowed.

    It is not lowered while scale-in is held or somebody else has moved it, and not raised while
    that failed or they have lowered it, unless the hard bounds say so.
    """
    ceiling = max(number, most)
    before = scene.capacity.ceiling
    if before is None or ceiling == before:
        return ceiling
    theirs = scene.foreign_ceiling
    if ceiling > before:
        held = theirs is not None and theirs.after < theirs.before
        held = held or find_retry(scene.target, scene.history.ceiling, scene.now) is not None
    else:
        held = theirs is not None or any(
            stage_limit is not None and stage_limit.kind in HOLDS
            for stage_limit in (stage(scene.current - 1, scene, asked) for stage in STAGES)
        )
    return max(number, min(before, hardest(scene))) if held else ceiling


def _moves_ceiling(scene: Scene, number: int, ceiling: int) -> bool:
    """Say whether a range's upper end is to be moved although its floor stays."""
    shown, known = scene.capacity.ceiling, scene.history.ceiling
    if shown is None or ceiling == shown:  # one that cannot be read is not set at every look
        return False
    if find_retry(scene.target, known, scene.now) is not None:
        return False
    change = None if known is None else known.change
    if change is not None and change.after == ceiling and scene.capacity.status is not Status.BUSY:
        return False  # the reading is a moment behind
    if scene.target.capacity_kind is CapacityKind.RANGE:
        return True
    # a first pin takes nothing away that nobody asked to take
    return scene.picked <= number and scene.foreign_ceiling is None


def _act(scene: Scene, number: int, ceiling: int) -> tuple[Action, Reason | None]:
    """Say what is done about the number, with the reason where that outweighs the limits'."""
    capacity = scene.capacity
    if number == scene.current and not _moves_ceiling(scene, number, ceiling):
        return Action.HOLD, None
    if capacity.status is Status.FAILED:
        return Action.BLOCK, Reason.ENDPOINT_FAILED
    if capacity.owner and capacity.owner != ADVISER:
        return Action.BLOCK, Reason.FOREIGN_OWNER
    refusal = None if number == scene.current else find_refusal(number, scene)
    if refusal is not None:
        return Action.BLOCK, refusal
    if scene.history.pauses:
        out = number > scene.current or (
            number == scene.current and ceiling > (capacity.ceiling or 0)
        )
        if paused(scene, Direction.OUT if out else Direction.IN) is not None:
            return Action.BLOCK, Reason.PAUSED
    if scene.target.mode is Mode.ADVISE or capacity.owner == ADVISER:
        return Action.BLOCK, Reason.ADVISE_ONLY
    if capacity.status is Status.BUSY:
        return Action.DEFER, Reason.BUSY
    return Action.SET, Reason.CEILING_MOVED if number == scene.current else None


def _reason(asked: Asked, current: int) -> Reason:
    """The winner's reason; of a hold that nothing limited, the first that tells most."""
    if asked.winners:
        return asked.winners[0].reason
    told = Reason.NOTHING_ASKED
    for rec in asked.recommendations:
        if rec.reason is Reason.MISSING_DATA and not _is_at_zero(rec, current):
            return Reason.MISSING_DATA
        if told in LITTLE_TOLD or (told is Reason.NO_BREACH and rec.desired == current):
            told = rec.reason
    return told


def _is_at_zero(rec: Recommendation, current: int) -> bool:
    """Say whether it knows nothing only because nothing runs, as it was asked for."""
    return not current and rec.missing is MissingCause.UNDEFINED_AT_ZERO


def _is_old_news(rec: Recommendation, scene: Scene) -> bool:
    """Say whether it is blind for as long as a heartbeat: then an alarm tells of the data's return.

    An endpoint that nobody calls has no measurements for days.
    """
    if rec.missing is None:
        return False
    since = scene.history.missing_since.get(rec.metric)
    long_ago = since is not None and scene.now - since >= scene.target.heartbeat
    return long_ago or _is_at_zero(rec, scene.current)


def _fallback_at(scene: Scene) -> datetime | None:
    """Say when the fallback fires, if the blindness lasts; None where that has passed."""
    rule = scene.target.fallback
    if rule is None:
        return None
    ends = [since + rule.after for since in scene.history.missing_since.values()]
    return min((end for end in ends if end > scene.now), default=None)


def _look_again(
    scene: Scene, asked: Asked, limits: tuple[Limit, ...], action: Action, number: int
) -> tuple[datetime, Reason]:
    """Say when this target must next be looked at: an alarm tells of transitions only."""
    target, now = scene.target, scene.now
    at, reason = now + target.heartbeat, Reason.HEARTBEAT
    soon = now + target.tick
    if soon < at:
        if (
            action in (Action.SET, Action.DEFER)
            or scene.capacity.status is Status.BUSY
            or scene.scaling_out is not None
        ):
            at, reason = soon, Reason.UPDATE_LASTS
        else:
            for rec in asked.recommendations:
                if (rec.reason in LASTING and not _is_old_news(rec, scene)) or (
                    rec.reason in SHRINKING and number != _least(scene)
                ):
                    at, reason = soon, Reason.BREACH_LASTS
                    break
        if at != soon and target.learners:
            at, reason = soon, Reason.LEARNS
    fallback_at = _fallback_at(scene)
    if fallback_at is not None and fallback_at < at:
        at, reason = fallback_at, Reason.MISSING_DATA
    if scene.bounds.until is not None and scene.bounds.until < at:
        at, reason = scene.bounds.until, Reason.SCHEDULE_BOUNDARY
    for until in (*[limit.until for limit in limits], *_ceiling_ends(scene)):
        if until is not None and until < at:
            at, reason = until, Reason.LIMIT_ENDS
    zero = target.zero
    if zero is not None and scene.current and scene.history.active_at is not None:
        idle_at = scene.history.active_at + zero.idle_after
        if now < idle_at < at:
            at, reason = idle_at, Reason.IDLE
    return max(at, now + SOONEST), reason


def _ceiling_ends(scene: Scene) -> tuple[datetime | None, datetime | None]:
    """Say when what holds the range's upper end is over: its failing, somebody else's change."""
    theirs = scene.foreign_ceiling
    retry = find_retry(scene.target, scene.history.ceiling, scene.now)
    return retry, None if theirs is None else theirs.until


def _decide_blind(
    target: ScalableTarget, history: History, now: datetime, cause: MissingCause
) -> Decision:
    """Hold everything: not even what is there is known."""
    again = target.heartbeat
    if cause is not MissingCause.UNAVAILABLE:  # or nobody needs to look soon
        again = min(target.tick, again)
    fired, bounds = find_bounds(target, history, now)
    known = bounds.floor if history.desired is None else history.desired
    held = max(min(known, target.hard_max), min(target.hard_min_capacity, target.hard_max))
    return Decision(
        scalable_target_id=target.id,
        at=now,
        action=Action.HOLD,
        reason=Reason.CAPACITY_UNKNOWN,
        current=None,
        wanted=held,
        desired=held,
        ceiling=held,
        policies=(),
        min_capacity=min(bounds.floor, target.hard_max),
        max_capacity=min(bounds.ceiling, target.hard_max),
        unmet=0,
        cost_delta_per_hour=None,
        recommendations=(),
        limits=(),
        fired=fired,
        wake_at=now + again,
        wake_reason=Reason.MISSING_DATA,
    )
