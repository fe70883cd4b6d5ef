"""Which of AWS's own JSON is understood, as its commands print it and take it?

Source: Application Auto Scaling API (ScalingPolicy, ScheduledAction and what they hold) and
CloudWatch API (MetricAlarm), by botocore's service models.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema

from flyball.config.fields import (
    WHOLE,
    Bound,
    Count,
    Datapoints,
    Given,
    Item,
    Number,
    PrintableName,
    Stamp,
    Strict,
)
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.policy import DATAPOINT_LIMIT, STEP_LIMIT

PredefinedMetric = Literal[
    "SageMakerVariantInvocationsPerInstance",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "SageMakerVariantProvisionedConcurrencyUtilization",
    "SageMakerInferenceComponentInvocationsPerCopy",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
]
AwsStatistic = Literal["Average", "Minimum", "Maximum", "SampleCount", "Sum"]
Seconds = Annotated[int, Field(ge=0, le=315_360_000), WHOLE]
Periods = Annotated[int, Field(ge=1, le=DATAPOINT_LIMIT), WHOLE]
Groups = tuple[tuple[str, ...], ...]

Unchanged = Annotated[
    Count | None,
    WithJsonSchema({"type": ["integer", "null"], "minimum": 0, "maximum": CAPACITY_LIMIT}),
]
_EVIDENCE = "Printed by AWS; not needed."


class AwsDimension(Strict):
    """A dimension of a CloudWatch metric."""

    Name: str = Field(description="Its name.", examples=["EndpointName"])
    Value: str = Field(description="Its value.")


class AwsPredefinedMetric(Strict):
    """A metric that Application Auto Scaling knows by name."""

    PredefinedMetricType: PredefinedMetric = Field(
        description="Which one; SageMaker's are understood."
    )
    ResourceLabel: Given[str] = Field(default=None, description="Not used by SageMaker's metrics.")


class AwsMetric(Strict):
    """A CloudWatch metric."""

    MetricName: str = Field(description="Its name.")
    Namespace: str = Field(description="Its namespace.")
    Dimensions: list[AwsDimension] = Field(default_factory=list, description="Its dimensions.")


class AwsMetricStat(Strict):
    """A CloudWatch metric and how its values are folded."""

    Metric: AwsMetric = Field(description="Which metric.")
    Stat: str = Field(description="The statistic.", examples=["Sum"])
    Unit: Given[str] = Field(default=None, description="CloudWatch's unit.")
    Period: Given[Annotated[int, Field(ge=1, le=86_400), WHOLE]] = Field(
        default=None, description="Seconds; only where an alarm prints it."
    )


class AwsMetricQuery(Strict):
    """One line of a metric math expression."""

    required_one: ClassVar[Groups] = (("Expression", "MetricStat"),)
    exclusive: ClassVar[Groups] = (("Expression", "MetricStat"),)

    Id: str = Field(description="What expressions call it.", examples=["m1"])
    Expression: Given[str] = Field(
        default=None, description="An expression over other lines.", examples=["m1 / m2"]
    )
    MetricStat: Given[AwsMetricStat] = Field(default=None, description="A metric.")
    Label: Given[str] = Field(default=None, description="For people.")
    ReturnData: bool = Field(
        default=True, description="Whether this is the line that counts; exactly one is."
    )
    Period: Given[Annotated[int, Field(ge=1, le=86_400), WHOLE]] = Field(
        default=None, description="Seconds; only where an alarm prints it."
    )
    AccountId: Given[str] = Field(default=None, description=_EVIDENCE)


class AwsCustomizedMetric(Strict):
    """Any CloudWatch metric, or metric math."""

    required_one: ClassVar[Groups] = (("MetricName", "Metrics"),)
    exclusive: ClassVar[Groups] = (("MetricName", "Metrics"),)

    MetricName: Given[str] = Field(
        default=None, description="The metric's name.", examples=["GPUUtilization"]
    )
    Namespace: Given[str] = Field(
        default=None, description="Its namespace.", examples=["/aws/sagemaker/Endpoints"]
    )
    Dimensions: list[AwsDimension] = Field(default_factory=list, description="Its dimensions.")
    Statistic: Given[AwsStatistic] = Field(default=None, description="How its values are folded.")
    Unit: Given[str] = Field(default=None, description="CloudWatch's unit.")
    Metrics: Given[Annotated[list[AwsMetricQuery], Field(min_length=1)]] = Field(
        default=None, description="Metric math: exactly one line with ReturnData."
    )


class AwsTrackingConfiguration(Strict):
    """A target tracking policy, as put-scaling-policy takes it."""

    required_one: ClassVar[Groups] = (
        ("PredefinedMetricSpecification", "CustomizedMetricSpecification"),
    )
    exclusive: ClassVar[Groups] = required_one

    TargetValue: Annotated[Number, Field(gt=0)] = Field(
        description="In the metric's unit.", examples=[70.0]
    )
    PredefinedMetricSpecification: Given[AwsPredefinedMetric] = Field(
        default=None, description="A metric known by name."
    )
    CustomizedMetricSpecification: Given[AwsCustomizedMetric] = Field(
        default=None, description="Any other metric."
    )
    ScaleOutCooldown: Seconds = Field(default=300, description="Seconds.")
    ScaleInCooldown: Seconds = Field(default=300, description="Seconds.")
    DisableScaleIn: bool = Field(default=False, description="Never scale in by this policy.")


class AwsStepAdjustment(Strict):
    """One step; bounds are relative to the alarm's threshold."""

    MetricIntervalLowerBound: Bound = Field(
        default=None, description="Lower bound; none: minus infinity."
    )
    MetricIntervalUpperBound: Bound = Field(
        default=None, description="Upper bound; none: plus infinity."
    )
    ScalingAdjustment: Annotated[int, Field(ge=-CAPACITY_LIMIT, le=CAPACITY_LIMIT), WHOLE] = Field(
        description="By AdjustmentType.", examples=[1]
    )


