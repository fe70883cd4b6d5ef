"""What does an operator keep open: is Flyball well, what did it decide, what did Google choose?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from deploy.gcp.metrics import write_functions, write_type
from deploy.gcp.place import Place
from deploy.gcp.step import Ensure, Step
from deploy.gcp.watch import (
    ALIGNED_S,
    LABEL,
    OLDEST,
    QUEUE,
    REQUESTS,
    RUN,
    SILENT_S,
    dump,
    of,
    of_run,
)

COLUMNS = 48
"""Of a dashboard's mosaic."""
WIDTH, HEIGHT, LOGS_HEIGHT = 24, 12, 16
LATENCIES = "run.googleapis.com/request_latencies"
INSTANCES = "run.googleapis.com/container/instance_count"
FIRESTORE = "firestore.googleapis.com/document"
DATABASE = "firestore.googleapis.com/Database"
VERTEX = "aiplatform.googleapis.com/prediction/online"
ENDPOINT = "aiplatform.googleapis.com/Endpoint"


class Line(NamedTuple):
    """A line, or as many as a label has values.

    Attributes:
        title: Of its legend; "": that of the label.
        series: A filter of Cloud Monitoring's.
        aligner: Without ALIGN_.
        reducer: Without REDUCE_.
        by: A label, as resource.label.endpoint_id; "": one line.
    """

    title: str
    series: str
    aligner: str = "DELTA"
    reducer: str = "SUM"
    by: str = ""


def show(place: Place) -> Step:
    """Give the step of the dashboard.

    It is known again by a digest of what was written: its service writes it in words of its own.
    """
    board = write_dashboard(place)
    group = ("monitoring", "dashboards")
    changed = dump({**board, "etag": "${etag}"})
    return Ensure(
        "The dashboard",
        (
            *(*group, "list", place.on_project),
            *(f'--filter=displayName="{board["displayName"]}"', "--format=json"),
        ),
        {"displayName": board["displayName"], "labels": board["labels"]},
        ((*group, "create", place.on_project, f"--config={dump(board)}"),),
        ((*group, "update", "${dashboard}", f"--config={changed}"),),
        ((*group, "delete", "${dashboard}", "--quiet"),),
        {"dashboard": "name", "etag": "etag"},
    )


def write_dashboard(place: Place) -> dict[str, Any]:
    """Write the dashboard."""
    tiles = list(_place(list(_list_widgets(place))))
    tiles.append(_show_changes(place, tiles[-1]["yPos"] + HEIGHT))
    written = {
        "displayName": f"Flyball ({place.name})",
        "mosaicLayout": {"columns": COLUMNS, "tiles": tiles},
    }
    digest = hashlib.sha256(dump(written).encode()).hexdigest()[:40]
    return {**written, "labels": {LABEL: place.name, "flyball-settings": digest}}


def _list_widgets(place: Place) -> Iterator[dict[str, Any]]:
    """List what is shown, two in a row, the most urgent first."""
    names = ["${dead_man}", "${fails}", "${held}"]
    yield {"title": "Is Flyball itself well?", "incidentList": {"policyNames": names}}
    yield _score_ticks(place)
    yield _chart(
        "Decisions and changes a minute",
        [
            Line("", _of_lines(place, "wakes"), by="metric.label.kind"),
            Line("change: ", _of_lines(place, "changes"), by="metric.label.outcome"),
        ],
    )
    troubles = ("unmet", "failed", "unresolved", "refused", "frozen", "blind", "poison")
    yield _chart(
        "Unmet want, and what went wrong, a minute",
        [Line(each, _of_lines(place, each)) for each in (*troubles, "turned_away")],
    )
    yield _chart(
        "Capacity that a change was to (of a range, its floor), by target",
        [Line("", _of_lines(place, "desired"), "DELTA", "MEAN", "metric.label.target")],
    )
    yield _chart(
        "Capacity that a change found, by target",
        [Line("", _of_lines(place, "current"), "DELTA", "MEAN", "metric.label.target")],
    )
    yield from _list_of_google()
    yield from _list_of_running(place)


def _list_of_google() -> Iterator[dict[str, Any]]:
    """List what Google's own autoscaler sees and does."""
    by = "resource.label.endpoint_id"
    for title, metric, reducer in (
        ("Replicas in service", "replicas", "SUM"),
        ("Replicas that Google wants", "target_replicas", "SUM"),
        ("GPU duty cycle", "accelerator/duty_cycle", "MEAN"),
        ("CPU utilization", "cpu/utilization", "MEAN"),
    ):
        yield _chart(title, [Line("", of(f"{VERTEX}/{metric}", ENDPOINT), "MEAN", reducer, by)])


