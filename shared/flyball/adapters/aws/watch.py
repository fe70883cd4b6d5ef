"""What do our CloudWatch alarms say? Reading their states costs nothing; reading metrics does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.aws.clients import Clients
from flyball.ports import AlarmState

NAMES_A_CALL = 100
"""DescribeAlarms takes no more names in one call."""
_STATES = {state.value: state for state in AlarmState}


class CloudWatchAlarms:
    """The states of alarms, by name.

    Source: Amazon CloudWatch API, DescribeAlarms.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def states(self, names: Sequence[str], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Read the states of alarms, a hundred a call.

        An alarm that is not there, whose actions are switched off (it would wake nobody) or that is
        evaluated on a part of its data only is left out.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: They cannot be read.
        """
        found: dict[str, AlarmState] = {}
        for start in range(0, len(names), NAMES_A_CALL):
            asked = list(names[start : start + NAMES_A_CALL])
            answer = self._clients.get("cloudwatch").describe_alarms(
                AlarmNames=asked, AlarmTypes=["MetricAlarm"], MaxRecords=NAMES_A_CALL
            )
            for alarm in answer.get("MetricAlarms", ()):
                state = _STATES.get(alarm.get("StateValue", ""))
                if state is not None and _is_live(alarm):
                    found[alarm["AlarmName"]] = state
        return found


def _is_live(alarm: Mapping[str, Any]) -> bool:
    return alarm.get("ActionsEnabled", True) is not False and "EvaluationState" not in alarm
