"""Does a call end with the function's time, as the deployment demands it of the framework?"""

from __future__ import annotations

import sys
from http.client import HTTPConnection
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import pytest

from deploy.gcp.functions import FRAMEWORK
from tests.aws.rig import serve

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
