"""Does a trial that cannot be had say why: a permission, a quota, a name, a service in trouble?"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.recommender import InferenceRecommender
from flyball.order import (
    BusyTrialError,
    TrialError,
    UnknownTrialError,
)
from flyball.sizing.recommended import await_trial
from flyball.trial import Finding, Status
from tests.aws.ordered import (
    CREATE,
    DESCRIBE,
    QUICK,
    ROLE,
    Stand,
)

pytestmark = pytest.mark.enable_socket


class Trouble(NamedTuple):
    """A refusal of an operation, and the words and the kind of error that tell so."""

    id: str
    operation: str
    fault: tuple[str, str, str]
    says: str
    kind: type[TrialError] = TrialError


TROUBLES = [
    Trouble(
        "throttled",
        DESCRIBE,
        ("throttle", "", ""),
        "trial t: AWS was asked too often",
        BusyTrialError,
    ),
    Trouble("broken", DESCRIBE, ("error", "", ""), "run it again", BusyTrialError),
    Trouble("cut off", DESCRIBE, ("cut", "", ""), "run it again", BusyTrialError),
    Trouble("garbled", DESCRIBE, ("garbled", "", ""), "run it again", BusyTrialError),
    Trouble("empty", DESCRIBE, ("empty", "", ""), "without a status", BusyTrialError),
    Trouble(
        "denied",
        CREATE,
        ("deny", "", ""),
        "allow sagemaker:CreateInferenceRecommendationsJob to who runs this",
    ),
    Trouble(
        "denied by name",
        "ListInferenceRecommendationsJobSteps",
        (
            "deny",
            "",
            (
                "User: u is not authorized to perform: "
                "sagemaker:ListInferenceRecommendationsJobSteps on resource: arn:x as no policy"
            ),
        ),
        "allow sagemaker:ListInferenceRecommendationsJobSteps on arn:x to who runs this",
    ),
    Trouble(
        "a role that may not be passed on",
        CREATE,
        (
            "refuse",
            "AccessDeniedException",
            f"User: u is not authorized to perform: iam:PassRole on resource: {ROLE}",
        ),
        f"allow iam:PassRole on {ROLE} to who runs this; it is the role of the order",
    ),
    Trouble("lapsed", DESCRIBE, ("refuse", "ExpiredTokenException", "old"), "`aws sso login`"),
    Trouble(
        "quota", CREATE, ("refuse", "ResourceLimitExceeded", "2 of 2"), "have the quota raised"
    ),
    Trouble(
        "no such model", CREATE, ("refuse", "", "Could not find model"), "Could not find model"
    ),
    Trouble(
        "unknown",
        DESCRIBE,
        ("refuse", "ValidationException", "The job could not be found"),
        "trial t: there is none of that name in eu-central-1",
        UnknownTrialError,
    ),
    Trouble("anything else", DESCRIBE, ("refuse", "", "what?"), "trial t: AWS: what?"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.id)
def test_a_refusal_names_the_remedy(stand: Stand, trouble: Trouble) -> None:
    """And whether it may be asked again."""
    if trouble.operation != CREATE:
        stand.bench.start("t", QUICK)
    kind, code, message = trouble.fault
    told = {"message": message} if message else {}
    told |= {"code": code} if code else {}
    stand.cloud.fault(trouble.operation, kind, times=-1, **told)
    ask = {CREATE: lambda: stand.bench.start("t", QUICK)}
    with pytest.raises(trouble.kind) as caught:
        ask.get(trouble.operation, lambda: stand.bench.look("t"))()
    assert trouble.says in str(caught.value)
    assert type(caught.value) is trouble.kind


def test_a_trial_that_is_not_there_is_unknown(stand: Stand) -> None:
    """Wherever it is asked for; a name that cannot be is not asked for."""
    for ask in (stand.bench.look, stand.bench.stop):
        with pytest.raises(UnknownTrialError, match="trial t: there is none"):
            ask("t")
    with pytest.raises(UnknownTrialError, match="trial t: there is none"):
        stand.bench.advise("t", Finding("r"), 0.5, 1, 2)
    before = len(stand.cloud.calls)
    with pytest.raises(TrialError, match="letters, digits and hyphens"):
        stand.bench.look("a_b")
    assert len(stand.cloud.calls) == before


def test_who_waits_is_not_turned_away_by_a_throttled_look(stand: Stand) -> None:
    """It looks again, after longer."""
    stand.bench.start("t", QUICK)
    stand.cloud.fault(DESCRIBE, "throttle", times=6)
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        stand.cloud.move(10 * seconds)

    assert await_trial(stand.bench, "t", lambda _: None, rest).status is Status.COMPLETED
    assert rests[0] == 60.0


def test_the_client_refuses_what_its_model_does(stand: Stand) -> None:
    """Before anything is sent, and it is told as any refusal."""
    finding = Finding("r")
    with pytest.raises(TrialError, match="TargetCpuUtilizationPerCore"):
        stand.bench.advise("t", finding, 0.0, 1, 2)
    assert stand.cloud.calls == []


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_who_is_not_answered_may_ask_again(error: Exception) -> None:
    """Whoever waits goes on waiting."""

    class Mute(Clients):
        def get(self, service: str) -> Any:
            assert service == "sagemaker"
            raise error

    with pytest.raises(BusyTrialError, match="trial t: AWS: .*run it again"):
        InferenceRecommender(Mute()).look("t")


def test_without_credentials_the_remedy_is_said() -> None:
    """As everywhere."""

    class Poor(Clients):
        def get(self, service: str) -> Any:
            raise NoCredentialsError(service=service)

    with pytest.raises(TrialError, match="no credentials or region for AWS were found.*aws sso"):
        InferenceRecommender(Poor()).start("t", QUICK)
