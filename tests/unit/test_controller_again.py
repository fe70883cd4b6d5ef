"""Is an event done with while nobody could look, or while it is not known what became of it?"""

from __future__ import annotations

from datetime import timedelta

from flyball.core.model import Missing, MissingCause, Reason
from flyball.ports import OutcomeKind
from flyball.wake import WakeKind
from tests.rig import ALARM, MINUTE, SECOND, Rig

UNKNOWN = Missing(MissingCause.SOURCE_FAILED, "UNAVAILABLE: try again")


def test_an_event_that_came_while_nobody_could_look_may_come_again(rig: Rig) -> None:
    """Its delivery is repeated until somebody has looked, and then it is a duplicate."""
    rig.metrics.load = 250.0
    rig.provider.shows = UNKNOWN
    event = rig.trigger(ALARM, source="alarm")
    first = rig.controller.wake(event)
    assert first.decision is not None
    assert first.decision.reason is Reason.CAPACITY_UNKNOWN
    rig.pass_time(10 * SECOND)
    rig.provider.shows = None
    second = rig.controller.wake(event)
    assert second.outcome is not None
    assert second.outcome.kind is OutcomeKind.APPLIED
    assert rig.controller.wake(event).kind is WakeKind.DUPLICATE
    assert [capacity.floor for _, capacity in rig.provider.applied] == [5]
    rig.check()


def test_an_event_whose_change_is_not_known_to_have_landed_may_come_again(rig: Rig) -> None:
    """The intent is closed by what the provider shows; the change is not sent a second time."""
    rig.metrics.load = 250.0
    rig.provider.refusals = [RuntimeError("the answer was lost")]
    rig.provider.lands = True
    event = rig.trigger(ALARM, source="alarm")
    assert rig.controller.wake(event).kind is WakeKind.UNRESOLVED
    rig.pass_time(MINUTE)
    rig.metrics.load = 100.0
    assert rig.controller.wake(event).kind is WakeKind.DECIDED
    assert rig.outcomes() == [OutcomeKind.LANDED]
    rig.pass_time(timedelta(seconds=1))
    assert rig.controller.wake(event).kind is WakeKind.DUPLICATE
    assert len(rig.provider.asked) == 1
    rig.check()


def test_an_event_about_what_is_no_more_is_done_with(rig: Rig) -> None:
    """However often it is delivered, one row says so: nobody will look with more success."""
    rig.provider.shows = Missing(MissingCause.UNAVAILABLE, "it was shut down")
    event = rig.trigger(ALARM, source="alarm")
    assert rig.controller.wake(event).kind is WakeKind.DECIDED
    rig.pass_time(MINUTE)
    assert rig.controller.wake(event).kind is WakeKind.DUPLICATE
    assert rig.kinds() == ["decision"]
    rig.check()
