"""Which instances of an EC2 Auto Scaling group still warm up, and do its launches find machines?

A group's instances do not say since when they are in service, nor why others do not come; its
activities do. They are asked only while some instance is not known to be warm (once warm, it stays
so), or fewer are there or on their way than are desired.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.adapters.aws.answer import Answer, join, read_some, read_text
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.refusal import DETAIL_LIMIT, is_shortage, tell

LONGEST_LAUNCH = timedelta(hours=1)
"""From the start of a launch to in service, lifecycle hooks included: their default limit."""
PAGES_LIMIT = 5
"""Of PAGE_LENGTH activities each."""
PAGE_LENGTH = 100
"""Source: Amazon EC2 Auto Scaling API Reference, DescribeScalingActivities: the most."""

FAILED = "Failed"
"""As an activity's StatusCode."""

_LAUNCHED = re.compile(r"^(?:Launching|Attaching)\b.*?\b(i-[0-9a-f]+)\b")


class Launches(NamedTuple):
    """What a group's activities tell of its launches.

    Attributes:
        warming: Ids of the instances in service that are not known to be warm.
        is_short: The newest launch found no machine.
        remark: For people; "" where all is well.
    """

    warming: frozenset[str] = frozenset()
    is_short: bool = False
    remark: str = ""


class Warmups:
    """Finds instances that are warming up, and remembers those that are warm."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._warm: dict[str, frozenset[str]] = {}

    def find(
        self, group: Answer, serving: Sequence[Answer], now: datetime, *, lacks: bool = False
    ) -> Launches:
        """Find the instances in service whose warm-up is not over, and whether machines lack.

        Args:
            group: As DescribeAutoScalingGroups gives it, with its DefaultInstanceWarmup.
            serving: Its instances in service.
            now: Aware UTC.
            lacks: Fewer instances are there, or on their way, than are desired.

        Returns:
            What is found. Where it cannot be asked, or there are too many activities to read them
            all, whoever is not known to be warm is warming: taking capacity away is what may not be
            done blindly.

        Source: Amazon EC2 Auto Scaling User Guide, "Set the default instance warmup": it begins
            when an instance reaches InService, which is when its launch activity ends.
        """
        warmup = timedelta(seconds=group.get("DefaultInstanceWarmup") or 0)
        name = read_text(group, "AutoScalingGroupName")
        ids = frozenset(read_text(each, "InstanceId") for each in serving)
        unknown = ids - self._warm.get(name, frozenset()) if warmup > timedelta() else frozenset()
        if not unknown and not lacks:
            return Launches()
        try:
            activities, is_whole = self._ask(name, now - warmup - LONGEST_LAUNCH)
        except Exception as error:  # noqa: BLE001  (what becomes of launches must not blind a look)
            return Launches(unknown, remark=f"the group's activities are not known ({tell(error)})")
        launches = [_read_launch(each) for each in activities]
        warming = {
            launched
            for launched, ended in launches
            if launched in unknown and (ended is None or ended + warmup > now)
        }
        unseen = frozenset() if is_whole else unknown - {launched for launched, _ in launches}
        self._warm[name] = ids - warming - unseen
        words = _read_failure(activities) if lacks else ""
        told = words and f"the newest launch failed: {words}"[:DETAIL_LIMIT]
        remark = join((_tell_unseen(len(unseen)), told))
        return Launches(unseen | warming, is_shortage(words), remark)

    def _ask(self, name: str, since: datetime) -> tuple[list[Answer], bool]:
        """Ask for the group's activities that began after an instant, and whether these are all."""
        client = self._clients.get("autoscaling")
        bound = {"Name": "StartTimeLowerBound", "Values": [since.strftime("%Y-%m-%dT%H:%M:%SZ")]}
        return read_some(
            client.describe_scaling_activities,
            "Activities",
            PAGES_LIMIT,
            AutoScalingGroupName=name,
            Filters=[bound],
            MaxRecords=PAGE_LENGTH,
        )


def _tell_unseen(count: int) -> str:
    """Tell of those that are held to be warming as their launches were not read."""
    most = PAGES_LIMIT * PAGE_LENGTH
    told = f"more than {most} activities: {count} of unknown launch are taken to be warming up"
    return told if count else ""


def _read_launch(activity: Answer) -> tuple[str, datetime | None]:
    """Read which instance an activity launched, "" for none, and when it was in service."""
    found = _LAUNCHED.match(read_text(activity, "Description"))
    ended = activity.get("EndTime")
    return found[1] if found else "", ended if isinstance(ended, datetime) else None


def _read_failure(activities: Sequence[Answer]) -> str:
    """Read why the newest launch failed; "" where it found a machine, or none is told of.

    One that still waits for a machine tells nothing; of several at once a failed one counts.
    """
    told = [
        (began, each.get("StatusCode") == FAILED, read_text(each, "StatusMessage"))
        for each in activities
        if isinstance(began := each.get("StartTime"), datetime) and _has_told(each)
    ]
    _, has_failed, words = max(told, default=(None, False, ""))
    return (words or FAILED) if has_failed else ""


def _has_told(activity: Answer) -> bool:
    """Say whether an activity is a launch that failed, or that found its machine."""
    if not read_text(activity, "Description").startswith("Launching"):
        return False
    return activity.get("StatusCode") == FAILED or bool(_read_launch(activity)[0])
