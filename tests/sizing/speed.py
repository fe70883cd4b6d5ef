"""How fast is a core at a moment, as a small computation shows that is always the same?

    python -m tests.sizing.speed --core 3

A machine that others share does not do the same in each second, and shows no sign of it. On the
core of a server this computes for about a millisecond, 25 times a second, and writes a line each
time: the moment on the monotonic clock, and the CPU time that it took, in which nobody else's is.
"""

from __future__ import annotations

import argparse
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

REPOSITORY = Path(__file__).resolve().parents[2]
PAUSE_S = 0.04
ROUNDS = 30
TEXT = json.dumps({"instances": [[each / 7 for each in range(20)]]})


class Reading(NamedTuple):
    """How fast a core was at a moment of the monotonic clock: computations a second of CPU."""

    at_s: float
    speed: float


class Speed:
    """What is known of how fast a core was."""

    def __init__(self) -> None:
        self._readings: list[Reading] = []

    def read(self, lines: Iterable[str]) -> None:
        """Take readings, as they come."""
        for line in lines:
            at_s, cpu_s = map(float, line.split())
            self._readings.append(Reading(at_s, 1.0 / cpu_s))

    def mean(self, begin_s: float, end_s: float) -> float:
        """Give the mean of a window of the monotonic clock."""
        return statistics.fmean(
            each.speed for each in tuple(self._readings) if begin_s <= each.at_s <= end_s
        )


@contextmanager
def watch(core: int) -> Iterator[Speed]:
    """Look at how fast a core is, for as long as this is open."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sizing.speed", "--core", str(core)],
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


def main() -> None:
    """Compute and tell until somebody ends it, or nobody reads it any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, required=True)
    os.sched_setaffinity(0, {parser.parse_args().core})
    while True:
        began = time.thread_time()
        compute()
        taken = time.thread_time() - began
        try:
            sys.stdout.write(f"{time.monotonic()} {taken}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os._exit(0)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
