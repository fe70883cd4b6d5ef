"""Is the policy that doctor prints what plan, apply, destroy and doctor call, and nothing else?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.aws.account import CONFIG, Account, write
from tests.aws.conftest import Store
from tests.aws.overheard import ACCOUNT, ROLE, Call, Wire, arn, tap
from tests.aws.rig import REGION
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

PRINCIPAL = f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer"
KEY = arn("kms", "key/1")
UNCALLED = {
    "sagemaker:UpdateEndpointWeightsAndCapacities": "to register natively one must be allowed it",
    "sagemaker:UpdateInferenceComponentRuntimeConfig": "likewise",
    "kms:Decrypt": "DynamoDB asks for it in the caller's name",
    "kms:GenerateDataKey": "likewise",
    "cloudwatch:TagResource": "an alarm is made with its tags",
    "application-autoscaling:DescribeScalingPolicies": "only where a hand-over asks who else acts",
    "application-autoscaling:DescribeScheduledActions": "likewise",
    "autoscaling:DescribeScalingActivities": "only while instances warm up, and moto's never do",
}
"""Actions that no call here has the name of, each with its reason."""
RESOURCES = {
    "DescribeAlarms": "alarm:*",
    "DescribeEndpoint": "endpoint/{EndpointName}",
    "DescribeEndpointConfig": "endpoint-config/{EndpointConfigName}",
    "DescribeInferenceComponent": "inference-component/{InferenceComponentName}",
    "DescribeStacks": "stack/{StackName}/0a1b",
    "PutMetricAlarm": "alarm:{AlarmName}",
    "RegisterScalableTarget": "scalable-target/0a1b",
    "ResumeProcesses": "autoScalingGroup:0a1b:autoScalingGroupName/{AutoScalingGroupName}",
    "SuspendProcesses": "autoScalingGroup:0a1b:autoScalingGroupName/{AutoScalingGroupName}",
}
"""By operation, the resource that IAM is asked about."""
EVERY_KIND = """\
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
  - id: web
    resource: {auto_scaling_group: web}
    min_capacity: 1
    max_capacity: 4
    metrics:
      - name: cpu
        source: {namespace: AWS/EC2, metric: CPUUtilization, statistic: Average,
                 dimensions: {AutoScalingGroupName: web}}
    policies:
      - {name: keep, kind: step, metric: cpu, threshold: 70, comparison: ">=",
         steps: [{from: 0, add: 1}]}
  - id: copies
    resource: {inference_component: copies}
    min_capacity: 1
    max_capacity: 4
    policies:
      - PolicyName: calls
        TargetTrackingScalingPolicyConfiguration:
          TargetValue: 50
          PredefinedMetricSpecification:
            PredefinedMetricType: SageMakerInferenceComponentInvocationsPerCopy
"""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listen at every client; IAM's simulation, which moto has not, allows everything."""
    wire = tap(monkeypatch)
    wire.simulate()
    return wire


