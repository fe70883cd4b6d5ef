"""Is a resource of Google's told from what is none, before it becomes a URL?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.adapters.gcp.resource import (
    DeployedModel,
    Pool,
    Resource,
    ResourceError,
    Version,
    name_resource,
    path_of,
    read_resource,
)

PLACE = {"project": "acme-1", "location": "europe-west4"}
HERE = "projects/acme-1/locations/europe-west4"
MODEL = {**PLACE, "endpoint": "123"}
VERSION = {"project": "acme-1", "model": "churn", "version": "v2"}


@dataclass(frozen=True)
class Case:
    """What a config says, what it is, and what it is called."""

    id: str
    given: dict[str, str]
    resource: Resource
    path: str
    below: str = ""


CASES = (
    Case(
        "a deployed model",
        {**MODEL, "deployed_model": "7"},
        DeployedModel("acme-1", "europe-west4", "123", "7"),
        f"{HERE}/endpoints/123",
        "/deployedModels/7",
    ),
    Case(
        "the only one of an endpoint, by v1beta1",
        {**MODEL, "api_version": "v1beta1", "deployed_model": ""},
        DeployedModel("acme-1", "europe-west4", "123", api_version="v1beta1"),
        f"{HERE}/endpoints/123",
        "/deployedModels/-",
    ),
    Case(
        "a pool",
        {**PLACE, "deployment_resource_pool": "gpu_1"},
        Pool("acme-1", "europe-west4", "gpu_1"),
        f"{HERE}/deploymentResourcePools/gpu_1",
    ),
    Case(
        "a version",
        VERSION,
        Version("acme-1", "churn", "v2"),
        "projects/acme-1/models/churn/versions/v2",
    ),
    Case(
        "a version of a region, in a domain's project",
        {**VERSION, "project": "example.com:acme", "location": "us-east1"},
        Version("example.com:acme", "churn", "v2", "us-east1"),
        "projects/example.com:acme/models/churn/versions/v2",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_resource_is_read_and_named_as_its_service_does(case: Case) -> None:
    """One name for one resource, whoever asks."""
    resource = read_resource(case.given)
    assert resource == case.resource
    assert path_of(resource) == case.path
    assert name_resource(resource) == case.path + case.below


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "got nothing"),
        (PLACE, "got location, project"),
        (
            {"endpoint": "123"},
            "got endpoint, expected a model on an endpoint: add project and location",
        ),
        ({**MODEL, "deployment_resource_pool": "gpu"}, "say which one is scaled"),
        ({**MODEL, "variant": "blue"}, "resource.variant: unknown key variant; that is AWS's"),
        ({**VERSION, "endpoint": "1"}, "which is of a model on an endpoint and a version"),
        (
            {**MODEL, "endpoint": f"{HERE}/endpoints/123"},
            "give the id alone, not the full name: 123",
        ),
        ({**MODEL, "deployed_model": "7:x"}, "resource.deployed_model: got '7:x'"),
        ({**MODEL, "project": "a b"}, "resource.project: got 'a b', expected a project's id"),
        ({**MODEL, "location": "../x"}, "resource.location"),
        ({**MODEL, "api_version": "v2"}, "got 'v2', expected v1 or v1beta1"),
    ],
)
def test_what_is_no_resource_says_what_was_expected(given: dict[str, str], told: str) -> None:
    """The message names the field, and nothing but names reaches a URL."""
    with pytest.raises(ResourceError, match="resource") as caught:
        read_resource(given)
    assert told in str(caught.value)
