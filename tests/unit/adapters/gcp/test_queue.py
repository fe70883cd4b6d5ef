"""Does what is handed on reach the topic in messages of 25, and is poison never dropped?"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from flyball.adapters.gcp.queue import ATTRIBUTE_BYTES, BYTES_LIMIT, Queue
from flyball.adapters.gcp.session import CallError, Session
from flyball.adapters.gcp.trigger import parse_event
from flyball.letter import QueueError, Sent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG = "\U0001f525" * 250
WAKES, DEAD = "projects/p/topics/wakes", "projects/p/topics/dead"


class Topic(Session):
    """Pub/Sub; its calls fail, one after the other, where something is scripted."""

    def __init__(self, answers: Sequence[CallError | None] = ()) -> None:
        super().__init__()
        self.answers = list(answers)
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []

    def call(self, service: str, path: str, body: Any = None, **how: Any) -> Any:
        """Take messages, or not."""
        assert (service, set(how)) == ("pubsub", {"within_s"})
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.calls.append((path, body["messages"]))
        return {"messageIds": []}


def test_who_is_handed_on_is_woken_by_what_is_read_again() -> None:
    """In messages of 25, one call for a thousand targets."""
    topic, names = Topic(), tuple(f"t{number}" for number in range(1_000))
    assert Queue(topic, WAKES, DEAD).send_wakes(names, NOON) == Sent(names)
    ((path, messages),) = topic.calls
    assert path == f"v1/{WAKES}:publish"
    read = [parse_event({"message": each}).triggers for each in messages]
    assert [len(each) for each in read] == [25] * 40
    assert [trigger.scalable_target_id for each in read for trigger in each] == list(names)


def test_long_names_are_sent_in_several_calls() -> None:
    """Of which each is small enough, written out."""
    names = [f"{LONG}{number}" for number in range(4_000)]
    topic = Topic()
    assert Queue(topic, WAKES, DEAD).send_wakes(names, NOON).left == ()
    assert len(topic.calls) > 1
    for _, messages in topic.calls:
        assert len(json.dumps({"messages": messages})) < 10_000_000


def test_what_a_call_that_fails_was_to_bring_is_left() -> None:
    """And no other call is made: there is something to do with the time."""
    names = [f"{LONG}{number}" for number in range(4_000)]
    topic = Topic([None, CallError(503, "UNAVAILABLE", "later"), None])
    sent = Queue(topic, WAKES, DEAD).send_wakes(names, NOON)
    assert (sent.queued + sent.left, len(topic.calls)) == (tuple(names), 1)
    assert sent.left
    assert sent.detail == "503 UNAVAILABLE: later"


def test_without_a_topic_nobody_is_handed_on() -> None:
    """That is asked first."""
    assert not Queue(Topic(), "", DEAD).takes_wakes
    assert Queue(Topic(), WAKES, DEAD).takes_wakes


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("{ no JSON", b"{ no JSON"),
        ("", b""),
        (b"\xff\x00".decode("utf-8", "surrogateescape"), b"\xff\x00"),
        ("\ud800", b"\\ud800"),
    ],
)
def test_poison_is_published_as_it_came(body: str, sent: bytes) -> None:
    """With its reason and where it came from."""
    topic = Topic()
    Queue(topic, WAKES, DEAD).send_poison(body, "event: got it", "projects/p/subscriptions/s")
    ((path, (message,)),) = topic.calls
    assert path == f"v1/{DEAD}:publish"
    assert base64.b64decode(message["data"]) == sent
    assert message["attributes"] == {
        "reason": "event: got it",
        "source": "projects/p/subscriptions/s",
    }


def test_poison_that_is_too_long_is_cut_and_its_hash_kept() -> None:
    """As is a reason that is too long, in which nothing steers a terminal."""
    topic = Topic()
    body = "x" * (BYTES_LIMIT + 1)
    Queue(topic, WAKES, DEAD).send_poison(body, "\x1b[2J\u202e" + "ü" * 2_000)
    ((_, (message,)),) = topic.calls
    assert len(base64.b64decode(message["data"])) == BYTES_LIMIT
    attributes = message["attributes"]
    assert attributes["sha256"] == hashlib.sha256(body.encode()).hexdigest()
    assert len(attributes["reason"].encode()) <= ATTRIBUTE_BYTES
    assert attributes["reason"].startswith(" [2J üü")
    assert "source" not in attributes


def test_poison_that_is_not_taken_is_told() -> None:
    """The caller must not drop it."""
    queue = Queue(Topic([CallError(404, "NOT_FOUND", "gone")]), WAKES, DEAD)
    with pytest.raises(QueueError, match="projects/p/topics/dead: .* took no message: 404"):
        queue.send_poison("x", "y")
    with pytest.raises(QueueError, match="set FLYBALL_DEAD_TOPIC"):
        Queue(Topic(), WAKES, "").send_poison("x", "y")


def test_a_reason_is_never_empty() -> None:
    """An attribute without a value says nothing."""
    topic = Topic()
    Queue(topic, WAKES, DEAD).send_poison("x", "")
    assert topic.calls[0][1][0]["attributes"] == {"reason": "(empty)"}
