"""A lead time is what nineteen of twenty scale-outs took, as this target has seen them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.core.lead import KEPT, Lead, count_minutes, find_lead, plan_minutes
from flyball.core.learner import PredictivePolicy
from flyball.core.model import History, Observation, ReadySample
from flyball.core.remember import absorb
from tests.unit.core.cases import NO_DATA, NOON, at, changed, scale, seconds, see

TARGET = scale(PredictivePolicy("f", "calls", 10.0), lead_time=seconds(420))


def minutes(*each: float) -> tuple[timedelta, ...]:
    """Give durations."""
    return tuple(timedelta(minutes=number) for number in each)


def lead(p50: float, p95: float, seen: int) -> Lead:
    """Give a lead time in minutes."""
    return Lead(timedelta(minutes=p50), timedelta(minutes=p95), seen)


@pytest.mark.parametrize("seen", [(), minutes(1, 2, 3, 4)])
def test_too_few_leave_it_to_the_config(seen: tuple[timedelta, ...]) -> None:
    """Four of them are too few."""
    assert find_lead(TARGET, seen) == Lead(seconds(420), seconds(420), 0)


def test_half_and_nineteen_of_twenty() -> None:
    """In whatever order they were seen."""
    assert find_lead(TARGET, minutes(9, 3, 5, 4, 6)) == lead(5, 9, 5)
    assert find_lead(TARGET, minutes(*range(20, 0, -1))) == lead(10, 19, 20)
    assert find_lead(TARGET, minutes(*[4] * 39, 90)[-32:]) == lead(4, 4, 32)


@pytest.mark.parametrize(
    ("span", "found"), [(0, 0), (29, 0), (30, 1), (240, 4), (269, 4), (270, 5), (9_999, 60)]
)
def test_a_span_is_rounded_to_the_nearest_minute(span: float, found: int) -> None:
    """And cut where it is too long."""
    assert count_minutes(seconds(span), 60) == found


@pytest.mark.parametrize(
    ("seen", "tick", "planned"),
    [
        ((), 60, 7),
        ((5,) * 5, 60, 4),
        ((5,) * 5, 30, 5),
        ((0.4,) * 5, 60, 0),
        ((*(5,) * 31, 9), 60, 4),
        ((*(5,) * 20, *(6,) * 12), 60, 5),
    ],
    ids=[
        "config's",
        "a look before",
        "half a minute before",
        "never negative",
        "one of many",
        "neighbours",
    ],
)
def test_what_the_fifth_look_notices_came_before_it(
    seen: tuple[float, ...], tick: float, planned: int
) -> None:
    """An order is sent by a look, so what took four minutes is noticed after five."""
    target = replace(TARGET, tick=seconds(tick))
    assert plan_minutes(target, minutes(*seen), 60) == planned
    assert plan_minutes(target, minutes(*seen), 3) == min(planned, 3)


@pytest.mark.parametrize(
    ("shortest", "longest", "planned"), [(180, 360, 6), (120, 480, 8), (240, 320, 5)]
)
def test_between_two_looks_any_instant_is_likely(shortest: int, longest: int, planned: int) -> None:
    """Evenly spread lead times: 95 of 100 take no longer than what is planned for, but for half."""
    spread = [shortest + (longest - shortest) * (index + 0.5) / 32 for index in range(32)]
    noticed = tuple(60 * -(-seconds(each) // seconds(60)) for each in spread)
    found = plan_minutes(TARGET, tuple(map(seconds, noticed)), 60)
    assert found == planned
    p95 = shortest + 0.95 * (longest - shortest)
    assert abs(60 * found - p95) <= 30


def test_a_scale_out_that_arrives_is_noted() -> None:
    """From when it was accepted until it was seen in service."""
    history = History(desired=3, changes=(changed(2, 3, None, begun=-250),))
    after, _ = absorb(TARGET, history, see(3), NOON)
    assert after.lead_times == (seconds(250),)


def ready(*samples: tuple[float, int]) -> tuple[ReadySample, ...]:
    """Give who was in service from so many seconds after noon on."""
    return tuple(ReadySample(at(since), number) for since, number in samples)


TWO = (changed(1, 2, None, begun=-400), changed(2, 3, None, begun=-100))


def test_of_two_in_flight_each_tells_how_long_it_took() -> None:
    """The older one when its number is ready, the newer one when it is complete."""
    history = History(desired=3, changes=TWO, ready=ready((-900, 1)))
    first, _ = absorb(TARGET, history, see(3, ready=2), NOON)
    assert first.lead_times == (seconds(400),)
    unknown, _ = absorb(TARGET, replace(history, ready=()), see(3, ready=2), NOON)
    assert unknown.lead_times == first.lead_times
    both, _ = absorb(TARGET, history, see(3), NOON)
    assert both.lead_times == (seconds(400), seconds(100))
    last, _ = absorb(TARGET, first, see(3, now=at(60)), at(60))
    assert last.lead_times == (seconds(400), seconds(160))


def test_an_order_tells_once() -> None:
    """Also where an instance fails after it had come, and comes again."""
    fell = ready((-900, 1), (-160, 2), (-60, 1))
    for samples in (ready((-900, 1), (-160, 2)), fell):
        history = History(desired=3, changes=TWO, ready=samples)
        assert absorb(TARGET, history, see(3, ready=2), NOON)[0].lead_times == ()


def test_what_was_in_service_before_it_was_asked_for_tells_nothing() -> None:
    """As where a scale-in is taken back before anyone went."""
    history = History(desired=3, changes=TWO, ready=ready((-900, 2)))
    assert absorb(TARGET, history, see(3, ready=2), NOON)[0].lead_times == ()


def test_nothing_is_told_by_a_capacity_that_is_not_known() -> None:
    """What was learned stays."""
    history = History(desired=3, changes=TWO, lead_times=(seconds(7),))
    assert absorb(TARGET, history, Observation(NOON, NO_DATA, {}), NOON)[0].lead_times == (
        seconds(7),
    )


def test_neither_a_scale_in_nor_what_still_comes_tells_anything() -> None:
    """They are no arrivals."""
    for change, current, ready in ((changed(3, 2, None), 2, 2), (changed(2, 3, None), 3, 2)):
        history = History(desired=current, changes=(change,))
        after, _ = absorb(TARGET, history, see(current, ready=ready), NOON)
        assert after.lead_times == ()


def test_the_newest_are_kept() -> None:
    """And a clock that was set back makes none negative, nor a stall one of days."""
    found: tuple[timedelta, ...] = ()
    for begun in (60, -90_000, *[-300] * KEPT):
        change = changed(2, 3, None, begun=begun)
        history = History(desired=3, changes=(change,), lead_times=found)
        found = absorb(TARGET, history, see(3), NOON)[0].lead_times
        if len(found) == 2:
            assert found == (timedelta(), timedelta(hours=1))
    assert found == (seconds(300),) * KEPT


def test_nobody_uses_them_where_nobody_learns() -> None:
    """They are forgotten with the last policy that did."""
    history = History(desired=3, changes=(changed(2, 3, None, begun=-250),))
    assert absorb(scale(), history, see(3), NOON)[0].lead_times == ()
