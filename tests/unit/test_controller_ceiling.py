"""Is a range's ceiling that somebody moved respected, and one that is refused not asked for on?"""

from __future__ import annotations

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Change,
    Direction,
    Failure,
    Missing,
    MissingCause,
    Status,
)
from flyball.core.remember import Notice
from flyball.core.target import CapacityKind
from flyball.ports import ItemUpdate, Ledger, Outcome, OutcomeKind
from tests.rig import ALARM, MINUTE, T0, Rig, make_target


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a target of 1 to 20 whose provider has the range 2 to 20, which is known."""
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE, hard_max_capacity=40))
    rig.provider.capacity = Capacity(2, 2, ceiling=20)
    rig.wake()
    assert rig.provider.asked == []
    return rig


def test_a_ceiling_that_somebody_lowered_is_recorded_respected_and_then_set_back(rig: Rig) -> None:
    """It was set back at the next look, and no row said that it had been moved."""
    rig.provider.capacity = Capacity(2, 2, ceiling=5)
    for _ in range(15):
        rig.pass_time(MINUTE)
        rig.wake()
    assert rig.provider.asked == []
    (row,) = rig.rows("foreign")
    assert '"notice":"ceiling_foreign"' in row.body
    assert '"before":20' in row.body
    assert [each.notice for each in rig.records()[1].noticed] == [Notice.CEILING_FOREIGN]
    assert rig.wake_in() == 60  # the hold's end
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.asked == [CapacityRange(2, 20)]
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.rows("foreign")) == 1
    assert len(rig.provider.asked) == 1
    rig.check()


def test_the_floor_goes_no_higher_than_a_ceiling_that_somebody_lowered(rig: Rig) -> None:
    """They may have meant to bound what is spent."""
    rig.provider.capacity = Capacity(2, 2, ceiling=5)
    rig.metrics.load = 500.0
    rig.wake()
    assert rig.provider.asked == [CapacityRange(5, 5)]
    rig.check()


def test_a_ceiling_that_somebody_raised_stays_and_more_may_be_added(rig: Rig) -> None:
    """As after a scale-out: inside the hard bounds."""
    rig.provider.capacity = Capacity(2, 2, ceiling=30)
    rig.metrics.load = 200.0
    rig.wake()
    assert rig.provider.asked == [CapacityRange(4, 30)]
    rig.check()


REFUSALS = (
    Outcome(OutcomeKind.FAILED, "error.code 8"),
    Outcome(OutcomeKind.QUOTA_EXCEEDED, "no"),
    Outcome(OutcomeKind.SHORTAGE, "no L4"),
)


@pytest.mark.parametrize("outcome", REFUSALS, ids=lambda each: each.kind.value)
def test_a_ceiling_that_is_refused_is_asked_for_twice_as_late_each_time(
    rig: Rig, outcome: Outcome
) -> None:
    """An alarm in between asks for nothing either; the floor is free all the while."""
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    history_free(rig)
    rig.provider.refusals = [outcome] * 99
    asked_at = []
    for _ in range(40):
        before = len(rig.provider.asked)
        rig.wake(ALARM, source="high")
        if len(rig.provider.asked) > before:
            asked_at.append((rig.clock.at - T0) / MINUTE)
        rig.pass_time(MINUTE)
    assert asked_at[:5] == [0, 1, 3, 7, 12]
    assert set(rig.provider.asked) == {CapacityRange(2, 20)}
    assert rig.history().shortage is None
    rig.provider.refusals = []
    rig.metrics.load = 200.0
    rig.pass_time(-MINUTE)
    rig.wake()
    assert rig.provider.applied[-1][1].floor == 4
    rig.check()


def history_free(rig: Rig) -> None:
    """Forget what was known of the ceiling, so that what it is now is nobody's change."""
    claim = rig.store.claim(rig.target.id, "hand", rig.clock.at, rig.clock.at)
    rig.store.write(claim, (), ItemUpdate(history='{"desired":2}', release=True))


def test_a_floor_that_was_refused_with_its_ceiling_is_tried_without_it(rig: Rig) -> None:
    """Quota is charged on the ceiling: else too high a one would keep every floor down."""
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    history_free(rig)
    rig.metrics.load = 300.0
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "quota")]
    rig.wake()
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.asked == [CapacityRange(6, 20), CapacityRange(6, 8)]
    rig.check()


def test_a_ceiling_that_goes_back_after_it_was_accepted_backs_off_too(rig: Rig) -> None:
    """The operation failed later: no foreign change, and no new try at every tick."""
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    history_free(rig)
    rig.wake()
    assert rig.provider.asked == [CapacityRange(2, 20)]
    ceiling = rig.history().ceiling
    assert ceiling is not None
    assert ceiling.change == Change(rig.clock.at, 8, 20)
    rig.provider.capacity = Capacity(2, 2, Status.BUSY, ceiling=8)
    rig.pass_time(MINUTE)
    rig.wake()
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    rig.pass_time(MINUTE)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.CEILING_ROLLED_BACK]
    assert rig.last().action is Action.HOLD
    ceiling = rig.history().ceiling
    assert ceiling is not None
    assert ceiling.failure == Failure(rig.clock.at, 1, Direction.OUT)
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.provider.asked) == 2
    assert rig.rows("foreign") == []
    rig.check()


def test_a_look_that_shows_nothing_forgets_no_ceiling(rig: Rig) -> None:
    """Who moved it meanwhile is told at the next look."""
    rig.provider.shows = Missing(MissingCause.SOURCE_FAILED, "down")
    rig.pass_time(MINUTE)
    rig.wake()
    rig.provider.shows = None
    rig.provider.capacity = Capacity(2, 2, ceiling=5)
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.rows("foreign")) == 1
