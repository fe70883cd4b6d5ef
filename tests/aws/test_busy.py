"""Is it read from CloudWatch how busy one instance was, and is that a benchmark?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from flyball.adapters.aws import busy
from flyball.adapters.aws.busy import QUANTILES, USED, CloudWatchLoad
from flyball.adapters.aws.clients import Clients
from flyball.busy import LoadSource
from flyball.history import HistoryError, ThrottledError
from flyball.recipe import Span
from flyball.sizing.benchmark import Benchmark, Resource
from flyball.sizing.binned import bin_loads
from flyball.sizing.catalog import find_machine
from tests.aws.account import empty
from tests.aws.overheard import Wire, tap
from tests.aws.rig import CREDENTIALS, Server, client_of

MINUTE = timedelta(minutes=1)
T0 = datetime(2026, 11, 20, 9, tzinfo=UTC)
SPAN = Span(T0, T0 + 60 * MINUTE, MINUTE)
SPACE, ENDPOINTS = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
WHERE = [
    {"Name": "EndpointName", "Value": "chat"},
    {"Name": "VariantName", "Value": "blue"},
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody's own be read."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


class Remembered(NamedTuple):
    """What an hour was like: minute by minute, by metric and statistic."""

    values: Mapping[str, Mapping[int, float]]

    def answer(self, given: Mapping[str, Any]) -> Any:
        """Answer GetMetricData."""
        results = []
        for query in given["MetricDataQueries"]:
            stat = query["MetricStat"]
            assert stat["Metric"]["Dimensions"] == WHERE
            name = f"{stat['Metric']['MetricName']} {stat['Stat']}"
            known = self.values.get(name, {})
            ats = [at for at in known if given["StartTime"] <= T0 + at * MINUTE < given["EndTime"]]
            result = {
                "Id": query["Id"],
                "Timestamps": [T0 + at * MINUTE for at in ats],
                "Values": [known[at] for at in ats],
                "StatusCode": "Complete",
            }
            results.append(result)
        return Answered(200), {"MetricDataResults": results}


class Answered(NamedTuple):
    """All that the client looks at of a response that was not sent."""

    status_code: int


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Answer in place of AWS."""
    return tap(monkeypatch)


@pytest.fixture
def source() -> LoadSource:
    """Ask CloudWatch."""
    return CloudWatchLoad(Clients())


def test_each_minute_with_requests_is_read(wire: Wire, source: LoadSource) -> None:
    """Latency in milliseconds, instances as a quotient, and nothing where nothing is known."""
    wire.answers["GetMetricData"] = Remembered(
        {
            "Invocations Sum": {0: 600.0, 1: 900.0, 5: 10.0},
            "InvocationsPerInstance Sum": {0: 600.0, 1: 450.0, 5: 0.0},
            "Invocation4XXErrors Sum": {1: 1.0},
            "Invocation5XXErrors Sum": {1: 2.0, 9: 5.0},
            "ModelLatency p95": {0: 12_500.0},
            "CPUUtilization Average": {0: 150.0, 30: 1.0},
            "GPUMemoryUtilization Average": {1: 40.0},
        }
    ).answer
    first, second, third = source.pull_loads("chat", "blue", SPAN)
    assert first == (T0, MINUTE, 600.0, 0.0, 1.0, {0.95: 12.5}, {"cpu": 150.0})
    assert second == (T0 + MINUTE, MINUTE, 900.0, 3.0, 2.0, {}, {"gpu_memory": 40.0})
    assert third == (T0 + 5 * MINUTE, MINUTE, 10.0, 0.0, None, {}, {})
    asked = {
        (query["MetricStat"]["Metric"]["Namespace"], query["MetricStat"]["Metric"]["MetricName"])
        for query in wire.made("GetMetricData")[0]["MetricDataQueries"]
    }
    assert {name for space, name in asked if space == ENDPOINTS} == set(USED.values())
    assert len(wire.made("GetMetricData")[0]["MetricDataQueries"]) == 4 + len(QUANTILES) + len(USED)


