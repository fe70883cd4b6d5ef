"""Are metrics read as CloudWatch has them: fresh, whole, in few calls, and never invented?

MiniStack and moto keep what is put into them. What neither shows is put in under the real client.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.cloudwatch import QUERIES_A_CALL, CloudWatchMetrics
from flyball.core.model import Datapoint, Missing, MissingCause, Series
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import MetricRead
from tests.aws.rig import CREDENTIALS, Server, client_of, serve

pytestmark = pytest.mark.enable_socket

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
RESOURCE = {"endpoint": "churn", "variant": "blue"}


@pytest.fixture(scope="module", params=["ministack", "moto"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve CloudWatch, by one of two that somebody else wrote."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        if request.param == "ministack":
            yield request.getfixturevalue("ministack")
            return
        command = [sys.executable, "-m", "moto.server", "-p", "{port}"]
        moto = serve("moto", tmp_path_factory.mktemp("moto"), command, {}, "/moto-api/")
        yield moto
        moto.stop()


class Store:
    """A namespace of its own in a server, and our reader on it."""

    def __init__(self, server: Server) -> None:
        self.namespace = "Jobs"
        self.endpoint = f"churn-{uuid4().hex[:8]}"  # moto mixes namespaces up, dimensions not
        self.client = client_of(server, "cloudwatch")
        self.clients = Clients(endpoints={"cloudwatch": server.url})
        self.reader = CloudWatchMetrics(self.clients)
        self.calls: list[Mapping[str, Any]] = []
        self.clients.get("cloudwatch").meta.events.register(
            "provide-client-params.cloudwatch.GetMetricData",
            lambda params, **_: self.calls.append(params),
        )
        now = datetime.now(UTC)
        self.now = now.replace(second=30, microsecond=0) - MINUTE
        self.minute = self.now.replace(second=0)

    def put(self, name: str, values: Mapping[int, float], seconds: int = 0) -> None:
        """Put values into the minutes that began so many minutes ago."""
        data = [
            {
                "MetricName": name,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": self.endpoint},
                    {"Name": "VariantName", "Value": "blue"},
                ],
                "Timestamp": self.minute - MINUTE * ago + SECOND * seconds,
                "Value": value,
            }
            for ago, value in values.items()
        ]
        self.client.put_metric_data(Namespace=self.namespace, MetricData=data)

    def metric(self, name: str, statistic: str = "Sum", **source: str) -> Metric:
        """Make a metric of this namespace."""
        whole = {"namespace": self.namespace, "metric": name, "statistic": statistic, **source}
        return Metric(name, source=whole)

    def target(self, *metrics: Metric, name: str = "churn") -> ScalableTarget:
        """Make a target on the endpoint."""
        resource = {"endpoint": self.endpoint, "variant": "blue"}
        return ScalableTarget(name, 1, 4, home="aws", resource=resource, metrics=metrics)

    def read(self, *metrics: Metric, periods: int = 3) -> list[Series | Missing]:
        """Read metrics of one target."""
        target = self.target(*metrics)
        reads = [MetricRead(target, metric, periods) for metric in metrics]
        return list(self.reader.read(reads, self.now))


@pytest.fixture
def store(server: Server) -> Store:
    """Make a namespace of its own."""
    return Store(server)


def test_a_datapoint_stands_at_the_end_of_its_period_and_a_gap_stays_a_gap(store: Store) -> None:
    """Oldest first, with the age that it has."""
    store.put("Invocations", {4: 7.0, 3: 10.0, 1: 30.0})
    (series,) = store.read(store.metric("Invocations"))
    assert series == (
        Datapoint(store.minute - 2 * MINUTE, 10.0),
        Datapoint(store.minute, 30.0),
    )


def test_the_minute_that_still_runs_is_not_read(store: Store) -> None:
    """Half a minute's sum is half as large."""
    store.put("Invocations", {1: 30.0, 0: 4.0})
    (series,) = store.read(store.metric("Invocations"), periods=1)
    assert series == (Datapoint(store.minute, 30.0),)


