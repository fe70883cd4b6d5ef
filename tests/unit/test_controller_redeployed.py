"""Is a deployment that came in place of another decided on as the target's, and no intent lost?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyball.core.decide import ADVISER
from flyball.core.model import Action, Capacity, CapacityRange, Carried, Deployed, Reason, Status
from flyball.core.policy import TrackingPolicy
from flyball.core.remember import Notice
from flyball.core.target import CapacityKind
from flyball.ports import Ledger, OutcomeKind, Underway
from flyball.wake import WakeKind
from tests.rig import MINUTE, NAME, T0, Rig, make_target

OLD, NEW, NEWEST = Deployed("7", "llm"), Deployed("9", "llm"), Deployed("11", "llm")


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a range of 2 to 20 of deployment 7, whose floor is wanted at 4."""
    tracking = TrackingPolicy("track", "load", 100.0)
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE, policies=(tracking,)))
    rig.provider.capacity = Capacity(2, 2, ceiling=20, deployed=OLD)
    rig.metrics.load = 200.0
    return rig


def redeploy(rig: Rig, deployed: Deployed = NEW, floor: int = 1, load: float = 100.0) -> None:
    """Put another deployment in place of the one that is there, a minute later."""
    rig.provider.capacity = Capacity(floor, floor, ceiling=20, deployed=deployed)
    rig.provider.refusals = []
    rig.metrics.load = load
    rig.pass_time(MINUTE)


def test_a_redeploy_with_another_floor_is_no_foreign_change_and_gets_the_floor_back(
    rig: Rig,
) -> None:
    """With an intent and an outcome, as every change; and then nothing more is sent."""
    rig.wake()
    rig.pass_time(MINUTE)
    rig.metrics.load = 100.0
    rig.wake()
    redeploy(rig)
    rig.wake()
    record = rig.records()[-1]
    assert [each.notice for each in record.noticed] == [Notice.REDEPLOYED]
    assert (record.decision.action, record.decision.reason) == (Action.SET, Reason.CARRIED_OVER)
    assert rig.provider.applied[-1] == (NAME, CapacityRange(4, 20))
    rig.provider.capacity = Capacity(4, 4, ceiling=20, deployed=NEW)
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.last().action is Action.HOLD
    assert (rig.history().deployed, rig.history().carried) == (NEW, None)
    assert "foreign" not in rig.kinds()
    assert rig.outcomes() == [OutcomeKind.APPLIED, OutcomeKind.APPLIED]
    rig.check()


def test_a_redeploy_in_mid_change_gets_what_was_asked_of_the_old_one(rig: Rig) -> None:
    """It never showed there; nobody waits for it, and it is not called rolled back."""
    rig.provider.busy_after = True
    rig.wake()
    redeploy(rig)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.REDEPLOYED]
    assert [each[1].floor for each in rig.provider.applied] == [4, 4]
    assert rig.provider.told[-1] == Underway(T0, 4, None, "", OLD)
    rig.check()


@pytest.mark.parametrize("floor", [1, 2, 4], ids=["another", "as_before", "as_asked"])
def test_an_intent_whose_answer_was_lost_is_closed_by_a_redeploy_and_carried_over(
    rig: Rig, floor: int
) -> None:
    """Whatever the new one has says nothing of what became of the old one's change."""
    rig.provider.refusals = [TimeoutError("no answer")]
    assert rig.wake().kind is WakeKind.UNRESOLVED
    redeploy(rig, floor=floor)
    rig.wake()
    assert rig.outcomes()[0] is OutcomeKind.OVERTAKEN
    assert "in its place" in rig.rows()[1].body
    (redeployed,) = rig.records()[-1].noticed
    assert (redeployed.before, redeployed.after) == (4, floor)
    assert rig.last().desired == 4
    assert "foreign" not in rig.kinds()
    rig.check()


def test_a_second_redeploy_before_the_first_was_answered_carries_the_same(rig: Rig) -> None:
    """What was decided last, however many came."""
    rig.wake()
    redeploy(rig)
    rig.provider.refusals = [TimeoutError("no answer")]
    rig.wake()
    redeploy(rig, NEWEST, floor=2)
    rig.wake()
    assert rig.history().deployed == NEWEST
    assert rig.provider.applied[-1] == (NAME, CapacityRange(4, 20))
    rig.check()


def test_what_is_held_is_carried_over_when_that_ends(rig: Rig) -> None:
    """A deployment of the model is what people pause for."""
    rig.wake()
    redeploy(rig)
    rig.provider.capacity = rig.provider.capacity._replace(status=Status.BUSY)
    rig.wake()
    assert rig.last().action is Action.DEFER
    assert rig.history().carried == Carried(T0 + MINUTE, 1, 4)
    redeploy(rig)
    rig.wake()
    assert rig.last().action is Action.SET
    assert len(rig.provider.applied) == 2
    rig.check()


def test_a_deployment_that_only_advises_tells_and_carries_nothing(rig: Rig) -> None:
    """What was there was not ours."""
    rig.metrics.load = 100.0
    rig.wake()
    redeploy(rig)
    rig.provider.capacity = rig.provider.capacity._replace(owner=ADVISER)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.REDEPLOYED]
    assert rig.history().carried is None
    rig.check()


def test_the_first_look_of_this_version_learns_which_it_is(rig: Rig) -> None:
    """What an older one has left names none: nothing was redeployed."""
    rig.provider.capacity = Capacity(2, 2, ceiling=20)
    rig.metrics.load = 100.0
    rig.wake()
    redeploy(rig, OLD, floor=2)
    rig.wake()
    assert rig.records()[-1].noticed == ()
    assert rig.history().deployed == OLD
    assert replace(rig.history(), deployed=None) == replace(
        rig.records()[0].history,
        settled=rig.history().settled,
        recommendations=rig.history().recommendations,
        ready=rig.history().ready,
    )
    rig.check()
