"""May whoever asks do what apply does, as far as IAM knows, without trying it?

Source: AWS IAM API Reference, SimulatePrincipalPolicy and GetRole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.clients import Clients, error_code
from flyball.adapters.aws.permissions import ANY, OPTIONAL, Grant
from flyball.plan.model import Check, Level

ROLE = ":assumed-role/"
ROOT = ":root"
UNKNOWN = (
    "compare what you have with `flyball doctor --policy`, or allow its statement AskWhatYouMay"
)


def find_principal(clients: Clients, arn: str) -> str:
    """Name whose permissions count: behind a session stands its role, with its path.

    Args:
        clients: The account's.
        arn: As sts:GetCallerIdentity gives it, which leaves a role's path out.

    Returns:
        The ARN of a user or role; a pattern of it where the role cannot be read.
    """
    if ROLE not in arn:
        return arn
    start, _, rest = arn.partition(ROLE)
    name = rest.partition("/")[0]
    try:
        found: str = clients.get("iam").get_role(RoleName=name)["Role"]["Arn"]
    except Exception:  # noqa: BLE001  (it is one way to know, and not a right that is needed)
        return f"{start.replace(':sts:', ':iam:')}:role/*{name}"
    return found


def simulate(
    clients: Clients, asked: Asked, principal: str, grants: Sequence[Grant]
) -> Iterator[Check]:
    """Ask IAM about every action that is needed; that nobody may ask it is said.

    Args:
        clients: The account's; that they are refused is no fault, so they are not heard.
        asked: Takes what is denied. What it has been granted is not doubted.
        principal: Whose permissions.
        grants: All that is needed.
    """
    if principal.endswith(ROOT):
        text = "the root user may do everything; use a role for this"
        yield Check("permissions", Level.OK, text)
        return
    name = principal.replace(":role/*", ":role/")  # without a path, as most are
    unsure: set[str] = set()
    allowed: set[str] = set()
    try:
        for grant in grants:
            for result in _evaluate(clients, name, grant):
                action = result["EvalActionName"]
                if result["EvalDecision"] == "allowed" or action in asked.granted:
                    allowed.add(action)
                elif result["EvalDecision"] == "explicitDeny":
                    asked.forbid(action)
                elif result.get("MissingContextValues"):
                    unsure.add(action)
                else:
                    asked.deny(action, "" if grant.resource == ANY else grant.resource)
    except Exception as error:  # noqa: BLE001  (likewise)
        why = error_code(error) or type(error).__name__
        text = f"whether you may apply is not known (iam:SimulatePrincipalPolicy: {why})"
        if not asked.has_refusals:
            text = f"the {len(asked.granted)} actions that were tried are allowed; {text}"
        yield Check("permissions", Level.WARN, text, UNKNOWN)
        return
    if unsure:
        text = f"not known, as it depends on a request's conditions: {', '.join(sorted(unsure))}"
        yield Check("permissions", Level.WARN, text, UNKNOWN)
    elif not asked.is_denied(*(action for each in grants for action in each.actions)):
        text = f"each of the {len(allowed)} actions that plan, apply and destroy need is allowed"
        yield Check("permissions", Level.OK, text)


def _evaluate(clients: Clients, principal: str, grant: Grant) -> Iterator[dict[str, Any]]:
    """Ask about one statement."""
    actions = [each for each in grant.actions if each not in OPTIONAL]
    if not actions:
        return
    given: dict[str, Any] = {"PolicySourceArn": principal, "ActionNames": actions}
    if grant.resource != ANY:
        given["ResourceArns"] = [grant.resource]
    if grant.condition:
        given["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in grant.condition.items()
        ]
    yield from clients.get("iam").simulate_principal_policy(**given)["EvaluationResults"]
