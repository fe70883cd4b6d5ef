"""How are items and rows found in Firestore, by the indexes that it makes of every field itself?

Whatever is read is as it was at one instant after every commit that was answered: a chain never
seems to lack its newest row, and nothing that is due is overlooked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from flyball.adapters.gcp.database import Database
from flyball.adapters.gcp.documents import (
    Document,
    instant,
    is_name,
    moment,
    name_item,
    place_row,
    ranked,
    read_row,
    text,
    unpack,
)
from flyball.adapters.gcp.resource import ResourceError, path_of, read_resource
from flyball.core.chain import Row
from flyball.ports import Due

ID_LIMIT = 128
"""Characters of a row's id, at most; none that we give is longer than 60."""


def read_item(database: Database, scalable_target_id: str) -> Document | None:
    """Read one target's item as it is now; None where there is none."""
    if not is_name(scalable_target_id):
        return None
    (found,) = database.get(item_name(database, scalable_target_id))
    return found


def item_name(database: Database, scalable_target_id: str) -> str:
    """Give the whole name of a target's document."""
    return database.name_of(database.targets, name_item(scalable_target_id))


def list_items(database: Database) -> list[str]:
    """List every target that is registered, sorted."""
    found = database.walk(
        database.targets, "scalable_target_id", only=("scalable_target_id", "config_hash")
    )
    return sorted(
        unpack(document.fields["scalable_target_id"])
        for document in found
        if unpack(document.fields.get("config_hash"))
    )


def list_recorded(database: Database) -> list[str]:
    """List every target that has rows, sorted, with one read a target: each jump skips its rows."""
    found: list[str] = []
    while True:
        after = text(place_row(found[-1], None)) if found else None
        page = database.query(
            database.ledger,
            [("by_target", "GREATER_THAN", after)],
            "by_target",
            limit=1,
            only=("by_target",),
        )
        if not page:
            return sorted(found)
        found.append(unpack(page[0].fields["by_target"]).partition("\n")[0])


def list_due(database: Database, now: datetime, limit: int) -> list[Due]:
    """Find what is due, earliest first, those of one instant by name.

    An item without `wake_at` is not in that field's index: what is not scheduled costs nothing.
    """
    before = instant(now)
    if limit < 1:
        return []
    found = database.query(
        database.targets,
        [("wake_at", "LESS_THAN_OR_EQUAL", before)],
        "wake_at",
        limit=limit,
        only=("scalable_target_id", "wake_at"),
    )
    return [
        Due(unpack(document.fields.get("scalable_target_id")), wake_at)
        for document in found
        if (wake_at := moment(document.fields.get("wake_at"))) is not None
    ]


def list_on(database: Database, place: str) -> list[str]:
    """List the targets whose item has this `resource`, sorted."""
    found = database.query(
        database.targets, [("resource", "EQUAL", text(place))], only=("scalable_target_id",)
    )
    return sorted(unpack(document.fields.get("scalable_target_id")) for document in found)


def read_rows(
    database: Database, scalable_target_id: str, after: int, limit: int | None
) -> Iterator[Row]:
    """Read rows with a sequence above `after`, in order, a page at a time."""
    if not is_name(scalable_target_id):
        return
    found = database.walk(
        database.ledger,
        "by_target",
        after=text(place_row(scalable_target_id, max(after, 0))),
        before=text(place_row(scalable_target_id, None)),
        limit=limit,
    )
    for document in found:
        yield read_row(document.fields)


def find_row(database: Database, row_id: str) -> Row | None:
    """Read one row by its id."""
    if not row_id.isascii() or len(row_id) > ID_LIMIT:
        return None
    found = database.query(database.ledger, [("id", "EQUAL", text(row_id))], limit=1)
    return read_row(found[0].fields) if found else None


def newest_rows(
    database: Database, limit: int, scalable_target_id: str | None, kind: str | None
) -> list[Row]:
    """Read the newest rows, of one target in the order of its chain, of all in that of their ids.

    Costs no more reads than there are rows in the answer.
    """
    if scalable_target_id is not None and not is_name(scalable_target_id):
        return []
    after = before = None
    if scalable_target_id is not None and kind is not None:
        field, (after, before) = "by_target_and_kind", ranked(scalable_target_id, kind)
    elif scalable_target_id is not None:
        field, (after, before) = "by_target", ranked(scalable_target_id)
    elif kind is not None:
        field, (after, before) = "by_kind", ranked(kind)
    else:
        field = "id"
    found = database.walk(
        database.ledger,
        field,
        after=None if after is None else text(after),
        before=None if before is None else text(before),
        descending=True,
        limit=limit,
    )
    return [read_row(document.fields) for document in found]


def place_of(config: str) -> str | None:
    """Read where a compiled config's target is; None where it says nothing of Google.

    Returns:
        As place gives it.
    """
    resource = json.loads(config).get("resource")
    try:
        return place(path_of(read_resource(resource)))
    except (AttributeError, ResourceError):
        return None


def place(resource: str) -> str:
    """Give the part of a resource's name that all on one endpoint, pool or model share.

    The project is left out, as one event has its id and another its number.

    Returns:
        "locations/<l>/endpoints/<e>", "locations/<l>/deploymentResourcePools/<p>" or, on AI
        Platform, "models/<m>".
    """
    parts = resource.split("/")
    if parts[0] == "projects":
        parts = parts[2:]
    kept = 4 if parts[:1] == ["locations"] else 2
    return "/".join(parts[:kept])
