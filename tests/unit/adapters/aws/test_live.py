"""Is it said before it happens that applying would change capacity at once?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.aws.handover import Native
from flyball.adapters.aws.live import check_capacity, check_native, check_zero
from flyball.core.model import Capacity, Missing, MissingCause
from flyball.core.policy import ScheduledPolicy, TrackingPolicy
from flyball.core.schedule import Schedule
from flyball.core.target import Metric, Mode
from flyball.plan.live import look_at_all
from flyball.plan.model import ACTIVE, Choices, Level
from tests.rig import make_target

RESOURCE = {"endpoint": "churn", "variant": "a"}
KEY = "endpoint/churn/variant/a"
GONE = Missing(MissingCause.SOURCE_FAILED, "Could not find endpoint")
RAISED = ScheduledPolicy("morning", Schedule("rate(1 day)"), max_capacity=12)
NOTHING, TAKE = Choices(), Choices(take_over=True)


def native(state: str = ACTIVE) -> Native:
    """Make native scaling of the resource."""
    return Native(KEY, "sagemaker:variant:DesiredInstanceCount", 1, 8, {"scale_in": state})


@dataclass(frozen=True)
class Case:
    """What is live, and how that comes out; bounds are 2–8."""

    id: str
    capacity: Capacity | Missing
    level: Level | None
    text: str = ""
    native: Native | None = None
    choices: Choices = NOTHING
    fields: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("inside the bounds", Capacity(4, 4), None),
    Case("sixty into eight is refused", Capacity(60, 60), Level.FAIL, "scale in by 52 at once"),
    Case(
        "unless it is asked for", Capacity(60, 60), Level.WARN, "by 52", None,
        Choices(allow_scale_in=True),
    ),
    Case("below the floor it scales out", Capacity(1, 1), Level.WARN, "out by 1 at once"),
    Case("advice changes nothing", Capacity(60, 60), None, fields={"mode": Mode.ADVISE}),
    Case(
        "a scheduled action may have raised it", Capacity(12, 12), Level.WARN,
        "unless a scheduled action", fields={"policies": (RAISED,)},
    ),
    Case(
        "but not when hands change", Capacity(12, 12), Level.FAIL, "by 4 at once", native(), TAKE,
        fields={"policies": (RAISED,)},
    ),
    Case("what cannot be read is said", GONE, Level.WARN, "Could not find endpoint"),
    Case("and is not taken over blindly", GONE, Level.FAIL, "cannot be read", native(), TAKE),
    Case(
        "advice about what cannot be read takes nothing over", GONE, Level.WARN, "", native(), TAKE,
        {"mode": Mode.ADVISE},
    ),
    Case(
        "somebody else's scaling is named", Capacity(4, 4, owner="SageMaker 1–3"), Level.WARN,
        "SageMaker 1–3 looks after it too",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_live_is_held_against_the_config(case: Case) -> None:
    """A hand-over never falls to a default: what would jump is refused until it is asked for."""
    metrics, policies = (Metric("load"),), (TrackingPolicy("track", "load", 100.0),)
    fields = {"metrics": metrics, "policies": policies, **case.fields}
    target = make_target("churn", low=2, high=8, home="aws", resource=RESOURCE, **fields)
    checks = list(check_capacity(case.capacity, target, case.native, case.choices))
    assert [each.level for each in checks] == ([] if case.level is None else [case.level])
    assert case.text in "".join(each.text for each in checks)


@pytest.mark.parametrize(
    ("mode", "state", "level"),
    [
        (Mode.APPLY, ACTIVE, Level.WARN),
        (Mode.ADVISE, ACTIVE, Level.OK),
    ],
)
def test_who_is_in_charge_is_said(mode: Mode, state: str, level: Level | None) -> None:
    """Both at once, or nobody at all, is worth a line with a remedy."""
    target = make_target("churn", home="aws", resource=RESOURCE, mode=mode)
    checks = list(check_native(target, native(state)))
    assert [each.level for each in checks] == ([] if level is None else [level])
    assert all(each.remedy for each in checks)


def test_many_targets_are_looked_at_and_counted() -> None:
    """Checks come in the file's order, and progress for each target."""
    targets = [
        make_target(f"t{n}", home="aws", resource={"endpoint": f"e{n}", "variant": "a"})
        for n in range(20)
    ]
    steps: list[int] = []
    found = look_at_all(
        lambda each: check_capacity(GONE, each, None, Choices()), targets, steps.append
    )
    assert [each.scalable_target_id for each in found] == [each.id for each in targets]
    assert sum(steps) == 20


@pytest.mark.parametrize(
    ("endpoint", "mode", "level"),
    [
        ({}, Mode.APPLY, Level.FAIL),
        ({}, Mode.ADVISE, Level.WARN),
        ({"AsyncInferenceConfig": {"OutputConfig": {}}}, Mode.APPLY, None),
    ],
)
def test_only_an_asynchronous_endpoints_variant_goes_to_zero(
    endpoint: dict[str, Any], mode: Mode, level: Level | None
) -> None:
    """A real-time one would refuse it at night, when nobody looks."""
    target = make_target("churn", low=0, home="aws", resource=RESOURCE, mode=mode)
    checks = list(check_zero(target, endpoint))
    assert [each.level for each in checks] == ([] if level is None else [level])
