"""What does the adaptive policy come to on a trace, by itself, in the plant of the scoring rules?

For research and tests: the policy alone, without a controller around it.

    python -m tests.adaptive TRACE.csv ...
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from flyball.core.portfolio import Goal, State, absorb, want
from flyball.sim.judge import Marks
from flyball.sim.peers.aws import Settings, TargetTracking
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import MINUTE, Course, Plant, Seen, course_of, run, score
from flyball.sim.trace import read_trace


@dataclass(slots=True)
class Adaptive:
    """The policy as a peer among peers: it sees what they see."""

    goal: Goal
    state: State = field(default_factory=State)

    def decide(self, seen: Seen) -> int:
        """Absorb the newest minute that is shown, and order what is wanted."""
        minute = int(seen.now.timestamp()) // 60 - 1 - self.goal.delay_minutes
        self.state = absorb(self.state, self.goal, minute, seen.load)
        found = want(self.state, self.goal)
        return seen.desired if found is None else found.instances


def compare(course: Course, late_budget_ratio: float = 0.01) -> tuple[Marks, Marks]:
    """Score the adaptive policy, and target tracking at 70 %, with four minutes of lead.

    No more is allowed to either than the highest minute needs.
    """
    plant = Plant(max_capacity=max(1, *(-int(-(load or 0.0) // 1) for load in course.loads())))
    goal = Goal(late_budget_ratio, most=plant.max_capacity)
    bounds = Bounds(plant.min_capacity, plant.max_capacity)
    tracking = TargetTracking(Settings(), bounds, MINUTE)
    return score(run(course, plant, Adaptive(goal))), score(run(course, plant, tracking))


def main(paths: list[str]) -> int:
    """Print a line a trace."""
    for path in map(Path, paths):
        course = course_of(read_trace(path))
        began = time.process_time()
        ours, tracking = compare(course)
        spent = 1e6 * (time.process_time() - began) / len(course.demand)
        print(  # noqa: T201 - it is a table
            f"{path.stem:<20} cost ÷ clairvoyant {ours.clairvoyant_ratio:6.3f}"
            f"  late {ours.late_ratio:6.2%}  changes a day {ours.changes_a_day:5.0f}"
            f"  (target tracking {tracking.clairvoyant_ratio:6.3f} {tracking.late_ratio:6.2%}"
            f" {tracking.changes_a_day:5.0f})  {spent:4.0f} µs a minute, both"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
