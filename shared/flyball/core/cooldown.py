"""Is a change of this direction still cooling down, and what of a new one goes through?"""

from __future__ import annotations

from datetime import datetime

from flyball.core.learner import Learner
from flyball.core.model import Change, Limit, LimitKind, Reason, Recommendation
from flyball.core.policy import AdaptivePolicy, PredictivePolicy, StepPolicy, TrackingPolicy
from flyball.core.recommend import adjust
from flyball.core.scene import Asked, Scene
from flyball.core.target import Profile


def cool_down(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Wait after a completed change of the same direction.

    Scale-out: inside the cooldown, or in flight, what was already added counts, so only a larger
    scale-out goes through. Scale-in: blocked, unless a scale-out came after it and cancelled it.

    Source: Application Auto Scaling User Guide, "Cooldown period".
    """
    changes = scene.history.changes
    if not changes or number == scene.current:
        return None
    newest = changes[-1].completed_at
    if newest is not None and newest + scene.target.longest_cooldown <= scene.now:
        return None
    if number > scene.current:
        return _cool_out(number, scene, asked)
    return _cool_in(number, scene, asked)


def _cool_out(number: int, scene: Scene, asked: Asked) -> Limit | None:
    best, until, by = scene.current, None, ""
    for rec in asked.recommendations:
        if rec.desired is None or rec.desired <= scene.current:
            continue
        cooled, ends = _cooled(rec, scene.target.measured.get(rec.policy), scene)
        if ends is not None and (until is None or ends < until):
            until, by = ends, rec.policy
        best = max(best, cooled)
    if best >= number:
        return None
    return Limit(LimitKind.COOLDOWN, number, best, Reason.IN_COOLDOWN, until, by)


def _cooled(
    rec: Recommendation, policy: TrackingPolicy | StepPolicy | Learner | None, scene: Scene
) -> tuple[int, datetime | None]:
    """Work out what is left of a scale-out that comes while an earlier one cools down."""
    wanted = rec.desired or 0
    if policy is None or isinstance(policy, (PredictivePolicy, AdaptivePolicy)):
        return wanted, None  # what comes is in their number, and they wait by rules of their own
    first, ends = _cooling_out(policy, scene)
    if first is None:
        return wanted, None
    before = scene.base_of(first)
    if isinstance(policy, StepPolicy):
        return max(scene.current, adjust(policy, rec.adjustment or 0.0, before)), ends
    if scene.scaling_out is not None:  # measured on what is in service: it counts what comes
        return wanted, None
    return max(scene.current, before + wanted - (rec.ready or 0)), ends


def _cooling_out(
    policy: TrackingPolicy | StepPolicy, scene: Scene
) -> tuple[Change | None, datetime | None]:
    """Find the scale-out that began the lasting cooldown, and its end (None: while in flight)."""
    cooldown = policy.cooldown if isinstance(policy, StepPolicy) else policy.scale_out_cooldown
    flying = scene.scaling_out
    first: Change | None = None
    ends: datetime | None = None
    for change in scene.history.changes:
        if change.after <= change.before or not (
            policy.name in change.policies or change is flying
        ):
            continue
        if first is None or (ends is not None and change.at >= ends):
            first = change
        ends = None if change.completed_at is None else change.completed_at + cooldown
    if first is None or (ends is not None and ends <= scene.now):
        return None, None
    return first, ends


def _cool_in(number: int, scene: Scene, asked: Asked) -> Limit | None:
    last = next((c for c in reversed(scene.history.changes) if c.after != c.before), None)
    if last is None or last.after > last.before:  # a scale-out since then cancelled it
        return None
    for rec in asked.recommendations:
        policy = scene.target.measured.get(rec.policy)
        if not isinstance(policy, (TrackingPolicy, StepPolicy)):
            continue
        if rec.desired is None or rec.desired >= scene.current:
            continue
        cooldown = policy.cooldown if isinstance(policy, StepPolicy) else policy.scale_in_cooldown
        ends = None if last.completed_at is None else last.completed_at + cooldown
        if cooldown and (ends is None or ends > scene.now):
            reason = Reason.IN_COOLDOWN
            return Limit(LimitKind.COOLDOWN, number, scene.current, reason, ends, policy.name)
    return None


def await_scale_out(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """No scale-in while instances that were asked for are still coming, or any still warm up.

    The provider may replace instances by itself, so a warm-up needs no scale-out of ours.

    Source: Amazon EC2 Auto Scaling User Guide, "Default instance warmup": scale-in waits for it.
    """
    if number >= scene.current:
        return None
    if scene.capacity.warming:
        return Limit(LimitKind.COOLDOWN, number, scene.current, Reason.WARMING_UP)
    if scene.scaling_out is None or scene.target.profile is Profile.HPA:
        return None
    return Limit(LimitKind.COOLDOWN, number, scene.current, Reason.SCALING_OUT_IN_FLIGHT)
