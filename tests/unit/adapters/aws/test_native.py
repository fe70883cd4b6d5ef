"""Is everybody who scales a resource found, and nobody who only looks on?

Application Auto Scaling is asked in tests/aws, on a server; here are its pages, and the groups'
policies, of which no engine on this machine has every kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from flyball.adapters.aws.native import KEPT_LIMIT, Owner, Owners
from flyball.adapters.aws.resource import Component, Group, Variant
from tests.rig import MINUTE, T0
from tests.unit.adapters.aws.scripted import Script

WORKERS = Group("workers")
SCALABLE = "application-autoscaling"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the SDK what it asks for, so that it looks nowhere else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def script() -> Iterator[Script]:
    """Script the services, and expect every scripted call to have been made."""
    script = Script()
    yield script
    script.end()


@pytest.fixture
def owners(script: Script) -> Owners:
    """Ask the scripted services."""
    return Owners(script.clients)


def predictive(mode: str | None) -> dict[str, Any]:
    """Make a predictive policy of a group."""
    made: dict[str, Any] = {"MetricSpecifications": [{"TargetValue": 50.0}]}
    if mode is not None:
        made["Mode"] = mode
    return {
        "PolicyName": "ahead",
        "PolicyType": "PredictiveScaling",
        "PredictiveScalingConfiguration": made,
    }


CPU = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "Enabled": True}
NIGHT = {"ScheduledActionName": "night", "MinSize": 0}


@dataclass(frozen=True)
class Case:
    """What a group has, what is suspended, and who scales it."""

    id: str
    policies: tuple[dict[str, Any], ...]
    actions: tuple[dict[str, Any], ...] = ()
    suspended: frozenset[str] = frozenset()
    name: str = ""


CASES = (
    Case("nobody", ()),
    Case("a_policy", (CPU,), name="EC2 Auto Scaling policy cpu"),
    Case("a_disabled_policy", (CPU | {"Enabled": False},)),
    Case("alarms_are_suspended", (CPU,), suspended=frozenset({"AlarmNotification"})),
    Case("forecasts_only", (predictive("ForecastOnly"),)),
    Case("forecasts_only_by_default", (predictive(None),)),
    Case(
        "forecasts_and_scales",
        (predictive("ForecastAndScale"),),
        suspended=frozenset({"AlarmNotification", "ScheduledActions"}),
        name="EC2 Auto Scaling policy ahead",
    ),
    Case("a_schedule", (), (NIGHT,), name="EC2 Auto Scaling scheduled action night"),
    Case("schedules_are_suspended", (), (NIGHT,), frozenset({"ScheduledActions"})),
    Case(
        "both",
        (CPU,),
        (NIGHT,),
        name="EC2 Auto Scaling policy cpu, EC2 Auto Scaling scheduled action night",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_scales_a_group_is_found(case: Case, script: Script, owners: Owners) -> None:
    """What is suspended or disabled does not act, and a forecast alone does not either."""
    asked = {"AutoScalingGroupName": "workers"}
    script.answer("describe_policies", {"ScalingPolicies": list(case.policies)}, asked)
    actions = {"ScheduledUpdateGroupActions": list(case.actions)}
    script.answer("describe_scheduled_actions", actions, asked)
    assert owners.find(WORKERS, T0, case.suspended) == Owner(case.name)
    assert owners.find(WORKERS, T0 + 4 * MINUTE, case.suspended) == Owner(case.name)


def test_a_process_that_is_resumed_acts_at_once(script: Script, owners: Owners) -> None:
    """What is remembered is who is there, not who acted then."""
    script.answer("describe_policies", {"ScalingPolicies": [CPU]})
    script.answer("describe_scheduled_actions", {"ScheduledUpdateGroupActions": []})
    assert owners.find(WORKERS, T0, frozenset({"AlarmNotification"})).name == ""
    assert owners.find(WORKERS, T0 + MINUTE).name == "EC2 Auto Scaling policy cpu"


def test_policies_are_known_where_schedules_may_not_be_read(script: Script, owners: Owners) -> None:
    """What is known counts, and what is not is said."""
    script.answer("describe_policies", {"ScalingPolicies": [CPU]})
    script.refuse("describe_scheduled_actions", "AccessDenied", "not authorized")
    found = owners.find(WORKERS, T0)
    assert found.name == "EC2 Auto Scaling policy cpu"
    assert found.remark == (
        "the group's scheduled actions are not known (AccessDenied: not authorized)"
    )


def test_a_question_that_fails_leaves_the_last_answer_in_force(
    script: Script, owners: Owners
) -> None:
    """Nobody is taken to have gone because nobody could be asked; the failure is remembered too."""
    script.answer("describe_policies", {"ScalingPolicies": [CPU]})
    script.answer("describe_scheduled_actions", {"ScheduledUpdateGroupActions": []})
    owners.find(WORKERS, T0)
    script.refuse("describe_policies", "Throttling", "Rate exceeded")
    later = T0 + 5 * MINUTE
    found = owners.find(WORKERS, later)
    assert found.name == "EC2 Auto Scaling policy cpu"
    assert "is not known (Throttling: Rate exceeded)" in found.remark
    assert owners.find(WORKERS, later + MINUTE) == found


def test_long_answers_are_read_page_by_page(script: Script, owners: Owners) -> None:
    """A registration on the second page is found too."""
    registered = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/llm",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": 3,
        "RoleARN": "arn:aws:iam::123456789012:role/scaling",
        "CreationTime": T0,
    }
    asked = {"ServiceNamespace": "sagemaker", "ResourceIds": ["inference-component/llm"]}
    first = {"ScalableTargets": [], "NextToken": "2"}
    script.answer("describe_scalable_targets", first, asked, SCALABLE)
    second = {"ScalableTargets": [registered]}
    script.answer("describe_scalable_targets", second, asked | {"NextToken": "2"}, SCALABLE)
    assert owners.find(Component("llm"), T0) == Owner("Application Auto Scaling (0–3)")


def test_a_list_without_an_end_is_not_followed_for_ever(script: Script, owners: Owners) -> None:
    """Twenty pages are enough."""
    for _ in range(20):
        answer = {"ScalableTargets": [], "NextToken": "again"}
        script.answer("describe_scalable_targets", answer, service=SCALABLE)
    assert owners.find(Variant("chat", "blue"), T0) == Owner()


def test_answers_that_are_remembered_are_bounded(script: Script, owners: Owners) -> None:
    """A program that runs for years grows no further."""
    for start in range(0, KEPT_LIMIT + 50, 50):
        answer: dict[str, Any] = {"ScalableTargets": []}
        script.answer("describe_scalable_targets", answer, service=SCALABLE)
        many = [Component(f"c{index}") for index in range(start, start + 50)]
        owners.prefetch(many, T0)
    assert 0 < len(owners._asked) <= KEPT_LIMIT
