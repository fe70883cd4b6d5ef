"""Does a refusal of Google come out as what it means for the capacity?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.gcp.refusal import read_failure, read_refusal
from flyball.adapters.gcp.session import NO_CREDENTIALS, UNREACHABLE, CallError
from flyball.ports import OutcomeKind

GPUS = "The following quota metrics exceed quota limits: aiplatform.googleapis.com/x_l4_gpus"
STOCKOUT = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: europe-west4-a"


REGIONAL = "Insufficient regional quota to satisfy request: resource GPUS_ALL_REGIONS"
QUOTA = OutcomeKind.QUOTA_EXCEEDED


@dataclass(frozen=True)
class Case:
    """How Google refuses, and the outcome."""

    id: str
    code: int
    status: str
    message: str
    kind: OutcomeKind


REFUSED = (
    Case("no connection", 0, UNREACHABLE, "refused", OutcomeKind.FAILED),
    Case("nobody to call as", 0, NO_CREDENTIALS, "none", OutcomeKind.DENIED),
    Case("401 without a word", 401, "", "", OutcomeKind.DENIED),
    Case("403 without a word", 403, "", "", OutcomeKind.DENIED),
    Case("denied", 403, "PERMISSION_DENIED", "", OutcomeKind.DENIED),
    Case("429 without a word", 429, "", "", OutcomeKind.THROTTLED),
    Case("429 of machines", 429, "RESOURCE_EXHAUSTED", GPUS, OutcomeKind.QUOTA_EXCEEDED),
    Case("429 of no machines", 429, "RESOURCE_EXHAUSTED", STOCKOUT, OutcomeKind.SHORTAGE),
    Case("a rate", 429, "RESOURCE_EXHAUSTED", "Quota of calls per minute", OutcomeKind.THROTTLED),
    Case("too often", 429, "RESOURCE_EXHAUSTED", "Quota of Requests", OutcomeKind.THROTTLED),
    Case(
        "machines, and what to do",
        429,
        "RESOURCE_EXHAUSTED",
        f"{GPUS}. See how to submit quota increase requests.",
        OutcomeKind.QUOTA_EXCEEDED,
    ),
    Case("too many", 429, "RESOURCE_EXHAUSTED", "Too many requests", OutcomeKind.THROTTLED),
    Case("a conflict", 409, "", "", OutcomeKind.DEFERRED),
    Case("aborted", 409, "ABORTED", "", OutcomeKind.DEFERRED),
    Case("busy", 400, "FAILED_PRECONDITION", "has an ongoing operation", OutcomeKind.DEFERRED),
    Case("busy in other words", 400, "FAILED_PRECONDITION", "is UPDATING", OutcomeKind.DEFERRED),
    Case("a quota, said of a request", 400, "FAILED_PRECONDITION", REGIONAL, QUOTA),
    Case("a quota of calls", 400, "FAILED_PRECONDITION", "Quota per minute", OutcomeKind.THROTTLED),
    Case("a bad request of a quota", 400, "INVALID_ARGUMENT", "quota", OutcomeKind.FAILED),
    Case("not deployed", 400, "FAILED_PRECONDITION", "not DEPLOYED", OutcomeKind.FAILED),
    *(
        Case(f"busy: {words}", 400, "FAILED_PRECONDITION", words, OutcomeKind.DEFERRED)
        for words in (
            "There are other operations running on the Endpoint. Operation(s) are: 3.",
            "There are other operations running on the RagCorpus. Operation IDs are: [1].",
            "Operation(s) still running on the endpoint.",
            "An operation 7 is pending.",
            "A running operation of the DeployedModel was found.",
            "The previous mutation has not finished.",
        )
    ),
    Case(
        "a policy of the project",
        400,
        "FAILED_PRECONDITION",
        "The operation is not allowed by organization policy.",
        OutcomeKind.FAILED,
    ),
    Case("too late", 0, "NO_TIME_LEFT", "no time was left", OutcomeKind.ABORTED),
    Case(
        "no machines, said of a request",
        400,
        "FAILED_PRECONDITION",
        "stockout",
        OutcomeKind.SHORTAGE,
    ),
    Case("a bad request", 400, "INVALID_ARGUMENT", "ongoing", OutcomeKind.FAILED),
    Case("not there", 404, "NOT_FOUND", "", OutcomeKind.FAILED),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refusal_of_a_call_keeps_googles_words(case: Case) -> None:
    """The kind decides what follows; the words are evidence."""
    outcome = read_refusal(CallError(case.code, case.status, case.message))
    assert outcome.kind is case.kind
    assert outcome.quota is None
    assert (case.status or f"HTTP {case.code}") in outcome.detail
    assert outcome.detail.startswith("not sent: ") is (case.status in (UNREACHABLE, "NO_TIME_LEFT"))


@dataclass(frozen=True)
class Ended:
    """How an operation ended, and the outcome."""

    id: str
    kind: OutcomeKind
    detail: str
    error: dict[str, Any] = field(default_factory=dict)


ENDED = (
    Ended(
        "8, no reason", OutcomeKind.FAILED, "RESOURCE_EXHAUSTED: no", {"code": 8, "message": "no"}
    ),
    Ended("8, machines", OutcomeKind.QUOTA_EXCEEDED, GPUS, {"code": 8, "message": GPUS}),
    Ended("9, machines", QUOTA, REGIONAL, {"code": 9, "message": REGIONAL}),
    Ended("8, none left", OutcomeKind.SHORTAGE, STOCKOUT, {"code": 8, "message": STOCKOUT}),
    Ended(
        "14, none left",
        OutcomeKind.SHORTAGE,
        "UNAVAILABLE: stockout",
        {"code": 14, "message": "stockout"},
    ),
    Ended("7", OutcomeKind.DENIED, "PERMISSION_DENIED", {"code": 7}),
    Ended(
        "9, busy",
        OutcomeKind.DEFERRED,
        "FAILED_PRECONDITION",
        {"code": 9, "message": "in progress"},
    ),
    Ended("13", OutcomeKind.FAILED, "INTERNAL", {"code": 13}),
    Ended("an unknown number", OutcomeKind.FAILED, "UNKNOWN: x", {"code": 99, "message": "x"}),
    Ended("nothing said", OutcomeKind.FAILED, "UNKNOWN: "),
)


@pytest.mark.parametrize("case", ENDED, ids=lambda case: case.id)
def test_a_failure_of_an_operation_is_read_by_its_number(case: Ended) -> None:
    """An operation has no HTTP status of its own."""
    outcome = read_failure(case.error)
    assert outcome.kind is case.kind
    assert case.detail in outcome.detail
