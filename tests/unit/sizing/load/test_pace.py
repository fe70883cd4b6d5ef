"""Does a hard limit hold back who sends more in a second, and nobody else?"""

from __future__ import annotations

import pytest

from flyball.sizing.load.pace import Pace


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.9, 5_000.0])
def test_no_second_has_more_calls_than_are_allowed(rate: float) -> None:
    """Whoever asks all the time; below one a second, none comes sooner than that."""
    pace, now, sent = Pace(rate), 0.0, list[float]()
    for _ in range(3 * max(1, int(rate))):
        now = pace.book(now)
        sent.append(now)
    many, span_s = max(1, int(rate)), max(1.0, 1.0 / rate)
    for first, beyond in zip(sent, sent[many:], strict=False):
        assert beyond - first >= span_s


def test_a_burst_within_the_rate_is_not_held_back() -> None:
    """64 calls at once, ten times a second, are 640 a second: far from 5,000."""
    pace = Pace(5_000.0)
    for tenth in range(100):
        now = tenth / 10
        assert [pace.book(now) for _ in range(64)] == [now] * 64


def test_those_who_wait_at_once_get_a_turn_each() -> None:
    """Calls that are held back wait for different ones before them."""
    pace = Pace(2.0)
    assert [pace.book(at) for at in (0.0, 0.25, 0.5, 0.5, 0.5, 9.0)] == [
        *(0.0, 0.25, 1.0, 1.25, 2.0),
        9.0,
    ]
