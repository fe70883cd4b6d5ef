"""How does a service answer that says what a test tells it to?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    authorization: str
    body: str


class Local(ThreadingHTTPServer):
    """A service on this machine.

    Attributes:
        answers: What it answers, in order: status and text; then 200 and {}.
        asked: What it was asked.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, str]] = []
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def refuse(self, code: int, status: str, message: str = "", times: int = 1) -> None:
        """Refuse the next requests in the services' own form."""
        said = {"error": {"code": code, "status": status, "message": message}}
        self.answers += [(code, json.dumps(said))] * times


class _Handler(BaseHTTPRequestHandler):
    server: Local
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Note the request, and answer the next answer; code 0 breaks the connection."""
        length = int(self.headers.get("Content-Length") or 0)
        said = self.rfile.read(length).decode()
        authorization = self.headers.get("Authorization", "")
        self.server.asked.append(Asked(self.command, self.path, authorization, said))
        code, text = self.server.answers.pop(0) if self.server.answers else (200, "{}")
        if not code:
            self.close_connection = True
            return
        self.send_response(code)
        self.send_header("Content-Length", str(len(text.encode())))
        if code == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PATCH = answer  # noqa: N815  (the library's names)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def local_service() -> Iterator[Local]:
    """Serve for a while."""
    with Local() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
