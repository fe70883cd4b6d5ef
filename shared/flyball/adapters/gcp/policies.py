"""What does Cloud Monitoring have to be told of one of our alarms?

A condition has no M of N: it holds when every value of a stretch does. Where M of N values breach,
at least ceil(M / (N - M + 1)) of them stand side by side; so many are waited for, and no breach is
missed. What an alarm does is wake, and the engine counts for itself.

Source: Google Cloud Monitoring API v3, AlertPolicy (a duration of whole minutes; only
COMPARISON_GT and COMPARISON_LT; evaluationMissingData from a duration of a minute on).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from flyball.adapters.gcp.labels import write_labels
from flyball.adapters.gcp.monitoring import write_filter
from flyball.adapters.gcp.query import Query, make_recipe
from flyball.alarm import Alarm
from flyball.core.policy import Comparison

NAME_LIMIT = 512
FILTER_LIMIT = 2_048
"""Characters."""
MINUTE_S = 60
LONGEST_S = 84_600
"""Of a duration: 23 hours and a half."""
AUTO_CLOSE = timedelta(minutes=30)
"""An incident without values is closed then, the earliest that is allowed: the next one tells
again."""
COMPARISONS: Mapping[Comparison, str] = {
    Comparison.GREATER: "COMPARISON_GT",
    Comparison.GREATER_OR_EQUAL: "COMPARISON_GT",
    Comparison.LESS: "COMPARISON_LT",
    Comparison.LESS_OR_EQUAL: "COMPARISON_LT",
}
TOWARDS: Mapping[Comparison, float] = {
    Comparison.GREATER_OR_EQUAL: -math.inf,
    Comparison.LESS_OR_EQUAL: math.inf,
}
"""At least a threshold is more than the number next to it, this way."""


class PolicyError(ValueError):
    """An alert policy that Monitoring would refuse; the message names what and the remedy."""


class NoConditionError(Exception):
    """A metric for which Monitoring has no condition; the message says why."""


def define(alarm: Alarm, channel: str = "") -> dict[str, Any]:
    """Write an alarm as an AlertPolicy, which has no name before it is made.

    Args:
        alarm: Whose threshold is in the policy's unit.
        channel: projects/…/notificationChannels/…: told of every opening and closing; "": nobody.

    Raises:
        PolicyError: Monitoring would refuse it.
        NoConditionError: There is no condition on such a metric.
        SourceError: Its metric's source cannot be understood.
    """
    metric, target = alarm.metric, alarm.scalable_target
    recipe = make_recipe(metric, target)
    query = recipe.lines[recipe.returned]
    where = f"metric {metric.name} of {target.id}"
    if not isinstance(query, Query):
        raise NoConditionError(f"{metric.name} is an expression, which an alert policy cannot hold")
    duration_s = find_duration(alarm.rule.breaching, alarm.rule.evaluated, query.period_s)
    threshold = alarm.threshold / metric.scale * recipe.divisor
    if alarm.comparison in TOWARDS:
        threshold = math.nextafter(threshold, TOWARDS[alarm.comparison])
    condition: dict[str, Any] = {
        "filter": write_filter([query]),
        "aggregations": [
            {
                "alignment_period": timedelta(seconds=query.period_s),
                "per_series_aligner": query.aligner,
                "cross_series_reducer": query.joined,
            }
        ],
        "comparison": COMPARISONS[alarm.comparison],
        "threshold_value": threshold,
        "duration": timedelta(seconds=duration_s),
    }
    if duration_s:  # without one there is nothing to say: what is missing is not evaluated
        condition["evaluation_missing_data"] = "EVALUATION_MISSING_DATA_NO_OP"
    _check(alarm, query, condition["filter"], duration_s, where)
    policy, side = (unquote(part) for part in alarm.name.split("/")[2:])
    prefix = unquote(alarm.name.split("/", 1)[0])
    labels = write_labels(target.id, policy, side, prefix)  # few: the name's length bounds them
    said = f"Wakes Flyball for {target.id}: {metric.name}. Made by flyball apply."
    return {
        "display_name": alarm.name,
        "documentation": {"content": said, "mime_type": "text/markdown"},
        "user_labels": labels,
        "combiner": "OR",
        "conditions": [{"display_name": f"{policy} {side}", "condition_threshold": condition}],
        "notification_channels": [channel] if channel else [],
        "alert_strategy": {"auto_close": AUTO_CLOSE},
        "enabled": True,
    }


def find_duration(breaching: int, evaluated: int, period_s: int) -> int:
    """Say for how long every value has to breach, in seconds, so that no M of N is missed.

    Args:
        breaching: M.
        evaluated: N, at least M.
        period_s: From one value to the next.
    """
    together = math.ceil(breaching / (evaluated - breaching + 1))
    return (together - 1) * period_s // MINUTE_S * MINUTE_S


def _check(alarm: Alarm, query: Query, wanted: str, duration_s: int, where: str) -> None:
    """Refuse what Monitoring would refuse, in our words."""
    if len(alarm.name) > NAME_LIMIT:
        raise PolicyError(
            f"alarm {alarm.name}: got {len(alarm.name)} characters, expected at most {NAME_LIMIT}; "
            "shorten the scalable target's id or the policy's name"
        )
    if not query.resource_type:
        raise PolicyError(
            f"{where}: source.resource_type is missing, and an alert policy needs it; add the "
            "monitored resource's type"
        )
    if len(wanted) > FILTER_LIMIT:
        raise PolicyError(
            f"{where}: got a filter of {len(wanted)} characters, expected at most {FILTER_LIMIT}; "
            "name fewer labels in its source"
        )
    if duration_s > LONGEST_S:
        raise PolicyError(
            f"{where}: {alarm.rule.breaching} breaching of {alarm.rule.evaluated} periods of "
            f"{query.period_s} s are {duration_s} s, expected at most {LONGEST_S} s; evaluate fewer"
        )
