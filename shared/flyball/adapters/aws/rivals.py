"""Which other deployment of Flyball looks after the same resource, and is it in charge there?

Two stages in one account know nothing of each other but by their alarms: the tag names the table
of scalable targets, the name the scalable target, and the dimensions the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flyball.adapters.aws.resource import Component, Variant, read_resource
from flyball.alarm import find_scalable_target
from flyball.core.target import ScalableTarget
from flyball.plan.rivals import Rival

OURS = "Wakes Flyball for "
"""What the descriptions of all alarms of every deployment begin with."""

PLACES = (("EndpointName", "VariantName"), ("InferenceComponentName",), ("AutoScalingGroupName",))
"""The dimensions that all metrics of a resource have."""

UNREADABLE = "not known"
"""Stands for the table of an alarm whose tags cannot be read."""


FindOwner = Callable[[Mapping[str, Any]], str | None]
"""Names the table of the deployment that made an alarm; None: none did."""


def find_rivals(
    alarms: Iterable[Mapping[str, Any]],
    targets: Sequence[ScalableTarget],
    find_owner: FindOwner,
    targets_table: str,
) -> Iterator[Rival]:
    """Find the targets of other deployments that are on the resources of ours.

    Args:
        alarms: The account's, as CloudWatch shows them.
        targets: Ours.
        find_owner: Asked only about alarms that are on a resource of ours.
        targets_table: Ours.
    """
    places = {frozenset(_name_place(each).items()): each.id for each in targets}
    seen: set[Rival] = set()
    for alarm in alarms:
        if not str(alarm.get("AlarmDescription", "")).startswith(OURS):
            continue
        ours = next((places[each] for each in _read_places(alarm) if each in places), None)
        name = _read_name(alarm["AlarmName"])
        if ours is None or name is None:
            continue
        try:
            owner = find_owner(alarm)
        except Exception:  # noqa: BLE001  (its tags are not ours to read: so it is another's)
            owner = UNREADABLE
        if owner not in (None, targets_table):
            rival = Rival(owner or "", name, ours)
            if rival not in seen:
                seen.add(rival)
                yield rival


def _name_place(target: ScalableTarget) -> Mapping[str, str]:
    """Give the dimensions that all metrics of a resource have."""
    resource = read_resource(target.resource)
    if isinstance(resource, Variant):
        return {"EndpointName": resource.endpoint, "VariantName": resource.variant}
    if isinstance(resource, Component):
        return {"InferenceComponentName": resource.inference_component}
    return {"AutoScalingGroupName": resource.auto_scaling_group}


def _read_places(alarm: Mapping[str, Any]) -> Iterator[frozenset[tuple[str, str]]]:
    """Give the resources that an alarm's metrics are about, by their dimensions."""
    lines = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
    for metric in (alarm, *(each["Metric"] for each in lines)):
        shown = {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}
        for names in PLACES:
            yield frozenset((name, shown[name]) for name in names if name in shown)


def _read_name(name: str) -> str | None:
    try:
        return find_scalable_target(name, name.partition("/")[0])
    except ValueError:
        return None
