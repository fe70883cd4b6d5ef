"""Are Google's metrics read as they are: late, by replica, newest first, as ratios and totals?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from google.cloud.monitoring_v3 import ListTimeSeriesResponse

from flyball.core.breach import believe
from flyball.core.model import Datapoint, Missing, MissingCause, Reason
from flyball.core.target import CapacityKind, Metric, Per, Unit
from flyball.ports import MetricRead
from tests.gcp.measured import (
    AGE,
    BUSY,
    CALLS,
    COUNT,
    CPU,
    DUTY,
    MINUTE,
    NOW,
    VERTEX,
    WAYS,
    Desk,
    make_metric,
    open_desk,
    target_on,
)
from tests.gcp.monitoring import Line
from tests.unit.core.cases import NOON, expect, see, tracking

pytestmark = pytest.mark.enable_socket


@pytest.fixture(params=WAYS)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Open an empty account, for each way to read it."""
    with open_desk(request.param) as opened:
        yield opened


def test_a_duty_cycle_is_the_mean_of_the_replicas_that_reported_and_their_number(
    desk: Desk,
) -> None:
    """Minute by minute, oldest first, whoever was there."""
    desk.write_duty({2: 0.5, 1: 0.6, 0: 0.9}, "a")
    desk.write_duty({2: 0.7, 0: 0.5}, "b")
    desk.write_duty({0: 0.4}, "c")
    (series,) = desk.read(BUSY)
    assert [(point.at, point.reporting) for point in series] == [
        (NOON - 2 * MINUTE, 2),
        (NOON - MINUTE, 1),
        (NOON, 3),
    ]
    assert [point.value for point in series] == pytest.approx([0.6, 0.6, 0.6])


def test_a_cpu_of_several_cores_exceeds_one_unless_its_cores_are_told(desk: Desk) -> None:
    """Google counts it per replica, not per core."""
    desk.write(CPU, {0: 3.2}, unit="10^2.%", replica_id="a")
    whole, each = desk.read(
        make_metric(CPU, unit=Unit.RATIO), make_metric(CPU, unit=Unit.RATIO, given={"cores": "4"})
    )
    assert whole == (Datapoint(NOON, 3.2, reporting=1),)
    assert each == (Datapoint(NOON, 0.8, reporting=1),)


def test_replicas_are_counted_over_spot_and_other_machines(desk: Desk) -> None:
    """An int64 of each; the total has no replicas of its own to count."""
    desk.write(f"{VERTEX}/replicas", {0: 3}, spot="False")
    desk.write(f"{VERTEX}/replicas", {0: 1}, spot="True")
    (series,) = desk.read(make_metric(f"{VERTEX}/replicas", per=Per.TOTAL))
    assert series == (Datapoint(NOON, 4.0),)


def test_counts_are_added_up_and_a_gap_stays_a_gap(desk: Desk) -> None:
    """What another model on the endpoint did is not ours."""
    desk.write_count({2: 40, 0: 70}, spot="False")
    desk.write_count({0: 5}, spot="True")
    desk.write_count({1: 900}, model="8")
    (series,) = desk.read(CALLS)
    assert series == (Datapoint(NOON - 2 * MINUTE, 40.0), Datapoint(NOON, 75.0))


def test_errors_may_be_read_as_a_rate(desk: Desk) -> None:
    """Of a second."""
    desk.write_count({0: 30}, f"{VERTEX}/error_count")
    (series,) = desk.read(make_metric(f"{VERTEX}/error_count", "rate", per=Per.TOTAL))
    assert series == (Datapoint(NOON, 0.5),)


