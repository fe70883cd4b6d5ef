"""How many copies has a SageMaker inference component, and does it take a change?"""

from __future__ import annotations

from flyball.adapters.aws.answer import Answer, read_capacity, read_text
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.resource import Component, name_resource
from flyball.adapters.aws.send import send
from flyball.core.model import Capacity, Missing, MissingCause, Status
from flyball.ports import Outcome, OutcomeKind

STATUSES = {
    "InService": Status.IN_SERVICE,
    "Creating": Status.BUSY,
    "Updating": Status.BUSY,
    "Deleting": Status.BUSY,
    "Failed": Status.FAILED,
}
"""By InferenceComponentStatus; a word that AWS adds later counts as busy.

Source: Amazon SageMaker API Reference, DescribeInferenceComponent.
"""


def fetch_component(clients: Clients, name: str) -> Answer:
    """Ask for an inference component.

    Raises:
        botocore.exceptions.ClientError: Among others a ValidationException: could not find it.
    """
    client = clients.get("sagemaker")
    answer: Answer = client.describe_inference_component(InferenceComponentName=name)
    return answer


def read_component(answer: Answer, resource: Component) -> Capacity | Missing:
    """Read the copies: desired is what was asked for, ready what is in service by now."""
    whose = name_resource(resource)
    word = read_text(answer, "InferenceComponentStatus")
    if not word:
        detail = f"{whose}: the answer has no InferenceComponentStatus"
        return Missing(MissingCause.NO_DATA, detail)
    reason = read_text(answer, "FailureReason")
    runtime = answer.get("RuntimeConfig") or {}
    return read_capacity(
        whose,
        runtime.get("DesiredCopyCount"),
        runtime.get("CurrentCopyCount"),
        STATUSES.get(word, Status.BUSY),
        (f"{word}: {reason}" if reason else word,),
    )


def set_component(clients: Clients, resource: Component, count: int) -> Outcome:
    """Set the copy count, zero included.

    The account's limits count instances and a component counts copies, so a quota that is told in
    instances is none of copies: the outcome then has no number.

    Raises:
        Exception: It may have landed.
    """
    outcome = send(
        clients,
        "sagemaker",
        "update_inference_component_runtime_config",
        "InferenceComponentArn",
        count,
        InferenceComponentName=resource.inference_component,
        DesiredRuntimeConfig={"CopyCount": count},
    )
    if outcome.kind is OutcomeKind.QUOTA_EXCEEDED:
        return outcome._replace(quota=None)
    return outcome
