"""Is every file that cannot be a ledger refused, left as it was, with a remedy?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flyball.adapters.local import schema
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import (
    ItemUpdate,
    LedgerError,
    LedgerUnavailableError,
    LedgerVersionError,
    NewRow,
)
from tests.unit.adapters.steps import HOLD, SHORT, T0, raw, take


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


@contextmanager
def without_root() -> Iterator[None]:
    """Act as an ordinary user, whom permissions bind."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that an ordinary user reaches too; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


def refusal(path: Path, kind: type[LedgerError] = LedgerError) -> str:
    """Open what cannot be opened, and give the message."""
    with pytest.raises(LedgerError) as caught:
        SqliteLedger(path, SHORT)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    """As one does that `mktemp` or `touch` made."""
    path.touch()
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.register("a", "{}", "h", T0) == 1


def test_a_ledger_is_there_again_when_it_is_opened_again(ledger: SqliteLedger, path: Path) -> None:
    """Also while another has it open."""
    with closing(SqliteLedger(path)) as again:
        assert list(again.rows("a")) == list(ledger.rows("a"))
        assert again.status("a") == ledger.status("a")


@pytest.mark.parametrize("content", [b"kind,at\nhold,2026\n", b"SQLite format 3\0" + b"\1" * 500])
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    """A CSV file named by mistake is not lost."""
    path.write_bytes(content)
    assert "not a SQLite file, or a damaged one" in refusal(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    """Not a table is added to it, and its journal stays as it was."""
    with raw(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    assert "is not a Flyball ledger, and was left as it is" in refusal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "which", "remedy"),
    [(0, "an older", "flyball ledger export"), (99, "a newer", "Install the Flyball")],
)
def test_a_ledger_of_another_version_is_refused_with_both_versions(
    ledger: SqliteLedger, path: Path, version: int, which: str, remedy: str
) -> None:
    """Nothing is guessed about rows of another form."""
    ledger.close()
    with raw(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    message = refusal(path, LedgerVersionError)
    assert f"{which} Flyball: found format version {version}, expected 1." in message
    assert remedy in message
    assert path.read_bytes() == before


def test_a_directory_and_a_missing_folder_are_named_with_a_remedy(tmp_path: Path) -> None:
    """Neither is made silently."""
    assert "this is a directory. Name a file" in refusal(tmp_path, LedgerUnavailableError)
    missing = tmp_path / "gone" / "ledger.db"
    assert f"mkdir -p {missing.parent}" in refusal(missing, LedgerUnavailableError)
    assert not missing.parent.exists()
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe", LedgerUnavailableError)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_ledger_is_named_with_a_remedy(open_folder: Path, what: str) -> None:
    """Before anything is decided, not at the first write."""
    path = open_folder / "ledger.db"
    place = path if what == "file" else open_folder
    with without_root():
        SqliteLedger(path).close()
    place.chmod(0o444 if what == "file" else 0o555)
    with without_root():
        assert f"chmod u+w {place}" in refusal(path, LedgerUnavailableError)


def test_a_ledger_that_becomes_read_only_is_unavailable(ledger: SqliteLedger) -> None:
    """The disk was remounted, or somebody changed the file."""
    claim = take(ledger)
    assert ledger._connection is not None
    ledger._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerUnavailableError, match="cannot be written.*writable"):
        ledger.write(claim, [HOLD], ItemUpdate())


def test_a_disk_that_cannot_share_memory_is_refused() -> None:
    """Without write-ahead logging readers and writers would stop each other."""
    assert "write-ahead logging is not possible here" in refusal(Path(":memory:"))


def test_a_sqlite_without_strict_tables_is_refused() -> None:
    """With the version that is needed."""
    with pytest.raises(LedgerError, match=r"SQLite 3\.36\.0; the ledger needs 3\.37\.0"):
        schema.check_library((3, 36, 0))


def test_damaged_pages_are_reported_as_such(ledger: SqliteLedger, path: Path) -> None:
    """Trying again would not help: this is no LedgerUnavailableError."""
    claim = take(ledger)
    for _ in range(50):
        claim = ledger.write(claim, [NewRow("decision", T0, '"' + "x" * 4000 + '"')], ItemUpdate())
    ledger.close()
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096 * 20)
    with closing(SqliteLedger(path)) as damaged, pytest.raises(LedgerError) as caught:
        list(damaged.rows("a"))
    assert "damaged" in str(caught.value)
    assert not isinstance(caught.value, LedgerUnavailableError)


def test_a_table_that_is_gone_is_an_error_with_the_file_in_it(
    ledger: SqliteLedger, path: Path
) -> None:
    """Whatever SQLite says reaches the user as a LedgerError."""
    with raw(path) as connection:
        connection.execute("DROP TABLE ledger")
    with pytest.raises(LedgerError, match=rf"{path}: SQLite failed: no such table: ledger"):
        list(ledger.rows("a"))


def test_a_new_file_that_somebody_locked_is_unavailable(path: Path) -> None:
    """Opening waits as long as writing does."""
    with raw(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked; waited 0.05 s" in refusal(path, LedgerUnavailableError)


def test_a_reader_of_a_new_file_delays_its_making(path: Path) -> None:
    """The switch to write-ahead logging needs the file for itself."""
    with raw(path) as other:
        other.execute("PRAGMA user_version = 0")
        other.execute("BEGIN")
        other.execute("SELECT * FROM sqlite_schema").fetchall()
        assert "locked; waited 0.05 s" in refusal(path, LedgerUnavailableError)
    SqliteLedger(path, SHORT).close()


OPENING = """
import sys
from pathlib import Path

from flyball.adapters.local.sqlite import SqliteLedger

print("ready", flush=True)
for line in sys.stdin:
    SqliteLedger(Path(line.strip())).close()
    print("opened", flush=True)
"""


def test_programs_that_open_a_new_file_at_once_all_get_the_same_ledger(tmp_path: Path) -> None:
    """One makes it, and none of the others takes it half-made for somebody else's."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for n in range(60):
        said = []
        for program in programs:
            assert program.stdin is not None
            assert program.stdout is not None
            said.append(program.stdout.readline())
            program.stdin.write(f"{tmp_path}/{n}.db\n")
        for program in programs:
            assert program.stdin is not None
            program.stdin.flush()
        assert said == (["opened\n"] * 3 if n else ["ready\n"] * 3)
    for program in programs:
        assert program.communicate()[0] == "opened\n"
