"""Is an intent without an outcome closed by what the provider shows, and never sent twice?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.controller import LEASE
from flyball.core.model import Action, Capacity, CapacityRange, Missing, MissingCause, Pause, Status
from flyball.core.policy import TrackingPolicy
from flyball.core.remember import LONGEST_LAG, Notice
from flyball.core.target import CapacityKind
from flyball.ports import ItemUpdate, Ledger, LedgerUnavailableError, OutcomeKind
from flyball.wake import WakeKind
from tests.rig import ALARM, MINUTE, NAME, SECOND, T0, Rig, make_target

COOLDOWN = timedelta(minutes=10)


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a target that asks for 4 of its 2 instances; its provider loses answers."""
    tracking = TrackingPolicy("track", "load", 100.0, scale_out_cooldown=COOLDOWN)
    rig = Rig(store, make_target(policies=(tracking,)))
    rig.metrics.load = 200.0
    rig.provider.refusals = [TimeoutError("no answer")]
    return rig


def test_an_answer_that_never_came_leaves_the_intent_pending(rig: Rig) -> None:
    """It may have landed: nobody knows, so nobody says."""
    wake = rig.wake()
    assert (wake.kind, wake.outcome) == (WakeKind.UNRESOLVED, None)
    assert wake.detail == "TimeoutError: no answer"
    assert wake.row_id == rig.rows()[0].id
    assert rig.is_free()
    assert rig.wake_in() == 60
    rig.check(pending=True)


def test_an_intent_that_landed_is_closed_and_starts_its_cooldown(rig: Rig) -> None:
    """What the provider shows counts, and it counts from when it was decided."""
    rig.provider.lands = True
    rig.wake()
    rig.pass_time(MINUTE)
    rig.metrics.load = 130.0
    rig.wake()
    assert len(rig.provider.asked) == 1
    assert rig.kinds() == ["decision", "outcome", "decision"]
    assert rig.outcomes() == [OutcomeKind.LANDED]
    (change,) = rig.history().changes
    assert (change.at, change.before, change.after) == (T0, 2, 4)
    assert '"reconciled":true' in rig.rows()[1].body
    rig.check()


def test_an_intent_that_did_not_land_is_closed_and_decided_anew(rig: Rig) -> None:
    """It starts no cooldown, and what is right now is sent, not what was right then."""
    rig.wake()
    rig.pass_time(MINUTE)
    rig.metrics.load = 250.0
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.NOT_LANDED, OutcomeKind.APPLIED]
    assert rig.provider.applied == [(NAME, CapacityRange(5, 5))]
    rig.check()


def test_an_intent_that_was_overtaken_is_closed_and_the_other_change_is_foreign(rig: Rig) -> None:
    """Neither before nor after: somebody else was there, and is respected."""
    rig.wake()
    rig.provider.capacity = Capacity(3, 3)
    rig.pass_time(MINUTE)
    rig.metrics.load = 20.0
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.OVERTAKEN]
    assert rig.kinds() == ["decision", "outcome", "foreign", "decision"]
    assert rig.last().action is Action.HOLD
    rig.check()


def test_nothing_is_sent_while_it_is_not_known_whether_the_last_landed(rig: Rig) -> None:
    """The provider cannot be read: look again in a tick, for as long as it takes."""
    rig.wake()
    for shown in (Missing(MissingCause.SOURCE_FAILED, "denied"), OSError("down")):
        rig.pass_time(MINUTE)
        rig.provider.shows = shown
        wake = rig.wake(ALARM, source="high")
        assert wake.kind is WakeKind.UNRESOLVED
        assert "cannot be read" in wake.detail
        assert rig.wake_in() == 60
        assert rig.is_free()
    assert rig.kinds() == ["decision"]
    assert len(rig.provider.asked) == 1
    rig.provider.shows = None
    wake = rig.wake(ALARM, source="high")
    assert wake.kind is WakeKind.DECIDED  # the event was not handled until now
    rig.check()


def test_an_intent_is_not_given_up_while_a_reading_may_be_behind(rig: Rig) -> None:
    """An alarm a second later reads a copy of before: sending again would be sending twice."""
    rig.provider.lands = True
    rig.wake()
    rig.provider.shows = Capacity(2, 2)
    rig.pass_time(SECOND)
    wake = rig.wake(ALARM, source="high")
    assert wake.kind is WakeKind.UNRESOLVED
    told = "an intent is pending, and it was sent 1 s ago, and the provider does not show it yet"
    assert wake.detail == told
    rig.provider.shows = None
    rig.pass_time(MINUTE - SECOND)
    rig.wake()
    assert len(rig.provider.asked) == 1
    assert rig.outcomes() == [OutcomeKind.LANDED]
    rig.check()


