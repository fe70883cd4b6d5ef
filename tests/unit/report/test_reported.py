"""Does a sentence say how many instances a value was counted on, so that its sum comes out?"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.decide import decide
from flyball.core.model import (
    Capacity,
    Datapoint,
    Decision,
    History,
    Missing,
    MissingCause,
    Observation,
    ReadySample,
    Reason,
    Recommendation,
)
from flyball.core.policy import TrackingPolicy
from flyball.core.target import CapacityKind, Metric, Per, Profile, ScalableTarget, Unit
from flyball.report.reported import tell_reported
from flyball.report.sentences import tell_recommendation
from tests.unit.report.scenes import MINUTE, NOON

DUTY = Metric("duty_cycle", unit=Unit.RATIO, per=Per.INSTANCE)
GROWN = (ReadySample(NOON - 9 * MINUTE, 3), ReadySample(NOON - MINUTE / 2, 5))
"""The service went from 3 to 5 by its own choice, after what the newest datapoint is of."""
STEADY = (ReadySample(NOON - 9 * MINUTE, 5),)
SUM = re.compile(r"was ([\d.]+) %.*? on (\d+) instance.*target 60 %")


def make_range(profile: Profile = Profile.FLYBALL) -> ScalableTarget:
    """Make a range of 5 to 8 that keeps the duty cycle at 60 %."""
    policies = (TrackingPolicy("duty", "duty_cycle", 60.0),)
    kind = CapacityKind.RANGE
    return ScalableTarget(
        "gpu", 1, 8, profile=profile, capacity_kind=kind, metrics=(DUTY,), policies=policies
    )


def look(
    value: float,
    reporting: int | None,
    ready: tuple[ReadySample, ...],
    profile: Profile = Profile.FLYBALL,
) -> tuple[Decision, Observation]:
    """Decide by one value of the duty cycle, on a range of 5 to 8 with 5 in service."""
    point = Datapoint(NOON - MINUTE, value, None, reporting)
    seen = Observation(NOON, Capacity(5, 5, ceiling=8), {"duty_cycle": (point,)})
    return decide(make_range(profile), seen, History(desired=5, ready=ready), NOON), seen


@dataclass(frozen=True)
class Case:
    """What was seen, and what is said of it."""

    id: str
    value: float
    reporting: int | None
    ready: tuple[ReadySample, ...]
    said: str
    profile: Profile = Profile.FLYBALL


CASES = [
    Case(
        "counted_on_those_that_there_were",
        0.95,
        3,
        GROWN,
        "duty_cycle was 95 % on 3 instances, target 60 %; what is desired is enough (policy duty)",
    ),
    Case(
        "counted_on_more_than_reported",
        0.95,
        3,
        STEADY,
        "duty_cycle was 95 % on 5 instances (3 reported), target 60 % (policy duty)",
    ),
    Case(
        "all_reported",
        0.95,
        5,
        STEADY,
        "duty_cycle was 95 % on 5 instances, target 60 % (policy duty)",
    ),
    Case(
        "nobody_counts_who_reports",
        0.95,
        None,
        STEADY,
        "duty_cycle was 95 % on 5 instances, target 60 % (policy duty)",
    ),
    Case(
        "the_silent_are_filled_in",
        1.2,
        4,
        STEADY,
        "duty_cycle was 96 % on 5 instances (4 reported), target 60 % (policy duty)",
        Profile.HPA,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_value_is_said_with_those_it_was_counted_on(case: Case) -> None:
    """And with those that reported it, where these are others."""
    decision, seen = look(case.value, case.reporting, case.ready, case.profile)
    (rec,) = decision.recommendations
    assert tell_recommendation(rec, make_range(), seen) == case.said


@given(
    value=st.integers(0, 200),
    reporting=st.none() | st.integers(1, 5),
    before=st.integers(1, 9),
)
def test_the_sum_of_a_sentence_comes_out(value: int, reporting: int | None, before: int) -> None:
    """What a reader works out from the printed numbers is what the policy asked for."""
    grown = (ReadySample(NOON - 9 * MINUTE, before), ReadySample(NOON - MINUTE / 2, 5))
    decision, seen = look(value / 100, reporting, grown)
    (rec,) = decision.recommendations
    found = SUM.search(tell_recommendation(rec, make_range(), seen))
    assert found is not None
    asked = math.ceil(float(found[1]) * int(found[2]) / 60 - 1e-9)
    if rec.reason in (Reason.ABOVE_TARGET, Reason.BELOW_TARGET):
        assert asked == rec.desired
    elif rec.reason is Reason.ALREADY_DESIRED:
        assert asked <= 5 if value > 60 else asked >= 5


NOT_TOLD = Recommendation("p", 5, Reason.ABOVE_TARGET, "duty_cycle", 95.0, 60.0, 5)
GONE = Missing(MissingCause.NO_DATA)
SEEN = Observation(NOON, Capacity(5, 5), {"duty_cycle": (Datapoint(NOON, 0.95, None, 3),)})


@pytest.mark.parametrize(
    ("rec", "target", "seen"),
    [
        (NOT_TOLD, make_range(), None),
        (NOT_TOLD, None, SEEN),
        (NOT_TOLD._replace(metric="other"), make_range(), SEEN),
        (NOT_TOLD._replace(ready=None), make_range(), SEEN),
        (NOT_TOLD, make_range(), Observation(NOON, GONE, {"duty_cycle": GONE})),
        (NOT_TOLD, make_range(), Observation(NOON, GONE)),
    ],
)
def test_nothing_is_said_of_what_is_not_known(
    rec: Recommendation, target: ScalableTarget | None, seen: Observation | None
) -> None:
    """A row of another version, or without its config, is still told."""
    assert tell_reported(NOT_TOLD, make_range(), SEEN) == " (3 reported)"
    assert tell_reported(rec, target, seen) == ""
