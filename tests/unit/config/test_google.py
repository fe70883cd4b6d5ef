"""AI Platform's autoScaling block is taken over in place of bounds, metrics and policies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.policy import DatapointsRule, TrackingPolicy
from flyball.core.target import CapacityKind, Metric, Unit
from tests.unit.config.asking import problems_of, target_of

BARE = """\
version: 1
scalable_targets:
  - id: vision
    home: gcp
    resource: {project: p, model: vision, version: v3}
"""


def test_the_block_is_taken_over() -> None:
    """Its target is percent of a metric that is a ratio: 0.71 against 60 is 71 against 60."""
    made = target_of(
        "autoScaling: {minNodes: 2, maxNodes: 6, metrics: [{name: GPU_DUTY_CYCLE, target: 50}, "
        "{name: CPU_USAGE}]}",
        BARE,
    )
    assert (made.min_capacity, made.max_capacity) == (2, 6)
    assert made.capacity_kind is CapacityKind.RANGE
    prefix = "ml.googleapis.com/prediction/online/"
    ten = timedelta(minutes=10)
    assert made.metrics == (
        Metric(
            "gpu_duty_cycle",
            unit=Unit.RATIO,
            max_age=ten,
            source={"metric": f"{prefix}accelerator/duty_cycle"},
        ),
        Metric(
            "cpu_usage", unit=Unit.RATIO, max_age=ten, source={"metric": f"{prefix}cpu/utilization"}
        ),
    )
    rules = {"out_datapoints": DatapointsRule(2, 3), "in_datapoints": DatapointsRule(5, 5)}
    assert made.policies == (
        TrackingPolicy("gpu_duty_cycle", "gpu_duty_cycle", 50, **rules),  # type: ignore[arg-type]
        TrackingPolicy("cpu_usage", "cpu_usage", 60, **rules),  # type: ignore[arg-type]
    )


def test_what_the_block_leaves_out_is_ours_or_googles() -> None:
    """One node at least; the maximum may be ours."""
    made = target_of("autoScaling: {}\nmax_capacity: 4", BARE)
    assert (made.min_capacity, made.max_capacity) == (1, 4)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "autoScaling: {maxNodes: 3}\nmax_capacity: 4",
            ["max_capacity: given twice: also by autoScaling.maxNodes; keep one of the two"],
        ),
        (
            "autoScaling: {minNodes: 4, maxNodes: 3}",
            ["autoScaling.minNodes: got 4, expected at most max_capacity (3)"],
        ),
        (
            "autoScaling: {minNodes: 0, maxNodes: 3, metrics: [{name: GPU_DUTY_CYCLE}]}",
            [
                (
                    "autoScaling.minNodes: got 0, expected 1 or more: a machine type with "
                    "a GPU keeps "
                    "a node"
                )
            ],
        ),
        (
            "autoScaling: {maxNodes: 3, metrics: [{name: CPU_USAGE}, {name: CPU_USAGE}]}",
            ["autoScaling.metrics[1].name: CPU_USAGE is there already; remove one of the two"],
        ),
        (
            (
                "autoScaling: {maxNodes: 3, metrics: [{name: CPU_USAGE}]}\n"
                "metrics: [{name: x, source: {metric: custom.googleapis.com/x, statistic: mean}}]\n"
                "policies: [{name: cpu_usage, kind: target_tracking, metric: x, target_value: 1}]"
            ),
            [
                (
                    "autoScaling.metrics[0]: another policy has this name already; first "
                    "on line 8: "
                    "name this one differently"
                )
            ],
        ),
        (
            "autoScaling: {minNode: 0}",
            [
                "autoScaling.minNode: unknown key; did you mean minNodes?",
            ],
        ),
    ],
)
def test_what_does_not_fit_is_named(lines: str, expected: list[str]) -> None:
    """At the block's own keys."""
    assert sorted(problems_of(lines, BARE)) == sorted(expected)
