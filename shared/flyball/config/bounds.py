"""Between which bounds does a scalable target stay?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flyball.config.entry import Entry
from flyball.config.source import Place
from flyball.core.policy import Policy, ScheduledPolicy


def find_bounds(entry: Entry, policies: Sequence[Policy]) -> dict[str, Any] | None:
    """Find the four bounds and see that they are in order; None where one is missing."""
    report = entry.report
    block = entry.get("auto_scaling")[0]
    found: dict[str, tuple[int | None, Place]] = {}
    for key, node_key in (("min_capacity", "min_nodes"), ("max_capacity", "max_nodes")):
        value, place = entry.get(key)
        nodes = None if block is None else getattr(block, node_key)
        if nodes is not None and getattr(entry.own, key) is not None:
            report.add(
                place,
                f"given twice: also by autoScaling.{block.written(node_key)}",
                "keep one of the two",
                key=True,
            )
        if nodes is not None:
            value, place = nodes, entry.place.at("autoScaling", block.written(node_key))
            entry.places["key", key] = place
        found[key] = value, place
    (least, least_at), (most, _) = found["min_capacity"], found["max_capacity"]
    if least is None and block is not None:
        least = 1
    for key, value in (("min_capacity", least), ("max_capacity", most)):
        if value is None and entry.is_whole("auto_scaling"):
            report.add(entry.place.at(key), "this key is missing", "give it here or in defaults")
    if least is None or most is None:
        return None
    hard_min, hard_min_at = entry.get("hard_min_capacity")
    hard_max, hard_max_at = entry.get("hard_max_capacity")
    scheduled = [
        p.max_capacity
        for p in policies
        if isinstance(p, ScheduledPolicy) and p.max_capacity is not None
    ]
    bounds: dict[str, Any] = {
        "min_capacity": least,
        "max_capacity": most,
        "hard_min_capacity": hard_min or 0,
        "hard_max_capacity": max([most, *scheduled]) if hard_max is None else hard_max,
    }
    if least > most:
        report.add(least_at, f"got {least}, expected at most max_capacity ({most})")
    if hard_max is not None and hard_max < most:
        report.add(hard_max_at, f"got {hard_max}, expected at least max_capacity ({most})")
    if hard_min is not None and hard_min > least:
        report.add(hard_min_at, f"got {hard_min}, expected at most min_capacity ({least})")
    return bounds
