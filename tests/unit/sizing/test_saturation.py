"""Is the point found where one instance saturates, and what ends there?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Resource, Step
from flyball.sizing.between import interpolate
from flyball.sizing.saturation import (
    Bottleneck,
    Bound,
    Cause,
    LatencyObjective,
    find_saturation,
    read_latency,
)

P95 = LatencyObjective(100.0)


def row(
    answered: Sequence[float],
    *,
    failed: Sequence[float] = (),
    latency: Sequence[float] = (),
    used: Sequence[float] = (),
    users: bool = True,
) -> Benchmark:
    """Make a load test whose load rises by one from step to step."""
    steps = []
    for index, each in enumerate(answered):
        ratio = failed[index] if failed else 0.0
        steps.append(
            Step(
                answered=each,
                offered=each / (1.0 - ratio),
                users=index + 1.0 if users else None,
                latency_ms={0.95: latency[index]} if latency else {},
                used_ratio={Resource.CPU: used[index]} if used else {},
            )
        )
    return Benchmark(tuple(steps))


@dataclass(frozen=True)
class Case:
    """A load test, and where it saturates."""

    id: str
    benchmark: Benchmark
    invocations: float
    cause: Cause | None
    bound: Bound = Bound.EXACT
    objective: LatencyObjective | None = None


CASES = (
    Case("flat from the fourth step", row([100, 200, 300, 400, 404, 398]), 400, Cause.FLAT),
    Case("falls after its peak", row([100, 200, 300, 400, 250, 200]), 400, Cause.FLAT),
    Case("falls after its peak at once", row([100, 200, 300, 400, 250]), 400, Cause.FLAT),
    Case("one flat step too high", row([100, 200, 300, 301, 335, 299, 300]), 300, Cause.FLAT),
    Case("one flat step too low", row([100, 200, 300, 301, 250, 299, 300]), 300, Cause.FLAT),
    Case("one rising step too high", row([100, 230, 300, 400]), 400, None, Bound.AT_LEAST),
    Case("flat from the first step", row([300, 302, 298]), 300, Cause.FLAT),
    Case("rises to the end", row([100, 200, 300]), 300, None, Bound.AT_LEAST),
    Case("one step", row([100]), 100, None, Bound.AT_LEAST),
    Case("nothing answered", row([0, 0]), 0, None, Bound.AT_LEAST),
    Case(
        "one step that fails",
        row([100], failed=[0.02]),
        100,
        Cause.FAILURES,
        Bound.AT_MOST,
    ),
    Case(
        "exactly one in a hundred fails",
        row([99], failed=[0.01]),
        99,
        Cause.FAILURES,
        Bound.AT_MOST,
    ),
    Case(
        "fails halfway between two steps",
        row([100, 200, 300], failed=[0.0, 0.0, 0.02]),
        250,
        Cause.FAILURES,
    ),
    Case(
        "some fail under any load",
        row([100, 200, 300, 400, 404, 398], failed=[0.012] * 6),
        400,
        Cause.FLAT,
    ),
    Case(
        "some fail under any load, and more under much",
        row([100, 200, 300], failed=[0.01, 0.01, 0.03]),
        250,
        Cause.FAILURES,
    ),
    Case(
        "more fail than any background",
        row([100, 200, 300], failed=[0.2, 0.3, 0.4]),
        100,
        Cause.FAILURES,
        Bound.AT_MOST,
    ),
    Case(
        "fails once, and no more",
        row([100, 200, 300, 400], failed=[0.0, 0.05, 0.0, 0.0]),
        400,
        None,
        Bound.AT_LEAST,
    ),
    Case(
        "too late halfway between two steps",
        row([100, 200, 300], latency=[20, 50, 150]),
        250,
        Cause.LATENCY,
        objective=P95,
    ),
    Case(
        "too late once, and no more",
        row([100, 200, 300, 400, 500], latency=[20, 150, 30, 40, 50]),
        500,
        None,
        Bound.AT_LEAST,
        objective=P95,
    ),
    Case(
        "too late in half of the steps from there on",
        row([100, 200, 300], latency=[20, 150, 30]),
        300,
        None,
        Bound.AT_LEAST,
        objective=P95,
    ),
    Case(
        "just in time",
        row([100, 200, 300], latency=[20, 50, 100]),
        300,
        None,
        Bound.AT_LEAST,
        objective=P95,
    ),
    Case(
        "too late before it is flat",
        row([100, 200, 300, 400, 404, 398], latency=[20, 50, 150, 300, 400, 500]),
        250,
        Cause.LATENCY,
        objective=P95,
    ),
    Case(
        "flat before it is too late",
        row([100, 200, 202, 199, 201], latency=[20, 30, 50, 90, 150]),
        200.5,
        Cause.FLAT,
        objective=P95,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_saturation_is_what_comes_first(case: Case) -> None:
    """Throughput that is flat, a latency that is passed, or one call in a hundred that fails."""
    found = find_saturation(case.benchmark, case.objective)
    assert (found.cause, found.bound) == (case.cause, case.bound)
    assert found.invocations == pytest.approx(case.invocations, abs=0.6)
    assert f"{found.invocations:,.0f} requests a minute" in found.sentence


@pytest.mark.parametrize(
    ("benchmark", "said"),
    [
        (row([1, 2, 3], latency=[20, 50, 150]), "above that p95 is over 100 ms."),
        (row([1, 2, 3], latency=[1, 1, 1], failed=[0, 0, 0.1]), "above that 1% of the calls fail."),
        (row([3, 3, 3], latency=[1, 1, 1]), "more load brings no more answers."),
        (
            row([1, 2, 3], latency=[1, 1, 1]),
            "at least: the load test ended before it was saturated.",
        ),
    ],
)
def test_it_says_by_what_saturation_shows(benchmark: Benchmark, said: str) -> None:
    """In words, whatever the objective was."""
    assert said in find_saturation(benchmark, P95).sentence


def test_the_load_lies_between_the_steps() -> None:
    """In users: halfway from 20 to 40 here, as the latency passes halfway."""
    steps = tuple(
        Step(users, users, users=users, latency_ms={0.95: latency})
        for users, latency in ((10.0, 0.1), (20.0, 0.2), (40.0, 0.6))
    )
    found = find_saturation(Benchmark(steps), LatencyObjective(0.4))
    assert found.load == pytest.approx(30.0)
    assert found.invocations == pytest.approx(30.0)


def test_a_rate_that_is_not_answered_saturates_without_users() -> None:
    """Of a rate the load is what was sent."""
    steps = tuple(Step(min(sent, 500.0), sent) for sent in (100.0, 300.0, 500.0, 700.0, 900.0))
    found = find_saturation(Benchmark(steps))
    assert (found.cause, found.load, found.invocations) == (Cause.FLAT, 500.0, 500.0)


@pytest.mark.parametrize("seed", range(30))
def test_noise_moves_the_point_by_less_than_a_tenth(seed: int) -> None:
    """Each step of a load test is off by some percent, up or down."""
    chance = random.Random(seed)
    true = [min(100.0 * users, 800.0) for users in range(1, 17)]
    found = find_saturation(row([each * chance.uniform(0.97, 1.03) for each in true]))
    assert found.cause is Cause.FLAT
    assert found.invocations == pytest.approx(800.0, rel=0.1)


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=12), st.sampled_from([0.25, 2.0, 64.0]))
def test_what_is_carried_was_answered_and_scales(answered: list[float], scale: float) -> None:
    """Whatever the curve, the point lies within it, and it does not depend on the unit."""
    found = find_saturation(row(answered))
    assert min(answered) <= found.invocations <= max(answered)
    scaled = find_saturation(row([each * scale for each in answered]))
    assert (scaled.cause, scaled.load) == (found.cause, found.load)
    assert scaled.invocations == found.invocations * scale


@given(st.lists(st.floats(1.0, 500.0), min_size=2, max_size=10), st.floats(1.0, 400.0))
def test_a_laxer_latency_objective_never_saturates_sooner(
    latency: list[float], least: float
) -> None:
    """More may be carried where more time is allowed, if latency rises with load."""
    latency.sort()
    benchmark = row([100.0 * (each + 1) for each in range(len(latency))], latency=latency)
    strict = find_saturation(benchmark, LatencyObjective(least, 0.95))
    lax = find_saturation(benchmark, LatencyObjective(least * 1.5, 0.95))
    assert lax.load >= strict.load


@dataclass(frozen=True)
class Ends:
    """Use of resources with little load and at saturation, and what ends."""

    id: str
    little: dict[Resource, float]
    much: dict[Resource, float]
    bottleneck: Bottleneck
    said: str = field(default="")


ENDS = (
    Ends("cpu", {Resource.CPU: 0.2}, {Resource.CPU: 0.97}, Bottleneck.CPU, "CPU ends there: 97%"),
    Ends("memory", {Resource.MEMORY: 0.4}, {Resource.MEMORY: 0.96}, Bottleneck.MEMORY, "memory"),
    Ends("disk", {Resource.DISK: 0.1}, {Resource.DISK: 0.9}, Bottleneck.DISK, "disk"),
    Ends("gpu", {Resource.GPU: 0.1}, {Resource.GPU: 0.99}, Bottleneck.GPU, "GPU ends"),
    Ends(
        "gpu memory",
        {Resource.GPU_MEMORY: 0.3},
        {Resource.GPU_MEMORY: 0.99},
        Bottleneck.GPU_MEMORY,
        "GPU memory ends",
    ),
    Ends(
        "memory that was full before",
        {Resource.GPU: 0.2, Resource.GPU_MEMORY: 0.95},
        {Resource.GPU: 0.9, Resource.GPU_MEMORY: 0.96},
        Bottleneck.GPU,
    ),
    Ends(
        "memory that was full before, and nothing else",
        {Resource.GPU: 0.1, Resource.GPU_MEMORY: 0.95},
        {Resource.GPU: 0.3, Resource.GPU_MEMORY: 0.96},
        Bottleneck.CONCURRENCY,
        "GPU 30%, GPU memory 96%",
    ),
    Ends(
        "one worker on four cores",
        {Resource.CPU: 0.06, Resource.MEMORY: 0.3},
        {Resource.CPU: 0.25, Resource.MEMORY: 0.3},
        Bottleneck.CONCURRENCY,
        "CPU 25%, memory 30%",
    ),
    Ends("nothing measured", {}, {}, Bottleneck.UNKNOWN, "not known"),
)


@pytest.mark.parametrize("case", ENDS, ids=lambda case: case.id)
def test_the_bottleneck_is_what_load_brought_near_its_end(case: Ends) -> None:
    """Or the model's own concurrency, where no resource is near it."""
    steps = (
        Step(100.0, 100.0, users=1, used_ratio=case.little),
        Step(400.0, 400.0, users=4, used_ratio=case.much),
        Step(402.0, 402.0, users=8, used_ratio=case.much),
    )
    found = find_saturation(Benchmark(steps))
    assert found.bottleneck is case.bottleneck
    assert case.said in found.sentence
    resource = case.bottleneck.resource
    assert (resource is None) == (case.bottleneck in (Bottleneck.CONCURRENCY, Bottleneck.UNKNOWN))


