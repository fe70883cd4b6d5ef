"""How does a project on Google Cloud answer in a simulated month, and what was it asked?

It is the session of which the adapters ask everything that goes by REST: they are the real ones, so
what they ask for, remember and share is counted as it is. The service is taken to pick the floor of
every range: what Flyball asks for is all that there is, and nothing that Google does by itself
makes a month cheaper.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from flyball.adapters.gcp.resource import (
    DeployedModel,
    Resource,
    Version,
    name_resource,
    path_of,
    read_resource,
)
from flyball.adapters.gcp.session import WITHIN_S, CallError, Session
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.timeline import State
from flyball.core.model import Status
from flyball.core.target import ScalableTarget
from flyball.cost.plant import Plant
from flyball.cost.usage import Usage

LEAST_BYTES = 1_000
"""That Pub/Sub charges for a request, whatever is in it. Source: Pub/Sub pricing."""
MESSAGE_BYTES = 60
"""Beside a message's body: its id, and when it was published."""
ONLY = "1"
"""Id of a deployed model that a target does not name."""
AGE = timedelta(minutes=2)
"""Of the newest point of the replica metric."""
KINDS = {
    "endpoints": "MutateDeployedModelOperationMetadata",
    "deploymentResourcePools": "UpdateDeploymentResourcePoolOperationMetadata",
}
TYPE = "type.googleapis.com/google.cloud.aiplatform.v1"
Answer = dict[str, Any]


class _Scaled(NamedTuple):
    """A resource that is scaled, and the most that its service may pick."""

    resource: Resource
    ceiling: int


class Account(Session):
    """A project in which there is nothing but what is scaled.

    Args:
        plant: What is scaled.
        targets: Whose.
        clock: The month's.
        usage: Where each call is counted.
    """

    def __init__(
        self, plant: Plant, targets: Sequence[ScalableTarget], clock: JumpingClock, usage: Usage
    ) -> None:
        super().__init__()
        self._plant, self._month, self._usage = plant, clock, usage
        self.sent: list[str] = []
        """Bodies of messages that were published, oldest first."""
        self._scaled: dict[str, list[_Scaled]] = {}
        for target in targets:
            resource = read_resource(target.resource)
            each = _Scaled(resource, max(1, target.max_capacity))
            self._scaled.setdefault(path_of(resource), []).append(each)

    def call(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        method: str = "POST",
        query: Mapping[str, str | Sequence[str]] | None = None,
        location: str = "",  # noqa: ARG002  (the session's)
        within_s: float = WITHIN_S,  # noqa: ARG002  (likewise)
        once: bool = False,  # noqa: ARG002  (likewise)
        left_s: Callable[[], float] | None = None,  # noqa: ARG002  (likewise)
    ) -> Any:  # noqa: ANN401  (as the session's)
        """Answer, and count.

        Raises:
            CallError: What is scaled is busy.
        """
        name = name_call(service, path, method)
        self._usage.calls[name] += 1
        given = body or {}
        if service == "pubsub":
            return self._publish(given["messages"])
        if service == "monitoring":
            self._usage.charge("monitoring.series_read")
            return self._count_replicas(str((query or {})["filter"]))
        place = path.partition("/")[2].partition(":")[0]
        if place.endswith("/operations"):
            return {"operations": self._list_work(place.removesuffix("/operations"))}
        if method == "GET":
            return self._show(place)
        return self._change(place, given)

    def _publish(self, messages: Sequence[Mapping[str, str]]) -> Answer:
        bodies = [base64.b64decode(each["data"]).decode() for each in messages]
        charge_publishing(self._usage, bodies)
        self.sent += bodies
        return {"messageIds": [f"{index}" for index in range(len(bodies))]}

    def _state(self, resource: Resource) -> State:
        return self._plant.state(name_resource(resource), self._month.now())

    def _is_busy(self, place: str) -> bool:
        return any(self._state(each.resource).status is Status.BUSY for each in self._scaled[place])

    def _show(self, place: str) -> Answer:
        """Write an endpoint with its models, a pool, or a version."""
        models = []
        for resource, ceiling in self._scaled[place]:
            state = self._state(resource)
            if isinstance(resource, Version):
                word = "UPDATING" if state.status is Status.BUSY else "READY"
                nodes = {"minNodes": state.desired, "maxNodes": ceiling}
                return {"state": word, "autoScaling": nodes, "etag": "e"}
            counts: Answer = {"maxReplicaCount": ceiling}
            counts |= {"minReplicaCount": state.desired} if state.desired else {}
            if not isinstance(resource, DeployedModel):
                return {"dedicatedResources": counts}
            status = {"availableReplicaCount": state.ready} if state.ready else {}
            number = resource.deployed_model or ONLY
            models.append({"id": number, "dedicatedResources": counts, "status": status})
        return {"deployedModels": models}

    def _list_work(self, place: str) -> list[Answer]:
        """Write the operation of a change that is under way."""
        if not self._is_busy(place):
            return []
        kind = KINDS[place.split("/")[-2]]
        return [{"name": f"{place}/operations/1", "metadata": {"@type": f"{TYPE}.{kind}"}}]

    def _change(self, place: str, body: Mapping[str, Any]) -> Answer:
        """Set a range."""
        if self._is_busy(place):
            raise CallError(400, "FAILED_PRECONDITION", "there is an operation on it")
        holder = body.get("deployedModel", body)
        counts = holder.get("dedicatedResources") or holder.get("autoScaling", {})
        floor = counts.get("minReplicaCount", counts.get("minNodes"))
        found = self._scaled[place]
        for index, each in enumerate(found):
            number = getattr(each.resource, "deployed_model", "") or ONLY
            if holder.get("id", number) == number:
                ceiling = counts.get("maxReplicaCount", counts.get("maxNodes", each.ceiling))
                found[index] = each._replace(ceiling=ceiling)
                if floor is not None and floor != self._state(each.resource).desired:
                    key, now = name_resource(each.resource), self._month.now()
                    self._plant.scale(key, floor, now)
        return {"name": f"{place}/operations/1"}

    def _count_replicas(self, wanted: str) -> Answer:
        """Write the replica metric of what a filter names."""
        at = (self._month.now() - AGE).isoformat()
        for place, found in self._scaled.items():
            if f'"{place.rpartition("/")[2]}"' in wanted:
                count = self._state(found[0].resource).ready
                point = {"interval": {"endTime": at}, "value": {"int64Value": f"{count}"}}
                return {"timeSeries": [{"points": [point]}]}
        return {}


def name_call(service: str, path: str, method: str) -> str:
    """Name a method of a service as its discovery document does, but for projects and locations."""
    place, _, verb = path.partition("?")[0].partition(":")
    parts = place.split("/")[1:]
    names = [each for each in parts[::2] if each not in ("projects", "locations", "databases")]
    if not verb:
        is_list = len(parts) % 2 == 1
        verb = {"GET": "list" if is_list else "get", "PATCH": "patch", "POST": "create"}[method]
    return ".".join((service, *names, verb))


def charge_publishing(usage: Usage, bodies: Sequence[str]) -> None:
    """Charge a call that publishes messages, and the delivery of each."""
    sizes = [len(each.encode()) + MESSAGE_BYTES for each in bodies]
    usage.charge("pubsub.bytes", max(LEAST_BYTES, sum(sizes)))
    for size in sizes:
        usage.charge("pubsub.bytes", max(LEAST_BYTES, size))
