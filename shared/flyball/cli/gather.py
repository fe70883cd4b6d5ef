"""Which file is whose traffic, in a folder of many or in one long file?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import complain, refuse

if TYPE_CHECKING:
    from flyball.cli.subjects import Item

SUFFIXES = (".csv", ".parquet")
SHOWN = 5

Folder = Annotated[
    Path | None,
    typer.Option(
        "--traces",
        metavar="PATH",
        help="In place of --trace: a folder with ID.csv or ID.parquet of each scalable target, or "
        "with --target-column one file of all.",
    ),
]
TargetColumn = Annotated[
    str | None,
    typer.Option(
        "--target-column",
        metavar="COLUMN",
        help="With --traces: the column of one long file that says whose row it is.",
    ),
]


@contextmanager
def gather_traces(
    config: Path,
    names: Sequence[str] | None,
    traces: Sequence[str] | None,
    folder: Path | None,
    column: str | None,
) -> Iterator[list[str] | None]:
    """Give what --trace would say for each scalable target; inside, its file is there."""
    if folder is None:
        if column is not None:
            refuse("--target-column: only with --traces")
        yield None if traces is None else list(traces)
        return
    if traces:
        refuse("--traces, --trace: give one of the two")
    from flyball.cli.validate import load_config

    known = [each.id for each in load_config(config).scalable_targets]
    wanted = [each for each in known if names is None or each in names]
    if folder.is_dir():
        if column is not None:
            refuse(f"--target-column: {folder} is a folder, in which each target has its own file")
        yield _list_files(folder, known, wanted)
        return
    if column is None:
        refuse(f"--traces: {folder} is no folder; if it is one file of all, say --target-column")
    with TemporaryDirectory(prefix="flyball-") as place:
        yield _split(folder, column, wanted, Path(place))


def name_source(text: str, item: Item, folder: Path | None, column: str | None) -> str:
    """Let an error name the long file, of which a part was read."""
    if folder is None or column is None:
        return text
    return text.replace(item.file, f"{folder} ({column} {item.target.id!r}, its own rows)")


def _list_files(folder: Path, known: Sequence[str], wanted: Sequence[str]) -> list[str]:
    files: dict[str, Path] = {}
    for name in wanted:
        found = [path for end in SUFFIXES if (path := folder / f"{name}{end}").is_file()]
        if len(found) > 1:
            refuse(f"--traces: {found[0]} and {found[1]}: leave one of the two")
        if found:
            files[name] = found[0]
    others = [
        path.name
        for path in sorted(folder.iterdir())
        if path.suffix in SUFFIXES and path.stem not in known
    ]
    return _tell(folder, files, wanted, others, "file")


def _split(path: Path, column: str, wanted: Sequence[str], place: Path) -> list[str]:
    from flyball.cli import screen
    from flyball.report.plain import plain
    from flyball.sim.long import split

    with screen.progress(f"Reading {plain(path.name)}", None) as advance:
        found = split(path, column, frozenset(wanted), place, advance)
    return _tell(path, dict(found.files), wanted, list(found.others), "id")


def _tell(
    source: Path, files: dict[str, Path], wanted: Sequence[str], others: Sequence[str], what: str
) -> list[str]:
    """Say on stderr what has no traffic, and what is nobody's; refuse if nothing is left."""
    from flyball.report.plain import plain

    missing = [each for each in wanted if each not in files]
    if not files:
        refuse(f"--traces: {source} has none of {_list(wanted)}")
    if missing:
        complain(plain(f"{source} has nothing of {_list(missing)}; left out", 2_000))
    if others:
        complain(plain(f"{source}: no scalable target has the {what} {_list(others)}", 2_000))
    return [f"{name}={file}" for name, file in files.items()]


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"
