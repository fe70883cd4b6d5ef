"""What is called by Cloud Scheduler, and notes how?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Call(NamedTuple):
    """A call as it came."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Function(ThreadingHTTPServer):
    """Something that can be called.

    Attributes:
        calls: As they came.
        answers: The statuses of the next answers; then 200.
        on_call: Told of a call before it is answered.
        came: Set once there was a call.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []
        self.answers: list[int] = []
        self.on_call: Callable[[], object] = lambda: None
        self.came = threading.Event()

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Function

    def do_POST(self) -> None:
        """Note a call, and answer as told."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append(Call("POST", dict(self.headers), body, datetime.now(UTC)))
        self.server.on_call()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.came.set()

    def log_message(self, *_: object) -> None:
        """Keep quiet: calls are noted."""


@contextmanager
def answering() -> Iterator[Function]:
    """Be there for a while."""
    with Function() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
