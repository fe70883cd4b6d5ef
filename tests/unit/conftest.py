"""Which ledgers does a controller stand on in these tests?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.ports import Ledger
from tests.rig import Rig


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Open an empty ledger of each kind."""
    opened: Ledger = (
        MemoryLedger() if request.param == "memory" else SqliteLedger(tmp_path / "ledger.db")
    )
    yield opened
    opened.close()


@pytest.fixture
def rig(store: Ledger) -> Rig:
    """Set up a controller with one registered target: 2 in service, on their target value."""
    return Rig(store)
