"""What would Cloud Monitoring answer: a server on this machine that Google's own client speaks to?

It keeps series as Google writes them, and selects, aligns and reduces them as the API says it does.
What the API refuses, it refuses in the API's words.

Source: Google Cloud Monitoring API v3, projects.timeSeries.list, Aggregation, Distribution;
"Monitoring filters".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import grpc
from google.cloud import monitoring_v3 as api
from google.protobuf.json_format import MessageToDict

from flyball.meter import METERS
from tests.gcp import serving
from tests.gcp.discovery import Json, Method
from tests.gcp.platform import ReplicaMetric

SERVICE = "google.monitoring.v3.MetricService"
VALUES_OF_ONE_OF = 100
SHORTEST_S = 60

_PART = re.compile(
    r'(?P<path>[a-z_.]+)\s*=\s*(?:"(?P<one>(?:[^"\\]|\\.)*)"|one_of\((?P<many>[^)]*)\))'
)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
Value = float | int | list[float]
"""A double, an int64, or the samples of a distribution."""
Points = Mapping[datetime, Value]


class Line(NamedTuple):
    """One time series.

    Attributes:
        project: Whose.
        metric_type: Its metric's.
        labels: By path, such as metric.labels.replica_id.
        points: By their end times.
        kind: GAUGE, DELTA or CUMULATIVE.
        unit: In Google's words.
        resource_type: Its monitored resource's.
    """

    project: str
    metric_type: str
    labels: Mapping[str, str]
    points: Points
    kind: str = "GAUGE"
    unit: str = "1"
    resource_type: str = "aiplatform.googleapis.com/Endpoint"


class RefusalError(Exception):
    """What the API says instead of an answer."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Monitoring:
    """One account's metrics, and what was asked of them.

    Attributes:
        lines: All series.
        asked: Every request that arrived, in order.
        hook: Sees each request first; it may raise a RefusalError, or give the answer itself.
        page_points: Points on one page at most.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.asked: list[Any] = []
        self.hook: Callable[[Any], Any] = lambda _: None
        self.page_points = 100_000
        self.url = ""

    def refuse(self, code: str, message: str = "as told", times: int = 1_000_000) -> None:
        """Refuse so many of the next calls."""
        left = [times]

        def hook(_: Any) -> None:
            if left[0] > 0:
                left[0] -= 1
                raise RefusalError(grpc.StatusCode[code], message)

        self.hook = hook

    def answer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer ListTimeSeries."""
        self.asked.append(request)
        try:
            return self.reply(request)
        except RefusalError as error:
            context.abort(error.code, error.message)

    def reply(self, request: Any) -> Any:
        """Make the answer to a request; raises RefusalError."""
        return self.hook(request) or self._list(request)

    def _list(self, request: Any) -> Any:
        wanted = _read_filter(request.filter)
        (metric_type,) = wanted["metric.type"]
        project = _check(request)
        known = {line.metric_type for line in self.lines} | METERS.keys()
        if metric_type not in known:
            message = f"Cannot find metric(s) that match type = {metric_type!r}."
            raise RefusalError(grpc.StatusCode.NOT_FOUND, message)
        found = [
            line
            for line in self.lines
            if line.project == project and all(_get(line, path) in wanted[path] for path in wanted)
        ]
        made = list(_reduce(request, [_align(request, line) for line in found]))
        return self._page(request, [line for line in made if line.points])

    def _page(self, request: Any, lines: Sequence[Line]) -> Any:
        """Give one page: a series may go on on the next."""
        start = int(request.page_token or 0)
        flat = [(index, at) for index, line in enumerate(lines) for at in _newest_first(line)]
        here = flat[start : start + self.page_points]
        series = []
        for index, line in enumerate(lines):
            instants = [at for each, at in here if each == index]
            if instants:
                series.append(_write(line, instants))
        end = start + len(here)
        units = {line.unit for line in lines}
        return api.ListTimeSeriesResponse(
            time_series=series,
            next_page_token=str(end) if end < len(flat) else "",
            unit=units.pop() if len(units) == 1 else "{not_a_unit}",
        )


