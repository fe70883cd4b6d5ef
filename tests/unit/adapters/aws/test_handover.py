"""Is a hand-over called refused only where nothing of it can have landed?

The client is the real one, with its retries; only what comes over the wire is scripted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.handover import (
    FLAGS,
    GROUP_FLAGS,
    SAGEMAKER,
    Native,
    is_refusal,
    set_state,
)
from flyball.adapters.aws.send import UncertainError
from flyball.cli.failure import describe
from flyball.plan.model import ACTIVE, SUSPENDED

ALL = dict.fromkeys(FLAGS, ACTIVE)
VARIANT = Native("endpoint/e/variant/v", f"{SAGEMAKER}:variant:DesiredInstanceCount", 1, 4, ALL)
GROUP = Native("auto-scaling-group/g", "", 1, 4, dict.fromkeys(GROUP_FLAGS, ACTIVE))
HELD = dict.fromkeys(FLAGS, SUSPENDED)
HALF = {"alarms": SUSPENDED, "scheduled": ACTIVE}
LOST, DONE = "", "OK"
CONCURRENT, DENIED = "ConcurrentUpdateException", "AccessDeniedException"
THROTTLED = "ThrottlingException"


class Body(BytesIO):
    """A body as the client reads one."""

    def stream(self) -> list[bytes]:
        """Give it whole."""
        return [self.read()]


def respond(service: str, code: str, status: int) -> AWSResponse:
    """Write an answer as a service does: one in JSON, the other in XML."""
    if service == "autoscaling":
        told = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        text = f"<ErrorResponse>{told}</ErrorResponse>" if code != DONE else "<Response/>"
    else:
        text = json.dumps({"__type": code, "message": "no"} if code != DONE else {})
    return AWSResponse("http://there", status, {}, Body(text.encode()))


ANSWERS: list[str] = []
"""What comes over the wire, one a try."""


def script(*answers: str) -> Clients:
    """Make clients that get these answers, by code, one a try; a number is a server's error."""
    ANSWERS[:] = answers
    return make_clients()


@cache
def make_clients() -> Clients:
    """Make clients whose wire is scripted, and which try again at once."""
    clients = Clients("eu-central-1")

    def answer(service: str, **_: object) -> AWSResponse:
        code = ANSWERS.pop(0)
        if code == LOST:
            raise ReadTimeoutError(endpoint_url="http://there")
        return respond(service, code, int(code) if code.isdigit() else 200 if code == DONE else 400)

    def hurry(response: tuple[AWSResponse, object] | None, **_: object) -> float | None:
        failed = response is None or response[0].status_code != 200
        return 0.001 if failed and ANSWERS else None

    for service in ("application-autoscaling", "autoscaling"):
        meta = clients.get(service).meta
        name = meta.service_model.service_id.hyphenize()
        meta.events.register_first("before-send", partial(answer, service))
        meta.events.register_first(f"needs-retry.{name}", hurry)
    return clients


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the SDK what it asks for, so that it looks nowhere else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@dataclass(frozen=True)
class Case:
    """What each try was answered, and whether the whole was refused for certain."""

    id: str
    answers: tuple[str, ...]
    is_refused: bool
    native: Native = VARIANT


CASES = (
    Case("refused", (DENIED,), is_refused=True),
    Case("throttled_at_every_try", (THROTTLED,) * 3, is_refused=True),
    Case("throttled_and_refused", (THROTTLED, DENIED), is_refused=True),
    Case("lost_and_refused", (LOST, DENIED), is_refused=False),
    Case("lost_and_concurrent", (LOST, CONCURRENT), is_refused=False),
    Case("concurrent_at_once", (CONCURRENT,), is_refused=False),
    Case("broken_and_refused", ("503", DENIED), is_refused=False),
    Case("lost_and_throttled", (LOST, THROTTLED, THROTTLED), is_refused=False),
    Case("lost", (LOST,) * 3, is_refused=False),
    Case("broken", ("500",) * 3, is_refused=False),
    Case("a_group_refused", ("AccessDenied",), is_refused=True, native=GROUP),
    Case("a_group_refused_half", (DONE, "AccessDenied"), is_refused=False, native=GROUP),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_only_what_no_try_and_no_part_may_have_done_is_refused(case: Case) -> None:
    """How it was is remembered where it may have landed."""
    clients = script(*case.answers)
    with pytest.raises(Exception) as caught:  # noqa: PT011  (of many kinds, told apart below)
        set_state(clients, case.native, HALF if case.native is GROUP else HELD)
    assert is_refusal(caught.value) is case.is_refused
    assert isinstance(caught.value, ClientError) or not case.is_refused


def test_what_became_of_an_earlier_hand_over_says_nothing_of_this_one() -> None:
    """The answer that was lost was another's."""
    clients = script(LOST, DONE, DENIED)
    set_state(clients, VARIANT, HELD)
    with pytest.raises(ClientError) as caught:
        set_state(clients, VARIANT, HELD)
    assert is_refusal(caught.value)


def test_what_may_have_landed_says_so_in_the_services_words() -> None:
    """A person sees why, and that it is not sure."""
    words = f"{DENIED}: no; it may have landed all the same, in part or by an earlier try"
    with pytest.raises(UncertainError) as caught:
        set_state(script(LOST, DENIED), VARIANT, HELD)
    assert describe(caught.value) == (f"AWS: {words}", 2)
