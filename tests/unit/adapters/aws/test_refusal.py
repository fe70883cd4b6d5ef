"""Is what AWS says no with told apart, and its quota worked out?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoRegionError

from flyball.adapters.aws.refusal import (
    DETAIL_LIMIT,
    is_shortage,
    is_throttled,
    read_quota,
    read_refusal,
    tell,
)
from flyball.ports import OutcomeKind

LIMIT = (
    "The account-level service limit 'ml.g5.12xlarge for endpoint usage' is {} Instances, "
    "with current utilization of {} Instances and a request delta of {} Instances. "
    "Please use AWS Service Quotas to request an increase for this quota."
)


def refusal(code: str, message: str) -> ClientError:
    """Make the error that the client raises."""
    answer: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer, "UpdateEndpointWeightsAndCapacities")


@dataclass(frozen=True)
class Case:
    """A refusal, and what it comes to."""

    id: str
    code: str
    message: str
    kind: OutcomeKind


CASES = (
    Case("throttled", "ThrottlingException", "Rate exceeded", OutcomeKind.THROTTLED),
    Case("throttled_group", "Throttling", "Rate exceeded", OutcomeKind.THROTTLED),
    Case("throttled_by_words", "ClientException", "Rate exceeded", OutcomeKind.THROTTLED),
    Case(
        "in_progress",
        "ValidationException",
        'Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:1:endpoint/chat".',
        OutcomeKind.DEFERRED,
    ),
    Case(
        "component_in_progress",
        "ValidationException",
        "Inference component llm is currently being updated",
        OutcomeKind.DEFERRED,
    ),
    Case(
        "component_status",
        "ValidationException",
        "Cannot update inference component llm in status: Updating",
        OutcomeKind.DEFERRED,
    ),
    Case(
        "group_activity",
        "ScalingActivityInProgress",
        "There are scaling activities under way",
        OutcomeKind.DEFERRED,
    ),
    Case("group_contention", "ResourceContention", "A pending update", OutcomeKind.DEFERRED),
    Case("quota", "ResourceLimitExceeded", LIMIT.format(8, 6, 4), OutcomeKind.QUOTA_EXCEEDED),
    Case("vcpu_quota", "VcpuLimitExceeded", "More vCPU", OutcomeKind.QUOTA_EXCEEDED),
    Case("no_machines", "InsufficientInstanceCapacity", "We do not", OutcomeKind.SHORTAGE),
    Case(
        "no_machines_by_words",
        "ValidationException",
        "CapacityError: Unable to provision requested ML compute capacity. Please retry",
        OutcomeKind.SHORTAGE,
    ),
    Case("denied", "AccessDeniedException", "not authorized", OutcomeKind.DENIED),
    Case("denied_token", "ExpiredTokenException", "expired", OutcomeKind.DENIED),
    Case("denied_client", "UnrecognizedClientException", "invalid", OutcomeKind.DENIED),
    Case("no_such", "ValidationException", "Could not find endpoint", OutcomeKind.FAILED),
    Case("unknown", "SomethingNew", "Words", OutcomeKind.FAILED),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refusal_becomes_its_outcome_with_aws_own_words(case: Case) -> None:
    """The words stay, for whoever asks why."""
    outcome = read_refusal(refusal(case.code, case.message), 9)
    assert outcome.kind is case.kind
    assert outcome.detail == f"{case.code}: {case.message}"


@dataclass(frozen=True)
class Quota:
    """A target of `current` that asked for `asked`; limit, use and delta; the most it may have."""

    id: str
    current: int
    asked: int
    limit: int
    used: int
    delta: int
    most: int


QUOTAS = (
    Quota("some_are_left", 2, 9, 20, 16, 7, 6),
    Quota("none_is_left", 6, 10, 8, 8, 4, 6),
    Quota("one_is_left", 6, 10, 8, 7, 4, 7),
    Quota("all_are_here", 4, 5, 4, 4, 1, 4),
    Quota("none_at_all", 0, 1, 0, 0, 1, 0),
    Quota("the_limit_was_lowered_below_the_use", 6, 8, 4, 6, 2, 4),
    Quota("the_delta_is_the_whole_fleet", 2, 9, 20, 16, 9, 4),
    Quota("the_numbers_would_have_granted_it", 2, 5, 20, 2, 3, 4),
    Quota("far_below_zero", 1, 2, 0, 9, 1, 0),
)


@pytest.mark.parametrize("case", QUOTAS, ids=lambda case: case.id)
def test_the_most_that_a_target_may_have_follows_from_the_words(case: Quota) -> None:
    """Where the delta is asked - current, it is current + limit - used."""
    words = LIMIT.format(case.limit, case.used, case.delta)
    outcome = read_refusal(refusal("ResourceLimitExceeded", words), case.asked)
    assert outcome.quota == case.most
    if case.delta == case.asked - case.current and case.used + case.delta > case.limit:
        assert case.most == max(0, case.current + case.limit - case.used)


@pytest.mark.parametrize(
    "words",
    [
        "is 8 Cores, with current utilization of 6 Cores and a request delta of 4 Cores.",
        "You have exceeded a limit.",
        "",
    ],
)
def test_words_without_counts_of_instances_tell_no_quota(words: str) -> None:
    """A limit of something else is no number of instances."""
    assert read_quota(words, 5) is None


def test_large_and_single_counts_are_read_too() -> None:
    """With a comma in thousands, and one Instance."""
    words = "is 1,000 Instances, with current utilization of 999 Instances and a request delta of 2"
    assert read_quota(f"{words} Instances.", 9) == 8
    one = "is 1 Instance, with current utilization of 1 Instance and a request delta of 1 Instance."
    assert read_quota(one, 2) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("due to InsufficientInstanceCapacity error.", True),
        ("EC2InsufficientCapacityError: Instance type 'ml.g5.48xlarge'", True),
        ("We currently do not have sufficient p4d.24xlarge capacity in the Zone", True),
        ("Insufficient capacity.", True),
        ("Unable to provision requested compute capacity", True),
        ("The primary container did not pass the ping health check.", False),
        ("", False),
    ],
)
def test_a_want_of_machines_is_told_by_its_words(words: str, expected: bool) -> None:
    """As users report them; a container that fails is no shortage."""
    assert is_shortage(words) is expected


def test_what_is_said_is_cut_where_it_is_endless() -> None:
    """It goes into a ledger's row."""
    assert len(tell(refusal("Odd", "x" * 5_000))) == DETAIL_LIMIT
    assert tell(NoRegionError()) == "NoRegionError: You must specify a region."
    assert not is_throttled(NoRegionError())
