"""What do all policies together ask for: the largest on the way out, in only by agreement."""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.model import Limit, LimitKind, Reason, Recommendation
from flyball.core.policy import MissingRule
from flyball.core.scene import Asked, Scene
from flyball.core.target import Profile


def merge(scene: Scene, recommendations: Sequence[Recommendation]) -> tuple[Asked, Limit | None]:
    """Fold the recommendations into one number.

    Scale-out: if any asks for it, the largest wins. Scale-in: the largest of those that ask for
    it, if no tracking policy with scale-in enabled is against; an adaptive policy counts as one.
    Who is against:

    - a tracking policy that keeps what is there is against every scale-in; in profile `aws` only
      against that of tracking policies (a step policy's scale-in goes through);
    - a fallback is against every scale-in: it has what is there, or more;
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
        desired = rec.desired
        if desired is not None and desired != current:
            if desired > wanted:
                wanted = desired
            elif desired < current:
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
    """Fold recommendations of which some ask for scale-in and none for scale-out."""
    current, agreeing = scene.current, scene.target.agreeing
    tracked: list[Recommendation] = []
    stepped: list[Recommendation] = []
    keeping = blocking = fallback = ""
    for rec in recommendations:
        policy = agreeing.get(rec.policy)
        desired = rec.desired
        if desired is not None and desired < current:
            (stepped if policy is None else tracked).append(rec)
        elif rec.reason is Reason.FALLBACK:
            fallback = rec.policy
        elif policy is None or policy.disable_scale_in:
            continue
        elif desired is not None:
            keeping = keeping or rec.policy
        elif policy.missing.scale_in is MissingRule.BLOCK_SCALE_IN:
            blocking = blocking or rec.policy
    agreed = [] if keeping or blocking or fallback else tracked
    if not fallback and (not keeping or scene.target.profile is Profile.AWS):
        agreed = agreed + stepped
    wanted = max([rec.desired or 0 for rec in agreed or tracked or stepped])
    if agreed:
        winners = tuple([rec for rec in agreed if rec.desired == wanted])
        return Asked(wanted, winners, recommendations), None
    opponent = fallback or keeping or blocking
    limit = Limit(LimitKind.AGREEMENT, wanted, current, Reason.NOT_ALL_AGREE, None, opponent)
    return Asked(current, (), recommendations), limit
