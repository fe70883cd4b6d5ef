"""Is everything remembered that a later decision can ask for, and nothing for ever?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flyball.core.decide import decide
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Change,
    Direction,
    Foreign,
    History,
    Missing,
    MissingCause,
    Observation,
    Pause,
    Quota,
    ReadySample,
    Recommended,
    Shortage,
    Status,
)
from flyball.core.policy import ScheduledPolicy
from flyball.core.refusal import SHORTAGE_LONGEST, note_quota, note_shortage
from flyball.core.remember import (
    PAUSES_LIMIT,
    Notice,
    absorb,
    believe_capacity,
    note_applied,
    note_held,
    note_pause,
    note_resume,
    remember,
)
from flyball.core.schedule import Schedule
from flyball.core.target import (
    DirectionRules,
    Metric,
    Per,
    ZeroRule,
)
from tests.unit.core.looks import MINUTE, NOON, at, look, target

BUSY, FAILED = Status.BUSY, Status.FAILED


# --- what becomes of a change ---


@dataclass(frozen=True)
class Case:
    """A change that was accepted at noon, what is then seen, and what is noticed and kept of it.

    `left` is what is still in flight: None for nothing.
    """

    id: str
    seen: Capacity
    notices: tuple[Notice, ...] = ()
    left: Change | None = None
    desired: int | None = None
    before: int = 2
    after: int = 5
    minutes: float = 3


OUT = Change(NOON, 2, 5)
IN = Change(NOON, 5, 2)
CASES = (
    Case("still_updating", Capacity(5, 3, BUSY), left=OUT),
    Case("all_there_but_updating", Capacity(5, 5, BUSY), left=OUT),
    Case("arrived", Capacity(5, 5), (Notice.COMPLETED,)),
    Case("more_than_arrived", Capacity(5, 6), (Notice.COMPLETED,)),
    Case("in_part", Capacity(5, 4), left=OUT),
    Case("in_part_for_three_lead_times", Capacity(5, 4), left=OUT, minutes=15),
    Case("in_part_for_longer", Capacity(5, 4), (Notice.STALLED,), minutes=15.1),
    Case("rolling_back", Capacity(2, 3, BUSY), left=OUT, desired=5),
    Case("rolled_back", Capacity(2, 2), (Notice.ROLLED_BACK,)),
    Case("failed_and_back", Capacity(2, 2, FAILED), (Notice.ROLLED_BACK,)),
    Case("failed_there", Capacity(5, 3, FAILED)),
    Case("overtaken", Capacity(7, 7), (Notice.FOREIGN,)),
    Case("overtaken_and_updating", Capacity(7, 5, BUSY), (Notice.FOREIGN,)),
    Case("removed", Capacity(2, 2), (Notice.COMPLETED,), before=5, after=2),
    Case("removing", Capacity(2, 4), left=IN, before=5, after=2),
    Case("not_removed", Capacity(5, 5), (Notice.ROLLED_BACK,), before=5, after=2),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_change_in_flight_is_followed_to_its_end(case: Case) -> None:
    """It completes, stalls, is rolled back or overtaken; or it is still to come."""
    history = History(desired=case.after, changes=(Change(NOON, case.before, case.after),))
    now = at(case.minutes)
    seen = Observation(now, case.seen, {})
    kept, noticed = absorb(target(), history, seen, now)
    assert tuple(each.notice for each in noticed) == case.notices
    assert all(each.at == now for each in noticed)
    flying = [change for change in kept.changes if change.completed_at is None]
    assert flying == ([] if case.left is None else [case.left])
    assert kept.desired == (case.seen.desired if case.desired is None else case.desired)
    done = [change for change in kept.changes if change.completed_at is not None]
    assert bool(done) == (bool({Notice.COMPLETED, Notice.STALLED} & set(case.notices)))


def test_changes_in_flight_complete_together() -> None:
    """The newest is what is there; what came before it is there too."""
    history = History(desired=6, changes=(Change(at(-2), 2, 4), Change(at(-1), 4, 6)))
    kept, noticed = absorb(target(), history, look(6), NOON)
    assert [change.completed_at for change in kept.changes] == [NOON, NOON]
    assert len(noticed) == 1


def test_only_the_newest_of_two_changes_is_rolled_back() -> None:
    """The earlier one is still on its way."""
    history = History(desired=6, changes=(Change(at(-2), 2, 4), Change(at(-1), 4, 6)))
    kept, noticed = absorb(target(), history, look(4, 3), NOON)
    assert [each.notice for each in noticed] == [Notice.ROLLED_BACK]
    assert (kept.changes, kept.desired) == ((Change(at(-2), 2, 4),), 4)


def test_a_scale_out_rolled_back_twice_is_a_shortage_and_a_scale_in_is_none() -> None:
    """Once may be chance; machines that never come are no reason to keep those that are idle."""
    once, _ = absorb(target(), History(desired=5, changes=(OUT,)), look(2), at(3))
    assert once.shortage == Shortage(at(3), 0, at(3), looked=True)
    again = replace(once, desired=5, changes=(OUT._replace(at=at(4)),))
    twice, _ = absorb(target(), again, look(2), at(6))
    assert twice.shortage == Shortage(at(6), 1, at(7))
    back, _ = absorb(target(), History(desired=2, changes=(IN,)), look(5), at(3))
    assert back.shortage is None


@pytest.mark.parametrize(
    ("change", "left"),
    [(OUT, None), (IN, Shortage(NOON, 1, at(1), looked=True))],
    ids=["out", "in"],
)
def test_machines_that_came_end_a_shortage(change: Change, left: Shortage | None) -> None:
    """A completed scale-out shows that there are some; a scale-in shows nothing."""
    history = History(desired=change.after, changes=(change,), shortage=Shortage(NOON, 1, at(1)))
    kept, _ = absorb(target(), history, look(change.after), at(2))
    assert kept.shortage == left


def test_a_foreign_change_is_noted_with_what_was_known_before() -> None:
    """From what we last knew, not from what we never saw."""
    kept, (noticed,) = absorb(target(), History(desired=3), look(8), NOON)
    assert kept.foreign == Foreign(NOON, 3, 8, at(15))
    assert (noticed.notice, noticed.before, noticed.after) == (Notice.FOREIGN, 3, 8)


def test_nothing_is_noticed_while_the_provider_cannot_be_read() -> None:
    """Neither a roll-back, nor somebody else, nor an arrival."""
    history = History(desired=5, changes=(OUT,), ready=(ReadySample(NOON, 2),))
    blind = Observation(at(1), Missing(MissingCause.SOURCE_FAILED), {})
    kept, noticed = absorb(target(), history, blind, at(1))
    assert (noticed, kept.changes, kept.desired, kept.ready) == (
        (),
        history.changes,
        5,
        history.ready,
    )


# --- a reading that may be behind ---


@dataclass(frozen=True)
class Behind:
    """A reading so many seconds after a change 2 → 5, and whether it is believed."""

    id: str
    capacity: Capacity
    seconds: float
    is_believed: bool
    changes: tuple[Change, ...] = (OUT,)


BEHIND = (
    Behind("at_once", Capacity(2, 2), 0, is_believed=False),
    Behind("a_moment_later", Capacity(2, 2), 59, is_believed=False),
    Behind("our_clock_was_ahead", Capacity(2, 2), -59, is_believed=False),
    Behind("a_tick_later", Capacity(2, 2), 60, is_believed=True),
    Behind("our_clock_was_far_ahead", Capacity(2, 2), -60, is_believed=True),
    Behind("it_is_there", Capacity(5, 2), 1, is_believed=True),
    Behind("somebody_else", Capacity(3, 2), 1, is_believed=True),
    Behind("it_says_updating", Capacity(2, 2, BUSY), 1, is_believed=True),
    Behind("it_says_failed", Capacity(2, 2, FAILED), 1, is_believed=True),
    Behind("nothing_in_flight", Capacity(2, 2), 1, is_believed=True, changes=()),
)


@pytest.mark.parametrize("case", BEHIND, ids=lambda case: case.id)
def test_a_reading_of_before_a_change_of_a_moment_ago_is_stale(case: Behind) -> None:
    """A copy of before is no roll-back, and no reason to send the change again."""
    history = History(desired=5, changes=case.changes)
    now = NOON + timedelta(seconds=case.seconds)
    found = believe_capacity(target(), history, case.capacity, now)
    assert (found is case.capacity) == case.is_believed
    if not case.is_believed:
        assert isinstance(found, Missing)
        assert found.cause is MissingCause.STALE


def test_a_capacity_that_is_missing_stays_missing() -> None:
    """With its own cause."""
    missing = Missing(MissingCause.SOURCE_FAILED, "denied")
    assert believe_capacity(target(), History(changes=(OUT,)), missing, NOON) is missing


# --- what is noted of metrics and activity ---


def test_since_when_a_metric_is_missing_is_noted_until_it_is_back() -> None:
    """The first look that missed it counts."""
    gone = Missing(MissingCause.NO_DATA)
    first, _ = absorb(target(), History(), look(2, load=gone), NOON)
    later, _ = absorb(target(), first, look(2, load=gone, now=at(3)), at(3))
    back, _ = absorb(target(), later, look(2, now=at(4)), at(4))
    found = [history.missing_since for history in (first, later, back)]
    assert found == [{"load": NOON}, {"load": NOON}, {}]


@pytest.mark.parametrize(("per", "missed"), [(Per.INSTANCE, {}), (Per.TOTAL, {"load": NOON})])
def test_at_zero_a_value_per_instance_is_not_missed(per: Per, missed: dict[str, datetime]) -> None:
    """There is nobody who could have it; a total can be had all the same."""
    scaled = target(metrics=(Metric("load", per=per),))
    kept, _ = absorb(scaled, History(), look(0, load=Missing(MissingCause.NO_DATA)), NOON)
    assert kept.missing_since == missed


@pytest.mark.parametrize(
    ("load", "active_at"),
    [
        (5.1, NOON),
        (5.0, at(-9)),
        (0.0, at(-9)),
        (Missing(MissingCause.NO_DATA), NOON),
        (float("nan"), NOON),
    ],
    ids=["above", "at_the_threshold", "idle", "unknown", "not_a_number"],
)
def test_what_cannot_be_known_counts_as_active(load: Any, active_at: datetime) -> None:
    """Idleness needs evidence; or a target would go to zero for want of data."""
    scaled = target(zero=ZeroRule("load", 5.0))
    kept, _ = absorb(scaled, History(active_at=at(-9)), look(2, load=load), NOON)
    assert kept.active_at == active_at


def test_the_first_look_counts_as_active() -> None:
    """Idleness begins when it is first seen."""
    kept, _ = absorb(target(zero=ZeroRule("load")), History(), look(2, load=0.0), NOON)
    assert kept.active_at == NOON


# --- what ends ---


def test_what_has_expired_is_forgotten_at_its_end() -> None:
    """Not a microsecond before, and not after."""
    history = History(
        desired=2,
        pauses=(Pause(None, NOON), Pause(Direction.IN, None), Pause(Direction.OUT, at(1))),
        foreign=Foreign(at(-15), 3, 2, NOON),
        quota=Quota(9, NOON),
        shortage=Shortage(at(-16), 1, NOON - SHORTAGE_LONGEST, looked=True),
    )
    before, _ = absorb(target(), history, look(2), NOON - timedelta(microseconds=1))
    assert (before.pauses, before.foreign, before.quota, before.shortage) == (
        history.pauses,
        history.foreign,
        history.quota,
        history.shortage,
    )
    kept, _ = absorb(target(), history, look(2), NOON)
    assert kept.pauses == history.pauses[1:]
    assert (kept.foreign, kept.quota, kept.shortage) == (None, None, None)


# --- what is noted of a decision and its outcome ---


def test_a_recommendation_is_kept_as_long_as_a_window_may_ask_for_it() -> None:
    """Of a hold for want of data there is none to keep."""
    scaled = target(scale_in=DirectionRules(5 * MINUTE))
    decision = decide(scaled, look(2, load=300.0), History(), NOON)
    assert remember(scaled, History(), decision).recommendations == (Recommended(NOON, 6),)
    blind = decide(scaled, look(2, load=Missing(MissingCause.NO_DATA)), History(), NOON)
    assert remember(scaled, History(), blind).recommendations == ()
    unknown = Observation(NOON, Missing(MissingCause.SOURCE_FAILED), {})
    dark = decide(scaled, unknown, History(), NOON)
    assert remember(scaled, History(), dark).recommendations == ()


def test_a_rest_is_remembered_until_the_next_look() -> None:
    """It leaves no row; the look's row says more than it."""
    rested = note_held(target(), History(desired=2), 2, at(5))
    assert rested.rested_at == at(5)
    decision = decide(target(), look(2, now=at(10)), rested, at(10))
    looked = remember(target(), rested, decision)
    assert looked.rested_at is None


