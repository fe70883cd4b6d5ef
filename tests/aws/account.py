"""Which account does a test of planning find: endpoints with native scaling, and Flyball's tables?

moto's server has SageMaker, CloudWatch's alarms and Application Auto Scaling; the tables are
MiniStack's, as moto's transactions are none.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flyball.controller import Controller
from flyball.core.model import Capacity
from flyball.ports import Ledger, Trigger, TriggerKind
from flyball.wake import WakeKind
from tests.aws.rig import CREDENTIALS, REGION, Server, client_of, serve
from tests.rig import ENGINE, ScriptedMetrics, ScriptedProvider, SetClock

TOPIC = f"arn:aws:sns:{REGION}:123456789012:flyball-alarms"
VARIANT = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
KEY = "endpoint/churn/variant/AllTraffic"
GPU = {
    "Namespace": "/aws/sagemaker/Endpoints",
    "MetricName": "GPUUtilization",
    "Dimensions": [
        {"Name": "EndpointName", "Value": "churn"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
}


CONFIG = """\
version: 1
defaults: {home: aws, profile: aws, mode: apply}
scalable_targets:
  - id: churn
    resource: {endpoint: churn, variant: AllTraffic}
    min_capacity: 2
    max_capacity: 8
    policies:
      - PolicyName: invocations
        TargetTrackingScalingPolicyConfiguration:
          TargetValue: 700
          PredefinedMetricSpecification:
            PredefinedMetricType: SageMakerVariantInvocationsPerInstance
"""


@dataclass(frozen=True)
class Account:
    """One account, emptied for each test.

    Attributes:
        server: moto's.
        environment: What a program needs to reach it and the tables.
    """

    server: Server
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        """Make a client of one of its services."""
        return client_of(self.server, service)

    def endpoint(self, name: str, count: int) -> None:
        """Make an endpoint in service with one variant."""
        client = self.client("sagemaker")
        role = "arn:aws:iam::123456789012:role/sagemaker"
        container = {"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}
        client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": count,
            "InstanceType": "ml.g4dn.xlarge",
        }
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def register(self, key: str = KEY, low: int = 2, high: int = 8, **suspended: bool) -> None:
        """Register native scaling."""
        self.client("application-autoscaling").register_scalable_target(
            ResourceId=key,
            MinCapacity=low,
            MaxCapacity=high,
            SuspendedState=suspended,
            **VARIANT,
        )

    def suspended(self, key: str = KEY) -> dict[str, bool]:
        """Say what of native scaling is suspended."""
        client = self.client("application-autoscaling")
        (found,) = client.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[key]
        )["ScalableTargets"]
        flags = ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")
        state = found.get("SuspendedState", {})
        return {f"{flag}Suspended": state.get(f"{flag}Suspended", False) for flag in flags}

    def track(self, name: str = "invocations", key: str = KEY, value: float = 700.0) -> None:
        """Give native scaling a target tracking policy."""
        self.client("application-autoscaling").put_scaling_policy(
            PolicyName=name,
            ResourceId=key,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": value,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 300,
            },
            **VARIANT,
        )

    def step(self, name: str, *alarms: tuple[str, float], key: str = KEY) -> None:
        """Give native scaling a step policy, called by alarms of these names and thresholds."""
        made = self.client("application-autoscaling").put_scaling_policy(
            PolicyName=name,
            ResourceId=key,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": 120,
                "MetricAggregationType": "Maximum",
                "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}],
            },
            **VARIANT,
        )
        for alarm, threshold in alarms:
            self.client("cloudwatch").put_metric_alarm(
                AlarmName=alarm,
                Threshold=threshold,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
                AlarmActions=[made["PolicyARN"]],
                **GPU,
            )

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Give every alarm under our prefix, by name."""
        client = self.client("cloudwatch")
        pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix="flyball/")
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}


def look(ledger: Ledger, target: str = "churn", ago: timedelta = timedelta(), **shows: Any) -> None:
    """Let a function look at a scalable target, as the minute timer does.

    Args:
        ledger: The deployment's.
        target: Whom.
        ago: How long ago that was.
        shows: Fields of what it saw: `capacity`, or the metrics' `load`.
    """
    now = datetime.now(UTC) - ago
    controller = Controller(
        ledger=ledger,
        metrics=ScriptedMetrics(shows.get("load", 690.0)),
        control=ScriptedProvider(shows=shows.get("capacity", Capacity(3, 3))),
        clock=SetClock(now),
        token=lambda: uuid4().hex,
        engine=ENGINE,
    )
    wake = controller.wake(Trigger(target, uuid4().hex, TriggerKind.MANUAL, now))
    assert wake.kind is WakeKind.DECIDED, wake


def start_moto(folder: Path) -> Server:
    """Start moto's server."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"]
    return serve("moto", folder, command, {}, "/moto-api/")


def empty(server: Server) -> None:
    """Forget everything that moto's server knows."""
    host = urlsplit(server.url)
    connection = HTTPConnection(host.hostname or "", host.port, timeout=30)
    try:
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def environment(moto: Server, ministack: Server, targets: str, ledger: str) -> dict[str, str]:
    """Say to a program where everything is."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_ENDPOINT_URL_DYNAMODB": ministack.url,
        "FLYBALL_TARGETS_TABLE": targets,
        "FLYBALL_LEDGER_TABLE": ledger,
        "FLYBALL_ALARM_TOPIC_ARN": TOPIC,
    }


def write(text: str) -> None:
    """Write the config."""
    Path("flyball.yaml").write_text(text, encoding="utf-8")
