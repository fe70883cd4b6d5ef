"""Which limit broke first?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from flyball.core.model import Action, Decision, Limit, LimitKind, Reason
from flyball.core.zone import zone
from flyball.sim.judge import find_late
from flyball.sim.slots import Course, Inside, Plant, Run, make_run
from flyball.sizing.broken import Break, Scene, find_break
from flyball.sizing.pattern import MONDAY
from flyball.sizing.settings import Kind, Settings, derive_settings
from tests.unit.sizing.sized import publish

MINUTE = timedelta(minutes=1)
HELD = derive_settings(publish())
"""At 5,000 of the 10,000 that each carries."""


def live(demand: list[float], ordered: list[int], ready: list[int]) -> Run:
    """Put a run together: two minutes of lead, one until metrics are shown."""
    course = Course(MONDAY, tuple(demand), 10_000.0)
    waits, backlog = [], 0.0
    left = []
    for arrived, served in zip(demand, ready, strict=True):
        waits.append(backlog)
        backlog = max(0.0, backlog + arrived - served * 10_000.0)
        left.append(backlog)
    plant = Plant(leads=(2 * MINUTE,), metric_delay=MINUTE)
    return make_run(course, plant, ordered, ready, waits, left)


def look(run: Run, settings: Settings = HELD, most: int = 8) -> Scene:
    """Look at a run in which nobody waited for a cooldown."""
    return Scene(run, find_late(run.slots), settings, most, (None,) * len(run.ordered), ())


@dataclass(frozen=True)
class Case:
    """A run, and what broke first in it."""

    id: str
    demand: list[float]
    ordered: list[int]
    ready: list[int]
    limit: Break
    minute: int
    told: str


CASES = (
    Case(
        "no more were allowed",
        [5_000.0, 90_000.0],
        [1, 1],
        [1, 1],
        Break.MAX_CAPACITY,
        1,
        "9 instances were needed and 1 served: max_capacity is 8",
    ),
    Case(
        "from what was in order at once",
        [4_000.0, 4_000.0, 25_000.0],
        [1, 1, 1],
        [1, 1, 1],
        Break.SATURATION,
        2,
        "nothing could be seen coming",
    ),
    Case(
        "in the first minute",
        [25_000.0],
        [1],
        [1],
        Break.SATURATION,
        0,
        "3 instances were needed",
    ),
    Case(
        "enough were on their way",
        [4_000.0, 9_000.0, 9_000.0, 9_000.0, 15_000.0],
        [1, 1, 1, 2, 2],
        [1, 1, 1, 1, 1],
        Break.LEAD_TIME,
        4,
        "2 were ordered, and take 120 s to serve",
    ),
    Case(
        "nobody ordered for minutes",
        [4_000.0, 9_000.0, 9_000.0, 9_000.0, 9_000.0, 9_000.0, 15_000.0],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        Break.STEP,
        6,
        "fewer than hold what had been shown for minutes at 5,000 each",
    ),
    Case(
        "too quickly for anybody",
        [4_000.0, 4_000.0, 4_000.0, 9_000.0, 15_000.0],
        [1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1],
        Break.TARGET,
        4,
        "it went from 5,000 an instance to saturation",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_first_that_was_late_says_what_broke(case: Case) -> None:
    """With its minute, its load, and what there was."""
    found = find_break(look(live(case.demand, case.ordered, case.ready)))
    assert found is not None
    assert (found.limit, found.minute) == (case.limit, case.minute)
    assert found.requests == case.demand[case.minute]
    assert case.told in found.sentence
    assert found.sentence.startswith(f"In minute {case.minute}, at ")


def test_of_a_calendar_the_date_and_the_time_are_told() -> None:
    """As the clocks of a place show them, and for other programs with the offset."""
    scene = look(live(CASES[0].demand, CASES[0].ordered, CASES[0].ready))
    found = find_break(replace(scene, zone=zone("Asia/Tokyo")))
    assert found is not None
    assert found.sentence.startswith("On Mon 2026-01-05 09:01 JST, at 90,000 requests a minute, 9 ")
    assert (found.minute, found.at) == (1, "2026-01-05T09:01:00+09:00")
    assert find_break(scene) == found._replace(
        sentence=found.sentence.replace("On Mon 2026-01-05 09:01 JST", "In minute 1"), at=""
    )


def test_nothing_broke_where_nobody_was_late() -> None:
    """However full they were."""
    assert find_break(look(live([10_000.0] * 3, [1] * 3, [1] * 3))) is None


SLOW = live([4_000.0, 9_000.0, 9_000.0, 12_000.0, 25_000.0], [1, 1, 1, 2, 2], [1, 1, 1, 2, 2])


def test_a_cooldown_that_held_back_all_is_named() -> None:
    """By the decision's own reason."""
    reasons = (None, None, None, Reason.IN_COOLDOWN, None)
    found = find_break(replace(look(SLOW), reasons=reasons))
    assert found is not None
    assert found.limit is Break.COOLDOWN
    assert "waited for the cooldown of 10 s" in found.sentence


def decide(kind: LimitKind, before: int, after: int) -> Decision:
    """Decide for two, with a limit."""
    return Decision(
        scalable_target_id="sized",
        at=MONDAY,
        action=Action.SET,
        reason=Reason.ABOVE_TARGET,
        current=1,
        wanted=before,
        desired=after,
        ceiling=after,
        policies=("calls-at-5000",),
        min_capacity=1,
        max_capacity=8,
        unmet=0,
        cost_delta_per_hour=None,
        recommendations=(),
        limits=(Limit(kind, before, after, Reason.IN_COOLDOWN),),
        fired=(),
        wake_at=MONDAY,
        wake_reason=Reason.ABOVE_TARGET,
    )


def test_a_cooldown_that_held_back_a_part_is_named() -> None:
    """By the order's limits; a limit of another kind, or of long ago, is not."""
    scene = look(SLOW)
    held = decide(LimitKind.COOLDOWN, 4, 2)
    (part, other, old) = (
        find_break(replace(scene, changes=((at, decision),)))
        for at, decision in ((3, held), (3, decide(LimitKind.BOUNDS, 4, 2)), (4, held))
    )
    assert part is not None
    assert part.limit is Break.COOLDOWN
    for each in (other, old):
        assert each is not None
        assert each.limit is not Break.COOLDOWN


def test_an_adaptive_policy_has_no_steps_to_blame() -> None:
    """It holds no target either; what is told is how quickly it went."""
    late = CASES[4]
    scene = look(live(late.demand, late.ordered, late.ready), replace(HELD, kind=Kind.ADAPTIVE))
    found = find_break(scene)
    assert found is not None
    assert found.limit is Break.TARGET


def test_what_a_service_picked_counts_as_ordered() -> None:
    """Of a range the floor may be lower."""
    late = CASES[3]
    run = live(late.demand, [1] * 5, late.ready)
    picked = run._replace(inside=Inside((8,) * 5, (1, 1, 1, 2, 2), 1))
    found = find_break(look(picked))
    assert found is not None
    assert (found.limit, found.ordered) == (Break.LEAD_TIME, 2)
