"""Is it said aloud, where an emulator is not installed, that nothing was run end to end?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

E2E = ("test_e2e.py", "test_e2e_crash.py", "test_e2e_platform.py")


@pytest.mark.slow
def test_where_nothing_is_installed_each_end_to_end_test_is_skipped_with_the_reason(
    repository: Path, tmp_path: Path
) -> None:
    """Neither Java nor Google's command line: no error, and no silence; `make` runs the same."""
    command = [sys.executable, "-m", "pytest", "-m", "e2e", "-p", "no:cacheprovider"]
    told = subprocess.run(
        [*command, *(f"tests/gcp/{name}" for name in E2E)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tmp_path), "HOME": str(tmp_path), "PYTEST_ADDOPTS": ""},
    )
    assert told.returncode == 0, told.stdout
    skipped = re.findall(r"^SKIPPED \[(\d+)\] (\S+):\d+: (.+)$", told.stdout, re.MULTILINE)
    assert {Path(place).name for _, place, _ in skipped} == set(E2E)
    assert {reason for _, _, reason in skipped} == {
        "Java is not installed, and the ledger on Firestore runs against it"
    }
    (total,) = re.findall(r"(\d+) skipped", told.stdout)
    assert sum(int(count) for count, _, _ in skipped) == int(total) > 0


def test_the_make_target_prints_what_was_skipped(repository: Path) -> None:
    """It runs pytest as it is set up here, which names every skipped test with its reason."""
    recipe = re.search(
        r"^e2e-gcp:.*\n\t(.+)$", (repository / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert recipe is not None
    assert "pytest" in recipe[1]
    assert "-m e2e -rs tests/gcp" in recipe[1]
    assert '"-rs",' in (repository / "pyproject.toml").read_text("utf-8")
