"""How do a target's item and a ledger's row look in Firestore, and how large are they?

A long text is compressed, as a document has an end at a megabyte. The hash of a row is of its text,
so it does not matter how that was packed.

A row's fields by_target, by_kind and by_target_and_kind exist for the order in which they sort:
each holds what is asked for first and what is sorted by last, so that no query needs an index
beyond those that Firestore makes of every field by itself.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flyball.append import aware
from flyball.core.chain import GENESIS, Row
from flyball.core.check import NAME_LIMIT
from flyball.core.evidence import fit
from flyball.core.shape import NamedTuple
from flyball.ports import Claim, ItemUpdate, LedgerError, NewRow, TargetStatus

Value = Mapping[str, Any]
"""One field's value as the service takes it: {"stringValue": text}, {"integerValue": digits}, ….

Source: Cloud Firestore API, REST reference, "Value".
"""
Fields = Mapping[str, Value]

ITEM_LIMIT = 1024 * 1024
"""Bytes of a document, its name included. Source: Firestore, "Quotas and limits"."""
ROWS_LIMIT = 99
"""Rows of one write, as on DynamoDB; Firestore itself would take more."""
TRANSACTION_LIMIT = 3 * 1024 * 1024
"""Bytes of one commit's documents: the service takes 10 MiB, and its emulator 4."""
ROOM = 8_192
"""Bytes of a row beside its body, at most: it names a target of 256 characters six times."""
PACK_FROM = 512
"""Bytes from which a text is compressed: below, it is not worth being unreadable in a console."""

_LATEST = datetime.max.replace(tzinfo=UTC)
_PER_DOCUMENT, _PER_NAME, _PER_NUMBER = 32, 16, 8
_STEP = "\n"
"""Between the parts of what is sorted by: no name has it, and all of a name sorts after it."""
_BEYOND = "~"
"""Sorts after every digit."""


class Document(NamedTuple):
    """A document as it was when it was read.

    Attributes:
        name: Its whole name, projects/…/documents/<collection>/<id>.
        fields: What it says.
        update_time: When it last changed, in the service's words; a condition repeats them.
    """

    name: str
    fields: Fields
    update_time: str


def text(value: str) -> Value:
    """Store a short text as it is."""
    return {"stringValue": value}


def number(value: int) -> Value:
    """Store a whole number; in JSON the service writes it as text."""
    return {"integerValue": str(value)}


def instant(at: datetime) -> Value:
    """Store an instant, to the microsecond, which is all that the service keeps.

    Raises:
        ValueError: It has no time zone.
    """
    return {"timestampValue": aware(at).isoformat(timespec="microseconds")[:-6] + "Z"}


def pack(value: str) -> Value:
    """Store a text that may be long."""
    encoded = value.encode()
    if len(encoded) < PACK_FROM:
        return text(value)
    return {"bytesValue": b64encode(zlib.compress(encoded)).decode()}


def unpack(value: Value | None, default: str = "") -> str:
    """Read a text, packed or not; a damaged one reads as other than what was written."""
    if value is None:
        return default
    if "stringValue" in value:
        return str(value["stringValue"])
    try:
        return zlib.decompress(b64decode(value["bytesValue"])).decode()
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        return f"damaged: {error}"


def is_name(scalable_target_id: str) -> bool:
    """Say whether a target can have this name at all; a stray event may carry any text."""
    return scalable_target_id.isprintable() and 1 <= len(scalable_target_id) <= NAME_LIMIT


def name_item(scalable_target_id: str) -> str:
    """Give the id of a target's document, so that ids sort as names do.

    A document's id holds no slash, is not "." or ".." and is not between double underscores.
    """
    name = scalable_target_id.replace(".", ".0").replace("/", ".1")
    return f"{name}.2" if name.startswith("__") and name.endswith("__") else name


def name_row(scalable_target_id: str, sequence: int) -> str:
    """Give the id of a row's document: one for each place of a chain."""
    return f"{name_item(scalable_target_id)}:{sequence:018d}"


def place_row(scalable_target_id: str, sequence: int | None) -> str:
    """Give what a row is sorted by among all targets; None: what sorts after a target's last."""
    return f"{scalable_target_id}{_STEP}{_BEYOND if sequence is None else f'{sequence:018d}'}"


def ranked(*parts: str) -> tuple[str, str]:
    """Give what sorts before and after all that begins with these parts."""
    begin = _STEP.join(parts) + _STEP
    return begin, begin + _BEYOND


