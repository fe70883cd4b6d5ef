"""Which of the changed fields can be left as they are, at next to no cost?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.config.space import Point
from flyball.sim.tune.score import Score, Tried

SLACK_RATIO = 0.002
"""A change that saves less of the hours is not worth a reader's time."""


class Plain:
    """A choice that gets plainer, one field after the other, as long as it stays as good.

    Attributes:
        best: The plainest so far; at first what was chosen.
        points: What is to be run next: the best with one more field as it is now; empty: it is as
            plain as it gets.
    """

    def __init__(self, chosen: Tried, now: Point, late_budget: float) -> None:
        """Begin.

        Args:
            chosen: By a search.
            now: The config as it is.
            late_budget: Within which it was chosen, as a share; one that exceeds it may not exceed
                it more.
        """
        self._now = now
        self._late_ratio = max(late_budget, chosen.score.late_ratio)
        self._hours = chosen.score.hours * (1 + SLACK_RATIO)
        self.best = chosen
        self.points = self._list_points()

    def take(self, scores: Sequence[Score]) -> None:
        """Go on from what the points came to, in order."""
        fit = [
            Tried(point, score)
            for point, score in zip(self.points, scores, strict=True)
            if score.late_ratio <= self._late_ratio and score.hours <= self._hours
        ]
        self.points = []
        if fit:
            self.best = min(fit, key=lambda each: (each.score.hours, each.score.late))
            self.points = self._list_points()

    def _list_points(self) -> list[Point]:
        point = self.best.point
        return [
            (*point[:index], value, *point[index + 1 :])
            for index, value in enumerate(self._now)
            if point[index] != value
        ]
