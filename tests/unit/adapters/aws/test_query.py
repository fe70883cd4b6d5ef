"""Is a metric's source asked for as CloudWatch names it, and refused where it cannot be?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from flyball.adapters.aws.query import Query, make_recipe
from flyball.core.target import Metric, ScalableTarget
from flyball.metricmath import Expression
from flyball.recipe import SourceError

VARIANT = {"endpoint": "churn", "variant": "blue"}
PLAIN = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
BACKLOG = {**PLAIN, "metric": "ApproximateBacklogSize", "statistic": "Average"}
GPU = {"namespace": "/aws/sagemaker/Endpoints", "metric": "GPUUtilization", "statistic": "p90"}


def target(resource: Mapping[str, str] = VARIANT) -> ScalableTarget:
    """Make a scalable target on AWS."""
    return ScalableTarget("churn", 1, 4, home="aws", resource=resource)


def metric(source: Mapping[str, str], period_s: int = 60) -> Metric:
    """Make a metric with a source."""
    return Metric("load", period=timedelta(seconds=period_s), source=source)


DIMENSIONS: tuple[tuple[dict[str, str], dict[str, str], dict[str, str]], ...] = (
    (PLAIN, VARIANT, {"EndpointName": "churn", "VariantName": "blue"}),
    (BACKLOG, VARIANT, {"EndpointName": "churn"}),
    (PLAIN, {"inference_component": "llama"}, {"InferenceComponentName": "llama"}),
    (PLAIN, {"auto_scaling_group": "workers"}, {"AutoScalingGroupName": "workers"}),
    ({**PLAIN, "dimensions.QueueName": "jobs"}, VARIANT, {"QueueName": "jobs"}),
    (PLAIN | {"dimensions.B": "2", "dimensions.A": "1"}, {}, {"A": "1", "B": "2"}),
)


@pytest.mark.parametrize(("source", "resource", "dimensions"), DIMENSIONS)
def test_dimensions_are_the_resources_unless_they_are_given(
    source: Mapping[str, str], resource: Mapping[str, str], dimensions: Mapping[str, str]
) -> None:
    """Metrics of asynchronous endpoints have no variant."""
    (query,) = make_recipe(metric(source), target(resource)).queries
    assert query.dimensions == tuple(dimensions.items())


def test_a_query_has_statistic_period_and_unit_and_says_so() -> None:
    """In words that somebody can search for."""
    recipe = make_recipe(metric({**GPU, "gpus": "4", "unit": "Percent"}, 30), target())
    (query,) = recipe.queries
    assert (query.statistic, query.period_s, query.unit) == ("p90", 30, "Percent")
    assert recipe.divisor == 4
    assert str(query) == (
        "p90 of /aws/sagemaker/Endpoints GPUUtilization {EndpointName=churn, VariantName=blue}"
    )


def stat(line_id: str, name: str, **fields: Any) -> dict[str, Any]:
    """Make a line that reads a metric."""
    named = {"Namespace": "Jobs", "MetricName": name, "Dimensions": [{"Name": "Q", "Value": "a"}]}
    return {"Id": line_id, "MetricStat": {"Metric": named, "Stat": "Sum"}, **fields}


def math(*lines: Mapping[str, Any]) -> dict[str, str]:
    """Make a source of lines."""
    return {"metrics": json.dumps(lines)}


def expression(line_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """Make a line that computes."""
    return {"Id": line_id, "Expression": text, **fields}


def test_lines_may_be_made_of_lines() -> None:
    """Backlog per instance, in two steps."""
    source = math(
        stat("queued", "Queued", ReturnData=False),
        stat("ready", "Ready", ReturnData=False),
        expression("filled", "FILL(queued, 0)", ReturnData=False),
        expression("each", "filled / ready"),
    )
    recipe = make_recipe(metric({**source, "expression": "filled / ready"}), target())
    assert recipe.returned == "each"
    assert [query.name for query in recipe.queries] == ["Queued", "Ready"]
    assert recipe.queries[0] == Query("Jobs", "Queued", (("Q", "a"),), "Sum", 60)
    assert isinstance(recipe.lines["each"], Expression)


def test_an_expressions_ids_may_be_described_beside_it() -> None:
    """As somebody writes them in a file; dimensions are the resource's unless they are given."""
    source = {
        "expression": "errors / calls",
        "errors.namespace": "AWS/SageMaker",
        "errors.metric": "Invocation5XXErrors",
        "errors.statistic": "Sum",
        "calls.namespace": "Calls",
        "calls.metric": "Calls",
        "calls.statistic": "p99",
        "calls.dimensions.App": "web",
    }
    recipe = make_recipe(metric(source), target())
    errors = (("EndpointName", "churn"), ("VariantName", "blue"))
    assert recipe.queries == [
        Query("Calls", "Calls", (("App", "web"),), "p99", 60),
        Query("AWS/SageMaker", "Invocation5XXErrors", errors, "Sum", 60),
    ]
    assert recipe.returned == "result"
    named = make_recipe(
        metric(
            {
                "expression": "result",
                **{
                    key.replace("calls", "result"): value
                    for key, value in source.items()
                    if "calls." in key
                },
            }
        ),
        target(),
    )
    assert named.returned == "result1"


