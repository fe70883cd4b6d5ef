"""Are use and latency laid over invocations as they were measured?"""

from __future__ import annotations

import pytest

from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.curve import draw_curve, read_invocations, tabulate
from flyball.sizing.saturation import find_saturation

CPU = Resource.CPU
LATENCY = (20.0, 22.0, 25.0, 35.0, 60.0, 90.0, 120.0)


def measure_use(*points: tuple[float, float]) -> Benchmark:
    """Make a load test of users, one more in each step: what they are answered, and its use."""
    return Benchmark(
        tuple(
            Step(each, each, index + 1.0, latency_ms={0.95: LATENCY[index]}, used_ratio={CPU: used})
            for index, (each, used) in enumerate(points)
        )
    )


PUBLISHED = measure_use(
    *((min(each, 10) * 1_000.0, min(each, 10) / 10) for each in range(2, 15, 2))
)
"""10,000 a minute with both cores in full use, which no more users raise."""


def test_noise_of_the_curve_is_averaged_out() -> None:
    """More invocations never use less, and of those that use the same the fewest are read off."""
    benchmark = measure_use((100, 0.2), (200, 0.5), (300, 0.3), (400, 0.8))
    curve = draw_curve(benchmark, find_saturation(benchmark), CPU)
    assert list(curve) == [(0.0, 0.0), (0.2, 100), (0.4, 200), (0.4, 300), (0.8, 400)]
    places = (0.0, 0.1, 0.4, 0.6, 0.9)
    assert [read_invocations(curve, each) for each in places] == [0, 50, 200, 350, 400]


def test_what_uses_nothing_is_read_as_nothing() -> None:
    """A curve that begins level at zero has no invocations there."""
    assert read_invocations(((0.0, 0.0), (0.0, 100.0), (0.5, 200.0)), 0.0) == 0.0


def test_a_table_has_invocations_and_latency_by_use() -> None:
    """As far as the load test went, from the least load to saturation."""
    found = tabulate(PUBLISHED, find_saturation(PUBLISHED), CPU, (0.1, 0.2, 0.5, 1.0))
    assert [(each.used_ratio, round(each.invocations)) for each in found] == [
        (0.2, 2_000),
        (0.5, 5_000),
        (1.0, 10_000),
    ]
    assert [each.latency_ms[0.95] for each in found] == pytest.approx([20.0, 23.5, 60.0])


def test_a_table_goes_in_tenths() -> None:
    """Unless others are asked for."""
    found = tabulate(PUBLISHED, find_saturation(PUBLISHED), CPU)
    assert [round(each.invocations) for each in found] == [1_000 * tenth for tenth in range(2, 11)]
