"""Which file is a ledger, how does a new one become one, and what is wrong with the others?

Write-ahead logging: readers never wait for the writer, and a transaction is in the file or it is
not, whenever the program is killed. Both tables are STRICT. Triggers refuse to alter or to delete a
ledger row, and to insert one where one is (REPLACE would delete without asking the other two).
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from flyball.ports import LedgerError, LedgerUnavailableError, LedgerVersionError

VERSION = 1
"""Of this schema, in the file's `user_version`. There has been no other."""
APPLICATION_ID = 0x464C5942
""""FLYB" in the file's header: a SQLite file without it is somebody else's."""
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""
CHECKPOINT_PAGES = 4000
"""16 MB of log before it is copied into the file: a wake is 5 to 25 % quicker than with 4 MB."""

_SCHEMA = """
CREATE TABLE targets (
    scalable_target_id TEXT NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL CHECK (generation >= 1),
    token TEXT,
    lease_until INTEGER,
    pending TEXT,
    wake_at INTEGER,
    sequence INTEGER NOT NULL,
    head TEXT NOT NULL,
    seen TEXT NOT NULL DEFAULT '{}',
    history TEXT NOT NULL DEFAULT '{}',
    config_hash TEXT NOT NULL,
    config TEXT NOT NULL
) STRICT;
CREATE INDEX targets_due ON targets (wake_at, scalable_target_id) WHERE wake_at IS NOT NULL;
CREATE TABLE ledger (
    scalable_target_id TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (scalable_target_id, sequence)
) STRICT;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no row is altered'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no row is deleted'); END;
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger
WHEN EXISTS (
    SELECT 1 FROM ledger
    WHERE scalable_target_id = NEW.scalable_target_id AND sequence = NEW.sequence
) OR EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: there is such a row'); END;
CREATE TRIGGER targets_no_delete BEFORE DELETE ON targets
BEGIN SELECT RAISE(ABORT, 'an item holds the head of its chain: it is not deleted'); END;
"""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DENIED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_SPOILT = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_RETRY_S = 0.01


def connect(path: Path, wait_s: float) -> sqlite3.Connection:
    """Open the ledger in this file, and make it first where there is none.

    Args:
        path: The file; its folder must exist.
        wait_s: Seconds to wait for a lock.

    Returns:
        A connection in autocommit mode that several threads may use in turn.

    Raises:
        LedgerUnavailableError: It cannot be opened, written or locked now.
        LedgerVersionError: It is a ledger of another version.
        LedgerError: It is something else, or SQLite is too old.
    """
    check_library(sqlite3.sqlite_version_info)
    _check_place(path)
    try:
        connection = sqlite3.connect(
            path, timeout=wait_s, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise explain(error, path, wait_s) from error
    try:
        _prepare(connection, path, wait_s)
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, path, wait_s) from error
    except BaseException:
        connection.close()
        raise
    return connection


def check_library(version: tuple[int, ...]) -> None:
    """Refuse a SQLite without STRICT tables.

    Raises:
        LedgerError: It is too old.
    """
    if version < OLDEST_SQLITE:
        found, needed = (".".join(map(str, each)) for each in (version, OLDEST_SQLITE))
        raise LedgerError(
            f"Python's sqlite3 module has SQLite {found}; the ledger needs {needed} or newer. "
            "Use a Python that was built with a newer SQLite."
        )


def explain(error: sqlite3.Error, path: Path, wait_s: float) -> LedgerError:
    """Say what SQLite's error means for this ledger, and what to do about it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    nothing = "Nothing was written."
    if code in _BUSY:
        return LedgerUnavailableError(
            f"{path}: the ledger is locked; waited {wait_s:g} s for another process to finish its "
            f"write. {nothing} Try again; `fuser {path}` names who holds it."
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerUnavailableError(
            f"{path}: the disk is full ({error}). {nothing} Free some space, then try again."
        )
    if code == sqlite3.SQLITE_IOERR:
        return LedgerUnavailableError(
            f"{path}: the disk failed, or a quota or file size limit is reached ({error}). "
            f"{nothing} Check the disk and `ulimit -f`, then try again."
        )
    if code in _DENIED:
        return LedgerUnavailableError(
            f"{path}: the ledger cannot be written ({error}). {nothing} Make the file and its "
            "folder writable for this user, or name another file."
        )
    if code in _SPOILT:
        return LedgerError(
            f"{path}: this is not a SQLite file, or a damaged one ({error}). Name another file, or "
            "put a copy of the ledger in its place; `flyball ledger verify` then checks it."
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return LedgerError(
            f"{path}: the ledger refused a row ({error}). {nothing} Its rows and its items do not "
            "fit together: `flyball ledger verify` says where."
        )
    return LedgerError(f"{path}: SQLite failed: {error}.")


def _check_place(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise LedgerUnavailableError(
            f"{path}: its folder {folder} does not exist. Make it (`mkdir -p {folder}`), or name "
            "another file."
        )
    if path.exists() and not path.is_file():
        what = "a directory" if path.is_dir() else "not a regular file"
        raise LedgerUnavailableError(
            f"{path}: this is {what}. Name a file, such as {path / 'ledger.db'}."
        )
    for place in (path, folder):
        if place.exists() and not os.access(place, os.W_OK, effective_ids=_EFFECTIVE):
            raise LedgerUnavailableError(
                f"{path}: the ledger cannot be written, as {place} is read-only for this user. "
                f"Make it writable (`chmod u+w {place}`), or name another file."
            )


_EFFECTIVE = os.access in os.supports_effective_ids


def _prepare(connection: sqlite3.Connection, path: Path, wait_s: float) -> None:
    connection.text_factory = _read_text
    connection.execute("BEGIN")  # one snapshot, as another program may be making the ledger now
    is_new = _is_new(connection, path)
    connection.execute("COMMIT")
    _use_write_ahead_log(connection, path, wait_s)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    if not is_new:
        return
    connection.execute("BEGIN IMMEDIATE")
    if _is_new(connection, path):  # nobody was quicker
        for statement in _statements():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether the file is still empty; refuse it if it is neither that nor ours."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (application_id, version, tables) == (0, 0, 0):
        return True
    if application_id != APPLICATION_ID:
        raise LedgerError(
            f"{path}: this SQLite file is not a Flyball ledger, and was left as it is. Name "
            "another file."
        )
    if version != VERSION:
        which = "an older" if version < VERSION else "a newer"
        remedy = (
            "Read it with the Flyball that wrote it (`flyball ledger export`), move it away and "
            "start a new one."
            if version < VERSION
            else "Install the Flyball that wrote it, or a newer one."
        )
        raise LedgerVersionError(
            f"{path}: the ledger was written by {which} Flyball: found format version {version}, "
            f"expected {VERSION}. It was left as it is. {remedy}"
        )
    return False


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path, wait_s: float) -> None:
    mode = _switch_journal(connection, time.monotonic() + wait_s)
    if mode != "wal":
        raise LedgerError(
            f"{path}: write-ahead logging is not possible here (SQLite stays with {mode}). "
            "Put the ledger on a local disk."
        )


def _switch_journal(connection: sqlite3.Connection, patience_ends: float) -> str:
    """Ask for the mode; SQLite does not always wait for a lock here, so we do."""
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= patience_ends:
                raise
            time.sleep(_RETRY_S)


def _statements() -> list[str]:
    """Split the schema, whose triggers hold semicolons of their own."""
    found: list[str] = []
    part = ""
    for line in _SCHEMA.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found


def _read_text(raw: bytes) -> str:
    """Decode text, also text that was damaged: `verify` then names the row."""
    return raw.decode("utf-8", "replace")
