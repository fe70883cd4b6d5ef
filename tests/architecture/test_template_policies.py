"""May each function do what it has to and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.aws.slim import OPERATIONS
from deploy.aws.transform import transform

READS_ALL = "CloudWatch and Auto Scaling know no narrower resource for it"
KEY = "in a key's own policy * is this key"
WILDCARDS = {
    ("MayDecide", "ReadMetrics"): READS_ALL,
    ("MayDecide", "SeeGroupsAndWhoElseScales"): READS_ALL,
    ("Key", "TheAccountDecidesByIam"): KEY,
    ("Key", "ServicesThatDeliver"): KEY,
    ("Key", "Logs"): KEY,
}
"""Statements whose resource is everything, each with its reason."""
ALL_ACTIONS = {
    ("Key", "TheAccountDecidesByIam"): "else nobody could ever change the key again",
    ("WhoMaySend", "OverTlsAlone"): "it refuses them",
}
"""Statements with a wildcard in an action, each with its reason."""
CALLS = {
    "application-autoscaling": "application-autoscaling",
    "autoscaling": "autoscaling",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "sagemaker": "sagemaker",
    "sqs": "sqs",
}
INSIDE = {"dynamodb:TransactWriteItems", "dynamodb:DescribeTable", "dynamodb:Scan"}
"""A transaction needs the actions of its parts; the others are the command line's."""
BATCHES = {"sqs:SendMessageBatch": "sqs:SendMessage"}


class Statement(NamedTuple):
    """One statement of a policy.

    Attributes:
        owner: Logical id of the resource that it stands in.
        sid: Its own.
        effect: Allow or Deny.
        actions: Of it.
        resources: Of it, as they are written.
        principal: Of it; None in a role's policy.
    """

    owner: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    principal: Any


@pytest.fixture(scope="module")
def statements(repository: Path) -> list[Statement]:
    """Read every statement of the transformed template."""
    return list(find_statements(transform(repository / "template.yaml")))


def find_statements(template: dict[str, Any]) -> Iterator[Statement]:
    """Find every policy statement, wherever it stands."""
    for owner, resource in template["Resources"].items():
        for each in _walk(resource.get("Properties", {})):
            if each.get("Effect") in ("Allow", "Deny"):
                yield Statement(
                    owner,
                    each.get("Sid", ""),
                    each["Effect"],
                    tuple(_listed(each.get("Action"))),
                    tuple(_listed(each.get("Resource"))),
                    each.get("Principal"),
                )


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from _walk(each)
    elif isinstance(node, list):
        for each in node:
            yield from _walk(each)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def test_a_resource_is_everything_only_where_a_reason_says_so(statements: list[Statement]) -> None:
    """And every reason is still needed."""
    found = {(each.owner, each.sid) for each in statements if "*" in each.resources}
    assert found == WILDCARDS.keys()


def test_an_action_has_a_wildcard_only_where_a_reason_says_so(statements: list[Statement]) -> None:
    """Neither all of a service nor all that begins alike."""
    found = {
        (each.owner, each.sid)
        for each in statements
        if any("*" in action for action in each.actions)
    }
    assert found == ALL_ACTIONS.keys()


def test_a_planted_wildcard_is_found() -> None:
    """The tests above can fail."""
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    planted = {"Resources": {"Bad": {"Properties": {"PolicyDocument": policy}}}}
    (found,) = find_statements(planted)
    assert (found.actions, found.resources) == (("s3:*",), ("*",))


def test_everybody_is_only_ever_refused(statements: list[Statement]) -> None:
    """A principal of * stands in statements of Deny alone."""
    for each in statements:
        if each.principal in ("*", {"AWS": "*"}):
            assert each.effect == "Deny", each


def test_the_ledgers_rows_can_be_changed_by_nobody(statements: list[Statement]) -> None:
    """The functions may add and read; the table itself refuses the rest to all."""
    allowed = {
        action
        for each in statements
        if each.effect == "Allow" and {"Fn::GetAtt": ["Ledger", "Arn"]} in each.resources
        for action in each.actions
    }
    assert allowed == {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
    (refused,) = [each for each in statements if each.sid == "RowsAreNeverChanged"]
    assert {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} <= set(refused.actions)


def test_what_the_functions_call_they_may_and_nothing_else(statements: list[Statement]) -> None:
    """The calls that the slim SDK knows, the queue's own, logs and keys: no more, and no less."""
    owners = ("MayDecide", "WakeRole", "TickRole")
    allowed = {
        action
        for each in statements
        if each.owner in owners and each.effect == "Allow"
        for action in each.actions
    } - {"sts:AssumeRole"}
    called = {
        f"{CALLS[service]}:{operation}"
        for service, operations in OPERATIONS.items()
        for operation in operations
    }
    called = {BATCHES.get(each, each) for each in called - INSIDE}
    beside = {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }
    assert allowed == called | beside


def test_every_statement_says_what_it_is_for(statements: list[Statement]) -> None:
    """By a name of its own, but where a service takes a role on."""
    for each in statements:
        assert each.sid or each.actions == ("sts:AssumeRole",), each
