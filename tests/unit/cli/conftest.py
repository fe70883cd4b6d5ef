"""What do the tests of commands share: an empty folder, and a ledger with a few hours in it?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flyball.cli.demo import START
from flyball.sim.generate import generate_day
from flyball.sim.trace import write_trace
from tests.unit.cli.commands import HOURS, flyball


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, in an environment that says nothing of Flyball."""
    monkeypatch.chdir(tmp_path)
    for name in ("FLYBALL_LEDGER", "FLYBALL_LEASE_S", "FLYBALL_WAIT_S", "FLYBALL_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ledger once, by the demo."""
    folder = tmp_path_factory.mktemp("made")
    trace, ledger = folder / "trace.csv", folder / "made.db"
    write_trace(generate_day(START, minutes=HOURS * 60), trace)
    done = flyball("demo", "--trace", trace, "--ledger", ledger, "--quiet")
    assert done.code == 0, done
    return ledger


@pytest.fixture
def ledger(made: Path, tmp_path: Path) -> Path:
    """Give a copy of the ledger that a test may spoil."""
    return Path(shutil.copy(made, tmp_path / "copy.db"))


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    """Give a copy of the config that the demo wrote."""
    return Path(shutil.copy(made.with_suffix(".yaml"), tmp_path / "copy.yaml"))
