"""How does a ledger work that is only lived with, and never read afterwards?

It keeps each target's item, with every promise about leases and generations, and counts the rows
without keeping or sealing one: a year of decisions takes the room of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from flyball.adapters.local.item import Item
from flyball.append import aware
from flyball.core.chain import Row
from flyball.core.check import check_name
from flyball.ports import (
    Claim,
    Due,
    ItemUpdate,
    LeaseLostError,
    NewRow,
    TargetStatus,
    UnknownTargetError,
)


class Items:
    """A ledger of one thread, without rows."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config."""
        check_name("scalable_target_id", scalable_target_id)
        item = self._items.setdefault(scalable_target_id, Item())
        if not item.generation or item.config_hash != config_hash:
            item.generation += 1
            item.config, item.config_hash = config, config_hash
            item.wake_at = aware(now)
            item.sequence += 1
        return item.generation

    def retire(self, scalable_target_id: str, now: datetime) -> int:  # noqa: ARG002  (the port's)
        """Take a target out of service."""
        item = self._item(scalable_target_id)
        if item.config_hash:
            item.generation += 1
            item.config_hash, item.wake_at = "", None
            item.sequence += 1
        return item.generation

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease; it is ours before `until`, not at it."""
        item = self._item(scalable_target_id)
        if not item.config_hash:
            raise _unknown(scalable_target_id)
        return item.lease(scalable_target_id, token, now, until)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Count the rows and change the item, if the claim still holds."""
        item = self._items.get(claim.scalable_target_id)
        known = None if item is None else (item.token, item.generation, item.sequence)
        if item is None or known != (claim.token, claim.generation, claim.sequence):
            raise LeaseLostError(f"{claim.scalable_target_id}: the claim does not hold any more")
        item.sequence += len(rows)
        item.change(update, f"row {item.sequence}" if update.pending else None)
        return claim._replace(
            pending=item.pending,
            history=item.history,
            seen=item.seen,
            wake_at=item.wake_at,
            sequence=item.sequence,
        )

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first."""
        found = [
            Due(name, item.wake_at)
            for name, item in self._items.items()
            if item.wake_at is not None and item.wake_at <= now
        ]
        if len(found) > 1:
            found.sort(key=lambda each: (each.wake_at, each.scalable_target_id))
        return found[: max(limit, 0)]

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease."""
        return self._item(scalable_target_id).status(scalable_target_id)

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        return sorted(name for name, item in self._items.items() if item.config_hash)

    def recorded_ids(self) -> Sequence[str]:
        """List nobody: there are no rows."""
        return ()

    def rows(
        self,
        scalable_target_id: str,  # noqa: ARG002  (the port's)
        after: int = 0,  # noqa: ARG002
        limit: int | None = None,  # noqa: ARG002
    ) -> Iterator[Row]:
        """Read nothing."""
        return iter(())

    def row(self, row_id: str) -> Row | None:  # noqa: ARG002  (the port's)
        """Find nothing."""
        return None

    def latest(
        self,
        limit: int,  # noqa: ARG002  (the port's)
        scalable_target_id: str | None = None,  # noqa: ARG002
        kind: str | None = None,  # noqa: ARG002
    ) -> Sequence[Row]:
        """Find nothing."""
        return ()

    def close(self) -> None:
        """Let go of nothing."""

    def _item(self, scalable_target_id: str) -> Item:
        item = self._items.get(scalable_target_id)
        if item is None:
            raise _unknown(scalable_target_id)
        return item


def _unknown(scalable_target_id: str) -> UnknownTargetError:
    return UnknownTargetError(f"No scalable target {scalable_target_id!r} is registered.")
