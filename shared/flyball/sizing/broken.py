"""Which limit was it that broke first, when the first request was late?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from flyball.core.model import Decision, LimitKind, Reason
from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sim.slots import Run, in_slots
from flyball.sizing.rounding import show_figure
from flyball.sizing.settings import Kind, Settings

DATAPOINTS = 2
"""Minutes past the target that a scale-out waits for, beside the first."""


class Break(Word):
    """What was too little."""

    MAX_CAPACITY = "max_capacity"
    """No more instances were allowed."""
    SATURATION = "saturation"
    """Load came within a minute, from what was in order to more than the instances carry."""
    LEAD_TIME = "lead_time"
    """So many were ordered as were needed, and they were not in service yet."""
    COOLDOWN = "cooldown"
    """More were wanted, and had to wait for the cooldown of those before."""
    STEP = "step"
    """What was shown long enough is held by more than were ordered: the steps are too small."""
    TARGET = "target"
    """Load grew from the target to saturation before enough could be ordered."""


class Finding(NamedTuple):
    """What broke first.

    Attributes:
        limit: What was too little.
        minute: When, in minutes from the beginning.
        requests: In that minute.
        needed: Instances that carry them.
        ready: In service then; a mean where a service picks.
        ordered: Of them all, with those on their way.
        sentence: For people.
        at: ISO 8601, with an offset, where the minute is one of a calendar; "": it is not.
    """

    limit: Break
    minute: int
    requests: float
    needed: int
    ready: float
    ordered: int
    sentence: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at.

    Attributes:
        run: What became of the traffic.
        late: Requests of each minute that were late, shape (n,).
        settings: What the policies are set to.
        max_capacity: Instances at most.
        reasons: Of the last decision in each minute, shape (n,).
        changes: (minute, decision) of each order.
        zone: Of people's clocks, where the minutes are those of a calendar; None: they are not.
    """

    run: Run
    late: Sequence[float]
    settings: Settings
    max_capacity: int
    reasons: Sequence[Reason | None]
    changes: Sequence[tuple[int, Decision]]
    zone: tzinfo | None = None


def find_break(scene: Scene) -> Finding | None:
    """Say why the first request was late; None: none was.

    The first of these that is so: no more were allowed; nobody could see it coming; enough were on
    their way; a cooldown held them back; fewer were ordered than hold what had long been shown.
    Otherwise it went from the target to saturation too quickly.
    """
    late = next((index for index, each in enumerate(scene.late) if each > 0.0), None)
    if late is None:
        return None
    run, course = scene.run, scene.run.course
    requests = course.demand[late] or 0.0
    needed = math.ceil(requests / course.capacity_per_instance)
    ordered = run.ordered[late]
    if run.inside is not None:
        ordered = max(ordered, run.inside.picked[late])
    limit = _name(scene, late, needed, ordered)
    ready = run.slots.ready[late]
    told = _tell(scene, limit, needed, ready, ordered)
    when, at = f"In minute {late}", ""
    if scene.zone is not None:
        local = (course.start + late * course.slot).astimezone(scene.zone)
        when, at = f"On {local:%a %Y-%m-%d %H:%M %Z}", local.isoformat()
    sentence = f"{when}, at {show_figure(requests)} requests a minute, {told}"
    return Finding(limit, late, requests, needed, ready, ordered, sentence, at)


def _name(scene: Scene, late: int, needed: int, ordered: int) -> Break:
    if needed > scene.max_capacity:
        return Break.MAX_CAPACITY
    run = scene.run
    delay = in_slots(run.plant.metric_delay, run.course.slot)
    lead = run.plant.lead_slots(run.course.slot)
    if late == 0 or _was_in_order(scene, late - 1):
        return Break.SATURATION
    if ordered >= needed:
        return Break.LEAD_TIME
    begin = max(0, late - lead - delay - DATAPOINTS)
    if _cooled(scene, begin, late):
        return Break.COOLDOWN
    if scene.settings.kind is Kind.ADAPTIVE:  # it holds no target
        return Break.TARGET
    shown = late - 1 - delay - DATAPOINTS
    seen = (run.course.demand[shown] or 0.0) if shown >= 0 else 0.0
    return Break.STEP if seen > ordered * scene.settings.invocations else Break.TARGET


def _was_in_order(scene: Scene, index: int) -> bool:
    held = scene.settings.invocations * scene.run.slots.ready[index]
    return (scene.run.course.demand[index] or 0.0) <= held


def _cooled(scene: Scene, begin: int, end: int) -> bool:
    if any(each is Reason.IN_COOLDOWN for each in scene.reasons[begin:end]):
        return True
    return any(
        limit.kind is LimitKind.COOLDOWN and limit.after < limit.before
        for at, decision in scene.changes
        if begin <= at < end
        for limit in decision.limits
    )


def _tell(scene: Scene, limit: Break, needed: int, ready: float, ordered: int) -> str:
    plant, held = scene.run.plant, show_figure(scene.settings.invocations)
    lead = f"{plant.leads[0].total_seconds():g} s"
    short = f"{needed} instances were needed and {ready:.6g} served"
    match limit:
        case Break.MAX_CAPACITY:
            return f"{short}: max_capacity is {scene.max_capacity}"
        case Break.SATURATION:
            return (
                f"{short}: a minute before, each had no more than the {held} that it is held at, "
                "so nothing could be seen coming"
            )
        case Break.LEAD_TIME:
            return f"{short}: {ordered} were ordered, and take {lead} to serve"
        case Break.COOLDOWN:
            wait = scene.settings.cooldowns.scale_out.total_seconds()
            return (
                f"{short}: {ordered} were ordered, and more waited for the cooldown of {wait:g} s"
            )
        case Break.STEP:
            return (
                f"{short}: {ordered} were ordered, fewer than hold what had been shown for minutes "
                f"at {held} each"
            )
        case _:
            return (
                f"{short}: {ordered} were ordered, since it went from {held} an instance to "
                f"saturation before its metrics and the lead time of {lead} let more serve"
            )
