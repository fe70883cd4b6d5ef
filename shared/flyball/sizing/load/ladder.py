"""Which load comes next, and has the instance saturated already?

Load is raised by a factor, or by so much more each time, until the instance is past its end; then
the loads between the last that was well and the first that was not are halved, until what is known
is near enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.failing import fails
from flyball.sizing.saturation import (
    FAILED_RATIO,
    MORE_LOAD,
    Cause,
    LatencyObjective,
    find_saturation,
    read_latency,
)

LEAST_FACTOR = 1.05
NEAR_FACTOR = 1.08
"""Where the first load that was too much is within this of the last that was not, it is known."""
CONFIRMED = 2
"""Steps with more load that must bring no more answers before they are believed."""
LOWERED = 3
"""Times that the load is lowered where the first one was too much."""


class Ending(Word):
    """Why a load test ended."""

    SATURATED = "saturated"
    LISTED = "listed"
    """All loads that were given were held."""
    LIMIT = "limit"
    """A hard limit stands in the way of more load."""
    TIME = "time"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"
    """It refuses connections, though it had taken them."""
    HANGS = "hangs"
    """It answers nothing any more."""
    GENERATOR = "generator"
    """The generator has no more to give: it, and not the instance, is at its end."""
    LOST = "lost"
    """The generator has ended by itself."""


class Ladder(NamedTuple):
    """How load is raised.

    Attributes:
        start: The first load, > 0: users, or requests a second.
        factor: The next is so many times the last; > 1.05.
        most: The hard limit, which is held at last.
        is_whole: Load is users.
        listed: Loads, rising, in place of all that; empty: none.
        added: The next is so much more than the last, > 0, in place of the factor; None: by that.
    """

    start: float
    factor: float
    most: float
    is_whole: bool
    listed: tuple[float, ...] = ()
    added: float | None = None


class Held(NamedTuple):
    """A load that was held, in the ladder's unit, and what came of it."""

    load: float
    step: Step


def choose_next(
    ladder: Ladder, held: Sequence[Held], objective: LatencyObjective | None
) -> float | Ending:
    """Say which load is held next, or why none is.

    Args:
        ladder: How load is raised.
        held: So far, in the order in which they were held, shape (n,), n >= 0.
        objective: How long an answer may take; None: as long as it likes.
    """
    if not held:
        return ladder.listed[0] if ladder.listed else _fit(ladder, ladder.start)
    cause = find_cause(held, objective)
    if ladder.listed:
        rest = [each for each in ladder.listed if each > held[-1].load]
        return rest[0] if rest and cause is None else _end(cause, Ending.LISTED)
    if cause is None:
        return _raise(ladder, held)
    if cause is Cause.FLAT:
        return Ending.SATURATED
    return _halve(ladder, held, objective)


def find_cause(held: Sequence[Held], objective: LatencyObjective | None) -> Cause | None:
    """Say by what saturation shows itself so far; None: it does not.

    One step with too many failures or too late is enough to load the endpoint no more; that more
    load brings no more answers is believed after two steps more.
    """
    if any(_fails(each.step) for each in held):
        return Cause.FAILURES
    if any(_is_late(each.step, objective) for each in held):
        return Cause.LATENCY
    found = find_saturation(Benchmark(tuple(each.step for each in held)))
    if found.cause is not Cause.FLAT:
        return None
    by_users = all(each.step.users is not None for each in held)
    loads = [(each.step.users or 0.0) if by_users else each.step.offered for each in held]
    later = [load for load in loads if load >= MORE_LOAD * found.load]
    return Cause.FLAT if len(later) >= CONFIRMED else None


def _raise(ladder: Ladder, held: Sequence[Held]) -> float | Ending:
    last = max(each.load for each in held)
    if last >= ladder.most:
        return Ending.LIMIT
    more = last * ladder.factor if ladder.added is None else last + ladder.added
    raised = _fit(ladder, more)
    return raised if raised > last else _fit(ladder, last + 1)


def _halve(
    ladder: Ladder, held: Sequence[Held], objective: LatencyObjective | None
) -> float | Ending:
    """Go between the last load that was well and the first that was not, or below the first."""
    over = [each.load for each in held if _fails(each.step) or _is_late(each.step, objective)]
    bad = min(over)
    good = max((each.load for each in held if each.load < bad), default=None)
    if good is None:
        less = bad - (ladder.added or 0.0)
        between = _fit(ladder, less if less < bad and less > 0.0 else bad / ladder.factor)
        enough = len(held) > LOWERED
    else:
        between = _fit(ladder, math.sqrt(good * bad))
        enough = bad <= good * NEAR_FACTOR
    known = {each.load for each in held}
    return Ending.SATURATED if enough or between in known else between


def _fit(ladder: Ladder, load: float) -> float:
    fitted = min(load, ladder.most)
    return float(max(1, round(fitted))) if ladder.is_whole else fitted


def _end(cause: Cause | None, otherwise: Ending) -> Ending:
    return otherwise if cause is None else Ending.SATURATED


def _fails(step: Step) -> bool:
    return fails(step, FAILED_RATIO)


def _is_late(step: Step, objective: LatencyObjective | None) -> bool:
    if objective is None:
        return False
    found = read_latency(step, objective.quantile)
    return found is not None and found > objective.latency_ms