def test_a_latency_percentile_is_of_all_calls_together(desk: Desk) -> None:
    """Not the mean of two series' percentiles; overhead is no latency of the whole."""
    name = f"{VERTEX}/prediction_latencies"
    some = {"unit": "ms", "kind": "DELTA", "latency_type": "total"}
    desk.write(name, {0: [10.0] * 98}, **some, spot="False")
    desk.write(name, {0: [400.0, 500.0]}, **some, spot="True")
    desk.write(name, {0: [9_000.0]}, unit="ms", kind="DELTA", latency_type="overhead")
    median, worst, model = desk.read(
        make_metric(name, "p50"),
        make_metric(name, "p99"),
        make_metric(name, "p99", given={"labels.latency_type": "model"}),
    )
    assert median == (Datapoint(NOON, 10.0),)
    assert worst == (Datapoint(NOON, 400.0),)
    assert isinstance(model, Missing)


def test_ai_platform_counts_by_model_and_version_and_in_microseconds(desk: Desk) -> None:
    """As it was; nothing is converted."""
    paths = {"resource.labels.model_id": "vision", "resource.labels.version_id": "v3"}
    prefix = "ml.googleapis.com/prediction"
    for name, kind, value in (
        ("online/accelerator/duty_cycle", "GAUGE", 0.71),
        ("latencies", "DELTA", [71_000.0]),
    ):
        line = Line("p", f"{prefix}/{name}", paths, {NOON: value}, kind)
        desk.account.lines.append(line._replace(resource_type="cloudml_model_version"))
    target = replace(target_on(), resource={"project": "p", "model": "vision", "version": "v3"})
    metrics = (
        make_metric(f"{prefix}/online/accelerator/duty_cycle", unit=Unit.RATIO),
        make_metric(f"{prefix}/latencies", "p99"),
    )
    busy, slow = desk.read_all(*[MetricRead(target, metric, 1) for metric in metrics])
    assert busy == (Datapoint(NOON, 0.71),)
    assert slow == (Datapoint(NOON, 71_000.0),)


def test_a_custom_metric_is_found_by_the_labels_that_are_given(desk: Desk) -> None:
    """Of any resource; a quote in one does no harm."""
    name = "custom.googleapis.com/queue"
    for queue, value in (('a "b" \\', 12), ("other", 900)):
        paths = {"metric.labels.queue": queue, "resource.labels.job": "j"}
        line = Line("p", name, paths, {NOON: value}, resource_type="generic_task")
        desk.account.lines.append(line)
    given = {
        "labels.queue": 'a "b" \\',
        "resource_labels.job": "j",
        "resource_type": "generic_task",
    }
    (series,) = desk.read(make_metric(name, "mean", per=Per.TOTAL, given=given))
    assert series == (Datapoint(NOON, 12.0),)


