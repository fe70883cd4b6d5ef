"""Does profile `hpa` do what the Horizontal Pod Autoscaler does, to the letter?

Expected numbers are worked out by hand; test_hpa_oracle.py holds the same rules to a formula.
"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.core.model import (
    Change,
    Datapoint,
    History,
    Missing,
    MissingCause,
    Reason,
)
from flyball.core.policy import MissingRules
from flyball.core.target import (
    Metric,
    Per,
    Profile,
    ScalableTarget,
    Unit,
)
from tests.unit.core.cases import NO_DATA, NOON, at, expect, scale, see, tracking

CPU = Metric("a", unit=Unit.PERCENT)
PODS = Metric("a")


def hpa(*policies: Any, metric: Metric = PODS, **fields: Any) -> ScalableTarget:
    """Make a target of profile hpa with the tolerance of 0.1 that it has by default."""
    return scale(*policies, metrics=(metric,), profile=Profile.HPA, **fields)


def ten_percent(name: str = "A", target_value: float = 100.0) -> Any:
    """Make a tracking policy with HPA's tolerance."""
    return tracking(name, target_value, high_ratio=1.1, low_ratio=0.9)


def pods(value: float, ready: int, reporting: int | None = None) -> tuple[Datapoint, ...]:
    """Make a mean over the reporting pods."""
    return (Datapoint(NOON, value, ready, reporting),)


# --- the ratio ----------------------------------------------------------------

RATIO = (
    # (value of 100, current, ready, desired)
    (110, 10, 10, 10),  # 1.1 is inside
    (110.01, 10, 10, 12),  # ceil(11.001)
    (90, 10, 10, 10),  # 0.9 is inside
    (89.99, 10, 10, 9),  # ceil(8.999)
    (100, 10, 10, 10),
    (200, 10, 10, 20),
    (50, 10, 10, 5),
    (150, 3, 3, 5),  # ceil(4.5)
    (0, 10, 10, 0),
    (200, 10, 6, 12),  # only the ready pods are counted
    (150, 10, 4, 10),  # 6 would turn a scale-out into a scale-in
    (50, 10, 4, 2),
    (120, 1, 1, 2),
)


@pytest.mark.parametrize(("value", "current", "ready", "desired"), RATIO)
def test_desired_is_the_ceiling_of_ratio_times_ready_outside_the_tolerance(
    value: float, current: int, ready: int, desired: int
) -> None:
    """Both edges of the tolerance belong to it."""
    expect(
        hpa(ten_percent()), see(current, {"a": pods(value, ready)}, ready=ready), desired=desired
    )


@pytest.mark.parametrize("target_value", [0.3, 0.7, 7, 33, 70, 75, 300, 1e-3])
def test_the_edges_of_the_tolerance_do_not_depend_on_the_last_bit(target_value: float) -> None:
    """1.1 and 0.9 of any target value keep; a hundredth of a percent more does not."""
    target = hpa(ten_percent("A", target_value))
    for ratio, desired in ((1.1, 1000), (0.9, 1000), (1.1001, 1101), (0.8999, 900)):
        seen = {"a": pods(target_value * ratio, 1000)}
        expect(hpa(*target.policies, high=5000), see(1000, seen), desired=desired)


CPU_RATIO = (
    # (percent of the request, target, current, desired): floored to whole percent first
    (77.9, 70, 10, 10),  # floor is 77 = 1.1 × 70
    (78, 70, 10, 12),  # 78 / 70 × 10 = 11.14
    (63, 70, 10, 10),
    (62.999, 70, 10, 9),  # floor is 62: ceil(8.86)
    (67.7, 75, 10, 9),  # floor is 67 and under 67.5, though 67.7 is not
    (82.9, 75, 10, 10),  # floor is 82 and not over 82.5, though 82.9 is
    (199.99, 50, 4, 16),  # ceil(4 × 199 / 50) = ceil(15.92)
    (100.5, 50, 4, 8),  # ceil(4 × 100 / 50) = 8, and 9 without the floor
    (0.9, 50, 4, 0),  # floor is 0
)


