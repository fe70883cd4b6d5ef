"""Does docs/forecast.md say what its command would print now?"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.unit.cli.commands import flyball


def test_the_page_has_what_its_command_prints(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every figure: what changes an expert or the plant changes the page."""
    page = (repository / "docs" / "forecast.md").read_text(encoding="utf-8")
    command, printed = re.findall(r"```(?:sh|text)\n(.*?)\n```", page, re.DOTALL)[:2]
    monkeypatch.chdir(repository)
    program, *words = shlex.split(command)
    assert program == "flyball"
    done = flyball(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out.strip() == printed
