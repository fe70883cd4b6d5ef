"""Is a datapoint that may still grow left out where it would look like a fall?

No local engine lets instances report one after the other; so CloudWatch answers from a table here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.cloudwatch import CloudWatchMetrics
from flyball.core.breach import believe
from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Capacity,
    Decision,
    History,
    Missing,
    Observation,
    ReadySample,
    Series,
)
from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.target import Metric, ScalableTarget
from flyball.metricmath import LATE
from flyball.ports import MetricRead

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLAIN = {"namespace": "Jobs", "metric": "calls"}
Answers = Mapping[str, Sequence[float | None]]
"""By a metric's name: its newest periods, the last one ended at noon; None is a gap."""


class Told(Clients):
    """CloudWatch, which answers from a table; one period after noon it has no more than that."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    def get(self, service: str) -> Any:
        """Give itself: it knows one service."""
        assert service == "cloudwatch"
        return self

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        """Answer a call, of any length."""
        return {"MetricDataResults": [self._tell(each) for each in asked["MetricDataQueries"]]}

    def _tell(self, query: Mapping[str, Any]) -> dict[str, Any]:
        stat = query["MetricStat"]
        period = SECOND * stat["Period"]
        newest_first = reversed(self._answers[stat["Metric"]["MetricName"]])
        pairs = [(NOON - period * (back + 1), each) for back, each in enumerate(newest_first)]
        known = [pair for pair in pairs if pair[1] is not None]
        return {
            "Id": query["Id"],
            "Timestamps": [at for at, _ in known],
            "Values": [value for _, value in known],
            "StatusCode": "Complete",
        }


def calls(statistic: str = "Sum", period_s: int = 60) -> Metric:
    """Make a metric of one statistic."""
    source = {**PLAIN, "statistic": statistic}
    length = timedelta(seconds=period_s)
    return Metric("calls", period=length, max_age=max(5 * MINUTE, 2 * length), source=source)


def target_of(metric: Metric) -> ScalableTarget:
    """Make a target that tracks 100, out after 3 of 3 and in after 15 of 15."""
    out, in_ = DatapointsRule(3, 3), DatapointsRule(15, 15)
    policy = TrackingPolicy("track", metric.name, 100.0, out_datapoints=out, in_datapoints=in_)
    resource = {"endpoint": "churn", "variant": "blue"}
    return ScalableTarget(
        "churn", 1, 40, home="aws", resource=resource, metrics=(metric,), policies=(policy,)
    )


def read(metric: Metric, answers: Answers, age_s: float) -> Series | Missing:
    """Read a metric so long after its newest period has ended."""
    reader = CloudWatchMetrics(Told(answers))
    (found,) = reader.read([MetricRead(target_of(metric), metric, 15)], NOON + SECOND * age_s)
    return found


def values(found: Series | Missing) -> list[float]:
    """List a series' values; it must be there."""
    assert not isinstance(found, Missing), found
    return [each.value for each in found]


def look(load: Sequence[float], age_s: float) -> Decision:
    """Decide for 10 instances, so long after the newest of these minutes has ended."""
    metric, now = calls(), NOON + SECOND * age_s
    observation = Observation(
        now, Capacity(10, 10), {metric.name: read(metric, {"calls": load}, age_s)}
    )
    history = History(desired=10, ready=(ReadySample(NOON - timedelta(hours=1), 10),))
    return decide(target_of(metric), observation, history, now)


@dataclass(frozen=True)
class Case:
    """Two datapoints, the age of the newer one, and what of them is believed."""

    name: str
    statistic: str
    before: float | None
    newest: float
    age_s: float
    believed: tuple[float, ...]
    period_s: int = 60


