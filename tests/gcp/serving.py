"""How is a Google Cloud that behaves badly reached by the real session, and by gcloud?

An HTTP server of our own, on a clock that the test moves. Every request and every answer is held to
Google's discovery documents; what breaks one is noted in `broken`, which a test finds empty.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.gcp.discovery import (
    ContractError,
    Json,
    Method,
    check_answer,
    check_refusal,
    check_request,
    find_method,
)

WORDS: Mapping[str, int] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""HTTP codes of google.rpc.Code. Source: google/rpc/code.proto."""


class RefusalError(Exception):
    """What the service says no with."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Query(dict[str, str]):
    """The parameters of a URL; of one that stands there again, the last value."""

    def __init__(self, text: str) -> None:
        self._pairs = parse_qsl(text, keep_blank_values=True)
        super().__init__(self._pairs)

    def every(self, name: str) -> list[str]:
        """List all values of a parameter."""
        return [value for each, value in self._pairs if each == name]

    def check(self, method: Method) -> None:
        """Hold what stands there again to its method; raises ContractError."""
        taken = method.given.get("parameters", {})
        for name in self:
            if len(self.every(name)) > 1 and not taken.get(name, {}).get("repeated"):
                raise ContractError(f"{method.name} takes one {name}")


class Call(NamedTuple):
    """A call as it came.

    Attributes:
        name: The method's, without what it is of: "get", "mutateDeployedModel".
        version: Of the API.
        path: Of the resource.
        query: Of the URL.
        body: None where there is none.
        fault: What was done to it; "" for nothing.
    """

    name: str
    version: str
    path: str
    query: Mapping[str, str]
    body: Json | None
    fault: str = ""


class Fault(NamedTuple):
    """What happens to the next calls of a method.

    Attributes:
        name: Of the method, or its last parts such as "endpoints.get", or "" for any.
        kind: A word of WORDS, with which it is refused; "lost": it is done and the answer lost;
            "garbled", "empty": it is done, and answered so; "silent": it is not done.
        message: Of a refusal.
        times: How often.
    """

    name: str
    kind: str
    message: str = ""
    times: int = 1


class Cloud(Protocol):
    """A service: the documents that it keeps, and what it answers."""

    documents: tuple[str, ...]

    def answer(self, method: Method, query: Query, body: Json) -> Json:
        """Answer a call that is one of the documents'; raises RefusalError."""
        ...


class Server(ThreadingHTTPServer):
    """Serves some clouds until it is closed.

    Attributes:
        calls: Every call that was made.
        faults: What happens to the next ones.
        broken: What a call or an answer broke of its contract.
        hanging: Whose path has this in it is not answered before `awake` is set; "": nobody's.
        awake: See there.
    """

    daemon_threads = True
    request_queue_size = 64  # as many may come at once

    def __init__(self, *clouds: Cloud, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.clouds = clouds
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.broken: list[str] = []
        self.lock = threading.Lock()
        self.hanging, self.awake = "", threading.Event()

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def made(self, *names: str) -> list[Call]:
        """List the calls of these methods."""
        return [call for call in self.calls if call.name in names]

    def take_fault(self, name: str) -> Fault | None:
        """Say what happens to a call, and count it."""
        for index, fault in enumerate(self.faults):
            if not fault.name or f".{name}".endswith(f".{fault.name}"):
                left = fault._replace(times=fault.times - 1)
                self.faults[index : index + 1] = [left] if left.times else []
                return fault
        return None

    def find(self, verb: str, path: str) -> tuple[Cloud, Method]:
        """Find whom a request is for; raises ContractError."""
        told = ""
        for cloud in self.clouds:
            try:
                return cloud, find_method(cloud.documents, verb, path)
            except ContractError as error:
                told = f"{told}{error}; "
        raise ContractError(told)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    server: Server

    def call(self) -> None:
        """Answer a call."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.hanging and self.server.hanging in self.path:
            self.server.awake.wait(30)
            self.close_connection = True
            return
        with self.server.lock:
            try:
                status, said = self._answer(sent)
            except RefusalError as refusal:
                status = WORDS[refusal.status]
                error = {"code": status, "message": str(refusal), "status": refusal.status}
                check_refusal({"error": error})
                said = json.dumps({"error": error}).encode()
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_DELETE = call  # noqa: N815  (the library's names)

    def _answer(self, sent: bytes) -> tuple[int, bytes]:
        """Find the answer: its status, 0 for none at all, and what it says."""
        parts, verb = urlsplit(self.path), self.headers.get("X-HTTP-Method-Override")
        if verb is None:
            verb, query = self.command, Query(parts.query)
            body = json.loads(sent) if sent else None
        else:  # what is too long for a URL, as Google's own clients send it
            query, body = Query(sent.decode()), None
        try:
            cloud, method = self.server.find(verb, parts.path)
            check_request(method, query, body)
            query.check(method)
        except ContractError as error:
            self.server.broken.append(str(error))
            raise RefusalError("INVALID_ARGUMENT", str(error)) from error
        name = method.name.rpartition(".")[2]
        fault = self.server.take_fault(method.name)
        kind = fault.kind if fault is not None else ""
        version, _, path = parts.path.strip("/").partition("/")
        self.server.calls.append(Call(name, version, path.partition(":")[0], query, body, kind))
        if fault is not None and kind in WORDS:
            raise RefusalError(kind, fault.message or f"{kind}!")
        if kind == "silent":
            return 0, b""
        answer = cloud.answer(method, query, body or {})
        try:
            check_answer(method, answer)
        except ContractError as error:
            self.server.broken.append(str(error))
        if kind:
            return {"lost": (0, b""), "garbled": (200, b"<html>"), "empty": (200, b"{}")}[kind]
        return 200, json.dumps(answer).encode()

    def log_message(self, *_: Any) -> None:
        """Say nothing on the terminal: the calls are noted."""


@contextmanager
def serving(*clouds: Cloud) -> Iterator[Server]:
    """Serve clouds for a while."""
    with Server(*clouds) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
