"""How many instances has an EC2 Auto Scaling group, and what bounds a change of it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flyball.adapters.aws.answer import (
    Answer,
    join,
    read_capacity,
    read_list,
    read_pages,
    read_text,
)
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
        groups = read_pages(
            client.describe_auto_scaling_groups,
            "AutoScalingGroups",
            AutoScalingGroupNames=list(names[start : start + NAMES_LIMIT]),
            MaxRecords=NAMES_LIMIT,
        )
        found.update((read_text(group, "AutoScalingGroupName"), group) for group in groups)
    return found


def read_group(
    group: Answer, resource: Group, warmups: Warmups, now: datetime
) -> Capacity | Missing:
    """Read a group's capacity: ready is what is in service, healthy, and past its warm-up.

    Instances in standby, or on their way in or out, count in desired where the group says so, and
    never as in service. Where instances have weights, all numbers are in units, as the group's own
    are. Its bounds are the capacity's, and a launch that found no machine while some lack is a
    shortage.
    """
    instances, desired = read_list(group, "Instances"), group.get("DesiredCapacity")
    serving = [each for each in instances if _serves(each)]
    coming = [each for each in instances if _state(each).startswith("Pending")]
    lacks = isinstance(desired, int) and desired > _count(serving) + _count(coming)
    launches = warmups.find(group, serving, now, lacks=lacks)
    warming = [each for each in serving if read_text(each, "InstanceId") in launches.warming]
    status = read_text(group, "Status")  # set only while the group is being deleted
    capacity = read_capacity(
        name_resource(resource),
        desired,
        _count(serving) - _count(warming),
        Status.BUSY if status else Status.IN_SERVICE,
        (
            status or IN_SERVICE,
            _tell_instances(instances, launches.warming),
            _tell_suspended(read_suspended(group)),
            launches.remark,
        ),
    )
    if isinstance(capacity, Missing):
        return capacity
    return capacity._replace(
        warming=_count(warming),
        least=_read_bound(group, "MinSize"),
        most=_read_bound(group, "MaxSize"),
        short=launches.is_short,
    )


def read_suspended(group: Answer) -> frozenset[str]:
    """Read which of a group's processes are suspended."""
    found = read_list(group, "SuspendedProcesses")
    return frozenset(read_text(each, "ProcessName") for each in found)


def set_group(clients: Clients, group: Answer, resource: Group, count: int) -> Outcome:
    """Set a group's desired capacity at once, whatever the group's own cooldown.

    A number outside the group's bounds would be refused; so it is not sent, and the outcome says
    which bound was moved. The bounds of the last look held it inside, so the next look's will.

    Raises:
        Exception: It may have landed.
    """
    least, most = _read_bound(group, "MinSize"), _read_bound(group, "MaxSize")
    if most is not None and count > most:
        remedy = "raise the group's MaxSize, or lower max_capacity"
        detail = f"not sent: {count} is above the group's MaxSize, by now {most}; {remedy}"
        return Outcome(OutcomeKind.ABORTED, detail)
    if least is not None and count < least:
        remedy = "lower the group's MinSize, or raise min_capacity"
        detail = f"not sent: {count} is below the group's MinSize, by now {least}; {remedy}"
        return Outcome(OutcomeKind.ABORTED, detail)
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


def _state(instance: Answer) -> str:
    return read_text(instance, "LifecycleState")


def _read_bound(group: Answer, field: str) -> int | None:
    """Read one of the group's own bounds; None where the answer has none."""
    bound = group.get(field)
    return bound if isinstance(bound, int) and not isinstance(bound, bool) else None


def _count(instances: Sequence[Answer]) -> int:
    """Count the units of instances."""
    return sum(_weigh(each) for each in instances)


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
