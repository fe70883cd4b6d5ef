"""How does Monitoring tell Flyball of alerts, and people of a Flyball that is silent?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deploy.gcp.place import Place
from deploy.gcp.step import Ensure, Grant, Step

LABEL = "flyball"
"""User label of what is ours: its value is the deployment's name."""
SILENT_S = 300
"""So long without a tick that succeeded, and people are told."""
ALIGNED_S = 60
REQUESTS = "run.googleapis.com/request_count"
QUEUE = "pubsub.googleapis.com/subscription/num_undelivered_messages"
VERTEX = "aiplatform.googleapis.com/prediction/online"
ENDPOINT = "aiplatform.googleapis.com/Endpoint"
COLUMNS = 48
"""Of a dashboard's mosaic."""
TILE_WIDTH, TILE_HEIGHT = 24, 12


def list_channels(place: Place, *, tells: bool) -> Iterator[Step]:
    """List the steps by which alerts reach the functions, and a silence people.

    Args:
        place: Whose.
        tells: People are told by e-mail.
    """
    labels = {"topic": place.topic(place.alerts)}
    yield _channel(place, "channel", "pubsub", labels, "alerts reach its function")
    yield Grant(
        "Monitoring may write to its topic",
        ("pubsub", "topics"),
        place.alerts,
        (place.on_project,),
        "roles/pubsub.publisher",
        "serviceAccount:service-${number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
        outlives=True,
    )
    if tells:
        yield _channel(
            place, "people", "email", {"email_address": place.email}, "people are told of silence"
        )


def list_watch(place: Place) -> Iterator[Step]:
    """List the steps of the alert for people, and of the dashboard."""
    yield _watch(place)
    yield _show(place)


def _watch(place: Place) -> Step:
    policy = write_dead_man(place)
    content = f"--policy={_dump(policy)}"
    group = ("alpha", "monitoring", "policies")
    label = f'userLabels.{LABEL}="{place.name}" AND userLabels.flyball_part="dead-man"'
    return Ensure(
        "The alert for people: no tick succeeded, or something was put aside",
        (*group, "list", place.on_project, f"--filter={label}", "--format=json"),
        policy,
        ((*group, "create", place.on_project, content),),
        ((*group, "update", "${dead_man}", content),),
        ((*group, "delete", "${dead_man}", "--quiet"),),
        {"dead_man": "name"},
    )


def _show(place: Place) -> Step:
    board = write_dashboard(place)
    group = ("monitoring", "dashboards")
    changed = _dump({**board, "etag": "${etag}"})
    return Ensure(
        "The dashboard",
        (
            *(*group, "list", place.on_project),
            *(f'--filter=displayName="{board["displayName"]}"', "--format=json"),
        ),
        board,
        ((*group, "create", place.on_project, f"--config={_dump(board)}"),),
        ((*group, "update", "${dashboard}", f"--config={changed}"),),
        ((*group, "delete", "${dashboard}", "--quiet"),),
        {"dashboard": "name", "etag": "etag"},
    )


def write_dead_man(place: Place) -> dict[str, Any]:
    """Write the alert policy: a tick that does not come tells nobody by itself."""
    ticks = f'{_of_run(place.tick)} AND metric.labels.response_code_class = "2xx"'
    aside = (
        f"{_of(QUEUE, 'pubsub_subscription')} AND "
        f'resource.labels.subscription_id = "{place.quarantine}"'
    )
    aligned = {"alignmentPeriod": f"{ALIGNED_S}s", "crossSeriesReducer": "REDUCE_SUM"}
    policy: dict[str, Any] = {
        "displayName": f"Flyball ({place.name}) is silent, or put something aside",
        "combiner": "OR",
        "conditions": [
            {
                "displayName": f"no tick of {place.tick} succeeded",
                "conditionAbsent": {
                    "filter": ticks,
                    "duration": f"{SILENT_S}s",
                    "aggregations": [{**aligned, "perSeriesAligner": "ALIGN_DELTA"}],
                },
            },
            {
                "displayName": f"{place.quarantine} holds messages",
                "conditionThreshold": {
                    "filter": aside,
                    "comparison": "COMPARISON_GT",
                    "thresholdValue": 0.5,
                    "duration": "0s",
                    "aggregations": [{**aligned, "perSeriesAligner": "ALIGN_MAX"}],
                },
            },
        ],
        "documentation": {
            "content": "Nothing is scaled while no tick succeeds: read the function's log. What "
            "was put aside says why in its attribute `reason`.",
            "mimeType": "text/markdown",
        },
        "userLabels": {LABEL: place.name, "flyball_part": "dead-man"},
    }
    return {**policy, "notificationChannels": ["${people}"]} if place.email else policy


