"""Is what is written for workers a config that means what was asked for?"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball import config
from flyball.core.policy import TrackingPolicy
from flyball.sizing.batch import Backlog
from flyball.sizing.queueing import Queue, Service
from flyball.sizing.worker import (
    ARRIVALS,
    BACKLOG,
    WAITING,
    Group,
    Pool,
    Workers,
    exceeds_chance,
    find_late_ratio,
    find_used_ratio,
    leave_room,
    write_workers,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WORKERS = Workers(Group(), Backlog(100, 1, 12), 10 * SECOND, 0.1 * SECOND)
POOL = Pool("shop", "europe-west4", "p", "orders")


@dataclass(frozen=True)
class Case:
    """Workers, and what their config has: target values by metric, and other metrics."""

    id: str
    workers: Workers
    values: dict[str, float]
    more: tuple[str, ...] = ()


FULL = 600 * (1 - math.log(100) / 99)
CASES = (
    Case("a group", WORKERS, {BACKLOG: 100, ARRIVALS: FULL}),
    Case("backlog alone", replace(WORKERS, follows_arrivals=False), {BACKLOG: 100}),
    Case("a price", replace(WORKERS, price_per_hour=0.2), {BACKLOG: 100, ARRIVALS: FULL}),
    Case(
        "to zero",
        replace(WORKERS, backlog=Backlog(100, 0, 12)),
        {BACKLOG: 100, ARRIVALS: FULL},
        (WAITING,),
    ),
    Case(
        "four at a time",
        replace(WORKERS, at_a_time=4, backlog=Backlog(400, 1, 3)),
        {BACKLOG: 400, ARRIVALS: 2_400 * (1 - math.log(100) / 99 / 4)},
    ),
    Case("a pool", replace(WORKERS, place=POOL, follows_arrivals=False), {BACKLOG: 100}),
    Case(
        "names that YAML takes for something else",
        replace(WORKERS, place=Group("no", "a: #b")),
        {BACKLOG: 100, ARRIVALS: FULL},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_config_is_sound_and_says_what_was_asked_for(case: Case) -> None:
    """No error, no doubt; bounds, target values and names come back."""
    found = config.loads(write_workers(case.workers), "made.yaml")
    assert config.lint(found, NOW) == ()
    (target,) = found.scalable_targets
    bounds = case.workers.backlog
    assert (target.min_capacity, target.max_capacity) == (bounds.min_capacity, bounds.max_capacity)
    tracked = [each for each in target.policies if isinstance(each, TrackingPolicy)]
    values = {each.metric: each.target_value for each in tracked}
    assert values == pytest.approx(case.values, rel=1e-5)
    assert {each.name for each in target.metrics} == {*case.values, *case.more}
    assert target.price_per_hour == case.workers.price_per_hour
    assert (target.zero is not None) == (not bounds.min_capacity)
    place = case.workers.place
    if isinstance(place, Group):
        assert target.resource == {"auto_scaling_group": place.group}
        assert place.queue in {
            value for metric in target.metrics for value in metric.source.values()
        } or place.queue in str([dict(metric.source) for metric in target.metrics])
    else:
        assert target.resource["deployment_resource_pool"] == place.pool
        assert place.subscription in str([dict(metric.source) for metric in target.metrics])


def test_lines_fit_and_end() -> None:
    """It is a file that people read."""
    for case in CASES:
        text = write_workers(case.workers)
        assert text.endswith("\n")
        assert max(len(line) for line in text.splitlines()) <= 100


@given(
    st.text(min_size=1, max_size=40, alphabet=st.characters(min_codepoint=32, max_codepoint=126))
)
def test_any_queue_s_name_comes_back(name: str) -> None:
    """Nothing in it is read as YAML."""
    text = write_workers(replace(WORKERS, place=Group("workers", name)))
    sources = [dict(each.source) for each in config.loads(text).scalable_targets[0].metrics]
    assert any(name in value for source in sources for value in map(str, source.values()))


@pytest.mark.parametrize(
    ("latency_s", "expected"), [(10.0, 1 - math.log(100) / 99), (0.3, 0.5), (0.1, 0.5)]
)
def test_workers_are_as_full_as_chance_allows(latency_s: float, expected: float) -> None:
    """A message that may wait for many others leaves little room; one that may not, half."""
    workers = replace(WORKERS, acceptable_latency=latency_s * SECOND)
    assert find_used_ratio(workers) == pytest.approx(expected)
    more = replace(workers, backlog=Backlog(100, 40, 90))
    assert find_used_ratio(more) >= find_used_ratio(workers)
    said = "none is kept emptier" if expected == 0.5 else "no more than 1.00%"
    assert said in " ".join(write_workers(workers).replace("#", "").split())


@pytest.mark.parametrize(
    ("latency_s", "least", "at_a_time"),
    [(1.0, 1, 1), (1.0, 3, 1), (1.5, 1, 2), (1.0, 4, 1), (1.5, 40, 1), (10.0, 1, 1)],
)
def test_what_is_said_of_chance_is_true(latency_s: float, least: int, at_a_time: int) -> None:
    """Message by message, of chance's length, at the fewest workers and the use that is written."""
    workers = Workers(Group(), Backlog(2, least, 95), latency_s * SECOND, 0.5 * SECOND, at_a_time)
    servers = least * at_a_time
    rate = servers * find_used_ratio(workers) / 0.5
    chance = random.Random(5)
    at, late, count = 0.0, 0, 150_000
    free = [0.0] * servers
    for _ in range(count):
        at += chance.expovariate(rate)
        end = max(at, heapq.heappop(free)) + chance.expovariate(2.0)
        heapq.heappush(free, end)
        late += end - at > latency_s
    assert find_late_ratio(workers) == pytest.approx(late / count, rel=0.06, abs=0.001)
    text = " ".join(write_workers(workers).replace("#", "").split())
    told = f"{find_late_ratio(workers):.2%} take too long by chance"
    assert (told in text) == exceeds_chance(workers) == (late / count > 0.011)
    assert ("no more than 1.00% take too long" in text) == (not exceeds_chance(workers))


