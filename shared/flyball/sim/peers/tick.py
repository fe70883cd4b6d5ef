"""Which of a peer's own ticks and datapoints fall into a slot?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

SLACK_RATIO = 1e-12
MOST_TARGET = 10.0
"""Of an instance's capacity, in use; more is a mistake in a unit."""


class Bounds(NamedTuple):
    """The least and the most that may be ordered, instances."""

    least: int
    most: int

    def clamp(self, number: int) -> int:
        """Bring a number inside."""
        return min(max(number, self.least), self.most)


class Datapoints:
    """Makes datapoints of a period from values by the slot.

    A slot of several periods gives its value several times. A period of several slots gives their
    mean when it is over; nothing is known of it if one of them is not.
    """

    def __init__(self, period: timedelta, slot: timedelta) -> None:
        self._each = max(1, slot // period)
        self._slots = max(1, period // slot)
        self._held: list[float | None] = []

    def take(self, value: float | None) -> Sequence[float | None]:
        """Take a slot's value, and give the datapoints that it completes, oldest first."""
        if self._slots == 1:
            return (value,) * self._each
        self._held.append(value)
        if len(self._held) < self._slots:
            return ()
        known = [each for each in self._held if each is not None]
        mean = math.fsum(known) / self._slots if len(known) == self._slots else None
        self._held.clear()
        return (mean,)


class Ticks:
    """Counts the ticks of a period that fall into each slot; the last one is at its end or before.

    A period that does not divide a slot leaves the rest to the next one.
    """

    def __init__(self, period: timedelta, slot: timedelta) -> None:
        self._period = period
        self._slot = slot
        self._since = timedelta()

    def next_slot(self) -> int:
        """Give the next slot's number of ticks, 0 or more."""
        self._since += self._slot
        count, self._since = divmod(self._since, self._period)
        return count


def round_up(value: float) -> int:
    """Round up, with slack for the last bit: 2.1 ÷ 0.7 is 3 instances, not 4."""
    return math.ceil(value * (1 - SLACK_RATIO))


def check_target(value: float) -> None:
    """Hold a target to be a share of an instance's capacity.

    Raises:
        ValueError: It is none, or looks like a percentage.
    """
    if not 0 < value < math.inf:
        raise ValueError(f"target: got {value:g}, expected a number above 0")
    if value > MOST_TARGET:
        raise ValueError(f"target: got {value:g}, expected a share: {value:g} % is {value / 100:g}")
