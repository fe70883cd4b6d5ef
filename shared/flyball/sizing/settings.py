"""What are the policies of a sized endpoint set to, and where does each value come from?

The published example's numbers are what the rules here give for it: its cooldowns for a lead time
of 100 seconds, its steps for eight instances at most, two cores, and half of them used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Resource
from flyball.sizing.between import interpolate
from flyball.sizing.curve import draw_curve
from flyball.sizing.habit import Habit
from flyball.sizing.limit import HOLDS
from flyball.sizing.plan import Sizing
from flyball.sizing.saturation import Bound, Cause

OUT_RATIO = 0.1
"""Of a lead time: the longest that a cooldown may add to it."""
SECOND = timedelta(seconds=1)
NEAR_RATIO, FAR_RATIO = 0.05, 0.8
"""Of the way from the limit to saturation: where the second and the last step begin."""
ADDED = (1, 3, 4)
"""Instances that each step adds, of eight at most."""
PUBLISHED_MOST = 8
ADDED_PERCENT = (25, 75, 100)
"""The same of four instances, the middle of the published range: of more at most, they add so many
percent of what there is then."""
LATE_RATIO = 0.01
"""Of the requests may be late, where nobody says otherwise."""
WHOLE = 1e-9


class Kind(Word):
    """By what an endpoint is scaled."""

    TRACKING = "tracking"
    """Target tracking on invocations and on use, and steps for what comes at once."""
    STEPS = "steps"
    """By steps alone, out and in."""
    ADAPTIVE = "adaptive"
    """A policy that finds out by itself."""


class Cooldowns(NamedTuple):
    """After a change that is complete: before the next one of the same direction."""

    scale_out: timedelta
    scale_in: timedelta


class Rise(NamedTuple):
    """A step.

    Attributes:
        begin_ratio: Of the way from the limit (0) to saturation (1).
        end_ratio: Likewise; None: without end.
        add: Instances, or percent of those that there are then.
        is_percent: Which of the two.
    """

    begin_ratio: float
    end_ratio: float | None
    add: int
    is_percent: bool = False

    @property
    def shown(self) -> str:
        """What it adds, for people."""
        return f"+{self.add}{'%' if self.is_percent else ''}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the policies are set to.

    Attributes:
        min_capacity: Instances.
        max_capacity: Instances.
        invocations: Per instance and minute, that it is held at.
        cooldowns: As the policies have them.
        rises: From the limit on, in order; empty: no step policy.
        habits: What the calendar brings, of which each is a window.
        kind: By what it is scaled.
        late_ratio: Share of requests that may be late, 0–1.
        why: By an attribute's name, why it is not what the method says.
    """

    min_capacity: int
    max_capacity: int
    invocations: float
    cooldowns: Cooldowns
    rises: tuple[Rise, ...]
    habits: tuple[Habit, ...] = ()
    kind: Kind = Kind.TRACKING
    late_ratio: float = LATE_RATIO
    why: Mapping[str, str] = field(default_factory=dict)

    def change(self, why: str, **changes: Any) -> Settings:  # noqa: ANN401  (attributes of ours)
        """Set some anew, and keep why."""
        told = {**self.why, **dict.fromkeys(changes, why)}
        return replace(self, why=told, **changes)


def derive_settings(
    sizing: Sizing,
    *,
    habits: tuple[Habit, ...] = (),
    kind: Kind = Kind.TRACKING,
    late_ratio: float = LATE_RATIO,
) -> Settings:
    """Say what the policies are set to.

    Args:
        sizing: What the method found.
        habits: See habit.find_habits; empty: no windows.
        kind: By what it is scaled.
        late_ratio: Share of requests that may be late, 0–1.
    """
    return Settings(
        min_capacity=sizing.capacity.min_capacity,
        max_capacity=sizing.capacity.max_capacity,
        invocations=sizing.limit.invocations.middle,
        cooldowns=derive_cooldowns(sizing.wish.lead_time),
        rises=derive_rises(sizing.capacity.max_capacity),
        habits=habits,
        kind=kind,
        late_ratio=late_ratio,
    )


def derive_cooldowns(lead_time: timedelta) -> Cooldowns:
    """Say how long to wait after a change.

    Scale-in waits one lead time: what it took by mistake takes so long to come back. Scale-out
    waits a tenth of one, since it may not make late what is late already, and what was ordered is
    counted anyway. Both are whole seconds, rounded up.

    Source: AWS's published method of sizing an endpoint in three steps: 10 s and 100 s. It does not
        say for which lead time: by this rule it is 100 s.
    """
    seconds = lead_time.total_seconds()
    out = math.ceil(seconds * OUT_RATIO - WHOLE)
    return Cooldowns(out * SECOND, math.ceil(seconds - WHOLE) * SECOND)


def derive_rises(max_capacity: int) -> tuple[Rise, ...]:
    """Say how many instances come at once, by how far it is from the limit to saturation.

    Source: AWS's published method of sizing an endpoint in three steps: +1 from 0 to 5, +3 from 5
        to 80 and +4 from 80 on above 100 of the 200 % of two cores, for eight instances at most.
    """
    is_percent = max_capacity > PUBLISHED_MOST
    first, middle, last = (
        ADDED_PERCENT if is_percent else (min(each, max_capacity) for each in ADDED)
    )
    return (
        Rise(0.0, NEAR_RATIO, first, is_percent),
        Rise(NEAR_RATIO, FAR_RATIO, middle, is_percent),
        Rise(FAR_RATIO, None, last, is_percent),
    )


def choose_gauge(sizing: Sizing) -> Resource | None:
    """Say whose use is tracked; None: of none, as none was measured or more instances free none."""
    resource = sizing.limit.resource
    return None if resource in HOLDS else resource


def tell_most(sizing: Sizing) -> str:
    """Say what the most is that one instance was seen to carry."""
    if sizing.saturation.bound is Bound.AT_LEAST:
        return "as much as the load test asked of it: it may carry more"
    if sizing.saturation.cause is Cause.LATENCY:
        return "where the load test passed the latency"
    return "where it carried no more in the load test"


def read_use(sizing: Sizing, resource: Resource, invocations: float) -> float:
    """Give the use of a resource, 0–1, at so many invocations per instance and minute."""
    limit = sizing.limit
    if resource is limit.resource and invocations == limit.invocations.middle and limit.used_ratio:
        return limit.used_ratio.middle
    drawn = draw_curve(sizing.benchmark, sizing.saturation, resource)
    return interpolate([(carried, used) for used, carried in drawn], invocations)
