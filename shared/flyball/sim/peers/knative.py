"""What would Knative's pod autoscaler order, with its stable and its panic window?"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from flyball.sim.peers.tick import Bounds, Ticks, check_target
from flyball.sim.slots import Seen

TICK = timedelta(seconds=2)
STABLE_TICKS = 30
"""60 s."""
PANIC_TICKS = 3
"""6 s: a tenth of the stable window."""
PANIC_THRESHOLD = 2.0
MOST_UP = 1000.0
MOST_DOWN = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of an instance's capacity, in use; 0–1 and more.
        delay: Scale-in takes the most that was wanted in so long.
    """

    target: float = 0.7
    delay: timedelta = timedelta()

    def __post_init__(self) -> None:
        check_target(self.target)


@dataclass(slots=True)
class _Stretch:
    """Ticks that read the same; None: nothing."""

    value: float | None
    ticks: int


class KnativeAutoscaler:
    """Knative's KPA, which ticks every 2 s.

    Its metric is the work that was there: what arrived and what waited. A slot's value is what
    every tick reads that sees the slot. Without a value there is no decision, and the windows
    average what is known of them.

    Source: Knative serving, pkg/autoscaler/scaling/autoscaler.go: Scale, New.
    """

    def __init__(self, settings: Settings, bounds: Bounds, slot: timedelta) -> None:
        self._target = settings.target
        self._bounds = bounds
        self._ticks = Ticks(TICK, slot)
        self._runs: deque[_Stretch] = deque()  # the newest last
        self._tick = 0
        self._panic_from: int | None = None
        self._panic_most = 0
        self._begun = False
        self._delayed = -(-settings.delay // TICK)
        self._largest: deque[tuple[int, int]] = deque()  # (tick, wanted), falling

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        ticks = self._ticks.next_slot()
        if not self._begun:
            self._begun = True
            if seen.ready > 1:  # what it does not remember must not scale in
                self._panic_from, self._panic_most = self._tick, seen.ready
        if seen.load is None:
            self._record(None, ticks)
            return seen.desired
        value = seen.load + seen.waiting
        if self._is_calm(value, max(1, seen.ready)):
            self._record(value, ticks)
            return self._bounds.clamp(self._wants(self._mean(STABLE_TICKS), max(1, seen.ready)))
        wanted = seen.desired
        for _ in range(ticks):
            self._record(value, 1)
            wanted = self._bounds.clamp(self._scale(max(1, seen.ready)))
        return wanted

    def _is_calm(self, value: float, ready: int) -> bool:
        """Tell whether no tick of this slot can panic or be delayed: then the last one says all."""
        if self._panic_from is not None or self._delayed:
            return False
        highest = max([value, *(run.value or 0.0 for run in self._runs)])
        return math.ceil(highest / self._target) / ready < PANIC_THRESHOLD

    def _record(self, value: float | None, ticks: int) -> None:
        """Note a value for so many ticks; what the stable window has left is forgotten."""
        self._tick += ticks
        runs = self._runs
        if runs and runs[-1].value == value:
            runs[-1].ticks += ticks
        else:
            runs.append(_Stretch(value, ticks))
        spare = sum(run.ticks for run in runs) - STABLE_TICKS
        while spare > 0:
            gone = min(spare, runs[0].ticks)
            runs[0].ticks -= gone
            spare -= gone
            if not runs[0].ticks:
                runs.popleft()

    def _mean(self, ticks: int) -> float:
        left, known, total = ticks, 0, 0.0
        for run in reversed(self._runs):
            taken = min(left, run.ticks)
            left -= taken
            if run.value is not None:
                known += taken
                total += run.value * taken
            if not left:
                break
        return total / known if known else 0.0

    def _wants(self, value: float, ready: int) -> int:
        wanted = math.ceil(value / self._target)
        return int(min(max(wanted, ready // MOST_DOWN), math.ceil(ready * MOST_UP)))

    def _scale(self, ready: int) -> int:
        panic = self._mean(PANIC_TICKS)
        wanted = self._wants(self._mean(STABLE_TICKS), ready)
        if math.ceil(panic / self._target) / ready >= PANIC_THRESHOLD:
            self._panic_from = self._tick
        elif self._panic_from is not None and self._panic_from + STABLE_TICKS < self._tick:
            self._panic_from, self._panic_most = None, 0
        if self._panic_from is not None:
            self._panic_most = max(self._panic_most, wanted, self._wants(panic, ready))
            wanted = self._panic_most
        return self._delay(wanted) if self._delayed else wanted

    def _delay(self, wanted: int) -> int:
        largest = self._largest
        while largest and largest[-1][1] <= wanted:
            largest.pop()
        largest.append((self._tick, wanted))
        while largest[0][0] <= self._tick - self._delayed:
            largest.popleft()
        return largest[0][1]