def test_statistics_are_cloudwatchs(store: Store) -> None:
    """Of two values in one minute."""
    store.put("Load", {1: 10.0})
    store.put("Load", {1: 30.0}, seconds=20)
    names = {"Sum": 40.0, "Average": 20.0, "Minimum": 10.0, "Maximum": 30.0, "SampleCount": 2.0}
    for statistic, expected in names.items():
        (series,) = store.read(store.metric("Load", statistic), periods=1)
        assert series == (Datapoint(store.minute, expected),)


def test_use_of_all_cores_is_read_per_core(store: Store) -> None:
    """200 on four cores is a half."""
    store.put("CPUUtilization", {1: 200.0})
    (series,) = store.read(store.metric("CPUUtilization", cores="4"), periods=1)
    assert series == (Datapoint(store.minute, 50.0),)


def test_what_is_not_there_is_missing_and_says_where_it_was_looked_for(store: Store) -> None:
    """A wrong namespace, name or dimension is silence to CloudWatch."""
    store.put("Invocations", {1: 30.0})
    wrong, right = store.read(store.metric("Invocation"), store.metric("Invocations"))
    assert isinstance(wrong, Missing)
    assert wrong.cause is MissingCause.NO_DATA
    assert f"Sum of {store.namespace} Invocation {{EndpointName={store.endpoint}" in wrong.detail
    assert isinstance(right, tuple)


def test_a_statistic_is_asked_for_once_whoever_needs_it(store: Store) -> None:
    """By two targets, two metrics and an expression: one query in one call."""
    store.put("Queued", {1: 120.0})
    store.put("Ready", {1: 4.0})
    queued, ready = store.metric("Queued"), store.metric("Ready")
    backlog = math(store, "Queued / Ready", "Queued", "Ready")
    reads = [
        MetricRead(store.target(metric, name=name), metric, 2)
        for name in ("a", "b")
        for metric in (queued, ready, backlog)
    ]
    found = store.reader.read(reads, store.now)
    values = [120.0, 4.0, 30.0] * 2
    assert found == [(Datapoint(store.minute, value),) for value in values]
    (call,) = store.calls
    assert len(call["MetricDataQueries"]) == 2


def math(store: Store, expression: str, *names: str) -> Metric:
    """Make a metric of an expression over the endpoint's sums, by their names in lower case."""
    dimensions = [
        {"Name": "EndpointName", "Value": store.endpoint},
        {"Name": "VariantName", "Value": "blue"},
    ]
    lines: list[dict[str, Any]] = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {
                    "Namespace": store.namespace,
                    "MetricName": name,
                    "Dimensions": dimensions,
                },
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for name in names
    ]
    text = expression
    for name in names:
        text = text.replace(name, name.lower())
    lines.append({"Id": "result", "Expression": text})
    return Metric("computed", source={"metrics": json.dumps(lines), "expression": text})


def test_a_backlog_per_instance_is_undefined_without_instances(store: Store) -> None:
    """Divided by zero is missing, and never zero."""
    store.put("Queued", {2: 120.0, 1: 90.0})
    store.put("Ready", {2: 4.0, 1: 0.0})
    (series,) = store.read(math(store, "Queued / Ready", "Queued", "Ready"))
    assert series == (Datapoint(store.minute - MINUTE, 30.0),)
    store.put("Ready", {2: -4.0})
    (series,) = store.read(math(store, "Queued / Ready", "Queued", "Ready"), periods=1)
    assert isinstance(series, Missing)


def test_an_idle_endpoint_is_zero_where_the_config_says_so(store: Store) -> None:
    """FILL fills what was silent for minutes, and leaves open what may only be late."""
    (series,) = store.read(math(store, "FILL(Invocations, 0)", "Invocations"), periods=2)
    assert series == (
        Datapoint(store.minute - 4 * MINUTE, 0.0),
        Datapoint(store.minute - 3 * MINUTE, 0.0),
    )


