"""Does the timer find what is due, also what no event told of, one target apart from the next?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Datapoint,
    Missing,
    MissingCause,
    Reason,
)
from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.target import Metric, Per, ScalableTarget, ZeroRule
from flyball.ports import ItemUpdate, Ledger, LedgerUnavailableError, TriggerKind, Underway
from flyball.wake import Wake, WakeKind
from tests.rig import (
    ALARM,
    MINUTE,
    NAME,
    SECOND,
    T0,
    Rig,
    ScriptedProvider,
    check_ledger,
    make_target,
    register,
)


def test_what_is_due_is_looked_at_and_what_is_not_is_left(rig: Rig) -> None:
    """A quiet target costs no reads until its heartbeat."""
    assert [wake.kind for wake in rig.controller.tick()] == [WakeKind.DECIDED]
    assert rig.records()[0].trigger["kind"] == "timer"
    rig.pass_time(MINUTE)
    assert rig.controller.tick() == []
    assert len(rig.metrics.reads) == 1
    rig.pass_time(timedelta(minutes=4))
    assert [wake.kind for wake in rig.controller.tick()] == [WakeKind.DECIDED]
    rig.check()


def test_a_tick_stops_at_its_limit_and_the_next_goes_on(rig: Rig) -> None:
    """Work grows with targets, and each tick takes what it can."""
    for index in range(4):
        register(rig.store, make_target(f"more/{index}"), T0 + SECOND)
    rig.pass_time(MINUTE)
    assert len(rig.controller.tick(limit=3)) == 3
    assert len(rig.controller.tick(limit=3)) == 2
    assert rig.controller.tick(limit=3) == []


class _Sulking(ScriptedProvider):
    """A provider that fails for one target alone."""

    def __init__(self, bad: str) -> None:
        super().__init__()
        self.bad = bad

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Refuse to be read for that one."""
        if scalable_target.id == self.bad:
            raise PermissionError("denied")
        return super().describe(scalable_target, now, underway)


def test_one_bad_target_never_stops_the_others(rig: Rig) -> None:
    """A broken config, a broken history, a lost permission: the rest goes on in the same tick."""
    names = ["a/config", "b/history", "c/denied", "d/fine"]
    for name in names:
        register(rig.store, make_target(name), T0)
    rig.store.register("a/config", '{"id":"a/config"}', "broken", T0)
    claim = rig.store.claim("b/history", "hand", T0, T0)
    rig.store.write(claim, (), ItemUpdate(history='{"desired":"many"}', release=True))
    rig.metrics.load = 200.0
    provider = _Sulking("c/denied")
    wakes = {wake.scalable_target_id: wake for wake in rig.start(control=provider).tick()}
    assert [wakes[name].kind for name in names] == [
        WakeKind.FAILED,
        WakeKind.FAILED,
        WakeKind.DECIDED,
        WakeKind.DECIDED,
    ]
    assert "ValueError: a/config: the ledger's config cannot be read" in wakes["a/config"].detail
    assert "desired: got 'many'" in wakes["b/history"].detail
    assert _reason(wakes["c/denied"]) is Reason.CAPACITY_UNKNOWN
    assert sorted(name for name, _ in provider.applied) == ["d/fine", NAME]
    for name in [*names[2:], NAME]:
        check_ledger(rig.store, name)


def _reason(wake: Wake) -> Reason:
    assert wake.decision is not None
    return wake.decision.reason


def test_a_ledger_that_fails_for_one_target_fails_for_that_one(rig: Rig) -> None:
    """Throttling hits one partition; the others are elsewhere."""
    register(rig.store, make_target("a/first"), T0)

    def fail_once() -> None:
        rig.ledger.before_claim = lambda: None
        raise LedgerUnavailableError("throttled")

    rig.ledger.before_claim = fail_once
    wakes = rig.controller.tick()
    assert [wake.kind for wake in wakes] == [WakeKind.FAILED, WakeKind.DECIDED]
    assert wakes[0].detail == "LedgerUnavailableError: throttled"
    assert [wake.kind for wake in rig.controller.tick()] == [WakeKind.DECIDED]


def test_a_target_that_cannot_be_handled_does_not_crowd_out_the_others(rig: Rig) -> None:
    """It waits its turn behind the rest, though it stays the oldest that is due."""
    rig.store.register("a/broken", "{}", "broken", T0 - MINUTE)
    rig.pass_time(MINUTE)
    assert [wake.kind for wake in rig.controller.tick(limit=1)] == [WakeKind.FAILED]
    assert [wake.kind for wake in rig.controller.tick(limit=1)] == [WakeKind.DECIDED]


