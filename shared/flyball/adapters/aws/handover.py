"""How is AWS's own auto scaling of a resource found, held back and let go?

Suspending keeps its policies and actions where they are, so that it can take over again at once.

Source: Application Auto Scaling API Reference, RegisterScalableTarget ("SuspendedState"), and
Amazon EC2 Auto Scaling API Reference, SuspendProcesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flyball.adapters.aws.clients import Clients, error_code
from flyball.adapters.aws.refusal import tell
from flyball.adapters.aws.send import UncertainError, is_doubtful, watch_tries
from flyball.plan.model import ACTIVE, SUSPENDED

SAGEMAKER = "sagemaker"
GROUP = "auto-scaling-group/"
"""What resource_key puts before a group's name."""
AT_ONCE = 50
"""Most resources that one DescribeScalableTargets or DescribeAutoScalingGroups takes by name."""
FLAGS: Mapping[str, str] = {
    "scale_in": "DynamicScalingInSuspended",
    "scale_out": "DynamicScalingOutSuspended",
    "scheduled": "ScheduledScalingSuspended",
}
GROUP_FLAGS: Mapping[str, str] = {
    "alarms": "AlarmNotification",
    "scheduled": "ScheduledActions",
}
"""What a group does by itself; its other work (launch, health, balance) is none of ours."""
CONCURRENT = "ConcurrentUpdateException"
"""Another update is at work on it; after an answer that was lost, most likely our own."""


class Native(NamedTuple):
    """AWS's own scaling of one resource.

    Attributes:
        resource_id: As AWS names it; a group's as resource_key does.
        dimension: What of it is scaled; "" for a group.
        min_capacity: Its lower bound.
        max_capacity: Its upper bound.
        state: By part of it, active or suspended.
    """

    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    state: Mapping[str, str]

    @property
    def is_active(self) -> bool:
        """Say whether any part of it may change capacity."""
        return ACTIVE in self.state.values()


def read_natives(clients: Clients, keys: Iterable[str]) -> dict[str, Native]:
    """Find AWS's own scaling of these resources, by resource_key.

    A group is there only if it has policies or scheduled actions of its own.
    """
    named = sorted(set(keys))
    groups = [each.removeprefix(GROUP) for each in named if each.startswith(GROUP)]
    ids = [each for each in named if not each.startswith(GROUP)]
    found: dict[str, Native] = {}
    for some in chunks(ids, AT_ONCE):
        for item in list_scalable_targets(clients, some):
            found[item["ResourceId"]] = _read_scalable_target(item)
    for names in chunks(groups, AT_ONCE):
        found.update((each.resource_id, each) for each in _read_groups(clients, names))
    return found


