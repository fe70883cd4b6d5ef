"""Is what Google refuses, delays or leaves out Missing, and no other read's concern?"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any, cast

import grpc
import pytest
from google.cloud.monitoring_v3 import ListTimeSeriesResponse

from flyball.adapters.gcp.client import ClientListing
from flyball.adapters.gcp.monitoring import Listing, MonitoringMetrics
from flyball.adapters.gcp.rest import SessionListing
from flyball.adapters.gcp.session import Session
from flyball.core.model import Datapoint, Missing, MissingCause, Series
from flyball.core.target import Metric
from flyball.ports import MetricRead
from tests.gcp.local import Local, local_service
from tests.gcp.measured import (
    BUSY,
    CALLS,
    DUTY,
    NOW,
    WAYS,
    Desk,
    make_metric,
    open_desk,
    target_on,
)
from tests.gcp.monitoring import RefusalError
from tests.unit.core.cases import NOON

pytestmark = pytest.mark.enable_socket

SILENCE = {"client": "DEADLINE_EXCEEDED", "session": "UNREACHABLE"}
PATIENCE_S = 0.5
"""For one call with all its tries: enough for one more try or two."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Read by Google's client, and by the session alone."""
    return str(request.param)


@pytest.fixture
def desk(way: str) -> Iterator[Desk]:
    """Open an account that has a duty cycle and a count, and a reader with little patience."""
    with open_desk(way, within_s=PATIENCE_S) as opened:
        opened.write_duty({0: 0.7})
        opened.write_count({0: 9})
        yield opened


@pytest.fixture
def local() -> Iterator[Local]:
    """Serve whatever a test wants said."""
    with local_service() as service:
        yield service


def expect_missing(found: Series | Missing, *words: str) -> None:
    """Expect a read that failed, and says so."""
    assert isinstance(found, Missing)
    assert found.cause is MissingCause.SOURCE_FAILED
    for word in words:
        assert word in found.detail


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL"])
def test_what_passes_is_tried_again(way: str, code: str) -> None:
    """The client by itself tries again after the first of these only."""
    with open_desk(way) as desk:
        desk.write_duty({0: 0.7})
        desk.account.refuse(code, times=1)
        (series,) = desk.read(BUSY)
        assert series == (Datapoint(NOON, 0.7, reporting=1),)
        assert len(desk.account.asked) == 2


def test_where_nobody_answers_nothing_more_is_asked(desk: Desk) -> None:
    """One call is waited for; the time that is left belongs to others."""
    desk.account.refuse("UNAVAILABLE", "the service is away")
    for found in desk.read(BUSY, CALLS):
        expect_missing(found, "UNAVAILABLE: the service is away")
    assert {
        request.filter.partition('"')[2].partition('"')[0] for request in desk.account.asked
    } == {DUTY}


def test_a_used_up_quota_is_of_the_whole_project(desk: Desk) -> None:
    """It is tried a little, nothing else of the project is asked, and the next read asks again."""
    desk.account.refuse("RESOURCE_EXHAUSTED", "Quota exceeded for quota metric")
    for found in desk.read(BUSY, CALLS):
        expect_missing(found, "RESOURCE_EXHAUSTED: Quota exceeded")
    assert len({request.filter for request in desk.account.asked}) == 1
    desk.account.refuse("OK", times=0)
    assert desk.read(CALLS) == [(Datapoint(NOON, 9.0),)]


def test_a_used_up_quota_of_one_project_is_no_other_ones(desk: Desk) -> None:
    """Others are asked at the same time, whoever comes first."""

    def hook(request: Any) -> None:
        if request.name == "projects/full":
            raise RefusalError(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")

    desk.account.hook = hook
    full = replace(target_on(), resource={**target_on().resource, "project": "full"})
    found = desk.read_all(MetricRead(full, CALLS, 1), MetricRead(target_on(), CALLS, 1))
    expect_missing(found[0], "RESOURCE_EXHAUSTED")
    assert found[1] == (Datapoint(NOON, 9.0),)


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "INTERNAL"])
def test_a_read_ends_with_its_time_however_many_calls_it_needs(desk: Desk, code: str) -> None:
    """Whatever each of them is refused for: others wait for it, with their leases held."""
    desk.account.refuse(code, "no")
    metrics = [make_metric(f"custom.googleapis.com/queue_{each}", "mean") for each in range(25)]
    began = monotonic()
    for found in desk.read(*metrics):
        assert isinstance(found, Missing)
    assert monotonic() - began < 4 * PATIENCE_S


