"""Do calls stay below the alarm API's rates?"""

from __future__ import annotations

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
    """Ten alarms take three seconds, at three a second; the first waits for nobody."""
    time = Time()
    pace = Pace(RATES, lambda: time.now, time.sleep)
    instants = []
    for _ in range(10):
        pace.wait("PutMetricAlarm")
        instants.append(time.now)
    assert instants[0] == 100.0
    assert round(instants[-1] - instants[0], 6) == 3.0
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
