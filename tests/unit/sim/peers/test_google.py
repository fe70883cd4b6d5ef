"""Does a Google service's autoscaler, alone in its range, do what the service does?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.adapters.local.timeline import ServiceSettings
from flyball.sim.peers.google import Settings, hold_range
from flyball.sim.peers.tick import Bounds
from flyball.sim.picked import run_ranged
from flyball.sim.slots import Course, Plant, Run
from tests.unit.sim.peers.story import BOUNDS, EACH, MINUTE, NOON

FAST = timedelta(seconds=15)
PLAIN = Settings()


def follow(
    settings: Settings,
    loads: Sequence[float | None],
    *,
    initial: int = 1,
    lead: timedelta = timedelta(),
    slot: timedelta = FAST,
    bounds: Bounds = BOUNDS,
) -> Run:
    """Let it pick over loads, in instances' worth of a slot; a slot is one of its ticks."""
    demand = tuple(None if load is None else load * EACH for load in loads)
    plant = Plant(
        (lead,),
        timedelta(),
        bounds.least,
        bounds.most,
        initial=initial,
        service=ServiceSettings(1, 1),
    )
    return run_ranged(Course(NOON, demand, EACH, slot), plant, hold_range(settings, bounds, plant))


@dataclass(frozen=True)
class Case:
    """Loads tick by tick, and what is there in each: a tick's answer is there in the next one."""

    id: str
    loads: Sequence[float | None]
    expect: Sequence[int]
    initial: int = 2
    settings: Settings = PLAIN
    lead: timedelta = timedelta()
    bounds: Bounds = BOUNDS


CASES = [
    Case("2 replicas at 100 % of 60 are 4, and these 7", [9.0] * 3, [2, 4, 7]),
    Case("2 at 100 % of 50 are 4, and these 8", [9.0] * 3, [2, 4, 8], settings=Settings(0.5)),
    Case("3 at 60 % stay", [1.8] * 3, [3, 3, 3], initial=3),
    Case("3 at 61 % are 4", [1.83] * 3, [3, 4, 4], initial=3),
    Case("2 at 71 % are 3", [1.42] * 3, [2, 3, 3]),
    Case("never more than the ceiling", [9.0] * 4, [2, 4, 5, 5], bounds=Bounds(1, 5)),
    Case("nor less than the floor", [0.0] * 25, [2] * 25, bounds=Bounds(2, 9)),
    Case("a range of its own", [9.0] * 4, [3, 5, 5, 5], settings=Settings(least=3, most=5)),
    Case(
        "its own range within the bounds",
        [9.0] * 3,
        [4, 4, 4],
        settings=Settings(least=9),
        bounds=Bounds(1, 4),
    ),
    Case(
        "10 at 1 % are 1 after 5 minutes of nothing else",
        [6.0] + [0.1] * 22,
        [10] * 20 + [10, 1, 1],
        initial=10,
    ),
    Case(
        "one busy tick begins the 5 minutes again",
        [6.0] + [0.1] * 10 + [6.0] + [0.1] * 21,
        [10] * 32 + [1],
        initial=10,
    ),
    Case("10 at 1 % are 1 at once where nothing else is known", [0.1] * 2, [10, 1], initial=10),
    Case("a gap says nothing", [6.0] + [None] * 12 + [0.1] * 9, [10] * 21 + [1], initial=10),
    Case("after 5 minutes without a word it stays", [6.0] + [None] * 30, [10] * 31, initial=10),
    Case("what is on its way is not in service", [9.0] * 7, [2, 4, 4, 4, 4, 4, 7], lead=4 * FAST),
    Case(
        "without a GPU the CPU is as busy", [9.0] * 3, [2, 4, 7], settings=Settings(machine="cpu")
    ),
    Case(
        "a GPU is twice as busy as its CPU", [1.42] * 3, [2, 3, 3], settings=Settings(machine="gpu")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_google_picks_what_the_service_does(case: Case) -> None:
    """Every 15 seconds, inside a range that stays: what is there, with what is on its way."""
    found = follow(
        case.settings, case.loads, initial=case.initial, lead=case.lead, bounds=case.bounds
    )
    assert found.inside is not None
    assert list(found.inside.picked) == list(case.expect)
    assert found.slots.billed == list(case.expect)
    assert len(set(found.ordered)) == len(set(found.inside.ceilings)) == 1


def test_peer_google_picks_four_times_in_a_minute() -> None:
    """From 2 to 4, 7 and 12 within its first minute, and on from 20 to 95."""
    found = follow(Settings(), [20.0] * 2, initial=2, slot=MINUTE)
    assert found.slots.billed == [(2 + 4 + 7 + 12) / 4, (20 + 34 + 57 + 95) / 4]
    assert found.inside is not None
    assert found.inside.picks == 7
    assert found.inside.picked == (12, 95)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"target": 1.5}, "target: got 1.5, expected a share from 0 to 1", id="target"),
        pytest.param({"target": -0.5}, "target: got -0.5", id="negative"),
        pytest.param({"machine": "tpu"}, "machine: got 'tpu', expected gpu or cpu", id="machine"),
        pytest.param({"least": -1}, "least, most: got -1 and 0", id="least"),
        pytest.param({"least": 3, "most": 2}, "least, most: got 3 and 2", id="crossed"),
    ],
)
def test_peer_google_refuses_what_it_cannot_be(given: dict[str, object], says: str) -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match=says):
        Settings(**given)  # type: ignore[arg-type]