def test_the_least_load_that_is_too_much_may_have_any_bottleneck() -> None:
    """Nobody can say of one load what does not grow with it."""
    step = Step(90.0, 100.0, users=1, used_ratio={Resource.CPU: 0.95, Resource.MEMORY: 0.96})
    found = find_saturation(Benchmark((step, replace(step, users=2))))
    assert (found.bottleneck, found.bound) == (Bottleneck.CPU, Bound.AT_MOST)
    assert "begin with less" in found.sentence


def test_what_is_in_service_is_throughput_times_time() -> None:
    """Four workers of 100 ms each carry 40 a second, however many users wait."""
    steps = tuple(
        Step(
            min(users, 4) * 600.0,
            2_400.0,
            users=users,
            latency_ms={0.5: max(99.0 + users, users * 25)},
        )
        for users in (1.0, 2.0, 4.0, 8.0, 16.0)
    )
    steps = tuple(replace(step, offered=step.answered) for step in steps)
    assert find_saturation(Benchmark(steps)).concurrency == pytest.approx(4.0)
    assert steps[0].latency_ms != steps[1].latency_ms
    assert find_saturation(row([100, 200])).concurrency is None
    assert find_saturation(Benchmark(steps[3:])).concurrency is None


def test_a_quantile_that_was_not_measured_is_the_next_higher() -> None:
    """It errs on the side of being late; without a higher one nothing is said."""
    step = Step(1.0, 1.0, latency_ms={0.5: 10.0, 0.99: 80.0})
    assert read_latency(step, 0.5) == 10.0
    assert read_latency(step, 0.95) == 80.0
    assert read_latency(step, 0.999) is None


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (LatencyObjective(0.0), "objective: 0.0 ms"),
        (LatencyObjective(10.0, 1.0), "quantile 1.0"),
        (LatencyObjective(10.0, 0.999), r"p99\.9 was not measured, only p95;"),
    ],
)
def test_an_objective_that_cannot_be_held_against_the_test_is_refused(
    objective: LatencyObjective, message: str
) -> None:
    """It says what was measured instead."""
    with pytest.raises(BenchmarkError, match=message):
        find_saturation(row([1, 2], latency=[5, 6]), objective)


