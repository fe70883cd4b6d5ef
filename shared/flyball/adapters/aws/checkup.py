"""Is everything there that Flyball on AWS needs, and is it as its configs say?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from flyball.adapters.aws.answer import Answer, read_text
from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.clients import Clients, error_message
from flyball.adapters.aws.resource import Variant, read_resource
from flyball.adapters.aws.stack import Stack
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Level
from flyball.plan.remark import check_clock


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
    if identity.skew is not None:
        yield check_clock(identity.skew, "AWS's")


def tell_refused(error: Exception) -> Check:
    """Say that nobody knows who we are, with the remedy."""
    remedy = "`aws configure`, `aws sso login`, or AWS_PROFILE and AWS_REGION"
    return Check("credentials", Level.FAIL, error_message(error), remedy)


def find_keys(clients: Clients, stack: Stack) -> tuple[str, ...] | None:
    """Find the keys that encrypt a deployment's tables; None: nobody may say, which is no fault.

    Source: Amazon DynamoDB API Reference, DescribeTable, "SSEDescription".
    """
    found: dict[str, None] = {}
    client = clients.get("dynamodb")
    try:
        for name in (stack.targets_table, stack.ledger_table):
            table = client.describe_table(TableName=name)["Table"]
            key = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
            if key:
                found[key] = None
    except Exception:  # noqa: BLE001  (it only makes a policy narrower)
        return None
    return tuple(found)


def check_deployments(
    clients: Clients,
    asked: Asked,
    endpoints: Mapping[str, Answer],
    targets: Sequence[ScalableTarget],
) -> Iterator[Check]:
    """Find endpoints whose next deployment would undo what was scaled.

    Args:
        clients: The account's, heard.
        asked: Hears them.
        endpoints: What DescribeEndpoint answered, by endpoint.
        targets: Those that may be on one.

    Source: Amazon SageMaker API Reference, UpdateEndpoint, "RetainAllVariantProperties".
    """
    counts = {
        name: _compare_counts(clients, asked, endpoint) for name, endpoint in endpoints.items()
    }
    fine = total = 0
    for target in targets:
        resource = read_resource(target.resource)
        if not isinstance(resource, Variant):
            continue
        total += 1
        variant = resource.variant
        current, initial = counts.get(resource.endpoint, {}).get(variant, (None, None))
        if current is None or initial is None:
            continue
        if current == initial:
            fine += 1
            continue
        text = f"a deployment would set {variant} from {current} back to {initial}"
        remedy = "call UpdateEndpoint with RetainAllVariantProperties=true"
        yield Check("deployments", Level.WARN, text, remedy, target.id)
    if fine and fine == total:
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
    clients: Clients, asked: Asked, live: Answer
) -> dict[str, tuple[int | None, int | None]]:
    """Give by variant what is set now, and what the endpoint's configuration starts with."""
    client, name = clients.get("sagemaker"), read_text(live, "EndpointConfigName")
    nothing: Mapping[str, Any] = {}
    configured = asked.ask(
        "sagemaker:DescribeEndpointConfig",
        lambda: client.describe_endpoint_config(EndpointConfigName=name),
        nothing,
    )
    first = {
        each["VariantName"]: each.get("InitialInstanceCount")
        for each in configured.get("ProductionVariants", ())
    }
    return {
        each["VariantName"]: (each.get("DesiredInstanceCount"), first.get(each["VariantName"]))
        for each in live.get("ProductionVariants", ())
    }
