"""What is kept of one scalable target in memory, and who holds its lease?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flyball.append import aware
from flyball.core.chain import GENESIS
from flyball.ports import Claim, ItemUpdate, LeaseHeldError, TargetStatus


@dataclass(slots=True)
class Item:
    """One target's item; the attributes are those of a Claim and a TargetStatus."""

    generation: int = 0
    config: str = "{}"
    config_hash: str = ""
    token: str | None = None
    lease_until: datetime | None = None
    pending: str | None = None
    wake_at: datetime | None = None
    seen: str = "{}"
    history: str = "{}"
    sequence: int = 0
    head: str = GENESIS

    def lease(self, name: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease; it is the token's before `until`, not at it.

        Raises:
            LeaseHeldError: Somebody else has it.
        """
        held = self.lease_until
        if held is not None and self.token != token and held > now:
            raise LeaseHeldError(
                f"{name}: somebody else holds the lease until {held}; now is {now}."
            )
        self.token, self.lease_until = token, until
        return Claim(
            name,
            token,
            until,
            self.generation,
            self.config,
            self.config_hash,
            self.history,
            self.pending,
            self.seen,
            self.wake_at,
            self.sequence,
            self.head,
        )

    def change(self, update: ItemUpdate, pending: str | None) -> None:
        """Change what an update names.

        Args:
            update: As the port says; `wake_at` also.
            pending: The row that is pending after it, where it says anything of that.
        """
        if update.history is not None:
            self.history = update.history
        if update.seen is not None:
            self.seen = update.seen
        if update.pending is not None:
            self.pending = pending
        if update.wake_at is not None:
            self.wake_at = aware(update.wake_at)
        if update.release:
            self.token = self.lease_until = None

    def status(self, name: str) -> TargetStatus:
        """Tell of it without a lease."""
        return TargetStatus(
            name,
            self.generation,
            self.config,
            self.config_hash,
            self.history,
            self.pending,
            self.wake_at,
            self.lease_until,
            self.sequence,
            self.head,
        )