class RestMonitoring:
    """The same account as a service of REST, for `serving`.

    Args:
        account: Its metrics.
        replicas: Answers what asks for points as they are, which are the replica metrics'.
    """

    documents: tuple[str, ...] = ("monitoring.v3",)

    def __init__(self, account: Monitoring, replicas: ReplicaMetric | None = None) -> None:
        self._account = account
        self._replicas = replicas

    def answer(self, method: Method, query: serving.Query, body: Json) -> Json:
        """Answer timeSeries.list."""
        if self._replicas is not None and "aggregation.alignmentPeriod" not in query:
            return self._replicas.answer(method, query, body)
        if method.name != "projects.timeSeries.list":
            raise serving.RefusalError("NOT_FOUND", f"{method.name} is not served here")
        request = _read_query(method, query)
        self._account.asked.append(request)
        try:
            answer = self._account.reply(request)
        except RefusalError as error:
            raise serving.RefusalError(error.code.name, error.message) from error
        found: Json = MessageToDict(type(answer).pb(answer))
        return found


@contextmanager
def serve_monitoring() -> Iterator[Monitoring]:
    """Serve an empty account at 127.0.0.1 until the block ends."""
    account = Monitoring()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((handle_metrics(account),))
    port = server.add_insecure_port("127.0.0.1:0")
    account.url = f"http://127.0.0.1:{port}"
    server.start()
    try:
        yield account
    finally:
        server.stop(grace=None).wait()


def handle_metrics(account: Monitoring) -> Any:
    """Make what a server of gRPC answers for an account's metrics with."""
    handler = grpc.unary_unary_rpc_method_handler(
        account.answer,
        request_deserializer=api.ListTimeSeriesRequest.deserialize,
        response_serializer=api.ListTimeSeriesResponse.serialize,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"ListTimeSeries": handler})


def _read_query(method: Method, query: serving.Query) -> Any:
    """Read the parameters of a URL into the request that gRPC has."""
    fields: dict[str, Any] = {"name": "projects/{projectsId}".format(**method.path)}
    for name, value in query.items():
        of, _, last = name.rpartition(".")
        parameter = method.given["parameters"][name]
        there = fields.setdefault(of, {}) if of else fields
        there[last] = query.every(name) if parameter.get("repeated") else value
    return api.ListTimeSeriesRequest.from_json(json.dumps(fields))


def _read_filter(text: str) -> dict[str, list[str]]:
    """Read comparisons joined by AND, each path with the values that it may have."""
    wanted: dict[str, list[str]] = {}
    rest = text
    while rest:
        part = _PART.match(rest)
        if part is None or part["path"] in wanted:
            raise _invalid("filter", f"could not parse {rest!r}")
        texts = [part["one"]] if part["one"] is not None else _TEXT.findall(part["many"])
        if len(texts) > VALUES_OF_ONE_OF:
            raise _invalid("filter", f"one_of takes at most {VALUES_OF_ONE_OF} values")
        wanted[part["path"]] = [re.sub(r"\\(.)", r"\1", each) for each in texts]
        rest = rest[part.end() :]
        if rest and not rest.startswith(" AND "):
            raise _invalid("filter", f"could not parse {rest!r}")
        rest = rest.removeprefix(" AND ")
    if len(wanted.get("metric.type", ())) != 1:
        raise _invalid("filter", "must specify a single metric type")
    return wanted


def _check(request: Any) -> str:
    """Refuse what the API refuses; give the project."""
    name = re.fullmatch(r"projects/([^/]+)", request.name)
    if name is None:
        raise _invalid("name", f"got {request.name!r}")
    if request.order_by:
        raise _invalid("order_by", "is unsupported")
    if not request.interval.start_time < request.interval.end_time:
        raise _invalid("interval", "must end after it starts")
    aggregation = request.aggregation
    if aggregation.alignment_period.total_seconds() < SHORTEST_S:
        raise _invalid("aggregation.alignmentPeriod", "must be at least 60 seconds")
    if aggregation.group_by_fields and not aggregation.cross_series_reducer:
        raise _invalid("aggregation.groupByFields", "needs a reducer")
    return name[1]


def _invalid(field: str, message: str) -> RefusalError:
    return RefusalError(
        grpc.StatusCode.INVALID_ARGUMENT, f"Field {field} had an invalid value: {message}"
    )