def test_bounds_that_fired_are_kept_with_the_bounds_they_were_set_over() -> None:
    """And until when actions were applied, so that none fires twice or is missed."""
    noon = ScheduledPolicy("noon", Schedule("cron(0 12 * * ? *)"), 6, 10)
    scaled = target(policies=(noon,))
    decision = decide(scaled, look(2), History(), NOON)
    kept = remember(scaled, History(), decision)
    assert (kept.bounds, kept.bounds_over) == (CapacityRange(6, 10), CapacityRange(0, 50))
    assert kept.scheduled_until == NOON
    assert remember(target(), History(), decide(target(), look(2), History(), NOON)) == History()


def test_an_applied_change_is_in_flight_and_what_the_setting_is_now() -> None:
    """A foreign change that it adds to is respected all the same."""
    foreign = Foreign(at(-1), 1, 2, at(14))
    history = History(desired=2, foreign=foreign)
    decision = decide(target(), look(2, load=200.0), history, NOON)
    kept = note_applied(history, decision, at(1))
    assert kept.changes == (Change(at(1), 2, 4, ("t",)),)
    assert (kept.desired, kept.foreign) == (4, foreign)


@pytest.mark.parametrize("current", [4, None])
def test_a_moved_ceiling_is_no_change_of_capacity(current: int | None) -> None:
    """So it starts no cooldown."""
    decision = decide(target(), look(4), History(), NOON)._replace(current=current)
    assert note_applied(History(desired=4), decision, NOON) == History(desired=4)


