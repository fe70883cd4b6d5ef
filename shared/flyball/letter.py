"""What can one message say, whichever cloud brought it, and how do Flyball's own messages read?

An event carries no capacity: it names whom to look at, or a resource that has changed, or a minute
of the schedule. What nobody understands keeps its body, for the dead-letter queue.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flyball.alarm import ID_LIMIT
from flyball.append import aware
from flyball.core.shape import NamedTuple
from flyball.event import read_instant, read_text, refuse
from flyball.ports import Trigger, TriggerKind

MESSAGE_LIMIT = 25
"""Most scalable targets in one message of ours: one chunk shares its metric reads."""
OWN = "flyball"
WAKE = "wake"
TICK = "tick"

_PLAIN_LIMIT = 2_048
_CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+")
"""What would steer the terminal or the page on which somebody reads it."""

Top = Mapping[object, object]
Message = tuple[tuple[str, ...], str]
"""Scalable targets, and the body of their message."""


class ResourceChange(NamedTuple):
    """A resource has changed; the ledger knows which scalable targets are on it.

    Attributes:
        resource: As the ledger's find_targets takes it, such as endpoint/<name>.
        state: The provider's word, kept as evidence only.
        at: The event's own state timestamp, aware UTC.
    """

    resource: str
    state: str
    at: datetime

    @property
    def trigger_id(self) -> str:
        """The same for every delivery of one change."""
        return f"{self.resource}|{self.state}|{self.at.isoformat()}"

    def wake(self, scalable_target_id: str) -> Trigger:
        """Make the wake-up of one scalable target on it.

        Each state is a source of its own: two of them may bear one timestamp.
        """
        source = f"{self.resource}|{self.state}"
        kind = TriggerKind.ENDPOINT
        return Trigger(scalable_target_id, self.trigger_id, kind, self.at, source, self.state)


class Tick(NamedTuple):
    """A minute of the schedule.

    Attributes:
        schedule: The schedule's name; "" where it was not told.
        at: The scheduled minute, the same for every attempt; None where it was not told.
    """

    schedule: str = ""
    at: datetime | None = None


class Parsed(NamedTuple):
    """What one message of an event says: exactly one of the last five is set.

    Attributes:
        message_id: The queue's id of the message; "" where it came another way.
        body: The message as it came, for the dead-letter queue.
        origin: Name of the queue or topic that it came through; "" for none.
        region: Where the alarm lives; "" where that is not told.
        triggers: Whom to wake.
        change: A resource whose scalable targets are to be woken.
        tick: A minute of the schedule.
        ignored: Why nobody is woken, and why that is as it should be.
        problem: What is wrong with it.
    """

    message_id: str = ""
    body: str = ""
    origin: str = ""
    region: str = ""
    triggers: tuple[Trigger, ...] = ()
    change: ResourceChange | None = None
    tick: Tick | None = None
    ignored: str = ""
    problem: str = ""


class QueueError(Exception):
    """A message could not be sent; the message says which queue, why and the remedy."""


class Sent(NamedTuple):
    """What became of scalable targets that were to be put on the queue.

    Attributes:
        queued: Those whose message the queue has.
        left: Those whose message it has not.
        detail: Why, in the service's words; "" where none is left.
    """

    queued: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    detail: str = ""


def write_wakes(
    scalable_target_ids: Sequence[str], now: datetime, most: int, bytes_limit: int
) -> Iterator[list[Message]]:
    """Write scalable targets into messages of up to MESSAGE_LIMIT, and those into calls.

    Args:
        scalable_target_ids: Whom to wake.
        now: Aware UTC.
        most: Messages in one call.
        bytes_limit: Of the bodies of one call, together.
    """
    batch: list[Message] = []
    size = 0
    stamp = aware(now).isoformat()
    for start in range(0, len(scalable_target_ids), MESSAGE_LIMIT):
        chunk = tuple(scalable_target_ids[start : start + MESSAGE_LIMIT])
        body = json.dumps({OWN: WAKE, "scalable_target_ids": chunk, "at": stamp})
        if batch and (len(batch) == most or size + len(body) > bytes_limit):
            yield batch
            batch, size = [], 0
        batch.append((chunk, body))
        size += len(body)
    if batch:
        yield batch


def read_wakes(top: Top) -> tuple[Trigger, ...]:
    """Read a message that write_wakes wrote.

    Raises:
        EventError: It did not.
    """
    if top.get(OWN) != WAKE:
        refuse(OWN, top.get(OWN), f"{WAKE} or {TICK}")
    at, ids = read_instant("at", top.get("at")), top.get("scalable_target_ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MESSAGE_LIMIT:
        refuse("scalable_target_ids", ids, f"a list of 1 to {MESSAGE_LIMIT} ids")
    return tuple(
        Trigger(each, f"timer:{each}:{at.isoformat()}", TriggerKind.TIMER, at)
        for each in dict.fromkeys(map(_read_id, ids))
    )


def keep_plain(value: object) -> str:
    """Keep an id or name that is printable ASCII; anything else is none."""
    text = value if isinstance(value, str) else ""
    return text if text.isascii() and text.isprintable() and len(text) <= _PLAIN_LIMIT else ""


def make_line(text: str) -> str:
    """Make one line of a text, with nothing in it that steers."""
    return _CONTROL.sub(" ", text)


def to_text(message: object) -> str:
    """Give a message as text, for the dead-letter queue."""
    if isinstance(message, str):
        return message
    try:
        return json.dumps(message, default=repr)
    except (ValueError, RecursionError):
        return repr(message)


def _read_id(value: object) -> str:
    text = read_text("scalable_target_ids", value)
    if len(text) > ID_LIMIT or not text.isprintable():
        refuse("scalable_target_ids", text, f"1 to {ID_LIMIT} printable characters each")
    return text
