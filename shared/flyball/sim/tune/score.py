"""What did a point of a search come to, and which one of them is chosen?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flyball.config.space import Point
from flyball.sim.judge import Marks


class Score(NamedTuple):
    """What adds up of a part of a run.

    Attributes:
        hours: Instance hours, billed.
        best_hours: Of who knows the future.
        requests: That arrived.
        excess: Of them, over capacity.
        late: Of them.
        changes: Orders of another capacity.
        days: How long it was.
    """

    hours: float
    best_hours: float
    requests: float
    excess: float
    late: float
    changes: int
    days: float

    @property
    def cost_ratio(self) -> float:
        """Hours, divided by those of who knows the future."""
        return self.hours / self.best_hours if self.best_hours else 0.0

    @property
    def late_ratio(self) -> float:
        """Share of the requests that were late."""
        return self.late / self.requests if self.requests else 0.0

    @property
    def changes_a_day(self) -> float:
        """Orders of another capacity in a day."""
        return self.changes / self.days if self.days else 0.0


class Tried(NamedTuple):
    """A point, and what it came to.

    Attributes:
        point: By dimension, the index of a value.
        score: Over the part that is searched.
    """

    point: Point
    score: Score


def score_marks(marks: Marks, slot_days: float) -> Score:
    """Take from marks what adds up; slot_days is the length of a slot, in days."""
    return Score(
        marks.instance_hours,
        marks.clairvoyant_hours,
        marks.requests,
        marks.excess,
        marks.late,
        marks.changes,
        marks.slots * slot_days,
    )


def add_up(scores: Sequence[Score]) -> Score:
    """Add up what parts came to that do not overlap."""
    if not scores:
        return Score(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.0)
    return Score(*(sum(column) for column in zip(*scores, strict=True)))


def find_frontier(tried: Sequence[Tried]) -> list[Tried]:
    """Find the points than which no other is both cheaper and less late; the cheapest first."""
    ordered = sorted(tried, key=lambda each: (each.score.hours, each.score.late_ratio))
    frontier: list[Tried] = []
    for each in ordered:
        if not frontier or each.score.late_ratio < frontier[-1].score.late_ratio:
            frontier.append(each)
    return frontier


def pick(tried: Sequence[Tried], late_budget: float) -> Tried:
    """Choose the cheapest point that is late no more than that; else the least late of all.

    Of several that are alike in both, the one with fewer changes of capacity, and of these the one
    that was tried first: what holds now is the very first.
    """
    fit = [each for each in tried if each.score.late_ratio <= late_budget]
    if fit:
        return min(fit, key=lambda each: (each.score.hours, each.score.late, each.score.changes))
    return min(tried, key=lambda each: (each.score.late_ratio, each.score.hours))
