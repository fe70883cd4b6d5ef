"""How many points a minute does a search try, on how many cores?

    make bench-tune
    make bench-tune ARGS="14 64 4 2 1"

`flyball tune`'s own search over the four usual fields of examples/backtest.yaml, on generated days,
with folds: the same search with each number of workers, in one run. A point is one that any of the
searches was told of; several of them share a run. ARGS: days, trials, workers.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from flyball.cli.cores import Cores
from flyball.cli.reviewed import choose_asked, review
from flyball.cli.tune import _spread
from flyball.sim.backtest import Subject
from flyball.sim.generate import DAY_MINUTES, generate_day
from flyball.sim.slots import Plant, course_of
from flyball.sim.tune import Asked, Rules, tune
from flyball.sim.tune.run import Answer, Piece
from flyball.sim.tune.search import Goal, open_storage
from tests.bench.fleet import CAPACITY, CONFIG, START, read_cpu_s

DAYS, TRIALS, WORKERS = 4, 32, (4, 2, 1)


def make_asked(days: int) -> list[Asked]:
    """Ask for what is usual on so many days."""
    file = review(Path(CONFIG))
    (target,) = file.config.scalable_targets
    course = course_of(generate_day(START, seed=0, minutes=days * DAY_MINUTES), float(CAPACITY))
    plant = Plant(max_capacity=target.max_capacity)
    return choose_asked(file, [Subject(target, course, plant)], [], [], "")


def main() -> int:
    """Print points a minute, how they scale, and what a run's minute costs a core."""
    given = [int(each) for each in sys.argv[1:]]
    days, trials = (given + [DAYS, TRIALS][len(given) :])[:2]
    asked = make_asked(days)
    open_storage(None)
    print(f"{trials} trials on {days} days, {len(asked[0].dimensions)} fields, with folds")
    print(f"  {'workers':>7} {'seconds':>8} {'points a minute':>15} {'runs':>5}", end="")
    print(f" {'core seconds':>12} {'µs a minute that is run':>23}")
    for workers in tuple(given[2:]) or WORKERS:
        ran: list[int] = []

        def run(pieces: list[Piece], ran: list[int], workers: int) -> list[Answer]:
            ran += [max(part.end for part in piece.parts) for piece in pieces]
            return list(_spread(pieces, Cores(workers), lambda _: None))

        before, began = read_cpu_s(), time.perf_counter()
        found = tune(asked, Rules(Goal(0.02), trials), partial(run, ran=ran, workers=workers))  # type: ignore[arg-type]
        took = time.perf_counter() - began
        cpu_s = sum(each - before.get(pid, 0.0) for pid, each in read_cpu_s().items())
        points = trials * (1 + len(found.targets[0].walks))
        print(f"  {workers:>7} {took:>8.1f} {60 * points / took:>15,.0f} {len(ran):>5}", end="")
        print(f" {cpu_s:>12.1f} {1e6 * cpu_s / sum(ran):>23.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
