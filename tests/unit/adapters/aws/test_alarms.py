"""Is an alarm of ours written as CloudWatch takes it, to the unit and the minute?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import botocore.session  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore.validate import ParamValidator  # type: ignore[import-untyped,unused-ignore]

from flyball.adapters.aws.alarms import AlarmError, define
from flyball.alarm import Alarm, define_alarms, is_static
from flyball.core.policy import Comparison, DatapointsRule, Step, StepPolicy, TrackingPolicy
from flyball.core.target import Metric, Per, ScalableTarget, Unit

SUM = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
CPU = {"namespace": "/aws/sagemaker/Endpoints", "metric": "CPUUtilization", "statistic": "Average"}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:flyball-alarms"


def tracked(source: dict[str, str], target_value: float = 700, **fields: Any) -> list[Alarm]:
    """Make the two alarms of a tracking policy."""
    rules = {key: fields.pop(key) for key in ("out_datapoints", "in_datapoints") if key in fields}
    metric = Metric("load", source=source, **fields)
    policy = TrackingPolicy("track", "load", target_value, **rules)
    return list(define_alarms(target(metric, policy)))


def target(metric: Metric, policy: TrackingPolicy | StepPolicy) -> ScalableTarget:
    """Make a scalable target on AWS."""
    resource = {"endpoint": "churn", "variant": "blue"}
    return ScalableTarget(
        "churn", 1, 4, home="aws", resource=resource, metrics=(metric,), policies=(policy,)
    )


def valid(made: dict[str, Any]) -> dict[str, Any]:
    """See that the SDK's own service model takes it."""
    model = botocore.session.get_session().get_service_model("cloudwatch")
    shape = model.operation_model("PutMetricAlarm").input_shape
    assert ParamValidator().validate(made, shape).generate_report() == ""
    return made


def test_a_tracking_policy_has_a_high_and_a_low_alarm() -> None:
    """Above the target value; below 90 % of it, with its own datapoints."""
    alarms = tracked(SUM, out_datapoints=DatapointsRule(2, 3), in_datapoints=DatapointsRule(15, 15))
    high, low = (valid(define(alarm, TOPIC)) for alarm in alarms)
    assert high == {
        "AlarmName": "flyball/churn/track/high",
        "AlarmDescription": "Wakes Flyball for churn: load. Made by flyball apply.",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        "InsufficientDataActions": [],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 700,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "TreatMissingData": "missing",
        "Namespace": "AWS/SageMaker",
        "MetricName": "InvocationsPerInstance",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "churn"},
            {"Name": "VariantName", "Value": "blue"},
        ],
        "Period": 60,
        "Statistic": "Sum",
    }
    assert (low["AlarmName"], low["ComparisonOperator"]) == (
        "flyball/churn/track/low",
        "LessThanThreshold",
    )
    assert (low["Threshold"], low["EvaluationPeriods"]) == (630, 15)


THRESHOLDS: tuple[tuple[Unit, dict[str, str], float, float], ...] = (
    # unit, source beside CPU's, policy's target value, threshold as CloudWatch measures
    (Unit.PERCENT, {}, 50, 50),
    (Unit.PERCENT, {"cores": "4"}, 50, 200),
    (Unit.RATIO, {}, 50, 0.5),
    (Unit.RATIO, {"gpus": "2"}, 50, 1.0),
)


@pytest.mark.parametrize(("unit", "source", "value", "threshold"), THRESHOLDS)
def test_a_threshold_is_in_the_unit_of_the_source(
    unit: Unit, source: dict[str, str], value: float, threshold: float
) -> None:
    """50 % of four cores is 200 to CloudWatch, and 50 % of a ratio is a half."""
    high, _ = tracked(CPU | source, value, unit=unit)
    assert define(high)["Threshold"] == pytest.approx(threshold)


