"""Is a refusal heard as what it is, and told once?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.permissions import Grant
from flyball.plan.model import Level
from flyball.ports import LedgerError

DENY = "User: u is not authorized to perform: {} on resource: {} because no policy allows it"


class RefusedError(Exception):
    """A refusal as the SDK raises it."""

    def __init__(self, code: str, words: str) -> None:
        self.response = {"Error": {"Code": code, "Message": words}}
        super().__init__(words)


class Fixed(Clients):
    """Clients of one service, whose one call comes to this."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self._error = error

    def get(self, service: str) -> Any:
        """Give the client, whatever the service."""
        meta = SimpleNamespace(method_to_api_mapping={"describe_alarms": "DescribeAlarms"})
        return SimpleNamespace(meta=meta, describe_alarms=self._call, name=service)

    def _call(self, **given: Any) -> Any:
        if self._error is not None:
            raise self._error
        return given


class Case(NamedTuple):
    """An error, and what is said of it."""

    name: str
    error: Exception
    level: Level
    said: str


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "named by AWS",
            RefusedError("AccessDenied", DENY.format("kms:Decrypt", "arn:k")),
            Level.FAIL,
            "missing: kms:Decrypt",
        ),
        Case(
            "named by the call",
            RefusedError("UnauthorizedOperation", "no"),
            Level.FAIL,
            "missing: cloudwatch:DescribeAlarms",
        ),
        Case("lapsed", RefusedError("ExpiredToken", "old"), Level.FAIL, "ExpiredToken: old"),
        Case("unknown", RefusedError("UnrecognizedClientException", "who"), Level.FAIL, "Client"),
        Case("throttled", RefusedError("Throttling", "slow"), Level.WARN, "a list failed: slow"),
        Case("broken", RefusedError("InternalFailure", "oh"), Level.FAIL, "a list failed: oh"),
        Case("no answer at all", OSError("down"), Level.FAIL, "a list failed: down"),
    ],
    ids=lambda case: case.name,
)
def test_an_error_is_told_once_as_what_it_is(case: Case) -> None:
    """A missing permission, credentials that are not good, a failure that passes, or one."""
    asked = Asked()
    client = asked.listen(Fixed(case.error)).get("cloudwatch")
    for _ in range(2):
        assert asked.ask("a list", client.describe_alarms, None) in (None, {})
    (check,) = asked.checks((Grant("Key", ("kms:Decrypt",), "arn:k"),))
    assert check.level is case.level
    assert case.said in check.text
    assert check.remedy


def test_a_refusal_inside_a_ledgers_words_is_still_a_refusal() -> None:
    """The ledger tells it in its own way, and names what it was caused by."""
    asked = Asked()
    refused = RefusedError("AccessDeniedException", "no")
    wrapped = LedgerError("may not")
    wrapped.__cause__ = refused
    assert asked.was_refused(wrapped)
    assert not asked.was_refused(LedgerError("broken"))


def test_what_was_allowed_is_remembered_and_nothing_is_said_of_it() -> None:
    """Whether that is all, the simulation says."""
    asked = Asked()
    client = asked.listen(Fixed(None)).get("cloudwatch")
    assert client.describe_alarms(MaxRecords=1) == {"MaxRecords": 1}
    assert client.name == "cloudwatch"
    assert asked.granted == {"cloudwatch:DescribeAlarms"}
    assert list(asked.checks(())) == []
    assert not asked.has_refusals
