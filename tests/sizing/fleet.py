"""How is a fleet of model servers run for real on one machine, each one on a core of its own?"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.sizing.server import FEATURES
from tests.sizing.speed import REPOSITORY, Speed, pinned, watch

WORKERS, THREADS = 2, 4


class Instance(NamedTuple):
    """A model server on a core of its own."""

    port: int
    pid: int
    speed: Speed

    @property
    def url(self) -> str:
        """Where it answers without the proxy."""
        return f"http://127.0.0.1:{self.port}/invocations"


class Proxy:
    """What gives calls to instances in turn."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        self.url = f"http://127.0.0.1:{read_port(program)}/invocations"

    def turn_to(self, ports: Sequence[int]) -> dict[int, int]:
        """Take instances at these ports from now on: calls to each port since the last time."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(ports) + "\n")
        self._program.stdin.flush()
        sent = json.loads(self._program.stdout.readline())
        return {int(port): count for port, count in sent.items()}


class Fleet(NamedTuple):
    """Instances behind a proxy, of which some are in service."""

    instances: Sequence[Instance]
    proxy: Proxy

    def serve_by(self, count: int) -> list[int]:
        """Take so many instances from now on: calls to each since the last time."""
        sent = self.proxy.turn_to([each.port for each in self.instances[:count]])
        return [sent.get(each.port, 0) for each in self.instances]

    def find_pace(self, count: int, begin_s: float, end_s: float) -> float:
        """Say how fast the cores of so many instances were in a window of the monotonic clock."""
        return sum(each.speed.find_pace(begin_s, end_s) for each in self.instances[:count]) / count


@contextmanager
def run_fleet(cores: Sequence[int]) -> Iterator[Fleet]:
    """Start a proxy on the first core, and an instance on each of the others, one by one."""
    with ExitStack() as stack:
        proxy = stack.enter_context(run_proxy(cores[0]))
        yield Fleet([stack.enter_context(run_instance(core)) for core in cores[1:]], proxy)


@contextmanager
def run_proxy(core: int) -> Iterator[Proxy]:
    """Start a proxy on a core."""
    with ExitStack() as stack:
        with pinned([core]):
            program = stack.enter_context(start("proxy"))
        yield Proxy(program)


@contextmanager
def run_instance(core: int) -> Iterator[Instance]:
    """Start an instance on a core; it is in service when this is entered."""
    with start("server", "--core", str(core)) as program:
        port = read_port(program)
        with watch(core, program.pid) as speed:
            yield Instance(port, program.pid, speed)


def read_port(program: subprocess.Popen[str]) -> int:
    """Wait until a program says at which port it answers."""
    assert program.stdout is not None
    return int(program.stdout.readline())


def write_body(path: Path, rows: int) -> None:
    """Write a call's body."""
    chance = random.Random(1)
    values = [[round(chance.gauss(0, 1), 4) for _ in range(FEATURES)] for _ in range(rows)]
    path.write_text(json.dumps({"instances": values}), encoding="utf-8")


@contextmanager
def start(module: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start one of this folder's programs, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.sizing.{module}", *options],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            program.terminate()
