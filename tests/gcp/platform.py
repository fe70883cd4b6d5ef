"""How did AI Platform Prediction answer who read and moved its versions' nodes?

It is no more: this is its discovery document, and what Google wrote of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.gcp.discovery import Json, Method, check_value
from tests.gcp.serving import RefusalError
from tests.gcp.vertex import T0, write_time

DOCUMENTED = frozenset({"autoScaling.minNodes", "manualScaling.nodes"})
"""Masks of scaling. Source: projects.models.versions.patch."""
LABEL = re.compile(r'([\w.]+) = "([^"]*)"')


@dataclass
class Nodes:
    """A version's nodes.

    Attributes:
        floor: The least, or all where it is scaled by hand.
        ceiling: The most; None: it is scaled by hand.
        ready: In service.
        machine: Its machine type; "" as it was made without one.
        has_gpu: Whether its nodes have one.
        state: The service's word.
        error: Of the last change.
        tag: Grows with every change.
    """

    floor: int
    ceiling: int | None
    ready: int = -1
    machine: str = "n1-standard-4"
    has_gpu: bool = True
    state: str = "READY"
    error: str = ""
    tag: int = 1

    def __post_init__(self) -> None:
        if self.ready < 0:
            self.ready = self.floor


@dataclass
class PlatformCloud:
    """Versions by path.

    Attributes:
        now: Its clock.
        takes: How long an operation is.
        takes_max: Whether a change of autoScaling.maxNodes, which is not documented, is taken.
        errors: Messages of the next operations; "" for one that succeeds.
    """

    now: datetime = T0
    takes: timedelta = timedelta(seconds=300)
    takes_max: bool = True
    errors: list[str] = field(default_factory=list)
    versions: dict[str, Nodes] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)
    documents: tuple[str, ...] = ("ml.v1",)

    def move(self, seconds: float) -> None:
        """Let time pass, and end what ends by then."""
        self.now += timedelta(seconds=seconds)
        for each in self.operations:
            if not each["done"] and each["ends"] <= self.now:
                each["done"] = True
                nodes: Nodes = each["of"]
                nodes.state, nodes.error = "READY", each["error"]
                if not each["error"]:
                    nodes.floor, nodes.ceiling = each["wanted"]
                    nodes.ready = max(nodes.ready, nodes.floor)

    def answer(self, method: Method, query: Mapping[str, str], body: Json) -> Json:
        """Answer a call of the API."""
        self.move(0)
        if method.name == "projects.operations.get":
            return self._find_operation(method.path["operationsId"])
        path = "projects/{projectsId}/models/{modelsId}/versions/{versionsId}"
        if method.name == "projects.models.versions.list":
            return self._list(method.path)
        path = path.format(**method.path)
        nodes = self.versions.get(path)
        if nodes is None:
            raise RefusalError("NOT_FOUND", "Field: name Error: The model version was not found.")
        if method.name == "projects.models.versions.get":
            return self._write(path, nodes)
        if method.name == "projects.models.versions.patch":
            return self._patch(path, nodes, query["updateMask"].split(","), body)
        raise RefusalError("NOT_FOUND", f"{method.name} is not served here")

    def count(self, kind: str, labels: Mapping[str, str]) -> Mapping[str, int] | None:
        """Say what the replica metric says of a version; None for no series."""
        names = (labels.get("resource.labels.model_id"), labels.get("resource.labels.version_id"))
        for path, nodes in self.versions.items():
            if kind.startswith("ml.") and path.endswith("/models/{}/versions/{}".format(*names)):
                return {"": nodes.ready} if nodes.ready >= 0 else None
        return None

    def _list(self, below: Mapping[str, str]) -> Json:
        """List a model's versions."""
        model = "projects/{projectsId}/models/{modelsId}/versions/".format(**below)
        found = [each for each in self.versions.items() if each[0].startswith(model)]
        if not found:
            raise RefusalError("NOT_FOUND", "Field: name Error: The model was not found.")
        return {"versions": [self._write(path, nodes) for path, nodes in found]}

    def _patch(self, path: str, nodes: Nodes, mask: list[str], body: Json) -> Json:
        if not self.takes_max and set(mask) - DOCUMENTED:
            told = f"Field: update_mask Error: unsupported fields {sorted(mask)}."
            raise RefusalError("INVALID_ARGUMENT", told)
        if "etag" in body and body["etag"] != _tag(nodes):
            raise RefusalError("ABORTED", "The etag does not match the version's.")
        if nodes.state != "READY":
            told = "Field: version.name Error: Another operation is in progress on this version."
            raise RefusalError("FAILED_PRECONDITION", told)
        is_manual = nodes.ceiling is None
        if is_manual is not (mask == ["manualScaling.nodes"]):
            raise RefusalError(
                "INVALID_ARGUMENT", "autoScaling and manualScaling exclude each other."
            )
        scaling = body["manualScaling" if is_manual else "autoScaling"]
        floor, ceiling = nodes.floor, nodes.ceiling
        if {"autoScaling.minNodes", "manualScaling.nodes"} & set(mask):
            floor = scaling.get("nodes", 0) if is_manual else scaling.get("minNodes", 0)
        if "autoScaling.maxNodes" in mask:
            ceiling = scaling.get("maxNodes", 0)
        if floor < 1 and not nodes.machine.startswith("mls1-"):
            raise RefusalError(
                "INVALID_ARGUMENT", "min_nodes must be at least 1 on this machine type."
            )
        if ceiling is not None and floor > ceiling:
            raise RefusalError("INVALID_ARGUMENT", "min_nodes is more than max_nodes.")
        nodes.tag += 1
        nodes.state = "UPDATING"
        made = {
            "name": f"projects/p/operations/update_{len(self.operations)}",
            "of": nodes,
            "path": path,
            "wanted": (floor, ceiling),
            "error": self.errors.pop(0) if self.errors else "",
            "started": self.now,
            "ends": self.now + self.takes,
            "done": False,
        }
        self.operations.append(made)
        return self._write_operation(made)

    def _find_operation(self, name: str) -> Json:
        for each in self.operations:
            if each["name"].endswith(f"/{name}"):
                return self._write_operation(each)
        raise RefusalError("NOT_FOUND", f"There is no operation {name}.")

    def _write_operation(self, made: Mapping[str, Any]) -> Json:
        metadata: Json = {
            "createTime": write_time(made["started"]),
            "operationType": "UPDATE_VERSION",
            "modelName": made["path"].partition("/versions/")[0],
        }
        check_value("ml.v1", "GoogleCloudMlV1__OperationMetadata", metadata)
        kind = "type.googleapis.com/google.cloud.ml.v1.OperationMetadata"
        told: Json = {"name": made["name"], "metadata": {"@type": kind, **metadata}}
        if made["done"] and made["error"]:
            return told | {"done": True, "error": {"code": 8, "message": made["error"]}}
        if made["done"]:
            version = self._write(made["path"], made["of"])
            kind = "type.googleapis.com/google.cloud.ml.v1.Version"
            return told | {"done": True, "response": {"@type": kind, **version}}
        return told

    def _write(self, path: str, nodes: Nodes) -> Json:
        told: Json = {
            "name": path,
            "createTime": write_time(T0),
            "state": nodes.state,
            "etag": _tag(nodes),
        }
        if nodes.machine:
            told["machineType"] = nodes.machine
        if nodes.has_gpu:
            told["acceleratorConfig"] = {"count": "1", "type": "NVIDIA_TESLA_T4"}
        if nodes.error:
            told["errorMessage"] = nodes.error
        if nodes.ceiling is None:
            return told | {"manualScaling": {"nodes": nodes.floor}}
        metric = {"name": "GPU_DUTY_CYCLE", "target": 60}
        scaling: Json = {"maxNodes": nodes.ceiling, "metrics": [metric]}
        if nodes.floor:
            scaling["minNodes"] = nodes.floor
        return told | {"autoScaling": scaling}


