"""How is EC2 Auto Scaling heard where no engine here tells it: warm-up, weights, refusals?

moto neither keeps a warm-up nor records activities, and refuses nothing. So the real client gets
its answers from the SDK's own stub, which holds each to the service model, and fails on any other
call.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.stub import ANY, Stubber

from flyball.adapters.aws.clients import Clients
from tests.rig import T0

ZONE = "eu-central-1a"
FIRST = 0x0123456789ABCDEF0


@cache
def _clients() -> Clients:
    clients = Clients("eu-central-1")
    clients.get("autoscaling")
    clients.get("application-autoscaling")
    return clients


class Script:
    """What the services will answer, in order."""

    def __init__(self) -> None:
        self.clients = _clients()
        self._stubs = {
            name: Stubber(self.clients.get(name))
            for name in ("autoscaling", "application-autoscaling")
        }
        for stub in self._stubs.values():
            stub.activate()

    def answer(
        self,
        operation: str,
        answer: Mapping[str, Any],
        expected: Mapping[str, Any] | None = None,
        service: str = "autoscaling",
    ) -> None:
        """Let the next call be this one, and answer it."""
        self._stubs[service].add_response(operation, dict(answer), expected)

    def refuse(self, operation: str, code: str, message: str, status: int = 400) -> None:
        """Let the next call be this one, and refuse it."""
        self._stubs["autoscaling"].add_client_error(operation, code, message, status)

    def end(self) -> None:
        """Expect that every call was made."""
        for stub in self._stubs.values():
            stub.deactivate()
            stub.assert_no_pending_responses()

    def show(self, *groups: Mapping[str, Any]) -> None:
        """Let the next call describe these groups."""
        self.answer("describe_auto_scaling_groups", {"AutoScalingGroups": list(groups)})

    def show_nobody(self) -> None:
        """Let nobody else scale the group."""
        self.answer("describe_policies", {"ScalingPolicies": []})
        self.answer("describe_scheduled_actions", {"ScheduledUpdateGroupActions": []})

    def show_activities(self, *activities: Mapping[str, Any], since: object = ANY) -> None:
        """Let the next call tell of these activities; it must ask for those since an instant."""
        bound = {"Name": "StartTimeLowerBound", "Values": [since]}
        expected = {"AutoScalingGroupName": "workers", "Filters": [bound], "MaxRecords": 100}
        self.answer("describe_scaling_activities", {"Activities": list(activities)}, expected)


def instance(number: int, state: str = "InService", **fields: Any) -> dict[str, Any]:
    """Make an instance of a group."""
    made = {
        "InstanceId": name(number),
        "AvailabilityZone": ZONE,
        "LifecycleState": state,
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
    }
    return made | fields


def name(number: int) -> str:
    """Name an instance by its number."""
    return f"i-{FIRST + number:017x}"


def group(*instances: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Make a group that wants as many instances as it has, of 1 to 10."""
    made = {
        "AutoScalingGroupName": "workers",
        "MinSize": 1,
        "MaxSize": 10,
        "DesiredCapacity": len(instances),
        "DefaultCooldown": 300,
        "AvailabilityZones": [ZONE],
        "HealthCheckType": "EC2",
        "CreatedTime": T0,
        "Instances": [dict(each) for each in instances],
    }
    return made | fields


def failure(words: str, began: datetime, **fields: Any) -> dict[str, Any]:
    """Make a launch activity that failed; it has no instance."""
    made: dict[str, Any] = {
        "ActivityId": "a-none",
        "AutoScalingGroupName": "workers",
        "Description": f"Launching a new EC2 instance.  Status Reason: {words}",
        "Cause": "a change",
        "StartTime": began,
        "EndTime": began,
        "StatusCode": "Failed",
        "StatusMessage": words,
    }
    return made | fields


def launch(number: int, ended: datetime | None, what: str = "Launching a new") -> dict[str, Any]:
    """Make a launch activity."""
    made: dict[str, Any] = {
        "ActivityId": f"a-{number}",
        "AutoScalingGroupName": "workers",
        "Description": f"{what} EC2 instance: {name(number)}",
        "Cause": "a change",
        "StartTime": T0,
        "StatusCode": "Successful" if ended is not None else "WaitingForInstanceWarmup",
    }
    return made if ended is None else made | {"EndTime": ended}
