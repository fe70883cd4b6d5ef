"""Do many wake-ups share one read of metrics, and nothing else?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from flyball.alarm import Alarm
from flyball.controller import CHUNK, LEASE
from flyball.core.model import Missing, Series
from flyball.ports import (
    AlarmState,
    Due,
    LedgerUnavailableError,
    MetricRead,
    Trigger,
    TriggerKind,
)
from flyball.wake import WakeKind, wake_due
from tests.rig import T0, Rig, ScriptedMetrics, make_target, register


def fleet(rig: Rig, count: int) -> list[Trigger]:
    """Register targets t00, t01, …, and make a wake-up for each."""
    names = [f"t{index:02}" for index in range(count)]
    for name in names:
        register(rig.store, make_target(name), T0)
    return [Trigger(name, f"m:{name}", TriggerKind.MANUAL, T0) for name in names]


def test_a_chunk_of_targets_shares_one_read(rig: Rig) -> None:
    """A fleet costs calls by the chunk, not by the target."""
    triggers = fleet(rig, CHUNK + 5)
    wakes = rig.controller.wake_all(triggers)
    assert [wake.kind for wake in wakes] == [WakeKind.DECIDED] * (CHUNK + 5)
    assert [wake.scalable_target_id for wake in wakes] == [t.scalable_target_id for t in triggers]
    assert [len(reads) for reads in rig.metrics.reads] == [CHUNK, 5]


def test_what_is_turned_away_costs_no_read(rig: Rig) -> None:
    """Unknown, held by another run, or named twice: the others keep their own answers."""
    triggers = fleet(rig, 4)
    rig.store.claim("t01", "another", T0, T0 + LEASE)
    unknown = triggers[0]._replace(scalable_target_id="nobody")
    wakes = rig.controller.wake_all([unknown, *triggers, triggers[0]])
    assert [wake.kind for wake in wakes] == [
        WakeKind.UNKNOWN_TARGET,
        WakeKind.DECIDED,
        WakeKind.TURNED_AWAY,
        WakeKind.DECIDED,
        WakeKind.DECIDED,
        WakeKind.TURNED_AWAY,
    ]
    (reads,) = rig.metrics.reads
    assert [read.scalable_target.id for read in reads] == ["t00", "t02", "t03"]


def test_no_wake_ups_are_no_read(rig: Rig) -> None:
    """Nor is a chunk of which all were turned away."""
    assert rig.controller.wake_all([]) == []
    rig.controller.wake_all([Trigger("nobody", "m", TriggerKind.MANUAL, T0)])
    assert rig.metrics.reads == []


def for_questions(count: int) -> Callable[[], bool]:
    """Say so many times that there is time, and then no more."""
    left = [count]

    def keep_going() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return keep_going


def test_what_there_is_no_time_for_has_failed_and_was_not_touched(rig: Rig) -> None:
    """Whoever sent it may send it again."""
    triggers = fleet(rig, CHUNK + 2)
    wakes = rig.controller.wake_all(triggers, keep_going=for_questions(2 * CHUNK + 1))
    assert [wake.kind for wake in wakes[CHUNK:]] == [WakeKind.FAILED] * 2
    assert {wake.detail for wake in wakes[CHUNK:]} == {"no time left"}
    assert {wake.kind for wake in wakes[:CHUNK]} == {WakeKind.DECIDED}
    assert rig.store.status(triggers[-1].scalable_target_id).lease_until is None


class Silent:
    """Alarms that cannot be read; but they are asked for."""

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:  # noqa: ARG002
        """Answer for nobody."""
        return {}


@pytest.mark.parametrize("count", range(12))
@pytest.mark.parametrize("watch", [None, Silent()], ids=["unwatched", "watched"])
def test_whenever_time_runs_out_each_lease_is_given_back_and_what_was_due_stays_due(
    rig: Rig, count: int, watch: Silent | None
) -> None:
    """One slow service must not lock those for two minutes that nobody has looked at."""
    triggers = [wake_due(Due(each.scalable_target_id, T0)) for each in fleet(rig, 4)]
    wakes = rig.start(watch=watch).wake_all(triggers, keep_going=for_questions(count))
    looked = max(0, count - 5)  # four leases, and the metrics
    kinds = [WakeKind.DECIDED] * looked + [WakeKind.FAILED] * 4
    assert [wake.kind for wake in wakes] == kinds[:4]
    assert len(rig.metrics.reads) == (count > 4)
    for wake in wakes:
        status = rig.store.status(wake.scalable_target_id)
        assert status.lease_until is None
        if wake.kind is WakeKind.FAILED:
            assert (wake.detail, status.wake_at) == ("no time left", T0)
    again = rig.controller.tick()
    assert {each.kind for each in again} == {WakeKind.DECIDED}


def test_a_lease_that_cannot_be_given_back_in_time_is_told(rig: Rig) -> None:
    """It ends by itself."""

    def fail() -> None:
        raise LedgerUnavailableError("throttled")

    rig.ledger.before_write[1] = fail
    (wake,) = rig.controller.wake_all(fleet(rig, 1), keep_going=for_questions(2))
    assert (wake.kind, wake.detail) == (WakeKind.FAILED, "no time left; throttled")


class Picky(ScriptedMetrics):
    """A source that breaks where one target is among those asked for."""

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Raise, or answer as scripted."""
        answer = super().read(reads, now)
        if any(read.scalable_target.id == "t01" for read in reads):
            raise ConnectionError("gone")
        return answer


@pytest.mark.parametrize("held", [0, 1])
def test_a_target_that_breaks_the_shared_read_blinds_itself_alone(rig: Rig, held: int) -> None:
    """The others are then read one by one."""
    triggers = fleet(rig, 3)[held:]
    rig.metrics = Picky(load=200.0)
    wakes = rig.start(metrics=rig.metrics).wake_all(triggers)
    decisions = {wake.scalable_target_id: wake.decision for wake in wakes}
    blind = decisions.pop("t01")
    assert blind is not None
    assert blind.recommendations[0].missing is not None
    for decision in decisions.values():
        assert decision is not None
        assert decision.recommendations[0].value == 200.0


def test_a_broken_item_gives_its_lease_back_while_the_others_go_on(rig: Rig) -> None:
    """It waits, so that it does not crowd them out."""
    triggers = fleet(rig, 2)
    rig.store.register("t00", '{"id":"t00"}', "broken", T0)
    bad, good = rig.controller.wake_all(triggers)
    assert (bad.kind, good.kind) == (WakeKind.FAILED, WakeKind.DECIDED)
    status = rig.store.status("t00")
    assert status.lease_until is None
    assert status.wake_at is not None
    assert status.wake_at - T0 > timedelta(minutes=1)
