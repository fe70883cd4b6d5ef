"""Is a target handled by one run at a time, once an event, and only when there is need?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flyball.controller import LEASE
from flyball.core.codec import canonical
from flyball.core.model import Action, History
from flyball.core.remember import Notice
from flyball.lease import UNREADABLE_WAIT
from flyball.ports import (
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    LedgerError,
    LedgerUnavailableError,
    TriggerKind,
)
from flyball.recall import CONFIGS_LIMIT
from flyball.wake import WakeKind
from tests.rig import ALARM, MINUTE, NAME, SECOND, T0, Rig, make_target, register

TIMER = TriggerKind.TIMER


def test_an_accepted_wake_leaves_exactly_one_decision_row(rig: Rig) -> None:
    """A hold is a decision too, and its row says so."""
    wake = rig.wake()
    assert wake.kind is WakeKind.DECIDED
    assert wake.decision is not None
    assert wake.decision.action is Action.HOLD
    assert rig.kinds() == ["decision"]
    assert rig.rows()[0].id == wake.row_id
    assert rig.is_free()
    rig.check()


def test_the_second_delivery_of_an_event_changes_nothing(rig: Rig) -> None:
    """The same alarm by two roads is one decision."""
    rig.wake(ALARM, source="high", trigger_id="eventbridge")
    before = rig.store.status(NAME)
    wake = rig.wake(ALARM, source="high", trigger_id="sns")
    assert (wake.kind, wake.row_id, wake.decision) == (WakeKind.DUPLICATE, "", None)
    assert rig.store.status(NAME) == before


def test_an_older_event_of_a_source_changes_nothing(rig: Rig) -> None:
    """Events come out of order; the newer one was handled, so the older has nothing to tell."""
    rig.wake(ALARM, source="high")
    assert rig.wake(ALARM, source="high", at=T0 - SECOND).kind is WakeKind.DUPLICATE
    assert rig.wake(ALARM, source="high", at=T0 + SECOND).kind is WakeKind.DECIDED
    assert rig.kinds() == ["decision", "decision"]


def test_an_event_of_another_source_is_handled(rig: Rig) -> None:
    """Two alarms are two events, even in the same instant."""
    rig.wake(ALARM, source="high")
    assert rig.wake(ALARM, source="low").kind is WakeKind.DECIDED


def test_an_event_without_a_source_is_always_handled(rig: Rig) -> None:
    """Who wakes by hand wants an answer."""
    assert [rig.wake().kind for _ in range(2)] == [WakeKind.DECIDED] * 2


def test_a_stamp_from_far_in_the_future_does_not_silence_its_source(rig: Rig) -> None:
    """An alarm with a broken clock must not hide the alarms after it."""
    rig.wake(ALARM, source="high", at=T0 + timedelta(days=900))
    assert rig.wake(ALARM, source="high", at=T0).kind is WakeKind.DECIDED


def test_an_event_whose_handling_died_is_handled_when_it_comes_again(rig: Rig) -> None:
    """An event counts as seen in the same write as its decision, never before."""

    def die(step: str) -> None:
        if step == "intent":
            raise KeyboardInterrupt

    rig.on_step = die
    with pytest.raises(KeyboardInterrupt):
        rig.wake(ALARM, source="high")
    rig.on_step = rig.steps.append
    assert rig.wake(ALARM, source="high").kind is WakeKind.TURNED_AWAY
    rig.pass_time(LEASE)
    assert rig.wake(ALARM, source="high", at=T0).kind is WakeKind.DECIDED
    assert rig.kinds() == ["decision"]


def test_a_timer_that_is_not_due_any_more_changes_nothing(rig: Rig) -> None:
    """Two ticks that found the same target due: the second comes too late."""
    assert rig.wake(TIMER).kind is WakeKind.DECIDED
    assert rig.wake(TIMER).kind is WakeKind.NOT_DUE
    assert rig.is_free()
    rig.pass_time(timedelta(seconds=rig.wake_in()))
    assert rig.wake(TIMER).kind is WakeKind.DECIDED


def test_a_target_that_nobody_registered_is_named(rig: Rig) -> None:
    """A stray event ends without error, and says whose it was."""
    wake = rig.wake(scalable_target_id="endpoint/gone")
    assert wake.kind is WakeKind.UNKNOWN_TARGET
    assert "endpoint/gone" in wake.detail


def test_a_run_beside_the_one_that_has_the_lease_is_turned_away(rig: Rig) -> None:
    """It ends without error; the lease's holder looks at the same truth."""
    rig.store.claim(NAME, "another run", T0, T0 + MINUTE)
    wake = rig.wake()
    assert wake.kind is WakeKind.TURNED_AWAY
    assert wake.detail
    assert rig.kinds() == []
    rig.pass_time(MINUTE)
    assert rig.wake().kind is WakeKind.DECIDED


