"""Is a scalable target that contradicts itself refused, and a series out of order?"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Capacity, Observation
from flyball.core.target import (
    DirectionRules,
    Fallback,
    Metric,
    RateKind,
    RateRule,
    ScalableTarget,
    ZeroRule,
)
from flyball.core.window import Window
from tests.unit.core.cases import NOON, scale, seconds, series, stepping, tracking

M = Metric("m")
WINDOW = Window("w", "at(2026-06-01T11:00:00)", duration=timedelta(hours=2), floor=8)

REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"id": ""}, "printable"),
    ({"min_capacity": -1}, "min_capacity"),
    ({"min_capacity": 1.0}, "whole number"),
    ({"min_capacity": 9, "max_capacity": 8}, "min_capacity <= max_capacity"),
    ({"max_capacity": 10**9}, "max_capacity"),
    ({"hard_max_capacity": 7}, "min_capacity <= max_capacity <= hard_max_capacity"),
    ({"hard_max_capacity": -1}, "hard_max_capacity"),
    ({"hard_min_capacity": 3}, "at most min_capacity"),
    ({"heartbeat": timedelta()}, "above 0"),
    ({"tick": timedelta()}, "above 0"),
    ({"heartbeat": timedelta.max}, "3660 days"),
    ({"foreign_hold": seconds(-1)}, "0 or more"),
    ({"lead_time": seconds(-1)}, "0 or more"),
    ({"price_per_hour": 0.0}, "above 0"),
    ({"price_per_hour": math.nan}, "finite"),
    ({"spend_limit_per_hour": 5.0}, "a price, since spend_limit_per_hour is set"),
    ({"price_per_hour": 1.0, "spend_limit_per_hour": -1.0}, "0 or more"),
    ({"price_per_hour": 1.0, "spend_limit_per_hour": math.inf}, "finite"),
    ({"metrics": (M, M)}, "each name once"),
    ({"policies": (tracking("A", metric="m"), stepping("A", 5, (0, None, 1), metric="m"))}, "once"),
    ({"windows": (WINDOW, WINDOW)}, "each name once"),
    ({"policies": (tracking("A", metric="nowhere"),)}, "A.metric"),
    ({"zero": ZeroRule("nowhere")}, "zero.metric"),
)


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_a_target_that_contradicts_itself_is_refused(fields: dict[str, Any], message: str) -> None:
    """Each error names the field and what was expected."""
    valid: dict[str, Any] = {"id": "churn", "min_capacity": 2, "max_capacity": 8, "metrics": (M,)}
    with pytest.raises(ValueError, match=message):
        ScalableTarget(**(valid | fields))


PARTS: tuple[tuple[Any, dict[str, Any], str], ...] = (
    (Metric, {"name": ""}, "printable"),
    (Metric, {"name": "m", "period": timedelta()}, "above 0"),
    (Metric, {"name": "m", "max_age": timedelta()}, "above 0"),
    (Metric, {"name": "m", "period": timedelta(days=367)}, "at most 366 days"),
    (RateRule, {"kind": RateKind.COUNT, "amount": 0, "period": seconds(15)}, "above 0"),
    (RateRule, {"kind": RateKind.COUNT, "amount": 1.5, "period": seconds(15)}, "whole number"),
    (RateRule, {"kind": RateKind.PERCENT, "amount": math.inf, "period": seconds(15)}, "finite"),
    (RateRule, {"kind": RateKind.PERCENT, "amount": 10, "period": timedelta()}, "above 0"),
    (DirectionRules, {"stabilization_window": seconds(-1)}, "0 or more"),
    (ZeroRule, {"metric": "m", "activation_threshold": math.nan}, "finite"),
    (ZeroRule, {"metric": "m", "idle_after": seconds(-1)}, "0 or more"),
    (Fallback, {"capacity": -1}, "whole number"),
    (Fallback, {"capacity": 1, "after": seconds(-1)}, "0 or more"),
)


@pytest.mark.parametrize(("part", "fields", "message"), PARTS)
def test_a_part_that_means_nothing_is_refused(
    part: Any, fields: dict[str, Any], message: str
) -> None:
    """Metrics, rates, zero and fallback."""
    with pytest.raises(ValueError, match=message):
        part(**fields)


def test_a_percent_may_be_a_fraction_and_a_count_may_not() -> None:
    """Half a percent of a thousand is five."""
    assert RateRule(RateKind.PERCENT, 0.5, seconds(15)).amount == 0.5


def test_the_hard_maximum_is_the_maximum_where_it_is_not_given() -> None:
    """And may be above it."""
    assert scale(high=8).hard_max == 8
    assert scale(high=8, hard_max_capacity=12).hard_max == 12


def test_an_observation_holds_its_series_in_order() -> None:
    """Oldest first, each instant once; the message says which one."""
    newest, oldest = series(2.0), series(1.0, end=NOON - seconds(60))
    Observation(NOON, Capacity(1, 1), {"m": oldest + newest})
    for wrong in (newest + oldest, newest + newest):
        with pytest.raises(ValueError, match=r"metrics.m\[1\].at"):
            Observation(NOON, Capacity(1, 1), {"m": wrong})
