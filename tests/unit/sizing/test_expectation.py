"""Is the capacity what the expected requests need, and do they come as they are expected?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.expectation import (
    PROMISED_INSTANCES,
    Expectation,
    Ramp,
    Range,
    Shape,
    Spike,
    bound_capacity,
    count_instances,
    draw_course,
    expect_trace,
)


@dataclass(frozen=True)
class Case:
    """Requests a second, what one instance takes a minute, and between how many that is."""

    id: str
    least_per_s: float
    most_per_s: float
    growth_factor: float
    invocations_per_instance: float
    expected: Range
    at_least: int = 1


NONE_NEEDED = "0 would do for the least load; 1 are there in any case"
ONE_NEEDED = "1 would do for the least load; 2 are there in any case"
CASES = (
    Case("published", 70.0, 500.0, 1.2, 5_000.0, Range(1, 8, 6)),
    Case("promised", 70.0, 500.0, 1.2, 5_000.0, Range(2, 8, 6, ONE_NEEDED), PROMISED_INSTANCES),
    Case("nothing at night", 0.0, 500.0, 1.0, 5_000.0, Range(1, 6, 6, NONE_NEEDED)),
    Case("always the same", 100.0, 100.0, 1.0, 1_000.0, Range(6, 6, 6)),
    Case("a promise above the most", 1.0, 1.0, 1.0, 60.0, Range(2, 2, 1, ONE_NEEDED), 2),
    Case("1.1 × 10 is 11", 1.0, 10.0, 1.1, 60.0, Range(1, 11, 10)),
    Case("0.3 at 0.1 is 3", 0.1, 0.3, 1.0, 6.0, Range(1, 3, 3)),
    Case("a billionth too much", 1.0, 10.0, 1.0, 59.99999999999, Range(1, 10, 10)),
    Case("a thousandth too much", 1.0, 10.0, 1.0, 59.99, Range(2, 11, 11)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_capacity_is_between_the_least_and_the_most(case: Case) -> None:
    """Rounded up, grown, and rounded up again; floats add no instance."""
    expected = Expectation(case.least_per_s, case.most_per_s, case.growth_factor)
    assert bound_capacity(expected, case.invocations_per_instance, case.at_least) == case.expected


@pytest.mark.parametrize("invocations", range(1, 400))
def test_what_divides_evenly_needs_no_instance_more(invocations: int) -> None:
    """For every number of instances: floats err on both sides of whole numbers."""
    assert count_instances(7 * (invocations / 60.0), float(invocations)) == 7


RATES = st.floats(0.001, 1e4)


@given(RATES, RATES, st.floats(1.0, 5.0), st.floats(60.0, 1e6), st.floats(1.0, 3.0))
def test_more_never_needs_fewer(
    least: float, more: float, growth: float, invocations: float, factor: float
) -> None:
    """More load or growth never lowers a bound, and a better instance never raises one."""
    before = bound_capacity(Expectation(least, least + more, growth), invocations)
    assert 1 <= before.min_capacity <= before.max_capacity
    loaded = Expectation(least * factor, (least + more) * factor, growth)
    for other in (
        bound_capacity(loaded, invocations),
        bound_capacity(Expectation(least, least + more, growth * factor), invocations),
        bound_capacity(Expectation(least, least + more, growth), invocations / factor),
        bound_capacity(Expectation(least, least + more, growth), invocations, 2),
    ):
        assert other.min_capacity >= before.min_capacity
        assert other.max_capacity >= before.max_capacity


@given(RATES, st.floats(1.0, 1e5))
def test_so_many_instances_carry_the_load_and_one_fewer_does_not(
    rate: float, invocations: float
) -> None:
    """But for a billionth."""
    count = count_instances(rate, invocations)
    assert count * invocations >= rate * 60.0 * (1 - 1e-8)
    assert (count - 1) * invocations < rate * 60.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"least_per_s": -1.0, "most_per_s": 1.0}, "least_per_s: -1.0"),
        ({"least_per_s": 2.0, "most_per_s": 1.0}, "most_per_s: 1.0 is not a number of 2 or more"),
        ({"least_per_s": 0.0, "most_per_s": 0.0}, "most_per_s: 0 requests need no instance"),
        ({"least_per_s": 0.0, "most_per_s": math.inf}, "most_per_s: inf"),
        ({"least_per_s": math.nan, "most_per_s": 1.0}, "least_per_s: nan"),
        ({"least_per_s": 1.0, "most_per_s": 2.0, "growth_factor": 0.9}, "growth_factor: 0.9"),
        (
            {"least_per_s": 1.0, "most_per_s": 2.0, "shape": Shape.SPIKY, "spike": Spike(5, 5)},
            "spike: .* less than every",
        ),
        ({"least_per_s": 1.0, "most_per_s": 2.0, "shape": Shape.RAMP}, "ramp: say how many"),
        (
            {
                "least_per_s": 1.0,
                "most_per_s": 2.0,
                "shape": Shape.RAMP,
                "ramp": Ramp(1.0, 0.0),
            },
            "ramp: say how many",
        ),
        ({"least_per_s": 1.0, "most_per_s": 2.0, "shape": Shape.TRACE}, "trace: give"),
    ],
)
def test_what_nobody_can_expect_is_refused(given: dict[str, Any], message: str) -> None:
    """The field is named."""
    with pytest.raises(ValueError, match=message):
        Expectation(**given)


def test_what_carries_nothing_is_refused() -> None:
    """No number of them would do."""
    expected = Expectation(1.0, 2.0)
    with pytest.raises(ValueError, match="invocations_per_instance: 0 a minute carry nothing"):
        bound_capacity(expected, 0.0)
    with pytest.raises(ValueError, match="invocations_per_instance: nan"):
        bound_capacity(expected, math.nan)
    with pytest.raises(ValueError, match="at_least: 0"):
        bound_capacity(expected, 5.0, 0)
    with pytest.raises(ValueError, match="minutes: 0"):
        draw_course(expected, 0)


def test_a_smooth_day_goes_from_the_least_to_the_most_and_back() -> None:
    """At midnight the least, at noon the most, and no jump between."""
    course = [each or 0.0 for each in draw_course(Expectation(10.0, 50.0))]
    assert len(course) == 1_440
    assert (course[0], course[720]) == (600.0, 3_000.0)
    assert (min(course), max(course)) == (600.0, 3_000.0)
    steps = [abs(after - before) for before, after in pairwise(course)]
    assert max(steps) < 6.0


def test_spikes_come_again_and_again() -> None:
    """Quiet first, and then at once the most."""
    expected = Expectation(1.0, 10.0, shape=Shape.SPIKY, spike=Spike(every=4, lasts=1))
    assert draw_course(expected, 9) == (60, 60, 60, 600, 60, 60, 60, 600, 60)


@pytest.mark.parametrize(("users", "minutes"), [(1.0, 300), (3.0, 100)])
def test_users_come_until_the_most_is_reached(users: float, minutes: int) -> None:
    """One or three new ones a minute, who send 100 each, come to 30,000 and stay there."""
    ramp = Ramp(users_per_minute=users, requests_per_user=100.0)
    expected = Expectation(0.0, 500.0, shape=Shape.RAMP, ramp=ramp)
    course = draw_course(expected, 400)
    assert course[:2] == (0.0, users * 100.0)
    assert course.index(30_000.0) == minutes
    assert set(course[minutes:]) == {30_000.0}


def test_a_trace_is_its_own_course() -> None:
    """Its gaps stay gaps, and it begins again."""
    expected = expect_trace([120.0, None, 600.0], growth_factor=1.5)
    assert (expected.least_per_s, expected.most_per_s) == (2.0, 10.0)
    assert expected.growth_factor == 1.5
    assert draw_course(expected, 5) == (120.0, None, 600.0, 120.0, None)
    assert draw_course(expected, 1) == (120.0,)
    assert expect_trace([60.0]).growth_factor == Expectation(1.0, 1.0).growth_factor == 1.0


@pytest.mark.parametrize("trace", [[], [None]])
def test_a_trace_without_a_minute_is_refused(trace: list[float | None]) -> None:
    """Nothing follows from gaps."""
    with pytest.raises(ValueError, match="no minute of it is known"):
        expect_trace(trace)


@given(st.sampled_from(Shape), st.floats(0.0, 100.0), st.floats(0.001, 100.0))
def test_a_course_stays_between_the_least_and_the_most(
    shape: Shape, least: float, more: float
) -> None:
    """Whatever its shape."""
    most = least + more
    trace = (least * 60.0, most * 60.0)
    expected = Expectation(
        least, most, shape=shape, ramp=Ramp(0.5, 60.0), trace=trace if shape is Shape.TRACE else ()
    )
    for each in draw_course(expected, 200):
        assert each is not None
        assert least * 60.0 <= each <= most * 60.0
