"""Is the use that an instance is held at what the objective says, and never beyond saturation?"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.limit import (
    Band,
    Limit,
    Objective,
    convert_to_cloudwatch,
    find_limit,
    tell_unkept,
)
from flyball.sizing.saturation import LatencyObjective, find_saturation

TWO_CORES = Machine("ml.c5.large", cores=2)
CPU, GPU, MEMORY = Resource.CPU, Resource.GPU, Resource.MEMORY
P95 = LatencyObjective(100.0, 0.95)


def row(
    answered: Sequence[float],
    used: Mapping[Resource, Sequence[float]],
    latency: Sequence[float] = (),
    machine: Machine = TWO_CORES,
) -> Benchmark:
    """Make a load test of users, one more in each step."""
    return Benchmark(
        tuple(
            Step(
                each,
                each,
                users=index + 1.0,
                latency_ms={0.95: latency[index]} if latency else {},
                used_ratio={resource: values[index] for resource, values in used.items()},
            )
            for index, each in enumerate(answered)
        ),
        machine,
    )


PUBLISHED = row(
    [2_000, 4_000, 6_000, 8_000, 10_000, 10_000, 10_000],
    {CPU: [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0]},
    [20, 22, 25, 35, 60, 90, 120],
)
"""10,000 a minute with both cores in full use, which no more users raise."""


def limit(
    benchmark: Benchmark,
    objective: Objective | LatencyObjective = Objective.BALANCED,
    resource: Resource | None = None,
) -> Limit:
    """Find saturation, and the limit below it."""
    latency = objective if isinstance(objective, LatencyObjective) else None
    return find_limit(benchmark, find_saturation(benchmark, latency), objective, resource)


def near(*values: float) -> Band:
    """Expect a band but for errors of rounding."""
    rounded: list[Any] = [pytest.approx(each) for each in values]
    return Band(*rounded)


def test_a_limit_has_as_many_digits_as_mean_something() -> None:
    """Rounded down, so that rather too many instances are there; use goes with its metric."""
    answered = [each * 0.997904 for each in (2_000, 4_000, 6_000, 8_000, 10_000, 10_000, 10_000)]
    used = [0.2, 0.4, 0.6, 0.8, 0.98888, 0.98888, 0.98888]
    found = limit(row(answered, {CPU: used}), Objective.COST)
    assert found.invocations == (6_486.0, 6_985.0, 7_484.0)
    assert found.target_value == near(130.0, 140.0, 150.0)
    found = limit(row([0.9, 1.8, 2.7, 3.6], {CPU: [0.2222, 0.4444, 0.6666, 0.8888]}))
    assert found.invocations == (1.82, 2.02, 2.22)


def test_the_published_numbers_come_out() -> None:
    """Half of two cores is 100 % in CloudWatch's units, and 5,000 invocations a minute."""
    found = limit(PUBLISHED)
    assert found.resource is CPU
    assert found.used_ratio == near(0.45, 0.5, 0.55)
    assert found.target_value == near(90.0, 100.0, 110.0)
    assert found.invocations == near(4_500.0, 5_000.0, 5_500.0)
    assert found.reason == ""


@dataclass(frozen=True)
class Case:
    """A load test, an objective, and the limit of it."""

    id: str
    benchmark: Benchmark
    objective: Objective | LatencyObjective
    invocations: Band
    used: Band | None
    reason: str
    resource: Resource | None = None


