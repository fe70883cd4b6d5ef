"""Does docs/tune.md say what its command would print now?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.cli.commands import flyball


@pytest.mark.slow
def test_the_page_has_what_its_command_prints(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every figure: what changes a decision, a proposal or the plant changes the page."""
    page = (repository / "docs" / "tune.md").read_text(encoding="utf-8")
    command, printed = re.findall(r"```(?:sh|text)\n(.*?)\n```", page, re.DOTALL)[:2]
    monkeypatch.chdir(repository)
    program, *words = command.split()
    assert program == "flyball"
    done = flyball(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out.strip() == printed