@dataclass(frozen=True)
class Stolen:
    """Who comes between a claim and its first write."""

    id: str
    steal: Any


def _take_lease(rig: Rig) -> None:
    rig.store.claim(NAME, "thief", T0 + LEASE, T0 + 2 * LEASE)


def _change_config(rig: Rig) -> None:
    register(rig.store, make_target(high=10), T0)


STOLEN = (Stolen("the_lease_ran_out", _take_lease), Stolen("a_new_config", _change_config))


@pytest.mark.parametrize("case", STOLEN, ids=lambda case: case.id)
def test_nothing_is_applied_when_the_claim_is_lost_before_the_intent(
    rig: Rig, case: Stolen
) -> None:
    """The intent is refused by the ledger, so the provider is never asked."""
    rig.metrics.load = 300.0
    rig.ledger.before_write[1] = lambda: case.steal(rig)
    wake = rig.wake()
    assert wake.kind is WakeKind.LEASE_LOST
    assert wake.detail
    assert wake.decision is not None
    assert rig.provider.asked == []
    assert rig.kinds() == []
    rig.check()


@pytest.mark.parametrize("case", STOLEN, ids=lambda case: case.id)
def test_a_claim_that_is_lost_before_an_event_is_turned_away_is_told(
    rig: Rig, case: Stolen
) -> None:
    """Even giving back a lease may come too late; that is nobody's failure."""
    rig.wake(ALARM, source="high")
    rig.ledger.before_write[2] = lambda: case.steal(rig)
    assert rig.wake(ALARM, source="high").kind is WakeKind.LEASE_LOST


@pytest.mark.parametrize("case", STOLEN, ids=lambda case: case.id)
def test_what_was_applied_is_not_applied_again_when_the_claim_is_lost_before_the_outcome(
    rig: Rig, case: Stolen
) -> None:
    """The intent stays pending; whoever comes next finds that it landed."""
    rig.metrics.load = 200.0
    rig.ledger.before_write[2] = lambda: case.steal(rig)
    wake = rig.wake()
    assert wake.kind is WakeKind.LEASE_LOST
    assert wake.outcome is not None
    rig.check(pending=True)
    rig.pass_time(3 * LEASE)
    rig.metrics.load = 100.0
    assert rig.wake().kind is WakeKind.DECIDED
    assert len(rig.provider.applied) == 1
    assert rig.kinds() == ["decision", "outcome", "decision"]
    assert [kind.value for kind in rig.outcomes()] == ["landed"]
    rig.check()


def test_a_ledger_that_cannot_be_reached_at_the_claim_stops_everything(rig: Rig) -> None:
    """Nobody knows what another run does: so nothing is read and nothing applied."""
    rig.ledger.before_claim = _raise(LedgerUnavailableError("locked"))
    with pytest.raises(LedgerUnavailableError, match="locked"):
        rig.wake()
    assert rig.steps == ["claim"]


def test_a_ledger_that_cannot_be_reached_at_the_outcome_loses_nothing(rig: Rig) -> None:
    """The next wake finds that it landed, and sends nothing."""
    rig.metrics.load = 200.0
    rig.ledger.before_write[2] = _raise(LedgerUnavailableError("throttled"))
    wake = rig.wake()
    assert (wake.kind, wake.detail) == (WakeKind.UNRESOLVED, "throttled")
    assert wake.outcome is not None
    rig.check(pending=True)
    rig.metrics.load = 100.0
    rig.pass_time(LEASE)
    assert rig.wake().kind is WakeKind.DECIDED
    assert len(rig.provider.asked) == 1
    assert [kind.value for kind in rig.outcomes()] == ["landed"]
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.COMPLETED]
    rig.check()


BROKEN_CONFIGS = (
    "{",
    "[]",
    '{"id": "x"}',
    '{"id": "x", "min_capacity": 5, "max_capacity": 1}',
    '{"id": "x", "min_capacity": 1, "max_capacity": 2, "tick": 1e308}',
    '{"id": "x", "min_capacity": 1, "max_capacity": 2, "policies": [{"kind": ["step"]}]}',
    "[" * 100_000,
)


@pytest.mark.parametrize("config", BROKEN_CONFIGS, ids=lambda text: text[:40])
def test_a_config_that_cannot_be_read_is_named_and_the_lease_given_back(
    rig: Rig, config: str
) -> None:
    """Nothing is decided by a config that is not understood; the target waits its turn."""
    rig.ledger.before_claim = lambda: None
    broken = rig.start(ledger=_Altered(rig, config=config))
    with pytest.raises(ValueError, match=f"{NAME}: the ledger's config cannot be read: .*register"):
        broken.wake(rig.trigger())
    assert rig.is_free()
    assert rig.wake_in() == UNREADABLE_WAIT.total_seconds()
    assert rig.provider.asked == []
    assert rig.wake().kind is WakeKind.DECIDED


