"""Is whatever could be instead enough, and as little as is enough?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.config.duration import LONGEST
from flyball.sizing.batch import Job, Offer, plan_batch
from flyball.sizing.remedy import LONGEST_DEADLINE, Remedies, find_remedies

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
JOB = Job(600, MINUTE, HOUR)
OFFER = Offer(1.2, start_up=3 * MINUTE, most_machines=5)


def find(job: Job, offer: Offer) -> Remedies:
    """Find what could be instead, where none ends in time."""
    plan = plan_batch(job, offer)
    assert plan.best is None
    return find_remedies(job, offer, plan)


def test_times_that_are_alike_need_what_the_mean_says() -> None:
    """Each of five machines has 120 items: two hours, or 28.5 s an item."""
    found = find(JOB, OFFER)
    assert found == Remedies(123 * MINUTE, 11, 28.5 * SECOND, None)


def test_times_that_differ_need_more_machines_and_more_time() -> None:
    """No risk is offered that is as good as sure, nor one where the mean is late."""
    found = find(replace(JOB, cv=1.0), OFFER)
    assert found.deadline is not None
    assert found.deadline > 123 * MINUTE
    assert (found.machines, found.time_per_item, found.risk_ratio) == (16, None, None)
    nearly = find(replace(JOB, cv=1.0), replace(OFFER, most_machines=15))
    assert nearly.risk_ratio == pytest.approx(0.1, abs=0.05)
    assert find(replace(JOB, cv=1.0), replace(OFFER, most_machines=11)).risk_ratio is None


def test_the_mean_is_in_time_whatever_may_be_risked() -> None:
    """Of times that differ much most are short, so that a low risk alone says little."""
    found = find(replace(JOB, cv=50.0, risk_ratio=0.9), OFFER)
    assert found.deadline is not None
    assert found.deadline >= 123 * MINUTE


def test_what_is_refused_is_not_offered() -> None:
    """A deadline of more than ten years, or more than a million machines."""
    assert LONGEST_DEADLINE == LONGEST
    far = Job(10**11, 9 * SECOND, HOUR)
    assert find(far, replace(OFFER, start_up=HOUR)) == Remedies(None, None, None, None)
    found = find(replace(far, items=10**9), Offer(1.0, most_machines=10**6))
    assert (found.deadline, found.machines) == (9_000 * SECOND, None)


def test_an_item_cannot_take_less_than_can_be_told() -> None:
    """A microsecond is the least."""
    found = find(Job(10**9, SECOND, 100 * timedelta.resolution), Offer(1.0, most_machines=1))
    assert found.time_per_item is None


@given(
    st.builds(
        Job,
        st.integers(1, 300),
        st.integers(1, 600).map(lambda each: each * SECOND),
        st.integers(1, 3_600).map(lambda each: each * SECOND),
        st.sampled_from([0.0, 1e-7, 0.1, 1.0, 10.0]),
        st.sampled_from([0.001, 0.05, 0.5, 0.95]),
    ),
    st.builds(
        Offer,
        st.floats(0.0, 10.0),
        start_up=st.integers(0, 900).map(lambda each: each * SECOND),
        at_a_time=st.integers(1, 4),
        billed_by=st.sampled_from([SECOND, HOUR]),
        most_machines=st.integers(1, 40),
    ),
)
def test_each_alone_is_enough(job: Job, offer: Offer) -> None:
    """And one machine fewer, or a deadline that much earlier, is not."""
    plan = plan_batch(job, offer)
    if plan.best is not None:
        return
    found = find_remedies(job, offer, plan)
    assert found.deadline is not None  # all of these end within ten years
    assert plan_batch(replace(job, deadline=found.deadline), offer).best is not None
    if found.machines is not None:
        assert plan_batch(job, replace(offer, most_machines=found.machines)).best is not None
        assert plan_batch(job, replace(offer, most_machines=found.machines - 1)).best is None
    if found.time_per_item is not None:
        assert plan_batch(replace(job, time_per_item=found.time_per_item), offer).best is not None
    if found.risk_ratio is not None:
        assert plan_batch(replace(job, risk_ratio=found.risk_ratio), offer).best is not None
