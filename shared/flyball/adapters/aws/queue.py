"""How does work reach the queue of wakes, and how does what nobody understands leave it?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.aws.clients import Clients
from flyball.letter import QueueError, Sent, make_line, write_wakes

BATCH_LIMIT = 10
"""Most messages in one call. Source: Amazon SQS API Reference, SendMessageBatch."""
BYTES_LIMIT = 256 * 1024
"""Most bytes of one call's messages, and of one message with its attributes.

SQS takes more since 2025; a function whose event source has an older limit would not.
"""
REASON_LIMIT = 1_000
ORIGIN_LIMIT = 2_048

_NOT_SENDABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SQS takes in no body and no attribute. Source: SendMessage, "MessageBody"."""


class Queue:
    """The queue of wakes and its dead-letter queue.

    Args:
        clients: Makes the client when something is first sent.
        wakes: URL of the queue of wakes; "" where there is none.
        dead: URL of the dead-letter queue; "" where there is none.
    """

    def __init__(self, clients: Clients, wakes: str, dead: str) -> None:
        self._clients = clients
        self._wakes = wakes
        self._dead = dead

    @property
    def takes_wakes(self) -> bool:
        """Whether there is a queue for work that others may do."""
        return bool(self._wakes)

    def send_wakes(self, scalable_target_ids: Sequence[str], now: datetime) -> Sent:
        """Put scalable targets on the queue, in messages of up to MESSAGE_LIMIT.

        Args:
            scalable_target_ids: Whom to wake.
            now: Aware UTC.

        Returns:
            Who is on the queue and who is not. After a call that fails as a whole no other is made.
        """
        queued: list[str] = []
        detail = ""
        for batch in write_wakes(scalable_target_ids, now, BATCH_LIMIT, BYTES_LIMIT):
            try:
                refused = self._send_batch([body for _, body in batch])
            except Exception as error:  # noqa: BLE001  (of the SDK's own; what is left is told)
                detail = f"{type(error).__name__}: {error}"
                break
            for index, (chunk, _) in enumerate(batch):
                if index in refused:
                    detail = refused[index]
                else:
                    queued += chunk
        done = set(queued)
        left = tuple(each for each in scalable_target_ids if each not in done)
        return Sent(tuple(queued), left, detail)

    def _send_batch(self, bodies: Sequence[str]) -> dict[int, str]:
        """Send up to ten messages; say why, by index, of those that were not taken."""
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
        client = self._clients.get("sqs")
        answer = client.send_message_batch(QueueUrl=self._wakes, Entries=entries)
        return {
            int(each["Id"]): f"{each.get('Code', '')}: {each.get('Message', '')}"
            for each in answer.get("Failed", ())
        }

    def send_poison(self, body: str, reason: str, origin: str = "") -> None:
        """Put a message that nobody understands on the dead-letter queue, with the reason.

        Args:
            body: As it came; replaying it later is harmless. One that is too long is cut, and its
                hash is kept.
            reason: What is wrong with it.
            origin: ARN of the queue or topic that it came through.

        Raises:
            QueueError: It is not there; the caller must not drop it.
        """
        if not self._dead:
            raise QueueError("no dead-letter queue is configured: set FLYBALL_DEAD_QUEUE_URL")
        attributes = {"reason": _attribute(reason, REASON_LIMIT)}
        if origin:
            attributes["source"] = _attribute(origin, ORIGIN_LIMIT)
        clean = _NOT_SENDABLE.sub("\ufffd", body) or "(empty)"
        sendable = clean.encode()
        if len(sendable) + _ATTRIBUTES_ROOM > BYTES_LIMIT:
            digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
            attributes["sha256"] = _attribute(digest, len(digest))
            clean = sendable[: BYTES_LIMIT - _ATTRIBUTES_ROOM].decode("utf-8", "ignore")
        try:
            self._clients.get("sqs").send_message(
                QueueUrl=self._dead, MessageBody=clean, MessageAttributes=attributes
            )
        except Exception as error:
            message = f"{self._dead}: the dead-letter queue took no message: {error}"
            raise QueueError(message) from error


_ATTRIBUTES_ROOM = 4 * (REASON_LIMIT + ORIGIN_LIMIT) + 1_024
"""Bytes kept free for the attributes: a character has at most four."""


def _attribute(text: str, limit: int) -> dict[str, Any]:
    """Make an attribute of text: one line, nothing that steers, never empty."""
    plain = _NOT_SENDABLE.sub("\ufffd", make_line(text))[:limit]
    return {"DataType": "String", "StringValue": plain or "(empty)"}
