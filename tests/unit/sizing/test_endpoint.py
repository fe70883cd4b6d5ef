"""Is a trial of an endpoint that had been there read as a whole, and by what it ended?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.sizing.benchmark import BenchmarkError
from flyball.sizing.endpoint import FIRST, WHOLE, read_endpoint
from flyball.sizing.recommended import UNSAID, read_benchmarks
from flyball.sizing.saturation import Cause
from flyball.trial import Finding, Part, Status
from tests.unit.sizing.benches import stage

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
WHOLE_ONE = Finding(endpoint="churn", invocations=24_000.0, latency_ms=40.0, exists=True)
STEP = Part(
    Status.COMPLETED,
    Finding(
        endpoint="churn",
        instance_type="ml.c5.large",
        instances=3,
        began=BEGAN,
        ended=BEGAN + timedelta(minutes=20),
        exists=True,
    ),
)
MADE = Finding(endpoint="t-0", instance_type="ml.c5.large", invocations=6_000.0, latency_ms=12.0)


def test_what_the_endpoint_answered_is_one_load() -> None:
    """With how many instances and how long, where a part of the trial tells that."""
    tested = read_endpoint(stage(Status.COMPLETED, STEP, existing=(WHOLE_ONE,), quantile=0.99))
    (step,) = tested.benchmark.steps
    assert (step.answered, step.offered, step.latency_ms) == (24_000.0, 24_000.0, {0.99: 40.0})
    assert step.duration == timedelta(minutes=20)
    assert tested.benchmark.source == "t: endpoint churn"
    assert tested.benchmark.notes == (WHOLE, FIRST)
    assert (tested.instances, tested.ended) == (3, Cause.FLAT)


def test_what_is_not_told_is_not_made_up() -> None:
    """Neither how many instances it had, nor a latency, nor of which quantile that is."""
    tested = read_endpoint(stage(Status.COMPLETED, existing=(WHOLE_ONE,)))
    assert tested.instances is None
    assert tested.benchmark.notes == (WHOLE, UNSAID)
    bare = read_endpoint(stage(Status.COMPLETED, existing=(WHOLE_ONE._replace(latency_ms=None),)))
    assert bare.benchmark.steps[0].latency_ms == {}
    assert bare.benchmark.steps[0].duration == timedelta(minutes=1)


def test_an_endpoint_is_known_by_its_order_too() -> None:
    """And is then no benchmark of one instance, as the others of the same trial are."""
    named = Finding(endpoint="churn", instance_type="ml.c5.large", invocations=9_000.0)
    trial = stage(Status.COMPLETED, findings=(named, MADE), endpoints=("churn",))
    assert read_endpoint(trial).benchmark.steps[0].answered == 9_000.0
    read = read_benchmarks(trial)
    assert [each.source for each in read.benchmarks] == ["t: ml.c5.large"]
    assert read.benchmarks[0].steps[0].answered == 6_000.0
    assert "which is not of one instance: how many it has the trial does not say" in read.notes[0]


@dataclass(frozen=True)
class End:
    """How a trial ended, and what that shows."""

    id: str
    ended: Cause | None
    status: Status = Status.COMPLETED
    fields: dict[str, Any] = field(default_factory=dict)


ENDS = [
    End("of itself: more load brought no more", Cause.FLAT),
    End("at its latency", Cause.LATENCY, fields={"most_latency_ms": 41.0}),
    End("well below its latency", Cause.FLAT, fields={"most_latency_ms": 400.0}),
    End("at its own most", None, fields={"most_invocations": 24_000.0}),
    End("well below its own most", Cause.FLAT, fields={"most_invocations": 90_000.0}),
    End("stopped", None, Status.STOPPED),
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.id)
def test_how_it_ended_says_what_was_too_much(end: End) -> None:
    """Or nothing."""
    assert read_endpoint(stage(end.status, existing=(WHOLE_ONE,), **end.fields)).ended is end.ended


NOTHING = [
    ("of new instances", stage(Status.COMPLETED, findings=(MADE,)), "t: it is of no endpoint that"),
    ("runs", stage(Status.RUNNING), "t: it is running, and it is of no endpoint"),
    ("fails", stage(Status.FAILED, failure="no quota"), r"it is failed, .* \(no quota\); name"),
    (
        "says nothing",
        stage(Status.COMPLETED, existing=(WHOLE_ONE._replace(invocations=None),)),
        "t: endpoint churn: it is completed, and says nothing of invocations",
    ),
    (
        "failed on it",
        stage(Status.FAILED, Part(Status.FAILED, STEP.finding._replace(failure="throttled"))),
        "t: endpoint churn: throttled; start it again",
    ),
]


@pytest.mark.parametrize(
    ("trial", "says"), [each[1:] for each in NOTHING], ids=[n[0] for n in NOTHING]
)
def test_a_trial_of_nothing_like_it_is_refused(trial: Any, says: str) -> None:
    """With why."""
    with pytest.raises(BenchmarkError, match=says):
        read_endpoint(trial)
