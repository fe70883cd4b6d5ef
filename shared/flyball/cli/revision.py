"""Which config is meant: a file, or what a file was in a revision of git?"""

from __future__ import annotations

import posixpath
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.config.load import Config

LONGEST_S = 60


def read_config(name: str) -> Config:
    """Read a config by its file's name, or as REVISION:FILE where there is no such file.

    The files that it names are those of the same revision.

    Raises:
        CommandError: There is neither.
        ConfigError: With every problem of it.
    """
    from flyball.cli.validate import load_config
    from flyball.config.load import loads

    revision, sign, file = name.partition(":")
    if not sign or not revision or not file or Path(name).exists():
        return load_config(Path(name))
    content = _show(revision, file)

    def read_beside(other: str) -> bytes:
        return _show(revision, posixpath.normpath(posixpath.join(posixpath.dirname(file), other)))

    return loads(content, name, reads=read_beside)


def _show(revision: str, file: str) -> bytes:
    """Let git give a file of a revision; as git itself has it, `./` begins where we are."""
    if revision.startswith("-"):
        refuse(f"{revision}:{file}: a revision does not begin with -")
    call = ["git", "cat-file", "blob", f"{revision}:{file}"]
    try:
        done = subprocess.run(call, capture_output=True, check=False, timeout=LONGEST_S)  # noqa: S603  (no shell, no option)
    except FileNotFoundError:
        refuse(f"{revision}:{file}: there is no such file, and no git to look for a revision")
    except subprocess.TimeoutExpired:
        refuse(f"{revision}:{file}: git did not answer within {LONGEST_S} s")
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        refuse(f"{revision}:{file}: no such file, nor a file of a revision: git: {said}")
    return done.stdout
