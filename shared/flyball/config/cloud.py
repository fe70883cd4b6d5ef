"""Does a scalable target name a resource that its cloud could have, and take the bounds it has?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from flyball.address import Fault, check_amazon, check_google, doubt_google, find_kept
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.target import ScalableTarget

RETIRED = "Google shut AI Platform Prediction down on 2025-01-31 and deleted its models"
REMEDY = "deploy the model on Vertex AI, and name its project, location and endpoint"
CHECKS: Mapping[str, Callable[[Mapping[str, str]], Iterable[Fault]]] = {
    "aws": check_amazon,
    "gcp": check_google,
}
"""By home, what names the faults of a resource there."""


def check_resource(home: str, resource: Mapping[str, str], place: Place, report: Report) -> None:
    """Note what is wrong with a resource; `place` is that of the resource."""
    for fault in CHECKS[home](resource):
        where = place.at(fault.key) if fault.key else place
        report.add(where, fault.text, fault.remedy, key=fault.unknown)


def check_cloud(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    """Find what Google takes, and what is probably not meant."""
    if target.home != "gcp":
        return
    resource, whole = target.resource, places["key", "id"]
    place = places.get(("key", "resource"), whole)
    if "version" in resource:
        yield place, RETIRED, REMEDY
    for fault in doubt_google(resource):
        yield place.at(fault.key), fault.text, fault.remedy
    kept = find_kept(resource)
    for name, lowest in _find_floors(target):
        if kept is not None and lowest == 0:
            why, remedy = kept
            yield places.get(name, whole), f"0, and 1 is kept: {why}", remedy


def _find_floors(target: ScalableTarget) -> Iterator[tuple[tuple[str, str], int]]:
    """Name where a target says how few there may be."""
    yield ("key", "min_capacity"), target.min_capacity
    for policy in target.scheduled:
        if policy.min_capacity is not None:
            yield ("policy", policy.name), policy.min_capacity
