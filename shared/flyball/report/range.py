"""What range is set, and what has the service chosen inside it?"""

from __future__ import annotations

from flyball.core.model import Capacity, Missing
from flyball.core.target import CapacityKind, ScalableTarget


def tell_range(capacity: Capacity | Missing, target: ScalableTarget) -> str:
    """Say what was set and what the service made of it; "" where it takes one number.

    Args:
        capacity: As it was seen.
        target: Whose.
    """
    if isinstance(capacity, Missing):
        return ""
    if capacity.ceiling is None and target.capacity_kind is CapacityKind.COUNT:
        return ""
    return f"{_tell_set(capacity)}, {_tell_serving(capacity)}{_tell_coming(capacity)}"


def _tell_set(capacity: Capacity) -> str:
    floor, ceiling = capacity.desired, capacity.ceiling
    if ceiling is None:
        return f"Floor {floor:,} set, its ceiling not known"
    bounds = tell_bounds(floor, ceiling)
    return f"Pinned at {bounds}" if floor == ceiling else f"Range {bounds} set"


def tell_bounds(floor: int, ceiling: int) -> str:
    """Write a range, or the number that it is pinned at."""
    return f"{floor:,}" if floor == ceiling else f"{floor:,}–{ceiling:,}"


def _tell_serving(capacity: Capacity) -> str:
    """Say what serves, and whose doing that is."""
    floor, ceiling, serving = capacity.desired, capacity.ceiling, capacity.serving
    told = f"{serving:,} in service"
    if serving < floor:
        return f"{told}: {floor - serving:,} still missing"
    if ceiling is not None and serving > ceiling:
        return f"{told}: {serving - ceiling:,} too many"
    return f"{told} by the service's own choice" if serving > floor else told


def _tell_coming(capacity: Capacity) -> str:
    """Say what the service is at, beyond what the floor asks for."""
    picked = capacity.picked
    if picked is None or picked <= max(capacity.serving, capacity.desired):
        return ""
    return f"; it has chosen {picked:,}"
