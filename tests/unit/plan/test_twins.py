"""Is it found that two scalable targets would scale the same resource?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Level, Scope
from flyball.plan.twins import check_twins
from tests.rig import make_target


def target(name: str, place: str, mode: Mode = Mode.APPLY) -> ScalableTarget:
    """Make a target that scales a place."""
    return make_target(name, resource={"endpoint": place}, mode=mode)


def key(each: ScalableTarget) -> str:
    """Name its place."""
    return each.resource["endpoint"]


@dataclass(frozen=True)
class Case:
    """Who stays, who else is in force, and what is said of whom."""

    name: str
    staying: tuple[ScalableTarget, ...]
    others: tuple[ScalableTarget, ...] = ()
    registered: tuple[ScalableTarget, ...] = ()
    said: tuple[tuple[str, str], ...] = ()


A, B = target("a", "x"), target("b", "x")
LOOKER = target("a", "x", Mode.ADVISE)
CASES = (
    Case("two places", (A, target("b", "y"))),
    Case("one place", (A, B), said=(("b", "x is scaled by a too"),)),
    Case("one of them looks on", (LOOKER, B)),
    Case("the other looks on", (B, LOOKER)),
    Case(
        "another that is in force",
        (B,),
        others=(A,),
        said=(("b", "x is scaled by a too, which is in force and not in the file"),),
    ),
    Case("another that looks on", (B,), others=(LOOKER,)),
    Case(
        "one that has not left",
        (target("a", "y"), B),
        registered=(A,),
        said=(("b", "x is scaled by a until that has another resource"),),
    ),
    Case("itself as it is in force", (A,), registered=(A,)),
    Case("one that becomes a looker", (LOOKER, B), registered=(A,)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_two_that_apply_to_one_resource_are_a_problem(case: Case) -> None:
    """Who looks on fights with nobody."""
    registered = {each.id: each for each in case.registered}
    scope = Scope(case.staying, (), case.others, registered, {})
    checks = list(check_twins(scope, key))
    assert [(each.scalable_target_id, each.text) for each in checks] == list(case.said)
    assert all(each.level is Level.FAIL and each.remedy for each in checks)
