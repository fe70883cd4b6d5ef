"""Is another deployment on the same resource found by its alarms, and only there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flyball.adapters.aws.rivals import find_rivals
from flyball.core.target import Mode
from flyball.plan.model import Level
from flyball.plan.rivals import Rival, check_rivals
from tests.rig import make_target

RESOURCES: Mapping[str, dict[str, str]] = {
    "variant": {"endpoint": "e", "variant": "v"},
    "component": {"inference_component": "c"},
    "group": {"auto_scaling_group": "g"},
}
PLACES: Mapping[str, dict[str, str]] = {
    "variant": {"EndpointName": "e", "VariantName": "v"},
    "component": {"InferenceComponentName": "c"},
    "group": {"AutoScalingGroupName": "g"},
}
OURS = [make_target(name, home="aws", resource=each) for name, each in RESOURCES.items()]


def dimensions(**given: str) -> list[dict[str, str]]:
    """Write dimensions as CloudWatch shows them."""
    return [{"Name": name, "Value": value} for name, value in given.items()]


def alarm(name: str = "prod/churn/keep/high", **fields: Any) -> dict[str, Any]:
    """Make an alarm of a deployment."""
    return {"AlarmName": name, "AlarmDescription": "Wakes Flyball for churn: x.", **fields}


@pytest.mark.parametrize("kind", RESOURCES)
@pytest.mark.parametrize("written", ["plain", "expression"])
def test_whatever_it_is_on_is_found(kind: str, written: str) -> None:
    """By the dimensions of its metric, or of a line of an expression; more of them do not hide."""
    shown = dimensions(**PLACES[kind], Model="m")
    stat = {"MetricStat": {"Metric": {"Dimensions": shown}}}
    lines = [{"Id": "e", "Expression": "m / 2"}, {"Id": "m", **stat}]
    made = alarm(Dimensions=shown) if written == "plain" else alarm(Metrics=lines)
    assert list(find_rivals([made, made], OURS, lambda _: "t", "ours")) == [
        Rival("t", "churn", kind)
    ]


@pytest.mark.parametrize(
    "made",
    [
        alarm(Dimensions=dimensions(EndpointName="e")),
        alarm(Dimensions=dimensions(EndpointName="e", VariantName="other")),
        alarm(AlarmDescription="Theirs", Dimensions=dimensions(**PLACES["group"])),
        alarm("no name of ours", Dimensions=dimensions(**PLACES["group"])),
        alarm(),
    ],
    ids=["no variant", "another variant", "no alarm of ours", "no name", "no dimensions"],
)
def test_what_is_elsewhere_is_not_even_asked_for_its_owner(made: dict[str, Any]) -> None:
    """A call for each alarm of an account would take long."""

    def refuse(_: Mapping[str, Any]) -> str:
        raise AssertionError

    assert list(find_rivals([made], OURS, refuse, "ours")) == []


@pytest.mark.parametrize("owner", [None, "ours"])
def test_our_own_alarms_and_those_of_nobody_are_no_rivals(owner: str | None) -> None:
    """One more target of this deployment is a matter of its own."""
    made = alarm(Dimensions=dimensions(**PLACES["group"]))
    assert list(find_rivals([made], OURS, lambda _: owner, "ours")) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "advises", "level"),
    [
        (Mode.APPLY, Mode.APPLY, False, Level.FAIL),
        (Mode.APPLY, Mode.APPLY, True, Level.OK),
        (Mode.APPLY, Mode.ADVISE, False, Level.OK),
        (Mode.ADVISE, Mode.APPLY, False, None),
        (None, Mode.APPLY, False, None),
    ],
)
def test_two_that_apply_are_a_problem(
    theirs: Mode | None, ours: Mode, advises: bool, level: Level | None
) -> None:
    """One that only advises looks on; one that is out of service is nobody."""
    target = make_target("group", home="aws", resource=RESOURCES["group"], mode=ours)
    rival = Rival("t", "churn", "group")
    checks = list(check_rivals([rival], lambda _: theirs, [target], "table", advises=advises))
    assert [each.level for each in checks] == ([] if level is None else [level])


@pytest.mark.parametrize(("ours", "count"), [(Mode.APPLY, 1), (Mode.ADVISE, 0)])
def test_what_cannot_be_known_is_said_where_it_matters(ours: Mode, count: int) -> None:
    """An adviser fights with nobody."""

    def fail(_: Rival) -> Mode:
        raise OSError("denied")

    target = make_target("group", home="aws", resource=RESOURCES["group"], mode=ours)
    rival = Rival("t", "churn", "group")
    checks = list(check_rivals([rival], fail, [target], "table", advises=False))
    assert [each.level for each in checks] == [Level.WARN] * count
