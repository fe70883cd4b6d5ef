"""How does one machine keep the ledger in one SQLite file?

One connection, used by one thread at a time; other processes open the file for themselves, and
SQLite lets one of them write at a time. A lease is one UPDATE with its conditions in the WHERE; a
write is one transaction:

    holder A   claim ──────────── intent ─ apply ─ outcome, release
    holder B           claim: LeaseHeldError                          claim

    holder A   claim ── … lease expires … ──────────── write: LeaseLostError (token)
    holder B                                 claim

    holder A   claim ────────────────── write: LeaseLostError (generation)
    register           generation + 1

What is written survives a killed program at once. An intent, and what a human said, also survive
a power cut: only these wait for the disk (`synchronous = FULL`). A power cut may take the newest
holds and outcomes, whole transactions and newest first: an outcome that is gone leaves its intent
pending, which the next wake closes, and a config is registered again at the next start.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flyball.adapters.local.schema import connect, explain
from flyball.append import append, aware
from flyball.core.chain import GENESIS, RETIRED, Row, config_body, retired_body, seal
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

WAIT = timedelta(seconds=5)
"""For a lock, until the ledger is called unavailable."""
PAGE = 256
"""Rows that are read at a time: some 2 MB."""
ROUTINE = frozenset({"decision", "outcome"})
"""Kinds of row that need not be on the disk before we go on, unless they are an intent."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC)

_CLAIM = """
UPDATE targets SET token = :token, lease_until = :until
WHERE scalable_target_id = :id
AND config_hash <> '' AND (token IS NULL OR token = :token OR lease_until <= :now)
RETURNING generation, config, config_hash, history, pending, seen, wake_at, sequence, head
"""
_UPDATE = """
UPDATE targets SET
    sequence = :sequence, head = :head,
    history = coalesce(:history, history),
    seen = coalesce(:seen, seen),
    wake_at = coalesce(:wake_at, wake_at),
    pending = CASE WHEN :keeps_pending THEN pending ELSE :pending END,
    token = CASE WHEN :release THEN NULL ELSE token END,
    lease_until = CASE WHEN :release THEN NULL ELSE lease_until END
WHERE scalable_target_id = :id
AND token = :token AND generation = :generation AND sequence = :after
"""
_CREATE = """
INSERT INTO targets (scalable_target_id, generation, wake_at, sequence, head, config_hash, config)
VALUES (:id, :generation, :now, :sequence, :head, :config_hash, :config)
"""
_RECONFIGURE = """
UPDATE targets SET generation = :generation, wake_at = :now, sequence = :sequence, head = :head,
    config_hash = :config_hash, config = :config
WHERE scalable_target_id = :id
"""
_RETIRE = """
UPDATE targets SET generation = :generation, wake_at = NULL, sequence = :sequence, head = :head,
    config_hash = ''
WHERE scalable_target_id = :id
"""
_LIST = "SELECT scalable_target_id FROM targets WHERE config_hash <> '' ORDER BY 1"
_REGISTERED = """
SELECT generation, config_hash, sequence, head FROM targets WHERE scalable_target_id = ?
"""
_STATUS = """
SELECT scalable_target_id, generation, config, config_hash, history, pending, wake_at, lease_until,
    sequence, head
FROM targets WHERE scalable_target_id = ?
"""
_LEASE = """
SELECT token, generation, sequence FROM targets WHERE scalable_target_id = ?
"""
_DUE = """
SELECT scalable_target_id, wake_at FROM targets INDEXED BY targets_due
WHERE wake_at <= ? ORDER BY wake_at, scalable_target_id LIMIT ?
"""
_INSERT = "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROWS = (
    "SELECT * FROM ledger WHERE scalable_target_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
)
_ROW = "SELECT * FROM ledger WHERE id = ?"


