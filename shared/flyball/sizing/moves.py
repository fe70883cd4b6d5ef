"""Which setting of a config that does not hold is changed, and to what?

The limit that broke first says which may help. Of a lower target and of more instances that are
always there, each as little as holds, the one that costs less in ordinary traffic is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from flyball.sizing.broken import Break, Finding
from flyball.sizing.expectation import MINUTE_S, count_instances, round_up
from flyball.sizing.pattern import Pattern
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import round_down, show_figure
from flyball.sizing.settings import Kind, Settings
from flyball.sizing.tried import Trial

LOWER_RATIO = 0.9
"""A target is lowered to so much of itself at a time."""
LEAST_RATIO = 0.2
"""Of what an instance carries: no target is lower."""


class Bench(NamedTuple):
    """Where settings are tried.

    Attributes:
        sizing: What the method found.
        run: Tries settings under a pattern.
        ordinary: Traffic by which the cost of a change is told.
    """

    sizing: Sizing
    run: Callable[[Settings, Pattern], Trial]
    ordinary: Pattern


class Move(NamedTuple):
    """A change.

    Attributes:
        settings: After it.
        change: What was changed, and why, for people.
    """

    settings: Settings
    change: str


class _Option(NamedTuple):
    """A change that was tried under the pattern that does not hold."""

    move: Move
    late_ratio: float


def choose_move(bench: Bench, settings: Settings, worst: Trial, most: int) -> Move | None:
    """Move the limit that broke first.

    Args:
        bench: Where changes are tried.
        settings: Under which it does not hold.
        worst: Of the patterns that do not.
        most: Instances that may be had at most.

    Returns:
        None where nothing that may be changed makes fewer late.
    """
    found = worst.first
    if found is None:
        return None
    if found.limit is Break.MAX_CAPACITY:
        return _raise_max(bench.sizing, settings, worst, found, most)
    moved = None
    if settings.kind is not Kind.ADAPTIVE:
        if found.limit is Break.COOLDOWN:
            moved = _shorten(settings, worst)
        elif found.limit is Break.STEP:
            moved = _widen(settings, worst, found, most)
    return moved or _choose_cheaper(bench, settings, worst, most)


def _choose_cheaper(bench: Bench, settings: Settings, worst: Trial, most: int) -> Move | None:
    """Take the cheaper of both that hold; where none does, the one that makes fewest late."""
    options = [*_raise_min(bench, settings, worst, most)]
    if settings.kind is not Kind.ADAPTIVE:
        options += _lower(bench, settings, worst, most)
    holding = [each.move for each in options if each.late_ratio <= settings.late_ratio]
    if len(holding) > 1:
        ordinary = bench.ordinary
        return min(holding, key=lambda each: bench.run(each.settings, ordinary).instance_hours)
    if holding:
        return holding[0]
    best = min(options, key=lambda each: each.late_ratio, default=None)
    return best.move if best is not None and best.late_ratio < worst.late_ratio else None


def _raise_min(bench: Bench, settings: Settings, worst: Trial, most: int) -> Iterator[_Option]:
    """Have the fewest at all times that hold, up to those that carry the most."""
    sizing = bench.sizing
    carried = count_instances(worst.expected / MINUTE_S, sizing.saturation.invocations)
    low, high = settings.min_capacity, min(most, max(carried, settings.min_capacity))
    if high <= low:
        return
    best = _try_min(bench, settings, worst, high)
    if best.late_ratio <= settings.late_ratio:
        while high - low > 1:
            middle = (low + high) // 2
            option = _try_min(bench, settings, worst, middle)
            if option.late_ratio <= settings.late_ratio:
                best, high = option, middle
            else:
                low = middle
    yield best


def _try_min(bench: Bench, settings: Settings, worst: Trial, wanted: int) -> _Option:
    change = f"min_capacity {settings.min_capacity} → {wanted}"
    moved = _make(settings, change, worst, min_capacity=wanted)
    if wanted > settings.max_capacity:
        raised = moved.settings.change("no less than min_capacity", max_capacity=wanted)
        moved = moved._replace(settings=raised)
    return _Option(moved, bench.run(moved.settings, worst.pattern).late_ratio)


def _lower(bench: Bench, settings: Settings, worst: Trial, most: int) -> Iterator[_Option]:
    """Keep more room on each instance, as little as holds and as far as so many may be had."""
    least = LEAST_RATIO * bench.sizing.saturation.invocations
    lower = round_down(settings.invocations * LOWER_RATIO)
    best: _Option | None = None
    while lower >= least:
        moved = _try_lower(bench.sizing, settings, worst, lower, most)
        if moved is None:
            break
        best = _Option(moved, bench.run(moved.settings, worst.pattern).late_ratio)
        if best.late_ratio <= settings.late_ratio:
            break
        lower = round_down(lower * LOWER_RATIO)
    if best is not None:
        yield best


def _try_lower(
    sizing: Sizing, settings: Settings, worst: Trial, lower: float, most: int
) -> Move | None:
    """Let the bounds follow the target, by the method's formulas."""
    expected = sizing.wish.expectation
    least = max(settings.min_capacity, count_instances(expected.least_per_s, lower))
    needed = count_instances(expected.most_per_s, lower)
    if needed > most:
        return None
    grown = round_up(needed * Fraction(str(expected.growth_factor)))
    greatest = max(settings.max_capacity, min(most, grown))
    before = show_figure(settings.invocations)
    change = f"target {before} → {show_figure(lower)} a minute and instance"
    moved = _make(settings, change, worst, invocations=lower)
    follow = "as the target was lowered"
    after = moved.settings
    if least > settings.min_capacity:
        after = after.change(follow, min_capacity=least)
    if greatest > settings.max_capacity:
        after = after.change(follow, max_capacity=greatest)
    return moved._replace(settings=after)


