"""Do more of a step's calls fail than may, or are so few of them chance?"""

from __future__ import annotations

from flyball.sizing.benchmark import Step
from flyball.sizing.late import find_excess

SURE_RATIO = 0.95
"""If just as many fail as may, fewer than were counted do so surely."""
LEAST = 2
"""A single call that fails is chance, however few there were."""
HALF_RATIO = 0.5
"""Where so many fail, it is no matter how many calls there were."""


def fails(step: Step, most_ratio: float) -> bool:
    """Say whether more of a step's calls fail than may, and not by chance."""
    minutes = step.duration.total_seconds() / 60.0
    calls = step.offered * minutes
    return exceeds(round(calls - step.answered * minutes), round(calls), most_ratio)


def exceeds(failed: int, calls: int, most_ratio: float) -> bool:
    """Say whether more calls fail than may, and not by chance.

    Args:
        failed: Of the calls.
        calls: >= failed.
        most_ratio: So many may, 0-1, where they fail independently of each other.

    Source: NIST DLMF, 8.4.10: a Poisson count's tail is an incomplete gamma function.
    """
    if failed >= HALF_RATIO * calls:
        return failed > 0
    return failed >= LEAST and find_excess(failed, most_ratio * calls, 1.0) >= SURE_RATIO
