"""Which range of replicas has a resource of Vertex AI, and how is another one asked for?

The range is ours, and Vertex AI's own autoscaler picks inside it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    join,
    read_count,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.operation import LOOK_S, start
from flyball.adapters.gcp.resource import DeployedModel, Vertex, name_resource, path_of
from flyball.adapters.gcp.session import Session
from flyball.address import BETA, V1
from flyball.core.model import CapacityRange, Missing, MissingCause
from flyball.ports import Outcome

FLOOR = "minReplicaCount"
CEILING = "maxReplicaCount"
INITIAL = "initialReplicaCount"
"""Replicas with which a deployed model comes back from zero; by v1beta1 alone."""


class Replicas(NamedTuple):
    """What a resource has, as it says itself.

    Attributes:
        floor: The least replicas; 0 only where it may go to zero.
        ceiling: The most.
        initial: With how many it comes back from zero; 0 where that is not set.
        ready: Replicas in service; None where it does not say.
        model: Id of the deployed model; "" of a pool.
        grounded: Why it may not go to zero; "" where it may.
        detail: What is to be said of it.
        alone: A change of where it is can only be of itself: no other model is on its endpoint.
    """

    floor: int
    ceiling: int
    initial: int = 0
    ready: int | None = None
    model: str = ""
    grounded: str = ""
    detail: str = ""
    alone: bool = True

    @property
    def least(self) -> int:
        """The lowest floor that the service takes."""
        return 1 if self.grounded else 0


class Fit(NamedTuple):
    """A range as the service takes it, and what had to be changed for that."""

    floor: int
    ceiling: int
    initial: int
    remark: str = ""


def api_of(resource: Vertex) -> str:
    """Say by which version of the API a resource is read and changed."""
    return resource.api_version if isinstance(resource, DeployedModel) else V1


def call_path(resource: Vertex) -> str:
    """Give the path that a resource is read at, with the API's version."""
    return f"{api_of(resource)}/{path_of(resource)}"


def fetch_vertex(session: Session, resource: Vertex) -> Answer:
    """Ask for a pool, or for a deployed model's endpoint with all its models.

    Raises:
        CallError: It was refused, or there was no answer.
    """
    answer = session.call(
        "aiplatform",
        call_path(resource),
        method="GET",
        location=resource.location,
        within_s=LOOK_S,
    )
    return answer if isinstance(answer, dict) else NOTHING


def read_replicas(answer: Answer, resource: Vertex) -> Replicas | Missing:
    """Read a resource's range out of fetch_vertex's answer.

    Returns:
        The range; Missing for a model that is not there, or has no machines of its own.
    """
    if not isinstance(resource, DeployedModel):
        return _read_range(answer, resource, "a pool cannot go to zero")
    models = read_list(answer, "deployedModels")
    found = _find(models, resource)
    if isinstance(found, Missing):
        return found
    grounded = _find_ground(resource, len(models))
    replicas = _read_range(found, resource, grounded)
    if isinstance(replicas, Missing):
        return replicas
    status = read_part(found, "status")
    ready = None if status is None else read_count(status, "availableReplicaCount")
    if status is not None and ready is None and not replicas.floor:
        ready = 0  # a zero is left out of JSON
    detail = "" if status is None else read_text(status, "message")
    alone = len(models) == 1
    return replicas._replace(ready=ready, model=read_text(found, "id"), detail=detail, alone=alone)


def fit_range(replicas: Replicas, capacity: CapacityRange) -> Fit:
    """Make a range one that the service takes: from its least on, and never upside down."""
    ceiling = max(capacity.ceiling, 1)
    floor = min(max(capacity.floor, replicas.least), ceiling)
    remarks = []
    if floor > capacity.floor:
        reason = replicas.grounded
        remarks.append(f"{capacity.floor} was asked for and {floor} is sent: {reason}")
    if floor < capacity.floor:
        remarks.append(f"{capacity.floor} was asked for, above the ceiling: {floor} is sent")
    if floor:
        return Fit(floor, ceiling, 0, join(remarks))
    initial = replicas.initial if 1 <= replicas.initial <= ceiling else 1
    return Fit(0, ceiling, initial, join(remarks))


