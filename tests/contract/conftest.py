"""Which ledgers keep the contract? Each adapter joins with one factory.

A factory opens the store that belongs to this test; every call of it opens that store again, as
another program would. A ledger in memory has no other program: it is opened once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import Ledger

Factory = Callable[[Path], Ledger]

FACTORIES: dict[str, Factory] = {
    "memory": lambda _: MemoryLedger(),
    "sqlite": lambda folder: SqliteLedger(folder / "ledger.db"),
}


@pytest.fixture(params=FACTORIES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Open an empty ledger of each kind."""
    opened = FACTORIES[request.param](tmp_path)
    yield opened
    opened.close()