def list_scalable_targets(
    clients: Clients, ids: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield SageMaker's scalable targets as AWS shows them; those of these ids, or all."""
    given: dict[str, Any] = {"ServiceNamespace": SAGEMAKER}
    if ids is not None:
        given["ResourceIds"] = list(ids)
    call = clients.get("application-autoscaling").describe_scalable_targets
    yield from pages(call, "ScalableTargets", **given)


def set_state(clients: Clients, native: Native, state: Mapping[str, str]) -> None:
    """Suspend or resume parts of AWS's own scaling; bounds, policies and actions stay.

    Raises:
        UncertainError: It was refused, and a part of it or an earlier try may have landed.
        Exception: What the service or the SDK said; is_refusal says whether it was refused.
    """
    service = "application-autoscaling" if native.dimension else "autoscaling"
    landed = False
    for operation, arguments in _list_calls(native, state):
        client = clients.get(service)
        watch_tries(client)
        try:
            getattr(client, operation)(**arguments)
        except Exception as error:
            if is_refusal(error) and (landed or is_doubtful()):
                raise UncertainError(
                    f"{tell(error)}; it may have landed all the same, in part or by an earlier try"
                ) from error
            raise
        landed = True


def _list_calls(native: Native, state: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """List operations and their arguments; a group's are two where its parts differ."""
    if native.dimension:
        given = {
            "ServiceNamespace": SAGEMAKER,
            "ResourceId": native.resource_id,
            "ScalableDimension": native.dimension,
            "SuspendedState": {FLAGS[part]: is_ == SUSPENDED for part, is_ in state.items()},
        }
        yield "register_scalable_target", given
        return
    group = native.resource_id.removeprefix(GROUP)
    for wanted, operation in ((SUSPENDED, "suspend_processes"), (ACTIVE, "resume_processes")):
        named = [GROUP_FLAGS[part] for part, is_ in state.items() if is_ == wanted]
        if named:
            yield operation, {"AutoScalingGroupName": group, "ScalingProcesses": named}


def count_scheduled(clients: Clients, native: Native) -> int:
    """Count the scheduled actions of native scaling, which do not run while it is suspended."""
    if native.dimension:
        call = clients.get("application-autoscaling").describe_scheduled_actions
        found = pages(
            call,
            "ScheduledActions",
            ServiceNamespace=SAGEMAKER,
            ResourceId=native.resource_id,
            ScalableDimension=native.dimension,
        )
    else:
        call = clients.get("autoscaling").describe_scheduled_actions
        group = native.resource_id.removeprefix(GROUP)
        found = pages(call, "ScheduledUpdateGroupActions", AutoScalingGroupName=group)
    return sum(1 for _ in found)


def count_alarms(clients: Clients, natives: Sequence[Native]) -> int:
    """Count the alarms that native scaling's policies have, which go on costing."""
    found: list[Mapping[str, Any]] = []
    places = {(each.resource_id, each.dimension) for each in natives if each.dimension}
    if places:
        call = clients.get("application-autoscaling").describe_scaling_policies
        policies = pages(call, "ScalingPolicies", ServiceNamespace=SAGEMAKER)
        found += [
            each for each in policies if (each["ResourceId"], each["ScalableDimension"]) in places
        ]
    for native in natives:
        if not native.dimension:
            call = clients.get("autoscaling").describe_policies
            group = native.resource_id.removeprefix(GROUP)
            found += pages(call, "ScalingPolicies", AutoScalingGroupName=group)
    return sum(len(each.get("Alarms", ())) for each in found)


def is_refusal(error: BaseException) -> bool:
    """Say whether the service refused set_state for certain, so that nothing can have landed."""
    if isinstance(error, Exception) and error_code(error) == CONCURRENT:
        return False
    answer = getattr(error, "response", None)
    told = answer.get("ResponseMetadata", {}) if isinstance(answer, Mapping) else {}
    status = told.get("HTTPStatusCode", 400)
    return isinstance(answer, Mapping) and 400 <= status < 500  # noqa: PLR2004  (HTTP's)


def pages(call: Any, key: str, **given: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  (the SDK's)
    """Yield the items of every page of a call that gives a NextToken."""
    token: dict[str, str] = {}
    while True:
        answer = call(**given, **token)
        yield from answer.get(key, ())
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def chunks(items: Sequence[str], length: int) -> Iterator[Sequence[str]]:
    """Cut a list into pieces that one call takes."""
    for start in range(0, len(items), length):
        yield items[start : start + length]


def _read_scalable_target(item: Mapping[str, Any]) -> Native:
    state = item.get("SuspendedState") or {}
    return Native(
        item["ResourceId"],
        item["ScalableDimension"],
        item["MinCapacity"],
        item["MaxCapacity"],
        {part: SUSPENDED if state.get(flag) else ACTIVE for part, flag in FLAGS.items()},
    )


def _read_groups(clients: Clients, names: Sequence[str]) -> Iterator[Native]:
    client = clients.get("autoscaling")
    groups = pages(
        client.describe_auto_scaling_groups, "AutoScalingGroups", AutoScalingGroupNames=list(names)
    )
    for group in groups:
        name = group["AutoScalingGroupName"]
        policies = pages(client.describe_policies, "ScalingPolicies", AutoScalingGroupName=name)
        actions = pages(
            client.describe_scheduled_actions,
            "ScheduledUpdateGroupActions",
            AutoScalingGroupName=name,
        )
        if not (next(policies, None) or next(actions, None)):
            continue
        held = {each["ProcessName"] for each in group.get("SuspendedProcesses", ())}
        state = {part: SUSPENDED if each in held else ACTIVE for part, each in GROUP_FLAGS.items()}
        yield Native(f"{GROUP}{name}", "", group["MinSize"], group["MaxSize"], state)
