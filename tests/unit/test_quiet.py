"""May a target's metrics stay unread, and only then, while its alarms say that nothing goes on?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.alarm import Alarm, define_alarms
from flyball.controller import Controller
from flyball.core.codec import canonical, encode_instant
from flyball.core.decide import ADVISER
from flyball.core.model import (
    Capacity,
    Datapoint,
    Deployed,
    Missing,
    MissingCause,
    Pause,
    Series,
    Status,
)
from flyball.core.policy import PredictivePolicy, ScheduledPolicy, TrackingPolicy
from flyball.core.schedule import Schedule
from flyball.core.target import DirectionRules, Metric, Per, ScalableTarget, ZeroRule
from flyball.ports import (
    AlarmState,
    ItemUpdate,
    LedgerUnavailableError,
    MetricRead,
    Trigger,
    TriggerKind,
)
from flyball.wake import Wake, WakeKind, wake_due
from tests.rig import MINUTE, T0, Rig, make_target, register

HEARTBEAT = timedelta(minutes=5)
OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


class Watch:
    """Alarms that all have one state, but for those that a test names by their side."""

    def __init__(self, state: AlarmState | None = OK) -> None:
        self.state = state
        self.sides: dict[str, AlarmState | None] = {}
        self.error: Exception | None = None
        self.asked: list[Sequence[str]] = []

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Answer as scripted."""
        names = [alarm.name for alarm in alarms]
        self.asked.append(names)
        if self.error is not None:
            raise self.error
        found = {name: self.sides.get(name.rsplit("/", 1)[1], self.state) for name in names}
        return {name: state for name, state in found.items() if state is not None}


class Watched:
    """A target that has been looked at once, whose alarms are watched."""

    def __init__(self, target: ScalableTarget | None = None, load: Any = 95.0) -> None:
        self.rig = Rig(MemoryLedger(), target)
        self.rig.metrics.load = load
        self.watch = Watch()
        self.controller = self.rig.start(watch=self.watch)
        self.settle()

    def settle(self) -> None:
        """Look until there is nothing left to wait for but the heartbeat."""
        for _ in range(20):
            self.controller.tick()
            self.rig.provider.settle()
            if self.rig.wake_in() >= HEARTBEAT.total_seconds():
                break
            self.rig.pass_time(MINUTE)

    def beat(self) -> Wake:
        """Let a heartbeat pass, and tick."""
        self.rig.metrics.reads.clear()
        self.rig.pass_time(HEARTBEAT)
        (wake,) = self.controller.tick()
        return wake


def test_a_quiet_target_is_not_read() -> None:
    """Not in a hundred heartbeats; and its lease is given back each time."""
    watched = Watched()
    rows = len(watched.rig.rows())
    assert watched.rig.history().rested_at is None
    for _ in range(100):
        assert watched.beat().kind is WakeKind.QUIET
        assert watched.rig.metrics.reads == []
        assert watched.rig.history().rested_at == watched.rig.clock.at
    assert len(watched.rig.rows()) == rows
    assert watched.rig.store.status(watched.rig.target.id).lease_until is None


def test_a_deployment_that_only_advises_rests_too() -> None:
    """Nothing is asked for, so there is nothing to advise."""
    watched = Watched()
    watched.rig.provider.capacity = watched.rig.provider.capacity._replace(owner=ADVISER)
    assert watched.beat().kind is WakeKind.QUIET


def test_the_alarms_of_a_batch_are_asked_for_at_once() -> None:
    """One call for a tick."""
    watched = Watched()
    for index in range(3):
        register(watched.rig.store, make_target(f"more/{index}"), watched.rig.clock.at)
    watched.controller.tick()
    watched.watch.asked.clear()
    watched.rig.pass_time(HEARTBEAT)
    assert [wake.kind for wake in watched.controller.tick()] == [WakeKind.QUIET] * 4
    (names,) = watched.watch.asked
    assert len(names) == 4 * len(define_alarms(make_target()))


def _busy(watched: Watched) -> None:
    watched.rig.provider.capacity = watched.rig.provider.capacity._replace(status=Status.BUSY)


def _owned(watched: Watched) -> None:
    watched.rig.provider.capacity = watched.rig.provider.capacity._replace(owner="native")


def _moved(watched: Watched) -> None:
    watched.rig.provider.capacity = Capacity(7, 7)


def _opened(watched: Watched) -> None:
    watched.rig.provider.capacity = watched.rig.provider.capacity._replace(ceiling=9)


def _lost(watched: Watched) -> None:
    watched.rig.provider.capacity = watched.rig.provider.capacity._replace(ready=1)


def _unreadable(watched: Watched) -> None:
    watched.rig.provider.shows = Missing(MissingCause.SOURCE_FAILED)


