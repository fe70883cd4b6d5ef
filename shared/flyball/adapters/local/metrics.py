"""What does the monitoring of a simulated endpoint show, given the requests that reach it?

A minute's datapoint ends with the minute and is seen one minute later. Requests beyond what the
instances in service can do in a minute wait as a backlog for the next ones. Where the endpoint's
service picks inside a range, it lives through the same minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flyball.adapters.local.endpoint import LocalEndpoints, endpoint_name
from flyball.adapters.local.load import MINUTE, Load
from flyball.adapters.local.service import Service
from flyball.core.model import Datapoint, Missing, MissingCause, Series
from flyball.core.target import Metric, Unit
from flyball.ports import MetricRead

DELAY = MINUTE
"""A datapoint is seen this long after its period has ended."""


class Minute(NamedTuple):
    """What happened at an endpoint in one minute.

    Attributes:
        start: When it began.
        requests: That arrived; None: not known.
        ready: Instances in service when it began.
        desired: The provider's setting when it began.
        waiting: Backlog when it began, requests.
        backlog: Backlog when it ended, requests.
        dropped: That arrived where none served and none wait: a service at zero answers 429.
    """

    start: datetime
    requests: float | None
    ready: int
    desired: int
    waiting: float
    backlog: float
    dropped: float = 0.0


class LocalMetrics:
    """Metrics of simulated endpoints: the `MetricSource` of one machine.

    `source["metric"]` of a metric, or its name where that is not given, is one of METRICS.
    """

    def __init__(self, endpoints: LocalEndpoints, loads: Mapping[str, Load]) -> None:
        """Watch endpoints, and let their services see the load: they pick by it from now on.

        Args:
            endpoints: Whose instances in service count.
            loads: What reaches them, by the endpoint's name.
        """
        self._endpoints = endpoints
        self._loads = loads
        self._minutes: dict[str, list[Minute]] = {name: [] for name in loads}
        self._points: dict[tuple[str, str, int, Unit], list[Datapoint | None]] = {}
        self._service = Service(endpoints, loads, self._backlog)
        endpoints.service = self._service.advance

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read the newest datapoints that can be seen at `now`."""
        return [self._read(read, now) for read in reads]

    def minutes(self, name: str, until: datetime) -> Sequence[Minute]:
        """Tell what happened in each minute that ended at or before `until`, oldest first.

        Raises:
            KeyError: Nothing reaches an endpoint of this name.
        """
        load, minutes = self._loads[name], self._live_until(name, until)
        count = max(0, (until - load.start) // MINUTE)
        return minutes if count >= len(minutes) else minutes[:count]

    def _live_until(self, name: str, until: datetime) -> list[Minute]:
        """Let the service pick until the last minute begins, then work out all of them."""
        self._service.advance(name, until - MINUTE)
        return self._serve_until(name, until)

    def _backlog(self, name: str, start: datetime) -> float:
        """Say what waits when a minute begins, as far as the service has picked."""
        minutes = self._serve_until(name, start)
        count = max(0, (start - self._loads[name].start) // MINUTE)
        return minutes[count - 1].backlog if count else 0.0

    def _serve_until(self, name: str, until: datetime) -> list[Minute]:
        """Work out every minute up to an instant, and give all that are known, later ones too."""
        load, minutes = self._loads[name], self._minutes[name]
        start = load.start + len(minutes) * MINUTE
        while start + MINUTE <= until:
            waiting = minutes[-1].backlog if minutes else 0.0
            minutes.append(self._serve(name, load, start, waiting))
            start += MINUTE
        return minutes

    def _serve(self, name: str, load: Load, start: datetime, waiting: float) -> Minute:
        state = self._endpoints.state(name, start)
        ready, desired = (0, 0) if state is None else (state.ready, state.desired)
        requests = load.demand(start)
        if not ready and self._drops(name):
            return Minute(
                start, requests, ready, desired, waiting, 0.0, waiting + (requests or 0.0)
            )
        backlog = max(0.0, waiting + (requests or 0.0) - ready * load.capacity_per_instance)
        return Minute(start, requests, ready, desired, waiting, backlog)

    def _drops(self, name: str) -> bool:
        """Say whether an endpoint that serves nobody lets nobody wait."""
        settings = self._endpoints.settings(name)
        service = None if settings is None else settings.service
        return service is not None and bool(service.initial)

    def _read(self, read: MetricRead, now: datetime) -> Series | Missing:
        name = endpoint_name(read.scalable_target)
        kind = read.metric.source.get("metric", read.metric.name)
        if name not in self._loads:
            return Missing(MissingCause.SOURCE_FAILED, f"nothing reaches an endpoint {name!r}")
        if kind not in METRICS:
            return Missing(
                MissingCause.SOURCE_FAILED, f"metric {kind!r}: expected one of {sorted(METRICS)}"
            )
        load = self._loads[name]
        width = max(1, -(-read.metric.period // MINUTE))
        seen = max(0, (now - DELAY - load.start) // MINUTE)
        minutes = self._live_until(name, load.start + seen * MINUTE)
        points = self._points.setdefault((name, kind, width, read.metric.unit), [])
        last = seen // width
        for index in range(len(points), last):
            group = minutes[index * width : (index + 1) * width]
            points.append(_fold(group, kind, read.metric, load.capacity_per_instance))
        first = max(0, last - read.periods)
        series = tuple([point for point in points[first:last] if point is not None])
        if series:
            return series
        empty = minutes[first * width : last * width]
        if empty and not any(minute.ready for minute in empty):
            return Missing(MissingCause.UNDEFINED_AT_ZERO, f"{kind}: no instance in service")
        return Missing(MissingCause.NO_DATA, f"{kind}: no datapoint in {read.periods} periods")


def _fold(minutes: Sequence[Minute], kind: str, metric: Metric, mu: float) -> Datapoint | None:
    """Make one period's datapoint of its minutes; None where none of them has a value."""
    measure, fold = METRICS[kind]
    values = [value for minute in minutes if (value := measure(minute, mu)) is not None]
    if not values:
        return None
    value = fold(values)
    if kind in IN_PERCENT and metric.unit is Unit.RATIO:
        value /= 100
    return Datapoint(minutes[-1].start + MINUTE, value, minutes[-1].ready)


def _invocations(minute: Minute, _: float) -> float | None:
    return minute.requests


def _invocations_per_instance(minute: Minute, _: float) -> float | None:
    if minute.requests is None or not minute.ready:
        return None
    return minute.requests / minute.ready


def _utilization(minute: Minute, mu: float) -> float | None:
    each = _invocations_per_instance(minute, mu)
    return None if each is None else 100 * each / mu


def _duty_cycle(minute: Minute, mu: float) -> float | None:
    if minute.requests is None or not minute.ready:
        return None
    return min(100.0, 100 * (minute.requests + minute.waiting) / (minute.ready * mu))


def _backlog(minute: Minute, _: float) -> float | None:
    return None if minute.requests is None else minute.backlog


def _dropped(minute: Minute, _: float) -> float | None:
    return None if minute.requests is None else minute.dropped


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _last(values: Sequence[float]) -> float:
    return values[-1]


Measure = Callable[[Minute, float], float | None]
Fold = Callable[[Sequence[float]], float]

METRICS: Mapping[str, tuple[Measure, Fold]] = {
    "invocations": (_invocations, sum),
    "invocations_per_instance": (_invocations_per_instance, sum),
    "utilization": (_utilization, _mean),
    "duty_cycle": (_duty_cycle, _mean),
    "backlog": (_backlog, _last),
    "dropped": (_dropped, sum),
}
"""By name: one minute's value, and how a longer period's minutes become one.

invocations: requests that arrived. invocations_per_instance: the same, divided by the instances in
service (each request counts 1/n, as SageMaker's InvocationsPerInstance does); none at zero
instances. utilization: percent of what the instances in service can do that arrived, so above 100
in an overload; none at zero instances. duty_cycle: percent of the time in which a device is at
work, so never above 100; as utilization. backlog: requests that wait at the end.
dropped: requests that were answered 429, as the service had come to zero.
"""
IN_PERCENT = ("utilization", "duty_cycle")
"""Shown as a ratio where the metric's unit says so."""
