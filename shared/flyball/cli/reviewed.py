"""What of a flyball.yaml is searched, and how does what was found get into it?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import refuse
from flyball.cli.pages import check_files

if TYPE_CHECKING:
    from flyball.config.load import Config
    from flyball.config.source import Source
    from flyball.config.space import Dimension
    from flyball.sim.backtest import Subject
    from flyball.sim.tune import Asked, Tuned

TARGETS = tuple(each / 100 for each in range(50, 97, 2))
"""Of a peer's that has a target, where none is given: so fine that hindsight finds its best."""
SHOWN = 12
BOM = b"\xef\xbb\xbf"

Write = Annotated[
    bool,
    typer.Option("--write", help="Put the change into the config; its comments and layout stay."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Put the changed config into a new file."),
]


class Proposed(NamedTuple):
    """A change of a file.

    Attributes:
        text: All of it, changed.
        diff: From what it was; "": nothing changes.
        problem: Why it cannot be made; "": it can.
    """

    text: str
    diff: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A file that may be changed.

    Attributes:
        path: Of it.
        content: What it held when it was read.
        source: The same, read.
        config: What it says.
    """

    path: Path
    content: bytes
    source: Source
    config: Config

    def propose(self, found: Iterable[Tuned]) -> Proposed:
        """Set what was chosen, and see that the file says that and nothing else."""
        from flyball.config.amend import amend, show_diff
        from flyball.config.edit import EditError

        text = self.source.text
        edits = [edit for each in found for edit in each.edits]
        wanted = {each.asked.subject.scalable_target.id: each.asked.make(each.edits)
                  for each in found}  # fmt: skip
        try:
            made = amend(self.config, text, self.path.parent, edits, wanted)
        except EditError as error:
            return Proposed(text, "", f"{self.path}: it was not changed: {error}")
        return Proposed(made, show_diff(text, made, self.path.name))


def check_out(config: Path, out: Path | None, *, write: bool, overwrite: bool) -> None:
    """Refuse, before anything runs, what could not be written when it has run."""
    if out is not None and write:
        refuse("--write, --out: give one of the two")
    check_files({"--out": out}, overwrite=overwrite)
    if write and config.exists():
        for path in (config, config.resolve().parent):  # another file takes its place
            if not os.access(path, os.W_OK):
                refuse(f"--write: {path}: it may not be written")


def review(path: Path) -> Reviewed:
    """Read a flyball.yaml so that it can be changed."""
    from flyball.config.load import loads
    from flyball.config.source import read_file

    source = read_file(path)
    return Reviewed(path, path.read_bytes(), source, loads(source.text, str(path), path.parent))


def choose_asked(
    file: Reviewed, subjects: Sequence[Subject], only: Sequence[str], fix: Sequence[str], peers: str
) -> list[Asked]:
    """Put together what is searched of each scalable target; one without a field is left out."""
    from flyball.config.space import find_dimensions, find_index, make_target
    from flyball.sim.tune import Asked

    built = {each.scalable_target.id: each for each in file.config.built}
    asked: list[Asked] = []
    known: list[tuple[str, Dimension]] = []
    lost: list[str] = []
    for subject in subjects:
        target = subject.scalable_target
        dimensions, notes = find_dimensions(built[target.id], file.source)
        known += [(target.id, each) for each in dimensions]
        chosen = tuple(
            each
            for each in dimensions
            if (_is_named(target.id, each, only) if only else each.usual)
            and not _is_named(target.id, each, fix)
        )
        chosen, unset = _split_settable(file, chosen)
        notes += [f"{name} is not searched: {why}" for name, why in unset]
        lost += notes
        index = find_index(file.source, target.id)
        make = partial(make_target, file.source, file.path.parent, index)
        if chosen:
            asked.append(Asked(subject, chosen, make, _list_peers(peers, subject), tuple(notes)))
    _check_names("--only", only, known)
    _check_names("--fix", fix, known)
    if not asked:
        refuse(
            f"{file.path}: nothing to search: policies are searched that are written in the "
            f"scalable target itself, and that --fix does not name{_list_some(lost)}"
        )
    return asked


def _list_some(notes: Sequence[str]) -> str:
    return "".join(f"; {each}" for each in notes[:SHOWN])


def _split_settable(
    file: Reviewed, dimensions: tuple[Dimension, ...]
) -> tuple[tuple[Dimension, ...], list[tuple[str, str]]]:
    """Leave out what could not be set in the file, with the reason, before anything is searched."""
    if not _find_obstacle(file, dimensions):
        return dimensions, []
    whys = [(each, _find_obstacle(file, [each])) for each in dimensions]
    settable = tuple(each for each, why in whys if not why)
    return settable, [(each.name, why) for each, why in whys if why]


def _find_obstacle(file: Reviewed, dimensions: Sequence[Dimension]) -> str:
    from flyball.config.edit import Edit, EditError, edit

    others = [Edit(each.path, each.values[0 if each.now else 1]) for each in dimensions]
    try:
        edit(file.source.text, others)
    except EditError as error:
        return str(error)
    return ""


def put(
    file: Reviewed, proposed: Proposed, *, write: bool, out: Path | None
) -> tuple[Path | None, str]:
    """Write a change where it is wanted, whole or not at all.

    Returns:
        What was written, None for nothing; and what to say of it, "" for nothing.
    """
    if proposed.problem:
        refuse(proposed.problem)
    if not proposed.diff and out is None:
        return None, ""
    content = proposed.text.encode("utf-8")
    if file.content.startswith(BOM):
        content = BOM + content
    if out is not None:
        _replace(out, content, None)
        return out, f"{out}: written; {file.path} is as it was"
    if not write:
        return None, f"{file.path} is as it was: --write puts this into it"
    if not file.path.exists() or file.path.read_bytes() != file.content:
        refuse(f"{file.path}: somebody changed it meanwhile; apply the diff above by hand")
    real = file.path.resolve()
    _replace(real, content, real.stat().st_mode & 0o7777)
    return file.path, f"{file.path}: written"


def _replace(path: Path, content: bytes, mode: int | None) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask if mode is None else mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_named(target_id: str, dimension: Dimension, patterns: Sequence[str]) -> bool:
    names = (dimension.name, f"{target_id}:{dimension.name}")
    return any(
        name == each or name.startswith((f"{each}.", f"{each}[")) or fnmatchcase(name, each)
        for each in patterns
        for name in names
    )


def _check_names(
    option: str, patterns: Sequence[str], known: Sequence[tuple[str, Dimension]]
) -> None:
    for each in patterns:
        if not any(_is_named(target_id, dimension, [each]) for target_id, dimension in known):
            names = list(dict.fromkeys(dimension.name for _, dimension in known))
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            shown = ", ".join(names[:SHOWN]) or "none"
            refuse(f"{option}: nothing is called {each!r}; there are {shown}{more}")


def _list_peers(peers: str, subject: Subject) -> tuple[str, ...]:
    """List who runs beside it, who has a target with several."""
    from flyball.cli.recorded import choose_peers
    from flyball.sim.peers import describe

    names: list[str] = []
    for each in choose_peers(peers, subject.scalable_target):
        if each.kind != "static" and "target" in describe(each) and "target=" not in each.name:
            names += [f"{each.name}:target={target:g}" for target in TARGETS]
        else:
            names.append(each.name)
    return tuple(names)