def with_period(line: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Let a line that reads a metric say its period."""
    return {**line, "MetricStat": {**line["MetricStat"], "Period": seconds}}


def test_lines_may_say_the_period_that_the_metric_has() -> None:
    """As an alarm prints it."""
    lines = math(with_period(stat("a", "A", ReturnData=False), 300), expression("c", "a", Period=0))
    (query,) = make_recipe(metric(lines, 300), target()).queries
    assert query.period_s == 300


A, B = stat("a", "A", ReturnData=False), stat("b", "B", ReturnData=False)
REFUSED = (
    ({"expression": "a / b", "a.metric": "x"}, "source.a.namespace is missing"),
    ({"expression": "RATE(a)"}, "source.expression: got RATE(a): RATE is not understood"),
    ({"metric": "x", "statistic": "Sum"}, "source.namespace is missing"),
    ({"namespace": "x", "statistic": "Sum"}, "source.metric is missing"),
    ({"namespace": "x", "metric": "y"}, "source.statistic is missing"),
    ({**PLAIN, "cores": "0"}, "source.cores: got '0', expected a number above 0"),
    ({**PLAIN, "gpus": "many"}, "source.gpus: got 'many'"),
    ({**PLAIN, "gpus": "1", "cores": "2"}, "expected one of them"),
    ({"metrics": "no JSON"}, "source.metrics: JSONDecodeError"),
    ({"metrics": "[1]"}, "source.metrics: TypeError"),
    (math({"Id": "a"}), "source.metrics: KeyError"),
    (math(A, B), "lines with ReturnData are none, expected exactly one"),
    (math(stat("a", "A"), stat("b", "B")), "lines with ReturnData are a, b"),
    (math(A, {**A, "ReturnData": True}), "an Id is there twice"),
    (math(A, expression("c", "a / d")), "c needs d, expected one of a, c"),
    (math(expression("c", "c + 1")), "c → c: a line is made of itself"),
    (math(A, expression("c", "RATE(a)")), "RATE is not understood"),
    (
        math(with_period(A, 300), B, expression("c", "a / b")),
        "source.metrics: a has a Period of 300 s, expected 60 s like the metric's period",
    ),
    (
        math(A, with_period(B, 30), expression("c", "a")),
        "b has a Period of 30 s, expected 60 s",
    ),
    (math(A, expression("c", "a", Period=300)), "c has a Period of 300 s, expected 60 s"),
)


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_a_source_that_cannot_be_asked_for_is_refused(
    source: Mapping[str, str], message: str
) -> None:
    """With the key, and what was expected."""
    with pytest.raises(SourceError) as refused:
        make_recipe(metric(source), target())
    assert message in str(refused.value)


def test_a_resource_of_another_home_has_no_metrics_of_its_own() -> None:
    """So its dimensions must be given."""
    with pytest.raises(SourceError, match="expected endpoint with variant"):
        make_recipe(metric(PLAIN), target({"endpoint": "churn"}))
