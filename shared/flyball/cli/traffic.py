"""What reaches the simulated endpoints of a run on the real clock?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from flyball.adapters.local.endpoint import LocalEndpoints, endpoint_name
from flyball.adapters.local.load import MINUTE, Demand, Load
from flyball.adapters.local.metrics import METRICS
from flyball.adapters.local.timeline import EndpointSettings
from flyball.cli.failure import refuse
from flyball.core.target import ScalableTarget
from flyball.sim.day import expect
from flyball.sim.generate import generate_day
from flyball.sim.trace import Trace

LOOKBACK = timedelta(minutes=15)
"""Minutes before the start of a run of which it knows the demand, if the endpoint existed."""
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday: a trace of whole weeks keeps its days."""


def make_demand(trace: Trace | None, seed: int) -> tuple[Demand, float]:
    """Give the requests of any minute, the same in every run, and what one instance serves.

    Args:
        trace: Repeated without end; None: a generated day for each date.
        seed: Of the generated days.
    """
    if trace is not None:
        length = len(trace.requests)
        offset = (trace.start - EPOCH) // MINUTE
        requests = trace.requests

        def repeat(minute: datetime) -> float | None:
            return requests[((minute - EPOCH) // MINUTE - offset) % length]

        return repeat, trace.capacity_per_instance()

    @lru_cache(maxsize=4)
    def make_day(ordinal: int) -> Trace:
        start = datetime.combine(datetime.fromordinal(ordinal), time(), UTC)
        return generate_day(start, seed=seed + ordinal)

    def generate(minute: datetime) -> float | None:
        return make_day(minute.toordinal()).at(minute)

    return generate, generate_day(EPOCH, seed=seed).capacity_per_instance()


def make_loads(
    endpoints: LocalEndpoints,
    scalable_targets: Iterable[ScalableTarget],
    demand: Demand,
    capacity_per_instance: float,
    now: datetime,
) -> dict[str, Load]:
    """Create the endpoints that are not there yet, and send the demand to each of them."""
    minute = now.replace(second=0, microsecond=0)
    loads = {}
    for target in scalable_targets:
        name = endpoint_name(target)
        endpoints.create(name, expect_or_refuse(target), minute)
        created = endpoints.orders(name)[0].at
        loads[name] = Load(demand, capacity_per_instance, max(created, minute - LOOKBACK))
    return loads


def expect_or_refuse(target: ScalableTarget) -> EndpointSettings:
    """Make the settings of a scalable target's simulated endpoint.

    Raises:
        CommandError: There are no such machines.
    """
    try:
        return expect(target, 0)
    except ValueError as error:
        refuse(str(error))


def find_unknown_metrics(target: ScalableTarget) -> list[str]:
    """List the metrics that a simulated endpoint does not show."""
    return [
        metric.name
        for metric in target.metrics
        if metric.source.get("metric", metric.name) not in METRICS
    ]
