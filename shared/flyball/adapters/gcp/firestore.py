"""How is the ledger kept in two collections of Firestore, for any number of functions at once?

Every write is one commit on condition that the item is as it was when it was last seen: its update
time is still the same. So whatever was found in it then holds while it is written:

    holder A   claim ──────────── intent ─ apply ─ outcome, release
    holder B           claim: LeaseHeldError                          claim

    token      A's lease ran out and B took it
    generation register changed the config meanwhile
    sequence   this claim was written with before

The update time is known from the claim, or from the write before, so that a wake reads its item
once. Where it is another, the item is read again: either a condition does not hold any more, or
nothing that matters has changed, and the write is sent again with the newer time.

A row is created on condition that there is none in its place, and says which write it came with:
who sends a write again because its answer was lost finds that it had landed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import uuid4

from flyball.adapters.gcp.database import ConditionError, Database, change, create
from flyball.adapters.gcp.documents import (
    ITEM_LIMIT,
    Document,
    Value,
    fit_rows,
    instant,
    mark_write,
    name_row,
    number,
    pack,
    read_claim,
    read_status,
    row_fields,
    size_of,
    text,
    unpack,
)
from flyball.adapters.gcp.reading import (
    find_row,
    item_name,
    list_due,
    list_items,
    list_on,
    list_recorded,
    newest_rows,
    place,
    place_of,
    read_item,
    read_rows,
)
from flyball.adapters.gcp.session import Session
from flyball.append import append, aware, why_lost
from flyball.core.chain import RETIRED, Row, config_body, retired_body, seal
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
"""Of a write, when others write to the same target meanwhile."""

Known = tuple[str, int, int]
"""Of a claim, what its item must have: token, generation and sequence."""


class FirestoreLedger:
    """A ledger in two collections, for many threads, programs and functions.

    It needs no index beyond those that Firestore makes of every field by itself.

    Args:
        session: How Google is asked; it tries again by itself.
        project: Whose database.
        database: Its id; it is in native mode.
        targets: The collection of items.
        ledger: The collection of rows.
    """

    def __init__(
        self,
        session: Session,
        project: str,
        *,
        database: str = "(default)",
        targets: str = "targets",
        ledger: str = "ledger",
    ) -> None:
        self._database = Database(session, project, database, targets, ledger)
        self._times: dict[str, tuple[Known, str]] = {}

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config, and append a `config` row."""
        check_name("scalable_target_id", scalable_target_id)
        for _ in range(TRIES):
            item = read_item(self._database, scalable_target_id)
            status = read_status(item.fields if item else {})
            if item is not None and status.config_hash == config_hash:
                return status.generation
            generation = status.generation + 1
            body = config_body(config, config_hash, generation)
            row = seal(scalable_target_id, status.sequence + 1, now, "config", body, status.head)
            fields = {
                "scalable_target_id": text(scalable_target_id),
                "config": pack(config),
                "config_hash": text(config_hash),
                "wake_at": instant(now),
            }
            removed = []
            on = place_of(config)
            if on is None:
                removed.append("resource")
            else:
                fields["resource"] = text(on)
            if self._reconfigure(item, row, generation, fields, removed):
                return generation
        raise self._crowded(scalable_target_id)

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Take a target out of service and append a `retired` row."""
        for _ in range(TRIES):
            item = read_item(self._database, scalable_target_id)
            if item is None:
                raise self._unknown(scalable_target_id)
            status = read_status(item.fields)
            if not status.config_hash:
                return status.generation
            generation = status.generation + 1
            body = retired_body(status.config_hash, generation)
            row = seal(scalable_target_id, status.sequence + 1, now, RETIRED, body, status.head)
            fields = {"config_hash": text("")}
            if self._reconfigure(item, row, generation, fields, ["wake_at", "resource"]):
                return generation
        raise self._crowded(scalable_target_id)

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease in one conditional write; it is ours before `until`, not at it.

        Costs one read and one write, or one read where somebody else holds it.
        """
        fields = {"token": text(token), "lease_until": instant(until)}
        at = aware(now)
        for _ in range(TRIES):
            item = read_item(self._database, scalable_target_id)
            status = read_status(item.fields if item else {})
            if item is None or not status.config_hash:
                raise self._unknown(scalable_target_id)
            holder = unpack(item.fields.get("token"))
            if holder not in ("", token) and (status.lease_until or at) > at:
                raise LeaseHeldError(
                    f"{scalable_target_id}: somebody else holds the lease until "
                    f"{status.lease_until}; now is {now}."
                )
            try:
                update_time = self._database.commit(
                    change(item.name, fields, update_time=item.update_time)
                )
            except ConditionError:
                continue
            claim = read_claim(item.fields, token, until)
            self._note(claim, update_time)
            return claim
        raise self._crowded(scalable_target_id)

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Append rows and change the item in one commit, if the claim still holds.

        A row that is too large is cut (see core.evidence) before it is sealed. The same write sent
        again changes nothing more; another one with the same claim is refused.

        Costs one write of the item and one of each row; and a read of the item and of the first
        row's place, where another program took the lease or somebody else was at the item.

        Raises:
            ValueError: More than 99 rows; or as append.
            LeaseLostError: Another holder, generation or sequence; nothing was written.
            LedgerUnavailableError: Nothing was written, or the answer was lost.
            LedgerError: It is too large, or the store needs mending.
        """
        sealed, after = append(claim, fit_rows(claim.scalable_target_id, rows), update)
        mark = mark_write(claim, sealed, update)
        fields, removed = _changed(after, sealed, update, mark)
        target = claim.scalable_target_id
        item_at = item_name(self._database, target)
        creates = [self._create(row, mark) for row in sealed]
        known, update_time = self._times.pop(target, ((), ""))
        if known != _known(claim):
            update_time = ""
        for _ in range(TRIES):
            if not update_time:
                found = self._check(claim, sealed, mark)
                if found is None:
                    return after
                update_time = found
            item = change(item_at, fields, removed, update_time=update_time)
            try:
                update_time = self._database.commit(item, *creates)
            except ConditionError:
                update_time = ""
                continue
            if not update.release:
                self._note(after, update_time)
            return after
        raise self._crowded(target)

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first, by the sparse index."""
        return list_due(self._database, now, limit)

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease."""
        item = read_item(self._database, scalable_target_id)
        if item is None:
            raise self._unknown(scalable_target_id)
        return read_status(item.fields)

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        return list_items(self._database)

    def recorded_ids(self) -> Sequence[str]:
        """List every target that has rows, sorted; also one whose item somebody removed."""
        return list_recorded(self._database)

    def find_targets(self, resource: str) -> Sequence[str]:
        """List the targets on a resource, sorted, so that an event of it finds whom to wake.

        Args:
            resource: Its name, with or without its project: "locations/<l>/endpoints/<e>", also
                with a deployed model, finds whatever is on that endpoint, as an event of it
                concerns them all; likewise "locations/<l>/deploymentResourcePools/<p>", and
                "models/<m>" with or without a version.
        """
        return list_on(self._database, place(resource))

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Read rows with a sequence above `after`, in order, a page at a time."""
        return read_rows(self._database, scalable_target_id, after, limit)

    def row(self, row_id: str) -> Row | None:
        """Read one row by its id."""
        return find_row(self._database, row_id)

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Read the newest rows of one target (by sequence) or of all (by id), newest first."""
        return newest_rows(self._database, limit, scalable_target_id, kind)

    def close(self) -> None:
        """Let go of the session's connections; a second time does nothing."""
        self._database.close()

    def _reconfigure(
        self,
        item: Document | None,
        row: Row,
        generation: int,
        fields: dict[str, Value],
        removed: Sequence[str],
    ) -> bool:
        """Begin a generation with a row; False: somebody wrote since the item was read."""
        target = row.scalable_target_id
        given = {
            **fields,
            "generation": number(generation),
            "sequence": number(row.sequence),
            "head": text(row.hash),
        }
        mark = uuid4().hex
        size = size_of(f"{self._database.ledger}/{target}", row_fields(row, mark))
        if size > ITEM_LIMIT:
            raise LedgerError(
                f"{self._database}: {target}: the config is too large to be stored ({size:,} bytes "
                f"compressed, and {ITEM_LIMIT:,} is the most). Split it, or say less in it."
            )
        name = item_name(self._database, target)
        if item is None:
            first = create(name, given)
        else:
            first = change(name, given, removed, update_time=item.update_time)
        try:
            self._database.commit(first, self._create(row, mark))
        except ConditionError as error:
            now, there = self._database.get(name, self._row_at(row))
            if there is not None and now == item:
                raise self._astray(target) from error
            return False
        return True

    def _check(self, claim: Claim, sealed: Sequence[Row], mark: str) -> str | None:
        """Read when the item was last changed, if the claim still holds; None: it was written."""
        target = claim.scalable_target_id
        names = [item_name(self._database, target), *map(self._row_at, sealed[:1])]
        item, *first = self._database.get(*names)
        status = read_status(item.fields if item else {})
        holder = unpack(item.fields.get("token")) if item else ""
        lost = why_lost(claim, holder, status.generation, status.sequence)
        marked = first[0] if first else item
        if item is not None and lost is None:
            if first and first[0] is not None:
                raise self._astray(target)
            return item.update_time
        if marked is not None and unpack(marked.fields.get("written")) == mark:
            return None
        raise LeaseLostError(lost)

    def _create(self, row: Row, mark: str) -> dict[str, object]:
        return dict(create(self._row_at(row), row_fields(row, mark)))

    def _row_at(self, row: Row) -> str:
        place_id = name_row(row.scalable_target_id, row.sequence)
        return self._database.name_of(self._database.ledger, place_id)

    def _note(self, claim: Claim, update_time: str) -> None:
        """Remember when the item was as this claim says."""
        self._times[claim.scalable_target_id] = _known(claim), update_time

    def _astray(self, scalable_target_id: str) -> LedgerError:
        return LedgerError(
            f"{self._database}: {scalable_target_id}: nothing was written, as the ledger has a "
            "row already that the target's item does not know. Was one collection restored "
            "without the other? `flyball ledger verify` shows what is there."
        )

    def _unknown(self, scalable_target_id: str) -> UnknownTargetError:
        return UnknownTargetError(
            f"{self._database}: no scalable target {scalable_target_id!r} is registered. "
            "`flyball ledger list` shows those that are."
        )

    def _crowded(self, scalable_target_id: str) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            f"{self._database}: {scalable_target_id}: others wrote to it {TRIES} times while it "
            "was to be changed. Nothing was written. Try again."
        )


def _known(claim: Claim) -> Known:
    return claim.token, claim.generation, claim.sequence


def _changed(
    after: Claim, sealed: Sequence[Row], update: ItemUpdate, mark: str
) -> tuple[dict[str, Value], list[str]]:
    """Say which fields of the item a write sets, and which it takes away."""
    fields: dict[str, Value] = {}
    removed: list[str] = []
    if sealed:
        fields |= {"sequence": number(after.sequence), "head": text(after.head)}
    else:
        fields["written"] = text(mark)
    if update.history is not None:
        fields["history"] = pack(update.history)
    if update.seen is not None:
        fields["seen"] = pack(update.seen)
    if update.wake_at is not None:
        fields["wake_at"] = instant(update.wake_at)
    if update.pending is not None and after.pending is not None:
        fields["pending"] = text(after.pending)
    elif update.pending is not None:
        removed.append("pending")
    if update.release:
        removed += ["token", "lease_until"]
    return fields, removed
