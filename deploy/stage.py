"""Which files does one cloud's function run? This gathers them into one folder.

    python deploy/stage.py aws          -> build/aws
    python deploy/stage.py gcp --out F  -> F

The folder holds the entry points of functions/<cloud>/ at its root, the package
beside them as flyball/, and the locked requirements. The package is the same
for both clouds, byte for byte; its digest is printed and kept in flyball.sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

CLOUDS = ("aws", "gcp")
DIGEST_FILE = "flyball.sha256"
# Never run by a function: what people use at a terminal, what Python makes, and what only a type
# checker reads.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.py[co]", "py.typed")
LEFT_OUT_PACKAGES = frozenset({"cli", "config", "cost", "report", "sim", "sizing"})


class StagingError(Exception):
    """The folder cannot be built; the message says what to do."""


def stage(cloud: str, root: Path, out: Path) -> str:
    """Build the folder of one cloud and return the digest of its package.

    Args:
        cloud: One of CLOUDS.
        root: The repository.
        out: The folder to build. It may exist if an earlier run built it.

    Returns:
        SHA-256, in hex, of the tree `out/flyball`.

    Raises:
        StagingError: Something needed is missing, or `out` holds other files.
    """
    entry_points = sorted((root / "functions" / cloud).glob("*.py"))
    if not entry_points:
        raise StagingError(
            f"functions/{cloud} has no entry point (*.py); add one, then stage again"
        )
    requirements = root / "requirements" / f"{cloud}-function.txt"
    if not requirements.is_file():
        raise StagingError(f"requirements/{cloud}-function.txt is missing; run `make lock`")
    _empty(out)
    for entry_point in entry_points:
        shutil.copyfile(entry_point, out / entry_point.name)
    shutil.copyfile(requirements, out / "requirements.txt")
    copy_package(root / "shared" / "flyball", out / "flyball")
    digest = digest_tree(out / "flyball")
    (out / DIGEST_FILE).write_text(f"{digest}  flyball\n", encoding="utf-8")
    return digest


def copy_package(package: Path, out: Path) -> None:
    """Copy the modules that a function may run; contents only, no times or modes."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        unwanted = set(LEFT_OUT(folder, names))
        return unwanted | (LEFT_OUT_PACKAGES & set(names) if Path(folder) == package else set())

    shutil.copytree(package, out, ignore=left_out, copy_function=shutil.copyfile)


def digest_tree(folder: Path) -> str:
    """Hash every file's path and content, in order of path; SHA-256 in hex."""
    whole = hashlib.sha256()
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    for name in sorted(name for name, path in paths.items() if path.is_file()):
        content = hashlib.sha256(paths[name].read_bytes()).hexdigest()
        whole.update(f"{content}  {name}\n".encode())
    return whole.hexdigest()


def _empty(out: Path) -> None:
    """Make `out` an empty folder, but delete only what an earlier run built."""
    if out.exists():
        if not out.is_dir():
            raise StagingError(f"{out} is not a folder; name another with --out")
        if any(out.iterdir()) and not (out / DIGEST_FILE).is_file():
            raise StagingError(f"{out} holds files that were not staged; name another with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True)


def main(arguments: list[str] | None = None) -> int:
    """Stage one cloud's folder and print where it is and what it holds."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Gather the files of one cloud's function.")
    parser.add_argument("cloud", choices=CLOUDS)
    parser.add_argument("--out", type=Path, help="the folder to build (default: build/<cloud>)")
    chosen = parser.parse_args(arguments)
    out = chosen.out or root / "build" / chosen.cloud
    try:
        digest = stage(chosen.cloud, root, out)
    except StagingError as error:
        print(f"stage: {error}", file=sys.stderr)
        return 1
    print(f"{digest}  {out}/flyball")
    return 0


if __name__ == "__main__":
    sys.exit(main())
