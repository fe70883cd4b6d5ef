"""What did an Inference Recommender job find out, as its answer was saved?

What its fields mean is known where it is asked itself; here is only what a file adds: it may hold
the whole answer, or a list out of it, and what is wrong in it has a place.

Source: Amazon SageMaker API Reference, DescribeInferenceRecommendationsJob,
ListInferenceRecommendationsJobSteps, RecommendationMetrics and InferenceMetrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from flyball.adapters.aws.trials import read_part, read_trial
from flyball.sizing.benchmark import UNKNOWN, Benchmark, BenchmarkError, Machine
from flyball.sizing.catalog import find_machine
from flyball.sizing.formats.text import Node
from flyball.sizing.recommended import read_benchmarks
from flyball.trial import Trial

RECOMMENDED, PERFORMED, STEPS = "InferenceRecommendations", "EndpointPerformances", "Steps"
BENCHMARK = "InferenceBenchmark"
METRICS = ("Metrics", "EndpointMetrics")
NUMBERS = (
    "MaxInvocations",
    "ModelLatency",
    "CpuUtilization",
    "MemoryUtilization",
    "CostPerHour",
    "CostPerInference",
)
UNNAMED: Mapping[str, str] = {"JobName": "the job", "Status": "COMPLETED"}
"""Of a list that was saved without its job."""


def is_job(node: Node) -> bool:
    """Say whether it is what boto3 answers of a job, or of its steps, or the list in either."""
    return any(name in node.names() for name in (RECOMMENDED, PERFORMED, STEPS)) or any(
        isinstance(each.at("Metrics").value, dict) or BENCHMARK in each.names()
        for each in node.each()
    )


def read_job(node: Node, source: str, machine: Machine = UNKNOWN) -> tuple[Benchmark, ...]:
    """Read a benchmark of each configuration; none of an endpoint that had been there.

    Args:
        node: Of what boto3 answers, as JSON.
        source: For messages.
        machine: What is known of its instance type; of others the table of machines is asked.

    Raises:
        BenchmarkError: It has no result of one instance, or a field is no number.
    """
    trial = read_node(node)
    on = machine.instance_type
    try:
        read = read_benchmarks(trial, lambda name: machine if name == on else find_machine(name))
    except BenchmarkError as error:
        raise BenchmarkError(f"{source}: {error}") from error
    return tuple(
        replace(each, source=f"{source}, {each.source}", notes=(*each.notes, *read.notes))
        for each in read.benchmarks
    )


def read_node(node: Node) -> Trial:
    """Read a trial of what boto3 answers of it, as JSON.

    Raises:
        BenchmarkError: A field is no number.
    """
    for each in (*_list(node, RECOMMENDED), *_list(node, PERFORMED), *_list(node, STEPS)):
        inner = each.at(BENCHMARK) if BENCHMARK in each.names() else each
        for metrics in METRICS:
            for name in NUMBERS:
                inner.at(metrics, name).known()
    return _make_trial(node)


def _list(node: Node, name: str) -> list[Node]:
    """List the results of one kind; a list that stands alone is of recommendations or of steps."""
    alone = STEPS if any(BENCHMARK in each.names() for each in node.each()) else RECOMMENDED
    return node.at(name).each() or (node.each() if name == alone else [])


def _make_trial(node: Node) -> Trial:
    answer = dict(UNNAMED)
    if isinstance(node.value, dict):
        answer |= {name: value for name, value in node.value.items() if value is not None}
    lists = {name: _list_objects(node, name) for name in (RECOMMENDED, PERFORMED)}
    parts = tuple(read_part({**UNNAMED, **each}) for each in _list_objects(node, STEPS))
    return read_trial({**answer, **lists}, parts)


def _list_objects(node: Node, name: str) -> list[dict[str, Any]]:
    return [
        cast("dict[str, Any]", each.value)
        for each in _list(node, name)
        if isinstance(each.value, dict)
    ]
