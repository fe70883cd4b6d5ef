"""What AWS printed is taken over as it is, with AWS's own defaults for what it left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.core.policy import (
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    MissingRule,
    MissingRules,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import Metric, ScalableTarget, Unit
from tests.unit.config.asking import HEAD, target_of
from tests.unit.config.printing import (
    ALARM,
    OWN,
    PREDEFINED,
    RESOURCE,
    action,
    custom,
    policies,
    printed,
    query,
    step,
    tracking,
)

SECOND = timedelta(seconds=1)


def first(made: ScalableTarget) -> Any:
    """Give the first policy."""
    return made.policies[0]


@pytest.mark.parametrize("profile", ["flyball", "aws", "hpa"])
def test_a_tracking_policy_keeps_awss_defaults_under_any_profile(profile: str) -> None:
    """3 of 3 out, 15 of 15 in, 90 %, 300 s both ways, and no scale-in without data."""
    made = target_of(f"profile: {profile}\n" + policies(tracking()))
    name = PREDEFINED["PredefinedMetricType"]
    assert first(made) == TrackingPolicy(
        f"{name}-tracking",
        name,
        70,
        high_ratio=1,
        low_ratio=0.9,
        out_datapoints=DatapointsRule(3, 3),
        in_datapoints=DatapointsRule(15, 15),
        scale_out_cooldown=300 * SECOND,
        scale_in_cooldown=300 * SECOND,
        missing=MissingRules(MissingRule.IGNORE, MissingRule.BLOCK_SCALE_IN),
    )
    source = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
    assert made.metric_by_name[name] == Metric(name, source=source)


def test_what_a_tracking_policy_says_is_kept() -> None:
    """Cooldowns and DisableScaleIn."""
    said = tracking(ScaleOutCooldown=60, ScaleInCooldown=0, DisableScaleIn=True)
    policy = first(target_of(policies({"PolicyName": "mine", **said})))
    assert policy.name == "mine"
    assert (policy.scale_out_cooldown, policy.scale_in_cooldown) == (60 * SECOND, timedelta())
    assert policy.disable_scale_in


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "period_s"),
    [
        ("SageMakerVariantInvocationsPerInstance", "InvocationsPerInstance", "Sum", 60),
        (
            "SageMakerVariantConcurrentRequestsPerModelHighResolution",
            "ConcurrentRequestsPerModel",
            "Average",
            10,
        ),
        (
            "SageMakerVariantProvisionedConcurrencyUtilization",
            "ServerlessProvisionedConcurrencyUtilization",
            "Average",
            60,
        ),
        ("SageMakerInferenceComponentInvocationsPerCopy", "InvocationsPerCopy", "Sum", 60),
        (
            "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
            "ConcurrentRequestsPerCopy",
            "Average",
            10,
        ),
    ],
)
def test_every_predefined_metric_of_sagemaker_is_known(
    name: str, metric: str, statistic: str, period_s: int
) -> None:
    """By its place in CloudWatch; the high-resolution ones every ten seconds."""
    spec = {"PredefinedMetricType": name}
    made = target_of(policies(tracking(PredefinedMetricSpecification=spec)))
    source = {"namespace": "AWS/SageMaker", "metric": metric, "statistic": statistic}
    assert made.metric_by_name[name] == Metric(name, period=period_s * SECOND, source=source)


def test_a_customized_metric_is_kept_with_its_dimensions() -> None:
    """Its unit too."""
    made = target_of(
        policies(
            custom(
                MetricName="GPUUtilization",
                Namespace="/aws/sagemaker/Endpoints",
                Dimensions=[{"Name": "EndpointName", "Value": "churn"}],
                Statistic="Average",
                Unit="Percent",
            )
        )
    )
    assert made.metrics[-1] == Metric(
        "GPUUtilization",
        unit=Unit.PERCENT,
        source={
            "namespace": "/aws/sagemaker/Endpoints",
            "metric": "GPUUtilization",
            "statistic": "Average",
            "dimensions.EndpointName": "churn",
        },
    )


UNITS: dict[str, tuple[dict[str, Any], float, Unit]] = {
    "named": ({"MetricName": "CPUUtilizationNormalized"}, 60.0, Unit.PERCENT),
    "named_without_a_unit": ({"MetricName": "GPUUtilization", "Unit": "None"}, 60.0, Unit.PERCENT),
    "measured": ({"MetricName": "Busy", "Unit": "Percent"}, 0.5, Unit.PERCENT),
    "counted": ({"MetricName": "GPUUtilization", "Unit": "Count"}, 60.0, Unit.NUMBER),
    "a_fraction": ({"MetricName": "SlotUtilization"}, 0.7, Unit.NUMBER),
    "something_else": ({"MetricName": "Backlog"}, 60.0, Unit.NUMBER),
}


@pytest.mark.parametrize(("said", "limit", "unit"), UNITS.values(), ids=UNITS)
def test_a_utilization_is_in_percent_though_aws_does_not_say_so(
    said: dict[str, Any], limit: float, unit: Unit
) -> None:
    """As a number it would be load, and what idles would never go to zero."""
    where = {"Namespace": "N", "Statistic": "Average"}
    tracked = custom(**where, **said)
    tracked["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] = limit
    assert target_of(policies(tracked)).metrics[-1].unit is unit
    alarm = {**ALARM, **where, **said, "threshold": limit}
    stepped = step(alarm=alarm)
    del stepped["metric"]
    assert target_of(policies(stepped)).metrics[-1].unit is unit


@pytest.mark.parametrize(
    ("names", "unit"),
    [(("CPUUtilization", "GPUUtilization"), Unit.PERCENT), (("CPUUtilization", "m"), Unit.NUMBER)],
    ids=["of_utilizations", "of_others_too"],
)
def test_metric_math_of_utilizations_alone_is_in_percent(
    names: tuple[str, str], unit: Unit
) -> None:
    """What comes of one and something else, nobody knows."""
    lines = [{**query(each), "ReturnData": False} for each in ("a", "b")]
    for line, name in zip(lines, names, strict=True):
        line["MetricStat"]["Metric"]["MetricName"] = name
    lines.append({"Id": "most", "Expression": "MAX([a, b])"})
    assert target_of(policies(custom(Metrics=lines))).metrics[-1].unit is unit


def test_metric_math_is_kept_whole() -> None:
    """The expression, and every line that it is made of."""
    lines = [
        {**query("total"), "ReturnData": False},
        {"Id": "each", "Expression": "total / 4", "Label": "per shard"},
    ]
    made = target_of(policies(custom(Metrics=lines)))
    metric = made.metrics[-1]
    assert (metric.name, metric.source["expression"]) == ("per shard", "total / 4")
    assert json.loads(metric.source["metrics"]) == lines


def test_metric_math_may_be_one_plain_metric() -> None:
    """Without an expression, by its Id, with its unit and period."""
    made = target_of(policies(custom(Metrics=[query("total", Unit="Percent", Period=300)])))
    metric = made.metrics[-1]
    assert (metric.name, metric.unit, metric.period) == ("total", Unit.PERCENT, 300 * SECOND)
    assert metric.max_age == 600 * SECOND
    assert "expression" not in metric.source


def test_policies_on_one_metric_share_it() -> None:
    """Another metric of the same name gets a number; policies without a name too."""
    one = {"MetricName": "m", "Namespace": "A", "Statistic": "Sum"}
    other = {**one, "Namespace": "B"}
    made = target_of(policies(custom(**one), custom(**one), custom(**other)))
    assert [metric.name for metric in made.metrics] == ["m", "gpu", "m-2", "m-3"]
    assert [policy.name for policy in made.policies] == [
        "m-2-tracking",
        "m-2-tracking-2",
        "m-3-tracking",
    ]


def test_a_metric_of_the_file_may_stand_in_for_awss() -> None:
    """By its name."""
    made = target_of(policies({**tracking(), "metric": "gpu", "name": "t"}))
    assert (first(made).metric, [metric.name for metric in made.metrics]) == ("gpu", ["m", "gpu"])


def test_a_step_policy_is_taken_over_with_its_alarm() -> None:
    """Steps in any order; numbers and words as AWS has them."""
    said = {
        "AdjustmentType": "PercentChangeInCapacity",
        "StepAdjustments": [
            {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 30},
            {
                "MetricIntervalLowerBound": 0.0,
                "MetricIntervalUpperBound": 10.0,
                "ScalingAdjustment": 10,
            },
            {
                "MetricIntervalLowerBound": None,
                "MetricIntervalUpperBound": 0,
                "ScalingAdjustment": -10,
            },
        ],
        "MinAdjustmentMagnitude": 2,
        "Cooldown": 120,
        "MetricAggregationType": "Maximum",
    }  # fmt: skip
    made = target_of(policies(step(said, alarm={**ALARM, "datapoints": "2 of 3"})))
    assert first(made) == StepPolicy(
        "s",
        "m",
        50,
        (Step(None, 0, -10), Step(0, 10, 10), Step(10, None, 30)),
        comparison=Comparison.GREATER_OR_EQUAL,
        adjustment=Adjustment.PERCENT_CHANGE_IN_CAPACITY,
        min_adjustment_magnitude=2,
        aggregation=Aggregation.MAXIMUM,
        datapoints=DatapointsRule(2, 3),
        cooldown=120 * SECOND,
        missing=MissingRules(MissingRule.IGNORE, MissingRule.IGNORE),
    )


def test_a_step_policy_without_more_has_awss_defaults() -> None:
    """Average, 300 s, 1 of 1; a magnitude that its type does not use is nothing."""
    policy = first(target_of(policies(step({"MinAdjustmentMagnitude": 2}))))
    assert (policy.aggregation, policy.cooldown) == (Aggregation.AVERAGE, 300 * SECOND)
    assert (policy.datapoints, policy.min_adjustment_magnitude) == (DatapointsRule(1, 1), 0)


@pytest.mark.parametrize(
    ("operator", "comparison"),
    [
        ("GreaterThanThreshold", Comparison.GREATER),
        ("GreaterThanOrEqualToThreshold", Comparison.GREATER_OR_EQUAL),
        ("LessThanThreshold", Comparison.LESS),
        ("LessThanOrEqualToThreshold", Comparison.LESS_OR_EQUAL),
    ],
)
def test_an_alarm_may_be_as_describe_alarms_prints_it(
    operator: str, comparison: Comparison
) -> None:
    """With its metric, period and M of N; the evidence beside them is left alone."""
    alarm = {
        "AlarmName": "high",
        "AlarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:high",
        "AlarmConfigurationUpdatedTimestamp": "2026-03-02T09:14:51.612000+00:00",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": ["arn:aws:autoscaling:x"],
        "InsufficientDataActions": [],
        "StateValue": "OK",
        "StateReason": "Threshold Crossed",
        "StateUpdatedTimestamp": "2026-03-02T09:14:51.612000+00:00",
        "MetricName": "Invocations",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "EndpointName", "Value": "churn"}],
        "Period": 120,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 700.0,
        "ComparisonOperator": operator,
        "TreatMissingData": "missing",
    }
    said = step(alarm=alarm)
    del said["metric"]
    made = target_of(policies(said))
    policy = first(made)
    assert (policy.threshold, policy.comparison) == (700, comparison)
    assert policy.datapoints == DatapointsRule(2, 3)
    metric = made.metric_by_name[policy.metric]
    assert (metric.name, metric.period) == ("Invocations", 120 * SECOND)
    assert metric.source["dimensions.EndpointName"] == "churn"


def test_an_alarm_on_a_percentile_or_without_m_is_read() -> None:
    """DatapointsToAlarm is EvaluationPeriods where AWS prints none."""
    alarm = {
        "Threshold": 0,
        "ComparisonOperator": "LessThanThreshold",
        "EvaluationPeriods": 5,
        "MetricName": "ModelLatency",
        "Namespace": "AWS/SageMaker",
        "ExtendedStatistic": "p99",
    }
    said = step(alarm=alarm)
    del said["metric"]
    made = target_of(policies(said))
    assert first(made).datapoints == DatapointsRule(5, 5)
    assert first(made).threshold == 0
    assert made.metrics[-1].source["statistic"] == "p99"


def test_an_alarm_on_metric_math_is_read() -> None:
    """Its lines carry the period."""
    alarm = {**ALARM, "Metrics": [{"Id": "e", "Expression": "m1/m2", "Period": 30}]}
    said = step(alarm=alarm)
    del said["metric"]
    made = target_of(policies(said))
    assert (made.metrics[-1].name, made.metrics[-1].period) == ("e", 30 * SECOND)


def test_a_scheduled_action_is_taken_over() -> None:
    """Without a Timezone it is in UTC, whatever the file's is; stamps may be seconds."""
    said = action(StartTime=0, EndTime="2027-01-01T00:00:00+01:00")
    made = target_of("time_zone: Europe/Berlin\n" + policies(said))
    start, end = datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert first(made) == ScheduledPolicy(
        "morning", Schedule("cron(0 8 ? * MON-FRI *)", "UTC", start, end), 6, 10
    )


