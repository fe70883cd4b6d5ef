"""May each function do what it has to and nothing else?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.aws.slim import OPERATIONS
from deploy.aws.transform import transform

READS_ALL = "CloudWatch and Auto Scaling know no narrower resource for it"
KEY = "in a key's own policy * is this key"
NAMES = "a parameter bounds it by name, and another by tag"
WILDCARDS = {
    ("MayDecide", "ReadMetrics"): READS_ALL,
    ("MayDecide", "ReadAlarms"): "it is authorized against all alarms of the region, named or not",
    ("MayDecide", "SeeVariants"): NAMES,
    ("MayDecide", "SeeComponents"): NAMES,
    ("MayDecide", "SeeGroupsAndWhoElseScales"): READS_ALL,
    ("MayDecide", "SendTraces"): "X-Ray knows no narrower resource for it",
    ("MayScale", "ScaleVariants"): NAMES,
    ("MayScale", "ScaleComponents"): NAMES,
    ("MayScale", "ScaleGroups"): f"{NAMES}; the other * is an id that nobody knows beforehand",
    ("Key", "TheAccountDecidesByIam"): KEY,
    ("Key", "AlarmsAndTopicThatDeliver"): KEY,
    ("Key", "RulesThatDeliver"): KEY,
    ("Key", "Logs"): KEY,
}
"""Statements with a wildcard in a resource, parameters at their default, each with its reason."""
ALL_ACTIONS = {
    ("Key", "TheAccountDecidesByIam"): "else nobody could ever change the key again",
    ("WhoMaySend", "OverTlsAlone"): "it refuses them",
}
"""Statements with a wildcard in an action, each with its reason."""
MANAGED = {
    "MayDecide": "our own",
    "MayScale": "our own",
    "service-role/AWSCodeDeployRoleForLambda": "SAM gives it to CodeDeploy, which shifts the calls",
}
"""Policies that a role is given whole, each with its reason."""
CHANGING = {
    "autoscaling:SetDesiredCapacity",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "sagemaker:UpdateInferenceComponentRuntimeConfig",
}
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


def has_wildcard(resource: Any, defaults: dict[str, str]) -> bool:
    """Say whether a resource, as it is written, may stand for many; parameters at their default."""
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        text = resource["Fn::Sub"]
        text = text[0] if isinstance(text, list) else text
        resource = re.sub(r"\$\{([A-Za-z]+)\}", lambda name: defaults.get(name[1], ""), text)
        return "*" in resource.replace("/index/*", "")
    return "*" in json.dumps(resource)


@pytest.fixture(scope="module")
def defaults(repository: Path) -> dict[str, str]:
    """Read the parameters' defaults."""
    written = transform(repository / "template.yaml")
    return {name: str(each.get("Default", "")) for name, each in written["Parameters"].items()}


def find_wildcards(statements: list[Statement], defaults: dict[str, str]) -> set[tuple[str, str]]:
    """Find statements that allow something on more than one resource."""
    return {
        (each.owner, each.sid)
        for each in statements
        if each.effect == "Allow" and any(has_wildcard(one, defaults) for one in each.resources)
    }


def test_a_resource_is_many_only_where_a_reason_says_so(
    statements: list[Statement], defaults: dict[str, str]
) -> None:
    """And every reason is still needed."""
    assert find_wildcards(statements, defaults) == WILDCARDS.keys()


def test_nothing_is_allowed_by_what_it_is_not(repository: Path) -> None:
    """NotAction and NotResource allow whatever AWS adds."""
    found = [
        each
        for each in _walk(transform(repository / "template.yaml")["Resources"])
        if each.keys() & {"NotAction", "NotResource", "NotPrincipal"}
    ]
    assert found == []


def test_a_role_is_given_whole_policies_only_where_a_reason_says_so(repository: Path) -> None:
    """Policies of AWS that SAM adds are seen as well."""
    written = transform(repository / "template.yaml")["Resources"]
    given = json.dumps([each["Properties"].get("ManagedPolicyArns") for each in written.values()])
    named = set(re.findall(r'"Ref": "(May[A-Za-z]+)"|:policy/([A-Za-z/-]+)|aws:([A-Z]\w+)', given))
    assert {"".join(each) for each in named} == MANAGED.keys(), given


def test_what_changes_a_capacity_is_allowed_only_to_a_stack_that_applies(repository: Path) -> None:
    """In advise mode not even a fault could scale; and a tag may bound it."""
    written = transform(repository / "template.yaml")["Resources"]
    owners = {
        each.owner
        for each in find_statements({"Resources": written})
        if CHANGING & set(each.actions)
    }
    assert owners == {"MayScale"}
    assert written["MayScale"]["Condition"] == "Applies"
    for each in written["MayScale"]["Properties"]["PolicyDocument"]["Statement"]:
        (by_tag, bound, _) = each["Condition"]["Fn::If"]
        assert by_tag == "ByTag"
        assert bound == {"StringEquals": {"aws:ResourceTag/flyball": {"Ref": "ResourceTag"}}}


def test_an_action_has_a_wildcard_only_where_a_reason_says_so(statements: list[Statement]) -> None:
    """Neither all of a service nor all that begins alike."""
    found = {
        (each.owner, each.sid)
        for each in statements
        if any("*" in action for action in each.actions)
    }
    assert found == ALL_ACTIONS.keys()


PLANTED = {
    "all": "*",
    "a service's": {"Fn::Sub": "arn:${AWS::Partition}:sagemaker:*:*:endpoint/one"},
    "a default": {"Fn::Sub": "arn:aws:sagemaker:eu-central-1:1:endpoint/${EndpointNames}"},
    "joined": {"Fn::Join": ["", ["arn:aws:s3:::", "*"]]},
}


@pytest.mark.parametrize("name", PLANTED, ids=str)
def test_a_planted_wildcard_is_found(name: str, defaults: dict[str, str]) -> None:
    """The tests above can fail."""
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": PLANTED[name]}]}
    planted = {"Resources": {"Bad": {"Properties": {"PolicyDocument": policy}}}}
    (found,) = find_statements(planted)
    assert found.actions == ("s3:*",)
    assert find_wildcards([found], defaults) == {("Bad", "")}


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
    owners = ("MayDecide", "MayScale", "WakeRole", "TickRole")
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
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
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
