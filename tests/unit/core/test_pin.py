"""Where one number is asked of a service that picks in a range: does a pin take nothing away?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Direction,
    History,
    LimitKind,
    Observation,
    Pause,
    Reason,
)
from flyball.core.policy import MissingRule, MissingRules
from flyball.core.remember import Notice, Noticed, absorb
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Seen,
    changed,
    expect,
    name,
    scale,
    see,
    tracking,
)

A = tracking("A")
HIGH, LOW, CALM = {"a": 150.0}, {"a": 10.0}, {"a": 100.0}


@dataclass(frozen=True)
class Pinned:
    """One number where the service has a range of 2 to 6: what serves, and what is asked."""

    id: str
    ready: int
    seen: Mapping[str, Seen]
    asked: CapacityRange
    action: Action
    reason: Reason
    limits: tuple[LimitKind, ...] = ()
    history: History = field(default_factory=History)


PAUSED = History(pauses=(Pause(),))
PINS = (
    Pinned("begins_with_what_serves", 5, CALM, CapacityRange(5, 5), Action.SET, Reason.PINNED,
           (LimitKind.PIN,)),
    Pinned("of_no_more_than_the_range", 9, CALM, CapacityRange(6, 6), Action.SET, Reason.PINNED,
           (LimitKind.PIN,)),
    Pinned("where_the_floor_serves", 2, CALM, CapacityRange(2, 2), Action.SET,
           Reason.CEILING_MOVED),
    Pinned("with_more_asked", 5, HIGH, CapacityRange(8, 8), Action.SET, Reason.ABOVE_TARGET),
    Pinned("with_less_asked", 5, LOW, CapacityRange(1, 1), Action.SET, Reason.BELOW_TARGET),
    Pinned("also_while_blind", 5, {"a": NO_DATA}, CapacityRange(5, 5), Action.SET, Reason.PINNED,
           (LimitKind.PIN,)),
    Pinned("not_while_paused", 5, CALM, CapacityRange(2, 2), Action.HOLD, Reason.PAUSED,
           (LimitKind.PIN, LimitKind.PAUSE), PAUSED),
    Pinned("nor_the_ceiling_alone", 2, CALM, CapacityRange(2, 2), Action.BLOCK, Reason.PAUSED, (),
           PAUSED),
)  # fmt: skip


@pytest.mark.parametrize("case", PINS, ids=name)
def test_one_number_where_a_range_was_takes_nothing_away_that_nobody_asked_to_take(
    case: Pinned,
) -> None:
    """The first pin is at what the service has picked; after that it is a number as any other."""
    seen = see(2, case.seen, ready=case.ready, ceiling=6)
    found = expect(scale(A, low=1, high=20), seen, case.history, action=case.action,
                   reason=case.reason, limits=case.limits)  # fmt: skip
    assert found.range == case.asked


def test_a_pin_waits_where_nothing_is_to_happen_while_blind() -> None:
    """The service keeps its range meanwhile: lowering its ceiling to the floor would take away."""
    held = MissingRules(MissingRule.HOLD, MissingRule.HOLD)
    target = scale(tracking("A", missing=held), low=1, high=20)
    expect(target, see(2, {"a": NO_DATA}, ready=5, ceiling=6), action=Action.HOLD,
           limits=(LimitKind.PIN, LimitKind.MISSING))  # fmt: skip


def test_a_pin_that_is_set_is_set_once() -> None:
    """The ceiling is the floor: nothing to send."""
    expect(scale(A, low=1), see(5, CALM, ready=5, ceiling=5), action=Action.HOLD, limits=())
    expect(scale(A, low=1), see(5, CALM, ready=6, ceiling=5), action=Action.HOLD, limits=())


def test_it_can_be_asked_what_would_be_without_the_pin() -> None:
    """As of every other limit."""
    seen = see(2, CALM, ready=5, ceiling=6)
    without = frozenset({LimitKind.PIN})
    expect(scale(A, low=1), seen, without=without, desired=2, action=Action.HOLD)


def test_a_first_pin_is_not_somebody_elses_change() -> None:
    """It raises the floor to what serves, and is complete when it is seen."""
    target = scale(A, low=1, high=20)
    history = History(desired=5, changes=(changed(2, 5, None, begun=-60),))
    shown = Observation(NOON, Capacity(5, 5, ceiling=5), {"a": NO_DATA})
    _, (found,) = absorb(target, history, shown, NOON)
    assert found == Noticed(Notice.COMPLETED, NOON, 2, 5)


def test_a_pause_of_scale_in_keeps_the_service_its_range() -> None:
    """Taking the room above the floor away is a change of its own."""
    history = History(pauses=(Pause(Direction.IN),))
    seen = see(2, CALM, ready=2, ceiling=6)
    expect(scale(A, low=1), seen, history, action=Action.BLOCK, reason=Reason.PAUSED)
