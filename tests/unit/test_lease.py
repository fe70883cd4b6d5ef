"""Is a lease given back whatever goes wrong before anything is sent?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.controller import LEASE
from flyball.core.model import Pause
from flyball.lease import UNREADABLE_WAIT
from flyball.ports import LedgerError, LedgerUnavailableError
from flyball.wake import WakeKind
from tests.rig import NAME, Rig


def _raise(error: Exception) -> Any:
    def do() -> None:
        raise error

    return do


class _Noting:
    """The rig's ledger, which notes what is about to be written."""

    def __init__(self, rig: Rig, held: list[Any]) -> None:
        self._ledger = rig.ledger
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def write(self, *arguments: Any) -> Any:
        """Note it, and write it."""
        self._held.append(arguments)
        return self._ledger.write(*arguments)


def test_a_ledger_that_cannot_be_reached_at_the_intent_fails_closed(rig: Rig) -> None:
    """No row, no change; the lease is given back, and the next tick decides anew."""
    rig.metrics.load = 300.0
    rig.ledger.before_write[1] = _raise(LedgerUnavailableError("disk full"))
    with pytest.raises(LedgerUnavailableError, match="disk full"):
        rig.wake()
    assert rig.provider.asked == []
    assert rig.kinds() == []
    assert rig.is_free()
    assert rig.wake_in() == 0
    assert [wake.kind for wake in rig.controller.tick()] == [WakeKind.DECIDED]
    assert len(rig.provider.applied) == 1
    rig.check()


def test_a_lease_that_cannot_be_given_back_ends_by_itself(rig: Rig) -> None:
    """It is asked for once: a ledger in trouble is not troubled further."""
    rig.metrics.load = 300.0
    for number in (1, 2):
        rig.ledger.before_write[number] = _raise(LedgerUnavailableError(f"full {number}"))
    with pytest.raises(LedgerUnavailableError, match="full 1"):
        rig.wake()
    assert rig.ledger.writes == 2
    assert rig.wake().kind is WakeKind.TURNED_AWAY
    rig.pass_time(LEASE)
    assert rig.wake().kind is WakeKind.DECIDED
    assert len(rig.provider.applied) == 1


def test_a_ledger_that_will_never_take_the_intent_lets_the_target_wait(rig: Rig) -> None:
    """What is too large to be stored is too large at the next tick, and others are due then."""
    rig.metrics.load = 300.0
    rig.ledger.before_write[1] = _raise(LedgerError("too large to be stored"))
    with pytest.raises(LedgerError, match="too large"):
        rig.wake()
    assert rig.is_free()
    assert rig.wake_in() == UNREADABLE_WAIT.total_seconds()
    assert rig.provider.asked == []


def test_an_intent_that_landed_unheard_is_not_given_back(rig: Rig) -> None:
    """Its lease is not the claim's any more: the next run finds what became of it."""
    rig.metrics.load = 300.0
    store = rig.ledger.ledger

    def write_unheard() -> None:
        claim, rows, update = held[-1]
        store.write(claim, rows, update)
        raise LedgerUnavailableError("the answer was lost")

    held: list[Any] = []
    rig.ledger.before_write[1] = write_unheard
    rig.controller = rig.start(ledger=_Noting(rig, held))
    with pytest.raises(LedgerUnavailableError, match="lost"):
        rig.wake()
    assert not rig.is_free()
    rig.check(pending=True)
    rig.pass_time(LEASE)
    assert rig.wake().kind is WakeKind.DECIDED
    assert rig.kinds()[:2] == ["decision", "outcome"]
    assert rig.outcomes()[0].value == "not_landed"
    rig.check()


def test_a_pause_that_cannot_be_written_gives_the_lease_back(rig: Rig) -> None:
    """Whoever pauses wants to try again at once."""
    rig.ledger.before_write[1] = _raise(LedgerUnavailableError("throttled"))
    with pytest.raises(LedgerUnavailableError, match="throttled"):
        rig.controller.pause(NAME, Pause(None, None, "ann"))
    assert rig.is_free()
    rig.controller.pause(NAME, Pause(None, None, "ann"))
    assert [pause.by for pause in rig.history().pauses] == ["ann"]
    assert rig.kinds() == ["pause"]