def test_an_expression_is_computed_of_what_was_read_once(desk: Desk) -> None:
    """Silence is filled only once it can no longer be a delay."""
    desk.write_count({8: 50, 1: 100})
    desk.write_count({1: 5}, f"{VERTEX}/error_count")
    share = {
        "expression": "errors / calls",
        "errors.metric": f"{VERTEX}/error_count",
        "calls.metric": COUNT,
    }
    idle = {"expression": "FILL(calls, 0)", "calls.metric": COUNT}
    metrics = (Metric("m", max_age=AGE, source=share), Metric("n", max_age=AGE, source=idle))
    errors, filled = desk.read(*metrics, periods=9)
    assert errors == (Datapoint(NOON - MINUTE, 0.05),)
    assert [(NOON - point.at) // MINUTE for point in filled] == [9, 8, 7, 6, 1]
    assert [point.value for point in filled] == [0, 50, 0, 0, 100]
    assert len(desk.account.asked) == 2


def test_the_minute_that_still_runs_is_not_asked_for(desk: Desk) -> None:
    """Half a minute's sum is half as large; and ten minutes back are, at least."""
    desk.write_count({0: 60, -0.25: 9})
    (series,) = desk.read(replace(CALLS, max_age=MINUTE), periods=1)
    assert series == (Datapoint(NOON, 60.0),)
    (asked,) = desk.account.asked
    assert asked.interval.end_time == NOON
    assert asked.interval.start_time <= NOON - 10 * MINUTE


@pytest.mark.parametrize("ago", [0, 5.5, 9])
def test_the_newest_value_keeps_its_age(desk: Desk, ago: float) -> None:
    """However late it is: whether it is stale is the engine's to say."""
    desk.write_duty({ago: 0.4, ago + 1: 0.9})
    (series,) = desk.read(BUSY, periods=1)
    (point,) = series
    assert point.value == 0.4
    assert timedelta(0) <= point.at - (NOON - MINUTE * ago) < MINUTE


def test_a_series_that_goes_on_on_the_next_page_is_read_to_its_end(desk: Desk) -> None:
    """Newest first, across pages."""
    desk.write_duty({ago: ago / 10 for ago in range(8)}, "a")
    desk.write_duty({ago: ago / 10 for ago in range(8)}, "b")
    desk.account.page_points = 3
    (series,) = desk.read(BUSY, periods=8)
    assert [point.value for point in series] == pytest.approx(
        [ago / 10 for ago in range(7, -1, -1)]
    )
    assert {point.reporting for point in series} == {2}
    assert len(desk.account.asked) == 6


def test_targets_share_a_call_and_each_gets_its_own(desk: Desk) -> None:
    """Also where one endpoint's model has the number of another's."""
    for endpoint, model, value in (("1", "7", 0.1), ("2", "8", 0.2), ("1", "8", 0.3)):
        desk.write_duty({0: value}, endpoint=endpoint, model=model)
    desk.write_duty({0: 0.9}, endpoint="2", model="7")
    wanted = [("1", "7"), ("2", "8"), ("1", "8"), ("3", "7")]
    reads = [
        MetricRead(target_on(endpoint=endpoint, model=model), BUSY, 1) for endpoint, model in wanted
    ]
    *found, nobody = desk.read_all(*reads)
    assert [series[0].value for series in found if not isinstance(series, Missing)] == [
        0.1,
        0.2,
        0.3,
    ]
    assert isinstance(nobody, Missing)
    assert nobody.cause is MissingCause.NO_DATA
    (asked,) = desk.account.asked
    assert 'resource.labels.endpoint_id = one_of("1","2","3")' in asked.filter


def test_a_fleet_is_read_in_calls_of_a_hundred(desk: Desk) -> None:
    """As many values as one_of takes; a metric type each has calls of its own."""
    for index in range(250):
        desk.write_duty({0: index / 1000}, endpoint=f"e{index}")
    targets = [target_on(endpoint=f"e{index}") for index in range(250)]
    reads = [MetricRead(target, metric, 1) for target in targets for metric in (BUSY, CALLS)]
    found = desk.read_all(*reads)
    values = [series[0].value for series in found[::2] if not isinstance(series, Missing)]
    assert values == [index / 1000 for index in range(250)]
    assert len(desk.account.asked) == 6


def test_google_07_no_series_is_no_data_and_a_fresh_zero_is_a_zero(desk: Desk) -> None:
    """Nothing is made of silence; what is older than 600 s is stale, and holds."""
    (nothing,) = desk.read(BUSY)
    assert isinstance(nothing, Missing)
    assert nothing.cause is MissingCause.NO_DATA
    assert DUTY in nothing.detail

    desk.write_duty({0: 0.0})
    (zero,) = desk.read(BUSY)
    assert zero == (Datapoint(NOON, 0.0, reporting=1),)
    assert believe(zero, BUSY, NOW) == zero

    desk.account.lines.clear()
    desk.write_duty({10: 0.9})
    (old,) = desk.read(BUSY)
    assert believe(old, BUSY, NOON) == old
    assert believe(old, BUSY, NOW) == Missing(MissingCause.STALE)

    target = replace(
        target_on(BUSY),
        policies=(tracking("A", 60.0, metric="m"),),
        capacity_kind=CapacityKind.RANGE,
    )
    for seen in (nothing, old):
        held = expect(target, see(4, {"m": seen}, NOW, ceiling=9), desired=4)
        assert held.reason is Reason.MISSING_DATA
    expect(target, see(4, {"m": zero}, NOW, ready=1, ceiling=9), desired=1)


def test_google_08_a_ratio_is_a_percentage_and_an_int64_may_be_text(desk: Desk) -> None:
    """duty_cycle 0.71, target 60, 2 replicas: 3, not 1. As JSON has it, 3 is "3"."""
    desk.write_duty({0: 0.71, 1: 0.71, 2: 0.71})
    target = replace(
        target_on(BUSY),
        policies=(tracking("A", 60.0, metric="m"),),
        capacity_kind=CapacityKind.RANGE,
    )
    (series,) = desk.read(BUSY)
    made = expect(target, see(2, {"m": series}, NOW, ceiling=9), desired=3)
    assert made.recommendations[0].value == pytest.approx(71)

    point = {"interval": {"endTime": NOON.isoformat()}, "value": {"int64Value": "3"}}
    labels = {"location": "europe-west4", "endpoint_id": "42"}
    line = {
        "metric": {"type": f"{VERTEX}/replicas", "labels": {"deployed_model_id": "7"}},
        "resource": {"type": "aiplatform.googleapis.com/Endpoint", "labels": labels},
        "metricKind": "GAUGE",
        "valueType": "INT64",
        "points": [point],
    }
    answer = ListTimeSeriesResponse.from_json(json.dumps({"timeSeries": [line], "unit": "1"}))
    desk.account.hook = lambda _: answer
    (replicas,) = desk.read(make_metric(f"{VERTEX}/replicas", per=Per.TOTAL))
    assert replicas == (Datapoint(NOON, 3.0),)


@pytest.mark.parametrize(
    ("emitted", "unit", "expected"),
    [("10^2.%", Unit.PERCENT, "write `unit: ratio`"), ("%", Unit.RATIO, "write `unit: percent`")],
)
def test_a_ratio_is_never_taken_for_a_percentage(
    desk: Desk, emitted: str, unit: Unit, expected: str
) -> None:
    """Nor the other way round: Google says which of the two it emits."""
    name = "custom.googleapis.com/load"
    desk.account.lines.append(Line("p", name, {}, {NOON: 0.5}, unit=emitted))
    refused, number = desk.read(
        make_metric(name, "mean", unit=unit), make_metric(name, "mean", unit=Unit.NUMBER)
    )
    assert isinstance(refused, Missing)
    assert refused.cause is MissingCause.SOURCE_FAILED
    assert expected in refused.detail
    assert number == (Datapoint(NOON, 0.5),)


GOOGLES = """
heavy = ("grpc", "google.api_core", "google.cloud.monitoring_v3")
print([name for name in heavy if name in sys.modules])
"""
READ = """
import sys
from datetime import UTC, datetime
from flyball.adapters.gcp.monitoring import MonitoringMetrics
from flyball.adapters.gcp.rest import SessionListing
from flyball.adapters.gcp.session import Session
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import MetricRead

source = {"metric": "custom.googleapis.com/m", "project": "p", "statistic": "mean"}
metric = Metric("m", source=source)
listing = SessionListing(Session({"monitoring": "http://127.0.0.1:9"}))
metrics = MonitoringMetrics(listing, within_s=0.1)
reads = [MetricRead(ScalableTarget("t", 1, 9, home="gcp"), metric, 1)]
(found,) = metrics.read(reads, datetime.now(UTC))
assert "UNREACHABLE" in found.detail, found
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            "import sys, flyball.adapters.gcp.client as c; c.ClientListing()", id="client"
        ),
        pytest.param(READ, id="session"),
    ],
)
def test_nothing_of_googles_client_is_loaded_before_it_is_needed(program: str) -> None:
    """And never by who reads by the session: an alert does not wait for its import."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{program}\n{GOOGLES}"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
