"""How is the ledger kept in two tables of DynamoDB, for any number of functions at once?

A claim is one conditional update of the target's item. A write with rows is one transaction over
both tables, on three conditions, each with its own reason to fail:

    holder A   claim ──────────── intent ─ apply ─ outcome, release
    holder B           claim: LeaseHeldError                          claim

    token      A's lease ran out and B took it
    generation register changed the config meanwhile
    sequence   this claim was written with before

A row is put on condition that there is none with its key, so that nobody who may only put can
change one. There is no way around the transaction: a row that is put first would stay, in the way
of all others, when the item's condition then fails; a row that is put last is missing when the
function is killed in between, and to keep it in the item meanwhile costs as much as it saves.

The client sends the same transaction again after a lost answer, and so do we where it met another
or was throttled: its token is made from the claim and from what it says, and within ten minutes the
second one changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from time import sleep
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from flyball.adapters.aws.change import (
    Change,
    failed_at,
    item_of,
    landed_before,
    token_of,
    why_lost,
)
from flyball.adapters.aws.clients import error_code
from flyball.adapters.aws.items import (
    ITEM_LIMIT,
    Item,
    fit_rows,
    instant,
    number,
    pack,
    read_claim,
    read_status,
    row_item,
    size_of,
    text,
)
from flyball.adapters.aws.reading import (
    find_row,
    is_key,
    list_due,
    list_items,
    list_on,
    list_recorded,
    mark_of,
    newest_of_all,
    newest_rows,
    place,
    place_of,
    read_item,
    read_rows,
    split_id,
)
from flyball.adapters.aws.tables import CANCELLED, CONFLICT_EXCEPTION, Tables
from flyball.append import append, aware
from flyball.core.chain import (
    RETIRED,
    Row,
    config_body,
    retired_body,
    seal,
)
from flyball.core.check import check_name
from flyball.ports import (
    Claim,
    Due,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    LedgerError,
    LedgerUnavailableError,
    NewRow,
    TargetStatus,
    UnknownTargetError,
)

TRIES = 8
"""Of a change of the config, when others write to the same target meanwhile."""


class DynamoLedger:
    """A ledger in two tables, for many threads, programs and functions.

    Args:
        client: boto3's `dynamodb` client; it tries again by itself.
        targets: Name of the table of items: key scalable_target_id, index `due` (wake_shard,
            wake_at) and index `resource` (resource), both of keys only.
        ledger: Name of the table of rows: key scalable_target_id and sequence.
        rest: Waits so many seconds before a write is sent again.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401
        *,
        targets: str,
        ledger: str,
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._tables = Tables(client, targets, ledger, rest)
        self._marks: dict[str, str] = {}

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config, and append a `config` row."""
        check_name("scalable_target_id", scalable_target_id)
        for _ in range(TRIES):
            item = read_item(self._tables, scalable_target_id)
            status = read_status(item or {})
            if item is not None and status.config_hash == config_hash:
                return status.generation
            generation = status.generation + 1
            body = config_body(config, config_hash, generation)
            row = seal(scalable_target_id, status.sequence + 1, now, "config", body, status.head)
            change = Change()
            change.put("config", pack(config))
            change.put("config_hash", text(config_hash))
            change.wake(now)
            change.put_or_remove("resource", place_of(config))
            if self._reconfigure(status, item, row, change):
                return generation
        raise self._crowded(scalable_target_id)

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Take a target out of service and append a `retired` row."""
        for _ in range(TRIES):
            item = read_item(self._tables, scalable_target_id)
            if item is None:
                raise self._unknown(scalable_target_id)
            status = read_status(item)
            if not status.config_hash:
                return status.generation
            generation = status.generation + 1
            body = retired_body(status.config_hash, generation)
            row = seal(scalable_target_id, status.sequence + 1, now, RETIRED, body, status.head)
            change = Change()
            change.put("config_hash", text(""))
            change.remove("wake_at", "wake_shard", "resource")
            if self._reconfigure(status, item, row, change):
                return generation
        raise self._crowded(scalable_target_id)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease in one conditional write; it is ours before `until`, not at it.

        Costs one write of the item: its kilobytes, rounded up.
        """
        change = Change()
        change.put("token", text(token))
        change.put("lease_until", instant(until))
        change.hold("attribute_exists({})", "scalable_target_id")
        change.hold("{} <> {}", "config_hash", text(""))
        free = "(attribute_not_exists({0}) OR {0} = {1} OR {2} <= {3})"
        change.hold(free, "token", text(token), "lease_until", instant(now))
        if not is_key(scalable_target_id):
            raise self._unknown(scalable_target_id)
        request = change.request(self._tables.targets, scalable_target_id)
        try:
            answer = self._tables.insist("update_item", **request, ReturnValues="ALL_NEW")
        except ClientError as error:
            raise self._not_claimed(scalable_target_id, now, error) from error
        self._marks[mark_of(scalable_target_id)] = scalable_target_id
        return read_claim(answer["Attributes"], token, until)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Append rows and change the item in one transaction, if the claim still holds.

        A row that is too large is cut (see core.evidence) before it is sealed. The same write sent
        again within ten minutes changes nothing more; another one with the same claim is refused.

        Costs one write of the item, or with rows twice that and two writes of each row; and two
        units of the index `due` where wake_at moves.

        Raises:
            ValueError: More than 99 rows; or as append.
            LeaseLostError: Another holder, generation or sequence; nothing was written.
            LedgerUnavailableError: Nothing was written, or the answer was lost.
            LedgerError: It is too large, or the store needs mending.
        """
        sealed, after = append(claim, fit_rows(claim.scalable_target_id, rows), update)
        change = Change()
        if sealed:
            change.put("sequence", number(after.sequence))
            change.put("head", text(after.head))
        if update.history is not None:
            change.put("history", pack(update.history))
        if update.seen is not None:
            change.put("seen", pack(update.seen))
        if update.wake_at is not None:
            change.wake(update.wake_at)
        if update.pending is not None:
            change.put_or_remove("pending", after.pending)
        if update.release:
            change.remove("token", "lease_until")
        elif not sealed:
            change.put("token", text(claim.token))  # an update says something, if only this
        change.hold("{} = {}", "token", text(claim.token))
        change.hold("{} = {}", "generation", number(claim.generation))
        change.hold("{} = {}", "sequence", number(claim.sequence))
        request = change.request(self._tables.targets, claim.scalable_target_id)
        try:
            if sealed:
                self._transact(request, sealed, claim)
            else:
                self._tables.insist("update_item", **request)
        except ClientError as error:
            if not sealed and landed_before(error, after, update):
                return after
            raise self._not_written(claim, error) from error
        return after

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first, by the sparse index."""
        return list_due(self._tables, now, limit)

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease."""
        item = read_item(self._tables, scalable_target_id)
        if item is None:
            raise self._unknown(scalable_target_id)
        return read_status(item)

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        return list_items(self._tables, retired=False)

    def recorded_ids(self) -> Sequence[str]:
        """List every target that has rows, sorted; also one whose item somebody removed."""
        return list_recorded(self._tables)

    def find_targets(self, resource: str) -> Sequence[str]:
        """List the targets on a resource, sorted, so that an event of it finds whom to wake.

        Args:
            resource: As resource_key names it. "endpoint/<e>", with or without a variant, finds
                whatever is on that endpoint: an event of it concerns them all.
        """
        return list_on(self._tables, place(resource))

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Read rows with a sequence above `after`, in order, a page at a time."""
        return read_rows(self._tables, scalable_target_id, after, limit)

    def row(self, row_id: str) -> Row | None:
        """Read one row by its id."""
        split = split_id(row_id)
        if split is None:
            return None
        sequence, mark = split
        for list_more in (_no_more, self._list_all, self.recorded_ids):
            self._marks.update((mark_of(target), target) for target in list_more())
            if mark in self._marks:
                row = find_row(self._tables, self._marks[mark], sequence)
                return row if row is not None and row.id == row_id else None
        return None

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Read the newest rows of one target (by sequence) or of all (merged by id), newest first.

        Rows of a target whose item somebody removed are found by its name only.
        """
        if limit < 1:
            return []
        if scalable_target_id is not None:
            found = newest_rows(self._tables, scalable_target_id, limit, kind)
        else:
            found = newest_of_all(self._tables, self._list_all(), limit, kind)
        return list(islice(found, limit))

    def close(self) -> None:
        """Let go of the client's connections; a second time does nothing."""
        self._tables.close()

    def _list_all(self) -> Sequence[str]:
        return list_items(self._tables, retired=True)

    def _reconfigure(
        self, status: TargetStatus, item: Item | None, row: Row, change: Change
    ) -> bool:
        """Begin a generation with a row; False: somebody wrote since the item was read."""
        change.put("generation", number(status.generation + 1))
        change.put("sequence", number(row.sequence))
        change.put("head", text(row.hash))
        if item is None:
            change.hold("attribute_not_exists({})", "scalable_target_id")
        else:
            change.hold("{} = {}", "generation", number(status.generation))
            change.hold("{} = {}", "sequence", number(status.sequence))
        target = row.scalable_target_id
        size = size_of(row_item(row))
        if size > ITEM_LIMIT:
            raise LedgerError(
                f"{self._tables}: {target}: the config is too large to be stored ({size:,} bytes "
                f"compressed, and {ITEM_LIMIT:,} is the most). Split it, or say less in it."
            )
        try:
            self._transact(change.request(self._tables.targets, target), [row])
        except ClientError as error:
            if failed_at(error) == 0:
                return False
            raise self._not_transacted(target, error) from error
        return True

    def _transact(
        self, request: Mapping[str, Any], rows: Sequence[Row], claim: Claim | None = None
    ) -> None:
        """Send one transaction; without a claim its token is a new one a call."""
        actions: list[dict[str, Any]] = [{"Update": request}]
        for row in rows:
            put = {
                "TableName": self._tables.ledger,
                "Item": row_item(row),
                "ConditionExpression": "attribute_not_exists(#id)",
                "ExpressionAttributeNames": {"#id": "scalable_target_id"},
            }
            actions.append({"Put": put})
        token = uuid4().hex if claim is None else token_of(claim, actions)
        self._tables.insist("transact_write_items", TransactItems=actions, ClientRequestToken=token)

    def _not_claimed(
        self, scalable_target_id: str, now: datetime, error: ClientError
    ) -> LedgerError:
        """Say why a claim was refused: nobody knows the target, or somebody is at it."""
        if error_code(error) == CONFLICT_EXCEPTION:  # reads never conflict: ask who it is
            item = read_item(self._tables, scalable_target_id)
            lease_until = None if item is None else read_status(item).lease_until
            if lease_until is None or lease_until <= aware(now):
                return self._tables.explain(error)
        else:
            item = self._met(error, scalable_target_id)
        status = read_status(item or {})
        if not status.config_hash:
            return self._unknown(scalable_target_id)
        return LeaseHeldError(
            f"{scalable_target_id}: somebody else holds the lease until {status.lease_until}; "
            f"now is {now}."
        )

    def _not_written(self, claim: Claim, error: ClientError) -> LedgerError:
        if error_code(error) == CANCELLED and failed_at(error) != 0:
            return self._not_transacted(claim.scalable_target_id, error)
        if error_code(error) == CONFLICT_EXCEPTION:
            return self._tables.explain(error)
        item = self._met(error, claim.scalable_target_id)
        return LeaseLostError(why_lost(item, claim))

    def _met(self, error: ClientError, scalable_target_id: str) -> Item | None:
        """Give the item that a condition met; not every engine sends it with its refusal."""
        return item_of(error) or read_item(self._tables, scalable_target_id)

    def _not_transacted(self, scalable_target_id: str, error: ClientError) -> LedgerError:
        """Say why a transaction failed whose item was as it should be."""
        if failed_at(error) is not None:
            return LedgerError(
                f"{self._tables}: {scalable_target_id}: nothing was written, as the ledger has a "
                "row already that the target's item does not know. Was one table restored without "
                "the other? `flyball ledger verify` shows what is there."
            )
        return self._tables.explain_cancelled(error)

    def _unknown(self, scalable_target_id: str) -> UnknownTargetError:
        return UnknownTargetError(
            f"{self._tables}: no scalable target {scalable_target_id!r} is registered. "
            "`flyball ledger list` shows those that are."
        )

    def _crowded(self, scalable_target_id: str) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            f"{self._tables}: {scalable_target_id}: others wrote to it {TRIES} times while its "
            "config was to be changed. Nothing was written. Try again."
        )


def _no_more() -> Sequence[str]:
    return ()
