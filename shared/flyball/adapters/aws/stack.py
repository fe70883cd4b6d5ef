"""Where is what a deployment made: which tables, topic and queues?

Source: AWS CloudFormation API Reference, DescribeStacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flyball.adapters.aws.clients import Clients, error_code, error_message

PREFIX = "flyball"


class StackError(Exception):
    """A deployment cannot be found; the message says what was looked for and the remedy."""


class Stack(NamedTuple):
    """What a deployment made.

    Attributes:
        targets_table: The table of scalable targets.
        ledger_table: The append-only one.
        alarm_topic: The ARN of the topic that alarms notify; "": EventBridge finds them by name.
        alarm_prefix: First part of alarms' names.
        dead_queue: The URL of the dead-letter queue; "": not known.
        mode: advise: its functions change nothing, whatever the configs say; "": as these say.
        endpoint_names: Pattern of the endpoints that its functions may scale.
        component_names: Likewise of inference components.
        group_names: Likewise of EC2 Auto Scaling groups.
        resource_tag: Value of the tag `flyball` that a resource must bear to be scaled; "": none.
        name: The CloudFormation stack's; "": it was not asked.
    """

    targets_table: str
    ledger_table: str
    alarm_topic: str = ""
    alarm_prefix: str = PREFIX
    dead_queue: str = ""
    mode: str = ""
    endpoint_names: str = "*"
    component_names: str = "*"
    group_names: str = "*"
    resource_tag: str = ""
    name: str = ""


OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "targets_table": ("TargetsTable", "TargetsTableName"),
    "ledger_table": ("LedgerTable", "LedgerTableName"),
    "alarm_topic": ("AlarmTopic", "AlarmTopicArn"),
    "alarm_prefix": ("AlarmPrefix",),
    "dead_queue": ("DeadWakesQueue", "DeadQueue"),
    "mode": ("Mode",),
    "endpoint_names": ("EndpointNames",),
    "component_names": ("ComponentNames",),
    "group_names": ("GroupNames",),
    "resource_tag": ("ResourceTag",),
}
"""By field, what the template may call it among its outputs or parameters."""


def read_stack(clients: Clients, name: str) -> Stack:
    """Read a CloudFormation stack's outputs, and parameters where it puts out nothing.

    Raises:
        StackError: There is no such stack, or it lacks an output.
    """
    try:
        (found,) = clients.get("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except Exception as error:
        if error_code(error) != "ValidationError":
            raise
        raise StackError(
            f"stack {name}: {error_message(error)}; deploy it (`sam deploy`), name yours with "
            "--stack, or set FLYBALL_TARGETS_TABLE and FLYBALL_LEDGER_TABLE"
        ) from error
    outputs = {
        each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", ())
    }
    outputs |= {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
    given = {}
    for field, keys in OUTPUTS.items():
        value = next((outputs[key] for key in keys if outputs.get(key)), "")
        if value:
            given[field] = value
    missing = [OUTPUTS[field][0] for field in Stack._fields[:2] if field not in given]
    if missing:
        raise StackError(
            f"stack {name}: it has no output {' or '.join(missing)}; is it Flyball's? Deploy this "
            "version's template, or set FLYBALL_TARGETS_TABLE and FLYBALL_LEDGER_TABLE"
        )
    return Stack(**given, name=name)
