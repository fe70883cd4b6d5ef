"""Do the servers of these tests hold calls to the discovery documents at all?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.gcp.discovery import (
    ContractError,
    check_answer,
    check_refusal,
    check_request,
    find_method,
)

VERTEX = ("aiplatform.v1", "aiplatform.v1beta1")
ENDPOINT = "/v1/projects/p/locations/l/endpoints/1"
MUTATE = f"{ENDPOINT}:mutateDeployedModel"
POOL = "/v1/projects/p/locations/l/deploymentResourcePools/shared"
COUNTS = {"dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 6}}
MASK = "dedicatedResources.minReplicaCount,dedicatedResources.maxReplicaCount"


def mutate(model: dict[str, Any], mask: str = MASK) -> dict[str, Any]:
    """Write a request to mutate."""
    return {"deployedModel": {"id": "7", **model}, "updateMask": mask}


@dataclass(frozen=True)
class Case:
    """A request, and a word of what is wrong with it; "" for one that is right."""

    id: str
    verb: str
    path: str
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    wrong: str = ""


CASES = (
    Case("the documented body", "POST", MUTATE, mutate(COUNTS)),
    Case("a pool's patch", "PATCH", POOL, COUNTS, {"updateMask": MASK}),
    Case("the example of the documentation", "PATCH", MUTATE, mutate(COUNTS), wrong="no method"),
    Case(
        "snake case in the mask",
        "POST",
        MUTATE,
        mutate(COUNTS, "dedicated_resources.min_replica_count"),
        wrong="updateMask",
    ),
    Case("a mask of nothing", "POST", MUTATE, mutate(COUNTS, "dedicatedResources.min"), {}, "min"),
    Case(
        "a count as a text",
        "POST",
        MUTATE,
        mutate({"dedicatedResources": {"minReplicaCount": "2"}}),
        wrong="not of type 'integer'",
    ),
    Case("an unknown field", "POST", MUTATE, mutate({"replicas": 2}), wrong="replicas"),
    Case("what only the service writes", "POST", MUTATE, mutate({"status": {}}), wrong="status"),
    Case("no body", "POST", MUTATE, wrong="body is None"),
    Case("a body too many", "GET", ENDPOINT, {}, wrong="body is {}"),
    Case("an unknown parameter", "GET", ENDPOINT, query={"view": "FULL"}, wrong="view"),
    Case(
        "a number in words", "GET", f"{ENDPOINT}/operations", query={"pageSize": "ten"}, wrong="ten"
    ),
    Case(
        "zero from v1",
        "POST",
        MUTATE,
        mutate({"dedicatedResources": {"initialReplicaCount": 1}}),
        wrong="initialReplicaCount",
    ),
    Case(
        "zero from v1beta1",
        "POST",
        MUTATE.replace("v1", "v1beta1"),
        mutate(
            {"dedicatedResources": {"initialReplicaCount": 1}},
            "dedicatedResources.initialReplicaCount",
        ),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_is_held_to_its_method(case: Case) -> None:
    """What a strict parser of Google's would refuse fails here, with the field named."""
    try:
        check_request(find_method(VERTEX, case.verb, case.path), case.query, case.body)
        told = ""
    except ContractError as error:
        told = str(error)
    assert case.wrong in told
    assert bool(case.wrong) is bool(told), told


def test_an_answer_is_held_to_its_method() -> None:
    """A server that says what Google's would not is a fault of the test."""
    method = find_method(VERTEX, "GET", ENDPOINT)
    status = {"availableReplicaCount": 2, "lastUpdateTime": "2026-11-21T12:00:00Z"}
    check_answer(method, {"deployedModels": [{"id": "7", "status": status}]})
    with pytest.raises(ContractError, match="lastUpdateTime"):
        check_answer(method, {"deployedModels": [{"status": {"lastUpdateTime": "noon"}}]})
    with pytest.raises(ContractError, match="models"):
        check_answer(method, {"models": []})


def test_a_refusal_is_held_to_the_form_of_google() -> None:
    """An error has a code, a word and a sentence."""
    check_refusal({"error": {"code": 404, "status": "NOT_FOUND", "message": "no"}})
    for body in ({}, {"error": {"code": 404}}, {"error": {"code": "404"}, "more": 1}):
        with pytest.raises(ContractError):
            check_refusal(body)
