"""Do requests wait as long as is said, by published tables and by simulation?"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.quantile import find_quantile
from flyball.sizing.queueing import (
    Queue,
    Service,
    WaitObjective,
    compare_fleet,
    find_loss_ratio,
    find_wait_ratio,
    size_fleet,
)
from flyball.sizing.saturation import LatencyObjective

Draw = Callable[[random.Random], float]


def always(_: random.Random) -> float:
    """Take one second each time."""
    return 1.0


def exponential(chance: random.Random) -> float:
    """Take one second on the average, and know nothing of before."""
    return chance.expovariate(1.0)


def erlang(chance: random.Random) -> float:
    """Take four exponential parts: regular."""
    return chance.gammavariate(4.0, 0.25)


def uneven(chance: random.Random) -> float:
    """Take mostly little, seldom much: the squared coefficient of variation is 4."""
    return chance.gammavariate(0.25, 4.0)


@dataclass(frozen=True)
class Seen:
    """What a simulation saw of each request, in seconds."""

    waits: list[float]
    latencies: list[float]


def simulate(queue: Queue, arrive: Draw, serve: Draw, requests: int = 120_000) -> Seen:
    """Let requests come one by one, and wait for the server that is free first.

    Source: Kiefer and Wolfowitz, "On the theory of queues with many servers" (1955).
    """
    chance = random.Random(7)
    free = [0.0] * queue.servers
    now, waits, latencies = 0.0, [], []
    for _ in range(requests):
        now += arrive(chance) / queue.arrivals_per_s
        begins = max(now, free[0])
        ends = begins + serve(chance) * queue.service.mean_s
        heapq.heapreplace(free, ends)
        waits.append(begins - now)
        latencies.append(ends - now)
    settled = requests // 10
    return Seen(waits[settled:], latencies[settled:])


@pytest.mark.parametrize(
    ("servers", "load", "loss"),
    [
        (1, 0.0101, 0.01),
        (5, 1.361, 0.01),
        (10, 4.461, 0.01),
        (10, 5.084, 0.02),
        (15, 8.108, 0.01),
        (20, 12.03, 0.01),
        (50, 37.90, 0.01),
        (100, 84.06, 0.01),
        (100, 87.97, 0.02),
    ],
)
def test_the_published_table_of_losses_comes_out(servers: int, load: float, loss: float) -> None:
    """To its four digits.

    Source: tables of Erlang's loss formula, as in ITU-D, "Teletraffic Engineering Handbook".
    """
    assert find_loss_ratio(servers, load) == pytest.approx(loss, rel=2e-3)


def test_the_published_call_centre_comes_out() -> None:
    """360 calls in 30 minutes of 4 minutes each, 55 agents: 48 erlang, 23.9 % wait, 8.2 s.

    Source: the worked example of "The Erlang-C formula" of call centres.
    """
    queue = Queue(360 / 1_800, Service(240.0, servers=1), 55)
    assert queue.load == pytest.approx(48.0)
    assert queue.used_ratio == pytest.approx(0.873, abs=5e-4)
    assert queue.wait_ratio == pytest.approx(0.239, abs=5e-4)
    assert queue.mean_wait_s == pytest.approx(8.2, abs=0.05)


def test_the_published_eye_clinic_comes_out() -> None:
    """Six patients an hour, three doctors, 20 minutes each: 8/9 of a patient waits.

    Source: Gross and Harris, "Fundamentals of Queueing Theory", the example of M/M/c.
    """
    queue = Queue(6 / 3_600, Service(1_200.0), 3)
    assert queue.arrivals_per_s * queue.mean_wait_s == pytest.approx(8 / 9)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 1.5), (5, 4.9), (40, 30.0)])
def test_the_recursion_is_the_formula(servers: int, load: float) -> None:
    """As it is written in books, with factorials."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    others = math.fsum(load**each / math.factorial(each) for each in range(servers))
    assert find_wait_ratio(servers, load) == pytest.approx(last / (others + last), rel=1e-12)


