"""Is a change whose answer was lost followed by the provider's name of it, and not made again?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Operation, Status
from flyball.core.policy import TrackingPolicy
from flyball.core.target import CapacityKind
from flyball.ports import Ledger, LedgerUnavailableError, Outcome, OutcomeKind
from flyball.reconcile import SKEW, tell_span
from flyball.wake import WakeKind
from tests.rig import ALARM, MINUTE, SECOND, T0, Rig, make_target, outcome_of

OURS = Operation("operation 7", T0 + SECOND)
BEFORE = Capacity(2, 2, ceiling=20)
RUNNING = BEFORE._replace(status=Status.BUSY, operation=OURS)
FAILED = BEFORE._replace(operation=OURS._replace(failed="operation 7 failed: code 8"))
UNREAD = Missing(MissingCause.SOURCE_FAILED, "down")


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a range of 2 to 20 whose floor is wanted at 4, and whose provider lost its answer."""
    tracking = TrackingPolicy("track", "load", 100.0, scale_out_cooldown=timedelta(hours=1))
    target = make_target(capacity_kind=CapacityKind.RANGE, policies=(tracking,))
    rig = Rig(store, target)
    rig.provider.capacity = BEFORE
    rig.provider.refusals = [TimeoutError("no answer")]
    rig.metrics.load = 200.0
    assert rig.wake(ALARM, source="high").kind is WakeKind.UNRESOLVED
    rig.provider.shows = RUNNING
    return rig


def test_a_running_change_of_after_the_intent_is_it(rig: Rig) -> None:
    """Nothing is sent again, the event is handled, and the change is known by its name."""
    alarm = rig.trigger(ALARM, source="high")
    rig.pass_time(MINUTE)
    wake = rig.controller.wake(alarm)
    told = "an intent is pending, and it was sent 1 min ago, and operation 7 has it"
    assert (wake.kind, wake.detail) == (WakeKind.TAKEN, told)
    assert rig.history().operation == "operation 7"
    assert rig.wake_in() == 60
    assert rig.is_free()
    rig.check(pending=True)
    for _ in range(3):
        rig.pass_time(MINUTE)
        assert rig.wake().kind is WakeKind.TAKEN
    assert len(rig.provider.asked) == 1
    rig.provider.shows = Capacity(4, 4, ceiling=20)
    rig.pass_time(MINUTE)
    rig.metrics.load = 100.0
    rig.wake()
    (row,) = rig.rows("outcome")
    assert outcome_of(row).kind is OutcomeKind.LANDED
    assert outcome_of(row).detail == "it was operation 7"
    assert rig.history().operation == ""
    assert rig.controller.wake(alarm).kind is WakeKind.DUPLICATE
    rig.check()


def test_a_change_that_fails_is_failed_and_starts_no_cooldown(rig: Rig) -> None:
    """`done` with an error: what was last applied stays what it was, and it is decided anew."""
    rig.pass_time(MINUTE)
    rig.wake()
    rig.provider.shows = FAILED
    rig.pass_time(MINUTE)
    rig.metrics.load = 100.0
    assert rig.wake().kind is WakeKind.DECIDED
    (row,) = rig.rows("outcome")
    assert outcome_of(row).kind is OutcomeKind.FAILED
    assert outcome_of(row).detail == "operation 7 failed: code 8"
    history = rig.history()
    assert (history.desired, history.changes, history.operation) == (2, (), "")
    assert history.failure is not None
    rig.check()


@dataclass(frozen=True)
class Case:
    """What is shown a minute later, and what becomes of the intent."""

    id: str
    shown: Capacity
    outcome: OutcomeKind | None
    detail: str
    after_s: float = 60


