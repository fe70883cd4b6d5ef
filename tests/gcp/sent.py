"""What does gcloud send to Google for a command: a server that notes it, and says yes?

It has nothing and keeps nothing; a function's own creation is refused, as nothing is built here.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from deploy.gcp.place import RUNTIME
from deploy.gcp.step import split_given

PATIENCE_S = 120.0
SERVICES = (
    *("ARTIFACTREGISTRY", "CLOUDBUILD", "CLOUDFUNCTIONS", "CLOUDRESOURCEMANAGER", "CLOUDSCHEDULER"),
    *(
        "EVENTARC",
        "FIRESTORE",
        "IAM",
        "LOGGING",
        "MONITORING",
        "PUBSUB",
        "RUN",
        "SERVICEUSAGE",
        "STORAGE",
    ),
)
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
QUESTIONS = (":getIamPolicy", ":queryTestablePermissions", ":generateUploadUrl", "/upload")
"""Ends of paths that change nothing, though they are posted or put to."""


class Call(NamedTuple):
    """A change as it was asked for."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any


class Recorder(ThreadingHTTPServer):
    """A Google Cloud that has nothing.

    Attributes:
        calls: The changes that were asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Recorder
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Note a change, and answer in the fewest words that gcloud goes on with."""
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        if self.command in CHANGES and not parts.path.endswith(QUESTIONS):
            body = json.loads(given) if given else None
            call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), body)
            self.server.calls.append(call)
        code, said = self._find(parts.path)
        text = json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  (the library's names)

    def _find(self, path: str) -> tuple[int, Any]:
        if path.endswith("/runtimes"):
            return 200, {"runtimes": [{"name": RUNTIME, "environment": "GEN_2", "stage": "GA"}]}
        if path.endswith(":generateUploadUrl"):
            place = {"bucket": "bucket", "object": "object"}
            return 200, {"uploadUrl": f"{self.server.url}upload", "storageSource": place}
        if "/functions/" in path and self.command == "GET":
            return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "not found"}}
        if path.endswith("/functions"):
            return 400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "enough"}}
        return 200, {}

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def send(words: Sequence[str], folder: Path) -> list[Call]:
    """Run gcloud with these words in a folder, and list the changes that it asked for."""
    said, given = split_given(words)
    with _recording() as recorder:
        environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{each}": recorder.url for each in SERVICES},
        }
        subprocess.run(
            ["gcloud", *said],
            cwd=folder,
            env=environment,
            input=(given or "").encode(),
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return recorder.calls


@contextmanager
def _recording() -> Iterator[Recorder]:
    with Recorder() as recorder:
        thread = threading.Thread(target=recorder.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield recorder
        finally:
            recorder.shutdown()
            thread.join()
