"""Is a metric's source asked for as Cloud Monitoring names it, and refused where it cannot be?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from google.cloud.monitoring_v3 import Aggregation

from flyball.adapters.gcp.query import Query, make_recipe
from flyball.core.target import Metric, Per, ScalableTarget
from flyball.meter import METERS, PERCENTILES, STATISTICS, Kind
from flyball.recipe import SourceError

ENDPOINT = {"project": "p", "location": "europe-west4", "endpoint": "42", "deployed_model": "7"}
POOL = {"project": "p", "location": "europe-west4", "deployment_resource_pool": "gpus"}
VERSION = {"project": "p", "model": "vision", "version": "v3"}
VERTEX = "aiplatform.googleapis.com/prediction/online"
DUTY = f"{VERTEX}/accelerator/duty_cycle"
CUSTOM = "custom.googleapis.com/queue"
OF_MODEL = (
    ("metric.labels.deployed_model_id", "7"),
    ("resource.labels.endpoint_id", "42"),
    ("resource.labels.location", "europe-west4"),
)
TOTAL = Per.TOTAL


def ask(
    source: Mapping[str, str],
    resource: Mapping[str, str] = ENDPOINT,
    per: Per = Per.INSTANCE,
    period_s: int = 60,
) -> list[Query]:
    """Say what is asked for a metric."""
    target = ScalableTarget("vision", 1, 4, home="gcp", resource=resource)
    metric = Metric("load", per=per, period=timedelta(seconds=period_s), source=source)
    return make_recipe(metric, target).queries


LABELS: tuple[tuple[dict[str, str], dict[str, str], str, dict[str, str]], ...] = (
    ({"metric": DUTY}, ENDPOINT, "aiplatform.googleapis.com/Endpoint", dict(OF_MODEL)),
    (
        {"metric": DUTY},
        {**ENDPOINT, "deployed_model": ""},
        "aiplatform.googleapis.com/Endpoint",
        dict(OF_MODEL[1:]),
    ),
    (
        {"metric": f"{VERTEX}/deployment_resource_pool/replicas"},
        POOL,
        "aiplatform.googleapis.com/DeploymentResourcePool",
        {
            "resource.labels.deployment_resource_pool_id": "gpus",
            "resource.labels.location": "europe-west4",
        },
    ),
    (
        {"metric": "ml.googleapis.com/prediction/online/replicas"},
        VERSION,
        "cloudml_model_version",
        {"resource.labels.model_id": "vision", "resource.labels.version_id": "v3"},
    ),
    (
        {"metric": f"{VERTEX}/prediction_latencies", "statistic": "p99"},
        ENDPOINT,
        "aiplatform.googleapis.com/Endpoint",
        {"metric.labels.latency_type": "total", **dict(OF_MODEL)},
    ),
    (
        {
            "metric": f"{VERTEX}/prediction_latencies",
            "statistic": "p99",
            "labels.latency_type": "model",
        },
        ENDPOINT,
        "aiplatform.googleapis.com/Endpoint",
        {"metric.labels.latency_type": "model", **dict(OF_MODEL)},
    ),
    ({"metric": CUSTOM, "statistic": "mean"}, ENDPOINT, "", {}),
    (
        {
            "metric": CUSTOM,
            "statistic": "mean",
            "resource_type": "generic_task",
            "resource_labels.job": "b",
            "labels.queue": "a",
        },
        POOL,
        "generic_task",
        {"metric.labels.queue": "a", "resource.labels.job": "b"},
    ),
    (
        {"metric": DUTY, "resource_labels.endpoint_id": "43"},
        POOL,
        "aiplatform.googleapis.com/Endpoint",
        {"resource.labels.endpoint_id": "43"},
    ),
)


@pytest.mark.parametrize(("source", "resource", "resource_type", "labels"), LABELS)
def test_labels_are_the_resources_unless_they_are_given(
    source: Mapping[str, str],
    resource: Mapping[str, str],
    resource_type: str,
    labels: Mapping[str, str],
) -> None:
    """A custom metric has those that are given alone."""
    (query,) = ask(source, resource)
    assert query.resource_type == resource_type
    assert dict(query.labels) == labels


MADE = (
    (DUTY, "", Per.INSTANCE, ("ALIGN_MEAN", "REDUCE_NONE")),
    (DUTY, "max", Per.INSTANCE, ("ALIGN_MAX", "REDUCE_NONE")),
    (f"{VERTEX}/cpu/utilization", "mean", Per.INSTANCE, ("ALIGN_MEAN", "REDUCE_NONE")),
    (f"{VERTEX}/memory/bytes_used", "", Per.INSTANCE, ("ALIGN_MEAN", "REDUCE_NONE")),
    (f"{VERTEX}/memory/bytes_used", "", TOTAL, ("ALIGN_MEAN", "REDUCE_NONE")),
    (f"{VERTEX}/replicas", "", TOTAL, ("ALIGN_MEAN", "REDUCE_SUM")),
    (f"{VERTEX}/replicas", "min", TOTAL, ("ALIGN_MIN", "REDUCE_MIN")),
    (f"{VERTEX}/prediction_count", "", TOTAL, ("ALIGN_SUM", "REDUCE_SUM")),
    (f"{VERTEX}/error_count", "rate", TOTAL, ("ALIGN_RATE", "REDUCE_SUM")),
    (f"{VERTEX}/prediction_latencies", "p99", TOTAL, ("ALIGN_DELTA", "REDUCE_PERCENTILE_99")),
    (f"{VERTEX}/prediction_latencies", "p05", TOTAL, ("ALIGN_DELTA", "REDUCE_PERCENTILE_05")),
    (f"{VERTEX}/prediction_latencies", "mean", TOTAL, ("ALIGN_DELTA", "REDUCE_MEAN")),
    (CUSTOM, "mean", Per.INSTANCE, ("ALIGN_MEAN", "REDUCE_MEAN")),
    (CUSTOM, "mean", TOTAL, ("ALIGN_MEAN", "REDUCE_SUM")),
    (CUSTOM, "delta", Per.INSTANCE, ("ALIGN_DELTA", "REDUCE_MEAN")),
    (CUSTOM, "p50", TOTAL, ("ALIGN_DELTA", "REDUCE_PERCENTILE_50")),
)


@pytest.mark.parametrize(("metric_type", "statistic", "per", "made"), MADE)
def test_a_statistic_is_made_by_google_as_the_metric_is_meant(
    metric_type: str, statistic: str, per: Per, made: tuple[str, str]
) -> None:
    """Replicas are averaged here, where they can be counted; totals are added up there."""
    source = {"metric": metric_type} | ({"statistic": statistic} if statistic else {})
    (query,) = ask(source, per=per)
    assert (query.aligner, query.reducer) == made


def test_how_series_become_one_may_be_said() -> None:
    """Each replica is still counted, here."""
    (query,) = ask({"metric": DUTY, "across": "max"})
    assert (query.aligner, query.reducer) == ("ALIGN_MEAN", "REDUCE_NONE")


def test_google_has_every_aligner_and_reducer_that_is_named() -> None:
    """As its own client writes them."""
    reducers = {f"REDUCE_PERCENTILE_{each[1:]}" for each in PERCENTILES}
    reducers |= {reducer for *_, (_, reducer) in MADE}
    assert not [each for each in STATISTICS.values() if not hasattr(Aggregation.Aligner, each)]
    assert not [each for each in reducers if not hasattr(Aggregation.Reducer, each)]


@pytest.mark.parametrize("metric_type", METERS)
def test_every_metric_that_is_known_can_be_asked_for(metric_type: str) -> None:
    """Of the resource that it stands at, in each of its statistics."""
    meter = METERS[metric_type]
    for statistic in meter.statistics:
        (query,) = ask({"metric": metric_type, "statistic": statistic}, ENDPOINT | POOL | VERSION)
        assert query.resource_type
        assert query.labels
    assert meter.usual == ("" if meter.kind is Kind.DISTRIBUTION else meter.statistics[0])


def test_a_query_says_what_it_asks_for() -> None:
    """In words that somebody can search for."""
    (query,) = ask({"metric": DUTY, "cores": "4", "project": "other"}, period_s=300)
    assert query.period_s == 300
    said = f"mean of {DUTY} {{deployed_model_id=7, endpoint_id=42, location=europe-west4}} in other"
    assert str(query) == said


def test_the_lines_of_an_expression_are_totals_but_for_utilizations() -> None:
    """Whatever the expression's value is of."""
    source = {
        "expression": "queued / ready * busy",
        "queued.metric": CUSTOM,
        "queued.statistic": "mean",
        "ready.metric": f"{VERTEX}/replicas",
        "busy.metric": DUTY,
    }
    reducers = {query.metric_type: query.reducer for query in ask(source)}
    expected = {CUSTOM: "REDUCE_SUM", f"{VERTEX}/replicas": "REDUCE_SUM", DUTY: "REDUCE_NONE"}
    assert reducers == expected