@pytest.mark.parametrize("servers", [1_000, 5_000, 20_000])
def test_thousands_of_servers_are_counted_without_overflow(servers: int) -> None:
    """Where the square root of the load is free, the share that waits is that of Halfin and Whitt.

    Source: Halfin and Whitt, "Heavy-traffic limits for queues with many exponential servers"
        (1981): 1 / (1 + β Φ(β) / φ(β)), of which β = 1 gives 0.223.
    """
    load = servers - math.sqrt(servers)
    assert find_wait_ratio(servers, load) == pytest.approx(0.223, abs=0.01)
    assert find_wait_ratio(servers, 1.0) == 0.0
    assert find_wait_ratio(servers, servers - 1e-6) == pytest.approx(1.0, abs=1e-4)


def test_edges_of_the_load_have_edges_of_the_share() -> None:
    """Without load nobody waits or is turned away, with too much everybody waits."""
    assert find_wait_ratio(3, 0.0) == find_loss_ratio(3, 0.0) == 0.0
    assert find_wait_ratio(3, 3.0) == 1.0
    queue = Queue(3.0, Service(1.0), 3)
    assert queue.mean_wait_s == queue.wait_s(0.5) == queue.latency_s(0.5) == math.inf
    assert queue.late_ratio(1e9) == 1.0
    assert Queue(0.0, Service(1.0), 3).mean_wait_s == 0.0


@pytest.mark.parametrize(("mean_s", "servers"), [(0.0012153572632141092, 6), (0.3, 29)])
def test_a_queue_whose_growth_floats_cannot_tell_ends(mean_s: float, servers: int) -> None:
    """Busy a last digit below always: its latency is infinite or a number, and never sought on."""
    full = servers / mean_s
    for rate in (math.nextafter(full, 0.0), full, math.nextafter(full, math.inf)):
        queue = Queue(rate, Service(mean_s), servers)
        assert queue.latency_s(0.95) > 1e9
        assert queue.wait_s(0.95) > 1e9


@pytest.mark.parametrize("load", [1e-300, 0.5, 30.0, 900.0, 995.0, 999.9])
def test_terms_that_are_left_out_are_nothing(load: float) -> None:
    """By the recurrence that goes through all servers."""
    inverse = 1.0
    for each in range(1, 1_001):
        inverse = 1.0 + each / load * inverse
    assert find_loss_ratio(1_000, load) == pytest.approx(1.0 / inverse, rel=1e-12)
    assert find_loss_ratio(1_000, 2_000.0) == pytest.approx(0.5, rel=2e-3)


def test_the_largest_fleet_is_counted_at_once() -> None:
    """A million instances with 64 servers each, which wait for 0.1 ms."""
    service = Service(0.1, servers=64)
    found = size_fleet(6e8, service, WaitObjective(0.0001))
    assert found.instances == pytest.approx(937_500, rel=2e-3)


def test_more_servers_than_anybody_has_are_refused_at_once() -> None:
    """And not counted."""
    with pytest.raises(ValueError, match=r"1e\+14 servers are more than any fleet has"):
        size_fleet(1e12, Service(100.0), WaitObjective(1.0))


@dataclass(frozen=True)
class Case:
    """A queue, and how far what is said may lie from what is simulated."""

    id: str
    queue: Queue
    arrive: Draw
    serve: Draw
    near: float


