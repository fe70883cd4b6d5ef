"""Does the page on trials allow what is called, and no more?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flyball.adapters.aws.busy import CloudWatchLoad
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.recommender import InferenceRecommender
from flyball.recipe import Span
from tests.aws.ordered import QUICK
from tests.aws.overheard import Wire, tap
from tests.aws.rig import CREDENTIALS
from tests.aws.trials import TrialCloud

PAGE = Path(__file__).parents[2] / "docs/aws-trials.md"
PASSED_ON = "iam:PassRole"
"""What is never called, and has to be allowed to who starts a trial."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Answer in place of AWS."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return tap(monkeypatch)


class Answered(NamedTuple):
    """All that the client looks at of a response that was not sent."""

    status_code: int


def _let_answer(cloud: TrialCloud, operation: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda given: (Answered(200), cloud.call(operation, dict(given)))


def _read_page() -> set[str]:
    """Read the actions that the page's policy allows."""
    text = PAGE.read_text("utf-8").partition("```json\n")[2].partition("```")[0]
    allowed: set[str] = set()
    for statement in json.loads(text)["Statement"]:
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    return allowed


def test_the_page_allows_what_is_called(wire: Wire) -> None:
    """Every operation of both adapters, once."""
    cloud = TrialCloud()
    for operation in (
        "CreateInferenceRecommendationsJob",
        "DescribeInferenceRecommendationsJob",
        "GetScalingConfigurationRecommendation",
        "ListInferenceRecommendationsJobSteps",
        "ListInferenceRecommendationsJobs",
        "StopInferenceRecommendationsJob",
    ):
        wire.answers[operation] = _let_answer(cloud, operation)
    wire.answer("GetMetricData", {"MetricDataResults": []})
    wire.answer("DescribeEndpoint", {"EndpointConfigName": "c"})
    variant = {"VariantName": "blue", "InstanceType": "ml.c5.large"}
    wire.answer("DescribeEndpointConfig", {"ProductionVariants": [variant]})

    bench, loads = InferenceRecommender(Clients()), CloudWatchLoad(Clients())
    begin, minute = datetime(2026, 11, 20, tzinfo=UTC), timedelta(minutes=1)
    bench.start("t", QUICK)
    bench.stop("t")
    bench.start("u", QUICK)
    cloud.move(3_600)
    bench.advise("u", bench.look("u").findings[0], 0.5, 1, 2)
    bench.find()
    loads.find_type("chat", "blue")
    loads.pull_loads("chat", "blue", Span(begin, begin + minute, minute))

    assert {f"{call.service}:{call.operation}" for call in wire.calls} == _read_page() - {PASSED_ON}
    assert PASSED_ON in _read_page()