def _raising(watched: Watched) -> None:
    watched.rig.provider.shows = PermissionError("denied")


def _high(watched: Watched) -> None:
    watched.watch.sides["high"] = ALARM


def _low(watched: Watched) -> None:
    watched.watch.sides["low"] = ALARM


def _unknown(watched: Watched) -> None:
    watched.watch.sides["high"] = UNKNOWN


def _gone(watched: Watched) -> None:
    watched.watch.sides["low"] = None


def _unwatched(watched: Watched) -> None:
    watched.watch.error = ConnectionError("gone")


def _redeployed(watched: Watched) -> None:
    capacity = watched.rig.provider.capacity
    assert isinstance(capacity, Capacity)
    watched.rig.provider.capacity = capacity._replace(deployed=Deployed("7"))
    watched.rig.wake()
    watched.rig.provider.capacity = capacity._replace(deployed=Deployed("9"))


def _carried(watched: Watched) -> None:
    status = watched.rig.store.status(watched.rig.target.id)
    history = json.loads(status.history)
    carried = {"at": encode_instant(watched.rig.clock.at), "before": 1, "floor": 8}
    until = watched.rig.clock.at + MINUTE
    claim = watched.rig.store.claim(watched.rig.target.id, "ours", watched.rig.clock.at, until)
    text = canonical(history | {"carried": carried})
    watched.rig.store.write(claim, (), ItemUpdate(text, release=True))


def _paused(watched: Watched) -> None:
    watched.controller.pause(watched.rig.target.id, Pause(None, None, "ann"))


def _configured(watched: Watched) -> None:
    register(watched.rig.store, replace(watched.rig.target, max_capacity=19), watched.rig.clock.at)


NEWS = (
    _busy,
    _owned,
    _moved,
    _opened,
    _lost,
    _unreadable,
    _raising,
    _high,
    _low,
    _unknown,
    _gone,
    _unwatched,
    _redeployed,
    _carried,
    _paused,
    _configured,
)


@pytest.mark.parametrize("news", NEWS, ids=lambda news: news.__name__.strip("_"))
def test_any_news_is_a_reason_to_look(news: Callable[[Watched], None]) -> None:
    """Whatever is not known to be as it was."""
    watched = Watched()
    news(watched)
    assert watched.beat().kind is WakeKind.DECIDED
    assert watched.rig.metrics.reads


def test_only_the_timer_is_spared() -> None:
    """An alarm, an endpoint's event and a human have news to tell."""
    watched = Watched()
    for kind in (TriggerKind.ALARM, TriggerKind.ENDPOINT, TriggerKind.MANUAL):
        trigger = Trigger(watched.rig.target.id, kind.value, kind, watched.rig.clock.at)
        assert [wake.kind for wake in watched.controller.wake_all([trigger])] == [WakeKind.DECIDED]


def test_a_low_alarm_at_the_minimum_asks_for_nothing() -> None:
    """A cold target has been low for days."""
    watched = Watched(make_target(low=2), load=1.0)
    watched.watch.sides["low"] = ALARM
    assert watched.rig.last().desired == 2
    assert watched.beat().kind is WakeKind.QUIET


def test_a_metric_that_was_missing_long_ago_is_still_missing() -> None:
    """Nobody calls the endpoint: no measurement, and none is paid for."""
    watched = Watched(load=())
    watched.watch.state = UNKNOWN
    assert watched.beat().kind is WakeKind.QUIET


def test_rest_ends_where_a_schedule_changes_the_bounds() -> None:
    """At the boundary, not at the heartbeat after it."""
    action = ScheduledPolicy("up", Schedule("cron(17 * * * ? *)"), min_capacity=4)
    target = make_target()
    watched = Watched(replace(target, policies=(*target.policies, action)))
    boundary = next(
        each for each in (T0 + MINUTE * n for n in range(1, 80)) if each.minute == 17
    ).replace(second=0, microsecond=0)
    while watched.rig.clock.at < boundary:
        watched.rig.clock.at = watched.rig.store.status(target.id).wake_at or T0
        (wake,) = watched.controller.tick()
        at_last = watched.rig.clock.at == boundary
        assert wake.kind is (WakeKind.DECIDED if at_last else WakeKind.QUIET)
    assert watched.rig.clock.at == boundary
    assert watched.rig.last().desired == 4


def test_what_no_alarm_can_tell_is_looked_at() -> None:
    """A total is held against what is in service; and to zero no alarm tells the way."""
    metrics = (Metric("load", per=Per.TOTAL),)
    policies = (TrackingPolicy("keep", "load", 100.0),)
    total = replace(make_target(), metrics=metrics, policies=policies)
    assert Watched(total, load=195.0).beat().kind is WakeKind.DECIDED
    zero = replace(make_target(low=0), zero=ZeroRule("load"))
    assert Watched(zero).beat().kind is WakeKind.DECIDED