def _list_of_running(place: Place) -> Iterator[dict[str, Any]]:
    """List how both functions, their queue and their ledger do."""
    code, queue = "metric.label.response_code_class", "resource.label.subscription_id"
    ours = f'resource.labels.subscription_id = starts_with("{place.name}-")'
    where = f'resource.labels.database_id = "{place.name}"'
    functions = (place.tick, place.alert)
    yield _chart("Ticks a minute, by answer", [Line("", of_run(place.tick), by=code)])
    yield _chart("Alerts and wakes a minute, by answer", [Line("", of_run(place.alert), by=code)])
    slow = [
        Line(f"{each}, p95", of_run(each, LATENCIES), "DELTA", "PERCENTILE_95")
        for each in functions
    ]
    yield _chart("How long a call takes, ms", slow)
    yield _chart(
        "Instances", [Line(each, of_run(each, INSTANCES), "MAX", "SUM") for each in functions]
    )
    waiting = f"{of(QUEUE, 'pubsub_subscription')} AND {ours}"
    yield _chart("Waiting, and put aside", [Line("", waiting, "MEAN", "SUM", queue)])
    oldest = f"{of(OLDEST, 'pubsub_subscription')} AND {ours}"
    yield _chart("Oldest that waits, s", [Line("", oldest, "MAX", "MAX", queue)])
    yield _chart(
        "Documents of the ledger, a minute",
        [
            Line("read", f"{of(f'{FIRESTORE}/read_ops_count', DATABASE)} AND {where}"),
            Line("written", f"{of(f'{FIRESTORE}/write_ops_count', DATABASE)} AND {where}"),
        ],
    )


def _of_lines(place: Place, metric: str) -> str:
    return of(write_type(place, metric), RUN)


def _place(widgets: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Place widgets, two in a row."""
    for index, widget in enumerate(widgets):
        at = {"xPos": index % 2 * WIDTH, "yPos": index // 2 * HEIGHT}
        yield {**at, "width": WIDTH, "height": HEIGHT, "widget": widget}


def _score_ticks(place: Place) -> dict[str, Any]:
    """Show how many ticks of the last minutes succeeded: red with none."""
    ticks = f'{of(REQUESTS, RUN)} AND resource.labels.service_name = "{place.tick}"'
    line = Line("", f'{ticks} AND metric.labels.response_code_class = "2xx"')
    return {
        "title": f"Ticks that succeeded in {SILENT_S // 60} minutes",
        "scorecard": {
            "timeSeriesQuery": _query(line, SILENT_S),
            "sparkChartView": {"sparkChartType": "SPARK_BAR"},
            "thresholds": [
                {"value": 4, "color": "YELLOW", "direction": "BELOW"},
                {"value": 1, "color": "RED", "direction": "BELOW"},
            ],
        },
    }


def _show_changes(place: Place, below: int) -> dict[str, Any]:
    """Show the newest changes, with their reasons."""
    lines = f'{write_functions(place)} AND jsonPayload.action = "set"'
    panel = {"filter": lines, "resourceNames": [f"projects/{place.project}"]}
    widget = {"title": "The newest changes, with their reasons", "logsPanel": panel}
    return {"yPos": below, "width": COLUMNS, "height": LOGS_HEIGHT, "widget": widget}


def _chart(title: str, lines: Sequence[Line]) -> dict[str, Any]:
    sets = [
        {
            "timeSeriesQuery": _query(line, ALIGNED_S),
            "plotType": "LINE",
            **({"legendTemplate": legend} if (legend := _write_legend(line)) else {}),
        }
        for line in lines
    ]
    return {"title": title, "xyChart": {"dataSets": sets}}


def _write_legend(line: Line) -> str:
    """Write a legend: a title, and the value of the label where there is one."""
    of_label = f"${{{line.by.replace('.label.', '.labels.')}}}" if line.by else ""
    return f"{line.title}{of_label}" if line.title else ""


def _query(line: Line, aligned_s: int) -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": f"{aligned_s}s",
        "perSeriesAligner": f"ALIGN_{line.aligner}",
        "crossSeriesReducer": f"REDUCE_{line.reducer}",
        **({"groupByFields": [line.by]} if line.by else {}),
    }
    return {"timeSeriesFilter": {"filter": line.series, "aggregation": aggregation}}
