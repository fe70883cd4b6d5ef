"""How does a test ask what a text says, or what is wrong with it?"""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from pathlib import Path

from flyball.config import Config, ConfigError, lint, loads
from flyball.core.target import ScalableTarget

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FILE = "flyball.yaml"

HEAD = """\
version: 1
scalable_targets:
  - id: churn
    min_capacity: 2
    max_capacity: 20
    metrics: [{name: m}, {name: gpu, unit: ratio}]
"""


def problems(text: str | bytes, folder: Path | str = ".") -> list[str]:
    """List every problem of a text, as it is shown; none where it is valid."""
    try:
        loads(text, FILE, folder)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def load_lines(lines: str, head: str = HEAD, folder: Path | str = ".") -> Config:
    """Load one scalable target with more keys, written without indentation."""
    return loads(head + textwrap.indent(textwrap.dedent(lines).strip("\n"), "    "), FILE, folder)


def target_of(lines: str, head: str = HEAD, folder: Path | str = ".") -> ScalableTarget:
    """Give the engine's scalable target of a text as for `load_lines`."""
    return load_lines(lines, head, folder).scalable_targets[0]


def problems_of(lines: str, head: str = HEAD, folder: Path | str = ".") -> list[str]:
    """List the problems of a text as for `load_lines`, without file, line and column."""
    try:
        load_lines(lines, head, folder)
    except ConfigError as error:
        return [_short(str(problem._replace(line=0))) for problem in error.problems]
    return []


def warnings_of(lines: str, head: str = HEAD) -> list[str]:
    """List what the lint says of a text as for `load_lines`, without file, line and column."""
    return [
        _short(str(problem._replace(line=0))).removeprefix("warning: ")
        for problem in lint(load_lines(lines, head), NOW)
    ]


def _short(text: str) -> str:
    return text.removeprefix(f"{FILE}:").strip().replace("scalable_targets[0].", "")
