"""What would a Horizontal Pod Autoscaler v2 with its default behaviour order?"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from flyball.sim.peers.tick import Bounds, Ticks, check_target, round_up
from flyball.sim.slots import Seen

SYNC = timedelta(seconds=15)
TOLERANCE_RATIO = 0.1
MOST_PODS = 4
MOST_PERCENT = 100
"""Added in a period of 15 s, whichever allows more; a scale-in may take everything."""
EXTERNAL = "external"
PODS = "pods"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of a pod's capacity, in use; 0–1 and more.
        tolerance: A ratio this near to 1 is no reason to change.
        window: Stabilization of scale-in: the most of what was recommended in it.
        metric: `external`: a total, as an average value for each pod that there is. `pods`: the
            pods' own metric.
    """

    target: float = 0.7
    tolerance: float = TOLERANCE_RATIO
    window: timedelta = timedelta(seconds=300)
    metric: str = EXTERNAL

    def __post_init__(self) -> None:
        check_target(self.target)
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance: got {self.tolerance:g}, expected 0 to below 1")
        if self.metric not in (EXTERNAL, PODS):
            raise ValueError(f"metric: got {self.metric!r}, expected {EXTERNAL} or {PODS}")


class PodAutoscaler:
    """A HorizontalPodAutoscaler on one metric, which syncs every 15 s.

    It comes from zero only where zero is its least, which it takes with a total alone; elsewhere
    zero is how somebody switched it off. What it finds at first counts as recommended.

    Source: Kubernetes, horizontal.go: reconcileAutoscaler, recordInitialRecommendation.
    """

    def __init__(self, settings: Settings, bounds: Bounds, slot: timedelta) -> None:
        self._settings = settings
        self._external = settings.metric == EXTERNAL
        self._may_empty = self._external and not bounds.least
        least = bounds.least if self._may_empty else max(1, bounds.least)
        self._stabilizer = Stabilizer(settings.window, Bounds(least, max(least, bounds.most)))
        self._ticks = Ticks(SYNC, slot)

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        current = seen.desired
        for _ in range(self._ticks.next_slot()):
            current = self.sync(seen, current)
        return current

    def sync(self, seen: Seen, current: int) -> int:
        """Let one tick pass, and say how many instances to have after it."""
        self._stabilizer.begin(current)
        raw = None
        if seen.load is not None and (current or self._may_empty):
            total, tolerance = seen.load / self._settings.target, self._settings.tolerance
            if self._external:
                raw = recommend_external(total, current, tolerance)
            else:
                raw = recommend_pods(total, current, seen, tolerance)
        if raw is None:  # without a metric, or switched off
            self._stabilizer.rest()
            return current
        return self._stabilizer.settle(current, raw)


def recommend_external(total: float, current: int, tolerance: float) -> int:
    """Ask for what brings a total's average value for each pod to its target.

    Args:
        total: The metric ÷ its target for one pod.
        current: Pods that there are, those that are starting as well.
        tolerance: A ratio this near to 1 changes nothing.

    Source: Kubernetes, replica_calculator.go: GetExternalPerPodMetricReplicas.
    """
    if current and _is_within(total / current, tolerance):
        return current
    return round_up(total)


def recommend_pods(total: float, current: int, seen: Seen, tolerance: float) -> int | None:
    """Ask for what brings the mean of the pods' own metric to its target.

    Pods that are not in service are left out; those that came after it was measured have none.
    Where it points up, both count as idle; where it points down, those without one count as at the
    target. What would turn the direction keeps what there is.

    Args:
        total: The sum over the pods that were measured ÷ the target.
        current: Pods that are set, at least 1.
        seen: How many were measured, and how many are in service now.
        tolerance: As for a total.

    Returns:
        None where no pod in service has the metric.

    Source: Kubernetes, replica_calculator.go: calcPlainMetricReplicas, groupPods.
    """
    ready = min(seen.ready, current)
    known = min(seen.measured, ready)
    if not known:
        return None
    total *= known / seen.measured
    ratio = total / known
    missing = ready - known
    unready = current - ready if ratio > 1 else 0
    if ratio < 1:
        total += missing
    count = known + missing + unready
    again = total / count
    if _is_within(again, tolerance) or ratio < 1 < again or again < 1 < ratio:
        return current
    number = round_up(again * count)
    if missing or unready:  # the count of pods may turn it as well
        number = min(number, current) if again < 1 else max(number, current)
    return number


def _is_within(ratio: float, tolerance: float) -> bool:
    return 1 - tolerance <= ratio <= 1 + tolerance


class Stabilizer:
    """Holds and limits what is recommended, tick by tick, by the default behaviour.

    Source: Kubernetes, horizontal.go: stabilizeRecommendationWithBehaviors,
        calculateScaleUpLimitWithScalingRules, convertDesiredReplicasWithBehaviorRate.
    """

    def __init__(self, window: timedelta, bounds: Bounds) -> None:
        self._kept = max(1, -(-window // SYNC))
        self._bounds = bounds
        self._tick = 0
        self._largest: deque[tuple[int, int]] = deque()  # (tick, recommended), falling
        self._begun = False

    def begin(self, current: int) -> None:
        """Take what there is at the very first tick for recommended then."""
        if not self._begun:
            self._begun = True
            self._largest.append((self._tick + 1, current))

    def rest(self) -> None:
        """Let a tick pass in which nothing is recommended."""
        self._tick += 1

    def settle(self, current: int, raw: int) -> int:
        """Take a tick's recommendation, and give what is set."""
        self._tick += 1
        largest = self._largest
        while largest and largest[-1][1] <= raw:
            largest.pop()
        largest.append((self._tick, raw))
        while largest[0][0] <= self._tick - self._kept:
            largest.popleft()
        number = min(max(current, raw), largest[0][1])
        if number > current:
            doubled = math.ceil(current * (1 + MOST_PERCENT / 100))
            number = min(number, max(current + MOST_PODS, doubled))
        return self._bounds.clamp(number)
