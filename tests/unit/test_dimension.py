"""Is the unit of an expression that of its lines, wherever that is known?"""

from __future__ import annotations

import pytest

from flyball.core.target import Unit
from flyball.dimension import MixedError, find_unit
from flyball.metricmath import read_expression

UNITS = {"gpu": Unit.RATIO, "cpu": Unit.RATIO, "disk": Unit.PERCENT}

KNOWN = {
    "gpu": Unit.RATIO,
    "disk": Unit.PERCENT,
    "calls": None,
    "-gpu": Unit.RATIO,
    "MAX([gpu, cpu])": Unit.RATIO,
    "AVG([gpu, cpu, calls])": None,
    "MIN([gpu, 1])": Unit.RATIO,
    "MIN([1, 2])": None,
    "gpu + 0": Unit.RATIO,
    "gpu - cpu": Unit.RATIO,
    "FILL(gpu, 0)": Unit.RATIO,
    "CEIL(disk)": Unit.PERCENT,
    "gpu * 100": Unit.PERCENT,
    "100 * gpu": Unit.PERCENT,
    "disk / 100": Unit.RATIO,
    "gpu / 100": None,
    "disk * 100": None,
    "gpu * 1": Unit.RATIO,
    "gpu / 2": None,
    "gpu * cpu": None,
    "calls / gpu": None,
    "100 / gpu": None,
    "MAX([gpu * 100, disk])": Unit.PERCENT,
    "IF(gpu > 0.5, gpu, cpu)": Unit.RATIO,
    "IF(calls > 5, gpu, 0)": Unit.RATIO,
    "PERIOD(gpu)": None,
}


@pytest.mark.parametrize(("text", "unit"), KNOWN.items(), ids=KNOWN)
def test_a_unit_is_known_as_far_as_arithmetic_keeps_it(text: str, unit: Unit | None) -> None:
    """By 100 it becomes the other one; what else is computed has none that is known."""
    assert find_unit(read_expression(text), UNITS) is unit


@pytest.mark.parametrize(
    "text",
    [
        "MAX([gpu, disk])",
        "gpu + disk",
        "IF(gpu > disk, gpu, cpu)",
        "IF(calls > 1, gpu, disk)",
        "calls * (gpu - disk)",
        "MAX([gpu * 100, cpu])",
    ],
)
def test_a_ratio_beside_a_percentage_is_a_mistake(text: str) -> None:
    """The one is lost in the other: 0.95 beside 60."""
    with pytest.raises(MixedError, match="mixes a ratio, 0-1, and percent, 0-100"):
        find_unit(read_expression(text), UNITS)
