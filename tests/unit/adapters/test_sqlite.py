"""Does the ledger in a file keep its rows, whatever is done to it by whom?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flyball.adapters.local.sqlite import _DUE, SqliteLedger
from flyball.ports import (
    ItemUpdate,
    LedgerError,
    LedgerUnavailableError,
    NewRow,
)
from tests.unit.adapters.steps import HOLD, MINUTE, SHORT, T0, faults, raw, take


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for a ledger."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    """Open a ledger with one target and three rows."""
    with closing(SqliteLedger(path, SHORT)) as opened:
        opened.register("a", "{}", "h", T0)
        opened.write(take(opened), [HOLD, HOLD], ItemUpdate(release=True))
        yield opened


ATTEMPTS = [
    "UPDATE ledger SET body = 'x' WHERE sequence = 2",
    "UPDATE OR REPLACE ledger SET sequence = 1 WHERE sequence = 2",
    "UPDATE ledger SET hash = hash",
    "DELETE FROM ledger WHERE sequence = 3",
    "DELETE FROM ledger",
    "REPLACE INTO ledger SELECT 'a', 2, 'new', 0, 'x', 'x', hash, hash FROM ledger",
    "INSERT OR REPLACE INTO ledger SELECT 'a', 99, id, 0, 'x', 'x', hash, hash FROM ledger",
    "INSERT INTO ledger SELECT * FROM ledger WHERE TRUE ON CONFLICT DO UPDATE SET body = 'x'",
    "INSERT INTO ledger SELECT * FROM ledger WHERE sequence = 1",
    "INSERT INTO ledger VALUES ('a', 0, 'x', 0, 'x', 'x', 'x', 'x')",
    "INSERT INTO ledger VALUES ('a', 9, 'x', 'noon', 'x', 'x', 'x', 'x')",
    "DELETE FROM targets",
]


@pytest.mark.parametrize("statement", ATTEMPTS)
def test_no_statement_alters_or_removes_a_row(
    ledger: SqliteLedger, path: Path, statement: str
) -> None:
    """Not even one that comes from another program."""
    before = list(ledger.rows("a"))
    with raw(path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert list(ledger.rows("a")) == before
    assert faults(ledger) == []


DAMAGES = {
    "body": ("UPDATE ledger SET body = 'x' WHERE sequence = 2", [("changed", 2)]),
    "not UTF-8": (
        "UPDATE ledger SET body = CAST(x'7bff7d' AS TEXT) WHERE sequence = 2",
        [("changed", 2)],
    ),
    "year 292277": (
        "UPDATE ledger SET at = 9223372036854775807 WHERE sequence = 2",
        [("changed", 2)],
    ),
    "moved": ("UPDATE ledger SET sequence = 77 WHERE sequence = 2", [("reordered", 2)]),
    "removed": ("DELETE FROM ledger WHERE sequence = 2", [("removed", 2)]),
    "cut short": ("DELETE FROM ledger WHERE sequence > 1", [("removed", 2)]),
    "of another": (
        "UPDATE ledger SET scalable_target_id = 'b' WHERE sequence = 1",
        [("removed", 1)],
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_whoever_drops_the_triggers_is_found_out(
    ledger: SqliteLedger, path: Path, damage: str
) -> None:
    """Damaged rows can still be read, so that they can be named."""
    statement, expected = DAMAGES[damage]
    with raw(path) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("DROP TRIGGER ledger_no_delete")
        connection.execute(statement)
    assert faults(ledger) == expected


def test_a_forged_row_in_the_place_of_the_next_stops_the_chain(
    ledger: SqliteLedger, path: Path
) -> None:
    """The write fails as a whole, and says what to do."""
    with raw(path) as connection:
        connection.execute("INSERT INTO ledger VALUES ('a', 4, 'x', 0, 'x', 'x', 'x', 'x')")
    claim = take(ledger)
    with pytest.raises(LedgerError, match=r"ledger\.db: the ledger refused a row.*ledger verify"):
        ledger.write(claim, [HOLD], ItemUpdate(history='{"x":1}', release=True))
    assert ledger.status("a").sequence == 3
    assert ledger.status("a").lease_until == T0 + MINUTE
    assert faults(ledger) == [("inserted", 4)]


def test_due_targets_are_found_by_the_sparse_index_alone(ledger: SqliteLedger, path: Path) -> None:
    """A quiet target costs no reads, and one that is not scheduled no place in the index."""
    with raw(path) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_DUE}", (0, 1))]
        (index,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'targets_due'")
        connection.execute("UPDATE targets SET wake_at = NULL")
    assert len(plan) == 1
    assert "USING COVERING INDEX targets_due (wake_at<?)" in plan[0]
    assert "WHERE wake_at IS NOT NULL" in index[0]
    assert list(ledger.due(T0 + 99 * MINUTE, 9)) == []
    assert ledger.status("a").wake_at is None


def test_an_intent_waits_for_the_disk_and_a_hold_does_not(ledger: SqliteLedger) -> None:
    """A power cut may take a hold; it must not take an intent, or a human's word."""
    connection = ledger._connection
    assert connection is not None

    def waits() -> bool:
        return bool(connection.execute("PRAGMA synchronous").fetchone() == (2,))

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    claim = ledger.write(take(ledger), [HOLD], ItemUpdate())
    assert not waits()
    claim = ledger.write(claim, [HOLD], ItemUpdate(pending=True))
    assert waits()
    claim = ledger.write(claim, [NewRow("outcome", T0, "{}")], ItemUpdate(pending=False))
    assert not waits()
    ledger.write(claim, [NewRow("pause", T0, "{}")], ItemUpdate())
    assert waits()


def test_a_locked_ledger_is_unavailable_and_says_how_long_it_waited(
    ledger: SqliteLedger, path: Path
) -> None:
    """Reading goes on; writing does again when the lock is gone."""
    claim = take(ledger)
    with raw(path) as other:
        other.execute("BEGIN IMMEDIATE")
        for act in (
            lambda: ledger.claim("a", "t", T0, T0 + MINUTE),
            lambda: ledger.write(claim, [HOLD], ItemUpdate()),
            lambda: ledger.write(claim, [], ItemUpdate(release=True)),
            lambda: ledger.register("a", "{}", "h2", T0),
        ):
            with pytest.raises(LedgerUnavailableError, match=rf"{path}.*locked; waited 0\.05 s"):
                act()
        assert faults(ledger) == []
    assert ledger.write(claim, [HOLD], ItemUpdate()).sequence == 4


def test_a_thread_that_keeps_the_connection_too_long_is_reported(ledger: SqliteLedger) -> None:
    """Threads take turns, and nobody waits for ever."""
    with ledger._lock, pytest.raises(LedgerUnavailableError, match="another thread"):
        take(ledger)
    take(ledger)


def test_who_registers_at_the_same_moment_finds_it_done(ledger: SqliteLedger, path: Path) -> None:
    """Between looking and locking another program may have been quicker."""
    assert ledger._connection is not None
    with closing(SqliteLedger(path)) as other:
        ledger._connection.set_trace_callback(
            lambda statement: other.register("a", "{}", "h2", T0) if "BEGIN" in statement else None
        )
        assert ledger.register("a", "{}", "h2", T0) == 2
        ledger._connection.set_trace_callback(None)
    assert [row.kind for row in ledger.latest(2, "a")] == ["config", "decision"]
