"""How long is a cold start until the first decision, beside the framework with a session alone?

    make bench-cold-gcp

Both run under Google's functions-framework, one after the other, in one run: our function as it is
staged and compiled, up to the answer to a message that is decided; and a function that imports
google-auth's AuthorizedSession and makes one. What is printed is a ratio of medians, and what each
import costs in a program of its own.

Source: Google Cloud's buildpacks, python/functions_framework: `python3 -m compileall -f -q .`.
"""

from __future__ import annotations

import base64
import compileall
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import NamedTuple

from flyball.config import compile_config, loads
from tests.aws.rig import environment_for, free_port
from tests.gcp.deployment import Deployment, deployed, target

ROUNDS = 9
PATIENCE_S = 30
GOAL = 1.2
PLAIN = """
import functions_framework
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession

session = AuthorizedSession(AnonymousCredentials())


@functions_framework.cloud_event
def on_alert(event):
    event.get_data()
"""
IMPORTS = (
    "functions_framework",
    "flyball.wiring.gcp_function",
    "requests",
    "google.auth.transport.requests",
    "grpc",
    "google.api_core.retry",
    "google.cloud.monitoring_v3",
    "google.cloud.scheduler_v1",
)
"""In the order in which a function that decides meets them, and last one that it never does."""
TIMER = """
import gc, importlib, sys, time
gc.disable()
for name in sys.argv[1:]:
    start = time.perf_counter()
    importlib.import_module(name)
    print(time.perf_counter() - start)
"""


class Start(NamedTuple):
    """A cold start, seconds since the program was started.

    Attributes:
        ready: It listens.
        answered: It has answered its first event.
        again: How long the same event took after that.
    """

    ready: float
    answered: float
    again: float


def main() -> int:
    """Measure, and print the ratio."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as ends:
        folder = Path(name)
        stack = ends.enter_context(deployed(folder))
        measure(stack, folder)
        count_imports(stack)
    return 0


def measure(stack: Deployment, folder: Path) -> None:
    """Start each of them, again and again, in turn."""
    plain = folder / "plain"
    plain.mkdir()
    (plain / "main.py").write_text(PLAIN)
    for each in (plain, stack.folder):
        compileall.compile_dir(each, quiet=1)
    stack.create("churn", 1, 9)
    stack.load("churn", 0.6)
    config = json.dumps(
        {"version": 1, "scalable_targets": [target("churn", max_capacity=9)]},
    )
    (compiled,) = compile_config(loads(config, "flyball.json"))
    versions = iter(f"{compiled.config_hash[:-4]}{number:04}" for number in range(9_999))

    def make_due() -> None:
        stack.ledger.register(compiled.id, compiled.config, next(versions), datetime.now(UTC))

    def skip() -> None:
        """Leave it as it is."""

    wake, ours = own_message("churn"), stack.folder
    starts: dict[str, list[Start]] = {"plain": [], "nobody": [], "ours": []}
    make_due()
    start(ours, stack.environment, wake, make_due)  # the servers' own first answers take long
    for _ in range(ROUNDS):
        starts["plain"].append(start(plain, {}, wake, skip))
        starts["nobody"].append(start(ours, stack.environment, test_message(), skip))
        make_due()
        starts["ours"].append(start(ours, stack.environment, wake, make_due))
    decided = len(stack.decisions("churn"))
    assert decided == 2 * (ROUNDS + 1), f"{decided} decisions in {ROUNDS + 1} cold starts"
    assert stack.cloud.broken == []
    report(starts)


def start(
    folder: Path, environment: Mapping[str, str], event: bytes, between: Callable[[], None]
) -> Start:
    """Start a function, send it an event as soon as it listens, and then once more.

    Args:
        folder: With main.py.
        environment: Of the function.
        event: The body of a push.
        between: Done before the event is sent again.
    """
    port = free_port()
    given = {**environment_for(folder.parent), **environment, "PYTHONPATH": str(folder)}
    command = [
        *(sys.executable, "-m", "functions_framework", f"--source={folder / 'main.py'}"),
        *("--target=on_alert", "--signature-type=cloudevent"),
        *("--host=127.0.0.1", f"--port={port}"),
    ]
    log = (folder.parent / "cold.log").open("wb")
    began = time.monotonic()
    with log, subprocess.Popen(command, env=given, stdout=log, stderr=log) as program:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            while not connects(connection):
                assert program.poll() is None, Path(log.name).read_text()
                assert time.monotonic() - began < PATIENCE_S, Path(log.name).read_text()
                time.sleep(0.001)
            ready = time.monotonic() - began
            send(connection, event)
            answered = time.monotonic() - began
            between()
            before = time.monotonic()
            send(connection, event)
            again = time.monotonic() - before
            connection.close()
        finally:
            program.terminate()
    return Start(ready, answered, again)


def connects(connection: HTTPConnection) -> bool:
    """Try to connect."""
    try:
        connection.connect()
    except ConnectionRefusedError:
        return False
    return True


def send(connection: HTTPConnection, event: bytes) -> None:
    """Push a message as Pub/Sub does."""
    connection.request("POST", "/", event, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status == 200, said


def own_message(name: str) -> bytes:
    """Write the push of a message that wakes a target."""
    at = datetime.now(UTC).isoformat()
    return push({"flyball": "wake", "scalable_target_ids": [name], "at": at})


def test_message() -> bytes:
    """Write the push of what Cloud Monitoring's console sends when a channel is tried."""
    return push({"version": "test", "incident": {"state": "OPEN"}})


def push(body: Mapping[str, object]) -> bytes:
    """Write the push of a message."""
    message = {
        "data": base64.b64encode(json.dumps(body).encode()).decode(),
        "messageId": "1",
        "publishTime": datetime.now(UTC).isoformat(),
    }
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


def report(starts: Mapping[str, Sequence[Start]]) -> None:
    """Print the medians and their ratios."""
    told = {
        "plain": "the framework with an AuthorizedSession, up to its first answer",
        "nobody": "on_alert, up to the answer to a message that wakes nobody",
        "ours": "on_alert, up to the answer to one with a decision that is in the ledger",
    }
    whole = median(each.answered for each in starts["plain"])
    print(f"cold, median of {ROUNDS}, from the start of the program (goal: at most {GOAL}):")
    for name, found in starts.items():
        answered = median(each.answered for each in found)
        ready = median(each.ready for each in found)
        print(f"  ratio {answered / whole:.2f}, {answered * 1e3:4.0f} ms: {told[name]}")
        print(f"    {ready * 1e3:4.0f} ms until it listens")
    again = median(each.again for each in starts["ours"])
    bare = median(each.answered - each.again for each in starts["ours"])
    print(f"    {again * 1e3:4.0f} ms the same decision takes once more, its calls included;")
    print(f"         without that, the ratio is {bare / whole:.2f}")


def count_imports(stack: Deployment) -> None:
    """Print what each import costs after those before it."""
    times = []
    for _ in range(ROUNDS):
        told = subprocess.run(
            [sys.executable, "-c", TIMER, *IMPORTS],
            env=dict(stack.environment),
            capture_output=True,
            text=True,
            check=True,
        )
        times.append([float(line) for line in told.stdout.split()])
    print(f"imports, each after those before it, median of {ROUNDS}:")
    for name, each in zip(IMPORTS, zip(*times, strict=True), strict=True):
        print(f"  {median(each) * 1e3:6.0f} ms  {name}")


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"in {time.monotonic() - began:.0f} s")
    sys.exit(status)
