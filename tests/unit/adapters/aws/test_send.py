"""Is an error told apart by whether the change may have landed?

The calls themselves are made in tests/aws, against a server; here are the errors that no server on
this machine can be made to give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
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

    def __init__(self, answer: Callable[[], Any]) -> None:
        super().__init__("eu-central-1")
        self.answer = answer

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

    def register(self, *_: object, **__: object) -> None:
        """Tell nobody of any try."""

    def update(self, **_: object) -> Any:
        """Do as it was told."""
        return self.answer()


def ask(error: Exception) -> Outcome:
    """Send a change that ends in an error."""

    def fail() -> None:
        raise error

    return send(Endpoint(fail), "sagemaker", "update", "EndpointArn", 3)


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


def test_a_plain_yes_is_applied() -> None:
    """An operation that confirms nothing is believed; one that does must do so."""
    yes = Endpoint(lambda: {"EndpointArn": "arn"})
    assert send(yes, "sagemaker", "update", "EndpointArn", 3) == Outcome(OutcomeKind.APPLIED)
    assert send(Endpoint(dict), "sagemaker", "update", "", 3) == Outcome(OutcomeKind.APPLIED)
