"""What would be ordered by who knows the future, and how cheap can it be with some of it late?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flyball.sim.foresight import Plan, plan_ahead, plan_within
from flyball.sim.judge import Marks, fill_gaps, warm_up
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Course, Plant, Run, Seen, run, score


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        late: Share of requests that may be late, 0 to below 1.
    """

    late: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.late < 1:
            raise ValueError(f"late: got {self.late:g}, expected a share from 0 to below 1")


class Planned:
    """Orders that were settled before it began."""

    def __init__(self, ordered: Sequence[int]) -> None:
        self.ordered = ordered
        self._slot = 0

    def decide(self, _seen: Seen) -> int:
        """Say how many instances to have in the next slot."""
        self._slot = min(self._slot + 1, len(self.ordered) - 1)
        return self.ordered[self._slot]


class Optimum(NamedTuple):
    """The least cost with a share of requests late.

    Attributes:
        ordered: A plan that keeps to the share, instances by the slot.
        marks: What it came to.
        bound: No plan that keeps to it is billed fewer instance-slots, in what is scored.
    """

    ordered: tuple[int, ...]
    marks: Marks
    bound: float


def foresee(
    settings: Settings, bounds: Bounds, course: Course, plant: Plant, begin: int | None = None
) -> Planned:
    """Plan with the future known: exactly where nobody may be late, else find_optimum's plan.

    What is cheapest without a floor stays so with one, since a floor only fills what is below it.
    """
    if settings.late:
        ordered: Sequence[int] = find_optimum(course, plant, settings.late, begin).ordered
    else:
        needs = [None if load is None else math.ceil(load) for load in course.loads()]
        ordered = plan_ahead(fill_gaps(needs), plant.lead_slots(course.slot))
    return Planned([bounds.clamp(number) for number in ordered])


def find_optimum(
    course: Course, plant: Plant, late_ratio: float, begin: int | None = None
) -> Optimum:
    """Find the least cost with a share of requests late, from both sides.

    What is over capacity is always late, so no plan with that share late leaves more over capacity:
    the bound of plan_within holds. Its plans of rising prices are run, and the cheapest is taken
    that keeps to the share with the backlog that it leaves. The truth lies in between; where the
    two are apart, it is for the sake of those who wait behind a backlog.

    Args:
        course: What arrives.
        plant: Leads; all take the median one here.
        late_ratio: 0 to below 1, of the requests that are scored.
        begin: The first slot that is scored; None: after what suits the course's length.
    """
    lead = plant.lead_slots(course.slot)
    begin = warm_up(len(course.demand), course.slot) if begin is None else begin
    warm = fill_gaps([None if x is None else math.ceil(x) for x in course.loads()])
    before = plan_ahead(warm, lead)[:begin]
    loads = [load or 0.0 for load in course.loads()][begin:]
    steady = Plant((lead * course.slot,), plant.metric_delay, 0, initial=warm[0])

    def carry_out(plan: Plan) -> Run:
        return run(course, steady, Planned([*before, *plan.ordered]))

    allowed = late_ratio * math.fsum(loads)
    each = course.capacity_per_instance
    found = plan_within(
        loads, lead, allowed, lambda plan: score(carry_out(plan), begin).late / each
    )
    done = carry_out(found.plan)
    return Optimum(done.ordered, score(done, begin), found.bound)
