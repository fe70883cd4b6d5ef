"""How do a target's item and a ledger's row look in DynamoDB, and how large are they?

A long text is compressed: a write costs by the kilobyte, and an item has an end at 400 of them. The
hash of a row is of its text, so it does not matter how that was packed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any

from flyball.append import aware
from flyball.core.chain import GENESIS, Row
from flyball.core.evidence import fit
from flyball.ports import Claim, LedgerError, NewRow, TargetStatus

Value = Mapping[str, Any]
"""One attribute's value as the service takes it: {"S": text}, {"N": digits} or {"B": bytes}."""
Item = Mapping[str, Value]

ITEM_LIMIT = 400 * 1024
"""Bytes of an item, names included. Source: DynamoDB Developer Guide, "Quotas"."""
ROWS_LIMIT = 99
"""Rows of one write: a transaction has at most 100 actions, and one is the item's."""
TRANSACTION_LIMIT = 3 * 1024 * 1024
"""Bytes of one transaction's items: of its 4 MB, as packed bytes are sent as four for every three.

Source: the same.
"""
ROOM = 4_096
"""Bytes of a row beside its body, at most: names, hashes, id, and a target of 256 characters."""
UNIT = 1024
"""Bytes that one write unit pays for. Source: the same, "Read and write operations"."""
PACK_FROM = 512
"""Bytes from which a text is compressed: below, it is not worth being unreadable in a console."""
SHARD = "due"
"""The one partition of the index of what is due."""

_LATEST = datetime.max.replace(tzinfo=UTC)


def text(value: str) -> Value:
    """Store a short text as it is."""
    return {"S": value}


def number(value: int) -> Value:
    """Store a whole number."""
    return {"N": str(value)}


def instant(at: datetime) -> Value:
    """Store an instant so that texts sort as instants do: UTC, microseconds.

    Raises:
        ValueError: It has no time zone.
    """
    return {"S": aware(at).isoformat(timespec="microseconds")[:-6] + "Z"}


def pack(value: str) -> Value:
    """Store a text that may be long."""
    encoded = value.encode()
    return {"S": value} if len(encoded) < PACK_FROM else {"B": zlib.compress(encoded)}


def unpack(value: Value | None, default: str = "") -> str:
    """Read a text, packed or not; a damaged one reads as other than what was written."""
    if value is None:
        return default
    if "S" in value:
        return str(value["S"])
    try:
        return zlib.decompress(value["B"]).decode()
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        return f"damaged: {error}"


def row_item(row: Row) -> Item:
    """Store a row."""
    return {
        "scalable_target_id": text(row.scalable_target_id),
        "sequence": number(row.sequence),
        "id": text(row.id),
        "at": instant(row.at),
        "kind": text(row.kind),
        "body": pack(row.body),
        "previous_hash": text(row.previous_hash),
        "hash": text(row.hash),
    }


def read_row(item: Item) -> Row:
    """Read a row, also one that was damaged: `verify` then names it."""
    return Row(
        unpack(item.get("scalable_target_id")),
        _count(item.get("sequence")),
        unpack(item.get("id")),
        _moment(item.get("at")) or _LATEST,
        unpack(item.get("kind")),
        unpack(item.get("body")),
        unpack(item.get("previous_hash")),
        unpack(item.get("hash")),
    )


def fit_rows(target: str, rows: Sequence[NewRow]) -> list[NewRow]:
    """Cut what one item or one transaction cannot hold.

    Raises:
        ValueError: More rows than a transaction holds.
        LedgerError: A row cannot be cut so that it fits.
    """
    if len(rows) > ROWS_LIMIT:
        message = f"{target}: got {len(rows)} rows in one write, expected at most {ROWS_LIMIT}"
        raise ValueError(message)
    room = min(ITEM_LIMIT, (TRANSACTION_LIMIT - ITEM_LIMIT) // max(len(rows), 1)) - ROOM
    fitted = []
    for row in rows:
        body = fit(row.kind, row.body, lambda body: size_of({"body": pack(body)}) <= room)
        if body is None:
            raise LedgerError(
                f"{target}: nothing was written, as a {row.kind} row of {len(row.body):,} "
                f"characters is too large for an item of DynamoDB, and may not be cut to fit."
            )
        fitted.append(row._replace(body=body))
    return fitted


def read_claim(item: Item, token: str, until: datetime) -> Claim:
    """Read a target's item as its new holder sees it."""
    status = read_status(item)
    return Claim(
        status.scalable_target_id,
        token,
        aware(until),
        status.generation,
        status.config,
        status.config_hash,
        status.history,
        status.pending,
        unpack(item.get("seen"), "{}"),
        status.wake_at,
        status.sequence,
        status.head,
    )


def read_status(item: Item) -> TargetStatus:
    """Read a target's item as anybody sees it."""
    return TargetStatus(
        unpack(item.get("scalable_target_id")),
        _count(item.get("generation")),
        unpack(item.get("config"), "{}"),
        unpack(item.get("config_hash")),
        unpack(item.get("history"), "{}"),
        unpack(item.get("pending")) or None,
        _moment(item.get("wake_at")),
        _moment(item.get("lease_until")),
        _count(item.get("sequence")),
        unpack(item.get("head"), GENESIS),
    )


def size_of(item: Item) -> int:
    """Measure an item in bytes, as the service does when it counts units and limits.

    Names and texts count their UTF-8, bytes themselves, a number half a byte a digit and one or
    two more: here always two, so that this is never too little.

    Source: Amazon DynamoDB Developer Guide, "Item sizes and formats".
    """
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def write_units(size: int, *, transactional: bool = False) -> int:
    """Count the units that a write of an item costs.

    Args:
        size: Bytes of the item before or after it, whichever is more; a change of one attribute
            pays for the whole.
        transactional: As part of a transaction it costs twice as much.
    """
    return max(ceil(size / UNIT), 1) * (2 if transactional else 1)


def _size_of_value(value: Value) -> int:
    if "B" in value:
        return len(value["B"])
    if "N" in value:
        return ceil(len(value["N"]) / 2) + 2
    return len(str(value["S"]).encode("utf-8", "surrogatepass"))


def _count(value: Value | None) -> int:
    try:
        return 0 if value is None else int(value["N"])
    except (KeyError, ValueError):
        return 0


def _moment(value: Value | None) -> datetime | None:
    if value is None:
        return None
    try:
        return aware(datetime.fromisoformat(unpack(value)))
    except ValueError:
        return _LATEST
