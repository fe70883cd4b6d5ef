"""What does `flyball loadtest` find, as a user starts it, and when was each load held?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from tests.cli.programs import start

PATIENCE_S = 300.0


class Window(NamedTuple):
    """From when to when on the monotonic clock, in seconds."""

    begin_s: float
    end_s: float


class Load(NamedTuple):
    """A load test.

    Attributes:
        code: With which it ended.
        found: What its JSON says; {}: nothing.
        windows: When each load was held, by the users or the rate as its line shows them.
        complaint: What it wrote on stderr.
    """

    code: int
    found: dict[str, Any]
    windows: dict[str, Window]
    complaint: str


def run_load(cwd: Path, url: str, *options: object, tell: Callable[[str], object] = len) -> Load:
    """Run a load test to its end; its line for each load comes when that was held, and is told."""
    told: list[tuple[float, str]] = []
    with start("loadtest", url, "--json", *options, cwd=cwd) as program:

        def listen() -> None:
            assert program.stderr is not None
            for line in program.stderr:
                told.append((time.monotonic(), line))
                tell(line.strip())

        listener = Thread(target=listen, daemon=True)
        listener.start()
        assert program.stdout is not None
        try:
            out = program.stdout.read()
            code = program.wait(PATIENCE_S)
        finally:
            program.kill()
        listener.join()
    found = json.loads(out) if out else {}
    steps = (found.get("benchmark") or {"steps": []})["steps"]
    longest = max((step["duration_s"] for step in steps), default=0.0)
    windows = {
        line.split()[1]: Window(at_s - longest, at_s) for at_s, line in told if "answered/s" in line
    }
    return Load(code, found, windows, "".join(line for _, line in told))
