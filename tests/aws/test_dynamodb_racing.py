"""Does exactly one of many programs get a lease on DynamoDB?"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.aws.conftest import Store
from tests.aws.rig import environment_for
from tests.contract.steps import T0, TARGET, assert_whole, register

pytestmark = pytest.mark.enable_socket

PROGRAMS, ROUNDS = 3, 60

PROGRAM = """
import sys
from datetime import datetime, timedelta
from boto3.session import Session
from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.ports import ItemUpdate, LeaseHeldError, NewRow

url, targets, rows, target, start, holder = sys.argv[1:]
client = Session().client("dynamodb", endpoint_url=url)
ledger = DynamoLedger(client, targets=targets, ledger=rows)
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
    where = [store.server.url, store.targets, store.rows, TARGET, T0.isoformat()]
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
