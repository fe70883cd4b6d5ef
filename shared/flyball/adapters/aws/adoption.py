"""Which scaling has an account's own set-up, in the words that flyball.yaml takes over?

What flyball.yaml has no words for is left out, each time with the reason.

Source: Application Auto Scaling API Reference, DescribeScalableTargets, DescribeScalingPolicies,
DescribeScheduledActions; Amazon CloudWatch API Reference, DescribeAlarms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.handover import SAGEMAKER, list_scalable_targets, pages
from flyball.plan.adoption import Adopted, Adoption, LeftOut, choose_names

DIMENSIONS: Mapping[str, str] = {
    "sagemaker:variant:DesiredInstanceCount": "variant",
    "sagemaker:inference-component:DesiredCopyCount": "inference_component",
}
CALLING, OTHERS = "AlarmActions", {"OKActions": "OK", "InsufficientDataActions": "without data"}
"""The actions that are a breach's, and those of other states."""
MISSING = "missing"
"""How Flyball takes missing data: as evidence of nothing."""
GONE = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})
KINDS: Mapping[str, str] = {
    "inference_component": "component",
    "auto_scaling_group": "group",
    "endpoint": "endpoint",
}
"""By what of a resource it is called, and what that is."""
POLICY_KEYS = (
    "PolicyName",
    "PolicyType",
    "TargetTrackingScalingPolicyConfiguration",
    "StepScalingPolicyConfiguration",
)
ACTION_KEYS = (
    "ScheduledActionName",
    "Schedule",
    "Timezone",
    "StartTime",
    "EndTime",
    "ScalableTargetAction",
)
ALARM_KEYS = (
    "Threshold",
    "ComparisonOperator",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Period",
    "Namespace",
    "MetricName",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Unit",
    "Metrics",
)


