"""How far an expert is off is learned from what it missed: by its height, and in what share."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.residual import (
    BINS,
    COUNT_LIMIT,
    FIRST_A,
    FIRST_B,
    FIRST_COUNTS,
    LEAST_VARIANCE,
    Residual,
    average,
    find_quantile,
    fit,
    judge,
    lose,
    pack,
    spread,
    unpack,
)


def learn(pairs: list[tuple[float, float]]) -> Residual:
    """Judge forecasts by what came."""
    residual = Residual()
    for forecast, came in pairs:
        residual = judge(residual, forecast, came)
    return residual


def miss(a: float, b: float, count: int = 400) -> list[tuple[float, float]]:
    """Miss by one standard deviation up and down, at heights from 1 to 20."""
    pairs = []
    for step in range(count):
        height = 1.0 + 19.0 * (step // 2 % 20) / 19.0
        deviation = (a * height + b * height * height) ** 0.5
        pairs.append((height, height + deviation * (1 if step % 2 else -1)))
    return pairs


def test_too_little_was_judged_to_say_otherwise() -> None:
    """So an error of some size is assumed."""
    assert fit(Residual()) == (FIRST_A, FIRST_B)
    assert spread(Residual(), 10.0) == pytest.approx((0.5 + 1.0) ** 0.5)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.0), (0.0, 0.04), (0.3, 0.02)])
def test_variance_is_found_by_height(a: float, b: float) -> None:
    """Of a count, of a trend, and of both."""
    found = fit(learn(miss(a, b)))
    assert found == pytest.approx((a, b), abs=0.03)


def test_neither_part_is_below_zero() -> None:
    """Misses that shrink with the height, or grow faster than its square."""
    shrinking = [(h, h + s * 5.0 / h) for h in (1.0, 2.0, 5.0, 20.0) for s in (1, -1)] * 20
    steep = [(h, h + s * h**2 / 9.0) for h in (1.0, 2.0, 5.0, 9.0) for s in (1, -1)] * 20
    a, b = fit(learn(shrinking))
    assert (a > 0, b) == (True, 0.0)
    a, b = fit(learn(steep))
    assert (a, b > 0) == (0.0, True)


def test_one_height_tells_of_no_slope() -> None:
    """All variance is then of the first kind."""
    a, b = fit(learn([(4.0, 4.0 + side) for side in (1.0, -1.0)] * 30))
    assert a == pytest.approx(0.25, rel=0.2)
    assert b == 0.0


def test_who_never_misses_is_still_given_a_little() -> None:
    """No forecast is taken for certain."""
    assert spread(learn([(4.0, 4.0)] * 50), 4.0) == LEAST_VARIANCE**0.5


def test_one_spike_is_not_the_new_usual() -> None:
    """It counts at most as eight standard deviations."""
    calm = learn(miss(0.5, 0.0))
    assert spread(judge(calm, 10.0, 1e6), 10.0) < 1.3 * spread(calm, 10.0)


@dataclass(frozen=True)
class Case:
    """Errors by bin, a share, and its quantile."""

    id: str
    counts: dict[int, int]
    share: float
    quantile: float


CASES = (
    Case("middle_of_one_bin", {16: 10}, 0.5, 0.125),
    Case("end_of_one_bin", {16: 10}, 1.0, 0.25),
    Case("edge_of_two", {16: 10, 17: 10}, 0.5, 0.25),
    Case("in_the_second", {16: 10, 17: 10}, 0.75, 0.375),
    Case("over_empty_bins", {0: 1, 63: 99}, 0.5, 11.75 + 0.25 * 49 / 99),
    Case("no_error_yet", {}, 0.9, 12.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_quantile_lies_between_the_edges_of_its_bin(case: Case) -> None:
    """As far as its share of the bin goes."""
    counts = [case.counts.get(place, 0) for place in range(BINS)]
    assert find_quantile(counts, case.share) == pytest.approx(case.quantile)


def test_errors_begin_as_a_normal_distribution_has_them() -> None:
    """Forty of them: nine tenths are below 1.3 standard deviations."""
    assert sum(FIRST_COUNTS) == 40
    assert len(FIRST_COUNTS) == BINS
    assert find_quantile(FIRST_COUNTS, 0.9) == pytest.approx(1.25, abs=0.1)


def test_the_sketch_is_bounded() -> None:
    """At its limit each count is halved."""
    full = Residual(counts=(COUNT_LIMIT - 1, *(0,) * (BINS - 1)))
    after = judge(full, 1.0, 1.0)
    assert sum(after.counts) == COUNT_LIMIT // 2 - 1
    assert max(after.counts) == COUNT_LIMIT // 2 - 1


def test_errors_beyond_the_sketch_lie_in_its_outer_bins() -> None:
    """Also such as no bin is for."""
    after = judge(judge(Residual(counts=(0,) * BINS), 0.2, 1e9), 1e6, 0.0)
    assert after.counts[48] == 1  # eight standard deviations: more counts as that
    assert after.counts[0] == 1


@pytest.mark.parametrize(("came", "loss"), [(12.0, 1.8), (10.0, 0.0), (7.0, 0.3)])
def test_a_quantile_that_was_passed_costs_more(came: float, loss: float) -> None:
    """Nine times as much, of nine tenths."""
    assert lose(10.0, came, 0.9) == pytest.approx(loss)


def test_an_average_is_the_same_in_any_order() -> None:
    """And so on every version of Python."""
    assert average([1e16, 1.0, -1e16]) == average([-1e16, 1e16, 1.0]) == 1 / 3


@given(
    st.lists(
        st.tuples(st.floats(0.2, 1e7), st.floats(0.0, 1e7)),
        max_size=20,
    )
)
def test_what_is_packed_is_read_to_the_bit(pairs: list[tuple[float, float]]) -> None:
    """And no forecast makes it anything but a number."""
    residual = learn(pairs)
    assert unpack(pack([residual, Residual()])) == [residual, Residual()]
    assert 0.0 < spread(residual, 3.0) < float("inf")


def test_what_is_cut_is_not_read() -> None:
    """Half a residual is none."""
    with pytest.raises(struct.error):
        unpack(pack([Residual()])[:-1])
