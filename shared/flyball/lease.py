"""How is a scalable target's lease taken, and given back whatever goes wrong?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from flyball.ports import (
    Claim,
    Clock,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    LedgerError,
    LedgerUnavailableError,
    Trigger,
    TriggerKind,
    UnknownTargetError,
)
from flyball.recall import Recall
from flyball.scribe import Scribe
from flyball.seen import is_stale, note_seen, read_seen
from flyball.wake import Held, Wake, WakeKind

T = TypeVar("T")

UNREADABLE_WAIT = timedelta(seconds=120)
"""A target that cannot be handled is tried again after this; it must not crowd out the others."""


class Leases:
    """Takes leases and gives them back.

    Args:
        ledger: Where they are.
        clock: Where `now` comes from.
        token: Makes a fresh lease token, unique among all runs.
        lease: How long one lasts.
        scribe: Reads what is remembered.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        token: Callable[[], str],
        lease: timedelta,
        scribe: Scribe,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._token = token
        self._lease = lease
        self._scribe = scribe
        self.recall = Recall()

    def take(self, trigger: Trigger) -> Wake | Held:
        """Take the lease; turn away what somebody else handles, or what has nothing new to tell."""
        now = self._clock.now()
        target_id = trigger.scalable_target_id
        try:
            claim = self.claim(target_id, now)
        except LeaseHeldError as error:
            return Wake(WakeKind.TURNED_AWAY, target_id, detail=str(error))
        except UnknownTargetError as error:
            return Wake(WakeKind.UNKNOWN_TARGET, target_id, detail=str(error))
        return self.guard(claim, now, partial(self._admit, trigger, claim, now))

    def claim(self, scalable_target_id: str, now: datetime) -> Claim:
        """Take the lease for whatever is to be done; raises as the ledger does."""
        return self._ledger.claim(scalable_target_id, self._token(), now, now + self._lease)

    def guard(self, claim: Claim, now: datetime, step: Callable[[], T]) -> T | Wake:
        """Take a step under a lease: whatever goes wrong before anything is sent gives it back.

        A ledger that may do it later leaves the target due as it was; whatever else cannot be
        handled waits.
        """
        try:
            return step()
        except LeaseLostError as error:
            return Wake(WakeKind.LEASE_LOST, claim.scalable_target_id, detail=str(error))
        except LedgerUnavailableError:
            self.give_back(claim)
            raise
        except Exception:
            self.give_back(claim, now + UNREADABLE_WAIT)
            raise

    def give_back(self, claim: Claim, wake_at: datetime | None = None) -> str:
        """Give a lease back; asked once, as it ends by itself where even that fails.

        Args:
            claim: Under which nothing was written since.
            wake_at: When the target is due; None: as it was.

        Returns:
            "", or why the lease is not given back.
        """
        try:
            self._ledger.write(claim, (), ItemUpdate(wake_at=wake_at, release=True))
        except LedgerError as error:
            return str(error)
        return ""

    def _admit(self, trigger: Trigger, claim: Claim, now: datetime) -> Wake | Held:
        """Turn away what has nothing new to tell; read what is remembered of the rest.

        While an intent is pending, the event that it came of is not done with: it may come again.
        """
        seen = read_seen(claim.seen)
        nothing_new = None
        if claim.pending is None and is_stale(trigger, seen, now):
            nothing_new = WakeKind.DUPLICATE
        elif trigger.kind is TriggerKind.TIMER and (claim.wake_at or now) > now:
            nothing_new = WakeKind.NOT_DUE
        if nothing_new is not None:
            self._ledger.write(claim, (), ItemUpdate(release=True))
            return Wake(nothing_new, claim.scalable_target_id)
        target, history = self.recall.target(claim), self._scribe.read_history(claim)
        noted = note_seen(seen, trigger, now) if trigger.source else claim.seen
        return Held(trigger, claim, target, history, noted)