def test_a_percentile_is_an_extended_statistic_and_a_unit_is_kept() -> None:
    """CloudWatch refuses it as a plain one."""
    high, _ = tracked({**CPU, "statistic": "p90", "unit": "Percent"})
    made = valid(define(high))
    assert (made["ExtendedStatistic"], made["Unit"]) == ("p90", "Percent")
    assert "Statistic" not in made


def test_without_a_topic_nobody_is_told() -> None:
    """EventBridge finds the alarm by its name."""
    made = define(tracked(SUM)[0])
    assert (made["AlarmActions"], made["OKActions"]) == ([], [])


def test_metric_math_stays_metric_math() -> None:
    """One line returns data, and every line says its period."""

    def stat(line_id: str, name: str) -> dict[str, Any]:
        named = {"Namespace": "Jobs", "MetricName": name, "Dimensions": []}
        return {
            "Id": line_id,
            "MetricStat": {"Metric": named, "Stat": "Sum"},
            "ReturnData": False,
        }

    lines = [stat("m1", "Queued"), stat("m2", "Ready"), {"Id": "each", "Expression": "m1 / m2"}]
    made = valid(define(tracked({"metrics": json.dumps(lines)}, 100)[0]))
    assert [line["ReturnData"] for line in made["Metrics"]] == [False, False, True]
    assert made["Metrics"][2] == {
        "Id": "each",
        "Expression": "m1 / m2",
        "Period": 60,
        "ReturnData": True,
    }
    assert made["Metrics"][0]["MetricStat"]["Period"] == 60
    assert "MetricName" not in made


@pytest.mark.parametrize("comparison", Comparison)
def test_every_comparison_has_an_operator(comparison: Comparison) -> None:
    """A step policy's alarm is its own."""
    policy = StepPolicy("S", "load", 50, (Step(None, 0, -1), Step(0, None, 1)), comparison)
    (alarm,) = define_alarms(target(Metric("load", source=SUM), policy))
    assert comparison.name.title().replace("_", "") in valid(define(alarm))[
        "ComparisonOperator"
    ].replace("ThanOrEqualTo", "OrEqual")


def test_a_total_that_is_tracked_has_no_threshold_that_stands_still() -> None:
    """A step policy's total has."""
    high, _ = tracked(SUM, per=Per.TOTAL)
    assert not is_static(high)
    assert is_static(tracked(SUM)[0])
    policy = StepPolicy("S", "load", 50, (Step(0, None, 1),))
    (stepped,) = define_alarms(target(Metric("load", per=Per.TOTAL, source=SUM), policy))
    assert is_static(stepped)


SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
REFUSED = (
    ({"period": 45 * SECOND}, "got a period of 45 s, expected 10, 20 or 30 s or whole minutes"),
    ({"period": 90 * SECOND}, "got a period of 90 s"),
    ({"period": 5 * 60 * SECOND, "out_datapoints": DatapointsRule(1, 289)}, "at most 86400 s"),
    ({"period": HOUR, "out_datapoints": DatapointsRule(1, 169)}, "at most 604800 s"),
)


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_cloudwatch_would_refuse_is_refused_before(
    fields: dict[str, Any], message: str
) -> None:
    """In words that name the metric and the remedy."""
    with pytest.raises(AlarmError) as refused:
        define(tracked(SUM, **fields)[0])
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"period": 10 * SECOND},
        {"period": 5 * 60 * SECOND, "out_datapoints": DatapointsRule(1, 288)},
        {"period": HOUR, "out_datapoints": DatapointsRule(1, 168)},
    ],
)
def test_the_longest_that_cloudwatch_takes_is_written(fields: dict[str, Any]) -> None:
    """A day of minutes, a week of hours."""
    assert valid(define(tracked(SUM, **fields)[0]))


def test_a_name_that_is_too_long_is_refused_with_the_remedy() -> None:
    """255 characters, percent-encoded."""
    (high, _) = tracked(SUM)
    assert define(high._replace(name="n" * 255))
    with pytest.raises(AlarmError, match="got 256 characters, expected at most 255; shorten"):
        define(high._replace(name="n" * 256))
