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
from tests.unit.config.asking import HEAD, problems, problems_of, target_of

SECOND = timedelta(seconds=1)
PREDEFINED = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
}
ALARM = {"threshold": 50, "comparison": ">="}


def tracking(**said: Any) -> dict[str, Any]:
    """Write a target tracking policy as only its configuration."""
    configuration = {"TargetValue": 70.0, "PredefinedMetricSpecification": PREDEFINED, **said}
    return {"TargetTrackingScalingPolicyConfiguration": configuration}


def custom(**said: Any) -> dict[str, Any]:
    """Write a target tracking policy with a metric of one's own."""
    return {
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.0,
            "CustomizedMetricSpecification": said,
        }
    }


def step(configuration: dict[str, Any] | None = None, **beside: Any) -> dict[str, Any]:
    """Write a step policy, on a metric of the file's."""
    said = {**STEPS, **(configuration or {})}
    return {
        "PolicyName": "s",
        "metric": "m",
        "alarm": ALARM,
        "StepScalingPolicyConfiguration": said,
        **beside,
    }


def policies(*given: dict[str, Any]) -> str:
    """Write a list of policies."""
    return f"policies: {json.dumps(given)}"


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


def query(name: str, **said: Any) -> dict[str, Any]:
    """Write a line of metric math on a metric."""
    metric = {"MetricName": "Invocations", "Namespace": "AWS/SageMaker"}
    return {"Id": name, "MetricStat": {"Metric": metric, "Stat": "Sum", **said}}


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


def action(**said: Any) -> dict[str, Any]:
    """Write a scheduled action as describe-scheduled-actions prints it."""
    return {
        "ScheduledActionName": "morning",
        "ScheduledActionARN": "arn:aws:autoscaling:x",
        "ServiceNamespace": "sagemaker",
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ResourceId": "endpoint/churn/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ScalableTargetAction": {"MinCapacity": 6, "MaxCapacity": 10},
        "CreationTime": 1772442891.612,
        **said,
    }


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


RESOURCE = "resource: {endpoint: churn, variant: AllTraffic}\n"
OWN = "endpoint/churn/variant/AllTraffic"


def printed(*resources: str | None) -> str:
    """Write what describe-scaling-policies prints, a policy a resource."""
    elements = [
        {"PolicyName": f"p{i}", "ResourceId": resource, **tracking()}
        if resource
        else {"PolicyName": f"p{i}", **tracking()}
        for i, resource in enumerate(resources)
    ]
    return json.dumps({"ScalingPolicies": elements, "NextToken": "x"})


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