def test_a_history_that_cannot_be_read_is_named_and_the_lease_given_back(rig: Rig) -> None:
    """A pause may be in it, so it is never taken for an empty one."""
    broken = rig.start(ledger=_Altered(rig, history='{"pauses":[{"for_ever":true}]}'))
    message = r"history cannot be read: pauses\[0\]: unknown field 'for_ever'.*wrote it"
    with pytest.raises(ValueError, match=message):
        broken.wake(rig.trigger())
    assert rig.is_free()
    with pytest.raises(ValueError, match=message):
        broken.resume(NAME, None, "ann", "again")
    assert rig.is_free()
    assert rig.kinds() == []


def test_a_version_that_was_rolled_back_to_goes_on(rig: Rig) -> None:
    """What a newer one remembered beside what this one knows is no reason to stand still."""
    later = rig.start(ledger=_Altered(rig, history='{"desired":2,"of_a_later_version":{"a":1}}'))
    assert later.wake(rig.trigger()).kind is WakeKind.DECIDED


@pytest.mark.parametrize("seen", ["{", "[]", "null", '{"high": 3}', '{"high": "yesterday"}'])
def test_stamps_that_cannot_be_read_cost_one_more_look(rig: Rig, seen: str) -> None:
    """What was seen is only there to save work."""
    broken = rig.start(ledger=_Altered(rig, seen=seen))
    assert broken.wake(rig.trigger(ALARM, source="high")).kind is WakeKind.DECIDED
    assert rig.wake(ALARM, source="high").kind is WakeKind.DUPLICATE


def test_a_fault_of_our_own_gives_the_lease_back(rig: Rig) -> None:
    """Whatever breaks between claim and intent: nobody has to wait for the lease to end."""

    def break_down(step: str) -> None:
        if step == "decide":
            raise ZeroDivisionError("a fault")

    rig.on_step = break_down
    with pytest.raises(ZeroDivisionError):
        rig.wake()
    assert rig.is_free()
    assert rig.wake_in() == UNREADABLE_WAIT.total_seconds()
    assert rig.kinds() == []


def test_configs_are_compiled_once_and_forgotten_when_there_are_too_many(rig: Rig) -> None:
    """A long-lived function does not grow with every config that it has ever seen."""
    rig.wake()
    configs = rig.controller._leases.recall.configs
    kept = next(iter(configs.values()))
    rig.wake()
    assert list(configs.values()) == [kept]
    assert next(iter(configs.values())) is kept
    configs |= {str(number): kept for number in range(CONFIGS_LIMIT - 1)}
    register(rig.store, make_target(high=3), T0)
    rig.wake()
    assert [target.max_capacity for target in configs.values()] == [3]


def test_an_edit_is_refused_while_a_wake_is_at_work(rig: Rig) -> None:
    """Two writers never touch one history."""
    rig.store.claim(NAME, "a wake", T0, T0 + MINUTE)
    with pytest.raises(LeaseHeldError):
        rig.controller.resume(NAME, None, "ann", "too early")


def test_every_error_of_a_ledger_is_caught_by_one_name() -> None:
    """A caller that guards against the ledger needs no list."""
    assert issubclass(LeaseLostError, LedgerError)
    assert issubclass(LedgerUnavailableError, LedgerError)


def _raise(error: Exception) -> Any:
    def do() -> None:
        raise error

    return do


class _Altered:
    """The rig's ledger, whose claims show something else."""

    def __init__(self, rig: Rig, **fields: Any) -> None:
        self._ledger = rig.ledger
        self._fields = fields
        if "config" in fields:
            self._fields["config_hash"] = "another"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def claim(self, *arguments: Any) -> Any:
        """Claim, and alter what was there."""
        return self._ledger.claim(*arguments)._replace(**self._fields)


def test_what_is_remembered_is_written_with_the_decision(rig: Rig) -> None:
    """History, stamps and the next look go into the same write as the row."""
    rig.store.write(
        rig.store.claim(NAME, "x", T0, T0 + MINUTE),
        (),
        ItemUpdate(history=canonical(History(desired=2)), release=True),
    )
    rig.wake(ALARM, source="high")
    status = rig.store.status(NAME)
    assert json.loads(status.history)["ready"] == [{"at": "2026-11-21T12:00:00Z", "ready": 2}]
    claim = rig.store.claim(NAME, "y", T0, T0 + MINUTE)
    assert json.loads(claim.seen) == {"high": "2026-11-21T12:00:00Z"}
