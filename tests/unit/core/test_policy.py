"""Is a policy that Application Auto Scaling would refuse, or that means nothing, refused?"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.policy import (
    STEP_LIMIT,
    Adjustment,
    DatapointsRule,
    MissingRule,
    MissingRules,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule

NOON = Schedule("at(2026-06-01T12:00:00)")


def steps(*bounds: tuple[Any, Any, Any], **fields: Any) -> StepPolicy:
    """Make a step policy."""
    return StepPolicy("S", "m", 50.0, tuple(Step(*each) for each in bounds), **fields)


ALLOWED = (
    ((0, None, 1),),
    ((None, 0, -1),),
    ((0, 10, 1), (10, None, 2)),
    ((None, -10, -2), (-10, 0, -1)),
    ((None, 0, -1), (0, None, 1)),
    ((5, None, 1),),
    ((None, -5, -1),),
    ((None, 5, -1), (5, None, 1)),
    (*tuple((i, i + 1, i) for i in range(STEP_LIMIT - 1)), (STEP_LIMIT - 1, None, 99)),
)


@pytest.mark.parametrize("bounds", ALLOWED)
def test_steps_without_gap_or_overlap_are_allowed(bounds: tuple[tuple[Any, Any, Any], ...]) -> None:
    """One null bound at each end, up to twenty steps."""
    assert len(steps(*bounds).steps) == len(bounds)


REFUSED = (
    ((), "how many"),
    ((*tuple((i, i + 1, 1) for i in range(20)), (20, None, 1)), "how many"),
    (((None, None, 1),), "both bounds null"),
    (((0, 10, 1), (11, None, 2)), "no gap, no overlap"),
    (((0, 10, 1), (9, None, 2)), "no gap, no overlap"),
    (((0, None, 1), (10, None, 2)), "no gap, no overlap"),
    (((None, 0, -1), (None, 5, 1)), "null lower bound only in the first"),
    (((10, None, 2), (0, 10, 1)), "no gap, no overlap"),
    (((-10, 0, -1),), "null lower bound below it"),
    (((0, 10, 1),), "null upper bound above it"),
    (((10, 10, 1), (10, None, 2)), "more than lower"),
    (((10, 5, 1), (5, None, 2)), "more than lower"),
    (((0, None, 1.5),), "a whole number"),
    (((0, None, 10**9),), "a whole number"),
    (((0, None, math.nan),), "finite"),
    (((0, math.inf, 1),), "finite"),
    (((-math.inf, 0, 1),), "finite"),
    (((0, None, True),), "finite"),
)


@pytest.mark.parametrize(("bounds", "message"), REFUSED)
def test_steps_that_the_service_refuses_are_refused(
    bounds: tuple[tuple[Any, Any, Any], ...], message: str
) -> None:
    """Gaps, overlaps, null bounds in the wrong place, more than twenty, numbers that are none."""
    with pytest.raises(ValueError, match=message):
        steps(*bounds)


FIELDS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"adjustment": Adjustment.EXACT_CAPACITY, "steps": (Step(0, None, -1),)}, "0 or more"),
    ({"min_adjustment_magnitude": 2}, "only with percent_change_in_capacity"),
    ({"min_adjustment_magnitude": -1}, "whole number"),
    ({"threshold": math.inf}, "finite"),
    ({"cooldown": timedelta(seconds=-1)}, "0 or more"),
    ({"cooldown": timedelta.max}, "3660 days"),
    ({"name": ""}, "printable"),
    ({"name": "a\nb"}, "printable"),
    ({"name": "a" * 257}, "printable"),
)


@pytest.mark.parametrize(("fields", "message"), FIELDS)
def test_a_step_policy_that_means_nothing_is_refused(fields: dict[str, Any], message: str) -> None:
    """Every field says what it expects."""
    valid: dict[str, Any] = {
        "name": "S",
        "metric": "m",
        "threshold": 50.0,
        "steps": (Step(0, None, 1),),
    }
    with pytest.raises(ValueError, match=message):
        StepPolicy(**(valid | fields))


TRACKING: tuple[tuple[dict[str, Any], str], ...] = (
    ({"target_value": 0}, "above 0"),
    ({"target_value": -1.0}, "above 0"),
    ({"target_value": 5e-324}, "above 0"),
    ({"target_value": math.nan}, "finite"),
    ({"target_value": True}, "finite"),
    ({"high_ratio": 0.99}, "high_ratio of 1 or more"),
    ({"high_ratio": math.inf}, "finite"),
    ({"low_ratio": 1.01}, "low_ratio in 0–1"),
    ({"low_ratio": -0.1}, "low_ratio in 0–1"),
    ({"scale_out_cooldown": timedelta(seconds=-1)}, "0 or more"),
    ({"scale_in_cooldown": timedelta(seconds=-1)}, "0 or more"),
    ({"name": ""}, "printable"),
)


@pytest.mark.parametrize(("fields", "message"), TRACKING)
def test_a_tracking_policy_that_means_nothing_is_refused(
    fields: dict[str, Any], message: str
) -> None:
    """A target of nothing would divide by it."""
    valid: dict[str, Any] = {"name": "A", "metric": "m", "target_value": 70.0}
    with pytest.raises(ValueError, match=message):
        TrackingPolicy(**(valid | fields))


@pytest.mark.parametrize(("breaching", "evaluated"), [(0, 1), (2, 1), (1, 0), (1, 1441), (1.0, 1)])
def test_m_of_n_needs_one_to_n_of_at_most_a_day(breaching: Any, evaluated: int) -> None:
    """0 of 3 would always breach."""
    with pytest.raises(ValueError, match="datapoints"):
        DatapointsRule(breaching, evaluated)


def test_a_missing_metric_cannot_block_scale_in_on_the_way_out() -> None:
    """It has hold or ignore there."""
    with pytest.raises(ValueError, match="hold or ignore"):
        MissingRules(scale_out=MissingRule.BLOCK_SCALE_IN)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({}, "at least one of the two"),
        ({"min_capacity": 5, "max_capacity": 4}, "at most max_capacity"),
        ({"min_capacity": -1}, "whole number"),
        ({"max_capacity": 1.0}, "whole number"),
        ({"max_capacity": True}, "whole number"),
    ],
)
def test_a_scheduled_action_needs_bounds_that_fit(bounds: dict[str, Any], message: str) -> None:
    """Null is not zero: at least one of them is there."""
    with pytest.raises(ValueError, match=message):
        ScheduledPolicy("S", NOON, **bounds)


@pytest.mark.parametrize(
    "bounds", [{"min_capacity": 0}, {"max_capacity": 0}, {"min_capacity": 4, "max_capacity": 4}]
)
def test_a_scheduled_action_may_set_zero_or_one_bound(bounds: dict[str, Any]) -> None:
    """The other stays as it is."""
    assert ScheduledPolicy("S", NOON, **bounds).name == "S"
