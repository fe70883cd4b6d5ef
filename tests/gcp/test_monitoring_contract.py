"""Are our requests for metrics, and the answers of the tests' server, such as Google documents?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.json_format import MessageToDict

from flyball.core.target import Metric, Per, Unit
from flyball.ports import MetricRead
from tests.gcp.contract import check
from tests.gcp.discovery import ContractError, check_answer, find_method
from tests.gcp.measured import (
    BUSY,
    CALLS,
    CPU,
    VERTEX,
    WAYS,
    Desk,
    make_metric,
    open_desk,
    target_on,
)

pytestmark = pytest.mark.enable_socket

LATENCIES = f"{VERTEX}/prediction_latencies"
METRICS: tuple[Metric, ...] = (
    BUSY,
    CALLS,
    make_metric(CPU, "max", unit=Unit.RATIO),
    make_metric(f"{VERTEX}/replicas", per=Per.TOTAL),
    make_metric(f"{VERTEX}/error_count", "rate", per=Per.TOTAL),
    make_metric(LATENCIES, "p99"),
)


@pytest.fixture(params=WAYS)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Open an account with something of each, for each way to read it."""
    with open_desk(request.param) as opened:
        for replica in "ab":
            opened.write_duty({1: 0.5, 0: 0.7}, replica)
            opened.write(CPU, {0: 0.7}, unit="10^2.%", replica_id=replica)
        opened.write_count({1: 40, 0: 70})
        opened.write_count({0: 1}, f"{VERTEX}/error_count")
        opened.write(f"{VERTEX}/replicas", {0: 2})
        opened.write(LATENCIES, {0: [10.0, 20.0]}, unit="ms", kind="DELTA", latency_type="total")
        yield opened


def test_every_request_is_one_that_google_documents(desk: Desk) -> None:
    """Path, parameters, times and enums, as projects.timeSeries.list takes them over REST."""
    targets = [target_on(), target_on(endpoint="43")]
    desk.read_all(*[MetricRead(target, metric, 3) for target in targets for metric in METRICS])
    assert len(desk.account.asked) == len(METRICS)
    for request in desk.account.asked:
        check(request)


def test_every_answer_is_one_that_google_documents(desk: Desk) -> None:
    """So that what is tested against is no invention."""
    desk.read(*METRICS)
    requests, answered = list(desk.account.asked), 0
    for request in requests:
        answer = desk.account.reply(request)
        answered += len(answer.time_series)
        method = find_method(("monitoring.v3",), "GET", f"/v3/{request.name}/timeSeries")
        check_answer(method, MessageToDict(type(answer).pb(answer)))
    assert answered == len(METRICS) + 2  # each replica's duty cycle and CPU by itself


def test_a_request_that_google_does_not_document_is_seen(desk: Desk) -> None:
    """The check above can fail."""
    desk.read(BUSY)
    (request,) = desk.account.asked
    with pytest.raises(ContractError, match="takes no"):
        check(request, {"aggregation.aligner": "ALIGN_MEAN"})
