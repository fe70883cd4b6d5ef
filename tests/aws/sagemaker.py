"""How is a SageMaker that behaves badly reached by the real client?

An HTTP server of our own: SageMaker's JSON protocol, and of Application Auto Scaling's what tells
who is registered, on a clock that the test moves. What it answers is in hosted.py.

    python -m tests.aws.sagemaker --port 4600
    curl -d '{"do": "endpoint", "name": "chat", "count": 4}' http://127.0.0.1:4600/_control

`do` is one of hosted.CONTROLS, beside it its arguments; the calls that were made are at /_calls.

Put before another server by `--behind URL`, it answers for what it was told of alone. Calls about
anything else, and operations that it does not have, go there as they came: one address has both.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.aws.hosted import CONTROLS, DONE, KINDS, LISTED, Cloud, Fault, Refusal
from tests.aws.timeline import Json

PATIENCE_S = 30.0
"""For an answer of the server behind this one."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: apart, each answer waits 40 ms for the other end
    server: Server

    def do_GET(self) -> None:
        """List the calls that were made."""
        with self.server.lock:
            self._answer(200, json.dumps(self.server.cloud.calls).encode())

    def do_POST(self) -> None:
        """Answer a call of the API, or do what a test says."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body, target = json.loads(sent or b"{}"), self.headers.get("X-Amz-Target", "")
        with self.server.lock:
            self.server.pass_time()
            if self.path == "/_control":
                CONTROLS[body.pop("do")](self.server.cloud, **body)
                self._answer(200, json.dumps({"now": self.server.cloud.now}).encode())
                return
            if not self.server.behind or self.server.cloud.knows(target, body):
                self._call(target, body)
                return
            self.server.cloud.note(target, body)
        self._forward(target, sent, body)

    def _forward(self, target: str, sent: bytes, body: Json) -> None:
        """Let the server behind answer; to a list of it, what is listed here is added."""
        there = urlsplit(self.server.behind)
        connection = HTTPConnection(there.hostname or "", there.port, timeout=PATIENCE_S)
        try:
            connection.request("POST", self.path, sent, dict(self.headers.items()))
            answer = connection.getresponse()
            status, told = answer.status, answer.read()
        finally:
            connection.close()
        key = LISTED.get(target)
        if key is not None and status == 200:
            page = json.loads(told)
            if not page.get("NextToken"):
                with self.server.lock:
                    page[key] += self.server.cloud.call(target, _whole(body))[key]
            told = json.dumps(page).encode()
        self._answer(status, told)

    def _call(self, target: str, body: Json) -> None:
        cloud = self.server.cloud
        operation = target.rpartition(".")[2]
        fault = cloud.take_fault(operation)
        kind = fault.kind if fault is not None else ""
        cloud.note(target, body, kind)
        try:
            if fault is not None and kind not in DONE:
                self._fail(fault)
                return
            answer = cloud.call(target, body)
            if fault is not None:
                self._fail(fault)
                return
            self._answer(200, json.dumps(answer).encode())
        except Refusal as refusal:
            self._refuse(refusal)

    def _fail(self, fault: Fault) -> None:
        told = KINDS[fault.kind]
        if told is not None:
            code, message = fault.code or told.code, fault.message or told.message
            raise Refusal(code, message, told.status)
        if fault.kind in ("garbled", "empty"):
            self._answer(200, b"<html>try later</html>" if fault.kind == "garbled" else b"{}")
            return
        self.close_connection = True

    def _refuse(self, refusal: Refusal) -> None:
        answer = {"__type": refusal.code, "message": refusal.message}
        self._answer(refusal.status, json.dumps(answer).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", f"{len(self.server.cloud.calls):08d}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Say nothing on the terminal: the calls are at /_calls."""


def _whole(body: Json) -> Json:
    """Ask for all in one page."""
    return {key: value for key, value in body.items() if key not in ("NextToken", "MaxResults")}


class Server(ThreadingHTTPServer):
    """Serves one cloud until it is closed.

    Attributes:
        cloud: What it knows.
        behind: URL of the server that answers for everything else; "" for none.
    """

    daemon_threads = True

    def __init__(self, port: int = 0, speed: float = 0, behind: str = "") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.cloud = Cloud()
        self.behind = behind
        self.lock = threading.Lock()
        self._speed, self._seen = speed, time.monotonic()

    def pass_time(self) -> None:
        """Let its clock run by itself, where it was started so."""
        before, self._seen = self._seen, time.monotonic()
        if self._speed:
            self.cloud.move((self._seen - before) * self._speed)

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}"


def main() -> None:
    """Serve until it is ended; says its URL on the first line."""
    parser = argparse.ArgumentParser(description="Serve a SageMaker that behaves badly.")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--speed", type=float, default=0, help="seconds a second; 0: when told")
    parser.add_argument("--behind", default="", metavar="URL", help="who answers for all else")
    given = parser.parse_args()
    with Server(given.port, given.speed, given.behind) as server:
        print(server.url, flush=True)  # noqa: T201  (whoever started it reads it)
        server.serve_forever()


if __name__ == "__main__":
    main()
