"""Was an instance disturbed in a step of its load test, so that less load had brought more answers?

A neighbour on the same machine, a pause, a cache that is not warm yet: what such a step answers
says nothing of load, if more load is answered again. Where it is not, that was too much. Of a step
that failed or took long it says nothing either, if more load was answered at once and in less time.
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
FAILED_RATIO, FEWER_RATIO = 0.05, 0.5
"""So many that fail are many; of more load only so much of them do."""
SLOWER = 1.5
"""Times longer than under more load is no noise, nor a processor that wakes up."""
MIDDLE = 0.5
MOST_TOLD = 2


class Dip(NamedTuple):
    """A step that did worse than less load before it, or than more load after it.

    Attributes:
        step: Which.
        other: The one with less load that answered most; or the one with more load, which answered
            more, and of which fewer failed or were slow.
        is_over: A later one answers as much as that again, so that this one says nothing.
        sign: What was worse than in the one with more load, for people; "": it is one with less.
    """

    step: Step
    other: Step
    is_over: bool
    sign: str = ""


def find_dips(steps: Sequence[Step]) -> tuple[Dip, ...]:
    """Find the steps in which an instance was disturbed.

    Args:
        steps: From the least load to the most.
    """
    found = []
    for index, step in enumerate(steps):
        later = steps[index + 1 :]
        more = [each for each in later if each.answered > (1 + RISE_RATIO) * step.answered]
        before = max(steps[:index], key=lambda each: each.answered, default=step)
        better = next((each for each in more if _compare(step, each)), None)
        if more and step.answered < (1 - FALL_RATIO) * before.answered:
            most = max(each.answered for each in more)
            found.append(Dip(step, before, most >= (1 - AGAIN_RATIO) * before.answered))
        elif better is not None:
            found.append(Dip(step, better, is_over=True, sign=_compare(step, better)))
    return tuple(found)


def _compare(step: Step, later: Step) -> str:
    """Say what was worse than under more load, for people; "": nothing was."""
    if step.failed_ratio > FAILED_RATIO and later.failed_ratio <= FEWER_RATIO * step.failed_ratio:
        return f"failed {step.failed_ratio:.0%} of its calls, more"
    usual, slow = (each.latency_ms.get(MIDDLE) for each in (later, step))
    if usual is not None and slow is not None and slow > SLOWER * usual:
        return f"took {show_figure(slow)} ms at p50, longer"
    return ""


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
    near = [step for before, step in pairwise((*steps[:1], *steps)) if measure(before) <= load]
    return tuple(each for each in find_dips(steps) if any(each.step is step for step in near))


def tell_dips(dips: Sequence[Dip]) -> str:
    """Say which steps are doubtful, and what to do about it; "": none is."""
    if not dips:
        return ""
    told = [_tell(each) for each in dips[:MOST_TOLD]]
    more = len(dips) - len(told)
    if more:
        told.append(f"So it is with {more} more")
    why = "something else disturbed the test"
    if any(each.sign for each in dips):
        why += ", or it was not warm yet"
    return f"{'. '.join(told)}: {why}; measure again."


def _tell(dip: Dip) -> str:
    step, other = f"The step {_name(dip.step)}", f"than the one {_name(dip.other)}"
    if dip.sign:
        return f"{step} {dip.sign} {other}, which answered more, so it is left out"
    answered, before = (show_figure(each.answered) for each in (dip.step, dip.other))
    said = f"{step} answered {answered} a minute, less than the {before} of the one "
    said += f"{_name(dip.other)}, and "
    if dip.is_over:
        return f"{said}later ones more again, so it is left out"
    return f"{said}a later one more than that again, but not as much as before"


def _name(step: Step) -> str:
    if step.users is not None:
        return f"with {step.users:,.10g} user{'' if step.users == 1 else 's'}"
    return f"at {show_figure(step.offered)}"
