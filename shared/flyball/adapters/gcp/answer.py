"""Whose is each series of Cloud Monitoring's answer, and what do its points say?

Source: Google Cloud Monitoring API v3, TimeSeries and Point (points newest first).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from flyball.adapters.gcp.query import Query
from flyball.core.model import Missing
from flyball.core.shape import NamedTuple
from flyball.metricmath import Values
from flyball.recipe import Span


class Found(NamedTuple):
    """What was read for one query.

    Attributes:
        values: By the ends of their periods.
        reporting: Likewise: how many replicas reported; empty where they have no series each.
        unit: Google's word for the values' unit, "" where it said none.
    """

    values: Values
    reporting: Mapping[datetime, int]
    unit: str = ""


class Batch(NamedTuple):
    """What one call asks for: queries that differ in nothing but their labels' values."""

    queries: Sequence[Query]
    span: Span


class Line(NamedTuple):
    """One time series of an answer, whichever way it came.

    Attributes:
        resource: The monitored resource's labels.
        metric: The metric's own.
        points: (end, number), newest first; what is no number is left out.
        unit: Google's word for it, "" where it said none.
    """

    resource: Mapping[str, str]
    metric: Mapping[str, str]
    points: Sequence[tuple[datetime, float]]
    unit: str = ""


class Page(NamedTuple):
    """One page of an answer.

    Attributes:
        lines: Series; one may go on on the next page.
        unit: Of all of them, where they do not say it themselves.
        error: Why the answer is not whole; "": it is.
        goes_on: Another page follows.
    """

    lines: Sequence[Line]
    unit: str = ""
    error: str = ""
    goes_on: bool = False


Answers = dict[Query, Found | Missing]

_FOLDS: Mapping[str, Callable[[list[float]], float]] = {
    "mean": lambda values: math.fsum(values) / len(values),
    "sum": math.fsum,
    "min": min,
    "max": max,
}
"""By ACROSS: what becomes of the replicas' values of a period."""


def split_series(batch: Batch, series: Sequence[Line], unit: str = "") -> Answers:
    """Tell the series of an answer apart by their labels, and make one of those of each query.

    Args:
        batch: What was asked for.
        series: All that came; several of a query where each replica has its own.
        unit: Of all of them, where they do not say it themselves.
    """
    by_labels = {query.labels: query for query in batch.queries}
    paths = [path for path, _ in batch.queries[0].labels]
    read: dict[Query, list[tuple[str, Values]]] = {query: [] for query in batch.queries}
    units: dict[Query, str] = {}
    for each in series:
        query = by_labels.get(tuple((path, _read_label(each, path)) for path in paths))
        if query is not None:
            replica = each.metric.get("replica_id", "")
            read[query].append((replica, read_points(each.points, batch.span)))
            units[query] = each.unit or unit
    return {query: _join(query, parts, units.get(query, "")) for query, parts in read.items()}


def count_reporting(answers: Iterable[Found]) -> dict[datetime, int]:
    """Count who reported all that a metric is made of: at an instant, the fewest replicas."""
    counts: dict[datetime, int] = {}
    for answer in answers:
        for at, count in answer.reporting.items():
            counts[at] = min(count, counts.get(at, count))
    return counts


def read_points(points: Sequence[tuple[datetime, float]], span: Span) -> Values:
    """Read points by the ends of the periods that they end in; others are dropped."""
    values: Values = {}
    for ended, value in points:
        if span.start < ended <= span.end:
            at = span.end - (span.end - ended) // span.period * span.period
            values.setdefault(at, value)  # the newest comes first
    return values


def _read_label(series: Line, path: str) -> str:
    of, _, name = path.split(".", 2)
    return str((series.resource if of == "resource" else series.metric).get(name, ""))


def _join(query: Query, parts: Sequence[tuple[str, Values]], unit: str) -> Found:
    """Make one series of a query's; there is one only, unless it was asked for by replica."""
    values: dict[datetime, list[float]] = {}
    replicas: dict[datetime, set[str]] = {}
    for replica, series in parts:
        for at, value in series.items():
            values.setdefault(at, []).append(value)
            if query.by_replica and replica:
                replicas.setdefault(at, set()).add(replica)
    fold = _FOLDS[query.across if query.by_replica else "mean"]
    joined = {at: fold(each) for at, each in values.items()}
    return Found(joined, {at: len(names) for at, names in replicas.items()}, unit)