def _align(request: Any, line: Line) -> Line:
    """Make one value of each period that has any, at its end; periods count from the end back."""
    name = api.Aggregation.Aligner(request.aggregation.per_series_aligner).name
    if name in {"ALIGN_DELTA", "ALIGN_RATE"} and line.kind == "GAUGE":
        raise _invalid("aggregation.perSeriesAligner", f"{name} is not for GAUGE metrics")
    samples = any(isinstance(value, list) for value in line.points.values())
    if samples and name not in {"ALIGN_DELTA", "ALIGN_SUM"}:
        raise _invalid("aggregation.perSeriesAligner", f"{name} is not for DISTRIBUTION values")
    period: timedelta = request.aggregation.alignment_period
    end = request.interval.end_time.replace(tzinfo=UTC)
    start = request.interval.start_time.replace(tzinfo=UTC)
    buckets: dict[datetime, list[Value]] = {}
    for at in sorted(line.points):
        if start < at <= end:
            buckets.setdefault(end - (end - at) // period * period, []).append(line.points[at])
    made = {at: _make(name, values, period) for at, values in buckets.items()}
    kind = "DELTA" if name in {"ALIGN_DELTA", "ALIGN_SUM"} else "GAUGE"
    unit = f"{line.unit}/s" if name == "ALIGN_RATE" else line.unit
    return line._replace(points=made, kind=kind, unit=unit)


def _make(name: str, values: Sequence[Value], period: timedelta) -> Value:
    numbers: list[float] = [each for each in values if not isinstance(each, list)]
    match name:
        case "ALIGN_MEAN":
            return math.fsum(numbers) / len(numbers)
        case "ALIGN_MIN":
            return min(numbers)
        case "ALIGN_MAX":
            return max(numbers)
        case "ALIGN_RATE":
            return math.fsum(numbers) / period.total_seconds()
        case "ALIGN_SUM" | "ALIGN_DELTA" if numbers:
            return sum(numbers)
        case "ALIGN_SUM" | "ALIGN_DELTA":
            return [sample for each in values if isinstance(each, list) for sample in each]
    raise _invalid("aggregation.perSeriesAligner", f"{name} is not served here")


def _reduce(request: Any, lines: Sequence[Line]) -> Iterator[Line]:
    """Make one series of those that are alike in the labels that they are grouped by."""
    name = api.Aggregation.Reducer(request.aggregation.cross_series_reducer).name
    if name == "REDUCE_NONE":
        yield from lines
        return
    groups: dict[tuple[str, ...], list[Line]] = {}
    fields = list(request.aggregation.group_by_fields)
    for line in lines:
        groups.setdefault(tuple(_get(line, path) for path in fields), []).append(line)
    for key, group in groups.items():
        instants = {at for line in group for at in line.points}
        points = {
            at: _fold(name, [line.points[at] for line in group if at in line.points])
            for at in instants
        }
        yield group[0]._replace(labels=dict(zip(fields, key, strict=True)), points=points)


def _fold(name: str, values: Sequence[Value]) -> Value:
    flat: list[float] = []
    for each in values:
        flat += each if isinstance(each, list) else [each]
    if name.startswith("REDUCE_PERCENTILE_"):
        rank = math.ceil(int(name[-2:]) / 100 * len(flat))
        return float(sorted(flat)[rank - 1])
    match name:
        case "REDUCE_MEAN":
            return math.fsum(flat) / len(flat)
        case "REDUCE_SUM":
            return sum(flat)
        case "REDUCE_MIN":
            return min(flat)
        case "REDUCE_MAX":
            return max(flat)
    raise _invalid("aggregation.crossSeriesReducer", f"{name} is not served here")


def _get(line: Line, path: str) -> str:
    known = {"metric.type": line.metric_type, "resource.type": line.resource_type}
    return known.get(path) or line.labels.get(path, "")


def _newest_first(line: Line) -> list[datetime]:
    return sorted(line.points, reverse=True)


def _write(line: Line, instants: Sequence[datetime]) -> Any:
    """Write a series as the API does; a gauge's point has an interval without length."""
    labels: dict[str, dict[str, str]] = {"metric": {}, "resource": {}}
    for path, value in line.labels.items():
        of, _, name = path.split(".", 2)
        labels[of][name] = value
    length = timedelta() if line.kind == "GAUGE" else timedelta(seconds=SHORTEST_S)
    points = [
        {
            "interval": {"start_time": at - length, "end_time": at},
            "value": _write_value(line.points[at]),
        }
        for at in instants
    ]
    return api.TimeSeries(
        metric={"type": line.metric_type, "labels": labels["metric"]},
        resource={"type": line.resource_type, "labels": labels["resource"]},
        metric_kind=line.kind,
        value_type="INT64" if all(isinstance(v, int) for v in line.points.values()) else "DOUBLE",
        points=points,
        unit=line.unit,
    )


def _write_value(value: Value) -> dict[str, Any]:
    if isinstance(value, list):
        return {"distribution_value": {"count": len(value), "mean": sum(value) / len(value)}}
    return {"int64_value": value} if isinstance(value, int) else {"double_value": value}
