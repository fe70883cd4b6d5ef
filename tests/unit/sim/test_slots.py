"""Does the plant of the scoring rules bill, start, give up and keep waiting as the rules say?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.slots import (
    MOST,
    Course,
    Plant,
    Run,
    Seen,
    course_of,
    draw_leads,
    run,
    score,
    score_days,
    spread_leads,
)
from flyball.sim.trace import Trace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Script:
    """A peer that orders what is written, and keeps what it saw."""

    orders: Sequence[int]
    seen: list[Seen] = field(default_factory=list)

    def decide(self, seen: Seen) -> int:
        """Give the next one."""
        self.seen.append(seen)
        return self.orders[min(len(self.seen), len(self.orders)) - 1]


def course(*demand: float | None, slot: timedelta = MINUTE) -> Course:
    """Make a course in which an instance serves ten requests a slot."""
    return Course(NOON, demand, 10.0, slot)


def plant(lead: float = 2, *, initial: int = 1, delay: float = 1) -> Plant:
    """Make a plant; lead and delay in minutes."""
    return Plant((lead * MINUTE,), delay * MINUTE, initial=initial)


@dataclass(frozen=True)
class Case:
    """Orders at the end of each slot, and what is billed and in service in each."""

    id: str
    orders: list[int]
    ordered: tuple[int, ...]
    ready: list[int]
    lead: float = 2


CASES = [
    Case("billed from the order, there a lead later", [3, 3, 3, 3], (1, 3, 3, 3), [1, 1, 1, 3]),
    Case("in at once", [3, 3, 3, 3, 1], (1, 3, 3, 3, 3, 1), [1, 1, 1, 3, 3, 1]),
    Case("what starts is given up first", [4, 2, 2, 2, 2], (1, 4, 2, 2, 2), [1, 1, 1, 2, 2]),
    Case(
        "the newest order before the older one",
        [3, 5, 3, 3, 3],
        (1, 3, 5, 3, 3),
        [1, 1, 1, 3, 3],
    ),
    Case("then what is in service", [3, 0, 0, 0], (1, 3, 0, 0), [1, 1, 0, 0]),
    Case("no lead at all", [3, 2, 5, 5], (1, 3, 2, 5), [1, 3, 2, 5], lead=0),
    Case("a lead of a part of a slot counts as one", [2, 2, 2], (1, 2, 2), [1, 1, 2], lead=0.4),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_orders_are_billed_and_served_as_the_rules_say(case: Case) -> None:
    """By the slot."""
    found = run(course(*[0.0] * len(case.ordered)), plant(case.lead), Script(case.orders))
    assert (found.ordered, found.slots.ready) == (case.ordered, case.ready)


@given(
    orders=st.lists(st.integers(0, 9), min_size=1, max_size=30),
    lead=st.integers(0, 6),
    initial=st.integers(0, 9),
)
def test_in_service_is_the_least_that_was_ordered_within_one_lead(
    orders: list[int], lead: int, initial: int
) -> None:
    """Of the first slots also what was there at first."""
    found = run(course(*[0.0] * len(orders)), plant(lead, initial=initial), Script(orders))
    for slot, ready in enumerate(found.slots.ready):
        assert ready == min(found.ordered[max(0, slot - lead) : slot + 1])


def test_metrics_show_a_slot_one_delay_after_its_end() -> None:
    """At the end of the third slot the second is seen, with what was there in it."""
    script = Script([2, 2, 2, 2])
    run(course(15, 30, None, 7), plant(1), script)
    assert [seen.load for seen in script.seen] == [None, 1.5, 3.0, None]
    assert [seen.waiting for seen in script.seen] == [0.0, 0.0, 0.5, 2.5]
    assert [seen.measured for seen in script.seen] == [0, 1, 1, 2]
    assert [seen.ready for seen in script.seen] == [1, 1, 2, 2]
    assert [seen.desired for seen in script.seen] == [1, 2, 2, 2]
    assert [seen.now for seen in script.seen] == [NOON + (n + 1) * MINUTE for n in range(4)]


def test_without_a_delay_a_slot_is_seen_at_its_end() -> None:
    """The newest load is that of the slot itself."""
    script = Script([1])
    run(course(15, 30), plant(delay=0), script)
    assert [seen.load for seen in script.seen] == [1.5, 3.0]


def test_work_beyond_capacity_is_carried_over() -> None:
    """25 on ten, then five, then nothing; a gap brings nothing."""
    found = run(course(25, 5, None, 0), plant(), Script([1]))
    assert found.slots.waiting == [0.0, 15.0, 10.0, 0.0]
    assert found.slots.backlog == [15.0, 10.0, 0.0, 0.0]


def test_a_change_counts_from_the_slot_in_which_it_is_ordered() -> None:
    """Two out, one in."""
    found = run(course(*[0.0] * 5), plant(), Script([3, 3, 2, 2]))
    assert [tuple(each) for each in found.slots.changes] == [(1, 2), (3, -1)]


@dataclass(frozen=True)
class First:
    """Bounds, the first known demand, and how many are there at first."""

    id: str
    demand: tuple[float | None, ...]
    expect: int
    least: int = 1
    most: int = 100
    initial: int | None = None


FIRSTS = [
    First("what carries it", (31.0,), 4),
    First("after a gap", (None, 31.0), 4),
    First("not below the least", (31.0,), 6, least=6),
    First("not above the most", (31.0,), 2, most=2),
    First("nothing is known", (None,), 1),
    First("as given", (31.0,), 9, initial=9),
]


@pytest.mark.parametrize("case", FIRSTS, ids=lambda case: case.id)
def test_at_first_there_is_what_carries_the_first_slot(case: First) -> None:
    """Inside the bounds."""
    made = Plant(min_capacity=case.least, max_capacity=case.most, initial=case.initial)
    assert made.first(course(*case.demand)) == case.expect


def test_leads_are_drawn_by_seed_and_slot_whoever_orders() -> None:
    """The same seed gives the same leads, another others; all of them occur."""
    leads = (MINUTE, 3 * MINUTE, 9 * MINUTE)
    over = course(*[0.0] * 200)
    drawn = draw_leads(Plant(leads, seed=1), over)
    assert drawn == draw_leads(Plant(leads, seed=1), over)
    assert drawn != draw_leads(Plant(leads, seed=2), over)
    assert set(drawn) == {1, 3, 9}


def test_an_order_with_a_short_lead_overtakes_one_with_a_long_lead() -> None:
    """In service as each comes."""
    made = Plant((MINUTE, 5 * MINUTE), initial=0, min_capacity=0, seed=3)
    over = course(*[0.0] * 12)
    leads = draw_leads(made, over)
    slow = leads.index(5, 1)
    fast = leads.index(1, slow)
    orders = [0] * (slow - 1) + [2] * (fast - slow) + [3] * 12
    found = run(over, made, Script(orders))
    assert found.slots.ready[fast + 1] == 1
    assert found.slots.ready[slow + 5] == 3


def test_a_spread_of_leads_has_its_median_and_its_95th_percentile() -> None:
    """Of 99 quantiles the fiftieth and the ninety-fifth."""
    leads = spread_leads(4 * MINUTE, 9 * MINUTE)
    assert leads[49].total_seconds() == pytest.approx(240)
    assert leads[94].total_seconds() == pytest.approx(540)
    assert Plant(leads).lead_slots(MINUTE) == 4
    assert spread_leads(MINUTE, MINUTE) == (MINUTE,) * 99


def test_a_finer_and_a_coarser_slot_have_their_own_leads() -> None:
    """Four minutes are 24 slots of 10 s, and one of an hour."""
    assert Plant().lead_slots(timedelta(seconds=10)) == 24
    assert Plant().lead_slots(HOUR) == 1


@dataclass(frozen=True)
class Bad:
    """What cannot be, and what is said."""

    id: str
    make: object
    says: str


BADS = [
    Bad("too fine", lambda: course(1, slot=timedelta(seconds=5)), "slot: got 0:00:05"),
    Bad("too coarse", lambda: course(1, slot=2 * HOUR), "slot: got 2:00:00"),
    Bad("no capacity", lambda: Course(NOON, (1.0,), 0.0), "capacity_per_instance: got 0.0"),
    Bad("no slot", course, "demand: no slot"),
    Bad("no lead", lambda: Plant(leads=()), "leads: expected one"),
    Bad("a negative lead", lambda: plant(-1), "leads: expected one"),
    Bad("a negative delay", lambda: plant(delay=-1), "metric_delay: got"),
    Bad("crossed bounds", lambda: Plant(min_capacity=3, max_capacity=2), "got 3 and 2"),
    Bad("too many", lambda: Plant(max_capacity=MOST + 1), "got 1 and 100001"),
    Bad("a lead from nothing", lambda: spread_leads(timedelta(), MINUTE), "lead: got p50 0:00:00"),
    Bad("a lead that falls", lambda: spread_leads(2 * MINUTE, MINUTE), "expected 0 < p50 <= p95"),
    Bad("fewer than none", lambda: run(course(1), plant(), Script([-1])), "Script ordered -1"),
    Bad("far too many", lambda: run(course(1), plant(), Script([MOST + 1])), "ordered 100001"),
]


@pytest.mark.parametrize("case", BADS, ids=lambda case: case.id)
def test_what_cannot_be_is_said(case: Bad) -> None:
    """By name, with what was expected."""
    assert callable(case.make)
    with pytest.raises(ValueError, match=case.says.replace("(", r"\(")):
        case.make()


def test_a_course_is_made_of_a_traces_minutes() -> None:
    """With its own capacity, or a given one."""
    trace = Trace(NOON, (40.0, None, 2_000.0))
    assert course_of(trace) == Course(NOON, (40.0, None, 2_000.0), (40 + 0.9995 * 1_960) / 20)
    assert course_of(trace, 25.0).loads() == [1.6, None, 80.0]


def test_a_runs_days_add_up_to_its_total() -> None:
    """Four days and an hour, begun at noon: the first day is not scored, the next is cut."""
    minutes = 4 * 1_440 + 60
    demand = [float(5 + (n * 37) % 40) for n in range(minutes)]
    found: Run = run(course(*demand), plant(), Script([3, 4, 2, 5, 4] * 800 + [3]))
    total, days = score(found), score_days(found)
    assert [each.day for each in days] == [date(2026, 3, day) for day in (3, 4, 5, 6)]
    assert [each.marks.slots for each in days] == [720, 1_440, 1_440, 780]
    assert total.skipped == days[0].marks.skipped == 1_440
    for name in ("slots", "instance_hours", "clairvoyant_hours", "requests", "excess", "late"):
        parts = sum(getattr(each.marks, name) for each in days)
        assert parts == pytest.approx(getattr(total, name))
    assert sum(each.marks.changes for each in days) == total.changes > 0


def test_the_cost_of_a_run_is_what_was_ordered() -> None:
    """Two hours of two instances, the first not scored, against one that is needed."""
    found = run(course(*[9.0] * 120), plant(initial=2), Script([2]))
    marks = score(found)
    assert (marks.instance_hours, marks.clairvoyant_ratio, marks.late_ratio) == (2.0, 2.0, 0.0)
    assert score(found, 0).instance_hours == 4.0
