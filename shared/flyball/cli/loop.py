"""How does the controller go on as a loop on one machine, until it is told to stop?"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from types import FrameType
from typing import NamedTuple

from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.trigger import parse_event
from flyball.controller import Controller
from flyball.ports import Clock, Ledger, Trigger
from flyball.wake import Wake, wake_due

NAP_S = 0.1
"""How late a signal may be noticed while there is nothing to do."""
DUE_LIMIT = 1_000
MINUTE = timedelta(minutes=1)


class Stop:
    """Whether a signal has asked to stop; what is in hand is finished first."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as a wish to stop; a second SIGINT ends at once."""

        def note(number: int, _frame: FrameType | None) -> None:
            if self.asked and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.asked = True

        before = {each: signal.signal(each, note) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def wait(self, length: timedelta) -> None:
        """Wait, or less where a stop is asked for."""
        ends = time.monotonic() + length.total_seconds()
        while not self.asked and (left := ends - time.monotonic()) > 0:
            time.sleep(min(NAP_S, left))


class Parts(NamedTuple):
    """What the loop turns.

    Attributes:
        controller: Handles one wake-up.
        ledger: Says who is due.
        board: Tells which simulated alarms have changed; None: what is due is found by time alone.
        clock: Where `now` comes from.
        ours: The scalable targets of the config; others in the ledger are left alone.
        together: How many scalable targets share their metric reads.
        hold: Entered for as long as those are looked at.
    """

    controller: Controller
    ledger: Ledger
    board: AlarmBoard | None
    clock: Clock
    ours: Collection[str]
    together: int = 1
    hold: Callable[[], AbstractContextManager[None]] = nullcontext


class Loop:
    """Looks again and again at what is due."""

    def __init__(self, parts: Parts, stop: Stop, tell: Callable[[Wake], None]) -> None:
        self._parts = parts
        self._stop = stop
        self._tell = tell
        self._looked: datetime | None = None

    def turn(self) -> None:
        """Tell the alarms' changes once a minute, then wake what is due.

        Raises:
            LedgerError: Not even what is due can be read.
        """
        now = self._parts.clock.now()
        triggers, together = (*self._alarms(now), *self._due(now)), self._parts.together
        for start in range(0, len(triggers), together):
            if self._stop.asked:
                return
            with self._parts.hold():
                wakes = self._parts.controller.wake_all(triggers[start : start + together])
            for wake in wakes:
                self._tell(wake)

    def _alarms(self, now: datetime) -> Iterator[Trigger]:
        """Evaluate at full minutes, so that several runs tell of one event, not of several."""
        minute = now.replace(second=0, microsecond=0)
        if self._parts.board is None:
            return
        if self._looked is not None and minute < self._looked + MINUTE:
            return
        self._looked = minute
        yield from map(parse_event, self._parts.board.evaluate(minute))

    def _due(self, now: datetime) -> Iterator[Trigger]:
        ours, ledger = self._parts.ours, self._parts.ledger
        strangers = sum(each not in ours for each in ledger.scalable_target_ids())
        for due in ledger.due(now, DUE_LIMIT + strangers):
            if due.scalable_target_id in ours:
                yield wake_due(due)
