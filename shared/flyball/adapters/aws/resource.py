"""Which resource of AWS does a scalable target name?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flyball.address import AMAZON, check_amazon


class Variant(NamedTuple):
    """A production variant of a SageMaker endpoint."""

    endpoint: str
    variant: str


class Component(NamedTuple):
    """A SageMaker inference component; its endpoint is None where it is not given."""

    inference_component: str
    endpoint: str | None = None


class Group(NamedTuple):
    """An EC2 Auto Scaling group."""

    auto_scaling_group: str


Resource = Variant | Component | Group


class ResourceError(ValueError):
    """A resource that is none of AWS's; the message names the fields and the remedy."""


def read_resource(resource: Mapping[str, str]) -> Resource:
    """Read a scalable target's resource.

    Args:
        resource: {endpoint, variant}, {inference_component} (with endpoint, if known), or
            {auto_scaling_group}.

    Raises:
        ResourceError: It is none of them, or more than one.
    """
    given = {key: value for key, value in resource.items() if value}
    faults = [str(each) for each in check_amazon(given)]
    if faults:
        raise ResourceError("; ".join(faults))
    match given:
        case {"inference_component": component}:
            return Component(component, given.get("endpoint"))
        case {"auto_scaling_group": group}:
            return Group(group)
    return Variant(**given)


def resource_key(resource: Mapping[str, str]) -> str:
    """Name a resource in one text, as Application Auto Scaling does where it knows it.

    Returns:
        "endpoint/<e>/variant/<v>", "inference-component/<n>" or "auto-scaling-group/<n>".

    Raises:
        ResourceError: It is none of AWS's.

    Source: Application Auto Scaling API Reference, RegisterScalableTarget, "ResourceId".
    """
    return name_resource(read_resource(resource))


def name_resource(resource: Resource) -> str:
    """Name a resource that was read; see resource_key."""
    match resource:
        case Variant(endpoint, variant):
            return f"endpoint/{endpoint}/variant/{variant}"
        case Component(inference_component=component):
            return f"inference-component/{component}"
        case Group(group):
            return f"auto-scaling-group/{group}"


def read_key(key: str) -> dict[str, str]:
    """Give the resource that resource_key named so.

    Raises:
        ResourceError: It is none of resource_key's.
    """
    match key.split("/"):
        case ["endpoint", endpoint, "variant", variant]:
            return {"endpoint": endpoint, "variant": variant}
        case ["inference-component", component]:
            return {"inference_component": component}
        case ["auto-scaling-group", *group] if group:
            return {"auto_scaling_group": "/".join(group)}
    raise ResourceError(f"resource: got {key!r}, expected {AMAZON.expected}")


def endpoint_of(resource: Mapping[str, str]) -> str | None:
    """Name the SageMaker endpoint that a resource is on; None where it is on none, or unknown."""
    return resource.get("endpoint") or None
