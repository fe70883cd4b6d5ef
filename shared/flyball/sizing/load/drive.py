"""How does a load test run, step by step, and end before it does harm?

Time is what the generator's ticks have lasted together; no clock is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Resource, Step
from flyball.sizing.failing import exceeds
from flyball.sizing.load.ladder import Ending, Held, Ladder, choose_next
from flyball.sizing.load.tally import DROPPED, QUANTILES, REFUSED, Tick, make_step, merge
from flyball.sizing.saturation import FAILED_RATIO, LatencyObjective

BUSY_RATIO = 0.9
"""A generator that uses so much of its core is measured, and not the instance."""
GONE_S = 2.0
"""Who refuses every connection for so long is gone, or may be where nothing is answered."""
CUT_RATIO, CUT_S = 0.5, 3.0
"""A load at which half of all calls have failed for so long is not held to its end."""
LONGER = 3.0
"""Times as long a load is held at most, where too few calls failed to say that it was the load."""
PART = 0.5
"""Of a step that was cut short; what was held for less is not counted."""
DRAIN_S = 30.0
"""Longest wait for calls that piled up, before less load is held."""


class GeneratorError(RuntimeError):
    """The generator cannot be started, or has ended by itself; the message says what is known."""


class Generator(Protocol):
    """Who sends the calls."""

    def ask(self, load: float) -> None:
        """Let so many users call, or so many calls be made in a second; 0: none."""

    def next_tick(self) -> Tick:
        """Wait for what happened since the last tick."""


class Phase(Word):
    """What happens at a moment."""

    SETTLING = "settling"
    HOLDING = "holding"
    DRAINING = "draining"


class Moment(NamedTuple):
    """What happens at a moment, for who looks on.

    Attributes:
        phase: What the load is held for.
        load: In the ladder's unit.
        elapsed_s: Of the whole test.
        tick: What happened last.
    """

    phase: Phase
    load: float
    elapsed_s: float
    tick: Tick


class Times(NamedTuple):
    """How long things take, in seconds.

    Attributes:
        settle_s: From a new load until it counts.
        hold_s: That it counts for.
        most_s: The hard limit of the whole test.
        timeout_s: What takes longer has failed.
    """

    settle_s: float
    hold_s: float
    most_s: float
    timeout_s: float


@dataclass(slots=True)
class Course:
    """What was found so far.

    Attributes:
        held: Each load that was held, in order.
        failed: Calls that were no answers, by cause, of all of these.
        left_out: Loads that were held and do not count, for a limit held calls back.
        ending: Why it ended; None: it has not yet.
        elapsed_s: Of the whole test.
        trouble: What the generator said when it was lost.
    """

    held: list[Held] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    left_out: list[float] = field(default_factory=list)
    ending: Ending | None = None
    elapsed_s: float = 0.0
    trouble: str = ""

    @property
    def broke(self) -> bool:
        """The server answered nothing any more."""
        return self.ending in (Ending.REFUSED, Ending.HANGS)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is a benchmark's, from the least load to the most."""
        return tuple(each.step for each in sorted(self.held, key=lambda each: each.load))


class Watch(NamedTuple):
    """Who looks on.

    Attributes:
        moment: Is called with each tick.
        step: Is called whenever a load was held.
        use: Begins to measure, and gives what ends it: use by resource, 0–1.
    """

    moment: Callable[[Moment], None]
    step: Callable[[Course], None]
    use: Callable[[], Callable[[], Mapping[Resource, float]]]


class _Ended(Exception):  # noqa: N818  (an end is no error)
    def __init__(self, ending: Ending, *, keeps: bool = True) -> None:
        self.ending, self.keeps = ending, keeps


def drive(
    generator: Generator,
    ladder: Ladder,
    times: Times,
    objective: LatencyObjective | None,
    watch: Watch,
) -> Course:
    """Hold one load after the other until the instance saturates, or a limit is come to.

    Ctrl-C, a server that refuses or hangs, a generator that is lost, and the time's end keep what
    was found so far.

    Args:
        generator: Who sends the calls; it is ended by whoever started it.
        ladder: Which loads.
        times: How long.
        objective: How long an answer may take; None: as long as it likes.
        watch: Who looks on.
    """
    course = Course()
    run = _Run(generator, ladder, times, watch, course)
    if objective is not None and objective.quantile not in QUANTILES:
        run.quantiles = tuple(sorted((*QUANTILES, objective.quantile)))
    try:
        while True:
            chosen = choose_next(ladder, course.held, objective)
            if isinstance(chosen, Ending):
                course.ending = chosen
                break
            run.hold(chosen)
            watch.step(course)
    except _Ended as ended:
        course.ending = ended.ending
    except KeyboardInterrupt:
        course.ending = Ending.INTERRUPTED
    except GeneratorError as error:
        course.ending, course.trouble = Ending.LOST, str(error)
    return course


