"""What did a load test of the whole endpoint show, with its policies in force?

A fleet that is scaled is as large as load was when it was last seen: so long before as metrics take
to be shown and instances to serve. Where nobody counted the instances they are reckoned so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.expectation import MINUTE_S, count_instances
from flyball.sizing.pattern import Pattern
from flyball.sizing.plan import Sizing
from flyball.sizing.saturation import (
    FAILED_RATIO,
    Cause,
    LatencyObjective,
    find_late,
    find_saturation,
    measure_load,
    order_steps,
    read_latency,
)
from flyball.sizing.settings import Settings

NEAR_RATIO = 0.02
"""A load within this of another one is the same: so much is chance, or whole users."""
FULL_RATIO = 0.9
"""Of what all instances carry: from here on they are full, since requests are shared by chance."""
WHOLE = 0.01
"""A mean of counts within this of a whole number is one."""
FASTER = 1.05
"""Load grows faster than expected, where it grows by this much more."""


class Verdict(Word):
    """What the load test says of the policies."""

    HOLDS = "holds"
    """What is expected was handled."""
    BREAKS = "breaks"
    """It was not."""
    UNKNOWN = "unknown"
    """The load test does not show it."""


class Limit(Word):
    """What was too little."""

    MAX_CAPACITY = "max_capacity"
    """No more instances were allowed."""
    INSTANCE = "instance"
    """An instance carries less in the fleet than it did alone."""
    LEAD_TIME = "lead_time"
    """Load grew before as many instances could serve."""
    PACE = "pace"
    """The load was held for long, and still too few instances served at its end."""
    TEST = "test"
    """The load test did not go so far."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was loaded.

    Attributes:
        settings: What was in force.
        each: Requests a minute that one instance carries alone, > 0.
        lag: From load to the service of instances for it: metrics and lead time.
        fixed: So many instances served all the time; None: they were scaled.
        has_come: The load of each step had come slowly, as a load test's own users do.
    """

    settings: Settings
    each: float
    lag: timedelta
    fixed: float | None = None
    has_come: bool = False


class Load(NamedTuple):
    """A load that was held on the endpoint.

    Attributes:
        step: It, and what came of it.
        seen: Requests a minute that were asked when instances for its beginning were ordered.
        early: Instances at its beginning, at most.
        last: At its end, at least.
        instances: Their mean.
        is_known: Whether they were counted, and not reckoned.
        carries: Requests a minute that so many carry, by the load test of one.
        sign: By what it was too much; None: it was not.
        excess: How much of what is allowed by that: it is too much from 1 on.
    """

    step: Step
    seen: float
    early: float
    last: float
    instances: float
    is_known: bool
    carries: float
    sign: Cause | None
    excess: float = 0.0

    @property
    def asked(self) -> float:
        """Requests a minute that came, or would have come if more had been answered."""
        return self.step.answered / FULL_RATIO if self.sign is Cause.FLAT else self.step.offered


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load test showed.

    Attributes:
        loads: From the least to the most, shape (n,), n >= 1.
        handled: The most requests a minute that were answered, where neither this load nor one
            that was less was too much; 0: none was.
        expected: The most a minute that is expected.
        verdict: Whether that is handled.
        broken: The least load that was too much; None: none was.
        limit: What was too little there, or is not known further; None: nothing.
        rise: By how many requests a minute load had grown there within the fleet's lag.
        is_unexpected: That is faster than is expected of it, so that it says nothing.
    """

    loads: tuple[Load, ...]
    handled: float
    expected: float
    verdict: Verdict
    broken: Load | None
    limit: Limit | None
    rise: float = 0.0
    is_unexpected: bool = False


def measure(
    benchmark: Benchmark,
    sizing: Sizing,
    fleet: Fleet,
    patterns: Sequence[Pattern],
    ended: Cause | None = None,
) -> Measured:
    """Hold a load test of the whole endpoint against what is expected.

    Args:
        benchmark: Of the endpoint; its loads were held one after the other, from the least on.
        sizing: What the method found, and what is expected.
        fleet: What was loaded.
        patterns: What is expected to come, minute by minute.
        ended: By what the load test itself saw that more was too much; None: it did not.

    Raises:
        BenchmarkError: The latency that is wanted was not measured.
    """
    wish = sizing.wish
    objective = wish.objective if isinstance(wish.objective, LatencyObjective) else None
    loads = tuple(_look(benchmark, fleet, objective))
    broken = next((each for each in loads if each.sign is not None), None)
    well = loads if broken is None else loads[: loads.index(broken)]
    handled = max((each.step.answered for each in well), default=0.0)
    expected = MINUTE_S * wish.expectation.most_per_s
    if broken is None and (ended is not None or benchmark.broke):
        broken = loads[-1]._replace(sign=ended or Cause.FAILURES)
    verdict, limit, rise, is_unexpected = Verdict.HOLDS, None, 0.0, False
    if broken is not None:
        limit = _blame(fleet, broken)
        rise = broken.asked - max(broken.seen, MINUTE_S * wish.expectation.least_per_s)
        is_unexpected = limit is Limit.LEAD_TIME and rise > FASTER * find_rise(patterns, fleet.lag)
    if handled < expected * (1 - NEAR_RATIO):
        verdict = Verdict.BREAKS
        untried = broken is None or (
            broken.sign is not Cause.FLAT and broken.asked > expected * (1 + NEAR_RATIO)
        )
        if untried or limit is Limit.TEST:
            verdict, limit = Verdict.UNKNOWN, Limit.TEST
        elif is_unexpected:
            verdict = Verdict.UNKNOWN
    return Measured(loads, handled, expected, verdict, broken, limit, rise, is_unexpected)


