"""How do one instance's use and latency rise with its invocations?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.between import interpolate
from flyball.sizing.saturation import (
    Saturation,
    list_sound,
    measure_load,
)


class Use(NamedTuple):
    """A point of the curve of both.

    Attributes:
        used_ratio: Of a resource, 0–1.
        invocations: Per instance and minute.
        latency_ms: By quantile; empty where none was measured.
    """

    used_ratio: float
    invocations: float
    latency_ms: dict[float, float]


def draw_curve(
    benchmark: Benchmark, saturation: Saturation, resource: Resource
) -> tuple[tuple[float, float], ...]:
    """Lay a resource's use over invocations, up to saturation.

    Noise is taken out so that more invocations never use less: neighbours that do are averaged.

    Returns:
        Shape (n, 2): used_ratio, invocations per instance and minute; both never fall. It begins
        with nothing used at no invocations.

    Source: Best and Chakravarti, "Active set algorithms for isotonic regression" (1990): pooling
        adjacent violators gives the nearest curve that never falls.
    """
    steps = _below(benchmark, saturation)
    points = sorted(
        (step.answered, step.used_ratio[resource]) for step in steps if resource in step.used_ratio
    )
    points.append((saturation.invocations, saturation.used_ratio[resource]))
    pools: list[tuple[float, list[float]]] = []
    for invocations, used in points:
        mean, members = used, [invocations]
        while pools and pools[-1][0] > mean:
            before, others = pools.pop()
            mean = (before * len(others) + mean * len(members)) / (len(others) + len(members))
            members = others + members
        pools.append((mean, members))
    return ((0.0, 0.0), *((mean, each) for mean, members in pools for each in members))


def read_invocations(curve: Sequence[tuple[float, float]], used_ratio: float) -> float:
    """Read off how many invocations use so much; where several do, the fewest."""
    for (low, left), (high, right) in pairwise(curve):
        if used_ratio <= high:
            part = (used_ratio - low) / (high - low) if high > low else 0.0
            return left + part * (right - left)
    return curve[-1][1]


def tabulate(
    benchmark: Benchmark,
    saturation: Saturation,
    resource: Resource,
    ratios: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
) -> tuple[Use, ...]:
    """Give invocations and latency by use, as far as the load test went.

    Args:
        benchmark: Of one instance.
        saturation: Of the same.
        resource: Whose use.
        ratios: Of its use, 0–1, rising.

    Returns:
        Shape (n,): those of the ratios that were come to before saturation.
    """
    curve = draw_curve(benchmark, saturation, resource)
    steps = list_sound(benchmark)
    quantiles = sorted({each for step in steps for each in step.latency_ms})
    found = []
    for ratio in ratios:
        if curve[1][0] <= ratio <= curve[-1][0]:
            invocations = read_invocations(curve, ratio)
            known = {each: _latency(steps, each, invocations) for each in quantiles}
            found.append(Use(ratio, invocations, known))
    return tuple(found)


def _latency(steps: Sequence[Step], quantile: float, invocations: float) -> float:
    points = [
        (each.answered, each.latency_ms[quantile]) for each in steps if quantile in each.latency_ms
    ]
    return interpolate(sorted(points), invocations)


def _below(benchmark: Benchmark, saturation: Saturation) -> list[Step]:
    """Give the steps before saturation: after it, more load is no more invocations."""
    load = measure_load(benchmark.steps)
    return [
        step
        for step in list_sound(benchmark)
        if load(step) < saturation.load and step.answered < saturation.invocations
    ]