def test_a_missing_permission_is_not_tried_again(desk: Desk) -> None:
    """Only somebody can mend it."""
    said = "Permission monitoring.timeSeries.list denied"
    desk.account.refuse("PERMISSION_DENIED", said)
    for found in desk.read(BUSY, CALLS):
        expect_missing(found, f"PERMISSION_DENIED: {said}", "in p")
    assert len(desk.account.asked) == 2


def test_a_type_that_does_not_exist_blinds_itself_alone(desk: Desk) -> None:
    """Nobody has ever written it."""
    bad, good = desk.read(make_metric("custom.googleapis.com/typo", "mean"), CALLS)
    expect_missing(bad, "NOT_FOUND", "custom.googleapis.com/typo")
    assert good == (Datapoint(NOON, 9.0),)


def test_one_bad_value_blinds_its_own_target_alone(desk: Desk) -> None:
    """Google refuses the whole call for it."""
    for endpoint in "abcdef":
        desk.write_duty({0: 0.5}, endpoint=endpoint)

    def hook(request: Any) -> None:
        if '"bad"' in request.filter:
            raise RefusalError(grpc.StatusCode.INVALID_ARGUMENT, "Field filter is invalid")

    desk.account.hook = hook
    names = ["a", "b", "c", "bad", "d", "e", "f"]
    found = desk.read_all(*[MetricRead(target_on(endpoint=each), BUSY, 1) for each in names])
    blind = [each for each, series in zip(names, found, strict=True) if isinstance(series, Missing)]
    assert blind == ["bad"]
    expect_missing(found[3], "INVALID_ARGUMENT: Field filter is invalid")


def test_halves_are_not_asked_for_once_nobody_answers(desk: Desk) -> None:
    """The service went away between two calls."""
    calls = iter(["INVALID_ARGUMENT"])

    def hook(_: Any) -> None:
        raise RefusalError(grpc.StatusCode[next(calls, "UNAVAILABLE")], "no")

    desk.account.hook = hook
    reads = [MetricRead(target_on(endpoint=each), BUSY, 1) for each in "abcd"]
    for found in desk.read_all(*reads):
        expect_missing(found, "UNAVAILABLE")
    assert not [request for request in desk.account.asked[1:] if '"c"' in request.filter]


def test_an_incomplete_answer_is_missing(desk: Desk) -> None:
    """A sum of some of the series would be too low."""
    error = {"code": 13, "message": "a shard is away"}
    desk.account.hook = lambda _: ListTimeSeriesResponse(execution_errors=[error])
    (found,) = desk.read(BUSY)
    expect_missing(found, "incomplete: a shard is away")


def test_pages_without_end_are_broken_off(way: str, desk: Desk) -> None:
    """Rather blind than asleep."""
    with open_desk(way, within_s=60.0) as patient:
        patient.account.hook = _go_on
        (found,) = patient.read(BUSY)
        expect_missing(found, "more than 100 pages")
        assert len(patient.account.asked) == 100
    now = iter(range(1_000))
    hurried = MonitoringMetrics(desk.listing, within_s=4.0, clock=lambda: next(now))
    desk.account.hook = _go_on
    (found,) = hurried.read([MetricRead(target_on(), BUSY, 1)], NOW)
    expect_missing(found, "no end after 1 pages")
    hurried.close()


