"""How is a plan shown, asked about and carried out, and what is said when it breaks off?"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import typer

from flyball.cli.failure import FOUND, complain, refuse

if TYPE_CHECKING:
    from flyball.plan.model import Change, Choices, Plan
    from flyball.report.plan import Line
    from flyball.wiring.deploy import Store


NAMED: Mapping[str, tuple[str, ...]] = {
    "aws": ("stack", "region"),
    "gcp": ("project", "database"),
}
"""By home: which of a place's fields are options."""


def carry_out_shown(
    fresh: Plan,
    stores: Mapping[str, Store],
    *,
    asks: bool,
    json: bool,
    again: str = "the same command",
) -> None:
    """Show a plan, ask, and make its changes; say how far it came, whatever happens.

    Args:
        fresh: The plan.
        stores: By home.
        asks: Whether somebody has to say yes.
        json: Whether JSON is printed, and nothing else.
        again: What makes the rest of a plan that breaks off.
    """
    from flyball.cli import screen
    from flyball.report.figures import counted

    if not json:
        show(fresh)
    if fresh.problems:
        if json:
            _say_json(fresh, [], "the plan has problems")
        raise typer.Exit(FOUND)
    if not fresh.changes:
        if json:
            _say_json(fresh, [], None)
        else:
            _say_charge(fresh)
        return
    if asks:
        _ask(fresh)
    sys.stdout.flush()  # what is about to be done is said before it is
    done: list[Change] = []
    total = len(fresh.changes)
    try:
        _make(fresh, stores, done)
    except BaseException as error:
        rest = f"{len(done)} of {counted(total, 'change')} made; {again} makes the rest"
        if json:
            _say_json(fresh, done, str(error) or type(error).__name__)
        complain(rest)
        raise
    if json:
        _say_json(fresh, done, None)
    else:
        screen.say(f"Done: {counted(total, 'change')} made.")
        _say_charge(fresh)


def write_options(choices: Choices, place: Mapping[str, Mapping[str, str]]) -> str:
    """Write what was chosen, and where, as options that choose it again."""
    from flyball.plan.model import Choices

    words: list[str] = []
    for name, value in choices._asdict().items():
        option = name.replace("_", "-")
        if isinstance(value, tuple):
            words += [word for each in value for word in ("--target", each)]
        elif value != Choices._field_defaults[name]:
            words.append(f"--{option}" if value else f"--no-{option}")
    for home, options in NAMED.items():
        for option in options:
            if place.get(home, {}).get(option):
                words += [f"--{option}", place[home][option]]
    return shlex.join(words)


def _make(fresh: Plan, stores: Mapping[str, Store], done: list[Change]) -> None:
    from flyball.cli import screen
    from flyball.report.plan import tell_done
    from flyball.wiring.deploy import carry_out
    from flyball.wiring.machine import SystemClock, make_token

    with screen.progress("Applying", len(fresh.changes)) as advance:
        for change in carry_out(fresh, stores, SystemClock().now, make_token()):
            done.append(change)
            advance(1)
            if not sys.stderr.isatty():  # a log keeps what a progress bar would show
                complain(tell_done(change))


def _say_charge(fresh: Plan) -> None:
    """Say who is in charge now."""
    from flyball.cli import screen
    from flyball.report.charge import tell_charge

    for line in tell_charge(fresh):
        screen.say(line)


def _ask(fresh: Plan) -> None:
    from flyball.plan.model import Purpose

    if not sys.stdin.isatty():
        refuse("nobody is there to be asked: say --yes, or apply a PLAN; nothing was changed")
    what = "Remove these" if fresh.purpose is Purpose.DESTROY else "Make these changes"
    if not typer.confirm(f"{what}?", default=False):
        refuse("nothing was changed")


def _say_json(fresh: Plan, done: list[Change], error: str | None) -> None:
    from flyball.cli import screen

    screen.say_json(
        {
            "ok": error is None,
            "error": error,
            "changes": len(fresh.changes),
            "made": len(done),
            "done": [each._asdict() | {"fields": len(each.fields)} for each in done],
            "checks": [each._asdict() for each in fresh.checks],
        }
    )


def show(plan: Plan) -> None:
    """Show a plan to people."""
    from flyball.report.plan import tell_plan

    show_lines(tell_plan(plan))


def show_lines(lines: Iterable[Line]) -> None:
    """Write lines: wrapped and in colours on a terminal, whole elsewhere."""
    from flyball.cli import screen

    if not screen.is_terminal():
        for line in lines:
            mark = f"{line.mark:<4}  " if len(line.mark) > 1 else f"{line.mark} " * bool(line.mark)
            screen.say(f"{' ' * line.indent}{mark}{line.text}".rstrip())
        return
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from flyball.report.plan import STYLES

    for line in lines:
        text = Text(line.text, style=line.style)
        if line.mark:
            grid = Table.grid(padding=(0, 1, 0, 0))
            grid.add_column(width=max(len(line.mark), 4 if len(line.mark) > 1 else 1))
            grid.add_column(overflow="fold")
            grid.add_row(Text(line.mark, style=STYLES.get(line.mark, "")), text)
            screen.terminal().print(Padding(grid, (0, 0, 0, line.indent)))
        else:
            screen.terminal().print(Padding(text, (0, 0, 0, line.indent)))
