"""Does step scaling in profile `aws` do what Application Auto Scaling documents?"""

from __future__ import annotations

import math

import pytest

from flyball.core.model import (
    Action,
    Reason,
)
from flyball.core.policy import Aggregation, Comparison
from flyball.core.target import Metric, Profile, Unit
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Case,
    check,
    exact,
    expect,
    name,
    of,
    percent,
    recommended,
    scale,
    see,
    series,
    stepping,
)

ROUNDING = (
    # percent, current and the change that comes of them
    (127, 10, 12),  # 12.7 → 12
    (10, 127, 12),  # 12.7 → 12
    (10, 199, 19),  # 19.9 → 19
    (10, 11, 1),  # 1.1 → 1
    (10, 10, 1),  # exactly 1
    (10, 9, 1),  # 0.9 → 1
    (10, 5, 1),  # 0.5 → 1
    (1, 1, 1),  # 0.01 → 1
    (0, 5, 0),  # exactly 0
    (-1, 1, -1),  # −0.01 → −1
    (-10, 5, -1),  # −0.5 → −1
    (-10, 9, -1),  # −0.9 → −1
    (-10, 10, -1),  # exactly −1
    (-10, 11, -1),  # −1.1 → −1
    (-10, 19, -1),  # −1.9 → −1
    (-20, 10, -2),  # exactly −2
    (-67, 10, -6),  # −6.7 → −6
    (-29, 23, -6),  # −6.67 → −6
    (29, 100, 29),  # 100 × 0.29 is 28.999… in floats
    (57, 100, 57),  # likewise
    (-29, 100, -29),
    (7, 300, 21),  # 300 × 0.07 is 21.000…3 in floats
    (200, 10, 20),
    (-100, 7, -7),
    (-150, 7, -7),  # never below zero
    (100, 1, 1),
)


@pytest.mark.parametrize(("change", "current", "expected"), ROUNDING)
def test_a_percent_is_rounded_toward_zero_but_to_at_least_one(
    change: int, current: int, expected: int
) -> None:
    """Above 1 down, between 0 and 1 to 1, between 0 and −1 to −1, below −1 toward zero."""
    policy = percent("S", 50, (0, None, change))
    expect(scale(policy, high=1000), see(current, {"s": 50}), desired=current + expected)


MAGNITUDE = (
    # percent, magnitude, current and what must be desired
    (25, 2, 4, 6),  # AWS's own example
    (25, 2, 8, 10),  # exactly the magnitude
    (25, 2, 12, 15),  # more than it
    (25, 1, 4, 5),
    (25, 0, 4, 5),
    (-25, 2, 4, 2),
    (-25, 2, 8, 6),
    (-25, 2, 12, 9),
    (-10, 3, 2, 0),  # never below zero
    (10, 3, 1, 4),
    (50, 2, 0, 2),  # the one way for a percent to leave zero
    (-50, 2, 0, 0),
    (0, 2, 4, 4),  # a step of zero is a step of zero
)


@pytest.mark.parametrize(("change", "magnitude", "current", "desired"), MAGNITUDE)
def test_a_percent_changes_by_its_minimum_magnitude_at_least(
    change: int, magnitude: int, current: int, desired: int
) -> None:
    """In both directions, and from zero."""
    policy = percent("S", 50, (0, None, change), min_adjustment_magnitude=magnitude)
    expect(scale(policy), see(current, {"s": 50}), desired=desired)


def test_the_minimum_magnitude_is_still_bounded() -> None:
    """A scaling adjustment never leaves the bounds."""
    policy = percent("S", 50, (0, None, 25), min_adjustment_magnitude=5)
    expect(scale(policy, high=6), see(4, {"s": 50}), desired=6, reason=Reason.ABOVE_MAX)


def test_zero_cannot_be_left_by_percent_and_the_decision_says_so() -> None:
    """Half of nothing is nothing."""
    policy = percent("S", 50, (0, None, 50))
    expect(
        scale(policy),
        see(0, {"s": 60}),
        desired=0,
        action=Action.HOLD,
        reason=Reason.CANNOT_LEAVE_ZERO_BY_PERCENT,
    )


def test_a_percent_that_removes_from_zero_is_no_such_complaint() -> None:
    """Nothing to remove is a step of zero."""
    policy = percent("S", 50, (0, None, -50))
    expect(scale(policy), see(0, {"s": 60}), desired=0, reason=Reason.STEP_IS_ZERO)


LADDER = stepping(
    "S", 50, (None, -20, -5), (-20, -10, -2), (-10, 0, -1), (0, 10, 1), (10, 20, 2), (20, None, 5)
)
EDGES = (
    (50, 1),  # at the threshold: above it, lower bound inclusive
    (59.999, 1),
    (60, 2),
    (69.999, 2),
    (70, 5),
    (1e9, 5),
    (49.999, -1),
    (40.001, -1),  # −9.999 lies in (−10, 0]
    (40, -2),  # below the threshold: upper bound inclusive
    (30.001, -2),
    (30, -5),
    (0, -5),
)