def test_a_policy_that_learns_has_no_alarm_and_never_rests() -> None:
    """Also where its tick is its heartbeat, and alarms of other policies are all calm."""
    policies = (*make_target().policies, PredictivePolicy("ahead", "load", 100.0))
    learns = replace(make_target(), policies=policies, heartbeat=MINUTE, tick=MINUTE)
    assert len(define_alarms(learns)) == len(define_alarms(make_target()))
    assert Watched(learns).beat().kind is WakeKind.DECIDED


def test_rest_weighs_in_the_stabilization_window_as_a_look_that_held() -> None:
    """Else a long rest would let the first low value through."""
    rules = DirectionRules(stabilization_window=timedelta(minutes=10))
    watched = Watched(replace(make_target(), scale_in=rules))
    for _ in range(10):
        assert watched.beat().kind is WakeKind.QUIET
    kept = watched.rig.history().recommendations
    assert kept[-1].at == watched.rig.clock.at
    assert kept[-1].desired == watched.rig.last().desired


def test_a_rest_that_cannot_be_written_has_failed() -> None:
    """The lease is given back, and the target is still due."""
    watched = Watched()

    def fail() -> None:
        raise LedgerUnavailableError("full")

    watched.rig.ledger.before_write[watched.rig.ledger.writes + 1] = fail
    assert watched.beat().kind is WakeKind.FAILED
    assert watched.rig.is_free()
    assert [wake.kind for wake in watched.controller.tick()] == [WakeKind.QUIET]


def test_without_time_nobody_is_found_at_rest() -> None:
    """Looking for it takes a call to each provider."""
    watched = Watched()
    watched.rig.pass_time(HEARTBEAT)
    due = wake_due(watched.rig.store.due(watched.rig.clock.at, 1)[0])
    answers = iter([True, False])
    (wake,) = watched.controller.wake_all([due], keep_going=lambda: next(answers, False))
    assert wake.kind is WakeKind.FAILED
    assert watched.rig.is_free()
    assert [wake.kind for wake in watched.controller.tick()] == [WakeKind.QUIET]


ZERO = make_target(
    low=0,
    metrics=(Metric("load"), Metric("hits", per=Per.TOTAL)),
    zero=ZeroRule("hits"),
)


class Measured:
    """A source in which nobody is measured while nothing runs."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Answer for the total alone."""
        self.reads += 1
        return [
            Missing(MissingCause.NO_DATA)
            if read.metric.per is Per.INSTANCE
            else (Datapoint(now, 0.0),)
            for read in reads
        ]


class Told(Watch):
    """Alarms of which those on one metric have no data."""

    blind = "load"

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Answer by the metric."""
        return {each.name: UNKNOWN if each.metric.name == self.blind else OK for each in alarms}


def _at_zero(watch: Watch) -> tuple[Rig, Measured, Controller]:
    """Look at a target at zero until it has settled."""
    rig, source = Rig(MemoryLedger(), ZERO), Measured()
    rig.provider.capacity = Capacity(0, 0)
    controller = rig.start(watch=watch, metrics=source)
    controller.tick()
    source.reads = 0
    return rig, source, controller


def test_a_target_at_zero_rests_though_nothing_runs_that_could_be_measured() -> None:
    """Its alarm for each instance has no data, and the one for waking up is there."""
    rig, source, controller = _at_zero(Told())
    for _ in range(12):
        rig.pass_time(HEARTBEAT)
        assert [wake.kind for wake in controller.tick()] == [WakeKind.QUIET]
    assert source.reads == 0
    assert len(rig.rows()) == 1


def test_a_target_at_zero_does_not_rest_while_nothing_could_wake_it() -> None:
    """A total is there at zero too: without data nobody knows whether anybody calls."""
    watch = Told()
    watch.blind = "hits"
    rig, source, controller = _at_zero(watch)
    rig.pass_time(HEARTBEAT)
    assert [wake.kind for wake in controller.tick()] == [WakeKind.DECIDED]
    assert source.reads == 1


def test_a_datapoint_too_many_wakes_nobody_up() -> None:
    """Ticks that find nothing due ask no alarm."""
    watched = Watched()
    watched.watch.asked.clear()
    watched.rig.metrics.load = (Datapoint(watched.rig.clock.at, 95.0),)
    watched.rig.pass_time(MINUTE)
    assert watched.controller.tick() == []
    due = wake_due(watched.rig.store.due(watched.rig.clock.at + HEARTBEAT, 1)[0])
    assert [wake.kind for wake in watched.controller.wake_all([due])] == [WakeKind.NOT_DUE]
    assert watched.watch.asked == []
