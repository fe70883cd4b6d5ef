"""Is a load test ended by calls that fail, and not by chance?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.sizing.benchmark import Step
from flyball.sizing.failing import exceeds, fails


@dataclass(frozen=True, slots=True)
class Case:
    """So many calls failed: are these more than 1 %, surely?"""

    id: str
    failed: int
    calls: int
    expected: bool


CASES = [
    Case("none", 0, 1_000, expected=False),
    Case("no call", 0, 0, expected=False),
    Case("two of 150 are chance", 2, 150, expected=False),
    Case("four of 150 may still be", 4, 150, expected=False),
    Case("five of 150 are not", 5, 150, expected=True),
    Case("one of a few", 1, 3, expected=False),
    Case("one of two is half", 1, 2, expected=True),
    Case("one of one", 1, 1, expected=True),
    Case("two of three", 2, 3, expected=True),
    Case("just as many as may", 100, 10_000, expected=False),
    Case("some more of many", 118, 10_000, expected=True),
    Case("a little more of very many", 10_200, 1_000_000, expected=True),
    Case("a little less of very many", 9_900, 1_000_000, expected=False),
    Case("so many that no series is summed", 1_005_000, 100_000_000, expected=True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_more_than_may_is_told_from_chance(case: Case) -> None:
    """A step says the same as its counts, for however long it was held."""
    assert exceeds(case.failed, case.calls, 0.01) is case.expected
    for seconds in (7.3, 60.0):
        a_minute = 60.0 / seconds
        step = Step(
            answered=(case.calls - case.failed) * a_minute,
            offered=case.calls * a_minute,
            duration=timedelta(seconds=seconds),
        )
        assert fails(step, 0.01) is case.expected


@pytest.mark.parametrize("calls", [20, 150, 700])
def test_who_fails_as_often_as_may_is_seldom_called_failing(calls: int) -> None:
    """Of all counts that 1 % of calls come to, those that are called too many are 5 % at most."""
    wrong = math.fsum(
        math.comb(calls, failed) * 0.01**failed * 0.99 ** (calls - failed)
        for failed in range(min(calls, 60) + 1)
        if exceeds(failed, calls, 0.01)
    )
    assert 0.0 < wrong <= 0.05