@pytest.mark.parametrize(("value", "target_value", "current", "desired"), CPU_RATIO)
def test_a_percentage_of_the_request_is_floored_before_the_ratio(
    value: float, target_value: float, current: int, desired: int
) -> None:
    """Utilization is a whole percent to HPA, in the tolerance and in the result."""
    target = hpa(ten_percent("A", target_value), metric=CPU)
    expect(target, see(current, {"a": pods(value, current)}), desired=desired)


def test_a_ratio_is_a_percentage_of_the_request_too() -> None:
    """0.677 of a target of 75 is floor(67.7) = 67."""
    metric = Metric("a", unit=Unit.RATIO)
    target = hpa(ten_percent("A", 75.0), metric=metric)
    expect(target, see(10, {"a": pods(0.677, 10)}), desired=9)
    expect(target, see(10, {"a": pods(0.829, 10)}), desired=10)
    expect(target, see(10, {"a": pods(0.57 + 0.18, 10)}), desired=10)


FROM_ZERO = ((0, 0), (1, 1), (95, 1), (100, 1), (100.5, 2), (105, 2), (250, 3))


@pytest.mark.parametrize(("value", "desired"), FROM_ZERO)
@pytest.mark.parametrize("per", [Per.TOTAL, Per.INSTANCE])
def test_from_zero_desired_is_the_ceiling_of_the_ratio(
    value: float, desired: int, per: Per
) -> None:
    """Neither ready pods nor the tolerance count at zero."""
    target = hpa(ten_percent(), metric=Metric("a", per=per))
    expect(target, see(0, {"a": value}), desired=desired)


TOTALS = (
    # (total, current, desired) with a target of 100 a pod
    (1100, 10, 10),
    (1101, 10, 12),
    (900, 10, 10),
    (899, 10, 9),
    (0, 10, 0),
    (2550, 10, 26),
)


