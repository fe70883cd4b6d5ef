"""A profile brings the defaults of the service that it is named after, number by number."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flyball.config.profile import DEFAULTS
from flyball.core.policy import (
    DatapointsRule,
    MissingRule,
    MissingRules,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.target import DirectionRules, Profile, RateKind, RateRule
from tests.unit.config.asking import target_of

SECOND = timedelta(seconds=1)
TRACKING = "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70"
STEP = "policies: [{name: p, kind: step, metric: m, threshold: 50, steps: "


@pytest.mark.parametrize("profile", ["flyball", "aws", "hpa"])
def test_a_profile_brings_its_defaults(profile: str) -> None:
    """Those of the services, number by number."""
    made = target_of(f"profile: {profile}\n{TRACKING}}}]")
    three, fifteen, one = DatapointsRule(3, 3), DatapointsRule(15, 15), DatapointsRule(1, 1)
    hold, block = MissingRules(), MissingRules(scale_in=MissingRule.BLOCK_SCALE_IN)
    zero, five = timedelta(), 300 * SECOND
    quarter = 15 * SECOND
    tracking = {
        "flyball": (1.0, 0.9, DatapointsRule(2, 3), DatapointsRule(5, 5), zero, zero, hold),
        "aws": (1.0, 0.9, three, fifteen, five, five, block),
        "hpa": (1.1, 0.9, one, one, zero, zero, hold),
    }
    percent = RateRule(RateKind.PERCENT, 100, quarter)
    directions = {
        "flyball": (DirectionRules(), DirectionRules(five)),
        "aws": (DirectionRules(), DirectionRules()),
        "hpa": (
            DirectionRules(rates=(RateRule(RateKind.COUNT, 4, quarter), percent)),
            DirectionRules(five, (percent,)),
        ),
    }
    policy = made.policies[0]
    assert isinstance(policy, TrackingPolicy)
    assert (
        policy.high_ratio,
        policy.low_ratio,
        policy.out_datapoints,
        policy.in_datapoints,
        policy.scale_out_cooldown,
        policy.scale_in_cooldown,
        policy.missing,
    ) == tracking[profile]
    assert (made.scale_out, made.scale_in) == directions[profile]


@pytest.mark.parametrize(
    ("profile", "datapoints", "scale_in"),
    [
        ("flyball", DatapointsRule(2, 3), MissingRule.HOLD),
        ("aws", DatapointsRule(1, 1), MissingRule.IGNORE),
        ("hpa", DatapointsRule(1, 1), MissingRule.HOLD),
    ],
)
def test_a_profile_brings_the_defaults_of_a_step_policy(
    profile: str, datapoints: DatapointsRule, scale_in: MissingRule
) -> None:
    """A cooldown of five minutes in all of them."""
    policy = target_of(f"profile: {profile}\n{STEP}[{{from: 0, add: 1}}]}}]").policies[0]
    assert isinstance(policy, StepPolicy)
    assert policy.cooldown == 300 * SECOND
    assert (policy.datapoints, policy.missing.scale_in) == (datapoints, scale_in)


def test_a_direction_keeps_what_it_does_not_say_from_its_profile() -> None:
    """Key by key; an empty list of rates is none."""
    made = target_of("profile: hpa\nscale_out: {stabilization_window: 1m}\nscale_in: {rates: []}")
    assert len(made.scale_out.rates) == 2
    assert made.scale_out.stabilization_window == 60 * SECOND
    assert made.scale_in == DirectionRules(300 * SECOND)


def rules(made: DirectionRules) -> str:
    """Write rate rules as the guide does."""
    amounts = [f"{r.amount:g}{' %' * (r.kind is RateKind.PERCENT)}" for r in made.rates]
    if not amounts:
        return "none"
    text = f"{' and '.join(amounts)} in {made.rates[0].period.seconds} s"
    return f"the larger of {text}" if len(amounts) > 1 else text


def seconds(*given: timedelta) -> str:
    """Write durations as the guide does."""
    return ", ".join(f"{each.seconds} s" for each in given) if any(given) else "none"


def m_of_n(rule: DatapointsRule) -> str:
    """Write M of N."""
    return f"{rule.breaching} of {rule.evaluated}"


def test_the_guide_says_what_the_profiles_bring(repository: Path) -> None:
    """Its table has a row for every default that differs."""
    columns = [DEFAULTS[profile] for profile in (Profile.FLYBALL, Profile.AWS, Profile.HPA)]
    rows = {
        "scale out above": [f"target value × {d.high_ratio:g}" for d in columns],
        "scale in below": [f"target value × {d.low_ratio:g}" for d in columns],
        "datapoints, scale out": [m_of_n(d.out_datapoints) for d in columns],
        "datapoints, scale in": [m_of_n(d.in_datapoints) for d in columns],
        "cooldowns of target tracking": [
            seconds(d.scale_out_cooldown, d.scale_in_cooldown) for d in columns
        ],
        "missing data, scale in": [f"`{d.missing.scale_in.value}`" for d in columns],
        "datapoints of a step policy": [m_of_n(d.step_datapoints) for d in columns],
        "missing data of a step policy, scale in": [
            f"`{d.step_missing.scale_in.value}`" for d in columns
        ],
        "stabilization window, scale in": [
            seconds(d.scale_in.stabilization_window) for d in columns
        ],
        "rates, scale out": [rules(d.scale_out) for d in columns],
        "rates, scale in": [rules(d.scale_in) for d in columns],
    }
    page = (repository / "docs" / "config-guide.md").read_text("utf-8")
    for name, cells in rows.items():
        assert f"| {name} | {' | '.join(cells)} |" in page
    assert {d.step_cooldown for d in columns} == {300 * SECOND}
    assert {d.missing.scale_out for d in columns} == {MissingRule.IGNORE}
