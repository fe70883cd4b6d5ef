"""What do our CloudWatch alarms say? A call tells of a hundred; a metric is paid for one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.aws.alarms import AlarmError, define
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.query import SourceError
from flyball.alarm import Alarm
from flyball.ports import AlarmState

NAMES_A_CALL = 100
"""DescribeAlarms takes no more names in one call."""
RULE = ("ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm")
_STATES = {state.value: state for state in AlarmState}


class CloudWatchAlarms:
    """The states of alarms, by name.

    Source: Amazon CloudWatch API, DescribeAlarms.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Read the states of alarms, a hundred a call.

        Left out is an alarm that is not there, that has another threshold or rule than the policy
        (a config was changed, and its alarms were not yet), whose actions are switched off, or that
        is evaluated on a part of its data only.

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
                if state and alarm and _is_live(shown) and _is_as_wanted(alarm, shown):
                    found[alarm.name] = state
        return found


def _is_live(shown: Mapping[str, Any]) -> bool:
    return shown.get("ActionsEnabled", True) is not False and "EvaluationState" not in shown


def _is_as_wanted(alarm: Alarm, shown: Mapping[str, Any]) -> bool:
    """Say whether it looks for what the policy asks."""
    try:
        made = define(alarm)
    except (AlarmError, SourceError):
        return False
    given = {"DatapointsToAlarm": shown.get("EvaluationPeriods"), **shown}
    same_rule = all(given.get(key) == made[key] for key in RULE)
    same_metric = shown.get("MetricName") == made.get("MetricName")
    threshold = shown.get("Threshold", math.nan)
    return same_rule and same_metric and math.isclose(threshold, made["Threshold"])
