"""How does a ledger live in memory, for tests, simulations and single decisions?

It keeps every promise of the one in a file, but to outlive the program. A lock makes each call one
transaction, for any number of threads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Lock

from flyball.adapters.local.item import Item
from flyball.append import append, aware
from flyball.core.chain import RETIRED, Row, config_body, retired_body, seal
from flyball.core.check import check_name
from flyball.ports import (
    Claim,
    Due,
    ItemUpdate,
    LeaseLostError,
    LedgerError,
    NewRow,
    TargetStatus,
    UnknownTargetError,
)


@dataclass(slots=True)
class _Chained(Item):
    """One target's item, and its chain."""

    rows: list[Row] = field(default_factory=list)


class MemoryLedger:
    """A ledger that ends with the program."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._items: dict[str, _Chained] = {}
        self._rows: dict[str, Row] = {}
        self._ids: list[str] = []
        self._due: list[tuple[datetime, str]] = []
        self._closed = False

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config, and append a `config` row."""
        check_name("scalable_target_id", scalable_target_id)
        with self._open():
            item = self._items.get(scalable_target_id) or _Chained()
            if item.generation and item.config_hash == config_hash:
                return item.generation
            body = config_body(config, config_hash, item.generation + 1)
            row = seal(scalable_target_id, item.sequence + 1, now, "config", body, item.head)
            self._items[scalable_target_id] = item
            item.generation += 1
            item.config, item.config_hash = config, config_hash
            self._wake(scalable_target_id, item, aware(now))
            self._add(item, [row])
            return item.generation

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Take a target out of service and append a `retired` row."""
        with self._open():
            item = self._items.get(scalable_target_id)
            if item is None:
                raise _unknown(scalable_target_id)
            if item.config_hash:
                body = retired_body(item.config_hash, item.generation + 1)
                row = seal(scalable_target_id, item.sequence + 1, now, RETIRED, body, item.head)
                item.generation += 1
                item.config_hash = ""
                self._wake(scalable_target_id, item, None)
                self._add(item, [row])
            return item.generation

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease; it is ours before `until`, not at it."""
        now, until = aware(now), aware(until)
        with self._open():
            item = self._item(scalable_target_id)
            return item.lease(scalable_target_id, token, now, until)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Append rows and change the item, all or nothing, if the claim still holds."""
        sealed, after = append(claim, rows, update)
        with self._open():
            item = self._items.get(claim.scalable_target_id)
            if item is None or item.token != claim.token:
                raise LeaseLostError(_lost(claim, f"the lease is not held by {claim.token!r}"))
            if item.generation != claim.generation:
                found = f"the config is of generation {item.generation}, not {claim.generation}"
                raise LeaseLostError(_lost(claim, found))
            if item.sequence != claim.sequence:
                found = f"there is a row {item.sequence}, and the claim knows {claim.sequence}"
                raise LeaseLostError(_lost(claim, found))
            self._add(item, sealed)
            if update.wake_at is not None:
                self._wake(claim.scalable_target_id, item, aware(update.wake_at))
            item.change(update, after.pending)
        return after

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first."""
        with self._open():
            end = bisect_right(self._due, aware(now), key=lambda entry: entry[0])
            return [Due(target, at) for at, target in self._due[: min(end, max(limit, 0))]]

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease."""
        with self._open():
            item = self._items.get(scalable_target_id)
            if item is None:
                raise _unknown(scalable_target_id)
            return item.status(scalable_target_id)

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        with self._open():
            return sorted(target for target, item in self._items.items() if item.config_hash)

    def recorded_ids(self) -> Sequence[str]:
        """List every target that has rows, sorted; here an item never goes without its rows."""
        with self._open():
            return sorted(target for target, item in self._items.items() if item.rows)

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Read rows with a sequence above `after`, in order; also those appended meanwhile."""
        item = self._items.get(scalable_target_id)
        sequence = max(after, 0)
        end = None if limit is None else sequence + max(limit, 0)
        while item is not None and (end is None or sequence < end):
            with self._open():
                if sequence >= item.sequence:
                    return
                row = item.rows[sequence]
            yield row
            sequence += 1

    def row(self, row_id: str) -> Row | None:
        """Read one row by its id."""
        with self._open():
            return self._rows.get(row_id)

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Read the newest rows of one target (by sequence) or of all (by id), newest first."""
        with self._open():
            newest: Iterator[Row]
            if scalable_target_id is None:
                newest = (self._rows[row_id] for row_id in reversed(self._ids))
            else:
                newest = reversed(self._items.get(scalable_target_id, _Chained()).rows)
            wanted = (row for row in newest if kind in (None, row.kind))
            return list(islice(wanted, max(limit, 0)))

    def close(self) -> None:
        """End it; a second time does nothing."""
        self._closed = True

    def _open(self) -> Lock:
        if self._closed:
            raise LedgerError("This ledger was closed. Open it again.")
        return self._lock

    def _item(self, scalable_target_id: str) -> _Chained:
        item = self._items.get(scalable_target_id)
        if item is None or not item.config_hash:
            raise _unknown(scalable_target_id)
        return item

    def _add(self, item: _Chained, rows: Sequence[Row]) -> None:
        for row in rows:
            item.rows.append(row)
            item.sequence, item.head = len(item.rows), row.hash
            self._rows[row.id] = row
            insort(self._ids, row.id)

    def _wake(self, scalable_target_id: str, item: _Chained, at: datetime | None) -> None:
        if item.wake_at is not None:
            del self._due[bisect_left(self._due, (item.wake_at, scalable_target_id))]
        item.wake_at = at
        if at is not None:
            insort(self._due, (at, scalable_target_id))


def _unknown(scalable_target_id: str) -> UnknownTargetError:
    return UnknownTargetError(
        f"No scalable target {scalable_target_id!r} is registered. "
        "`flyball ledger list` shows those that are."
    )


def _lost(claim: Claim, found: str) -> str:
    return f"{claim.scalable_target_id}: nothing was written, as {found} any more."
