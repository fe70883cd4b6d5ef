"""Is everything there that Flyball on AWS needs, and is it as its configs say?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.resource import Variant, read_resource
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Level

SKEW_WARNS, SKEW_FAILS = timedelta(seconds=10), timedelta(minutes=4)
"""Signatures are refused from five minutes on; a lease is worth seconds."""
SIMULATED: Mapping[str, str] = {
    "cloudwatch:PutMetricAlarm": "alarm:{prefix}/*",
    "cloudwatch:DeleteAlarms": "alarm:{prefix}/*",
    "cloudwatch:TagResource": "alarm:{prefix}/*",
    "application-autoscaling:RegisterScalableTarget": "",
    "dynamodb:PutItem": "table/{targets_table}",
    "dynamodb:UpdateItem": "table/{targets_table}",
}
"""What apply needs and doctor must not try, with the resource that it is for."""


class Identity(NamedTuple):
    """Who asks, and how far the service's clock is from ours.

    Attributes:
        account: Twelve digits.
        arn: The user or role.
        skew: The service's clock less ours; None: it did not say.
    """

    account: str
    arn: str
    skew: timedelta | None


def identify(clients: Clients, now: datetime) -> Identity:
    """Ask who we are.

    Raises:
        botocore.exceptions.BotoCoreError: There are no credentials, or no region.
        botocore.exceptions.ClientError: They are refused.
    """
    answer = clients.get("sts").get_caller_identity()
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    skew = parsedate_to_datetime(said) - now if said else None
    return Identity(answer["Account"], answer["Arn"], skew)


def check_identity(identity: Identity) -> Iterator[Check]:
    """Say who asks, and whether the clocks agree."""
    yield Check("credentials", Level.OK, f"{identity.arn} in account {identity.account}")
    if identity.skew is None:
        return
    off = abs(identity.skew)
    seconds = f"{off.total_seconds():.0f} s"
    if off < SKEW_WARNS:
        yield Check(
            "clock", Level.OK, f"agrees with AWS's to {max(1, round(off.total_seconds()))} s"
        )
        return
    level = Level.FAIL if off >= SKEW_FAILS else Level.WARN
    way = "slow" if identity.skew > timedelta() else "fast"
    text = f"this machine's clock is {seconds} {way}"
    yield Check("clock", level, text, "set it by NTP: signatures and leases depend on it")


def tell_refused(error: Exception) -> Check:
    """Say that nobody knows who we are, with the remedy."""
    remedy = "`aws configure`, `aws sso login`, or AWS_PROFILE and AWS_REGION"
    return Check("credentials", Level.FAIL, error_message(error), remedy)


def simulate(
    clients: Clients, asked: Asked, identity: Identity, names: Mapping[str, str]
) -> Iterator[Check]:
    """Ask IAM about what apply needs and must not be tried; not being told is no fault.

    Args:
        clients: The account's.
        asked: Takes what is denied.
        identity: Whose permissions.
        names: prefix, targets_table, region and partition.
    """
    arn = _role_of(identity.arn)
    try:
        for action, resource in SIMULATED.items():
            service = action.partition(":")[0]
            place = f"{service}:{names['region']}:{identity.account}"
            which = f"arn:{names['partition']}:{place}:{resource.format(**names)}"
            answer = clients.get("iam").simulate_principal_policy(
                PolicySourceArn=arn,
                ActionNames=[action],
                **({"ResourceArns": [which]} if resource else {}),
            )
            for result in answer["EvaluationResults"]:
                if result["EvalDecision"] != "allowed":
                    asked.deny(action, which if resource else "*")
    except Exception as error:  # noqa: BLE001  (it is one way to know, and not a right that is needed)
        why = error_code(error) or type(error).__name__
        text = f"whether you may apply is not known (iam:SimulatePrincipalPolicy: {why})"
        yield Check("permissions", Level.OK, text)


def check_deployments(
    clients: Clients, asked: Asked, targets: Sequence[ScalableTarget]
) -> Iterator[Check]:
    """Find endpoints whose next deployment would undo what was scaled.

    Source: Amazon SageMaker API Reference, UpdateEndpoint, "RetainAllVariantProperties".
    """
    endpoints: dict[str, list[tuple[ScalableTarget, str]]] = {}
    for target in targets:
        resource = read_resource(target.resource)
        if isinstance(resource, Variant):
            endpoints.setdefault(resource.endpoint, []).append((target, resource.variant))
    fine = 0
    for endpoint, variants in endpoints.items():
        counts = _compare_counts(clients, asked, endpoint)
        for target, variant in variants:
            current, initial = counts.get(variant, (None, None))
            if current is None or initial is None:
                continue
            if current == initial:
                fine += 1
                continue
            text = f"a deployment would set {variant} from {current} back to {initial}"
            remedy = "call UpdateEndpoint with RetainAllVariantProperties=true"
            yield Check("deployments", Level.WARN, text, remedy, target.id)
    if fine and fine == sum(map(len, endpoints.values())):
        text = "endpoint configurations have the counts that are live"
        yield Check("deployments", Level.OK, text)


def check_dead_letters(clients: Clients, asked: Asked, queue: str) -> Iterator[Check]:
    """Say how much nobody could read or handle."""
    if not queue:
        return
    name = "ApproximateNumberOfMessages"
    answer = asked.ask(
        "sqs:GetQueueAttributes",
        lambda: clients.get("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name]),
        None,
    )
    if answer is None:
        return
    depth = int(answer["Attributes"][name])
    if depth:
        remedy = "look at their `reason`; to try them again start a redrive of the queue"
        yield Check("dead letters", Level.WARN, f"{depth} messages wait", remedy)
    else:
        yield Check("dead letters", Level.OK, "none")


def _compare_counts(
    clients: Clients, asked: Asked, endpoint: str
) -> dict[str, tuple[int | None, int | None]]:
    """Give by variant what is set now, and what the endpoint's configuration starts with."""
    client = clients.get("sagemaker")
    live: Mapping[str, Any] = asked.ask(
        "sagemaker:DescribeEndpoint", lambda: client.describe_endpoint(EndpointName=endpoint), {}
    )
    if not live:
        return {}
    name = live["EndpointConfigName"]
    configured: Mapping[str, Any] = asked.ask(
        "sagemaker:DescribeEndpointConfig",
        lambda: client.describe_endpoint_config(EndpointConfigName=name),
        {},
    )
    first = {
        each["VariantName"]: each.get("InitialInstanceCount")
        for each in configured.get("ProductionVariants", ())
    }
    return {
        each["VariantName"]: (each.get("DesiredInstanceCount"), first.get(each["VariantName"]))
        for each in live.get("ProductionVariants", ())
    }


def _role_of(arn: str) -> str:
    """Name the role behind a session: its permissions are the role's."""
    if ":assumed-role/" not in arn:
        return arn
    start, _, rest = arn.partition(":assumed-role/")
    return f"{start.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}"
