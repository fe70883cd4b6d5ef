"""Does the written config hold under the expected traffic, and if not, what has to change?

Round by round: all patterns are tried, and while one that has to hold does not, the limit that
broke first in the worst of them is moved. The same inputs give the same rounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from flyball.sizing.broken import Break, Finding
from flyball.sizing.expectation import MINUTE_S, count_instances, round_up
from flyball.sizing.pattern import Pattern, expect_patterns
from flyball.sizing.plan import Sizing
from flyball.sizing.settings import Kind, Settings, derive_settings
from flyball.sizing.tried import Trial, try_settings
from flyball.sizing.written import write_config

ROUNDS = 20
LOWER_RATIO = 0.9
"""A target is lowered to so much of itself at a time."""
LEAST_RATIO = 0.25
"""Of what an instance carries: a target below it is dearer than instances that are always there."""
MOST = 10_000
"""Instances, where nobody says how many may be had."""


@dataclass(frozen=True, slots=True)
class Round:
    """One look at some settings.

    Attributes:
        number: From 1.
        settings: That were tried.
        trials: In the first round and in the last one for each pattern, in their order; else of
            those that did not hold in the round before.
        worst: Of those that have to hold and do not, that with the most late; None: all hold.
        change: What was changed then, and why; "": nothing.
    """

    number: int
    settings: Settings
    trials: tuple[Trial, ...]
    worst: Trial | None
    change: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of the settings.

    Attributes:
        rounds: In order, shape (n,), n >= 1; the first has the settings as they were given.
        holds: Whether all patterns hold in the last round that have to.
        why: What it came to, for people: a sentence or two.
        text: The config of the last round.
    """

    rounds: tuple[Round, ...]
    holds: bool
    why: str
    text: str

    @property
    def settings(self) -> Settings:
        """The last round's."""
        return self.rounds[-1].settings

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The last round's."""
        return self.rounds[-1].trials

    @property
    def first(self) -> Finding | None:
        """What broke first under the settings as they were given; None: nothing."""
        worst = self.rounds[0].worst
        return None if worst is None else worst.first


def evaluate(
    sizing: Sizing,
    name: str,
    home: str,
    resource: Mapping[str, str],
    *,
    settings: Settings | None = None,
    patterns: Sequence[Pattern] | None = None,
    most: int = MOST,
    rounds: int = ROUNDS,
    time_zone: str = "UTC",
    told: Callable[[Round], None] | None = None,
) -> Evaluation:
    """Try settings, and move what breaks first until the objective holds.

    Args:
        sizing: What the method found.
        name: The scalable target's id.
        home: As for write_config; so is resource.
        resource: What is scaled.
        settings: To begin with; None: as the method says. Its late_ratio is the objective.
        patterns: What arrives; None: expect_patterns of what is expected.
        most: Instances that may be had at most, such as a quota.
        rounds: At most, >= 1; 1 changes nothing.
        time_zone: IANA name, of windows.
        told: Is told of each round as it ends.

    Raises:
        WrittenError: The config cannot be written.
        BrokenError: The controller failed.
        ValueError: There is no round, no pattern, or one instance carries nothing.
    """
    tried = expect_patterns(sizing.wish.expectation) if patterns is None else tuple(patterns)
    if rounds < 1 or not tried:
        raise ValueError(f"rounds: {rounds}, patterns: {len(tried)}; give one or more of both")
    now = _cap(derive_settings(sizing) if settings is None else settings, most)
    run = partial(try_settings, sizing, home=home, resource=resource, time_zone=time_zone)
    seen: list[Round] = []
    why, open_ = "", tried
    while not why:
        trials = {each.name: run(now, each) for each in open_}
        worst = _find_worst(trials.values(), now.late_ratio)
        after = None
        if worst is not None and len(seen) + 1 < rounds:
            after = _move(sizing, now, worst, most)
        if after is None:  # nothing more to change, unless another pattern now says so
            trials |= {each.name: run(now, each) for each in tried if each.name not in trials}
            worst = _find_worst(trials.values(), now.late_ratio)
            if worst is not None and len(seen) + 1 < rounds:
                after = _move(sizing, now, worst, most)
        found = tuple(trials[each.name] for each in tried if each.name in trials)
        seen.append(Round(len(seen) + 1, now, found, worst, after.change if after else ""))
        if told is not None:
            told(seen[-1])
        if after is None:
            why = _conclude(seen, most)
        else:
            now = after.settings
            open_ = tuple(each.pattern for each in _fail(trials.values(), now.late_ratio))
    text = write_config(
        sizing, name, home, resource, now, time_zone=time_zone, note=f"Simulated: {why}"
    )
    return Evaluation(tuple(seen), seen[-1].worst is None, why, text)


class _Move(NamedTuple):
    settings: Settings
    change: str


def _cap(settings: Settings, most: int) -> Settings:
    """Begin with no more than may be had."""
    why = f"no more than {most:,} may be had"
    if settings.max_capacity > most:
        settings = settings.change(why, max_capacity=most)
    if settings.min_capacity > most:
        settings = settings.change(why, min_capacity=most)
    return settings


def _fail(trials: Iterable[Trial], late_ratio: float) -> list[Trial]:
    return [each for each in trials if each.pattern.required and each.late_ratio > late_ratio]


