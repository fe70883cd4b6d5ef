"""What would KEDA order: nothing while nobody is there, and else what its HPA does?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flyball.sim.peers import hpa
from flyball.sim.peers.tick import Bounds, Ticks, check_target
from flyball.sim.slots import Seen

POLL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of an instance's capacity, in use; 0–1 and more.
        activation: Active while the load is above this, in instances' worth.
        cooldown: To zero so long after the last poll that saw it active.
        least: Instances that stay; 0: it goes to zero.
        fallback: Instances to have while the metric cannot be read; 0: those that there are.
        failures: Readings that fail before it does so.
    """

    target: float = 0.7
    activation: float = 0.0
    cooldown: timedelta = timedelta(seconds=300)
    least: int = 0
    fallback: int = 0
    failures: int = 3

    def __post_init__(self) -> None:
        check_target(self.target)
        if not 0 <= self.activation < math.inf or self.least < 0:
            raise ValueError(
                f"activation, least: got {self.activation:g} and {self.least}, expected 0 or more"
            )
        if min(self.fallback, self.failures) < 0:
            raise ValueError(
                f"fallback, failures: got {self.fallback} and {self.failures}, expected 0 or more"
            )


class ScaledObject:
    """A ScaledObject with one trigger: zero to one by itself, from one on by an HPA.

    The HPA is on a total's average value, with a least of one, and rests while there is nothing. A
    poll without a value changes nothing. With a fallback the HPA reads, once more of its readings
    have failed than it may, what asks for that many instances, be it more or fewer than there are;
    from zero it does not come by it.

    Source: KEDA documentation, "Scaling Deployments", "Activating and scaling thresholds",
        "Fallback"; pkg/fallback/fallback.go: GetMetricsWithFallback.
    """

    def __init__(self, settings: Settings, bounds: Bounds, slot: timedelta) -> None:
        self._settings = settings
        self._first = min(max(1, settings.least), bounds.most)
        self._polls = Ticks(POLL, slot)
        self._reads = Ticks(hpa.SYNC, slot)
        self._failed = 0
        self._active_at: datetime | None = None
        above = hpa.Settings(target=settings.target)
        self._above = hpa.PodAutoscaler(above, Bounds(self._first, bounds.most), slot)

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        wanted = seen.desired
        for _ in range(self._reads.next_slot()):
            wanted = self._above.sync(self._read(seen), wanted)
        if not self._polls.next_slot() or seen.load is None:
            return wanted
        if self._active_at is None or seen.load > self._settings.activation:
            self._active_at = seen.now
        if seen.load > self._settings.activation:
            return wanted or self._first
        idle = seen.now - self._active_at >= self._settings.cooldown
        return 0 if idle and not self._settings.least else wanted

    def _read(self, seen: Seen) -> Seen:
        """Give the HPA a metric that asks for the fallback, where its own has failed too often."""
        self._failed = 0 if seen.load is not None else self._failed + 1
        if not self._settings.fallback or self._failed <= self._settings.failures:
            return seen
        return seen._replace(load=self._settings.fallback * self._settings.target)