def test_the_policy_is_what_the_commands_call_and_nothing_else(
    account: Account, store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of plan, apply, destroy and doctor is allowed; every action was needed."""
    calls = live_through(account, store, wire, monkeypatch)
    done = flyball("doctor", "--policy", "--stack", "prod")
    assert (done.code, done.err) == (0, "")
    policy = done.json
    needed = {each for call in calls for each in needs(call)}
    refused = [each for each in sorted(needed) if not allows(policy, *each)]
    assert refused == []
    given = {action for each in policy["Statement"] for action in each["Action"]}
    assert given - {action for action, _ in needed} <= set(UNCALLED)
    resources = [each["Resource"] for each in policy["Statement"]]
    assert len(resources) == len(set(resources))
    wide = [each["Sid"] for each in policy["Statement"] if each["Resource"] == "*"]
    assert wide == ["SeeWhatElseIsThere"]
    assert not any("*" in action for action in given)
    assert len("".join(json.dumps(policy).split())) < 6_144


def test_the_policy_is_of_the_stack_and_of_no_file(account: Account, wire: Wire) -> None:
    """A config would make it look like the config's."""
    assert account.alarms() == {}
    done = flyball("doctor", "--config", "flyball.yaml", "--policy")
    assert (done.code, done.out) == (2, "")
    assert "leave out --config" in done.err
    assert wire.calls == []


def live_through(
    account: Account, store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> list[Call]:
    """Put a stack's targets of every kind in charge, look at them, and take them away again."""
    for name in ("TARGETS_TABLE", "LEDGER_TABLE"):
        monkeypatch.delenv(f"FLYBALL_{name}")
    queue = account.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    outputs = {"TargetsTable": store.targets, "LedgerTable": store.rows, "DeadWakesQueue": queue}
    parameters = {"EndpointNames": "ch*", "ResourceTag": "prod"}
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    account.client("cloudformation").create_stack(
        StackName="prod",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    wire.answer("ListTags", {"Tags": [{"Key": "flyball", "Value": "prod"}]})
    wire.answer("GetCallerIdentity", {"Account": ACCOUNT, "Arn": ROLE})
    wire.answer("GetRole", {"Role": {"Arn": PRINCIPAL}})
    table = {"Table": {"SSEDescription": {"KMSMasterKeyArn": KEY}}}
    wire.answer("DescribeTable", table)
    runtime = {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    component = {
        "InferenceComponentArn": arn("sagemaker", "inference-component/copies"),
        "InferenceComponentStatus": "InService",
        "RuntimeConfig": runtime,
    }
    wire.answer("DescribeInferenceComponent", component)
    account.register()
    make_group(account)
    write(EVERY_KIND)
    place = ("--config", "flyball.yaml", "--stack", "prod")
    for command in (
        ("plan",),
        ("apply", "--take-over", "--unseen", "--yes"),
        ("plan",),
        ("doctor",),
    ):
        done = flyball(command[0], *place, *command[1:])
        assert done.code in ((0, 2) if command[0] == "plan" else (0,)), done
    write(CONFIG)
    assert flyball("apply", *place, "--yes").code == 0
    write(EVERY_KIND)
    done = flyball("destroy", *place, "--hand-back", "--yes")
    assert done.code == 0, done
    wire.answers.pop("DescribeInferenceComponent")
    wire.fail("DescribeInferenceComponent", "ValidationException", "Could not find it")
    write(EVERY_KIND.replace("endpoint: churn", "endpoint: charn"))
    assert flyball("doctor", *place).code == 1
    return list(wire.calls)


def make_group(account: Account) -> None:
    """Make a group with a policy of its own, which a take-over suspends."""
    client = account.client("autoscaling")
    image = account.client("ec2").describe_images()["Images"][0]["ImageId"]
    client.create_launch_configuration(
        LaunchConfigurationName="web", ImageId=image, InstanceType="t2.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        DefaultInstanceWarmup=60,
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{"Key": "flyball", "Value": "prod", "PropagateAtLaunch": False}],
    )
    client.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="native",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )


def allows(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Say whether IAM would allow it."""
    return any(
        action in each["Action"] and fnmatchcase(resource, each["Resource"])
        for each in policy["Statement"]
    )


def needs(call: Call) -> Iterator[tuple[str, str]]:
    """Say which action on which resource a call is.

    Source: Service Authorization Reference, "Actions, resources, and condition keys".
    """
    service, operation, given = call
    if service == "sts":
        return  # nobody can be denied to ask who he is
    if operation == "TransactWriteItems":
        for part in given["TransactItems"]:
            ((kind, said),) = part.items()
            yield f"dynamodb:{kind}Item", arn(service, f"table/{said['TableName']}")
        return
    action = f"{service}:{operation}"
    if operation == "DeleteAlarms":
        for name in given["AlarmNames"]:
            yield action, arn(service, f"alarm:{name}")
    elif operation in {"GetRole", "SimulatePrincipalPolicy"}:
        yield action, PRINCIPAL
    elif operation == "ListTagsForResource":
        yield action, given["ResourceARN"]
    elif operation == "ListTags":
        yield action, given["ResourceArn"]
    elif operation == "GetQueueAttributes":
        yield action, arn(service, given["QueueUrl"].rpartition("/")[2])
    elif operation in RESOURCES:
        yield action, arn(service, RESOURCES[operation].format(**given))
    elif service == "dynamodb":
        index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
        yield action, arn(service, f"table/{given['TableName']}{index}")
    else:
        yield action, "*"
