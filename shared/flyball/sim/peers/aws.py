"""What would target tracking of Application Auto Scaling order?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from flyball.sim.peers.tick import Bounds, Datapoints, check_target, round_up
from flyball.sim.slots import Seen

HIGH_DATAPOINTS = 3
LOW_DATAPOINTS = 15
LOW_RATIO = 0.9
WAKE_DATAPOINTS = 2
SPARE_DATAPOINTS = 2
"""So many more than an alarm's own are looked at, for those that are missing among them."""
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
        check_target(self.target)
        if self.period not in (MINUTE, timedelta(seconds=10)):
            raise ValueError(f"period: got {self.period.total_seconds():g}s, expected 60s or 10s")


class TargetTracking:
    """A target tracking policy with the two alarms that the service makes for it.

    High: 3 of 3 datapoints above the target; low: 15 of 15 minutes below 90 % of it. Desired is the
    capacity that was measured × metric ÷ target, rounded up: what is starting is counted once, and
    a cooldown of scale-out holds back nothing larger. A scale-out cancels a scale-in's cooldown.
    While the newest datapoint is missing nothing is changed.

    Where the least is zero it has the step policy beside it that such an endpoint is given, since
    nothing divided by no instance is no metric: one instance, once somebody was there without
    capacity for 2 of 2 minutes.

    Source: Application Auto Scaling User Guide, "Target tracking scaling policies", "How target
        tracking works", "Define cooldown periods"; Amazon SageMaker Developer Guide, "Autoscale an
        asynchronous endpoint" (HasBacklogWithoutCapacity).
    """

    def __init__(self, settings: Settings, bounds: Bounds, slot: timedelta) -> None:
        self._settings = settings
        self._bounds = bounds
        self._high = Datapoints(settings.period, slot)
        self._low = Datapoints(MINUTE, slot)
        self._above, self._below = Alarm(HIGH_DATAPOINTS), Alarm(LOW_DATAPOINTS)
        self._calls = Datapoints(MINUTE, slot)
        self._called = Alarm(WAKE_DATAPOINTS)
        self._quiet_until: datetime | None = None
        self._coming = 0  # what a scale-out asked for that has not been completed

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        self._complete(seen)
        use = None if seen.load is None or not seen.measured else seen.load / seen.measured
        target = self._settings.target
        for value in self._high.take(use):
            self._above.take(None if value is None else value > target)
        floor = LOW_RATIO * target
        for value in self._low.take(use):
            self._below.take(None if value is None else value < floor)
        if not self._bounds.least and self._is_called(seen):
            return self._bounds.clamp(1)
        if seen.load is None:
            return seen.desired
        wanted = self._bounds.clamp(round_up(seen.load / target))
        if self._above.is_on and wanted > seen.desired:
            self._coming, self._quiet_until = wanted, None
            return wanted
        if self._below.is_on and wanted < seen.desired and self._may_shrink(seen):
            self._quiet_until = seen.now + self._settings.in_cooldown
            return wanted
        return seen.desired

    def _is_called(self, seen: Seen) -> bool:
        """Tell whether somebody is there, and nothing that serves, or will."""
        calls = None if seen.load is None else seen.load + seen.waiting
        for value in self._calls.take(calls):
            self._called.take(None if value is None else value > 0 and not seen.measured)
        return self._called.is_on and not seen.desired

    def _complete(self, seen: Seen) -> None:
        """Begin the cooldown of a scale-out when all that it ordered is in service."""
        if self._coming and seen.ready >= self._coming:
            self._coming = 0
            self._quiet_until = seen.now + self._settings.out_cooldown

    def _may_shrink(self, seen: Seen) -> bool:
        if self._coming:
            return False
        return self._quiet_until is None or seen.now >= self._quiet_until


class Alarm:
    """An alarm that needs all of its newest datapoints past a threshold; missing is missing.

    A few datapoints more than its own are looked at. Where enough of them are there, the newest of
    these say it, whatever is missing in between. Of fewer it is on where all are past the threshold
    and the oldest is as old as the alarm is long.

    Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data",
        its tables for 3 of 3 datapoints, which look at five; that others look at two more than
        their own too is inferred.
    """

    def __init__(self, datapoints: int) -> None:
        self._needed = datapoints
        self._newest: deque[bool | None] = deque(maxlen=datapoints + SPARE_DATAPOINTS)
        self._in_a_row = 0
        self.is_on = False

    def take(self, is_past: bool | None) -> None:  # noqa: FBT001  (a datapoint)
        """Take a datapoint: past the threshold, not, or missing."""
        self._newest.append(is_past)
        self._in_a_row = self._in_a_row + 1 if is_past else 0
        if self._in_a_row >= self._needed:
            self.is_on = True
        else:  # only what is missing can still make up for it
            self.is_on = is_past is not False and None in self._newest and self._weigh()

    def _weigh(self) -> bool:
        known = [
            (age, each) for age, each in enumerate(reversed(self._newest), 1) if each is not None
        ]
        if len(known) >= self._needed:
            return all(each for _, each in known[: self._needed])
        return bool(known) and all(each for _, each in known) and known[-1][0] >= self._needed
