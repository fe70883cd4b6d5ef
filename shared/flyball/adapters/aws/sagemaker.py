"""How many instances has a SageMaker endpoint's production variant, and does it take a change?"""

from __future__ import annotations

from flyball.adapters.aws.answer import Answer, read_capacity, read_list, read_text
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.refusal import is_shortage
from flyball.adapters.aws.resource import Variant, name_resource
from flyball.adapters.aws.send import send
from flyball.core.model import Capacity, Missing, MissingCause, Status
from flyball.ports import Outcome, OutcomeKind

STATUSES = {
    "InService": Status.IN_SERVICE,
    "Creating": Status.BUSY,
    "Updating": Status.BUSY,
    "SystemUpdating": Status.BUSY,
    "RollingBack": Status.BUSY,
    "Deleting": Status.BUSY,
    "Failed": Status.FAILED,
    "UpdateRollbackFailed": Status.FAILED,
    "OutOfService": Status.FAILED,
}
"""By EndpointStatus. A word that AWS adds later counts as busy: counts are read, nothing is sent.

Source: Amazon SageMaker API Reference, DescribeEndpoint, "EndpointStatus".
"""
UNDOING = frozenset({"RollingBack", "Failed", "UpdateRollbackFailed"})
"""What an endpoint does when a change of it did not come about."""


def fetch_endpoint(clients: Clients, name: str) -> Answer:
    """Ask for an endpoint with all its variants.

    Raises:
        botocore.exceptions.ClientError: Among others a ValidationException: could not find it.
    """
    answer: Answer = clients.get("sagemaker").describe_endpoint(EndpointName=name)
    return answer


def read_variant(answer: Answer, resource: Variant) -> Capacity | Missing:
    """Read one variant out of its endpoint's answer.

    While an update lasts, ready is what is in service by then, not what was asked for.

    Returns:
        The capacity, its owner set where SageMaker itself moves the instance count; Missing for a
        variant that is not there or has no instances of its own.
    """
    whose = name_resource(resource)
    word = read_text(answer, "EndpointStatus")
    if not word:
        return Missing(MissingCause.NO_DATA, f"{whose}: the answer has no EndpointStatus")
    told = _tell_status(answer, word)
    variants = read_list(answer, "ProductionVariants")
    found = _find(variants, resource.variant)
    if found is None:
        return Missing(MissingCause.SOURCE_FAILED, _tell_absent(answer, resource, variants, told))
    if "CurrentServerlessConfig" in found or "DesiredServerlessConfig" in found:
        remedy = "scale its provisioned concurrency natively, and take it out of the config"
        detail = f"{whose} is serverless, so it has no instances: {remedy}"
        return Missing(MissingCause.SOURCE_FAILED, detail)
    remarks = (told, _tell_deployment(answer), _tell_shadows(answer))
    capacity = read_capacity(
        whose,
        found.get("DesiredInstanceCount"),
        found.get("CurrentInstanceCount"),
        STATUSES.get(word, Status.BUSY),
        remarks,
    )
    if isinstance(capacity, Missing):
        return capacity
    return capacity._replace(owner=_find_managed(found))


def set_variant(clients: Clients, resource: Variant, count: int) -> Outcome:
    """Set the instance count of one variant, and never its weight.

    Raises:
        Exception: It may have landed.
    """
    wanted = {"VariantName": resource.variant, "DesiredInstanceCount": count}
    outcome = send(
        clients,
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        "EndpointArn",
        count,
        EndpointName=resource.endpoint,
        DesiredWeightsAndCapacities=[wanted],
    )
    if outcome.kind in (OutcomeKind.DEFERRED, OutcomeKind.FAILED):
        return _ask_why(clients, resource, outcome)
    return outcome


def _ask_why(clients: Clients, resource: Variant, outcome: Outcome) -> Outcome:
    """Find out whether it refuses because it is undoing a change that it had no machines for."""
    try:
        answer = fetch_endpoint(clients, resource.endpoint)
    except Exception:  # noqa: BLE001  (the refusal itself is known; this was only to say more)
        return outcome
    word, reason = read_text(answer, "EndpointStatus"), read_text(answer, "FailureReason")
    if word in UNDOING and is_shortage(reason):
        detail = f"{outcome.detail}; {_tell_status(answer, word)}"
        return Outcome(OutcomeKind.SHORTAGE, detail)
    return outcome


def _find(variants: list[Answer], name: str) -> Answer | None:
    return next((each for each in variants if each.get("VariantName") == name), None)


def _tell_status(answer: Answer, word: str) -> str:
    reason = read_text(answer, "FailureReason")
    return f"{word}: {reason}" if reason else word


def _tell_absent(answer: Answer, resource: Variant, variants: list[Answer], told: str) -> str:
    """Say why a variant is not among the production variants."""
    whose = name_resource(resource)
    if not variants:  # being created, or failed before it had any
        return f"{whose}: the endpoint shows no variants ({told})"
    shadows = read_list(answer, "ShadowProductionVariants")
    if _find(shadows, resource.variant) is not None:
        return f"{whose} is a shadow variant: its size follows the test, name a production variant"
    names = ", ".join(sorted(read_text(each, "VariantName") for each in variants))
    return f"{whose}: no such variant; the endpoint has {names}"


def _tell_deployment(answer: Answer) -> str:
    pending = answer.get("PendingDeploymentSummary")
    if not pending:
        return ""
    config = read_text(pending, "EndpointConfigName") or "another configuration"
    return f"a deployment of {config} is under way and may reset the count"


def _tell_shadows(answer: Answer) -> str:
    count = len(read_list(answer, "ShadowProductionVariants"))
    return f"{count} shadow variant{'s' * (count > 1)} beside it, not scaled" if count else ""


def _find_managed(variant: Answer) -> str:
    """Name SageMaker's own scaling of the variant's instances; "" where there is none."""
    managed = variant.get("ManagedInstanceScaling")
    if not managed or managed.get("Status") != "ENABLED":
        return ""
    least, most = managed.get("MinInstanceCount"), managed.get("MaxInstanceCount")
    return f"SageMaker managed instance scaling ({least}–{most})"
