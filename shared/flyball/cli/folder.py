"""Where do a ledger and what belongs to it lie, and may they be written?"""

from __future__ import annotations

from pathlib import Path

from flyball.cli.failure import refuse

FOLDER = Path(".flyball")
DEMO = FOLDER / "demo.db"
BESIDE = ("", "-wal", "-shm", "-journal")


def make_folder(ledger: Path) -> None:
    """Make the default folder, which no version control takes in; another one must be there.

    Raises:
        CommandError: The ledger's folder does not exist.
    """
    folder = ledger.parent
    if folder == FOLDER and not folder.exists():
        folder.mkdir()
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    if not folder.is_dir():
        refuse(f"{ledger}: its folder does not exist; make it first, or name another file")


def remove_ledger(path: Path) -> None:
    """Remove a ledger's file with what SQLite keeps beside it."""
    for suffix in BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