def test_a_load_test_without_latency_says_so() -> None:
    """It has none to choose from."""
    with pytest.raises(BenchmarkError, match="users.csv: latency_ms: .* only no latency"):
        find_saturation(replace(row([1, 2]), source="users.csv"), P95)


def test_between_points_values_are_linear() -> None:
    """Outside them they are level, and where two share a place either may be."""
    points = [(1.0, 10.0), (2.0, 20.0), (2.0, 30.0), (3.0, 40.0)]
    places = (0.0, 1.5, 2.5, 9.0)
    assert [interpolate(points, each) for each in places] == [10.0, 15.0, 35.0, 40.0]
    assert interpolate([(1.0, 5.0)], 7.0) == 5.0


def test_the_most_of_a_job_is_where_it_saturates() -> None:
    """It tells of one load only, beyond which more of it brought no more answers."""
    step = Step(600.0, 600.0, latency_ms={0.95: 50.0}, used_ratio={Resource.CPU: 0.9})
    found = find_saturation(Benchmark((step,), is_peak=True))
    assert (found.cause, found.bound) == (Cause.FLAT, Bound.EXACT)
    assert found.bottleneck is Bottleneck.CPU
    assert "a job such as this one raises the load until" in found.sentence
    late = find_saturation(Benchmark((step,), is_peak=True), LatencyObjective(20.0))
    assert late.cause is Cause.LATENCY


@pytest.mark.parametrize(
    ("answered", "latencies", "cause"),
    [
        pytest.param((100, 180, 200, 150), (10, 11, 20, 300), Cause.LATENCY, id="both at the last"),
        pytest.param((100, 200, 200), (10, 20, 300), Cause.LATENCY, id="both at the third"),
        pytest.param((100, 180, 200, 203, 203), (10, 11, 20, 60, 300), Cause.FLAT, id="flat first"),
        pytest.param((100, 180, 320, 310, 300), (10, 11, 150, 200, 300), Cause.LATENCY, id="late"),
    ],
)
def test_where_both_show_at_once_answers_are_late(
    answered: tuple[float, ...], latencies: tuple[float, ...], cause: Cause
) -> None:
    """It is flat only if it was so at a load under which the objective held."""
    steps = tuple(
        Step(each, each, 2.0**index, latency_ms={0.95: late})
        for index, (each, late) in enumerate(zip(answered, latencies, strict=True))
    )
    found = find_saturation(Benchmark(steps), LatencyObjective(100.0, 0.95))
    assert found.cause is cause
    assert find_saturation(Benchmark(steps)).cause is Cause.FLAT
