"""What does a Lambda function do with what it was called for, and what does it tell of it?

Its handlers in functions/aws only hand over. What nobody understands leaves through the dead-letter
queue; what may succeed later goes back to where it came from; nothing of that stops anything else.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from logging import ERROR, INFO, WARNING
from time import perf_counter, sleep
from typing import NamedTuple, Protocol, TypeVar, cast

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.queue import Queue, QueueError, Sent
from flyball.adapters.aws.trigger import Parsed, Tick, parse_event
from flyball.controller import Controller
from flyball.ports import Clock, Trigger, TriggerKind
from flyball.wake import Wake, WakeKind, fail, wake_due
from flyball.wiring.aws import FleetLedger, Settings, build, connect
from flyball.wiring.machine import SystemClock
from flyball.wiring.tell import COUNT, Meter, Say, cut, measure, tell

H = TypeVar("H", bound=Callable[..., object])

DUE_LIMIT = 1_000
"""Scalable targets that one tick finds; those left over are the first of the next."""
TIME_LEFT_MS = 20_000
"""No further scalable target is begun with less left of the function's time than this, or than a
third of it."""
WAITS_S = (0.3, 0.7, 1.5)
"""Before each further try where another run has the lease; a run takes a fraction of a second."""
LOOKED = frozenset({WakeKind.DECIDED, WakeKind.UNRESOLVED, WakeKind.LEASE_LOST})
SERVICES = ("dynamodb", "cloudwatch", "sagemaker", "application-autoscaling", "sqs")
"""What is made ahead where nobody waits for the start."""


class Retry(Exception):  # noqa: N818  (it is a wish, not a fault)
    """Something failed that may succeed later: give the message back."""


class Delivered(Protocol):
    """A message of SQS, as Powertools' Batch shows it."""

    @property
    def message_id(self) -> str:
        """SQS's id of the message."""
        ...


class Handled(NamedTuple):
    """What an invocation came to.

    Attributes:
        by_queue: Whether it came through SQS, so that each message may fail by itself.
        failures: By the id of its message ("" where it came another way): what failed.
        wakes: What each wake-up came to.
    """

    by_queue: bool
    failures: Mapping[str, str]
    wakes: Sequence[Wake]

    def settle(self, record: Delivered) -> None:
        """Let Batch know of one message.

        Raises:
            Retry: It is to be delivered again.
        """
        if record.message_id in self.failures:
            raise Retry(f"message {record.message_id}: see the line with its detail")

    def finish(self) -> dict[str, int]:
        """End an invocation that came another way than by SQS.

        Raises:
            Retry: Something failed; Lambda calls again for what was asynchronous.
        """
        if self.failures:
            raise Retry("a wake-up failed: see the line with its detail")
        return {"wakes": len(self.wakes)}


class Parts(NamedTuple):
    """What a function works with, once it is needed."""

    controller: Controller
    ledger: FleetLedger
    clock: Clock


@contextmanager
def _settling() -> Iterator[None]:
    """Leave what a cold start loaded out of garbage collections, and collect from then on.

    Whatever the first event comes to: an environment lives on after a failure.
    """
    try:
        yield
    finally:
        if not gc.isenabled():
            gc.freeze()
            gc.enable()