def test_a_scheduled_action_above_the_bounds_raises_the_hard_maximum() -> None:
    """{Min 6, Max 10} on bounds of 1 to 4 is allowed by AWS, and works here."""
    head = HEAD.replace("20", "4")
    assert target_of(policies(action()), head).hard_max == 10
    assert target_of("hard_max_capacity: 8\n" + policies(action()), head).hard_max == 8


def test_null_and_zero_differ_in_a_scheduled_action() -> None:
    """Null leaves a bound as it is."""
    bounds = {"MinCapacity": 0, "MaxCapacity": None}
    policy = first(target_of(policies(action(ScalableTargetAction=bounds, Timezone="Asia/Tokyo"))))
    assert (policy.min_capacity, policy.max_capacity) == (0, None)
    assert policy.schedule.time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("keys", "resources", "names"),
    [
        (RESOURCE, (OWN, "endpoint/other/variant/AllTraffic", OWN), ["p0", "p2"]),
        ("resource: {resource_id: endpoint/a/variant/b}\n", ("endpoint/a/variant/b", OWN), ["p0"]),
        ("resource: {inference_component: a}\n", (OWN, "inference-component/a"), ["p1"]),
        ("", (OWN, OWN), ["p0", "p1"]),
        ("", (None, OWN), ["p0", "p1"]),
        (RESOURCE, (None, None), ["p0", "p1"]),
        ("", (), []),
    ],
)
def test_of_what_aws_printed_only_the_own_policies_count(
    keys: str, resources: tuple[str | None, ...], names: list[str], tmp_path: Path
) -> None:
    """By their ResourceId; from a file or inline, whole or as a list."""
    text = printed(*resources)
    (tmp_path / "p.json").write_text(text, encoding="utf-8")
    elements = json.dumps(json.loads(text)["ScalingPolicies"])
    for said in ("p.json", text, elements):
        made = target_of(f"{keys}aws_scaling_policies: {said}", folder=tmp_path)
        assert [policy.name for policy in made.policies] == names


def test_scheduled_actions_are_read_from_a_file(tmp_path: Path) -> None:
    """Beside policies of the file's own."""
    text = json.dumps({"ScheduledActions": [action()]}, indent="\t")
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    own = "policies: [{name: o, kind: scheduled, schedule: rate(1 day), min_capacity: 1}]"
    made = target_of(f"{own}\naws_scheduled_actions: a.json", folder=tmp_path)
    assert [policy.name for policy in made.policies] == ["o", "morning"]