def test_a_server_that_never_answers_is_waited_for_once(way: str, desk: Desk) -> None:
    """Not for ever, and not by every metric."""
    asleep = threading.Event()

    def hook(_: Any) -> None:
        asleep.wait(10)

    desk.account.hook = hook
    found = desk.read(BUSY, CALLS)
    asleep.set()
    for each in found:
        expect_missing(each, SILENCE[way])
    assert {request.filter for request in desk.account.asked} == {desk.account.asked[0].filter}


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        pytest.param(ClientListing("127.0.0.1:9"), "UNAVAILABLE", id="client"),
        pytest.param(
            SessionListing(Session({"monitoring": "http://127.0.0.1:9"})),
            "UNREACHABLE",
            id="session",
        ),
    ],
)
def test_no_server_at_all_is_missing(listing: Listing, said: str) -> None:
    """A port that nobody listens on."""
    reader = MonitoringMetrics(listing, within_s=PATIENCE_S)
    (found,) = reader.read([MetricRead(target_on(), BUSY, 1)], NOW)
    expect_missing(found, said)
    reader.close()
    reader.close()


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        pytest.param(ClientListing(), "DefaultCredentialsError", id="client"),
        pytest.param(SessionListing(Session()), "NO_CREDENTIALS", id="session"),
    ],
)
def test_no_credentials_is_missing(
    listing: Listing, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's own address is asked by nobody in particular."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent.json")
    (found,) = MonitoringMetrics(listing).read([MetricRead(target_on(), BUSY, 1)], NOW)
    expect_missing(found, said, "/nonexistent.json")


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "<html>",
        '{"executionErrors": [{}]}',
        '{"timeSeries": [{"points": 7}, 8, {"points": [{"value": {}}]}]}',
        '{"timeSeries": [{"points": [{"value": {"int64Value": "x"}}]}]}',
    ],
)
def test_an_absurd_answer_is_missing(local: Local, answer: str) -> None:
    """Whatever stands between here and Google may have written it."""
    local.answers = [(200, answer)]
    listing = SessionListing(Session({"monitoring": local.url}))
    (found,) = MonitoringMetrics(listing).read([MetricRead(target_on(), BUSY, 1)], NOW)
    assert isinstance(found, Missing)


class Failing:
    """A session that fails otherwise than a session does."""

    def call(self, *_: Any, **__: Any) -> Any:
        """Fail."""
        raise RuntimeError("no such thing")


def test_a_failure_of_any_kind_is_missing() -> None:
    """No other read is lost with it."""
    listing = SessionListing(cast("Session", Failing()))
    (found,) = MonitoringMetrics(listing).read([MetricRead(target_on(), BUSY, 1)], NOW)
    expect_missing(found, "RuntimeError: no such thing")


def test_a_source_that_cannot_be_understood_blinds_itself_alone(desk: Desk) -> None:
    """Validated configs have none; a ledger may hold an old one."""
    blind, seen = desk.read(Metric("bad", source={"statistic": "mean"}), CALLS)
    expect_missing(blind, "bad: source.metric is missing")
    assert seen == (Datapoint(NOON, 9.0),)


def test_an_expression_over_what_failed_is_missing(desk: Desk) -> None:
    """With the reason of what it needs."""
    desk.account.refuse("PERMISSION_DENIED")
    source = {"expression": "FILL(calls, 0)", "calls.metric": DUTY}
    (found,) = desk.read(Metric("m", source=source))
    expect_missing(found, "PERMISSION_DENIED")


def test_a_value_that_is_no_number_is_no_datapoint(desk: Desk) -> None:
    """A distribution of which nothing was made."""
    desk.account.hook = lambda _: _answer({"distribution_value": {"count": 3}})
    (found,) = desk.read(BUSY)
    assert isinstance(found, Missing)
    assert found.cause is MissingCause.NO_DATA


def test_what_was_written_to_another_model_or_time_is_dropped(desk: Desk) -> None:
    """Whatever a server answers beside what it was asked for."""
    for model, seconds in (("8", 0), ("7", 30), ("7", -86_400)):
        answer = _answer({"double_value": 0.5}, model, seconds)
        desk.account.hook = partial(_give, answer)
        (found,) = desk.read(BUSY)
        assert isinstance(found, Missing), (model, seconds)


def test_a_reader_that_was_closed_opens_again(desk: Desk) -> None:
    """A module's global outlives its connection."""
    before: Sequence[Any] = desk.read(CALLS)
    desk.reader.close()
    assert desk.read(CALLS) == before


def _go_on(_: Any) -> Any:
    """Answer nothing, and promise more."""
    return ListTimeSeriesResponse({"next_page_token": "again"})


def _give(answer: Any, _: Any) -> Any:
    return answer


def _answer(value: dict[str, Any], model: str = "7", seconds: float = 0) -> Any:
    """Write one point of the endpoint's duty cycle."""
    at = {"seconds": int(NOON.timestamp() + seconds)}
    labels = {"location": "europe-west4", "endpoint_id": "42"}
    return ListTimeSeriesResponse(
        time_series=[
            {
                "metric": {"type": DUTY, "labels": {"deployed_model_id": model}},
                "resource": {"type": "aiplatform.googleapis.com/Endpoint", "labels": labels},
                "points": [{"interval": {"start_time": at, "end_time": at}, "value": value}],
            }
        ]
    )
