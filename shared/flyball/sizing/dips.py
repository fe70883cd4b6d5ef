"""Was an instance disturbed in a step of its load test, so that less load had brought more answers?

A neighbour on the same machine, a pause, a cache that is not warm yet: what such a step answers
says nothing of load, if more load is answered again. Where it is not, that was too much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Step
from flyball.sizing.rounding import show_figure

FALL_RATIO, RISE_RATIO = 0.1, 0.15
"""Less by so much is no noise; neither is so much more afterwards."""
AGAIN_RATIO = 0.05
"""As much as before is answered again, but for this part."""
MOST_TOLD = 2


class Dip(NamedTuple):
    """A step that answered less than one with less load, before another that answered more.

    Attributes:
        step: Which.
        before: The one with less load that answered most.
        is_over: A later one answers as much as that again, so that this one says nothing.
    """

    step: Step
    before: Step
    is_over: bool


def find_dips(steps: Sequence[Step]) -> tuple[Dip, ...]:
    """Find the steps in which an instance was disturbed.

    Args:
        steps: From the least load to the most.
    """
    found = []
    for index, step in enumerate(steps):
        if not index or index == len(steps) - 1:
            continue
        before = max(steps[:index], key=lambda each: each.answered)
        later = max(each.answered for each in steps[index + 1 :])
        rises = later > (1 + RISE_RATIO) * step.answered
        if step.answered < (1 - FALL_RATIO) * before.answered and rises:
            is_over = later >= (1 - AGAIN_RATIO) * before.answered
            found.append(Dip(step, before, is_over))
    return tuple(found)


def leave_out_dips(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Give the steps that say something of load, in the same order."""
    dips = [each.step for each in find_dips(steps) if each.is_over]
    return tuple(step for step in steps if not any(step is each for each in dips))


def list_near(
    steps: Sequence[Step], measure: Callable[[Step], float], load: float
) -> tuple[Dip, ...]:
    """List the dips that matter where so much is the load: up to it, and of the first step past it.

    Args:
        steps: From the least load to the most.
        measure: Gives a step's load.
        load: At saturation.
    """
    near = [step for before, step in pairwise(steps) if measure(before) <= load]
    return tuple(each for each in find_dips(steps) if any(each.step is step for step in near))


def tell_dips(dips: Sequence[Dip]) -> str:
    """Say which steps are doubtful, and what to do about it; "": none is."""
    if not dips:
        return ""
    told = [
        f"The step {_name(each.step)} answered {show_figure(each.step.answered)} a minute, less "
        f"than the {show_figure(each.before.answered)} of the one {_name(each.before)}, and "
        + (
            "later ones more again, so it is left out"
            if each.is_over
            else "a later one more than that again, but not as much as before"
        )
        for each in dips[:MOST_TOLD]
    ]
    more = len(dips) - len(told)
    if more:
        told.append(f"So it is with {more} more")
    return f"{'. '.join(told)}: something else disturbed the test; measure again."


def _name(step: Step) -> str:
    if step.users is not None:
        return f"with {step.users:,.10g} user{'' if step.users == 1 else 's'}"
    return f"at {show_figure(step.offered)}"
