"""Which calls were refused for want of a permission, which failed, and what would mend it?

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.permissions import Grant, cover, is_elsewhere, write_policy
from flyball.adapters.aws.refusal import is_throttled
from flyball.plan.model import Check, Level

T = TypeVar("T")

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorized",
        "UnauthorizedOperation",
        "AWS.SimpleQueueService.AccessDenied",
    }
)
"""How the services say that a permission is missing."""
LAPSED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "UnrecognizedClientException",
    }
)
"""How they say that the credentials are not, or no longer, good: no permission would help."""
EMPTY = frozenset(
    {
        "DescribeAlarms",
        "DescribeAutoScalingGroups",
        "DescribePolicies",
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
        "ListTagsForResource",
    }
)
"""A refused list counts as an empty one, so that the rest of a survey is asked too."""

_TOLD = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?")


class Failure(NamedTuple):
    """Why a call failed, though it was not refused."""

    words: str
    passes: bool


class Asked:
    """Hears every call of the clients that it gives; one refusal spoils no other check."""

    def __init__(self) -> None:
        self._denied: set[tuple[str, str]] = set()
        self._forbidden: set[str] = set()
        self._failed: dict[str, Failure] = {}
        self._lapsed = ""
        self.granted: set[str] = set()

    @property
    def has_refusals(self) -> bool:
        """Say whether anything at all was refused."""
        return bool(self._denied or self._forbidden or self._lapsed)

    def listen(self, clients: Clients) -> Clients:
        """Give clients whose refusals are heard."""
        return _Heard(clients, self)

    def ask(self, name: str, call: Callable[[], T], otherwise: T) -> T:
        """Make calls by clients that are heard; refused or failed, the answer is `otherwise`.

        Args:
            name: What is asked, where it fails.
            call: The calls.
            otherwise: What stands for its answer.
        """
        try:
            return call()
        except Exception as error:  # noqa: BLE001  (whatever fails is told, and the rest goes on)
            if not self.was_refused(error):
                passes = any(map(is_throttled, _chain(error)))
                self._failed.setdefault(name, Failure(error_message(error), passes))
            return otherwise

    def was_refused(self, error: Exception) -> bool:
        """Say whether an error comes of a refusal, which is told at the end anyway."""
        return any(error_code(each) in DENIED | LAPSED for each in _chain(error))

    def is_denied(self, *actions: str) -> bool:
        """Say whether one of these actions was refused, so that nothing is known of it."""
        return any(action in actions for action, _ in self._denied) or bool(
            self._forbidden.intersection(actions)
        )

    def hear(self, error: Exception, action: str) -> bool:
        """Note a refusal by the action and the resource that AWS itself names."""
        code, words = error_code(error), error_message(error)
        if code in LAPSED:
            self._lapsed = self._lapsed or f"{code}: {words}"
        if code not in DENIED:
            return False
        told = _TOLD.search(words)
        action, resource = (told[1], told[2] or "") if told else (action, "")
        if "explicit deny" in words:
            self.forbid(action)
        else:
            self.deny(action, resource)
        return True

    def deny(self, action: str, resource: str = "") -> None:
        """Note a permission that is known to be missing."""
        self._denied.add((action, resource))

    def forbid(self, action: str) -> None:
        """Note what a statement somewhere denies, so that no other can allow it."""
        self._forbidden.add(action)

    def checks(self, grants: Sequence[Grant]) -> Iterator[Check]:
        """Say what failed, what is missing, and the policy that grants it.

        Args:
            grants: All that is needed, of which the policy is a part.
        """
        for name, failure in sorted(self._failed.items()):
            level = Level.WARN if failure.passes else Level.FAIL
            yield Check("calls", level, f"{name} failed: {failure.words}", "try again")
        if self._lapsed:
            remedy = "`aws sso login`, or renew them; then ask again"
            yield Check("credentials", Level.FAIL, self._lapsed, remedy)
        if self._forbidden:
            text = f"a statement denies: {', '.join(sorted(self._forbidden))}"
            remedy = "allowing it elsewhere does not help: change that statement (a service"
            remedy += " control policy, a permissions boundary, or a policy of your role)"
            yield Check("permissions", Level.FAIL, text, remedy)
        denied = sorted(each for each in self._denied if not is_elsewhere(*each, grants))
        if denied:
            names = sorted({action for action, _ in denied})
            policy = json.dumps(write_policy(cover(denied, grants)))
            remedy = f"attach this policy to your role: {policy}"
            yield Check("permissions", Level.FAIL, f"missing: {', '.join(names)}", remedy)


class _Heard(Clients):
    """Clients whose refusals are heard."""

    def __init__(self, clients: Clients, asked: Asked) -> None:
        super().__init__()
        self._inner = clients
        self._asked = asked

    def get(self, service: str) -> Any:  # noqa: ANN401  (as the SDK's)
        return _Client(self._inner.get(service), service, self._asked)


class _Client:
    """One service's client; what is no call of its service is passed on as it is."""

    def __init__(self, client: Any, service: str, asked: Asked) -> None:  # noqa: ANN401  (the SDK's)
        self._client = client
        self._service = service
        self._asked = asked

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (as the SDK's)
        found = getattr(self._client, name)
        operation = self._client.meta.method_to_api_mapping.get(name)
        if operation is None:
            return found

        def call(**given: Any) -> Mapping[str, Any]:  # noqa: ANN401  (as the SDK's)
            action = f"{self._service}:{operation}"
            try:
                answer: Mapping[str, Any] = found(**given)
            except Exception as error:
                if self._asked.hear(error, action) and operation in EMPTY:
                    return {}
                raise
            self._asked.granted.add(action)
            return answer

        return call


def _chain(error: BaseException) -> Iterator[Exception]:
    """Give an error and what caused it."""
    found: BaseException | None = error
    while isinstance(found, Exception):
        yield found
        found = found.__cause__
