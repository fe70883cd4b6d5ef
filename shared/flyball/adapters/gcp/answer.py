"""Whose is each series of Cloud Monitoring's answer, and what do its points say?

Source: Google Cloud Monitoring API v3, TimeSeries, Point and TypedValue (points newest first).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flyball.adapters.gcp.query import Query
from flyball.core.model import Missing
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


Answers = dict[Query, Found | Missing]


def split_series(batch: Batch, series: Sequence[Any], unit: str = "") -> Answers:
    """Tell the series of an answer apart by their labels, and make one of those of each query.

    Args:
        batch: What was asked for.
        series: TimeSeries, points newest first; several of a query where each replica has its own.
        unit: Of all of them, where they do not say it themselves.
    """
    by_labels = {query.labels: query for query in batch.queries}
    paths = [path for path, _ in batch.queries[0].labels]
    read: dict[Query, list[tuple[str, Values]]] = {query: [] for query in batch.queries}
    units: dict[Query, str] = {}
    for each in series:
        query = by_labels.get(tuple((path, _read_label(each, path)) for path in paths))
        if query is not None:
            replica = each.metric.labels.get("replica_id", "")
            read[query].append((replica, read_points(each.points, batch.span)))
            units[query] = each.unit or unit
    return {query: _join(query, parts, units.get(query, "")) for query, parts in read.items()}


def read_points(points: Sequence[Any], span: Span) -> Values:
    """Read points by the ends of the periods that they end in; others are dropped."""
    values: Values = {}
    for point in points:
        ended = point.interval.end_time.replace(tzinfo=UTC)
        value = _read_value(point.value)
        if value is not None and span.start < ended <= span.end:
            at = span.end - (span.end - ended) // span.period * span.period
            values.setdefault(at, value)  # the newest comes first
    return values


def _read_value(value: Any) -> float | None:  # noqa: ANN401  (a TypedValue)
    """Read a point's number; None: it is a text or a distribution, of which nothing was made."""
    pb = type(value).pb(value)
    kind = pb.WhichOneof("value")
    if kind in {"double_value", "int64_value", "bool_value"}:
        return float(getattr(pb, kind))
    return None


def _read_label(series: Any, path: str) -> str:  # noqa: ANN401  (a TimeSeries)
    of, _, name = path.split(".", 2)
    labels = series.resource.labels if of == "resource" else series.metric.labels
    return str(labels.get(name, ""))


def _join(query: Query, parts: Sequence[tuple[str, Values]], unit: str) -> Found:
    """Make one series of a query's; there is one only, unless it was asked for by replica."""
    values: dict[datetime, list[float]] = {}
    replicas: dict[datetime, set[str]] = {}
    for replica, series in parts:
        for at, value in series.items():
            values.setdefault(at, []).append(value)
            if query.by_replica and replica:
                replicas.setdefault(at, set()).add(replica)
    mean = {at: math.fsum(each) / len(each) for at, each in values.items()}
    return Found(mean, {at: len(names) for at, names in replicas.items()}, unit)