def _raise_max(
    sizing: Sizing, settings: Settings, worst: Trial, found: Finding, most: int
) -> Move | None:
    """Allow what holds the most that is expected, or as many as may be had."""
    peak = max(sizing.wish.expectation.most_per_s, worst.expected / MINUTE_S)
    wanted = min(most, max(found.needed, count_instances(peak, settings.invocations)))
    if wanted <= settings.max_capacity:
        return None
    change = f"max_capacity {settings.max_capacity} → {wanted}"
    return _make(settings, change, worst, max_capacity=wanted)


def _shorten(settings: Settings, worst: Trial) -> Move | None:
    """Halve what scale-out waits, to whole seconds."""
    before = settings.cooldowns.scale_out
    after = timedelta(seconds=before // timedelta(seconds=2))
    if after == before:
        return None
    change = f"cooldown of scale-out {before.total_seconds():g} s → {after.total_seconds():g} s"
    return _make(settings, change, worst, cooldowns=settings.cooldowns._replace(scale_out=after))


def _widen(settings: Settings, worst: Trial, found: Finding, most: int) -> Move | None:
    """Let every step add what was short, up to all that may be had."""
    short = found.needed - found.ordered
    percent = math.ceil(100 * short / max(1, found.ordered))
    wider = tuple(
        each._replace(add=each.add + percent if each.is_percent else min(most, each.add + short))
        for each in settings.rises
    )
    if wider == settings.rises:
        return None
    before, after = ("/".join(each.shown for each in rises) for rises in (settings.rises, wider))
    return _make(settings, f"steps {before} → {after}", worst, rises=wider)


def _make(settings: Settings, change: str, worst: Trial, **changes: object) -> Move:
    why = f"{change}, since {tell_worst(worst)}"
    return Move(settings.change(why, **changes), why)


def tell_worst(worst: Trial) -> str:
    """Say what became of a pattern that does not hold."""
    said = "" if worst.first is None else worst.first.sentence
    return (
        f"under {worst.pattern.name} {worst.late_ratio:.2%} were late: {said[:1].lower()}{said[1:]}"
    )