class AwsStepConfiguration(Strict):
    """A step scaling policy, as put-scaling-policy takes it."""

    AdjustmentType: Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"] = Field(
        description="What the steps' numbers mean."
    )
    StepAdjustments: Annotated[
        list[AwsStepAdjustment], Field(min_length=1, max_length=STEP_LIMIT)
    ] = Field(description="The steps, in any order.")
    MinAdjustmentMagnitude: Given[Count] = Field(
        default=None, description="Smallest change by percent, instances."
    )
    Cooldown: Seconds = Field(default=300, description="Seconds.")
    MetricAggregationType: Literal["Average", "Minimum", "Maximum"] = Field(
        default="Average", description="How datapoints become one value."
    )


class AwsAlarm(Strict):
    """The alarm of a step scaling policy: in our three keys, or as describe-alarms prints it."""

    required_one: ClassVar[Groups] = (
        ("threshold", "Threshold"),
        ("comparison", "ComparisonOperator"),
    )
    exclusive: ClassVar[Groups] = (*required_one, ("datapoints", "EvaluationPeriods"))

    threshold: Given[Number] = Field(
        default=None, description="In the metric's unit.", examples=[50]
    )
    comparison: Given[Literal[">", ">=", "<", "<="]] = Field(
        default=None, description="Which side is a breach."
    )
    datapoints: Given[Datapoints] = Field(
        default=None, description="M of N periods. Default: 1 of 1."
    )
    Threshold: Given[Number] = Field(default=None, description="In the metric's unit.")
    ComparisonOperator: Given[
        Literal[
            "GreaterThanThreshold",
            "GreaterThanOrEqualToThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
        ]
    ] = Field(default=None, description="Which side is a breach.")
    EvaluationPeriods: Given[Periods] = Field(default=None, description="N.")
    DatapointsToAlarm: Given[Periods] = Field(default=None, description="M; none: N.")
    Period: Given[Annotated[int, Field(ge=1, le=86_400), WHOLE]] = Field(
        default=None, description="Seconds."
    )
    Namespace: Given[str] = Field(default=None, description="The metric's namespace.")
    MetricName: Given[str] = Field(default=None, description="The metric's name.")
    Statistic: Given[AwsStatistic] = Field(
        default=None, description="How the metric's values are folded."
    )
    ExtendedStatistic: Given[str] = Field(
        default=None, description="Likewise, a percentile.", examples=["p99"]
    )
    Dimensions: list[AwsDimension] = Field(
        default_factory=list, description="The metric's dimensions."
    )
    Unit: Given[str] = Field(default=None, description="CloudWatch's unit.")
    Metrics: Given[Annotated[list[AwsMetricQuery], Field(min_length=1)]] = Field(
        default=None, description="Metric math."
    )
    AlarmName: Given[str] = Field(default=None, description=_EVIDENCE)
    AlarmArn: Given[str] = Field(default=None, description=_EVIDENCE)
    AlarmDescription: Any = Field(default=None, description=_EVIDENCE)
    AlarmConfigurationUpdatedTimestamp: Any = Field(default=None, description=_EVIDENCE)
    ActionsEnabled: Any = Field(default=None, description=_EVIDENCE)
    OKActions: Any = Field(default=None, description=_EVIDENCE)
    AlarmActions: Any = Field(default=None, description=_EVIDENCE)
    InsufficientDataActions: Any = Field(default=None, description=_EVIDENCE)
    StateValue: Any = Field(default=None, description=_EVIDENCE)
    StateReason: Any = Field(default=None, description=_EVIDENCE)
    StateReasonData: Any = Field(default=None, description=_EVIDENCE)
    StateUpdatedTimestamp: Any = Field(default=None, description=_EVIDENCE)
    StateTransitionedTimestamp: Any = Field(default=None, description=_EVIDENCE)
    TreatMissingData: Any = Field(default=None, description=_EVIDENCE)
    EvaluateLowSampleCountPercentile: Any = Field(default=None, description=_EVIDENCE)
    EvaluationState: Any = Field(default=None, description=_EVIDENCE)


