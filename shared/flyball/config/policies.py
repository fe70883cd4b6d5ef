"""What may be written in a scalable target's list of policies?"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from flyball.config.amazon import AwsScalingPolicy, AwsScheduledAction
from flyball.config.fields import (
    WHOLE,
    Bound,
    Count,
    Datapoints,
    Duration,
    Given,
    Instant,
    Number,
    PrintableName,
    Share,
    Strict,
)
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.policy import STEP_LIMIT

Tolerance = Annotated[Number, Field(ge=0, le=1)]
OutRule = Literal["hold", "ignore"]
InRule = Literal["hold", "ignore", "block_scale_in"]

_POLICY_NAME = "Unique in its scalable target; shown in every reason."
_METRIC = "The name of one of the metrics."
_DEMAND = (
    "The name of one of the metrics: demand in a minute, of all or per instance. Its unit is "
    "`number`, and its period 60s."
)
_DELAY = (
    "From a minute's end until its value is shown, at most 30m. Default: 1m, and 3m with "
    "`home: gcp`."
)
_TIME_ZONE = "IANA name; otherwise the scalable target's."


class MissingSettings(Strict):
    """What a policy does to each direction while its metric is missing."""

    scale_out: Given[OutRule] = Field(
        default=None,
        description="`hold`: nothing scales out; `ignore`: the other policies decide. "
        "Default: `ignore`.",
    )
    scale_in: Given[InRule] = Field(
        default=None,
        description="`hold`: nothing scales in; `block_scale_in`: it counts as against "
        "scale-in, but a step policy "
        "may still scale in; `ignore`: the other policies decide. Default: by profile.",
    )


class TrackingScaleOut(Strict):
    """When a target tracking policy scales out."""

    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = (("high_ratio", "tolerance"),)

    datapoints: Given[Datapoints] = Field(
        default=None, description="M of N periods above the target. Default: by profile."
    )
    cooldown: Given[Duration] = Field(
        default=None,
        description="Wait after a completed scale-out; a larger one goes through. Default: "
        "by profile.",
    )
    high_ratio: Given[Annotated[Number, Field(ge=1)]] = Field(
        default=None,
        description="A breach is above target_value times this. Default: by profile.",
        examples=[1.1],
    )
    tolerance: Given[Tolerance] = Field(
        default=None, description="The same as high_ratio: 1 + tolerance.", examples=[0.1]
    )


class TrackingScaleIn(Strict):
    """When a target tracking policy scales in."""

    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = (("low_ratio", "tolerance"),)

    datapoints: Given[Datapoints] = Field(
        default=None, description="M of N periods below the target. Default: by profile."
    )
    cooldown: Given[Duration] = Field(
        default=None,
        description="Wait after a completed scale-in; a scale-out cancels it. Default: by profile.",
    )
    low_ratio: Given[Tolerance] = Field(
        default=None,
        description="A breach is below target_value times this. Default: 0.9.",
        examples=[0.9],
    )
    tolerance: Given[Tolerance] = Field(
        default=None, description="The same as low_ratio: 1 - tolerance.", examples=[0.1]
    )
    disabled: bool = Field(
        default=False,
        description="It never asks for scale-in, and never stands in the way of it (AWS: "
        "DisableScaleIn).",
    )


class TrackingSettings(Strict):
    """Keep a metric at its target value, proportionally."""

    name: PrintableName = Field(description=_POLICY_NAME, examples=["invocations-at-700"])
    kind: Literal["target_tracking"] = Field(description="Target tracking.")
    metric: PrintableName = Field(description=_METRIC, examples=["invocations"])
    target_value: Annotated[Number, Field(gt=0)] = Field(
        description="In the metric's unit; percent where the unit is `ratio`.", examples=[700]
    )
    tolerance: Given[Tolerance] = Field(
        default=None,
        description="Dead band on both sides, where scale_out and scale_in do not say otherwise.",
        examples=[0.1],
    )
    scale_out: TrackingScaleOut = Field(
        default_factory=TrackingScaleOut, description="When it scales out."
    )
    scale_in: TrackingScaleIn = Field(
        default_factory=TrackingScaleIn, description="When it scales in."
    )
    missing: MissingSettings = Field(
        default_factory=MissingSettings, description="What happens while the metric is missing."
    )


class StepItem(Strict):
    """One interval of a step policy; bounds are relative to the threshold."""

    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("from", "lower"),
        ("to", "upper"),
        ("add", "remove", "percent", "set", "adjustment"),
    )
    required_one: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("add", "remove", "percent", "set", "adjustment"),
    )

    from_: Bound = Field(
        default=None, alias="from", description="Lower bound; none: minus infinity.", examples=[0]
    )
    to: Bound = Field(default=None, description="Upper bound; none: plus infinity.", examples=[10])
    lower: Bound = Field(default=None, description="Another word for from.")
    upper: Bound = Field(default=None, description="Another word for to.")
    add: Given[Annotated[int, Field(ge=0, le=CAPACITY_LIMIT), WHOLE]] = Field(
        default=None,
        description="Instances to add (percent with `adjustment: percent_change_in_capacity`).",
        examples=[1],
    )
    remove: Given[Annotated[int, Field(ge=0, le=CAPACITY_LIMIT), WHOLE]] = Field(
        default=None,
        description="Instances to remove (percent with `adjustment: percent_change_in_capacity`).",
        examples=[1],
    )
    percent: Given[Annotated[int, Field(ge=-CAPACITY_LIMIT, le=CAPACITY_LIMIT), WHOLE]] = Field(
        default=None, description="Percent to add, negative to remove.", examples=[25, -10]
    )
    set: Given[Count] = Field(default=None, description="Exact capacity.", examples=[6])
    adjustment: Given[Annotated[int, Field(ge=-CAPACITY_LIMIT, le=CAPACITY_LIMIT), WHOLE]] = Field(
        default=None, description="The number by itself; what it means is the policy's adjustment."
    )


class StepSettings(Strict):
    """Change capacity by steps, by how far a metric is past a threshold."""

    name: PrintableName = Field(description=_POLICY_NAME, examples=["latency-steps"])
    kind: Literal["step"] = Field(description="Step scaling.")
    metric: PrintableName = Field(description=_METRIC, examples=["latency"])
    threshold: Number = Field(
        description="In the metric's unit; percent where the unit is `ratio`.", examples=[50]
    )
    comparison: Given[Literal[">", ">=", "<", "<="]] = Field(
        default=None,
        description="Which side of the threshold is a breach. Default: both, each by its "
        "own steps.",
    )
    adjustment: Given[
        Literal["change_in_capacity", "exact_capacity", "percent_change_in_capacity"]
    ] = Field(
        default=None,
        description="What the steps' numbers mean. Default: what the steps' own words say "
        "(`percent`, `set`), "
        "otherwise `change_in_capacity`.",
    )
    min_adjustment_magnitude: Given[Count] = Field(
        default=None, description="Smallest change by percent, in instances.", examples=[2]
    )
    aggregation: Literal["minimum", "maximum", "average"] = Field(
        default="average", description="How the evaluated datapoints become one value."
    )
    datapoints: Given[Datapoints] = Field(
        default=None, description="M of N periods past the threshold. Default: by profile."
    )
    cooldown: Given[Duration] = Field(
        default=None,
        description="After a completed change; inside it a further breach adds only the "
        "difference. Default: 5m.",
    )
    steps: Annotated[list[StepItem], Field(min_length=1, max_length=STEP_LIMIT)] = Field(
        description="Without gap or overlap, in any order.",
        examples=[[{"from": 0, "to": 10, "add": 1}, {"from": 10, "add": 3}]],
    )
    missing: MissingSettings = Field(
        default_factory=MissingSettings, description="What happens while the metric is missing."
    )


class ScheduledSettings(Strict):
    """Set the bounds at a moment; nothing reverts by itself (a window does)."""

    required_one: ClassVar[tuple[tuple[str, ...], ...]] = (("min_capacity", "max_capacity"),)

    name: PrintableName = Field(description=_POLICY_NAME, examples=["morning"])
    kind: Literal["scheduled"] = Field(description="A scheduled action.")
    schedule: str = Field(
        description="`at(yyyy-mm-ddThh:mm:ss)`, `rate(n unit)` or `cron(minute hour "
        "day-of-month month day-of-week year)`.",
        examples=["cron(0 8 ? * MON-FRI *)"],
    )
    time_zone: Given[str] = Field(default=None, description=_TIME_ZONE, examples=["Europe/Berlin"])
    start: Given[Instant] = Field(default=None, description="Not before this instant.")
    end: Given[Instant] = Field(default=None, description="Not after this instant.")
    min_capacity: Given[Count] = Field(
        default=None, description="New lower bound; none: unchanged.", examples=[6]
    )
    max_capacity: Given[Count] = Field(
        default=None, description="New upper bound; none: unchanged.", examples=[24]
    )


class PredictiveSettings(Strict):
    """Have what a forecast of the demand one lead time ahead needs; it only raises."""

    name: PrintableName = Field(description=_POLICY_NAME, examples=["ahead"])
    kind: Literal["predictive"] = Field(description="Prediction.")
    metric: PrintableName = Field(description=_DEMAND, examples=["calls"])
    target_value: Annotated[Number, Field(gt=0)] = Field(
        description="What one instance is to carry in a minute, in the metric's unit; as of a "
        "target tracking policy beside it.",
        examples=[700],
    )
    quantile: Given[Share] = Field(
        default=None,
        description="Share of minutes in which demand is to be at most what was forecast, "
        "50%-99.9%. Default: 90%.",
        examples=["95%"],
    )
    metric_delay: Given[Duration] = Field(default=None, description=_DELAY, examples=["60s"])


class ObjectiveSettings(Strict):
    """When a minute is late, where a latency says it."""

    metric: PrintableName = Field(
        description="The name of a latency among the metrics; its period is 60s.",
        examples=["latency"],
    )
    at_most: Annotated[Number, Field(gt=0)] = Field(
        description="A minute above this is late; in the metric's unit.", examples=[800]
    )


class AdaptiveSettings(Strict):
    """Keep a budget of lateness at the least cost; how, it finds out by itself."""

    name: PrintableName = Field(description=_POLICY_NAME, examples=["on-budget"])
    kind: Literal["adaptive"] = Field(description="The policy that tunes itself.")
    metric: PrintableName = Field(description=_DEMAND, examples=["calls"])
    capacity_per_instance: Annotated[Number, Field(gt=0)] = Field(
        description="The most that one instance can carry in a minute without falling behind, in "
        "the metric's unit.",
        examples=[1000],
    )
    late_budget: Given[Share] = Field(
        default=None,
        description="Share of demand that may be late: that arrives over capacity or behind a "
        "backlog; with a latency_objective, share of minutes. 0.01%-50%. Default: 1%.",
        examples=["1%"],
    )
    latency_objective: Given[ObjectiveSettings] = Field(
        default=None, description="A latency that says which minutes are late."
    )
    cost_limit: Given[Annotated[Number, Field(gt=0)]] = Field(
        default=None,
        description="Most to spend an hour in the mean of some days, in the currency of "
        "price_per_hour, which must be given; the budget gives way to it. Default: any.",
        examples=[30],
    )
    metric_delay: Given[Duration] = Field(default=None, description=_DELAY, examples=["60s"])
    missing: MissingSettings = Field(
        default_factory=MissingSettings, description="What happens while the metric is missing."
    )


KINDS: dict[str, type[Strict]] = {
    "target_tracking": TrackingSettings,
    "step": StepSettings,
    "scheduled": ScheduledSettings,
    "predictive": PredictiveSettings,
    "adaptive": AdaptiveSettings,
}
_TELLTALE = {
    "capacity_per_instance": "adaptive",
    "late_budget": "adaptive",
    "quantile": "predictive",
    "target_value": "target_tracking",
    "threshold": "step",
    "steps": "step",
    "schedule": "scheduled",
}


def infer_kind(value: Any) -> str:
    """Say which kind a mapping without one looks like; "" for none."""
    return next((kind for key, kind in _TELLTALE.items() if key in value), "")


def _choose(value: Any) -> str | None:
    """Give the tag of the model that a list item is for; None where that is not to be known."""
    if not isinstance(value, dict):
        return None
    if "kind" in value:
        kind = value["kind"]
        return f"<{kind}>" if isinstance(kind, str) and kind in KINDS else None
    if any(key in value for key in ("ScheduledActionName", "ScalableTargetAction", "Schedule")):
        return "<aws_action>"
    if any(key[:1].isupper() for key in value):
        return "<aws_policy>"
    return None


PolicySettings = Annotated[
    Annotated[TrackingSettings, Tag("<target_tracking>")]
    | Annotated[StepSettings, Tag("<step>")]
    | Annotated[ScheduledSettings, Tag("<scheduled>")]
    | Annotated[PredictiveSettings, Tag("<predictive>")]
    | Annotated[AdaptiveSettings, Tag("<adaptive>")]
    | Annotated[AwsScalingPolicy, Tag("<aws_policy>")]
    | Annotated[AwsScheduledAction, Tag("<aws_action>")],
    Discriminator(_choose),
]
