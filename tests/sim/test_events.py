"""What happens when alarms come twice, late, out of order, in thousands, or not at all?"""

from __future__ import annotations

from datetime import datetime

import pytest

from flyball.adapters.local.trigger import parse_event
from flyball.event import EventError
from flyball.sim.day import Cloud
from flyball.sim.faults import FaultKind
from flyball.sim.trace import MINUTE
from flyball.wake import WakeKind
from tests.sim.story import START, fault, tell

RISE = [*[650.0] * 20, *[1_400.0] * 40]
"""From what ten instances carry to what wants twenty, at minute 20."""
FALL = [*[1_400.0] * 20, *[350.0] * 60]


def test_a_duplicate_alarm_acts_once() -> None:
    """Each event twice: the second one of each is turned away, and orders are as without."""
    plain, twice = tell(RISE), tell(RISE, fault(FaultKind.EVENT_DUPLICATED, 0, 60))
    assert twice.steps() == plain.steps() != []
    turned = [wake for wake in twice.wakes() if wake.kind is WakeKind.DUPLICATE]
    assert len(turned) == sum(minute.alarms for minute in twice.minutes)


def test_a_late_alarm_only_wakes_and_carries_nothing_old() -> None:
    """An ALARM that comes 30 minutes late, long after its breach was met, changes nothing."""
    story = tell(RISE, fault(FaultKind.EVENT_LATE, 15, 25, amount=30))
    late = [
        wake.decision
        for minute in story.minutes[45:56]
        for wake in minute.wakes
        if wake.decision is not None
    ]
    assert late
    assert story.minutes[-1].desired == 20
    assert [step for step in story.steps() if step[0] >= 45] == []


def test_an_older_state_timestamp_is_ignored() -> None:
    """An OK from before the ALARM that was handled is a duplicate's fellow: turned away."""
    kept: list[dict[str, object]] = []

    def keep_and_replay(minute: int, cloud: Cloud) -> None:
        if minute == 30:
            now = START + 10 * MINUTE
            kept.extend(
                event_of(cloud, value, now + n * MINUTE) for n, value in ((5, "ALARM"), (4, "OK"))
            )
            kinds = [cloud.controller.wake(parse_event(event)).kind for event in kept]
            assert kinds == [WakeKind.DECIDED, WakeKind.DUPLICATE]

    story = tell([650.0] * 40, at=keep_and_replay)
    assert story.steps() == []


def event_of(cloud: Cloud, value: str, at: datetime) -> dict[str, object]:
    """Make a bare event of an alarm that no policy has."""
    name = f"flyball/{cloud.scalable_target.id}/other/high"
    state = {"value": value, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}+00:00"}
    return {
        "detail-type": "CloudWatch Alarm State Change",
        "detail": {"alarmName": name, "state": state},
    }


def test_events_in_another_order_lead_to_the_same_capacity() -> None:
    """Late and shuffled, it ends where it would have."""
    faults = [
        fault(FaultKind.EVENTS_REORDERED, 0, 60),
        fault(FaultKind.EVENT_LATE, 18, 24, amount=3),
    ]
    assert tell(RISE, *faults).minutes[-1].desired == tell(RISE).minutes[-1].desired == 20


def test_a_lost_alarm_is_found_by_the_heartbeat() -> None:
    """No event at all is delivered: at most one heartbeat later the breach is seen."""
    plain, lost = tell(RISE), tell(RISE, fault(FaultKind.EVENT_LOST, 0, 60))
    (first, *_), (found, *_) = plain.steps(), lost.steps()
    heartbeat = lost.cloud.scalable_target.heartbeat // MINUTE
    assert first[0] <= found[0] <= first[0] + heartbeat + 2
    assert lost.minutes[-1].desired == 20


def test_a_lost_ok_does_not_keep_it_from_scaling_in() -> None:
    """Scale-in depends on no event."""
    story = tell(FALL, fault(FaultKind.EVENT_LOST, 0, 80), initial=20)
    assert story.minutes[-1].desired == 5


def test_an_alarm_storm_makes_no_more_work_than_the_first_event() -> None:
    """Each 50 times a minute for an hour: as many decisions as without, and as many orders."""
    plain = tell(RISE)
    storm = tell(RISE, fault(FaultKind.ALARM_STORM, 0, 60, amount=50))
    assert storm.steps() == plain.steps()
    assert len(storm.bodies("decision")) == len(plain.bodies("decision"))
    assert len([wake for wake in storm.wakes() if wake.kind is WakeKind.DUPLICATE]) > 2_000


def test_a_poison_event_is_refused_and_replaying_an_old_one_is_harmless() -> None:
    """What cannot be parsed raises; an event of yesterday's wakes nobody."""

    def replay_old(minute: int, cloud: Cloud) -> None:
        if minute in (10, 35):
            with pytest.raises(EventError):
                parse_event({"detail-type": "CloudWatch Alarm State Change", "detail": {}})
            cloud.controller.wake(parse_event(event_of(cloud, "ALARM", START)))

    story = tell(RISE, at=replay_old)
    assert story.steps() == tell(RISE).steps()