def test_a_shortage_is_waited_out_twice_as_long_each_time_up_to_a_limit() -> None:
    """1, 2, 4, 8 minutes, then a quarter of an hour, whatever comes."""
    history, waits = History(), []
    for _ in range(40):
        history = note_shortage(history, MINUTE, NOON)
        assert history.shortage is not None
        waits.append((history.shortage.until - NOON) / MINUTE)
    assert waits[:6] == [1, 2, 4, 8, 15, 15]
    assert max(waits) == 15


def test_a_learned_quota_is_tried_again_in_an_hour() -> None:
    """Quotas are raised on request."""
    assert note_quota(History(), 7, NOON).quota == Quota(7, at(60))


def test_a_pause_replaces_the_one_of_its_direction() -> None:
    """The last word counts, direction by direction."""
    history = note_pause(History(), Pause(Direction.IN, at(1)))
    history = note_pause(history, Pause(None, at(2)))
    history = note_pause(history, Pause(Direction.IN, at(3)))
    assert history.pauses == (Pause(None, at(2)), Pause(Direction.IN, at(3)))
    assert len(history.pauses) <= PAUSES_LIMIT


def test_a_resume_lifts_one_direction_or_all() -> None:
    """Of a pause of both directions, the other one stays as it was."""
    both, one = Pause(None, at(9), "ann"), Pause(Direction.IN)
    history = History(pauses=(both, one))
    assert note_resume(history, Direction.IN).pauses == (Pause(Direction.OUT, at(9), "ann"),)
    assert note_resume(history, Direction.OUT).pauses == (Pause(Direction.IN, at(9), "ann"), one)
    assert note_resume(history, None).pauses == ()
