"""What would target tracking of Application Auto Scaling order?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flyball.sim.peers.tick import Bounds, Datapoints, check_positive, round_up
from flyball.sim.slots import Seen

HIGH_DATAPOINTS = 3
LOW_DATAPOINTS = 15
LOW_RATIO = 0.9
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of an instance's capacity, in use; 0–1 and more.
        period: Of the high alarm's datapoints: 60 s, or 10 s with a high-resolution metric, which
            speeds up scale-out alone.
        out_cooldown: After a completed scale-out no scale-in.
        in_cooldown: After a completed scale-in none.
    """

    target: float = 0.7
    period: timedelta = MINUTE
    out_cooldown: timedelta = timedelta(seconds=300)
    in_cooldown: timedelta = timedelta(seconds=300)

    def __post_init__(self) -> None:
        check_positive("target", self.target)
        if self.period not in (MINUTE, timedelta(seconds=10)):
            raise ValueError(f"period: got {self.period.total_seconds():g}s, expected 60s or 10s")


class TargetTracking:
    """A target tracking policy with the two alarms that the service makes for it.

    High: 3 of 3 datapoints above the target; low: 15 of 15 minutes below 90 % of it. Desired is the
    capacity that was measured × metric ÷ target, rounded up: what is starting is counted once, and
    a cooldown of scale-out holds back nothing larger. A scale-out cancels a scale-in's cooldown. A
    gap is no evidence: an alarm needs all of its datapoints.

    Source: Application Auto Scaling User Guide, "Target tracking scaling policies", "How target
        tracking works", "Define cooldown periods".
    """

    def __init__(self, settings: Settings, bounds: Bounds, slot: timedelta) -> None:
        self._settings = settings
        self._bounds = bounds
        self._high = Datapoints(settings.period, slot)
        self._low = Datapoints(MINUTE, slot)
        self._above = self._below = 0
        self._quiet_until: datetime | None = None
        self._coming = 0  # what a scale-out asked for that has not been completed

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        self._complete(seen)
        use = None if seen.load is None or not seen.measured else seen.load / seen.measured
        target = self._settings.target
        for value in self._high.take(use):
            self._above = self._above + 1 if value is not None and value > target else 0
        floor = LOW_RATIO * target
        for value in self._low.take(use):
            self._below = self._below + 1 if value is not None and value < floor else 0
        if seen.load is None:
            return seen.desired
        wanted = self._bounds.clamp(round_up(seen.load / target))
        if self._above >= HIGH_DATAPOINTS and wanted > seen.desired:
            self._coming, self._quiet_until = wanted, None
            return wanted
        if self._below >= LOW_DATAPOINTS and wanted < seen.desired and self._may_shrink(seen):
            self._quiet_until = seen.now + self._settings.in_cooldown
            return wanted
        return seen.desired

    def _complete(self, seen: Seen) -> None:
        """Begin the cooldown of a scale-out when all that it ordered is in service."""
        if self._coming and seen.ready >= self._coming:
            self._coming = 0
            self._quiet_until = seen.now + self._settings.out_cooldown

    def _may_shrink(self, seen: Seen) -> bool:
        if self._coming:
            return False
        return self._quiet_until is None or seen.now >= self._quiet_until
