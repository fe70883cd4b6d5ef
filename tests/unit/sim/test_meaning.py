"""Is each home's metric known for what it measures, and one that is not known refused?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.metrics import Minute
from flyball.config import load
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.sim.meaning import MeaningError, find_capacity, find_meanings
from tests.unit.sim.courses import MONDAY

EXAMPLES = Path(__file__).parents[3] / "examples"
BUSY = Minute(MONDAY, 900.0, 2, 2, 50.0, 150.0)
"""Two instances that serve 400 each; utilization 112.5 %."""
EMPTY = Minute(MONDAY, 900.0, 0, 0, 0.0, 900.0)
GAP = Minute(MONDAY, None, 2, 2, 0.0, 0.0)
AWS = "AWS/SageMaker"
GOOGLE = "aiplatform.googleapis.com/prediction/online"


@dataclass(frozen=True)
class Case:
    """A metric, and what it shows of BUSY and of EMPTY."""

    id: str
    source: Mapping[str, str]
    busy: float | None
    empty: float | None = None
    per: Per = Per.INSTANCE
    unit: Unit = Unit.NUMBER
    said: str | None = None


def cloudwatch(name: str, statistic: str = "Sum") -> dict[str, str]:
    """Write a source of CloudWatch."""
    return {"namespace": AWS, "metric": name, "statistic": statistic}


def divide(expression: str, by: str = "GroupInServiceInstances") -> dict[str, str]:
    """Write a source that divides what waits."""
    waiting = {"queued.metric": "ApproximateNumberOfMessagesVisible"}
    return {"expression": expression, **waiting, "ready.metric": by}


CASES = [
    Case("SageMaker's own", cloudwatch("InvocationsPerInstance"), 450.0),
    Case("of a copy", cloudwatch("InvocationsPerCopy"), 450.0),
    Case("a total", cloudwatch("Invocations"), 900.0, 900.0, Per.TOTAL),
    Case("a balancer's", cloudwatch("RequestCountPerTarget"), 450.0),
    Case("a GPU is never fuller than full", cloudwatch("GPUUtilization", "Average"), 100.0),
    Case("turned away", cloudwatch("NoCapacityInvocationFailures"), 0.0, 900.0, Per.TOTAL),
    Case("a queue", cloudwatch("ApproximateBacklogSizePerInstance", "Average"), 75.0),
    Case("what came into a queue", cloudwatch("NumberOfMessagesSent"), 900.0, 900.0, Per.TOTAL),
    Case(
        "what waits in it",
        cloudwatch("ApproximateNumberOfMessagesVisible", "Average"),
        150.0,
        900.0,
        Per.TOTAL,
    ),
    Case("a queue's whole", cloudwatch("ApproximateBacklogSize"), 150.0, 900.0, Per.TOTAL),
    Case("Google's count", {"metric": f"{GOOGLE}/prediction_count"}, 900.0, 900.0, Per.TOTAL),
    Case(
        "a rate",
        {"metric": f"{GOOGLE}/prediction_count", "statistic": "rate"},
        15.0,
        15.0,
        Per.TOTAL,
    ),
    Case("a ratio", {"metric": f"{GOOGLE}/accelerator/duty_cycle"}, 1.0, unit=Unit.RATIO),
    Case("a fill", {"expression": "FILL(m, 0)", "m.metric": "InvocationsPerCopy"}, 450.0),
    Case("what waits for each of a group", divide("queued / ready"), 75.0),
    Case("likewise, where a queue at rest is empty", divide("FILL(queued, 0) / ready"), 75.0),
    Case("a simulated endpoint's", {"metric": "invocations_per_instance"}, 450.0),
    Case("its utilization passes 100 %", {"metric": "utilization"}, 112.5),
    Case("as a ratio", {"metric": "utilization"}, 1.125, unit=Unit.RATIO),
    Case("its total", {"metric": "invocations"}, 900.0, 900.0, Per.TOTAL),
    Case("what a user says", {"metric": "tokens"}, 450.0, said="requests"),
    Case("against its name", cloudwatch("Invocations"), 100.0, said="utilization"),
    Case("a latency with a model", {"metric": "p99"}, 2_000.0, said="latency:20"),
    Case("of two cores", {**cloudwatch("CPUUtilization", "Average"), "full": "200"}, 200.0),
    Case(
        "full is in percent where a ratio is shown",
        {"metric": f"{GOOGLE}/cpu/utilization", "cores": "2", "full": "90"},
        0.9,
        unit=Unit.RATIO,
    ),
    Case("full, as a user says", cloudwatch("Busy"), 197.8, said="utilization:197.8"),
    Case(
        "what a user says goes before the source",
        {**cloudwatch("CPUUtilization", "Average"), "full": "200"},
        150.0,
        said="utilization:150",
    ),
    Case("of requests it bounds nothing", {**cloudwatch("InvocationsPerCopy"), "full": "9"}, 450.0),
]


def show(case: Case, minute: Minute) -> float | None:
    """Give what the case's metric shows."""
    metric = Metric("m", case.unit, case.per, source=case.source)
    target = ScalableTarget("a", 1, 2, metrics=(metric,))
    found = find_meanings(target, {} if case.said is None else {"m": case.said})
    return found["m"].measure(minute, 400.0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_metric_shows_what_it_measures(case: Case) -> None:
    """Of a busy minute, of one in which nobody serves, and of a gap."""
    assert show(case, BUSY) == pytest.approx(case.busy)
    assert show(case, EMPTY) == case.empty
    assert show(case, GAP) is None


def test_a_latency_rises_with_the_utilization() -> None:
    """Half full, an answer takes twice as long as when idle."""
    case = Case("", {}, None, said="latency:20")
    assert show(case, Minute(MONDAY, 400.0, 2, 2, 0.0, 0.0)) == 40.0
    assert show(case, Minute(MONDAY, 0.0, 2, 2, 0.0, 0.0)) == 20.0


@dataclass(frozen=True)
class Refused:
    """A metric without a meaning, and what the message says."""

    id: str
    source: Mapping[str, str]
    words: str
    said: Mapping[str, str] = field(default_factory=dict)
    per: Per = Per.INSTANCE


REFUSED = [
    Refused("a latency", cloudwatch("ModelLatency", "p99"), "--measures m=latency:BASE"),
    Refused("a name of one's own", cloudwatch("Tokens"), "--measures m=… with one of requests"),
    Refused("another statistic", cloudwatch("Invocations", "Average"), "is not known"),
    Refused(
        "arithmetic",
        {"expression": "a / b", "a.metric": "Invocations", "b.metric": "Invocations"},
        "is not known",
    ),
    Refused("divided by what is no count", divide("queued / ready", "CPUUsage"), "is not known"),
    Refused("a total that is divided", divide("queued / ready"), "is not known", per=Per.TOTAL),
    Refused("a total of shares", {"metric": "GPUUtilization"}, "of each instance", per=Per.TOTAL),
    Refused("what is not said well", {}, "got 'fast'", {"m": "fast"}),
    Refused("a base of something else", {}, "got 'requests:4'", {"m": "requests:4"}),
    Refused("no base", {}, "expected a number above 0", {"m": "latency:"}),
    Refused("full at nothing", {}, "full: got 0, expected", {"m": "utilization:0"}),
    Refused("full at a word", {}, "full: got x, expected", {"m": "utilization:x"}),
    Refused("a base of nothing", {}, "expected a number above 0", {"m": "latency:0"}),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_metric_without_a_meaning_is_refused_with_the_remedy(case: Refused) -> None:
    """The message names target and metric."""
    target = ScalableTarget("a", 1, 2, metrics=(Metric("m", per=case.per, source=case.source),))
    with pytest.raises(MeaningError, match="a: metric 'm': ") as caught:
        find_meanings(target, case.said)
    assert case.words in str(caught.value)


@dataclass(frozen=True)
class Full:
    """A metric, and what one instance serves in a minute by it."""

    id: str
    source: Mapping[str, str]
    capacity: float | None
    period: timedelta = timedelta(minutes=1)
    said: Mapping[str, str] = field(default_factory=dict)


FULL = [
    Full("a sum", {**cloudwatch("InvocationsPerInstance"), "full": "900"}, 900.0),
    Full("a total, of one", {"metric": f"{GOOGLE}/prediction_count", "full": "900"}, 900.0),
    Full(
        "a longer period",
        {**cloudwatch("InvocationsPerInstance"), "full": "900"},
        180.0,
        timedelta(minutes=5),
    ),
    Full(
        "a rate", {"metric": f"{GOOGLE}/prediction_count", "statistic": "rate", "full": "9"}, 540.0
    ),
    Full("as a user says", {**cloudwatch("Tokens"), "full": "9"}, 9.0, said={"m": "requests"}),
    Full("it is not said", cloudwatch("InvocationsPerInstance"), None),
    Full("of CPU", {**cloudwatch("CPUUtilization", "Average"), "full": "200"}, None),
]


@pytest.mark.parametrize("case", FULL, ids=lambda case: case.id)
def test_a_metric_of_requests_says_what_an_instance_serves(case: Full) -> None:
    """In a minute, whatever the metric's period is."""
    metric = Metric("m", period=case.period, source=case.source)
    found = find_capacity(ScalableTarget("a", 1, 2, metrics=(metric,)), case.said)
    assert (found and found[1]) == pytest.approx(case.capacity)
    assert found is None or found[0] == "m"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_s_metrics_are_known(path: Path) -> None:
    """Of all homes, none has to be explained."""
    for target in load(path).scalable_targets:
        assert find_meanings(target).keys() == {each.name for each in target.metrics}
