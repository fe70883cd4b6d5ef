"""Which few steps does every test of the ledger in a file take?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.core.chain import verify
from flyball.ports import (
    Claim,
    NewRow,
)

T0 = datetime(2026, 11, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHORT = timedelta(milliseconds=50)
HOLD = NewRow("decision", T0, "{}")


def take(ledger: SqliteLedger, now: datetime = T0) -> Claim:
    """Claim the target for a minute."""
    return ledger.claim("a", "t", now, now + MINUTE)


def faults(ledger: SqliteLedger) -> list[tuple[str, int]]:
    """Verify the target's chain."""
    status = ledger.status("a")
    found = verify(ledger.rows("a"), head=status.head, sequence=status.sequence)
    return [(fault.kind, fault.sequence) for fault in found]


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file as anybody can."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection
