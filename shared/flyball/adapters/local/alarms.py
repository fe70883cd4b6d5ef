"""Which alarms does a scalable target need, and which of them has just changed its state?

An alarm looks at what monitoring shows, once a minute, and tells of a change of state only. While a
breach lasts it says nothing more.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import quote

from flyball.adapters.local.endpoint import endpoint_name
from flyball.core.breach import PAST
from flyball.core.model import Datapoint, Missing, Series
from flyball.core.policy import (
    Comparison,
    DatapointsRule,
    ScheduledPolicy,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.ports import MetricRead, MetricSource

DETAIL_TYPE = "CloudWatch Alarm State Change"
PREFIX = "flyball"
"""First part of every alarm's name: flyball/<scalable target>/<policy>/<side>."""


class AlarmState(Enum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


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


def define_alarms(scalable_target: ScalableTarget) -> tuple[Alarm, ...]:
    """Make the alarms that a scalable target's policies need.

    A tracking policy gets one above target_value × high_ratio and one below target_value ×
    low_ratio (none where scale-in is disabled); a step policy one at the first step on each side
    that changes something; a rule for zero one above its activation threshold.
    """
    alarms: list[Alarm] = []
    for policy in scalable_target.policies:
        match policy:
            case TrackingPolicy():
                alarms += _of_tracking(scalable_target, policy)
            case StepPolicy():
                alarms += _of_steps(scalable_target, policy)
            case ScheduledPolicy():
                continue
    if (zero := scalable_target.zero) is not None:
        metric = scalable_target.metric_by_name[zero.metric]
        name = alarm_name(scalable_target.id, "activation", "high")
        above, threshold = Comparison.GREATER, zero.activation_threshold
        rule = DatapointsRule()
        alarms.append(Alarm(name, scalable_target, metric, above, threshold, rule, total=True))
    return tuple(alarms)


class AlarmBoard:
    """Alarms and the states that they are in."""

    def __init__(self, metrics: MetricSource, scalable_targets: Iterable[ScalableTarget]) -> None:
        self._metrics = metrics
        self._alarms = [alarm for each in scalable_targets for alarm in define_alarms(each)]
        self._states = {alarm.name: AlarmState.INSUFFICIENT_DATA for alarm in self._alarms}
        self._since: dict[str, datetime] = {}
        self._reads = _reads_for(self._alarms)

    def states(self) -> Mapping[str, AlarmState]:
        """Tell every alarm's state, by its name."""
        return dict(self._states)

    def evaluate(self, now: datetime) -> list[dict[str, Any]]:
        """Look at the metrics once, and tell what has changed.

        Args:
            now: Aware UTC; once a simulated minute.

        Returns:
            One event for each alarm that changed its state, in the shape of EventBridge's
            "CloudWatch Alarm State Change".

        Source: Amazon EventBridge User Guide, "Alarm state change event".
        """
        answers = self._metrics.read(list(self._reads.values()), now)
        series = dict(zip(self._reads, answers, strict=True))
        events = []
        for alarm in self._alarms:
            before = self._states[alarm.name]
            key = (alarm.scalable_target.id, alarm.metric.name)
            after = _judge(alarm, series[key], before, now)
            if after is not before:
                since = self._since.get(alarm.name, now)
                events.append(_event(alarm, before, since, after, now))
                self._states[alarm.name] = after
                self._since[alarm.name] = now
        return events


def alarm_name(scalable_target_id: str, policy: str, side: str) -> str:
    """Name an alarm so that trigger.py finds the scalable target in it."""
    return "/".join(quote(part, safe="") for part in (PREFIX, scalable_target_id, policy, side))


def _of_tracking(scalable_target: ScalableTarget, policy: TrackingPolicy) -> list[Alarm]:
    metric = scalable_target.metric_by_name[policy.metric]
    high = Alarm(
        alarm_name(scalable_target.id, policy.name, "high"),
        scalable_target,
        metric,
        Comparison.GREATER,
        policy.target_value * policy.high_ratio,
        policy.out_datapoints,
    )
    if policy.disable_scale_in:
        return [high]
    low = high._replace(
        name=alarm_name(scalable_target.id, policy.name, "low"),
        comparison=Comparison.LESS,
        threshold=policy.target_value * policy.low_ratio,
        rule=policy.in_datapoints,
    )
    return [high, low]


def _of_steps(scalable_target: ScalableTarget, policy: StepPolicy) -> list[Alarm]:
    metric = scalable_target.metric_by_name[policy.metric]
    if policy.comparison is not None:
        side = "high" if policy.comparison.value.startswith(">") else "low"
        name = alarm_name(scalable_target.id, policy.name, side)
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
            alarm_name(scalable_target.id, policy.name, side),
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


def _reads_for(alarms: Sequence[Alarm]) -> dict[tuple[str, str], MetricRead]:
    """Read each metric once, as far back as the most patient alarm on it looks."""
    reads: dict[tuple[str, str], MetricRead] = {}
    for alarm in alarms:
        key = (alarm.scalable_target.id, alarm.metric.name)
        periods = max(alarm.rule.evaluated, reads[key].periods if key in reads else 0)
        reads[key] = MetricRead(alarm.scalable_target, alarm.metric, periods)
    return reads


def _judge(alarm: Alarm, series: Series | Missing, before: AlarmState, now: datetime) -> AlarmState:
    """Find an alarm's state; a period without a datapoint speaks for neither side.

    Source: Amazon CloudWatch User Guide, "Configuring how alarms treat missing data" (missing).
    """
    points = () if isinstance(series, Missing) else series
    oldest = now - (alarm.rule.evaluated + 1) * alarm.metric.period
    values = [_value(alarm, point) for point in points if point.at > oldest]
    known = [value for value in values if value is not None][-alarm.rule.evaluated :]
    if not known:
        return AlarmState.INSUFFICIENT_DATA
    past = PAST[alarm.comparison]
    breaching = sum(past(value, alarm.threshold) for value in known)
    if breaching >= alarm.rule.breaching:
        return AlarmState.ALARM
    unknown = alarm.rule.evaluated - len(known)
    if breaching + unknown < alarm.rule.breaching:
        return AlarmState.OK
    return before


def _value(alarm: Alarm, point: Datapoint) -> float | None:
    """Turn a datapoint into the policy's unit; None where it is undefined or not to be believed."""
    value = point.value * 100 if alarm.metric.unit is Unit.RATIO else point.value
    if not 0 <= value < math.inf:
        return None
    if alarm.metric.per is Per.INSTANCE or alarm.total:
        return value
    if point.ready:
        return value / point.ready
    return math.inf if value else None


def _event(
    alarm: Alarm, before: AlarmState, since: datetime, after: AlarmState, now: datetime
) -> dict[str, Any]:
    identity = hashlib.sha256(f"{alarm.name}|{after.value}|{_stamp(now)}".encode()).hexdigest()
    rule = f"{alarm.rule.breaching} of {alarm.rule.evaluated} datapoints"
    reason = f"Threshold: {rule} {alarm.comparison.value} {alarm.threshold:g}"
    endpoint = endpoint_name(alarm.scalable_target)
    metric = {
        "namespace": "Flyball/Local",
        "name": alarm.metric.name,
        "dimensions": {"EndpointName": endpoint},
    }
    period = int(alarm.metric.period.total_seconds())
    stat = {"metric": metric, "period": period, "stat": "Average"}
    return {
        "version": "0",
        "id": identity[:32],
        "detail-type": DETAIL_TYPE,
        "source": "aws.cloudwatch",
        "account": "000000000000",
        "time": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": "local",
        "resources": [f"arn:aws:cloudwatch:local:000000000000:alarm:{alarm.name}"],
        "detail": {
            "alarmName": alarm.name,
            "state": {
                "value": after.value,
                "reason": reason,
                "reasonData": json.dumps({"version": "1.0", "threshold": alarm.threshold}),
                "timestamp": _stamp(now),
            },
            "previousState": {"value": before.value, "timestamp": _stamp(since)},
            "configuration": {"metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]},
        },
    }


def _stamp(instant: datetime) -> str:
    """Write an instant as CloudWatch does, to the millisecond."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"
