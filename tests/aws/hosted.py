"""What does SageMaker answer when it is busy, full, forgetful or broken?

State and words alone: sagemaker.py serves them. The shapes are held to the SDK's own service model
by a test; the words are those that users report (those of inference components are inferred).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.aws.timeline import DEAD, ICE, UPDATABLE, Counts, Json, Thing

ARN = "arn:aws:sagemaker:eu-central-1:123456789012"
ROLE = (
    "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
    "/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
EPOCH_S = 1_795_262_400.0
"""2026-11-21T12:00:00Z, where its clock begins."""


class Refusal(Exception):  # noqa: N818  (it is an answer)
    """An answer that is none of success."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Fault(NamedTuple):
    """What goes wrong with the next calls of an operation.

    Attributes:
        operation: Which; "*" for any.
        kind: One of KINDS.
        times: How often; -1 for ever.
        code: With "refuse": the error's code.
        message: With "refuse": its words.
    """

    operation: str
    kind: str
    times: int = 1
    code: str = ""
    message: str = ""


KINDS = {
    "throttle": Refusal("ThrottlingException", "Rate exceeded"),
    "deny": Refusal("AccessDeniedException", "User is not authorized to perform this action"),
    "capacity": Refusal("InsufficientCapacityException", ICE),
    "error": Refusal("InternalFailure", "The request failed for an unknown reason.", 500),
    "error_after": Refusal("InternalFailure", "The request failed for an unknown reason.", 500),
    "refuse": Refusal("ValidationException", "refused"),
    "lost": None,  # done, and the connection is closed without an answer
    "cut": None,  # the connection is closed before anything is done
    "garbled": None,  # done, and answered by 200 with what is no JSON
    "empty": None,  # done, and answered by 200 with nothing in it
}
DONE = frozenset({"lost", "error_after", "garbled", "empty"})
"""Kinds that come after the change took effect."""


class Cloud:
    """Everything that the server knows. Not thread safe: the server takes its lock."""

    def __init__(self) -> None:
        self.now = EPOCH_S
        self.endpoints: dict[str, Thing] = {}
        self.components: dict[str, Thing] = {}
        self.registered: list[Json] = []
        self.faults: list[Fault] = []
        self.quotas: dict[str, int] = {}
        self.elsewhere: dict[str, int] = {}
        self.calls: list[Json] = []

    def move(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += seconds
        for thing in (*self.endpoints.values(), *self.components.values()):
            thing.settle(self.now)

    def endpoint(self, name: str, count: int = 2, variant: str = "blue", **fields: Any) -> Thing:
        """Make an endpoint in service."""
        counts = Counts(count, count, **fields)
        made = self.endpoints[name] = Thing({variant: counts}, modified=self.now)
        return made

    def component(self, name: str, count: int = 2, endpoint: str = "chat") -> Thing:
        """Make an inference component in service."""
        made = Thing({"": Counts(count, count)}, modified=self.now)
        made.extra = {"EndpointName": endpoint, "EndpointArn": f"{ARN}:endpoint/{endpoint}"}
        self.components[name] = made
        return made

    def register(self, key: str, least: int = 1, most: int = 10, **suspended: bool) -> None:
        """Register native auto scaling of a resource, in part or in full suspended."""
        kind = "variant:DesiredInstanceCount"
        if key.startswith("inference-component/"):
            kind = "inference-component:DesiredCopyCount"
        self.registered = [each for each in self.registered if each["ResourceId"] != key]
        self.registered.append(
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": key,
                "ScalableDimension": f"sagemaker:{kind}",
                "MinCapacity": least,
                "MaxCapacity": most,
                "RoleARN": ROLE,
                "CreationTime": self.now,
                "SuspendedState": {
                    name: suspended.get(name, False)
                    for name in (
                        "DynamicScalingInSuspended",
                        "DynamicScalingOutSuspended",
                        "ScheduledScalingSuspended",
                    )
                },
            }
        )

    def fault(self, operation: str, kind: str, times: int = 1, **told: str) -> None:
        """Let the next calls of an operation go wrong."""
        assert kind in KINDS, kind
        self.faults.append(Fault(operation, kind, times, **told))

    def take_fault(self, operation: str) -> Fault | None:
        """Take the first fault that an operation is due."""
        for index, fault in enumerate(self.faults):
            if fault.operation in ("*", operation):
                left = fault.times - 1
                if left == 0:
                    del self.faults[index]
                elif left > 0:
                    self.faults[index] = fault._replace(times=left)
                return fault
        return None

    def note(self, target: str, body: Json, fault: str = "") -> None:
        """Keep a call, to be looked at by a test."""
        operation = target.rpartition(".")[2]
        self.calls.append({"operation": operation, "body": body, "at": self.now, "fault": fault})

    def knows(self, operation: str, body: Json) -> bool:
        """Say whether a call is about an endpoint or a component that it was told of."""
        return operation in OPERATIONS and (
            body.get("EndpointName") in self.endpoints
            or body.get("InferenceComponentName") in self.components
        )

    def call(self, operation: str, body: Json) -> Json:
        """Answer one call.

        Raises:
            Refusal: It is refused.
        """
        answer = OPERATIONS.get(operation)
        if answer is None:
            raise Refusal("UnknownOperationException", f"no such operation here: {operation}")
        return answer(self, body)


