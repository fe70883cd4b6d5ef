"""Does exactly one of many functions get a lease on Firestore, and exactly one write go through?"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from flyball.ports import LeaseHeldError, LeaseLostError, NewRow
from tests.aws.rig import environment_for
from tests.contract.steps import MINUTE, NOTHING, T0, TARGET, assert_whole, register, take
from tests.gcp.conftest import Store

pytestmark = pytest.mark.enable_socket

RACERS, PROGRAMS, ROUNDS = 16, 3, 60


def race(store: Store, run: Callable[[Store, int], str]) -> list[str]:
    """Let 16 functions, each with a session of its own, run at once."""
    barrier, said = threading.Barrier(RACERS), [""] * RACERS
    stores = [store.again() for _ in range(RACERS)]

    def go(n: int) -> None:
        assert list(stores[n].ledger.scalable_target_ids()) == [TARGET]  # connected and warm
        barrier.wait(60)
        said[n] = run(stores[n], n)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in stores:
        each.ledger.close()
    return sorted(said)


def test_of_16_racers_one_gets_the_lease(store: Store) -> None:
    """The others are turned away, whether they came a moment later or at the same one."""
    register(store.ledger)

    def run(mine: Store, n: int) -> str:
        try:
            return take(mine.ledger, f"racer-{n}").token and "won"
        except LeaseHeldError:
            return "held"

    assert race(store, run) == ["held"] * (RACERS - 1) + ["won"]
    with pytest.raises(LeaseHeldError):
        take(store.ledger, "late")


def test_of_16_writers_with_one_claim_one_goes_through(store: Store) -> None:
    """Each has another intent under the same lease: one row, and it is the one that won."""
    register(store.ledger)
    claim = take(store.ledger)

    def run(mine: Store, n: int) -> str:
        try:
            mine.ledger.write(claim, [NewRow("decision", T0, f'{{"n":{n}}}')], NOTHING)
        except LeaseLostError:
            return "lost"
        return f"won {n}"

    *lost, won = race(store, run)
    assert lost == ["lost"] * (RACERS - 1)
    (row,) = store.ledger.rows(TARGET, after=1)
    assert row.body == f'{{"n":{won.removeprefix("won ")}}}'
    assert_whole(store.ledger)


def test_of_16_that_send_the_same_write_all_are_told_that_it_is_written(store: Store) -> None:
    """As one does that hears no answer: there is one row, and nobody who wrote it is refused."""
    register(store.ledger)
    claim = take(store.ledger)
    row = NewRow("decision", T0, "{}")
    assert race(store, lambda mine, _: mine.ledger.write(claim, [row], NOTHING).head) == (
        [store.ledger.status(TARGET).head] * RACERS
    )
    assert store.ledger.status(TARGET).sequence == 2
    assert_whole(store.ledger)


def test_a_lease_that_ran_out_is_taken_by_one_of_16(store: Store) -> None:
    """All of them see the same holder, who is gone."""
    register(store.ledger)
    gone = take(store.ledger, "gone")

    def run(mine: Store, n: int) -> str:
        try:
            claim = take(mine.ledger, f"racer-{n}", T0 + MINUTE)
        except LeaseHeldError:
            return "held"
        mine.ledger.write(claim, [NewRow("decision", T0, "{}")], NOTHING)
        return "won"

    assert race(store, run) == ["held"] * (RACERS - 1) + ["won"]
    with pytest.raises(LeaseLostError):
        store.ledger.write(gone, [NewRow("outcome", T0, "{}")], NOTHING)
    assert_whole(store.ledger)


PROGRAM = """
import sys
from datetime import datetime, timedelta
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.session import Session
from flyball.ports import ItemUpdate, LeaseHeldError, NewRow

url, project, target, start, holder = sys.argv[1:]
ledger = FirestoreLedger(Session({"firestore": url}), project)
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


def test_of_3_programs_exactly_one_gets_each_lease(store: Store) -> None:
    """60 rounds, each begun for all at once; the winner appends a row, and the chain is whole."""
    register(store.ledger)
    where = [store.server.url, store.project, TARGET, T0.isoformat()]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *where, str(n)],
            env=environment_for(store.server.log.parent),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROGRAMS)
    ]
    try:
        assert [said(program) for program in programs] == ["ready"] * PROGRAMS
        for n in range(ROUNDS):
            for program in programs:
                assert program.stdin is not None
                program.stdin.write(f"{n}\n")
                program.stdin.flush()
            answers = sorted(said(program) for program in programs)
            assert answers == ["held"] * (PROGRAMS - 1) + ["won"], f"round {n}"
        assert store.ledger.status(TARGET).sequence == ROUNDS + 1
        assert_whole(store.ledger)
    finally:
        for program in programs:
            program.communicate()
    assert [program.returncode for program in programs] == [0] * PROGRAMS


def said(program: subprocess.Popen[str]) -> str:
    """Read one line."""
    assert program.stdout is not None
    return program.stdout.readline().strip()