@pytest.mark.parametrize(("value", "change"), EDGES)
def test_bounds_are_inclusive_away_from_the_other_side_of_the_threshold(
    value: float, change: int
) -> None:
    """Above the threshold [lower, upper), below it (lower, upper]."""
    expect(scale(LADDER), see(10, {"s": value}), desired=10 + change)


COMPARISONS = (
    # (comparison, value, change) with steps on both sides of the threshold
    (Comparison.GREATER, 50, 0),
    (Comparison.GREATER, 50.001, 1),
    (Comparison.GREATER, 40, 0),
    (Comparison.GREATER_OR_EQUAL, 50, 1),
    (Comparison.GREATER_OR_EQUAL, 49.999, 0),
    (Comparison.LESS, 50, 0),
    (Comparison.LESS, 49.999, -1),
    (Comparison.LESS, 60, 0),
    (Comparison.LESS_OR_EQUAL, 50, -1),
    (Comparison.LESS_OR_EQUAL, 50.001, 0),
)


@pytest.mark.parametrize(("comparison", "value", "change"), COMPARISONS)
def test_the_alarms_comparison_says_which_side_breaches(
    comparison: Comparison, value: float, change: int
) -> None:
    """At the threshold itself the comparison decides whether, and on which side."""
    policy = stepping("S", 50, (None, 0, -1), (0, None, 1), comparison=comparison)
    expect(scale(policy), see(10, {"s": value}), desired=10 + change)


STEPS = (
    Case(
        "no step at this distance",
        (stepping("S", 50, (10, None, 2)),),
        5,
        {"s": 55},
        5,
        Reason.NO_STEP,
    ),
    Case(
        "a lower bound of 10 is inclusive",
        (stepping("S", 50, (10, None, 2)),),
        5,
        {"s": 60},
        7,
        Reason.STEP,
    ),
    Case(
        "a step of zero",
        (stepping("S", 50, (0, 10, 0), (10, None, 2)),),
        5,
        {"s": 55},
        5,
        Reason.STEP_IS_ZERO,
    ),
    Case("a null lower bound reaches down", (stepping("S", 50, (None, 0, -1)),), 5, {"s": 0}, 4),
    Case(
        "its upper bound 0 is inclusive",
        (stepping("S", 50, (None, 0, -1), comparison=Comparison.LESS_OR_EQUAL),),
        5,
        {"s": 50},
        4,
    ),
    Case("a null upper bound reaches up", (stepping("S", 50, (0, None, 1)),), 5, {"s": 1e300}, 6),
    Case(
        "a negative bound beside a null lower",
        (stepping("S", 50, (None, -10, -2), (-10, 0, -1)),),
        5,
        {"s": 45},
        4,
    ),
    Case("exact capacity out", (exact("S", 50, (0, None, 9)),), 5, {"s": 55}, 9),
    Case("exact capacity in", (exact("S", 50, (None, 0, 2)),), 5, {"s": 45}, 2),
    Case("exact capacity zero", (exact("S", 50, (None, 0, 0)),), 5, {"s": 45}, 0),
    Case("exact capacity in by a high alarm", (exact("S", 50, (0, None, 2)),), 5, {"s": 55}, 2),
    Case(
        "exact capacity as it is",
        (exact("S", 50, (0, None, 5)),),
        5,
        {"s": 55},
        5,
        Reason.STEP_IS_ZERO,
    ),
    Case("exact capacity from zero", (exact("S", 50, (0, None, 3)),), 0, {"s": 55}, 3),
    Case(
        "exact capacity is bounded",
        (exact("S", 50, (0, None, 9)),),
        5,
        {"s": 55},
        7,
        Reason.ABOVE_MAX,
        high=7,
    ),
    Case("a change from zero", (stepping("S", 50, (0, None, 2)),), 0, {"s": 55}, 2),
    Case("a removal never goes below zero", (stepping("S", 50, (None, 0, -9)),), 5, {"s": 45}, 0),
    Case(
        "a removal is bounded",
        (stepping("S", 50, (None, 0, -9)),),
        5,
        {"s": 45},
        2,
        Reason.BELOW_MIN,
        low=2,
    ),
    Case("a negative threshold", (stepping("S", -5, (0, None, 1)),), 5, {"s": 0}, 6),
    Case(
        "without data nothing",
        (stepping("S", 50, (0, None, 1)),),
        5,
        {"s": NO_DATA},
        5,
        Reason.MISSING_DATA,
    ),
    Case(
        "a ratio against percent",
        (stepping("S", 50, (0, 10, 1), (10, None, 3)),),
        5,
        {"s": 0.6},
        8,
        target={"metrics": (Metric("s", unit=Unit.RATIO),)},
    ),
    Case(
        "a ratio at the threshold",
        (stepping("S", 57, (0, None, 1), comparison=Comparison.GREATER_OR_EQUAL),),
        5,
        {"s": 0.57},
        6,
        target={"metrics": (Metric("s", unit=Unit.RATIO),)},
    ),
)


