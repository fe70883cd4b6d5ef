"""How is AWS started on this machine for a test, and what does the ledger find in it?

One MiniStack a test process, started when it is first needed: it takes half a second, and no test
waits for another's. Each test has tables of its own.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

REGION = "us-east-1"
PATIENCE_S = 60.0
"""A server that has not answered by then has failed; a shared machine may be slow."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Nobody checks them, and no profile of a person is ever read."""


@dataclass(frozen=True)
class Server:
    """A program that serves on a port of this machine.

    Attributes:
        url: Where.
        log: What it said, for a test that fails.
        program: The program itself.
    """

    url: str
    log: Path
    program: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it, kindly at first."""
        self.program.terminate()
        try:
            self.program.wait(5)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()


def serve(
    name: str,
    folder: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
    ready: str,
    status: int = 200,
) -> Server:
    """Start a server on a free port, and wait until it answers.

    Args:
        name: Of its log, and in messages.
        folder: Its own: log, home and temporary files.
        command: The program; {port} stands for the port, here and in the environment.
        environment: Added to a small one of the rig's.
        ready: The path that answers once it is ready.
        status: And with which status.

    Raises:
        RuntimeError: It ended or did not answer; the message ends with what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with _alone():
        port = free_port()
        given = {**environment_for(folder), **environment}
        filled = {key: value.replace("{port}", str(port)) for key, value in given.items()}
        with log.open("wb") as said:
            program = subprocess.Popen(
                [part.replace("{port}", str(port)) for part in command],
                cwd=folder,
                env=filled,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        server = Server(f"http://127.0.0.1:{port}", log, program)
        try:
            _await_answer(server, port, ready, status)
        except BaseException:
            server.stop()
            raise
    return server


def start_ministack(
    folder: Path, environment: Mapping[str, str] | None = None, program: str = "ministack.app"
) -> Server:
    """Start MiniStack: DynamoDB, SQS, SNS, Lambda, EventBridge and the rest, but SageMaker."""
    local = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": "{port}",
        "IOT_MTLS_ENABLED": "0",  # else it listens on every address of the machine too
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", program]
    given = {**local, **(environment or {})}
    return serve("ministack", folder, command, given, "/_ministack/health")


@contextmanager
def lent_ministack(folder: Path) -> Iterator[Server]:
    """Lend this process's MiniStack; the first asker starts it, the last one ends it."""
    server = _Shared.take(folder)
    try:
        yield server
    finally:
        _Shared.give_back()


def client_of(server: Server, service: str, **config: Any) -> Any:
    """Make a client of a service there; it tries once, unless `retries` says otherwise."""
    from botocore.config import Config

    settings = {"retries": {"mode": "standard", "total_max_attempts": 1}, "read_timeout": 30}
    return _session().client(
        service, endpoint_url=server.url, config=Config(**{**settings, **config})
    )


def create_tables(client: Any, targets: str, ledger: str) -> None:
    """Create the two tables with the keys and indexes that the ledger asks for."""
    client.create_table(
        TableName=targets,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("scalable_target_id", "wake_shard", "wake_at", "resource")
        ],
        KeySchema=[{"AttributeName": "scalable_target_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            _index("due", "wake_shard", "wake_at"),
            _index("resource", "resource"),
        ],
    )
    client.create_table(
        TableName=ledger,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "scalable_target_id", "AttributeType": "S"},
            {"AttributeName": "sequence", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "scalable_target_id", "KeyType": "HASH"},
            {"AttributeName": "sequence", "KeyType": "RANGE"},
        ],
    )


def environment_for(folder: Path) -> dict[str, str]:
    """Give the environment of a program of the rig: nothing of the person's own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, **CREDENTIALS, "HOME": str(folder), "TMPDIR": str(folder)}


def _index(name: str, *keys: str) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, kinds, strict=False)  # a hash, and perhaps a range
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


@cache
def _session() -> Any:
    from boto3.session import Session

    return Session("test", "test", region_name=REGION)


class _Shared:
    """The one server of this process, and how many have it."""

    lock = threading.Lock()
    askers = 0
    server: Server | None = None

    @classmethod
    def take(cls, folder: Path) -> Server:
        with cls.lock:
            if cls.server is None:
                cls.server = start_ministack(folder)
            cls.askers += 1
            return cls.server

    @classmethod
    def give_back(cls) -> None:
        with cls.lock:
            cls.askers -= 1
            if cls.askers == 0 and cls.server is not None:
                cls.server.stop()
                cls.server = None


@contextmanager
def _alone() -> Iterator[None]:
    """Start one server at a time on this machine, so that no two are given the same port."""
    with (Path(tempfile.gettempdir()) / "flyball-rig.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """Find a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await_answer(server: Server, port: int, ready: str, status: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if server.program.poll() is not None:
            break
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", ready)
            is_ready = connection.getresponse().status == status
            connection.close()
        except (OSError, HTTPException):
            is_ready = False
        if is_ready:
            return
        time.sleep(0.02)
    said = server.log.read_text(errors="replace")[-2_000:]
    message = f"{server.log.stem} did not answer at {server.url}{ready}; it said: {said}"
    raise RuntimeError(message)
