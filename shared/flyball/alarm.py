"""Which alarms do a scalable target's policies need, and what are they called?

An alarm carries nothing but whom to look at: its name says that, and nothing else is believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import quote, unquote

from flyball.core.policy import (
    AdaptivePolicy,
    Comparison,
    DatapointsRule,
    PredictivePolicy,
    ScheduledPolicy,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.shape import NamedTuple
from flyball.core.target import Metric, Per, ScalableTarget
from flyball.ports import AlarmState

PREFIX = "flyball"
"""First part of every alarm's name: flyball/<scalable target>/<policy>/<side>."""
ID_LIMIT = 256
NAME_LIMIT = 1_024
"""Longest alarm name; what is longer is not one of ours."""
_PARTS = 4
"""flyball / scalable target / policy / side"""
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Alarm(NamedTuple):
    """One threshold on one metric of one scalable target.

    Attributes:
        name: Unique in a cloud.
        scalable_target: Whose metric.
        metric: Which.
        comparison: When a value breaches.
        threshold: In the policy's unit; a ratio's in percent.
        rule: M of N.
        total: A total is held against the threshold as it is, not divided by the instances.
    """

    name: str
    scalable_target: ScalableTarget
    metric: Metric
    comparison: Comparison
    threshold: float
    rule: DatapointsRule
    total: bool = False


class AlarmWatch(Protocol):
    """What the alarms say that were made for our targets."""

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:
        """Read the states of alarms, by name.

        One that is not there, or not as it should be, is left out; so is one whose state cannot be
        read, that is not evaluated, or that would wake nobody.
        """
        ...


def define_alarms(scalable_target: ScalableTarget, prefix: str = PREFIX) -> tuple[Alarm, ...]:
    """Make the alarms that a scalable target's policies need.

    A tracking policy gets one above target_value × high_ratio and one below target_value ×
    low_ratio (none where scale-in is disabled); a step policy one at the first step on each side
    that changes something; a rule for zero one above its activation threshold. A policy that learns
    has none: it looks at every minute.
    """
    alarms: list[Alarm] = []
    for policy in scalable_target.policies:
        match policy:
            case TrackingPolicy():
                alarms += _of_tracking(scalable_target, policy, prefix)
            case StepPolicy():
                alarms += _of_steps(scalable_target, policy, prefix)
            case ScheduledPolicy() | PredictivePolicy() | AdaptivePolicy():
                continue
    if (zero := scalable_target.zero) is not None:
        metric = scalable_target.metric_by_name[zero.metric]
        name = alarm_name(scalable_target.id, "activation", "high", prefix)
        above, threshold = Comparison.GREATER, zero.activation_threshold
        rule = DatapointsRule()
        alarms.append(Alarm(name, scalable_target, metric, above, threshold, rule, total=True))
    return tuple(alarms)


def is_static(alarm: Alarm) -> bool:
    """Say whether an alarm's threshold stands still.

    That of a total which is tracked moves with the instances in service: such a target has no alarm
    that could tell, and is looked at on every tick.
    """
    return alarm.total or alarm.metric.per is Per.INSTANCE


def alarm_name(scalable_target_id: str, policy: str, side: str, prefix: str = PREFIX) -> str:
    """Name an alarm so that find_scalable_target finds the scalable target in it."""
    return "/".join(quote(part, safe="") for part in (prefix, scalable_target_id, policy, side))


def find_scalable_target(name: str, prefix: str = PREFIX) -> str:
    """Find whom an alarm is about in its name.

    Raises:
        ValueError: It is not a name that alarm_name makes; the message says what was expected.
    """
    parts = name.split("/")
    plain = name.isascii() and name.isprintable() and len(name) <= NAME_LIMIT
    if (
        not plain
        or len(parts) != _PARTS
        or parts[0] != prefix
        or not all(parts)
        or _ESCAPE.search(name)
    ):
        message = f"{prefix}/<scalable target>/<policy>/<side>, percent-encoded"
        raise ValueError(message)
    try:
        found = unquote(parts[1], errors="strict")
    except UnicodeDecodeError:
        raise ValueError("percent-encoded UTF-8") from None
    if not found.isprintable() or len(found) > ID_LIMIT:
        message = f"a scalable target of 1 to {ID_LIMIT} printable characters"
        raise ValueError(message)
    return found


def _of_tracking(
    scalable_target: ScalableTarget, policy: TrackingPolicy, prefix: str
) -> list[Alarm]:
    metric = scalable_target.metric_by_name[policy.metric]
    high = Alarm(
        alarm_name(scalable_target.id, policy.name, "high", prefix),
        scalable_target,
        metric,
        Comparison.GREATER,
        policy.target_value * policy.high_ratio,
        policy.out_datapoints,
    )
    if policy.disable_scale_in:
        return [high]
    low = high._replace(
        name=alarm_name(scalable_target.id, policy.name, "low", prefix),
        comparison=Comparison.LESS,
        threshold=policy.target_value * policy.low_ratio,
        rule=policy.in_datapoints,
    )
    return [high, low]


def _of_steps(scalable_target: ScalableTarget, policy: StepPolicy, prefix: str) -> list[Alarm]:
    metric = scalable_target.metric_by_name[policy.metric]
    if policy.comparison is not None:
        side = "high" if policy.comparison.value.startswith(">") else "low"
        name = alarm_name(scalable_target.id, policy.name, side, prefix)
        threshold, rule = policy.threshold, policy.datapoints
        only = Alarm(name, scalable_target, metric, policy.comparison, threshold, rule)
        return [only._replace(total=True)]
    above = [step.lower for step in policy.steps if step.adjustment and step.lower is not None]
    below = [step.upper for step in policy.steps if step.adjustment and step.upper is not None]
    high = min((bound for bound in above if bound >= 0), default=None)
    low = max((bound for bound in below if bound <= 0), default=None)
    sides = (
        ("high", Comparison.GREATER_OR_EQUAL, high),
        ("low", Comparison.LESS_OR_EQUAL, low),
    )
    return [
        Alarm(
            alarm_name(scalable_target.id, policy.name, side, prefix),
            scalable_target,
            metric,
            comparison,
            policy.threshold + bound,
            policy.datapoints,
            total=True,
        )
        for side, comparison, bound in sides
        if bound is not None
    ]
