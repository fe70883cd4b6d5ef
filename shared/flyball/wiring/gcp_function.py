"""What do Pub/Sub and Cloud Scheduler call, and which parts of Google does it use for that?

Its entry points in functions/gcp only hand over, and so does this: what is done is every cloud's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from logging import INFO, WARNING
from time import monotonic, sleep

from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.queue import Queue
from flyball.adapters.gcp.rest import SessionListing
from flyball.adapters.gcp.session import Session
from flyball.adapters.gcp.token import TokenError, Verifier
from flyball.adapters.gcp.trigger import parse_event
from flyball.core.shape import NamedTuple
from flyball.event import EventError, read_instant
from flyball.letter import Tick, keep_plain
from flyball.ports import Clock, Trigger, TriggerKind
from flyball.wake import Wake, WakeKind
from flyball.wiring.function import Parts, Work, settling
from flyball.wiring.gcp import METRICS_SERVICE, Noting, Settings, build
from flyball.wiring.lines import Headers, Lines
from flyball.wiring.machine import SystemClock
from flyball.wiring.tell import COUNT

JOB = "X-CloudScheduler-JobName"
SCHEDULED = "X-CloudScheduler-ScheduleTime"
"""Constant over the attempts of one run, so that both together name the run."""
UNSEEN = frozenset({WakeKind.UNRESOLVED, WakeKind.TURNED_AWAY})
KEPT_LIMIT = 16
"""Ticks that are remembered as done."""
NOTHING = {"due": 0, "handled": 0, "queued": 0}

Answer = tuple[dict[str, object], int]
"""What is answered, as JSON, and the HTTP status."""


class Outside(NamedTuple):
    """What a function touches that is not of its cloud's services, and what a test hands in.

    Attributes:
        write: Takes the lines of the log.
        clock: Where `now` comes from.
        elapsed: Seconds that only grow.
        rest: Waits so many seconds.
        session: None: of the environment's endpoints and credentials.
        open_parts: Opens what it works with, given what capacity is read and set by; None: the
            environment's Firestore, Monitoring and what is scaled.
    """

    write: Callable[[str], object] | None = None
    clock: Clock | None = None
    elapsed: Callable[[], float] = monotonic
    rest: Callable[[float], None] = sleep
    session: Session | None = None
    open_parts: Callable[[Noting], Parts] | None = None


class Function:
    """One deployed function; it lives as long as its instance.

    Args:
        settings: From the environment.
        outside: What is around it.
    """

    def __init__(self, settings: Settings, outside: Outside | None = None) -> None:
        self._settings = settings
        self._outside = outside = outside or Outside()
        self._clock = outside.clock or SystemClock()
        self._session = outside.session or Session(settings.endpoints)
        self._control = Noting(GcpControl(self._session), self._session)
        self._lines = Lines(outside.write or _write, settings.project)
        self._verifier = Verifier(
            self._session,
            settings.tick_audience,
            settings.tick_account,
            trusts_platform=settings.trusts_platform,
        )
        self._work = Work(
            self._lines,
            self._lines,
            queue=Queue(self._session, settings.wakes_topic, settings.dead_topic),
            open_parts=self._open,
            handful=settings.handful,
            rest=outside.rest,
            wants_again=self._wants_again,
        )
        self._done: dict[Tick, None] = {}

    @settling()
    def alert(
        self, event: object, attributes: Mapping[str, object], headers: Headers
    ) -> dict[str, int]:
        """Wake whom a message of Pub/Sub names.

        Args:
            event: The CloudEvent's data.
            attributes: And its attributes.
            headers: Of the call that brought it.

        Raises:
            Retry: Something failed that may succeed later; Pub/Sub delivers the message again.
            Fault: Nothing could be handled; likewise.
        """
        left_ms = self._start()
        with self._lines.calling(headers):
            message_id = keep_plain(attributes.get("id"))
            letter = parse_event(event, message_id, self._settings.alarm_prefix)
            return self._work.wake([letter], left_ms).finish()

    @settling()
    def tick(self, headers: Headers) -> Answer:
        """Look at what is due: a handful here, the rest through the topic of wakes.

        A run that was done here is not done again, whatever it found; where another instance did
        it, nothing is due any more.

        Args:
            headers: Of Cloud Scheduler's call.

        Returns:
            401 or 403 where the caller is not who it must be; else what was due.

        Raises:
            Exception: Not even what is due can be read, or Google's certificates cannot; Cloud
                Scheduler calls again.
        """
        left_ms = self._start()
        with self._lines.calling(headers):
            try:
                self._verifier.check(headers.get("Authorization", ""), self._clock.now())
            except TokenError as error:
                self._lines(WARNING, "refused", extra={"detail": str(error)})
                self._lines.add_metric("RefusedCalls", COUNT, 1)
                return {"error": "the caller is not the one that ticks"}, error.code
            tick = read_tick(headers)
            if tick in self._done:
                self._lines(INFO, "a tick that was done", extra={"schedule": tick.schedule})
                return dict(NOTHING), 200
            found = self._work.tick(tick, left_ms)
            if tick.at is not None:
                self._done[tick] = None
                if len(self._done) > KEPT_LIMIT:
                    del self._done[next(iter(self._done))]
            return dict(found), 200

    def _start(self) -> Callable[[], float]:
        """Begin to count what is left of the function's time, in milliseconds."""
        ends = self._outside.elapsed() + self._settings.timeout / timedelta(seconds=1)
        return lambda: (ends - self._outside.elapsed()) * 1_000

    def _wants_again(self, trigger: Trigger, wake: Wake) -> bool:
        """Say whether an alarm is to be delivered again: what it was about could not be seen.

        Nor was it where another run has the lease all the while: that one may have died of this
        very message. What the timer finds is due again by itself.
        """
        if trigger.kind is TriggerKind.TIMER:
            return False
        return wake.kind in UNSEEN or (
            wake.kind is WakeKind.DECIDED and self._control.is_unread(wake.scalable_target_id)
        )

    def _open(self) -> Parts:
        """Open what it works with: the environment's, unless something else was handed in."""
        settings = self._settings
        if self._outside.open_parts is not None:
            return self._outside.open_parts(self._control)
        ledger = FirestoreLedger(
            self._session,
            settings.project,
            database=settings.database,
            targets=settings.targets_collection,
            ledger=settings.ledger_collection,
        )
        controller = build(
            ledger,
            self._session,
            metrics_endpoint=settings.endpoints.get(METRICS_SERVICE, ""),
            listing=None if settings.is_tick else SessionListing(self._session),
            lease=settings.lease,
            alarm_prefix=settings.alarm_prefix,
            advises_only=settings.advises_only,
            clock=self._clock,
            control=self._control,
        )
        return Parts(controller, ledger, self._clock)


def read_tick(headers: Headers) -> Tick:
    """Read which run of which job a call is of; what is not told, or not so, is left out."""
    try:
        at = read_instant(SCHEDULED, headers.get(SCHEDULED, ""))
    except EventError:
        at = None
    return Tick(keep_plain(headers.get(JOB, "")), at)


def _write(line: str) -> None:
    """Write a line at once: an instance may be frozen after its call."""
    sys.stdout.write(line)
    sys.stdout.flush()