CASES = (
    Case("a lower sum may still grow", "Sum", 85, 30, 5, (85,)),
    Case("a lower count may still grow", "SampleCount", 85, 30, 5, (85,)),
    Case("a lower maximum may still grow", "Maximum", 85, 30, 5, (85,)),
    Case("until a minute is over", "Sum", 85, 30, 59.9, (85,)),
    Case("and then it is what it is", "Sum", 85, 30, 60, (85, 30), 300),
    Case("of five minutes too", "Sum", 85, 30, 59, (85,), 300),
    Case("of ten seconds for ten seconds", "Sum", 85, 30, 9.9, (85,), 10),
    Case("a higher one is seen at once", "Sum", 85, 90, 1, (85, 90)),
    Case("an equal one is no fall", "Sum", 85, 85, 1, (85, 85)),
    Case("one alone is no fall", "Sum", None, 30, 1, (30,)),
    Case("an average may be off to either side", "Average", 85, 30, 1, (85, 30)),
    Case("so may a percentile", "p99", 85, 30, 1, (85, 30)),
    Case("an early minimum is too high", "Minimum", 85, 30, 1, (85, 30)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fall_is_believed_when_all_may_have_reported(case: Case) -> None:
    """Each instance reports by itself: a sum over them is there early, and too low."""
    metric = calls(case.statistic, case.period_s)
    assert values(read(metric, {"calls": (case.before, case.newest)}, case.age_s)) == list(
        case.believed
    )


def test_the_datapoint_before_a_gap_is_the_one_before() -> None:
    """A minute that is missing tells nothing of a fall."""
    assert values(read(calls(), {"calls": (85, None, 30)}, 5)) == [85]


def test_a_minute_that_has_settled_is_believed_beside_one_that_has_not() -> None:
    """A minute later the next one is the newest."""
    assert values(read(calls(), {"calls": (85, 30, None)}, 5)) == [85, 30]


def test_what_is_computed_from_an_unsettled_sum_is_missing_too() -> None:
    """It is left out before expressions are computed, and FILL does not take it for idle."""
    parts = {
        "a.namespace": "Jobs",
        "a.metric": "calls",
        "a.statistic": "Sum",
        "b.namespace": "Jobs",
        "b.metric": "ready",
        "b.statistic": "Average",
    }
    answers = {"calls": (80, 30), "ready": (10, 5)}
    for expression in ("a / b", "FILL(a, 0) / b", "FILL(a, REPEAT) / b"):
        metric = Metric("load", source={"expression": expression, **parts})
        assert values(read(metric, answers, 5))[-1:] == [8]


@pytest.mark.parametrize("period_s", [10, 60, 300])
def test_what_fill_fills_is_believed_at_the_least_age_that_may_be_configured(period_s: int) -> None:
    """However long ago a period has ended; a second less, and it is stale now and then."""
    parts = {"a.namespace": "Jobs", "a.metric": "calls", "a.statistic": "Sum"}
    length = SECOND * period_s
    stale = []
    for less in (0, 1):
        age = LATE + length - SECOND * less
        source = {"expression": "FILL(a, 0)", **parts}
        metric = Metric("load", period=length, max_age=age, source=source)
        found = [
            believe(read(metric, {"calls": ()}, since), metric, NOON + SECOND * since)
            for since in (0, 1, period_s / 2, 179.5 % period_s)
        ]
        stale.append(sum(isinstance(each, Missing) for each in found))
    assert stale[0] == 0 < stale[1]


def test_a_minute_of_which_a_third_is_there_takes_no_instance_away() -> None:
    """10 instances at 85 of 100: 9 are enough, and 3 only look so."""
    steady = [85.0] * 14
    assert look([85.0, *steady, 30.0], 5).desired == 9
    assert look([85.0, *steady, 85.0], 5).desired == 9


def test_a_rise_that_an_alarm_has_seen_is_answered_at_once() -> None:
    """CloudWatch has evaluated the datapoint; it is higher, so it counts here too."""
    decision = look([50.0] * 12 + [150.0, 150.0, 160.0], 1)
    assert (decision.action, decision.desired) == (Action.SET, 16)


def test_a_rise_is_not_hidden_by_a_minute_that_has_hardly_begun_to_be_reported() -> None:
    """Three minutes past the target count, and what there is of the fourth does not end them."""
    decision = look([50.0] * 12 + [150.0, 150.0, 150.0, 20.0], 5)
    assert (decision.action, decision.desired) == (Action.SET, 15)


def test_a_breach_that_is_falling_is_looked_at_again_within_a_tick() -> None:
    """The third datapoint past the target may still grow: it counts when it has settled."""
    breach = [50.0] * 12 + [150.0, 150.0, 140.0]
    early = look(breach, 1)
    assert early.action is Action.HOLD
    assert early.wake_at <= NOON + SECOND + MINUTE
    later = look([*breach, 139.0], 1)
    assert (later.action, later.desired) == (Action.SET, 14)
