"""Which range of replicas has a resource of Vertex AI, and how is another one asked for?

The range is ours, and Vertex AI's own autoscaler picks inside it.
"""

from __future__ import annotations

from typing import Any

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
from flyball.core.model import CapacityRange, Deployed, Missing, MissingCause
from flyball.core.shape import NamedTuple
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
        returning: With how many it is to come back, by the config; 0: it does not say.
        ready: Replicas in service; None where it does not say.
        deployed: The deployed model; None of a pool.
        grounded: Why it may not go to zero; "" where it may.
        detail: What is to be said of it.
        alone: A change of where it is can only be of itself: no other model is on its endpoint.
        among: Of how many deployed models that could be meant it was chosen, by its traffic.
    """

    floor: int
    ceiling: int
    initial: int = 0
    ready: int | None = None
    deployed: Deployed | None = None
    grounded: str = ""
    detail: str = ""
    alone: bool = True
    returning: int = 0
    among: int = 1

    @property
    def model(self) -> str:
        """The deployed model's id; "" of a pool."""
        return "" if self.deployed is None else self.deployed.id

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
    found = find_model(answer, resource)
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
    if not resource.deployed_model and not alone:
        detail = join((detail, _tell_choice(answer, found)))
    return replicas._replace(
        ready=ready,
        deployed=_read_deployed(found),
        detail=detail,
        alone=alone,
        among=len(find_meant(answer, resource)),
        returning=int(resource.initial_replicas or 0),
    )


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
        if replicas.initial > 1 and not replicas.returning:
            remarks.append(
                f"{INITIAL} {replicas.initial} goes, as it is of a floor of 0 alone; to have it "
                f"back from zero, write resource.initial_replicas: {replicas.initial}"
            )
        return Fit(floor, ceiling, 0, join(remarks))
    wanted = replicas.returning or replicas.initial
    if not wanted:
        remarks.append("it comes back from zero with 1: resource.initial_replicas is not set")
    initial = min(max(wanted, 1), ceiling)
    if initial < wanted:
        remarks.append(f"{INITIAL} {wanted} is above the ceiling: {initial} is sent")
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


def find_model(answer: Answer, resource: DeployedModel) -> Answer | Missing:
    """Find the deployed model that is meant, in fetch_vertex's answer.

    By its id; or, of those of a model (its id, full name or display name) or of all, the one with
    the most traffic. After a redeploy that is the new one, as soon as it is called most.

    Returns:
        The deployed model; Missing where there is none, or no one that is called most.
    """
    models = read_list(answer, "deployedModels")
    whose = name_resource(resource)
    there = ", ".join(sorted(map(_show, models))) or "none"
    found = find_meant(answer, resource)
    if resource.deployed_model:
        told = (
            f"no such deployed model; the endpoint has {there} (models get new ids when they are "
            "deployed again: name model instead of deployed_model)"
        )
    elif resource.model:
        told = f"no such model; the endpoint has {there}: correct model"
    else:
        told = f"the endpoint has {there}: deploy a model"
    if len(found) > 1:
        split = read_part(answer, "trafficSplit") or NOTHING
        shares = [read_count(split, read_text(each, "id")) or 0 for each in found]
        most = max(shares)
        found = [each for each, share in zip(found, shares, strict=True) if share == most]
        alike = ", ".join(sorted(map(_show, found)))
        told = f"{alike} have {most} % of the traffic each: name model or deployed_model"
    if len(found) != 1:
        gone = resource.deployed_model  # no id comes back by itself
        cause = MissingCause.UNAVAILABLE if gone else MissingCause.SOURCE_FAILED
        return Missing(cause, f"{whose}: {told}")
    return found[0]


def find_meant(answer: Answer, resource: DeployedModel) -> list[Answer]:
    """List the deployed models that could be meant: by id, by model, or all of the endpoint."""
    models = read_list(answer, "deployedModels")
    if resource.deployed_model:
        return [each for each in models if each.get("id") == resource.deployed_model]
    if resource.model:
        return [each for each in models if resource.model in names_of(each)]
    return list(models)


def names_of(model: Answer) -> set[str]:
    """Give all that a deployed model's model is called by."""
    whole = read_text(model, "model").partition("@")[0]
    return {whole, whole.rpartition("/")[2], read_text(model, "displayName")} - {""}


def _read_deployed(model: Answer) -> Deployed:
    """Read which deployed model it is, and what it and its model are called."""
    name = read_text(model, "model").rpartition("/")[2]
    version = read_text(model, "modelVersionId")
    if version and "@" not in name:
        name = f"{name}@{version}"
    title = ", ".join(filter(None, (read_text(model, "displayName"), name and f"model {name}")))
    return Deployed(read_text(model, "id"), title)


def _tell_choice(answer: Answer, found: Answer) -> str:
    """Say which of several deployed models is scaled, and by what that was told."""
    models = read_list(answer, "deployedModels")
    split = read_part(answer, "trafficSplit") or NOTHING
    share = read_count(split, read_text(found, "id")) or 0
    return f"of {len(models)} models, {_show(found)} is scaled, with {share} % of the traffic"


def _show(model: Answer) -> str:
    """Name a deployed model for a reader."""
    own, title = read_text(model, "id"), read_text(model, "displayName")
    return f"{own} ({title})" if title else own


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
