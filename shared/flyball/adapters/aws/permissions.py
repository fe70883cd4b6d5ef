"""Which permissions do plan, apply, destroy and doctor need for a deployment, and on what?

Source: Service Authorization Reference, "Actions, resources, and condition keys", of each service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from flyball.adapters.aws.stack import Stack

ANY = "*"
OPTIONAL = frozenset(
    {
        "dynamodb:DescribeTable",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
        "sagemaker:ListEndpoints",
        "sagemaker:ListInferenceComponents",
    }
)
"""Only make doctor's answers better; that they are refused is no fault."""
SEEN = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeScheduledActions",
    "cloudwatch:ListMetrics",
    "sagemaker:ListEndpoints",
    "sagemaker:ListInferenceComponents",
)
"""Reading for which the services know no narrower resource than all."""
OF_ALARMS = ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource")
SEEN_OF_ALARMS = ("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource")
"""Also of alarms that are not ours: they tell of another deployment on the same resources."""
OF_TARGETS = (
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
)
"""A transaction needs the actions of its parts; so do those of the ledger."""
OF_LEDGER = ("dynamodb:DescribeTable", "dynamodb:PutItem", "dynamodb:Query")
OF_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
OF_CALLER = ("iam:GetRole", "iam:SimulatePrincipalPolicy")


class Site(NamedTuple):
    """A deployment and who asks about it, as their ARNs are made of.

    Attributes:
        partition: Such as aws.
        region: Such as eu-central-1.
        account: Twelve digits.
        caller: ARN, or pattern of it, of the user or role that asks; "": it is not known.
        stack_name: The CloudFormation stack that is read; "": the environment says all.
        stack: What it made; None: it could not be read.
        keys: ARNs of the keys that encrypt its tables; None: not known.
    """

    partition: str
    region: str
    account: str
    caller: str = ""
    stack_name: str = ""
    stack: Stack | None = None
    keys: Sequence[str] | None = None

    def arn(self, service: str, resource: str) -> str:
        """Name a resource of the deployment's region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


class Grant(NamedTuple):
    """One statement of a policy.

    Attributes:
        sid: Its name.
        actions: What may be done.
        resource: To what.
        condition: Keys of a request, and what each must equal.
    """

    sid: str
    actions: tuple[str, ...]
    resource: str
    condition: Mapping[str, str] = {}


def list_grants(site: Site) -> tuple[Grant, ...]:
    """Say what plan, apply, destroy and doctor need, one statement a resource."""
    return tuple(_list(site))


def write_policy(grants: Iterable[Grant]) -> dict[str, Any]:
    """Write a policy's document."""
    return {"Version": "2012-10-17", "Statement": [_write(each) for each in grants]}


