"""In what share of minutes was a latency over its objective, and how much budget is aimed at then?

A model of the plant knows when demand is over capacity, and not what that does to a latency. So the
budget that the model is given is moved until the latency that is measured keeps the user's.
"""

from __future__ import annotations

from flyball.core.shape import NamedTuple

QUARTER_MINUTES = 15
FADING = 0.99951877
"""What is left of a minute after the next one: half of it after a day of them."""
TIGHTER = 0.8
LOOSER = 1.05
LEAST_FACTOR = 1 / 16
MOST_FACTOR = 4.0
COMFORT_RATIO = 0.7
"""Below so much of the user's budget there is room to spare."""
LEAST_BUDGET = 0.0001
MOST_BUDGET = 0.5


class Objective(NamedTuple):
    """What is remembered of a latency.

    Attributes:
        minute: The newest taken in, whole minutes since the epoch; -1: none.
        known: Minutes of the last day or so.
        over: Those of them that were over the objective.
        counted: Minutes since the budget was last moved.
        factor: What the budget is multiplied by, 1/16–4.
    """

    minute: int = -1
    known: float = 0.0
    over: float = 0.0
    counted: int = 0
    factor: float = 1.0


def take(
    objective: Objective, minute: int, *, is_over: bool, late_budget_ratio: float
) -> Objective:
    """Take in one known minute, and move the budget once in fifteen of them."""
    known = objective.known * FADING + 1.0
    over = objective.over * FADING + is_over
    counted, factor = objective.counted + 1, objective.factor
    if counted >= QUARTER_MINUTES:
        counted = 0
        share = over / known
        if share > late_budget_ratio:
            factor = max(LEAST_FACTOR, factor * TIGHTER)
        elif share < COMFORT_RATIO * late_budget_ratio:
            factor = min(MOST_FACTOR, factor * LOOSER)
    return Objective(minute, known, over, counted, factor)


def aim(objective: Objective, late_budget_ratio: float) -> float:
    """Say which budget the model is given, 0.0001–0.5."""
    return min(MOST_BUDGET, max(LEAST_BUDGET, late_budget_ratio * objective.factor))


def share(objective: Objective) -> float | None:
    """Say in what share of minutes the latency was over; None before the first is known."""
    return objective.over / objective.known if objective.known else None