class _Run:
    """One load after the other."""

    def __init__(
        self, generator: Generator, ladder: Ladder, times: Times, watch: Watch, course: Course
    ) -> None:
        self._generator, self._ladder, self._times = generator, ladder, times
        self._watch, self._course = watch, course
        self._silent_s = self._refused_s = 0.0
        self._last = Tick(0.0)
        self.quantiles: Sequence[float] = QUANTILES

    def hold(self, load: float) -> None:
        """Hold a load, and count what comes of it."""
        if self._course.held and load < self._course.held[-1].load:
            self._drain()
        self._generator.ask(load)
        settled = 0.0
        while settled < self._times.settle_s:
            settled += self._look(Phase.SETTLING, load).span_s
        before, finish = self._last.waiting, self._watch.use()
        ticks: list[Tick] = []
        with self._counting(load, ticks, before, finish):
            while not self._is_over(ticks):
                self._look(Phase.HOLDING, load, ticks)
                if _is_hopeless(ticks) and self._speaks(ticks):
                    break

    def _is_over(self, ticks: Sequence[Tick]) -> bool:
        """Say whether a load was held for long enough; no more is put on who answers nothing."""
        held, hold_s = sum(tick.span_s for tick in ticks), self._times.hold_s
        if held < hold_s or self._silent_s >= GONE_S:
            return False
        return held >= LONGER * hold_s or not _is_doubtful(ticks)

    def _speaks(self, ticks: Sequence[Tick]) -> bool:
        """Say whether it answers at all; where it does not, it is waited for until it hangs."""
        return self._silent_s < GONE_S or _has_statuses(ticks[-1])

    @contextmanager
    def _counting(
        self,
        load: float,
        ticks: list[Tick],
        before: int,
        finish: Callable[[], Mapping[Resource, float]],
    ) -> Iterator[None]:
        """Count what was held, also where it is cut short, if it was long enough."""
        try:
            yield
        except (_Ended, KeyboardInterrupt) as ended:
            gone = isinstance(ended, _Ended) and ended.ending in (Ending.REFUSED, Ending.HANGS)
            lasted = sum(tick.span_s for tick in ticks)
            if ticks and (gone or lasted >= PART * self._times.hold_s):
                self._count(load, merge(ticks), before, finish())
            raise
        self._count(load, merge(ticks), before, finish())

    def _count(self, load: float, held: Tick, before: int, used: Mapping[Resource, float]) -> None:
        course = self._course
        if held.cpu_s >= BUSY_RATIO * held.span_s:
            course.left_out.append(load)
            raise _Ended(Ending.GENERATOR)
        if held.limited and self._ladder.is_whole:
            course.left_out.append(load)
            raise _Ended(Ending.LIMIT)
        for cause, count in held.failed.items():
            course.failed[cause] = course.failed.get(cause, 0) + count
        users = int(load) if self._ladder.is_whole else None
        step = make_step(held, users, before, used, self.quantiles)
        if step.offered:
            course.held.append(Held(load, step))

    def _drain(self) -> None:
        """Let what piled up be answered, before less load is held."""
        self._generator.ask(0.0)
        waited = 0.0
        while self._last.waiting and waited < DRAIN_S:
            waited += self._look(Phase.DRAINING, 0.0).span_s

    def _look(self, phase: Phase, load: float, ticks: list[Tick] | None = None) -> Tick:
        """Take the next tick, and end where it says so."""
        tick = self._last = self._generator.next_tick()
        if ticks is not None:
            ticks.append(tick)
        self._course.elapsed_s += tick.span_s
        self._watch.moment(Moment(phase, load, self._course.elapsed_s, tick))
        if tick.answered or not (tick.waiting or tick.failures):
            self._silent_s = self._refused_s = 0.0
        else:
            self._silent_s += tick.span_s
            others = tick.failures - tick.failed.get(REFUSED, 0) - tick.failed.get(DROPPED, 0)
            refused = tick.failed.get(REFUSED, 0) > 0 and not others
            self._refused_s = self._refused_s + tick.span_s if refused else 0.0
        if self._refused_s >= GONE_S:
            raise _Ended(Ending.REFUSED)
        if self._silent_s >= self._times.timeout_s + GONE_S and not _has_statuses(tick):
            raise _Ended(Ending.HANGS)
        if self._course.elapsed_s >= self._times.most_s:
            raise _Ended(Ending.TIME)
        return tick


def _is_hopeless(ticks: Sequence[Tick]) -> bool:
    """Say whether most calls fail, for long enough to say so."""
    held = merge(ticks)
    return held.span_s >= CUT_S and held.failed_ratio >= CUT_RATIO


def _is_doubtful(ticks: Sequence[Tick]) -> bool:
    """Say whether too many calls failed, and too few to say that this was not chance."""
    failed = sum(tick.failures for tick in ticks)
    calls = failed + sum(tick.answered for tick in ticks)
    return failed > FAILED_RATIO * calls and not exceeds(failed, calls, FAILED_RATIO)


def _has_statuses(tick: Tick) -> bool:
    """Say whether it answers, though not as it should."""
    return any(each.isdigit() for each in tick.failed)
