"""How long does a year of minutes of one endpoint take, beside a plain autoscaler's?

    make bench-backtest
    make bench-backtest ARGS=365

Generated days through alarms, timer, controller, engine and ledger, with target tracking, as
`flyball backtest` runs them: without rows, with each row sealed and kept in memory, and as the
floor of a range in which a service picks. Then with the adaptive policy, which looks and learns
every minute, without rows and with them. Then the Horizontal Pod Autoscaler's algorithm in Python
on the same days in the same run, which decides every minute and explains nothing. One core; goal:
60 s a year with target tracking, 180 s with the adaptive policy, both without rows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flyball.adapters.local.memory import MemoryLedger
from flyball.config import load
from flyball.core.learner import AdaptivePolicy
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.sim.generate import DAY_MINUTES, generate_day
from flyball.sim.ours import Ours
from flyball.sim.peers import make
from flyball.sim.picked import carry_out
from flyball.sim.slots import Course, Peer, Plant, Ranging, course_of

EXAMPLES = Path(__file__).parents[2] / "examples"
START = datetime(2026, 1, 5, tzinfo=UTC)
CAPACITY = 900.0
DAYS = 4
YEAR_MINUTES = 365 * DAY_MINUTES
GOAL_S, ADAPTIVE_GOAL_S = 60.0, 180.0
TIMES = 8


def measure(
    course: Course, plant: Plant, start: Callable[[], Peer | Ranging], times: int = TIMES
) -> float:
    """Run a course several times; give the least µs of a core a minute."""
    least = float("inf")
    for _ in range(times):
        peer = start()
        began = time.process_time()
        carry_out(course, plant, peer)
        least = min(least, time.process_time() - began)
    return least / len(course.demand) * 1e6


def adapt_to(target: ScalableTarget) -> ScalableTarget:
    """Give the adaptive example's first scalable target the same plant."""
    assistant = load(EXAMPLES / "adaptive.yaml").scalable_targets[0]
    policies = [
        replace(each, capacity_per_instance=CAPACITY)
        for each in assistant.policies
        if isinstance(each, AdaptivePolicy)
    ]
    return replace(
        assistant,
        min_capacity=target.min_capacity,
        max_capacity=target.max_capacity,
        policies=tuple(policies),
    )


def main() -> int:
    """Print µs a minute, a year of it, and the ratio to the plain one."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    (target,) = load(EXAMPLES / "backtest.yaml").scalable_targets
    adaptive = adapt_to(target)
    course = course_of(generate_day(START, minutes=days * DAY_MINUTES), CAPACITY)
    plant = Plant(min_capacity=target.min_capacity, max_capacity=target.hard_max)
    ranged = replace(target, capacity_kind=CapacityKind.RANGE)
    (hpa,) = make("hpa")
    times = 1 if days > DAYS else TIMES
    contenders: tuple[tuple[str, Callable[[], Peer | Ranging]], ...] = (
        ("tracking", lambda: Ours(target, course, plant)),
        ("tracking, rows", lambda: Ours(target, course, plant, ledger=MemoryLedger())),
        ("of a range", lambda: Ours(ranged, course, plant).peer()),
        ("adaptive", lambda: Ours(adaptive, course, plant)),
        ("adaptive, rows", lambda: Ours(adaptive, course, plant, ledger=MemoryLedger())),
        ("plain HPA", lambda: hpa.start(course, plant)),
    )
    took = {name: measure(course, plant, start, times) for name, start in contenders}
    print(f"{days} generated days, one core, best of {times}")
    print(f"Goals: {GOAL_S:g} s with target tracking, {ADAPTIVE_GOAL_S:g} s with adaptive")
    print(f"  {'':<14} {'µs a minute':>11} {'a year':>8} {'÷ HPA':>6}")
    for name, each in took.items():
        year_s = each * YEAR_MINUTES / 1e6
        print(f"  {name:<14} {each:>11.1f} {year_s:>6.1f} s {each / took['plain HPA']:>6.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
