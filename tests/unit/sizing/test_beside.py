"""Does a queue's fleet stand beside the rule's, with what was measured?"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from flyball.report.sizing import tell_beside
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.beside import GENERAL, MARKOV, RULE, Beside, size_beside
from flyball.sizing.expectation import Expectation, expect_trace
from flyball.sizing.limit import Objective
from flyball.sizing.plan import Wish, size
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.variability import Services

LATENCY = {0.5: 12.0, 0.95: 12.0}
STEPS = tuple(
    Step(
        min(load, 10_000.0),
        load,
        latency_ms=LATENCY if load <= 8_000.0 else {0.5: 300.0, 0.95: 400.0},
        used_ratio={Resource.CPU: min(load, 10_000.0) / 10_000.0},
    )
    for load in (1_000.0, 4_000.0, 8_000.0, 10_000.0, 12_000.0)
)
TEST = Benchmark(STEPS, Machine("ml.c5.large", 2), "two cores")
EXPECTED = Expectation(70.0, 500.0, 1.2)


def beside(wish: Wish, test: Benchmark = TEST) -> Beside:
    """Size by both."""
    return size_beside(size(test, wish))


def test_all_three_are_counted_for_the_same_load() -> None:
    """Two cores of 12 ms each; at 500 a second four instances are 75 % busy."""
    found = beside(Wish(Objective.BALANCED, EXPECTED))
    assert [each.name for each in found.fleets] == [RULE, MARKOV, GENERAL]
    rule, markov, general = found.fleets
    assert (rule.least, rule.most, rule.grown) == (1, 6, 8)
    assert rule.used_ratio == pytest.approx(0.5)
    assert (markov.most, markov.grown) == (4, 5)
    assert general.most <= markov.most
    assert found.service.servers == 2
    assert found.service.mean_s == pytest.approx(0.012)
    assert not found.is_measured
    assert found.caution == ""
    assert "95% of the waits within 12 ms" in found.objective


def test_so_many_are_there_in_any_case() -> None:
    """Whoever counts."""
    found = beside(Wish(Objective.BALANCED, Expectation(1.0, 2.0), at_least=3))
    assert {(each.least, each.most, each.grown) for each in found.fleets} == {(3, 3, 3)}


def test_a_latency_is_passed_by_waiting_and_not_by_slower_service() -> None:
    """Where it is passed an instance answers more still: its service is as quick as ever."""
    found = beside(Wish(LatencyObjective(100.0), EXPECTED))
    assert found.service.mean_s == pytest.approx(0.012)
    assert found.objective == "p95 within 100 ms"


def test_services_that_vary_little_keep_what_chance_does_not() -> None:
    """Then there is no M/M/c, and it is said why."""
    found = beside(Wish(LatencyObjective(20.0), EXPECTED))
    assert [each.name for each in found.fleets] == [RULE, GENERAL]
    assert "M/M/c" in found.without
    assert "no number of instances" in found.without


def test_a_latency_below_the_service_is_kept_by_nobody() -> None:
    """It is said of whom, and with what remedy."""
    with pytest.raises(BenchmarkError, match="G/G/c: .* faster instance type"):
        beside(Wish(LatencyObjective(5.0), EXPECTED))


def test_arrivals_are_measured_from_a_trace() -> None:
    """Bursts need more instances than requests that know nothing of each other."""
    bursts = expect_trace([6_000.0, 30_000.0] * 20)
    found = beside(Wish(Objective.BALANCED, bursts))
    assert found.is_measured
    assert found.arrival_scv > 100.0
    _, markov, general = found.fleets
    assert general.most > markov.most


@pytest.mark.parametrize(
    ("trace", "slot"),
    [([30_000.0] * 9, 1), ([30_000.0] * 6_000, 60)],
    ids=["short", "by the hour"],
)
def test_a_trace_that_does_not_tell_how_irregular_arrivals_are_is_none(
    trace: list[float | None], slot: int
) -> None:
    """Then they are taken to know nothing of each other, and it is said why."""
    found = beside(Wish(Objective.BALANCED, expect_trace(trace, slot_minutes=slot)))
    assert not found.is_measured
    assert found.arrival_scv == 1.0
    assert any("too few counts in a row" in each for each in tell_beside(found))


def test_the_course_of_a_day_asks_for_no_more_than_chance_does() -> None:
    """Requests that know nothing of each other, up to 30,000 a minute."""
    chance = random.Random(7)
    course = [20_000.0 * (1.0 + 0.5 * math.sin(index / 229.0)) for index in range(1_440)]
    trace = [round(each + chance.gauss(0.0, math.sqrt(each))) for each in course]
    found = beside(Wish(Objective.BALANCED, expect_trace([float(each) for each in trace])))
    assert found.arrival_scv == pytest.approx(1.0, abs=0.15)
    _, markov, general = found.fleets
    assert general.most <= markov.most


def test_of_bursts_it_is_said_that_a_queue_may_feel_less() -> None:
    """Counts by the minute do not show whether they last an instant or seconds."""
    bursts = beside(Wish(Objective.BALANCED, expect_trace([6_000.0, 30_000.0] * 20)))
    assert any("the most that may be needed" in each for each in tell_beside(bursts))
    level = beside(Wish(Objective.BALANCED, expect_trace([30_000.0] * 40)))
    assert not any("the most that may be needed" in each for each in tell_beside(level))


def test_without_a_latency_nothing_is_said() -> None:
    """By the rule one can size all the same."""
    test = replace(TEST, steps=tuple(replace(each, latency_ms={}) for each in STEPS))
    with pytest.raises(BenchmarkError, match="latency_ms"):
        beside(Wish(Objective.BALANCED, EXPECTED), test)


def test_a_load_test_that_was_not_saturated_is_no_measure_of_the_most() -> None:
    """A step of 1,000 a minute at 10 ms leaves room; what is taken is told as a bound."""
    step = Step(1_000.0, 1_000.0, latency_ms={0.5: 10.0}, used_ratio={Resource.CPU: 0.2})
    wish = Wish(Objective.BALANCED, Expectation(0.0, 100.0))
    test = Benchmark((step,), Machine("", 2))
    found = beside(wish, test)
    assert found.service == pytest.approx((0.0144, 1.0, 1), rel=0.01)
    assert [each.most for each in found.fleets] == [6, 3, 3]
    assert found.caution.startswith("That is a bound: the load test ended before")
    found = beside(wish, replace(test, is_peak=True))
    assert found.service == (0.06, 1.0, 1)
    assert found.caution.startswith("One at a time is taken: the load test has no load below")


def test_services_that_were_not_measured_are_not_called_so() -> None:
    """One percentile does not tell how they vary, nor does a load that saturates."""
    alone = replace(TEST, steps=tuple(replace(each, latency_ms={0.95: 12.0}) for each in STEPS))
    full = replace(
        TEST,
        steps=tuple(
            replace(each, answered=4_000.0, offered=4_000.0 * n) for n, each in enumerate(STEPS, 2)
        ),
    )
    for test, services, told in (
        (TEST, Services.MEASURED, "0 (services, as measured)"),
        (
            alone,
            Services.ALONE,
            "1 (services, taken, since one percentile of latency does not tell)",
        ),
        (full, Services.FULL, "1 (services, taken, since no load below saturation tells)"),
    ):
        found = beside(Wish(Objective.BALANCED, EXPECTED), test)
        assert found.services is services
        assert told in " ".join(tell_beside(found))
