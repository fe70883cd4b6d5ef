"""Is a step that was disturbed told from one that was too much?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.dips import find_dips, tell_dips
from flyball.sizing.limit import find_limit
from flyball.sizing.saturation import Bound, Cause, LatencyObjective, find_saturation
from flyball.sizing.variability import learn_instance

LOADS = tuple(1_000.0 * (index + 1) for index in range(12))


def ask(*answered: float, late: tuple[int, ...] = (), use: tuple[float, ...] = ()) -> Benchmark:
    """Ask for a thousand a minute more in each step.

    Args:
        answered: A minute, in each.
        late: Steps whose answers took long.
        use: Of the CPU in each; else as much as is asked of 10,000.
    """
    return Benchmark(
        tuple(
            Step(
                each,
                load,
                latency_ms={0.95: 500.0 if index in late else 20.0},
                used_ratio={Resource.CPU: use[index] if use else min(1.0, load / 10_000.0)},
            )
            for index, (each, load) in enumerate(zip(answered, LOADS, strict=False))
        )
    )


@dataclass(frozen=True)
class Case:
    """A load test, which of its steps were disturbed, and where it saturates."""

    id: str
    benchmark: Benchmark
    dips: tuple[float, ...]
    invocations: float
    cause: Cause | None
    told: str = ""
    objective: LatencyObjective | None = None


FULL = (10_000.0,) * 3
FAILS = Cause.FAILURES
RISES = (1_000.0, 2_000.0, 3_000.0)
CASES = (
    Case("none", ask(*RISES, 4_000, 5_000, 5_000, 5_000), (), 5_000, Cause.FLAT),
    Case(
        "one on the way up",
        ask(*RISES, 1_500, 5_000, 6_000, 7_000, 7_000, 7_000),
        (1_500,),
        7_000,
        Cause.FLAT,
        "The step at 4,000 answered 1,500 a minute, less than the 3,000 of the one at 3,000, and "
        "later ones more again, so it is left out: something else disturbed the test; measure "
        "again.",
    ),
    Case(
        "the first of the steps that fail",
        ask(*RISES, 2_000, 5_000, 5_900, 6_100, 6_000),
        (2_000,),
        5_900,
        Cause.FAILURES,
        "left out",
    ),
    Case(
        "one that took long before those that do",
        ask(*RISES, 2_000, 5_000, 6_000, 7_000, 8_000, late=(3, 6, 7)),
        (2_000,),
        6_166,
        Cause.LATENCY,
        "left out",
        LatencyObjective(100.0),
    ),
    Case(
        "two of three that are flat",
        ask(*RISES, 4_000, 3_000, 3_100, 4_050),
        (3_000, 3_100),
        4_025,
        Cause.FLAT,
        "measure again",
    ),
    Case(
        "three in all",
        ask(*RISES, 1_500, 1_600, 1_700, 7_000),
        (1_500, 1_600, 1_700),
        7_000,
        None,
        "So it is with 1 more",
    ),
    Case(
        "one that did not come back to as much",
        ask(*RISES, 4_000, 2_000, 3_000),
        (2_000,),
        4_000,
        Cause.FLAT,
        "a later one more than that again, but not as much as before",
    ),
    Case(
        "one far past saturation",
        ask(*RISES, *RISES[-1:] * 3, 2_000, 3_000),
        (2_000,),
        3_000,
        Cause.FLAT,
    ),
    Case("too much, for good", ask(*RISES, 4_000, 2_500, 2_000), (), 4_000, Cause.FLAT),
    Case("too much at the end", ask(*RISES, 4_000, 1_000), (), 4_000, Cause.FLAT),
    Case("noise", ask(*RISES, 3_850, 5_000, 5_000, 5_000), (), 5_000, Cause.FLAT),
    Case(
        "calls that failed once, before those that do",
        ask(*RISES, 3_200, 5_000, 5_500, 5_600),
        (3_200,),
        5_500,
        Cause.FAILURES,
        "The step at 4,000 failed 20% of its calls, more than the one at 5,000, which answered "
        "more, so it is left out: something else disturbed the test, or it was not warm yet; "
        "measure again.",
    ),
    Case(
        "calls that failed just before those that do",
        ask(*RISES, 2_800, 4_900, 5_000, 5_000),
        (2_800,),
        4_900,
        Cause.FAILURES,
        "left out",
    ),
    Case("calls of which as many fail of more load", ask(*RISES, 3_200, 4_000), (), 3_010, FAILS),
    Case("the first calls of all", ask(100, 2_000, 3_000, 4_000), (100,), 4_000, None, "left out"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_step_that_was_disturbed_is_found(case: Case) -> None:
    """Less was answered than with less load, and afterwards more again."""
    assert tuple(each.step.answered for each in find_dips(case.benchmark.steps)) == case.dips


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_it_cuts_no_saturation_short_and_is_told(case: Case) -> None:
    """Only where it matters: up to saturation, and the first step past it."""
    found = find_saturation(case.benchmark, case.objective)
    assert found.cause is case.cause
    assert found.invocations == pytest.approx(case.invocations, abs=1.0)
    assert case.told in found.sentence
    assert ("measure again" in found.sentence) == bool(case.told)


def test_use_in_a_step_that_was_disturbed_is_not_read_off() -> None:
    """A neighbour used the machine in it: half of it carried little."""
    use = (0.1, 0.2, 0.3, 0.95, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0)
    answered = (*RISES, 500.0, 5_000.0, 6_000.0, 7_000.0, 8_000.0, 9_000.0, *FULL)
    benchmark = ask(*answered, use=use)
    found = find_limit(benchmark, find_saturation(benchmark))
    assert found.invocations == (4_500.0, 5_000.0, 5_500.0)


@pytest.mark.parametrize(
    ("usual", "told"),
    [
        ((60.0, 40.0, 20.0), "took 60 ms at p50, longer than the one"),
        ((30.0, 29.0, 20.0), ""),
    ],
)
def test_use_of_an_instance_that_was_not_warm_is_not_read_off(
    usual: tuple[float, ...], told: str
) -> None:
    """Most calls took longer in it than under more load; by a little they may."""
    odd = (0.35, 0.65) if told else (0.1, 0.2)
    use = (*odd, *(each / 10_000.0 for each in LOADS[2:9]), 1.0, 1.0, 1.0)
    made = ask(*LOADS[:9], *FULL, use=use)
    steps = tuple(
        replace(step, latency_ms={0.5: usual[min(index, 2)], 0.95: 90.0})
        for index, step in enumerate(made.steps)
    )
    benchmark = Benchmark(steps)
    found = find_saturation(benchmark)
    assert find_limit(benchmark, found).invocations == (4_500.0, 5_000.0, 5_500.0)
    assert told in found.sentence
    assert ("left out" in found.sentence) == bool(told)
    service = learn_instance(benchmark, found)
    assert service.mean_s * found.invocations / 60.0 == pytest.approx(service.servers, rel=0.01)


def test_users_are_named_where_the_load_was_of_users() -> None:
    """One user is one."""
    steps = [Step(each, each, users) for users, each in ((1.0, 50.0), (2.0, 10.0), (3.0, 90.0))]
    assert tell_dips(find_dips(steps)) == (
        "The step with 2 users answered 10 a minute, less than the 50 of the one with 1 user, and "
        "later ones more again, so it is left out: something else disturbed the test; measure "
        "again."
    )
    assert find_saturation(Benchmark(tuple(steps))).bound is Bound.AT_LEAST