def _describe_endpoint(cloud: Cloud, body: Json) -> Json:
    name = body["EndpointName"]
    thing = _find(cloud.endpoints, "endpoint", name)
    found = {
        "EndpointName": name,
        "EndpointArn": f"{ARN}:endpoint/{name}",
        "EndpointConfigName": f"{name}-1",
        "ProductionVariants": [_show(each, counts) for each, counts in thing.variants.items()],
        "EndpointStatus": thing.status,
        "CreationTime": EPOCH_S,
        "LastModifiedTime": thing.modified,
    }
    if thing.reason:
        found["FailureReason"] = thing.reason
    return _drop_none(found | thing.extra)


def _show(name: str, counts: Counts) -> Json:
    shown = {
        "VariantName": name,
        "CurrentWeight": counts.weight,
        "DesiredWeight": counts.weight,
        "CurrentInstanceCount": counts.current,
        "DesiredInstanceCount": counts.desired,
    }
    return _drop_none(shown | counts.extra)


def _update_endpoint(cloud: Cloud, body: Json) -> Json:
    name = body["EndpointName"]
    thing = _find(cloud.endpoints, "endpoint", name)
    _check_updatable(thing, "endpoint", name)
    wanted = body["DesiredWeightsAndCapacities"]
    for each in wanted:
        if each["VariantName"] not in thing.variants:
            raise Refusal("ValidationException", f"The variant {each['VariantName']} is not there.")
    counted = [each for each in wanted if "DesiredInstanceCount" in each]
    if len(counted) > 1:
        message = "The capacity of one variant can be changed in one call."
        raise Refusal("ValidationException", message)
    for each in counted:
        counts, count = thing.variants[each["VariantName"]], each["DesiredInstanceCount"]
        if count < thing.least:
            message = f"DesiredInstanceCount must be greater than or equal to {thing.least}."
            raise Refusal("ValidationException", message)
        _check_quota(cloud, counts, count)
        thing.change(each["VariantName"], count, cloud.now)
    for each in wanted:
        if "DesiredWeight" in each:
            thing.variants[each["VariantName"]].weight = each["DesiredWeight"]
    return {"EndpointArn": f"{ARN}:endpoint/{name}"}


def _check_quota(cloud: Cloud, counts: Counts, count: int) -> None:
    kind, delta = counts.instance_type, count - counts.desired
    limit = cloud.quotas.get(kind)
    used = cloud.elsewhere.get(kind, 0) + sum(
        each.desired
        for thing in cloud.endpoints.values()
        for each in thing.variants.values()
        if each.instance_type == kind
    )
    if limit is not None and delta > 0 and used + delta > limit:
        message = (
            f"The account-level service limit '{kind} for endpoint usage' is {limit} Instances, "
            f"with current utilization of {used} Instances and a request delta of {delta} "
            "Instances. Please use AWS Service Quotas to request an increase for this quota."
        )
        raise Refusal("ResourceLimitExceeded", message)


def _describe_component(cloud: Cloud, body: Json) -> Json:
    name = body["InferenceComponentName"]
    thing = _find(cloud.components, "inference component", name)
    counts = thing.variants[""]
    found = {
        "InferenceComponentName": name,
        "InferenceComponentArn": f"{ARN}:inference-component/{name}",
        "VariantName": "blue",
        "RuntimeConfig": {"DesiredCopyCount": counts.desired, "CurrentCopyCount": counts.current},
        "CreationTime": EPOCH_S,
        "LastModifiedTime": thing.modified,
        "InferenceComponentStatus": thing.status,
    }
    if thing.reason:
        found["FailureReason"] = thing.reason
    return _drop_none(found | thing.extra)


