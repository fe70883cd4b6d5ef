"""Would a config change at once what is live, in any cloud?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from flyball.core.model import Capacity, Missing
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Choices, Level

AT_ONCE = 8
"""Resources that are asked at the same time: below a provider's rate, as one takes 0.1 s."""

ASK = "does the resource exist, and may you describe it? see `flyball doctor`"
"""What is asked back where a capacity cannot be read, and nothing more is known."""

Live = Callable[[ScalableTarget], Capacity | Missing]
"""Reads what the provider has now."""


def look_at_all(
    look: Callable[[ScalableTarget], Iterable[Check]],
    targets: Sequence[ScalableTarget],
    advance: Callable[[int], None],
) -> list[Check]:
    """Look at each target, several at a time; what is found comes in their order."""

    def look_once(target: ScalableTarget) -> list[Check]:
        found = [*look(target)]
        advance(1)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [check for checks in pool.map(look_once, targets) for check in checks]


def tell_unread(
    missing: Missing, target: ScalableTarget, *, taking: bool, remedy: str = ASK
) -> Check:
    """Say that a capacity cannot be read: then nothing changes hands.

    Args:
        missing: Why.
        target: Whose.
        taking: Ours would be in charge from now on.
        remedy: What to do; "": the reason says it.
    """
    text = f"current capacity cannot be read: {missing.detail or missing.cause.value}"
    return Check("capacity", Level.FAIL if taking else Level.WARN, text, remedy, target.id)


def check_bounds(
    target: ScalableTarget, choices: Choices, has: str, current: int, *, taking: bool = False
) -> Iterator[Check]:
    """Say where a config's bounds would move the capacity at once.

    A hand-over never falls to a default: what would scale in at once is refused until it is asked
    for.

    Args:
        target: In mode apply.
        choices: What the user decided.
        has: What there is, in words.
        current: What there is, instances.
        taking: Ours comes in the place of another that may have raised it.
    """
    low, high = target.min_capacity, target.max_capacity
    bounds = f"{has}, and the config allows {low}–{high}"
    if current > high:
        raised = bool(target.scheduled) and current <= target.hard_max and not taking
        level = Level.WARN if choices.allow_scale_in or raised else Level.FAIL
        until = ", unless a scheduled action raised that" if raised else ""
        text = f"{bounds}{until}: it would scale in by {current - high} at once"
        remedy = f"set max_capacity to {current} or more, or say --allow-scale-in"
        yield Check("capacity", level, text, remedy, target.id)
    elif current < low:
        text = f"{bounds}: it will scale out by {low - current} at once"
        yield Check("capacity", Level.WARN, text, "", target.id)
