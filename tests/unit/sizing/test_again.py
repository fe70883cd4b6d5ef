"""Does the last time count that a load was held?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from flyball.sizing.again import keep_last
from flyball.sizing.benchmark import Benchmark, Machine, Step

Held = tuple[tuple[float, float], ...]
"""Load and answers of each, in order of time."""


@dataclass(frozen=True)
class Case:
    """Loads in order of time, those that count, with their minutes, and what is said."""

    id: str
    held: Held
    kept: tuple[tuple[float, float, int], ...]
    note: str


CASES = [
    Case("each once", ((10, 10), (20, 20)), ((10, 10, 1), (20, 20, 1)), ""),
    Case(
        "too much at first",
        ((10, 10), (20, 5), (20, 20)),
        ((10, 10, 1), (20, 20, 2)),
        "20 users were held more than once: the last time counts",
    ),
    Case(
        "too much at last",
        ((20, 20), (10, 10), (20, 5)),
        ((10, 10, 1), (20, 5, 1)),
        "20 users were held more than once: the last time counts",
    ),
    Case(
        "again and again",
        tuple((load, load) for load in (1, 2, 3, 4, 5) * 2),
        tuple((load, load, 1) for load in (1, 2, 3, 4, 5)),
        "1, 2, 3 and 2 more users were held more than once: the last time counts",
    ),
]


def make(held: Held, *, users: bool) -> Benchmark:
    """Hold loads one after the other."""
    return Benchmark(
        tuple(
            Step(float(answered), float(load), users=float(load) if users else None)
            for load, answered in held
        )
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_last_time_counts(case: Case) -> None:
    """With the time of the same load right before it."""
    found = keep_last(make(case.held, users=True))
    minutes = [round(each.duration / timedelta(minutes=1)) for each in found.steps]
    kept = [(each.offered, each.answered) for each in found.steps]
    assert [(*each, length) for each, length in zip(kept, minutes, strict=True)] == [*case.kept]
    assert list(found.notes) == ([case.note] if case.note else [])


def test_of_rates_that_are_near_each_other_the_last_counts() -> None:
    """Chance makes the difference; where all are so near it is a ramp."""
    found = keep_last(make(((10, 10), (20.2, 5), (20, 20), (40, 40)), users=False))
    assert [each.answered for each in found.steps] == [10, 20, 40]
    assert found.notes == ("20 requests a minute were held more than once: the last time counts",)
    ramp = make(tuple((1_000 + 10 * n, 1_000) for n in range(20)), users=False)
    assert keep_last(ramp) == ramp


def test_the_order_in_time_outlives_a_change_of_something_else() -> None:
    """And not one of the steps."""
    test = make(((20, 20), (10, 10)), users=True)
    assert [each.offered for each in test.steps] == [10, 20]
    named = replace(test, machine=Machine("ml.c5.large", 2))
    assert [each.offered for each in named.held] == [20, 10]
    assert replace(named, steps=test.steps[:1]).held == test.steps[:1]
