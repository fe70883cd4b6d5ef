"""Does the written config hold under the expected traffic, and if not, what has to change?

Round by round: all patterns are tried, and while one that has to hold does not, the limit that
broke first in the worst of them is moved. The same inputs give the same rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from flyball.sizing.broken import Finding
from flyball.sizing.moves import Bench, Move, choose_move, tell_worst
from flyball.sizing.pattern import RECORDED, SMOOTH, Pattern, expect_patterns
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import show_figure
from flyball.sizing.settings import Settings, derive_settings
from flyball.sizing.tried import Trial, try_settings
from flyball.sizing.written import write_config

ROUNDS = 20
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
        carried: Requests a minute that one instance carries, of the type that was tried.
    """

    rounds: tuple[Round, ...]
    holds: bool
    why: str
    text: str
    carried: float

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
    note: str = "",
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
        note: For the top of the config, before what this comes to; "": none.
        told: Is told of each round as it ends.

    Raises:
        WrittenError: The config cannot be written.
        BrokenError: The controller failed.
        ValueError: There is no round, no pattern, or one instance carries nothing.
    """
    tried = expect_patterns(sizing.wish.expectation) if patterns is None else tuple(patterns)
    if rounds < 1 or not tried:
        raise ValueError(f"rounds: {rounds}, patterns: {len(tried)}; give one or more of both")
    if len({each.name for each in tried}) < len(tried):
        raise ValueError("patterns: two have one name; give each its own")
    begin = _cap(derive_settings(sizing) if settings is None else settings, most)
    write = partial(write_config, sizing, name, home, resource, time_zone=time_zone)
    write(begin)
    run = partial(try_settings, sizing, home=home, resource=resource, time_zone=time_zone)
    bench = Bench(sizing, run, _choose_ordinary(tried))
    seen: list[Round] = []
    for each in _go(bench, tried, begin, most, rounds):
        seen.append(each)
        if told is not None:
            told(each)
    last, why = seen[-1], _conclude(seen, most)
    text = write(last.settings, note=f"{note}\nSimulated: {why}")
    carried = sizing.saturation.invocations
    return Evaluation(tuple(seen), last.worst is None, why, text, carried)


def _go(
    bench: Bench, tried: Sequence[Pattern], now: Settings, most: int, rounds: int
) -> Iterator[Round]:
    """Go from round to round, until all holds, nothing helps, or there is no round left."""
    waiting = tried
    for number in count(1):
        trials: dict[str, Trial] = {}
        worst: Trial | None = None
        move: Move | None = None
        for some in (waiting, tried):  # with nothing more to change, all have a say
            trials |= {each.name: bench.run(now, each) for each in some if each.name not in trials}
            worst = _find_worst(trials.values(), now.late_ratio)
            if worst is not None and number < rounds:
                move = choose_move(bench, now, worst, most)
            if move is not None:
                break
        found = tuple(trials[each.name] for each in tried if each.name in trials)
        yield Round(number, now, found, worst, "" if move is None else move.change)
        if move is None:
            return
        waiting = [each.pattern for each in _fail(found, now.late_ratio)]
        now = move.settings


def _choose_ordinary(tried: Sequence[Pattern]) -> Pattern:
    """Choose what a change's cost is told by: what was recorded, else a day, else the longest."""
    named = {each.name: each for each in tried}
    longest = max(tried, key=lambda each: len(each.requests))
    return named.get(RECORDED) or named.get(SMOOTH) or longest


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


def _conclude(seen: Sequence[Round], most: int) -> str:
    """Say what it came to."""
    last = seen[-1]
    settings, worst, changes = last.settings, last.worst, len(seen) - 1
    changed = f" after {changes} change{'' if changes == 1 else 's'}" if changes else ""
    if worst is not None:
        held = f"{settings.min_capacity} to {settings.max_capacity} instances of {most:,}"
        return f"It does not hold{changed}, with {held} that may be had: {tell_worst(worst)}."
    kept = [each for each in last.trials if each.pattern.required]
    if not kept:
        return "No pattern has to hold."
    named = ", ".join(each.pattern.name for each in kept)
    expected = max(each.expected for each in kept)
    late = max(each.late_ratio for each in kept)
    told = f"It holds{changed}: {show_figure(expected)} requests a minute"
    if not late:
        return f"{told}, and none late ({named})."
    handled = min(each.handled for each in kept)
    return f"{told}, {late:.2%} late at most; without any {show_figure(handled)} ({named})."
