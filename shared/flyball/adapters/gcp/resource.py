"""Which resource of Google Cloud does a scalable target name?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.address import V1, check_google
from flyball.core.shape import NamedTuple


class DeployedModel(NamedTuple):
    """A model that is deployed to a Vertex AI endpoint.

    Attributes:
        project: Whose.
        location: Its region.
        endpoint: Its endpoint's id.
        deployed_model: Its id there, which is another after each redeploy; "": by model.
        api_version: By which it is read and changed.
        model: Its model's id, full name or display name; "": the one with the most traffic.
        initial_replicas: With how many it is to come back from zero; "": as it is set there.
    """

    project: str
    location: str
    endpoint: str
    deployed_model: str = ""
    api_version: str = V1
    model: str = ""
    initial_replicas: str = ""


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
        resource: {project, location, endpoint, deployed_model or model, api_version,
            initial_replicas}, of which all but the first three may be left out; {project, location,
            deployment_resource_pool}; or {project, model, version, location}, of which the last may
            be left out.

    Raises:
        ResourceError: It is none of them, or more than one, or a value is no name.
    """
    given = {key: value for key, value in resource.items() if value}
    faults = [str(each) for each in check_google(given)]
    if faults:
        raise ResourceError("; ".join(faults))
    match given:
        case {"project": project, "deployment_resource_pool": pool}:
            return Pool(project, given["location"], pool)
        case {"project": project, "version": version}:
            return Version(project, given["model"], version, given.get("location", ""))
    return DeployedModel(**given)


def name_resource(resource: Resource) -> str:
    """Name a resource as its service does; one name for one resource."""
    match resource:
        case DeployedModel(deployed_model=own, model=model):
            called = f"(model {model})" if model else "-"
            return f"{path_of(resource)}/deployedModels/{own or called}"
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
