"""What does Lambda call, and which parts of AWS does it put together for that?

Its handlers in functions/aws only hand over, and so does this: what is done is every cloud's.
"""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Protocol, TypeVar, cast

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.queue import Queue
from flyball.adapters.aws.trigger import parse_event
from flyball.core.shape import NamedTuple
from flyball.letter import Tick
from flyball.wiring.aws import Settings, build, connect
from flyball.wiring.function import Handled, Parts, Retry, Work, settling
from flyball.wiring.machine import SystemClock
from flyball.wiring.tell import Meter, Say

H = TypeVar("H", bound=Callable[..., object])

SERVICES = ("dynamodb", "cloudwatch", "sagemaker", "application-autoscaling", "sqs")
"""What is made ahead where nobody waits for the start."""


class Delivered(Protocol):
    """A message of SQS, as Powertools' Batch shows it."""

    @property
    def message_id(self) -> str:
        """SQS's id of the message."""
        ...


class Answer(NamedTuple):
    """What an invocation came to.

    Attributes:
        by_queue: Whether it came through SQS, so that each message may fail by itself.
        handled: What its messages came to.
    """

    by_queue: bool
    handled: Handled

    def settle(self, record: Delivered) -> None:
        """Let Batch know of one message.

        Raises:
            Retry: It is to be delivered again.
        """
        if record.message_id in self.handled.failures:
            raise Retry(f"message {record.message_id}: see the line with its detail")

    def finish(self) -> dict[str, int]:
        """End an invocation that came another way than by SQS.

        Raises:
            Retry: Something failed; Lambda calls again for what was asynchronous.
        """
        return self.handled.finish()


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
        self._clients = Clients()
        self._work = Work(
            say,
            meter,
            queue=queue or Queue(self._clients, settings.wakes_queue_url, settings.dead_queue_url),
            open_parts=self._connect if open_parts is None else open_parts,
            handful=settings.handful,
            rest=rest,
        )
        if settings.is_prepared:
            self._prepare()

    @settling()
    def wake(self, event: object, left_ms: Callable[[], float]) -> Answer:
        """Wake whom an event names.

        Args:
            event: What Lambda hands over, from any source.
            left_ms: Asked for the milliseconds that are left of the function's time.
        """
        letters = parse_event(event, self._settings.alarm_prefix)
        by_queue = any(letter.message_id for letter in letters)
        with self._clients.wait_once():
            return Answer(by_queue, self._work.wake(letters, left_ms))

    @settling()
    def tick(self, event: object, left_ms: Callable[[], float]) -> dict[str, int]:
        """Look at what is due: a handful here, the rest through the queue.

        Args:
            event: The schedule's input; it says nothing that is believed.
            left_ms: As in wake.

        Raises:
            Exception: Not even what is due can be read, such as a LedgerUnavailableError.
        """
        tick = next((each.tick for each in parse_event(event) if each.tick), Tick())
        with self._clients.wait_once():
            return self._work.tick(tick, left_ms)

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
        _ = self._work.parts
        for service in SERVICES:
            self._clients.get(service)


def tracing(settings: Settings) -> Callable[[H], H]:
    """Decorate a handler so that X-Ray sees its calls, where the settings want it."""
    if not settings.traces:
        return lambda handler: handler
    from aws_lambda_powertools import Tracer  # noqa: PLC0415  (it costs a quarter of a second)

    return cast("Callable[[H], H]", Tracer().capture_lambda_handler)
