"""Are requests counted where they belong?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.sizing.formats.stretch import CUT
from flyball.sizing.formats.tally import Tally, list_steps, read_quantiles

SETTLE = timedelta(seconds=10)


def send(seconds: range, rate: int, *, took_s: int = 0) -> Tally:
    """Send so many each second."""
    tally = Tally()
    for second in seconds:
        for each in range(rate):
            tally.add(second, second + took_s, 1_000.0 * took_s + each, answered=True)
    return tally


def test_a_quantile_needs_enough_above_it() -> None:
    """Of ten latencies nobody knows the 99th percentile."""
    assert set(read_quantiles([1.0] * 9)) == {0.5, 0.75, 1.0}
    assert set(read_quantiles([1.0] * 10)) == {0.5, 0.75, 0.9, 1.0}
    assert set(read_quantiles([1.0] * 1_000)) == {0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}
    assert read_quantiles([3.0, 1.0, 2.0])[0.5] == 2.0
    assert read_quantiles([]) == {}


def test_a_backlog_that_grows_is_not_answered() -> None:
    """What comes after the load has ended is no throughput under it."""
    tally = send(range(40), 10)
    (step,) = list_steps(tally, SETTLE).steps
    assert step.answered == step.offered == 600
    late = send(range(40), 10, took_s=30)
    (step,) = list_steps(late, SETTLE).steps
    assert step.offered == 600
    assert step.answered == pytest.approx(600 * 9 / 29)  # those sent first come in the last 9 s


def test_answers_at_the_edges_are_chance() -> None:
    """Half a second of latency takes no throughput away."""
    (step,) = list_steps(send(range(60), 10, took_s=1), SETTLE).steps
    assert step.answered == step.offered


def test_users_that_vary_are_no_level() -> None:
    """A rate is sent by as many as it needs."""
    tally = send(range(60), 10)
    assert list_steps(tally, SETTLE, dict.fromkeys(range(60), 7.0)).steps[0].users == 7
    assert (
        list_steps(tally, SETTLE, {second: second % 3 for second in range(60)}).steps[0].users
        is None
    )
    assert list_steps(tally, SETTLE, dict.fromkeys(range(60), 0.0)).steps[0].users is None


def test_of_users_the_last_that_was_said_holds() -> None:
    """Whatever comes before is nobody's."""
    (step,) = list_steps(send(range(60), 10), SETTLE, {5: 4.0}).steps
    assert (step.users, step.duration) == (4, timedelta(seconds=44))


def test_two_rates_of_the_same_users_are_of_nobody() -> None:
    """What was held is the rate."""
    tally = send(range(30), 10)
    for second, count in send(range(30, 60), 30).sent.items():
        for _ in range(count):
            tally.add(second, second, 1.0, answered=True)
    steps, notes = list_steps(tally, SETTLE, dict.fromkeys(range(60), 7.0))
    assert notes == ()
    assert [(step.users, step.offered) for step in steps] == [(None, 600), (None, 1_800)]


def test_a_single_second_counts_as_one() -> None:
    """There is nothing else."""
    (step,), notes = list_steps(send(range(1), 5), SETTLE)
    assert notes == (CUT,)
    assert (step.offered, step.duration) == (300, timedelta(seconds=1))
