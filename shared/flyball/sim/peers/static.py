"""What would be ordered by who always keeps what the highest slot needs?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flyball.sim.peers.tick import Bounds, check_target, round_up
from flyball.sim.slots import Seen


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        capacity: Instances; 0: those that carry the highest slot.
        target: Of their capacity, in use in the highest slot; 0–1 and more.
    """

    capacity: int = 0
    target: float = 1.0

    def __post_init__(self) -> None:
        check_target(self.target)
        if self.capacity < 0:
            raise ValueError(f"capacity: got {self.capacity}, expected instances, 0 or more")


class Static:
    """The same number, always."""

    def __init__(self, settings: Settings, bounds: Bounds, loads: Sequence[float | None]) -> None:
        highest = max((load for load in loads if load is not None), default=0.0)
        number = settings.capacity or round_up(highest / settings.target)
        self.capacity = bounds.clamp(number)

    def decide(self, _seen: Seen) -> int:
        """Say how many instances to have."""
        return self.capacity
