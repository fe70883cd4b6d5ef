"""Which scaling has an EC2 Auto Scaling group of its own, in words that flyball.yaml takes over?

Groups speak another dialect than Application Auto Scaling: simple policies, five-field cron, names
of predefined metrics. What has the same meaning is translated; the rest is left out with a reason.

Source: Amazon EC2 Auto Scaling API Reference, ScalingPolicy, ScheduledUpdateGroupAction and
PredefinedMetricSpecification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flyball.adapters.aws.adoption import Adopted, LeftOut, adopt_steps, plain_json, read_callers
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.handover import pages

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
    groups = list(pages(call, "AutoScalingGroups", AutoScalingGroupNames=list(names)))
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
    for policy in pages(client.describe_policies, "ScalingPolicies", AutoScalingGroupName=name):
        taken += _adopt_policy(clients, name, policy, left_out)
    call = client.describe_scheduled_actions
    for action in pages(call, "ScheduledUpdateGroupActions", AutoScalingGroupName=name):
        taken += _adopt_action(action, left_out)
    held = sorted(each["ProcessName"] for each in group.get("SuspendedProcesses", ()))
    remarks = [f"Suspended when this was read: {', '.join(held)}."] if held else []
    resource = {"auto_scaling_group": name}
    return Adopted(name, resource, group["MinSize"], group["MaxSize"], taken, left_out, remarks)


def _adopt_policy(
    clients: Clients, group: str, policy: Mapping[str, Any], left_out: list[LeftOut]
) -> Iterator[dict[str, Any]]:
    kind, name = policy.get("PolicyType", "SimpleScaling"), policy["PolicyName"]
    if not policy.get("Enabled", True):
        left_out.append(LeftOut(f"policy {name}", "it is switched off"))
    elif kind == "TargetTrackingScaling":
        yield from _adopt_tracking(group, policy, left_out)
    elif kind in {"StepScaling", "SimpleScaling"}:
        alarms = list(read_callers(clients, policy["PolicyARN"]))
        for alarm in alarms or [{}]:
            steps = {"StepScalingPolicyConfiguration": _steps(policy, alarm)}
            yield from adopt_steps(
                {"PolicyName": name, "PolicyType": "StepScaling", **steps},
                [alarm] if alarm else [],
                left_out,
            )
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
    yield plain_json(
        {
            "ScheduledActionName": name,
            "Schedule": schedule,
            "Timezone": action.get("TimeZone"),
            "StartTime": action.get("StartTime") if action.get("Recurrence") else None,
            "EndTime": action.get("EndTime"),
            "ScalableTargetAction": bounds,
        }
    )


def _schedule(action: Mapping[str, Any]) -> str:
    if action.get("Recurrence"):
        return translate_cron(action["Recurrence"])
    if action.get("StartTime") is None:
        raise ValueError("it has neither a recurrence nor a start")
    return f"at({action['StartTime']:%Y-%m-%dT%H:%M:%S})"