class AwsAlarmName(Strict):
    """An alarm as describe-scaling-policies prints it: by name only."""

    AlarmName: str = Field(description="Its name.")
    AlarmARN: Given[str] = Field(default=None, description=_EVIDENCE)


class AwsScalingPolicy(Strict):
    """An element of ScalingPolicies, as describe-scaling-policies prints it, or a part of one."""

    required_one: ClassVar[Groups] = (
        ("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"),
    )
    exclusive: ClassVar[Groups] = (*required_one, ("name", "PolicyName"))

    name: Given[PrintableName] = Field(default=None, description="Ours: in place of PolicyName.")
    metric: Given[PrintableName] = Field(
        default=None, description="Ours: the name of one of the metrics, in place of AWS's."
    )
    alarm: Given[AwsAlarm] = Field(
        default=None, description="Ours: a step policy's alarm, which AWS prints by name only."
    )
    PolicyName: Given[PrintableName] = Field(
        default=None, description="Unique in its scalable target."
    )
    PolicyType: Given[Literal["TargetTrackingScaling", "StepScaling"]] = Field(
        default=None, description=_EVIDENCE
    )
    TargetTrackingScalingPolicyConfiguration: Given[AwsTrackingConfiguration] = Field(
        default=None, description="Target tracking."
    )
    StepScalingPolicyConfiguration: Given[AwsStepConfiguration] = Field(
        default=None, description="Step scaling."
    )
    ResourceId: Given[str] = Field(
        default=None, description="Which resource.", examples=["endpoint/churn/variant/AllTraffic"]
    )
    PolicyARN: Given[str] = Field(default=None, description=_EVIDENCE)
    ServiceNamespace: Given[str] = Field(default=None, description=_EVIDENCE)
    ScalableDimension: Given[str] = Field(default=None, description=_EVIDENCE)
    Alarms: list[AwsAlarmName] = Field(default_factory=list, description=_EVIDENCE)
    CreationTime: Given[Stamp] = Field(default=None, description=_EVIDENCE)


class AwsTargetAction(Strict):
    """What a scheduled action sets; null and 0 differ."""

    MinCapacity: Unchanged = Field(default=None, description="New lower bound; null: unchanged.")
    MaxCapacity: Unchanged = Field(default=None, description="New upper bound; null: unchanged.")


class AwsScheduledAction(Strict):
    """An element of ScheduledActions, as describe-scheduled-actions prints it."""

    ScheduledActionName: PrintableName = Field(description="Unique in its scalable target.")
    Schedule: str = Field(
        description="at(...), rate(...) or cron(...).", examples=["cron(0 8 ? * MON-FRI *)"]
    )
    Timezone: Given[str] = Field(default=None, description="IANA name. Default: UTC.")
    StartTime: Given[Stamp] = Field(default=None, description="Not before this instant.")
    EndTime: Given[Stamp] = Field(default=None, description="Not after this instant.")
    ScalableTargetAction: AwsTargetAction = Field(description="The bounds.")
    ResourceId: Given[str] = Field(default=None, description="Which resource.")
    ScheduledActionARN: Given[str] = Field(default=None, description=_EVIDENCE)
    ServiceNamespace: Given[str] = Field(default=None, description=_EVIDENCE)
    ScalableDimension: Given[str] = Field(default=None, description=_EVIDENCE)
    CreationTime: Given[Stamp] = Field(default=None, description=_EVIDENCE)


class AwsScalingPolicies(Strict):
    """What describe-scaling-policies prints."""

    ScalingPolicies: list[Item[AwsScalingPolicy]] = Field(description="The policies.")
    NextToken: Given[str] = Field(default=None, description=_EVIDENCE)


class AwsScheduledActions(Strict):
    """What describe-scheduled-actions prints."""

    ScheduledActions: list[Item[AwsScheduledAction]] = Field(description="The actions.")
    NextToken: Given[str] = Field(default=None, description=_EVIDENCE)
