"""How is Google Cloud started on this machine for a test, and what does the ledger find in it?

One Firestore emulator a test process, started when it is first needed: it takes two seconds and
300 MB, and no test waits for another's. Each test has a project of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.aws.rig import Server, serve

JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
"""Where the Google Cloud CLI has it, from its own folder on."""
PROGRAM = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
INSTALL = "gcloud components install cloud-firestore-emulator"


@contextmanager
def lent_firestore(folder: Path) -> Iterator[Server]:
    """Lend this process's Firestore; the first asker starts it, the last one ends it.

    Skips the test, and says why, where it is not installed.
    """
    server = _Shared.take(folder)
    try:
        yield server
    finally:
        _Shared.give_back()


def start_firestore(folder: Path) -> Server:
    """Start the emulator, without the command line, which would leave its program behind."""
    java, jar = shutil.which("java"), find_jar()
    if java is None or jar is None:
        lacking = "Java" if java is None else f"Firestore's emulator ({INSTALL})"
        pytest.skip(f"{lacking} is not installed, and the ledger on Firestore runs against it")
    options = ["-Xmx512m", "-XX:+UseSerialGC", "-Duser.language=en"]
    place = ["--host=127.0.0.1", "--port={port}"]
    command = [java, *options, "-cp", str(jar), PROGRAM, "start", *place]
    return serve("firestore", folder, command, {}, "/")


@cache
def find_jar() -> Path | None:
    """Find the emulator's program where the Google Cloud CLI is; None where it is not installed."""
    gcloud = shutil.which("gcloud")
    roots = [Path.home() / "google-cloud-sdk"]
    if gcloud is not None:
        roots.insert(0, Path(gcloud).resolve().parent.parent)
    found = next((root / JAR for root in roots if (root / JAR).is_file()), None)
    if found is None and gcloud is not None:
        asked = [gcloud, "info", "--format=value(installation.sdk_root)"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        found = Path(told) / JAR
    return found if found is not None and found.is_file() else None


class _Shared:
    """The one server of this process, and how many have it."""

    lock = threading.Lock()
    askers = 0
    server: Server | None = None

    @classmethod
    def take(cls, folder: Path) -> Server:
        with cls.lock:
            if cls.server is None:
                cls.server = start_firestore(folder)
            cls.askers += 1
            return cls.server

    @classmethod
    def give_back(cls) -> None:
        with cls.lock:
            cls.askers -= 1
            if cls.askers == 0 and cls.server is not None:
                cls.server.stop()
                cls.server = None
