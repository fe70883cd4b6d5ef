"""Which ledgers keep the contract? Each adapter joins with one factory.

A factory opens the store that belongs to this test; every call of it opens that store again, as
another program would. A ledger in memory has no other program: it is opened once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.session import Session
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import Ledger
from tests.aws.rig import Server, client_of, create_tables, lent_ministack
from tests.gcp.rig import lent_firestore

Factory = Callable[[Path], Ledger]

FACTORIES: dict[str, Factory] = {
    "memory": lambda _: MemoryLedger(),
    "sqlite": lambda folder: SqliteLedger(folder / "ledger.db"),
}


def open_dynamodb(server: Server) -> Ledger:
    """Open a ledger on two tables of its own."""
    name, client = uuid4().hex, client_of(server, "dynamodb")
    create_tables(client, f"targets-{name}", f"ledger-{name}")
    return DynamoLedger(client, targets=f"targets-{name}", ledger=f"ledger-{name}")


def open_firestore(server: Server) -> Ledger:
    """Open a ledger in a project of its own."""
    return FirestoreLedger(Session({"firestore": server.url}), f"p-{uuid4().hex}")


SERVED: dict[str, tuple[str, Callable[[Server], Ledger]]] = {
    "dynamodb": ("ministack", open_dynamodb),
    "firestore": ("firestore", open_firestore),
}
"""Ledgers on an engine of its own, which the first test that asks for it starts."""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend this process's MiniStack."""
    with lent_ministack(tmp_path_factory.getbasetemp() / "ministack") as server:
        yield server


@pytest.fixture(scope="session")
def firestore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend this process's Firestore, or skip where it is not installed."""
    with lent_firestore(tmp_path_factory.getbasetemp() / "firestore") as server:
        yield server


@pytest.fixture(params=[*FACTORIES, *SERVED])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Open an empty ledger of each kind."""
    if request.param in SERVED:
        engine, open_ledger = SERVED[request.param]
        opened = open_ledger(request.getfixturevalue(engine))
    else:
        opened = FACTORIES[request.param](tmp_path)
    yield opened
    opened.close()
