"""Does target tracking in profile `aws` do what Application Auto Scaling documents?"""

from __future__ import annotations

import math

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    Datapoint,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    ReadySample,
    Reason,
    Series,
)
from flyball.core.target import Metric, Per, Profile, Unit
from tests.unit.core.cases import (
    AWS_MISSING,
    NOON,
    Case,
    at,
    aws_tracking,
    changed,
    check,
    expect,
    name,
    of,
    recommended,
    scale,
    see,
    series,
)

A = aws_tracking("A")
B = aws_tracking("B")
NO_IN = aws_tracking("B", disable_scale_in=True)
SAGEMAKER = aws_tracking("A", 1500.0, out_datapoints=of(3, 3), in_datapoints=of(15, 15))
TOTAL = {"metrics": (Metric("a", per=Per.TOTAL),)}
RATIO = {"metrics": (Metric("a", unit=Unit.RATIO),)}


TRACKING = (
    Case("10 at 150 of 100 add 5", (A,), 10, {"a": 150}, 15, Reason.ABOVE_TARGET),
    Case("adding 1.5 adds 2", (A,), 3, {"a": 150}, 5),
    Case("removing 1.5 removes 1", (A,), 3, {"a": 50}, 2, Reason.BELOW_TARGET),
    Case("at the target nothing moves", (A,), 10, {"a": 100}, 10, Reason.WITHIN_TOLERANCE),
    Case("just below the target nothing moves", (A,), 10, {"a": 99.999}, 10),
    Case("just above the target one is added", (A,), 10, {"a": 100.001}, 11),
    Case("at 90 percent nothing moves", (A,), 10, {"a": 90}, 10, Reason.WITHIN_TOLERANCE),
    Case("just below 90 percent one is removed", (A,), 100, {"a": 89.999}, 90),
    Case(
        "just below 90 percent of few keeps them", (A,), 5, {"a": 89.9}, 5, Reason.ALREADY_DESIRED
    ),
    Case("a whole result is not rounded", (A,), 8, {"a": 75}, 6),
    Case("a fresh zero is a valid zero", (A,), 4, {"a": 0.0}, 0, Reason.BELOW_TARGET),
    Case("a fresh zero goes to the minimum", (A,), 4, {"a": 0.0}, 1, Reason.BELOW_MIN, low=1),
    Case("above the maximum is capped", (A,), 10, {"a": 150}, 12, Reason.ABOVE_MAX, high=12),
    Case("below the minimum is raised", (A,), 8, {"a": 25}, 7, Reason.BELOW_MIN, low=7),
    Case("one of one at ten times the target", (A,), 1, {"a": 1000}, 10),
    Case("a huge value goes to the maximum", (A,), 10, {"a": 1e300}, 100, Reason.ABOVE_MAX),
    Case("a total is held against what is ready", (A,), 10, {"a": 1500}, 15, target=TOTAL),
    Case("a total at the target of all keeps", (A,), 10, {"a": 1000}, 10, target=TOTAL),
    Case("a total at 90 percent of all keeps", (A,), 10, {"a": 900}, 10, target=TOTAL),
    Case("a total below 90 percent of all goes in", (A,), 10, {"a": 899}, 9, target=TOTAL),
    Case("a total of zero is a valid zero", (A,), 4, {"a": 0}, 0, target=TOTAL),
    Case("a total leaves zero", (A,), 0, {"a": 101}, 2, Reason.ABOVE_TARGET, target=TOTAL),
    Case("a total of nothing keeps zero", (A,), 0, {"a": 0}, 0, target=TOTAL),
    Case("a ratio is read as percent", (aws_tracking("A", 60),), 2, {"a": 0.71}, 3, target=RATIO),
    Case("a ratio at the target keeps", (aws_tracking("A", 70),), 9, {"a": 0.7}, 9, target=RATIO),
    Case("a ratio above one counts", (aws_tracking("A", 50),), 2, {"a": 1.5}, 6, target=RATIO),
)


@pytest.mark.parametrize("case", TRACKING, ids=name)
def test_tracking_is_the_ceiling_of_capacity_times_value_over_target(case: Case) -> None:
    """Every worked example and every equality on both sides of the dead band."""
    check(case, Profile.AWS)


