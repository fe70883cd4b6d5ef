"""Which calls were refused for want of a permission, and which statement would grant them?

Source: Service Authorization Reference, "Actions, resources, and condition keys".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from flyball.adapters.aws.clients import error_code, error_message
from flyball.plan.model import Check, Level

T = TypeVar("T")

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "AWS.SimpleQueueService.AccessDenied",
    }
)
"""How the services say that a permission is missing."""


SERVICES = {
    "DescribeAlarms": "cloudwatch",
    "DescribeAutoScalingGroups": "autoscaling",
    "DescribePolicies": "autoscaling",
    "DescribeScalableTargets": "application-autoscaling",
    "DescribeScheduledActions": "autoscaling",
    "ListTagsForResource": "cloudwatch",
}
"""Which service's action a call is, where one question is several calls."""


class Asked:
    """Makes calls, and keeps what was refused; one refusal spoils no other check."""

    def __init__(self) -> None:
        self._denied: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._granted: set[str] = set()

    def ask(self, action: str, call: Callable[[], T], otherwise: T, resource: str = "*") -> T:
        """Make a call; refused or failed, it is `otherwise`, and is told at the end.

        Args:
            action: As a policy names it, such as "cloudwatch:ListMetrics".
            call: The call.
            otherwise: What stands for its answer.
            resource: The ARN that the permission is for.
        """
        if action in self._denied:  # it will be refused for every other target too
            return otherwise
        try:
            answer = call()
        except Exception as error:  # noqa: BLE001  (whatever fails is told, and the rest goes on)
            if error_code(error) in DENIED:
                self._denied[_name(error, action)] = resource
            else:
                self._failed.setdefault(action, error_message(error))
            return otherwise
        self._granted.add(action)
        return answer

    def deny(self, action: str, resource: str = "*") -> None:
        """Note a permission that is known to be missing."""
        self._denied.setdefault(action, resource)

    def checks(self) -> Iterator[Check]:
        """Say which permissions are missing, as one statement to paste, and what failed else."""
        for action, words in sorted(self._failed.items()):
            yield Check("calls", Level.FAIL, f"{action} failed: {words}", "try again")
        if self._denied:
            text = f"missing: {', '.join(sorted(self._denied))}"
            remedy = f"add to your role: {write_statement(self._denied)}"
            yield Check("permissions", Level.FAIL, text, remedy)
        else:
            count = len(self._granted)
            text = f"each of the {count} actions that were tried is allowed"
            yield Check("permissions", Level.OK, text)


def _name(error: Exception, action: str) -> str:
    """Name what was refused: one question may be several calls."""
    operation = getattr(error, "operation_name", "")
    return f"{SERVICES[operation]}:{operation}" if operation in SERVICES else action


def write_statement(denied: dict[str, str]) -> str:
    """Write the statement of a policy that allows what was denied."""
    resources: Sequence[str] = sorted(set(denied.values()))
    statement = {
        "Sid": "FlyballDoctor",
        "Effect": "Allow",
        "Action": sorted(denied),
        "Resource": "*" if "*" in resources else list(resources),
    }
    return json.dumps(statement)