M = exponential
CASES = (
    Case("M/M/1", Queue(0.7, Service(1.0), 1), M, M, 0.06),
    Case("M/M/4", Queue(3.2, Service(1.0), 4), M, M, 0.06),
    Case("M/M/20, two an instance", Queue(85.0, Service(0.2, 1.0, 2), 10), M, M, 0.08),
    Case("M/D/1", Queue(0.8, Service(1.0, 0.0), 1), M, always, 0.06),
    Case("M/G/1", Queue(0.6, Service(1.0, 4.0), 1), M, uneven, 0.12),
    Case("M/G/8", Queue(6.8, Service(1.0, 4.0), 8), M, uneven, 0.25),
    Case("G/G/4, regular", Queue(3.6, Service(1.0, 0.25), 4, 0.25), erlang, erlang, 0.25),
    Case("G/M/4, in bursts", Queue(3.6, Service(1.0, 1.0), 4, 4.0), uneven, M, 0.25),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_mean_wait_is_what_a_simulation_sees(case: Case) -> None:
    """Exactly where arrivals and services are exponential, else as near as two moments allow."""
    seen = simulate(case.queue, case.arrive, case.serve)
    assert fmean(seen.waits) == pytest.approx(case.queue.mean_wait_s, rel=case.near)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_latency_of_nine_in_ten_is_what_a_simulation_sees(case: Case) -> None:
    """Wait and service together, exactly or as near as two moments allow."""
    seen = simulate(case.queue, case.arrive, case.serve)
    expected = case.queue.latency_s(0.9)
    assert find_quantile(seen.latencies, 0.9) == pytest.approx(expected, rel=case.near)
    late = sum(each > expected for each in seen.latencies) / len(seen.latencies)
    assert late == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_latency_of_one_exponential_server_is_exponential(quantile: float) -> None:
    """Of M/M/1 the whole latency is known: its mean is 1 / (rate of service - rate of arrival)."""
    expected = -math.log1p(-quantile) / (1.0 - 0.6)
    queue = Queue(0.6, Service(1.0), 1)
    assert queue.latency_s(quantile) == pytest.approx(expected, rel=0.01)
    assert queue.late_ratio(expected) == pytest.approx(1.0 - quantile, rel=0.02)


def test_a_fleet_that_waits_for_nothing_is_as_late_as_its_service() -> None:
    """What always takes a second, and comes every second, takes a second."""
    queue = Queue(1.0, Service(1.0, 0.0), 2, 0.0)
    assert queue.late_ratio(1.0) == 0.0
    assert queue.latency_s(0.99) == pytest.approx(1.0)
    assert queue.mean_wait_s == queue.wait_s(0.99) == 0.0


RATES = st.floats(0.1, 500.0)
SCVS = st.floats(0.0, 9.0)


@given(RATES, st.floats(0.01, 2.0), SCVS, SCVS, st.integers(1, 8), st.floats(0.0, 5.0))
def test_the_fleet_is_the_smallest_that_keeps_its_wait(
    rate: float, mean: float, served: float, arrived: float, servers: int, wait: float
) -> None:
    """One instance fewer does not keep it, and more load or more variation never needs fewer."""
    service, objective = Service(mean, served, servers), WaitObjective(wait, 0.95)
    queue = size_fleet(rate, service, objective, arrived)
    assert queue.used_ratio < 1.0
    assert queue.wait_s(0.95) <= wait
    if queue.instances > 1:
        fewer = Queue(rate, service, queue.instances - 1, arrived)
        assert fewer.used_ratio >= 1.0 or fewer.wait_s(0.95) > wait
    for other in (
        size_fleet(rate * 1.5, service, objective, arrived),
        size_fleet(rate, service, objective, arrived + 1.0),
        size_fleet(rate, Service(mean, served + 1.0, servers), objective, arrived),
        size_fleet(rate, service, WaitObjective(wait / 2, 0.95), arrived),
        size_fleet(rate, service, WaitObjective(wait, 0.99), arrived),
    ):
        assert other.instances >= queue.instances


@pytest.mark.parametrize("rate", [0.0, 5.0, 50.0, 500.0])
def test_the_fleet_is_the_smallest_that_keeps_its_latency(rate: float) -> None:
    """At a quantile, with wait and service together."""
    service, objective = Service(0.1, 0.5, 2), LatencyObjective(300.0, 0.95)
    queue = size_fleet(rate, service, objective)
    assert queue.latency_s(0.95) <= 0.3 + 1e-9
    if queue.instances > 1:
        assert Queue(rate, service, queue.instances - 1).latency_s(0.95) > 0.3


def test_the_mean_wait_may_be_the_objective() -> None:
    """Of all requests, those that do not wait included."""
    queue = size_fleet(3.2, Service(1.0), WaitObjective(0.5, None))
    assert queue.instances == 5
    assert queue.mean_wait_s <= 0.5 < Queue(3.2, Service(1.0), 4).mean_wait_s


def test_a_sized_fleet_keeps_its_latency_in_a_simulation() -> None:
    """And one instance fewer does not."""
    service = Service(0.1, 1.0, 2)
    queue = size_fleet(60.0, service, LatencyObjective(400.0, 0.95))
    assert find_quantile(simulate(queue, M, M).latencies, 0.95) <= 0.4
    fewer = Queue(60.0, service, queue.instances - 1)
    assert find_quantile(simulate(fewer, M, M).latencies, 0.95) > 0.4


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (LatencyObjective(200.0, 0.95), "p95 is 300 ms with nobody waiting, over 200 ms"),
        (LatencyObjective(-1.0, 0.95), "objective: -1.0"),
        (LatencyObjective(100.0, 1.0), "quantile 1.0 is not between"),
        (WaitObjective(-0.1), "objective: -0.1"),
        (WaitObjective(0.0, None), "a mean wait of 0 is kept by no fleet"),
    ],
)
def test_an_objective_that_no_fleet_keeps_is_refused(
    objective: LatencyObjective | WaitObjective, message: str
) -> None:
    """It says why."""
    with pytest.raises(ValueError, match=message):
        size_fleet(1.0, Service(0.1), objective)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((-1.0, Service(1.0), 1), "arrivals_per_s: -1.0"),
        ((1.0, Service(0.0), 1), "serves nobody"),
        ((1.0, Service(math.nan), 1), "mean_s: nan"),
        ((1.0, Service(1.0, -1.0), 1), "scv: -1.0"),
        ((1.0, Service(1.0, 1.0, 0), 1), "serves nobody"),
        ((1.0, Service(1.0), 0), "0 instances serves nobody"),
        ((1.0, Service(1.0), 1, math.inf), "arrival_scv: inf"),
    ],
)
def test_a_queue_that_is_none_is_refused(given: tuple[Any, ...], message: str) -> None:
    """The field is named."""
    with pytest.raises(ValueError, match=message):
        Queue(*given)


