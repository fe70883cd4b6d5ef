"""How are items and rows found in DynamoDB without an index on the rows?

An index would cost a write for every decision. A row's id holds its sequence and a mark of its
target, and those two are the row's key; the newest rows of all targets are the newest of each,
merged. Reads of the tables are consistent: a chain must not seem to lack its newest row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import chain, islice
from typing import Any

from flyball.adapters.aws.items import SHARD, Item, instant, number, read_row, text
from flyball.adapters.aws.resource import ResourceError, endpoint_of, resource_key
from flyball.adapters.aws.tables import Tables
from flyball.core.chain import Row, name_row
from flyball.ports import Due

PAGE = 256
"""Rows that are asked for at a time; the service sends no more than 1 MB of them."""
FILTERED = 4
"""Rows that are looked at for one of a kind that is looked for."""
AT_ONCE = 8
"""Targets whose newest rows are read at once: the connections that a client keeps."""
KEY_LIMIT = 2_048
"""Bytes of a partition key. Source: DynamoDB Developer Guide, "Quotas"."""

ENDPOINT = "endpoint/"
"""How the key of a resource on an endpoint begins."""

_ID = re.compile(r"-(\d{6,18})-([0-9a-f]{16})")
_BEYOND = "9" * 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_key(scalable_target_id: str) -> bool:
    """Say whether a name can be a key at all; no other is registered."""
    return 1 <= len(scalable_target_id.encode("utf-8", "replace")) <= KEY_LIMIT


def mark_of(scalable_target_id: str) -> str:
    """Give the mark that the ids of a target's rows end in."""
    return name_row(scalable_target_id, 0, _EPOCH).rpartition("-")[2]


def split_id(row_id: str) -> tuple[int, str] | None:
    """Read a row's sequence and its target's mark from its id; None where it is not ours."""
    match = _ID.search(row_id)
    return (int(match[1]), match[2]) if match else None


def read_item(tables: Tables, scalable_target_id: str) -> Item | None:
    """Read one target's item as it is now; None where there is none."""
    if not is_key(scalable_target_id):
        return None
    key = {"scalable_target_id": text(scalable_target_id)}
    answer = tables.call("get_item", TableName=tables.targets, Key=key, ConsistentRead=True)
    return answer.get("Item")


def list_items(tables: Tables, *, retired: bool) -> list[str]:
    """List every target that has an item, sorted; those that were retired too, or not."""
    names = {"#id": "scalable_target_id"}
    request: dict[str, Any] = {}
    if not retired:
        names["#config_hash"] = "config_hash"
        request["FilterExpression"] = "#config_hash <> :none"
        request["ExpressionAttributeValues"] = {":none": text("")}
    found = tables.items(
        "scan",
        TableName=tables.targets,
        ProjectionExpression="#id",
        ExpressionAttributeNames=names,
        ConsistentRead=True,
        **request,
    )
    return sorted(item["scalable_target_id"]["S"] for item in found)


def list_recorded(tables: Tables) -> list[str]:
    """List every target that has rows, sorted, with one read a target: each jump skips its rows."""
    found: list[str] = []
    request: dict[str, Any] = {
        "TableName": tables.ledger,
        "Limit": 1,
        "ProjectionExpression": "#id",
        "ExpressionAttributeNames": {"#id": "scalable_target_id"},
        "ConsistentRead": True,
    }
    while True:
        page = tables.call("scan", **request)
        if not page["Items"]:
            return sorted(found)
        key = page["Items"][0]["scalable_target_id"]
        found.append(key["S"])
        request["ExclusiveStartKey"] = {"scalable_target_id": key, "sequence": {"N": _BEYOND}}


def list_due(tables: Tables, now: datetime, limit: int) -> list[Due]:
    """Find what is due, earliest first, those of one instant by name.

    The index may lag by a moment: a target that is found twice is turned away at its second claim.
    """
    before = instant(now)
    if limit < 1:
        return []
    found: list[tuple[str, str]] = []
    for item in tables.items(
        "query",
        TableName=tables.targets,
        IndexName="due",
        KeyConditionExpression="#shard = :shard AND #wake_at <= :now",
        ExpressionAttributeNames={"#shard": "wake_shard", "#wake_at": "wake_at"},
        ExpressionAttributeValues={":shard": text(SHARD), ":now": before},
        Limit=limit + 1,
    ):
        entry = item["wake_at"]["S"], item["scalable_target_id"]["S"]
        if len(found) >= limit and entry[0] != found[-1][0]:
            break  # those of the last one's instant were read to their end
        found.append(entry)
    earliest = sorted(found)[:limit]
    return [Due(target, datetime.fromisoformat(at)) for at, target in earliest]