@pytest.mark.parametrize("case", STEPS, ids=name)
def test_a_step_policy_finds_its_step_and_adjusts(case: Case) -> None:
    """All three adjustment types, null bounds, distances without a step."""
    check(case, Profile.AWS)


AGGREGATIONS = (
    (Aggregation.AVERAGE, (55, 55, 70), 2),  # 60
    (Aggregation.MINIMUM, (55, 55, 70), 1),
    (Aggregation.MAXIMUM, (55, 55, 70), 5),
    (Aggregation.AVERAGE, (55, None, 65), 2),  # a gap is not counted
    (Aggregation.MINIMUM, (55, math.nan, 65), 1),
    (Aggregation.MAXIMUM, (99, 55, 55, 55), 1),  # older than the evaluated range
)


@pytest.mark.parametrize(("aggregation", "values", "change"), AGGREGATIONS)
def test_the_aggregate_of_the_evaluated_datapoints_finds_the_step(
    aggregation: Aggregation, values: tuple[float | None, ...], change: int
) -> None:
    """Minimum, Maximum and Average of what there is in the evaluated range."""
    policy = stepping(
        "S",
        50,
        (0, 10, 1),
        (10, 20, 2),
        (20, None, 5),
        aggregation=aggregation,
        datapoints=of(2, 3),
    )
    expect(scale(policy), see(10, {"s": series(*values)}), desired=10 + change)


SIDES = (
    # comparison, M of 2, values, change: the aggregate is not where the alarm looks
    (Comparison.LESS_OR_EQUAL, 1, (90, 40), 0),
    (None, 1, (90, 40), 0),
    (Comparison.GREATER, 1, (10, 60), 1),
    (None, 1, (10, 60), 1),
    # and here it is
    (Comparison.LESS_OR_EQUAL, 1, (60, 40), -1),
    (Comparison.GREATER_OR_EQUAL, 1, (40, 60), 1),
    (None, 1, (55, 60), 1),
)


@pytest.mark.parametrize(("comparison", "breaching", "values", "change"), SIDES)
def test_a_low_alarm_never_scales_by_a_high_average(
    comparison: Comparison | None, breaching: int, values: tuple[float, ...], change: int
) -> None:
    """A high alarm whose average is low takes its first step out, though there is one for in."""
    policy = stepping(
        "S", 50, (None, 0, -1), (0, None, 1), comparison=comparison, datapoints=of(breaching, 2)
    )
    expect(scale(policy), see(10, {"s": series(*values)}), desired=10 + change)


def test_an_average_beyond_all_numbers_is_their_largest() -> None:
    """The sum of two of the largest floats is no float."""
    policy = stepping("S", 50, (0, None, 2), datapoints=of(2, 2))
    found = expect(scale(policy), see(5, {"s": series(1.6e308, 1.7e308)}), desired=7)
    assert recommended(found, "S").value == 1.7e308


def test_a_step_waits_for_its_datapoints() -> None:
    """One of two breaching is too short; two of two are not."""
    policy = stepping("S", 50, (0, None, 2), comparison=Comparison.GREATER, datapoints=of(2, 2))
    found = expect(scale(policy), see(5, {"s": series(40, 60)}), desired=5)
    assert recommended(found, "S").reason is Reason.BREACH_TOO_SHORT
    found = expect(scale(policy), see(5, {"s": series(60, 40)}), desired=5)
    assert recommended(found, "S").reason is Reason.NO_BREACH
    expect(scale(policy), see(5, {"s": series(60, 60)}), desired=7)
    expect(scale(policy), see(5, {"s": series(60, None, 60)}), desired=5)


@pytest.mark.parametrize("values", [(0, 60, 65), (1, 51, 51), (60, 0, 51)])
def test_a_calm_datapoint_among_the_breaching_never_leaves_a_high_alarm_without_a_step(
    values: tuple[float, ...],
) -> None:
    """Two of three breach, the average lies on the other side: the first step out."""
    policy = stepping(
        "S", 50, (0, 10, 2), (10, None, 4), comparison=Comparison.GREATER, datapoints=of(2, 3)
    )
    found = expect(scale(policy), see(5, {"s": series(*values)}), desired=7)
    assert recommended(found, "S").value == pytest.approx(sum(values) / 3)


def test_free_memory_that_was_scarce_twice_scales_out() -> None:
    """A low alarm that scales out is an alarm of too few as well."""
    policy = stepping("S", 20, (None, 0, 3), comparison=Comparison.LESS, datapoints=of(2, 3))
    expect(scale(policy), see(5, {"s": series(90, 10, 10)}), desired=8)


def test_an_alarm_below_its_first_step_is_looked_at_again_at_once() -> None:
    """It tells of transitions only, so a value that moves on into a step is not told."""
    policy = stepping("S", 50, (10, None, 2), comparison=Comparison.GREATER)
    found = expect(scale(policy), see(5, {"s": 55}), desired=5)
    assert recommended(found, "S").reason is Reason.NO_STEP
    assert found.wake_at - NOON == scale(policy).tick
