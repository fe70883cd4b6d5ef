"""What AWS printed and cannot be taken over is named at AWS's own key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.config.asking import HEAD, problems, problems_of
from tests.unit.config.printing import (
    ALARM,
    OWN,
    RESOURCE,
    STEPS,
    action,
    custom,
    policies,
    printed,
    query,
    step,
    tracking,
)

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
