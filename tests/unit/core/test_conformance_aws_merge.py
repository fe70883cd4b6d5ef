"""Do several policies in profile `aws` come to one number as Application Auto Scaling documents?"""

from __future__ import annotations

import pytest

from flyball.core.model import (
    Reason,
)
from flyball.core.target import Metric, Per, Profile, Unit
from tests.unit.core.cases import (
    NO_DATA,
    Case,
    aws_tracking,
    check,
    exact,
    expect,
    name,
    of,
    percent,
    scale,
    see,
    series,
    stepping,
)

A = aws_tracking("A")
B = aws_tracking("B")
NO_IN = aws_tracking("B", disable_scale_in=True)
SAGEMAKER = aws_tracking("A", 1500.0, out_datapoints=of(3, 3), in_datapoints=of(15, 15))
TOTAL = {"metrics": (Metric("a", per=Per.TOTAL),)}
RATIO = {"metrics": (Metric("a", unit=Unit.RATIO),)}


MERGE = (
    Case("any policy scales out", (A, B), 6, {"a": 110, "b": 50}, 7),
    Case("of two scale-outs the larger", (A, B), 6, {"a": 110, "b": 200}, 12),
    Case("out beside a policy without data", (A, B), 6, {"a": 200, "b": NO_DATA}, 12),
    Case("in where one is at 95 percent", (A, B), 6, {"a": 60, "b": 95}, 6, Reason.NOT_ALL_AGREE),
    Case("of two scale-ins the larger", (A, B), 6, {"a": 60, "b": 80}, 5),
    Case("in beside one with scale-in disabled", (A, NO_IN), 6, {"a": 60, "b": 95}, 4),
    Case("in beside a disabled one that is low", (A, NO_IN), 6, {"a": 60, "b": 20}, 4),
    Case("in beside a disabled one without data", (A, NO_IN), 6, {"a": 60, "b": NO_DATA}, 4),
    Case("out beside a disabled one", (A, NO_IN), 6, {"a": 200, "b": 20}, 12),
    Case("a disabled one scales out", (A, NO_IN), 6, {"a": 20, "b": 200}, 12),
    Case("all disabled never scale in", (NO_IN,), 6, {"b": 0}, 6, Reason.SCALE_IN_DISABLED),
    Case("in beside one without data", (A, B), 6, {"a": 60, "b": NO_DATA}, 6, Reason.NOT_ALL_AGREE),
    Case(
        "in beside one whose breach is too short",
        (A, aws_tracking("B", in_datapoints=of(2, 2))),
        6,
        {"a": 60, "b": series(95, 60)},
        6,
        Reason.NOT_ALL_AGREE,
    ),
    Case("in beside one that rounds back up", (A, B), 2, {"a": 40, "b": 80}, 2),
    Case(
        "step in beside a policy that keeps",
        (A, stepping("S", 50, (None, 0, -1))),
        6,
        {"a": 95, "s": 40},
        5,
    ),
    Case(
        "step in beside a policy without data",
        (A, stepping("S", 50, (None, 0, -1))),
        6,
        {"a": NO_DATA, "s": 40},
        5,
    ),
    Case(
        "step in and tracking in: the larger",
        (A, stepping("S", 50, (None, 0, -1))),
        6,
        {"a": 50, "s": 40},
        5,
    ),
    Case(
        "step in and deeper: the larger",
        (A, stepping("S", 50, (None, 0, -5))),
        6,
        {"a": 50, "s": 40},
        3,
    ),
    Case(
        "step in beside tracking out",
        (A, stepping("S", 50, (None, 0, -1))),
        6,
        {"a": 110, "s": 40},
        7,
    ),
    Case(
        "step out beside tracking in",
        (A, stepping("S", 50, (0, None, 2))),
        6,
        {"a": 50, "s": 60},
        8,
    ),
    Case(
        "tracking in beside an idle step",
        (A, stepping("S", 50, (0, None, 2))),
        6,
        {"a": 50, "s": 40},
        3,
    ),
    Case(
        "tracking in beside a step without data",
        (A, stepping("S", 50, (0, None, 2))),
        6,
        {"a": 50, "s": NO_DATA},
        3,
    ),
    Case(
        "step in beside two of which one keeps",
        (A, B, stepping("S", 50, (None, 0, -2))),
        8,
        {"a": 50, "b": 95, "s": 40},
        6,
    ),
    Case(
        "four at once: the largest scale-out",
        (A, B, stepping("S", 50, (0, None, 3)), stepping("T", 50, (None, 0, -4))),
        10,
        {"a": 20, "b": 125, "s": 60, "t": 40},
        13,
    ),
)


@pytest.mark.parametrize("case", MERGE, ids=name)
def test_several_policies_scale_out_alone_and_in_together(case: Case) -> None:
    """Out: any, the largest. In: all tracking policies that may; steps by themselves."""
    check(case, Profile.AWS)


def test_all_that_asked_for_the_winning_number_are_named() -> None:
    """So that each of them starts its own cooldown."""
    found = expect(scale(A, B), see(6, {"a": 200, "b": 200}), desired=12)
    assert found.policies == ("A", "B")


MIXED = (
    Case(
        "+3 against +200 %",
        (stepping("S", 50, (0, None, 3)), percent("T", 50, (0, None, 200))),
        10,
        {"s": 60, "t": 60},
        30,
    ),
    Case(
        "−3 against −25 %",
        (stepping("S", 50, (None, 0, -3)), percent("T", 50, (None, 0, -25))),
        8,
        {"s": 40, "t": 40},
        6,
    ),
    Case(
        "out against in",
        (stepping("S", 50, (0, None, 3)), percent("T", 50, (None, 0, -25))),
        8,
        {"s": 60, "t": 40},
        11,
    ),
    Case(
        "exact against change",
        (stepping("S", 50, (0, None, 3)), exact("T", 50, (0, None, 10))),
        8,
        {"s": 60, "t": 60},
        11,
    ),
    Case(
        "an exact that is less is a scale-in",
        (stepping("S", 50, (0, None, 3)), exact("T", 50, (0, None, 2))),
        8,
        {"s": 60, "t": 60},
        11,
    ),
    Case(
        "a step of zero is against nothing",
        (stepping("S", 50, (None, 0, -3)), stepping("T", 50, (None, 0, 0))),
        8,
        {"s": 40, "t": 40},
        5,
    ),
)


@pytest.mark.parametrize("case", MIXED, ids=name)
def test_several_step_policies_at_once_give_the_largest_capacity(case: Case) -> None:
    """In both directions."""
    check(case, Profile.AWS)
