"""May an average scale in to which not all instances in service have contributed?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.core.activity import is_active
from flyball.core.model import (
    Action,
    Capacity,
    Datapoint,
    History,
    Missing,
    MissingCause,
    Observation,
    ReadySample,
    Reason,
    Series,
)
from flyball.core.policy import Comparison, Policy
from flyball.core.target import Metric, Per, Profile, Unit, ZeroRule
from tests.unit.core.cases import NOON, at, expect, name, of, scale, see, stepping, tracking

DUTY = Metric("a", unit=Unit.PERCENT, max_age=timedelta(seconds=600))
PROFILES = tuple(Profile)
LOW, HIGH = stepping("S", 30, (None, 0, -1), metric="a", comparison=Comparison.LESS), 95.0
TRACKS = tracking("A", 60.0)


def points(*seen: tuple[float, int | None], end: float = 0) -> Series:
    """Make datapoints of (mean, how many reported), a minute apart."""
    first = end - 60 * (len(seen) - 1)
    return tuple(
        Datapoint(at(first + 60 * index), value, reporting=reporting)
        for index, (value, reporting) in enumerate(seen)
    )


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("policy", [TRACKS, LOW], ids=["tracking", "step"])
@pytest.mark.parametrize("reporting", [1, 2])
def test_no_profile_scales_in_while_an_instance_in_service_is_silent(
    profile: Profile, policy: Policy, reporting: int
) -> None:
    """One idle replica of four is visible: the other three may be full."""
    target = scale(policy, low=1, high=6, metrics=(DUTY,), profile=profile)
    expect(target, see(4, {"a": points((5.0, reporting))}), desired=4, action=Action.HOLD)


@pytest.mark.parametrize("profile", [Profile.FLYBALL, Profile.AWS])
def test_a_scale_in_that_the_silent_hold_says_so_and_is_looked_at_again_soon(
    profile: Profile,
) -> None:
    """They may be visible in a minute, and then it goes through."""
    target = scale(TRACKS, low=1, high=6, metrics=(DUTY,), profile=profile)
    decision = expect(
        target,
        see(4, {"a": points((5.0, 1))}),
        reason=Reason.FLIPPED_BY_MISSING_INSTANCES,
        wake_in=60.0,
    )
    assert [(each.value, each.ready) for each in decision.recommendations] == [(5.0, 4)]


def test_a_scale_out_does_not_wait_for_the_silent() -> None:
    """Too many is a smaller mistake than too few."""
    target = scale(TRACKS, low=1, high=10, metrics=(DUTY,))
    expect(target, see(4, {"a": points((HIGH, 1))}), desired=7)


@dataclass(frozen=True)
class Case:
    """What is seen of four replicas, and what must be decided.

    Attributes:
        id: What it shows.
        seen: The metric.
        desired: What must be decided.
        policy: On it.
        reason: Why.
    """

    id: str
    seen: Series
    desired: int
    policy: Policy = TRACKS
    reason: Reason = Reason.FLIPPED_BY_MISSING_INSTANCES


CASES = (
    Case("all report", points((5.0, 4)), 1, reason=Reason.BELOW_TARGET),
    Case("more report than serve", points((5.0, 5)), 1, reason=Reason.BELOW_TARGET),
    Case("nobody counts them", points((5.0, None)), 1, reason=Reason.BELOW_TARGET),
    Case(
        "the newest whole one decides",
        points((30.0, 4), (5.0, 1)),
        2,
        reason=Reason.BELOW_TARGET,
    ),
    Case(
        "what the visible ask for decides where it is more",
        points((5.0, 4), (30.0, 1)),
        2,
        reason=Reason.BELOW_TARGET,
    ),
    Case(
        "a source that has begun to count",
        points((5.0, None), (5.0, 1)),
        1,
        reason=Reason.BELOW_TARGET,
    ),
    Case("the newest whole one is busy", points((90.0, 4), (5.0, 1)), 4),
    Case("the newest whole one is near target", points((59.0, 4), (5.0, 1)), 4),
    Case("the newest whole one is too old", points((5.0, 4), *[(5.0, 1)] * 11), 4),
    Case("the newest whole one is no number", points((float("nan"), 4), (5.0, 1)), 4),
    Case(
        "a silent minute is no breach",
        points((5.0, 4), (5.0, 1), (5.0, 4)),
        4,
        tracking("A", 60.0, in_datapoints=of(3, 3)),
    ),
    Case(
        "one silent minute of four is allowed for",
        points((5.0, 4), (5.0, 4), (5.0, 1), (5.0, 4)),
        1,
        tracking("A", 60.0, in_datapoints=of(3, 4)),
        Reason.BELOW_TARGET,
    ),
    Case("a step rests on whole ones", points((5.0, 4), (5.0, 1)), 3, LOW, Reason.STEP),
    Case("a step that some would take", points((70.0, 4), (5.0, 1)), 4, LOW),
)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_scale_in_rests_on_the_datapoints_of_all(case: Case) -> None:
    """Each replica's values come late by themselves, so the newest may never be whole."""
    target = scale(case.policy, low=1, high=6, metrics=(DUTY,))
    expect(target, see(4, {"a": case.seen}), desired=case.desired, reason=case.reason)


def test_those_that_warm_up_need_not_report() -> None:
    """They serve nobody yet."""
    target = scale(LOW, low=1, high=9, metrics=(DUTY,))
    warming = see(6, {"a": points((5.0, 4))}, ready=4, warming=2)
    found = expect(target, warming)
    assert found.recommendations[0].desired == 5
    silent = see(6, {"a": points((5.0, 3))}, ready=4, warming=2)
    assert expect(target, silent).recommendations[0].desired == 6


def test_those_that_were_in_service_then_have_to_report() -> None:
    """A datapoint of before a scale-out is whole with those that there were."""
    history = History(
        ready=(ReadySample(at(-3600), 2), ReadySample(at(-90), 2), ReadySample(at(-60), 4))
    )
    target = scale(LOW, low=1, high=9, metrics=(DUTY,))
    old = see(4, {"a": points((5.0, 2), end=-120)})
    expect(target, old, history, desired=3)
    new = see(4, {"a": points((5.0, 2))})
    expect(target, new, history, desired=4)


def test_what_the_source_says_was_in_service_counts() -> None:
    """It knows better than our looks."""
    target = scale(TRACKS, low=1, high=6, metrics=(DUTY,))
    expect(target, see(4, {"a": (Datapoint(NOON, 20.0, 3, 3),)}), desired=1)
    expect(target, see(4, {"a": (Datapoint(NOON, 20.0, 3, 2),)}), desired=4)


UNKNOWN = Missing(MissingCause.NO_DATA)


@pytest.mark.parametrize(
    ("value", "reporting", "capacity", "active"),
    [
        (0.0, 2, Capacity(2, 2), False),
        (0.0, None, Capacity(2, 2), False),
        (0.0, 1, Capacity(2, 2), None),
        (0.0, 1, UNKNOWN, None),
        (1.0, 1, Capacity(2, 2), True),
    ],
)
def test_the_silent_may_be_what_keeps_a_target_from_zero(
    value: float, reporting: int | None, capacity: Capacity | Missing, active: bool | None
) -> None:
    """Idle is only what all that serve say to be idle."""
    rule = ZeroRule("q")
    target = scale(metrics=(Metric("q", per=Per.TOTAL),), zero=rule)
    seen = Observation(NOON, capacity, {"q": points((value, reporting))})
    assert is_active(target, rule, seen, NOON) is active
