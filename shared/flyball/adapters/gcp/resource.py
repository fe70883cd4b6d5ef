"""Which resource of Google Cloud does a scalable target name?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

V1, BETA = "v1", "v1beta1"
API_VERSIONS = (V1, BETA)
"""Of Vertex AI; only by v1beta1 may a deployed model go to zero."""
EXPECTED = (
    "project, location and endpoint (with deployed_model where the endpoint has several, and "
    "api_version: v1beta1 for scale to zero); project, location and deployment_resource_pool; or "
    "project, model and version (with location where it is on a regional endpoint)"
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]*")


class DeployedModel(NamedTuple):
    """A model that is deployed to a Vertex AI endpoint; "" names the only one there."""

    project: str
    location: str
    endpoint: str
    deployed_model: str = ""
    api_version: str = V1


class Pool(NamedTuple):
    """A Vertex AI deployment resource pool, which several deployed models share."""

    project: str
    location: str
    deployment_resource_pool: str


class Version(NamedTuple):
    """A version of a model of AI Platform Prediction; without a location, of the global host."""

    project: str
    model: str
    version: str
    location: str = ""


Vertex = DeployedModel | Pool
Resource = Vertex | Version


class ResourceError(ValueError):
    """A resource that is none of Google's; the message names the fields and the remedy."""


def read_resource(resource: Mapping[str, str]) -> Resource:
    """Read a scalable target's resource.

    Args:
        resource: {project, location, endpoint, deployed_model, api_version}, of which the last two
            may be left out; {project, location, deployment_resource_pool}; or {project, model,
            version, location}, of which the last may be left out.

    Raises:
        ResourceError: It is none of them, or more than one, or a value is no name.
    """
    given = {key: value for key, value in resource.items() if value}
    _check(given)
    match given:
        case {"project": project, "location": location, "endpoint": endpoint, **rest} if not (
            rest.keys() - {"deployed_model", "api_version"}
        ):
            return DeployedModel(project, location, endpoint, **rest)
        case {"project": project, "location": place, "deployment_resource_pool": pool, **rest} if (
            not rest
        ):
            return Pool(project, place, pool)
        case {"project": project, "model": model, "version": version, **rest} if not (
            rest.keys() - {"location"}
        ):
            return Version(project, model, version, **rest)
    shown = ", ".join(sorted(given)) or "nothing"
    raise ResourceError(f"resource: got {shown}, expected {EXPECTED}; say which one is scaled")


def name_resource(resource: Resource) -> str:
    """Name a resource as its service does; one name for one resource."""
    match resource:
        case DeployedModel(deployed_model=model):
            return f"{path_of(resource)}/deployedModels/{model or '-'}"
        case Pool() | Version():
            return path_of(resource)


def path_of(resource: Resource) -> str:
    """Give the path of what is asked for in the service's REST API, without its version.

    A deployed model has none of its own: it is read and changed at its endpoint.
    """
    match resource:
        case DeployedModel(project, location, endpoint):
            return f"projects/{project}/locations/{location}/endpoints/{endpoint}"
        case Pool(project, location, pool):
            return f"projects/{project}/locations/{location}/deploymentResourcePools/{pool}"
        case Version(project, model, version):
            return f"projects/{project}/models/{model}/versions/{version}"


def _check(given: Mapping[str, str]) -> None:
    """Refuse what is no name: it becomes a part of a URL."""
    for key, value in given.items():
        pattern, expected = _NAME, "letters, digits, '.', '_' and '-'"
        if key == "project":
            pattern, expected = _PROJECT, "a project's id or number"
        if not pattern.fullmatch(value):
            remedy = "give the id alone, not the full name" if "/" in value else "correct it"
            raise ResourceError(f"resource.{key}: got {value!r}, expected {expected}; {remedy}")
    version = given.get("api_version", V1)
    if version not in API_VERSIONS:
        expected = " or ".join(API_VERSIONS)
        raise ResourceError(f"resource.api_version: got {version!r}, expected {expected}")
