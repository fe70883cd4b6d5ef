"""Do faults strike when, where and as often as they were planned?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flyball.sim.faults import STEPS, Fault, FaultKind, Faults, draw_faults

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOST = Fault(FaultKind.EVENT_LOST, NOON, NOON + HOUR)


def test_a_fault_strikes_in_its_time_only() -> None:
    """From its start on, and not at its end."""
    faults = Faults([LOST], seed=1)
    instants = (NOON - timedelta(seconds=1), NOON, NOON + HOUR)
    assert [bool(faults.strikes(FaultKind.EVENT_LOST, at)) for at in instants] == [
        False,
        True,
        False,
    ]
    assert faults.strikes(FaultKind.EVENT_LATE, NOON) is None


def test_a_fault_strikes_where_it_was_planned() -> None:
    """One metric's fault leaves the others alone; one without a place is everywhere."""
    faults = Faults([Fault(FaultKind.METRIC_NAN, NOON, NOON + HOUR, where="load")], seed=1)
    assert faults.strikes(FaultKind.METRIC_NAN, NOON, "load")
    assert not faults.strikes(FaultKind.METRIC_NAN, NOON, "backlog")
    assert Faults([LOST], seed=1).strikes(FaultKind.EVENT_LOST, NOON, "anywhere")


def test_a_fault_strikes_as_often_as_its_chance_says() -> None:
    """Three in ten, give or take."""
    faults = Faults([LOST._replace(chance_ratio=0.3)], seed=1)
    hits = sum(bool(faults.strikes(FaultKind.EVENT_LOST, NOON)) for _ in range(2_000))
    assert 500 < hits < 700


def test_one_kinds_dice_do_not_move_anothers() -> None:
    """A second kind of fault leaves the first one's strikes as they were."""
    rare = LOST._replace(chance_ratio=0.5)
    late = Fault(FaultKind.EVENT_LATE, NOON, NOON + HOUR, 0.5)
    alone, both = Faults([rare], seed=1), Faults([rare, late], seed=1)
    strikes = []
    for faults in (alone, both):
        found = []
        for _ in range(100):
            found.append(bool(faults.strikes(FaultKind.EVENT_LOST, NOON)))
            faults.strikes(FaultKind.EVENT_LATE, NOON)
        strikes.append(found)
    assert strikes[0] == strikes[1]


def test_drawn_faults_are_the_same_for_one_seed_and_end_in_time() -> None:
    """Every kind comes, none begins before or ends after the span."""
    until = NOON + 24 * HOUR
    drawn = draw_faults(7, NOON, until)
    assert drawn == draw_faults(7, NOON, until)
    assert drawn != draw_faults(8, NOON, until)
    assert {fault.kind for fault in drawn} == set(FaultKind)
    assert all(NOON <= fault.start < fault.until <= until for fault in drawn)
    assert {fault.where for fault in drawn if fault.kind is FaultKind.CRASH} <= set(STEPS)


def test_few_faults_a_day_are_drawn_by_chance() -> None:
    """A tenth a day of one kind is sometimes one, mostly none."""
    until = NOON + 24 * HOUR
    kinds = [FaultKind.CRASH]
    counts = {len(draw_faults(seed, NOON, until, kinds=kinds, a_day=0.1)) for seed in range(60)}
    assert counts == {0, 1}
