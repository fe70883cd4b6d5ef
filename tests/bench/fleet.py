"""How long do many endpoints take, on how many cores, and in how much memory?

    make bench-fleet
    make bench-fleet ARGS="1000 14 4"

Generated traffic of endpoints that are not alike, through `flyball backtest`'s own way of running
many: read from a file each, target tracking beside the Horizontal Pod Autoscaler, results kept in a
folder. The same endpoints with each number of workers, in one run; the most of them first, so that
the parent's memory is not that of a backtest of its own. Goal: a core's time a minute stays what it
is on one. ARGS: endpoints, days, workers.
"""

from __future__ import annotations

import os
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from flyball.cli.cores import Cores
from flyball.cli.fleet import Call, Runs
from flyball.cli.results import Shelf
from flyball.cli.subjects import Item, Reading, Setting
from flyball.config import load
from flyball.sim.generate import DAY_MINUTES, Shape, generate_day
from flyball.sim.trace import write_trace

CONFIG = Path(__file__).parents[2] / "examples" / "backtest.yaml"
START = datetime(2026, 1, 5, tzinfo=UTC)
CAPACITY = "900"
AGAINST = "hpa"
ENDPOINTS, DAYS, WORKERS = 40, 2, (4, 2, 1)
READING = Reading("timestamp", "requests", None, "UTC", level=False, days=1)
SETTING = Setting((timedelta(minutes=4),), timedelta(minutes=1), 0, None, {})


class Took(NamedTuple):
    """What a fleet took.

    Attributes:
        seconds: From the first to the last.
        cpu_s: Of processors, whoever used them.
        parent_mb: The most memory of this process until then.
        worker_mb: The most of any that worked for it; 0: nobody did.
    """

    seconds: float
    cpu_s: float
    parent_mb: float
    worker_mb: float


def make_items(folder: Path, endpoints: int, days: int) -> list[Item]:
    """Write traffic of endpoints that differ in size, swing, noise, hour and crowd."""
    (target,) = load(CONFIG).scalable_targets
    items = []
    for index in range(endpoints):
        draw = random.Random(index)
        shape = Shape(
            mean=draw.uniform(1_000, 10_000),
            swing_ratio=draw.uniform(0.2, 0.8),
            peak_minute=draw.randrange(DAY_MINUTES),
            noise_ratio=draw.uniform(0.02, 0.15),
            crowd_ratio=draw.uniform(1.0, 3.0),
        )
        trace = generate_day(START, seed=index, minutes=days * DAY_MINUTES, shape=shape)
        path = folder / f"e{index:04}.csv"
        write_trace(trace, path)
        items.append(Item(replace(target, id=path.stem), str(path), CAPACITY))
    return items


def measure(items: list[Item], workers: int, folder: Path) -> Took:
    """Run all of them with so many workers."""
    call = Call(
        READING, SETTING, AGAINST, "bench", Cores(workers), Shelf(folder), lambda text, _: text
    )
    before = read_cpu_s()
    began = time.perf_counter()
    fleet = Runs(items, call).run(whole=False)
    took = time.perf_counter() - began
    if len(fleet.told) != len(items):
        raise RuntimeError(f"{len(fleet.failed)} of {len(items)} failed: {fleet.failed[:1]}")
    cpu_s = sum(each - before.get(pid, 0.0) for pid, each in read_cpu_s().items())
    helpers = list_workers() if workers > 1 else []
    return Took(took, cpu_s, read_peak_mb(os.getpid()), max(map(read_peak_mb, helpers), default=0))


def read_cpu_s() -> dict[int, float]:
    """Say how much time of processors this process and its workers have used, by their numbers."""
    used = {}
    for pid in (os.getpid(), *list_workers()):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def list_workers() -> list[int]:
    """List the processes that this one started and that are there still."""
    threads = Path("/proc/self/task").iterdir()
    return [int(pid) for each in threads for pid in (each / "children").read_text().split()]


def read_peak_mb(pid: int) -> float:
    """Say how much memory a process had at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> int:
    """Print µs a minute a core, how it scales, and the memory."""
    given = [int(each) for each in sys.argv[1:]]
    endpoints, days = (given + [ENDPOINTS, DAYS][len(given) :])[:2]
    workers = tuple(given[2:]) or WORKERS
    with TemporaryDirectory(prefix="flyball-bench-") as place:
        (Path(place) / "traces").mkdir()
        items = make_items(Path(place) / "traces", endpoints, days)
        took = {each: measure(items, each, Path(place) / f"{each}") for each in workers}
    minutes = endpoints * days * DAY_MINUTES
    print(f"{endpoints:,} endpoints × {days} days, target tracking beside {AGAINST}")
    print(f"  {'workers':>7} {'seconds':>8} {'speed-up':>8} {'µs a minute of a core':>21}", end="")
    print(f" {'parent':>8} {'a worker':>9}")
    least = took[min(took)].seconds * min(took)
    for count, (seconds, cpu_s, parent_mb, worker_mb) in sorted(took.items()):
        worker = f"{worker_mb:,.0f} MB" if worker_mb else "–"
        print(f"  {count:>7} {seconds:>8.1f} {least / seconds:>8.2f}", end="")
        print(f" {cpu_s / minutes * 1e6:>21.1f} {parent_mb:>5,.0f} MB {worker:>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
