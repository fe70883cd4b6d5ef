"""What becomes of traffic when a written config scales a sized endpoint?

The production controller runs the config that was written. An instance carries what it carried at
saturation, and shows the use that the load test measured at what it answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from flyball import config
from flyball.adapters.local.metrics import METRICS, Minute
from flyball.adapters.local.timeline import ServiceSettings
from flyball.core.target import ScalableTarget, Unit
from flyball.core.zone import zone
from flyball.sim.judge import find_late
from flyball.sim.meaning import UTILIZATION, Meaning, find_meanings
from flyball.sim.ours import Ours, adapt
from flyball.sim.picked import carry_out
from flyball.sim.slots import SERVICE, Course, Plant, Run, score
from flyball.sizing.benchmark import Resource
from flyball.sizing.broken import Finding, Scene, find_break
from flyball.sizing.gauges import Gauge, find_gauges
from flyball.sizing.limit import PERCENT
from flyball.sizing.pattern import Pattern
from flyball.sizing.plan import Sizing
from flyball.sizing.ruled import show_value
from flyball.sizing.settings import Settings, choose_gauge
from flyball.sizing.written import write_config

MINUTE = timedelta(minutes=1)
DELAYS = {"gcp": 3 * MINUTE}
"""After a minute's end until its metrics are shown, where it is more than a minute."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one pattern.

    Attributes:
        pattern: What arrived.
        handled: The most requests in a minute of which, and of all that were fewer, none was late.
        late: Requests that were late.
        late_ratio: The same as a share, 0–1.
        instance_hours: Billed.
        cost: Of them; None: no price is known.
        most_instances: In service at a time.
        changes: Of capacity.
        first: Why the first request was late; None: none was.
        ordered: Instances in each minute, shape (n,); of a range its floor.
        ready: In service in each minute, as ordered; of a range a mean.
        late_each: Requests of each minute that were late, as ordered.
    """

    pattern: Pattern
    handled: float
    late: float
    late_ratio: float
    instance_hours: float
    cost: float | None
    most_instances: float
    changes: int
    first: Finding | None
    ordered: tuple[int, ...]
    ready: tuple[float, ...]
    late_each: tuple[float, ...]

    @property
    def expected(self) -> float:
        """The most requests in a minute that arrived."""
        return self.pattern.most


def try_settings(
    sizing: Sizing,
    settings: Settings,
    pattern: Pattern,
    home: str,
    resource: Mapping[str, str],
    *,
    time_zone: str = "UTC",
) -> Trial:
    """Run the config of some settings under a pattern.

    Args:
        sizing: What the method found.
        settings: What the policies are set to.
        pattern: What arrives.
        home: As for write_config; so is resource.
        resource: What is scaled.
        time_zone: IANA name, of windows, and of the dates of what was recorded.

    Raises:
        WrittenError: The config cannot be written.
        BrokenError: The controller failed.
        ValueError: One instance carries nothing.
    """
    text = write_config(sizing, "sized", home, resource, settings, time_zone=time_zone)
    (target,) = config.loads(text).scalable_targets
    if not pattern.has_calendar:
        target = replace(target, windows=())
    course = Course(pattern.start, pattern.requests, sizing.saturation.invocations)
    plant = _make_plant(sizing, settings, target, course)
    adapted = adapt(target, course.slot).scalable_target
    meanings = find_meanings(adapted)
    tracked = choose_gauge(sizing)
    use = find_gauges(home, resource, tracked, sizing.benchmark.machine).use
    if use is not None and use.name in meanings:
        meanings[use.name] = _mean_use(sizing, use, tracked)
    ours = Ours(adapted, course, plant, meanings=meanings)
    found = carry_out(course, plant, ours.peer())
    late = find_late(found.slots)
    clock = zone(time_zone) if pattern.has_calendar else None
    seen = (tuple(ours.reasons), tuple(ours.changes))
    scene = Scene(found, late, settings, target.max_capacity, *seen, clock)
    return _sum_up(sizing, pattern, found, late, find_break(scene))


def _make_plant(
    sizing: Sizing, settings: Settings, target: ScalableTarget, course: Course
) -> Plant:
    """Begin with what holds the first minute at its limit."""
    first = next((each for each in course.demand if each is not None), 0.0)
    held = math.ceil(first / settings.invocations * (1 - 1e-9))
    initial = min(max(held, target.min_capacity), target.max_capacity)
    return Plant(
        leads=(sizing.wish.lead_time,),
        metric_delay=DELAYS.get(target.home, MINUTE),
        min_capacity=target.min_capacity,
        max_capacity=target.max_capacity,
        initial=initial,
        service=_serve(sizing),
    )


def _serve(sizing: Sizing) -> ServiceSettings:
    """Let a service that picks inside a range see the machine that was tested."""
    if sizing.benchmark.machine.gpus:
        return SERVICE
    full = PERCENT * sizing.saturation.used_ratio.get(Resource.CPU, 1.0)
    return SERVICE._replace(gpu_target=None, cpu_full=max(full, 1.0))


def _mean_use(sizing: Sizing, gauge: Gauge, resource: Resource | None) -> Meaning:
    """Show the use that the load test measured at what an instance answers."""
    scale = 1 / PERCENT if gauge.unit is Unit.RATIO else 1.0

    def measure(minute: Minute, capacity: float) -> float | None:
        if minute.requests is None or not minute.ready:
            return None
        answered = min(capacity, (minute.requests + minute.waiting) / minute.ready)
        return scale * show_value(sizing, gauge, resource, answered)

    return Meaning(UTILIZATION, measure, METRICS["utilization"][1])


def _sum_up(
    sizing: Sizing, pattern: Pattern, found: Run, late: list[float], first: Finding | None
) -> Trial:
    marks = score(found, 0)
    price = sizing.benchmark.machine.price_per_hour
    return Trial(
        pattern=pattern,
        handled=_find_handled(found, late),
        late=marks.late,
        late_ratio=marks.late_ratio,
        instance_hours=marks.instance_hours,
        cost=None if price is None else price * marks.instance_hours,
        most_instances=max(found.slots.ready),
        changes=marks.changes,
        first=first,
        ordered=found.ordered,
        ready=tuple(found.slots.ready),
        late_each=tuple(late),
    )


def _find_handled(found: Run, late: list[float]) -> float:
    """Find the most below the least that found too few; who waits for others does not count."""
    each = found.course.capacity_per_instance
    known = [
        (demand, is_late > 0.0, demand > ready * each)
        for demand, ready, is_late in zip(found.course.demand, found.slots.ready, late, strict=True)
        if demand is not None
    ]
    least = min((demand for demand, is_late, over in known if is_late and over), default=math.inf)
    return max(
        (demand for demand, is_late, _ in known if not is_late and demand < least), default=0.0
    )
