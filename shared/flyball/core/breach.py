"""Are enough recent datapoints past the threshold; missing stays missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter, ge, gt, le, lt

from flyball.core.model import Missing, MissingCause, Series, Word
from flyball.core.policy import (
    AdaptivePolicy,
    Comparison,
    DatapointsRule,
    PredictivePolicy,
    TrackingPolicy,
)
from flyball.core.target import Metric, ScalableTarget

LEARNING_PERIODS = 5
"""Newest minutes that a policy which learns is shown, so that a few missed looks lose nothing."""
CLOCK_SKEW = timedelta(seconds=10)
"""Two machines' clocks may differ by this; a datapoint further ahead is from the future."""
TOLERANCE = 1e-12
"""Relative slack of a threshold, so that 1.1 × 70 does not depend on the last bit."""

PAST: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER: gt,
    Comparison.GREATER_OR_EQUAL: ge,
    Comparison.LESS: lt,
    Comparison.LESS_OR_EQUAL: le,
}
_VALUE = attrgetter("value")
RISING = (Comparison.GREATER, Comparison.GREATER_OR_EQUAL)


class Breach(Word):
    """Whether a rule is met."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """A gap could have decided it; never a reason to scale in."""


def believe(series: Series | Missing | None, metric: Metric, now: datetime) -> Series | Missing:
    """Say whether a series may be decided on: whether its newest datapoint can be believed.

    Args:
        series: Oldest first, shape (n,), n >= 0; None: nobody read it.
        metric: Whose; its max_age says what is stale.
        now: Aware UTC.

    Returns:
        The series itself, n >= 1; or Missing with the cause: no data, stale, from the future, not
        finite or negative. A fresh 0.0 is a valid zero.
    """
    if series is None or not series:
        return Missing(MissingCause.NO_DATA)
    if isinstance(series, Missing):
        return series
    at, value, _, _ = series[-1]
    age = now - at
    if age > metric.max_age:
        return Missing(MissingCause.STALE)
    if age < -CLOCK_SKEW:
        return Missing(MissingCause.FROM_THE_FUTURE)
    if 0 <= value < math.inf:
        return series
    return Missing(
        MissingCause.NEGATIVE if value < 0 and math.isfinite(value) else MissingCause.NOT_FINITE
    )


def breached(
    values: list[float], rule: DatapointsRule, comparison: Comparison, threshold: float
) -> Breach:
    """Say whether enough of the evaluated periods are past a threshold.

    A gap is not a calm minute: it is evidence of nothing.

    Args:
        values: What is known of the evaluated periods, shape (k,), 1 <= k <= N; the rest are gaps.
        rule: M of N.
        comparison: How a value is held against the threshold.
        threshold: In the values' unit.

    Returns:
        YES: at least M are past it. NO: too few, whatever the gaps hold. UNKNOWN: the gaps decide.

    Source: Amazon CloudWatch User Guide, "Evaluating an alarm".
    """
    past = PAST[comparison]
    needed, known = rule.breaching, len(values)
    furthest = sorted(values, reverse=comparison in RISING) if known > 1 else values
    if known >= needed and past(furthest[needed - 1], threshold):
        return Breach.YES
    needed -= max(0, rule.evaluated - known)
    if needed <= 0 or past(furthest[needed - 1], threshold):
        return Breach.UNKNOWN
    return Breach.NO


def evaluated_values(series: Series, rule: DatapointsRule, period: timedelta) -> list[float]:
    """List what is known of the periods that a rule evaluates.

    Args:
        series: Oldest first, shape (n,), n >= 1, the newest believable. The evaluated periods end
            with it, so that a metric's delay is no gap.
        rule: M of N.
        period: Length of one datapoint.

    Returns:
        Values, oldest first, at least one. Gaps, and values not finite or negative, are left out.
    """
    evaluated = rule.evaluated
    if evaluated == 1:
        return [series[-1].value]
    oldest = series[-1].at - period * evaluated
    recent = series[-evaluated:]
    if recent[0].at <= oldest or (len(series) > evaluated and series[-evaluated - 1].at > oldest):
        recent = tuple([point for point in series if point.at > oldest])
    values = list(map(_VALUE, recent))
    if sum(values) < math.inf and min(values) >= 0:  # false where any is not a number
        return values
    return [value for value in values if 0 <= value < math.inf]


def count_periods(target: ScalableTarget, metric: str) -> int:
    """Count the newest periods of a metric that its policies look back on, at least one."""
    longest = 1
    for policy in target.measured.values():
        objective = policy.latency_objective if isinstance(policy, AdaptivePolicy) else None
        if objective is not None and objective.metric == metric:
            longest = max(longest, LEARNING_PERIODS)
        if policy.metric != metric:
            continue
        if isinstance(policy, (PredictivePolicy, AdaptivePolicy)):
            longest = max(longest, LEARNING_PERIODS)
        elif isinstance(policy, TrackingPolicy):
            longest = max(longest, policy.out_datapoints.evaluated, policy.in_datapoints.evaluated)
        else:
            longest = max(longest, policy.datapoints.evaluated)
    return longest
