"""How far do a frontier's axes reach, so that who is far out does not press others together?

Peak capacity that is always there may cost thirty times what the others do. Whoever is that far
out is drawn at the edge, with its figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flyball.report.page.model import Group, Point

COST, LATE = 2.5, 6.0
"""Times what the page is about: what is beyond is far out."""
LEAST_LATE = 0.02
SEARCH = 3
"""Points of ours, from which on they are a search."""
RAN = (Group.OURS, Group.PEER)


class Reach(NamedTuple):
    """What the axes show at most.

    Attributes:
        cost: The highest of those who are not far out.
        late_ratio: As well.
    """

    cost: float
    late_ratio: float


def find_reach(points: Sequence[Point]) -> Reach:
    """Find what the axes have to show.

    Args:
        points: One or more.
    """
    about = [each for each in points if each.emphasised or each.group is Group.BOUND] or points
    dear = COST * max(each.cost for each in about)
    late = max(LEAST_LATE, LATE * max(each.late_ratio for each in about))
    return Reach(
        max(each.cost for each in points if each.cost <= dear),
        max(each.late_ratio for each in points if each.late_ratio <= late),
    )


def find_edge(points: Sequence[Point]) -> list[Point]:
    """Find whom nobody beats in both cost and lateness, the cheapest first.

    Of a search these are its own points; else all who ran. Who knows the future does not count.
    """
    ours = [each for each in points if each.group is Group.OURS]
    real = ours if len(ours) >= SEARCH else [each for each in points if each.group in RAN]
    found: list[Point] = []
    for point in sorted(real, key=lambda each: (each.cost, each.late_ratio)):
        if not found or point.late_ratio < found[-1].late_ratio:
            found.append(point)
    return found
