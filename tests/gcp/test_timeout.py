"""Does a call end with the function's time, as the deployment demands it of the framework?"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import pytest

from deploy.gcp.functions import FRAMEWORK
from tests.aws.rig import serve
from tests.gcp.conftest import Store
from tests.gcp.test_functions import Deployment
from tests.unit.functions.gcp.stage import NAMES, sign

pytestmark = pytest.mark.enable_socket

PROGRAM = """import time
from pathlib import Path

import functions_framework


@functions_framework.http
def work(call):
    if call.path == "/ready":
        return "ready"
    for second in range(30):
        Path(__file__).with_name("log").write_text(str(second))
        time.sleep(0.1)
    return "done"
"""


@pytest.mark.parametrize("ends", [True, False])
def test_a_thread_goes_on_after_its_time_unless_the_framework_is_told(
    tmp_path: Path, *, ends: bool
) -> None:
    """Without it, work goes on that Cloud Run has answered for, and beyond its lease perhaps."""
    (tmp_path / "main.py").write_text(PROGRAM, "utf-8")
    command = [sys.executable, "-m", "functions_framework", f"--source={tmp_path / 'main.py'}"]
    command += ["--target=work", "--signature-type=http", "--host=127.0.0.1", "--port={port}"]
    variables = {"CLOUD_RUN_TIMEOUT_SECONDS": "1", **(FRAMEWORK if ends else {})}
    program = serve("work", tmp_path / "place", command, variables, "/ready")
    try:
        connection = HTTPConnection(str(urlsplit(program.url).netloc), timeout=10)
        connection.request("GET", "/work")
        answer = connection.getresponse()
        assert (answer.status == 500) is ends
        answer.read()
        connection.close()
        sleep(0.3)
        last = int((tmp_path / "log").read_text())
    finally:
        program.stop()
    assert (last < 15) is ends


@pytest.mark.slow
@pytest.mark.parametrize("ends", [True, False])
def test_our_own_call_ends_with_its_time_and_writes_nothing_after_it(
    store: Store, tmp_path: Path, *, ends: bool
) -> None:
    """No boundary of ours takes it for a failure of what is inside; the call comes again.

    With time enough the endpoints that hang are told as such: each target gets a row, and it is
    200.
    """
    limits = {"CLOUD_RUN_TIMEOUT_SECONDS": "2" if ends else "60", **FRAMEWORK}
    limits["FLYBALL_TIMEOUT_S"] = "60"  # so that it is not our own watch that ends it
    with ExitStack() as stack:
        running = Deployment(store, tmp_path, stack, limits)
        running.cloud.hanging = "endpoints"
        stack.callback(running.cloud.awake.set)
        bearer = f"Bearer {sign(datetime.now(UTC))}"
        status, _ = running.send("on_tick", "tick", Authorization=bearer)
        kinds = {row.kind for name in NAMES for row in store.ledger.rows(name)}
        assert status == (500 if ends else 200)
        assert kinds == ({"config"} if ends else {"config", "decision"})
        told = running.programs["on_tick"].log.read_text("utf-8")
        assert ("TimeUpError" in told) is ends
        if not ends:
            return
        running.cloud.hanging = ""
        status, _ = running.send("on_tick", "tick", Authorization=bearer)
        assert status == 200
