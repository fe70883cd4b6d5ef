"""What would DynamoDB charge for what a ledger does?

The ledger is in memory; items and rows are measured as they would lie in the tables. A test holds
every count to the real adapter's on a real engine.

Source: Amazon DynamoDB Developer Guide, "Read and write operations" and "Item sizes and formats".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from flyball.adapters.aws.items import (
    SHARD,
    Item,
    Value,
    instant,
    number,
    pack,
    row_item,
    size_of,
    text,
    write_units,
)
from flyball.adapters.aws.reading import place, place_of
from flyball.adapters.local.memory import MemoryLedger
from flyball.append import append
from flyball.core.chain import Row
from flyball.cost.usage import Usage
from flyball.ports import Claim, Due, ItemUpdate, LeaseHeldError, NewRow, UnknownTargetError

READ_UNIT = 4_096
"""Bytes that one read unit pays for, two where the read may be a moment old."""
WRITES, READS, STORED = "dynamodb.write_units", "dynamodb.read_units", "dynamodb.stored_bytes"
OVERHEAD = 100
"""Bytes that storage counts beside each item. Source: the same, "Storage"."""


class MeteredLedger(MemoryLedger):
    """A ledger of one simulated month, and what its tables would charge."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self._usage = usage
        self._shown: dict[str, dict[str, Value]] = {}
        self._places: dict[str, list[str]] = {}

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Register, uncounted: it is done once, and not in the month."""
        generation = super().register(scalable_target_id, config, config_hash, now)
        status = self.status(scalable_target_id)
        self._shown[scalable_target_id] = {
            "scalable_target_id": text(scalable_target_id),
            "config": pack(config),
            "config_hash": text(config_hash),
            "generation": number(generation),
            "sequence": number(status.sequence),
            "head": text(status.head),
            "wake_at": instant(now),
            "wake_shard": text(SHARD),
        }
        on = place_of(config)
        if on is not None:
            self._shown[scalable_target_id]["resource"] = text(on)
            self._places.setdefault(on, []).append(scalable_target_id)
        return generation

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Claim: one write of the item, also where it is refused."""
        item = self._shown.get(scalable_target_id, {})
        try:
            claim = super().claim(scalable_target_id, token, now, until)
        except (LeaseHeldError, UnknownTargetError):
            self._usage.call("dynamodb.UpdateItem", WRITES, write_units(size_of(item)))
            raise
        before = size_of(item)
        item |= {"token": text(token), "lease_until": instant(until)}
        self._usage.call("dynamodb.UpdateItem", WRITES, write_units(max(before, size_of(item))))
        return claim

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Write: the item, and with rows a transaction that costs twice as much."""
        after = super().write(claim, rows, update)
        item = self._shown[claim.scalable_target_id]
        before, woke_at = size_of(item), item.get("wake_at")
        self._change(item, after, update, has_rows=bool(rows))
        self._charge_index(woke_at, item)
        size = max(before, size_of(item))
        if not rows:
            self._usage.call("dynamodb.UpdateItem", WRITES, write_units(size))
            return after
        sealed, _ = append(claim, rows, update)
        units = write_units(size, transactional=True)
        for each in map(size_of, map(row_item, sealed)):
            units += write_units(each, transactional=True)
            self._usage.charge(STORED, each + OVERHEAD)
            self._usage.charge("dynamodb.recoverable_bytes", each + OVERHEAD)
        self._usage.call("dynamodb.TransactWriteItems", WRITES, units)
        return after

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Query the index of what is due."""
        found = super().due(now, limit)
        entries = [self._entry(self._shown[each.scalable_target_id]) for each in found]
        self._usage.call("dynamodb.Query", READS, _read_units(entries, consistent=False))
        return found

    def row(self, row_id: str) -> Row | None:
        """Get one row."""
        row = super().row(row_id)
        found = [] if row is None else [row_item(row)]
        self._usage.call("dynamodb.GetItem", READS, _read_units(found, consistent=True))
        return row

    def find_targets(self, resource: str) -> Sequence[str]:
        """Query the index of resources."""
        ids = sorted(self._places.get(place(resource), ()))
        entries: list[Item] = [
            {key: self._shown[each][key] for key in ("scalable_target_id", "resource")}
            for each in ids
        ]
        self._usage.call("dynamodb.Query", READS, _read_units(entries, consistent=False))
        return ids

    def _change(
        self, item: dict[str, Value], after: Claim, update: ItemUpdate, *, has_rows: bool
    ) -> None:
        """Show in the mirror what was written."""
        if has_rows:
            item |= {"sequence": number(after.sequence), "head": text(after.head)}
        if update.history is not None:
            item["history"] = pack(update.history)
        if update.seen is not None:
            item["seen"] = pack(update.seen)
        if update.wake_at is not None:
            item["wake_at"] = instant(update.wake_at)
        if after.pending is not None:
            item["pending"] = text(after.pending)
        else:
            item.pop("pending", None)
        if update.release:
            item.pop("token", None)
            item.pop("lease_until", None)

    def _charge_index(self, woke_at: Value | None, item: Item) -> None:
        """Charge the index of what is due: an entry that moves goes there and comes here."""
        if woke_at != item["wake_at"]:
            entry = write_units(size_of(self._entry(item)))
            self._usage.charge(WRITES, entry if woke_at is None else 2 * entry)

    @staticmethod
    def _entry(item: Item) -> Item:
        return {key: item[key] for key in ("scalable_target_id", "wake_shard", "wake_at")}


def _read_units(items: Sequence[Item], *, consistent: bool) -> float:
    size = sum(map(size_of, items))
    return max(1, ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)
