"""Which alarms does a scalable target need, and which of them has just changed its state?

An alarm looks at what monitoring shows, once a minute, and tells of a change of state only. While a
breach lasts it says nothing more.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flyball.adapters.local.endpoint import endpoint_name
from flyball.alarm import Alarm, define_alarms
from flyball.core.breach import PAST
from flyball.core.model import Datapoint, Missing, Series
from flyball.core.target import Per, ScalableTarget, Unit
from flyball.ports import AlarmState, MetricRead, MetricSource

DETAIL_TYPE = "CloudWatch Alarm State Change"


class AlarmBoard:
    """Alarms and the states that they are in.

    Args:
        metrics: What they look at.
        scalable_targets: Whose they are.
        adapt: Makes of an alarm the one that a cloud evaluates.
    """

    def __init__(
        self,
        metrics: MetricSource,
        scalable_targets: Iterable[ScalableTarget],
        adapt: Callable[[Alarm], Alarm] = lambda alarm: alarm,
    ) -> None:
        self._metrics = metrics
        self._alarms = [adapt(alarm) for each in scalable_targets for alarm in define_alarms(each)]
        self._states = {alarm.name: AlarmState.INSUFFICIENT_DATA for alarm in self._alarms}
        self._since: dict[str, datetime] = {}
        reads = _reads_for(self._alarms)
        self._reads = list(reads.values())
        places = {key: index for index, key in enumerate(reads)}
        self._places = [
            places[alarm.scalable_target.id, alarm.metric.name] for alarm in self._alarms
        ]

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
        answers = self._metrics.read(self._reads, now)
        if len(answers) != len(self._reads):
            raise ValueError(f"{len(answers)} answers to {len(self._reads)} reads")
        events = []
        for alarm, place in zip(self._alarms, self._places, strict=True):
            before = self._states[alarm.name]
            after = _judge(alarm, answers[place], before, now)
            if after is not before:
                since = self._since.get(alarm.name, now)
                events.append(_event(alarm, before, since, after, now))
                self._states[alarm.name] = after
                self._since[alarm.name] = now
        return events


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
    rule = alarm.rule
    oldest = now - (rule.evaluated + 1) * alarm.metric.period
    past, threshold = PAST[alarm.comparison], alarm.threshold
    plain = alarm.metric.unit is not Unit.RATIO and (
        alarm.total or alarm.metric.per is Per.INSTANCE
    )
    breaching = known = 0
    for point in reversed(points):  # the newest first: one calm one often settles it
        if point.at <= oldest or known == rule.evaluated:
            break
        value = point.value if plain and 0 <= point.value < math.inf else _value(alarm, point)
        if value is None:
            continue
        known += 1
        if past(value, threshold):
            breaching += 1
        elif known - breaching > rule.evaluated - rule.breaching:
            return AlarmState.OK
    if not known:
        return AlarmState.INSUFFICIENT_DATA
    if breaching >= rule.breaching:
        return AlarmState.ALARM
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
