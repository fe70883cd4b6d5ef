"""Is an instance full in a step of its load test, and how much does it carry then?

Between a load that is answered and one of which calls fail lies the most that is answered. Where
they are far apart it is not near the first of them: a server that is full goes on answering as many
as it can, and turns the rest away.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Resource, Step

NEAR_RATIO = {
    Resource.CPU: 0.8,
    Resource.DISK: 0.8,
    Resource.GPU: 0.8,
    Resource.MEMORY: 0.9,
    Resource.GPU_MEMORY: 0.9,
}
"""From this use on a resource is near its end; what holds things is full later than what works."""
GROWTH_RATIO = 0.05
"""Use that grows by less than this from the least load to saturation does not come from load."""
SAME_RATIO, NOISE_RATIO = 0.05, 0.15
"""More load is answered no better, within this part; within the other one, where a resource is near
its end."""


class Full(NamedTuple):
    """Where a server is full.

    Attributes:
        part: Of the way from the load that was well to the one that was not, 0–1.
        answered: A minute.
    """

    part: float
    answered: float


def find_full(steps: Sequence[Step], well: Step, over: Step, failed_ratio: float) -> Full | None:
    """Find where a server is full, between two loads.

    Args:
        steps: All of them, in order of load.
        well: A load that it answers.
        over: The next one, of which too many calls fail.
        failed_ratio: So many may fail, 0–1.

    Returns:
        None where it is not full: it answers more of more load, or nobody knows.
    """
    later = [each.answered for each in steps[steps.index(over) + 1 :]]
    is_near = _is_near(steps[0], over)
    same = NOISE_RATIO if is_near else SAME_RATIO
    if not (later or is_near) or over.answered <= well.answered:
        return None
    if max(later, default=0.0) > (1 + same) * over.answered:
        return None
    asked = min(over.offered, over.answered / (1.0 - failed_ratio))
    room = over.offered - well.offered
    part = (asked - well.offered) / room if room > 0.0 else 1.0
    return Full(min(1.0, max(0.0, part)), over.answered)


def _is_near(least: Step, step: Step) -> bool:
    """Say whether a resource is near its end in a step, and load brought it there."""
    return any(
        used >= NEAR_RATIO[each] and used - least.used_ratio.get(each, used) >= GROWTH_RATIO
        for each, used in step.used_ratio.items()
    )
