"""How long is a cold start until the first decision, beside the framework with a session alone?

    make bench-cold-gcp

All run under Google's functions-framework, in turn, in one run: our function as it is staged, and a
function that imports google-auth's AuthorizedSession and makes one. Where ours decides it is given
one too, as it makes one at Google: what it calls here is spoken to without credentials. What is
printed are ratios of medians, and what each import costs in a program of its own.

Source: Google Cloud's buildpacks, python/functions_framework, `python3 -m compileall -f -q .`,
against content where SOURCE_DATE_EPOCH is set; Cloud Native Buildpacks' lifecycle, which sets the
time of every file to 1980 afterwards.
"""

from __future__ import annotations

import base64
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from py_compile import PycInvalidationMode as Mode
from statistics import median
from typing import NamedTuple

from flyball.config import compile_config, loads
from tests.aws.rig import environment_for, free_port
from tests.gcp.deployment import Deployment, deployed, target

ROUNDS = 9
PATIENCE_S = 30
GOAL = 1.2
SESSION = """
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession

session = AuthorizedSession(AnonymousCredentials())
"""
PLAIN = f"""
import functions_framework
{SESSION}

@functions_framework.cloud_event
def on_alert(event):
    event.get_data()
"""
OURS = f"""
import flyball.wiring.cold
{SESSION}
from main import on_alert
"""
CLIENT = f"""
import os

os.environ["FUNCTION_TARGET"] = "on_tick"
{OURS}
"""
"""Whoever ticks reads metrics by Google's client."""
LONG_AGO = 315_532_801
"""The time of every file in an image that a buildpack built, seconds: 1980-01-01 00:00:01."""
TOLD = {
    "plain": "the framework with an AuthorizedSession",
    "nobody": "on_alert, a message that wakes nobody",
    "ours": "on_alert, a decision that is in the ledger",
    "client": "the same, the metric read by Google's client",
    "stale": "as on_alert, compiled against the files' times",
}
IMPORTS = (
    "functions_framework",
    "flyball.wiring.gcp_function",
    "requests",
    "google.auth.transport.requests",
    "flyball.adapters.gcp.rest",
    "grpc",
    "google.api_core.retry",
    "google.cloud.monitoring_v3",
    "google.cloud.scheduler_v1",
)
"""In the order in which they are met; gRPC and what follows, only by who reads by the client."""
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
        worked: How long it was on a CPU until it had answered the first.
    """

    ready: float
    answered: float
    again: float
    worked: float


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
    sources = build(stack.folder, folder)
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

    wake, nobody = own_message("churn"), test_message()
    starts: dict[str, list[Start]] = {name: [] for name in TOLD}
    make_due()
    start(sources["ours"], stack.environment, wake, make_due)  # the servers' first answers are slow
    for _ in range(ROUNDS):
        starts["plain"].append(start(sources["plain"], {}, wake, skip))
        starts["nobody"].append(start(sources["nobody"], stack.environment, nobody, skip))
        for name in ("ours", "client", "stale"):
            make_due()
            starts[name].append(start(sources[name], stack.environment, wake, make_due))
    decided = len(stack.decisions("churn"))
    began = 3 * ROUNDS + 1
    assert decided == 2 * began, f"{decided} decisions in {began} cold starts"
    assert stack.cloud.broken == []
    report(starts)


def build(staged: Path, folder: Path) -> dict[str, Path]:
    """Write the functions that are started, compiled as they are at Google; their sources."""
    stale, plain = folder / "stale", folder / "plain"
    shutil.copytree(staged, stale)
    plain.mkdir()
    sources = {
        "plain": plain / "plain.py",
        "nobody": staged / "main.py",
        "ours": staged / "ours.py",
        "client": staged / "client.py",
        "stale": stale / "ours.py",
    }
    texts = {"plain": PLAIN, "client": CLIENT}
    for name, source in sources.items():
        if not source.exists():
            source.write_text(texts.get(name, OURS))
    for at, mode in (
        (staged, Mode.CHECKED_HASH),
        (plain, Mode.CHECKED_HASH),
        (stale, Mode.TIMESTAMP),
    ):
        compileall.compile_dir(at, quiet=1, force=True, invalidation_mode=mode)
        for path in at.rglob("*.py"):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return sources


def start(
    source: Path, environment: Mapping[str, str], event: bytes, between: Callable[[], None]
) -> Start:
    """Start a function, send it an event as soon as it listens, and then once more.

    Args:
        source: Of the function.
        environment: Of the function.
        event: The body of a push.
        between: Done before the event is sent again.
    """
    port = free_port()
    folder = source.parent
    given = {**environment_for(folder.parent), **environment, "PYTHONPATH": str(folder)}
    given["PYTHONDONTWRITEBYTECODE"] = "1"  # a function's folder can be written by nobody
    command = [
        *(sys.executable, "-m", "functions_framework", f"--source={source}"),
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
            worked = count_work(program.pid)
            between()
            before = time.monotonic()
            send(connection, event)
            again = time.monotonic() - before
            connection.close()
        finally:
            program.terminate()
    return Start(ready, answered, again, worked)


def count_work(pid: int) -> float:
    """Count the seconds that a program and its workers were on a CPU; 0 where that is not told."""
    folder = Path("/proc", str(pid))
    if not folder.exists():
        return 0.0
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])  # utime and stime; see proc(5)
    children = (folder / "task" / str(pid) / "children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(count_work(int(each)) for each in children)


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
    """Print the medians, and those of the ratios to the plain one of the same round."""
    plain = starts["plain"]
    print(f"cold, medians of {ROUNDS}, ms from the start of the program (goal: at most {GOAL}):")
    print("  listens  answers  ratio  without its calls  on the CPU")
    for name, found in starts.items():
        ready, answered = (median(each[index] for each in found) * 1e3 for index in (0, 1))
        pairs = list(zip(found, plain, strict=True))
        ratio = median(each.answered / of.answered for each, of in pairs)
        bare = median((each.answered - each.again) / of.answered for each, of in pairs)
        work = median(each.worked / (of.worked or 1) for each, of in pairs)
        numbers = f"{ready:9.0f}{answered:9.0f}{ratio:7.2f}{bare:19.2f}{work:12.2f}"
        print(f"{numbers}  {TOLD[name]}")
    again = median(each.again for each in starts["ours"]) * 1e3
    print(f"  {again:.0f} ms the same decision takes once more, which are its calls")


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
