"""Does a frontier show who matters, and join those whom nobody beats?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.report.page import Group, Point
from flyball.report.page.reach import Reach, find_edge, find_reach

US = Point("flyball", Group.OURS, 1.4, 0.01, emphasised=True)
BEST = Point("optimum", Group.BOUND, 1.0, 0.0)
CHEAP = Point("hpa", Group.PEER, 1.3, 0.02)
DEAR = Point("static", Group.PEER, 29.0, 0.0)
LATE = Point("none", Group.PEER, 0.4, 0.9)


@dataclass(frozen=True)
class Case:
    """Points, how far the axes reach, and who is on the edge."""

    name: str
    points: tuple[Point, ...]
    reach: Reach
    edge: tuple[Point, ...]


CASES = [
    Case("alone", (US,), Reach(1.4, 0.01), (US,)),
    Case("who is near is shown", (US, CHEAP, BEST), Reach(1.4, 0.02), (CHEAP, US)),
    Case("peak capacity is far out", (US, DEAR, BEST), Reach(1.4, 0.01), (US, DEAR)),
    Case("so is who lets all wait", (US, LATE), Reach(1.4, 0.01), (LATE, US)),
    Case("of equals one is enough", (US, US), Reach(1.4, 0.01), (US,)),
    Case("nobody beats the cheaper", (US, US._replace(cost=2.0)), Reach(2.0, 0.01), (US,)),
    Case("none stands out", (CHEAP, DEAR), Reach(29.0, 0.02), (CHEAP, DEAR)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_who_is_far_out_does_not_press_the_others_together(case: Case) -> None:
    """And the edge has them all the same."""
    assert find_reach(case.points) == case.reach
    assert find_edge(case.points) == list(case.edge)


def test_the_edge_of_a_search_is_of_its_own_points() -> None:
    """Whoever else is there."""
    tried = [Point("", Group.OURS, 1 + at / 10, 0.1 / (1 + at)) for at in range(3)]
    assert find_edge([*tried, LATE, BEST]) == tried
    assert find_edge([]) == []
