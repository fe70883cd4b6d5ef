"""Is it found how much a server carries that turns calls away, however far apart the loads were?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.limit import find_limit
from flyball.sizing.saturation import Bottleneck, Cause, find_saturation

CARRIES = 6_000.0


def turn_away(loads: Sequence[float], *, full: float = 1.0, slope: float = 0.0) -> Benchmark:
    """Ask a server for loads, as parts of what it carries; the rest is turned away.

    Args:
        loads: Rising.
        full: Use of the CPU where it carries no more.
        slope: It answers so much more of each load past that.
    """
    steps = []
    for part in loads:
        answered = CARRIES * min(part, 1.0 + slope * max(0.0, part - 1.0))
        used = {Resource.CPU: full * min(part, 1.0)}
        steps.append(Step(answered, CARRIES * part, used_ratio=used))
    return Benchmark(tuple(steps))


@given(
    least=st.floats(0.05, 0.4),
    ratio=st.floats(1.1, 2.5),
    more=st.booleans(),
    full=st.sampled_from([1.0, 0.95]),
)
def test_what_it_carries_is_found_between_loads_that_are_far_apart(
    least: float, ratio: float, more: bool, full: float
) -> None:
    """Its CPU ends there, and half of it is what half of the CPU does."""
    loads = [least]
    while loads[-1] < 1.02:
        loads.append(loads[-1] * ratio)
    loads += [loads[-1] * ratio] * more
    benchmark = turn_away(loads, full=full)
    found = find_saturation(benchmark)
    assert found.cause in (Cause.FAILURES, Cause.FLAT)
    assert found.bottleneck is Bottleneck.CPU
    assert found.invocations == pytest.approx(CARRIES, rel=0.03)
    middle = find_limit(benchmark, found).invocations.middle
    assert middle == pytest.approx(0.5 / full * CARRIES, rel=0.03)


@pytest.mark.parametrize(
    ("benchmark", "invocations", "bottleneck"),
    [
        (turn_away((0.5, 0.7, 1.2, 1.5), full=0.4), CARRIES, Bottleneck.CONCURRENCY),
        (turn_away((0.5, 0.7, 1.2), full=0.4), 4_308.0, Bottleneck.CONCURRENCY),
        (turn_away((0.5, 0.7, 1.4, 2.8), full=0.4, slope=0.5), 4_410.0, Bottleneck.CONCURRENCY),
        (turn_away((0.5, 0.7, 1.4, 1.6), slope=0.5), 7_200.0, Bottleneck.CPU),
    ],
    ids=[
        "full without a resource that ends",
        "nobody knows whether it is full",
        "it answers more of more load",
        "a little more of more load is noise where a resource ends",
    ],
)
def test_it_is_full_where_more_load_is_answered_no_better(
    benchmark: Benchmark, invocations: float, bottleneck: Bottleneck
) -> None:
    """Or where a resource is near its end; else it is taken to fail ever more between two loads."""
    found = find_saturation(benchmark)
    assert found.invocations == pytest.approx(invocations, abs=1.0)
    assert found.bottleneck is bottleneck
    assert benchmark.steps[1].offered < found.load <= benchmark.steps[2].offered


def test_users_who_wait_send_no_more_and_are_counted() -> None:
    """The load is that of users, of which the rate says nothing."""
    steps = tuple(
        Step(answered, sent, users)
        for answered, sent, users in (
            (1_000.0, 1_000.0, 10.0),
            (1_900.0, 2_000.0, 20.0),
            (1_900.0, 2_000.0, 40.0),
        )
    )
    found = find_saturation(Benchmark(steps))
    assert found.invocations == 1_900.0
    assert found.load == pytest.approx(10.0 + 10.0 * (1_900.0 / 0.99 - 1_000.0) / 1_000.0)
