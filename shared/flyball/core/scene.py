"""What does every step of one decision look at: the inputs, with what follows from them at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flyball.core.model import (
    Capacity,
    CapacityRange,
    Change,
    Direction,
    Fired,
    Foreign,
    History,
    Observation,
    Pause,
    Reason,
    Recommendation,
)
from flyball.core.policy import ScheduledPolicy
from flyball.core.schedule import last_between, next_after
from flyball.core.shape import NamedTuple
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.core.window import combine, foresee

FIRINGS_LIMIT = 32
"""After a long silence, each action's newest firings count; older ones were overtaken by them."""


class Bounds(NamedTuple):
    """The bounds of this instant, before quota and hard bounds.

    Attributes:
        floor: The largest of the minimum and the active windows' floors.
        ceiling: The smallest of the maximum and the active windows' ceilings; never below floor.
        floor_by: The window that set the floor, "" for the minimum itself.
        ceiling_by: The window that set the ceiling, "" for the maximum itself.
        until: When a window or a scheduled action changes them next, None for never.
        ahead: The window that set the floor has not begun: it holds early.
    """

    floor: int
    ceiling: int
    floor_by: str
    ceiling_by: str
    until: datetime | None
    ahead: bool = False


class Scene(NamedTuple):
    """One decision's inputs.

    Attributes:
        target: Whose.
        observation: What was seen.
        history: What is remembered.
        now: Aware UTC.
        capacity: What the provider has, known.
        current: Desired capacity of the provider, instances.
        bounds: Of this instant.
        fired: Scheduled actions that were due.
        scaling_out: The first scale-out that is still in flight, or None.
    """

    target: ScalableTarget
    observation: Observation
    history: History
    now: datetime
    capacity: Capacity
    current: int
    bounds: Bounds
    fired: tuple[Fired, ...]
    scaling_out: Change | None

    @property
    def base(self) -> int:
        """What a scale-out starts from, instances: the setting; of a range, what serves in it.

        A service that picks inside its range may have picked more than the floor.
        """
        if self.target.capacity_kind is CapacityKind.COUNT:
            return self.current
        return max(self.current, self.picked)

    @property
    def picked(self) -> int:
        """What is in service, up to the range's ceiling where there is one, instances."""
        ceiling = self.capacity.ceiling
        serving = self.capacity.serving
        return serving if ceiling is None else min(serving, ceiling)

    @property
    def foreign_ceiling(self) -> Foreign | None:
        """Somebody else's change of the range's upper end, while it is respected."""
        ceiling = self.history.ceiling
        foreign = None if ceiling is None else ceiling.foreign
        return foreign if foreign is not None and foreign.until > self.now else None

    def base_of(self, change: Change) -> int:
        """What a change started from, instances; see base."""
        if self.target.capacity_kind is CapacityKind.COUNT or change.after <= change.before:
            return change.before
        then = [sample.ready for sample in self.history.ready if sample.at <= change.at]
        return max([change.before, *then[-1:]])


class Asked(NamedTuple):
    """What the policies ask for together.

    Attributes:
        wanted: The merged number.
        winners: The recommendations that gave it.
        recommendations: All of them.
    """

    wanted: int
    winners: tuple[Recommendation, ...]
    recommendations: Sequence[Recommendation]


def set_scene(
    target: ScalableTarget,
    observation: Observation,
    history: History,
    now: datetime,
    capacity: Capacity,
) -> Scene:
    """Work out the bounds of this instant and what is in flight."""
    fired, bounds = find_bounds(target, history, now)
    scaling_out = None
    for change in history.changes:
        if change.completed_at is None and change.after > change.before:
            scaling_out = change
            break
    return Scene(
        target, observation, history, now, capacity, capacity.desired, bounds, fired, scaling_out
    )


