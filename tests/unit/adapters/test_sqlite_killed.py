"""Does a full disk or a killed program leave whole writes, and all that were acknowledged?"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import (
    ItemUpdate,
    LedgerUnavailableError,
    NewRow,
)
from tests.unit.adapters.steps import HOLD, SHORT, T0, faults, take


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


def test_a_full_disk_leaves_whole_writes_only(ledger: SqliteLedger) -> None:
    """SQLITE_FULL, by a limit on pages: work goes on when there is room again."""
    connection = ledger._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    claim = take(ledger)
    big = NewRow("decision", T0, '"' + "x" * 9000 + '"')
    claim = ledger.write(claim, [big], ItemUpdate(history='{"n":1}', wake_at=T0))
    before = ledger.status("a"), list(ledger.rows("a"))
    with pytest.raises(LedgerUnavailableError, match="disk is full.*Nothing was written"):
        ledger.write(claim, [HOLD, big, big], ItemUpdate(history='{"n":2}', release=True))
    assert (ledger.status("a"), list(ledger.rows("a"))) == before
    connection.execute("PRAGMA max_page_count = 100000")
    ledger.write(claim, [HOLD, big, big], ItemUpdate(history='{"n":2}', release=True))
    assert faults(ledger) == []


PROGRAM = """
import itertools
import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import ItemUpdate, LedgerUnavailableError, NewRow

path, seed, most = sys.argv[1:]
now = datetime(2026, 11, 21, tzinfo=UTC)
ledger = SqliteLedger(Path(path))
ledger.register("a", "{}", "h", now)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
claim = ledger.claim("a", seed, now, now + timedelta(minutes=1))
for n in itertools.count(1):
    parts = (n * int(seed)) % 4 + 1
    rows = [
        NewRow("decision", now, f'{{"n":{n},"of":{parts},"text":"{"x" * 997 * part}"}}')
        for part in range(1, parts + 1)
    ]
    try:
        claim = ledger.write(claim, rows, ItemUpdate(history=f'{{"n":{n}}}', pending=n % 3 == 0))
    except LedgerUnavailableError as error:
        print(error, flush=True)
        break
    print(n, flush=True)
"""


def run(path: Path, seed: int, most: int) -> subprocess.Popen[str]:
    """Start a program that writes for ever, to files of at most so many bytes."""
    arguments = [sys.executable, "-c", PROGRAM, str(path), str(seed), str(most)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def assert_all_or_nothing(path: Path, acknowledged: int) -> None:
    """Check that each write is there as a whole, every acknowledged one among them."""
    with closing(SqliteLedger(path)) as ledger:
        assert faults(ledger) == []
        last = int(ledger.status("a").history.removeprefix('{"n":').removesuffix("}"))
        assert acknowledged <= last <= acknowledged + 1
        bodies = [row.body for row in ledger.rows("a", after=1)]
        found = 0
        for n in range(1, last + 1):
            parts = int(bodies[found].split('"of":')[1][0])
            assert all(f'{{"n":{n},"of":{parts},' in each for each in bodies[found : found + parts])
            found += parts
        assert found == len(bodies)
        assert ledger.status("a").pending == (None if last % 3 else ledger.latest(1, "a")[0].id)


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_killed_program_leaves_whole_writes_only(path: Path, seed: int) -> None:
    """SIGKILL in the middle of writes: what was acknowledged is there, in whole transactions."""
    chance = random.Random(seed)
    program = run(path, seed, 2**30)
    assert program.stdout is not None
    acknowledged = 0
    for _ in range(chance.randint(1, 150)):
        acknowledged = int(program.stdout.readline())
    threading.Event().wait(chance.random() / 500)
    program.send_signal(signal.SIGKILL)
    rest, _ = program.communicate()
    assert program.returncode == -signal.SIGKILL
    whole_lines = rest.splitlines() if rest.endswith("\n") else rest.splitlines()[:-1]
    assert_all_or_nothing(path, int(whole_lines[-1]) if whole_lines else acknowledged)


@pytest.mark.parametrize("most", [200_000, 333_333])
def test_a_disk_that_takes_no_more_leaves_whole_writes_only(path: Path, most: int) -> None:
    """The system refuses to let the file grow, in the middle of a write."""
    program = run(path, 3, most)
    *acknowledged, message = program.communicate()[0].splitlines()
    assert program.returncode == 0
    assert f"{path}: the disk" in message
    assert "Nothing was written" in message
    assert_all_or_nothing(path, int(acknowledged[-1]))