REFUSED: tuple[tuple[dict[str, str], dict[str, str], str], ...] = (
    ({}, ENDPOINT, "source.metric is missing"),
    ({"metric": CUSTOM}, ENDPOINT, "source.statistic: nothing is there, expected one of mean"),
    ({"metric": DUTY, "statistic": "p99"}, ENDPOINT, "got p99, expected one of mean, max, min"),
    ({"metric": DUTY, "across": "all"}, ENDPOINT, "source.across: got all, expected one of"),
    (
        {"metric": f"{VERTEX}/prediction_latencies", "statistic": "p99", "across": "max"},
        ENDPOINT,
        "a percentile is of all series together",
    ),
    ({"metric": DUTY}, POOL, "resource.endpoint is missing; add it, or source.resource_labels"),
    ({"metric": DUTY}, {"endpoint": "42"}, "resource.project is missing"),
    ({"metric": DUTY, "cores": "none"}, ENDPOINT, "source.cores: got 'none'"),
    ({"expression": "a + 1", "a.statistic": "mean"}, ENDPOINT, "source.a.metric is missing"),
)


@pytest.mark.parametrize(("source", "resource", "message"), REFUSED)
def test_a_source_that_cannot_be_asked_for_is_refused(
    source: Mapping[str, str], resource: Mapping[str, str], message: str
) -> None:
    """With the key, and what was expected."""
    with pytest.raises(SourceError) as refused:
        ask(source, resource)
    assert message in str(refused.value)


def test_a_period_below_a_minute_is_refused() -> None:
    """Google would refuse the whole call."""
    with pytest.raises(SourceError, match="period: got 30 s, expected at least 60 s"):
        ask({"metric": DUTY}, period_s=30)