def _update_component(cloud: Cloud, body: Json) -> Json:
    name = body["InferenceComponentName"]
    thing = _find(cloud.components, "inference component", name)
    _check_updatable(thing, "inference-component", name)
    count = body["DesiredRuntimeConfig"]["CopyCount"]
    _check_quota(cloud, thing.variants[""], count)
    thing.change("", count, cloud.now)
    return {"InferenceComponentArn": f"{ARN}:inference-component/{name}"}


def _describe_targets(cloud: Cloud, body: Json) -> Json:
    keys = body.get("ResourceIds")
    found = [each for each in cloud.registered if keys is None or each["ResourceId"] in keys]
    start, most = int(body.get("NextToken", 0)), body.get("MaxResults", 50)
    answer: Json = {"ScalableTargets": found[start : start + most]}
    if start + most < len(found):
        answer["NextToken"] = str(start + most)
    return answer


def _find(things: dict[str, Thing], kind: str, name: str) -> Thing:
    if name not in things:
        raise Refusal("ValidationException", f'Could not find {kind} "{ARN}:{kind}/{name}".')
    return things[name]


def _check_updatable(thing: Thing, kind: str, name: str) -> None:
    if thing.status in DEAD:
        message = f'Cannot update {kind} "{ARN}:{kind}/{name}" that has failed.'
        raise Refusal("ValidationException", message)
    if thing.status not in UPDATABLE:
        message = f'Cannot update in-progress {kind} "{ARN}:{kind}/{name}".'
        raise Refusal("ValidationException", message)


def _drop_none(found: Json) -> Json:
    """Leave out what a test set to None: a field that the service does not send."""
    return {key: value for key, value in found.items() if value is not None}


OPERATIONS: dict[str, Callable[[Cloud, Json], Json]] = {
    "SageMaker.DescribeEndpoint": _describe_endpoint,
    "SageMaker.UpdateEndpointWeightsAndCapacities": _update_endpoint,
    "SageMaker.DescribeInferenceComponent": _describe_component,
    "SageMaker.UpdateInferenceComponentRuntimeConfig": _update_component,
    "AnyScaleFrontendService.DescribeScalableTargets": _describe_targets,
}
LISTED = {"AnyScaleFrontendService.DescribeScalableTargets": "ScalableTargets"}
"""Operations whose answer is a list, which two servers may have a part of each; by its key."""


def _set(cloud: Cloud, name: str, kind: str = "endpoint", **fields: Any) -> None:
    """Set fields of a thing: fate, stock, least, status, reason, extra."""
    thing = (cloud.endpoints if kind == "endpoint" else cloud.components)[name]
    for key, value in fields.items():
        assert hasattr(thing, key), key
        setattr(thing, key, value)


def _count(cloud: Cloud, name: str, count: int, variant: str = "blue") -> None:
    """Change an endpoint's count as a human would, done at once."""
    counts = cloud.endpoints[name].variants[variant]
    counts.current = counts.desired = count


def _befall(
    cloud: Cloud, name: str, status: str, lasts_s: float | None = None, reason: str = ""
) -> None:
    cloud.endpoints[name].befall(status, lasts_s, reason, cloud.now)


def _deploy(cloud: Cloud, name: str, config: str, count: int, lasts_s: float = 300) -> None:
    cloud.endpoints[name].deploy(config, count, lasts_s, cloud.now)


def _quota(cloud: Cloud, instance_type: str, limit: int, elsewhere: int = 0) -> None:
    cloud.quotas[instance_type], cloud.elsewhere[instance_type] = limit, elsewhere


CONTROLS: dict[str, Callable[..., object]] = {
    "move": Cloud.move,
    "endpoint": Cloud.endpoint,
    "component": Cloud.component,
    "register": Cloud.register,
    "fault": Cloud.fault,
    "set": _set,
    "count": _count,
    "befall": _befall,
    "deploy": _deploy,
    "quota": _quota,
    "forgive": lambda cloud: cloud.faults.clear(),
    "reset": lambda cloud: cloud.__init__(),
}
