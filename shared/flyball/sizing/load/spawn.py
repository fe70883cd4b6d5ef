"""How is the generator's program started, asked and ended?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

from flyball.core.shape import NamedTuple
from flyball.sizing.load.drive import GeneratorError
from flyball.sizing.load.order import Order, encode_order
from flyball.sizing.load.tally import Tick, decode_tick

PROGRAM = "flyball.sizing.load.generator"
START_S = 30.0
"""Longest from its start to its first word: it loads Locust, on a machine that may be busy."""
SILENCE_S = 10.0
"""It tells four times a second; after so long without a word it is gone."""
END_S = 5.0


class Probe(NamedTuple):
    """What one call came to.

    Attributes:
        failure: Why it was no answer; None: it was one.
        latency_ms: How long it took.
    """

    failure: str | None
    latency_ms: float


class Spawned:
    """The generator, in a program of its own."""

    def __init__(self, program: subprocess.Popen[str], order: Order) -> None:
        self._program = program
        self._order = order
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._complaints: list[str] = []
        assert program.stdout is not None  # noqa: S101  (it was asked for)
        assert program.stderr is not None  # noqa: S101
        Thread(target=self._read, args=(program.stdout,), daemon=True).start()
        Thread(target=self._complaints.extend, args=(program.stderr,), daemon=True).start()

    def probe(self) -> Probe:
        """Call once, before any load."""
        self.write({"probe": True})
        patience_s = START_S + self._order.timeout.total_seconds()
        while True:
            message = self._next(patience_s)
            if "probe" in message:
                told = message["probe"]
                return Probe(told["failure"], float(told["ms"]))

    def ask(self, load: float) -> None:
        """Let so many users call, or so many calls be made in a second; 0: none."""
        self.write({"load": load})

    def next_tick(self) -> Tick:
        """Wait for what it tells next.

        Raises:
            GeneratorError: It has ended, or says nothing any more.
        """
        return decode_tick(self._next(SILENCE_S)["tick"])

    def write(self, message: dict[str, object]) -> None:
        """Give it a line."""
        try:
            assert self._program.stdin is not None  # noqa: S101  (it was asked for)
            self._program.stdin.write(json.dumps(message) + "\n")
            self._program.stdin.flush()
        except OSError:
            raise self._lose() from None

    def _next(self, patience_s: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=patience_s)
        except Empty:
            raise GeneratorError("the load generator says nothing any more") from None
        if not line:
            raise self._lose()
        message: dict[str, Any] = json.loads(line)
        return message

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            self._lines.put(line)
        self._lines.put("")

    def _lose(self) -> GeneratorError:
        """Say that it is gone, and its last words without any header's value."""
        code = self._program.wait(END_S)
        said = next((each.strip() for each in reversed(self._complaints) if each.strip()), "")
        for _, value in self._order.headers:
            said = said.replace(value, "…") if value else said
        return GeneratorError(
            f"the load generator ended by itself, with {code}: {said or 'nothing said'}"
        )


@contextmanager
def spawn(order: Order, hold_s: float) -> Iterator[Spawned]:
    """Start the generator, and end it whatever happens.

    It stands in a session of its own: Ctrl-C is for us, who ends it and keeps what was found.

    Raises:
        ModuleNotFoundError: Locust is not installed.
    """
    if find_spec("locust") is None:
        raise ModuleNotFoundError(
            "locust is not installed; pip install 'flyball[loadtest]'", name="locust"
        )
    program = subprocess.Popen(  # noqa: S603  (this interpreter, with a module of ours)
        [sys.executable, "-m", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        spawned = Spawned(program, order)
        spawned.write({"order": encode_order(order), "hold_s": hold_s})
        yield spawned
    finally:
        program.kill()  # no call may come after this line
        program.wait(END_S)
        for stream in (program.stdin, program.stdout, program.stderr):
            if stream is not None:
                _close(stream)


def _close(stream: IO[str]) -> None:
    try:
        stream.close()
    except OSError:
        return  # what was still to be written is for nobody
