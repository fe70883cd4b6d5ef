"""What do all policies together ask for: the largest on the way out, in only by agreement."""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.model import Limit, LimitKind, Reason, Recommendation
from flyball.core.policy import MissingRule, TrackingPolicy
from flyball.core.scene import Asked, Scene
from flyball.core.target import Profile


def merge(scene: Scene, recommendations: Sequence[Recommendation]) -> tuple[Asked, Limit | None]:
    """Fold the recommendations into one number.

    Scale-out: if any asks for it, the largest wins. Scale-in: the largest of those that ask for
    it, if no tracking policy with scale-in enabled is against. Who is against:

    - a tracking policy that keeps what is there is against every scale-in; in profile `aws` only
      against that of tracking policies (a step policy's scale-in goes through);
    - a tracking policy without data and with the rule `block_scale_in` is against the scale-in of
      tracking policies. With `hold` it is the guard that stops every scale-in; with `ignore` it
      abstains.

    Returns:
        What is asked for, and a Limit where disagreement stopped a scale-in.

    Source: Application Auto Scaling User Guide, "How multiple scaling policies work together".
    """
    current = scene.current
    wanted = current
    lower = False
    for rec in recommendations:
        if rec.desired is not None:
            if rec.desired > wanted:
                wanted = rec.desired
            elif rec.desired < current:
                lower = True
    if wanted > current or not lower:
        winners = (
            tuple([rec for rec in recommendations if rec.desired == wanted])
            if wanted > current
            else ()
        )
        return Asked(wanted, winners, recommendations), None
    return _merge_in(scene, recommendations)


def _merge_in(
    scene: Scene, recommendations: Sequence[Recommendation]
) -> tuple[Asked, Limit | None]:
    current = scene.current
    asking = [rec for rec in recommendations if rec.desired is not None and rec.desired < current]
    trackers = {
        policy.name: policy
        for policy in scene.target.policies
        if isinstance(policy, TrackingPolicy)
    }
    keeping, blocking = _against(scene, recommendations, trackers)
    agreed = []
    for rec in asking:
        against = (keeping or blocking) if rec.policy in trackers else keeping
        if scene.target.profile is Profile.AWS and rec.policy not in trackers:
            against = ""
        if not against:
            agreed.append(rec)
    if agreed:
        wanted = max(rec.desired for rec in agreed if rec.desired is not None)
        return Asked(
            wanted, tuple(rec for rec in agreed if rec.desired == wanted), recommendations
        ), None
    wanted = max(rec.desired for rec in asking if rec.desired is not None)
    limit = Limit(
        LimitKind.AGREEMENT, wanted, current, Reason.NOT_ALL_AGREE, None, keeping or blocking
    )
    return Asked(current, (), recommendations), limit


def _against(
    scene: Scene, recommendations: Sequence[Recommendation], trackers: dict[str, TrackingPolicy]
) -> tuple[str, str]:
    """Name a tracking policy that keeps what is there, and one that blocks for want of data."""
    keeping = blocking = ""
    for rec in recommendations:
        policy = trackers.get(rec.policy)
        if policy is None or policy.disable_scale_in:
            continue
        if rec.desired == scene.current:
            keeping = keeping or rec.policy
        elif rec.desired is None and policy.missing.scale_in is MissingRule.BLOCK_SCALE_IN:
            blocking = blocking or rec.policy
    return keeping, blocking
