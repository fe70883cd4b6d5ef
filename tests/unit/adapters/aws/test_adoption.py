"""Is what moto lacks read as AWS shapes it: inference components, and what is no count?

A hand-made account, as moto's server answers 500 for inference components and knows no provisioned
concurrency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flyball.adapters.aws.adoption import adopt

COPIES = "sagemaker:inference-component:DesiredCopyCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"


@dataclass
class Account:
    """An account's answers, as Clients and every client in one."""

    targets: list[dict[str, Any]]
    policies: list[dict[str, Any]] = field(default_factory=list)

    def get(self, service: str) -> Account:
        """Give a client."""
        assert service in {"application-autoscaling", "cloudwatch", "sagemaker"}
        return self

    def describe_scalable_targets(self, **given: str) -> dict[str, Any]:
        """Answer one a page."""
        page = int(given.get("NextToken", 0))
        more = {"NextToken": str(page + 1)} if page + 1 < len(self.targets) else {}
        return {"ScalableTargets": self.targets[page : page + 1], **more}

    def describe_scaling_policies(self, **_: str) -> dict[str, Any]:
        """Answer all."""
        return {"ScalingPolicies": self.policies}

    def describe_scheduled_actions(self, **_: str) -> dict[str, Any]:
        """Answer none."""
        return {"ScheduledActions": []}

    def describe_inference_component(self, InferenceComponentName: str) -> dict[str, Any]:  # noqa: N803
        """Say on which endpoint it is."""
        return {"EndpointName": f"{InferenceComponentName}-endpoint"}


def registered(resource: str, dimension: str) -> dict[str, Any]:
    """Make a scalable target as AWS prints it."""
    return {
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "MinCapacity": 1,
        "MaxCapacity": 4,
    }


def test_an_inference_component_is_read_with_its_endpoint() -> None:
    """Its copies are what is scaled; its endpoint says which events are about it."""
    key = "inference-component/llm"
    policy = {
        "PolicyName": "copies",
        "ResourceId": key,
        "ScalableDimension": COPIES,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 5.5,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"
            },
        },
    }
    other = {**policy, "PolicyName": "elsewhere", "ScalableDimension": "another"}
    odd = {"PolicyName": "odd", "PolicyType": "Predictive", "ScalableDimension": COPIES}
    clients: Any = Account([registered(key, COPIES)], [policy, other, {**odd, "ResourceId": key}])
    adoption = adopt(clients)
    (found,) = adoption.targets
    assert found.id == "llm"
    assert found.resource == {"inference_component": "llm", "endpoint": "llm-endpoint"}
    assert [each["PolicyName"] for each in found.policies] == ["copies"]
    assert found.policies[0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 5.5
    assert found.left_out == [("policy odd", "Predictive is not understood")]
    assert adopt(clients, ["llm-endpoint"]).targets == adoption.targets


def test_what_flyball_does_not_scale_is_named() -> None:
    """Provisioned concurrency is no count of instances; every page is read."""
    clients: Any = Account(
        [
            registered("endpoint/a/variant/b", CONCURRENCY),
            registered("strange", COPIES),
        ]
    )
    adoption = adopt(clients)
    assert adoption.targets == ()
    assert [each.name for each in adoption.left_out] == ["endpoint/a/variant/b", "strange"]
    assert CONCURRENCY in adoption.left_out[0].reason
