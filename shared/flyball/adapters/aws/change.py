"""How is one change of a target's item said to DynamoDB, and what does its answer tell?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from flyball.adapters.aws.clients import error_code
from flyball.adapters.aws.items import SHARD, Item, Value, instant, read_status, text, unpack
from flyball.adapters.aws.tables import CONDITION, CONDITION_EXCEPTION, reasons
from flyball.ports import Claim, ItemUpdate

TOKEN_LENGTH = 36
"""Characters of a transaction's token. Source: TransactWriteItems, "ClientRequestToken"."""


class Change:
    """One update of an item: what is set, what is removed, and on which conditions.

    Every name stands behind a placeholder, as many are words that the service keeps for itself.
    """

    def __init__(self) -> None:
        self._sets: dict[str, Value] = {}
        self._removed: list[str] = []
        self._conditions: list[tuple[str, tuple[str | Value, ...]]] = []

    def put(self, name: str, value: Value) -> None:
        """Set an attribute."""
        self._sets[name] = value

    def remove(self, *names: str) -> None:
        """Take attributes away."""
        self._removed += names

    def put_or_remove(self, name: str, value: str | None) -> None:
        """Set a short text; None takes it away."""
        if value is None:
            self.remove(name)
        else:
            self.put(name, text(value))

    def wake(self, at: datetime) -> None:
        """Schedule it: only with both attributes is it in the index of what is due."""
        self.put("wake_at", instant(at))
        self.put("wake_shard", text(SHARD))

    def hold(self, condition: str, *operands: str | Value) -> None:
        """Demand a condition; its placeholders are names (texts) and values."""
        self._conditions.append((condition, operands))

    def request(self, table: str, scalable_target_id: str) -> dict[str, Any]:
        """Write it as the service takes it."""
        names: dict[str, str] = {}
        values: dict[str, Value] = {}

        def place(operand: str | Value) -> str:
            if isinstance(operand, str):
                names[f"#{operand}"] = operand
                return f"#{operand}"
            values[f":{len(values)}"] = operand
            return f":{len(values) - 1}"

        update = []
        if self._sets:
            sets = [f"{place(name)} = {place(value)}" for name, value in self._sets.items()]
            update.append(f"SET {', '.join(sets)}")
        if self._removed:
            update.append(f"REMOVE {', '.join(map(place, self._removed))}")
        conditions = [
            condition.format(*map(place, operands)) for condition, operands in self._conditions
        ]
        return {
            "TableName": table,
            "Key": {"scalable_target_id": text(scalable_target_id)},
            "UpdateExpression": " ".join(update),
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def token_of(claim: Claim, actions: Sequence[Mapping[str, Any]]) -> str:
    """Make a transaction's token: the same again with the same claim is the same transaction.

    No other run has the lease's token, and no other write of this one its sequence.
    """
    said = json.dumps([claim.token, claim.sequence, actions], sort_keys=True, default=bytes.hex)
    return sha256(said.encode()).hexdigest()[:TOKEN_LENGTH]


def item_of(error: ClientError) -> Item | None:
    """Give the item that did not meet the conditions, as it is; None where there is none."""
    answer: Any = error.response
    for reason in (answer, *reasons(error)[:1]):
        if reason.get("Item"):
            item: Item = reason["Item"]
            return item
    return None


def failed_at(error: ClientError) -> int | None:
    """Say which action of a transaction did not meet its condition; None: it was not that."""
    codes = [reason.get("Code") for reason in reasons(error)]
    return codes.index(CONDITION) if CONDITION in codes else None


def landed_before(error: ClientError, after: Claim, update: ItemUpdate) -> bool:
    """Say whether an update of the item alone was refused because its first sending had landed.

    The client sends again when an answer is lost, and so do the tables where others were at the
    item. A lease that was given back is then not ours any more, and all that was to be written is
    there.
    """
    told: Any = error.response.get("ResponseMetadata", {})
    item = item_of(error)
    if error_code(error) != CONDITION_EXCEPTION or not told.get("RetryAttempts") or item is None:
        return False
    found = read_status(item)
    wanted = [
        (found.generation, after.generation),
        (found.sequence, after.sequence),
        (unpack(item.get("token")), "" if update.release else after.token),
    ]
    if update.history is not None:
        wanted.append((found.history, after.history))
    if update.seen is not None:
        wanted.append((unpack(item.get("seen")), after.seen))
    if update.pending is not None:
        wanted.append((found.pending or "", after.pending or ""))
    if update.wake_at is not None:
        wanted.append((str(found.wake_at), str(after.wake_at)))
    return all(one == other for one, other in wanted)


def why_lost(item: Item | None, claim: Claim) -> str:
    """Say which of a write's conditions the item does not meet."""
    nothing = f"{claim.scalable_target_id}: nothing was written, as"
    found = read_status(item or {})
    if item is None or unpack(item.get("token")) != claim.token:
        return f"{nothing} the lease is not held by {claim.token!r} any more."
    if found.generation != claim.generation:
        return f"{nothing} the config is of generation {found.generation}, not {claim.generation}."
    return f"{nothing} there is a row {found.sequence}, and the claim knows {claim.sequence} only."
