"""Do the rules of scoring give what a hand count gives, and what a run's tally gives?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.model import Action, Decision, Reason, Status
from flyball.ports import Outcome, OutcomeKind
from flyball.sim.day import Minute
from flyball.sim.judge import Change, Marks, Slots, fill_gaps, find_late, judge, judge_each, warm_up
from flyball.sim.score import Tally
from flyball.wake import Wake, WakeKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MU = 10.0


def slots(
    demand: Sequence[float | None],
    ready: Sequence[int],
    billed: Sequence[int] | None = None,
    waiting: Sequence[float] | None = None,
    changes: Sequence[Change] = (),
    length: timedelta = MINUTE,
) -> Slots:
    """Make a run in which an instance serves ten requests a slot."""
    count = len(demand)
    waits = [0.0] * count if waiting is None else waiting
    left = [
        max(0.0, wait + (asked or 0.0) - has * MU)
        for wait, asked, has in zip(waits, demand, ready, strict=True)
    ]
    each = [MU] * count
    return Slots(length, each, demand, ready, billed or ready, waits, left, changes)


def test_excess_is_over_capacity_and_late_also_behind_a_backlog() -> None:
    """25 on 20: five over. Then 10 behind a backlog of five: all ten are late."""
    found = judge(slots([25, 10], [2, 2], waiting=[0.0, 5.0]), 4, 0)
    assert (found.excess, found.late, found.requests, found.peak_backlog) == (5, 15, 35, 5)
    assert found.excess_ratio == pytest.approx(5 / 35)
    assert found.late_ratio == pytest.approx(15 / 35)


def test_a_backlog_of_two_percent_makes_nobody_late() -> None:
    """0.4 of 20 is the limit itself, the next number is over it."""
    assert judge(slots([10], [2], waiting=[0.4]), 4, 0).late == 0
    assert judge(slots([10], [2], waiting=[0.41]), 4, 0).late == 10


def test_who_was_late_is_said_by_the_slot() -> None:
    """Of any part of a run, the slots' sum is what the part's score has; 429s are in it."""
    demand = [25.0, None, 10.0, 12.0, 8.0]
    run = slots(demand, [2, 2, 2, 1, 0], waiting=[0.0, 5.0, 0.5, 0.0, 0.0])
    run = run._replace(dropped=[0.0, 0.0, 0.0, 4.0, 9.0])
    late = find_late(run)
    assert late == [5.0, 0.0, 10.0, 4.0, 8.0]
    for begin, end in ((0, 5), (1, 3), (3, 5)):
        assert judge(run, 4, begin, end).late == sum(late[begin:end])


def test_reversals_are_near_each_other_and_against_each_other() -> None:
    """Out, in 30 minutes later, in once more, out 31 minutes later."""
    turns = [Change(0, 2), Change(30, -1), Change(31, -1), Change(62, 1)]
    assert judge(slots([0.0] * 70, [1] * 70, changes=turns), 4, 0).reversals == 1
    finer = slots([0.0] * 70, [1] * 70, changes=turns, length=timedelta(seconds=30))
    assert judge(finer, 4, 0).reversals == 2


def test_slots_of_any_length_are_hours_and_days() -> None:
    """Twelve slots of ten minutes with three instances, and one change."""
    found = judge(slots([30] * 12, [3] * 12, changes=[Change(4, 1)], length=10 * MINUTE), 1, 0)
    assert (found.instance_hours, found.clairvoyant_hours, found.static_instance_hours) == (6, 6, 6)
    assert found.changes_a_day == pytest.approx(12)


@pytest.mark.parametrize(
    ("count", "length", "expect"),
    [
        pytest.param(3 * 1_440 + 1, MINUTE, 1_440, id="more-than-three-days"),
        pytest.param(3 * 1_440, MINUTE, 60, id="three-days"),
        pytest.param(50, MINUTE, 25, id="less-than-two-hours"),
        pytest.param(1_000, timedelta(seconds=10), 360, id="fine"),
        pytest.param(100, timedelta(hours=1), 24, id="coarse"),
    ],
)
def test_the_first_day_or_the_first_hour_is_not_scored(
    count: int, length: timedelta, expect: int
) -> None:
    """By the length of the run."""
    assert warm_up(count, length) == expect


def test_a_gap_needs_what_the_slot_before_it_did() -> None:
    """And nothing at the beginning."""
    assert fill_gaps([None, 2, None, 1]) == [0, 2, 2, 1]


def test_nothing_at_all_scores_zero() -> None:
    """Nothing is divided by nothing."""
    found = judge(slots([], []), 4)
    assert set(found) == {0}


def test_parts_have_their_own_marks_and_share_one_clairvoyant() -> None:
    """What is ordered at the end of one part for the next is billed in the first."""
    run = slots([0, 0, 10, 10], [1, 1, 1, 1])
    first, second = judge_each(run, 1, [(0, 2), (2, 4)])
    assert first.clairvoyant_hours + second.clairvoyant_hours == judge(run, 1, 0).clairvoyant_hours
    assert first.clairvoyant_hours == pytest.approx(1 / 60)


def wake(step: int) -> Wake:
    """Make a wake that set a capacity."""
    decision = Decision(
        "chat", NOON, Action.SET, Reason.ABOVE_TARGET, 5, 5 + step, 5 + step, 5 + step, (), 0, 9, 0,
        None, (), (), (), NOON, Reason.HEARTBEAT,
    )  # fmt: skip
    return Wake(WakeKind.DECIDED, "chat", decision, Outcome(OutcomeKind.APPLIED))


rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 40).map(float)),
        st.integers(0, 4),
        st.integers(0, 4),
        st.sampled_from([0.0, 0.1, 3.0]),
        st.integers(-2, 2),
    ),
    min_size=1,
    max_size=40,
)


@given(rows=rows)
def test_a_tally_of_a_run_and_the_rules_agree(
    rows: list[tuple[float | None, int, int, float, int]],
) -> None:
    """Where both apply: minutes, a lead of four, every field."""
    tally = Tally()
    run = slots(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [max(row[1], row[2]) for row in rows],
        [row[3] for row in rows],
        [Change(index, row[4]) for index, row in enumerate(rows)],
    )
    for index, (demand, ready, desired, waiting, step) in enumerate(rows):
        backlog = run.backlog[index]
        at = NOON + index * MINUTE
        tally.add(
            Minute(
                at,
                demand,
                MU,
                desired,
                ready,
                Status.IN_SERVICE,
                waiting,
                backlog,
                (wake(step),),
                0,
            )
        )
    theirs, ours = tally.score(warm_up_minutes=0), judge(run, 4, 0)
    for name in Marks._fields:
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name
