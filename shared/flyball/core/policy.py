"""What may a policy ask for: each kind of policy as a frozen value that is valid once made."""

from __future__ import annotations

from datetime import timedelta

from flyball.core.check import (
    CAPACITY_LIMIT,
    check_duration,
    check_finite,
    check_name,
    check_whole,
    fail,
)
from flyball.core.learner import AdaptivePolicy, LatencyObjective, Learner, PredictivePolicy
from flyball.core.rule import (
    DATAPOINT_LIMIT,
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    MissingRule,
    MissingRules,
)
from flyball.core.schedule import Schedule
from flyball.core.shape import dataclass

__all__ = [
    "DATAPOINT_LIMIT",
    "LEAST_TARGET_VALUE",
    "STEP_LIMIT",
    "AdaptivePolicy",
    "Adjustment",
    "Aggregation",
    "Comparison",
    "DatapointsRule",
    "LatencyObjective",
    "Learner",
    "MissingRule",
    "MissingRules",
    "Policy",
    "PredictivePolicy",
    "ScheduledPolicy",
    "Step",
    "StepPolicy",
    "TrackingPolicy",
    "check_steps",
]

STEP_LIMIT = 20
"""Most step adjustments in one policy. Source: Application Auto Scaling quotas."""
LEAST_TARGET_VALUE = 1e-100
"""Less is a mistake in a unit, and not safe to divide by."""


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """Keep a metric at its target value, proportionally.

    Attributes:
        name: Unique in its scalable target.
        metric: The metric's name.
        target_value: In the metric's unit; percent where the unit is a ratio.
        high_ratio: Breach above target_value × this (1: any excess).
        low_ratio: Breach below target_value × this.
        out_datapoints: M of N before scale-out.
        in_datapoints: M of N before scale-in.
        scale_out_cooldown: Wait after a completed scale-out; a larger one goes through.
        scale_in_cooldown: Wait after a completed scale-in; a scale-out cancels it.
        disable_scale_in: It never asks for scale-in, and while its metric is known it never
            stands in its way; while it is missing, `missing` says.
        missing: What happens while the metric is missing.
    """

    name: str
    metric: str
    target_value: float
    high_ratio: float = 1.0
    low_ratio: float = 0.9
    out_datapoints: DatapointsRule = DatapointsRule()
    in_datapoints: DatapointsRule = DatapointsRule()
    scale_out_cooldown: timedelta = timedelta()
    scale_in_cooldown: timedelta = timedelta()
    disable_scale_in: bool = False
    missing: MissingRules = MissingRules()

    def __post_init__(self) -> None:
        check_name("policy.name", self.name)
        check_finite("policy.target_value", self.target_value)
        if self.target_value < LEAST_TARGET_VALUE:
            fail("policy.target_value", self.target_value, "a number above 0")
        check_finite("policy.high_ratio", self.high_ratio)
        check_finite("policy.low_ratio", self.low_ratio)
        if not 0 <= self.low_ratio <= 1 <= self.high_ratio:
            fail(
                "policy.low_ratio, high_ratio",
                (self.low_ratio, self.high_ratio),
                "low_ratio in 0–1 and high_ratio of 1 or more",
            )
        check_duration("policy.scale_out_cooldown", self.scale_out_cooldown)
        check_duration("policy.scale_in_cooldown", self.scale_in_cooldown)


@dataclass(frozen=True, slots=True)
class Step:
    """One interval of a step policy.

    Attributes:
        lower: Lower bound relative to the threshold; None: minus infinity.
        upper: Upper bound relative to the threshold; None: plus infinity.
        adjustment: Instances, percent or exact capacity, by the policy's adjustment type.
    """

    lower: float | None
    upper: float | None
    adjustment: float


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """Change capacity by steps, by how far a metric is past a threshold.

    Above the threshold a step's lower bound is inclusive and its upper one exclusive; below it
    the lower is exclusive and the upper inclusive.

    Attributes:
        name: Unique in its scalable target.
        metric: The metric's name.
        threshold: In the metric's unit; percent where the unit is a ratio.
        steps: Sorted, without gap or overlap; at most 20.
        comparison: The alarm's; None: both sides of the threshold count.
        adjustment: What the steps' numbers mean.
        min_adjustment_magnitude: Smallest change by percent, instances; 0: none.
        aggregation: How the evaluated datapoints become one value.
        datapoints: M of N past the threshold.
        cooldown: After a completed change; inside it a further breach adds only the difference.
        missing: What happens while the metric is missing.

    Source: Application Auto Scaling API, StepScalingPolicyConfiguration and StepAdjustment.
    """

    name: str
    metric: str
    threshold: float
    steps: tuple[Step, ...]
    comparison: Comparison | None = None
    adjustment: Adjustment = Adjustment.CHANGE_IN_CAPACITY
    min_adjustment_magnitude: int = 0
    aggregation: Aggregation = Aggregation.AVERAGE
    datapoints: DatapointsRule = DatapointsRule()
    cooldown: timedelta = timedelta(seconds=300)
    missing: MissingRules = MissingRules()

    def __post_init__(self) -> None:
        check_name("policy.name", self.name)
        check_finite("policy.threshold", self.threshold)
        check_duration("policy.cooldown", self.cooldown)
        check_whole(
            "policy.min_adjustment_magnitude", self.min_adjustment_magnitude, 0, CAPACITY_LIMIT
        )
        if (
            self.min_adjustment_magnitude
            and self.adjustment is not Adjustment.PERCENT_CHANGE_IN_CAPACITY
        ):
            fail(
                "policy.min_adjustment_magnitude",
                self.min_adjustment_magnitude,
                "it only with percent_change_in_capacity",
            )
        check_steps(self.steps, self.adjustment)


