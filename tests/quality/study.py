"""What does each policy come to on one course of traffic, and what would hindsight have chosen?

The production controller runs the configs below, the same for every course; a peer runs with each
of many targets. All order in the plant of the scoring rules: four minutes from an order to its
service, metrics a minute late, and never more than the highest minute needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from flyball.config import loads
from flyball.sim.judge import DAY, Marks, warm_up
from flyball.sim.ours import Ours, adapt
from flyball.sim.peers import make
from flyball.sim.slots import Course, Peer, Plant, run, score

LATE_BUDGET = 0.01
CONFIG = """\
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: {most}
    lead_time: 4m
    metrics:
      - name: calls
        per: total
        source: {{metric: invocations}}
    policies:
{policies}
"""
POLICIES = {
    "adaptive": """\
      - {{name: on-budget, kind: adaptive, metric: calls, capacity_per_instance: {capacity!r},
         late_budget: 1%}}
""",
    "tracking": """\
      - {{name: track, kind: target_tracking, metric: calls, target_value: {target!r}}}
""",
    "predictive": """\
      - {{name: track, kind: target_tracking, metric: calls, target_value: {target!r}}}
      - {{name: ahead, kind: predictive, metric: calls, target_value: {target!r}, quantile: 90%}}
""",
}
"""What users would write. Nothing of it is chosen by the course but what one instance carries."""
TARGET = 0.7
TARGETS = (*(n / 20 for n in range(1, 10)), *(n / 50 for n in range(25, 50)))
"""Of an instance's capacity, which hindsight may choose from for a peer."""
PEERS = ("aws", "hpa")


class Best(NamedTuple):
    """What hindsight would have chosen for a peer.

    Attributes:
        target: Of an instance's capacity, 0–1.
        marks: What it would have come to.
    """

    target: float
    marks: Marks


class Study(NamedTuple):
    """One course.

    Attributes:
        name: Of it.
        days: Its length.
        most: Instances that its highest minute needs.
        ours: By POLICIES' names.
        tracked: AWS target tracking at 70 %.
        static: Always what the highest minute needs.
        within: By PEERS, the cheapest target that keeps the budget; None: none does.
        alike: By PEERS, the cheapest target that is late no more than our adaptive policy; None:
            none is.
    """

    name: str
    days: float
    most: int
    ours: dict[str, Marks]
    tracked: Marks
    static: Marks
    within: dict[str, Best | None]
    alike: dict[str, Best | None]


class Task(NamedTuple):
    """What is run at once in one process.

    Attributes:
        course: By its name.
        policy: One of POLICIES, "static", or a peer as `--against` names it.
    """

    course: str
    policy: str


def plan(courses: Sequence[str]) -> list[Task]:
    """Say everything that a study of courses has to run, the longest first."""
    peers = [f"{peer}:target={target:g}" for target in TARGETS for peer in PEERS]
    return [Task(course, each) for each in (*POLICIES, *peers, "static") for course in courses]


def begin_of(course: Course) -> int:
    """Say from which slot on it is scored: after a day, or the first hour if that is all of it."""
    total = len(course.demand)
    day = int(DAY / course.slot)
    return day if total >= 2 * day else warm_up(total, course.slot)


def measure(course: Course, policy: str) -> Marks:
    """Run one policy over a course, and score it."""
    most = find_most(course)
    plant = Plant(max_capacity=most)
    if policy in POLICIES:
        found = run(course, plant, _start_ours(course, plant, policy))
    else:
        (baseline,) = make(policy)
        found = baseline.run(course, plant)
    return score(found, begin_of(course))


def find_most(course: Course) -> int:
    """Say how many instances the highest minute needs."""
    return max(1, *(math.ceil(load or 0.0) for load in course.loads()))


def summarize(name: str, course: Course, marks: dict[str, Marks]) -> Study:
    """Put together what was measured.

    Args:
        name: Of the course.
        course: It.
        marks: By the policy, as plan named them.
    """
    ours = {policy: marks[policy] for policy in POLICIES}
    late = ours["adaptive"].late_ratio
    return Study(
        name,
        len(course.demand) * course.slot / DAY,
        find_most(course),
        ours,
        marks[f"aws:target={TARGET:g}"],
        marks["static"],
        {peer: _find_best(peer, marks, LATE_BUDGET) for peer in PEERS},
        {peer: _find_best(peer, marks, late) for peer in PEERS},
    )


def _start_ours(course: Course, plant: Plant, policy: str) -> Peer:
    capacity = course.capacity_per_instance
    policies = POLICIES[policy].format(capacity=capacity, target=TARGET * capacity)
    text = CONFIG.format(most=plant.max_capacity, policies=policies)
    (target,) = loads(text, "quality.yaml").scalable_targets
    return Ours(adapt(target, course.slot).scalable_target, course, plant)


def _find_best(peer: str, marks: dict[str, Marks], late_ratio: float) -> Best | None:
    found = [Best(target, marks[f"{peer}:target={target:g}"]) for target in TARGETS]
    fit = [best for best in found if best.marks.late_ratio <= late_ratio]
    return min(fit, key=lambda best: best.marks.instance_hours, default=None)
