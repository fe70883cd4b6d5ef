"""What is learned from a provider that says no, and when is it asked again?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Direction,
    Failure,
    LimitKind,
    Quota,
    Shortage,
)
from flyball.core.policy import ScheduledPolicy, TrackingPolicy
from flyball.core.refusal import QUOTA_HOLD
from flyball.core.schedule import Schedule
from flyball.ports import Ledger, Outcome, OutcomeKind
from flyball.wake import WakeKind
from tests.rig import MINUTE, NAME, T0, Rig, make_target

HOUR = timedelta(hours=1)


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a target with an hour's cooldown that asks for 10 of its 2 instances."""
    tracking = TrackingPolicy("track", "load", 100.0, scale_out_cooldown=HOUR)
    rig = Rig(store, make_target(policies=(tracking,)))
    rig.metrics.load = 500.0
    return rig


@dataclass(frozen=True)
class Case:
    """A refusal, in how many seconds it is looked at again, and what is asked then."""

    id: str
    outcome: Outcome
    wake_in: float = 60
    then: tuple[CapacityRange, ...] = (CapacityRange(10, 10),)
    quota: int | None = None


CASES = (
    Case("deferred", Outcome(OutcomeKind.DEFERRED, "Cannot update in-progress endpoint")),
    Case("throttled", Outcome(OutcomeKind.THROTTLED, "Rate exceeded")),
    Case("denied", Outcome(OutcomeKind.DENIED, "not authorized"), wake_in=300),
    Case("failed", Outcome(OutcomeKind.FAILED, "error.code 8")),
    Case(
        "quota_exceeded",
        Outcome(OutcomeKind.QUOTA_EXCEEDED, "limit is 6", 6),
        then=(CapacityRange(6, 6),),
        quota=6,
    ),
    Case("no_number", Outcome(OutcomeKind.QUOTA_EXCEEDED, "no"), then=(CapacityRange(6, 6),)),
    Case("less_than_there_is", Outcome(OutcomeKind.QUOTA_EXCEEDED, "no", 1), then=(), quota=1),
    Case("shortage", Outcome(OutcomeKind.SHORTAGE, "no p5.48xlarge"), then=(CapacityRange(6, 6),)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refusal_is_recorded_starts_no_cooldown_and_is_tried_again(rig: Rig, case: Case) -> None:
    """The last applied capacity stays as it was; the next wake is the retry."""
    rig.provider.refusals = [case.outcome]
    wake = rig.wake()
    assert (wake.kind, wake.outcome) == (WakeKind.DECIDED, case.outcome)
    assert rig.outcomes() == [case.outcome.kind]
    assert (rig.history().desired, rig.history().changes) == (2, ())
    learned = rig.history().quota
    assert (None if learned is None else learned.capacity) == case.quota
    assert rig.wake_in() == case.wake_in
    assert rig.is_free()
    assert rig.provider.applied == []
    rig.check()
    rig.pass_time(timedelta(seconds=case.wake_in))
    rig.wake()
    assert tuple(rig.provider.asked[1:]) == case.then
    rig.check()


def test_a_failed_operation_starts_no_cooldown(rig: Rig) -> None:
    """Operation done with an error: no success, so the next scale-out is not held back."""
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "error.code 8")]
    rig.wake()
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.last().limits == ()
    assert rig.provider.applied == [(NAME, CapacityRange(10, 10))]


def test_an_accepted_change_does_start_its_cooldown(rig: Rig) -> None:
    """Against the case before: had it been a success, the next would be held back."""
    rig.metrics.load = 150.0
    rig.wake()
    rig.pass_time(2 * MINUTE)
    rig.wake()
    rig.pass_time(2 * MINUTE)
    rig.wake()
    assert [limit.kind for limit in rig.last().limits] == [LimitKind.COOLDOWN]
    assert rig.wake_in() < HOUR.total_seconds()


def test_an_applied_change_is_looked_at_in_a_tick(rig: Rig) -> None:
    """An update that was just begun has something to show soon."""
    rig.wake()
    assert rig.wake_in() == 60


def test_a_learned_quota_clamps_is_told_as_unmet_and_expires(rig: Rig) -> None:
    """Asking for more than is granted is asking in vain, but quotas are raised."""
    rig.provider.refusals = [Outcome(OutcomeKind.QUOTA_EXCEEDED, "limit is 6", 6)]
    rig.wake()
    assert rig.history().quota == Quota(6, T0 + QUOTA_HOLD)
    rig.pass_time(MINUTE)
    rig.wake()
    assert [limit.kind for limit in rig.last().limits] == [LimitKind.QUOTA]
    assert rig.last().unmet == 4
    rig.pass_time(QUOTA_HOLD)
    rig.wake()
    assert rig.history().quota is None


