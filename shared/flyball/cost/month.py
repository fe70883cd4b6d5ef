"""What happens in a month of a deployment, minute by minute?

The functions, the controller, the engine and the cloud's adapters are the real ones. Only the clock
jumps, and the services behind the adapters are simulated: each call is counted instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.alarm import Alarm, AlarmWatch
from flyball.controller import Controller
from flyball.cost.plant import MINUTE
from flyball.cost.usage import Usage
from flyball.ports import CapacityControl, Clock, Ledger, MetricSource

ENGINE = "simulated"
MINUTES = 43_800
"""A month is 730 hours, as price lists count it."""
SETTLED = timedelta(hours=1)
"""Where demand stands still, no alarm changes its state after so long."""


class Month(ABC):
    """A deployment, as time passes.

    Args:
        clock: The month's.
        board: Its alarms.
        alarms: Those that are there, by name.
        usage: Where everything is counted.
        steady_from: From then on no alarm is evaluated any more; None: they always are.
    """

    def __init__(
        self,
        clock: JumpingClock,
        board: AlarmBoard,
        alarms: Mapping[str, Alarm],
        usage: Usage,
        steady_from: datetime | None,
    ) -> None:
        self._clock = clock
        self._board = board
        self._alarms = alarms
        self._usage = usage
        self._steady_from = steady_from
        self._ids = count()

    def run(self, minutes: int, advance: Callable[[int], None] = lambda _: None) -> None:
        """Let minutes pass."""
        start = self._clock.now()
        for index in range(minutes):
            self.pass_minute(start + index * MINUTE)
            advance(1)

    def pass_minute(self, now: datetime) -> None:
        """Jump to a minute, and let happen what is due."""
        self._clock.jump(now)
        if self._steady_from is None or now < self._steady_from:
            for event in self._board.evaluate(now):
                if event["detail"]["alarmName"] in self._alarms:
                    self._tell_alarm(event["detail"], now)
        self._tell_resources(now)
        self._tick(now)

    @abstractmethod
    def _tell_alarm(self, change: Mapping[str, Any], now: datetime) -> None:
        """Bring the function the news of an alarm that changed its state."""

    @abstractmethod
    def _tell_resources(self, now: datetime) -> None:
        """Bring it the news of what is scaled, where the cloud has any."""

    @abstractmethod
    def _tick(self, now: datetime) -> None:
        """Let the schedule call, and what is then queued be handed over."""

    def _note_wake(self, line: Mapping[str, object]) -> None:
        """Count what a line of the log tells of a wake-up."""
        if "trigger" in line:
            self._usage.wakes[str(line["kind"])] += 1
            if line.get("outcome") == "applied":
                self._usage.wakes["changed"] += 1


def build(
    ledger: Ledger,
    metrics: MetricSource,
    control: CapacityControl,
    clock: Clock,
    watch: AlarmWatch | None = None,
) -> Controller:
    """Build the controller of a month, whose tokens are numbers, so that each run is the same."""
    tokens = count()
    return Controller(
        ledger=ledger,
        metrics=metrics,
        control=control,
        clock=clock,
        token=lambda: f"{next(tokens):032x}",
        engine=ENGINE,
        watch=watch,
    )


def take_all(sent: list[str]) -> list[str]:
    """Take what was sent since the last time."""
    taken = list(sent)
    sent.clear()
    return taken
