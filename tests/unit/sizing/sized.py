"""What was sized in a test: the published example, and what differs from it."""

from __future__ import annotations

from datetime import timedelta

from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.expectation import Expectation
from flyball.sizing.limit import Objective
from flyball.sizing.plan import Sizing, Wish, size
from flyball.sizing.saturation import LatencyObjective

VARIANT = {"endpoint": "churn", "variant": "AllTraffic"}
ENDPOINT = {"project": "acme", "location": "europe-west4", "endpoint": "123"}
POOL = {"project": "acme", "location": "europe-west4", "deployment_resource_pool": "shared"}
VERSION = {"project": "acme", "location": "europe-west4", "model": "vision", "version": "v3"}
LOADS = (1_000.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0, 12_500.0, 15_000.0)
EXPECTED = Expectation(least_per_s=70.0, most_per_s=500.0, growth_factor=1.2)
LARGE = Machine("ml.c5.large", 2, 0, 0.1)
LEAD_TIME = timedelta(seconds=100)


def measure(resource: Resource | None = Resource.CPU, machine: Machine = LARGE) -> Benchmark:
    """Load an instance that carries 10,000 a minute, of which each uses a ten-thousandth."""
    steps = []
    for load in LOADS:
        answered = min(load, 10_000.0)
        used = {} if resource is None else {resource: answered / 10_000.0}
        late = {0.95: 40.0 if load <= 10_000.0 else 400.0}
        steps.append(Step(answered, answered, load / 100.0, latency_ms=late, used_ratio=used))
    return Benchmark(tuple(steps), machine, "bench.csv")


def publish(
    benchmark: Benchmark | None = None,
    objective: Objective | LatencyObjective = Objective.BALANCED,
    expectation: Expectation = EXPECTED,
    lead_time: timedelta = LEAD_TIME,
    at_least: int = 1,
) -> Sizing:
    """Size the published example, or what differs from it."""
    wish = Wish(objective, expectation, at_least, lead_time)
    return size(measure() if benchmark is None else benchmark, wish)
