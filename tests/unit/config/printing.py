"""How does a test write what AWS prints?"""

from __future__ import annotations

import json
from typing import Any

RESOURCE = "resource: {endpoint: churn, variant: AllTraffic}\n"
OWN = "endpoint/churn/variant/AllTraffic"


PREDEFINED = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
}
ALARM = {"threshold": 50, "comparison": ">="}


def tracking(**said: Any) -> dict[str, Any]:
    """Write a target tracking policy as only its configuration."""
    configuration = {"TargetValue": 70.0, "PredefinedMetricSpecification": PREDEFINED, **said}
    return {"TargetTrackingScalingPolicyConfiguration": configuration}


def custom(**said: Any) -> dict[str, Any]:
    """Write a target tracking policy with a metric of one's own."""
    return {
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.0,
            "CustomizedMetricSpecification": said,
        }
    }


def step(configuration: dict[str, Any] | None = None, **beside: Any) -> dict[str, Any]:
    """Write a step policy, on a metric of the file's."""
    said = {**STEPS, **(configuration or {})}
    return {
        "PolicyName": "s",
        "metric": "m",
        "alarm": ALARM,
        "StepScalingPolicyConfiguration": said,
        **beside,
    }


def policies(*given: dict[str, Any]) -> str:
    """Write a list of policies."""
    return f"policies: {json.dumps(given)}"


def query(name: str, **said: Any) -> dict[str, Any]:
    """Write a line of metric math on a metric."""
    metric = {"MetricName": "Invocations", "Namespace": "AWS/SageMaker"}
    return {"Id": name, "MetricStat": {"Metric": metric, "Stat": "Sum", **said}}


def action(**said: Any) -> dict[str, Any]:
    """Write a scheduled action as describe-scheduled-actions prints it."""
    return {
        "ScheduledActionName": "morning",
        "ScheduledActionARN": "arn:aws:autoscaling:x",
        "ServiceNamespace": "sagemaker",
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ResourceId": "endpoint/churn/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ScalableTargetAction": {"MinCapacity": 6, "MaxCapacity": 10},
        "CreationTime": 1772442891.612,
        **said,
    }


def printed(*resources: str | None) -> str:
    """Write what describe-scaling-policies prints, a policy a resource."""
    elements = [
        {"PolicyName": f"p{i}", "ResourceId": resource, **tracking()}
        if resource
        else {"PolicyName": f"p{i}", **tracking()}
        for i, resource in enumerate(resources)
    ]
    return json.dumps({"ScalingPolicies": elements, "NextToken": "x"})
