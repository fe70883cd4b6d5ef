"""Is a flyball.yaml sound, and if not, what is wrong at which line?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import FOUND, refuse
from flyball.cli.options import ConfigPath, Json

if TYPE_CHECKING:
    from flyball.config.load import Config
    from flyball.config.problem import Problem

STDIN = "-"


def validate(
    file: ConfigPath,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    json: Json = False,
) -> None:
    """Name every error of a flyball.yaml at once, and what is doubtful in it.

    Each has its file, line, column and field. Exit code 1 if there is any error. `-` is stdin.
    """
    from flyball.cli import screen
    from flyball.config.deployed import tell_deployed
    from flyball.config.lint import lint
    from flyball.config.problem import ConfigError, Severity
    from flyball.report.plain import plain
    from flyball.wiring.local import SystemClock

    problems: tuple[Problem, ...]
    with screen.progress(f"Reading {plain(str(file))}", None):
        try:
            config = load_config(file)
            count = len(config.scalable_targets)
            problems = lint(config, SystemClock().now())
            meant = tell_deployed(config.scalable_targets)
        except ConfigError as error:
            count, problems, meant = 0, error.problems, []
    errors = [each for each in problems if each.severity is Severity.ERROR]
    failed = bool(errors or (strict and problems))
    if json:
        found = [each._asdict() | {"severity": each.severity.value} for each in problems]
        screen.say_json(
            {
                "valid": not errors,
                "ok": not failed,
                "scalable_targets": count,
                "problems": found,
                "deployed_models": meant,
            }
        )
    else:
        for each in problems:
            screen.say(plain(str(each), 2_000))
        for line in meant:
            screen.say(plain(line, 2_000))
        screen.say(_sum_up(plain(str(file)), count, len(errors), len(problems) - len(errors)))
    if failed:
        raise typer.Exit(FOUND)


def load_config(file: Path) -> Config:
    """Read a flyball.yaml, or stdin for `-`.

    Raises:
        CommandError: There is no such file, or it is a folder.
        ConfigError: With every problem of it.
    """
    import sys

    from flyball.config.load import load, loads

    if str(file) == STDIN:
        return loads(sys.stdin.buffer.read())
    if file.is_dir():
        refuse(f"{file}: this is a folder; name the file in it")
    if not file.exists():
        refuse(f"{file}: there is no such file; `flyball demo` writes one as an example")
    return load(file)


def _sum_up(file: str, count: int, errors: int, warnings: int) -> str:
    from flyball.report.figures import counted

    if errors:
        return f"{file}: {counted(errors, 'error')}"
    sound = f"{file}: sound, {counted(count, 'scalable target')}"
    return f"{sound}, {counted(warnings, 'warning')}" if warnings else sound
