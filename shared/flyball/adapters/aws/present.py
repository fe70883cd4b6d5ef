"""Is the resource of each scalable target there, and what is likely meant where it is not?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from flyball.adapters.aws.answer import Answer, read_list, read_text
from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.auto_scaling_group import fetch_groups
from flyball.adapters.aws.clients import Clients, error_message
from flyball.adapters.aws.component import fetch_component
from flyball.adapters.aws.handover import pages
from flyball.adapters.aws.resource import (
    Component,
    Group,
    Resource,
    ResourceError,
    Variant,
    read_resource,
)
from flyball.adapters.aws.sagemaker import fetch_endpoint
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Level
from flyball.plan.remark import ALIKE, SHOWN, tell_absent

_GONE = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)


class Presence(NamedTuple):
    """What of the targets' resources was found.

    Attributes:
        checks: One for each resource that is not there.
        absent: Ids of the targets on these.
        unread: Ids of the targets of whose resource nothing could be learned.
        endpoints: Answers of DescribeEndpoint, by endpoint.
    """

    checks: tuple[Check, ...]
    absent: frozenset[str]
    unread: frozenset[str]
    endpoints: Mapping[str, Answer]


def find_resources(clients: Clients, asked: Asked, targets: Sequence[ScalableTarget]) -> Presence:
    """Look for each resource once; one that is not there gets the likely names."""
    seen: dict[Resource | str, Answer | None] = {}
    checks: list[Check] = []
    unread: set[str] = set()
    for target in targets:
        try:
            resource = read_resource(target.resource)
        except ResourceError:
            continue  # a plan says it
        key = resource.endpoint if isinstance(resource, Variant) else resource
        if key not in seen:
            seen[key] = _fetch(clients, asked, resource)
        answer = seen[key]
        if answer is None:
            unread.add(target.id)
            continue
        problem = _find_problem(clients, resource, answer)
        if problem:
            level = Level.FAIL if target.mode is Mode.APPLY else Level.WARN
            checks.append(Check("resource", level, *problem, target.id))
    absent = frozenset(each.scalable_target_id for each in checks)
    endpoints = {key: found for key, found in seen.items() if isinstance(key, str) and found}
    return Presence(tuple(checks), absent, frozenset(unread), endpoints)


def _fetch(clients: Clients, asked: Asked, resource: Resource) -> Answer | None:
    """Ask for a resource; {}: it is not there, None: nobody knows."""
    heard = asked.listen(clients)

    def fetch() -> Answer:
        try:
            match resource:
                case Variant(endpoint):
                    return fetch_endpoint(heard, endpoint)
                case Component(component):
                    return fetch_component(heard, component)
                case Group(name):
                    return fetch_groups(heard, [name]).get(name, {})
        except Exception as error:
            if _GONE.search(error_message(error)) and not asked.was_refused(error):
                return {}
            raise

    names = {
        Variant: "sagemaker:DescribeEndpoint",
        Component: "sagemaker:DescribeInferenceComponent",
        Group: "autoscaling:DescribeAutoScalingGroups",
    }
    action = names[type(resource)]
    found = asked.ask(action, fetch, None)
    return None if found == {} and asked.is_denied(action) else found


def _find_problem(clients: Clients, resource: Resource, answer: Answer) -> tuple[str, str] | None:
    """Say what is not there, and what is."""
    match resource:
        case Variant(endpoint, variant):
            if not answer:
                return _tell(f"endpoint {endpoint}", endpoint, _list_endpoints(clients))
            names = [read_text(each, "VariantName") for each in _variants_of(answer)]
            if not names or variant in names:
                return None  # one that is being created has none yet
            near = get_close_matches(variant, names, SHOWN, ALIKE) or sorted(names)[:SHOWN]
            text = f"variant {variant} is not there: endpoint {endpoint} has no such one"
            return text, f"is it {' or '.join(near)}?"
        case Component(component):
            if not answer:
                what = f"inference component {component}"
                return _tell(what, component, _list_components(clients))
        case Group(name):
            if not answer:
                return _tell(f"Auto Scaling group {name}", name, _list_groups(clients))
    return None


def _variants_of(answer: Answer) -> Iterator[Answer]:
    """Give every variant; that a shadow cannot be scaled is said where capacity is read."""
    yield from read_list(answer, "ProductionVariants")
    yield from read_list(answer, "ShadowProductionVariants")


def _tell(what: str, name: str, names: Sequence[str] | None) -> tuple[str, str]:
    return tell_absent(what, name, names, "region and account")


def _list_endpoints(clients: Clients) -> list[str] | None:
    call = clients.get("sagemaker").list_endpoints
    return _names(call, "Endpoints", "EndpointName", MaxResults=100)


def _list_components(clients: Clients) -> list[str] | None:
    call = clients.get("sagemaker").list_inference_components
    return _names(call, "InferenceComponents", "InferenceComponentName", MaxResults=100)


def _list_groups(clients: Clients) -> list[str] | None:
    call = clients.get("autoscaling").describe_auto_scaling_groups
    return _names(call, "AutoScalingGroups", "AutoScalingGroupName", MaxRecords=100)


def _names(call: object, key: str, field: str, **given: int) -> list[str] | None:
    """List names; None: nobody may, and it would only make a remedy better."""
    try:
        return [read_text(each, field) for each in pages(call, key, **given)]
    except Exception:  # noqa: BLE001  (likewise)
        return None
