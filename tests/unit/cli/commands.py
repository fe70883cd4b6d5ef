"""How does a test call a command?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from flyball.cli.main import app

HOURS = 5


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its output, as one JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def flyball(
    *arguments: object, given: str | bytes | None = None, env: Mapping[str, str] | None = None
) -> Done:
    """Call a command in this process; whatever it raises past its last line fails the test."""
    done = CliRunner().invoke(
        app, [str(each) for each in arguments], input=given, env=env, catch_exceptions=False
    )
    return Done(done.exit_code, done.stdout, done.stderr)


def rows(ledger: Path, *options: str) -> list[dict[str, Any]]:
    """List rows, whole."""
    done = flyball("ledger", "list", "--ledger", ledger, "--json", *options)
    assert done.code == 0, done
    return done.lines


def expect_refusal(done: Done, *words: str) -> None:
    """Expect one clear line on stderr, nothing on stdout, and exit code 2."""
    assert done.code == 2, done
    assert done.out == ""
    assert done.err.startswith("flyball: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err
