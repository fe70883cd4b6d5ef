"""Does a table fit its terminal without losing what it says?"""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from flyball.cli.screen import Column, print_table

FIGURES = ("1,939.0", "2,734.01", "1.374", "0.00%")
NAME = "aws:target=0.6:period=10s"
COLUMNS = [Column(""), *(Column(head, right=True) for head in ("hours", "cost", "÷ best", "late"))]


def show(columns: list[Column], rows: list[tuple[str, ...]], width: int) -> str:
    """Give what a terminal of so many columns shows."""
    console = Console(file=StringIO(), width=width, markup=False, highlight=False)
    print_table(console, columns, rows)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [120, 80, 50])
def test_no_figure_is_cut(width: int) -> None:
    """A long name folds first, and no character of it is lost."""
    shown = show(COLUMNS, [(NAME, *FIGURES)], width)
    assert "…" not in shown
    assert all(figure in shown for figure in FIGURES)
    assert "".join(line[: len(NAME)].split(" ")[0] for line in shown.splitlines()[1:]) == NAME


def test_words_keep_a_line_that_can_be_read() -> None:
    """On a narrow screen too, whose own lines break then."""
    shown = show(COLUMNS, [("flyball", *FIGURES)], 20)
    assert "flyball" in shown


def test_what_wraps_takes_the_room_that_is_left() -> None:
    """The others keep theirs."""
    columns = [Column("at"), Column("why", wraps=True)]
    shown = show(columns, [("2026-03-02 10:00", "calls was above its target for long")], 40)
    assert "2026-03-02 10:00  calls was above its" in shown
