"""Does the cheapest fleet end in time, and do workers keep their latency?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.batch import (
    WORTH_RATIO,
    Backlog,
    Job,
    Offer,
    count_done,
    count_needed,
    find_deadline,
    plan_batch,
    size_backlog,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
JOB = Job(items=36_000, time_per_item=SECOND, deadline=HOUR)
"""Ten hours of work in one."""
OFFER = Offer(price_per_hour=1.0, start_up=10 * MINUTE)


@dataclass(frozen=True)
class Case:
    """A batch, what it can be done on, and the cheapest fleet that ends in time."""

    id: str
    job: Job
    offer: Offer
    machines: int
    time: timedelta
    cost: float


CASES = (
    Case("12 machines have 50 minutes each", JOB, OFFER, 12, HOUR, 12.0),
    Case("without a start-up ten do", JOB, Offer(1.0), 10, HOUR, 10.0),
    Case("one, in all the time", replace(JOB, deadline=11 * HOUR), OFFER, 1, 610 * MINUTE, 61 / 6),
    Case("four at a time", JOB, replace(OFFER, at_a_time=4), 3, HOUR, 3.0),
    Case(
        "a remainder ends sooner, and is paid so",
        Job(10, 6 * MINUTE, HOUR),
        Offer(1.0, at_a_time=3),
        1,
        24 * MINUTE,
        0.4,
    ),
    Case(
        "a minute at least",
        Job(2, SECOND, SECOND),
        Offer(60.0),
        2,
        SECOND,
        2.0,
    ),
    Case(
        "by the hour: fewer are not cheaper",
        Job(10, 20 * MINUTE, 2 * HOUR),
        Offer(1.0, billed_by=HOUR),
        2,
        100 * MINUTE,
        4.0,
    ),
    Case(
        "by the hour: five and three items, so that one begins no other hour",
        Job(8, 20 * MINUTE, 2 * HOUR),
        Offer(1.0, billed_by=HOUR),
        2,
        100 * MINUTE,
        3.0,
    ),
    Case("for nothing", Job(10, MINUTE, 5 * MINUTE), Offer(0.0), 2, 5 * MINUTE, 0.0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_cheapest_fleet_ends_in_time(case: Case) -> None:
    """Of those that cost the same, the smallest."""
    plan = plan_batch(case.job, case.offer)
    best = plan.best
    assert best is not None
    assert (best.machines, best.time) == (case.machines, case.time)
    assert best.cost == pytest.approx(case.cost)
    assert best.in_time
    assert best in plan.table


def test_the_table_says_what_more_machines_buy() -> None:
    """Sooner, and dearer, than one machine; the start-up is what is lost."""
    plan = plan_batch(JOB, replace(OFFER, most_machines=100))
    assert [each.machines for each in plan.table] == [
        *range(1, 9),
        12,
        16,
        32,
        64,
        100,
    ]
    one, most = plan.table[0], plan.table[-1]
    assert (one.time, one.faster, one.dearer, one.in_time) == (610 * MINUTE, 1.0, 1.0, False)
    assert most.time == 16 * MINUTE
    assert most.faster == pytest.approx(610 / 16)
    assert most.cost == pytest.approx(100 * 16 / 60)
    assert most.dearer == pytest.approx(most.cost / one.cost)


def test_more_machines_than_items_are_not_offered() -> None:
    """They would have nothing to do."""
    plan = plan_batch(Job(5, MINUTE, HOUR), Offer(1.0, at_a_time=2))
    assert plan.table[-1].machines == 3


def test_one_item_needs_one_machine() -> None:
    """And more are not offered."""
    plan = plan_batch(Job(1, MINUTE, HOUR), Offer(6.0))
    assert [each.machines for each in plan.table] == [1]


@pytest.mark.parametrize(
    ("job", "offer", "deadline"),
    [
        (JOB, replace(OFFER, most_machines=5), 130 * MINUTE),
        (replace(JOB, deadline=10 * MINUTE), OFFER, 636 * SECOND),
    ],
    ids=["quota", "start-up"],
)
def test_a_deadline_that_cannot_be_kept_has_one_that_can(
    job: Job, offer: Offer, deadline: timedelta
) -> None:
    """No fleet is named; by the deadline that is offered the largest ends, and no second before."""
    plan = plan_batch(job, offer)
    assert plan.best is None
    assert not any(each.in_time for each in plan.table)
    found = find_deadline(job, offer, plan.table[-1].machines)
    assert found == deadline
    assert plan_batch(replace(job, deadline=found), offer).best is not None
    assert plan_batch(replace(job, deadline=found - SECOND), offer).best is None


def test_utilization_is_what_is_not_lost_to_the_start_and_to_idle_places() -> None:
    """50 of 60 minutes; with four places of which the last is half empty, less."""
    assert plan_batch(JOB, OFFER).table[8].used_ratio == pytest.approx(50 / 60)
    (one,) = plan_batch(Job(6, MINUTE, HOUR), replace(OFFER, at_a_time=4, most_machines=1)).table
    assert one.used_ratio == pytest.approx(6 / (4 * 12))


def test_times_that_differ_take_more_machines_until_a_late_end_is_unlikely() -> None:
    """One fewer would be late too likely; where the times are even there is no risk."""
    job = replace(JOB, items=360, time_per_item=100 * SECOND, cv=1.0)
    plan = plan_batch(job, OFFER)
    assert plan.best is not None
    assert plan.best.machines > 12
    assert plan.best.late_ratio <= job.risk_ratio
    fewer = plan_batch(job, replace(OFFER, most_machines=plan.best.machines - 1))
    assert fewer.best is None
    assert fewer.table[-1].late_ratio > job.risk_ratio
    surer = plan_batch(replace(job, risk_ratio=0.001), OFFER).best
    assert surer is not None
    assert surer.machines > plan.best.machines
    even = plan_batch(replace(job, cv=0.0), OFFER)
    assert [each.late_ratio for each in even.table] == [
        0.0 if each.in_time else 1.0 for each in even.table
    ]


def test_a_deadline_for_times_that_differ_keeps_the_risk() -> None:
    """It is later than the mean says, and late just so often."""
    job = Job(10, MINUTE, 2 * MINUTE, cv=0.5)
    assert plan_batch(job, Offer(1.0)).best is None
    found = find_deadline(job, Offer(1.0), 10)
    best = plan_batch(replace(job, deadline=found), Offer(1.0)).best
    assert best is not None
    assert best.late_ratio == pytest.approx(0.05, rel=1e-3)


def test_what_one_machine_does_by_the_deadline_is_counted() -> None:
    """Nothing, where it has not even started."""
    assert count_done(JOB, OFFER) == 3_000
    assert count_done(replace(JOB, deadline=MINUTE), OFFER) == 0
    assert count_needed(replace(JOB, deadline=MINUTE), OFFER) == JOB.items + 1


def test_a_million_machines_are_not_tried_one_by_one() -> None:
    """Once more of them cannot be cheaper the search ends; so this test ends."""
    job = Job(10**9, SECOND, HOUR)
    best = plan_batch(job, Offer(1.0, start_up=MINUTE, most_machines=10**8)).best
    assert best is not None
    assert best.machines == 282_486


JOBS = st.builds(
    Job,
    st.integers(1, 300),
    st.integers(1, 600).map(lambda each: each * SECOND),
    st.integers(1, 7_200).map(lambda each: each * SECOND),
)
OFFERS = st.builds(
    Offer,
    st.floats(0.01, 10.0),
    start_up=st.integers(0, 900).map(lambda each: each * SECOND),
    at_a_time=st.integers(1, 4),
    billed_by=st.sampled_from([SECOND, MINUTE, HOUR]),
    billed_least=st.sampled_from([timedelta(0), MINUTE, HOUR]),
    most_machines=st.integers(1, 60),
)


def cost_of(job: Job, offer: Offer, machines: int) -> tuple[timedelta, float]:
    """Deal items out one by one, evenly, and bill each machine, as a person would."""
    shares = [0] * machines
    for item in range(job.items):
        shares[item % machines] += 1
    times = [offer.start_up + math.ceil(n / offer.at_a_time) * job.time_per_item for n in shares]
    billed = [
        max(offer.billed_least, math.ceil(each / offer.billed_by) * offer.billed_by)
        for each in times
    ]
    return max(times), offer.price_per_hour * (sum(billed, timedelta(0)) / HOUR)


@given(JOBS, OFFERS)
def test_no_fleet_that_ends_in_time_is_cheaper(job: Job, offer: Offer) -> None:
    """Each one is tried, evenly dealt, and where none ends in time none is named."""
    most = min(offer.most_machines, math.ceil(job.items / offer.at_a_time))
    tried = [cost_of(job, offer, machines) for machines in range(1, most + 1)]
    in_time = [cost for time, cost in tried if time <= job.deadline]
    best = plan_batch(job, offer).best
    if best is None:
        assert in_time == []
        return
    assert best.cost <= min(in_time) * (1 + 1e-9)
    time, cost = tried[best.machines - 1]
    assert best.even_cost == pytest.approx(cost)
    if best.cost == best.even_cost:
        assert best.time == time


@given(JOBS, OFFERS)
def test_what_is_dealt_is_all_of_it(job: Job, offer: Offer) -> None:
    """On each fleet; its time and its cost are what the shares come to."""
    for fleet in plan_batch(job, offer).table:
        assert sum(each.machines for each in fleet.shares) == fleet.machines
        assert sum(each.items * each.machines for each in fleet.shares) == job.items
        assert min(min(each) for each in fleet.shares) >= 1
        costs = [(cost_of(replace(job, items=n), offer, 1), many) for n, many in fleet.shares]
        assert fleet.time == max(time for (time, _), _ in costs)
        assert fleet.cost == pytest.approx(sum(cost * many for (_, cost), many in costs))
        assert fleet.cost <= fleet.even_cost
        assert not fleet.in_time or fleet.time <= job.deadline


@given(JOBS, OFFERS, st.integers(1, 600))
def test_more_time_is_never_dearer_and_more_work_never_cheaper(
    job: Job, offer: Offer, more: int
) -> None:
    """A later deadline lowers the price or leaves it; more items end no sooner."""
    best = plan_batch(job, offer).best
    later = plan_batch(replace(job, deadline=job.deadline + more * SECOND), offer).best
    if best is not None:
        assert later is not None
        assert later.cost <= best.cost * (1 + WORTH_RATIO)
    larger = replace(job, items=job.items + more)
    assert count_needed(larger, offer) >= count_needed(job, offer)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Job(0, SECOND, HOUR), "items: 0"),
        (lambda: Job(1, timedelta(0), HOUR), "time_per_item: 0:00:00 is no time"),
        (lambda: Job(1, SECOND, -HOUR), "deadline: "),
        (lambda: replace(JOB, cv=-1.0), "cv: -1.0 is not between 0 and 100"),
        (lambda: replace(JOB, cv=math.nan), "cv: nan"),
        (lambda: replace(JOB, risk_ratio=0.0), "risk_ratio: 0.0 is not between 0 and 1"),
        (lambda: Offer(-1.0), "price_per_hour: -1.0"),
        (lambda: Offer(math.nan), "price_per_hour: nan"),
        (lambda: Offer(1.0, start_up=-SECOND), "start_up, billed_least"),
        (lambda: Offer(1.0, billed_least=-SECOND), "start_up, billed_least"),
        (lambda: Offer(1.0, billed_by=timedelta(0)), "billed_by"),
        (lambda: Offer(1.0, at_a_time=0), "at_a_time, most_machines"),
        (lambda: Offer(1.0, most_machines=0), "at_a_time, most_machines"),
    ],
)
def test_a_batch_or_offer_that_is_none_is_refused(make: Any, message: str) -> None:
    """The field is named."""
    with pytest.raises(ValueError, match=message):
        make()


def test_the_published_backlog_comes_out() -> None:
    """10 s are acceptable and a message takes 0.1 s: 100 may wait for each instance."""
    found = size_backlog(10 * SECOND, timedelta(seconds=0.1))
    assert found == Backlog(per_instance=100, min_capacity=1, max_capacity=1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"least_per_s": 5.0, "most_per_s": 95.0}, Backlog(100, 1, 10)),
        ({"least_per_s": 50.0, "most_per_s": 50.0}, Backlog(100, 5, 5)),
        ({"most_per_s": 95.0, "growth_factor": 1.2, "at_least": 0}, Backlog(100, 0, 12)),
        ({"at_least": 0}, Backlog(100, 0, 1)),
        ({"most_per_s": 95.0, "at_a_time": 4, "at_least": 2}, Backlog(400, 2, 3)),
    ],
)
def test_workers_keep_up_with_what_arrives(given: dict[str, Any], expected: Backlog) -> None:
    """With the least at least, and with the most, grown, at most."""
    assert size_backlog(10 * SECOND, timedelta(seconds=0.1), **given) == expected


def test_a_backlog_is_whole_messages_without_a_float_s_error() -> None:
    """0.3 s ÷ 0.1 s are 3, though floats say less."""
    assert size_backlog(timedelta(seconds=0.3), timedelta(seconds=0.1)).per_instance == 3


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0.0, 1e4), st.floats(1.0, 3.0))
def test_more_messages_never_need_fewer_workers(
    latency: int, message: int, rate: float, factor: float
) -> None:
    """Nor does more growth, or a message that takes longer."""
    milli = timedelta(milliseconds=1)
    acceptable, takes = (latency + 2 * message) * milli, message * milli
    found = size_backlog(acceptable, takes, most_per_s=rate, growth_factor=factor)
    assert found.per_instance * takes <= acceptable < (found.per_instance + 1) * takes
    for other in (
        size_backlog(acceptable, takes, most_per_s=rate * factor, growth_factor=factor),
        size_backlog(acceptable, takes, most_per_s=rate, growth_factor=factor * factor),
        size_backlog(acceptable, 2 * takes, most_per_s=rate, growth_factor=factor),
    ):
        assert other.max_capacity >= found.max_capacity >= 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"acceptable_latency": timedelta(0)}, "acceptable_latency: 0:00:00 is no time"),
        ({"time_per_message": timedelta(0)}, "time_per_message: 0:00:00 is no time"),
        ({"time_per_message": 11 * SECOND}, "less than the 0:00:11 that one message takes"),
        ({"least_per_s": 2.0, "most_per_s": 1.0}, "least_per_s, most_per_s, growth_factor"),
        ({"growth_factor": 0.5}, "least_per_s, most_per_s, growth_factor"),
        ({"most_per_s": math.inf}, "least_per_s, most_per_s, growth_factor"),
        ({"at_a_time": 0}, "at_a_time, at_least"),
        ({"at_least": -1}, "at_a_time, at_least"),
    ],
)
def test_a_backlog_that_is_none_is_refused(given: dict[str, Any], message: str) -> None:
    """The field is named, and why."""
    chosen = {"acceptable_latency": 10 * SECOND, "time_per_message": SECOND} | given
    with pytest.raises(ValueError, match=message):
        size_backlog(chosen.pop("acceptable_latency"), chosen.pop("time_per_message"), **chosen)
