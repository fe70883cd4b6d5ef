"""What does CloudWatch have to be asked for one of our metrics?

A metric's source is one metric of CloudWatch, or lines of metric math over several; see
docs/config-guide.md.

Source: Amazon CloudWatch API Reference, GetMetricData, MetricDataQuery and MetricStat; Amazon
SageMaker Developer Guide, "Metrics for monitoring Amazon SageMaker AI with Amazon CloudWatch".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flyball.adapters.aws.resource import Component, Group, Variant, read_resource
from flyball.core.target import Metric, ScalableTarget
from flyball.metricmath import Expression, MathError, read_expression
from flyball.recipe import Recipe, SourceError, read_divisor, read_named

DEVICES = ("cores", "gpus")
DIMENSION = "dimensions."
ENDPOINT_ONLY = frozenset(
    {
        "ApproximateAgeOfOldestRequest",
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "ExpiredRequests",
        "HasBacklogWithoutCapacity",
        "InvocationFailures",
        "InvocationsProcessed",
        "TimeInBacklog",
        "TotalProcessingTime",
    }
)
"""Metrics of asynchronous endpoints have no variant."""


class Query(NamedTuple):
    """One statistic of one metric.

    Attributes:
        namespace: Such as AWS/SageMaker.
        name: Such as InvocationsPerInstance.
        dimensions: (name, value), sorted by name.
        statistic: Such as Sum or p99.
        period_s: Length of one datapoint, seconds.
        unit: CloudWatch's, "" for any.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int
    unit: str = ""

    def __str__(self) -> str:
        where = ", ".join(f"{key}={value}" for key, value in self.dimensions)
        return f"{self.statistic} of {self.namespace} {self.name} {{{where}}}"


def make_recipe(metric: Metric, target: ScalableTarget) -> Recipe[Query]:
    """Say how a metric is read.

    Raises:
        SourceError: Its source cannot be understood.
    """
    source = metric.source
    period_s = round(metric.period.total_seconds())
    divisor = read_divisor(source, DEVICES)
    if "metrics" in source:
        return _read_lines(source["metrics"], period_s, divisor)
    if "expression" in source:
        return read_named(
            source, lambda own, where: _read_plain(own, target, period_s, where), divisor
        )
    return Recipe({"m1": _read_plain(source, target, period_s)}, "m1", divisor)


def _read_plain(
    source: Mapping[str, str], target: ScalableTarget, period_s: int, where: str = "source."
) -> Query:
    """Read one metric of CloudWatch, under the resource's dimensions unless others are given."""
    for key in ("namespace", "metric", "statistic"):
        if not source.get(key):
            raise SourceError(f"{where}{key} is missing")
    given = {
        key.removeprefix(DIMENSION): value
        for key, value in source.items()
        if key.startswith(DIMENSION)
    }
    return Query(
        source["namespace"],
        source["metric"],
        _sort(given or find_dimensions(source["metric"], target.resource)),
        source["statistic"],
        period_s,
        source.get("unit", ""),
    )


def find_dimensions(name: str, resource: Mapping[str, str]) -> dict[str, str]:
    """Give the dimensions under which a resource's own metrics stand.

    Raises:
        SourceError: It is no resource of AWS.
    """
    try:
        found = read_resource(resource)
    except ValueError as error:
        raise SourceError(str(error)) from error
    match found:
        case Variant(endpoint, variant):
            whole = {"EndpointName": endpoint}
            return whole if name in ENDPOINT_ONLY else {**whole, "VariantName": variant}
        case Component(inference_component=component):
            return {"InferenceComponentName": component}
        case Group(group):
            return {"AutoScalingGroupName": group}


def _read_lines(text: str, period_s: int, divisor: float) -> Recipe[Query]:
    """Read the lines of metric math, each with its Id."""
    try:
        given = json.loads(text)
        lines = {item["Id"]: _read_line(item, period_s) for item in given}
        returned = [item["Id"] for item in given if item.get("ReturnData", True)]
    except MathError as error:
        raise SourceError(f"source.metrics: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"source.metrics: {type(error).__name__}: {error}; expected MetricDataQueries"
        raise SourceError(message) from error
    if len(lines) != len(given):
        raise SourceError("source.metrics: an Id is there twice, expected one of its own each")
    if len(returned) != 1:
        shown = ", ".join(returned) or "none"
        raise SourceError(
            f"source.metrics: lines with ReturnData are {shown}, expected exactly one"
        )
    _check_order(lines, returned[0], ())
    _check_periods(given, period_s)
    return Recipe(lines, returned[0], divisor)


def _read_line(item: Mapping[str, Any], period_s: int) -> Query | Expression:
    if item.get("Expression"):
        return read_expression(item["Expression"])
    stat = item["MetricStat"]
    named = stat["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in named.get("Dimensions", ())}
    return Query(
        named["Namespace"],
        named["MetricName"],
        _sort(dimensions),
        stat["Stat"],
        period_s,
        stat.get("Unit") or "",
    )


def _check_order(
    lines: Mapping[str, Query | Expression], line_id: str, above: tuple[str, ...]
) -> None:
    """See that every line that is needed is there, and that none needs itself."""
    if line_id in above:
        shown = " → ".join((*above, line_id))
        raise SourceError(f"source.metrics: {shown}: a line is made of itself")
    line = lines.get(line_id)
    if line is None:
        known = ", ".join(sorted(lines))
        raise SourceError(f"source.metrics: {above[-1]} needs {line_id}, expected one of {known}")
    if isinstance(line, Expression):
        for each in sorted(line.ids):
            _check_order(lines, each, (*above, line_id))


def _check_periods(given: Sequence[Mapping[str, Any]], period_s: int) -> None:
    """See that every line has the metric's period: a minute's sum and an hour's are not joined."""
    for item in given:
        for stated in (item.get("Period"), (item.get("MetricStat") or {}).get("Period")):
            if stated and stated != period_s:
                raise SourceError(
                    f"source.metrics: {item['Id']} has a Period of {stated} s, expected {period_s} "
                    "s like the metric's period: give all lines one Period, and the metric the same"
                )


def _sort(dimensions: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dimensions.items()))
