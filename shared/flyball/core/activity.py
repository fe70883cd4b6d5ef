"""Is anybody there: is a scalable target that may go to zero in use?"""

from __future__ import annotations

from datetime import datetime

from flyball.core.breach import believe
from flyball.core.model import Missing, Observation
from flyball.core.target import ScalableTarget, Unit, ZeroRule


def is_active(
    target: ScalableTarget, rule: ZeroRule, observation: Observation, now: datetime
) -> bool | None:
    """Say whether the rule's metric is above its threshold; None: that cannot be known.

    Where not all that are in service reported, it may be.
    """
    metric = target.metric_by_name[rule.metric]
    series = believe(observation.metrics.get(rule.metric), metric, now)
    if isinstance(series, Missing):
        return None
    newest, capacity = series[-1], observation.capacity
    if newest.value * metric.scale > rule.activation_threshold:
        return True
    is_silent = newest.reporting is not None and (
        isinstance(capacity, Missing) or newest.reporting < capacity.ready
    )
    return None if is_silent else False


def carries_load(
    target: ScalableTarget, rule: ZeroRule, observation: Observation, now: datetime
) -> bool:
    """Say whether a tracking or adaptive policy's metric, another than the rule's, shows any load.

    The rule's metric may tell only of those who call in vain. A utilization tells nothing: a
    machine that idles has some too. What is missing tells nothing either; other rules hold then.
    """
    for policy in target.agreeing.values():
        metric = target.metric_by_name[policy.metric]
        if metric.unit is not Unit.NUMBER or metric.name == rule.metric:
            continue
        series = believe(observation.metrics.get(metric.name), metric, now)
        if not isinstance(series, Missing) and series[-1].value > 0:
            return True
    return False
