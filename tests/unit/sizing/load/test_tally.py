"""Does a step say what happened while a load was held?"""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta

import pytest

from flyball.sizing.benchmark import Resource
from flyball.sizing.load.tally import (
    DROPPED,
    TIMED_OUT,
    Tick,
    decode_tick,
    encode_tick,
    find_bin,
    find_quantile,
    make_step,
    merge,
)

BUSY = Tick(
    span_s=2.0,
    sent=210,
    answered=198,
    failed={"503": 2},
    bins={find_bin(10.0): 150, find_bin(40.0): 48},
    waiting=10,
    cpu_s=0.5,
)


def test_users_are_counted_by_what_came_back() -> None:
    """Calls that are still under way at the end are the next step's."""
    step = make_step(BUSY, 10, 10, {Resource.CPU: 0.5}, (0.5, 0.99))
    assert (step.answered, step.offered, step.users) == (198 * 30, 200 * 30, 10.0)
    assert step.duration == timedelta(seconds=2)
    assert step.latency_ms == {
        0.5: pytest.approx(10, rel=0.006),
        0.99: pytest.approx(40, rel=0.006),
    }
    assert step.used_ratio == {Resource.CPU: 0.5}


def test_a_call_without_an_end_was_not_answered() -> None:
    """One that is under way for as long as a step is held counts as asked."""
    step = make_step(Tick(span_s=5.0, sent=0, waiting=4, stuck=4), 4, 4, {})
    assert (step.answered, step.offered) == (0.0, 48.0)
    assert step.latency_ms == {}


@pytest.mark.parametrize(
    ("held", "before", "offered"),
    [
        pytest.param(Tick(60.0, due=100, answered=98, waiting=4), 2, 98, id="edges"),
        pytest.param(Tick(60.0, due=100, answered=80, waiting=22), 2, 100, id="it-piles-up"),
        pytest.param(
            Tick(60.0, due=100, answered=70, failed={DROPPED: 30}, waiting=9), 9, 100, id="dropped"
        ),
        pytest.param(Tick(60.0, due=100, answered=110, waiting=0), 10, 110, id="it-catches-up"),
    ],
)
def test_a_rate_is_counted_by_what_was_due(held: Tick, before: int, offered: int) -> None:
    """What piles up was asked and not answered; a few at the edges of a step are noise."""
    step = make_step(held, None, before, {})
    assert step.offered == offered
    assert step.answered == held.answered
    assert step.users is None


def test_ticks_add_up() -> None:
    """Counts are added; what is under way is the last one's."""
    later = Tick(span_s=1.0, sent=5, answered=4, failed={"503": 1, TIMED_OUT: 2}, bins={3: 4})
    both = merge([BUSY, later])
    assert (both.span_s, both.sent, both.answered, both.waiting) == (3.0, 215, 202, 0)
    assert both.failed == {"503": 3, TIMED_OUT: 2}
    assert both.bins == {**BUSY.bins, 3: 4}
    assert both.failed_ratio == pytest.approx(5 / 207)
    assert Tick(1.0).failed_ratio == 0.0
    assert not both.limited
    assert merge([BUSY, Tick(1.0, limited=True)]).limited


def test_a_tick_comes_back_from_json_as_it_was() -> None:
    """Bins have their numbers again."""
    assert decode_tick(json.loads(json.dumps(encode_tick(BUSY)))) == BUSY


def test_a_quantile_is_right_within_half_a_percent() -> None:
    """Of any latencies, by the nearest rank."""
    chance = random.Random(5)
    latencies = sorted(chance.lognormvariate(3, 1) for _ in range(5_000))
    bins: dict[int, int] = {}
    for each in latencies:
        bins[find_bin(each)] = bins.get(find_bin(each), 0) + 1
    for quantile in (0.0, 0.5, 0.9, 0.99, 1.0):
        exact = latencies[max(0, math.ceil(quantile * len(latencies)) - 1)]
        assert find_quantile(bins, quantile) == pytest.approx(exact, rel=0.006)
    assert find_quantile({}, 0.5) is None