def test_a_range_that_is_being_changed_may_be_ours_and_not_show_yet(store: Ledger) -> None:
    """A service that shows a range once its operation is done: that is waited for."""
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE))
    rig.provider.capacity = Capacity(2, 2, ceiling=20)
    rig.provider.refusals = [TimeoutError("no answer")]
    rig.provider.lands = True
    rig.metrics.load = 200.0
    rig.wake()
    rig.provider.shows = Capacity(2, 2, Status.BUSY, ceiling=20)
    for _ in range(5):
        rig.pass_time(MINUTE)
        assert rig.wake().kind is WakeKind.UNRESOLVED
        assert rig.wake_in() == 60
    rig.provider.shows, rig.metrics.load = None, 100.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.kinds() == ["decision", "outcome", "decision"]
    assert rig.outcomes() == [OutcomeKind.LANDED]
    assert len(rig.provider.asked) == 1
    rig.check()


def test_a_ledger_that_fails_as_the_answer_is_lost_changes_nothing(rig: Rig) -> None:
    """The lease ends by itself; the intent is pending all the same."""

    def fail() -> None:
        raise LedgerUnavailableError("gone too")

    rig.ledger.before_write[2] = fail
    wake = rig.wake()
    assert wake.kind is WakeKind.UNRESOLVED
    assert wake.detail == "TimeoutError: no answer; gone too"
    assert rig.wake().kind is WakeKind.TURNED_AWAY
    rig.pass_time(LEASE)
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.NOT_LANDED, OutcomeKind.APPLIED]
    rig.check()


def test_a_reconciliation_that_loses_its_claim_is_done_by_the_next(rig: Rig) -> None:
    """Closing the intent and the new decision are one write: both are there, or neither."""
    rig.provider.lands = True
    rig.wake()
    rig.pass_time(MINUTE)
    thief = (NAME, "thief", rig.clock.at + LEASE, rig.clock.at + LEASE)
    rig.ledger.before_write[3] = lambda: rig.store.claim(*thief) and None
    assert rig.wake().kind is WakeKind.LEASE_LOST
    rig.check(pending=True)
    rig.pass_time(LEASE)
    rig.metrics.load = 100.0
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.LANDED]
    rig.check()


@pytest.mark.parametrize("pending", ["20261121T120000000Z-000009-nowhere", "config"])
def test_an_intent_whose_row_is_gone_or_damaged_is_closed_as_overtaken(
    rig: Rig, pending: str
) -> None:
    """Nothing can be known of it; the ledger's own check says what happened to its row."""
    row = next(iter(rig.store.rows(NAME)))
    rig.wake()

    class Damaged:
        """The rig's ledger, pointing at a row that is not there or is no intent."""

        def __getattr__(self, name: str) -> object:
            return getattr(rig.ledger, name)

        def row(self, _: str) -> object:
            return row if pending == "config" else None

    rig.metrics.load = 100.0
    rig.start(ledger=Damaged()).wake(rig.trigger())
    assert rig.outcomes() == [OutcomeKind.OVERTAKEN]
    assert "flyball ledger verify" in rig.rows("outcome")[0].body
    assert len(rig.provider.asked) == 1


@dataclass(frozen=True)
class Ranged:
    """A range that was asked for, what is then shown, and what became of it."""

    id: str
    shown: tuple[int, int]
    became: OutcomeKind


RANGED = (
    Ranged("both_ends", (4, 20), OutcomeKind.LANDED),
    Ranged("the_floor_alone", (4, 8), OutcomeKind.LANDED),
    Ranged("neither", (2, 8), OutcomeKind.NOT_LANDED),
    Ranged("the_ceiling_alone", (2, 20), OutcomeKind.NOT_LANDED),
    Ranged("another", (7, 9), OutcomeKind.OVERTAKEN),
)


@pytest.mark.parametrize("case", RANGED, ids=lambda case: case.id)
def test_a_range_has_landed_when_its_floor_has(store: Ledger, case: Ranged) -> None:
    """The floor is ours; a service may take the ceiling as best it can."""
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE))
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    rig.metrics.load = 200.0
    rig.provider.refusals = [TimeoutError()]
    rig.wake()
    assert rig.provider.asked == [CapacityRange(4, 20)]
    rig.provider.capacity = Capacity(case.shown[0], case.shown[0], ceiling=case.shown[1])
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.outcomes()[0] is case.became
    rig.check()


@pytest.mark.parametrize(
    ("ceiling", "became"), [(20, OutcomeKind.LANDED), (8, OutcomeKind.NOT_LANDED)]
)
def test_a_moved_ceiling_has_landed_when_it_is_shown(
    store: Ledger, ceiling: int, became: OutcomeKind
) -> None:
    """Where the floor stays, only the ceiling can tell; and it starts no cooldown."""
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE))
    rig.provider.capacity = Capacity(2, 2, ceiling=8)
    rig.provider.refusals = [TimeoutError()]
    rig.wake()
    assert rig.provider.asked == [CapacityRange(2, 20)]
    rig.provider.capacity = Capacity(2, 2, ceiling=ceiling)
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.outcomes()[0] is became
    assert rig.history().changes == ()
    rig.check()


