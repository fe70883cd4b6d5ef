"""What is between a topic and a function: whose messages came, and how were they answered?

It hands on what Pub/Sub pushes, and notes it. What comes through Eventarc's own subscription it
hands on as Eventarc does, as a CloudEvent in the binary form; all else as it came. A function that
dies is answered for with 503, and one that takes too long with 504, as Cloud Run does.

Source: Eventarc, "Event format": google.cloud.pubsub.topic.v1.messagePublished; CloudEvents, HTTP
binding, binary content mode.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

EVENTARC = "__GCP_CloudEventsMode"
"""Query parameter of Eventarc's push endpoints; its value ends with the topic."""
MODE = "CUSTOM_PUBSUB_"
TYPE = "google.cloud.pubsub.topic.v1.messagePublished"
PATIENCE_S = 120


class Delivery(NamedTuple):
    """A message that was pushed.

    Attributes:
        message_id: Pub/Sub's.
        status: HTTP status of the function's answer.
        came_as: "event", or "push".
    """

    message_id: str
    status: int
    came_as: str


class Post(ThreadingHTTPServer):
    """Stands before a function.

    Attributes:
        to: The function's URL.
        delivered: What was answered, in order.
        on_answer: Told of each delivery before Pub/Sub is.
        patience_s: How long a function may take.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to = ""
        self.delivered: list[Delivery] = []
        self.on_answer: Callable[[Delivery], object] = lambda _: None
        self.patience_s: float = PATIENCE_S
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Say where messages are pushed to."""
        return f"http://127.0.0.1:{self.server_port}/"

    def eventarc(self, project: str, topic: str) -> str:
        """Say where Eventarc pushes the messages of a topic to."""
        return f"{self.url}?{EVENTARC}={MODE}projects/{project}/topics/{topic}"

    def answers(self, message_id: str) -> list[int]:
        """List how a message was answered, each time that it came."""
        return [each.status for each in self.delivered if each.message_id == message_id]


class _Handler(BaseHTTPRequestHandler):
    server: Post

    def do_POST(self) -> None:
        """Hand a message on."""
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        message = json.loads(sent)["message"]
        parts = urlsplit(self.path)
        mode = parse_qs(parts.query).get(EVENTARC, [""])[0]
        headers = {"Content-Type": "application/json", "User-Agent": self.headers["User-Agent"]}
        if mode:
            headers |= {
                "ce-id": message["messageId"],
                "ce-source": f"//pubsub.googleapis.com/{mode.removeprefix(MODE)}",
                "ce-specversion": "1.0",
                "ce-type": TYPE,
                "ce-time": message["publishTime"],
            }
        status, said = self._hand_on(parts.path, sent, headers)
        came_as = "event" if mode else "push"
        with self.server.lock:
            done = Delivery(message["messageId"], status, came_as)
            self.server.delivered.append(done)
            self.server.on_answer(done)
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _hand_on(self, path: str, sent: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Call the function; the answer's status and text."""
        place = str(urlsplit(self.server.to).netloc)
        connection = HTTPConnection(place, timeout=self.server.patience_s)
        try:
            connection.request("POST", path, sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            return 504, b""
        except (OSError, HTTPException):
            return 503, b""
        finally:
            connection.close()

    def log_message(self, *_: object) -> None:
        """Keep quiet: deliveries are noted."""


@contextmanager
def posting() -> Iterator[Post]:
    """Stand before a function for a while."""
    with Post() as post:
        thread = threading.Thread(target=post.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield post
        finally:
            post.shutdown()
            thread.join()
