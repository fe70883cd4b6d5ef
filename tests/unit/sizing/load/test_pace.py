"""Does a hard limit hold back who sends more in a second, and nobody else?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from flyball.sizing.load.pace import Pace


def send(pace: Pace, now: float, many: int) -> Iterator[float]:
    """Send calls as soon as each of them may be, and give when."""
    for _ in range(many):
        now += pace.find_wait(now)
        pace.count(now)
        yield now


@pytest.mark.parametrize(
    ("rate", "many", "span_s"),
    [
        pytest.param(0.5, 1, 2.0, id="below one a second"),
        pytest.param(1.0, 1, 1.0, id="one a second"),
        pytest.param(1.5, 2, 4 / 3, id="not a whole number"),
        pytest.param(7.9, 8, 8 / 7.9, id="nearly a whole number"),
        pytest.param(5_000.0, 5_000, 1.0, id="thousands"),
    ],
)
def test_no_second_has_more_calls_than_are_allowed(rate: float, many: int, span_s: float) -> None:
    """Whoever sends all the time sends as many as are allowed, and no more."""
    sent = [*send(Pace(rate), 0.0, 5 * many)]
    for first, beyond in zip(sent, sent[many:], strict=False):
        assert beyond - first == pytest.approx(span_s)
    assert len(sent) / (sent[-1] + span_s) == pytest.approx(rate)


def test_who_was_stopped_may_not_send_all_of_it_at_once() -> None:
    """Calls that were to be sent earlier count when they are sent."""
    pace = Pace(10.0)
    for tenth in range(10):
        pace.count(tenth / 10)
    sent = [*send(pace, 3.0, 25)]
    assert sent == [3.0] * 10 + [4.0] * 10 + [5.0] * 5


def test_a_burst_within_the_rate_is_not_held_back() -> None:
    """64 calls at once, ten times a second, are 640 a second: far from 5,000."""
    pace = Pace(5_000.0)
    for tenth in range(100):
        now = tenth / 10
        assert [*send(pace, now, 64)] == [now] * 64


def test_calls_that_will_be_sent_take_their_room_before() -> None:
    """Of 2 a second: the third waits for the first, the fourth for one that is not sent yet."""
    pace = Pace(2.0)
    assert [pace.find_wait(0.0, ahead) for ahead in range(4)] == [0.0, 0.0, math.inf, math.inf]
    pace.count(0.25)
    assert [pace.find_wait(0.5, ahead) for ahead in range(3)] == [0.0, 0.75, math.inf]
    assert pace.find_wait(1.25, 1) == 0.0
