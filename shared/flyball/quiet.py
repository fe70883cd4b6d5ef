"""Is nothing going on with a scalable target, by its alarms alone: may the metrics stay unread?

Alarms are evaluated every minute without our paying for a read. While all of them are there and
none speaks for a change, a look at the heartbeat would only confirm what the last one decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flyball.alarm import Alarm, AlarmWatch, define_alarms
from flyball.core.breach import RISING
from flyball.core.decide import ADVISER
from flyball.core.model import Capacity, Ceiling, History, Missing, Status
from flyball.core.policy import ScheduledPolicy, TrackingPolicy
from flyball.core.redeploy import is_redeployed
from flyball.core.remember import note_held
from flyball.core.scene import find_bounds
from flyball.core.shape import NamedTuple
from flyball.core.target import Per, ScalableTarget
from flyball.ports import AlarmState, CapacityControl, TriggerKind
from flyball.wake import Held


class Rest(NamedTuple):
    """A target that needs no look.

    Attributes:
        until: When it needs one.
        history: What is remembered meanwhile.
    """

    until: datetime
    history: History


def find_resting(
    held: Sequence[Held],
    watch: AlarmWatch,
    control: CapacityControl,
    prefix: str,
    now: datetime,
    keep_going: Callable[[], bool],
) -> dict[str, Rest]:
    """Find those of several targets that need no look, by their ids.

    Only the timer's wake-ups can be spared: an alarm, an endpoint's event and a human have news.
    Whatever cannot be read, or was not in time, is no reason to rest.
    """
    alarms = {
        each.target.id: define_alarms(each.target, prefix)
        for each in held
        if each.history.settled == each.claim.config_hash
        and each.claim.pending is None
        and each.trigger.kind is TriggerKind.TIMER
    }
    needed_by_all = [alarm for found in alarms.values() for alarm in found]
    if not needed_by_all:
        return {}
    try:
        states = watch.states(needed_by_all, now)
    except Exception:  # noqa: BLE001  (then all are looked at)
        return {}
    resting = {}
    for each in held:
        needed = alarms.get(each.target.id, ())
        if not needed or not all(alarm.name in states for alarm in needed) or not keep_going():
            continue
        try:
            capacity = control.describe(each.target, now)
        except Exception:  # noqa: BLE001, S112  (then it is looked at)
            continue
        until = find_quiet(each.target, each.history, capacity, needed, states, now)
        if until is not None:
            kept = note_held(each.target, each.history, each.history.desired or 0, now)
            resting[each.target.id] = Rest(until, kept)
    return resting


def find_quiet(
    target: ScalableTarget,
    history: History,
    capacity: Capacity | Missing,
    alarms: Sequence[Alarm],
    states: Mapping[str, AlarmState],
    now: datetime,
) -> datetime | None:
    """Say until when a target needs no look.

    Args:
        target: Whose.
        history: As the last look left it.
        capacity: What the provider shows.
        alarms: Every alarm that its policies need.
        states: Of each of them, by name.
        now: Aware UTC.

    Returns:
        The next heartbeat, or an earlier boundary of a schedule; None: look now.
    """
    if not _is_unchanged(history, capacity):
        return None
    if _is_polled(target) or (target.zero is not None and history.desired):
        return None
    fired, bounds = find_bounds(target, history, now)
    least, most = bounds.floor, min(bounds.ceiling, target.hard_max)
    desired = history.desired or 0
    if fired or not least <= desired <= most:
        return None
    at_floor = desired == least
    if not all(_is_calm(each, states[each.name], history, at_floor) for each in alarms):
        return None
    until = now + target.heartbeat
    return until if bounds.until is None else min(until, bounds.until)


def _is_unchanged(history: History, capacity: Capacity | Missing) -> bool:
    """Say whether the provider has what it had, all of it in service, and nothing is waited for."""
    if isinstance(capacity, Missing) or capacity.status is not Status.IN_SERVICE:
        return False
    if capacity.owner not in ("", ADVISER):
        return False
    if not history.desired == capacity.desired == capacity.ready:
        return False
    known = None if capacity.ceiling is None else Ceiling(capacity.ceiling)
    if history.ceiling != known:  # moved, or waited for
        return False
    if is_redeployed(history, capacity) or history.carried is not None:
        return False
    waited_for = history.pauses or history.foreign or history.quota or history.shortage
    return not waited_for and all(change.completed_at for change in history.changes)


def _is_polled(target: ScalableTarget) -> bool:
    """Say whether a policy has no alarm that could tell: a total is held against what is ready.

    One that learns looks at every minute.
    """
    return bool(target.learners) or any(
        isinstance(policy, TrackingPolicy) and target.metric_by_name[policy.metric].per is Per.TOTAL
        for policy in target.policies
        if not isinstance(policy, ScheduledPolicy)
    )


def _is_calm(alarm: Alarm, state: AlarmState, history: History, at_floor: bool) -> bool:  # noqa: FBT001
    """Say whether an alarm asks for nothing that the last look did not answer already."""
    if state is AlarmState.ALARM:  # low, where there is nothing left to take away
        return at_floor and alarm.comparison not in RISING
    if state is AlarmState.INSUFFICIENT_DATA:  # as blind as it was then, or nobody to measure
        none_runs = alarm.metric.per_instance and not history.desired
        return none_runs or alarm.metric.name in history.missing_since
    return True