class Function:
    """One deployed function; it lives as long as its execution environment.

    Args:
        settings: From the environment.
        say: Where lines go.
        meter: Where metrics go.
        queue: None: the environment's.
        open_parts: None: the environment's tables, CloudWatch and what is scaled.
        rest: Waits so many seconds.
    """

    def __init__(
        self,
        settings: Settings,
        say: Say,
        meter: Meter,
        *,
        queue: Queue | None = None,
        open_parts: Callable[[], Parts] | None = None,
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._settings = settings
        self._say = say
        self._meter = meter
        self._rest = rest
        self._clients = Clients()
        self._queue = queue or Queue(
            self._clients, settings.wakes_queue_url, settings.dead_queue_url
        )
        self._open = self._connect if open_parts is None else open_parts
        if settings.is_prepared:
            self._prepare()

    @_settling()
    def wake(self, event: object, left_ms: Callable[[], float]) -> Handled:
        """Wake whom an event names.

        Args:
            event: What Lambda hands over, from any source.
            left_ms: Asked for the milliseconds that are left of the function's time.
        """
        has_time = _watch_time(left_ms)
        letters = parse_event(event, self._settings.alarm_prefix)
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
                wake.detail for wake in [next(told) for _ in found] if wake.kind is WakeKind.FAILED
            ]
            if failed:
                failures[letter.message_id] = failed[0]
        return Handled(any(letter.message_id for letter in letters), failures, wakes)

    @_settling()
    def tick(self, event: object, left_ms: Callable[[], float]) -> dict[str, int]:
        """Look at what is due: a handful here, the rest through the queue.

        A tick that comes again finds what is still due; what was looked at is not due any more.

        Args:
            event: The schedule's input; it says nothing that is believed.
            left_ms: As in wake.

        Raises:
            Exception: Not even what is due can be read, such as a LedgerUnavailableError.
        """
        has_time = _watch_time(left_ms)
        tick = next((each.tick for each in parse_event(event) if each.tick), Tick())
        try:
            parts = self._parts
            now = parts.clock.now()
            due = [wake_due(each) for each in parts.ledger.due(now, DUE_LIMIT)]
        except Exception as error:
            self._fail("what is due cannot be read", _say_error(error))
            raise
        others = due[self._settings.handful :]
        sent = self._hand_on([each.scalable_target_id for each in others], now)
        left = set(sent.left)
        mine = due[: self._settings.handful]
        mine += [each for each in others if each.scalable_target_id in left]
        self._meter.add_metric("DueTargets", COUNT, len(due))
        self._meter.add_metric("QueuedTargets", COUNT, len(sent.queued))
        wakes = self._wake_all(mine, has_time)
        summary = {"due": len(due), "handled": len(wakes), "queued": len(sent.queued)}
        late_s = None if tick.at is None else (now - tick.at).total_seconds()
        self._say(INFO, "tick", extra={**summary, "late_s": late_s, "schedule": tick.schedule})
        return summary

    def _resolve(self, letter: Parsed) -> tuple[Trigger, ...] | str:
        """Say whom a message wakes, or why it must come again."""
        about = {"message_id": letter.message_id, "origin": letter.origin, "region": letter.region}
        if letter.problem:
            return self._bury(letter, about)
        ignored = letter.ignored or ("a tick: the other function's" if letter.tick else "")
        if letter.change is not None:
            try:
                found = self._parts.ledger.find_targets(letter.change.resource)
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
                controller = self._parts.controller
            except Exception as error:  # noqa: BLE001  (whatever it is, the message comes again)
                wakes = [fail(trigger, _say_error(error)) for trigger in triggers]
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
            later = self._parts.controller.wake_all(
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

    @cached_property
    def _parts(self) -> Parts:
        return self._open()

    def _connect(self) -> Parts:
        """Open the environment's tables."""
        settings, clock = self._settings, SystemClock()
        ledger = connect(self._clients, settings.targets_table, settings.ledger_table)
        controller = build(
            ledger,
            self._clients,
            lease=settings.lease,
            alarm_prefix=settings.alarm_prefix,
            alarm_topic=settings.alarm_topic,
            advises_only=settings.advises_only,
            clock=clock,
        )
        return Parts(controller, ledger, clock)

    def _prepare(self) -> None:
        """Make what the first event would wait for."""
        _ = self._parts
        for service in SERVICES:
            self._clients.get(service)


def _watch_time(left_ms: Callable[[], float]) -> Callable[[], bool]:
    """Say, whenever asked, whether another scalable target may be begun."""
    spare_ms = min(TIME_LEFT_MS, left_ms() / 3)
    return lambda: left_ms() >= spare_ms


def _say_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def tracing(settings: Settings) -> Callable[[H], H]:
    """Decorate a handler so that X-Ray sees its calls, where the settings want it."""
    if not settings.traces:
        return lambda handler: handler
    from aws_lambda_powertools import Tracer  # noqa: PLC0415  (it costs a quarter of a second)

    return cast("Callable[[H], H]", Tracer().capture_lambda_handler)