def list_on(tables: Tables, place: str) -> list[str]:
    """List the targets whose item has this `resource`, sorted; the index may lag by a moment."""
    found = tables.items(
        "query",
        TableName=tables.targets,
        IndexName="resource",
        KeyConditionExpression="#resource = :resource",
        ExpressionAttributeNames={"#resource": "resource"},
        ExpressionAttributeValues={":resource": text(place)},
    )
    return sorted(item["scalable_target_id"]["S"] for item in found)


def read_rows(
    tables: Tables, scalable_target_id: str, after: int, limit: int | None
) -> Iterator[Row]:
    """Read rows with a sequence above `after`, in order, a page at a time."""
    if not is_key(scalable_target_id) or (limit is not None and limit < 1):
        return
    found = tables.items(
        "query",
        TableName=tables.ledger,
        KeyConditionExpression="#id = :id AND #sequence > :after",
        ExpressionAttributeNames={"#id": "scalable_target_id", "#sequence": "sequence"},
        ExpressionAttributeValues={":id": text(scalable_target_id), ":after": number(after)},
        ConsistentRead=True,
        Limit=PAGE if limit is None else min(PAGE, limit),
    )
    yield from map(read_row, islice(found, limit))


def find_row(tables: Tables, scalable_target_id: str, sequence: int) -> Row | None:
    """Read one row by its key."""
    key = {"scalable_target_id": text(scalable_target_id), "sequence": number(sequence)}
    answer = tables.call("get_item", TableName=tables.ledger, Key=key, ConsistentRead=True)
    return read_row(answer["Item"]) if "Item" in answer else None


def newest_rows(
    tables: Tables, scalable_target_id: str, limit: int, kind: str | None
) -> Iterator[Row]:
    """Read one target's rows, the newest written first, about `limit` at a time."""
    if not is_key(scalable_target_id):
        return
    names, values = {"#id": "scalable_target_id"}, {":id": text(scalable_target_id)}
    request: dict[str, Any] = {"Limit": limit}
    if kind is not None:
        names["#kind"], values[":kind"] = "kind", text(kind)
        request = {"Limit": max(limit * FILTERED, PAGE), "FilterExpression": "#kind = :kind"}
    found = tables.items(
        "query",
        TableName=tables.ledger,
        KeyConditionExpression="#id = :id",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        ConsistentRead=True,
        **request,
    )
    yield from map(read_row, found)


def newest_of_all(
    tables: Tables, scalable_target_ids: Sequence[str], limit: int, kind: str | None
) -> Iterator[Row]:
    """Merge the newest rows of many targets by their ids, newest first.

    Of each target they come in the order in which they were written, whatever its clock did: so
    the first rows stay the first, however many are asked for. No more of a target is read than
    its share and what the merge then asks for.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (no function needs it)

    share = min(limit, 2 + limit // max(len(scalable_target_ids), 1))

    def start(scalable_target_id: str) -> Iterator[Row]:
        rows = newest_rows(tables, scalable_target_id, share, kind)
        return chain(tuple(islice(rows, 1)), rows)  # its first page is read here

    with ThreadPoolExecutor(AT_ONCE) as pool:
        streams = list(pool.map(start, scalable_target_ids))
    yield from merge(*streams, key=lambda row: row.id, reverse=True)


def place_of(config: str) -> str | None:
    """Read where a compiled config's target is; None where it says nothing of AWS."""
    resource = json.loads(config).get("resource")
    try:
        on = endpoint_of(resource)
        return place(resource_key(resource)) if on is None else f"{ENDPOINT}{on}"
    except (AttributeError, ResourceError):
        return None


def place(resource: str) -> str:
    """Give the part of a resource's key that all on one endpoint share."""
    if not resource.startswith(ENDPOINT):
        return resource
    return ENDPOINT + resource.removeprefix(ENDPOINT).partition("/")[0]
