"""Is a change put into a config whole or not at all, whatever happens meanwhile?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flyball.cli.failure import CommandError
from flyball.cli.reviewed import Proposed, check_out, put, review

BEFORE = """\
# two of them\r
version: 1\r
scalable_targets:\r
  - {id: a, min_capacity: 1, max_capacity: 9}  # ä\r
"""
AFTER = BEFORE.replace("9}", "8}")
CHANGE = Proposed(AFTER, "a diff")
DIES = """
import os, signal, sys
from pathlib import Path
from flyball.cli.reviewed import Proposed, put, review
path, event = Path(sys.argv[1]), sys.argv[2]
file = review(path)
change = Proposed(file.source.text.replace("9}", "8}"), "a diff")
def die(name, _):
    if name == event:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
put(file, change, write=True, out=None)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a config with a mark of its encoding, foreign line ends, and a mode of its own."""
    path = tmp_path / "flyball.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BEFORE.encode())
    path.chmod(0o640)
    return path


def test_what_is_written_keeps_mark_line_ends_and_mode(config: Path) -> None:
    """And a link to it stays one."""
    link = config.with_name("link.yaml")
    link.symlink_to(config)
    where, told = put(review(link), CHANGE, write=True, out=None)
    assert (where, told) == (link, f"{link}: written")
    assert link.is_symlink()
    assert config.read_bytes() == b"\xef\xbb\xbf" + AFTER.encode()
    assert config.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in config.parent.iterdir()} == {"flyball.yaml", "link.yaml"}


@pytest.mark.parametrize("other", [b"version: 1\n", b"", None], ids=["changed", "empty", "gone"])
def test_what_somebody_else_did_meanwhile_stays(config: Path, other: bytes | None) -> None:
    """It is said, and the diff can be applied by hand."""
    file = review(config)
    if other is None:
        config.unlink()
    else:
        config.write_bytes(other)
    with pytest.raises(CommandError, match="somebody changed it meanwhile"):
        put(file, CHANGE, write=True, out=None)
    assert (config.read_bytes() if config.exists() else None) == other


@pytest.mark.parametrize("event", ["tempfile.mkstemp", "os.chmod", "os.rename"])
def test_who_is_killed_in_mid_write_leaves_the_file_as_it_was(config: Path, event: str) -> None:
    """A new file takes its place at once, or never."""
    before = config.read_bytes()
    words = [sys.executable, "-c", DIES, str(config), event]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert config.read_bytes() == before
    assert put(review(config), CHANGE, write=True, out=None)[0] == config


def test_what_cannot_be_set_is_refused_and_nothing_is_written(config: Path, tmp_path: Path) -> None:
    """Neither here nor elsewhere."""
    broken = Proposed(BEFORE, "", "it would not be sound")
    for write, out in ((True, None), (False, tmp_path / "o.yaml"), (False, None)):
        with pytest.raises(CommandError, match="it would not be sound"):
            put(review(config), broken, write=write, out=out)
    assert not (tmp_path / "o.yaml").exists()


def test_nothing_to_change_is_written_only_elsewhere(config: Path, tmp_path: Path) -> None:
    """Whoever names another file wants it in any case."""
    out = tmp_path / "o.yaml"
    same = Proposed(BEFORE, "")
    assert put(review(config), same, write=True, out=None) == (None, "")
    assert put(review(config), same, write=False, out=out)[0] == out
    assert out.read_bytes() == config.read_bytes()


def test_both_ways_to_write_are_one_too_many(config: Path) -> None:
    """As is a folder."""
    with pytest.raises(CommandError, match="give one of the two"):
        check_out(config, config, write=True, overwrite=True)
    with pytest.raises(CommandError, match="it is a folder"):
        check_out(config, config.parent, write=False, overwrite=True)
