"""What would a Google service's own autoscaler do alone, in a range that nobody moves?

Its rule is the local cloud's (adapters/local/service), in the plant of ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

from flyball.core.model import CapacityRange
from flyball.sim.peers.tick import Bounds
from flyball.sim.picked import begin_range
from flyball.sim.service import MACHINES, keep
from flyball.sim.slots import Plant, Ranging


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of GPU and CPU, in use, 0–1; 0: as the plant's service has them.
        machine: `gpu`: a full instance has its GPU at 100 % and its CPU at a half. `cpu`: it has no
            GPU, and its CPU at 100 %. Empty: as the plant's service has them.
        least: The range's floor; 0: the least that may be ordered.
        most: The range's ceiling; 0: the most that may be ordered.
    """

    target: float = 0.0
    machine: str = ""
    least: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.target <= 1:
            raise ValueError(f"target: got {self.target:g}, expected a share from 0 to 1")
        if self.machine not in ("", *MACHINES):
            raise ValueError(f"machine: got {self.machine!r}, expected {' or '.join(MACHINES)}")
        if min(self.least, self.most) < 0 or 0 < self.most < self.least:
            raise ValueError(
                f"least, most: got {self.least} and {self.most}, expected instances, in this order"
            )


def hold_range(settings: Settings, bounds: Bounds, plant: Plant) -> Ranging:
    """Keep one range for ever, and let the service pick in it."""
    service = begin_range(plant)
    if settings.machine:
        machine = MACHINES[settings.machine]
        service = machine._replace(floor=service.floor, ceiling=service.ceiling)
        service = service._replace(initial=plant.service.initial)
    if settings.target:
        service = keep(service, settings.target)
    floor = max(bounds.clamp(settings.least or service.floor), service.least)
    ceiling = max(floor, bounds.clamp(settings.most or service.ceiling))
    held = CapacityRange(floor, ceiling)
    return Ranging(service._replace(floor=floor, ceiling=ceiling), lambda _seen: held)