@given(st.integers(1, 60), st.integers(1, 4), st.floats(1.0, 60.0), st.floats(0.5, 0.999))
def test_chance_is_counted_as_queueing_counts_it(
    least: int, at_a_time: int, longest: float, kept: float
) -> None:
    """With the same queue, cut into slices there and in one formula here."""
    workers = Workers(Group(), Backlog(2, least, 95), longest * SECOND, SECOND, at_a_time, kept)
    servers = least * at_a_time
    queue = Queue(servers * find_used_ratio(workers), Service(1.0), servers)
    found = find_late_ratio(workers)
    assert found == pytest.approx(queue.late_ratio(longest), rel=0.01, abs=5e-4)


def test_half_full_workers_of_few_messages_are_not_said_to_keep_one_percent() -> None:
    """One at a time, a second for half a second's message: e^-1 of them take longer."""
    workers = Workers(Group(), Backlog(2, 1, 95), SECOND, 0.5 * SECOND)
    assert find_used_ratio(workers) == 0.5
    assert find_late_ratio(workers) == pytest.approx(math.exp(-1.0))
    text = " ".join(write_workers(workers).replace("#", "").split())
    assert "kept 50% full, and none is kept emptier. While the fewest serve, 36.79%" in text


@pytest.mark.parametrize("servers", [2, 10_000, 10_001, 10**9])
def test_any_number_of_workers_is_counted_quickly(servers: int) -> None:
    """A share, and what all of them have in common is a message's own time."""
    workers = replace(WORKERS, acceptable_latency=0.3 * SECOND, backlog=Backlog(2, servers, 10**9))
    assert math.exp(-3.0) <= find_late_ratio(workers) < 0.1


def test_workers_so_full_keep_the_latency_against_chance() -> None:
    """Messages of chance, of chance's length, one worker: no more take too long than may."""
    workers = replace(WORKERS, acceptable_latency=2 * SECOND, kept_ratio=0.95)
    rate = find_used_ratio(workers) / 0.1
    chance = random.Random(11)
    at = free = 0.0
    late = 0
    for _ in range(200_000):
        at += chance.expovariate(rate)
        free = max(at, free) + chance.expovariate(10.0)
        late += free - at > 2.0
    assert 0.03 < late / 200_000 <= 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place": POOL}, "follows_arrivals: a subscription"),
        (
            {"place": POOL, "follows_arrivals": False, "backlog": Backlog(100, 0, 12)},
            "min_capacity: 0; a pool",
        ),
        ({"kept_ratio": 1.0}, "kept_ratio: 1.0"),
    ],
)
def test_workers_that_are_none_are_refused(change: dict[str, object], message: str) -> None:
    """The field is named."""
    with pytest.raises(ValueError, match=message):
        replace(WORKERS, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("most_per_s", "growth", "expected"),
    [
        pytest.param(0.0, 1.0, 12, id="nothing more than there was"),
        pytest.param(95.0, 1.2, 12, id="room enough by rounding"),
        pytest.param(120.0, 1.0, 13, id="twelve would all be full"),
        pytest.param(120.0, 1.5, 20, id="and more as it grows"),
    ],
)
def test_the_most_workers_are_not_all_full(most_per_s: float, growth: float, expected: int) -> None:
    """Twelve do 120 a second, kept 95% full 114.4: of 120 a row would wait that never ends."""
    found = leave_room(WORKERS, most_per_s, growth)
    assert found.backlog.max_capacity == expected
    assert (expected if growth == 1.0 else 13) * 10 * find_used_ratio(found) >= most_per_s
    assert replace(found, backlog=WORKERS.backlog) == WORKERS
