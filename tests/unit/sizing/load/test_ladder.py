"""Is load raised until the instance is past its end, and no further?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.load.ladder import Ending, Held, Ladder, choose_next, find_cause
from flyball.sizing.saturation import Cause, LatencyObjective, find_saturation

Instance = Callable[[float], Step]
USERS = Ladder(1.0, 2.0, 256.0, is_whole=True)
RAMP = Ladder(1.0, 2.0, 256.0, is_whole=True, added=3.0)
RATE = Ladder(10.0, 2.0, 5_000.0, is_whole=False)
OBJECTIVE = LatencyObjective(100.0, 0.95)


def queue(
    capacity: float, alone_s: float, noise: Callable[[float], float] = lambda _: 1.0
) -> Instance:
    """Make an instance that answers so many a second, and takes so long for one alone."""

    def hold(users: float) -> Step:
        rate = min(users / alone_s, capacity) * noise(users)
        return Step(60 * rate, 60 * rate, users, latency_ms={0.95: 1_000 * users / rate})

    return hold


def turn_away(capacity: float) -> Instance:
    """Make an instance that refuses what is above its capacity, asked at a rate."""

    def hold(rate: float) -> Step:
        return Step(60 * min(rate, capacity), 60 * rate, latency_ms={0.95: 20.0})

    return hold


def slow_down(users: float) -> Step:
    """Be an instance that each further user slows down: 100 ms are passed at 72."""
    latency_ms = 10.0 * (1 + users / 8)
    rate = 60_000 * users / latency_ms
    return Step(rate, rate, users, latency_ms={0.95: latency_ms})


def climb(
    ladder: Ladder, instance: Instance, objective: LatencyObjective | None = None
) -> tuple[list[Held], Ending]:
    """Hold what is chosen until nothing is."""
    held: list[Held] = []
    while not isinstance(chosen := choose_next(ladder, held, objective), Ending):
        held.append(Held(chosen, instance(chosen)))
        assert len(held) < 40
    return held, chosen


@dataclass(frozen=True)
class Case:
    """What is loaded, and which loads are held in which order."""

    id: str
    ladder: Ladder
    instance: Instance
    loads: list[float]
    ending: Ending
    objective: LatencyObjective | None = None


CASES = [
    Case(
        "flat: two more steps, and no more",
        USERS,
        queue(400.0, 0.01),
        [1, 2, 4, 8, 16],
        Ending.SATURATED,
    ),
    Case(
        "so much more each time: three users",
        RAMP,
        queue(600.0, 0.01),
        [1, 4, 7, 10, 13],
        Ending.SATURATED,
    ),
    Case(
        "so much more, up to the hard limit",
        RAMP._replace(most=8.0),
        queue(1_000.0, 0.01),
        [1, 4, 7, 8],
        Ending.LIMIT,
    ),
    Case(
        "so much more each time: between the last that was well and the first that was not",
        Ladder(10.0, 2.0, 5_000.0, is_whole=False, added=100.0),
        turn_away(200.0),
        [10, 110, 210, 151.99, 178.65, 193.69, 201.68],
        Ending.SATURATED,
    ),
    Case(
        "where the first is too much, so much less; and where that is none, a part of it",
        Ladder(200.0, 2.0, 5_000.0, is_whole=False, added=150.0),
        turn_away(20.0),
        [200, 50, 25, 12.5, 17.68, 21.02, 19.28, 20.13],
        Ending.SATURATED,
    ),
    Case(
        "an odd step in the middle is not its end",
        USERS,
        queue(400.0, 0.01, lambda users: 0.5 if users == 2 else 1.0),
        [1, 2, 4, 8, 16],
        Ending.SATURATED,
    ),
    Case(
        "late: halved between",
        USERS,
        slow_down,
        [1, 2, 4, 8, 16, 32, 64, 128, 91, 76, 70, 73],
        Ending.SATURATED,
        OBJECTIVE,
    ),
    Case(
        "failing: halved between",
        RATE,
        turn_away(70.0),
        [10, 20, 40, 80, 56.57, 67.27, 73.36, 70.25],
        Ending.SATURATED,
    ),
    Case(
        "the first load is too much: lowered",
        RATE._replace(start=100.0),
        turn_away(30.0),
        [100, 50, 25, 35.36, 29.73, 32.42, 31.05],
        Ending.SATURATED,
    ),
    Case(
        "a few that fail by chance end nothing",
        USERS._replace(most=8.0),
        lambda users: Step(148.0, 150.0, users) if users == 2 else queue(1e4, 0.01)(users),
        [1, 2, 4, 8],
        Ending.LIMIT,
    ),
    Case(
        "one user is too much",
        USERS,
        lambda users: Step(0.0, 60 * users, users),
        [1],
        Ending.SATURATED,
    ),
    Case(
        "never well: lowered three times",
        RATE,
        lambda rate: Step(0.0, 60 * rate),
        [10, 5, 2.5, 1.25],
        Ending.SATURATED,
    ),
    Case(
        "the hard limit is held at last",
        USERS._replace(most=6.0),
        queue(10_000.0, 0.01),
        [1, 2, 4, 6],
        Ending.LIMIT,
    ),
    Case(
        "a small factor raises by a user at least",
        USERS._replace(factor=1.1, most=4.0),
        queue(10_000.0, 0.01),
        [1, 2, 3, 4],
        Ending.LIMIT,
    ),
    Case(
        "loads that were given",
        USERS._replace(listed=(3.0, 5.0)),
        queue(10_000.0, 0.01),
        [3, 5],
        Ending.LISTED,
    ),
    Case(
        "loads that were given, to its end",
        USERS._replace(listed=(3.0, 5.0, 100.0, 200.0)),
        slow_down,
        [3, 5, 100],
        Ending.SATURATED,
        OBJECTIVE,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_load_is_raised_until_its_end_is_known(case: Case) -> None:
    """And not once more."""
    held, ending = climb(case.ladder, case.instance, case.objective)
    assert [round(each.load, 2) for each in held] == case.loads
    assert ending is case.ending


@pytest.mark.parametrize("capacity", [3.0, 17.0, 71.0, 333.0, 1_900.0])
def test_what_is_found_is_the_capacity(capacity: float) -> None:
    """Within 5 %, by users and by rate, whatever it is."""
    for ladder, instance in (
        (USERS._replace(most=4_096.0), queue(capacity, 0.05)),
        (RATE, turn_away(capacity)),
    ):
        held, ending = climb(ladder, instance)
        assert ending is Ending.SATURATED
        steps = tuple(each.step for each in sorted(held, key=lambda each: each.load))
        found = find_saturation(Benchmark(steps))
        assert found.invocations == pytest.approx(60 * capacity, rel=0.05)


def test_one_flat_step_is_not_believed() -> None:
    """Two with more load must bring no more answers."""
    instance = queue(400.0, 0.01)
    held = [Held(load, instance(load)) for load in (1.0, 2.0, 4.0, 8.0)]
    assert find_cause(held, None) is None
    held.append(Held(16.0, instance(16.0)))
    assert find_cause(held, None) is Cause.FLAT
