"""Does a policy for what was refused allow that, and nothing more?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from flyball.adapters.aws.permissions import (
    ANY,
    Site,
    cover,
    is_elsewhere,
    list_grants,
    write_policy,
)
from flyball.adapters.aws.stack import Stack

STACK = Stack("t", "l", dead_queue="https://sqs.eu-west-1.amazonaws.com/123456789012/dead")
SITE = Site("aws-cn", "cn-north-1", "123456789012", "", "prod", STACK, ())
HERE = "cn-north-1:123456789012"


class Case(NamedTuple):
    """What was refused, and what is to be allowed, by resource."""

    name: str
    refused: Sequence[tuple[str, str]]
    allowed: Mapping[str, Sequence[str]]


CASES = (
    Case("nothing", [], {}),
    Case(
        "a resource inside a pattern",
        [("sagemaker:DescribeEndpoint", f"arn:aws-cn:sagemaker:{HERE}:endpoint/churn")],
        {f"arn:aws-cn:sagemaker:{HERE}:endpoint/*": ["sagemaker:DescribeEndpoint"]},
    ),
    Case(
        "no resource named",
        [("dynamodb:Scan", ""), ("cloudwatch:ListMetrics", "")],
        {
            f"arn:aws-cn:dynamodb:{HERE}:table/t": ["dynamodb:Scan"],
            ANY: ["cloudwatch:ListMetrics"],
        },
    ),
    Case(
        "an action of two resources, of which one is named",
        [("dynamodb:Query", f"arn:aws-cn:dynamodb:{HERE}:table/l")],
        {f"arn:aws-cn:dynamodb:{HERE}:table/l": ["dynamodb:Query"]},
    ),
    Case(
        "an action of two resources, and none is named",
        [("dynamodb:Query", "")],
        {
            f"arn:aws-cn:dynamodb:{HERE}:table/t/index/due": ["dynamodb:Query"],
            f"arn:aws-cn:dynamodb:{HERE}:table/l": ["dynamodb:Query"],
        },
    ),
    Case(
        "a resource outside of what the stack may scale",
        [("kms:Decrypt", "arn:aws-cn:kms:elsewhere"), ("kms:Sign", "arn:aws-cn:kms:elsewhere")],
        {"arn:aws-cn:kms:elsewhere": ["kms:Decrypt", "kms:Sign"]},
    ),
    Case("an action that nobody knew of", [("new:Thing", "")], {ANY: ["new:Thing"]}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_what_was_refused_is_allowed_on_its_own_resource(case: Case) -> None:
    """One statement a resource; what needs * widens no other."""
    policy = write_policy(cover(case.refused, list_grants(SITE)))
    statements = policy["Statement"]
    assert {each["Resource"]: each["Action"] for each in statements} == case.allowed
    assert len(statements) == len(case.allowed)
    assert len({each["Sid"] for each in statements}) == len(statements)
    assert all(each["Sid"].isalnum() for each in statements)


def test_what_is_refused_of_another_deployment_is_not_missing() -> None:
    """Only its tables and keys; an endpoint outside of the stack's names is the config's."""
    grants = list_grants(SITE._replace(keys=("arn:aws-cn:kms:ours",)))
    other = f"arn:aws-cn:dynamodb:{HERE}:table/other"
    assert is_elsewhere("dynamodb:GetItem", other, grants)
    assert is_elsewhere("kms:Decrypt", "arn:aws-cn:kms:theirs", grants)
    assert not is_elsewhere("dynamodb:GetItem", f"arn:aws-cn:dynamodb:{HERE}:table/t", grants)
    assert not is_elsewhere("dynamodb:GetItem", "", grants)
    assert not is_elsewhere("sagemaker:DescribeEndpoint", "arn:other", grants)


def test_a_stack_that_cannot_be_read_is_all_that_is_needed_first() -> None:
    """What it made is not known yet."""
    (grant,) = list_grants(SITE._replace(stack=None))
    assert grant.actions == ("cloudformation:DescribeStacks",)
    assert list_grants(SITE._replace(stack=None, stack_name="")) == ()


def test_a_key_is_named_where_it_is_known_and_used_by_the_tables_alone() -> None:
    """None at all where AWS owns it; any of the account's, through DynamoDB, where nobody knows."""
    by_key = {
        keys: [
            (each.resource, each.sid)
            for each in list_grants(SITE._replace(keys=keys))
            if each.condition.get("kms:ViaService") == "dynamodb.cn-north-1.amazonaws.com"
        ]
        for keys in ((), ("a", "b"), None)
    }
    assert by_key == {
        (): [],
        ("a", "b"): [("a", "ReadAndWriteEncrypted"), ("b", "ReadAndWriteEncrypted1")],
        None: [(f"arn:aws-cn:kms:{HERE}:key/*", "ReadAndWriteEncrypted")],
    }


def test_the_names_that_a_stack_may_scale_bound_what_a_person_may() -> None:
    """As its parameters have them."""
    stack = STACK._replace(endpoint_names="ch*", component_names="co", group_names="web-?")
    resources = {each.resource for each in list_grants(SITE._replace(stack=stack))}
    assert f"arn:aws-cn:sagemaker:{HERE}:endpoint/ch*" in resources
    assert f"arn:aws-cn:sagemaker:{HERE}:inference-component/co" in resources
    group = "autoScalingGroup:*:autoScalingGroupName/web-?"
    assert f"arn:aws-cn:autoscaling:{HERE}:{group}" in resources


def test_tags_are_read_only_where_the_stack_asks_for_one() -> None:
    """Of what it may scale, and of nothing else."""

    def read(stack: Stack) -> list[str]:
        grants = list_grants(SITE._replace(stack=stack))
        return [each.resource for each in grants if "sagemaker:ListTags" in each.actions]

    assert read(STACK) == []
    kinds = ("endpoint", "inference-component")
    expected = [f"arn:aws-cn:sagemaker:{HERE}:{kind}/*" for kind in kinds]
    assert read(STACK._replace(resource_tag="prod")) == expected


def test_a_user_asks_about_himself_and_a_session_about_its_role() -> None:
    """Only a role has a path that must be looked up."""
    found = {}
    for kind in ("user/me", "role/ci"):
        grants = list_grants(SITE._replace(caller=f"arn:aws-cn:iam::1:{kind}"))
        found[kind] = grants[-1].actions
    assert found == {
        "user/me": ("iam:SimulatePrincipalPolicy",),
        "role/ci": ("iam:GetRole", "iam:SimulatePrincipalPolicy"),
    }
