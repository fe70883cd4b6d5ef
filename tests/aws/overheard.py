"""Which calls does a command make, and what does it say where some of them are refused?

The hooks are botocore's own, at every client that a command makes: below our code, above the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any, NamedTuple

import pytest

from flyball.adapters.aws.clients import Clients
from tests.aws.rig import REGION

ACCOUNT = "123456789012"
USER = f"arn:aws:sts::{ACCOUNT}:user/moto"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ci"


class Call(NamedTuple):
    """One call that was made.

    Attributes:
        service: As boto3 names it.
        operation: As the API names it.
        given: Its parameters.
    """

    service: str
    operation: str
    given: Mapping[str, Any]


class _Http(NamedTuple):
    """All that the client looks at of a response that was not sent."""

    status_code: int


@dataclass
class Wire:
    """What goes over every client's wire.

    Attributes:
        calls: That were made, also those that were refused.
        answers: By operation: makes an answer in place of the service's; None: it is sent.
    """

    calls: list[Call] = field(default_factory=list)
    answers: dict[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)

    def tap(self, client: Any, service: str) -> Any:
        """Listen at a client."""
        last: dict[tuple[int, str], Mapping[str, Any]] = {}

        def note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            last[get_ident(), model.name] = params
            self.calls.append(Call(service, model.name, params))

        def intercept(model: Any, **_: Any) -> Any:
            make = self.answers.get(model.name)
            return None if make is None else make(last[get_ident(), model.name])

        client.meta.events.register_first("provide-client-params", note)
        client.meta.events.register_first("before-call", intercept)
        return client

    def answer(self, operation: str, parsed: Mapping[str, Any]) -> None:
        """Let an operation have this answer."""
        self.answers[operation] = lambda _: (_Http(200), dict(parsed))

    def fail(self, operation: str, code: str, words: str) -> None:
        """Let an operation fail."""
        error = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {}}
        self.answers[operation] = lambda _: (_Http(400), error)

    def deny(self, action: str, resource: str = "", why: str = "no identity-based policy") -> None:
        """Refuse an operation as IAM does, which names the resource where the service does."""
        on = f" on resource: {resource}" if resource else ""
        words = f"User: {USER} is not authorized to perform: {action}{on} because {why} allows"
        words = f"{words} the {action} action"
        self.fail(action.partition(":")[2], "AccessDeniedException", words)

    def simulate(self, **decisions: str) -> None:
        """Let IAM's simulation allow everything but what is given by the action's last part."""

        def evaluate(given: Mapping[str, Any]) -> Any:
            results = []
            for action in given["ActionNames"]:
                decision = decisions.get(action.partition(":")[2], "allowed")
                result: dict[str, Any] = {"EvalActionName": action, "EvalDecision": decision}
                if decision == "unsure":
                    result["EvalDecision"] = "implicitDeny"
                    result["MissingContextValues"] = ["aws:MultiFactorAuthPresent"]
                results.append(result)
            return _Http(200), {"EvaluationResults": results}

        self.answers["SimulatePrincipalPolicy"] = evaluate

    def made(self, operation: str) -> list[Mapping[str, Any]]:
        """Give the parameters of every call of an operation."""
        return [each.given for each in self.calls if each.operation == operation]


def tap(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listen at every client that is made from now on."""
    wire, make = Wire(), Clients._make
    monkeypatch.setattr(
        Clients, "_make", lambda self, service: wire.tap(make(self, service), service)
    )
    return wire


def arn(service: str, resource: str) -> str:
    """Name a resource of the account that is listened at."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
