"""Which instances of an EC2 Auto Scaling group are still warming up?

A group's instances do not say since when they are in service; its activities do. They are asked
only while some instance is not known to be warm: once warm, it stays so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from flyball.adapters.aws.answer import Answer, read_list, read_text
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.refusal import tell

LONGEST_LAUNCH = timedelta(hours=1)
"""From the start of a launch to in service, lifecycle hooks included: their default limit."""
PAGES_LIMIT = 5
"""Of 100 activities each."""

_LAUNCHED = re.compile(r"^(?:Launching|Attaching)\b.*?\b(i-[0-9a-f]+)\b")


class Warmups:
    """Finds instances that are warming up, and remembers those that are warm."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._warm: dict[str, frozenset[str]] = {}

    def find(
        self, group: Answer, serving: Sequence[Answer], now: datetime
    ) -> tuple[frozenset[str], str]:
        """Find the instances in service whose warm-up is not over.

        Args:
            group: As DescribeAutoScalingGroups gives it, with its DefaultInstanceWarmup.
            serving: Its instances in service.
            now: Aware UTC.

        Returns:
            Their ids, and a remark where they could not be told: then all count as warm.

        Source: Amazon EC2 Auto Scaling User Guide, "Set the default instance warmup": it begins
            when an instance reaches InService, which is when its launch activity ends.
        """
        warmup = timedelta(seconds=group.get("DefaultInstanceWarmup") or 0)
        name = read_text(group, "AutoScalingGroupName")
        ids = frozenset(read_text(each, "InstanceId") for each in serving)
        if warmup <= timedelta() or not ids - self._warm.get(name, frozenset()):
            return frozenset(), ""
        try:
            activities = self._ask(name, now - warmup - LONGEST_LAUNCH)
        except Exception as error:  # noqa: BLE001  (an estimate must not blind the look)
            return frozenset(), f"which instances warm up is not known ({tell(error)})"
        warming = {
            launched
            for launched, ended in (_read_launch(each) for each in activities)
            if launched in ids and (ended is None or ended + warmup > now)
        }
        self._warm[name] = ids - warming
        return frozenset(warming), ""

    def _ask(self, name: str, since: datetime) -> list[Answer]:
        """Ask for the group's activities that began after an instant."""
        client = self._clients.get("autoscaling")
        bound = {"Name": "StartTimeLowerBound", "Values": [since.strftime("%Y-%m-%dT%H:%M:%SZ")]}
        arguments = {"AutoScalingGroupName": name, "Filters": [bound], "MaxRecords": 100}
        activities: list[Answer] = []
        for _ in range(PAGES_LIMIT):
            answer = client.describe_scaling_activities(**arguments)
            activities += read_list(answer, "Activities")
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
        return activities


def _read_launch(activity: Answer) -> tuple[str, datetime | None]:
    """Read which instance an activity launched, "" for none, and when it was in service."""
    found = _LAUNCHED.match(read_text(activity, "Description"))
    ended = activity.get("EndTime")
    return found[1] if found else "", ended if isinstance(ended, datetime) else None
