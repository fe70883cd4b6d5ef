"""Is what moto lacks read as AWS shapes it: inference components, and what is no count?

A hand-made account, as moto's server answers 500 for inference components and knows no provisioned
concurrency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.aws.adoption import adopt, adopt_steps, name_all

COPIES = "sagemaker:inference-component:DesiredCopyCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"


@dataclass
class Account:
    """An account's answers, as Clients and every client in one."""

    targets: list[dict[str, Any]]
    policies: list[dict[str, Any]] = field(default_factory=list)
    refusal: Exception | None = None

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
        if self.refusal is not None and InferenceComponentName == "gone":
            raise self.refusal
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


class RefusedError(Exception):
    """As botocore's, made by hand."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "Could not find it."}}


def test_one_component_that_is_gone_does_not_lose_the_others() -> None:
    """Its registration outlives it; a missing permission is told as one."""
    there, gone = (registered(f"inference-component/{each}", COPIES) for each in ("llm", "gone"))
    clients: Any = Account([gone, there], refusal=RefusedError("ValidationException"))
    adoption = adopt(clients)
    assert [each.id for each in adoption.targets] == ["llm"]
    ((name, reason),) = adoption.left_out
    assert name == "inference-component/gone"
    assert reason == "it cannot be described: Could not find it."
    clients.refusal = RefusedError("AccessDeniedException")
    with pytest.raises(RefusedError):
        adopt(clients)


STEPS = {"PolicyName": "gpu", "PolicyARN": "arn"}


def alarm(name: str, **fields: Any) -> dict[str, Any]:
    """Make an alarm as AWS prints it."""
    return {"AlarmName": name, "ActionsEnabled": True, "AlarmActions": ["arn"]} | fields


@pytest.mark.parametrize(
    ("fields", "taken", "said"),
    [
        ({}, True, []),
        ({"ActionsEnabled": False}, False, ["its actions are switched off"]),
        ({"AlarmActions": [], "OKActions": ["arn"]}, False, ["it calls it when it is OK"]),
        (
            {"AlarmActions": ["other"], "InsufficientDataActions": ["arn"]},
            False,
            ["it calls it when it is without data"],
        ),
        ({"OKActions": ["arn"]}, True, ["it calls it when it is OK"]),
        ({"ThresholdMetricId": "band"}, False, ["an anomaly detector"]),
    ],
)
def test_only_an_alarm_whose_breach_calls_the_policy_is_taken(
    fields: dict[str, Any], taken: bool, said: list[str]
) -> None:
    """Whatever else calls it, or does not, is left out with its reason."""
    left_out: list[Any] = []
    made = list(adopt_steps(STEPS, [alarm("high", **fields)], left_out, []))
    assert bool(made) is taken
    assert [each.name for each in left_out] == ["policy gpu by alarm high"] * len(said)
    for each, words in zip(left_out, said, strict=True):
        assert words in each.reason


def test_missing_data_that_an_alarm_takes_otherwise_is_remarked() -> None:
    """Flyball takes it as evidence of nothing, as an alarm does by default."""
    remarks: list[str] = []
    alarms = [
        alarm("a", TreatMissingData="breaching"),
        alarm("b", TreatMissingData="missing"),
        alarm("c"),
    ]
    assert len(list(adopt_steps(STEPS, alarms, [], remarks))) == 3
    (remark,) = remarks
    assert remark.startswith("Alarm a takes missing data as breaching")


def test_no_two_resources_have_one_name() -> None:
    """Each is called as shortly as tells it from every other, whatever its kind."""
    endpoint = {"endpoint": "churn", "variant": "blue"}
    group = {"auto_scaling_group": "churn"}
    component = {"inference_component": "llm", "endpoint": "churn"}
    assert name_all([endpoint, component]) == ["churn", "llm"]
    assert name_all([endpoint, group]) == ["churn-blue", "group-churn"]
    assert name_all([{**endpoint, "variant": "red"}, endpoint]) == ["churn-red", "churn-blue"]
    odd = {"auto_scaling_group": "churn-blue"}
    assert name_all([endpoint, group, odd]) == [
        "endpoint-churn-blue",
        "group-churn",
        "group-churn-blue",
    ]
    worst = {"auto_scaling_group": "endpoint-churn-blue"}
    assert name_all([endpoint, group, odd, worst])[0] == "endpoint-churn-blue-1"
