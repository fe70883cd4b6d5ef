"""Does the past of one instance become the steps that a load test would have held?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.busy import Load
from flyball.sizing.benchmark import BenchmarkError, Machine, Resource
from flyball.sizing.binned import bin_loads

TWO = Machine("ml.c5.large", cores=2)
MINUTE = timedelta(minutes=1)
T0 = datetime(2026, 11, 21, tzinfo=UTC)


def load(requests: float, **fields: Any) -> Load:
    """Make a minute of one instance, whose CPU takes 1 % of a core for 10 requests."""
    made = Load(T0, MINUTE, requests, 0.0, 1.0, {0.95: requests / 100}, {"cpu": requests / 10})
    return made._replace(**fields)


def test_periods_of_like_load_are_a_step() -> None:
    """With the means of what was asked, and of how busy it was."""
    loads = [load(each) for each in (100, 110, 120, 1_000, 990, 980)]
    found = bin_loads(loads, TWO, "churn")
    assert [step.offered for step in found.steps] == pytest.approx([110, 990])
    assert [step.used_ratio[Resource.CPU] for step in found.steps] == pytest.approx([0.055, 0.495])
    assert [step.duration for step in found.steps] == [3 * MINUTE, 3 * MINUTE]
    assert found.machine == TWO
    assert found.source == "churn"
    assert len(found.notes) == 1


def test_a_percentile_is_weighed_by_requests() -> None:
    """Where it is known."""
    loads = [load(100, latency_ms={0.5: 10}), load(100), load(200, latency_ms={0.5: 40})]
    step = bin_loads(loads, TWO).steps[0]
    assert step.latency_ms == {0.5: pytest.approx(30), 0.95: pytest.approx(1.0)}


def test_who_failed_was_not_answered() -> None:
    """And no more of them than came."""
    step = bin_loads([load(10, failed=5), load(10, failed=20), load(10)], TWO).steps[0]
    assert step.offered == pytest.approx(10)
    assert step.answered == pytest.approx(5)


def test_periods_of_several_instances_are_left_out() -> None:
    """Also those in which one more came or went, and those of which nobody knows."""
    others = [load(5_000, instances=each) for each in (2.0, 1.4, 0.0, None)]
    loads = [*others, load(0.0), load(10), load(10, instances=1.01), load(10, instances=0.99)]
    found = bin_loads(loads, TWO)
    assert [step.offered for step in found.steps] == pytest.approx([10])
    assert found.notes == (
        "5 periods are left out: not just one instance was in service",
        "a step's percentiles are means of its periods', by requests",
    )
    with pytest.raises(BenchmarkError, match="churn: one instance was alone.* 2 of 6 periods"):
        bin_loads([*others, load(10), load(10)], TWO, "churn")
    with pytest.raises(BenchmarkError, match="the past: .* 0 of 0 .*load test one"):
        bin_loads([], TWO)


def test_few_periods_are_joined_with_their_neighbours() -> None:
    """From the most load downwards, so that each step rests on three at least."""
    loads = [load(each) for each in (10, 100, 200, 300, 400, 500, 600, 700)]
    steps = bin_loads(loads, TWO).steps
    assert [step.duration // MINUTE for step in steps] == [5, 3]
    assert [step.offered for step in steps] == pytest.approx([202, 600])


def test_a_step_of_its_own_is_kept_also_at_the_least_load() -> None:
    """Where all have enough nothing is joined."""
    loads = [load(each) for each in (1, 1, 1, 500, 500, 500)]
    assert [step.offered for step in bin_loads(loads, TWO, steps=2).steps] == pytest.approx(
        [1, 500]
    )


def test_periods_of_any_length_are_counted_by_the_minute() -> None:
    """CloudWatch keeps five minutes for longer than one."""
    steps = bin_loads([load(500, period=5 * MINUTE, used_percent={})] * 3, TWO).steps
    assert steps[0].offered == pytest.approx(100)
    assert steps[0].used_ratio == {}
    assert steps[0].duration == 15 * MINUTE


def test_a_wrong_machine_is_told() -> None:
    """Two cores are never used by 390 %."""
    with pytest.raises(BenchmarkError, match="390 %"):
        bin_loads([load(3_900)] * 3, TWO)