def find_rise(patterns: Sequence[Pattern], lag: timedelta) -> float:
    """Find by how many requests a minute load is expected to grow within a lag, at most."""
    slots = max(1, math.ceil(lag / timedelta(minutes=1)))
    return max(
        (
            after - before
            for pattern in patterns
            if pattern.required
            for before, after in zip(pattern.requests, pattern.requests[slots:], strict=False)
            if before is not None and after is not None
        ),
        default=0.0,
    )


def _look(benchmark: Benchmark, fleet: Fleet, objective: LatencyObjective | None) -> Iterator[Load]:
    """Say of each load how many instances it met, and whether it was too much."""
    if objective is not None:
        find_late(benchmark, objective)  # refuses what was not measured
    steps = order_steps(benchmark)
    load, found = measure_load(steps), find_saturation(benchmark)
    flat = found.load if found.cause is Cause.FLAT else math.inf
    begin, counted_before = timedelta(0), math.inf
    for step in steps:
        end, seen, last = begin + step.duration, step.offered, step.offered
        if not fleet.has_come:
            seen, last = (_read_load(steps, each - fleet.lag) for each in (begin, end))
        begin = end
        early, now, is_known = _reckon(fleet, seen), _reckon(fleet, last), False
        part = min(1.0, fleet.lag / step.duration)  # in which those that it needs are not there
        counted = fleet.fixed if step.instances is None else step.instances
        served = early * part + now * (1.0 - part)
        if counted is not None:
            early, now = _bound_count(counted, counted_before)
            served, counted_before, is_known = counted, counted, True
        failed, late = _measure_excess(step, objective)
        sign = Cause.FAILURES if failed >= 1.0 else Cause.LATENCY if late > 1.0 else None
        if sign is None and load(step) > flat:
            sign = Cause.FLAT
        excess = failed if sign is Cause.FAILURES else max(failed, late)
        carries = served * fleet.each
        yield Load(step, seen, early, now, served, is_known, carries, sign, excess)


def _bound_count(mean: float, before: float) -> tuple[float, float]:
    """Say how many instances were there when a load began and ended, by their mean.

    They are whole: a mean that is not tells of some that came, or left, meanwhile; no more were
    there at its beginning than under the load before.
    """
    if abs(mean - round(mean)) <= WHOLE or mean < 1.0:
        return mean, mean
    return float(min(math.floor(mean), math.ceil(min(before, mean)))), float(math.ceil(mean))


def _read_load(steps: Sequence[Step], at: timedelta) -> float:
    """Give what was asked at a time since the beginning; before it, nothing."""
    if at < timedelta(0):
        return 0.0
    for step in steps:
        if at < step.duration:
            return step.offered
        at -= step.duration
    return steps[-1].offered


def _reckon(fleet: Fleet, asked: float) -> float:
    """Say how many instances are there of themselves, when so much was asked."""
    settings = fleet.settings
    wanted = count_instances(asked / MINUTE_S, settings.invocations)
    return float(min(max(wanted, settings.min_capacity), settings.max_capacity))


def _measure_excess(step: Step, objective: LatencyObjective | None) -> tuple[float, float]:
    """Say how much of what is allowed failed, and how late the answers were."""
    failed = step.failed_ratio / FAILED_RATIO
    latency = None if objective is None else read_latency(step, objective.quantile)
    if objective is None or latency is None:
        return failed, 0.0
    return failed, latency / objective.latency_ms


def _blame(fleet: Fleet, broken: Load) -> Limit:
    """Say what was too little."""
    most = fleet.settings.max_capacity
    shown = broken.step.answered if broken.sign is Cause.FLAT else broken.step.offered
    if shown <= FULL_RATIO * broken.early * fleet.each:
        return Limit.INSTANCE
    if broken.early >= most or broken.asked > most * fleet.each:
        return Limit.MAX_CAPACITY
    if fleet.fixed is not None:
        return Limit.TEST
    is_short = broken.last < broken.asked / fleet.each * (1 - NEAR_RATIO)
    if broken.step.duration >= fleet.lag and is_short:
        return Limit.PACE
    return Limit.LEAD_TIME
