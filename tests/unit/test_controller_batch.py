"""Do many wake-ups share one read of metrics, and nothing else?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from flyball.controller import CHUNK, LEASE
from flyball.core.model import Missing, Series
from flyball.ports import MetricRead, Trigger, TriggerKind
from flyball.wake import WakeKind
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


def test_what_there_is_no_time_for_has_failed_and_was_not_touched(rig: Rig) -> None:
    """Whoever sent it may send it again."""
    triggers = fleet(rig, CHUNK + 2)
    answers = iter([True, False])
    wakes = rig.controller.wake_all(triggers, keep_going=lambda: next(answers))
    assert [wake.kind for wake in wakes[CHUNK:]] == [WakeKind.FAILED] * 2
    assert {wake.detail for wake in wakes[CHUNK:]} == {"no time left"}
    assert {wake.kind for wake in wakes[:CHUNK]} == {WakeKind.DECIDED}
    assert rig.store.status(triggers[-1].scalable_target_id).lease_until is None


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
