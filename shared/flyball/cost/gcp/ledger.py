"""What would Firestore charge for what a ledger does?

The ledger is in memory; documents are measured as they would lie in the collections. A test holds
every count to the real adapter's on Google's emulator.

Source: Firestore, "Understand billing" (a document read, or a query that finds none; a document
written) and "Storage size calculations".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flyball.adapters.gcp.documents import Fields, Value, name_row, row_fields, size_of
from flyball.adapters.gcp.reading import place, place_of
from flyball.adapters.local.memory import MemoryLedger
from flyball.append import append
from flyball.core.chain import Row
from flyball.cost.usage import Usage
from flyball.ports import Claim, Due, ItemUpdate, NewRow

READS, WRITES = "firestore.reads", "firestore.writes"
STORED = "firestore.stored_bytes"
ROWS = "ledger"
"""The usual collection of rows."""
NOT_INDEXED = frozenset({"body"})
"""Of a row: deploy/gcp."""
ENTRIES = 2
"""Index entries of a field: ascending and descending."""
PER_ENTRY = 32
MARK = "0" * 64
"""As long as what says which write a row came with."""


class MeteredLedger(MemoryLedger):
    """A ledger of one simulated month, and what its collections would charge."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self._usage = usage
        self._places: dict[str, list[str]] = {}

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Register, uncounted: it is done once, and not in the month."""
        on = place_of(config)
        if on is not None:
            self._places.setdefault(on, []).append(scalable_target_id)
        return super().register(scalable_target_id, config, config_hash, now)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Claim: a read of the item, and a write of it unless it is refused."""
        self._usage.call("firestore.documents.batchGet", READS)
        claim = super().claim(scalable_target_id, token, now, until)
        self._commit(1)
        return claim

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Write the item, and each row."""
        after = super().write(claim, rows, update)
        sealed, _ = append(claim, rows, update)
        self._commit(1 + len(sealed))
        for row in sealed:
            path = f"{ROWS}/{name_row(row.scalable_target_id, row.sequence)}"
            self._usage.charge(STORED, measure(path, row_fields(row, MARK)))
        return after

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Query the index of what is due."""
        found = super().due(now, limit)
        self._query(len(found))
        return found

    def row(self, row_id: str) -> Row | None:
        """Query one row by its id."""
        row = super().row(row_id)
        self._query(int(row is not None))
        return row

    def find_targets(self, resource: str) -> Sequence[str]:
        """Query the index of resources."""
        found = sorted(self._places.get(place(resource), ()))
        self._query(len(found))
        return found

    def _query(self, found: int) -> None:
        self._usage.call("firestore.documents.runQuery", READS, max(1, found))

    def _commit(self, writes: int) -> None:
        self._usage.call("firestore.documents.commit", WRITES, writes)


def measure(path: str, fields: Fields) -> int:
    """Measure a document with its index entries, in bytes.

    Args:
        path: Its collection and id, with a slash between.
        fields: What it says.
    """
    indexed: Mapping[str, Value] = {
        name: value for name, value in fields.items() if name not in NOT_INDEXED
    }
    bare = size_of(path, {})
    entries = sum(bare + size_of("", {name: value}) for name, value in indexed.items())
    return size_of(path, fields) + ENTRIES * (entries + PER_ENTRY * len(indexed))
