"""Which backtests were done before, and where are those kept that are done now?

A folder with a file for each scalable target, so that what was interrupted goes on where it was. A
file is taken only for the same config, traffic, options and engine; it is written whole or not at
all, and one that was damaged is not believed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

import flyball
from flyball.cli.failure import complain, refuse
from flyball.cli.folder import FOLDER, make_folder

if TYPE_CHECKING:
    from flyball.cli.subjects import Item, Reading, Setting
    from flyball.report.fleet import Kept

USUAL = FOLDER / "backtest"
LONGEST = 100
"""Characters of an id that stand in a file's name."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Results = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FOLDER",
        help="Of several targets: where what is done is kept, so that the same command goes on "
        "after an interruption.  [default: .flyball/backtest]",
        show_default=False,
    ),
]


class Shelf:
    """A folder of results.

    Attributes:
        folder: It.
    """

    def __init__(self, folder: Path | None) -> None:
        """Make the folder, if there is none.

        Raises:
            CommandError: It cannot be made.
        """
        self.folder = USUAL if folder is None else folder
        if folder is None:
            make_folder(USUAL)
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            refuse(f"--results: {self.folder}: {reason}; make its parent, or name another folder")

    def take(self, item: Item, key: str) -> Kept | None:
        """Give what is kept of a target, if it is of this key and whole; say so if it is not."""
        from flyball.report.fleet import read_kept
        from flyball.report.plain import plain

        path = self._name(item)
        try:
            value = json.loads(path.read_bytes())
            if value["key"] != key:
                return None
            if value["sum"] == _sum(value["kept"]):
                return read_kept(value["kept"])
            wrong = "is damaged"
        except FileNotFoundError:
            return None
        except OSError as error:
            wrong = f"cannot be read ({error.strerror or error})"
        except (ValueError, KeyError, TypeError, AttributeError):
            wrong = "is damaged"
        complain(plain(f"{path} {wrong}; {item.target.id} is run again", 500))
        return None

    def put(self, item: Item, key: str, kept: Kept) -> None:
        """Keep what came of a target, in place of what was there."""
        from flyball.report.fleet import write_kept

        value = write_kept(kept)
        text = _write({"key": key, "sum": _sum(value), "kept": value})
        path = self._name(item)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            refuse(f"--results: {path}: {error.strerror or error}; {_cure(error)}")

    def read(self, item: Item, key: str) -> Kept:
        """Give what was put there, or taken, by this run.

        Raises:
            CommandError: Somebody removed or changed it in the meantime.
        """
        kept = self.take(item, key)
        if kept is None:
            refuse(f"--results: {self._name(item)}: changed while this ran; run it again")
        return kept

    def _name(self, item: Item) -> Path:
        name = quote(item.target.id, safe=" ")
        if len(name) > LONGEST or name.startswith("."):
            name = f"{name[:LONGEST].lstrip('.')}-{_digest(item.target.id)[:12]}"
        return self.folder / f"{name}.json"


def _cure(error: OSError) -> str:
    if error.errno in FULL:
        return "make room there, or name another folder"
    return "make it writable, or name another folder"


def make_key(item: Item, reading: Reading, setting: Setting, against: str, engine: str) -> str:
    """Make what is the same only where the result is.

    Raises:
        OSError: The traffic cannot be read.
    """
    from flyball.core.codec import canonical

    traffic = hashlib.sha256(Path(item.file).read_bytes()).hexdigest() if item.file else ""
    parts = {
        "target": item.target,
        "traffic": traffic,
        "name": Path(item.file).name,
        "capacity": item.capacity,
        "reading": reading._asdict(),
        "setting": setting._asdict(),
        "against": against,
        "engine": [engine, _digest_engine(), *_find_ray(against)],
    }
    return _digest(canonical(parts))


@cache
def _digest_engine() -> str:
    """Tell apart what is installed, also between two releases."""
    root = Path(flyball.__file__).parent
    sums = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        sums.update(f"{path.relative_to(root)}\n".encode())
        sums.update(path.read_bytes())
    return sums.hexdigest()


@cache
def _find_ray(against: str) -> list[str]:
    """Give the version of the library that is a peer, if it is one."""
    return [version("ray")] if "ray" in against and find_spec("ray") else []


def _sum(value: Any) -> str:  # noqa: ANN401  (JSON material)
    return _digest(_write(value))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(value: Any) -> str:  # noqa: ANN401  (JSON material)
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
