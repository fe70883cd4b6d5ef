"""Are a run's cost, changes and lateness what a hand count gives?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.model import Action, Decision, Reason, Status
from flyball.ports import Outcome, OutcomeKind
from flyball.sim.day import Minute
from flyball.sim.judge import judge
from flyball.sim.score import Tally, foresee, score
from flyball.wake import Wake, WakeKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MU = 10.0


def minute(
    index: int,
    demand: float | None = 0.0,
    ready: int = 1,
    desired: int | None = None,
    waiting: float = 0.0,
    wakes: Sequence[Wake] = (),
) -> Minute:
    """Make a minute of a run."""
    backlog = max(0.0, waiting + (demand or 0) - ready * MU)
    return Minute(
        NOON + timedelta(minutes=index),
        demand,
        MU,
        ready if desired is None else desired,
        ready,
        Status.IN_SERVICE,
        waiting,
        backlog,
        tuple(wakes),
        0,
    )


def change(before: int, after: int, kind: OutcomeKind = OutcomeKind.APPLIED) -> Wake:
    """Make a wake that set a capacity."""
    decision = Decision(
        "chat", NOON, Action.SET, Reason.ABOVE_TARGET, before, after, after, after, (), 0, 9, 0,
        None, (), (), (), NOON, Reason.HEARTBEAT,
    )  # fmt: skip
    return Wake(WakeKind.DECIDED, "chat", decision, Outcome(kind))


def test_cost_is_what_is_billed_against_the_peak_all_the_time() -> None:
    """Two hours, the first is warm-up; then 30 minutes at 4 and 30 at 2, where the peak needs 5."""
    warm = [minute(n) for n in range(60)]
    run = [minute(60 + n, demand=41 if n == 0 else 5, ready=4 if n < 30 else 2) for n in range(60)]
    found = score([*warm, *run])
    assert (found.slots, found.skipped) == (60, 60)
    assert found.instance_hours == 3.0
    assert (found.static_instances, found.static_instance_hours) == (5, 5.0)
    assert found.cost_ratio == 0.6


def test_an_instance_is_billed_from_the_order_until_it_is_gone() -> None:
    """Desired above ready while it comes, ready above desired while it goes."""
    run = [minute(0, ready=1), minute(1, ready=1), minute(2, ready=1, desired=4)]
    run.append(minute(3, ready=4, desired=1))
    assert score(run).instance_hours == pytest.approx(8 / 60)


def test_changes_and_reversals_are_counted() -> None:
    """Out, in half an hour later (a reversal), in once more (none), out 31 minutes later (none)."""
    turns = {70: (1, 3), 100: (3, 2), 101: (2, 1), 132: (1, 2)}
    run = [
        minute(n, wakes=[change(*turns[n])] if n in turns else ()) for n in range(60 + 1_440 // 10)
    ]
    found = score(run)
    assert (found.changes, found.reversals) == (4, 1)
    assert found.changes_a_day == pytest.approx(4 * 10 * 144 / 144)


@pytest.mark.parametrize(
    "wake",
    [
        pytest.param(change(1, 3, OutcomeKind.DEFERRED), id="refused"),
        pytest.param(change(3, 3), id="same-number"),
        pytest.param(Wake(WakeKind.DUPLICATE, "chat"), id="turned-away"),
    ],
)
def test_what_changed_nothing_is_no_change(wake: Wake) -> None:
    """Only an accepted order of another number counts."""
    assert score([minute(n, wakes=[wake]) for n in range(4)]).changes == 0


def test_excess_is_over_capacity_and_late_also_behind_a_backlog() -> None:
    """25 on 20: five over. Then 10 behind a backlog of five: all ten are late."""
    run = [minute(0, 0, 2), minute(1, 0, 2), minute(2, 25, 2), minute(3, 10, 2, waiting=5.0)]
    found = score(run)
    assert found.requests == 35
    assert found.excess_ratio == pytest.approx(5 / 35)
    assert found.late_ratio == pytest.approx(15 / 35)
    assert found.peak_backlog == 5


def test_a_backlog_of_two_percent_makes_nobody_late() -> None:
    """0.4 of 20 is the limit itself."""
    run = [minute(0, 0, 2), minute(1, 0, 2), minute(2, 10, 2, waiting=0.4), minute(3, 0, 2)]
    assert score(run).late_ratio == 0


def test_unknown_demand_is_neither_late_nor_counted() -> None:
    """A gap in the trace."""
    run = [minute(0), minute(1), minute(2, None, 0, waiting=9.0), minute(3, 10, 1)]
    found = score(run)
    assert (found.requests, found.late_ratio, found.under_time_ratio) == (10, 0, 0)


def test_provisioning_is_measured_as_spec_does() -> None:
    """Needed 2 with 1 there, needed 1 with 3 there."""
    run = [minute(0), minute(1), minute(2, 20, 1), minute(3, 10, 3)]
    found = score(run)
    assert (found.under_ratio, found.over_ratio) == (0.25, 1.0)
    assert (found.under_time_ratio, found.over_time_ratio) == (0.5, 0.5)


def test_instability_is_measured_as_spec_does() -> None:
    """Alike are both up, both down and both still; a gap says nothing on either side of it."""
    run = [minute(0, 10, 1), minute(1, 10, 1)]
    both_up, only_need, only_supply = minute(2, 20, 2), minute(3, 30, 2), minute(4, 30, 3)
    against, still, both_down = minute(5, 20, 4), minute(6, 20, 4), minute(7, 10, 3)
    rest = [minute(8, None, 9), minute(9, 90, 1), minute(10, 90, 1)]
    run += [both_up, only_need, only_supply, against, still, both_down, *rest]
    counted = Tally()
    for each in run:
        counted.add(each)
    assert judge(counted.slots(), 4, 2).unstable_ratio == pytest.approx(3 / 7)
    assert judge(counted.slots(), 4, 8, 10).unstable_ratio == 0
    assert judge(counted.slots(), 4, 0, 2).unstable_ratio == 0


def test_the_first_day_of_a_long_run_is_warm_up() -> None:
    """More than three days."""
    run = [minute(n) for n in range(3 * 1_440 + 1)]
    assert score(run).skipped == 1_440
    assert score(run[:-1]).skipped == 60


def test_a_run_that_begins_warm_may_be_scored_from_its_first_minute() -> None:
    """Two hours with one change in the first."""
    tally = Tally()
    for n in range(120):
        tally.add(minute(n, wakes=[change(1, 2)] if n == 5 else ()))
    whole, rest = tally.score(warm_up_minutes=0), tally.score()
    assert (whole.slots, whole.skipped, whole.changes) == (120, 0, 1)
    assert (rest.slots, rest.skipped, rest.changes) == (60, 60, 0)


def test_no_minute_at_all_scores_zero() -> None:
    """Nothing is divided by nothing."""
    found = score([])
    assert (found.slots, found.instance_hours, found.cost_ratio, found.late_ratio) == (0, 0, 0, 0)


@given(
    needs=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    lead=st.integers(0, 3),
)
def test_who_knows_the_future_pays_the_least_of_all_ways(needs: list[int], lead: int) -> None:
    """The layers' sum is what trying every way gives."""
    best = {need: float(need) for need in range(needs[0], 4)}
    for need in needs[1:]:
        best = {
            after: min(
                cost + after + lead * max(0, after - before) for before, cost in best.items()
            )
            for after in range(need, 4)
        }
    assert foresee(needs, lead) == min(best.values(), default=math.inf)
