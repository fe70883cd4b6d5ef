"""Do workers that follow their queue keep the latency, as the production controller orders them?"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flyball.config import loads
from flyball.core.target import ScalableTarget
from flyball.sim.meaning import MeaningError
from flyball.sim.slots import Course
from flyball.sizing.batch import size_backlog
from flyball.sizing.follow import (
    Trial,
    drop_policies,
    find_backlogs,
    find_least,
    try_workers,
)
from flyball.sizing.worker import ARRIVALS, BACKLOG, MEANINGS, Group, Workers, write_workers

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MINUTES = 480


def make_target(least: float = 5, most: float = 95, at_least: int = 1) -> ScalableTarget:
    """Make workers of a tenth of a second a message, of which 10 s are acceptable."""
    backlog = size_backlog(
        10 * SECOND,
        0.1 * SECOND,
        least_per_s=least,
        most_per_s=most,
        growth_factor=1.2,
        at_least=at_least,
    )
    workers = Workers(Group(), backlog, 10 * SECOND, 0.1 * SECOND)
    return loads(write_workers(workers)).scalable_targets[0]


def make_trial(demand: list[float], kept_ratio: float = 0.99) -> Trial:
    """Try under messages a minute; workers take 4 minutes to come."""
    return Trial(
        Course(MONDAY, tuple(demand), 600.0),
        (4 * MINUTE,),
        MINUTE,
        10 * SECOND,
        0.1 * SECOND,
        kept_ratio,
        MEANINGS,
    )


def wave() -> list[float]:
    """Rise from 5 to 95 messages a second and fall again, in eight hours."""
    turns = [2 * math.pi * minute / MINUTES for minute in range(MINUTES)]
    return [60 * (5 + 90 * (1 - math.cos(turn)) / 2) for turn in turns]


def rushes() -> list[float]:
    """Let 95 a second come for the last five minutes of each hour, else five."""
    return [5_700.0 if minute % 60 >= 55 else 300.0 for minute in range(120)]


def test_backlog_alone_is_a_poor_guide() -> None:
    """Where arrivals are tracked too, more is kept for less: the reason why they are."""
    target, trial = make_target(), make_trial(wave())
    both = try_workers("both", target, trial)
    alone = try_workers("alone", drop_policies(target, ARRIVALS), trial)
    assert both.keeps
    assert alone.kept_ratio < 0.6
    assert not alone.keeps
    assert both.instance_hours < alone.instance_hours
    assert both.changes < alone.changes
    assert both.latency_s[0.99] < 10 < alone.latency_s[0.5]


def test_a_rush_waits_until_workers_have_come() -> None:
    """A minute of metrics and four of a start: no policy keeps 10 s, but enough at least do."""
    target, trial = make_target(), make_trial(rushes())
    tried = try_workers("both", target, trial)
    assert not tried.keeps
    assert 240 < tried.latency_s[0.95] < 480
    enough = find_least("enough", target, trial)
    assert enough is not None
    assert enough.keeps
    assert enough.min_capacity > tried.min_capacity
    fewer = replace(target, min_capacity=enough.min_capacity - 1)
    assert not try_workers("fewer", fewer, trial).keeps


def test_what_no_number_keeps_has_none() -> None:
    """All workers at all times are too few for twice as many messages."""
    trial = make_trial([20_000.0] * 60)
    assert find_least("enough", make_target(), trial) is None


def test_who_may_be_at_zero_wakes_for_a_message() -> None:
    """Only those who come first wait for the first worker."""
    target = make_target(least=0, at_least=0)
    assert target.zero is not None
    trial = make_trial([0.0] * 60 + [1_200.0] * 60)
    tried = try_workers("zero", target, trial)
    assert tried.min_capacity == 0
    assert 240 < tried.latency_s[1.0] < 900
    assert find_least("enough", target, trial) is not None


def test_the_last_messages_are_done_in_the_run() -> None:
    """Who comes in the last minutes of a rush is worked off as after any other."""
    tried = try_workers("both", make_target(), make_trial(rushes()))
    assert tried.latency_s[1.0] < 600
    assert tried.instance_hours < 12 * 2


def test_the_same_trial_gives_the_same() -> None:
    """To the bit; leads that are drawn are of the seed."""
    trial = replace(make_trial(rushes()), leads=(2 * MINUTE, 8 * MINUTE))
    one, same, other = (
        try_workers("both", make_target(), replace(trial, seed=seed)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_what_a_config_lets_wait_is_found() -> None:
    """By the policy's name; what arrives is no backlog, and what is not known is refused."""
    target = make_target()
    assert find_backlogs(target, MEANINGS) == find_backlogs(target, {}) == {"backlog": 100}
    first, *others = target.metrics
    strange = replace(first, source={**first.source, "expression": "queued / ready * 1"})
    with pytest.raises(MeaningError, match=BACKLOG):
        find_backlogs(replace(target, metrics=(strange, *others)), {})
