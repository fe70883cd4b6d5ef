"""How does work reach the topic of wakes, and how does poison leave it for another?"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.gcp.session import CallError, Session
from flyball.letter import QueueError, Sent, make_line, write_wakes

SERVICE = "pubsub"
BATCH_LIMIT = 1_000
"""Most messages in one call. Source: Pub/Sub, "Quotas and limits"."""
BYTES_LIMIT = 6 * 1024 * 1024
"""Most bytes of one call's bodies: in base64 they are a third more, and 10 MB is the limit."""
ATTRIBUTE_BYTES = 1_024
"""Source: as above."""
WITHIN_S = 10.0
"""For all tries of one call: a tick still has to do by itself what the topic does not take."""


class Queue:
    """The topic of wakes and the one for what nobody understands.

    Args:
        session: Calls Pub/Sub when something is first sent.
        wakes: projects/<project>/topics/<topic>; "" where there is none.
        dead: Likewise.
    """

    def __init__(self, session: Session, wakes: str, dead: str) -> None:
        self._session = session
        self._wakes = wakes
        self._dead = dead

    @property
    def takes_wakes(self) -> bool:
        """Whether there is a topic for work that others may do."""
        return bool(self._wakes)

    def send_wakes(self, scalable_target_ids: Sequence[str], now: datetime) -> Sent:
        """Publish scalable targets, in messages of up to MESSAGE_LIMIT.

        A call whose answer is lost is made again: whoever is named twice is looked at once.

        Args:
            scalable_target_ids: Whom to wake.
            now: Aware UTC.

        Returns:
            Whom the topic has and whom it has not. After a call that fails no other is made.
        """
        queued: list[str] = []
        detail = ""
        for batch in write_wakes(scalable_target_ids, now, BATCH_LIMIT, BYTES_LIMIT):
            try:
                self._publish(self._wakes, [_write(body.encode()) for _, body in batch])
            except CallError as error:
                detail = str(error)
                break
            for chunk, _ in batch:
                queued += chunk
        done = set(queued)
        left = tuple(each for each in scalable_target_ids if each not in done)
        return Sent(tuple(queued), left, detail)

    def send_poison(self, body: str, reason: str, origin: str = "") -> None:
        """Publish a message that nobody understands to the dead-letter topic, with the reason.

        Args:
            body: As it came; publishing it again later is harmless. One that is too long is cut,
                and its hash is kept.
            reason: What is wrong with it.
            origin: Name of the subscription that it came through.

        Raises:
            QueueError: It is not there; the caller must not drop it.
        """
        if not self._dead:
            raise QueueError("no dead-letter topic is configured: set FLYBALL_DEAD_TOPIC")
        attributes = {"reason": _attribute(reason)}
        if origin:
            attributes["source"] = _attribute(origin)
        sendable = _encode(body)
        if len(sendable) > BYTES_LIMIT:
            attributes["sha256"] = hashlib.sha256(sendable).hexdigest()
            sendable = sendable[:BYTES_LIMIT]
        try:
            self._publish(self._dead, [_write(sendable, attributes)])
        except CallError as error:
            message = f"{self._dead}: the dead-letter topic took no message: {error}"
            raise QueueError(message) from error

    def _publish(self, topic: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """Publish messages, all or none of them."""
        path = f"v1/{topic}:publish"
        self._session.call(SERVICE, path, {"messages": messages}, within_s=WITHIN_S)


def _write(body: bytes, attributes: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write a message. Source: Pub/Sub API v1, PubsubMessage."""
    written: dict[str, Any] = {"data": base64.b64encode(body).decode()}
    if attributes:
        written["attributes"] = attributes
    return written


def _encode(body: str) -> bytes:
    """Give the bytes that a body was made of."""
    try:
        return body.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return body.encode("utf-8", "backslashreplace")


def _attribute(text: str) -> str:
    """Make an attribute of text: one line, nothing that steers, short enough."""
    plain = make_line(text).encode("utf-8", "replace")[:ATTRIBUTE_BYTES]
    return plain.decode("utf-8", "ignore") or "(empty)"
