"""What would load tests of two instance types find, where the model takes 12 ms of a core?

    python docs/sizing.py    write examples/loadtest.csv and examples/loadtest-4.csv

Nothing is measured: requests come at random, wait for the next free core, are served in the same
time each, and are turned away where too many wait. Each load is held for a minute; the same chance
gives the same files.
"""

from __future__ import annotations

import csv
import heapq
import random
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "examples"
HEADS = ("rate_per_minute", "answered_per_minute", "p50_ms", "p95_ms", "p99_ms", "CPUUtilization")
QUANTILES = (0.5, 0.95, 0.99)
MINUTE_S = 60.0
QUEUE = 64
SERVICE_S = 0.012
TESTS = (("loadtest.csv", 2, 1_000), ("loadtest-4.csv", 4, 2_000))
"""Files, cores, and by how much the load rises."""
STEPS = 12


def write_all(folder: Path = FOLDER) -> None:
    """Write the files."""
    for name, cores, step in TESTS:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADS)
            writer.writerows(measure(step * each, cores) for each in range(1, STEPS + 1))


def measure(rate: int, cores: int) -> tuple[str, ...]:
    """Hold a load of requests a minute, and give the row below HEADS.

    The first arrivals of a second find an empty instance; that is left out.
    """
    chance = random.Random(rate)  # noqa: S311  (no secret)
    free = [0.0] * cores
    under_way: list[float] = []
    late, at, sent, left = list[float](), 0.0, 0, 1.0
    while at < MINUTE_S + left:
        at += chance.expovariate(rate / MINUTE_S)
        while under_way and under_way[0] <= at:
            heapq.heappop(under_way)
        sent += at >= left
        if len(under_way) >= QUEUE + cores:
            continue
        end = max(at, heapq.heappop(free)) + SERVICE_S
        heapq.heappush(free, end)
        heapq.heappush(under_way, end)
        if at >= left:
            late.append(1_000.0 * (end - at))
    late.sort()
    found = [late[int(each * len(late))] for each in QUANTILES]
    used = min(100.0 * cores, 100.0 * len(late) * SERVICE_S / MINUTE_S)
    return (f"{sent}", f"{len(late)}", *(f"{each:.1f}" for each in found), f"{used:.2f}")


if __name__ == "__main__":
    write_all()
