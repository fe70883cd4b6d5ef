"""How do facts reach a terminal, a pipe or another program?

A terminal gets a table that fits it, in colours where it wants them; a pipe gets whole lines
without any; `--json` gets JSON in ASCII. Nothing foreign is ever read as markup.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.core.codec import encode

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
FOLDED = 12
"""Characters that a line of words has at least."""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Its head.
        right: Numbers stand to the right.
        wraps: On a terminal it takes what room is left, and wraps.
        style: Its colour on a terminal.
    """

    title: str
    right: bool = False
    wraps: bool = False
    style: str = ""


def is_terminal() -> bool:
    """Say whether somebody reads stdout on a terminal that can do more than lines."""
    return sys.stdout.isatty() and not terminal().is_dumb_terminal


def terminal(*, stderr: bool = False) -> Console:
    """Give the terminal, or what stands for it; NO_COLOR and TERM are honoured."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def name_program() -> str:
    """Name this program as its user can call it: by its path where it is not on PATH."""
    called = Path(sys.argv[0])
    on_path = called.name != "flyball" or shutil.which("flyball") is not None
    return "flyball" if on_path else str(called)


def say(text: str = "", end: str = "\n") -> None:
    """Write a line to stdout, or a part of one."""
    print(text, end=end)  # noqa: T201  (this is where it is said)


def say_json(value: object, *, lines: bool = False) -> None:
    """Write a value as JSON: on one line, or indented for a document."""
    say(json.dumps(encode(value), indent=None if lines else 2, allow_nan=False))


def say_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Write a table; its cells are plain already."""
    if is_terminal():
        print_table(terminal(), columns, list(rows))
        return
    texts = [tuple(column.title for column in columns), *map(tuple, rows)]
    widths = [max(len(row[index]) for row in texts) for index in range(len(columns))]
    for row in texts:
        cells = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        say(GAP.join(cells).rstrip())


def print_table(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to a terminal of its own: words fold where they must, and no figure is cut.

    Where that is too wide, the terminal breaks its lines.
    """
    from rich.table import Table
    from rich.text import Text

    one_wraps = any(column.wraps for column in columns)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    least = 0
    for index, column in enumerate(columns):
        widest = max(len(text) for text in (column.title, *(row[index] for row in rows)))
        folds = column.wraps or not (column.right or one_wraps)
        narrowest = widest if column.right else min(widest, FOLDED) if folds else 1
        least += narrowest + len(GAP)
        table.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            no_wrap=not folds,
            min_width=narrowest,
            ratio=1 if column.wraps else None,
            overflow="fold" if folds else "ellipsis",
            style=column.style,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    console.width = max(console.width, least)
    console.print(table)


def say_facts(rows: Sequence[Sequence[str]]) -> None:
    """Write rows of a name, a figure and words, aligned; on a terminal the words wrap."""
    if is_terminal():
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        for name, figure, words in rows:
            table.add_row(Text(name, style="dim"), Text(figure, style="bold"), Text(words))
        terminal().print(Padding(table, (0, 0, 0, 2)))
        return
    widths = [max(len(row[index]) for row in rows) for index in (0, 1)]
    for name, figure, words in rows:
        say(f"  {name:<{widths[0]}}  {figure:<{widths[1]}}  {words}".rstrip())


def say_wrapped(text: str, indent: int = 0, style: str = "") -> None:
    """Write a paragraph: wrapped on a terminal, one line elsewhere."""
    if not is_terminal():
        say(f"{' ' * indent}{text}")
        return
    from rich.padding import Padding
    from rich.text import Text

    terminal().print(Padding(Text(text, style=style), (0, 0, 0, indent)))


def say_heading(text: str) -> None:
    """Write a heading, with an empty line before it."""
    say()
    if is_terminal():
        terminal().print(text, style="bold")
    else:
        say(text)


class _Beside:
    """Words that are asked for whenever they are drawn."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask

    def __rich__(self) -> str:
        return self._ask()


@contextmanager
def progress(
    what: str,
    total: int | None,
    *,
    estimates: bool = False,
    beside: Callable[[], str] | None = None,
) -> Iterator[Callable[[int], None]]:
    """Show on a terminal's stderr how far something is; elsewhere nothing.

    Args:
        what: For example "Verifying".
        total: How many steps; None: not known.
        estimates: Say how long the rest will take, and how much is done as a percentage.
        beside: Says what stands beside that, such as "3 of 12".

    Yields:
        A function that is told how many steps more are done.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars

    columns: list[bars.ProgressColumn] = [
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}"),
    ]
    if total is not None and estimates:
        columns += [bars.BarColumn(), bars.TaskProgressColumn(), bars.TimeRemainingColumn()]
        columns.append(bars.TextColumn("left"))
        if beside is not None:
            columns.append(bars.RenderableColumn(_Beside(beside)))
    elif total is not None:
        columns += [bars.BarColumn(), bars.MofNCompleteColumn()]
    with bars.Progress(*columns, console=terminal(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda steps: shown.advance(task, steps)
