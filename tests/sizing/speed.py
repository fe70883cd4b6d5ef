"""What could a server's core do in a moment, as a small computation shows that is always the same?

    python -m tests.sizing.speed --core 3 --pid 4711

A machine that others share does not do the same in each second, and shows no sign of it. On the
core of a server this computes for about a millisecond, 25 times a second, and writes a line each
time: the moment on the monotonic clock, the CPU time that it took, in which nobody else's is, and
how much of the core others than the server have had since this began.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from flyball.sizing.load.usage import CPU_TIMES, find_family

REPOSITORY = Path(__file__).resolve().parents[2]
PAUSE_S = 0.04
ROUNDS = 30
SELDOM = 5
"""Turns between two looks at who else had the core."""
IDLE = slice(3, 5)
"""Of the counts of a core: idle, and waiting for a disk."""
TICKS = os.sysconf("SC_CLK_TCK")
TEXT = json.dumps({"instances": [[each / 7 for each in range(20)]]})


class Reading(NamedTuple):
    """A core at a moment.

    Attributes:
        at_s: Of the monotonic clock.
        speed: Computations in a second of CPU.
        others_s: CPU that others than the server have had until then.
    """

    at_s: float
    speed: float
    others_s: float


class Speed:
    """What is known of a server's core; windows are of the monotonic clock."""

    def __init__(self) -> None:
        self._readings: list[Reading] = []

    def read(self, lines: Iterable[str]) -> None:
        """Take readings, as they come."""
        for line in lines:
            at_s, cpu_s, others_s = map(float, line.split())
            self._readings.append(Reading(at_s, 1.0 / cpu_s, others_s))

    def find_pace(self, begin_s: float, end_s: float) -> float:
        """Give how many computations it did in a second of CPU, in a window's mean."""
        return statistics.fmean(each.speed for each in self._find(begin_s, end_s))

    def mean(self, begin_s: float, end_s: float) -> float:
        """Give how many a second it could do for the server: the others' share is left out."""
        return self.find_pace(begin_s, end_s) * (1.0 - self.find_others(begin_s, end_s))

    def find_others(self, begin_s: float, end_s: float) -> float:
        """Give the share of a window that others had, 0–1."""
        there = self._find(begin_s, end_s)
        first, last = there[0], there[-1]
        return max(0.0, (last.others_s - first.others_s) / (last.at_s - first.at_s))

    def _find(self, begin_s: float, end_s: float) -> list[Reading]:
        there = [each for each in tuple(self._readings) if begin_s <= each.at_s <= end_s]
        assert len(there) > 1, f"the core was not looked at from {begin_s} to {end_s}"
        return there


@contextmanager
def watch(core: int, pid: int) -> Iterator[Speed]:
    """Look at the core of a server, by its first process, for as long as this is open."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sizing.speed", "--core", str(core), "--pid", str(pid)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        speed = Speed()
        reader = Thread(target=speed.read, args=(program.stdout,), daemon=True)
        reader.start()
        try:
            yield speed
        finally:
            program.kill()
            reader.join()


@contextmanager
def pinned(cores: Iterable[int]) -> Iterator[None]:
    """Start programs on these cores alone: what is started meanwhile stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def compute() -> int:
    """Do what a server does beside its model: read text, compute, write text."""
    found = 0
    for _ in range(ROUNDS):
        rows = json.loads(TEXT)["instances"]
        found += len(json.dumps([sum(each * each for each in row) for row in rows]))
        found += sum(each * 3 for each in range(200))
    return found


def read_others(core: int, pid: int) -> float:
    """Give the CPU that others have had of a core, in seconds: all but a server and this."""
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *counts = line.split()
        if name == f"cpu{core}":
            busy = sum(map(int, counts)) - sum(map(int, counts[IDLE]))
            family = find_family([pid, os.getpid()]).values()
            return (busy - sum(sum(map(int, each[CPU_TIMES])) for each in family)) / TICKS
    raise ValueError(f"/proc/stat: it does not tell of core {core}")


def main() -> None:
    """Compute and tell until somebody ends it, or nobody reads it any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    others_s = read_others(given.core, given.pid)
    for turn in itertools.count(1):
        began = time.thread_time()
        compute()
        taken = time.thread_time() - began
        if turn % SELDOM == 0:
            others_s = read_others(given.core, given.pid)
        try:
            sys.stdout.write(f"{time.monotonic()} {taken} {others_s}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os._exit(0)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
