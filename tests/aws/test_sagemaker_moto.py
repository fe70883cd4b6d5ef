"""Are the shapes that we read and write also somebody else's: moto's SageMaker and Auto Scaling?

moto changes a capacity at once, forgets a warm-up and refuses nothing; what it cannot show is shown
by our own server (sagemaker.py), and by the SDK's stub for groups.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.model import Capacity, CapacityRange, Missing, Reason
from flyball.core.target import ScalableTarget
from flyball.ports import Outcome, OutcomeKind
from tests.aws.rig import CREDENTIALS, serve
from tests.rig import T0, Rig, make_target

pytestmark = pytest.mark.enable_socket

APPLIED = Outcome(OutcomeKind.APPLIED)
SERVICES = ("sagemaker", "autoscaling", "application-autoscaling", "ec2")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Serve moto for all tests of this module; each has resources of its own."""
    command = [sys.executable, "-m", "moto.server", "-p", "{port}"]
    folder = tmp_path_factory.mktemp("moto")
    server = serve("moto", folder, command, {}, "/moto-api/")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield Clients(None, dict.fromkeys(SERVICES, server.url))
    server.stop()


@pytest.fixture
def control(clients: Clients) -> AwsControl:
    """Scale what moto has."""
    return AwsControl(clients)


@pytest.fixture
def variant(clients: Clients) -> ScalableTarget:
    """Make an endpoint of its own, whose one variant has 2 instances."""
    sagemaker, name = clients.get("sagemaker"), f"chat-{uuid4().hex[:8]}"
    role = "arn:aws:iam::123456789012:role/model"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role)
    made = {
        "VariantName": "blue",
        "ModelName": name,
        "InitialInstanceCount": 2,
        "InstanceType": "ml.g4dn.xlarge",
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[made])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return make_target(resource={"endpoint": name, "variant": "blue"}, home="aws")


@pytest.fixture
def workers(clients: Clients) -> ScalableTarget:
    """Make a group of its own, of 2 instances, from 1 to 6."""
    name = f"workers-{uuid4().hex[:8]}"
    ec2 = clients.get("ec2")
    made = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}  # one that moto always has
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=made)
    clients.get("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        MinSize=1,
        MaxSize=6,
        DesiredCapacity=2,
        AvailabilityZones=["us-east-1a"],
    )
    return make_target(resource={"auto_scaling_group": name}, home="aws")


def look(control: AwsControl, target: ScalableTarget) -> Capacity:
    """Read the capacity, which must be known."""
    seen = control.describe(target, T0)
    assert isinstance(seen, Capacity), seen
    return seen


def put(control: AwsControl, target: ScalableTarget, count: int) -> Outcome:
    """Set the capacity."""
    return control.apply(target, CapacityRange(count, count), T0)


def test_a_variant_is_read_and_set(control: AwsControl, variant: ScalableTarget) -> None:
    """Desired and ready, before and after."""
    assert look(control, variant) == Capacity(2, 2, detail="InService")
    assert put(control, variant, 5) == APPLIED
    assert look(control, variant) == Capacity(5, 5, detail="InService")


def test_an_endpoint_that_is_not_there_is_missing(control: AwsControl) -> None:
    """In moto's words."""
    gone = make_target(resource={"endpoint": "gone", "variant": "blue"})
    seen = control.describe(gone, T0)
    assert isinstance(seen, Missing)
    assert "Could not find endpoint" in seen.detail
    assert put(control, gone, 2).kind is OutcomeKind.FAILED


def test_a_registration_of_the_variant_is_an_owner_until_it_is_suspended(
    clients: Clients, control: AwsControl, variant: ScalableTarget
) -> None:
    """As Application Auto Scaling of moto keeps it."""
    key = f"endpoint/{variant.resource['endpoint']}/variant/blue"
    asked: dict[str, Any] = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": key,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 8,
    }
    native = clients.get("application-autoscaling")
    native.register_scalable_target(**asked)
    assert look(control, variant).owner == "Application Auto Scaling (1–8)"
    assert put(control, variant, 3).kind is OutcomeKind.ABORTED
    names = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    native.register_scalable_target(**asked, SuspendedState=dict.fromkeys(names, True))
    assert put(control, variant, 3) == APPLIED
    assert look(control, variant).owner == ""


