"""What does the whole method come to, from a load test and what is expected?

In order: where one instance saturates, what it is to be held at, and between how many instances
the expected requests scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from flyball.sizing.benchmark import Benchmark, Resource
from flyball.sizing.expectation import Expectation, Range, bound_capacity
from flyball.sizing.limit import Limit, Objective, find_limit
from flyball.sizing.rounding import round_down
from flyball.sizing.saturation import LatencyObjective, Saturation, find_saturation

LEAD_TIME = timedelta(minutes=4)
"""From an order to its service, where nobody measured it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants of an endpoint.

    Attributes:
        objective: Which part of the hardware may be used, or how long an answer may take.
        expectation: How many requests come.
        at_least: Instances that are there in any case, >= 1.
        lead_time: From an order to its service.
        resource: Whose use is tracked; None: what ends first.
        promise: Why so many are there in any case, for people; "": that is wanted.
        lead_origin: Where lead_time is from, for people; "": whoever wants it says it.
    """

    objective: Objective | LatencyObjective
    expectation: Expectation
    at_least: int = 1
    lead_time: timedelta = LEAD_TIME
    resource: Resource | None = None
    promise: str = ""
    lead_origin: str = ""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What the method found.

    Attributes:
        benchmark: The load test.
        wish: What was wanted.
        saturation: Where one instance saturates.
        limit: What it is to be held at.
        capacity: Between how many instances the endpoint scales.
    """

    benchmark: Benchmark
    wish: Wish
    saturation: Saturation
    limit: Limit
    capacity: Range


def size(benchmark: Benchmark, wish: Wish) -> Sizing:
    """Go through the method once.

    Raises:
        BenchmarkError: The load test lacks what the wish asks for.
        ValueError: One instance carries nothing.

    Source: AWS's published method of sizing an endpoint in three steps.
    """
    latency = wish.objective if isinstance(wish.objective, LatencyObjective) else None
    saturation = find_saturation(benchmark, latency)
    limit = find_limit(benchmark, saturation, wish.objective, wish.resource)
    capacity = bound_capacity(wish.expectation, limit.invocations.middle, wish.at_least)
    if capacity.reason and wish.promise:
        capacity = capacity._replace(reason=f"{capacity.reason}, {wish.promise}")
    return Sizing(benchmark, wish, round_carried(saturation), limit, capacity)


def round_carried(saturation: Saturation) -> Saturation:
    """Take as many digits of what is carried as mean anything, as its sentence says them."""
    return replace(saturation, invocations=round_down(saturation.invocations))
