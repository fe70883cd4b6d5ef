"""Is what Inference Recommender writes read as it is meant, also where it is not as usual?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from flyball.adapters.aws.trials import read_advice, read_number, read_part, read_status, read_trial
from flyball.trial import Advice, Finding, Part, Status, Tracking, Trial

NOON = datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1)))
JOB: dict[str, Any] = {"JobName": "t", "Status": "IN_PROGRESS"}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (0.0, 0.0),
        ("7.5", 7.5),
        (None, None),
        ("NaN", None),
        (float("nan"), None),
        (float("inf"), None),
        ("many", None),
        ({}, None),
    ],
)
def test_what_is_no_number_is_not_known(value: object, number: float | None) -> None:
    """It is no zero either."""
    assert read_number(value) == number


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING", Status.PENDING),
        ("IN_PROGRESS", Status.RUNNING),
        ("COMPLETED", Status.COMPLETED),
        ("FAILED", Status.FAILED),
        ("STOPPING", Status.STOPPING),
        ("STOPPED", Status.STOPPED),
        ("DELETING", Status.DELETED),
        ("DELETED", Status.DELETED),
        ("RESTING", Status.RUNNING),
    ],
)
def test_a_word_that_is_not_known_is_no_end(word: str, status: Status) -> None:
    """Whoever waits goes on."""
    assert read_status(word) is status


@pytest.mark.parametrize(
    ("limits", "quantile"),
    [
        ([{"Percentile": "P95", "ValueInMilliseconds": 9}], 0.95),
        ([{"Percentile": "p99.9"}], 0.999),
        ([{"Percentile": "Max"}], None),
        ([{"Percentile": "P100"}], None),
        ([{}], None),
        ([], None),
        (None, None),
    ],
)
def test_the_quantile_of_latency_is_that_of_its_limit(
    limits: list[Any] | None, quantile: float | None
) -> None:
    """Where there is one."""
    trial = read_trial({**JOB, "StoppingConditions": {"ModelLatencyThresholds": limits}})
    assert trial.quantile == pytest.approx(quantile)


def test_it_is_known_where_a_trial_was_to_stop() -> None:
    """At so many invocations, or at the least of its latencies."""
    limits = [{"Percentile": "P95", "ValueInMilliseconds": each} for each in (90, 70)]
    stops = {"MaxInvocations": 600, "ModelLatencyThresholds": limits}
    trial = read_trial({**JOB, "StoppingConditions": stops})
    assert (trial.most_invocations, trial.most_latency_ms) == (600.0, 70.0)
    trial = read_trial(JOB)
    assert (trial.most_invocations, trial.most_latency_ms) == (None, None)


def test_a_trial_is_read_from_a_list_as_from_its_description() -> None:
    """The list has the model beside the rest, and nobody's mark is nobody's."""
    listed = {**JOB, "ModelName": "churn", "CreationTime": NOON, "JobDescription": "by hand"}
    began = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert read_trial(listed) == Trial("t", Status.RUNNING, model="churn", began=began)
    described = {**JOB, "InputConfig": {"ModelName": "churn"}, "JobDescription": "flyball a1"}
    assert read_trial(described) == Trial("t", Status.RUNNING, "a1", "churn")


def test_an_endpoint_that_exists_is_read_beside_the_others() -> None:
    """In a trial, and in its part, where its metrics have another name."""
    metrics = {"MaxInvocations": 900, "ModelLatency": 30}
    found = {"Metrics": metrics, "EndpointInfo": {"EndpointName": "chat"}}
    chat = Finding(endpoint="chat", invocations=900.0, latency_ms=30.0, exists=True)
    assert read_trial({**JOB, "EndpointPerformances": [found]}).existing == (chat,)
    step = {"Status": "COMPLETED", "InferenceBenchmark": {"EndpointMetrics": metrics}}
    assert read_part(step) == Part(Status.COMPLETED, chat._replace(endpoint=""))
    assert read_part({"Status": "PENDING"}) == Part(Status.PENDING, Finding())


def test_the_environment_that_was_tried_is_read() -> None:
    """By name."""
    tried = [{"Key": "N", "ValueType": "string", "Value": "2"}]
    found = {"ModelConfiguration": {"EnvironmentParameters": tried}}
    trial = read_trial({**JOB, "InferenceRecommendations": [found]})
    assert trial.findings == (Finding(environment={"N": "2"}),)


def test_advice_that_says_nothing_is_nothing() -> None:
    """Of each field by itself."""
    assert read_advice({}) == Advice()
    half = {"DynamicScalingConfiguration": {"MinCapacity": 1, "ScalingPolicies": [{}]}}
    assert read_advice(half) == Advice(min_capacity=1, policies=(Tracking("", None),))
