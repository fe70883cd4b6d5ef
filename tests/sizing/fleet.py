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


class Fleet:
    """Instances behind a proxy, of which some are in service."""

    def __init__(self, instances: Sequence[Instance], proxy: subprocess.Popen[str]) -> None:
        self.instances = instances
        self._proxy = proxy
        assert proxy.stdout is not None
        self.url = f"http://127.0.0.1:{int(proxy.stdout.readline())}/invocations"

    def serve_by(self, count: int) -> list[int]:
        """Take so many instances from now on: calls to each since the last time."""
        assert self._proxy.stdin is not None
        assert self._proxy.stdout is not None
        ports = [each.port for each in self.instances[:count]]
        self._proxy.stdin.write(json.dumps(ports) + "\n")
        self._proxy.stdin.flush()
        sent = json.loads(self._proxy.stdout.readline())
        return [sent.get(str(each.port), 0) for each in self.instances]

    def find_pace(self, count: int, begin_s: float, end_s: float) -> float:
        """Say how fast the cores of so many instances were in a window of the monotonic clock."""
        return sum(each.speed.find_pace(begin_s, end_s) for each in self.instances[:count]) / count


@contextmanager
def run_fleet(cores: Sequence[int]) -> Iterator[Fleet]:
    """Start a proxy on the first core, and an instance on each of the others."""
    own, *others = cores
    with ExitStack() as stack, pinned([own]):
        servers = []
        for core in others:
            with pinned([core]):
                servers.append(stack.enter_context(_start("server", "--cores", "1")))
        proxy = stack.enter_context(_start("proxy"))
        instances = []
        for core, server in zip(others, servers, strict=True):
            assert server.stdout is not None
            port = int(server.stdout.readline())
            instances.append(
                Instance(port, server.pid, stack.enter_context(watch(core, server.pid)))
            )
        yield Fleet(instances, proxy)


def write_body(path: Path, rows: int) -> None:
    """Write a call's body."""
    chance = random.Random(1)
    values = [[round(chance.gauss(0, 1), 4) for _ in range(FEATURES)] for _ in range(rows)]
    path.write_text(json.dumps({"instances": values}), encoding="utf-8")


@contextmanager
def _start(module: str, *options: str) -> Iterator[subprocess.Popen[str]]:
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
