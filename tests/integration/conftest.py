"""Which target do the programs of these tests share?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.core.target import Metric, Per
from tests.rig import T0, make_target, register


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    """Open a ledger with a target that needs an instance for each 100 of its whole load."""
    opened = SqliteLedger(tmp_path / "ledger.db")
    register(opened, make_target(metrics=(Metric("load", per=Per.TOTAL),)), T0)
    yield opened
    opened.close()
