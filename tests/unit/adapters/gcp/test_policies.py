"""Is an alarm of ours written as Cloud Monitoring takes it, to the unit and the minute?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from flyball.adapters.gcp.labels import read_labels
from flyball.adapters.gcp.policies import NoConditionError, PolicyError, define, find_duration
from flyball.alarm import Alarm, define_alarms
from flyball.core.policy import Comparison, DatapointsRule, Step, StepPolicy, TrackingPolicy
from flyball.core.target import Metric, Per, ScalableTarget, Unit

VERTEX = "aiplatform.googleapis.com/prediction/online"
DUTY = {"metric": f"{VERTEX}/accelerator/duty_cycle"}
COUNT = {"metric": f"{VERTEX}/prediction_count"}
CHANNEL = "projects/acme/notificationChannels/1"
RESOURCE = {"project": "acme", "location": "europe-west4", "endpoint": "123"}


def target(metric: Metric, policy: TrackingPolicy | StepPolicy, id_: str = "gpu") -> ScalableTarget:
    """Make a scalable target on Google Cloud."""
    return ScalableTarget(
        id_, 1, 4, home="gcp", resource=RESOURCE, metrics=(metric,), policies=(policy,)
    )


def tracked(
    source: dict[str, str], unit: Unit = Unit.RATIO, id_: str = "gpu", **rules: Any
) -> list[Alarm]:
    """Make the two alarms of a tracking policy with the target value 60."""
    metric = Metric("load", unit, source=source)
    return list(define_alarms(target(metric, TrackingPolicy("track", "load", 60, **rules), id_)))


def condition(alarm: Alarm) -> dict[str, Any]:
    """Give the one condition of an alarm's policy."""
    (only,) = define(alarm, CHANNEL)["conditions"]
    return dict(only["condition_threshold"])


def test_a_tracking_policy_has_a_high_and_a_low_policy() -> None:
    """In the unit that Google writes: 60 % of a duty cycle is 0.6, and the low one 90 % of that."""
    high, low = tracked(DUTY)
    made = define(high, CHANNEL)
    assert made["display_name"] == "flyball/gpu/track/high"
    assert made["notification_channels"] == [CHANNEL]
    assert condition(high) == {
        "filter": f'metric.type = "{VERTEX}/accelerator/duty_cycle" AND '
        'resource.type = "aiplatform.googleapis.com/Endpoint" AND '
        'resource.labels.endpoint_id = "123" AND resource.labels.location = "europe-west4"',
        "aggregations": [
            {
                "alignment_period": timedelta(seconds=60),
                "per_series_aligner": "ALIGN_MEAN",
                "cross_series_reducer": "REDUCE_MEAN",
            }
        ],
        "comparison": "COMPARISON_GT",
        "threshold_value": 0.6,
        "duration": timedelta(0),
    }
    assert condition(low)["comparison"] == "COMPARISON_LT"
    assert condition(low)["threshold_value"] == pytest.approx(0.54)


def test_a_policy_says_whom_it_wakes_in_its_labels() -> None:
    """So it is found again, and what it tells is understood, whatever it is called."""
    labels = define(tracked(DUTY, id_="GPU farm/Ü")[0])["user_labels"]
    found = read_labels(labels)
    assert found is not None
    assert found == ("flyball", "GPU farm/Ü", "track", "high")


def test_without_a_channel_nobody_is_told() -> None:
    """An empty name is no channel."""
    assert define(tracked(DUTY)[0])["notification_channels"] == []


@dataclass(frozen=True)
class Lasting:
    """M of N periods, and for how many seconds all values have to breach."""

    id: str
    breaching: int
    evaluated: int
    period_s: int
    duration_s: int


LASTING = (
    Lasting("one of one is told at once", 1, 1, 60, 0),
    Lasting("three of three last two more minutes", 3, 3, 60, 120),
    Lasting("two of three may stand apart", 2, 3, 60, 0),
    Lasting("fifteen of fifteen", 15, 15, 60, 840),
    Lasting("four of five have two side by side", 4, 5, 60, 60),
    Lasting("a period of 90 s is cut to whole minutes", 2, 2, 90, 60),
)


