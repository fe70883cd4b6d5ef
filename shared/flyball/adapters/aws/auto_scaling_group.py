"""How many instances has an EC2 Auto Scaling group, and what bounds a change of it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flyball.adapters.aws.answer import Answer, join, read_capacity, read_list, read_text
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.resource import Group, name_resource
from flyball.adapters.aws.send import send
from flyball.adapters.aws.warmup import Warmups
from flyball.core.model import Capacity, Missing, Status
from flyball.ports import Outcome, OutcomeKind

NAMES_LIMIT = 50
"""Groups in one DescribeAutoScalingGroups."""
IN_SERVICE = "InService"


def fetch_groups(clients: Clients, names: Sequence[str]) -> dict[str, Answer]:
    """Ask for groups by name, in as few calls as the service allows.

    Returns:
        Those that exist.

    Raises:
        botocore.exceptions.ClientError: It was refused.
    """
    client = clients.get("autoscaling")
    found: dict[str, Answer] = {}
    for start in range(0, len(names), NAMES_LIMIT):
        part = list(names[start : start + NAMES_LIMIT])
        answer = client.describe_auto_scaling_groups(
            AutoScalingGroupNames=part, MaxRecords=NAMES_LIMIT
        )
        for group in read_list(answer, "AutoScalingGroups"):
            found[read_text(group, "AutoScalingGroupName")] = group
    return found


def read_group(
    group: Answer, resource: Group, warmups: Warmups, now: datetime
) -> Capacity | Missing:
    """Read a group's capacity: ready is what is in service, healthy, and past its warm-up.

    Instances that are warming up, in standby, or on their way in or out count in desired where the
    group says so, and never in ready. Where instances have weights, all numbers are in units, as
    the group's own are.
    """
    serving = [each for each in read_list(group, "Instances") if _serves(each)]
    warming, remark = warmups.find(group, serving, now)
    warm = [each for each in serving if read_text(each, "InstanceId") not in warming]
    status = read_text(group, "Status")  # set only while the group is being deleted
    return read_capacity(
        name_resource(resource),
        group.get("DesiredCapacity"),
        sum(_weigh(each) for each in warm),
        Status.BUSY if status else Status.IN_SERVICE,
        (
            status or IN_SERVICE,
            _tell_instances(read_list(group, "Instances"), warming),
            _tell_suspended(read_suspended(group)),
            remark,
        ),
    )


def read_suspended(group: Answer) -> frozenset[str]:
    """Read which of a group's processes are suspended."""
    found = read_list(group, "SuspendedProcesses")
    return frozenset(read_text(each, "ProcessName") for each in found)


def set_group(clients: Clients, group: Answer, resource: Group, count: int) -> Outcome:
    """Set a group's desired capacity at once, whatever the group's own cooldown.

    A number outside the group's bounds would be refused; so it is not sent, and the outcome says
    which bound is to be moved. Above MaxSize it counts as a quota: the most that is granted is
    known, and wanting more is not hidden.

    Raises:
        Exception: It may have landed.
    """
    least, most = group.get("MinSize"), group.get("MaxSize")
    if isinstance(most, int) and count > most:
        remedy = "raise the group's MaxSize, or lower max_capacity"
        detail = f"not sent: {count} is above the group's MaxSize of {most}; {remedy}"
        return Outcome(OutcomeKind.QUOTA_EXCEEDED, detail, most)
    if isinstance(least, int) and count < least:
        remedy = "lower the group's MinSize, or raise min_capacity"
        detail = f"not sent: {count} is below the group's MinSize of {least}; {remedy}"
        return Outcome(OutcomeKind.FAILED, detail)
    outcome = send(
        clients,
        "autoscaling",
        "set_desired_capacity",
        "",
        count,
        AutoScalingGroupName=resource.auto_scaling_group,
        DesiredCapacity=count,
        HonorCooldown=False,
    )
    if outcome.kind is OutcomeKind.APPLIED:
        return outcome._replace(detail=join((_tell_held(group, count), outcome.detail)))
    return outcome


def _serves(instance: Answer) -> bool:
    healthy = read_text(instance, "HealthStatus").lower() != "unhealthy"
    return healthy and instance.get("LifecycleState") == IN_SERVICE


def _weigh(instance: Answer) -> int:
    """Say how many units an instance counts for."""
    weight = read_text(instance, "WeightedCapacity")
    return int(weight) if weight.isdecimal() else 1


def _tell_instances(instances: list[Answer], warming: frozenset[str]) -> str:
    """Say what is there beside the instances that count."""
    states = [read_text(each, "LifecycleState") for each in instances]
    unhealthy = sum(
        read_text(each, "HealthStatus").lower() == "unhealthy"
        and each.get("LifecycleState") == IN_SERVICE
        for each in instances
    )
    counts = (
        (len(warming), "warming up"),
        (sum(state.startswith("Pending") for state in states), "pending"),
        (sum(state in ("EnteringStandby", "Standby") for state in states), "in standby"),
        (sum(state.startswith("Terminating") for state in states), "terminating"),
        (unhealthy, "unhealthy"),
        (_count_protected(instances), "protected from scale-in"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _count_protected(instances: list[Answer]) -> int:
    """Count the units in service that scale-in leaves alone."""
    return sum(
        _weigh(each)
        for each in instances
        if each.get("ProtectedFromScaleIn") is True and each.get("LifecycleState") == IN_SERVICE
    )


def _tell_suspended(suspended: frozenset[str]) -> str:
    """Say which processes that carry a change out are suspended."""
    return ", ".join(
        f"{each} is suspended" for each in ("Launch", "Terminate") if each in suspended
    )


def _tell_held(group: Answer, count: int) -> str:
    """Say why a change that was accepted will not come about, as far as that is known."""
    desired, suspended = group.get("DesiredCapacity") or 0, read_suspended(group)
    protected = _count_protected(read_list(group, "Instances"))
    if count > desired and "Launch" in suspended:
        return "accepted, but Launch is suspended: no instance comes until it is resumed"
    if count < desired and "Terminate" in suspended:
        return "accepted, but Terminate is suspended: no instance goes until it is resumed"
    if count < desired and count < protected:
        return (
            f"accepted, but {protected} in service are protected from scale-in: "
            "they stay until their protection is removed"
        )
    return ""
