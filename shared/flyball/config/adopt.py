"""What do AWS's policies mean to the engine?

What they leave out has AWS's defaults, whatever the profile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from flyball.config.amazon import (
    AwsAlarm,
    AwsCustomizedMetric,
    AwsDimension,
    AwsMetricQuery,
    AwsScalingPolicy,
    AwsScheduledAction,
    AwsStepConfiguration,
    AwsTrackingConfiguration,
)
from flyball.config.cloudwatch import PERCENT, UNSAID, is_utilization
from flyball.config.make import MAX_AGE, sort_steps
from flyball.config.pool import Metrics
from flyball.config.problem import Path
from flyball.config.profile import DEFAULTS
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.policy import (
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import Metric, Per, Profile, Unit

AWS = DEFAULTS[Profile.AWS]


class Known(NamedTuple):
    """Where a predefined metric comes from.

    Of the high-resolution ones the statistic is inferred: the mean over instances is what their
    target value is of.

    Source: Amazon SageMaker AI Developer Guide, "Metrics in Amazon CloudWatch".
    """

    name: str
    statistic: str
    period_s: int


PREDEFINED: Mapping[str, Known] = MappingProxyType(
    {
        "SageMakerVariantInvocationsPerInstance": Known("InvocationsPerInstance", "Sum", 60),
        "SageMakerVariantConcurrentRequestsPerModelHighResolution": Known(
            "ConcurrentRequestsPerModel", "Average", 10
        ),
        "SageMakerVariantProvisionedConcurrencyUtilization": Known(
            "ServerlessProvisionedConcurrencyUtilization", "Average", 60
        ),
        "SageMakerInferenceComponentInvocationsPerCopy": Known("InvocationsPerCopy", "Sum", 60),
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": Known(
            "ConcurrentRequestsPerCopy", "Average", 10
        ),
    }
)
_COMPARISONS = {
    "GreaterThanThreshold": Comparison.GREATER,
    "GreaterThanOrEqualToThreshold": Comparison.GREATER_OR_EQUAL,
    "LessThanThreshold": Comparison.LESS,
    "LessThanOrEqualToThreshold": Comparison.LESS_OR_EQUAL,
}
_ADJUSTMENTS = {
    "ChangeInCapacity": Adjustment.CHANGE_IN_CAPACITY,
    "PercentChangeInCapacity": Adjustment.PERCENT_CHANGE_IN_CAPACITY,
    "ExactCapacity": Adjustment.EXACT_CAPACITY,
}


def adopt_policy(
    policy: AwsScalingPolicy, place: Place, metrics: Metrics, report: Report
) -> TrackingPolicy | StepPolicy | None:
    """Take over an element of ScalingPolicies."""
    if policy.TargetTrackingScalingPolicyConfiguration is not None:
        configuration = policy.TargetTrackingScalingPolicyConfiguration
        return _adopt_tracking(policy, configuration, place, metrics, report)
    steps = policy.StepScalingPolicyConfiguration
    return None if steps is None else _adopt_step(policy, steps, place, metrics, report)


def adopt_action(
    action: AwsScheduledAction, place: Place, report: Report
) -> ScheduledPolicy | None:
    """Take over an element of ScheduledActions; without a Timezone it is in UTC."""
    names: dict[str, Path] = {
        "schedule": ("Schedule",),
        "time_zone": ("Timezone",),
        "end": ("EndTime",),
        "name": ("ScheduledActionName",),
        "min_capacity": ("ScalableTargetAction",),
        "max_capacity": ("ScalableTargetAction",),
    }

    def make() -> ScheduledPolicy:
        schedule = Schedule(
            action.Schedule, action.Timezone or "UTC", action.StartTime, action.EndTime
        )
        bounds = action.ScalableTargetAction
        return ScheduledPolicy(
            action.ScheduledActionName, schedule, bounds.MinCapacity, bounds.MaxCapacity
        )

    return report.attempt(place, names, make)


def _adopt_tracking(
    policy: AwsScalingPolicy,
    said: AwsTrackingConfiguration,
    place: Place,
    metrics: Metrics,
    report: Report,
) -> TrackingPolicy | None:
    here = place.at("TargetTrackingScalingPolicyConfiguration")
    if policy.alarm is not None:
        report.add(
            place.at("alarm"),
            "a target tracking policy makes its own alarms",
            "remove alarm",
            key=True,
        )
    metric = policy.metric or _find_tracked(said, here, metrics, report)
    if metric is None:
        return None
    names: dict[str, Path] = {"name": ("PolicyName",)}
    return report.attempt(
        place,
        names,
        lambda: TrackingPolicy(
            _name(policy, f"{metric}-tracking"),
            metric,
            said.TargetValue,
            high_ratio=AWS.high_ratio,
            low_ratio=AWS.low_ratio,
            out_datapoints=AWS.out_datapoints,
            in_datapoints=AWS.in_datapoints,
            scale_out_cooldown=timedelta(seconds=said.ScaleOutCooldown),
            scale_in_cooldown=timedelta(seconds=said.ScaleInCooldown),
            disable_scale_in=said.DisableScaleIn,
            missing=AWS.missing,
        ),
    )


def _find_tracked(
    said: AwsTrackingConfiguration, here: Place, metrics: Metrics, report: Report
) -> str | None:
    if said.PredefinedMetricSpecification is not None:
        wanted = said.PredefinedMetricSpecification.PredefinedMetricType
        known = PREDEFINED[wanted]
        source = {"namespace": "AWS/SageMaker", "metric": known.name, "statistic": known.statistic}
        return metrics.bring(
            Metric(wanted, period=timedelta(seconds=known.period_s), source=source)
        )
    custom = said.CustomizedMetricSpecification or AwsCustomizedMetric()
    here = here.at("CustomizedMetricSpecification")
    return _bring(custom, custom.Statistic, None, said.TargetValue, here, metrics, report)


def _adopt_step(
    policy: AwsScalingPolicy,
    said: AwsStepConfiguration,
    place: Place,
    metrics: Metrics,
    report: Report,
) -> StepPolicy | None:
    here = ("StepScalingPolicyConfiguration",)
    alarm = policy.alarm
    if alarm is None:
        hint = "add alarm: with its element of describe-alarms, or with threshold and comparison"
        report.add(
            place,
            "the alarm is missing: AWS keeps a step policy's threshold and comparison in it",
            hint,
        )
        return None
    metric = policy.metric or _find_alarmed(alarm, place.at("alarm"), metrics, report)
    if metric is None:
        return None
    steps, order = sort_steps(
        [
            Step(s.MetricIntervalLowerBound, s.MetricIntervalUpperBound, float(s.ScalingAdjustment))
            for s in said.StepAdjustments
        ]
    )
    names: dict[str, Path] = {
        "name": ("PolicyName",),
        "min_adjustment_magnitude": (*here, "MinAdjustmentMagnitude"),
        "steps": (*here, "StepAdjustments"),
        "datapoints": ("alarm",),
    }
    for index, original in enumerate(order):
        step: Path = (*here, "StepAdjustments", original)
        names[f"steps[{index}]"] = step
        names[f"steps[{index}].lower"] = (*step, "MetricIntervalLowerBound")
        names[f"steps[{index}].upper"] = (*step, "MetricIntervalUpperBound")
        names[f"steps[{index}].adjustment"] = (*step, "ScalingAdjustment")
    percent = said.AdjustmentType == "PercentChangeInCapacity"
    return report.attempt(
        place,
        names,
        lambda: StepPolicy(
            _name(policy, f"{metric}-step"),
            metric,
            _threshold(alarm),
            steps,
            comparison=_comparison(alarm),
            adjustment=_ADJUSTMENTS[said.AdjustmentType],
            # AWS ignores it with the other types, and prints it all the same.
            min_adjustment_magnitude=(said.MinAdjustmentMagnitude or 0) if percent else 0,
            aggregation=Aggregation(said.MetricAggregationType.lower()),
            datapoints=_datapoints(alarm),
            cooldown=timedelta(seconds=said.Cooldown),
            missing=AWS.step_missing,
        ),
    )


def _find_alarmed(alarm: AwsAlarm, here: Place, metrics: Metrics, report: Report) -> str | None:
    if alarm.MetricName is None and alarm.Metrics is None:
        hint = "add `metric:` beside it, or MetricName and Namespace to the alarm"
        report.add(here, "no metric is named: neither by the policy nor by its alarm", hint)
        return None
    statistic = alarm.ExtendedStatistic or alarm.Statistic
    return _bring(alarm, statistic, alarm.Period, _threshold(alarm), here, metrics, report)


def _bring(
    said: AwsCustomizedMetric | AwsAlarm,
    statistic: str | None,
    period: int | None,
    limit: float,
    here: Place,
    metrics: Metrics,
    report: Report,
) -> str | None:
    """Bring the metric of a specification or of an alarm: a plain one, or metric math."""
    if said.Metrics is not None:
        return _bring_math(said.Metrics, limit, here.at("Metrics"), metrics, report)
    for key, value in (("Namespace", said.Namespace), ("Statistic", statistic)):
        if value is None:
            report.add(here, f"{key} is missing beside MetricName")
            return None
    source = {
        "namespace": said.Namespace or "",
        "metric": said.MetricName or "",
        "statistic": statistic or "",
        **_dimensions(said.Dimensions),
    }
    name = said.MetricName or ""
    unit = _find_unit(said.Unit, source, limit)
    return _add(name, unit, period, source, here.at("MetricName"), metrics, report)


def _bring_math(
    lines: Sequence[AwsMetricQuery], limit: float, here: Place, metrics: Metrics, report: Report
) -> str | None:
    returned = [line for line in lines if line.ReturnData]
    repeated = {line.Id for line in lines if sum(other.Id == line.Id for other in lines) > 1}
    if repeated:
        report.add(here, f"Id {min(repeated)} is there twice", "give each line an Id of its own")
        return None
    if len(returned) != 1:
        ids = ", ".join(line.Id for line in returned) or "none"
        hint = "set ReturnData: false on the others" if returned else "set ReturnData: true on one"
        report.add(
            here, f"got {len(returned)} lines with ReturnData ({ids}), expected exactly one", hint
        )
        return None
    line = returned[0]
    plain = [each.model_dump(mode="json", exclude_unset=True) for each in lines]
    source = {"metrics": json.dumps(plain, sort_keys=True, separators=(",", ":"))}
    if line.Expression is not None:
        source["expression"] = line.Expression
    unit = _find_unit(line.MetricStat.Unit if line.MetricStat else None, source, limit)
    periods = [
        each.Period or (each.MetricStat.Period if each.MetricStat else None) for each in lines
    ]
    period = max((seconds for seconds in periods if seconds), default=None)
    return _add(line.Label or line.Id, unit, period, source, here, metrics, report)


def _find_unit(unit: str | None, source: Mapping[str, str], limit: float) -> Unit:
    """Find what a metric is measured in: a policy of AWS may leave it out.

    A utilization that is held against 1 or less is a fraction, and is left a number: as a ratio its
    policies would be written in percent.
    """
    if unit in (None, *UNSAID):
        is_percent = limit > 1 and is_utilization(source)
    else:
        is_percent = unit == PERCENT
    return Unit.PERCENT if is_percent else Unit.NUMBER


def _add(
    name: str,
    unit: Unit,
    period: int | None,
    source: Mapping[str, str],
    here: Place,
    metrics: Metrics,
    report: Report,
) -> str | None:
    length = timedelta(seconds=period or 60)
    metric = report.attempt(
        here,
        {"name": ()},
        lambda: Metric(
            name,
            unit,
            Per.INSTANCE,
            length,
            max(MAX_AGE["aws"], 2 * length),
            source,
        ),
    )
    return None if metric is None else metrics.bring(metric)


def _dimensions(dimensions: Sequence[AwsDimension]) -> dict[str, Any]:
    return {f"dimensions.{each.Name}": each.Value for each in dimensions}


def _name(policy: AwsScalingPolicy, otherwise: str) -> str:
    return policy.name or policy.PolicyName or otherwise


def _threshold(alarm: AwsAlarm) -> float:
    given = alarm.threshold if alarm.Threshold is None else alarm.Threshold
    return given or 0.0


def _comparison(alarm: AwsAlarm) -> Comparison:
    if alarm.ComparisonOperator is not None:
        return _COMPARISONS[alarm.ComparisonOperator]
    return Comparison(alarm.comparison)


def _datapoints(alarm: AwsAlarm) -> DatapointsRule:
    if alarm.datapoints is not None:
        return DatapointsRule(*alarm.datapoints)
    evaluated = alarm.EvaluationPeriods or AWS.step_datapoints.evaluated
    return DatapointsRule(alarm.DatapointsToAlarm or evaluated, evaluated)
