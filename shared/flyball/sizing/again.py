"""Which of several times that a load was held on an endpoint says how it is handled?

The last one: where a load was too much at first, instances may have come meanwhile. What was held
before it, with no other load between, is the begin of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.rounding import show_figure
from flyball.sizing.saturation import measure_load

NEAR_RATIO = 0.02
"""A load within this of another one is the same, where it is a rate: so much is chance."""
MOST_TOLD = 3


class _Load(NamedTuple):
    """A load, and each time that it was held: places in time."""

    load: float
    places: list[int]


def keep_last(benchmark: Benchmark) -> Benchmark:
    """Leave out what was held of a load before the last time.

    Args:
        benchmark: Of the whole endpoint; `held` says in which order.

    Returns:
        With a note of each load that was held more than once. Where it came at once after itself
        its time is that of both.
    """
    held = benchmark.held
    load = measure_load(held)
    is_rate = any(each.users is None for each in held)
    found = _gather(held, load, _choose_near(sorted(map(load, held))) if is_rate else 0.0)
    again = [each for each in found if len(each.places) > 1]
    if not again:
        return benchmark
    last = {each.places[-1]: _join(held, each.places) for each in found}
    steps = tuple(last[place] for place in sorted(last))
    what = "requests a minute" if is_rate else "users"
    told = ", ".join(show_figure(each.load) for each in again[:MOST_TOLD])
    more = f" and {len(again) - MOST_TOLD} more" if len(again) > MOST_TOLD else ""
    note = f"{told}{more} {what} were held more than once: the last time counts"
    return replace(benchmark, steps=steps, held=steps, notes=(*benchmark.notes, note))


def _choose_near(loads: Sequence[float]) -> float:
    """Say which rates are the same: of a ramp that grows by less than chance makes, none are."""
    near = sum(after <= before * (1 + NEAR_RATIO) for before, after in pairwise(loads))
    return NEAR_RATIO if 2 * near <= len(loads) else 0.0


def _gather(held: Sequence[Step], load: Callable[[Step], float], near: float) -> list[_Load]:
    """Put the same loads together, from the least on."""
    found: list[_Load] = []
    for place in sorted(range(len(held)), key=lambda each: load(held[each])):
        value = load(held[place])
        if found and value <= found[-1].load * (1 + near):
            found[-1].places.append(place)
        else:
            found.append(_Load(value, [place]))
    for each in found:
        each.places.sort()
    return found


def _join(held: Sequence[Step], places: Sequence[int]) -> Step:
    """Give the last step, with the time of those right before it."""
    step, at = held[places[-1]], places[-1]
    for place in reversed(places[:-1]):
        if place != at - 1:
            break
        step, at = replace(step, duration=step.duration + held[place].duration), place
    return step