# --- an alarm tells of transitions only ---


def test_an_alarm_by_two_roads_and_a_late_ok_are_one_decision(store: Ledger) -> None:
    """ALARM by EventBridge and SNS, then an OK from before: one decision, the OK ignored.

    Still breaching a minute later, and no event: the timer looks again.
    """
    rules = DatapointsRule(3, 3)
    tracking = TrackingPolicy("track", "load", 100.0, out_datapoints=rules)
    rig = Rig(store, make_target("case/15", policies=(tracking,)))
    rig.clock.at = alarmed = T0 + timedelta(seconds=5)
    rig.metrics.load = 200.0  # one datapoint: a breach that is too short yet
    kinds = [
        rig.wake(ALARM, source="high", at=alarmed, state="ALARM", trigger_id="eventbridge").kind,
        rig.wake(ALARM, source="high", at=alarmed, state="ALARM", trigger_id="sns").kind,
        rig.wake(
            ALARM, source="high", at=alarmed - timedelta(seconds=25), state="OK", trigger_id="late"
        ).kind,
    ]
    assert kinds == [WakeKind.DECIDED, WakeKind.DUPLICATE, WakeKind.DUPLICATE]
    assert rig.last().reason is Reason.BREACH_TOO_SHORT
    assert rig.wake_in() == 60
    rig.pass_time(MINUTE)
    rig.metrics.load = tuple(Datapoint(rig.clock.at - (2 - n) * MINUTE, 200.0) for n in range(3))
    assert [wake.kind for wake in rig.controller.tick()] == [WakeKind.DECIDED]
    assert rig.provider.applied == [("case/15", CapacityRange(4, 4))]
    rig.check()


@pytest.mark.parametrize(
    ("backlog", "desired"),
    [(0.0, 0), (1.0, 1), (Missing(MissingCause.NO_DATA), 0)],
    ids=["nobody", "backlog_without_capacity", "unknown"],
)
def test_at_zero_a_value_per_instance_is_unknown_and_never_idle(
    store: Ledger, backlog: float | Missing, desired: int
) -> None:
    """Backlog ÷ 0 instances is undefined: only the backlog itself can wake a target."""
    target = make_target(
        low=0,
        metrics=(Metric("load"), Metric("backlog", per=Per.TOTAL)),
        zero=ZeroRule("backlog"),
    )
    rig = Rig(store, target)
    rig.provider.capacity = Capacity(0, 0)
    shown = backlog if isinstance(backlog, Missing) else (Datapoint(T0, backlog),)
    rig.metrics.answers = ((), shown)
    rig.wake()
    assert rig.last().desired == desired
    assert "load" not in rig.history().missing_since
    rig.check()


def test_a_lost_alarm_costs_at_most_a_heartbeat(rig: Rig) -> None:
    """Nobody told of the breach; the heartbeat finds it."""
    rig.controller.tick()
    rig.metrics.load = 200.0
    for _ in range(5):
        rig.pass_time(MINUTE)
        rig.controller.tick()
    assert rig.provider.applied == [(NAME, CapacityRange(4, 4))]


def test_a_lost_ok_never_holds_a_target_out(rig: Rig) -> None:
    """Scale-in needs data below the target value, not an event that says so."""
    rig.wake(ALARM, source="high", state="ALARM")
    rig.metrics.load = 40.0
    rig.pass_time(timedelta(minutes=5))
    rig.controller.tick()
    assert rig.provider.applied == [(NAME, CapacityRange(1, 1))]


def test_an_ok_in_itself_scales_nothing_in(rig: Rig) -> None:
    """An event only wakes: what it says is kept as evidence and decides nothing."""
    rig.metrics.load = 200.0
    rig.wake(ALARM, source="high", state="OK")
    assert rig.provider.applied == [(NAME, CapacityRange(4, 4))]


def test_wake_safely_gives_what_wake_gives(rig: Rig) -> None:
    """It differs only in what goes wrong."""
    wake = rig.controller.wake_safely(rig.trigger(TriggerKind.ENDPOINT))
    assert wake.kind is WakeKind.DECIDED
    assert wake.decision is not None
    assert wake.decision.action is Action.HOLD
