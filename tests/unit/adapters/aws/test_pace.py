"""Do calls stay below the alarm API's rates?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.adapters.aws.pace import RATES, Pace


class Time:
    """A clock that moves while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def test_no_second_has_more_calls_than_the_rate_allows() -> None:
    """Ten alarms take 3.6 s, so that others have a sixth; the first waits for nobody."""
    time = Time()
    pace = Pace(RATES, lambda: time.now, time.sleep)
    instants = []
    for _ in range(10):
        pace.wait("PutMetricAlarm")
        instants.append(time.now)
    assert instants[0] == 100.0
    assert round(instants[-1] - instants[0], 6) == 3.6
    for start in instants:
        assert sum(start <= each < start + 0.999 for each in instants) <= 3


def test_each_call_has_its_own_rate_and_a_late_one_waits_for_nobody() -> None:
    """Describing is not held back by making; a pause is not made up for by a burst."""
    time = Time()
    pace = Pace(RATES, lambda: time.now, time.sleep)
    pace.wait("PutMetricAlarm")
    assert pace.paced("DescribeAlarms", lambda **given: given)(a=1) == {"a": 1}
    time.now += 60
    pace.wait("PutMetricAlarm")
    assert time.slept == []


class RefusedError(Exception):
    """As botocore's, made by hand."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "no"}}


class Service:
    """Refuses its first calls, and notes when each came."""

    def __init__(self, time: Time, *refusals: str) -> None:
        self.time = time
        self.refusals = list(refusals)
        self.calls: list[float] = []

    def put(self, **_: Any) -> str:
        """Refuse, or do it."""
        self.calls.append(self.time.now)
        if self.refusals:
            raise RefusedError(self.refusals.pop(0))
        return "done"


def test_where_others_use_up_the_rate_it_goes_slower_and_does_not_break_off() -> None:
    """Each refusal halves it; what is let through brings it back, to what it was and no more."""
    time = Time()
    service = Service(time, *["Throttling"] * 4)
    call = Pace(RATES, lambda: time.now, time.sleep).paced("PutMetricAlarm", service.put)
    assert call() == "done"
    gaps = [round(b - a, 6) for a, b in zip(service.calls, service.calls[1:], strict=False)]
    assert gaps == [0.8, 1.6, 3.2, 6.4]
    for _ in range(60):
        call()
    assert round(service.calls[-1] - service.calls[-2], 6) == 0.4


def test_what_stays_refused_is_told_after_a_while() -> None:
    """A hundred seconds and eight tries; the last refusal is what is seen."""
    time = Time()
    service = Service(time, *["ThrottlingException"] * 20)
    call = Pace(RATES, lambda: time.now, time.sleep).paced("DeleteAlarms", service.put)
    with pytest.raises(RefusedError, match="ThrottlingException"):
        call()
    assert len(service.calls) == 8
    assert 100 < time.now - 100 < 105


def test_a_refusal_of_another_kind_is_told_at_once() -> None:
    """No patience helps where a permission is missing."""
    time = Time()
    service = Service(time, "AccessDenied")
    call = Pace(RATES, lambda: time.now, time.sleep).paced("PutMetricAlarm", service.put)
    with pytest.raises(RefusedError, match="AccessDenied"):
        call()
    assert time.slept == []