@dataclass(frozen=True)
class Told:
    """A fleet by its queue, the rule's, and what is said of both."""

    id: str
    queue: Queue
    rule: int
    said: tuple[str, ...]


TOLD = (
    Told(
        "alike",
        Queue(1.0, Service(0.5), 1),
        1,
        ("The rule and the queue come to the same: 1 instance.",),
    ),
    Told(
        "small",
        Queue(1.0, Service(0.5), 3),
        1,
        ("rule's 1 instance would be busy 50%", "p95 under 9 ms would not be kept: 3 instances"),
    ),
    Told(
        "irregular",
        Queue(1.0, Service(0.5, 4.0), 3, 3.0),
        2,
        ("irregular (squared coefficients of variation 3 and 4): waits are 3.5 times",),
    ),
    Told(
        "irregular arrivals",
        Queue(1.0, Service(0.5, 0.04), 3, 36.7),
        2,
        ("Arrivals are irregular (squared coefficient of variation 36.7): waits are 18.4 times",),
    ),
    Told(
        "large",
        Queue(1_000.0, Service(1.0), 1_100),
        2_000,
        (
            "1,100 instances keep p95 under 9 ms, busy 91%",
            "rule's 2,000 instances would be busy 50%",
        ),
    ),
)


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.id)
def test_the_difference_to_the_rule_is_told(case: Told) -> None:
    """Which needs more, and why."""
    sized = compare_fleet(case.queue, case.rule, "p95 under 9 ms")
    assert sized.queue is case.queue
    for each in case.said:
        assert each in sized.sentence
