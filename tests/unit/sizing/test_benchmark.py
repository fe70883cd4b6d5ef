"""Does a load test hold what a load test can hold, and nothing else?"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Resource, Step

STEP = Step(answered=99.0, offered=100.0, latency_ms={0.95: 12.0}, used_ratio={Resource.CPU: 0.5})


def test_who_was_not_answered_failed() -> None:
    """Of those who asked; where nobody asked nobody failed."""
    assert STEP.failed_ratio == pytest.approx(0.01)
    assert Step(0.0, 0.0).failed_ratio == 0.0


def test_steps_go_from_little_to_much() -> None:
    """However they were written down."""
    more = replace(STEP, offered=300.0)
    assert Benchmark((more, STEP)).steps == (STEP, more)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answered", -1.0),
        ("answered", 100.1),
        ("offered", math.nan),
        ("offered", math.inf),
        ("offered", 1e16),
        ("latency_ms", {0.5: 1e300}),
        ("users", -1.0),
        ("duration", timedelta(0)),
        ("latency_ms", {1.5: 3.0}),
        ("latency_ms", {0.5: -3.0}),
        ("used_ratio", {Resource.CPU: 1.01}),
        ("instances", -1.0),
        ("instances", 0.0),
    ],
)
def test_what_no_load_test_finds_is_refused(field: str, value: Any) -> None:
    """The field is named."""
    with pytest.raises(BenchmarkError, match=field):
        replace(STEP, **{field: value})


def test_a_load_test_without_a_step_is_refused() -> None:
    """It says whose it is."""
    with pytest.raises(BenchmarkError, match=r"users\.csv: it has no step"):
        Benchmark((), source="users.csv")
