"""Is it said where a config takes an instance for another than it is in a backtest?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.sim.believed import tell_beliefs
from flyball.sim.meaning import find_meanings
from tests.unit.sim.courses import make_target

STEP = (
    "[{name: s, kind: step, metric: calls, threshold: 9000, comparison: '>=', "
    "steps: [{from: 0, add: 1}]}]"
)


@dataclass(frozen=True)
class Case:
    """A target's policies, and the beginning of what is said where an instance serves 500."""

    name: str
    policies: str
    said: tuple[str, ...] = ()


def track(value: float) -> str:
    """Write a policy that tracks calls."""
    return f"[{{name: keep, kind: target_tracking, metric: calls, target_value: {value}}}]"


CASES = [
    Case("less than full", track(350)),
    Case("full", track(500)),
    Case("more than full", track(700), ("keep: target_value 700 is more than a full one shows",)),
    Case("a step's threshold is no target", STEP),
    Case(
        "a forecast's target is per instance too",
        "[{name: keep, kind: target_tracking, metric: calls, target_value: 350},"
        " {name: ahead, kind: predictive, metric: calls, target_value: 600, quantile: 90%}]",
        ("ahead: target_value 600",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_target_that_is_never_reached_is_told(case: Case) -> None:
    """With what an instance serves, and the remedy."""
    target = make_target(case.policies)
    told = tell_beliefs(target, 500.0, find_meanings(target))
    assert len(told) == len(case.said)
    for said, begin in zip(told, case.said, strict=True):
        assert said.startswith(begin)
        assert said.endswith("an instance serves 500 a minute here; set --capacity")


@pytest.mark.parametrize(("capacity", "is_told"), [(500, False), (520, False), (900, True)])
def test_an_adaptive_policy_that_takes_it_for_another_is_told(
    capacity: float, is_told: bool
) -> None:
    """Larger or smaller by a tenth."""
    policy = (
        "[{name: budget, kind: adaptive, metric: calls, "
        f"capacity_per_instance: {capacity}, late_budget: 1%}}]"
    )
    target = make_target(policy)
    told = tell_beliefs(target, 500.0, find_meanings(target))
    assert bool(told) == is_told
    assert all("capacity_per_instance is 900" in each for each in told)


def test_a_latency_has_no_end_that_is_full() -> None:
    """It grows past every target."""
    target = make_target(track(700))
    assert tell_beliefs(target, 500.0, find_meanings(target, {"calls": "latency:80"})) == []
