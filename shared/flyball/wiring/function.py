"""What does a deployed function do with what it was called for, on either cloud?

What nobody understands leaves through the dead-letter queue; what may succeed later goes back to
where it came from; nothing of that stops anything else.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from logging import ERROR, INFO, WARNING
from time import perf_counter, sleep
from typing import Protocol

from flyball.controller import Controller
from flyball.core.shape import NamedTuple
from flyball.letter import Parsed, QueueError, Sent, Tick
from flyball.ports import Clock, Ledger, Trigger, TriggerKind
from flyball.wake import Wake, WakeKind, fail_by, wake_due
from flyball.wiring.tell import COUNT, Meter, Say, cut, measure, tell

DUE_LIMIT = 1_000
"""Scalable targets that one tick finds; those left over are the first of the next."""
TIME_LEFT_MS = 20_000
"""No further scalable target is begun with less left of the function's time than this, or than a
third of it."""
WAITS_S = (0.3, 0.7, 1.5)
"""Before each further try where another run has the lease; a run takes a fraction of a second."""
LOOKED = frozenset({WakeKind.DECIDED, WakeKind.UNRESOLVED, WakeKind.TAKEN, WakeKind.LEASE_LOST})


class Fault(Exception):  # noqa: N818  (not of one target: of this version, or of what it needs)
    """Nothing that was asked for could be handled."""


class Retry(Exception):  # noqa: N818  (it is a wish, not a fault)
    """Something failed that may succeed later: give the message back."""


class FleetLedger(Ledger, Protocol):
    """A ledger that also knows which scalable targets are on a resource."""

    def find_targets(self, resource: str) -> Sequence[str]:
        """List the scalable targets on a resource, sorted."""
        ...


class WakeQueue(Protocol):
    """Where work goes that others may do, and what nobody understands."""

    @property
    def takes_wakes(self) -> bool:
        """Whether there is a queue for work that others may do."""
        ...

    def send_wakes(self, scalable_target_ids: Sequence[str], now: datetime) -> Sent:
        """Put scalable targets on the queue."""
        ...

    def send_poison(self, body: str, reason: str, origin: str = "") -> None:
        """Put a message that nobody understands on the dead-letter queue; raises QueueError."""
        ...


class Parts(NamedTuple):
    """What a function works with, once it is needed."""

    controller: Controller
    ledger: FleetLedger
    clock: Clock


class Handled(NamedTuple):
    """What messages came to.

    Attributes:
        failures: By the id of its message ("" where it came without one): what failed.
        wakes: What each wake-up came to.
    """

    failures: Mapping[str, str]
    wakes: Sequence[Wake]

    def finish(self) -> dict[str, int]:
        """End a call that succeeds or fails as a whole.

        Raises:
            Retry: Something failed; the cloud calls again for what was asynchronous.
        """
        if self.failures:
            raise Retry("a wake-up failed: see the line with its detail")
        return {"wakes": len(self.wakes)}


@contextmanager
def settling() -> Iterator[None]:
    """Leave what a cold start loaded out of garbage collections, and collect from then on.

    Whatever the first event comes to: an environment lives on after a failure.
    """
    try:
        yield
    finally:
        if not gc.isenabled():
            gc.freeze()
            gc.enable()


def _never(_trigger: Trigger, _wake: Wake) -> bool:
    """Ask for nothing more than what failed."""
    return False


class Work:
    """What every function does; it lives as long as its execution environment.

    Args:
        say: Where lines go.
        meter: Where metrics go.
        queue: Where work goes that others may do, and what nobody understands.
        open_parts: Opens what it works with, when that is first needed.
        handful: How many due targets a tick handles itself.
        rest: Waits so many seconds.
        wants_again: Says of a wake-up that did not fail whether its event is to come again.
    """

    def __init__(
        self,
        say: Say,
        meter: Meter,
        *,
        queue: WakeQueue,
        open_parts: Callable[[], Parts],
        handful: int,
        rest: Callable[[float], None] = sleep,
        wants_again: Callable[[Trigger, Wake], bool] = _never,
    ) -> None:
        self._say = say
        self._meter = meter
        self._queue = queue
        self._open = open_parts
        self._handful = handful
        self._rest = rest
        self._wants_again = wants_again

    def wake(self, letters: Sequence[Parsed], left_ms: Callable[[], float]) -> Handled:
        """Wake whom messages name.

        Args:
            letters: As the cloud's trigger reads them.
            left_ms: Asked for the milliseconds that are left of the function's time.

        Raises:
            Fault: Nothing at all could be handled, and not for want of time or of a ledger.
        """
        has_time = _watch_time(left_ms)
        resolved = [self._resolve(letter) for letter in letters]
        triggers = [trigger for found in resolved if isinstance(found, tuple) for trigger in found]
        wakes = self._wake_all(triggers, has_time)
        failures: dict[str, str] = {}
        told = iter(wakes)
        for letter, found in zip(letters, resolved, strict=True):
            if isinstance(found, str):
                failures[letter.message_id] = found
                continue
            failed = [
                wake.detail or wake.kind.value
                for trigger, wake in [(trigger, next(told)) for trigger in found]
                if wake.kind is WakeKind.FAILED or self._wants_again(trigger, wake)
            ]
            if failed:
                failures[letter.message_id] = failed[0]
        if len(failures) == len(letters):
            _check_fault(wakes)
        return Handled(failures, wakes)

    def tick(self, tick: Tick, left_ms: Callable[[], float]) -> dict[str, int]:
        """Look at what is due: a handful here, the rest through the queue.

        A tick that comes again finds what is still due; what was looked at is not due any more.

        Args:
            tick: It says nothing that is believed.
            left_ms: As in wake.

        Raises:
            Exception: Not even what is due can be read, such as a LedgerUnavailableError.
            Fault: As in wake.
        """
        has_time = _watch_time(left_ms)
        try:
            parts = self.parts
            now = parts.clock.now()
            due = [wake_due(each) for each in parts.ledger.due(now, DUE_LIMIT)]
        except Exception as error:
            self._fail("what is due cannot be read", _say_error(error))
            raise
        others = due[self._handful :]
        sent = self._hand_on([each.scalable_target_id for each in others], now)
        left = set(sent.left)
        mine = due[: self._handful]
        mine += [each for each in others if each.scalable_target_id in left]
        self._meter.add_metric("DueTargets", COUNT, len(due))
        self._meter.add_metric("QueuedTargets", COUNT, len(sent.queued))
        wakes = self._wake_all(mine, has_time)
        summary = {"due": len(due), "handled": len(wakes), "queued": len(sent.queued)}
        late_s = None if tick.at is None else (now - tick.at).total_seconds()
        self._say(INFO, "tick", extra={**summary, "late_s": late_s, "schedule": tick.schedule})
        _check_fault(wakes)
        return summary

    @cached_property
    def parts(self) -> Parts:
        """What it works with; opened when it is first needed, and tried again if that fails."""
        return self._open()

    def _resolve(self, letter: Parsed) -> tuple[Trigger, ...] | str:
        """Say whom a message wakes, or why it must come again."""
        about = {"message_id": letter.message_id, "origin": letter.origin, "region": letter.region}
        if letter.problem:
            return self._bury(letter, about)
        ignored = letter.ignored or ("a tick: the other function's" if letter.tick else "")
        if letter.change is not None:
            try:
                found = self.parts.ledger.find_targets(letter.change.resource)
            except Exception as error:  # noqa: BLE001  (it stops no other message)
                what = "a changed resource cannot be looked up"
                return self._fail(what, _say_error(error), **about)
            if found:
                return tuple(map(letter.change.wake, found))
            ignored = f"{letter.change.resource}: no scalable target is on it"
        if ignored:
            self._say(INFO, "ignored", extra={"detail": cut(ignored), **about})
        return letter.triggers

    def _bury(self, letter: Parsed, about: Mapping[str, object]) -> tuple[Trigger, ...] | str:
        """Send a message that nobody understands to the dead-letter queue."""
        self._say(WARNING, "poison", extra={"detail": cut(letter.problem), **about})
        self._meter.add_metric("Poison", COUNT, 1)
        try:
            self._queue.send_poison(letter.body, letter.problem, letter.origin)
        except QueueError as error:
            return self._fail("poison is left where it was", str(error), **about)
        return ()

    def _hand_on(self, scalable_target_ids: Sequence[str], now: datetime) -> Sent:
        """Put on the queue what others may do; what it did not take is done here."""
        if not scalable_target_ids or not self._queue.takes_wakes:
            return Sent(left=tuple(scalable_target_ids))
        sent = self._queue.send_wakes(scalable_target_ids, now)
        if sent.left:
            extra = {"left": len(sent.left), "detail": cut(sent.detail)}
            self._say(ERROR, "the queue did not take all", extra=extra)
        return sent

    def _wake_all(self, triggers: Sequence[Trigger], has_time: Callable[[], bool]) -> list[Wake]:
        """Wake them in chunks that share their reads, and tell of each."""
        began = perf_counter()
        wakes: list[Wake] = []
        if triggers:
            try:
                controller = self.parts.controller
            except Exception as error:  # noqa: BLE001  (whatever it is, the message comes again)
                wakes = [fail_by(trigger, error) for trigger in triggers]
            else:
                wakes = controller.wake_all(triggers, keep_going=has_time)
                wakes = self._try_again(triggers, wakes, has_time)
        for trigger, wake in zip(triggers, wakes, strict=True):
            tell(self._say, trigger, wake)
        measure(self._meter, wakes, (perf_counter() - began) * 1_000)
        return wakes

    def _try_again(
        self, triggers: Sequence[Trigger], wakes: Sequence[Wake], has_time: Callable[[], bool]
    ) -> list[Wake]:
        """Knock again, for a moment, where another run has the lease.

        It may have looked just before what this event tells of, and an alarm tells once. What the
        timer finds is due again by itself, and what this very run looked at was seen.
        """
        found = list(wakes)
        for wait_s in WAITS_S:
            looked = {each.scalable_target_id for each in found if each.kind in LOOKED}
            again: dict[str, int] = {}
            for index, (trigger, wake) in enumerate(zip(triggers, found, strict=True)):
                away = wake.kind is WakeKind.TURNED_AWAY and trigger.kind is not TriggerKind.TIMER
                if away and trigger.scalable_target_id not in looked:
                    again.setdefault(trigger.scalable_target_id, index)
            if not again or not has_time():
                break
            self._rest(wait_s)
            chosen = list(again.values())
            later = self.parts.controller.wake_all(
                [triggers[index] for index in chosen], keep_going=has_time
            )
            for index, wake in zip(chosen, later, strict=True):
                found[index] = wake
        return found

    def _fail(self, what: str, detail: str, **about: object) -> str:
        """Tell of a failure that is no wake-up's own."""
        self._say(ERROR, what, extra={"detail": cut(detail), **about})
        self._meter.add_metric("Failed", COUNT, 1)
        return detail


def _check_fault(wakes: Sequence[Wake]) -> None:
    """End as failed where nothing at all could be handled: then it is most likely not the targets.

    Raises:
        Fault: The cloud counts it by the version that runs, so that a bad one is rolled back.
    """
    if wakes and all(each.lasts for each in wakes):
        raise Fault(f"none of {len(wakes)} could be handled; the first: {wakes[0].detail}")


def _watch_time(left_ms: Callable[[], float]) -> Callable[[], bool]:
    """Say, whenever asked, whether another scalable target may be begun."""
    spare_ms = min(TIME_LEFT_MS, left_ms() / 3)
    return lambda: left_ms() >= spare_ms


def _say_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
