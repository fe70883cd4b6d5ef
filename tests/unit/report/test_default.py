"""Does a plan print the value of what a config leaves out?"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from flyball.core.codec import encode
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from flyball.core.window import Window
from flyball.plan.compare import flatten
from flyball.plan.model import Field, Kind, Part
from flyball.report.default import tell_absent
from flyball.report.plan import tell_plan
from tests.unit.plan.parts import plan
from tests.unit.report.scenes import STEPS, TRACK, make_target


@dataclass(frozen=True)
class Case:
    """A target as it is and as it is wanted, and how the plan says one difference."""

    id: str
    before: ScalableTarget
    after: ScalableTarget
    said: str


TARGET = make_target(policies=(TRACK,))
NIGHT = Window("night", "cron(0 22 * * ? *)", end="cron(0 6 * * ? *)", ceiling=3)
CASES = [
    Case(
        "a_range_becomes_a_pin",
        replace(TARGET, capacity_kind=CapacityKind.RANGE),
        TARGET,
        "capacity_kind: range → count",
    ),
    Case("the_mode", TARGET, replace(TARGET, mode=Mode.ADVISE), "mode: apply → advise"),
    Case("a_price", TARGET, replace(TARGET, price_per_hour=2.5), "price_per_hour: none → 2.5"),
    Case(
        "the_hard_maximum",
        replace(TARGET, hard_max_capacity=40),
        TARGET,
        "hard_max_capacity: 40 → max capacity",
    ),
    Case(
        "a_policys_field",
        TARGET,
        make_target(policies=(replace(TRACK, low_ratio=0.5),)),
        "policies.track.low_ratio: 0.9 → 0.5",
    ),
    Case(
        "a_policys_nested_field",
        make_target(policies=(replace(TRACK, disable_scale_in=True),)),
        TARGET,
        "policies.track.disable_scale_in: true → false",
    ),
    Case(
        "a_policy_that_comes",
        TARGET,
        make_target(policies=(TRACK, STEPS)),
        "policies.steps.metric: none → gpu",
    ),
    Case(
        "a_window_that_goes",
        make_target(policies=(TRACK,), windows=(NIGHT,)),
        TARGET,
        "windows.night.ceiling: 3 → none",
    ),
]


def part(target: ScalableTarget) -> Part:
    """Make a registered target of its compiled config."""
    return Part(Kind.TARGET, target.id, target.id, "aws", flatten(encode(target)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_plan_prints_values_where_a_default_is_meant(case: Case) -> None:
    """What it is matters, and not that somebody left it out."""
    made = plan([part(case.after)], [part(case.before)])
    lines = [line.text for line in tell_plan(made)]
    assert case.said in lines, lines
    assert not any(line.endswith("→ default") or ": default →" in line for line in lines)


def test_every_field_of_a_target_that_may_be_left_out_has_a_value() -> None:
    """A new one too."""
    required = {"id", "min_capacity", "max_capacity"}
    for each in fields(ScalableTarget):
        if each.init and each.name not in required:
            assert tell_absent(each.name, ()) not in ("", "default"), each.name


@pytest.mark.parametrize("name", ["id", "nope", "policies.x.nope", "zero.nope"])
def test_what_has_no_default_is_not_made_up(name: str) -> None:
    """A ledger of another version may have such fields."""
    assert tell_absent(name, ()) == "default"


def test_a_policy_of_another_kind_has_none_of_the_first_ones_defaults() -> None:
    """Its fields come and go with its kind."""
    changed = (
        Field("policies.a.kind", "target_tracking", "step"),
        Field("policies.a.low_ratio", "0.5", None),
    )
    assert tell_absent("policies.a.low_ratio", changed) == "none"
