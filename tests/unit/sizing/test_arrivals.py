"""Is it found again how irregular arrivals were made, from counts of them?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from flyball.sizing.arrivals import learn_arrivals

DAY = 1_440


def draw_times(scv: float, chance: random.Random) -> Callable[[], float]:
    """Draw times between arrivals of mean 1: of Erlang below 1, hyperexponential above."""
    if scv <= 1.0:
        return lambda: chance.gammavariate(1.0 / scv, scv)
    often = (1.0 + math.sqrt((scv - 1.0) / (scv + 1.0))) / 2.0  # balanced means
    return lambda: chance.expovariate(2 * (often if chance.random() < often else 1 - often))


def count(
    scv: float, rate: float, of_day: float = 0.0, jitter: float = 0.0, days: int = 2, seed: int = 1
) -> list[float | None]:
    """Count arrivals by the minute.

    Args:
        scv: Of the time between them.
        rate: A minute, on the average.
        of_day: Part of the rate by which the day's sine differs from it.
        jitter: By which the rate of each minute differs from that, as a standard deviation.
        days: So many.
        seed: Of chance.
    """
    chance = random.Random(seed)
    draw = draw_times(scv, chance)
    found: list[float | None] = []
    edge, following = 0.0, draw()
    for minute in range(days * DAY):
        course = 1.0 + of_day * math.sin(2 * math.pi * minute / DAY)
        edge += rate * course * math.exp(chance.gauss(0.0, jitter))
        arrived = 0
        while following < edge:
            following += draw()
            arrived += 1
        found.append(float(arrived))
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """Arrivals, and how near they are to be found again."""

    name: str
    scv: float
    rate: float
    tolerance: float = 0.15


CASES = [
    Case("Poisson", 1.0, 100.0),
    Case("Erlang of two", 0.5, 100.0),
    Case("Erlang of four", 0.25, 100.0),
    Case("hyperexponential", 4.0, 100.0),
    # A minute has few of the long pauses that make these so irregular.
    Case("very irregular", 10.0, 100.0, 0.2),
    # In longer slots, of which a day has few: one in six is off by a third.
    Case("few, Poisson", 1.0, 5.0, 0.3),
    Case("few, Erlang of four", 0.25, 5.0, 0.5),
    Case("few, hyperexponential", 4.0, 5.0, 0.3),
]


@pytest.mark.parametrize("of_day", [0.0, 0.5], ids=["level", "of a day"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_arrivals_are_as_irregular_as_they_were_made(case: Case, of_day: float) -> None:
    """From two days' counts by the minute, whatever the course of the day."""
    found = learn_arrivals(count(case.scv, case.rate, of_day))
    assert found == pytest.approx(case.scv, rel=case.tolerance)


@pytest.mark.parametrize("seed", range(5))
def test_a_rate_that_jumps_by_the_minute_is_not_irregular(seed: int) -> None:
    """By 20 % of 250 requests: variance ÷ mean is 11 where arrivals know of nothing."""
    found = learn_arrivals(count(1.0, 250.0, 0.5, jitter=0.2, seed=seed))
    assert found is not None
    assert 1.0 <= found < 4.0


def test_what_is_irregular_is_kept_beside_a_rate_that_jumps() -> None:
    """Only what grows with the requests is left out."""
    found = learn_arrivals(count(8.0, 100.0, 0.5, jitter=0.2, days=6))
    assert found == pytest.approx(8.0, rel=0.3)


def test_without_a_course_a_rate_that_jumps_cannot_be_told_and_errs_on_the_large_side() -> None:
    """All minutes have as many requests, so nothing says what grows with them."""
    found = learn_arrivals(count(1.0, 250.0, jitter=0.2))
    assert found == pytest.approx(11.0, rel=0.15)


def test_a_steep_course_is_no_irregularity() -> None:
    """It comes to a hundred times as many in a minute as chance brings."""
    counts: list[float | None] = [1e5 + 1e3 * minute for minute in range(300)]
    assert learn_arrivals(counts) == pytest.approx(0.0, abs=1e-9)


def test_what_happens_once_a_day_is_no_irregularity() -> None:
    """Five minutes of ten times as many, each day: the most is expected as a rate."""
    counts = count(1.0, 100.0)
    for begin in (700, 2_140):
        counts[begin : begin + 5] = [1_000.0] * 5
    assert learn_arrivals(counts) == pytest.approx(1.0, rel=0.15)


def test_gaps_are_left_out() -> None:
    """A third of all minutes is not known."""
    chance = random.Random(4)
    counts = [each if chance.random() > 1 / 3 else None for each in count(4.0, 100.0, 0.5)]
    assert learn_arrivals(counts) == pytest.approx(4.0, rel=0.25)


@pytest.mark.parametrize("scv", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("minutes", [5, 15])
def test_counts_that_were_spread_over_minutes_are_put_together(scv: float, minutes: int) -> None:
    """Else most minutes would seem to be the same as the one before."""
    counts = count(scv, 40.0, 0.5, days=8)
    spread: list[float | None] = []
    for begin in range(0, len(counts), minutes):
        some = counts[begin : begin + minutes]
        spread += [sum(each or 0.0 for each in some) / minutes] * minutes
    assert learn_arrivals(spread, minutes) == pytest.approx(scv, rel=0.25)


def test_a_gap_in_a_longer_slot_is_one_of_all_of_it() -> None:
    """A count of a part of it is none."""
    counts = count(1.0, 40.0, days=4)
    counts[::50] = [None] * len(counts[::50])
    assert learn_arrivals(counts, 5) == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize(
    ("counts", "slot"),
    [
        ([], 1),
        ([5.0], 1),
        ([5.0, None, 5.0] * 100, 1),
        ([0.0] * 500, 1),
        ([100.0] * 31, 1),
        ([100.0] * DAY, 60),
    ],
    ids=["none", "one", "no three in a row", "nothing asked", "half an hour", "hours"],
)
def test_what_tells_too_little_tells_nothing(counts: list[float | None], slot: int) -> None:
    """An error of more than a third is no measure, nor is the bend of a day."""
    assert learn_arrivals(counts, slot) is None


def test_requests_that_are_always_as_many_do_not_vary() -> None:
    """A generator's course has no chance in it."""
    assert learn_arrivals([100.0] * DAY) == 0.0
