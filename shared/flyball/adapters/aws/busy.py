"""What does CloudWatch remember of how busy a SageMaker endpoint's variant was?

Use is of one instance, on average over all of them: 0–100 times cores of the CPU, times GPUs of
these and of their memory, 0–100 of memory and disk. How many instances there were follows from the
requests, as in past.py.

Source: Amazon SageMaker Developer Guide, "Amazon SageMaker AI metrics in Amazon CloudWatch";
CloudWatch API Reference, GetMetricData (datapoints a call).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime

from flyball.adapters.aws.asked import DENIED
from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.cloudwatch import POINTS_A_CALL, CloudWatchMetrics
from flyball.adapters.aws.past import (
    AGAIN,
    INVOCATIONS,
    OF_VARIANT,
    CloudWatchPast,
    explain_refusal,
)
from flyball.adapters.aws.query import Query
from flyball.adapters.aws.refusal import is_throttled
from flyball.adapters.aws.sagemaker import fetch_endpoint
from flyball.busy import Load
from flyball.core.model import Missing
from flyball.history import HistoryError, ThrottledError
from flyball.metricmath import Values
from flyball.recipe import Span

MICROSECONDS = 1_000.0
"""Of a millisecond."""
REQUESTS, EACH = "Invocations", OF_VARIANT.each
FAILED = ("Invocation4XXErrors", "Invocation5XXErrors")
LATENCY = "ModelLatency"
QUANTILES = (0.5, 0.9, 0.95, 0.99)
USED = {
    "cpu": "CPUUtilization",
    "memory": "MemoryUtilization",
    "disk": "DiskUtilization",
    "gpu": "GPUUtilization",
    "gpu_memory": "GPUMemoryUtilization",
}

Found = Mapping[tuple[str, str], Values]
"""By metric and statistic."""
MISSING = "could not find"
"""In what AWS says of an endpoint that is not there."""


class CloudWatchLoad:
    """Load and use of SageMaker's variants, by GetMetricData alone.

    Args:
        clients: With cloudwatch:GetMetricData; and sagemaker:DescribeEndpoint and
            sagemaker:DescribeEndpointConfig for the instance type.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._metrics = CloudWatchMetrics(clients)

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Say in which region and account it is asked, as of traffic."""
        return CloudWatchPast(self._clients).find_place(known)

    def find_type(self, endpoint: str, variant: str) -> str:
        """Say which instance type a variant has now."""
        action = "DescribeEndpoint"
        try:
            name = fetch_endpoint(self._clients, endpoint)["EndpointConfigName"]
            action = "DescribeEndpointConfig"
            client = self._clients.get("sagemaker")
            answer = client.describe_endpoint_config(EndpointConfigName=name)
        except Exception as error:
            kind = ThrottledError if is_throttled(error) else HistoryError
            raise kind(f"{endpoint}: {_explain_type(error, action)}") from error
        variants = {each["VariantName"]: each for each in answer["ProductionVariants"]}
        if variant not in variants:
            known = ", ".join(variants)
            raise HistoryError(f"{endpoint}: it has no variant {variant!r}; it has {known}")
        found = variants[variant].get("InstanceType")
        if not found:
            raise HistoryError(
                f"{endpoint}/{variant}: it names no instance type; say which it has, or its cores"
            )
        return str(found)

    def pull_loads(self, endpoint: str, variant: str, span: Span) -> Sequence[Load]:
        """Ask for each period of a span in which requests came, in order."""
        where = f"{endpoint}/{variant}"
        queries = _make_queries(endpoint, variant, round(span.period.total_seconds()))
        loads: list[Load] = []
        for part in _split(span, len(queries)):
            try:
                answers = self._metrics.fetch(queries, part)
            except Exception as error:
                kind = ThrottledError if is_throttled(error) else HistoryError
                raise kind(f"{where}: {explain_refusal(error)}") from error
            found = {}
            for query, values in answers.items():
                if isinstance(values, Missing):
                    raise HistoryError(f"{where}: AWS: {values.detail}; {AGAIN}")
                found[query.name, query.statistic] = values
            ends = sorted(found[REQUESTS, "Sum"])
            loads += [_read_load(end, span, found) for end in ends]
        return loads


def _explain_type(error: Exception, action: str) -> str:
    """Say why an instance type is not known; what may be read of metrics is another matter."""
    if MISSING in error_message(error).lower():
        return (
            f"AWS: {error_message(error)}; another name or region? Of one that is gone, say which "
            "instance type it had"
        )
    if error_code(error) not in DENIED:
        return explain_refusal(error)
    return (
        f"AWS: it may not be seen: {error_message(error)}; allow sagemaker:{action} on it, or say "
        "which instance type it has"
    )


def _make_queries(endpoint: str, variant: str, period_s: int) -> list[Query]:
    """Say what is asked for."""
    dimensions = (("EndpointName", endpoint), ("VariantName", variant))
    sums = [(INVOCATIONS, name, "Sum") for name in (REQUESTS, EACH, *FAILED)]
    late = [(INVOCATIONS, LATENCY, _name(quantile)) for quantile in QUANTILES]
    used = [(OF_VARIANT.space, name, "Average") for name in USED.values()]
    asked = (*sums, *late, *used)
    return [Query(space, name, dimensions, how, period_s) for space, name, how in asked]


def _name(quantile: float) -> str:
    return f"p{100 * quantile:g}"


def _split(span: Span, queries: int) -> Iterator[Span]:
    """Cut a span into as few as are answered in a call each."""
    length = span.period * (POINTS_A_CALL // queries)
    start = span.start
    while start < span.end:
        end = min(start + length, span.end)
        yield Span(start, end, span.period)
        start = end


def _read_load(end: datetime, span: Span, found: Found) -> Load:
    """Put together what is known of the period that ends then."""
    requests = found[REQUESTS, "Sum"][end]
    each = found[EACH, "Sum"].get(end)
    late = {quantile: found[LATENCY, _name(quantile)].get(end) for quantile in QUANTILES}
    used = {resource: found[name, "Average"].get(end) for resource, name in USED.items()}
    return Load(
        end - span.period,
        span.period,
        requests,
        sum(found[name, "Sum"].get(end, 0.0) for name in FAILED),
        requests / each if each else None,
        {name: value / MICROSECONDS for name, value in late.items() if value is not None},
        {name: value for name, value in used.items() if value is not None},
    )
