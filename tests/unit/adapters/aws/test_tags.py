"""Is it known, whatever kind of resource it is, where the tag is missing that functions need?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.aws.tags import find_bare
from flyball.core.target import Mode, ScalableTarget
from tests.rig import make_target

PROD = {"Key": "flyball", "Value": "prod"}
OTHER = {"Key": "team", "Value": "prod"}
BARE = (
    "it does not bear the tag flyball=prod (the stack's ResourceTag), so its functions may not "
    "scale it"
)
UNREAD = (
    "whether it bears the tag flyball=prod (the stack's ResourceTag) cannot be read: OSError: gone"
)


@dataclass
class Shelf:
    """An account whose resources all bear the same tags; it counts what is asked."""

    tags: Sequence[dict[str, str]] = ()
    error: Exception | None = None
    missing: bool = False
    asked: list[str] = field(default_factory=list)

    def get(self, service: str) -> Shelf:
        """Give the client."""
        assert service in {"sagemaker", "autoscaling"}
        return self

    def describe_endpoint(self, EndpointName: str) -> dict[str, str]:  # noqa: N803  (the API's)
        """Say its ARN."""
        self.asked.append(EndpointName)
        return {"EndpointArn": f"arn:endpoint/{EndpointName.lower()}"}

    def describe_inference_component(self, InferenceComponentName: str) -> dict[str, str]:  # noqa: N803
        """Say its ARN."""
        return {"InferenceComponentArn": f"arn:component/{InferenceComponentName}"}

    def list_tags(self, ResourceArn: str, NextToken: str = "") -> dict[str, Any]:  # noqa: N803
        """Give a page with one tag."""
        self.asked.append(ResourceArn)
        if self.error is not None:
            raise self.error
        at = int(NextToken or 0)
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.tags) else {}
        return {"Tags": list(self.tags[at : at + 1]), **more}

    def describe_auto_scaling_groups(
        self,
        AutoScalingGroupNames: list[str],  # noqa: N803
        **_: object,
    ) -> dict[str, Any]:
        """Give the groups with their tags."""
        self.asked += AutoScalingGroupNames
        if self.error is not None:
            raise self.error
        names = [] if self.missing else AutoScalingGroupNames
        groups = [{"AutoScalingGroupName": each, "Tags": list(self.tags)} for each in names]
        return {"AutoScalingGroups": groups}


def target(name: str = "t", **resource: str) -> ScalableTarget:
    """Make a target of AWS."""
    return make_target(name, home="aws", resource=resource)


KINDS = (
    target(endpoint="Chat", variant="v"),
    target(inference_component="llm"),
    target(auto_scaling_group="web"),
)


@dataclass(frozen=True)
class Case:
    """Which tags a resource bears, and what is said of it."""

    id: str
    tags: tuple[dict[str, str], ...]
    said: str


CASES = (
    Case("none", (), BARE),
    Case("others", (OTHER,), BARE),
    Case("another_value", ({"Key": "flyball", "Value": "dev"},), BARE),
    Case("another_case_of_the_value", ({"Key": "flyball", "Value": "Prod"},), BARE),
    Case("it", (OTHER, PROD), ""),
    Case("another_case_of_the_key", ({"Key": "Flyball", "Value": "prod"},), ""),
    Case("twice_by_case", (PROD, {"Key": "FLYBALL", "Value": "dev"}), BARE),
)


@pytest.mark.parametrize("scaled", KINDS, ids=lambda each: next(iter(each.resource)))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_resource_without_the_tag_is_named_whatever_its_kind(
    case: Case, scaled: ScalableTarget
) -> None:
    """As IAM holds the condition against it."""
    shelf: Any = Shelf(case.tags)
    assert find_bare(shelf, [scaled], "prod") == ({"t": case.said} if case.said else {})


@pytest.mark.parametrize("scaled", KINDS, ids=lambda each: next(iter(each.resource)))
def test_tags_that_cannot_be_read_are_no_tag(scaled: ScalableTarget) -> None:
    """In doubt nobody might be in charge."""
    shelf: Any = Shelf((PROD,), error=OSError("gone"))
    assert find_bare(shelf, [scaled], "prod") == {"t": UNREAD}


def test_of_a_group_that_is_not_there_nothing_is_said() -> None:
    """That it is not there is said where its capacity is read."""
    shelf: Any = Shelf(missing=True)
    assert find_bare(shelf, [KINDS[2]], "prod") == {}


def test_nothing_is_read_where_no_tag_is_asked_for_or_nothing_is_scaled() -> None:
    """Most deployments have no such parameter; an adviser needs no permission."""
    shelf = Shelf()
    clients: Any = shelf
    assert find_bare(clients, KINDS, "") == {}
    resource = {"endpoint": "e", "variant": "v"}
    adviser = make_target("t", home="aws", resource=resource, mode=Mode.ADVISE)
    assert find_bare(clients, [adviser], "prod") == {}
    assert shelf.asked == []


def test_an_endpoint_is_asked_once_for_all_its_variants() -> None:
    """Tags are the endpoint's."""
    shelf = Shelf((PROD,))
    clients: Any = shelf
    both = [target(each, endpoint="chat", variant=each) for each in "ab"]
    assert find_bare(clients, both, "dev").keys() == {"a", "b"}
    assert shelf.asked == ["chat", "arn:endpoint/chat"]
