"""Under which traffic is it tried?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flyball.core.zone import zone
from flyball.sim.trace import Trace
from flyball.sizing.expectation import DAY_MINUTES, Expectation, Ramp, Shape, expect_trace
from flyball.sizing.pattern import (
    AFTER,
    BEFORE,
    LONGEST,
    LONGEST_RAMP,
    draw_ramp,
    expect_patterns,
)
from tests.unit.sizing.sized import EXPECTED

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_five_hundred_users_are_thirty_thousand_a_minute() -> None:
    """One and three more a minute, from 4,200; then all of them stay."""
    one, three = expect_patterns(EXPECTED)[:2]
    for each, step in ((one, 60.0), (three, 180.0)):
        assert each.requests[:BEFORE] == (4_200.0,) * BEFORE
        assert each.requests[BEFORE + 1] == pytest.approx(4_200.0 + step)
        assert each.requests[-AFTER:] == (30_000.0,) * AFTER
        assert each.most == 30_000.0
    assert len(one.requests) == BEFORE + 430 + AFTER
    assert len(three.requests) == BEFORE + 144 + AFTER


def test_what_is_expected_has_to_hold_and_the_rest_is_told() -> None:
    """Ramps always; a day or spikes where these are expected."""
    smooth = {each.name: each.required for each in expect_patterns(EXPECTED)}
    assert smooth == {"ramp-1": True, "ramp-3": True, "smooth-day": True, "spikes": False}
    spiky = expect_patterns(replace(EXPECTED, shape=Shape.SPIKY))
    assert [(each.name, each.required) for each in spiky] == [
        ("ramp-1", True),
        ("ramp-3", True),
        ("spikes", True),
        ("smooth-day", False),
    ]


def test_an_expected_ramp_is_tried_with_its_own_users() -> None:
    """Beside the two that always are."""
    expected = replace(EXPECTED, shape=Shape.RAMP, ramp=Ramp(10.0, 30.0))
    found = {each.name: each for each in expect_patterns(expected)}
    assert list(found)[:3] == ["ramp-1", "ramp-3", "ramp-10"]
    assert found["ramp-10"].requests[BEFORE + 1] == pytest.approx(4_500.0)
    assert found["ramp-1"].requests[BEFORE + 1] == pytest.approx(4_230.0)


def test_a_ramp_that_takes_weeks_is_made_to_fit() -> None:
    """More users come at a time, which is harder; two that are alike are one."""
    vast = Expectation(least_per_s=0.0, most_per_s=100_000.0)
    ramp = draw_ramp(vast, Ramp(1.0, 60.0))
    assert len(ramp.requests) == BEFORE + LONGEST_RAMP + AFTER
    assert ramp.name == "ramp-23.1"
    assert [each.name for each in expect_patterns(vast)].count("ramp-23.1") == 1


def test_load_that_never_changes_is_a_ramp_too() -> None:
    """It has nowhere to go."""
    flat = draw_ramp(Expectation(10.0, 10.0), Ramp(1.0, 60.0))
    assert set(flat.requests) == {600.0}


def test_a_history_keeps_its_calendar() -> None:
    """Its last week is tried, from where it begins."""
    requests = tuple(float(index) for index in range(LONGEST + 60))
    history = Trace(START, requests)
    (trace,) = (each for each in expect_patterns(EXPECTED, history=history) if each.name == "trace")
    assert trace.requests == requests[60:]
    assert trace.start == START + timedelta(hours=1)
    assert trace.has_calendar
    assert trace.required


def test_it_is_told_which_days_of_a_history_are_tried() -> None:
    """In the time zone of who reads it, and whether the most is among them."""
    level = [600.0] * (2 * LONGEST)
    level[60] = 90_000.0
    found = expect_patterns(EXPECTED, history=Trace(START, tuple(level)), time_zone="Asia/Tokyo")
    (trace,) = (each for each in found if each.name == "trace")
    begin, end = (
        f"{(START + days * timedelta(days=1)).astimezone(zone('Asia/Tokyo')):%a %Y-%m-%d %H:%M JST}"
        for days in (7, 14)
    )
    peak = f"{(START + timedelta(hours=1)).astimezone(zone('Asia/Tokyo')):%a %Y-%m-%d %H:%M JST}"
    assert trace.title == f"what was recorded from {begin} to {end}, the last 7 days of 14 d"
    assert trace.most == 600.0
    (most,) = (each for each in found if each.name == "trace-most")
    first = f"{START.astimezone(zone('Asia/Tokyo')):%a %Y-%m-%d %H:%M JST}"
    assert most.title == (
        f"what was recorded from {first} to {begin}, with the most of all, 90,000 a minute on "
        f"{peak}"
    )
    assert (most.start, len(most.requests), most.most) == (START, LONGEST, 90_000.0)
    assert most.required
    assert most.has_calendar


def test_the_most_of_a_history_is_tried_with_the_days_before_it() -> None:
    """And a day after it; where the last days have as much, they do."""
    level = [600.0] * (3 * LONGEST)
    level[LONGEST + 100] = 900.0
    found = expect_patterns(EXPECTED, history=Trace(START, tuple(level)))
    (most,) = (each for each in found if each.name == "trace-most")
    assert most.requests.index(900.0) == LONGEST - DAY_MINUTES
    level[-1] = 890.0
    again = expect_patterns(EXPECTED, history=Trace(START, tuple(level)))
    assert [each.name for each in again if each.has_calendar] == ["trace"]


def test_of_a_history_that_is_tried_whole_only_its_ends_are_told() -> None:
    """As of one whose most comes again in the days that are tried."""
    short = expect_patterns(EXPECTED, history=Trace(START, (600.0,) * 60))
    long = expect_patterns(EXPECTED, history=Trace(START, (600.0, None, 300.0) * LONGEST))
    for found, ending in ((short, "UTC"), (long, "the last 7 days of 21 d")):
        (trace,) = (each for each in found if each.name == "trace")
        assert trace.title.startswith("what was recorded from ")
        assert trace.title.endswith(ending)


def test_an_expected_trace_has_no_calendar() -> None:
    """It says no date."""
    found = expect_patterns(expect_trace([600.0, None, 1_200.0]))
    (trace,) = (each for each in found if each.name == "trace")
    assert trace.requests == (600.0, None, 1_200.0)
    assert trace.most == 1_200.0
    assert not trace.has_calendar
    assert [each.required for each in found if each.name in ("spikes", "smooth-day")] == [
        False,
        False,
    ]


@pytest.mark.parametrize("each", [0.0, -1.0, float("nan"), float("inf")])
def test_a_user_sends_something(each: float) -> None:
    """Else no number of them makes a request."""
    with pytest.raises(ValueError, match="requests_per_user"):
        expect_patterns(EXPECTED, requests_per_user=each)
