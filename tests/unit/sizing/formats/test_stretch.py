"""Are the loads found that a load test held?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from flyball.sizing.formats.stretch import Sample, Stretch, find_stretches

SETTLE_S = 10.0


def hold(
    level: float | None, rate: float, seconds: int, *, noise: float = 0.0
) -> list[float | None]:
    """Say level and rate of some seconds, one after the other."""
    chance = random.Random(seconds)
    return [
        each for _ in range(seconds) for each in (level, rate * (1 + chance.uniform(-noise, noise)))
    ]


def lay(*held: Sequence[float | None], each_s: float = 1.0) -> list[Sample]:
    """Lay them one behind the other."""
    flat = [value for one in held for value in one]
    return [
        Sample(index * each_s, (index + 1) * each_s, level, (rate or 0.0) * each_s)
        for index, (level, rate) in enumerate(zip(flat[::2], flat[1::2], strict=True))
    ]


@dataclass(frozen=True)
class Case:
    """A course of a load test, and what was held in it: begin, first that counts, end."""

    id: str
    samples: list[Sample]
    held: list[tuple[int, int, int]]
    ramp: bool = False
    divided: bool = False


RISING = [value for users in range(60) for value in (float(users), 2.0 * users)]
CASES = [
    Case("nothing", [], []),
    Case("one level", lay(hold(5, 50, 60)), [(0, 10, 60)]),
    Case("two levels", lay(hold(5, 50, 40), hold(9, 90, 40)), [(0, 10, 40), (40, 50, 80)]),
    Case(
        "a ramp between is left out",
        lay(hold(5, 50, 40), [6, 60, 7, 70, 8, 80], hold(9, 90, 40)),
        [(0, 10, 40), (43, 53, 83)],
    ),
    Case(
        "while the level changes there is none",
        lay(hold(5, 50, 40), hold(None, 70, 30), hold(9, 90, 40)),
        [(0, 10, 40), (70, 80, 110)],
    ),
    Case(
        "a short level settles in a third",
        lay(hold(5, 50, 12), hold(6, 60, 12)),
        [(0, 4, 12), (12, 16, 24)],
    ),
    Case("too short to count", lay(hold(5, 50, 60), hold(6, 60, 7)), [(0, 10, 60)]),
    Case(
        "a rate that changes divides its level",
        lay(hold(0, 50, 40, noise=0.1), hold(0, 100, 40, noise=0.1), hold(0, 150, 40, noise=0.1)),
        [(0, 10, 40), (40, 50, 80), (80, 90, 120)],
        divided=True,
    ),
    Case("chance does not", lay(hold(5, 50, 200, noise=0.5)), [(0, 10, 200)]),
    Case("nor a few per cent", lay(hold(5, 50, 100), hold(5, 56, 100)), [(0, 10, 200)]),
    Case("nor where few are counted", lay(hold(5, 0.2, 30), hold(5, 0.4, 30)), [(0, 10, 60)]),
    Case("coarse samples", lay(hold(5, 50, 12), each_s=5.0), [(0, 2, 12)]),
    Case("a ramp is cut", lay(RISING), [(at, at, at + 10) for at in range(0, 60, 10)], ramp=True),
    Case("a moment is one piece", lay(hold(5, 50, 4)), [(0, 0, 4)], ramp=True),
    Case("nothing held", lay(hold(None, 50, 20)), [(0, 0, 10), (10, 10, 20)], ramp=True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_held_loads_are_found(case: Case) -> None:
    """Without their settling, and without what is between."""
    expected = [
        Stretch(begin, first, end, ramp=case.ramp, divided=case.divided)
        for begin, first, end in case.held
    ]
    assert find_stretches(case.samples, SETTLE_S) == expected


def test_a_hole_in_time_ends_a_level() -> None:
    """Two runs in one file are two."""
    samples = lay(hold(5, 50, 80))
    later = [each._replace(begin=each.begin + 99, end=each.end + 99) for each in samples[40:]]
    assert [(each.first, each.end) for each in find_stretches(samples[:40] + later, 10.0)] == [
        (10, 40),
        (50, 80),
    ]


def test_a_long_ramp_is_cut_into_twenty() -> None:
    """More steps tell no more."""
    rising = [value for users in range(1_000) for value in (float(users), 2.0 * users)]
    found = find_stretches(lay(rising), SETTLE_S)
    assert len(found) == 20
    assert (found[0].first, found[-1].end) == (0, 1_000)
