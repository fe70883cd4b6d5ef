"""How does the past of one instance become a load test?

Periods in which one instance was in service are put together by how much was asked in them: what a
load test holds for minutes, traffic holds now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flyball.busy import Load
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.percent import convert_percent

STEPS = 20
FEWEST = 3
"""Periods of a step: what one of them saw is chance."""
NEAR = 0.02
"""The count of instances is a quotient of sums; so far from 1 it is still one."""
MINUTE = timedelta(minutes=1)
MEANS = "a step's percentiles are means of its periods', by requests"


def bin_loads(
    loads: Sequence[Load], machine: Machine, source: str = "", steps: int = STEPS
) -> Benchmark:
    """Put periods of one instance together to steps of load.

    A step's percentile is the mean of its periods' percentiles, by requests: the percentile of all
    of them together is not to be had.

    Args:
        loads: Of an endpoint's variant, in any order.
        machine: Its instance type.
        source: Where they are from, for messages.
        steps: No more than so many, of equal width from no load to the most; neighbours that hold
            few periods are one.

    Raises:
        BenchmarkError: In too few periods one instance was in service, or it was busier than it
            can be.
    """
    alone = [each for each in loads if _is_one(each)]
    if len(alone) < FEWEST:
        raise BenchmarkError(
            f"{source or 'the past'}: one instance was alone in service in {len(alone)} of "
            f"{len(loads)} periods with requests; choose a window with at least {FEWEST} of them, "
            "or load test one instance"
        )
    most = max(map(_rate, alone))
    shelves: list[list[Load]] = [[] for _ in range(steps)]
    for each in alone:
        shelves[min(steps - 1, int(steps * _rate(each) / most))].append(each)
    made = tuple(_make_step(shelf, machine) for shelf in _join_few(shelves))
    return Benchmark(made, machine, source, (*_tell_left(len(loads) - len(alone)), MEANS))


def _tell_left(count: int) -> tuple[str, ...]:
    return (f"{count} periods are left out: not just one instance was in service",) * (count > 0)


def _is_one(load: Load) -> bool:
    known = load.requests > 0 and load.instances is not None
    return known and abs((load.instances or 0.0) - 1.0) <= NEAR


def _rate(load: Load) -> float:
    """Give requests a minute."""
    return load.requests / (load.period / MINUTE)


def _join_few(shelves: Sequence[Sequence[Load]]) -> list[list[Load]]:
    """Join neighbours from the most load downwards until each has enough."""
    joined: list[list[Load]] = [[]]
    for shelf in reversed(shelves):
        if len(joined[-1]) >= FEWEST:
            joined.append([])
        joined[-1].extend(shelf)
    if len(joined[-1]) < FEWEST:  # the first has enough: all of them have
        rest = joined.pop()
        joined[-1].extend(rest)
    return joined


def _make_step(shelf: Sequence[Load], machine: Machine) -> Step:
    length = sum((each.period for each in shelf), timedelta(0))
    minutes = length / MINUTE
    offered = sum(each.requests for each in shelf) / minutes
    failed = sum(min(each.failed, each.requests) for each in shelf) / minutes
    late = {}
    for quantile in sorted({name for each in shelf for name in each.latency_ms}):
        told = [
            (each.latency_ms[quantile], each.requests)
            for each in shelf
            if quantile in each.latency_ms
        ]
        late[quantile] = _average(told)
    used = {}
    for resource in Resource:
        seen = [
            (each.used_percent[resource.value], each.period / MINUTE)
            for each in shelf
            if resource.value in each.used_percent
        ]
        if seen:
            used[resource] = convert_percent(resource, _average(seen), machine)
    return Step(
        answered=max(0.0, offered - failed),
        offered=offered,
        duration=length,
        latency_ms=late,
        used_ratio=used,
    )


def _average(pairs: Sequence[tuple[float, float]]) -> float:
    """Average values by their weights."""
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)