# --- a reading that is a moment behind ---


@pytest.fixture
def lagging(rig: Rig) -> Rig:
    """Accept a change, and then show for a while what was there before it."""
    rig.provider.refusals = []
    rig.wake()
    rig.provider.shows = Capacity(2, 2)
    return rig


def test_a_reading_of_before_an_accepted_change_is_not_decided_on(lagging: Rig) -> None:
    """It is neither a roll-back nor foreign, and nothing is sent a second time."""
    rig = lagging
    rig.pass_time(MINUTE - SECOND)
    assert rig.wake(ALARM, source="high").kind is WakeKind.DECIDED
    record = rig.records()[-1]
    assert isinstance(record.observation.capacity, Missing)
    assert record.observation.capacity.cause is MissingCause.STALE
    assert record.observation.capacity.detail == "it shows 2, but 4 was accepted a moment ago"
    assert (record.noticed, record.decision.action) == ((), Action.HOLD)
    assert len(rig.provider.asked) == 1
    assert rig.wake_in() == 60
    rig.provider.shows = None
    rig.pass_time(MINUTE)
    rig.metrics.load = 100.0
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.COMPLETED]
    assert "foreign" not in rig.kinds()
    rig.check()


def test_a_reading_that_stays_behind_is_a_roll_back(lagging: Rig) -> None:
    """After a tick it is no copy any more, but the truth."""
    rig = lagging
    rig.pass_time(MINUTE)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.ROLLED_BACK]


def test_an_update_that_is_seen_to_last_is_believed_at_once(lagging: Rig) -> None:
    """An endpoint that says Updating has taken the change, whatever count it shows."""
    rig = lagging
    rig.provider.shows = Capacity(2, 2, Status.BUSY)
    rig.pass_time(SECOND)
    rig.wake()
    assert rig.last().action is Action.DEFER


def test_somebody_elses_change_is_seen_at_once(lagging: Rig) -> None:
    """A count that is neither before nor after is not a late copy."""
    rig = lagging
    rig.provider.shows = Capacity(7, 7)
    rig.pass_time(SECOND)
    rig.wake()
    assert rig.rows("foreign") != []


def test_a_slow_tick_does_not_lengthen_the_doubt(store: Ledger) -> None:
    """A control plane is behind by seconds, whatever our own pace."""
    rig = Rig(store, make_target(tick=timedelta(minutes=10)))
    rig.metrics.load = 200.0
    rig.wake()
    rig.provider.shows = Capacity(2, 2)
    rig.pass_time(LONGEST_LAG)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.ROLLED_BACK]


# --- clocks that are set back ---


@pytest.mark.parametrize("back", [SECOND, timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_is_set_back_applies_nothing_twice(rig: Rig, back: timedelta) -> None:
    """Only what the provider shows counts, not when it was."""
    rig.provider.lands = True
    rig.wake()
    rig.pass_time(-back)
    rig.metrics.load = 100.0
    rig.wake()
    assert len(rig.provider.asked) == 1
    assert rig.outcomes() == [OutcomeKind.LANDED]
    rig.pass_time(MINUTE)
    assert rig.wake().kind is WakeKind.DECIDED
    rig.check()


def test_a_lease_from_a_clock_that_was_ahead_can_be_written_under(rig: Rig) -> None:
    """The holder's own clock jumps back between claim and intent: still one run, one change."""
    rig.provider.refusals = []
    rig.on_step = lambda step: rig.pass_time(-timedelta(hours=2)) if step == "decide" else None
    assert rig.wake().kind is WakeKind.DECIDED
    assert len(rig.provider.applied) == 1
    rig.check()


def test_a_clock_that_jumps_ahead_before_the_apply_aborts_it(rig: Rig) -> None:
    """The lease may be another's by now."""
    rig.on_step = lambda step: rig.pass_time(timedelta(hours=2)) if step == "apply" else None
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.ABORTED]
    assert rig.provider.asked == []
    rig.check()


def test_a_pause_does_not_disturb_a_pending_intent(rig: Rig) -> None:
    """A human's word is kept beside it; the intent is closed all the same."""
    rig.provider.lands = True
    rig.wake()
    rig.controller.pause(NAME, Pause(by="ann"))
    rig.pass_time(MINUTE)
    rig.metrics.load = 20.0
    rig.wake()
    assert rig.kinds() == ["decision", "pause", "outcome", "decision"]
    assert len(rig.provider.asked) == 1
    rig.check()


def test_an_item_that_was_cleared_by_hand_does_not_stop_the_target(rig: Rig) -> None:
    """Without memory it begins anew, with what is there."""
    rig.provider.refusals = []
    rig.wake()
    rig.metrics.load = 100.0
    claim = rig.store.claim(NAME, "hand", rig.clock.at, rig.clock.at)
    rig.store.write(claim, (), ItemUpdate(history="{}", release=True))
    rig.wake()
    assert rig.history().desired == 4
    rig.check()