EARLIER = Operation("operation 6", T0 - SKEW - SECOND)
CASES = (
    Case("failed_unseen", FAILED, OutcomeKind.FAILED, "operation 7 failed: code 8"),
    Case("failed_at_once", FAILED, OutcomeKind.FAILED, "operation 7 failed: code 8", 1),
    Case(
        "machines_lacked",
        FAILED._replace(short=True),
        OutcomeKind.SHORTAGE,
        "operation 7 failed: code 8",
    ),
    Case(
        "another_that_failed_before",
        BEFORE._replace(operation=EARLIER._replace(failed="no")),
        OutcomeKind.NOT_LANDED,
        "",
    ),
    Case(
        "another_that_ran_before",
        RUNNING._replace(operation=EARLIER),
        None,
        "it was sent 1 min ago, and a change is under way that may be it",
    ),
    Case(
        "nobody_says_since_when",
        RUNNING._replace(operation=Operation("operation 7")),
        None,
        "it was sent 1 min ago, and a change is under way that may be it",
    ),
    Case(
        "nobody_says_which",
        RUNNING._replace(operation=None),
        None,
        "it was sent 1 min ago, and a change is under way that may be it",
    ),
    Case(
        "it_ended_as_another",
        Capacity(9, 9, ceiling=20),
        OutcomeKind.OVERTAKEN,
        "found 9",
    ),
    Case("nothing_runs", BEFORE, None, "sent 30 s ago, and the provider does not show it yet", 30),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_intent_is_what_the_provider_says_of_it(rig: Rig, case: Case) -> None:
    """Where it does not say whose its change is, the range must tell."""
    rig.provider.shows = case.shown
    rig.pass_time(timedelta(seconds=case.after_s))
    rig.metrics.load = 100.0
    wake = rig.wake()
    if case.outcome is None:
        assert wake.kind is WakeKind.UNRESOLVED
        assert case.detail in wake.detail
        assert rig.history().operation == ""
    else:
        outcome = outcome_of(rig.rows("outcome")[0])
        assert (outcome.kind, outcome.detail) == (case.outcome, case.detail)
    assert len(rig.provider.asked) == 1


def test_a_change_whose_name_is_known_is_told_wherever_the_clock_stands(rig: Rig) -> None:
    """A provider that was asked again gives the same name, and perhaps no time."""
    rig.pass_time(MINUTE)
    rig.wake()
    rig.provider.shows = RUNNING._replace(operation=Operation("operation 7"))
    rig.pass_time(MINUTE)
    assert rig.wake().kind is WakeKind.TAKEN
    rig.provider.shows = UNREAD
    rig.pass_time(MINUTE)
    wake = rig.wake()
    assert (wake.kind, wake.detail) == (
        WakeKind.TAKEN,
        "an intent is pending, and the provider cannot be read: down",
    )
    rig.provider.shows, rig.metrics.load = BEFORE, 100.0
    rig.pass_time(MINUTE)
    rig.wake()
    outcome = outcome_of(rig.rows("outcome")[0])
    assert outcome == Outcome(OutcomeKind.NOT_LANDED, "it was operation 7")
    rig.check()


def test_a_ledger_that_fails_as_it_is_noted_leaves_the_intent_pending(rig: Rig) -> None:
    """The next wake finds it again."""

    def fail() -> None:
        raise LedgerUnavailableError("gone")

    rig.ledger.before_write[rig.ledger.writes + 1] = fail
    rig.pass_time(MINUTE)
    with pytest.raises(LedgerUnavailableError):
        rig.wake()
    assert rig.wake().kind is WakeKind.TAKEN
    rig.check(pending=True)


def test_a_ceiling_alone_is_followed_likewise(store: Ledger) -> None:
    """The floor stays, so only the ceiling, or the failure, tells."""
    rig = Rig(store, make_target(capacity_kind=CapacityKind.RANGE))
    rig.provider.capacity = BEFORE._replace(ceiling=8)
    rig.provider.refusals = [TimeoutError("no answer")]
    rig.wake()
    assert rig.provider.asked == [CapacityRange(2, 20)]
    rig.provider.shows = RUNNING._replace(ceiling=8)
    rig.pass_time(MINUTE)
    assert rig.wake().kind is WakeKind.TAKEN
    rig.provider.shows = FAILED._replace(ceiling=8)
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.FAILED]
    assert len(rig.provider.asked) == 1  # it backs off
    rig.provider.shows = None
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.FAILED, OutcomeKind.APPLIED]
    rig.check()


def test_a_span_is_told_to_the_second() -> None:
    """However long it was, and whichever way the clocks went."""
    spans = {0.4: "0 s", 59: "59 s", 60: "1 min", 252: "4 min 12 s", -3: "3 s", 7200: "2 h"}
    assert {s: tell_span(timedelta(seconds=s)) for s in spans} == spans
    assert tell_span(timedelta(days=1, seconds=61)) == "24 h 1 min 1 s"
