"""What does CloudWatch have to be told of one of our alarms, and is that what it was told?

Source: Amazon CloudWatch API Reference, PutMetricAlarm and MetricAlarm; User Guide, "Using Amazon
CloudWatch alarms" (M out of N, missing data, high-resolution alarms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from flyball.adapters.aws.cloudwatch import make_stat
from flyball.adapters.aws.query import Query, make_recipe
from flyball.alarm import Alarm
from flyball.core.policy import Comparison

NAME_LIMIT = 255
HIGH_RESOLUTION_S = (10, 20, 30)
MINUTE_S, HOUR_S, DAY_S, WEEK_S = 60, 3_600, 86_400, 604_800
STATISTICS = frozenset({"Average", "Maximum", "Minimum", "SampleCount", "Sum"})
"""What is not one of these is an extended statistic, such as p99."""
_ACCOUNT = 4
"""arn : partition : service : region : account"""
OPERATORS: Mapping[Comparison, str] = {
    Comparison.GREATER: "GreaterThanThreshold",
    Comparison.GREATER_OR_EQUAL: "GreaterThanOrEqualToThreshold",
    Comparison.LESS: "LessThanThreshold",
    Comparison.LESS_OR_EQUAL: "LessThanOrEqualToThreshold",
}

CONDITION: Mapping[str, Any] = {
    "ComparisonOperator": None,
    "EvaluationPeriods": None,
    "TreatMissingData": "missing",
    "EvaluateLowSampleCountPercentile": "evaluate",
    "Namespace": None,
    "MetricName": None,
    "Statistic": None,
    "ExtendedStatistic": None,
    "Period": None,
    "Unit": None,
    "ThresholdMetricId": None,
    "EvaluationCriteria": None,
    "WarmUpConfiguration": None,
}
"""On what an alarm's state depends, with what CloudWatch takes where it is left out; beside them:
Threshold, DatapointsToAlarm, Dimensions, Metrics and EvaluationWindow, which have more than one way
to be written."""


class AlarmError(ValueError):
    """An alarm that CloudWatch would refuse; the message names what and the remedy."""


def define(alarm: Alarm, topic: str = "") -> dict[str, Any]:
    """Write an alarm as PutMetricAlarm takes it, without tags.

    Missing data stays missing: an alarm that cannot know says INSUFFICIENT_DATA, never OK.

    Args:
        alarm: Whose threshold is in the policy's unit.
        topic: ARN of the topic that is told of every transition; "": nobody is, since EventBridge
            finds our alarms by their names.

    Raises:
        AlarmError: CloudWatch would refuse it.
        SourceError: Its metric's source cannot be understood.
    """
    metric, target = alarm.metric, alarm.scalable_target
    recipe = make_recipe(metric, target)
    period_s = round(metric.period.total_seconds())
    _check(alarm, period_s)
    told = [topic] if topic else []
    made: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": f"Wakes Flyball for {target.id}: {metric.name}. Made by flyball apply.",
        "ActionsEnabled": True,
        "AlarmActions": told,
        "OKActions": told,
        "InsufficientDataActions": [],
        "ComparisonOperator": OPERATORS[alarm.comparison],
        "Threshold": alarm.threshold / metric.scale * recipe.divisor,
        "EvaluationPeriods": alarm.rule.evaluated,
        "DatapointsToAlarm": alarm.rule.breaching,
        "TreatMissingData": "missing",
    }
    line = recipe.lines[recipe.returned]
    if isinstance(line, Query):
        return {**made, **_write_plain(line)}
    lines = [
        {"Id": line_id, "MetricStat": make_stat(each), "ReturnData": False}
        if isinstance(each, Query)
        else {
            "Id": line_id,
            "Expression": each.text,
            "Period": period_s,
            "ReturnData": line_id == recipe.returned,
        }
        for line_id, each in recipe.lines.items()
    ]
    return {**made, "Metrics": lines}


def is_same_condition(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two alarms have the same state on the same data.

    Args:
        one: As PutMetricAlarm takes it or as DescribeAlarms shows it.
        other: Likewise. Names, descriptions, actions and states are no part of it.
    """
    if _read_condition(one) != _read_condition(other):
        return False
    return math.isclose(one.get("Threshold", math.nan), other.get("Threshold", math.nan))


def _read_condition(alarm: Mapping[str, Any]) -> dict[str, Any]:
    lines = alarm.get("Metrics") or ()
    stats = [line["MetricStat"] for line in lines if line.get("MetricStat")]
    longest_s = max((stat.get("Period", 0) for stat in stats), default=None)
    account = alarm.get("AlarmArn", "").split(":")[_ACCOUNT : _ACCOUNT + 1]
    return {
        **{key: alarm.get(key) or usual for key, usual in CONDITION.items()},
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods"),
        "Dimensions": _read_dimensions(alarm),
        "Metrics": {line["Id"]: _read_line(line, longest_s, account) for line in lines},
        "EvaluationWindow": (alarm.get("EvaluationWindow") or {}).get("WallClockWindow"),
    }


def _read_line(
    line: Mapping[str, Any], longest_s: int | None, account: Sequence[str]
) -> dict[str, Any]:
    """Read a line of metric math; its label, and an alarm's own account, change nothing."""
    stat = line.get("MetricStat") or {}
    metric = stat.get("Metric") or {}
    whose = line.get("AccountId")
    return {
        "ReturnData": line.get("ReturnData", True),
        "Expression": line.get("Expression") or None,
        "Period": stat.get("Period") or line.get("Period") or longest_s,
        "Stat": stat.get("Stat"),
        "Unit": stat.get("Unit") or None,
        "Namespace": metric.get("Namespace"),
        "MetricName": metric.get("MetricName"),
        "Dimensions": _read_dimensions(metric),
        "AccountId": None if whose in account else whose,
    }


def _read_dimensions(item: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((each["Name"], each["Value"]) for each in item.get("Dimensions") or ())


def _write_plain(query: Query) -> dict[str, Any]:
    stat = make_stat(query)
    kind = "Statistic" if query.statistic in STATISTICS else "ExtendedStatistic"
    made = {**stat["Metric"], "Period": query.period_s, kind: query.statistic}
    return {**made, "Unit": query.unit} if query.unit else made


def _check(alarm: Alarm, period_s: int) -> None:
    """Refuse what CloudWatch would refuse, in our words."""
    if len(alarm.name) > NAME_LIMIT:
        raise AlarmError(
            f"alarm {alarm.name}: got {len(alarm.name)} characters, expected at most {NAME_LIMIT}; "
            "shorten the scalable target's id or the policy's name"
        )
    where = f"metric {alarm.metric.name} of {alarm.scalable_target.id}"
    if period_s not in HIGH_RESOLUTION_S and (period_s < MINUTE_S or period_s % MINUTE_S):
        raise AlarmError(
            f"{where}: got a period of {period_s} s, expected 10, 20 or 30 s or whole minutes"
        )
    span_s = period_s * alarm.rule.evaluated
    longest_s = WEEK_S if period_s >= HOUR_S else DAY_S
    if span_s > longest_s:
        raise AlarmError(
            f"{where}: {alarm.rule.evaluated} periods of {period_s} s are {span_s} s, expected at "
            f"most {longest_s} s; evaluate fewer, or shorten the period"
        )
