"""Does docs/sizing.md say what its commands would print now, of files that its script makes?"""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.commands import flyball

FILES = ("loadtest.csv", "loadtest-4.csv", "loadtest-fleet.csv")
PAIRS = 5
CUT = "…\n"
"""What a block begins with that shows only the end of what is printed."""


@pytest.fixture(scope="module")
def pairs(repository: Path) -> list[tuple[str, str]]:
    """Find the page's commands, each with what it prints."""
    page = (repository / "docs" / "sizing.md").read_text(encoding="utf-8")
    found: list[tuple[str, str]] = re.findall(
        r"```sh\n([^`]*?)\n```\n\n```text\n(.*?)\n```", page, re.DOTALL
    )
    assert len(found) == PAIRS
    return found


@pytest.mark.parametrize("index", range(PAIRS))
def test_the_page_has_what_its_command_prints(
    index: int, pairs: list[tuple[str, str]], repository: Path, folder: Path
) -> None:
    """Every figure: what changes a limit, a fleet or a policy changes the page."""
    (folder / "examples").mkdir()
    for name in FILES:
        shutil.copy(repository / "examples" / name, folder / "examples" / name)
    command, printed = pairs[index]
    program, *words = shlex.split(command)
    assert program == "flyball"
    done = flyball(*words)
    assert (done.code, done.err) == (0, "")
    if printed.startswith(CUT):
        assert done.out.strip().endswith(printed.removeprefix(CUT))
    else:
        assert done.out.strip() == printed


def test_the_files_are_what_the_script_writes(repository: Path, tmp_path: Path) -> None:
    """The same chance gives the same files."""
    script = runpy.run_path(str(repository / "docs" / "sizing.py"))
    script["write_all"](tmp_path)
    for name in FILES:
        made = (repository / "examples" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == made


@pytest.mark.parametrize("name", ["sizing.svg", "evaluated.svg"])
def test_the_picture_is_of_these_figures(
    name: str, pairs: list[tuple[str, str]], repository: Path, folder: Path
) -> None:
    """All words and numbers on it, which stand in an SVG as comments."""
    (folder / "examples").mkdir()
    shutil.copy(repository / "examples" / FILES[0], folder / "examples" / FILES[0])
    command = next(command for command, _ in pairs if name in command)
    done = flyball(*shlex.split(command)[1:])
    assert done.code == 0, done
    kept, drawn = (
        re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))
        for path in (repository / "docs" / name, folder / name)
    )
    assert drawn
    assert kept == drawn
