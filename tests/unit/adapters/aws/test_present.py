"""Is what is not there told with the likely name, and what cannot be asked not at all?"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.present import find_resources
from flyball.core.target import Mode
from flyball.plan.model import Level
from tests.rig import make_target

METHODS = {
    "describe_endpoint": "DescribeEndpoint",
    "describe_inference_component": "DescribeInferenceComponent",
    "describe_auto_scaling_groups": "DescribeAutoScalingGroups",
    "list_endpoints": "ListEndpoints",
    "list_inference_components": "ListInferenceComponents",
}


class RefusedError(Exception):
    """A refusal as the SDK raises it."""

    def __init__(self, code: str, words: str) -> None:
        self.response = {"Error": {"Code": code, "Message": words}}
        super().__init__(words)


GONE = RefusedError("ValidationException", "Could not find it.")
DENIED = RefusedError("AccessDeniedException", "no")
BROKEN = RefusedError("InternalFailure", "oh")
LIVE = {"ProductionVariants": [{"VariantName": "blue"}, {"VariantName": "green"}]}
SHADOWED = {**LIVE, "ShadowProductionVariants": [{"VariantName": "dark"}]}
VARIANT = {"endpoint": "churn", "variant": "blue"}
COMPONENT = {"inference_component": "churn"}
GROUP = {"auto_scaling_group": "web"}


def listed(key: str, field: str, *names: str) -> dict[str, Any]:
    """Make an answer that lists names."""
    return {key: [{field: name} for name in names]}


class Cloud:
    """Every service, as Clients and client in one, by these answers or errors."""

    meta = SimpleNamespace(method_to_api_mapping=METHODS)

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.calls: list[str] = []

    def get(self, _: str) -> Cloud:
        """Give the client."""
        return self

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self.calls.append(METHODS[name] + ":named" * ("AutoScalingGroupNames" in given))
            answer = self.answers[self.calls[-1]]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Case(NamedTuple):
    """A resource and what is answered, with what is said; "" for nothing."""

    name: str
    resource: dict[str, str]
    answers: Mapping[str, Any]
    text: str = ""
    remedy: str = ""


CASES = (
    Case("there", VARIANT, {"DescribeEndpoint": LIVE}),
    Case("being made", VARIANT, {"DescribeEndpoint": {"EndpointStatus": "Creating"}}),
    Case("a shadow", {**VARIANT, "variant": "dark"}, {"DescribeEndpoint": SHADOWED}),
    Case(
        "an endpoint among others",
        VARIANT,
        {
            "DescribeEndpoint": GONE,
            "ListEndpoints": listed("Endpoints", "EndpointName", *"dcba", "chum"),
        },
        "endpoint churn is not there",
        "is it chum?",
    ),
    Case(
        "an endpoint like no other",
        VARIANT,
        {"DescribeEndpoint": GONE, "ListEndpoints": listed("Endpoints", "EndpointName", *"dcba")},
        "endpoint churn is not there",
        "there is a, b, c …",
    ),
    Case(
        "an endpoint, and nobody may list",
        VARIANT,
        {"DescribeEndpoint": GONE, "ListEndpoints": DENIED},
        "endpoint churn is not there",
        "name one that is",
    ),
    Case(
        "a variant like no other",
        {**VARIANT, "variant": "zzz"},
        {"DescribeEndpoint": LIVE},
        "variant zzz is not there",
        "is it blue or green?",
    ),
    Case(
        "a component",
        COMPONENT,
        {
            "DescribeInferenceComponent": GONE,
            "ListInferenceComponents": listed(
                "InferenceComponents", "InferenceComponentName", "churn-1"
            ),
        },
        "inference component churn is not there",
        "is it churn-1?",
    ),
    Case("a component there", COMPONENT, {"DescribeInferenceComponent": {"a": 1}}),
    Case(
        "a group",
        GROUP,
        {
            "DescribeAutoScalingGroups:named": {},
            "DescribeAutoScalingGroups": listed("AutoScalingGroups", "AutoScalingGroupName"),
        },
        "Auto Scaling group web is not there",
        "there is none here",
    ),
    Case(
        "a group there",
        GROUP,
        {
            "DescribeAutoScalingGroups:named": listed(
                "AutoScalingGroups", "AutoScalingGroupName", "web"
            )
        },
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_not_there_is_named_with_what_is(case: Case) -> None:
    """Each resource is asked for once; names are listed only where one is not there."""
    cloud: Any = Cloud(case.answers)
    targets = [
        make_target("a", home="aws", resource=case.resource),
        make_target("b", home="aws", resource=case.resource, mode=Mode.ADVISE),
    ]
    found = find_resources(cloud, Asked(), targets)
    assert [each.level for each in found.checks] == [Level.FAIL, Level.WARN] * bool(case.text)
    assert found.absent == ({"a", "b"} if case.text else set())
    assert found.unread == set()
    for each in found.checks:
        assert each.text.startswith(case.text)
        assert each.remedy.startswith(case.remedy)
    assert cloud.calls.count(cloud.calls[0]) == 1


@pytest.mark.parametrize("resource", [VARIANT, COMPONENT, GROUP], ids=lambda each: next(iter(each)))
@pytest.mark.parametrize("error", [DENIED, BROKEN], ids=["refused", "failed"])
def test_what_cannot_be_asked_is_not_said_to_be_missing(
    resource: dict[str, str], error: Exception
) -> None:
    """A refusal is told with the others, a failure as one."""
    methods = ("DescribeEndpoint", "DescribeInferenceComponent", "DescribeAutoScalingGroups:named")
    cloud: Any = Cloud(dict.fromkeys(methods, error))
    asked = Asked()
    found = find_resources(cloud, asked, [make_target("a", home="aws", resource=resource)])
    assert (found.checks, found.absent, found.unread) == ((), frozenset(), frozenset({"a"}))
    (check,) = asked.checks(())
    assert ("missing" in check.text) == (error is DENIED)


def test_a_resource_that_is_none_of_awss_is_left_to_the_plan() -> None:
    """It says what is expected."""
    cloud: Any = Cloud({})
    found = find_resources(cloud, Asked(), [make_target("a", home="aws", resource={"x": "y"})])
    assert (found.checks, found.absent, found.unread) == ((), frozenset(), frozenset())