def adopt(
    clients: Clients,
    endpoints: Sequence[str] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> Adoption:
    """Read SageMaker's native scaling; of these endpoints, or of all.

    Raises:
        botocore.exceptions.ClientError: It may not be read.
    """
    client = clients.get("application-autoscaling")
    registered: list[tuple[dict[str, Any], dict[str, str]]] = []
    left_out: list[LeftOut] = []
    for item in list_scalable_targets(clients):
        resource = _read_resource(clients, item)
        if isinstance(resource, LeftOut):
            left_out.append(resource)
        elif not endpoints or resource.get("endpoint") in endpoints:
            registered.append((item, resource))
        advance(1)
    found = {resource.get("endpoint") for _, resource in registered}
    left_out += [
        LeftOut(f"endpoint {name}", "native scaling is not registered for it")
        for name in endpoints
        if name not in found
    ]
    policies = _by_resource(client.describe_scaling_policies, "ScalingPolicies")
    actions = _by_resource(client.describe_scheduled_actions, "ScheduledActions")
    ids = {item["ResourceId"] for item, _ in registered}
    alarms = _read_alarms(
        clients, [policy for each in ids for policy in policies.get(each, ()) if _is_step(policy)]
    )
    names = name_all([resource for _, resource in registered])
    adopted = [
        _adopt_one(name, item, resource, policies.get(item["ResourceId"], ()), actions, alarms)
        for name, (item, resource) in zip(names, registered, strict=True)
    ]
    return Adoption(tuple(sorted(adopted, key=lambda each: each.id)), tuple(left_out))


def _read_alarms(
    clients: Clients, policies: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Read the metric alarms that call these policies, by the policy's ARN."""
    return {arn: list(read_callers(clients, arn)) for arn in (p["PolicyARN"] for p in policies)}


def read_callers(clients: Clients, arn: str) -> Iterator[dict[str, Any]]:
    """Read the alarms of one policy; those of another whose name begins with its name are not."""
    call = clients.get("cloudwatch").describe_alarms
    for alarm in pages(call, "MetricAlarms", ActionPrefix=arn):
        if any(arn in alarm.get(key, ()) for key in (CALLING, *OTHERS)):
            yield alarm


def _is_step(policy: Mapping[str, Any]) -> bool:
    return bool(policy.get("StepScalingPolicyConfiguration"))


def _by_resource(call: Any, key: str) -> dict[str, list[dict[str, Any]]]:  # noqa: ANN401  (the SDK's)
    found: dict[str, list[dict[str, Any]]] = {}
    for item in pages(call, key, ServiceNamespace=SAGEMAKER):
        found.setdefault(item["ResourceId"], []).append(item)
    return found


def _read_resource(clients: Clients, item: Mapping[str, Any]) -> dict[str, str] | LeftOut:
    kind = DIMENSIONS.get(item["ScalableDimension"])
    parts = item["ResourceId"].split("/")
    match kind, parts:
        case "variant", ["endpoint", endpoint, "variant", variant]:
            return {"endpoint": endpoint, "variant": variant}
        case "inference_component", ["inference-component", name]:
            return _read_component(clients, item["ResourceId"], name)
    reason = (
        f"{item['ScalableDimension']} is not a count of instances or copies that Flyball scales"
    )
    return LeftOut(item["ResourceId"], reason)


def _read_component(clients: Clients, resource_id: str, name: str) -> dict[str, str] | LeftOut:
    """Find a component's endpoint; one may be deleted, and its registration stay."""
    client = clients.get("sagemaker")
    try:
        found = client.describe_inference_component(InferenceComponentName=name)
    except Exception as error:
        if error_code(error) not in GONE:
            raise
        return LeftOut(resource_id, f"it cannot be described: {error_message(error)}")
    return {"inference_component": name, "endpoint": found["EndpointName"]}


def name_all(resources: Sequence[Mapping[str, str]]) -> list[str]:
    """Name each by its own name, by more of what it is where another has that, or by a number."""
    return choose_names([_name_forms(each) for each in resources])


def _name_forms(resource: Mapping[str, str]) -> tuple[str, ...]:
    key = next(each for each in KINDS if each in resource)
    whole = "-".join(resource.values())
    return resource[key], whole, f"{KINDS[key]}-{whole}"


def _adopt_one(
    name: str,
    item: Mapping[str, Any],
    resource: Mapping[str, str],
    policies: Iterable[Mapping[str, Any]],
    actions: Mapping[str, Sequence[Mapping[str, Any]]],
    alarms: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Adopted:
    taken: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    remarks: list[str] = []
    for policy in policies:
        if policy["ScalableDimension"] != item["ScalableDimension"]:
            continue
        if policy.get("TargetTrackingScalingPolicyConfiguration"):
            taken.append(_trim(policy, POLICY_KEYS))
        elif _is_step(policy):
            taken += adopt_steps(policy, alarms[policy["PolicyARN"]], left_out, remarks)
        else:
            reason = f"{policy.get('PolicyType')} is not understood"
            left_out.append(LeftOut(f"policy {policy['PolicyName']}", reason))
    for action in actions.get(item["ResourceId"], ()):
        taken.append(_trim(action, ACTION_KEYS))
    state = item.get("SuspendedState") or {}
    held = sorted(key.removesuffix("Suspended") for key, is_ in state.items() if is_)
    if actions.get(item["ResourceId"]):
        remarks.append("Bounds are as they were when read; a scheduled action may have moved them.")
    if held:
        remarks.append(f"Native scaling was suspended when this was read: {', '.join(held)}.")
    return Adopted(
        name, dict(resource), item["MinCapacity"], item["MaxCapacity"], taken, left_out, remarks
    )


def adopt_steps(
    policy: Mapping[str, Any],
    alarms: Sequence[Mapping[str, Any]],
    left_out: list[LeftOut],
    remarks: list[str],
) -> Iterator[dict[str, Any]]:
    """Give a step policy once for each alarm whose breach calls it: the threshold is the alarm's.

    Args:
        policy: Its Application Auto Scaling form, with its ARN.
        alarms: Whatever has it among its actions, in any state.
        left_out: Told which of them do not call it as Flyball would.
        remarks: Told where Flyball takes something otherwise.
    """
    name = policy["PolicyName"]
    if not alarms:
        reason = "no metric alarm calls it, and its threshold would be the alarm's"
        left_out.append(LeftOut(f"policy {name}", reason))
    count = 0
    for alarm in sorted(alarms, key=lambda each: str(each["AlarmName"])):
        reasons = list(_find_reasons(alarm, policy["PolicyARN"]))
        who = f"policy {name} by alarm {alarm['AlarmName']}"
        left_out += [LeftOut(who, each.text) for each in reasons]
        if any(each.forbids for each in reasons):
            continue
        missing = alarm.get("TreatMissingData") or MISSING
        if missing != MISSING:
            remarks.append(
                f"Alarm {alarm['AlarmName']} takes missing data as {missing}; Flyball takes it as "
                "evidence of nothing."
            )
        count += 1
        own = {} if count == 1 else {"PolicyName": f"{name}-{count}"}
        yield {**_trim(policy, POLICY_KEYS), **own, "alarm": _trim(alarm, ALARM_KEYS)}


class _Reason(NamedTuple):
    """Why a call is not taken over; whether it forbids the alarm's breach too."""

    text: str
    forbids: bool = True


def _find_reasons(alarm: Mapping[str, Any], arn: str) -> Iterator[_Reason]:
    """Say which calls of a policy by an alarm are none of a breach, or none at all."""
    if not alarm.get("ActionsEnabled", True):
        yield _Reason("its actions are switched off, so it calls nothing")
        return
    calls = arn in alarm.get(CALLING, ())
    for key, state in OTHERS.items():
        if arn in alarm.get(key, ()):
            yield _Reason(
                f"it calls it when it is {state}, and Flyball acts on a breach", not calls
            )
    if calls and alarm.get("ThresholdMetricId"):
        yield _Reason("an anomaly detector sets its threshold, and Flyball has none")


def _trim(item: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Keep what counts, in the order of the keys."""
    return {key: plain_json(item[key]) for key in keys if item.get(key) not in (None, [], {})}


def plain_json(value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """Turn what the SDK gives into plain JSON without nulls; whole numbers are whole."""
    if isinstance(value, Mapping):
        return {key: plain_json(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain_json(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value