def test_the_controller_scales_an_endpoint(control: AwsControl, variant: ScalableTarget) -> None:
    """From the metric to the endpoint, with a row before it and one after."""
    rig = Rig(MemoryLedger(), variant)
    rig.controller = rig.start(control=control)
    rig.metrics.load = 200.0
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.APPLIED]
    assert look(control, variant).desired == 4
    rig.check()


def test_a_group_is_read_and_set(control: AwsControl, workers: ScalableTarget) -> None:
    """Desired and ready, before and after."""
    assert look(control, workers) == Capacity(2, 2, detail="InService", least=1, most=6)
    assert put(control, workers, 5) == APPLIED
    assert look(control, workers) == Capacity(5, 5, detail="InService", least=1, most=6)


def test_a_group_keeps_to_its_bounds(control: AwsControl, workers: ScalableTarget) -> None:
    """Moto would accept more than the maximum; we ask for the bounds before."""
    assert put(control, workers, 7).kind is OutcomeKind.ABORTED
    assert put(control, workers, 0).kind is OutcomeKind.ABORTED
    assert look(control, workers).desired == 2


def test_instances_in_standby_and_protected_ones_are_told(
    clients: Clients, control: AwsControl, workers: ScalableTarget
) -> None:
    """One stands by and one is protected; the group has replaced the first."""
    scaling, name = clients.get("autoscaling"), workers.resource["auto_scaling_group"]
    group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    first, second = (each["InstanceId"] for each in group["AutoScalingGroups"][0]["Instances"])
    scaling.set_instance_protection(
        AutoScalingGroupName=name, InstanceIds=[second], ProtectedFromScaleIn=True
    )
    scaling.enter_standby(
        AutoScalingGroupName=name, InstanceIds=[first], ShouldDecrementDesiredCapacity=False
    )
    told = "InService; 1 in standby, 1 protected from scale-in"
    assert look(control, workers) == Capacity(2, 2, detail=told, least=1, most=6)


def test_a_groups_own_policy_and_schedule_are_owners(
    clients: Clients, control: AwsControl, workers: ScalableTarget
) -> None:
    """Nothing is sent; suspended processes do not act, and are said."""
    scaling, name = clients.get("autoscaling"), workers.resource["auto_scaling_group"]
    scaling.put_scaling_policy(
        AutoScalingGroupName=name,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )
    scaling.put_scheduled_update_group_action(
        AutoScalingGroupName=name,
        ScheduledActionName="night",
        DesiredCapacity=1,
        Recurrence="0 0 * * *",
    )
    owner = look(control, workers).owner
    assert owner == "EC2 Auto Scaling policy cpu, EC2 Auto Scaling scheduled action night"
    rig = Rig(MemoryLedger(), workers)
    rig.controller = rig.start(control=control)
    rig.metrics.load = 200.0
    rig.wake()
    assert rig.last().reason is Reason.FOREIGN_OWNER
    suspended = ["AlarmNotification", "ScheduledActions", "Terminate"]
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=suspended)
    told = "InService; Terminate is suspended"
    assert look(control, workers) == Capacity(2, 2, detail=told, least=1, most=6)
    assert put(control, workers, 3) == APPLIED


def test_groups_and_variants_are_read_ahead_together(
    control: AwsControl, workers: ScalableTarget, variant: ScalableTarget
) -> None:
    """One call for the groups, one for the registrations."""
    control.prefetch([workers, variant], T0)
    assert (look(control, workers).desired, look(control, variant).desired) == (2, 2)
