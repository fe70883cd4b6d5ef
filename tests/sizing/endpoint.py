"""How does an endpoint behave that is slow, fails, hangs, goes away or leads elsewhere?

    python -m tests.sizing.endpoint BEHAVIOUR

Its first line on stdout is its port; the rest is a line for each call that came.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PLACES, SERVICE_S = 4, 0.05
"""So many calls are served at a time, each so long: 80 a second."""
MANY = 150
"""Calls after which trouble begins."""
served, places = 0, threading.BoundedSemaphore(PLACES)
lock = threading.Lock()


def count() -> int:
    """Count a call."""
    global served  # noqa: PLW0603  (of all threads)
    with lock:
        served += 1
        return served


class Answer(BaseHTTPRequestHandler):
    """Answers as the behaviour says."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    behaviour = "well"

    def answer(self) -> None:
        """Take a place, be slow, and answer; a clock is quick, and says when."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self.trouble(count())
        if self.behaviour == "batch":
            time.sleep(SERVICE_S - time.monotonic() % SERVICE_S)
        elif status == 200 and self.behaviour != "clock":
            with places:
                time.sleep(SERVICE_S)
        said = f"{self.command} {self.path} {self.headers.get('X-Key', '-')} {body.decode()}"
        if self.behaviour == "echo":
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
        if self.behaviour == "clock":
            sys.stdout.write(f"{time.monotonic()}\n")
            sys.stdout.flush()
        self.send_response(status)
        self.send_header("Content-Length", "2")
        if status == 302:
            self.send_header("Location", "http://elsewhere.example.com/")
        self.end_headers()
        self.wfile.write(b"o")
        if not self.breaks_off():
            self.wfile.write(b"k")

    do_GET = do_POST = answer  # noqa: N815  (as the library calls them)

    def breaks_off(self) -> bool:
        """Say whether an answer ends in its middle, and end it: at once, or after a long time."""
        if served <= MANY or self.behaviour not in ("cut", "dribble"):
            return False
        self.wfile.flush()
        if self.behaviour == "dribble":
            time.sleep(3_600)
        self.close_connection = True
        return True

    def trouble(self, calls: int) -> int:
        """Make the trouble that is asked for, after many calls; give the status."""
        if self.behaviour == "redirect":
            return 302
        if self.behaviour == "missing":
            return 404
        if self.behaviour == "flaky":
            return 200 if calls % 5 == 1 else 500
        if calls > MANY:
            if self.behaviour == "fail":
                return 503 if calls % 3 else 200
            if self.behaviour == "hang":
                time.sleep(3_600)
            if self.behaviour == "go":
                os._exit(0)
        return 200

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once, and does not wait for them at its end."""

    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of those who hang up."""


if __name__ == "__main__":
    Answer.behaviour = sys.argv[1]
    server = Server(("127.0.0.1", 0), Answer)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    if sys.argv[1] == "mute":
        time.sleep(3_600)
    server.serve_forever()
