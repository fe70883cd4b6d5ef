"""Does the gate itself close: sockets, warnings and markers?"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError

PLANTED = {
    "an_unknown_marker": "import pytest\n\n@pytest.mark.no_such_marker\ndef test_x(): pass\n",
    "a_leaked_file": "def test_x(): open(__file__)\n",
    "an_xfail_that_passes": "import pytest\n\n@pytest.mark.xfail\ndef test_x(): pass\n",
}


def test_a_socket_is_blocked_outside_contract_and_end_to_end_tests() -> None:
    """A unit test that reaches for a network fails on every machine, not only on a train."""
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def test_a_warning_is_an_error() -> None:
    """What will break with the next release of a library breaks here first."""
    with pytest.raises(DeprecationWarning, match="planted"):
        warnings.warn("planted", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize("source", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_fault_in_a_test_fails_the_run(
    source: str, repository: Path, tmp_path: Path
) -> None:
    """The settings of the project hold: each fault ends the run with a failure."""
    planted = tmp_path / "test_planted.py"
    planted.write_text(source, encoding="utf-8")
    config = str(repository / "pyproject.toml")
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", config, "--rootdir", str(tmp_path), str(planted)],
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode in {1, 2}, ran.stdout + ran.stderr


def test_the_gate_runs_in_the_shell_that_it_names(repository: Path) -> None:
    """The file that checks a change is itself free of errors of syntax, and may be run."""
    gate = repository / ".ci" / "run"
    assert os.access(gate, os.X_OK)
    checked = subprocess.run(["bash", "-n", str(gate)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "make test" in gate.read_text(encoding="utf-8")
