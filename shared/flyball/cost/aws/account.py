"""How does an AWS account answer in a simulated month, and what was it asked?

These are the methods of the SDK's clients that the adapters call, and no others: the adapters
themselves are the real ones, so what they ask for, remember and share is counted as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.resource import (
    Component,
    Group,
    Variant,
    name_resource,
    read_resource,
)
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.timeline import State
from flyball.core.model import Status
from flyball.core.target import ScalableTarget
from flyball.cost.plant import Plant
from flyball.cost.usage import Usage

GROUP_MOST = 10_000
NOTE = "arn:aws:sagemaker:simulated"
Answer = dict[str, Any]


class Account(Clients):
    """Clients of an account in which there is nothing but what is scaled.

    Args:
        plant: What is scaled.
        targets: Whose.
        clock: The month's.
        usage: Where each call is counted.
    """

    def __init__(
        self, plant: Plant, targets: Sequence[ScalableTarget], clock: JumpingClock, usage: Usage
    ) -> None:
        super().__init__("us-east-1")
        found = [read_resource(each.resource) for each in targets]
        self.sent: list[str] = []
        """Messages that were put on the queue, oldest first."""
        scaled = _Scaled(plant, clock, usage)
        self._clients: dict[str, _Client] = {
            "application-autoscaling": _Registrations(usage),
            "autoscaling": _Groups(scaled, usage),
            "sagemaker": _Endpoints(scaled, found, usage),
            "sqs": _Messages(self.sent, usage),
        }

    def get(self, service: str) -> Any:  # noqa: ANN401  (as Clients')
        """Give the client of a service."""
        return self._clients[service]


class _Scaled:
    """What is scaled, at the month's present instant."""

    def __init__(self, plant: Plant, clock: JumpingClock, usage: Usage) -> None:
        self._plant, self._clock, self.usage = plant, clock, usage

    def state(self, resource: Variant | Component | Group) -> State:
        return self._plant.state(name_resource(resource), self._clock.now())

    def scale(self, resource: Variant | Component | Group, desired: int) -> None:
        """Set a capacity.

        Raises:
            botocore.exceptions.ClientError: It is busy.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  (the SDK, when first needed)

        if not self._plant.scale(name_resource(resource), desired, self._clock.now()):
            message = f"Cannot update in-progress endpoint {name_resource(resource)}"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "")


class _Events:
    """Where a caller may register to hear of tries: there are none."""

    def register(self, *_: object, **__: object) -> None:
        """Take note of nobody."""


class _Client:
    """A client of a service."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self.meta = self
        self.events = _Events()


class _Registrations(_Client):
    def describe_scalable_targets(self, **_: object) -> Answer:
        self.usage.call("application-autoscaling.DescribeScalableTargets")
        return {"ScalableTargets": []}


class _Endpoints(_Client):
    def __init__(
        self, scaled: _Scaled, resources: Sequence[Variant | Component | Group], usage: Usage
    ) -> None:
        super().__init__(usage)
        self._scaled = scaled
        self._variants: dict[str, list[Variant]] = {}
        for each in resources:
            if isinstance(each, Variant):
                self._variants.setdefault(each.endpoint, []).append(each)

    def describe_endpoint(self, EndpointName: str) -> Answer:  # noqa: N803  (the SDK's)
        self.usage.call("sagemaker.DescribeEndpoint")
        states = {each: self._scaled.state(each) for each in self._variants[EndpointName]}
        busy = any(state.status is Status.BUSY for state in states.values())
        return {
            "EndpointName": EndpointName,
            "EndpointStatus": "Updating" if busy else "InService",
            "ProductionVariants": [
                {
                    "VariantName": each.variant,
                    "CurrentInstanceCount": state.ready,
                    "DesiredInstanceCount": state.desired,
                }
                for each, state in states.items()
            ],
        }

    def update_endpoint_weights_and_capacities(
        self,
        EndpointName: str,  # noqa: N803
        DesiredWeightsAndCapacities: Sequence[Answer],  # noqa: N803
    ) -> Answer:
        self.usage.call("sagemaker.UpdateEndpointWeightsAndCapacities")
        for each in DesiredWeightsAndCapacities:
            variant = Variant(EndpointName, each["VariantName"])
            self._scaled.scale(variant, each["DesiredInstanceCount"])
        return {"EndpointArn": NOTE}

    def describe_inference_component(self, InferenceComponentName: str) -> Answer:  # noqa: N803
        self.usage.call("sagemaker.DescribeInferenceComponent")
        state = self._scaled.state(Component(InferenceComponentName))
        return {
            "InferenceComponentStatus": "Updating" if state.status is Status.BUSY else "InService",
            "RuntimeConfig": {
                "CurrentCopyCount": state.ready,
                "DesiredCopyCount": state.desired,
            },
        }

    def update_inference_component_runtime_config(
        self,
        InferenceComponentName: str,  # noqa: N803
        DesiredRuntimeConfig: Answer,  # noqa: N803
    ) -> Answer:
        self.usage.call("sagemaker.UpdateInferenceComponentRuntimeConfig")
        self._scaled.scale(Component(InferenceComponentName), DesiredRuntimeConfig["CopyCount"])
        return {"InferenceComponentArn": NOTE}


class _Groups(_Client):
    def __init__(self, scaled: _Scaled, usage: Usage) -> None:
        super().__init__(usage)
        self._scaled = scaled

    def describe_auto_scaling_groups(
        self,
        AutoScalingGroupNames: Sequence[str],  # noqa: N803
        **_: object,
    ) -> Answer:
        self.usage.call("autoscaling.DescribeAutoScalingGroups")
        return {"AutoScalingGroups": [self._show(name) for name in AutoScalingGroupNames]}

    def _show(self, name: str) -> Answer:
        state = self._scaled.state(Group(name))
        words = ["InService"] * state.ready + ["Pending"] * (state.desired - state.ready)
        return {
            "AutoScalingGroupName": name,
            "MinSize": 0,
            "MaxSize": GROUP_MOST,
            "DesiredCapacity": state.desired,
            "Instances": [
                {"InstanceId": f"i-{index:017x}", "LifecycleState": word, "HealthStatus": "Healthy"}
                for index, word in enumerate(words)
            ],
        }

    def describe_scaling_activities(self, **_: object) -> Answer:
        self.usage.call("autoscaling.DescribeScalingActivities")
        return {"Activities": []}

    def set_desired_capacity(
        self,
        AutoScalingGroupName: str,  # noqa: N803
        DesiredCapacity: int,  # noqa: N803
        **_: object,
    ) -> Answer:
        self.usage.call("autoscaling.SetDesiredCapacity")
        self._scaled.scale(Group(AutoScalingGroupName), DesiredCapacity)
        return {}

    def describe_policies(self, **_: object) -> Answer:
        self.usage.call("autoscaling.DescribePolicies")
        return {"ScalingPolicies": []}

    def describe_scheduled_actions(self, **_: object) -> Answer:
        self.usage.call("autoscaling.DescribeScheduledActions")
        return {"ScheduledUpdateGroupActions": []}


class _Messages(_Client):
    def __init__(self, sent: list[str], usage: Usage) -> None:
        super().__init__(usage)
        self._sent = sent

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[Answer]) -> Answer:  # noqa: ARG002, N803
        self.usage.call("sqs.SendMessageBatch", "sqs.requests")
        self._sent += [each["MessageBody"] for each in Entries]
        return {"Successful": [{"Id": each["Id"]} for each in Entries]}
