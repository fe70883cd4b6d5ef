"""Is variation learned from what load tests and traces tell?"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import (
    UNKNOWN,
    Benchmark,
    BenchmarkError,
    Machine,
    Resource,
    Step,
)
from flyball.sizing.saturation import find_saturation
from flyball.sizing.variability import learn_instance, learn_service

QUANTILES = (0.5, 0.9, 0.95, 0.99)


@given(st.floats(0.001, 10.0), st.floats(0.01, 1.5))
def test_a_log_normal_service_is_found_again(median: float, sigma: float) -> None:
    """From four quantiles: its mean and its variation."""
    normal = NormalDist()
    given = {q: 1_000.0 * median * math.exp(sigma * normal.inv_cdf(q)) for q in QUANTILES}
    found = learn_service(given)
    assert found.mean_s == pytest.approx(median * math.exp(sigma**2 / 2))
    assert found.scv == pytest.approx(math.exp(sigma**2) - 1)


def test_an_exponential_service_is_nearly_found_again() -> None:
    """A log-normal one that is laid through its quantiles is near it."""
    found = learn_service({q: -1_000.0 * math.log(1 - q) for q in QUANTILES})
    assert found.mean_s == pytest.approx(1.0, rel=0.05)
    assert found.scv == pytest.approx(1.0, rel=0.15)


def test_a_service_that_is_always_the_same_does_not_vary() -> None:
    """Nor does one whose quantiles fall, by noise."""
    assert learn_service({0.5: 20.0, 0.99: 20.0}) == pytest.approx((0.02, 0.0, 1))
    assert learn_service({0.5: 20.0, 0.99: 19.0}).scv == 0.0


def test_one_quantile_alone_is_taken_for_exponential() -> None:
    """Its median is 0.693 of its mean."""
    found = learn_service({0.5: 693.147})
    assert found.mean_s == pytest.approx(1.0, rel=1e-5)
    assert found.scv == 1.0


@pytest.mark.parametrize("latency", [{}, {1.0: 5.0}, {0.0: 5.0}, {0.5: 0.0}])
def test_quantiles_that_say_nothing_are_refused(latency: dict[float, float]) -> None:
    """The least, the most and nothing are no distribution."""
    with pytest.raises(BenchmarkError, match="no quantile of it tells"):
        learn_service(latency)


def test_quantiles_that_no_service_has_are_refused() -> None:
    """A millionth of a millisecond and a month are not of one."""
    with pytest.raises(BenchmarkError, match="so far apart that they tell of no one service"):
        learn_service({0.5: 1e-6, 0.9: 2.5e9})


def load_workers(*users: float, machine: Machine = UNKNOWN) -> Benchmark:
    """Load four workers, of 100 ms each, with so many users; more of them are a little slower."""
    return Benchmark(
        tuple(
            Step(
                answered=min(each, 4) * 600.0,
                offered=min(each, 4) * 600.0,
                users=each,
                latency_ms={0.5: 98.0 + 2 * each, 0.95: 99.0 + 2 * each},
                used_ratio={Resource.CPU: min(each, 4) / 4},
            )
            for each in users
        ),
        machine,
    )


@pytest.mark.parametrize(
    ("benchmark", "servers", "scv"),
    [
        (load_workers(1, 2, 4, 8, 16), 4, 0.0),
        (load_workers(1, 2, 4, 8, 16, machine=Machine("a", cores=8)), 4, 0.0),
        (load_workers(1, 2, 4, 8, 16, machine=Machine("a", cores=2)), 2, 0.0),
        (load_workers(8, 16), 1, 1.0),
    ],
    ids=["unknown", "more cores", "fewer", "too many"],
)
def test_an_instance_serves_as_many_at_a_time_as_it_carries(
    benchmark: Benchmark, servers: int, scv: float
) -> None:
    """Four workers of 100 ms are four servers, which carry 40 a second; cores bound them."""
    saturation = find_saturation(benchmark)
    found = learn_instance(benchmark, saturation)
    assert found.servers == servers
    assert found.servers / found.mean_s == pytest.approx(saturation.invocations / 60.0)
    assert found.scv == pytest.approx(scv, abs=1e-3)


@pytest.mark.parametrize(
    ("users", "servers"),
    [((1.0, 2.0), 2), ((1.0, 1.5), 2), ((1.0,), 1), ((0.25,), 1)],
    ids=["two", "more than one", "one user", "seldom one"],
)
def test_of_an_instance_that_was_not_saturated_a_bound_is_known(
    users: tuple[float, ...], servers: int
) -> None:
    """So many at a time at least, each as long as under the least load; never as long as idle."""
    benchmark = load_workers(*users, machine=Machine("a", cores=1))
    saturation = find_saturation(benchmark)
    found = learn_instance(benchmark, saturation)
    assert found.servers == servers
    assert found.mean_s == pytest.approx(0.1, rel=0.02)
    assert found.servers / found.mean_s >= saturation.invocations / 60.0


def test_a_step_of_which_only_the_greatest_latency_is_known_is_passed_over() -> None:
    """As wrk prints it without --latency: the next one tells how long a service takes."""
    told = load_workers(1, 2, 4, 8, 16)
    first = replace(told.steps[0], latency_ms={1.0: 300.0})
    found = learn_instance(replace(told, steps=(first, *told.steps[1:])), find_saturation(told))
    assert found.servers == 4
    assert found.mean_s == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    "step",
    [Step(5.0, 5.0), Step(5.0, 5.0, latency_ms={1.0: 9.0}), Step(0.0, 0.0, latency_ms={0.5: 1.0})],
    ids=["late", "greatest", "none"],
)
def test_an_instance_without_latency_or_answer_is_refused(step: Step) -> None:
    """Nobody can say how long it serves."""
    benchmark = Benchmark((step,), source="a.csv")
    with pytest.raises(BenchmarkError, match="a.csv: latency_ms: no step that was answered"):
        learn_instance(benchmark, find_saturation(benchmark))
