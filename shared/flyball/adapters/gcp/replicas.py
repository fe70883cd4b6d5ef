"""How many replicas or nodes are in service, where the resource itself does not tell?

And how many has the service's own autoscaler chosen, which no resource tells?

Cloud Monitoring samples it once a minute, and shows it up to two minutes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    read_count,
    read_instant,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.operation import LOOK_S
from flyball.adapters.gcp.refusal import tell
from flyball.adapters.gcp.resource import DeployedModel, Pool, Resource
from flyball.adapters.gcp.session import CallError, Session
from flyball.core.model import Missing, MissingCause

WINDOW = timedelta(minutes=5)
"""Looked back on: a minute between samples, two until they show, and as much again."""
APART = timedelta(seconds=90)
"""Series whose newest points are no further apart are of the same time."""

VERTEX = "aiplatform.googleapis.com/prediction/online/replicas"
POOL = "aiplatform.googleapis.com/prediction/online/deployment_resource_pool/replicas"
VERSION = "ml.googleapis.com/prediction/online/replicas"
SERVING, CHOSEN = "replicas", "target_replicas"
"""Last parts of their names: of what is in service, and of what the autoscaler has chosen.

Source: Google Cloud metrics, "aiplatform" and "ml"."""


def count_replicas(
    session: Session, resource: Resource, deployed_model: str, now: datetime, kind: str = SERVING
) -> int | Missing:
    """Ask Cloud Monitoring how many replicas a resource has in service, or is to have.

    Those on Spot machines and those on others are series of their own, and count together.

    Args:
        session: Where it is asked.
        resource: Whose.
        deployed_model: Its id, of a deployed model; "" for anything else.
        now: Aware UTC.
        kind: SERVING or CHOSEN.

    Returns:
        The newest count; Missing where there is none in WINDOW, which is not zero.
    """
    query = {
        "filter": _write_filter(resource, deployed_model, kind),
        "interval.startTime": _write_instant(now - WINDOW),
        "interval.endTime": _write_instant(now),
    }
    path = f"v3/projects/{resource.project}/timeSeries"
    try:
        answer = session.call("monitoring", path, method="GET", query=query, within_s=LOOK_S)
    except CallError as error:
        return Missing(MissingCause.SOURCE_FAILED, f"the replica metric: {tell(error)}")
    newest: dict[str, tuple[datetime, int]] = {}
    for series in read_list(answer, "timeSeries"):
        found = _find_newest(series)
        spot = read_text(_part(_part(series, "metric"), "labels"), "spot")
        if found is not None and (spot not in newest or newest[spot][0] < found[0]):
            newest[spot] = found
    if not newest:
        minutes = int(WINDOW.total_seconds() // 60)
        detail = f"the replica metric has no point of the last {minutes} minutes"
        return Missing(MissingCause.NO_DATA, detail)
    last = max(at for at, _ in newest.values())
    return sum(count for at, count in newest.values() if last - at <= APART)


def _write_filter(resource: Resource, deployed_model: str, kind: str) -> str:
    """Write the filter for one resource's series."""
    match resource:
        case DeployedModel(endpoint=endpoint):
            wanted: Mapping[str, str] = {
                "metric.type": VERTEX,
                "resource.labels.endpoint_id": endpoint,
                "metric.labels.deployed_model_id": deployed_model,
            }
        case Pool(location=location, deployment_resource_pool=pool):
            wanted = {
                "metric.type": POOL,
                "resource.labels.location": location,
                "resource.labels.deployment_resource_pool_id": pool,
            }
        case _:
            wanted = {
                "metric.type": VERSION,
                "resource.labels.model_id": resource.model,
                "resource.labels.version_id": resource.version,
            }
    wanted = {**wanted, "metric.type": wanted["metric.type"].removesuffix(SERVING) + kind}
    return " AND ".join(f'{label} = "{value}"' for label, value in wanted.items())


def _write_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _find_newest(series: Answer) -> tuple[datetime, int] | None:
    """Find the newest point of a series, which comes first by the service's own word."""
    points = []
    for point in read_list(series, "points"):
        at = read_instant(_part(point, "interval"), "endTime")
        value = _part(point, "value")
        count = read_count(value, "int64Value")
        if at is not None and count is not None:
            points.append((at, count))
    return max(points, default=None)


def _part(answer: Answer, field: str) -> Answer:
    return read_part(answer, field) or NOTHING
