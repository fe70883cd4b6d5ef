"""What is in the small cloud of moto's on which whole programs are tried?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.aws.rig import create_tables

REGION = "eu-central-1"
LEDGER = "dynamodb:fly-targets/fly-ledger"
CONFIG = """
version: 1
scalable_targets:
  - id: churn
    home: aws
    resource: {endpoint: churn, variant: blue}
    min_capacity: 1
    max_capacity: 8
    metrics:
      - name: requests
        source:
          namespace: AWS/SageMaker
          metric: InvocationsPerInstance
          statistic: Sum
    policies:
      - {name: track, kind: target_tracking, metric: requests, target_value: 100}
"""


@contextmanager
def small_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up an endpoint with two instances, and the ledger's tables, for the length of a block."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        sagemaker = client("sagemaker")
        role = "arn:aws:iam::123456789012:role/model"
        image = {"Image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn:1"}
        sagemaker.create_model(ModelName="churn", ExecutionRoleArn=role, PrimaryContainer=image)
        variant = {
            "VariantName": "blue",
            "ModelName": "churn",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large",
        }
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="c")
        create_tables(client("dynamodb"), "fly-targets", "fly-ledger")
        yield


def client(service: str) -> Any:
    """Make a client of the cloud in this process."""
    return boto3.client(service, region_name=REGION)


def send_requests(sum_a_minute: float) -> None:
    """Tell CloudWatch of some minutes of requests per instance."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [
        {"Name": "EndpointName", "Value": "churn"},
        {"Name": "VariantName", "Value": "blue"},
    ]
    client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "InvocationsPerInstance",
                "Dimensions": dimensions,
                "Timestamp": now - timedelta(minutes=ago),
                "Value": sum_a_minute,
            }
            for ago in range(1, 12)
        ],
    )


def desired() -> int:
    """Read what the endpoint was asked for."""
    described = client("sagemaker").describe_endpoint(EndpointName="churn")
    return int(described["ProductionVariants"][0]["DesiredInstanceCount"])
