"""Is it learned from a load test of users what each of them sends?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.users import Users, learn_users


@dataclass(frozen=True, slots=True)
class Case:
    """Steps of (users, requests a minute, median latency), and what a user sends."""

    id: str
    steps: tuple[tuple[float | None, float, float | None], ...]
    found: Users | None


CASES = (
    Case("one a second", ((10, 600, 12), (20, 1_200, 12), (40, 2_400, 12)), Users(60, True)),
    Case(
        "who waits past saturation sends less",
        ((10, 600, 12), (20, 1_200, 12), (40, 1_260, 900), (80, 1_260, 3_000)),
        Users(60, True),
    ),
    Case("without a pause", ((1, 4_900, 12), (2, 9_800, 12), (4, 19_600, 12)), Users(4_900, False)),
    Case(
        "saturated at once", ((10, 600, 900), (20, 600, 1_900), (40, 600, 4_000)), Users(60, False)
    ),
    Case("a pause that nobody can tell", ((10, 600, None), (20, 1_200, None)), Users(60, True)),
    Case("the least load has nobody", ((0, 0, None), (10, 50, 2_000)), Users(5, True)),
    Case("a rate", ((None, 600, 12), (None, 1_200, 12)), None),
    Case("a rate in one step", ((10, 600, 12), (None, 1_200, 12)), None),
    Case("nothing sent", ((10, 0, None),), None),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_user_sends_what_was_sent_below_saturation(case: Case) -> None:
    """Each minute; and whether there was a pause after each answer."""
    steps = tuple(
        Step(sent, sent, users, latency_ms={} if late is None else {0.5: late})
        for users, sent, late in case.steps
    )
    found = learn_users(Benchmark(steps))
    assert (found is None) == (case.found is None)
    if found is not None and case.found is not None:
        assert found.requests == pytest.approx(case.found.requests)
        assert found.pauses == case.found.pauses
