"""Which scaling has an EC2 Auto Scaling group of its own, in words that flyball.yaml takes over?

Groups speak another dialect than Application Auto Scaling: simple policies, five-field cron, names
of predefined metrics. What has the same meaning is translated; the rest is left out with a reason.

Source: Amazon EC2 Auto Scaling API Reference, ScalingPolicy, ScheduledUpdateGroupAction and
PredefinedMetricSpecification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from flyball.adapters.aws.adoption import (
    adopt,
    adopt_steps,
    name_all,
    plain_json,
    read_callers,
)
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.handover import AT_ONCE, chunks, pages
from flyball.plan.adoption import Adopted, Adoption, LeftOut

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
CRON_FIELDS = 5
EVERY = "*"
COOLDOWN_S = 300


class Known(NamedTuple):
    """A predefined metric of groups."""

    namespace: str
    name: str
    statistic: str


PREDEFINED: Mapping[str, Known] = {
    "ASGAverageCPUUtilization": Known("AWS/EC2", "CPUUtilization", "Average"),
    "ASGAverageNetworkIn": Known("AWS/EC2", "NetworkIn", "Average"),
    "ASGAverageNetworkOut": Known("AWS/EC2", "NetworkOut", "Average"),
}


def adopt_all(
    clients: Clients,
    endpoints: Sequence[str] = (),
    groups: Sequence[str] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> Adoption:
    """Read the scaling of these endpoints and groups; of nothing named, all of SageMaker's.

    Raises:
        botocore.exceptions.ClientError: It may not be read.
    """
    found, gone = adopt_groups(clients, groups)
    if groups and not endpoints:
        return Adoption(tuple(found), tuple(gone))
    sagemaker = adopt(clients, endpoints, advance)
    targets = (*sagemaker.targets, *found)
    names = name_all([each.resource for each in targets])
    named = [each._replace(id=name) for each, name in zip(targets, names, strict=True)]
    return Adoption(tuple(named), (*sagemaker.left_out, *gone))


def adopt_groups(clients: Clients, names: Sequence[str]) -> tuple[list[Adopted], list[LeftOut]]:
    """Read the scaling of these groups.

    Returns:
        What was found, and which are not there.

    Raises:
        botocore.exceptions.ClientError: It may not be read.
    """
    if not names:
        return [], []
    call = clients.get("autoscaling").describe_auto_scaling_groups
    groups = [
        group
        for some in chunks(list(dict.fromkeys(names)), AT_ONCE)
        for group in pages(call, "AutoScalingGroups", AutoScalingGroupNames=list(some))
    ]
    found = {each["AutoScalingGroupName"] for each in groups}
    gone = [LeftOut(f"group {each}", "there is no such group") for each in names]
    return (
        [_adopt_group(clients, each) for each in groups],
        [each for name, each in zip(names, gone, strict=True) if name not in found],
    )


def translate_cron(recurrence: str) -> str:
    """Turn five-field cron into AWS's six fields, days by their names.

    Raises:
        ValueError: It has no such form: the message says why.
    """
    fields = recurrence.split()
    if len(fields) != CRON_FIELDS:
        message = f"{recurrence!r} has not five fields"
        raise ValueError(message)
    minute, hour, day, month, weekday = fields
    if EVERY not in (day, weekday):
        message = f"{recurrence!r} means either of two days, and AWS's cron has no word for that"
        raise ValueError(message)
    if weekday == EVERY:
        return f"cron({minute} {hour} {day} {month} ? *)"
    if "/" in weekday:
        message = f"{recurrence!r} steps over days of the week"
        raise ValueError(message)
    named = re.sub(r"\d+", lambda found: _name_day(int(found[0]), recurrence), weekday)
    return f"cron({minute} {hour} ? {month} {named.upper()} *)"


def _name_day(number: int, recurrence: str) -> str:
    if number >= len(DAYS):
        message = f"{recurrence!r} names a day {number}"
        raise ValueError(message)
    return DAYS[number]


def _adopt_group(clients: Clients, group: Mapping[str, Any]) -> Adopted:
    name = group["AutoScalingGroupName"]
    client = clients.get("autoscaling")
    taken: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    remarks: list[str] = []
    for policy in pages(client.describe_policies, "ScalingPolicies", AutoScalingGroupName=name):
        taken += _adopt_policy(clients, name, policy, left_out, remarks)
    call = client.describe_scheduled_actions
    for action in pages(call, "ScheduledUpdateGroupActions", AutoScalingGroupName=name):
        taken += _adopt_action(action, left_out)
    held = sorted(each["ProcessName"] for each in group.get("SuspendedProcesses", ()))
    remarks += [f"Suspended when this was read: {', '.join(held)}."] if held else []
    resource = {"auto_scaling_group": name}
    return Adopted(name, resource, group["MinSize"], group["MaxSize"], taken, left_out, remarks)


def _adopt_policy(
    clients: Clients,
    group: str,
    policy: Mapping[str, Any],
    left_out: list[LeftOut],
    remarks: list[str],
) -> Iterator[dict[str, Any]]:
    kind, name = policy.get("PolicyType", "SimpleScaling"), policy["PolicyName"]
    if not policy.get("Enabled", True):
        left_out.append(LeftOut(f"policy {name}", "it is switched off"))
    elif kind == "TargetTrackingScaling":
        yield from _adopt_tracking(group, policy, left_out)
    elif kind in {"StepScaling", "SimpleScaling"}:
        alarms = list(read_callers(clients, policy["PolicyARN"]))
        made: list[dict[str, Any]] = []
        for alarm in alarms or [{}]:
            steps = {"StepScalingPolicyConfiguration": _steps(policy, alarm)}
            known = {"PolicyName": name, "PolicyType": "StepScaling", **steps}
            arn = {"PolicyARN": policy["PolicyARN"]}
            made += adopt_steps({**known, **arn}, [alarm] if alarm else [], left_out, remarks)
        for number, each in enumerate(made, 1):
            yield each if number == 1 else {**each, "PolicyName": f"{name}-{number}"}
    else:
        left_out.append(LeftOut(f"policy {name}", f"{kind} is not understood"))


def _adopt_tracking(
    group: str, policy: Mapping[str, Any], left_out: list[LeftOut]
) -> Iterator[dict[str, Any]]:
    said = policy["TargetTrackingConfiguration"]
    metric = said.get("CustomizedMetricSpecification")
    if metric is None:
        wanted = said["PredefinedMetricSpecification"]["PredefinedMetricType"]
        known = PREDEFINED.get(wanted)
        if known is None:
            reason = f"{wanted} is not understood; write its metric as a customized one"
            left_out.append(LeftOut(f"policy {policy['PolicyName']}", reason))
            return
        metric = {
            "MetricName": known.name,
            "Namespace": known.namespace,
            "Statistic": known.statistic,
            "Dimensions": [{"Name": "AutoScalingGroupName", "Value": group}],
        }
    metric = {key: each for key, each in metric.items() if key != "Period"}
    yield {
        "PolicyName": policy["PolicyName"],
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": plain_json(
            {
                "TargetValue": said["TargetValue"],
                "CustomizedMetricSpecification": metric,
                "DisableScaleIn": said.get("DisableScaleIn", False),
            }
        ),
    }


def _steps(policy: Mapping[str, Any], alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Give a policy's steps; a simple one has one, on the side of its alarm's threshold."""
    below = str(alarm.get("ComparisonOperator", "")).startswith("Less")
    bound = "MetricIntervalUpperBound" if below else "MetricIntervalLowerBound"
    simple = [{bound: 0, "ScalingAdjustment": policy.get("ScalingAdjustment", 0)}]
    made = {
        "AdjustmentType": policy["AdjustmentType"],
        "StepAdjustments": policy.get("StepAdjustments") or simple,
        "MinAdjustmentMagnitude": policy.get("MinAdjustmentMagnitude"),
        "Cooldown": policy.get("Cooldown", COOLDOWN_S),
        "MetricAggregationType": policy.get("MetricAggregationType", "Average"),
    }
    found: dict[str, Any] = plain_json(made)
    return found