def _find_worst(trials: Iterable[Trial], late_ratio: float) -> Trial | None:
    return max(_fail(trials, late_ratio), key=lambda each: each.late_ratio, default=None)


def _move(sizing: Sizing, settings: Settings, worst: Trial, most: int) -> _Move | None:
    """Move the limit that broke first; None: it cannot be moved further."""
    found = worst.first
    if found is None:
        return None
    if found.limit is Break.MAX_CAPACITY:
        return _raise_max(sizing, settings, worst, found, most)
    moved = None
    if settings.kind is Kind.TRACKING:
        if found.limit is Break.COOLDOWN:
            moved = _shorten(settings, worst)
        elif found.limit is Break.STEP:
            moved = _widen(settings, worst, found, most)
        elif found.limit in (Break.LEAD_TIME, Break.TARGET):
            moved = _lower(sizing, settings, worst, found, most)
    return moved or _raise_min(settings, worst, found, most)


def _raise_max(
    sizing: Sizing, settings: Settings, worst: Trial, found: Finding, most: int
) -> _Move | None:
    peak = max(sizing.wish.expectation.most_per_s, worst.expected / MINUTE_S)
    wanted = min(most, max(found.needed, count_instances(peak, settings.invocations)))
    if wanted <= settings.max_capacity:
        return None
    change = f"max_capacity {settings.max_capacity} → {wanted}"
    return _make(settings, change, worst, max_capacity=wanted)


def _raise_min(settings: Settings, worst: Trial, found: Finding, most: int) -> _Move | None:
    """Have so many at all times as were needed then."""
    wanted = min(most, max(found.needed, settings.min_capacity + 1))
    if wanted <= settings.min_capacity:
        return None
    change = f"min_capacity {settings.min_capacity} → {wanted}"
    moved = _make(settings, change, worst, min_capacity=wanted)
    if wanted <= settings.max_capacity:
        return moved
    raised = moved.settings.change("no less than min_capacity", max_capacity=wanted)
    return moved._replace(settings=raised)


def _lower(
    sizing: Sizing, settings: Settings, worst: Trial, found: Finding, most: int
) -> _Move | None:
    """Keep more room on each instance, where that is of use and so many may be had.

    Where a fleet stood at its minimum, more that are always there are cheaper.
    """
    lower = settings.invocations * LOWER_RATIO
    if found.ready <= settings.min_capacity or lower < LEAST_RATIO * sizing.saturation.invocations:
        return None
    expected = sizing.wish.expectation
    needed = count_instances(expected.most_per_s, lower)
    if needed > most:
        return None
    change = f"target {settings.invocations:,.0f} → {lower:,.0f} a minute and instance"
    least = max(settings.min_capacity, count_instances(expected.least_per_s, lower))
    moved = _make(settings, change, worst, invocations=lower)
    if settings.min_capacity < least <= most:
        raised = moved.settings.change("as the target was lowered", min_capacity=least)
        moved = moved._replace(settings=raised)
    grown = min(most, round_up(needed * Fraction(str(expected.growth_factor))))
    if grown <= settings.max_capacity:
        return moved
    raised = moved.settings.change("as the target was lowered", max_capacity=grown)
    return moved._replace(settings=raised)


def _shorten(settings: Settings, worst: Trial) -> _Move | None:
    """Halve what scale-out waits, to whole seconds."""
    before = settings.cooldowns.scale_out
    after = timedelta(seconds=before // timedelta(seconds=2))
    if after == before:
        return None
    change = f"cooldown of scale-out {before.total_seconds():g} s → {after.total_seconds():g} s"
    return _make(settings, change, worst, cooldowns=settings.cooldowns._replace(scale_out=after))


def _widen(settings: Settings, worst: Trial, found: Finding, most: int) -> _Move | None:
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


def _make(settings: Settings, change: str, worst: Trial, **changes: object) -> _Move:
    why = f"{change}, since {_tell(worst)}"
    return _Move(settings.change(why, **changes), why)


def _tell(worst: Trial) -> str:
    """Say what became of a pattern that does not hold."""
    said = "" if worst.first is None else worst.first.sentence
    return (
        f"under {worst.pattern.name} {worst.late_ratio:.2%} were late: {said[:1].lower()}{said[1:]}"
    )


def _conclude(seen: Sequence[Round], most: int) -> str:
    """Say what it came to."""
    last = seen[-1]
    settings, worst, changes = last.settings, last.worst, len(seen) - 1
    changed = f" after {changes} change{'' if changes == 1 else 's'}" if changes else ""
    if worst is not None:
        held = f"{settings.min_capacity} to {settings.max_capacity} instances"
        return (
            f"It does not hold{changed}, with {held} of {most:,} that may be had: {_tell(worst)}."
        )
    kept = [each for each in last.trials if each.pattern.required]
    if not kept:
        return "No pattern has to hold."
    named = ", ".join(each.pattern.name for each in kept)
    expected = max(each.expected for each in kept)
    late = max(each.late_ratio for each in kept)
    if not late:
        return f"It holds{changed}: {expected:,.0f} requests a minute, and none late ({named})."
    handled = min(each.handled for each in kept)
    return (
        f"It holds{changed}: {expected:,.0f} requests a minute, {late:.2%} late at most; without "
        f"any {handled:,.0f} ({named})."
    )
