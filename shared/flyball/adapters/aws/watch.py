"""What do our CloudWatch alarms say? A call tells of a hundred; a metric is paid for one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.aws.alarms import AlarmError, define, is_same_condition
from flyball.adapters.aws.clients import Clients
from flyball.alarm import Alarm
from flyball.ports import AlarmState
from flyball.recipe import SourceError

NAMES_A_CALL = 100
"""DescribeAlarms takes no more names in one call."""
_STATES = {state.value: state for state in AlarmState}


class CloudWatchAlarms:
    """The states of alarms, by name.

    Args:
        clients: The account's.
        topic: ARN of the topic by which alarms wake us; "": EventBridge finds them by their names.

    Source: Amazon CloudWatch API, DescribeAlarms.
    """

    def __init__(self, clients: Clients, topic: str = "") -> None:
        self._clients = clients
        self._topic = topic

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Read the states of alarms, a hundred a call.

        Left out is an alarm that is not there, that looks for something else than the policy does
        (a config was changed, and its alarms were not yet; or a human changed an alarm), that would
        wake nobody, or that is evaluated on a part of its data only.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: They cannot be read.
        """
        wanted = {alarm.name: alarm for alarm in alarms}
        names = list(wanted)
        found: dict[str, AlarmState] = {}
        for start in range(0, len(names), NAMES_A_CALL):
            answer = self._clients.get("cloudwatch").describe_alarms(
                AlarmNames=names[start : start + NAMES_A_CALL],
                AlarmTypes=["MetricAlarm"],
                MaxRecords=NAMES_A_CALL,
            )
            for shown in answer.get("MetricAlarms", ()):
                state = _STATES.get(shown.get("StateValue", ""))
                alarm = wanted.get(shown.get("AlarmName", ""))
                if state and alarm and self._is_live(shown) and _is_as_wanted(alarm, shown):
                    found[alarm.name] = state
        return found

    def _is_live(self, shown: Mapping[str, Any]) -> bool:
        """Say whether it is evaluated on all of its data, and wakes us when it goes off."""
        if shown.get("ActionsEnabled", True) is False or "EvaluationState" in shown:
            return False
        return not self._topic or self._topic in shown.get("AlarmActions", ())


def _is_as_wanted(alarm: Alarm, shown: Mapping[str, Any]) -> bool:
    """Say whether it looks for what the policy asks."""
    try:
        return is_same_condition(define(alarm), shown)
    except (AlarmError, SourceError):
        return False