def cover(refused: Iterable[tuple[str, str]], grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Give of the statements only what allows these actions; nothing is widened.

    Args:
        refused: Action, and its resource as AWS told it; "" where it did not.
        grants: All that is needed. What is refused and in none of them gets a statement of its own.
    """
    known = {each.resource: each for each in grants}
    chosen: dict[str, set[str]] = {}
    for action, resource in refused:
        having = [each.resource for each in grants if action in each.actions]
        if resource:
            having = [each for each in having if fnmatchcase(resource, each)]
        for each in having or [resource or ANY]:
            chosen.setdefault(each, set()).add(action)
    places = [*(each for each in known if each in chosen), *sorted(chosen.keys() - known.keys())]
    return tuple(
        known.get(place, Grant(f"Other{number}", (), place))._replace(
            actions=tuple(sorted(chosen[place]))
        )
        for number, place in enumerate(places, 1)
    )


def is_elsewhere(action: str, resource: str, grants: Sequence[Grant]) -> bool:
    """Say whether a refusal is of another deployment's table or key.

    A plan looks who else is in charge there, and says itself that it could not: nobody needs it.
    """
    if not resource or not action.startswith(("dynamodb:", "kms:")):
        return False
    ours = [each.resource for each in grants if each.resource != ANY]
    return not any(fnmatchcase(resource, each) for each in ours)


def _list(site: Site) -> Iterator[Grant]:
    if site.stack_name:
        stack = site.arn("cloudformation", f"stack/{site.stack_name}/*")
        yield Grant("FindTheDeployment", ("cloudformation:DescribeStacks",), stack)
    if site.stack is None:
        return
    yield from _list_tables(site, site.stack)
    yield from _list_alarms(site, site.stack)
    yield from _list_resources(site, site.stack)
    if site.stack.dead_queue:
        name = site.stack.dead_queue.rpartition("/")[2]
        queue = site.arn("sqs", name)
        yield Grant("CountDeadLetters", ("sqs:GetQueueAttributes",), queue)
    yield Grant("SeeWhatElseIsThere", SEEN, ANY)
    if site.caller:
        actions = OF_CALLER if ":role/" in site.caller else OF_CALLER[1:]
        yield Grant("AskWhatYouMay", actions, site.caller)


def _list_tables(site: Site, stack: Stack) -> Iterator[Grant]:
    targets = site.arn("dynamodb", f"table/{stack.targets_table}")
    yield Grant("RegisterTargets", OF_TARGETS, targets)
    yield Grant("SeeWhatIsDue", ("dynamodb:Query",), f"{targets}/index/due")
    ledger = site.arn("dynamodb", f"table/{stack.ledger_table}")
    yield Grant("AddRowsAndReadThem", OF_LEDGER, ledger)
    keys = (site.arn("kms", "key/*"),) if site.keys is None else site.keys
    only = {"kms:ViaService": f"dynamodb.{site.region}.amazonaws.com"}
    for number, key in enumerate(keys):
        yield Grant(f"ReadAndWriteEncrypted{number or ''}", OF_KEY, key, only)


def _list_alarms(site: Site, stack: Stack) -> Iterator[Grant]:
    """Say what our alarms take.

    Source: Amazon CloudWatch API Reference, DescribeAlarms; users' public reports of refusals: it
    is asked for all alarms of the region, also where a prefix is given.
    """
    ours = site.arn("cloudwatch", f"alarm:{stack.alarm_prefix}/*")
    yield Grant("MakeOurAlarms", OF_ALARMS, ours)
    yield Grant("FindAlarms", SEEN_OF_ALARMS, site.arn("cloudwatch", "alarm:*"))


def _list_resources(site: Site, stack: Stack) -> Iterator[Grant]:
    """Say what reading capacity, and suspending native scaling, take.

    Source: Application Auto Scaling User Guide, "Permissions validation": it refuses to register
    for somebody who may not change the resource's capacity himself.
    """
    tags = ("sagemaker:ListTags",) if stack.resource_tag else ()
    yield Grant(
        "ReadEndpointsAndTakeThemOver",
        ("sagemaker:DescribeEndpoint", *tags, "sagemaker:UpdateEndpointWeightsAndCapacities"),
        site.arn("sagemaker", f"endpoint/{stack.endpoint_names}"),
    )
    yield Grant(
        "ReadWhatADeploymentStartsWith",
        ("sagemaker:DescribeEndpointConfig",),
        site.arn("sagemaker", "endpoint-config/*"),
    )
    yield Grant(
        "ReadComponentsAndTakeThemOver",
        (
            "sagemaker:DescribeInferenceComponent",
            *tags,
            "sagemaker:UpdateInferenceComponentRuntimeConfig",
        ),
        site.arn("sagemaker", f"inference-component/{stack.component_names}"),
    )
    yield Grant(
        "SuspendAndResumeNativeScaling",
        ("application-autoscaling:RegisterScalableTarget",),
        site.arn("application-autoscaling", "scalable-target/*"),
        {"application-autoscaling:service-namespace": "sagemaker"},
    )
    yield Grant(
        "SuspendAndResumeGroups",
        ("autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses"),
        site.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{stack.group_names}"),
    )


def _write(grant: Grant) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": list(grant.actions),
        "Resource": grant.resource,
    }
    if grant.condition:
        statement["Condition"] = {"StringEquals": dict(grant.condition)}
    return statement
