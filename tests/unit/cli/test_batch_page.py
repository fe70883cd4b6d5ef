"""Does docs/batch.md say what its commands would print now?

FLYBALL_REWRITE=1 writes them again.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.unit.cli.commands import flyball

BLOCKS = re.compile(r"```sh\n(flyball [^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL)
FAILS = ("--most-machines 5", "--shape spiky")
"""Commands that say that it cannot be kept."""


def test_the_page_has_what_its_commands_print(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every figure: what changes the mathematics, a decision or the plant changes the page."""
    path = repository / "docs" / "batch.md"
    page = path.read_text(encoding="utf-8")
    blocks = BLOCKS.findall(page)
    assert len(blocks) == page.count("```sh") == 7
    monkeypatch.chdir(repository)
    for command, printed in blocks:
        done = flyball(*shlex.split(command)[1:])
        fails = any(each in command for each in FAILS)
        assert (done.code, done.err) == (int(fails), ""), command
        if "FLYBALL_REWRITE" in os.environ:
            page = page.replace(
                f"{command}\n```\n\n```text\n{printed}", f"{command}\n```\n\n```text\n{done.out}"
            )
        else:
            assert done.out == printed, command
    if "FLYBALL_REWRITE" in os.environ:
        path.write_text(page, encoding="utf-8")