class SqliteLedger:
    """A ledger in one file, for many threads and processes.

    Args:
        path: The file; made when it does not exist. Its folder must.
        wait: How long to wait for another process's write before LedgerUnavailableError.

    Raises:
        LedgerUnavailableError: It cannot be opened or written.
        LedgerVersionError: Another version of Flyball wrote it.
        LedgerError: It is not a ledger.
    """

    def __init__(self, path: Path, wait: timedelta = WAIT) -> None:
        self._path = path
        self._wait_s = wait.total_seconds()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = connect(path, self._wait_s)
        self._is_full = False

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config, and append a `config` row."""
        check_name("scalable_target_id", scalable_target_id)
        with self._held() as connection:
            found = connection.execute(_REGISTERED, (scalable_target_id,)).fetchone()
        if found is not None and found[1] == config_hash:
            return int(found[0])
        with self._held(begin=True) as connection:
            found = connection.execute(_REGISTERED, (scalable_target_id,)).fetchone()
            generation, current, sequence, head = found or (0, None, 0, GENESIS)
            if current == config_hash:  # somebody was quicker
                return int(generation)
            body = config_body(config, config_hash, generation + 1)
            row = seal(scalable_target_id, sequence + 1, now, "config", body, head)
            values = {
                "id": scalable_target_id,
                "generation": generation + 1,
                "now": _store(now),
                "sequence": row.sequence,
                "head": row.hash,
                "config_hash": config_hash,
                "config": config,
            }
            connection.execute(_INSERT, _stored(row))
            connection.execute(_CREATE if found is None else _RECONFIGURE, values)
        return int(generation) + 1

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Take a target out of service and append a `retired` row."""
        with self._held(begin=True) as connection:
            found = connection.execute(_REGISTERED, (scalable_target_id,)).fetchone()
            if found is None:
                raise self._unknown(scalable_target_id)
            generation, current, sequence, head = found
            if not current:
                return int(generation)
            body = retired_body(current, generation + 1)
            row = seal(scalable_target_id, sequence + 1, now, RETIRED, body, head)
            values = {
                "id": scalable_target_id,
                "generation": generation + 1,
                "sequence": row.sequence,
                "head": row.hash,
            }
            connection.execute(_INSERT, _stored(row))
            connection.execute(_RETIRE, values)
        return int(generation) + 1

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease in one conditional write; it is ours before `until`, not at it."""
        values = {
            "id": scalable_target_id,
            "token": token,
            "now": _store(now),
            "until": _store(until),
        }
        with self._held() as connection:
            found = connection.execute(_CLAIM, values).fetchall()
        if not found:
            held = self.status(scalable_target_id)
            if not held.config_hash:
                raise self._unknown(scalable_target_id)
            raise LeaseHeldError(
                f"{scalable_target_id}: somebody else holds the lease until {held.lease_until}; "
                f"now is {now}."
            )
        ((generation, config, config_hash, history, pending, seen, wake_at, *tail),) = found
        return Claim(
            scalable_target_id,
            token,
            aware(until),
            generation,
            config,
            config_hash,
            history,
            pending,
            seen,
            _load(wake_at),
            *tail,
        )

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Append rows and change the item in one transaction, if the claim still holds.

        A claim can be written with once: each write returns the one for the next. So a write that
        is sent twice is refused the second time.
        """
        sealed, after = append(claim, rows, update)
        values = {
            "id": claim.scalable_target_id,
            "token": claim.token,
            "generation": claim.generation,
            "after": claim.sequence,
            "sequence": after.sequence,
            "head": after.head,
            "history": update.history,
            "seen": update.seen,
            "wake_at": None if update.wake_at is None else _store(update.wake_at),
            "keeps_pending": update.pending is None,
            "pending": after.pending,
            "release": update.release,
        }
        is_full = bool(update.pending) or any(row.kind not in ROUTINE for row in rows)
        with self._held(begin=bool(sealed), is_full=is_full) as connection:
            if connection.execute(_UPDATE, values).rowcount != 1:
                raise LeaseLostError(self._why_lost(connection, claim))
            if sealed:
                connection.executemany(_INSERT, map(_stored, sealed))
        return after

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first, by the sparse index."""
        with self._held() as connection:
            found = connection.execute(_DUE, (_store(now), max(limit, 0))).fetchall()
        return [Due(target, _instant(wake_at)) for target, wake_at in found]

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease."""
        with self._held() as connection:
            found = connection.execute(_STATUS, (scalable_target_id,)).fetchone()
        if found is None:
            raise self._unknown(scalable_target_id)
        status = TargetStatus(*found)
        return status._replace(wake_at=_load(found[6]), lease_until=_load(found[7]))

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        with self._held() as connection:
            found = connection.execute(_LIST)
            return [target for (target,) in found.fetchall()]

    def recorded_ids(self) -> Sequence[str]:
        """List every target that has rows, sorted; also one whose item somebody removed."""
        with self._held() as connection:
            found = connection.execute("SELECT DISTINCT scalable_target_id FROM ledger ORDER BY 1")
            return [target for (target,) in found.fetchall()]

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Read rows with a sequence above `after`, in order, a page at a time.

        No lock is held between pages; rows that are appended meanwhile are read too.
        """
        left = limit
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            with self._held() as connection:
                found = connection.execute(_ROWS, (scalable_target_id, after, page)).fetchall()
            yield from map(_loaded, found)
            if len(found) < page:
                return
            after = found[-1][1]
            left = None if left is None else left - page

    def row(self, row_id: str) -> Row | None:
        """Read one row by its id."""
        with self._held() as connection:
            found = connection.execute(_ROW, (row_id,)).fetchone()
        return None if found is None else _loaded(found)

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Read the newest rows of one target (by sequence) or of all (by id), newest first."""
        order = "id" if scalable_target_id is None else "sequence"
        wanted = {"scalable_target_id": scalable_target_id, "kind": kind}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f" AND {name} = :{name}" for name in given)
        query = f"SELECT * FROM ledger WHERE TRUE{where} ORDER BY {order} DESC LIMIT :limit"  # noqa: S608
        with self._held() as connection:
            found = connection.execute(query, {**given, "limit": max(limit, 0)}).fetchall()
        return [_loaded(row) for row in found]

    def close(self) -> None:
        """Let go of the file; a second time does nothing."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _held(self, *, begin: bool = False, is_full: bool = False) -> Iterator[sqlite3.Connection]:
        """Have the connection to ourselves, and with `begin` the file, to the end of the block."""
        if not self._lock.acquire(timeout=self._wait_s):
            raise LedgerUnavailableError(
                f"{self._path}: another thread was at it for over {self._wait_s:g} s. Nothing was "
                "written. Try again."
            )
        try:
            if self._connection is None:
                raise LedgerError(f"{self._path}: this ledger was closed. Open it again.")
            with self._transaction(self._connection, begin=begin, is_full=is_full) as connection:
                yield connection
        except sqlite3.Error as error:
            raise explain(error, self._path, self._wait_s) from error
        finally:
            self._lock.release()

    @contextmanager
    def _transaction(
        self, connection: sqlite3.Connection, *, begin: bool, is_full: bool
    ) -> Iterator[sqlite3.Connection]:
        if begin and is_full != self._is_full:
            connection.execute(f"PRAGMA synchronous = {'FULL' if is_full else 'NORMAL'}")
            self._is_full = is_full
        if begin:
            connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            if begin:
                connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _unknown(self, scalable_target_id: str) -> UnknownTargetError:
        return UnknownTargetError(
            f"{self._path}: no scalable target {scalable_target_id!r} is registered. "
            "`flyball ledger list` shows those that are."
        )

    def _why_lost(self, connection: sqlite3.Connection, claim: Claim) -> str:
        nothing = f"{claim.scalable_target_id}: nothing was written, as"
        found = connection.execute(_LEASE, (claim.scalable_target_id,)).fetchone()
        if found is None or found[0] != claim.token:
            return f"{nothing} the lease is not held by {claim.token!r} any more."
        if found[1] != claim.generation:
            return f"{nothing} the config is of generation {found[1]}, not {claim.generation}."
        return f"{nothing} there is a row {found[2]}, and the claim knows {claim.sequence} only."


def _store(at: datetime) -> int:
    """Count microseconds since 1970."""
    return (aware(at) - _EPOCH) // _MICROSECOND


def _load(stored: int | None) -> datetime | None:
    return None if stored is None else _instant(stored)


def _instant(stored: int) -> datetime:
    """Read an instant, also one that was damaged: `verify` then names the row."""
    try:
        return _EPOCH + timedelta(microseconds=stored)
    except OverflowError:
        return _LATEST


def _stored(row: Row) -> tuple[Any, ...]:
    return row._replace(at=_store(row.at))  # type: ignore[arg-type]  # the column's form


def _loaded(found: tuple[Any, ...]) -> Row:
    target, sequence, row_id, at, kind, body, previous_hash, own_hash = found
    return Row(target, sequence, row_id, _instant(at), kind, body, previous_hash, own_hash)
