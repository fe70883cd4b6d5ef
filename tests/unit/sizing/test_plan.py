"""Do the published numbers come out of the whole method?"""

from __future__ import annotations

import pytest

from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.expectation import Expectation
from flyball.sizing.limit import Objective
from flyball.sizing.plan import Wish, size
from flyball.sizing.saturation import LatencyObjective

TWO_CORES = Benchmark(
    tuple(
        Step(
            answered=min(load, 10_000.0),
            offered=max(min(load, 10_000.0), 0.0),
            users=load / 100.0,
            latency_ms={0.95: 40.0 if load <= 10_000.0 else 400.0},
            used_ratio={Resource.CPU: min(load, 10_000.0) / 10_000.0},
        )
        for load in (1_000.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0, 12_500.0, 15_000.0)
    ),
    Machine("ml.c5.large", cores=2),
)
EXPECTED = Expectation(least_per_s=70.0, most_per_s=500.0, growth_factor=1.2)


def test_the_published_numbers_come_out() -> None:
    """Half of two cores is 100 %; 5,000 a minute each; 70 and 500 a second are 1 and 8."""
    found = size(TWO_CORES, Wish(Objective.BALANCED, EXPECTED))
    assert found.saturation.invocations == pytest.approx(10_000.0)
    assert found.limit.target_value is not None
    assert found.limit.target_value.middle == pytest.approx(100.0)
    assert found.limit.invocations.middle == pytest.approx(5_000.0)
    assert found.capacity[:2] == (1, 8)


def test_a_latency_objective_is_one_of_saturation_too() -> None:
    """What passes it is not carried, though it is answered."""
    strict = size(TWO_CORES, Wish(LatencyObjective(100.0), EXPECTED))
    assert strict.limit.invocations.high <= 10_000.0
    assert strict.capacity.min_capacity == 1


def test_two_are_there_where_a_promise_needs_them() -> None:
    """However few would do."""
    found = size(TWO_CORES, Wish(Objective.BALANCED, EXPECTED, at_least=2))
    assert found.capacity.min_capacity == 2
    assert "1 would do" in found.capacity.reason