def find_bounds(
    target: ScalableTarget, history: History, now: datetime
) -> tuple[tuple[Fired, ...], Bounds]:
    """Apply the scheduled actions that are due, then the windows.

    Floors and ceilings: the largest floor and the smallest ceiling hold; where they cross, the
    floor wins, because too few is worse than too many. The hard maximum comes last of all. Where
    the target says so, a floor holds from a while before its window begins.
    """
    lower, upper = target.min_capacity, target.max_capacity
    if history.bounds is not None and history.bounds_over in (None, (lower, upper)):
        lower, upper = history.bounds
    fired: tuple[Fired, ...] = ()
    until = None
    scheduled = target.scheduled
    if scheduled:
        fired = _fire(
            scheduled,
            CapacityRange(lower, upper),
            history.scheduled_until or now - target.tick,
            now,
        )
        if fired:
            lower, upper = fired[-1].min_capacity, fired[-1].max_capacity
        until = min(
            (
                t
                for t in (next_after(policy.schedule, now) for policy in scheduled)
                if t is not None
            ),
            default=None,
        )
    if not target.windows:
        return fired, Bounds(lower, upper, "", "", until)
    active = combine(target.windows, now)
    floor, floor_by, ahead = lower, "", False
    if active.floor is not None and active.floor > lower:
        floor, floor_by = active.floor, active.floor_by or ""
    for soon in foresee(target.windows, now, target.early):
        if soon.floor is not None and soon.floor > floor:
            floor, floor_by, ahead = soon.floor, soon.floor_by or "", True
        # the next floor that comes to hold early does so before it begins
        turn = None if soon.until is None else soon.until - target.early
        if turn is not None and turn > now and (until is None or turn < until):
            until = turn
    ceiling, ceiling_by = upper, ""
    if active.ceiling is not None and active.ceiling < upper:
        ceiling, ceiling_by = active.ceiling, active.ceiling_by or ""
    if active.until is not None and (until is None or active.until < until):
        until = active.until
    return fired, Bounds(floor, max(floor, ceiling), floor_by, ceiling_by, until, ahead)


def _fire(
    scheduled: tuple[ScheduledPolicy, ...], bounds: CapacityRange, after: datetime, now: datetime
) -> tuple[Fired, ...]:
    """Fire what was due, in order of time; a rejected action changes nothing."""
    due = []
    for index, policy in enumerate(scheduled):
        until = now
        for _ in range(FIRINGS_LIMIT):
            at = last_between(policy.schedule, after, until)
            if at is None:
                break
            due.append((at, index, policy))
            until = at - datetime.resolution
    fired = []
    for at, _, policy in sorted(due, key=lambda item: item[:2]):
        lower = bounds.floor if policy.min_capacity is None else policy.min_capacity
        upper = bounds.ceiling if policy.max_capacity is None else policy.max_capacity
        if lower > upper:
            fired.append(Fired(policy.name, at, Reason.SCHEDULE_REJECTED, *bounds))
            continue
        bounds = CapacityRange(lower, upper)
        fired.append(Fired(policy.name, at, Reason.SCHEDULE_APPLIED, lower, upper))
    return tuple(fired)


def ready_between(
    history: History, capacity: Capacity, at: datetime, period: timedelta
) -> tuple[int, int]:
    """Say how many instances were in service when a datapoint was measured: at least and at most.

    Samples are taken when somebody looks, so a change lies somewhere between two of them. Too few
    counted would scale in wrongly, too many would scale out twice, so both ends are given.

    Args:
        history: Its `ready` samples, oldest first.
        capacity: What is in service now, those that warm up included: they are measured too.
        at: The period's end.
        period: Its length.

    Returns:
        (least, most) instances.
    """
    samples = history.ready
    if not samples:
        return capacity.serving, capacity.serving
    start = at - period
    newest = samples[-1]
    if newest.at <= start:
        return newest.ready, newest.ready
    least = most = following = -1
    for sample_at, ready in reversed(samples):
        if sample_at > at:
            most = following = ready
            continue
        if least < 0:
            least = ready if following < 0 else min(ready, following)
            most = max(most, ready)
        else:
            least = min(least, ready)
            most = max(most, ready)
        if sample_at <= start:
            break
    if least < 0:  # every sample is younger than the datapoint
        return samples[0].ready, samples[0].ready
    return least, most


def paused(scene: Scene, direction: Direction) -> Pause | None:
    """Find a pause that is in force for a direction."""
    for pause in scene.history.pauses:
        if pause.direction in (None, direction) and (
            pause.until is None or pause.until > scene.now
        ):
            return pause
    return None
