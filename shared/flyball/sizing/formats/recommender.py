"""What did an Inference Recommender job find out?

It tells of each instance type how many invocations a minute one instance takes at most, and the
latency and the use at that: one step, at saturation.

Source: Amazon SageMaker API Reference, DescribeInferenceRecommendationsJob,
InferenceRecommendation, RecommendationMetrics, InferenceMetrics, ModelLatencyThreshold and
ListInferenceRecommendationsJobSteps; the Developer Guide, "Recommendation results": ModelLatency is
milliseconds, MaxInvocations a minute, NaN is not known. CloudWatch's CPUUtilization is 0–100 for
each core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.formats.text import Node

RECOMMENDED, PERFORMED, STEPS = "InferenceRecommendations", "EndpointPerformances", "Steps"
PERCENT = 100.0
OVER_RATIO = 1.05
"""A measured use may be a little over all there is."""
LATENCIES = {"P95": 0.95, "P99": 0.99}
USUAL = "P95"
"""The percentile of ModelLatency where the job has no threshold for it: the answer does not say."""
UNSAID = f"the job does not say of which percentile its ModelLatency is: taken for {USUAL}"
NO_CORES = "CPU use {:g} % is left out: it is 0–100 for each core, and the cores are not known"


class Found(NamedTuple):
    """What was measured of one configuration."""

    machine: Machine
    step: Step
    notes: tuple[str, ...]


def is_job(node: Node) -> bool:
    """Say whether it is what boto3 answers of a job, or of its steps, or the list in either."""
    return any(name in node.names() for name in (RECOMMENDED, PERFORMED, STEPS)) or any(
        isinstance(each.at("Metrics").value, dict) or "InferenceBenchmark" in each.names()
        for each in node.each()
    )


def read_job(
    node: Node, source: str, machines: Mapping[str, Machine] | None = None
) -> tuple[Benchmark, ...]:
    """Read a benchmark of each instance type, or of the endpoint that was measured.

    Args:
        node: Of what boto3 answers, as JSON or as it came.
        source: For messages.
        machines: By instance type, what is known of them; the job tells prices but no cores.

    Raises:
        BenchmarkError: It has no result, or a field is no number.
    """
    usual, said = _find_percentile(node)
    best, left = dict[str, Found](), list[str]()
    for each in _list_results(node):
        found = _read_result(each, machines or {}, usual)
        if isinstance(found, str):
            left.append(found)
            continue
        before = best.get(found.machine.instance_type)
        if before:
            left.append(f"of {found.machine.instance_type or 'it'} the better result is taken")
        if not before or found.step.offered > before.step.offered:
            best[found.machine.instance_type] = found
    if not best:
        status = node.at("Status").text() or "not told"
        why = node.at("FailureReason").text() or "; ".join(left) or f"its status is {status}"
        raise BenchmarkError(f"{source}: the job has no result ({why}); give one that is COMPLETED")
    shared = (*dict.fromkeys(left), *(() if said else (UNSAID,)))
    return tuple(
        Benchmark((found.step,), found.machine, source, (*found.notes, *shared))
        for found in best.values()
    )


def _list_results(node: Node) -> Sequence[Node]:
    listed = [
        *node.at(RECOMMENDED).each(),
        *node.at(PERFORMED).each(),
        *node.at(STEPS).each(),
        *node.each(),
    ]
    return [
        each.at("InferenceBenchmark") if "InferenceBenchmark" in each.names() else each
        for each in listed
    ]


def _find_percentile(node: Node) -> tuple[float, bool]:
    """Find of which percentile the latency is, and whether the job says it."""
    for threshold in node.at("StoppingConditions", "ModelLatencyThresholds").each():
        if (known := LATENCIES.get(threshold.at("Percentile").text().upper())) is not None:
            return known, True
    return LATENCIES[USUAL], False


def _read_result(each: Node, machines: Mapping[str, Machine], quantile: float) -> Found | str:
    """Read one configuration's, or why it has none."""
    metrics, configuration = each.at("Metrics"), each.at("EndpointConfiguration")
    if metrics.value is None:
        metrics = each.at("EndpointMetrics")
    name = configuration.at("InstanceType").text()
    called = name or each.at("EndpointInfo", "EndpointName").text() or each.field or "a result"
    if configuration.at("ServerlessConfig").value:
        return f"{called} is serverless and has no instances"
    most = metrics.at("MaxInvocations").known()
    if not most:
        why = each.at("FailureReason").text() or "no MaxInvocations"
        return f"{called}: {why}"
    machine = machines.get(name, Machine(name))
    cost = metrics.at("CostPerHour").known()
    if machine.price_per_hour is None and cost:
        machine = machine._replace(price_per_hour=cost)
    latency = metrics.at("ModelLatency").known()
    used, notes = _read_use(metrics, machine if name in machines else None)
    step = Step(
        answered=most,
        offered=most,
        duration=timedelta(minutes=1),
        latency_ms={quantile: latency} if latency else {},
        used_ratio=used,
    )
    return Found(machine, step, notes)


def _read_use(
    metrics: Node, machine: Machine | None
) -> tuple[dict[Resource, float], tuple[str, ...]]:
    used, notes = dict[Resource, float](), tuple[str, ...]()
    memory, cpu = metrics.at("MemoryUtilization").known(), metrics.at("CpuUtilization").known()
    if memory is not None:
        used[Resource.MEMORY] = _share(metrics.at("MemoryUtilization"), memory / PERCENT, "")
    if cpu is not None and machine:
        remedy = f" of {machine.cores} cores; give as many as {machine.instance_type} has"
        share = cpu / PERCENT / machine.cores
        used[Resource.CPU] = _share(metrics.at("CpuUtilization"), share, remedy)
    elif cpu is not None:
        notes = (NO_CORES.format(cpu),)
    return used, notes


def _share(node: Node, share: float, remedy: str) -> float:
    if share > OVER_RATIO:
        raise BenchmarkError(
            f"{node.where}: got {node.value!r}, which is over all there is{remedy}"
        )
    return min(1.0, share)
