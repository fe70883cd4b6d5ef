"""Are enough recent datapoints past the threshold; missing stays missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from operator import ge, gt, le, lt

from flyball.core.model import Missing, MissingCause, Series
from flyball.core.policy import Comparison, DatapointsRule
from flyball.core.target import Metric

CLOCK_SKEW = timedelta(seconds=10)
"""Two machines' clocks may differ by this; a datapoint further ahead is from the future."""

PAST: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER: gt,
    Comparison.GREATER_OR_EQUAL: ge,
    Comparison.LESS: lt,
    Comparison.LESS_OR_EQUAL: le,
}


class Breach(Enum):
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
    series: Series,
    rule: DatapointsRule,
    period: timedelta,
    past: Callable[[float, float], bool],
    threshold: float,
) -> Breach:
    """Say whether enough of the newest periods are past a threshold.

    A gap is not a calm minute: it is evidence of nothing. Values that are not finite or are
    negative are gaps too.

    Args:
        series: Oldest first, shape (n,), n >= 1; values in the threshold's unit. The evaluated
            periods end with the newest datapoint, so that a metric's delay is no gap.
        rule: M of N.
        period: Length of one datapoint.
        past: The comparison; called as past(value, threshold).
        threshold: What values are held against.

    Returns:
        YES: at least M are past it. NO: too few, whatever the gaps hold. UNKNOWN: the gaps decide.

    Source: Amazon CloudWatch User Guide, "Evaluating an alarm".
    """
    known = breaching = 0
    evaluated = rule.evaluated
    if evaluated == 1:
        return Breach.YES if past(series[-1].value, threshold) else Breach.NO
    oldest = series[-1].at - period * evaluated
    for at, value, _, _ in reversed(series):
        if at <= oldest:
            break
        if 0 <= value < math.inf:
            known += 1
            if past(value, threshold):
                breaching += 1
    if breaching >= rule.breaching:
        return Breach.YES
    gaps = max(0, evaluated - known)
    return Breach.UNKNOWN if breaching + gaps >= rule.breaching else Breach.NO


def evaluated_values(series: Series, rule: DatapointsRule, period: timedelta) -> list[float]:
    """List the believable values of the evaluated periods, newest first, at least one."""
    oldest = series[-1].at - period * rule.evaluated
    values = []
    for at, value, _, _ in reversed(series):
        if at <= oldest:
            break
        if 0 <= value < math.inf:
            values.append(value)
    return values
