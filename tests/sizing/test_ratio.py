"""Does a comparison find a generator that loses calls, whatever the turns are off by?"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tests.sizing.ratio import ROUNDS, Verdict, compare

WITHIN = 0.10


@dataclass(frozen=True)
class Case:
    """A generator that finds a share of what is there, with turns that are off by chance."""

    name: str
    share: float
    noise: float
    expected: Verdict


CASES = [
    Case("the-same", 1.0, 0.03, Verdict.SAME),
    Case("five-percent-lost", 0.95, 0.01, Verdict.SAME),
    Case("fifteen-percent-lost", 0.85, 0.02, Verdict.OTHER),
    Case("fifteen-percent-too-much", 1.15, 0.02, Verdict.OTHER),
    Case("a-machine-too-busy", 1.0, 0.5, Verdict.UNKNOWN),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_verdict_is_of_the_generator_and_not_of_chance(case: Case) -> None:
    """In 19 of 20 courses of chance at least."""
    found = []
    for seed in range(100):
        chance = random.Random(seed)

        def turn(ours: list[float], theirs: list[float], chance: random.Random = chance) -> None:
            ours.append(case.share * chance.gauss(1.0, case.noise))
            theirs.extend(chance.gauss(1.0, case.noise) for _ in range(2))

        found.append(compare(turn, WITHIN)[0])
    assert found.count(case.expected) >= 95


def test_turns_without_a_result_are_no_verdict() -> None:
    """Who finds nothing in any turn is not compared."""
    turns = list[int]()

    def turn(_: list[float], theirs: list[float]) -> None:
        turns.append(1)
        theirs.append(1.0)

    assert compare(turn, WITHIN)[0] is Verdict.UNKNOWN
    assert len(turns) == ROUNDS
