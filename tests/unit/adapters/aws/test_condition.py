"""Is an alarm told from one that looks for something else, and known again in other words?"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import botocore.session  # type: ignore[import-untyped,unused-ignore]
import pytest

from flyball.adapters.aws.alarms import define, is_same_condition
from tests.unit.adapters.aws.test_alarms import CPU, SUM, TOPIC, tracked

ACCOUNT = "123456789012"
BACKLOG = {
    "expression": "queued / ready",
    "queued.namespace": "Jobs",
    "queued.metric": "Queued",
    "queued.statistic": "Sum",
    "queued.unit": "Count",
    "ready.namespace": "Jobs",
    "ready.metric": "Ready",
    "ready.statistic": "Average",
}
PLAIN = define(tracked(SUM)[0], TOPIC)
PERCENTILE = define(tracked({**CPU, "statistic": "p90"})[0], TOPIC)
MATH = define(tracked(BACKLOG)[0], TOPIC)
QUEUED, READY, RESULT = range(3)

NO_PART = frozenset(
    {
        "AlarmName",  # by which it is found
        "AlarmArn",
        "AlarmDescription",
        "AlarmConfigurationUpdatedTimestamp",
        "ActionsEnabled",  # whom it wakes is another question
        "OKActions",
        "AlarmActions",
        "InsufficientDataActions",
        "StateValue",  # what it says
        "StateReason",
        "StateReasonData",
        "StateUpdatedTimestamp",
        "StateTransitionedTimestamp",
        "EvaluationState",
        "EvaluationInterval",  # of alarms with EvaluationCriteria alone
    }
)
"""What CloudWatch shows of an alarm that is no part of what it looks for."""

CHANGED: Mapping[str, tuple[dict[str, Any], Any]] = {
    "ComparisonOperator": (PLAIN, "LessThanThreshold"),
    "Threshold": (PLAIN, 700.1),
    "EvaluationPeriods": (PLAIN, 3),
    "DatapointsToAlarm": (PLAIN, 2),
    "TreatMissingData": (PLAIN, "notBreaching"),
    "EvaluateLowSampleCountPercentile": (PERCENTILE, "ignore"),
    "Namespace": (PLAIN, "Jobs"),
    "MetricName": (PLAIN, "Invocations"),
    "Dimensions": (PLAIN, [{"Name": "EndpointName", "Value": "new"}]),
    "Period": (PLAIN, 10),
    "Statistic": (PLAIN, "Average"),
    "ExtendedStatistic": (PERCENTILE, "p99"),
    "Unit": (PLAIN, "Count"),
    "ThresholdMetricId": (PLAIN, "band"),
    "Metrics": (MATH, MATH["Metrics"][:1]),
    "EvaluationCriteria": (PLAIN, {"PromQLCriteria": {"Query": "up"}}),
    "WarmUpConfiguration": (PLAIN, {"WarmUpPeriodDurationInMinutes": 60}),
    "EvaluationWindow": (PLAIN, {"WallClockWindow": {"Timezone": "UTC"}}),
}


@pytest.mark.parametrize("field", CHANGED)
def test_an_alarm_that_differs_in_a_field_looks_for_something_else(field: str) -> None:
    """From either side; and CloudWatch's default is no other."""
    made, value = CHANGED[field]
    assert is_same_condition(made, made)
    assert not is_same_condition(made, {**made, field: value})
    assert not is_same_condition({**made, field: value}, made)


def test_every_field_that_cloudwatch_shows_is_compared_or_named_as_no_part_of_it() -> None:
    """One that a new SDK knows is to be put on one of the two sides."""
    model = botocore.session.get_session().get_service_model("cloudwatch")
    assert set(model.shape_for("MetricAlarm").members) == NO_PART | set(CHANGED)


LINES: tuple[tuple[int, str, Any], ...] = (
    (QUEUED, "ReturnData", True),
    (QUEUED, "AccountId", "999999999999"),
    (QUEUED, "MetricStat.Period", 300),
    (QUEUED, "MetricStat.Stat", "Average"),
    (QUEUED, "MetricStat.Unit", None),
    (READY, "MetricStat.Unit", "Count"),
    (QUEUED, "MetricStat.Metric.Namespace", "Others"),
    (QUEUED, "MetricStat.Metric.MetricName", "Seen"),
    (QUEUED, "MetricStat.Metric.Dimensions", [{"Name": "Queue", "Value": "a"}]),
    (RESULT, "Expression", "queued / 10 / ready"),
    (RESULT, "Period", 300),
    (RESULT, "Id", "another"),
    (RESULT, "ReturnData", False),
)


def change(made: Mapping[str, Any], line: int, path: str, value: object) -> dict[str, Any]:
    """Change a field of a line of metric math."""
    changed: dict[str, Any] = deepcopy(dict(made))
    *above, last = path.split(".")
    inner = changed["Metrics"][line]
    for key in above:
        inner = inner[key]
    inner[last] = value
    return changed


@pytest.mark.parametrize(("line", "path", "value"), LINES, ids=str)
def test_metric_math_that_differs_in_a_line_looks_for_something_else(
    line: int, path: str, value: object
) -> None:
    """An alarm on metric math has no MetricName that would tell."""
    assert not is_same_condition(MATH, change(MATH, line, path, value))


def shown(made: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Show an alarm as CloudWatch does, with a state."""
    arn = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:{made['AlarmName']}"
    return {**made, "AlarmArn": arn, "StateValue": "OK", **fields}


def without(made: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Leave fields out."""
    return {key: value for key, value in made.items() if key not in keys}


SAME: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
    ("its dimensions in another order", PLAIN, shown(PLAIN, Dimensions=PLAIN["Dimensions"][::-1])),
    ("empty lists", PLAIN, shown(PLAIN, Metrics=[])),
    ("no dimensions", MATH, shown(MATH, Dimensions=[])),
    ("defaults left out", PLAIN, shown(without(PLAIN, "TreatMissingData", "DatapointsToAlarm"))),
    ("defaults said", PERCENTILE, shown(PERCENTILE, EvaluateLowSampleCountPercentile="evaluate")),
    ("a window that slides", PLAIN, shown(PLAIN, EvaluationWindow={"SlidingWindow": {}})),
    ("a threshold that was rounded", PLAIN, shown(PLAIN, Threshold=700.0000000000001)),
    ("other actions and words", PLAIN, shown(PLAIN, AlarmActions=[], AlarmDescription="mine")),
    ("its lines in another order", MATH, shown(MATH, Metrics=MATH["Metrics"][::-1])),
    ("a label", MATH, shown(change(MATH, RESULT, "Label", "backlog"))),
    ("its own account", MATH, shown(change(MATH, QUEUED, "AccountId", ACCOUNT))),
    ("an expression's period left out", MATH, shown(change(MATH, RESULT, "Period", None))),
)


@pytest.mark.parametrize(("made", "other"), [case[1:] for case in SAME], ids=[c[0] for c in SAME])
def test_an_alarm_is_known_again_in_other_words(
    made: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    """Else its target would never rest."""
    assert is_same_condition(made, other)


def test_an_alarm_without_a_threshold_is_like_no_other() -> None:
    """Nobody knows when it goes off."""
    bare = without(PLAIN, "Threshold")
    assert not is_same_condition(bare, bare)