@pytest.mark.parametrize(("value", "current", "desired"), TOTALS)
def test_an_external_total_is_divided_by_its_target_for_one_pod(
    value: float, current: int, desired: int
) -> None:
    """AverageValue: the tolerance is over all pods, the result ceil(total ÷ target)."""
    target = hpa(ten_percent(), metric=Metric("a", per=Per.TOTAL))
    expect(target, see(current, {"a": value}), desired=desired)
    counted = {"a": (Datapoint(NOON, float(value), current, current // 2),)}
    held = max(desired, current)  # no pod reports a total; one that some add up to is no less
    expect(target, see(current, counted), desired=held)


# --- pods without metrics -----------------------------------------------------

ABSENT = (
    # (unit, target, mean of those that report, reporting, ready = current, desired)
    # scaling out: the absent use nothing
    (Unit.PERCENT, 50, 100, 8, 10, 16),  # 800 / 10 = 80
    (Unit.PERCENT, 50, 100, 6, 10, 12),  # 60
    (Unit.PERCENT, 50, 100, 5, 10, 10),  # 50: the ratio is 1
    (Unit.PERCENT, 50, 60, 9, 10, 10),  # 54: inside the tolerance
    (Unit.PERCENT, 50, 100, 4, 10, 10),  # 40 would turn it
    (Unit.PERCENT, 50, 100, 1, 10, 10),
    (Unit.PERCENT, 50, 77, 9, 10, 14),  # 69.3, floored again: 69 / 50 × 10 = 13.8
    (Unit.PERCENT, 33, 77, 3, 4, 7),  # 57.75, floored again: 57 / 33 × 4 = 6.9
    (Unit.PERCENT, 30, 81, 3, 4, 8),  # 60.75, floored again: exactly 8, and 9 without
    (Unit.NUMBER, 50, 100, 8, 10, 16),
    (Unit.NUMBER, 50, 100, 4, 10, 10),
    (Unit.NUMBER, 30, 81, 3, 4, 9),  # 60.75 / 30 × 4 = 8.1: floored only as a percentage
    # scaling in: the absent use all of their request, or the target where that is more
    (Unit.PERCENT, 80, 20, 9, 10, 4),  # (180 + 100) / 10 = 28
    (Unit.PERCENT, 80, 20, 5, 10, 8),  # 60
    (Unit.PERCENT, 80, 20, 3, 10, 10),  # 76: inside the tolerance
    (Unit.PERCENT, 80, 20, 2, 10, 10),  # 84 would turn it
    (Unit.PERCENT, 80, 21, 7, 10, 6),  # 44.7, floored again: 44 / 80 × 10 = 5.5
    (Unit.PERCENT, 200, 100, 5, 10, 8),  # the target is more than all: (500 + 1000) / 10 = 150
    (Unit.NUMBER, 80, 20, 5, 10, 7),  # (100 + 400) / 10 = 50: no request, so the target
    (Unit.NUMBER, 80, 20, 1, 10, 10),  # 74: inside the tolerance
    (Unit.RATIO, 80, 0.2, 5, 10, 8),
    (Unit.RATIO, 80, 0.2, 2, 10, 10),
    # at the target nobody is filled in
    (Unit.PERCENT, 50, 50, 1, 10, 10),
)


@pytest.mark.parametrize(("unit", "target_value", "mean", "reporting", "ready", "desired"), ABSENT)
def test_pods_without_metrics_count_against_the_direction(
    unit: Unit, target_value: float, mean: float, reporting: int, ready: int, desired: int
) -> None:
    """As 0 when scaling out, as 100 % when scaling in; what that turns around is kept."""
    target = hpa(ten_percent("A", target_value), metric=Metric("a", unit=unit))
    expect(target, see(ready, {"a": pods(mean, ready, reporting)}), desired=desired)


def test_a_direction_that_the_absent_turn_is_kept_and_said() -> None:
    """So that nobody asks why 100 % of 50 % does nothing."""
    target = hpa(ten_percent("A", 50.0), metric=CPU)
    expect(
        target,
        see(10, {"a": pods(100, 10, 4)}),
        desired=10,
        reason=Reason.FLIPPED_BY_MISSING_INSTANCES,
    )


def test_other_profiles_do_not_fill_in() -> None:
    """It is HPA's rule; everybody else holds a scale-in, see test_silent.py."""
    target = scale(ten_percent("A", 50.0), metrics=(CPU,))
    expect(target, see(10, {"a": pods(100, 10, 4)}), desired=20)
    expect(target, see(10, {"a": pods(25.5, 10, 4)}), desired=10)


# --- several metrics ----------------------------------------------------------

SEVERAL = (
    # (a of 100, b of 100, desired from 10)
    (150, 200, 20),
    (200, 150, 20),
    (150, 100, 15),
    (150, 50, 15),
    (100, 50, 10),
    (50, 70, 7),
    (105, 50, 10),  # inside the tolerance asks for 10
    (200, NO_DATA, 20),  # a failed metric does not stop a scale-out
    (50, NO_DATA, 10),  # but any scale-in
    (100, NO_DATA, 10),
    (NO_DATA, NO_DATA, 10),
    (50, Missing(MissingCause.SOURCE_FAILED), 10),
)


@pytest.mark.parametrize(("a", "b", "desired"), SEVERAL)
def test_of_several_metrics_the_largest_wins_and_a_failed_one_blocks_scale_in(
    a: float, b: float | Missing, desired: int
) -> None:
    """Source: Kubernetes, "Scaling on multiple metrics"."""
    target = scale(ten_percent("A"), ten_percent("B"), profile=Profile.HPA)
    expect(target, see(10, {"a": a, "b": b}), desired=desired)


def test_scale_in_need_not_wait_for_pods_that_are_starting() -> None:
    """HPA leaves pods that are not ready out of the count instead."""
    flying = History(changes=(Change(at(-30), 4, 10, ("A",)),))
    expect(hpa(ten_percent()), see(10, {"a": pods(50, 4)}, ready=4), flying, desired=2)


def test_a_policy_may_say_that_its_metric_does_not_block() -> None:
    """With `ignore` it abstains: one bad metric need not block scale-in for ever."""
    relaxed = tracking("B", missing=MissingRules(scale_in=MissingRules().scale_out))
    target = scale(ten_percent("A"), relaxed, profile=Profile.HPA)
    expect(target, see(10, {"a": 50, "b": NO_DATA}), desired=5)
