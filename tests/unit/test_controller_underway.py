"""Is a provider told what of ours is not known to be done, and until when it may be sent?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.controller import LEASE, SAFETY
from flyball.core.model import Capacity, Status
from flyball.core.policy import TrackingPolicy
from flyball.core.target import CapacityKind
from flyball.ports import Ledger, Outcome, OutcomeKind, Underway
from flyball.wake import WakeKind
from tests.rig import MINUTE, SECOND, T0, Rig, make_target

NAMED = Outcome(OutcomeKind.APPLIED, operation="operation 7")


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a range of 2 to 20 whose floor is wanted at 4."""
    tracking = TrackingPolicy("track", "load", 100.0, scale_out_cooldown=timedelta(hours=1))
    target = make_target(capacity_kind=CapacityKind.RANGE, policies=(tracking,))
    rig = Rig(store, target)
    rig.provider.capacity = Capacity(2, 2, ceiling=20)
    rig.provider.accepts = NAMED
    rig.metrics.load = 200.0
    return rig


def test_a_change_in_flight_is_told_with_its_name_until_it_is_complete(rig: Rig) -> None:
    """A look that finds no list of what runs can ask for that one."""
    rig.provider.busy_after = True
    rig.wake()
    rig.pass_time(MINUTE)
    rig.wake()
    rig.provider.settle()
    for _ in range(2):
        rig.pass_time(MINUTE)
        rig.wake()
    told = Underway(T0, 4, None, "operation 7")
    assert rig.provider.told == [None, told, told, None]
    rig.check()


def test_a_change_of_the_ceiling_alone_is_told_too(rig: Rig) -> None:
    """Nothing is complete of it before it shows."""
    rig.metrics.load = 100.0
    rig.provider.capacity = Capacity(2, 2, ceiling=10)
    rig.wake()
    rig.provider.capacity = Capacity(2, 2, Status.BUSY, ceiling=10)
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.told == [None, Underway(T0, None, 20, "operation 7")]


def test_a_pending_intent_is_told_as_what_it_asked_for(rig: Rig) -> None:
    """Its name is not known before somebody finds it."""
    rig.provider.refusals = [TimeoutError("no answer")]
    assert rig.wake().kind is WakeKind.UNRESOLVED
    rig.pass_time(SECOND)
    rig.wake()
    assert rig.provider.told == [None, Underway(T0, 4, 20)]


def test_a_change_may_be_sent_until_shortly_before_the_lease_ends(rig: Rig) -> None:
    """By the controller's own clock, which has gone on where the program stood still."""
    rig.wake()
    (deadline,) = rig.provider.deadlines
    assert deadline is not None
    assert deadline.at == T0 + LEASE - SAFETY
    rig.pass_time(LEASE)
    assert deadline.left_s() == -SAFETY.total_seconds()