def row_fields(row: Row, written: str) -> Fields:
    """Store a row, and which write it came with."""
    return {
        "scalable_target_id": text(row.scalable_target_id),
        "sequence": number(row.sequence),
        "id": text(row.id),
        "at": instant(row.at),
        "kind": text(row.kind),
        "body": pack(row.body),
        "previous_hash": text(row.previous_hash),
        "hash": text(row.hash),
        "written": text(written),
        "by_target": text(place_row(row.scalable_target_id, row.sequence)),
        "by_kind": text(_STEP.join((row.kind, row.id))),
        "by_target_and_kind": text(
            _STEP.join((row.scalable_target_id, row.kind, f"{row.sequence:018d}"))
        ),
    }


def read_row(fields: Fields) -> Row:
    """Read a row, also one that was damaged: `verify` then names it."""
    return Row(
        unpack(fields.get("scalable_target_id")),
        _count(fields.get("sequence")),
        unpack(fields.get("id")),
        moment(fields.get("at")) or _LATEST,
        unpack(fields.get("kind")),
        unpack(fields.get("body")),
        unpack(fields.get("previous_hash")),
        unpack(fields.get("hash")),
    )


def fit_rows(target: str, rows: Sequence[NewRow]) -> list[NewRow]:
    """Cut what one document or one commit cannot hold.

    Raises:
        ValueError: More rows than one write may have.
        LedgerError: A row cannot be cut so that it fits.
    """
    if len(rows) > ROWS_LIMIT:
        message = f"{target}: got {len(rows)} rows in one write, expected at most {ROWS_LIMIT}"
        raise ValueError(message)
    room = min(ITEM_LIMIT, (TRANSACTION_LIMIT - ITEM_LIMIT) // max(len(rows), 1)) - ROOM
    fitted = []
    for row in rows:
        body = fit(row.kind, row.body, lambda body: _size_of_value(pack(body)) <= room)
        if body is None:
            raise LedgerError(
                f"{target}: nothing was written, as a {row.kind} row of {len(row.body):,} "
                f"characters is too large for a document of Firestore, and may not be cut to fit."
            )
        fitted.append(row._replace(body=body))
    return fitted


def mark_write(claim: Claim, rows: Sequence[Row], update: ItemUpdate) -> str:
    """Mark a write, so that it is known again where its answer was lost.

    No other run has the lease's token, and no other write of this one its sequence and content.
    """
    said = [claim.token, claim.generation, claim.sequence, [row.hash for row in rows], update]
    return sha256(json.dumps(said, default=str).encode()).hexdigest()[:32]


def read_claim(fields: Fields, token: str, until: datetime) -> Claim:
    """Read a target's item as its new holder sees it."""
    status = read_status(fields)
    return Claim(
        status.scalable_target_id,
        token,
        aware(until),
        status.generation,
        status.config,
        status.config_hash,
        status.history,
        status.pending,
        unpack(fields.get("seen"), "{}"),
        status.wake_at,
        status.sequence,
        status.head,
    )


def read_status(fields: Fields) -> TargetStatus:
    """Read a target's item as anybody sees it."""
    return TargetStatus(
        unpack(fields.get("scalable_target_id")),
        _count(fields.get("generation")),
        unpack(fields.get("config"), "{}"),
        unpack(fields.get("config_hash")),
        unpack(fields.get("history"), "{}"),
        unpack(fields.get("pending")) or None,
        moment(fields.get("wake_at")),
        moment(fields.get("lease_until")),
        _count(fields.get("sequence")),
        unpack(fields.get("head"), GENESIS),
    )


def size_of(path: str, fields: Fields) -> int:
    """Measure a document in bytes, as the service does when it counts limits.

    Args:
        path: Its collection and id, with a slash between.
        fields: What it says.

    Source: Firestore, "Storage size calculations".
    """
    name = _PER_NAME + sum(len(part.encode()) + 1 for part in path.split("/"))
    said = sum(len(name.encode()) + 1 + _size_of_value(value) for name, value in fields.items())
    return _PER_DOCUMENT + name + said


def moment(value: Value | None) -> datetime | None:
    """Read an instant; a damaged one is later than all others."""
    if value is None:
        return None
    try:
        return aware(datetime.fromisoformat(value["timestampValue"]))
    except (KeyError, TypeError, ValueError):
        return _LATEST


def _size_of_value(value: Value) -> int:
    if "bytesValue" in value:
        return len(b64decode(value["bytesValue"]))
    if "stringValue" in value:
        return len(str(value["stringValue"]).encode("utf-8", "surrogatepass")) + 1
    return _PER_NUMBER


def _count(value: Value | None) -> int:
    try:
        return 0 if value is None else int(value["integerValue"])
    except (KeyError, ValueError):
        return 0