def write_change(replicas: Replicas, fit: Fit) -> tuple[dict[str, Any], str]:
    """Write the change from a range to another.

    Both counts are said, as the API's reference demands, and the mask names what changes.

    Returns:
        DedicatedResources, and the update mask; that is "" where nothing changes.
    """
    counts: dict[str, Any] = {FLOOR: fit.floor, CEILING: fit.ceiling}
    changed = []
    if fit.floor != replicas.floor:
        changed.append(FLOOR)
    if fit.ceiling != replicas.ceiling:
        changed.append(CEILING)
    if fit.initial:
        counts[INITIAL] = fit.initial
    if fit.initial != replicas.initial:
        changed.append(INITIAL)  # in the mask and not in the counts, it is cleared
    return counts, ",".join(f"dedicatedResources.{each}" for each in changed)


def send_change(
    session: Session, resource: Vertex, model: str, counts: dict[str, Any], mask: str
) -> Outcome:
    """Ask for a range.

    Raises:
        Exception: It may have landed.

    Source: Vertex AI API, endpoints.mutateDeployedModel and deploymentResourcePools.patch.
    """
    path, location = call_path(resource), resource.location
    body: dict[str, Any] = {"dedicatedResources": counts}
    if isinstance(resource, DeployedModel):
        body = {"deployedModel": {"id": model, **body}, "updateMask": mask}
        path = f"{path}:mutateDeployedModel"
        return start(session, "aiplatform", path, body, location=location)
    query = {"updateMask": mask}
    return start(session, "aiplatform", path, body, method="PATCH", query=query, location=location)


def _find(models: list[Answer], resource: DeployedModel) -> Answer | Missing:
    """Find the deployed model, or the only one where none is named."""
    whose, wanted = name_resource(resource), resource.deployed_model
    there = ", ".join(sorted(read_text(each, "id") for each in models)) or "none"
    if wanted:
        found = next((each for each in models if each.get("id") == wanted), None)
        remedy = "models get new ids when they are deployed again: correct deployed_model"
        told = f"no such deployed model; the endpoint has {there} ({remedy})"
    else:
        found = models[0] if len(models) == 1 else None
        told = f"the endpoint has {there}: name one in deployed_model"
    return Missing(MissingCause.SOURCE_FAILED, f"{whose}: {told}") if found is None else found


def _find_ground(resource: DeployedModel, models: int) -> str:
    """Say why a deployed model may not go to zero; "" where it may."""
    if resource.api_version != BETA:
        return f"scale to zero needs resource.api_version: {BETA}"
    return "" if models == 1 else "scale to zero needs an endpoint with one model"


def _read_range(holder: Answer, resource: Vertex, grounded: str) -> Replicas | Missing:
    """Read the range of what has dedicated resources."""
    whose = name_resource(resource)
    dedicated = read_part(holder, "dedicatedResources")
    if dedicated is None:
        return Missing(MissingCause.SOURCE_FAILED, f"{whose}: {_tell_kind(holder)}")
    counts = []
    for field in (FLOOR, CEILING, INITIAL):
        count = read_count(dedicated, field) if field in dedicated else 0
        if count is None:
            got = dedicated.get(field)
            return Missing(MissingCause.NO_DATA, f"{whose}: {field} is {got!r}")
        counts.append(count)
    floor, ceiling, initial = counts
    return Replicas(floor, max(floor, ceiling), initial, grounded=grounded)


def _tell_kind(holder: Answer) -> str:
    """Say what somebody has that has no dedicated resources, and what to do."""
    pool = read_text(holder, "sharedResources")
    if pool:
        name = pool.rpartition("/")[2]
        return f"it shares a pool: name deployment_resource_pool: {name} instead"
    if "automaticResources" in holder:
        return "its resources are automatic: deploy it with dedicated ones to scale it"
    return "the answer has no dedicatedResources"
