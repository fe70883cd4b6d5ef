"""Is an error told apart by whether the change may have landed?

The calls themselves are made in tests/aws, against a server; here are the errors that no server on
this machine can be made to give.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.send import send
from flyball.ports import Outcome, OutcomeKind

URL = "https://api.sagemaker.eu-central-1.amazonaws.com"


class Endpoint(Clients):
    """A client whose one operation does as it is told."""

    def __init__(self, answer: Callable[[], Any], *tries: dict[str, Any]) -> None:
        super().__init__("eu-central-1")
        self.answer = answer
        self.tries = tries
        self.on_try: Callable[..., object] = dict
        self.on_send: Callable[..., object] = dict

    def get(self, service: str) -> Any:
        """Give itself, whatever is asked for."""
        assert service == "sagemaker"
        return self

    @property
    def meta(self) -> Any:
        """Stand for a client's events too."""
        return self

    @property
    def events(self) -> Any:
        """Stand for a client's events too."""
        return self

    def register(self, event: str, handler: Callable[..., object], unique_id: str) -> None:
        """Remember whom to tell of each try."""
        if event == "before-send":
            assert unique_id == "flyball-deadline"
            self.on_send = handler
            return
        assert (event, unique_id) == ("needs-retry", "flyball-tries")
        self.on_try = handler

    def update(self, **_: object) -> Any:
        """Tell of the tries, and do as it was told."""
        for each in self.tries:
            self.on_send(operation="Update")
            self.on_try(operation="Update", **each)
        return self.answer()


def ask(error: Exception, *tries: dict[str, Any]) -> Outcome:
    """Send a change that ends in an error, after these tries."""

    def fail() -> None:
        raise error

    return send(Endpoint(fail, *tries), "sagemaker", "update", "EndpointArn", 3)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        SSLError(endpoint_url=URL, error="broken"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("no XML"),
        RuntimeError("anything else"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_have_landed_is_raised(error: Exception) -> None:
    """The intent stays pending until the provider shows what is true."""
    with pytest.raises(type(error)):
        ask(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url=URL), OutcomeKind.FAILED),
        (ProxyConnectionError(proxy_url=URL), OutcomeKind.FAILED),
        (ParamValidationError(report="bad"), OutcomeKind.FAILED),
        (NoCredentialsError(), OutcomeKind.DENIED),
        (UnauthorizedSSOTokenError(), OutcomeKind.DENIED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_never_sent_is_an_outcome(error: Exception, kind: OutcomeKind) -> None:
    """Only a human can mend credentials; the rest is tried again by the next look."""
    outcome = ask(error)
    assert outcome.kind is kind
    assert outcome.detail.startswith(f"not sent: {type(error).__name__}: ")


def test_no_connection_after_a_lost_answer_is_raised() -> None:
    """The last try was never sent, but an earlier one may have landed."""
    error = EndpointConnectionError(endpoint_url=URL)
    lost = {"response": None, "caught_exception": ReadTimeoutError(endpoint_url=URL)}
    with pytest.raises(EndpointConnectionError):
        ask(error, lost, {"response": None, "caught_exception": error})
    unsent = {"response": None, "caught_exception": error}
    assert ask(error, unsent, unsent).kind is OutcomeKind.FAILED


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "ThrottlingException", OutcomeKind.THROTTLED),
        (400, "ThrottlingException", OutcomeKind.THROTTLED),
        (400, "ValidationException", OutcomeKind.FAILED),
    ],
)
def test_a_refusal_for_too_many_calls_is_one_also_as_a_servers_error(
    status: int, code: str, kind: OutcomeKind
) -> None:
    """Some services throttle by 503: nothing was done."""
    parsed: Any = {"Error": {"Code": code, "Message": "words"}}
    tried = {"response": (SimpleNamespace(status_code=status), parsed), "caught_exception": None}
    assert ask(ClientError(parsed, "Update"), tried, tried).kind is kind


def test_a_servers_error_is_raised() -> None:
    """It does not know itself."""
    parsed: Any = {"Error": {"Code": "InternalFailure", "Message": "words"}}
    tried = {"response": (SimpleNamespace(status_code=500), parsed), "caught_exception": None}
    with pytest.raises(ClientError):
        ask(ClientError(parsed, "Update"), tried)


def test_a_plain_yes_is_applied() -> None:
    """An operation that confirms nothing is believed; one that does must do so."""
    yes = Endpoint(lambda: {"EndpointArn": "arn"})
    assert send(yes, "sagemaker", "update", "EndpointArn", 3) == Outcome(OutcomeKind.APPLIED)
    assert send(Endpoint(dict), "sagemaker", "update", "", 3) == Outcome(OutcomeKind.APPLIED)