WORKER = {CPU: [0.125, 0.25, 0.25, 0.25], MEMORY: [0.3] * 4}
LEVEL = [300.0, 600.0, 600.0, 600.0]
RISING = [1_000.0, 2_000.0, 3_000.0]
CASES = (
    Case(
        "availability",
        PUBLISHED,
        Objective.AVAILABILITY,
        near(3_500, 4_000, 4_500),
        near(0.35, 0.4, 0.45),
        "",
    ),
    Case("cost", PUBLISHED, Objective.COST, near(6_500, 7_000, 7_500), near(0.65, 0.7, 0.75), ""),
    Case(
        "a latency that is passed at 9,000",
        PUBLISHED,
        LatencyObjective(47.5, 0.95),
        near(6_500, 7_000, 7_500),
        near(0.65, 0.7, 0.75),
        "the latency is passed where nearly all is used: "
        "held at the 70% of the hardware that cost allows",
    ),
    Case(
        "a latency that is passed at 7,000",
        PUBLISHED,
        LatencyObjective(30.0, 0.95),
        near(6_000, 6_500, 7_000),
        near(0.6, 0.65, 0.7),
        "",
    ),
    Case(
        "a latency that it is saturated before",
        PUBLISHED,
        P95,
        near(6_500, 7_000, 7_500),
        near(0.65, 0.7, 0.75),
        "it is saturated before the latency is passed: "
        "held at the 70% of the hardware that cost allows",
    ),
    Case(
        "a latency that the load test did not come to, with much used",
        row(RISING, {CPU: [0.3, 0.6, 0.9]}, [20, 20, 20]),
        P95,
        near(2_166, 2_333, 2_500),
        near(0.65, 0.7, 0.75),
        "the load test ended before the latency was passed: load it more; held at the 70% of the "
        "hardware that cost allows",
    ),
    Case(
        "a latency that the load test did not come to",
        row(RISING, {CPU: [0.1, 0.2, 0.3]}, [20, 20, 20]),
        P95,
        near(2_000, 2_500, 3_000),
        near(0.2, 0.25, 0.3),
        "the load test ended before the latency was passed: load it more",
    ),
    Case(
        "a latency that the least load passed",
        row(RISING, {CPU: [0.1, 0.2, 0.3]}, [120, 130, 140]),
        P95,
        near(250, 500, 1_000),
        near(0.025, 0.05, 0.1),
        "the latency is passed under the least load already: load it less",
    ),
    Case(
        "a latency without any use",
        row(RISING, {}, [50, 90, 150]),
        LatencyObjective(120.0, 0.95),
        near(2_250, 2_375, 2_500),
        None,
        "",
    ),
    Case(
        "one worker on many cores",
        row(LEVEL, WORKER),
        Objective.BALANCED,
        near(270, 300, 330),
        near(0.1125, 0.125, 0.1375),
        "CPU is used 25% at most, and something else ends there: 50% are taken of what it carries",
    ),
    Case(
        "a load test that ended early",
        row(RISING, {CPU: [0.1, 0.2, 0.3]}),
        Objective.BALANCED,
        near(2_500, 3_000, 3_000),
        near(0.25, 0.3, 0.3),
        "the load test ended with CPU at 30%, below 50% with 5% above it: load it more",
    ),
    Case(
        "nothing was measured",
        row(LEVEL, {}),
        Objective.AVAILABILITY,
        near(210, 240, 270),
        None,
        "no use that grows with load was measured: 40% are taken of what it carries",
    ),
    Case(
        "what does not grow was asked for",
        row(LEVEL, WORKER),
        Objective.BALANCED,
        near(270, 300, 330),
        near(0.27, 0.3, 0.3),
        "memory is used 30% at most, and something else ends there: 50% are taken of what",
        MEMORY,
    ),
    Case(
        "what does not grow was asked for, and nothing ended",
        row(RISING, {MEMORY: [0.3, 0.3, 0.3], CPU: [0.1, 0.2, 0.3]}),
        Objective.BALANCED,
        near(1_350, 1_500, 1_650),
        near(0.3, 0.3, 0.3),
        "the use of memory does not grow with load: 50% are taken of what it carries",
        MEMORY,
    ),
    Case(
        "memory that a model fills by itself",
        row([100, 200, 200, 200], {MEMORY: [0.6, 0.95, 0.95, 0.95]}),
        Objective.BALANCED,
        near(90, 100, 110),
        near(0.54, 0.6, 0.635),
        "memory is used 60% under the least load already: 50% are taken of what it carries",
    ),
    Case(
        "memory that leaves room for the highest objective alone",
        row([10, 25], {MEMORY: [0.625, 1.0]}),
        Objective.COST,
        near(16.2, 17.5, 18.7),
        near(0.781, 0.812, 0.843),
        "memory is used 62% under the least load already: 70% are taken of what it carries",
    ),
    Case(
        "one step of CPU",
        row([1_000], {CPU: [0.9], MEMORY: [0.95]}),
        Objective.BALANCED,
        near(500, 555, 611),
        near(0.45, 0.5, 0.55),
        "",
    ),
    Case(
        "one step of memory alone",
        row([1_000], {MEMORY: [0.9]}),
        Objective.BALANCED,
        near(450, 500, 550),
        None,
        "no use that grows with load was measured: 50% are taken of what it carries",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_limit_is_the_objective_s_part_of_what_ends(case: Case) -> None:
    """Where that is not the hardware's it says so."""
    found = limit(case.benchmark, case.objective, case.resource)
    assert found.invocations == case.invocations
    assert found.used_ratio == case.used
    assert found.reason.startswith(case.reason)
    assert bool(found.reason) == bool(case.reason)


def test_a_limit_beyond_a_latency_s_saturation_is_cut() -> None:
    """Its upper end is where the latency is passed, and it lies five points below."""
    benchmark = row(RISING, {CPU: [0.2, 0.4, 0.6]}, [50, 90, 150])
    saturation = find_saturation(benchmark, LatencyObjective(120.0, 0.95))
    found = find_limit(benchmark, saturation, Objective.COST)
    assert found.used_ratio == near(0.4, 0.45, 0.5)
    assert found.invocations == near(2_000, 2_250, 2_500)
    assert found.reason == "it is saturated with CPU at 50%, below 70% with 5% above it"


@pytest.mark.parametrize(
    ("resource", "machine", "expected"),
    [
        (CPU, Machine(cores=2), 100.0),
        (CPU, Machine(cores=8), 400.0),
        (GPU, Machine(gpus=4), 200.0),
        (Resource.GPU_MEMORY, Machine(gpus=2), 100.0),
        (MEMORY, Machine(cores=8), 50.0),
        (Resource.DISK, Machine(cores=8, gpus=4), 50.0),
    ],
)
def test_half_of_it_in_cloudwatch_s_units(
    resource: Resource, machine: Machine, expected: float
) -> None:
    """CPU counts each core as 100, accelerators likewise, memory and disk the whole."""
    assert convert_to_cloudwatch(resource, 0.5, machine) == expected


@pytest.mark.parametrize("name", ["ml.m5.large", ""])
def test_an_accelerator_that_is_not_there_has_no_units(name: str) -> None:
    """It asks how many there are."""
    with pytest.raises(BenchmarkError, match=f"{name or 'the machine'}: GPU: it has 0; say how"):
        convert_to_cloudwatch(GPU, 0.5, Machine(name))


def test_a_resource_that_was_not_measured_is_refused() -> None:
    """It says which ones were."""
    with pytest.raises(BenchmarkError, match=r"gpu was not measured \(cpu was\)"):
        limit(PUBLISHED, Objective.COST, GPU)
    with pytest.raises(BenchmarkError, match=r"a\.csv: .* gpu was not measured \(none was\)"):
        limit(replace(row(LEVEL, {}), source="a.csv"), Objective.COST, GPU)


def test_what_comes_after_the_peak_is_not_in_the_curve() -> None:
    """Past it less is answered with all cores in use: half of them still carry half."""
    benchmark = row([100, 200, 300, 400, 250, 200], {CPU: [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]})
    assert limit(benchmark).invocations == near(180, 200, 220)


RATIO = st.floats(0.0, 1.0)
TESTS = st.lists(
    st.tuples(st.floats(10.0, 1e5), RATIO, RATIO, st.floats(1.0, 500.0)), min_size=1, max_size=8
)


@given(TESTS, st.sampled_from([None, P95]), st.sampled_from([None, CPU, MEMORY]))
def test_an_objective_that_uses_more_never_allows_less(
    rows: list[tuple[float, float, float, float]],
    latency: LatencyObjective | None,
    resource: Resource | None,
) -> None:
    """From availability through balanced to cost, whatever the load test found."""
    answered, used, held, late = zip(*rows, strict=True)
    benchmark = row(answered, {CPU: used, MEMORY: held}, late)
    saturation = find_saturation(benchmark, latency)
    found = [find_limit(benchmark, saturation, each, resource) for each in Objective]
    bands = [each.invocations for each in found]
    for low, high in pairwise(bands):
        assert all(less <= more * (1 + 1e-9) for less, more in zip(low, high, strict=True))
    for band in bands:
        assert 0.0 <= band.low <= band.middle * (1 + 1e-9)
        assert band.middle <= band.high * (1 + 1e-9)
        assert band.high <= saturation.invocations * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_noise_moves_the_limit_by_less_than_a_tenth(seed: int) -> None:
    """A load test whose use and throughput are off by some percent says the same."""
    chance = random.Random(seed)
    answered = [min(500.0 * users, 10_000.0) for users in range(1, 25)]
    noisy = [each * chance.uniform(0.97, 1.03) for each in answered]
    used = [min(1.0, each / 10_000.0 * chance.uniform(0.95, 1.05)) for each in answered]
    found = limit(row(noisy, {CPU: used}))
    assert found.invocations.middle == pytest.approx(5_000.0, rel=0.1)


SLOW = row([1_000, 2_000, 3_000, 4_000], {CPU: [0.2, 0.4, 0.6, 0.8]}, [68.02, 90, 200, 358])


def test_a_latency_that_the_least_load_passes_is_kept_by_no_fleet() -> None:
    """It is said with the latency that would be; that one, and any part of the hardware, is."""
    said = tell_unkept(SLOW, LatencyObjective(60.0, 0.95))
    assert said.startswith("ml.c5.large: p95 is over 60 ms under the least load already, 68.1 ms")
    for remedy in ("allow more", "faster instance type", "less load"):
        assert remedy in said
    for kept in (LatencyObjective(68.1, 0.95), LatencyObjective(400.0, 0.95), Objective.COST):
        assert tell_unkept(SLOW, kept) == ""
    nameless = replace(SLOW, machine=Machine("", cores=2))
    assert tell_unkept(nameless, LatencyObjective(60.0, 0.95)).startswith("p95 is over")