def test_many_queries_are_few_calls(store: Store) -> None:
    """Five hundred a call; one more is another call."""
    metrics = [store.metric(f"M{index}") for index in range(QUERIES_A_CALL + 1)]
    store.put(f"M{QUERIES_A_CALL}", {1: 5.0})
    found = store.read(*metrics, periods=1)
    assert [len(call["MetricDataQueries"]) for call in store.calls] == [QUERIES_A_CALL, 1]
    assert found[-1] == (Datapoint(store.minute, 5.0),)
    assert {call["ScanBy"] for call in store.calls} == {"TimestampDescending"}


# --- what no local engine shows ---------------------------------------------------


Answer = Callable[[Mapping[str, Any]], Mapping[str, Any] | tuple[int, str]]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], CloudWatchMetrics]:
    """Answer GetMetricData by a function of its parameters: a result, or a refusal."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    def make(answer: Answer) -> CloudWatchMetrics:
        clients = Clients(endpoints={"cloudwatch": "http://127.0.0.1:9"})
        events = clients.get("cloudwatch").meta.events
        asked: list[Mapping[str, Any]] = []
        events.register(
            "provide-client-params.cloudwatch.GetMetricData",
            lambda params, **_: asked.append(params),
        )

        def reply(**_: Any) -> tuple[Any, Mapping[str, Any]]:
            told = answer(asked[-1])
            code = 200 if isinstance(told, Mapping) else told[0]
            body = (
                told
                if isinstance(told, Mapping)
                else {"Error": {"Code": told[1], "Message": "no"}, "ResponseMetadata": {}}
            )
            return type("Http", (), {"status_code": code})(), body

        events.register("before-call.cloudwatch.GetMetricData", reply)
        return CloudWatchMetrics(clients)

    return make


NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
NOON = NOW.replace(second=0)


def reads_of(names: Sequence[str]) -> list[MetricRead]:
    """Read one statistic for each name."""
    metrics = tuple(
        Metric(name, source={"namespace": "Jobs", "metric": name, "statistic": "Sum"})
        for name in names
    )
    target = ScalableTarget("churn", 1, 4, home="aws", resource=RESOURCE, metrics=metrics)
    return [MetricRead(target, metric, 1) for metric in metrics]


def result(line_id: str, *values: float, status: str = "Complete") -> dict[str, Any]:
    """Make a result whose newest value is of the minute before noon."""
    stamps = [NOON - MINUTE * (index + 1) for index in range(len(values))]
    messages = [{"Code": "Trouble", "Value": "a shard is away"}] if status != "Complete" else []
    return {
        "Id": line_id,
        "Timestamps": stamps,
        "Values": list(values),
        "StatusCode": status,
        "Messages": messages,
    }


def test_pages_are_read_to_the_last(
    scripted: Callable[[Answer], CloudWatchMetrics],
) -> None:
    """A result that goes on is partial until then."""
    pages: dict[Any, Mapping[str, Any]] = {
        None: {"MetricDataResults": [result("q0", 5.0, status="PartialData")], "NextToken": "x"},
        "x": {"MetricDataResults": [result("q1", 7.0), result("q0", status="Complete")]},
    }
    reader = scripted(lambda params: pages[params.get("NextToken")])
    found = reader.read(reads_of(["a", "b"]), NOW)
    assert found == [(Datapoint(NOON, 5.0),), (Datapoint(NOON, 7.0),)]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_result_that_is_not_complete_is_missing(
    scripted: Callable[[Answer], CloudWatchMetrics], status: str
) -> None:
    """A part of a sum is too low, and nobody would know."""
    lines = [result("q0", 5.0, status=status), result("q1", 7.0), result("q9", 1.0)]
    bad, good = scripted(lambda _: {"MetricDataResults": lines}).read(reads_of(["a", "b"]), NOW)
    assert isinstance(bad, Missing)
    assert bad.cause is MissingCause.SOURCE_FAILED
    assert f"{status} Trouble: a shard is away" in bad.detail
    assert good == (Datapoint(NOON, 7.0),)


def test_pages_without_end_are_broken_off(
    scripted: Callable[[Answer], CloudWatchMetrics],
) -> None:
    """Rather blind than asleep."""
    reader = scripted(lambda _: {"MetricDataResults": [result("q0", 5.0)], "NextToken": "again"})
    (found,) = reader.read(reads_of(["a"]), NOW)
    assert isinstance(found, Missing)
    assert "more than 100 pages" in found.detail


def test_one_bad_query_blinds_itself_alone(
    scripted: Callable[[Answer], CloudWatchMetrics],
) -> None:
    """CloudWatch refuses the whole call for it."""

    def answer(params: Mapping[str, Any]) -> Mapping[str, Any] | tuple[int, str]:
        asked = {
            each["Id"]: each["MetricStat"]["Metric"]["MetricName"]
            for each in params["MetricDataQueries"]
        }
        if "bad" in asked.values():
            return 400, "ValidationError"
        return {"MetricDataResults": [result(each, 5.0) for each in asked]}

    names = ["a", "b", "c", "bad", "d", "e", "f"]
    found = scripted(answer).read(reads_of(names), NOW)
    blind = [name for name, each in zip(names, found, strict=True) if isinstance(each, Missing)]
    assert blind == ["bad"]


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_a_refusal_of_all_is_missing_for_all(
    scripted: Callable[[Answer], CloudWatchMetrics], code: str
) -> None:
    """And is not asked again and again."""
    calls: list[Mapping[str, Any]] = []

    def answer(params: Mapping[str, Any]) -> tuple[int, str]:
        calls.append(params)
        return 400, code

    for each in scripted(answer).read(reads_of(["a", "b"]), NOW):
        assert isinstance(each, Missing)
        assert each.cause is MissingCause.SOURCE_FAILED
        assert code in each.detail
    assert len(calls) <= 3


def test_no_answer_at_all_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no region, no credentials."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    (found,) = CloudWatchMetrics(Clients()).read(reads_of(["a"]), NOW)
    assert isinstance(found, Missing)
    assert "NoRegionError" in found.detail


def test_a_source_that_cannot_be_understood_blinds_itself_alone(
    scripted: Callable[[Answer], CloudWatchMetrics],
) -> None:
    """Validated configs have none; a ledger may hold an old one."""
    bad = Metric("bad", source={"metric": "x"})
    target = ScalableTarget("churn", 1, 4, home="aws", resource=RESOURCE, metrics=(bad,))
    reader = scripted(lambda _: {"MetricDataResults": [result("q0", 5.0)]})
    blind, seen = reader.read([MetricRead(target, bad, 1), *reads_of(["a"])], NOW)
    assert isinstance(blind, Missing)
    assert "bad: source.namespace is missing" in blind.detail
    assert seen == (Datapoint(NOON, 5.0),)


def test_an_expression_over_what_failed_is_missing(
    scripted: Callable[[Answer], CloudWatchMetrics],
) -> None:
    """With the reason of what it needs."""
    stat = {"Metric": {"Namespace": "Jobs", "MetricName": "a", "Dimensions": []}, "Stat": "Sum"}
    lines = [
        {"Id": "a", "MetricStat": stat, "ReturnData": False},
        {"Id": "r", "Expression": "FILL(a, 0)"},
    ]
    metric = Metric("r", source={"metrics": json.dumps(lines)})
    target = ScalableTarget("churn", 1, 4, home="aws", resource=RESOURCE, metrics=(metric,))
    reader = scripted(lambda _: (403, "AccessDenied"))
    (found,) = reader.read([MetricRead(target, metric, 1)], NOW)
    assert isinstance(found, Missing)
    assert "AccessDenied" in found.detail
