"""Is every resource of AWS told from the others, and named as AWS names it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from flyball.adapters.aws.resource import (
    Component,
    Group,
    Resource,
    ResourceError,
    Variant,
    endpoint_of,
    read_key,
    read_resource,
    resource_key,
)


@dataclass(frozen=True)
class Case:
    """A resource, and what it is."""

    id: str
    resource: Mapping[str, str]
    read: Resource
    key: str
    endpoint: str | None


CASES = (
    Case(
        "variant",
        {"endpoint": "chat", "variant": "blue"},
        Variant("chat", "blue"),
        "endpoint/chat/variant/blue",
        "chat",
    ),
    Case(
        "component",
        {"inference_component": "llm"},
        Component("llm"),
        "inference-component/llm",
        None,
    ),
    Case(
        "component_with_endpoint",
        {"inference_component": "llm", "endpoint": "chat"},
        Component("llm", "chat"),
        "inference-component/llm",
        "chat",
    ),
    Case(
        "component_with_an_empty_endpoint",
        {"inference_component": "llm", "endpoint": ""},
        Component("llm"),
        "inference-component/llm",
        None,
    ),
    Case(
        "group",
        {"auto_scaling_group": "workers"},
        Group("workers"),
        "auto-scaling-group/workers",
        None,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_resource_is_read_and_named(case: Case) -> None:
    """One kind, one name, and the endpoint where there is one."""
    assert read_resource(case.resource) == case.read
    assert resource_key(case.resource) == case.key
    assert endpoint_of(case.resource) == case.endpoint
    assert resource_key(read_key(case.key)) == case.key


def test_a_key_of_nothing_is_refused() -> None:
    """What stands in a ledger may be anything."""
    with pytest.raises(ResourceError, match="got 'project/p', expected endpoint with"):
        read_key("project/p")


@pytest.mark.parametrize(
    ("resource", "shown"),
    [
        ({}, "got nothing, expected endpoint with variant, infer"),
        ({"endpoint": "chat"}, "got endpoint, expected endpoint with variant, infer"),
        ({"variant": "blue", "endpoint": ""}, "got variant, expected a variant: add endpoint"),
        ({"project": "p"}, "unknown key project; that is Google's; leave it out"),
        (
            {"auto_scaling_group": "g", "endpoint": "e", "variant": "v"},
            "got auto_scaling_group, endpoint, variant, which is of a variant and a group; say",
        ),
        (
            {"inference_component": "c", "endpoint": "e", "variant": "v"},
            "which is of a variant and an inference component; say which one is scaled",
        ),
        ({"endpoint": "e/2", "variant": "v"}, "endpoint: got 'e/2', expected 1 to 63 letters"),
    ],
)
def test_what_is_no_one_resource_is_refused_with_the_remedy(
    resource: Mapping[str, str], shown: str
) -> None:
    """The message says what was there, and what is expected."""
    with pytest.raises(ResourceError, match=f"resource.*{shown}"):
        resource_key(resource)