@pytest.mark.parametrize("case", LASTING, ids=lambda case: case.id)
def test_a_duration_is_whole_minutes(case: Lasting) -> None:
    """As long as the breaches that have to stand side by side."""
    assert find_duration(case.breaching, case.evaluated, case.period_s) == case.duration_s


@pytest.mark.parametrize("evaluated", range(1, 9))
def test_no_breach_of_m_of_n_is_missed(evaluated: int) -> None:
    """However M breaching periods lie among N, so many of them stand side by side."""
    for breaching in range(1, evaluated + 1):
        needed = find_duration(breaching, evaluated, 60) // 60 + 1
        for bits in product("01", repeat=evaluated):
            if bits.count("1") >= breaching:
                assert "1" * needed in "".join(bits)


def test_missing_values_decide_nothing() -> None:
    """It can be said from a duration of a minute on; below, Monitoring does so by itself."""
    high, low = tracked(DUTY, in_datapoints=DatapointsRule(15, 15))
    assert "evaluation_missing_data" not in condition(high)
    assert condition(low)["evaluation_missing_data"] == "EVALUATION_MISSING_DATA_NO_OP"


def test_at_least_is_more_than_the_number_before() -> None:
    """Monitoring knows greater than and less than alone: no value in between is lost."""
    metric = Metric("load", source=COUNT, per=Per.TOTAL)
    steps = (Step(None, 0.0, -1.0), Step(0.0, None, 1.0))
    high, low = define_alarms(target(metric, StepPolicy("steps", "load", 100, steps)))
    above, below = condition(high), condition(low)
    assert (high.comparison, low.comparison) == (
        Comparison.GREATER_OR_EQUAL,
        Comparison.LESS_OR_EQUAL,
    )
    assert above["comparison"] == "COMPARISON_GT"
    assert below["comparison"] == "COMPARISON_LT"
    assert above["threshold_value"] < 100 < below["threshold_value"]
    assert math.nextafter(above["threshold_value"], math.inf) == 100
    assert math.nextafter(below["threshold_value"], -math.inf) == 100


def test_a_count_of_the_whole_endpoint_is_added_up() -> None:
    """Its series are told apart by nothing that matters here."""
    metric = Metric("load", source=COUNT, per=Per.TOTAL)
    steps = (Step(0.0, None, 1.0),)
    (high,) = define_alarms(target(metric, StepPolicy("steps", "load", 100, steps)))
    (aggregation,) = condition(high)["aggregations"]
    assert aggregation["cross_series_reducer"] == "REDUCE_SUM"


def test_an_expression_has_no_policy() -> None:
    """It cannot be written as a condition, so such a target is looked at on every tick."""
    source = {"expression": "a / b", "a.metric": COUNT["metric"], "b.metric": f"{VERTEX}/replicas"}
    with pytest.raises(NoConditionError, match="load is an expression"):
        define(tracked(source, Unit.NUMBER)[0])


@dataclass(frozen=True)
class Refused:
    """An alarm that Monitoring would refuse, and words of our refusal."""

    id: str
    alarm: Alarm
    words: str


CUSTOM = {"metric": "custom.googleapis.com/load", "statistic": "mean"}
REFUSED = (
    Refused("a name", tracked(DUTY, id_="Ü" * 120)[0], "got 739 characters, expected at most 512"),
    Refused("any resource", tracked(CUSTOM, Unit.NUMBER)[0], "source.resource_type is missing"),
    Refused(
        "a filter",
        tracked({**DUTY, "labels.x": "y" * 2_000})[0],
        "expected at most 2048; name fewer labels",
    ),
    Refused(
        "a duration",
        tracked(DUTY, out_datapoints=DatapointsRule(1_440, 1_440))[0],
        "1440 breaching of 1440 periods of 60 s are 86340 s, expected at most 84600 s",
    ),
)


@pytest.mark.parametrize("case", [each for each in REFUSED if each.words], ids=lambda case: case.id)
def test_what_monitoring_would_refuse_is_refused_in_our_words(case: Refused) -> None:
    """Before anything is asked, with the metric and the remedy."""
    with pytest.raises(PolicyError, match=case.words):
        define(case.alarm)
