"""Where does a page or a picture go, and can it go there?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.report.page import Page

Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write one page for a browser, with everything."),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the timelines and frontiers, .svg or .png; needs flyball[plot].",
    ),
]


Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace such a file if there is one.")
]


def check_files(files: Mapping[str, Path | None], *, overwrite: bool) -> None:
    """Refuse, before anything runs, what could not be written when it has run.

    Args:
        files: By the option that names it.
        overwrite: One that is there may be replaced.
    """
    for option, path in files.items():
        if path is None:
            continue
        if path.is_dir():
            refuse(f"{option}: {path}: it is a folder; name a file")
        if not path.parent.is_dir():
            refuse(f"{option}: {path}: there is no folder {path.parent}; make it first")
        if path.exists() and not overwrite:
            refuse(f"{option}: {path}: there is a file already; name another, or give --overwrite")


def check_pages(html: Path | None, plot: Path | None, *, overwrite: bool = False) -> None:
    """Refuse, before anything runs, a page or picture that could not be written."""
    check_files({"--html": html, "--plot": plot}, overwrite=overwrite)
    if plot is not None:
        from flyball.report.page.picture import PictureError, check

        try:
            check(plot)
        except PictureError as error:
            refuse(f"--plot: {error}")


def write_pages(html: Path | None, plot: Path | None, make: Callable[[], Page]) -> None:
    """Write what was asked for of a page, which is made only then."""
    if html is None and plot is None:
        return
    page = make()
    if html is not None:
        from flyball.report.page import render

        try:
            html.write_text(render(page), encoding="utf-8", newline="\n")
        except OSError as error:
            refuse(f"--html: {html}: {error.strerror or error}")
    if plot is not None:
        from flyball.report.page.picture import draw

        try:
            draw(page, plot)
        except OSError as error:
            refuse(f"--plot: {plot}: {error.strerror or error}")
