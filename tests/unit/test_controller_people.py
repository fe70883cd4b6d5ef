"""Is what people say and do kept as rows, respected, and ended when it ends?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from flyball.core.codec import parse
from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Direction,
    Foreign,
    LimitKind,
    Pause,
    Reason,
    Status,
)
from flyball.core.remember import Notice, Noticed
from flyball.ports import LeaseLostError, UnknownTargetError
from tests.rig import MINUTE, NAME, SECOND, T0, Rig

HOLD = timedelta(minutes=15)


def test_a_pause_is_a_row_with_its_owner_reason_and_end(rig: Rig) -> None:
    """Who paused what, until when, and why."""
    rig.wake()
    pause = Pause(Direction.IN, T0 + MINUTE, "ann", "migration")
    row_id = rig.controller.pause(NAME, pause)
    row = rig.store.row(row_id)
    assert row is not None
    assert (row.kind, parse(Pause, row.body)) == ("pause", pause)
    assert rig.history().pauses == (pause,)
    assert rig.is_free()
    assert rig.wake_in() == 0
    rig.check()


def test_a_paused_direction_does_not_move_and_the_other_does(rig: Rig) -> None:
    """Pausing scale-in must not take away the way out."""
    rig.controller.pause(NAME, Pause(Direction.IN, None, "ann"))
    rig.metrics.load = 40.0
    rig.wake()
    assert [limit.kind for limit in rig.last().limits] == [LimitKind.PAUSE]
    assert rig.last().limits[0].by == "ann"
    assert rig.provider.asked == []
    rig.metrics.load = 200.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(4, 4))]


def test_a_pause_ends_by_itself(rig: Rig) -> None:
    """At its end it is over, and forgotten."""
    rig.controller.pause(NAME, Pause(None, T0 + MINUTE, "ann"))
    rig.metrics.load = 200.0
    rig.wake()
    assert rig.provider.asked == []
    assert rig.wake_in() == 60
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.provider.applied) == 1
    assert rig.history().pauses == ()
    rig.check()


@pytest.mark.parametrize(
    ("lifted", "left"),
    [(Direction.IN, [Direction.OUT]), (None, [])],
    ids=["one_direction", "all"],
)
def test_a_resume_is_a_row_and_lifts_what_it_names(
    rig: Rig, lifted: Direction | None, left: list[Direction]
) -> None:
    """None lifts all."""
    for direction in Direction:
        rig.controller.pause(NAME, Pause(direction))
    row_id = rig.controller.resume(NAME, lifted, "bob", "done")
    row = rig.store.row(row_id)
    assert row is not None
    assert row.kind == "resume"
    assert json.loads(row.body) == {
        "direction": None if lifted is None else lifted.value,
        "by": "bob",
        "reason": "done",
    }
    assert [pause.direction for pause in rig.history().pauses] == left
    rig.check()


def test_a_pause_of_a_target_that_is_not_there_is_refused(rig: Rig) -> None:
    """A typing error must not pass for a pause."""
    with pytest.raises(UnknownTargetError, match="endpoint/typo"):
        rig.controller.pause("endpoint/typo", Pause())


def test_a_pause_that_loses_its_claim_says_so(rig: Rig) -> None:
    """It was not written, so it must not look as if it were."""
    rig.ledger.before_write[1] = lambda: (
        rig.store.claim(NAME, "thief", T0 + timedelta(days=1), T0 + timedelta(days=2)) and None
    )
    with pytest.raises(LeaseLostError):
        rig.controller.pause(NAME, Pause())
    assert rig.history().pauses == ()


def test_a_pause_without_a_time_zone_is_refused_and_nothing_is_held(rig: Rig) -> None:
    """Until when it holds must not depend on the machine."""
    with pytest.raises(ValueError, match="no time zone"):
        rig.controller.pause(NAME, Pause(until=T0.replace(tzinfo=None)))
    assert rig.is_free()


def test_a_foreign_change_is_a_row_and_respected_until_its_hold_ends(rig: Rig) -> None:
    """A human set 6; two would do; the human wins for a quarter of an hour."""
    rig.wake()
    rig.provider.capacity = Capacity(6, 6)
    rig.metrics.load = 10.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.kinds() == ["decision", "foreign", "decision"]
    noticed = Noticed(Notice.FOREIGN, T0 + MINUTE, 2, 6)
    assert parse(Noticed, rig.rows("foreign")[0].body) == noticed
    assert rig.records()[-1].noticed == (noticed,)
    assert rig.history().foreign == Foreign(T0 + MINUTE, 2, 6, T0 + MINUTE + HOLD)
    rig.pass_time(HOLD - SECOND)
    rig.wake()
    assert (rig.last().action, rig.last().reason) == (Action.HOLD, Reason.FOREIGN_HOLD)
    assert rig.wake_in() == 1
    rig.pass_time(SECOND)
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(1, 1))]
    rig.check()


def test_a_foreign_change_stays_respected_after_more_was_added_to_it(rig: Rig) -> None:
    """Scaling further out is no reason to take away what a human asked for."""
    rig.wake()
    rig.provider.capacity = Capacity(6, 6)
    rig.pass_time(MINUTE)
    rig.wake()
    rig.pass_time(2 * MINUTE)
    rig.metrics.load = 150.0
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(9, 9))]
    rig.metrics.load = 10.0
    rig.pass_time(3 * MINUTE)
    rig.wake()
    assert rig.last().reason is Reason.FOREIGN_HOLD
    assert len(rig.provider.asked) == 1
    rig.check()


def test_a_foreign_change_in_the_middle_of_ours_ends_ours(rig: Rig) -> None:
    """What was in flight is not waited for any more, and starts no cooldown."""
    rig.provider.busy_after = True
    rig.metrics.load = 200.0
    rig.wake()
    rig.pass_time(MINUTE)
    rig.provider.capacity = Capacity(7, 5, Status.BUSY)
    rig.wake()
    assert rig.kinds()[-2:] == ["foreign", "decision"]
    assert (rig.history().desired, rig.history().changes) == (7, ())
    rig.check()


def test_the_first_look_at_an_endpoint_finds_nothing_foreign(rig: Rig) -> None:
    """What was there before us is where we begin."""
    rig.provider.capacity = Capacity(9, 9)
    rig.wake()
    assert rig.kinds() == ["decision"]
    assert rig.history().foreign is None


def test_hands_that_fall_from_a_target_leave_its_capacity(rig: Rig) -> None:
    """A config that is registered anew decides from what is there, not from a default."""
    rig.provider.capacity = Capacity(12, 12)
    rig.wake()
    assert (rig.last().action, rig.last().desired) == (Action.HOLD, 12)
