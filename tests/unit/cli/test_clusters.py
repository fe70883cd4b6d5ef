"""Does a search find the same on Dask and on Ray as on this machine?"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = (
    "tune", "--config", "examples/backtest.yaml", "--days", "1", "--capacity", "900",
    "--late-budget", "2%", "--trials", "8", "--folds", "1", "--only", "keep-630.target_value",
    "--against", "optimum", "--jobs", "2", "--json",
)  # fmt: skip
START = "from flyball.cli.main import app; app()"


def call(repository: Path, backend: str) -> str:
    """Call it as a program of its own: a cluster has processes and sockets."""
    words = [sys.executable, "-c", START, *WORDS, "--backend", backend]
    done = subprocess.run(
        words, cwd=repository, capture_output=True, text=True, check=False, timeout=500
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_finds_the_same_to_the_byte(repository: Path, backend: str, library: str) -> None:
    """A local one, as each library makes it where no address is given."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"no {library}: pip install 'dask[distributed]' ray")
    assert call(repository, backend) == call(repository, "loky")
