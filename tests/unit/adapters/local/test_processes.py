"""Do several processes, or one that was killed, see one simulated endpoint?"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints, LocalFileError
from flyball.adapters.local.timeline import EndpointSettings, OrderKind
from flyball.core.model import Capacity, CapacityRange
from flyball.core.target import ScalableTarget
from flyball.ports import Outcome, OutcomeKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGET = ScalableTarget("chat", 0, 50)
PLAIN = EndpointSettings(initial=4, seed=1, quota=20)


def make(settings: EndpointSettings = PLAIN, path: Path | None = None) -> LocalEndpoints:
    """Make a cloud with one endpoint of four instances."""
    endpoints = LocalEndpoints(path)
    endpoints.create("chat", settings, NOON)
    return endpoints


def put(endpoints: LocalEndpoints, count: int, now: datetime = NOON) -> Outcome:
    """Set its capacity."""
    return endpoints.apply(TARGET, CapacityRange(count, count), now)


def look(endpoints: LocalEndpoints, now: datetime) -> Capacity:
    """Read its capacity, which must be known."""
    capacity = endpoints.describe(TARGET, now)
    assert isinstance(capacity, Capacity)
    return capacity


def test_a_restarted_process_finds_the_endpoint_as_it_was(tmp_path: Path) -> None:
    """Orders, settings and lead times come out of the file."""
    path = tmp_path / "cloud.db"
    first = make(path=path)
    put(first, 10)
    instants = [NOON + timedelta(seconds=second) for second in range(0, 400, 20)]
    before = [look(first, instant) for instant in instants]
    first.close()
    second = LocalEndpoints(path)
    assert [look(second, instant) for instant in instants] == before
    assert second.orders("chat")[-1].kind is OrderKind.SCALE
    second.close()


def test_two_processes_see_one_endpoint(tmp_path: Path) -> None:
    """What one orders the other reads at once, and is refused meanwhile."""
    path = tmp_path / "cloud.db"
    one, two = make(path=path), LocalEndpoints(path, caller="second")
    assert look(two, NOON).desired == 4
    put(one, 6)
    assert look(two, NOON).desired == 6
    assert put(two, 7).kind is OutcomeKind.DEFERRED
    one.close()
    two.close()


ORDER_ONCE = """
import pathlib, sys, time
from datetime import UTC, datetime
from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.timeline import EndpointSettings
path, gate, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
print("here", flush=True)
while not gate.exists():
    time.sleep(0.001)
endpoints = LocalEndpoints(path)
endpoints.create("chat", EndpointSettings(initial=4), datetime(2026, 3, 2, 12, tzinfo=UTC))
print(endpoints.scale("chat", count, datetime(2026, 3, 2, 12, 1, tzinfo=UTC), "one").kind.value)
"""
"""A process that waits for the others before it opens the file and orders."""

ORDER_ON_AND_ON = """
import pathlib, sys
from datetime import UTC, datetime, timedelta
from flyball.adapters.local.endpoint import LocalEndpoints
endpoints = LocalEndpoints(pathlib.Path(sys.argv[1]))
now = datetime(2026, 3, 2, 12, tzinfo=UTC)
while True:
    now += timedelta(minutes=10)
    endpoints.scale("chat", 4 + now.minute // 10, now, "one")
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_of_racing_processes_one_order_is_accepted(tmp_path: Path) -> None:
    """Six processes make the file, create the endpoint and order at once; one order counts."""
    path, gate = tmp_path / "cloud.db", tmp_path / "go"
    workers = [run(ORDER_ONCE, path, gate, 5 + number) for number in range(6)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "here\n"
    gate.touch()
    said = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert sorted(said) == ["applied"] + ["deferred"] * 5
    endpoints = LocalEndpoints(path)
    assert len(endpoints.orders("chat")) == 2
    endpoints.close()


def test_a_killed_process_leaves_whole_orders(tmp_path: Path) -> None:
    """After a kill the file opens, sequences have no gap, and a new order is accepted."""
    path = tmp_path / "cloud.db"
    make(path=path).close()
    worker = run(ORDER_ON_AND_ON, path)
    watcher = LocalEndpoints(path)
    while len(watcher.orders("chat")) < 20:
        time.sleep(0.002)
    worker.kill()
    worker.communicate(timeout=60)
    orders = watcher.orders("chat")
    assert [order.sequence for order in orders] == list(range(1, len(orders) + 1))
    assert put(watcher, 3, orders[-1].at + 20 * MINUTE).kind is OutcomeKind.APPLIED
    watcher.close()


def test_a_locked_file_is_an_outcome_and_not_an_exception(tmp_path: Path) -> None:
    """Another process in the middle of its order: nothing is accepted, reading goes on."""
    path = tmp_path / "cloud.db"
    endpoints = make(path=path)
    endpoints._database.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcome = put(endpoints, 5)
    assert (outcome.kind, "locked" in outcome.detail) == (OutcomeKind.FAILED, True)
    assert look(endpoints, NOON).desired == 4
    other.close()
    assert put(endpoints, 5).kind is OutcomeKind.APPLIED
    endpoints.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """The error says which file, and what to do."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    with pytest.raises(LocalFileError, match=r"notes\.txt: .*; give another file"):
        LocalEndpoints(path)


def test_a_file_in_no_directory_is_named(tmp_path: Path) -> None:
    """The error says what to do."""
    with pytest.raises(LocalFileError, match="directory that exists"):
        LocalEndpoints(tmp_path / "nowhere" / "cloud.db")


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """It is not overwritten."""
    path = tmp_path / "cloud.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(LocalFileError, match="format 7, expected 1"):
        LocalEndpoints(path)