TRACK = "policies[0].TargetTrackingScalingPolicyConfiguration"
MATH = f"{TRACK}.CustomizedMetricSpecification"
WRONG: dict[str, tuple[str, list[str]]] = {
    "no_alarm": (
        policies({"StepScalingPolicyConfiguration": STEPS}),
        [
            (
                "policies[0]: the alarm is missing: AWS keeps a step policy's "
                "threshold and comparison "
                "in it; add alarm: with its element of describe-alarms, or with "
                "threshold and comparison"
            )
        ],
    ),
    "alarm_without_a_metric": (
        policies({"StepScalingPolicyConfiguration": STEPS, "alarm": ALARM}),
        [
            (
                "policies[0].alarm: no metric is named: neither by the policy nor by "
                "its alarm; add "
                "`metric:` beside it, or MetricName and Namespace to the alarm"
            )
        ],
    ),
    "alarm_without_a_threshold": (
        policies(step(alarm={"MetricName": "m"})),
        [
            "policies[0].alarm: expected one of the keys threshold, Threshold",
            "policies[0].alarm: expected one of the keys comparison, ComparisonOperator",
        ],
    ),
    "alarm_on_an_anomaly": (
        policies(step(alarm={"Threshold": 1, "ComparisonOperator": "LessThanLowerThreshold"})),
        [
            (
                'policies[0].alarm.ComparisonOperator: got "LessThanLowerThreshold", '
                "expected one of "
                "GreaterThanThreshold, GreaterThanOrEqualToThreshold, LessThanThreshold, "
                "LessThanOrEqualToThreshold; did you mean LessThanThreshold?"
            )
        ],
    ),
    "alarm_that_can_never_fire": (
        policies(
            step(
                alarm={
                    "threshold": 1,
                    "comparison": "<",
                    "EvaluationPeriods": 2,
                    "DatapointsToAlarm": 3,
                }
            )
        ),
        ["policies[0].alarm: got 3, expected a whole number from 1 to 2"],
    ),
    "alarm_of_a_tracking_policy": (
        policies({**tracking(), "alarm": ALARM}),
        ["policies[0].alarm: a target tracking policy makes its own alarms; remove alarm"],
    ),
    "gap": (
        policies(
            step(
                {
                    "StepAdjustments": [
                        {"MetricIntervalLowerBound": 11, "ScalingAdjustment": 2},
                        {
                            "MetricIntervalLowerBound": 0,
                            "MetricIntervalUpperBound": 10,
                            "ScalingAdjustment": 1,
                        },
                    ]
                }
            )
        ),
        [
            (
                "policies[0].StepScalingPolicyConfiguration.StepAdjustments[0]."
                "MetricIntervalLowerBound: got 11.0, expected the last step's upper bound (10.0): "
                "no gap, no overlap"
            )
        ],
    ),
    "unknown_metric_type": (
        policies(tracking(PredefinedMetricSpecification={"PredefinedMetricType": "ECSx"})),
        [
            (
                f"{TRACK}.PredefinedMetricSpecification.PredefinedMetricType: got "
                f'"ECSx", expected one of'
            )
        ],
    ),
    "no_metric": (
        policies({"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1}}),
        [
            (
                f"{TRACK}: expected one of the keys PredefinedMetricSpecification, "
                "CustomizedMetricSpecification"
            )
        ],
    ),
    "no_namespace": (
        policies(custom(MetricName="m", Statistic="Sum")),
        [f"{MATH}: Namespace is missing beside MetricName"],
    ),
    "no_statistic": (
        policies(custom(MetricName="m", Namespace="n")),
        [f"{MATH}: Statistic is missing beside MetricName"],
    ),
    "empty_metric_name": (
        policies(custom(MetricName="", Namespace="n", Statistic="Sum")),
        [f"{MATH}.MetricName: got '', expected 1 to 256 printable characters"],
    ),
    "two_returned": (
        policies(custom(Metrics=[query("a"), query("b")])),
        [
            (
                f"{MATH}.Metrics: got 2 lines with ReturnData (a, b), expected exactly one; set "
                "ReturnData: false on the others"
            )
        ],
    ),
    "none_returned": (
        policies(custom(Metrics=[{**query("a"), "ReturnData": False}])),
        [
            (
                f"{MATH}.Metrics: got 0 lines with ReturnData (none), expected exactly one; set "
                "ReturnData: true on one"
            )
        ],
    ),
    "id_twice": (
        policies(custom(Metrics=[query("a"), query("a")])),
        [f"{MATH}.Metrics: Id a is there twice; give each line an Id of its own"],
    ),
    "predictive": (
        policies({"PolicyName": "p", "PredictiveScalingPolicyConfiguration": {}}),
        [
            (
                "policies[0]: expected one of the keys TargetTrackingScalingPolicyConfiguration, "
                "StepScalingPolicyConfiguration"
            ),
            (
                "policies[0].PredictiveScalingPolicyConfiguration: unknown key; "
                "predictive policies "
                "cannot be taken over"
            ),
        ],
    ),
    "misspelt": (
        policies(tracking(DisableScalein=True)),
        [f"{TRACK}.DisableScalein: unknown key; did you mean DisableScaleIn?"],
    ),
    "schedule": (
        policies(action(Schedule="rate(1 hours)")),
        [
            (
                "policies[0].Schedule: schedule 'rate(1 hours)': unit 'hours': a value of 1 takes "
                "'hour'; write 'hour'"
            )
        ],
    ),
    "time_zone": (
        policies(action(Timezone="Mars")),
        ["policies[0].Timezone: unknown time zone 'Mars': write an IANA name"],
    ),
    "end_before_start": (
        policies(action(StartTime=2, EndTime=1)),
        ["policies[0].EndTime: end 1970-01-01T00:00:01+00:00 is before start"],
    ),
    "bounds": (
        policies(action(ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 2})),
        ["policies[0].ScalableTargetAction: got 3, expected at most max_capacity (2)"],
    ),
    "no_bounds": (
        policies(action(ScalableTargetAction={})),
        ["policies[0].ScalableTargetAction: got None, expected at least one of the two"],
    ),
    "stamp": (
        policies(action(StartTime=-5)),
        ["policies[0].StartTime: got -5, expected an instant with an offset"],
    ),
    "names_twice": (
        policies({"PolicyName": "p", **tracking()}, {"PolicyName": "p", **tracking()}),
        ["policies[1].PolicyName: another policy has this name already; first on line 7"],
    ),
    "several_resources": (
        f"aws_scaling_policies: {printed('endpoint/a/variant/b', OWN)}",
        [
            (
                "resource: AWS's output is about several resources (endpoint/a/variant/b, "
                "endpoint/churn/variant/AllTraffic); say which one"
            )
        ],
    ),
    "another_resource": (
        f"{RESOURCE}aws_scaling_policies: {printed('endpoint/churm/variant/AllTraffic')}",
        [
            (
                "aws_scaling_policies.ScalingPolicies: nothing here is about "
                "endpoint/churn/variant/AllTraffic, only about endpoint/churm/variant/AllTraffic; "
                "did you mean endpoint/churm/variant/AllTraffic?"
            )
        ],
    ),
    "no_file": (
        "aws_scaling_policies: none.json",
        ["none.json: no such file; check the path; a relative one"],
    ),
    "neither_file_nor_output": (
        "aws_scaling_policies: 3",
        ["aws_scaling_policies: got 3, expected the name of a file, or what AWS printed"],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_taken_over_is_named(lines: str, expected: list[str]) -> None:
    """At AWS's own key, with what is missing."""
    found = problems_of(lines)
    assert [one[: len(start)] for one, start in zip(found, expected, strict=True)] == expected


def test_a_file_of_awss_is_answered_by_its_own_name(tmp_path: Path) -> None:
    """Problems of shape and of meaning, after those of the file that names it."""
    elements = [
        {"PolicyName": "a", "PolicyTyp": "x", **tracking()},
        {"PolicyName": "b", "StepScalingPolicyConfiguration": STEPS},
    ]
    text = json.dumps({"ScalingPolicies": elements}, indent=1)
    (tmp_path / "p.json").write_text(text, encoding="utf-8")
    found = problems(HEAD + "    tik: 1\n    aws_scaling_policies: p.json\n", tmp_path)
    file = tmp_path / "p.json"
    assert [one.partition(";")[0] for one in found] == [
        "flyball.yaml:7:5: scalable_targets[0].tik: unknown key",
        f"{file}:5:4: ScalingPolicies[0].PolicyTyp: unknown key",
        (
            f"{file}:13:3: ScalingPolicies[1]: the alarm is missing: AWS keeps a step policy's "
            "threshold and comparison in it"
        ),
    ]


def test_a_broken_file_of_awss_is_answered(tmp_path: Path) -> None:
    """Where its JSON ends, and who named it."""
    (tmp_path / "p.json").write_text('{"ScalingPolicies": [', encoding="utf-8")
    found = problems(HEAD + "    aws_scaling_policies: p.json\n", tmp_path)
    assert found == [
        f"{tmp_path / 'p.json'}:1:22: not JSON: expecting value; named in flyball.yaml:7:27"
    ]


def test_a_file_of_another_shape_is_answered(tmp_path: Path) -> None:
    """Not every JSON is what AWS printed."""
    (tmp_path / "p.json").write_text("[]", encoding="utf-8")
    found = problems(HEAD + "    aws_scaling_policies: p.json\n", tmp_path)
    assert found == [f"{tmp_path / 'p.json'}:1:1: got an empty list, expected a mapping"]