def test_a_long_window_is_asked_for_in_as_many_calls_as_it_takes(
    wire: Wire, source: LoadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each minute once."""
    monkeypatch.setattr(busy, "POINTS_A_CALL", 25 * 13)
    minutes = dict.fromkeys(range(60), 7.0)
    wire.answers["GetMetricData"] = Remembered({"Invocations Sum": minutes}).answer
    loads = source.pull_loads("chat", "blue", SPAN)
    assert [load.at for load in loads] == [T0 + index * MINUTE for index in range(60)]
    spans = [(each["StartTime"], each["EndTime"]) for each in wire.made("GetMetricData")]
    assert spans == [
        (T0, T0 + 25 * MINUTE),
        (T0 + 25 * MINUTE, T0 + 50 * MINUTE),
        (T0 + 50 * MINUTE, T0 + 60 * MINUTE),
    ]


class Trouble(NamedTuple):
    """A refusal, and the words and the kind of error that tell so."""

    code: str
    words: str
    says: str
    kind: type[HistoryError] = HistoryError


TROUBLES = [
    Trouble("AccessDenied", "not you", "allow cloudwatch:GetMetricData on resource *"),
    Trouble("ExpiredToken", "it expired", "`aws sso login`"),
    Trouble("ThrottlingException", "Rate exceeded", "asked too often", ThrottledError),
    Trouble("InternalServiceFault", "oops", "AWS: oops"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.code)
def test_a_refusal_names_the_remedy(wire: Wire, source: LoadSource, trouble: Trouble) -> None:
    """As of traffic."""
    wire.fail("GetMetricData", trouble.code, trouble.words)
    with pytest.raises(trouble.kind, match="chat/blue: ") as caught:
        source.pull_loads("chat", "blue", SPAN)
    assert trouble.says in str(caught.value)
    assert type(caught.value) is trouble.kind


def test_an_answer_that_is_not_whole_is_refused(wire: Wire, source: LoadSource) -> None:
    """A part of it would be another benchmark."""
    torn = {"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": "InternalError"}
    wire.answer("GetMetricData", {"MetricDataResults": [torn]})
    with pytest.raises(HistoryError, match="chat/blue: AWS: .*InternalError"):
        source.pull_loads("chat", "blue", SPAN)


def _describe(wire: Wire, **fields: Any) -> None:
    wire.answer("DescribeEndpoint", {"EndpointConfigName": "c"})
    wire.answer(
        "DescribeEndpointConfig", {"ProductionVariants": [{"VariantName": "blue", **fields}]}
    )


def test_an_instance_type_is_found(wire: Wire, source: LoadSource) -> None:
    """Of a variant that is there, and has one."""
    _describe(wire, InstanceType="ml.c5.large")
    assert source.find_type("chat", "blue") == "ml.c5.large"
    assert wire.made("DescribeEndpointConfig") == [{"EndpointConfigName": "c"}]
    with pytest.raises(HistoryError, match="chat: it has no variant 'green'; it has blue"):
        source.find_type("chat", "green")
    _describe(wire, ServerlessConfig={})
    with pytest.raises(HistoryError, match="chat/blue: it names no instance type; say which"):
        source.find_type("chat", "blue")


@pytest.mark.parametrize("action", ["DescribeEndpoint", "DescribeEndpointConfig"])
def test_who_may_not_see_an_endpoint_is_told_what_is_missing(
    wire: Wire, source: LoadSource, action: str
) -> None:
    """And that it may be said instead."""
    _describe(wire, InstanceType="ml.c5.large")
    wire.deny(f"sagemaker:{action}")
    says = rf"chat: .* allow sagemaker:{action} on it, or say which instance type"
    with pytest.raises(HistoryError, match=says):
        source.find_type("chat", "blue")
    wire.fail(action, "ValidationException", "Could not find it")
    with pytest.raises(HistoryError, match="chat: AWS: Could not find it"):
        source.find_type("chat", "blue")
    wire.fail(action, "ThrottlingException", "Rate exceeded")
    with pytest.raises(ThrottledError, match="chat: AWS was asked too often"):
        source.find_type("chat", "blue")


def test_it_says_whose_it_is(wire: Wire, source: LoadSource) -> None:
    """So that what is kept of one account is not taken for another's."""
    wire.answer("GetCallerIdentity", {"Account": "123456789012"})
    known: dict[str, str] = {}
    assert source.find_place(known).endswith("us-east-1 123456789012")
    assert len(known) == 1


def _remember(cloudwatch: Any, endpoint: str, late: Mapping[int, list[float]]) -> None:
    """Put 40 minutes in: a ramp, in whose middle a second instance helps."""
    where = [{"Name": "EndpointName", "Value": endpoint}, WHERE[1]]
    for index in range(40):
        at, count = T0 + index * MINUTE, 100.0 * (1 + index // 4)
        here = 2.0 if index in range(20, 24) else 1.0
        own = [("Invocations", [count]), ("InvocationsPerInstance", [count / here])]
        own += [("ModelLatency", late[index])] if index in late else []
        use = [("CPUUtilization", [0.15 * count / here]), ("MemoryUtilization", [30.0])]
        for space, pairs in ((SPACE, own), (ENDPOINTS, use)):
            made = [
                {"MetricName": name, "Dimensions": where, "Timestamp": at, "Value": value}
                for name, values in pairs
                for value in values
            ]
            cloudwatch.put_metric_data(Namespace=space, MetricData=made)


def _expect_ramp(found: Benchmark) -> None:
    offered = [round(step.offered) for step in found.steps]
    assert offered == [100, 200, 300, 400, 500, 700, 800, 900, 1_000]
    assert found.steps[-1].used_ratio == {
        Resource.CPU: pytest.approx(0.75),
        Resource.MEMORY: pytest.approx(0.3),
    }


@pytest.mark.enable_socket
def test_an_hour_of_one_instance_is_a_benchmark(
    moto: Server, source: LoadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As moto keeps it, which knows no percentiles."""
    empty(moto)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    _remember(client_of(moto, "cloudwatch"), "chat", {})
    loads = source.pull_loads("chat", "blue", SPAN)
    empty(moto)
    assert [load.instances for load in loads if load.at == T0 + 21 * MINUTE] == [2.0]
    _expect_ramp(bin_loads(loads, find_machine("ml.c5.large"), "chat/blue"))


@pytest.mark.enable_socket
def test_its_percentiles_are_read_where_they_are_made(
    ministack: Server, source: LoadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As MiniStack computes them of what was put in, in microseconds."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.url)
    endpoint = f"chat-{uuid4().hex[:8]}"
    hundred = [10.0 * each for each in range(1, 101)]
    _remember(client_of(ministack, "cloudwatch"), endpoint, {36: hundred, 37: hundred})
    found = bin_loads(
        source.pull_loads(endpoint, "blue", SPAN), find_machine("ml.c5.large"), "chat/blue"
    )
    _expect_ramp(found)
    late = found.steps[-1].latency_ms
    assert late[0.5] == pytest.approx(0.5, abs=0.02)
    assert late[0.99] == pytest.approx(0.99, abs=0.02)
    assert found.steps[0].latency_ms == {}