def test_a_shortage_backs_off_longer_each_time_and_freezes_scale_in(rig: Rig) -> None:
    """No machines: half the step, twice the wait, and what is there is kept."""
    no_machines = Outcome(OutcomeKind.SHORTAGE, "no p5.48xlarge")
    rig.provider.refusals = [no_machines, no_machines]
    rig.wake()
    assert rig.history().shortage == Shortage(T0, 1, T0 + MINUTE)
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.history().shortage == Shortage(T0 + MINUTE, 2, T0 + 3 * MINUTE)
    rig.metrics.load = 10.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert (rig.last().action, rig.last().limits[-1].kind) == (Action.HOLD, LimitKind.SHORTAGE)
    rig.metrics.load = 500.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(4, 4))]
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.history().shortage is None
    rig.check()


def test_a_refused_scale_in_is_tried_again_too(rig: Rig) -> None:
    """Too many cost money, and no more than that."""
    rig.metrics.load = 40.0
    rig.provider.refusals = [Outcome(OutcomeKind.THROTTLED)]
    rig.wake()
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(1, 1))]
    rig.check()


def test_a_quota_without_a_number_stops_scale_out_for_minutes_and_not_for_an_hour(
    rig: Rig,
) -> None:
    """As where machines lack: half the step is asked for, in a moment; and then what is left."""
    rig.provider.refusals = [Outcome(OutcomeKind.QUOTA_EXCEEDED, "a limit of no number")]
    rig.wake()
    assert (rig.history().quota, rig.history().shortage) == (None, Shortage(T0, 1, T0 + MINUTE))
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(6, 6))]
    rig.check()


def test_what_fails_again_and_again_is_tried_less_often(rig: Rig) -> None:
    """After a tick once, then twice as long each time, up to the heartbeat."""
    rig.metrics.load = 20.0
    rig.provider.capacity = Capacity(8, 8)
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "no such thing")] * 100
    waits = []
    for _ in range(6):
        rig.wake()
        waits.append(rig.wake_in())
        rig.pass_time(timedelta(seconds=rig.wake_in()))
    assert waits == [60, 120, 240, 300, 300, 300]
    assert rig.outcomes() == [OutcomeKind.FAILED] * 6
    rig.check()


def test_a_failed_scale_in_delays_no_scale_out(rig: Rig) -> None:
    """The directions are counted apart, and what succeeds or is long ago is forgotten."""
    rig.metrics.load = 20.0
    rig.provider.capacity = Capacity(8, 8)
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "no such thing")] * 4
    for _ in range(3):
        rig.wake()
    assert rig.history().failure == Failure(T0, 3, Direction.IN)
    rig.metrics.load = 150.0
    rig.wake()
    assert (rig.history().failure, rig.wake_in()) == (Failure(T0, 1, Direction.OUT), 60)
    rig.pass_time(MINUTE)
    rig.wake()
    assert (rig.provider.applied, rig.history().failure) == ([(NAME, CapacityRange(12, 12))], None)
    rig.check()


def test_a_failure_is_forgotten_after_two_heartbeats(rig: Rig) -> None:
    """A reason that lasts would have shown again by then."""
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "no such thing")]
    rig.wake()
    assert rig.history().failure == Failure(T0, 1, Direction.OUT)
    rig.metrics.load = 100.0
    rig.pass_time(9 * MINUTE)
    rig.wake()
    assert rig.history().failure is not None
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.history().failure is None


def test_a_back_off_ends_where_the_calendar_changes_the_bounds(store: Ledger) -> None:
    """What failed under the old bounds need not fail under the new."""
    noon = ScheduledPolicy("later", Schedule("at(2026-11-21T12:03:00)"), 1, 9)
    tracking = TrackingPolicy("track", "load", 100.0)
    rig = Rig(store, make_target(policies=(tracking, noon)))
    rig.metrics.load = 500.0
    rig.provider.refusals = [Outcome(OutcomeKind.FAILED, "no such thing")] * 9
    waits = []
    for _ in range(3):
        rig.wake()
        waits.append(rig.wake_in())
        rig.pass_time(timedelta(seconds=rig.wake_in()))
    assert waits == [60, 120, 240]
    rig.pass_time(-4 * MINUTE + timedelta(seconds=-1))
    rig.wake()
    assert rig.wake_in() == 1