@dataclass(frozen=True, slots=True)
class ScheduledPolicy:
    """Set the bounds at a moment; nothing reverts by itself.

    Attributes:
        name: Unique in its scalable target.
        schedule: When.
        min_capacity: New lower bound; None: unchanged.
        max_capacity: New upper bound; None: unchanged.

    Source: Application Auto Scaling API, PutScheduledAction.
    """

    name: str
    schedule: Schedule
    min_capacity: int | None = None
    max_capacity: int | None = None

    def __post_init__(self) -> None:
        check_name("policy.name", self.name)
        if self.min_capacity is None and self.max_capacity is None:
            fail("policy.min_capacity, max_capacity", None, "at least one of the two")
        for label, value in (
            ("min_capacity", self.min_capacity),
            ("max_capacity", self.max_capacity),
        ):
            if value is not None:
                check_whole(f"policy.{label}", value, 0, CAPACITY_LIMIT)
        if (
            self.min_capacity is not None
            and self.max_capacity is not None
            and self.min_capacity > self.max_capacity
        ):
            fail(
                "policy.min_capacity",
                self.min_capacity,
                f"at most max_capacity ({self.max_capacity})",
            )


Policy = TrackingPolicy | StepPolicy | ScheduledPolicy | PredictivePolicy | AdaptivePolicy


def check_steps(steps: tuple[Step, ...], adjustment: Adjustment) -> None:
    """Refuse steps that Application Auto Scaling refuses.

    Args:
        steps: Sorted by lower bound, the null one first.
        adjustment: What their numbers mean.

    Raises:
        ValueError: No step or more than 20; a gap, an overlap or a wrong order; a null bound in
            the middle or both in one step; a negative lower bound without a null-lower step, a
            positive upper bound without a null-upper step; a negative exact capacity.

    Source: Application Auto Scaling User Guide, "Step adjustments".
    """
    check_whole("policy.steps (how many)", len(steps), 1, STEP_LIMIT)
    for index, step in enumerate(steps):
        where = f"policy.steps[{index}]"
        _check_step(where, step, adjustment)
        if index and step.lower is None:
            fail(f"{where}.lower", None, "a null lower bound only in the first step")
        if index and steps[index - 1].upper != step.lower:
            fail(
                f"{where}.lower",
                step.lower,
                f"the last step's upper bound ({steps[index - 1].upper}): no gap, no overlap",
            )
    if steps[0].lower is not None and steps[0].lower < 0:
        fail(
            "policy.steps[0].lower", steps[0].lower, "a first step with a null lower bound below it"
        )
    if steps[-1].upper is not None and steps[-1].upper > 0:
        fail(
            f"policy.steps[{len(steps) - 1}].upper",
            steps[-1].upper,
            "a last step with a null upper bound above it",
        )


def _check_step(where: str, step: Step, adjustment: Adjustment) -> None:
    for label, value in (
        ("lower", step.lower),
        ("upper", step.upper),
        ("adjustment", step.adjustment),
    ):
        if value is not None:
            check_finite(f"{where}.{label}", value)
    if step.lower is None and step.upper is None:
        fail(where, "both bounds null", "at most one null bound in a step")
    if step.lower is not None and step.upper is not None and step.lower >= step.upper:
        fail(f"{where}.upper", step.upper, f"more than lower ({step.lower})")
    if step.adjustment != int(step.adjustment) or abs(step.adjustment) > CAPACITY_LIMIT:
        fail(f"{where}.adjustment", step.adjustment, f"a whole number of at most {CAPACITY_LIMIT}")
    if adjustment is Adjustment.EXACT_CAPACITY and step.adjustment < 0:
        fail(f"{where}.adjustment", step.adjustment, "0 or more with exact_capacity")
