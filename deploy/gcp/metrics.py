"""Which metrics are made of what the functions write, for alarms and for the dashboard?

A function writes a line of JSON for each wake, and one of counts for each call; a call that did not
reach it is in Cloud Run's own log of requests. Counters count lines. Distributions hold values,
whose mean is exact and whose zero is not: alarms look at counters alone. A point of one is charged
as ten of a counter, so it is of changes only, and there are none of each call.

Source: Logging API v2, LogMetric; flyball.wiring.tell and flyball.wiring.lines write the fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from deploy.gcp.place import Place
from deploy.gcp.step import READS, Ensure, Step

USER = "logging.googleapis.com/user"
"""How the types of such metrics begin."""
REQUESTS = 'log_id("run.googleapis.com/requests")'
TARGET: Mapping[str, str] = {"target": "EXTRACT(jsonPayload.scalable_target_id)"}
COUNTS = 'jsonPayload.message = "metrics"'


class Metric(NamedTuple):
    """A metric of lines.

    Attributes:
        id: Without the deployment's name.
        title: What it is, for people.
        lines: A filter of the functions' lines.
        labels: Extractors by label.
        value: Extractor of a value; "": lines are counted.
        unit: Of the value.
    """

    id: str
    title: str
    lines: str
    labels: Mapping[str, str] = {}
    value: str = ""
    unit: str = "1"


def _count(name: str, field: str, title: str) -> Metric:
    return Metric(name, title, f"{COUNTS} AND jsonPayload.metrics.{field} > 0")


def _hold_of_target(name: str, field: str, title: str) -> Metric:
    path = f"jsonPayload.{field}"
    lines = f'jsonPayload.action = "set" AND {path} >= 0'
    return Metric(name, title, lines, TARGET, f"EXTRACT({path})")


METRICS = (
    _count("failed", "Failed", "calls in which a target could not be handled"),
    _count("unresolved", "Unresolved", "calls in which it was not known whether a change landed"),
    _count("refused", "Refused", "calls in which a change was refused"),
    _count("frozen", "Frozen", "calls in which an endpoint had failed or could not be read"),
    _count("blind", "Blind", "calls in which a metric was missing"),
    _count("poison", "Poison", "messages that nobody could read"),
    Metric(
        "unmet",
        "decisions that wanted more than bounds, quota or budget allow",
        "jsonPayload.unmet > 0",
        TARGET,
    ),
    Metric(
        "wakes",
        "targets that were looked at, by what it came to",
        "jsonPayload.kind:*",
        {"kind": "EXTRACT(jsonPayload.kind)"},
    ),
    Metric(
        "changes",
        "changes that were sent, by what Google did about them",
        "jsonPayload.outcome:*",
        {"outcome": "EXTRACT(jsonPayload.outcome)", **TARGET},
    ),
    Metric(
        "turned_away",
        "calls that no instance got: too many at once, or not allowed",
        f"{REQUESTS} AND httpRequest.status = (401 OR 403 OR 429)",
        {"status": "EXTRACT(httpRequest.status)"},
    ),
    _hold_of_target("current", "from", "capacity when a change was decided"),
    _hold_of_target("desired", "to", "capacity that a change was to: of a range, its floor"),
)


def list_metrics(place: Place) -> Iterator[Step]:
    """List the steps that make the metrics."""
    group = ("logging", "metrics")
    for metric in METRICS:
        name = name_metric(place, metric.id)
        whole = write_metric(place, metric)
        given = (
            "--config-from-file=-",
            f"{READS}{json.dumps(whole, separators=(',', ':'), ensure_ascii=True)}",
        )
        at = (name, place.on_project)
        yield Ensure(
            f"The metric {name}: {metric.title}",
            (*group, "list", place.on_project, f'--filter=name="{name}"', "--format=json"),
            _compare(whole),
            ((*group, "create", *at, *given),),
            ((*group, "update", *at, *given),),
            ((*group, "delete", *at, "--quiet"),),
        )


def write_metric(place: Place, metric: Metric) -> dict[str, Any]:
    """Write a metric as Cloud Logging takes it."""
    written: dict[str, Any] = {
        "name": name_metric(place, metric.id),
        "description": f"Flyball ({place.name}): {metric.title}",
        "filter": f"{write_functions(place)} AND {metric.lines}",
        "labelExtractors": dict(metric.labels),
        "metricDescriptor": {
            "metricKind": "DELTA",
            "valueType": "DISTRIBUTION" if metric.value else "INT64",
            "unit": metric.unit,
            "labels": [{"key": key, "valueType": "STRING"} for key in sorted(metric.labels)],
        },
    }
    return written | ({"valueExtractor": metric.value} if metric.value else {})


def write_functions(place: Place) -> str:
    """Write the filter of what both functions write."""
    names = f'("{place.alert}" OR "{place.tick}")'
    return f'resource.type = "cloud_run_revision" AND resource.labels.service_name = {names}'


def name_metric(place: Place, of: str) -> str:
    """Name a metric."""
    return f"{place.name}-{of}"


def write_type(place: Place, of: str) -> str:
    """Write the type that Cloud Monitoring knows a metric by."""
    return f"{USER}/{name_metric(place, of)}"


def _compare(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the service adds to, orders or leaves out by itself."""
    kind = {key: each for key, each in whole["metricDescriptor"].items() if key != "labels"}
    return {**whole, "metricDescriptor": kind}