def _adopt_action(action: Mapping[str, Any], left_out: list[LeftOut]) -> Iterator[dict[str, Any]]:
    name = action["ScheduledActionName"]
    bounds = {
        ours: action[theirs]
        for ours, theirs in (("MinCapacity", "MinSize"), ("MaxCapacity", "MaxSize"))
        if action.get(theirs) is not None
    }
    if not bounds:
        reason = "it sets no bounds, and Flyball's policies set the capacity inside them"
        left_out.append(LeftOut(f"scheduled action {name}", reason))
        return
    try:
        schedule = _schedule(action)
    except ValueError as error:
        left_out.append(LeftOut(f"scheduled action {name}", str(error)))
        return
    if action.get("DesiredCapacity") is not None:
        what = f"desired capacity {action['DesiredCapacity']} of scheduled action {name}"
        left_out.append(LeftOut(what, "Flyball's policies set the capacity inside its bounds"))
    recurring = {"Timezone": "TimeZone", "StartTime": "StartTime", "EndTime": "EndTime"}
    again = recurring if action.get("Recurrence") else {}  # the zone is the recurrence's alone
    yield plain_json(
        {
            "ScheduledActionName": name,
            "Schedule": schedule,
            **{ours: action.get(theirs) for ours, theirs in again.items()},
            "ScalableTargetAction": bounds,
        }
    )


def _schedule(action: Mapping[str, Any]) -> str:
    if action.get("Recurrence"):
        return translate_cron(action["Recurrence"])
    if action.get("StartTime") is None:
        raise ValueError("it has neither a recurrence nor a start")
    return f"at({action['StartTime'].astimezone(UTC):%Y-%m-%dT%H:%M:%S})"
