"""Do a load test, its limits and its fleet read well, whatever was measured?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.report.sizing import (
    Instance,
    limit_heads,
    limit_rows,
    name_instance,
    step_heads,
    step_rows,
    tell_band,
    tell_capacity,
    tell_expectation,
    tell_limit,
    tell_objective,
)
from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.expectation import Expectation, Ramp, Shape, bound_capacity
from flyball.sizing.limit import Objective, find_limit
from flyball.sizing.saturation import LatencyObjective, find_saturation

CPU = {Resource.CPU: 0.5}


def find(*steps: Step, machine: Machine = Machine()) -> Instance:  # noqa: B008  (immutable)
    """Size one instance."""
    benchmark = Benchmark(steps, machine, "here")
    saturation = find_saturation(benchmark)
    return Instance(benchmark, saturation, find_limit(benchmark, saturation))


def test_steps_have_a_column_for_whatever_any_of_them_has() -> None:
    """What one of them has not is a dash."""
    steps = [Step(60, 60, users=1, latency_ms={0.5: 7.0}), Step(90, 100, users=2, used_ratio=CPU)]
    assert step_heads(steps) == ["users", "answered/min", "p50", "failed", "CPU"]
    assert step_rows(steps) == [
        ("1", "60", "7.0 ms", "0.0%", "–"),
        ("2", "90", "–", "10.0%", "50%"),
    ]


def test_of_very_many_percentiles_the_usual_ones_are_shown() -> None:
    """A table is to fit a terminal."""
    late = {0.5: 1.0, 0.66: 2.0, 0.75: 3.0, 0.8: 4.0, 0.95: 5.0, 0.999: 6.0}
    assert step_heads([Step(60, 60, latency_ms=late)])[2:4] == ["p50", "p95"]


def test_limits_without_a_use_are_invocations_alone() -> None:
    """No column is empty."""
    limit = find(Step(60, 60), Step(60, 120), Step(60, 180)).limit
    assert limit_heads(limit, "") == ["", "InvocationsPerInstance"]
    assert limit_rows(limit, ()) == [("lower", "27"), ("target", "30"), ("upper", "33")]


def test_what_stands_behind_limits_is_a_paragraph_each() -> None:
    """What its units mean, and how far the load test went."""
    found = find(Step(60, 60, used_ratio={Resource.CPU: 0.1}), Step(600, 600, used_ratio=CPU))
    units, seen = tell_limit(found, "So it counts.")[-2:]
    assert units == "So it counts."
    assert seen.startswith("These are no more")
    assert "" not in tell_limit(found)


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (Machine(), "of a type that was not told"),
        (Machine("", 4), "of a type that was not told, 4 cores"),
        (Machine("ml.g4dn.xlarge", 4, 1, 0.736), "ml.g4dn.xlarge, 4 cores, 1 GPU, 0.736 an hour"),
    ],
)
def test_an_instance_has_a_name(machine: Machine, told: str) -> None:
    """With all that is known of it."""
    assert name_instance(Benchmark((Step(1, 1),), machine)) == told


@dataclass(frozen=True)
class Case:
    """An expectation, and how it reads."""

    id: str
    expectation: Expectation
    told: str


CASES = (
    Case("smooth", Expectation(0.0, 5.0), "0 to 5 requests a second, smoothly over a day"),
    Case(
        "grows",
        Expectation(1.5, 5.0, 1.2),
        "1.5 to 5 requests a second, growing 1.2 times, smoothly over a day",
    ),
    Case(
        "spiky",
        Expectation(1.0, 5.0, shape=Shape.SPIKY),
        "1 to 5 requests a second, at once for 5 of 60 minutes",
    ),
    Case(
        "ramp",
        Expectation(1.0, 5.0, shape=Shape.RAMP, ramp=Ramp(3.0, 60.0)),
        "1 to 5 requests a second, 3 new users a minute, of 60 requests a minute each",
    ),
    Case(
        "trace",
        Expectation(1.0, 5.0, shape=Shape.TRACE, trace=(60.0, None, 300.0)),
        "1 to 5 requests a second, as recorded in 3 min",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.id)
def test_an_expectation_reads_in_a_few_words(case: Case) -> None:
    """Its ends, its growth and its shape."""
    assert tell_expectation(case.expectation) == case.told


def test_the_formula_stands_there_in_numbers() -> None:
    """With why there are more where there are more."""
    expected = Expectation(70.0, 500.0, 1.2)
    rows = tell_capacity(bound_capacity(expected, 5_000.0), expected, 5_000.0)
    assert rows == [
        ("MinCapacity", "1", "= ceil(70 ÷ (5,000 ÷ 60)) = ceil(0.84)"),
        ("MaxCapacity", "8", "= ceil(ceil(500 ÷ (5,000 ÷ 60)) × 1.2) = ceil(6 × 1.2)"),
    ]
    low, high = tell_capacity(bound_capacity(expected, 5_000.0, 20), expected, 5_000.0)
    assert low[2].endswith("1 would do for the least load; 20 are there in any case")
    assert high[1:] == (
        "20",
        "= ceil(ceil(500 ÷ (5,000 ÷ 60)) × 1.2) = ceil(6 × 1.2); no less than MinCapacity",
    )
    expected = Expectation(0.0, 500.0)
    low, _ = tell_capacity(bound_capacity(expected, 5_000.0), expected, 5_000.0)
    assert low == (
        "MinCapacity",
        "1",
        "nothing is asked at the least; an endpoint that answers has one",
    )
    low, _ = tell_capacity(bound_capacity(expected, 5_000.0, 2), expected, 5_000.0)
    assert low[2].endswith("= ceil(0); 0 would do for the least load; 2 are there in any case")


def test_an_objective_says_what_its_limits_are() -> None:
    """A part of the hardware, or where a latency is passed."""
    assert tell_band(Objective.COST).startswith("cost, with 5%")
    assert tell_objective(LatencyObjective(1_000.0)) == "p95 within 1,000 ms"
    assert tell_band(LatencyObjective(50.0)).startswith("p95 within 50 ms")
