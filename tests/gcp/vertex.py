"""How does Vertex AI answer who reads and moves ranges of replicas?

One change of a deployed model or pool at a time, each in an operation of minutes; until it is done
the old range shows, or at once the new one, as Google does not say which. What it says in refusals
is of its documentation where that has words, and else made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.gcp.discovery import Json, Method, check_value
from tests.gcp.serving import RefusalError

T0 = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TYPES = "type.googleapis.com/google.cloud.aiplatform"
FIELDS = ("minReplicaCount", "maxReplicaCount", "initialReplicaCount")


@dataclass
class Replicas:
    """A range, and what is in service of it.

    Attributes:
        floor: The least.
        ceiling: The most.
        ready: In service.
        initial: When it comes back from zero; 0: not set.
        id: Of a deployed model.
        kind: dedicatedResources, automaticResources or sharedResources.
        tells: Whether its status is told.
        message: In its status.
        samples: What the metric says, by spot label; None: what is ready.
        chosen: What the metric of the autoscaler's choice says; None: it has no series.
        machine: Its machine type.
        gpus: Accelerators of a machine.
        dedicated: What else its dedicatedResources have.
        of: Id of its model; "": one of its own.
        title: Its display name.
    """

    floor: int
    ceiling: int
    ready: int = -1
    initial: int = 0
    id: str = ""
    kind: str = "dedicatedResources"
    tells: bool = True
    message: str = ""
    samples: Mapping[str, int] | None = None
    chosen: int | None = None
    machine: str = "g2-standard-8"
    gpus: int = 1
    dedicated: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if self.ready < 0:
            self.ready = self.floor

    def take(self, counts: Mapping[str, int]) -> None:
        """Have another range; the service then picks inside it."""
        self.floor = counts.get("minReplicaCount", self.floor)
        self.ceiling = counts.get("maxReplicaCount", self.ceiling)
        self.initial = counts.get("initialReplicaCount", self.initial)

    def settle(self) -> None:
        """Be in service inside the range."""
        self.ready = min(max(self.ready, self.floor), self.ceiling)


@dataclass
class Operation:
    """A change that takes a while."""

    name: str
    kind: str
    version: str
    of: Replicas
    counts: Mapping[str, int]
    before: tuple[int, int, int]
    started: datetime
    ends: datetime
    error: Json | None = None
    done: bool = False


@dataclass
class VertexCloud:
    """Endpoints and pools by path.

    Attributes:
        now: Its clock.
        takes: How long an operation is.
        shows: When the new range shows: "end" of the operation, or "start".
        errors: Of the next operations, a google.rpc.Status each; None for none.
        at_once: An operation is done as it is answered.
        titles: Display names of endpoints, by path; "llm" otherwise.
        splits: Their traffic in percent, by path, by a deployed model's id.
        filters: Whether a list of operations heeds its filter.
        newest_first: Whether operations are listed so.
        sharing: By a pool's path: endpoint and id of each deployed model that shares it.
    """

    now: datetime = T0
    takes: timedelta = timedelta(seconds=300)
    shows: str = "end"
    errors: list[Json | None] = field(default_factory=list)
    at_once: bool = False
    titles: dict[str, str] = field(default_factory=dict)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    endpoints: dict[str, list[Replicas]] = field(default_factory=dict)
    pools: dict[str, Replicas] = field(default_factory=dict)
    operations: dict[str, list[Operation]] = field(default_factory=dict)
    filters: bool = True
    newest_first: bool = True
    sharing: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    documents: tuple[str, ...] = ("aiplatform.v1", "aiplatform.v1beta1")

    def move(self, seconds: float) -> None:
        """Let time pass, and end what ends by then."""
        self.now += timedelta(seconds=seconds)
        for operations in self.operations.values():
            for operation in operations:
                if not operation.done and operation.ends <= self.now:
                    self._end(operation)

    def answer(self, method: Method, query: Mapping[str, str], body: Json) -> Json:
        """Answer a call of the API."""
        version = method.document.partition(".")[2]
        place, below = "projects/{projectsId}/locations/{locationsId}", method.path
        if method.name == "projects.locations.operations.get":  # as gcloud asks for any
            return self._find(next(iter(self.operations), ""), below["operationsId"])
        if method.name.endswith((".endpoints.list", ".deploymentResourcePools.list")):
            return self._list_resources(method.name, place.format(**below), version, query)
        if "deploymentResourcePoolsId" in below:
            path = f"{place}/deploymentResourcePools/{{deploymentResourcePoolsId}}"
        else:
            path = f"{place}/endpoints/{{endpointsId}}"
        path = path.format(**below)
        if path not in self.pools and path not in self.endpoints:
            raise RefusalError("NOT_FOUND", f"The resource {path} was not found.")
        match method.name.split(".")[-2:]:
            case ["operations", "list"]:
                return self._list(path, query)
            case ["operations", "get"]:
                return self._find(path, below["operationsId"])
            case ["endpoints", "get"]:
                return self._write_endpoint(path, version)
            case ["endpoints", "mutateDeployedModel"]:
                model = self._find_model(path, str(body["deployedModel"].get("id")))
                counts = body["deployedModel"].get("dedicatedResources", {})
                return self._change(path, version, model, counts, body.get("updateMask", ""))
            case ["deploymentResourcePools", "get"]:
                return self._write_pool(path, version)
            case ["deploymentResourcePools", "queryDeployedModels"]:
                return self._write_sharing(path)
            case ["deploymentResourcePools", "patch"]:
                counts = body.get("dedicatedResources", {})
                pool = self.pools[path]
                return self._change(path, version, pool, counts, query.get("updateMask", ""))
        raise RefusalError("NOT_FOUND", f"{method.name} is not served here")

    def count(self, kind: str, labels: Mapping[str, str]) -> Mapping[str, int] | None:
        """Say what the replica metric says of a resource, by spot label; None for no series."""
        for path, pool in self.pools.items():
            name = labels.get("resource.labels.deployment_resource_pool_id")
            if "deployment_resource_pool" in kind and path.endswith(f"/{name}"):
                if kind.endswith("/target_replicas"):
                    return None if pool.chosen is None else {"": pool.chosen}
                return pool.samples if pool.samples is not None else {"False": pool.ready}
        for path, models in self.endpoints.items():
            for model in models:
                wanted = (path.rpartition("/")[2], model.id)
                names = ("resource.labels.endpoint_id", "metric.labels.deployed_model_id")
                if wanted == tuple(labels.get(name) for name in names):
                    if kind.endswith("/target_replicas"):
                        return None if model.chosen is None else {"": model.chosen}
                    return model.samples if model.samples is not None else {"False": model.ready}
        return None

    def _write_sharing(self, path: str) -> Json:
        """Say which deployed models share a pool; of none the list is left out."""
        found = self.sharing.get(path, [])
        told = [{"endpoint": endpoint, "deployedModelId": model} for endpoint, model in found]
        return {"deployedModelRefs": told, "totalDeployedModelCount": len(told)} if told else {}

    def _change(self, path: str, version: str, of: Replicas, counts: Json, mask: str) -> Json:
        """Begin to change a range."""
        if of.kind != "dedicatedResources":
            raise RefusalError(
                "INVALID_ARGUMENT", "Switching the resources' type is not supported."
            )
        wanted: dict[str, int] = {}
        for name in mask.split(","):
            count = name.rpartition(".")[2]
            if count not in FIELDS:
                raise RefusalError("INVALID_ARGUMENT", f"Invalid update mask: {mask!r}.")
            wanted[count] = counts.get(count, 0)
        self._check(path, version, of, wanted)
        parent = self.operations.setdefault(path, [])
        if any(each.of is of and not each.done for each in parent):
            told = f"There is an ongoing operation on deployed model {of.id or path}."
            raise RefusalError("FAILED_PRECONDITION", told)
        kind = "UpdateDeploymentResourcePool" if path in self.pools else "MutateDeployedModel"
        name = f"{path}/operations/{1000 + len(parent)}"
        before = (of.floor, of.ceiling, of.initial)
        ends = self.now if self.at_once else self.now + self.takes
        made = Operation(name, kind, version, of, wanted, before, self.now, ends)
        made.error = self.errors.pop(0) if self.errors else None
        parent.insert(0, made)
        if self.shows == "start":
            of.take(wanted)
        if self.at_once:
            self._end(made)
        return self._write_operation(made)

    def _check(self, path: str, version: str, of: Replicas, wanted: Mapping[str, int]) -> None:
        """Refuse a range that is none."""
        floor = wanted.get("minReplicaCount", of.floor)
        ceiling = wanted.get("maxReplicaCount", of.ceiling)
        initial = wanted.get("initialReplicaCount", of.initial)
        alone = len(self.endpoints.get(path, ())) == 1
        if floor < 1 and (version == "v1" or not alone):
            told = "min_replica_count must be greater than or equal to 1."
            raise RefusalError("INVALID_ARGUMENT", told)
        if bool(initial) is bool(floor) or initial > ceiling:
            raise RefusalError(
                "INVALID_ARGUMENT", "initial_replica_count goes with a minimum of 0."
            )
        if floor > ceiling:
            told = "max_replica_count must be greater than or equal to min_replica_count."
            raise RefusalError("INVALID_ARGUMENT", told)

    def _end(self, operation: Operation) -> None:
        operation.done = True
        of = operation.of
        if operation.error is not None:
            of.floor, of.ceiling, of.initial = operation.before
            return
        of.take(operation.counts)
        of.settle()

    def _find_model(self, path: str, name: str) -> Replicas:
        for model in self.endpoints[path]:
            if model.id == name:
                return model
        raise RefusalError("NOT_FOUND", f"There is no deployed model {name} on {path}.")

    def _list(self, path: str, query: Mapping[str, str]) -> Json:
        """List operations."""
        every = self.operations.get(path, [])[:: 1 if self.newest_first else -1]
        if query.get("filter") == "done=false" and self.filters:
            every = [each for each in every if not each.done]
        start, size = int(query.get("pageToken") or 0), int(query.get("pageSize") or 50)
        told: Json = {"operations": [self._write_operation(each) for each in every[start:][:size]]}
        if start + size < len(every):
            told["nextPageToken"] = str(start + size)
        return told

    def _find(self, path: str, number: str) -> Json:
        for operation in self.operations.get(path, []):
            if operation.name.endswith(f"/{number}"):
                return self._write_operation(operation)
        raise RefusalError("NOT_FOUND", f"There is no operation {number}.")

    def _write_operation(self, operation: Operation) -> Json:
        schema = f"GoogleCloudAiplatform{operation.version.capitalize()}{operation.kind}"
        document = f"aiplatform.{operation.version}"
        last = operation.ends if operation.done else operation.started
        times = {"createTime": write_time(operation.started), "updateTime": write_time(last)}
        metadata: Json = {"genericMetadata": times}
        check_value(document, f"{schema}OperationMetadata", metadata)
        kind = f"{TYPES}.{operation.version}.{operation.kind}"
        told: Json = {
            "name": operation.name,
            "metadata": {"@type": f"{kind}OperationMetadata", **metadata},
        }
        if operation.done:
            told["done"] = True
            if operation.error is not None:
                told["error"] = operation.error
            else:
                told["response"] = {"@type": f"{kind}Response"}
        return told

    def _list_resources(
        self, method: str, place: str, version: str, query: Mapping[str, str]
    ) -> Json:
        """List what is in a location, two on a page."""
        is_pool = "deploymentResourcePools" in method
        paths = [path for path in (self.pools if is_pool else self.endpoints) if place in path]
        start = int(query.get("pageToken") or 0)
        write = self._write_pool if is_pool else self._write_endpoint
        written = [write(path, version) for path in paths[start : start + 2]]
        field_name = "deploymentResourcePools" if is_pool else "endpoints"
        told: Json = {field_name: written} if written else {}
        return told | ({"nextPageToken": str(start + 2)} if start + 2 < len(paths) else {})

    def _write_endpoint(self, path: str, version: str) -> Json:
        told: Json = {"name": path, "displayName": self.titles.get(path, "llm")}
        models = [self._write_model(each, version) for each in self.endpoints[path]]
        if path in self.splits:
            told["trafficSplit"] = self.splits[path]
        return told | {"deployedModels": models} if models else told

    def _write_pool(self, path: str, version: str) -> Json:
        return {"name": path, "dedicatedResources": self._write_range(self.pools[path], version)}

    def _write_model(self, model: Replicas, version: str) -> Json:
        told: Json = {
            "id": model.id,
            "model": f"projects/p/locations/l/models/{model.of or 'm' + model.id}",
        }
        told |= {"displayName": model.title} if model.title else {}
        told["createTime"] = write_time(T0)
        if model.kind == "sharedResources":
            told[model.kind] = "projects/p/locations/l/deploymentResourcePools/shared"
        else:
            told[model.kind] = self._write_range(model, version)
        if model.tells:
            status: dict[str, Any] = {"lastUpdateTime": write_time(self.now)}
            status |= {"availableReplicaCount": model.ready} if model.ready else {}
            told["status"] = status | ({"message": model.message} if model.message else {})
        return told

    def _write_range(self, of: Replicas, version: str) -> Json:
        """Write a range; zeros are left out, as in all JSON of Google's."""
        names = FIELDS if version == "v1beta1" else FIELDS[:2]
        counts = zip(names, (of.floor, of.ceiling, of.initial), strict=False)
        told: Json = {name: count for name, count in counts if count}
        if of.kind == "automaticResources":
            return told
        machine: Json = {"machineType": of.machine}
        if of.gpus:
            machine |= {"acceleratorType": "NVIDIA_L4", "acceleratorCount": of.gpus}
        more = of.dedicated if version == "v1beta1" or "scaleToZeroSpec" not in of.dedicated else {}
        return {"machineSpec": machine, **told, **more}


def write_time(at: datetime) -> str:
    """Write an instant as Google does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
