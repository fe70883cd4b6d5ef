"""What would load tests find, of two instance types and of a fleet, of a model of 12 ms of a core?

    python docs/sizing.py    write examples/loadtest.csv, loadtest-4.csv and loadtest-fleet.csv

Nothing is measured: requests come at random, wait for the next free core, are served in the same
time each, and are turned away where too many wait. Each load is held for a minute; the same chance
gives the same files. In the fleet each request goes to an instance by chance. So many of them serve
as the load of a lead time and a minute before needs, each held at what the page says.
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
FLEET = "loadtest-fleet.csv"
FLEET_HEADS = (
    *("users", "rate_per_minute", "answered_per_minute", "p50_ms", "p95_ms", "p99_ms"),
    *("duration_s", "instances"),
)
USERS, PER_USER, HOLD_S = 50, 60, 240
"""New ones in each load, what each of them sends in a minute, and how long a load is held."""
HELD, MOST, LAG_S = 5_000, 8, 160
"""Requests a minute and instance, instances at most, and how late they come."""


def write_all(folder: Path = FOLDER) -> None:
    """Write the files."""
    for name, cores, step in TESTS:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADS)
            writer.writerows(measure(step * each, cores) for each in range(1, STEPS + 1))
    with (folder / FLEET).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FLEET_HEADS)
        writer.writerows(measure_fleet(USERS * each) for each in range(1, STEPS + 1))


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


def measure_fleet(users: int) -> tuple[str, ...]:
    """Hold a load of users on a fleet that scales, and give the row below FLEET_HEADS."""
    rate, before = users * PER_USER, (users - USERS) * PER_USER
    chance = random.Random(rate)  # noqa: S311  (no secret)
    free = [[0.0] * TESTS[0][1] for _ in range(MOST)]
    under_way: list[list[float]] = [[] for _ in range(MOST)]
    late, at, sent = list[float](), 0.0, 0
    early, enough = (min(MOST, max(1, -(-each // HELD))) for each in (before, rate))
    while at < HOLD_S:
        at += chance.expovariate(rate / MINUTE_S)
        one = chance.randrange(early if at < LAG_S else enough)
        while under_way[one] and under_way[one][0] <= at:
            heapq.heappop(under_way[one])
        sent += 1
        if len(under_way[one]) >= QUEUE + len(free[one]):
            continue
        end = max(at, heapq.heappop(free[one])) + SERVICE_S
        heapq.heappush(free[one], end)
        heapq.heappush(under_way[one], end)
        late.append(1_000.0 * (end - at))
    late.sort()
    found = [late[int(each * len(late))] for each in QUANTILES]
    served = (early * LAG_S + enough * (HOLD_S - LAG_S)) / HOLD_S
    counts = (f"{each * MINUTE_S / HOLD_S:.0f}" for each in (sent, len(late)))
    return (f"{users}", *counts, *(f"{each:.1f}" for each in found), f"{HOLD_S}", f"{served:.2f}")


if __name__ == "__main__":
    write_all()