@dataclass
class ReplicaMetric:
    """Cloud Monitoring, of which only the replica metrics are here.

    Attributes:
        counts: Who knows the counts: by metric type and labels, by spot label.
        clock: Tells the time.
        age: Of the newest point.
    """

    counts: Sequence[Callable[[str, Mapping[str, str]], Mapping[str, int] | None]]
    clock: Callable[[], datetime]
    age: timedelta = timedelta(seconds=120)
    documents: tuple[str, ...] = ("monitoring.v3",)

    def answer(self, method: Method, query: Mapping[str, str], _: Json) -> Json:
        """Answer a question for time series; points come newest first."""
        if method.name != "projects.timeSeries.list":
            raise RefusalError("NOT_FOUND", f"{method.name} is not served here")
        labels = dict(LABEL.findall(query["filter"]))
        kind = labels.pop("metric.type")
        newest = (self.clock() - self.age).replace(second=0, microsecond=0)
        since = datetime.fromisoformat(query["interval.startTime"])
        until = datetime.fromisoformat(query["interval.endTime"])
        times = [newest - timedelta(minutes=back) for back in range(10)]
        times = [at for at in times if since <= at <= until]
        found = next((found for count in self.counts if (found := count(kind, labels))), None)
        if not found or not times:
            return {}
        return {
            "timeSeries": [
                {
                    "metric": {"type": kind, "labels": {"spot": spot} if spot else {}},
                    "metricKind": "GAUGE",
                    "valueType": "INT64",
                    "points": [
                        {
                            "interval": {"startTime": write_time(at), "endTime": write_time(at)},
                            "value": {"int64Value": str(count)},
                        }
                        for at in times
                    ],
                }
                for spot, count in found.items()
            ]
        }


def _tag(nodes: Nodes) -> str:
    return base64.b64encode(f"tag-{nodes.tag}".encode()).decode()