FLOATS = (
    Case("0.07 × 100 against 7", (aws_tracking("A", 7.0),), 3, {"a": 0.07 * 100}, 3),
    Case("0.1 + 0.2 against 0.3", (aws_tracking("A", 0.3),), 5, {"a": 0.1 + 0.2}, 5),
    Case("3 × 0.07 of 0.07 is 3", (aws_tracking("A", 0.07),), 1, {"a": 3 * 0.07}, 3),
    Case("1.1 × 1.1 of 0.11 is 11", (aws_tracking("A", 0.11),), 1, {"a": 1.1 * 1.1}, 11),
    Case("29 × 0.01 of 0.01 is 29", (aws_tracking("A", 0.01),), 1, {"a": 29 * 0.01}, 29),
    Case("0.9 of 0.1 × 3 is no breach", (aws_tracking("A", 0.1 * 3),), 9, {"a": 0.27}, 9),
    Case("0.57 as percent of 57", (aws_tracking("A", 57),), 4, {"a": 0.57}, 4, target=RATIO),
    Case("0.29 as percent of 14.5", (aws_tracking("A", 14.5),), 4, {"a": 0.29}, 8, target=RATIO),
    Case(
        "a real excess of 0.001 % counts",
        (aws_tracking("A", 7.0),),
        100,
        {"a": 7.00007},
        101,
        high=200,
    ),
)


@pytest.mark.parametrize("case", FLOATS, ids=name)
def test_the_last_bit_of_a_float_adds_no_instance(case: Case) -> None:
    """Decimal arithmetic is what people check the decision with."""
    check(case, Profile.AWS)


DATAPOINTS = (
    Case("3 of 3 above", (SAGEMAKER,), 2, {"a": series(1501, 1600, 3000)}, 4),
    Case(
        "2 of 3 above wait",
        (SAGEMAKER,),
        2,
        {"a": series(1500, 1600, 3000)},
        2,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "2 points alone wait",
        (SAGEMAKER,),
        2,
        {"a": series(1600, 3000)},
        2,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "a gap is not a breach",
        (SAGEMAKER,),
        2,
        {"a": series(1600, None, 3000)},
        2,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "NaN is a gap",
        (SAGEMAKER,),
        2,
        {"a": series(1600, math.nan, 3000)},
        2,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "an older breach does not fill a gap",
        (SAGEMAKER,),
        2,
        {"a": series(9000, 9000, None, 3000)},
        2,
    ),
    Case(
        "the newest must be above too",
        (SAGEMAKER,),
        2,
        {"a": series(3000, 3000, 1500)},
        2,
        Reason.WITHIN_TOLERANCE,
    ),
    Case("15 of 15 below", (SAGEMAKER,), 4, {"a": series(*[700] * 15)}, 2, Reason.BELOW_TARGET),
    Case(
        "14 of 15 below wait",
        (SAGEMAKER,),
        4,
        {"a": series(1350, *[700] * 14)},
        4,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "14 points alone wait",
        (SAGEMAKER,),
        4,
        {"a": series(*[700] * 14)},
        4,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "15 with a gap wait",
        (SAGEMAKER,),
        4,
        {"a": series(*[700] * 7, None, *[700] * 7)},
        4,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "16 with a gap in the 15 wait",
        (SAGEMAKER,),
        4,
        {"a": series(*[700] * 8, None, *[700] * 7)},
        4,
    ),
    Case(
        "a gap older than the 15 does not matter",
        (SAGEMAKER,),
        4,
        {"a": series(700, None, *[700] * 15)},
        2,
    ),
    Case(
        "20 minutes at 1400 of 1500 keep",
        (SAGEMAKER,),
        4,
        {"a": series(*[1400] * 20)},
        4,
        Reason.WITHIN_TOLERANCE,
    ),
    Case(
        "2 of 3 suffice where set",
        (aws_tracking(out_datapoints=of(2, 3)),),
        4,
        {"a": series(150, 50, 150)},
        6,
    ),
    Case(
        "2 of 3 with a gap suffice",
        (aws_tracking(out_datapoints=of(2, 3)),),
        4,
        {"a": series(150, None, 150)},
        6,
    ),
    Case(
        "1 of 3 does not",
        (aws_tracking(out_datapoints=of(2, 3)),),
        4,
        {"a": series(90, 95, 150)},
        4,
        Reason.BREACH_TOO_SHORT,
    ),
    Case(
        "2 of 3 below suffice",
        (aws_tracking(in_datapoints=of(2, 3)),),
        4,
        {"a": series(50, None, 50)},
        2,
    ),
    Case(
        "2 of 3 below across a calm one",
        (aws_tracking(in_datapoints=of(2, 3)),),
        4,
        {"a": series(50, 95, 50)},
        2,
    ),
    Case(
        "1 of 3 below does not",
        (aws_tracking(in_datapoints=of(2, 3)),),
        4,
        {"a": series(95, 95, 50)},
        4,
    ),
)


