"""Does work reach its queue whole, and does poison leave with its reason?

The queue is moto's; its refusals, which moto does not make, are botocore's own Stubber's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.queue import BYTES_LIMIT, Queue
from flyball.adapters.aws.trigger import parse_event
from flyball.letter import QueueError, Sent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Make clients of a cloud in this process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Clients("eu-central-1")


def make_queue(clients: Clients, name: str) -> str:
    """Make a queue, and give its URL."""
    return str(clients.get("sqs").create_queue(QueueName=name)["QueueUrl"])


def receive(clients: Clients, url: str) -> list[Any]:
    """Take all messages from a queue."""
    found: list[Any] = []
    while True:
        answer = clients.get("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        if not answer.get("Messages"):
            return found
        found += answer["Messages"]


@pytest.mark.parametrize(("count", "messages"), [(0, 0), (1, 1), (25, 1), (26, 2), (251, 11)])
def test_every_target_is_put_on_the_queue_once(clients: Clients, count: int, messages: int) -> None:
    """In messages of 25, which the wake function understands."""
    wakes = make_queue(clients, "wakes")
    ids = [f"target {number}" for number in range(count)]
    assert Queue(clients, wakes, "").send_wakes(ids, NOON) == Sent(tuple(ids))
    received = receive(clients, wakes)
    assert len(received) == messages
    triggers = [trigger for each in received for trigger in parse_event(each["Body"])[0].triggers]
    assert sorted(trigger.scalable_target_id for trigger in triggers) == sorted(ids)
    assert {trigger.at for trigger in triggers} <= {NOON}


def test_long_names_are_spread_over_more_calls(clients: Clients) -> None:
    """A call has a limit of bytes: ten messages of long names have more."""
    wakes = make_queue(clients, "wakes")
    ids = ["\U0001d11e" * 250 + f"{number:06}" for number in range(250)]
    sent = Queue(clients, wakes, "").send_wakes(ids, NOON)
    assert sent == Sent(tuple(ids))
    assert len(receive(clients, wakes)) == 10


def test_what_the_queue_refuses_is_told(clients: Clients) -> None:
    """A message of a batch may fail by itself."""
    answers = {
        "Successful": [{"Id": "0", "MessageId": "a", "MD5OfMessageBody": "b"}],
        "Failed": [
            {"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "try later"}
        ],
    }
    with Stubber(clients.get("sqs")) as stub:
        stub.add_response("send_message_batch", answers)
        sent = Queue(clients, "https://queue/wakes", "").send_wakes(list(map(str, range(30))), NOON)
    assert sent.queued == tuple(map(str, range(25)))
    assert sent.left == tuple(map(str, range(25, 30)))
    assert sent.detail == "InternalError: try later"


def test_a_call_that_fails_is_the_last(clients: Clients) -> None:
    """The next would wait as long for nothing."""
    with Stubber(clients.get("sqs")) as stub:
        stub.add_client_error("send_message_batch", "OverLimit", "too many")
        ids = list(map(str, range(300)))
        sent = Queue(clients, "https://queue/wakes", "").send_wakes(ids, NOON)
        stub.assert_no_pending_responses()
    assert (sent.queued, sent.left) == ((), tuple(ids))
    assert "too many" in sent.detail


def test_poison_leaves_with_its_reason(clients: Clients) -> None:
    """Word for word, so that replaying it is the same as its first delivery."""
    dead = make_queue(clients, "dead")
    queue = Queue(clients, "", dead)
    assert not queue.takes_wakes
    queue.send_poison("{ no JSON \U0001d11e", "event: got '{', expected JSON", "arn:aws:sqs:a:b:c")
    (message,) = receive(clients, dead)
    assert message["Body"] == "{ no JSON \U0001d11e"
    told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert told == {"reason": "event: got '{', expected JSON", "source": "arn:aws:sqs:a:b:c"}


@pytest.mark.parametrize(
    ("body", "reason", "sent", "told"),
    [
        ("", "", "(empty)", "(empty)"),
        ("a\x00b\ud800c", "one\r\ntwo\x1b[2J\u202ethree", "a\ufffdb\ufffdc", "one two [2J three"),
        ("x", "r" * 5_000, "x", "r" * 1_000),
        ("x", "\uffff\ud800", "x", "\ufffd\ufffd"),
    ],
)
def test_what_sqs_does_not_take_is_replaced(
    clients: Clients, body: str, reason: str, sent: str, told: str
) -> None:
    """A message that cannot be buried would come again and again."""
    dead = make_queue(clients, "dead")
    Queue(clients, "", dead).send_poison(body, reason)
    (message,) = receive(clients, dead)
    assert message["Body"] == sent
    assert message["MessageAttributes"]["reason"]["StringValue"] == told
    assert "source" not in message["MessageAttributes"]


def test_a_body_that_is_too_long_is_cut_and_its_hash_kept(clients: Clients) -> None:
    """What is missing can still be recognised."""
    dead = make_queue(clients, "dead")
    Queue(clients, "", dead).send_poison("\u20ac" * BYTES_LIMIT, "too long")
    (message,) = receive(clients, dead)
    size = len(message["Body"].encode())
    assert BYTES_LIMIT - 20_000 < size < BYTES_LIMIT
    assert set(message["Body"]) == {"\u20ac"}
    assert len(message["MessageAttributes"]["sha256"]["StringValue"]) == 64


def test_poison_that_cannot_be_buried_is_not_dropped(clients: Clients) -> None:
    """The caller hears of it: no queue is configured, or it takes nothing."""
    with pytest.raises(QueueError, match="FLYBALL_DEAD_QUEUE_URL"):
        Queue(clients, "", "").send_poison("x", "y")
    missing = "https://sqs.eu-central-1.amazonaws.com/123456789012/gone"
    with pytest.raises(QueueError, match="took no message"):
        Queue(clients, "", missing).send_poison("x", "y")


def test_a_message_of_ours_says_what_it_is() -> None:
    """Its shape is a contract between versions: a tick of one wakes a function of the next."""
    bodies: list[str] = []

    class Recording:
        """A client that remembers what it was asked to send."""

        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            bodies.extend(entry["MessageBody"] for entry in request["Entries"])
            return {}

    class Given(Clients):
        """Clients of which the only one is given."""

        def get(self, service: str) -> Any:
            assert service == "sqs"
            return Recording()

    Queue(Given(), "https://queue/wakes", "").send_wakes(["a"], NOON)
    assert list(map(json.loads, bodies)) == [
        {"flyball": "wake", "scalable_target_ids": ["a"], "at": "2026-03-02T12:00:00+00:00"}
    ]
