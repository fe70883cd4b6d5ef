"""Does exactly one of many racers get a lease?"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import (
    ItemUpdate,
    LeaseHeldError,
    Ledger,
    NewRow,
)
from tests.contract.steps import (
    MINUTE,
    T0,
    TARGET,
    assert_whole,
    register,
)

RACERS, ROUNDS = 8, 200


def test_of_8_threads_exactly_one_gets_each_lease(ledger: Ledger) -> None:
    """200 rounds; each winner appends one row, and the chain stays whole."""
    register(ledger)
    barrier = threading.Barrier(RACERS)
    won: list[tuple[int, str]] = []
    failed: list[BaseException] = []

    def race(token: str) -> None:
        try:
            for n in range(ROUNDS):
                barrier.wait(30)
                now = T0 + n * MINUTE
                try:
                    claim = ledger.claim(TARGET, f"{token}-{n}", now, now + MINUTE)
                except LeaseHeldError:
                    continue
                row = NewRow("decision", now, f'{{"n":{n}}}')
                ledger.write(claim, [row], ItemUpdate(pending=n % 2 == 0))
                won.append((n, token))
        except BaseException as error:
            barrier.abort()
            failed.append(error)
            raise

    threads = [threading.Thread(target=race, args=(str(n),)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(n for n, _ in won) == list(range(ROUNDS))
    assert len(list(ledger.rows(TARGET))) == ROUNDS + 1
    assert_whole(ledger)


PROGRAM = """
import sys
from datetime import datetime, timedelta
from pathlib import Path

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import ItemUpdate, LeaseHeldError, NewRow

path, target, start, holder = sys.argv[1:]
ledger = SqliteLedger(Path(path))
print("ready", flush=True)
for line in sys.stdin:
    now = datetime.fromisoformat(start) + int(line) * timedelta(minutes=1)
    try:
        claim = ledger.claim(target, f"{holder}-{line}", now, now + timedelta(minutes=1))
    except LeaseHeldError:
        print("held", flush=True)
    else:
        ledger.write(claim, [NewRow("decision", now, f'{{"n":{int(line)}}}')], ItemUpdate())
        print("won", flush=True)
ledger.close()
"""


def test_of_4_programs_exactly_one_gets_each_lease(tmp_path: Path) -> None:
    """200 rounds on one file, which all of them made together; a round begins for all at once."""
    path = tmp_path / "ledger.db"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), TARGET, T0.isoformat(), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    try:
        answers = [said(program) for program in programs]
        assert answers == ["ready"] * 4
        ledger = SqliteLedger(path)
        register(ledger)
        for n in range(ROUNDS):
            for program in programs:
                assert program.stdin is not None
                program.stdin.write(f"{n}\n")
                program.stdin.flush()
            answers = [said(program) for program in programs]
            assert sorted(answers) == ["held", "held", "held", "won"], f"round {n}"
        assert len(list(ledger.rows(TARGET))) == ROUNDS + 1
        assert_whole(ledger)
        ledger.close()
    finally:
        for program in programs:
            program.communicate()
    assert [program.returncode for program in programs] == [0] * 4


def said(program: subprocess.Popen[str]) -> str:
    """Read one line."""
    assert program.stdout is not None
    return program.stdout.readline().strip()
