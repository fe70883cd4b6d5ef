"""How long does a service take, and how irregular is it, as a load test tells it?

What waits depends on how much both vary: the squared coefficient of variation, variance ÷ mean²,
is 0 of what is always the same, and 1 of what knows nothing of what was before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

from flyball.core.word import Word
from flyball.sizing.benchmark import UNKNOWN, Benchmark, BenchmarkError
from flyball.sizing.queueing import Service
from flyball.sizing.saturation import Bottleneck, Bound, Saturation, list_sound, queues

ONE = 1
"""Percentile that tells how long a service takes, and not how much that varies."""
WIDEST = 10.0
"""Of a log-normal distribution: nine in ten of its values differ by up to 10^14 times."""
NOISE = 0.1
"""So little of one more server is none."""


class Services(Word):
    """Whence it is how irregular services are."""

    MEASURED = "measured"
    """From percentiles of latency."""
    ALONE = "alone"
    """One percentile does not tell: they are taken to vary like chance."""
    FULL = "full"
    """The least load saturates already: they are taken likewise."""


def learn_service(latency_ms: Mapping[float, float]) -> Service:
    """Learn how long a service takes, and how much that varies, from quantiles of latency.

    Of a load so small that nobody waits; what the network takes is counted as service, which
    errs on the long side. A log-normal distribution is laid through the quantiles.

    Args:
        latency_ms: Milliseconds by quantile, 0–1; one, or several that differ.

    Returns:
        Of one server. Of one quantile alone the variation is not known: exponential is taken.

    Raises:
        BenchmarkError: No quantile between 0 and 1 has a latency above 0, or no distribution is as
            wide.

    Source: Limpert, Stahel and Abbt, "Log-normal distributions across the sciences" (2001):
        mean exp(μ + σ²/2), squared coefficient of variation exp(σ²) - 1.
    """
    normal = NormalDist()
    points = [
        (normal.inv_cdf(quantile), math.log(latency / 1_000.0))
        for quantile, latency in latency_ms.items()
        if 0.0 < quantile < 1.0 and latency > 0.0
    ]
    if not points:
        raise BenchmarkError("latency_ms: no quantile of it tells how long a service takes")
    if len(points) == 1:
        # Of an exponential distribution this share of requests is served in so many means.
        (place, logarithm) = points[0]
        return Service(math.exp(logarithm) / -math.log1p(-normal.cdf(place)))
    middle = math.fsum(place for place, _ in points) / len(points)
    level = math.fsum(each for _, each in points) / len(points)
    spread = math.fsum((place - middle) ** 2 for place, _ in points)
    sigma = math.fsum((place - middle) * (each - level) for place, each in points) / spread
    sigma = max(0.0, sigma)
    if sigma > WIDEST:
        raise BenchmarkError(
            "latency_ms: its quantiles lie so far apart that they tell of no one service"
        )
    return Service(math.exp(level - sigma * middle + sigma**2 / 2), math.expm1(sigma**2))


def _leave_out_ends(latency_ms: Mapping[float, float]) -> dict[float, float]:
    """Leave out the least and the greatest, which tell nothing of how long most take."""
    return {each: late for each, late in latency_ms.items() if 0.0 < each < 1.0 and late > 0.0}


def learn_instance(benchmark: Benchmark, saturation: Saturation) -> Service:
    """Learn how one instance serves: as many at a time as makes it carry what it carries.

    Not more at a time than it has cores, where these end and are known. Where the load test ended
    before it was saturated, it is only known that it serves so many at a time at least; each as
    long as under the least load. Where the least load
    saturates already, its latency has waiting in it and tells nothing: one at a time is taken, and
    an exponential service, which errs on the side of more instances.

    Raises:
        BenchmarkError: No step has a latency.

    Source: Denning and Buzen, "The Operational Analysis of Queueing Network Models" (1978):
        what is in service is throughput times the time of service.
    """
    known = _list_known(benchmark)
    if not known or not saturation.invocations:
        raise BenchmarkError(
            f"{benchmark.source or 'the load test'}: latency_ms: no step that was answered has "
            "one; measure latencies, or size by the rule"
        )
    alone = learn_service(known[0])
    carried = saturation.invocations / 60.0
    if queues(benchmark, saturation):
        return Service(1.0 / carried)
    if saturation.bound is Bound.AT_LEAST:
        servers = max(1, math.ceil(carried * alone.mean_s - NOISE))
        return Service(min(alone.mean_s, servers / carried), alone.scv, servers)
    servers = max(1, round(carried * alone.mean_s))
    if saturation.bottleneck is Bottleneck.CPU and benchmark.machine != UNKNOWN:
        servers = min(servers, benchmark.machine.cores)
    return Service(servers / carried, alone.scv, servers)


def find_services(benchmark: Benchmark, saturation: Saturation) -> Services:
    """Say whence it is how irregular the services are that learn_instance finds."""
    if queues(benchmark, saturation):
        return Services.FULL
    known = _list_known(benchmark)
    return Services.MEASURED if known and len(known[0]) > ONE else Services.ALONE


def _list_known(benchmark: Benchmark) -> list[dict[float, float]]:
    """List the latencies of each step that has any, from the least load to the most."""
    steps = list_sound(benchmark)
    return [found for step in steps if (found := _leave_out_ends(step.latency_ms))]