@pytest.mark.parametrize("case", DATAPOINTS, ids=name)
def test_m_of_n_datapoints_must_breach_and_a_gap_is_evidence_of_nothing(case: Case) -> None:
    """Source: Amazon CloudWatch User Guide, "Evaluating an alarm"."""
    check(case, Profile.AWS)


def test_the_newest_value_and_not_the_mean_sets_the_capacity() -> None:
    """The alarm says when, the metric says how much."""
    expect(scale(SAGEMAKER), see(2, {"a": series(9000, 9000, 1800)}), desired=3)


def test_only_instances_in_service_when_it_was_measured_count() -> None:
    """8 desired and 4 ready: 140 per instance of 4 is what 8 at the target can carry."""
    target = scale(aws_tracking("A", 70.0), profile=Profile.AWS)
    expect(target, see(8, {"a": 140}, ready=4), desired=8, reason=Reason.ALREADY_DESIRED)
    measured = (Datapoint(NOON, 140.0, ready=4),)
    expect(target, see(8, {"a": measured}, ready=8), desired=8)


def test_what_was_ready_in_the_metrics_period_counts_and_not_what_is_ready_now() -> None:
    """A datapoint a minute late belongs to the capacity of a minute ago."""
    late = series(140.0, end=at(-120))
    samples = (ReadySample(at(-900), 4), ReadySample(at(-60), 8))
    target = scale(aws_tracking("A", 70.0), profile=Profile.AWS)
    expect(target, see(8, {"a": late}), History(ready=samples), desired=8)
    expect(target, see(8, {"a": late}), desired=16)  # nothing remembered: what is ready now


def test_a_change_of_capacity_inside_the_period_counts_on_the_safe_side() -> None:
    """Out by the fewest that can have been in service, in by the most."""
    samples = (ReadySample(at(-900), 4), ReadySample(at(-30), 8))
    target = scale(A, profile=Profile.AWS)
    history = History(ready=samples)
    found = expect(target, see(8, {"a": 300}), history, desired=12)  # 300 × 4, not 300 × 8
    assert recommended(found, "A").ready == 4
    found = expect(target, see(8, {"a": 50}), history, desired=4)  # 50 × 8, not 50 × 4
    assert recommended(found, "A").ready == 8


def test_scale_in_waits_while_instances_that_were_asked_for_warm_up() -> None:
    """Warming instances count in desired, and scale-in waits until they are in service."""
    flying = History(changes=(changed(4, 8, None, "A"),))
    target = scale(A, profile=Profile.AWS)
    expect(
        target,
        see(8, {"a": 20}, ready=4),
        flying,
        desired=8,
        reason=Reason.SCALING_OUT_IN_FLIGHT,
        limits=(LimitKind.COOLDOWN,),
    )
    expect(target, see(8, {"a": 20}), desired=2)


BLIND = (
    ("no datapoint", ()),
    ("no answer", None),
    ("no data", Missing(MissingCause.NO_DATA)),
    ("source failed", Missing(MissingCause.SOURCE_FAILED, "throttled")),
    ("stale", series(5.0, end=at(-301))),
    ("from the future", series(5.0, end=at(11))),
    ("not a number", series(math.nan)),
    ("infinite", series(math.inf)),
    ("minus infinite", series(-math.inf)),
    ("negative", series(-1.0)),
)


@pytest.mark.parametrize("seen", [row[1] for row in BLIND], ids=[row[0] for row in BLIND])
def test_insufficient_data_scales_neither_way(seen: object) -> None:
    """It cannot scale until new points arrive, and none of this is a zero."""
    metrics = {} if seen is None else {"a": seen}
    for policy in (A, aws_tracking("A", missing=AWS_MISSING, disable_scale_in=True)):
        found = expect(
            scale(policy, profile=Profile.AWS),
            Observation(NOON, Capacity(6, 6), metrics),  # type: ignore[arg-type]
            desired=6,
            action=Action.HOLD,
            reason=Reason.MISSING_DATA,
        )
        assert recommended(found, "A").missing is not None


@pytest.mark.parametrize("seen", [series(5.0, end=at(-300)), series(5.0, end=at(10))])
def test_data_at_the_very_limit_of_its_age_still_counts(seen: Series) -> None:
    """Five minutes old, or ten seconds ahead of our clock, can be believed."""
    expect(scale(A, profile=Profile.AWS), see(6, {"a": seen}), desired=1)