def write_dashboard(place: Place) -> dict[str, Any]:
    """Write the dashboard: whether Flyball lives, what it put aside, and what Google chose."""
    charts = (
        ("Ticks a minute, by answer", _of_run(place.tick), "response_code_class"),
        ("Alerts and wakes a minute, by answer", _of_run(place.alert), "response_code_class"),
        ("Waiting, and put aside", _of(QUEUE, "pubsub_subscription"), "subscription_id"),
        ("Replicas in service", _of(f"{VERTEX}/replicas", ENDPOINT), "endpoint_id"),
        ("Replicas that Google wants", _of(f"{VERTEX}/target_replicas", ENDPOINT), "endpoint_id"),
        ("GPU duty cycle", _of(f"{VERTEX}/accelerator/duty_cycle", ENDPOINT), "endpoint_id"),
    )
    tiles = [
        {
            **({"xPos": TILE_WIDTH} if index % 2 else {}),
            **({"yPos": index // 2 * TILE_HEIGHT} if index > 1 else {}),
            "width": TILE_WIDTH,
            "height": TILE_HEIGHT,
            "widget": _chart(*chart),
        }
        for index, chart in enumerate(charts)
    ]
    return {
        "displayName": f"Flyball ({place.name})",
        "labels": {LABEL: place.name},
        "mosaicLayout": {"columns": COLUMNS, "tiles": tiles},
    }


def _of(metric: str, resource: str) -> str:
    return f'resource.type = "{resource}" AND metric.type = "{metric}"'


def _of_run(function: str) -> str:
    return f'{_of(REQUESTS, "cloud_run_revision")} AND resource.labels.service_name = "{function}"'


def _chart(title: str, wanted: str, by: str) -> dict[str, Any]:
    of = "metric" if by == "response_code_class" else "resource"
    counts = "request_count" in wanted
    query = {
        "timeSeriesFilter": {
            "filter": wanted,
            "aggregation": {
                "alignmentPeriod": f"{ALIGNED_S}s",
                "perSeriesAligner": "ALIGN_DELTA" if counts else "ALIGN_MEAN",
                "crossSeriesReducer": "REDUCE_MEAN" if "duty" in wanted else "REDUCE_SUM",
                "groupByFields": [f"{of}.label.{by}"],
            },
        }
    }
    return {"title": title, "xyChart": {"dataSets": [{"timeSeriesQuery": query}]}}


def _channel(place: Place, name: str, kind: str, labels: dict[str, str], what: str) -> Step:
    content = {
        "type": kind,
        "displayName": f"Flyball ({place.name}): {what}",
        "labels": labels,
        "userLabels": {LABEL: place.name},
    }
    group = ("beta", "monitoring", "channels")
    wanted = f'--filter=type="{kind}" AND userLabels.{LABEL}="{place.name}"'
    text, known = f"--channel-content={_dump(content)}", f"${{{name}}}"
    return Ensure(
        f"The channel by which {what}",
        (*group, "list", place.on_project, wanted, "--format=json"),
        content,
        ((*group, "create", place.on_project, text),),
        ((*group, "update", known, text),),
        ((*group, "delete", known, "--force", "--quiet"),),
        {name: "name"},
        is_named_later=True,
    )


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
