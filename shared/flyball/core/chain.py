"""Is each ledger row linked to the one before it, and if not, which was changed, removed or moved?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

GENESIS = "0" * 64
"""What the first row of a target is linked to."""


class Row(NamedTuple):
    """One row of a ledger, as stored.

    Attributes:
        scalable_target_id: Whose chain it is in.
        sequence: 1, 2, 3 … without a gap, within the target.
        id: Time-ordered, unique in the ledger.
        at: Aware UTC.
        kind: decision, outcome, config, pause, resume, ….
        body: Canonical JSON.
        previous_hash: Hash of the row before it, GENESIS for the first.
        hash: Its own, hex SHA-256.
    """

    scalable_target_id: str
    sequence: int
    id: str
    at: datetime
    kind: str
    body: str
    previous_hash: str
    hash: str


class Fault(NamedTuple):
    """A row that is not as it was written.

    Attributes:
        scalable_target_id: Whose chain.
        sequence: Of the row, or of the first one that is gone.
        id: Of the row, "" where it is gone.
        kind: changed, removed, reordered or inserted.
        detail: What was expected and what was found.
    """

    scalable_target_id: str
    sequence: int
    id: str
    kind: str
    detail: str


def seal(scalable_target_id: str, sequence: int, at: datetime, kind: str, body: str, previous_hash: str) -> Row:
    """Make the row that follows the one with `previous_hash`."""
    row_id = f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + f"Z-{sequence:06d}-{_short(scalable_target_id)}"
    row = Row(scalable_target_id, sequence, row_id, at, kind, body, previous_hash, "")
    return row._replace(hash=digest(row))
