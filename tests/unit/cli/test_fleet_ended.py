"""Does a fleet's backtest that was ended from outside go on where it was?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import flyball
from tests.unit.cli.commands import Done
from tests.unit.cli.fleets import HOURS, NAMES, write_config, write_traces

REST = "are done and kept in kept; the same command goes on with the others"
SCRIPT = """
import resource, signal, sys
from flyball.cli.main import app
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
most = int(sys.argv[1])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
app(sys.argv[2:])
"""
"""As `flyball`, with files of so many bytes at most."""


def make_call(folder: Path, names: tuple[str, ...], hours: int = HOURS) -> list[object]:
    """Make what is typed, for so many alike."""
    config = write_config(folder / "f.yaml", names)
    traces = write_traces(folder / "traces", names, hours=hours)
    return ["backtest", "--config", config, "--traces", traces, "--capacity", 500]


@pytest.fixture
def engine(folder: Path) -> dict[str, str]:
    """Copy the sources: results are taken only if these are as they were, and someone may edit.

    Nothing is compiled into the copy: where a file has few bytes, Python leaves half of one there.
    """
    copied = folder / "engine"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(flyball.__file__).parent, copied / "flyball", ignore=leave)
    return {**os.environ, "PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}


def begin(call: Sequence[object], env: dict[str, str], most: int = 0) -> subprocess.Popen[str]:
    """Begin a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(most), *map(str, call)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=env,
    )


def end(call: Sequence[object], env: dict[str, str], most: int = 0) -> Done:
    """Let a command run to its end."""
    with begin(call, env, most) as process:
        out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)


def expect_nobody(group: int) -> None:
    """Expect that of a command's processes none is left, or soon."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("somebody is still at work")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("jobs", "by", "send"),
    [
        pytest.param(1, signal.SIGINT, os.killpg, id="one, Ctrl-C"),
        pytest.param(2, signal.SIGINT, os.killpg, id="two, Ctrl-C"),
        pytest.param(2, signal.SIGTERM, os.kill, id="two, as a service ends its first process"),
        pytest.param(2, signal.SIGKILL, os.killpg, id="two, killed"),
    ],
)
def test_after_an_interruption_the_same_command_goes_on(
    folder: Path,
    engine: dict[str, str],
    jobs: int,
    by: signal.Signals,
    send: Callable[[int, int], None],
) -> None:
    """It ends soon, says what it keeps if it can, and has in the end what it would have had."""
    names = tuple(f"t{number:02}" for number in range(12))
    call = [*make_call(folder, names, hours=24), "--jobs", jobs, "--json"]
    with begin([*call, "--results", "kept"], engine) as process:
        while not list(folder.glob("kept/*.json")):
            time.sleep(0.01)
            assert process.poll() is None
        send(process.pid, by)
        began = time.monotonic()
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - began < 20
    done = len(list(folder.glob("kept/*.json")))
    assert 1 <= done < 12
    if by is not signal.SIGKILL:
        expect_nobody(process.pid)
        assert (process.returncode, out) == (130, "")
        assert err.splitlines() == [
            f"flyball: {done} of 12 {REST}",
            "flyball: interrupted",
        ]
    resumed = end([*call, "--results", "kept"], engine)
    assert resumed.err == f"flyball: {done} of 12 were done before: kept\n"
    assert resumed.out == end([*call, "--results", "fresh"], engine).out


def test_what_other_code_did_is_not_taken(folder: Path, engine: dict[str, str]) -> None:
    """Whatever changed in it, and whatever version it says it is."""
    call = [*make_call(folder, NAMES), "--jobs", 1, "--results", "kept"]
    first = end(call, engine)
    assert end(call, engine).err == "flyball: 3 of 3 were done before: kept\n"
    Path(engine["PYTHONPATH"], "flyball", "new.py").touch()
    assert end(call, engine) == first == Done(0, first.out, "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_where_no_more_can_be_kept_it_ends_with_the_remedy(
    folder: Path, engine: dict[str, str], jobs: int
) -> None:
    """What is kept is whole, nothing else is left, and it goes on once there is room."""
    call = [*make_call(folder, NAMES), "--jobs", jobs, "--results", "kept"]
    full = end(call, engine, most=1_000)
    assert (full.code, full.out) == (2, "")
    rest, why = full.err.splitlines()
    assert rest == f"flyball: 0 of 3 {REST}"
    assert "File too large; make room there, or name another folder" in why
    assert not list((folder / "kept").iterdir())
    assert end(call, engine).code == 0
    assert end(call, engine).err == "flyball: 3 of 3 were done before: kept\n"
