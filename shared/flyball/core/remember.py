"""What does a target carry from one wake to the next: history, kept up to date.

`absorb` comes before a decision (what happened since the last look), `remember` and the outcome's
functions, those of `refusal` too, after it. All are pure; every list stays bounded by what a policy
can still ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from flyball.core.activity import carries_load, is_active
from flyball.core.breach import believe
from flyball.core.ceiling import follow_ceiling, note_ceiling
from flyball.core.lead import note_lead_times
from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Change,
    Decision,
    Direction,
    Foreign,
    History,
    Missing,
    MissingCause,
    Observation,
    Pause,
    ReadySample,
    Reason,
    Recommendation,
    Recommended,
    Status,
)
from flyball.core.past import Notice, Noticed
from flyball.core.policy import MissingRule
from flyball.core.prune import (
    CHANGES_LIMIT,
    prune_changes,
    prune_ready,
    prune_recommendations,
)
from flyball.core.redeploy import begin_anew, follow_carried, is_redeployed
from flyball.core.refusal import keep_failure, keep_shortage, note_way_out
from flyball.core.shape import replace
from flyball.core.target import CapacityKind, Per, Profile, ScalableTarget

__all__ = [
    "Notice",
    "Noticed",
    "absorb",
    "believe_capacity",
    "find_lag",
    "note_applied",
    "note_held",
    "note_pause",
    "note_resume",
    "remember",
]

PAUSES_LIMIT = 16
STALLED_FACTOR = 3
"""A change that is not in service after this many lead times is stalled, and waited for no more."""
LONGEST_LAG = timedelta(seconds=60)
"""For so long after a change was accepted, a reading may still be of before it."""


def find_lag(target: ScalableTarget) -> timedelta:
    """Say for how long after a change a reading may still be of before it: a tick, but no longer.

    Control planes answer from copies that are a moment behind.
    """
    return min(target.tick, LONGEST_LAG)


def believe_capacity(
    target: ScalableTarget, history: History, capacity: Capacity | Missing, now: datetime
) -> Capacity | Missing:
    """Say whether a reading of the capacity may be decided on.

    A change that was accepted a moment ago and is not to be seen was either refused after all or
    not yet copied to where we read. Believing the reading would send the change twice, and take
    its later landing for somebody else's: so it is stale until find_lag has passed.

    Returns:
        The reading itself; or Missing with the cause STALE.
    """
    if isinstance(capacity, Missing) or capacity.status is not Status.IN_SERVICE:
        return capacity
    if is_redeployed(history, capacity):
        return capacity
    flying = _find_flying(history.changes)
    if (
        flying is None
        or capacity.desired != flying.before
        or abs(now - flying.at) >= find_lag(target)
    ):
        return capacity
    detail = f"it shows {flying.before}, but {flying.after} was accepted a moment ago"
    return Missing(MissingCause.STALE, detail)


def absorb(
    target: ScalableTarget,
    history: History,
    observation: Observation,
    now: datetime,
    *,
    writes: bool = True,
) -> tuple[History, tuple[Noticed, ...]]:
    """Bring the history up to what is seen now, before anything is decided.

    Follows changes in flight, tells foreign ones, notes what is missing, and forgets what expired.

    Args:
        target: Whose.
        history: As the last look left it.
        observation: What is seen.
        now: Aware UTC.
        writes: See learn.

    Returns:
        The history to decide with, and what was noticed.
    """
    history, noticed = begin_anew(target, history, observation.capacity, now)
    changes, desired, ready = history.changes, history.desired, history.ready
    foreign, ceiling = history.foreign, history.ceiling
    if not isinstance(observation.capacity, Missing):
        capacity = observation.capacity
        changes, told = _follow(target, changes, capacity, now)
        noticed += tuple(told)
        if desired is not None and _is_foreign(history, capacity, told):
            foreign = Foreign(now, desired, capacity.desired, now + target.foreign_hold)
            noticed += (Noticed(Notice.FOREIGN, now, desired, capacity.desired),)
            changes = tuple(change for change in changes if change.completed_at is not None)
        desired = _expected(capacity, changes)
        undone = any(each.notice is Notice.ROLLED_BACK for each in told)
        ceiling, moved = follow_ceiling(target, ceiling, capacity, now, find_lag(target), undone)
        noticed += (*moved, *_find_pick(target, ready, capacity, now))
        if not ready or ready[-1].ready != capacity.serving:
            ready = (*ready, ReadySample(now, capacity.serving))
    changes = prune_changes(target, changes, now)
    kept = replace(
        history,
        desired=desired,
        changes=changes,
        recommendations=_seed(target, history, observation, now),
        ready=prune_ready(target, ready, changes, now),
        missing_since=_note_missing(target, history.missing_since, observation, now),
        active_at=_note_activity(target, history.active_at, observation, now),
        pauses=tuple(pause for pause in history.pauses if pause.until is None or pause.until > now),
        foreign=foreign if foreign is not None and foreign.until > now else None,
        quota=history.quota if history.quota is not None and history.quota.until > now else None,
        shortage=keep_shortage(history.shortage, noticed, now),
        failure=keep_failure(target, history.failure, now),
        ceiling=ceiling,
        policies={},
        lead_times=note_lead_times(target, history, observation.capacity, noticed, now),
        carried=follow_carried(history.carried, observation.capacity, noticed, now),
    )
    kept = note_way_out(kept, observation.capacity, noticed, target.tick, now)
    return _learn(target, history, observation, kept, now, writes), noticed


def _learn(
    target: ScalableTarget,
    history: History,
    observation: Observation,
    kept: History,
    now: datetime,
    writes: bool,  # noqa: FBT001  (handed on as it came)
) -> History:
    """Let the policies that learn take in what is seen, once the rest is known."""
    if not target.learners:
        return kept
    from flyball.core.learn import learn  # noqa: PLC0415  (some ten modules, seldom needed)
    from flyball.core.relearn import leave_ahead  # noqa: PLC0415  (as above)

    before = {name: leave_ahead(each, now) for name, each in history.policies.items()}
    learned = learn(target, before, observation, kept, now, writes=writes)
    return replace(kept, policies=learned)


def _seed(
    target: ScalableTarget, history: History, observation: Observation, now: datetime
) -> tuple[Recommended, ...]:
    """Begin the windows of an HPA with what it finds: its first look takes nothing away at once.

    Source: Kubernetes, horizontal.go (recordInitialRecommendation).
    """
    first = history.desired is None and not history.recommendations
    if not first or target.profile is not Profile.HPA or isinstance(observation.capacity, Missing):
        return history.recommendations
    return (Recommended(now, observation.capacity.desired),)


def _follow(
    target: ScalableTarget, changes: tuple[Change, ...], capacity: Capacity, now: datetime
) -> tuple[tuple[Change, ...], list[Noticed]]:
    """Complete or drop the newest change in flight; earlier ones complete with it."""
    flying = _find_flying(changes)
    if flying is None or capacity.status is Status.BUSY:
        return changes, []
    if capacity.status is Status.IN_SERVICE and capacity.desired == flying.after:
        arrived = (
            capacity.ready >= flying.after
            if flying.after > flying.before
            else capacity.serving <= flying.after or target.capacity_kind is CapacityKind.RANGE
        )
        late = now - flying.at > target.lead_time * STALLED_FACTOR
        if not arrived and not late:
            return changes, []
        notice = Notice.COMPLETED if arrived else Notice.STALLED
        done = tuple(
            change._replace(completed_at=now) if change.completed_at is None else change
            for change in changes
        )
        return done, [Noticed(notice, now, flying.before, flying.after)]
    rest = tuple(change for change in changes if change is not flying)
    if capacity.desired == flying.before:  # no success, so no cooldown
        return rest, [Noticed(Notice.ROLLED_BACK, now, flying.after, flying.before)]
    return rest, []


def _is_foreign(history: History, capacity: Capacity, told: list[Noticed]) -> bool:
    """Say whether somebody else set the capacity."""
    if capacity.desired == history.desired:
        return False
    if any(each.notice is Notice.ROLLED_BACK for each in told):
        return False
    flying = _find_flying(history.changes)
    return not (
        capacity.status is Status.BUSY and flying is not None and capacity.desired == flying.before
    )


def _find_pick(
    target: ScalableTarget, ready: tuple[ReadySample, ...], capacity: Capacity, now: datetime
) -> list[Noticed]:
    """Tell what a service chose inside its range: what neither floor nor ceiling asked for."""
    if target.capacity_kind is CapacityKind.COUNT or not ready:
        return []
    floor, before, after = capacity.desired, ready[-1].ready, capacity.serving
    forced = capacity.ceiling is not None and before > capacity.ceiling
    if before == after or after < floor or max(before, after) == floor or forced:
        return []
    return [Noticed(Notice.PICKED, now, before, after)]


def _expected(capacity: Capacity, changes: tuple[Change, ...]) -> int:
    """What the setting should be next time: a roll-back in progress is not the end."""
    flying = _find_flying(changes)
    return capacity.desired if flying is None else flying.after


def _find_flying(changes: tuple[Change, ...]) -> Change | None:
    """Find the newest change in flight."""
    return next((change for change in reversed(changes) if change.completed_at is None), None)


def _note_missing(
    target: ScalableTarget, since: Mapping[str, datetime], observation: Observation, now: datetime
) -> dict[str, datetime]:
    """Note since when each metric has been missing; at zero, none per instance is missed."""
    at_zero = not isinstance(observation.capacity, Missing) and observation.capacity.serving == 0
    out = {}
    for metric in target.metrics:
        if at_zero and metric.per is Per.INSTANCE:
            continue
        if isinstance(believe(observation.metrics.get(metric.name), metric, now), Missing):
            out[metric.name] = since.get(metric.name, now)
    return out


def _note_activity(
    target: ScalableTarget, active_at: datetime | None, observation: Observation, now: datetime
) -> datetime | None:
    """Note when the target was last in use; what cannot be known counts as active."""
    rule = target.zero
    if rule is None:
        return None
    idle = is_active(target, rule, observation, now) is False
    if active_at is None or not idle or carries_load(target, rule, observation, now):
        return now
    return active_at


def remember(
    target: ScalableTarget, history: History, decision: Decision, config_hash: str = ""
) -> History:
    """Note what was decided: the recommendation for the windows, and the scheduled bounds.

    Args:
        target: Whose.
        history: As it was decided with.
        decision: What came of it.
        config_hash: Of the target's config, where a quiet target may rest (History.settled).
    """
    bounds, over = history.bounds, history.bounds_over
    if decision.fired:
        last = decision.fired[-1]
        bounds = CapacityRange(last.min_capacity, last.max_capacity)
        over = CapacityRange(target.min_capacity, target.max_capacity)
    known = decision.current is not None and any(
        rec.missing is None for rec in decision.recommendations
    )
    if known and decision.wanted < (decision.current or 0):  # half blind: it weighs in no window
        known = not any(_is_held(target, rec) for rec in decision.recommendations)
    settled = decision.action is Action.HOLD and decision.wake_reason is Reason.HEARTBEAT
    recommendations = history.recommendations
    if known:
        recommendations = (*recommendations, Recommended(decision.at, decision.wanted))
    return replace(
        history,
        recommendations=prune_recommendations(target, recommendations, decision.at),
        bounds=bounds,
        bounds_over=over,
        scheduled_until=_later(history.scheduled_until, decision.at) if target.scheduled else None,
        settled=config_hash if settled else "",
        rested_at=None,
    )


def note_held(target: ScalableTarget, history: History, desired: int, now: datetime) -> History:
    """Note a quiet rest: nobody asked for a change, and in the windows it weighs as a held look.

    It leaves no row, so the instant is kept until the next look: nothing else sets it.
    """
    kept = (*history.recommendations, Recommended(now, desired))
    pruned = prune_recommendations(target, kept, now)
    return replace(history, recommendations=pruned, rested_at=now)


def _later(one: datetime | None, other: datetime) -> datetime:
    """Give the later of two instants: a clock that is set back fires nothing twice."""
    return other if one is None else max(one, other)


def _is_held(target: ScalableTarget, rec: Recommendation) -> bool:
    """Say whether a policy that cannot know holds scale-in."""
    policy = target.measured.get(rec.policy)
    return (
        rec.missing is not None
        and policy is not None
        and policy.missing.scale_in is MissingRule.HOLD
    )


def note_applied(
    history: History, decision: Decision, at: datetime, operation: str = ""
) -> History:
    """Note that the provider accepted a decision; its cooldown starts when it is in service.

    Somebody else's change is respected to its hold's end, also after we have added to it.
    """
    before = decision.desired if decision.current is None else decision.current
    history = note_ceiling(history, decision, at, operation)
    if before == decision.desired:  # only a range's ceiling moved
        return history
    met = tuple(
        rec.policy
        for rec in decision.recommendations
        if rec.desired is not None and before < rec.desired <= decision.desired
    )
    policies = tuple(dict.fromkeys((*decision.policies, *met)))
    change = Change(at, before, decision.desired, policies, operation=operation)
    changes = (*history.changes, change)[-CHANGES_LIMIT:]
    return replace(history, desired=decision.desired, changes=changes, failure=None)


def note_pause(history: History, pause: Pause) -> History:
    """Note a human's pause; it replaces an earlier one of the same direction."""
    rest = tuple(each for each in history.pauses if each.direction is not pause.direction)
    return replace(history, pauses=(*rest, pause)[-PAUSES_LIMIT:])


def note_resume(history: History, direction: Direction | None) -> History:
    """Lift the pauses of a direction; None lifts all. Of a pause of both, the other one stays."""
    if direction is None:
        return replace(history, pauses=())
    other = Direction.IN if direction is Direction.OUT else Direction.OUT
    kept = tuple(
        each._replace(direction=other) if each.direction is None else each
        for each in history.pauses
        if each.direction is not direction
    )
    return replace(history, pauses=kept)
