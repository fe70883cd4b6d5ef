"""Does simulated monitoring show what happened, a minute late, and never a zero for a gap?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.load import Load
from flyball.adapters.local.metrics import METRICS, LocalMetrics
from flyball.adapters.local.timeline import EndpointSettings, ServiceSettings
from flyball.core.model import CapacityRange, Datapoint, Missing, MissingCause, Series
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.ports import MetricRead

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MU = 100.0
EACH = Metric("invocations_per_instance")
PERCENT = Metric("utilization", unit=Unit.PERCENT)
RATIO = Metric("load", unit=Unit.RATIO, source={"metric": "utilization"})
TOTAL = Metric("invocations", per=Per.TOTAL)
BACKLOG = Metric("backlog", per=Per.TOTAL)
SLOW = Metric("invocations", per=Per.TOTAL, period=5 * MINUTE)
TARGET = ScalableTarget("chat", 0, 50, metrics=(EACH, PERCENT, RATIO, TOTAL, BACKLOG))


def watch(*requests: float | None, initial: int = 2) -> tuple[LocalEndpoints, LocalMetrics]:
    """Give an endpoint with so many requests in its first minutes, and none known later."""
    endpoints = LocalEndpoints()
    endpoints.create("chat", EndpointSettings(initial=initial), NOON)
    by_minute = {NOON + index * MINUTE: value for index, value in enumerate(requests)}
    return endpoints, LocalMetrics(endpoints, {"chat": Load(by_minute.get, MU, NOON)})


def read(metrics: LocalMetrics, metric: Metric, minutes: float, periods: int = 99) -> Series:
    """Read a series, which must be known, so many minutes after noon."""
    (series,) = metrics.read([MetricRead(TARGET, metric, periods)], NOON + minutes * MINUTE)
    assert not isinstance(series, Missing)
    return series


def miss(metrics: LocalMetrics, metric: Metric, minutes: float) -> MissingCause:
    """Read a series that must be missing, and give the cause."""
    (missing,) = metrics.read([MetricRead(TARGET, metric, 3)], NOON + minutes * MINUTE)
    assert isinstance(missing, Missing)
    return missing.cause


def test_a_datapoint_is_seen_a_minute_after_its_minute_ended() -> None:
    """Nothing at 12:01:59; at 12:02 the datapoint that ended at 12:01."""
    _, metrics = watch(60, 80)
    assert miss(metrics, TOTAL, 1.99) is MissingCause.NO_DATA
    assert read(metrics, TOTAL, 2) == (Datapoint(NOON + MINUTE, 60, 2),)


def test_every_datapoint_carries_the_instances_that_were_in_service() -> None:
    """Per instance is the sum divided by them; utilization is percent of what they can do."""
    _, metrics = watch(60, 300)
    first, second = NOON + MINUTE, NOON + 2 * MINUTE
    assert read(metrics, TOTAL, 3) == (Datapoint(first, 60, 2), Datapoint(second, 300, 2))
    assert read(metrics, EACH, 3) == (Datapoint(first, 30, 2), Datapoint(second, 150, 2))
    assert read(metrics, PERCENT, 3) == (Datapoint(first, 30, 2), Datapoint(second, 150, 2))
    assert read(metrics, RATIO, 3) == (Datapoint(first, 0.3, 2), Datapoint(second, 1.5, 2))


def test_instances_that_are_not_in_service_yet_do_not_count() -> None:
    """Desired is 6 from 12:00 on, ready 2 until a lead time later."""
    endpoints, metrics = watch(*[300] * 10)
    endpoints.apply(TARGET, CapacityRange(6, 6), NOON)
    series = read(metrics, EACH, 11)
    assert [point.ready for point in series[:3]] == [2, 2, 2]
    assert (series[-1].ready, series[-1].value) == (6, 50)


def test_work_beyond_capacity_is_carried_over() -> None:
    """Two instances do 200 a minute: 300 leave 100, which the next calm minute takes."""
    _, metrics = watch(300, 250, 120, 0)
    assert [point.value for point in read(metrics, BACKLOG, 5)] == [100, 150, 70, 0]
    waiting = [minute.waiting for minute in metrics.minutes("chat", NOON + 4 * MINUTE)]
    assert waiting == [0, 100, 150, 70]


def test_a_gap_in_the_trace_is_a_gap_and_not_a_zero() -> None:
    """The series has no datapoint for it, in any metric; an honest zero is one."""
    _, metrics = watch(60, None, 0)
    for metric in (TOTAL, EACH, PERCENT, BACKLOG):
        stamps = [point.at - NOON for point in read(metrics, metric, 4)]
        assert stamps == [MINUTE, 3 * MINUTE]


def test_after_the_trace_there_is_no_data() -> None:
    """Its end is an outage, not silence."""
    _, metrics = watch(60)
    assert miss(metrics, TOTAL, 30) is MissingCause.NO_DATA


def test_a_value_per_instance_is_undefined_at_zero_instances() -> None:
    """No datapoint; the total and the backlog are known all the same."""
    _, metrics = watch(60, 60, 60, initial=0)
    assert miss(metrics, EACH, 4) is MissingCause.UNDEFINED_AT_ZERO
    assert miss(metrics, PERCENT, 4) is MissingCause.UNDEFINED_AT_ZERO
    assert read(metrics, TOTAL, 4)[-1] == Datapoint(NOON + 3 * MINUTE, 60, 0)
    assert read(metrics, BACKLOG, 4)[-1] == Datapoint(NOON + 3 * MINUTE, 180, 0)


def test_no_more_than_the_wanted_periods_are_read_the_newest_ones() -> None:
    """Three of ten."""
    _, metrics = watch(*range(10))
    assert [point.value for point in read(metrics, TOTAL, 11, periods=3)] == [7, 8, 9]


def test_a_longer_period_sums_its_minutes_and_waits_for_its_end() -> None:
    """Five minutes make one datapoint, which ends with the fifth."""
    _, metrics = watch(*range(10))
    assert miss(metrics, SLOW, 5.9) is MissingCause.NO_DATA
    assert read(metrics, SLOW, 6) == (Datapoint(NOON + 5 * MINUTE, 10, 2),)
    assert [point.value for point in read(metrics, SLOW, 11)] == [10, 35]


def test_a_clock_that_jumps_misses_no_minute() -> None:
    """Reading once after an hour gives what reading every minute gives."""
    requests = [float(n * 37 % 290) for n in range(60)]
    (_, often), (_, once) = watch(*requests), watch(*requests)
    for minute in range(62):
        often.read([MetricRead(TARGET, BACKLOG, 1)], NOON + minute * MINUTE)
    assert read(often, BACKLOG, 61) == read(once, BACKLOG, 61)


def test_an_earlier_look_sees_no_later_minute() -> None:
    """After a look at 12:05, one at 12:03 shows what was seen then."""
    _, metrics = watch(1, 2, 3, 4)
    read(metrics, TOTAL, 5)
    assert [point.value for point in read(metrics, TOTAL, 3)] == [1, 2]
    assert len(metrics.minutes("chat", NOON + 2 * MINUTE)) == 2
    assert list(metrics.minutes("chat", NOON - MINUTE)) == []


@pytest.mark.parametrize(
    ("metric", "target"),
    [
        pytest.param(Metric("latency"), TARGET, id="unknown-metric"),
        pytest.param(TOTAL, ScalableTarget("else", 0, 1), id="unknown-endpoint"),
    ],
)
def test_what_cannot_be_read_is_missing_and_not_raised(
    metric: Metric, target: ScalableTarget
) -> None:
    """The cause is the source, and the words say what was expected."""
    _, metrics = watch(1)
    (missing,) = metrics.read([MetricRead(target, metric, 1)], NOON + 5 * MINUTE)
    assert isinstance(missing, Missing)
    assert missing.cause is MissingCause.SOURCE_FAILED


def test_answers_come_in_the_order_of_the_reads() -> None:
    """One answer a read, a failed one in the middle too."""
    _, metrics = watch(60)
    wanted = [MetricRead(TARGET, metric, 1) for metric in (TOTAL, Metric("latency"), EACH)]
    first, second, third = metrics.read(wanted, NOON + 2 * MINUTE)
    assert first == (Datapoint(NOON + MINUTE, 60, 2),)
    assert isinstance(second, Missing)
    assert third == (Datapoint(NOON + MINUTE, 30, 2),)


def test_minutes_before_the_endpoint_was_created_have_no_instances() -> None:
    """Requests that came before it wait."""
    endpoints = LocalEndpoints()
    metrics = LocalMetrics(endpoints, {"chat": Load(lambda _: 5.0, MU, NOON)})
    (minute,) = metrics.minutes("chat", NOON + MINUTE)
    assert (minute.ready, minute.desired, minute.backlog) == (0, 0, 5.0)


def test_all_six_metrics_are_offered() -> None:
    """Their names are what a config may say."""
    offered = {"invocations", "invocations_per_instance", "utilization", "duty_cycle", "backlog"}
    assert set(METRICS) == {*offered, "dropped"}


def test_where_a_service_has_come_to_zero_nobody_waits() -> None:
    """What arrives there is turned away, and what waited too; the metric tells it."""
    endpoints = LocalEndpoints()
    service = ServiceSettings(0, 4, initial=1)
    endpoints.create("chat", EndpointSettings(initial=0, warm=False, service=service), NOON)
    metrics = LocalMetrics(endpoints, {"chat": Load(lambda _: 5.0, MU, NOON)})
    first, second = metrics.minutes("chat", NOON + 2 * MINUTE)
    assert (first.ready, first.dropped, first.backlog) == (0, 5.0, 0.0)
    assert second.dropped == 5.0
    dropped = Metric("dropped", per=Per.TOTAL)
    found = metrics.read([MetricRead(ScalableTarget("chat", 0, 4), dropped, 2)], NOON + 3 * MINUTE)
    assert not isinstance(found[0], Missing)
    assert [point.value for point in found[0]] == [5.0, 5.0]


def test_a_device_is_at_work_for_no_more_than_all_of_the_time() -> None:
    """What waits keeps it at work; none at zero instances, none where the demand is not known."""
    _, metrics = watch(100, 300, 0, None, initial=2)
    duty = Metric("duty_cycle", unit=Unit.PERCENT)
    assert [point.value for point in read(metrics, duty, 5)] == [50, 100, 50]
    ratio = Metric("duty", unit=Unit.RATIO, source={"metric": "duty_cycle"})
    assert [point.value for point in read(metrics, ratio, 5)] == [0.5, 1.0, 0.5]
    _, idle = watch(100, initial=0)
    assert miss(idle, duty, 5) is MissingCause.UNDEFINED_AT_ZERO
