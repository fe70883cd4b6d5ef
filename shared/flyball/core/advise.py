"""What does a policy that learns ask for, by the advice that it has?

The advice was found when the look was taken in; a decision is made from it alone.
"""

from __future__ import annotations

from flyball.core.advice import Chosen, Foresight
from flyball.core.breach import believe
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.model import Limit, LimitKind, Missing, Reason, Recommendation
from flyball.core.scene import Asked, Scene
from flyball.core.silent import doubt


def foretell(policy: PredictivePolicy, scene: Scene) -> Recommendation:
    """Ask for what a forecast needs where that is more than there is; it never asks for less.

    Returns:
        desired above current, or None: on probation, covered, missing or nothing learned yet.
    """
    empty = _explain_silence(policy, scene)
    learned = scene.history.policies.get(policy.name)
    advice = None if learned is None else learned.foresight
    if advice is None or empty.missing is not None:
        return empty
    wanted = None
    if not advice.is_trusted:
        reason = Reason.ON_PROBATION
    elif advice.desired <= scene.current:
        reason = Reason.FORECAST_COVERED
    else:
        wanted, reason = advice.desired, Reason.FORECAST_ABOVE
    return _tell(empty, wanted, reason, advice)


def adapt(policy: AdaptivePolicy, scene: Scene) -> Recommendation:
    """Have what the shadow has that is followed, be it more or less than there is.

    As of any policy, no scale-in rests on datapoints in all of which an instance was silent.
    """
    empty = _explain_silence(policy, scene)
    learned = scene.history.policies.get(policy.name)
    advice = None if learned is None else learned.chosen
    if advice is None or empty.missing is not None:
        return empty
    asked = _tell(empty, advice.desired, Reason.FOLLOWS_SHADOW, advice)
    metric = scene.target.metric_by_name[policy.metric]
    series = scene.observation.metrics[policy.metric]
    assert not isinstance(series, Missing)  # noqa: S101  (or it is missing)
    return doubt(asked, metric, series, scene, lambda _: asked)


def heed_forecast(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Keep what a forecast needs, of what would be scaled in.

    A forecast asks for no scale-in and against none: it only says how far one goes.
    """
    if number >= scene.current or not scene.target.learners:
        return None
    most, by = number, ""
    for rec in asked.recommendations:
        if rec.reason is Reason.FORECAST_COVERED and rec.advice is not None:
            needed = min(rec.advice.desired, scene.current)
            if needed > most:
                most, by = needed, rec.policy
    if most == number:
        return None
    return Limit(LimitKind.FORECAST, number, most, Reason.FORECAST_NEEDS, None, by)


def _explain_silence(policy: PredictivePolicy | AdaptivePolicy, scene: Scene) -> Recommendation:
    """Say why it has no number: its metric is missing, or nothing was learned yet."""
    metric = scene.target.metric_by_name[policy.metric]
    series = believe(scene.observation.metrics.get(policy.metric), metric, scene.now)
    empty = Recommendation(
        policy.name, None, Reason.NOTHING_LEARNED, policy.metric, target=policy.per_instance
    )
    if isinstance(series, Missing):
        return empty._replace(reason=Reason.MISSING_DATA, missing=series.cause)
    return empty._replace(value=series[-1].value)


def _tell(
    empty: Recommendation, desired: int | None, reason: Reason, advice: Foresight | Chosen
) -> Recommendation:
    return empty._replace(desired=desired, reason=reason, advice=advice)
