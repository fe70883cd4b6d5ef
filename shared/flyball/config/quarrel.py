"""Which policies of one scalable target would pull in opposite directions?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from flyball.config.source import Place
from flyball.core.policy import Adjustment, Comparison, Step, StepPolicy, TrackingPolicy
from flyball.core.target import ScalableTarget

Range = tuple[float, float]


def check_quarrels(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    """Find step policies that fight a target tracking policy on the same metric."""
    for step in target.policies:
        if not isinstance(step, StepPolicy):
            continue
        for tracking in target.policies:
            if isinstance(tracking, TrackingPolicy) and tracking.metric == step.metric:
                message = _find_quarrel(step, tracking)
                if message:
                    hint = "one adds what the other removes: let their ranges not overlap"
                    yield places["policy", step.name], message, hint


def _find_quarrel(policy: StepPolicy, tracking: TrackingPolicy) -> str:
    if policy.adjustment is Adjustment.EXACT_CAPACITY:
        return ""
    low = tracking.target_value * tracking.low_ratio
    high = tracking.target_value * tracking.high_ratio
    calm = (-math.inf, -math.inf) if tracking.disable_scale_in else (-math.inf, low)
    for step in policy.steps:
        least, most = _range(step, policy)
        if step.adjustment > 0 and least < min(most, calm[1]):
            return (
                f"adds capacity {_name((least, most))}, where {tracking.name} scales in "
                f"(below {low:g})"
            )
        if step.adjustment < 0 and max(least, high) < most:
            return (
                f"removes capacity {_name((least, most))}, where {tracking.name} scales out "
                f"(above {high:g})"
            )
    return ""


def _range(step: Step, policy: StepPolicy) -> Range:
    """Give the values of the metric at which a step counts; empty where least is not below most."""
    least = -math.inf if step.lower is None else policy.threshold + step.lower
    most = math.inf if step.upper is None else policy.threshold + step.upper
    if policy.comparison in {Comparison.GREATER, Comparison.GREATER_OR_EQUAL}:
        least = max(least, policy.threshold)
    if policy.comparison in {Comparison.LESS, Comparison.LESS_OR_EQUAL}:
        most = min(most, policy.threshold)
    return least, most


def _name(values: Range) -> str:
    least, most = values
    if math.isinf(most):
        return f"above {least:g}"
    return f"below {most:g}" if math.isinf(least) else f"from {least:g} to {most:g}"
