"""Is a range that cannot be read, or a floor that cannot be had, told with the remedy that fits?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.adapters.gcp.live import (
    ANOTHER,
    BY_ID,
    check_deployed,
    check_floor,
    check_pin,
    check_range,
)
from flyball.adapters.gcp.session import LOGIN
from flyball.core.model import Capacity, Deployed, Missing, MissingCause
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from flyball.plan.live import ASK
from flyball.plan.model import Choices, Level

PLACE = {"project": "acme", "location": "europe-west4"}
NUMBER = {**PLACE, "endpoint": "123"}
BETA = {**NUMBER, "api_version": "v1beta1"}
POOL = {**PLACE, "deployment_resource_pool": "gpus"}
VERSION = {"project": "acme", "model": "churn", "version": "v1"}


@dataclass(frozen=True)
class Unread:
    """Why a range cannot be read, and what is said to be done."""

    id: str
    detail: str
    remedy: str
    resource: dict[str, str]
    cause: MissingCause = MissingCause.SOURCE_FAILED


UNREAD = (
    Unread(
        "a display name in place of an id",
        "NOT_FOUND: no such endpoint",
        "'churn' is no number, as endpoints' ids are unless somebody chose another; a display "
        "name is not an id: `gcloud ai endpoints list` shows both",
        {**PLACE, "endpoint": "churn"},
    ),
    Unread(
        "an id that is not there",
        "NOT_FOUND: no such endpoint",
        "does it exist in europe-west4, in project acme? see `flyball doctor`",
        NUMBER,
    ),
    Unread(
        "a version that is not there",
        "projects/acme/models/churn/versions/v1: HTTP 404: 404. That's an error.",
        "does it exist, in project acme? see `flyball doctor`",
        VERSION,
    ),
    Unread(
        "the service that is shut down",
        "unavailable: Google shut AI Platform Prediction down (HTTP 404)",
        "",
        VERSION,
        MissingCause.UNAVAILABLE,
    ),
    Unread(
        "an endpoint that is no more",
        "NOT_FOUND: no such endpoint; it is looked at every heartbeat only",
        "does it exist in europe-west4, in project acme? see `flyball doctor`",
        NUMBER,
        MissingCause.UNAVAILABLE,
    ),
    Unread(
        "a deployed model that is no more",
        "no such deployed model; the endpoint has 9: name model instead",
        "",
        {**NUMBER, "deployed_model": "7"},
        MissingCause.UNAVAILABLE,
    ),
    Unread("forbidden", "PERMISSION_DENIED: no", "may you read it? see `flyball doctor`", NUMBER),
    Unread("no credentials", "NO_CREDENTIALS: none were found", LOGIN, NUMBER),
    Unread("no answer", "UNREACHABLE: timed out", ASK, NUMBER),
    Unread(
        "a cause that says what to do",
        "projects/acme/locations/europe-west4/endpoints/123/deployedModels/-: the endpoint has 1, "
        "2: name one in deployed_model",
        "",
        NUMBER,
    ),
)


@pytest.mark.parametrize("case", UNREAD, ids=lambda case: case.id)
def test_the_remedy_is_that_of_the_cause(case: Unread) -> None:
    """And there is none beside a cause that names its own."""
    target = ScalableTarget("churn", 1, 4, home="gcp", resource=case.resource)
    (found,) = check_range(Missing(case.cause, case.detail), target, Choices())
    assert (found.text, found.remedy) == (
        f"current capacity cannot be read: {case.detail}",
        case.remedy,
    )


@dataclass(frozen=True)
class Floor:
    """A target that may go to zero by its config, and what is said of that."""

    id: str
    resource: dict[str, str]
    least: int | None
    level: Level | None
    told: str = ""
    mode: Mode = Mode.APPLY


FLOORS = (
    Floor("v1", NUMBER, 1, Level.WARN, "a model may go to zero only by Vertex AI's v1beta1"),
    Floor("a pool", POOL, 1, Level.WARN, "a deployment resource pool cannot go to zero"),
    Floor("unread", POOL, None, Level.WARN, "a deployment resource pool cannot go to zero"),
    Floor("a version", VERSION, 1, Level.WARN, "only machine types that begin with mls1-"),
    Floor("a version that may", VERSION, 0, None),
    Floor("v1beta1 and alone", BETA, 0, None),
    Floor("v1beta1, not read", BETA, None, None),
    Floor("v1beta1 with another model", BETA, 1, Level.FAIL, "another model is deployed"),
    Floor("likewise, to advise", BETA, 1, Level.WARN, "another model is deployed", Mode.ADVISE),
)


@pytest.mark.parametrize("case", FLOORS, ids=lambda case: case.id)
def test_a_floor_of_zero_that_cannot_be_is_told(case: Floor) -> None:
    """By the rule where it is one, by what Google says where only that tells."""
    target = ScalableTarget("churn", 0, 4, home="gcp", resource=case.resource, mode=case.mode)
    capacity: Capacity | Missing = Missing(MissingCause.SOURCE_FAILED, "gone")
    if case.least is not None:
        capacity = Capacity(1, 1, ceiling=4, least=case.least)
    found = [*check_floor(capacity, target)]
    assert [each.level for each in found] == ([] if case.level is None else [case.level])
    for each in found:
        assert each.text.startswith("min_capacity is 0, and 1 is kept: ")
        assert case.told in each.text
        assert "set min_capacity: 1" in each.remedy
    one = ScalableTarget("churn", 1, 4, home="gcp", resource=case.resource)
    assert [*check_floor(capacity, one)] == []


@dataclass(frozen=True)
class Meant:
    """What a target names, what is said of it by the service, and what a plan says."""

    id: str
    resource: dict[str, str]
    detail: str
    told: str
    remedy: str
    among: int = 1


SPLIT = "of 2 models, 9 (llm) is scaled, with 60 % of the traffic"
BUSY = "operation 7 is running"
MEANT = (
    Meant("by id", {**NUMBER, "deployed_model": "9"}, "", "by its id", BY_ID),
    Meant("by model", {**NUMBER, "model": "llm"}, "", "by its model", ""),
    Meant("by none", NUMBER, "", "as none is named", ""),
    Meant("of several", {**NUMBER, "model": "llm"}, SPLIT, f"by its model; {SPLIT}", ANOTHER, 2),
    Meant("one of its model", {**NUMBER, "model": "llm"}, SPLIT, f"by its model; {SPLIT}", ""),
    Meant("one, and busy", NUMBER, BUSY, f"as none is named; {BUSY}", ""),
)


@pytest.mark.parametrize("case", MEANT, ids=lambda case: case.id)
def test_which_deployed_model_is_meant_is_said(case: Meant) -> None:
    """With what comes of a redeploy, where that is not told by its model alone."""
    target = ScalableTarget("churn", 1, 4, home="gcp", resource=case.resource)
    shown = Deployed("9", "llm, model m2")
    capacity = Capacity(1, 1, ceiling=4, detail=case.detail, deployed=shown, among=case.among)
    (found,) = check_deployed(capacity, target)
    assert (found.level, found.remedy) == (Level.OK, case.remedy)
    assert found.text == f"9 (llm, model m2) is scaled, {case.told}"


def test_a_pool_and_what_cannot_be_read_name_no_deployed_model() -> None:
    """Nothing is said of what is not known."""
    target = ScalableTarget("churn", 1, 4, home="gcp", resource=POOL)
    assert [*check_deployed(Capacity(1, 1, ceiling=4), target)] == []
    assert [*check_deployed(Missing(MissingCause.SOURCE_FAILED), target)] == []


PINS = (
    (Mode.APPLY, Capacity(2, 3, ceiling=6), "range 2–6 is closed to one number, at first the 3"),
    (Mode.ADVISE, Capacity(2, 1, ceiling=6), "2–6 would be closed to one number, at first the 2"),
    (Mode.APPLY, Capacity(3, 3, ceiling=3), ""),
    (Mode.APPLY, Capacity(3, 3), ""),
    (Mode.APPLY, Missing(MissingCause.SOURCE_FAILED), ""),
)


@pytest.mark.parametrize(("mode", "capacity", "told"), PINS)
def test_a_range_that_a_pin_closes_is_told(
    mode: Mode, capacity: Capacity | Missing, told: str
) -> None:
    """Before it is: the service then no longer picks. Of a range nothing is said."""
    target = ScalableTarget("churn", 1, 6, home="gcp", resource=NUMBER, mode=mode)
    found = [*check_pin(capacity, target)]
    assert [(each.level, told in each.text) for each in found] == (
        [(Level.OK, True)] if told else []
    )
    kind = CapacityKind.RANGE
    ranged = ScalableTarget("churn", 1, 6, home="gcp", resource=NUMBER, capacity_kind=kind)
    assert [*check_pin(capacity, ranged)] == []
