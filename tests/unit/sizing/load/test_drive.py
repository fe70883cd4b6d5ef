"""Does a load test end before it does harm, and keep what it found?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from flyball.sizing.benchmark import Resource
from flyball.sizing.load.drive import Course, GeneratorError, Moment, Phase, Times, Watch, drive
from flyball.sizing.load.ladder import Ending, Ladder
from flyball.sizing.load.tally import DROPPED, REFUSED, TIMED_OUT, Tick, find_bin
from flyball.sizing.saturation import LatencyObjective

SPAN_S = 0.5
TIMES = Times(settle_s=1.0, hold_s=4.0, most_s=600.0, timeout_s=3.0)
USERS = Ladder(1.0, 2.0, 64.0, is_whole=True)
Script = Callable[[float, float], Tick]


def serve(load: float, _: float) -> Tick:
    """Answer up to a hundred a second, each in 20 ms alone."""
    rate = min(50.0 * load, 100.0)
    count = int(rate * SPAN_S)
    bins = {find_bin(1_000 * load / rate): count} if load else {}
    return Tick(SPAN_S, sent=count, answered=count, bins=bins, waiting=int(load))


@dataclass
class Fake:
    """A generator whose ticks follow a script: of the load, and of how long the test has run."""

    script: Script
    asked: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0

    def ask(self, load: float) -> None:
        """Take the load."""
        self.asked.append(load)

    def next_tick(self) -> Tick:
        """Follow the script."""
        self.elapsed_s += SPAN_S
        return self.script(self.asked[-1], self.elapsed_s)


@dataclass
class Seen:
    """Who looks on."""

    moments: list[Moment] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    def watch(self) -> Watch:
        """Look on, and measure half of the CPU in use."""

        def use() -> Callable[[], Mapping[Resource, float]]:
            return lambda: {Resource.CPU: 0.5}

        return Watch(self.moments.append, lambda course: self.steps.append(len(course.held)), use)


def run(
    script: Script,
    ladder: Ladder = USERS,
    times: Times = TIMES,
    objective: LatencyObjective | None = None,
) -> tuple[Course, Fake, Seen]:
    """Drive a script."""
    fake, seen = Fake(script), Seen()
    return drive(fake, ladder, times, objective, seen.watch()), fake, seen


def after(so_long_s: float, then: Script) -> Script:
    """Serve well until something else happens."""
    return lambda load, at: serve(load, at) if at <= so_long_s else then(load, at)


def test_each_load_settles_and_is_held() -> None:
    """What settles does not count, and who looks on is told of each step."""
    course, fake, seen = run(serve)
    assert fake.asked == [1, 2, 4, 8]
    assert course.ending is Ending.SATURATED
    assert [step.answered for step in course.steps] == [3_000, 6_000, 6_000, 6_000]
    assert {step.duration.total_seconds() for step in course.steps} == {4.0}
    assert course.steps[0].used_ratio == {Resource.CPU: 0.5}
    assert seen.steps == [1, 2, 3, 4]
    phases = [moment.phase for moment in seen.moments[:10]]
    assert phases == [Phase.SETTLING] * 2 + [Phase.HOLDING] * 8
    assert course.elapsed_s == 20.0


def test_an_objective_of_another_quantile_is_measured() -> None:
    """Beside those that always are."""
    course, _, _ = run(serve, objective=LatencyObjective(5_000.0, 0.75))
    assert 0.75 in course.steps[0].latency_ms


def test_less_load_waits_until_what_piled_up_is_answered() -> None:
    """Or the pile would be counted against it."""
    waiting = {"left": 3}

    def pile(load: float, at: float) -> Tick:
        if load == 0.0:
            waiting["left"] -= 1
            return Tick(SPAN_S, answered=9, waiting=waiting["left"])
        return serve(load, at)

    course, fake, seen = run(pile, objective=LatencyObjective(30.0, 0.95))
    first = fake.asked.index(0.0)
    assert fake.asked[: first + 2] == [1, 2, 4, 0, 3]
    assert [moment.phase for moment in seen.moments].count(Phase.DRAINING) >= 3
    assert course.ending is Ending.SATURATED


@dataclass(frozen=True)
class Case:
    """What goes wrong, and how it ends."""

    id: str
    script: Script
    ending: Ending
    loads: list[float]
    times: Times = TIMES
    last: float = 2.0


CASES = [
    Case(
        "it goes away",
        after(7.0, lambda _load, _at: Tick(SPAN_S, sent=4, failed={REFUSED: 4})),
        Ending.REFUSED,
        [1, 2],
    ),
    Case(
        "it goes away, and some calls wait",
        after(
            7.0, lambda _load, _at: Tick(SPAN_S, sent=4, failed={REFUSED: 4, DROPPED: 1}, waiting=1)
        ),
        Ending.REFUSED,
        [1, 2],
    ),
    Case("it hangs", after(7.0, lambda _load, _at: Tick(SPAN_S, waiting=2)), Ending.HANGS, [1, 2]),
    Case(
        "it hangs, and calls fail for want of an answer long before that is sure",
        after(7.0, lambda _load, _at: Tick(SPAN_S, sent=2, failed={TIMED_OUT: 2}, waiting=2)),
        Ending.HANGS,
        [1, 2],
    ),
    Case("time is up", serve, Ending.TIME, [1, 2], TIMES._replace(most_s=9.5)),
    Case("time is up, early in a step", serve, Ending.TIME, [1], TIMES._replace(most_s=7.0)),
    Case(
        "the generator is at its end",
        lambda load, _at: Tick(SPAN_S, sent=9, answered=9, cpu_s=0.48 if load == 4 else 0.1),
        Ending.GENERATOR,
        [1, 2],
        last=4.0,
    ),
    Case(
        "a hard limit holds calls back",
        lambda load, _at: Tick(SPAN_S, sent=9, answered=9 * int(load), limited=load == 4),
        Ending.LIMIT,
        [1, 2],
        last=4.0,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_whatever_happens_ends_it_and_keeps_what_was_found(case: Case) -> None:
    """A step counts if it was held for long enough, or if it is what broke the server."""
    course, fake, _ = run(case.script, times=case.times)
    assert course.ending is case.ending
    assert [each.load for each in course.held] == case.loads
    assert course.elapsed_s <= case.times.most_s
    assert fake.asked[-1] == case.last, "no more load is put on who is in trouble"


def test_half_of_all_calls_failing_is_not_held_to_the_end() -> None:
    """The load is taken away after three seconds, and less is tried."""
    course, fake, _ = run(
        lambda load, at: (
            serve(load, at)
            if load < 2
            else Tick(SPAN_S, sent=20, answered=2, failed={"503": 18}, waiting=2)
        )
    )
    assert course.held[1].step.duration.total_seconds() == 3.0
    assert course.failed == {"503": 108}
    assert fake.asked == [1, 2]
    assert course.ending is Ending.SATURATED


def fail(at_s: list[float], each: int = 1) -> Script:
    """Serve, but for calls that fail in the ticks that end at these times."""

    def script(load: float, at: float) -> Tick:
        well = serve(load, at)
        failed = {"500": each} if load == 2 and at in at_s else {}
        return replace(well, answered=well.answered - sum(failed.values()), failed=failed)

    return script


@pytest.mark.parametrize(
    ("script", "held_s", "most"),
    [
        pytest.param(fail([7.0]), 4.0, 8, id="one call: fewer than may fail"),
        pytest.param(fail([7.0, 7.5], 3), 6.0, 8, id="chance, and then enough that do not"),
        pytest.param(fail([7 + n / 2 for n in range(24)]), 6.0, 2, id="chance no more, at last"),
        pytest.param(fail([7.5, *range(7, 24)]), 12.0, 8, id="in doubt for as long as may be"),
        pytest.param(fail([7.0], 20), 4.0, 2, id="too many at once"),
    ],
)
def test_a_load_in_doubt_is_held_for_longer(script: Script, held_s: float, most: int) -> None:
    """Until chance can be told from load, and no more than three times as long."""
    course, fake, _ = run(script)
    (step,) = (each.step for each in course.held if each.load == 2)
    assert step.duration.total_seconds() == held_s
    assert max(fake.asked) == most


@pytest.mark.parametrize(
    ("raised", "ending", "trouble"),
    [
        (KeyboardInterrupt(), Ending.INTERRUPTED, ""),
        (GeneratorError("it fell over"), Ending.LOST, "it fell over"),
    ],
    ids=["ctrl-c", "the generator dies"],
)
def test_an_end_from_outside_keeps_what_was_found(
    raised: BaseException, ending: Ending, trouble: str
) -> None:
    """Whole steps, at least."""

    def end(_load: float, _at: float) -> Tick:
        raise raised

    course, _, _ = run(after(6.0, end))
    assert (course.ending, course.trouble) == (ending, trouble)
    assert [each.load for each in course.held] == [1]


def test_a_server_that_only_fails_does_not_hang() -> None:
    """It answers, though not as it should: the step says so."""
    course, _, _ = run(
        lambda _load, _at: Tick(SPAN_S, sent=3, failed={"500": 3}, waiting=1),
        times=TIMES._replace(hold_s=20.0),
    )
    assert course.ending is Ending.SATURATED
    assert course.steps[0].failed_ratio == 1.0


def test_a_load_without_any_call_is_no_step() -> None:
    """There is nothing to say of it."""
    course, _, _ = run(lambda _load, _at: Tick(SPAN_S), times=TIMES._replace(most_s=12.0))
    assert course.steps == ()
    assert course.ending is Ending.TIME
