"""How does a test start the real program, on a pipe or a terminal?"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

FLYBALL = (sys.executable, "-c", "from flyball.cli.main import app; app(prog_name='flyball')")
PATIENCE_S = 60.0


def environment(**variables: str) -> dict[str, str]:
    """Give an environment that says nothing of colours, or of Flyball."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FLYBALL_") and name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    }
    return {**kept, "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1", **variables}


def start(*arguments: object, cwd: Path, **variables: str) -> subprocess.Popen[str]:
    """Start the program on pipes."""
    return subprocess.Popen(
        [*FLYBALL, *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(program: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for its end: exit code, stdout, stderr."""
    out, err = program.communicate(timeout=PATIENCE_S)
    return program.returncode, out, err


def run(*arguments: object, cwd: Path, **variables: str) -> tuple[int, str, str]:
    """Start the program on pipes and wait for its end."""
    return finish(start(*arguments, cwd=cwd, **variables))


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, f"waited in vain for {what}"
        time.sleep(0.02)


def run_on_terminal(
    *arguments: object, cwd: Path, columns: int = 80, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run the program on a terminal of its own: exit code, and all that was written to it."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    program = subprocess.Popen(
        [*FLYBALL, *map(str, arguments)],
        cwd=cwd,
        env=environment(**(env or {})),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    written = bytearray()
    try:
        while piece := os.read(leader, 65_536):
            written += piece
    except OSError:  # the program has closed its end
        pass
    finally:
        os.close(leader)
    return program.wait(PATIENCE_S), written.decode()
