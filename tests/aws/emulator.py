"""How does a built function run under Lambda's own runtime, on this machine?

The Runtime Interface Emulator is AWS's, and so is the runtime client; what they run is what
`sam build` has made. An emulator takes one call at a time.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from tests.aws.deployment import SAM
from tests.aws.rig import environment_for

MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
PATH = "/2015-03-31/functions/function/invocations"


class Answer(NamedTuple):
    """What an invocation came to.

    Attributes:
        body: What the function returned, or the error that the runtime reports.
        took_s: By the caller's clock, seconds.
    """

    body: Any
    took_s: float


@dataclass(frozen=True)
class Emulator:
    """A function that waits for events.

    Attributes:
        port: Where it is invoked.
        log: What the runtime and the function said.
        program: The emulator.
    """

    port: int
    log: Path
    program: subprocess.Popen[bytes]

    def invoke(self, event: Any, timeout_s: float = 90) -> Answer:
        """Send one event."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        start = time.monotonic()
        connection.request("POST", PATH, json.dumps(event))
        text = connection.getresponse().read().decode()
        took_s = time.monotonic() - start
        connection.close()
        try:
            return Answer(json.loads(text), took_s)
        except ValueError:
            return Answer(text, took_s)


def find_emulator() -> Path:
    """Find the emulator, which SAM's command line brings."""
    folder = Path(os.environ[SAM]).resolve().parents[1]
    name = f"aws-lambda-rie-{MACHINES[platform.machine()]}"
    (found,) = folder.glob(f"lib/python3.*/site-packages/samcli/local/rapid/{name}")
    return found


@contextmanager
def emulated(
    built: Path, handler: str, folder: Path, environment: Mapping[str, str], timeout_s: int = 60
) -> Iterator[Emulator]:
    """Run a built function until the block ends.

    Args:
        built: The folder of `sam build`.
        handler: Such as wake.handler.
        folder: Its own, for its log.
        environment: Added to what Lambda gives.
        timeout_s: After which the runtime kills it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    invoked, runtime = _free_port(), _free_port()
    module = handler.partition(".")[0].title()
    task = built / module if (built / module).is_dir() else built
    given = {
        **environment_for(folder),
        "AWS_LAMBDA_FUNCTION_NAME": handler,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
        "LAMBDA_TASK_ROOT": str(task),
        "PYTHONPATH": os.pathsep.join(
            [str(task), str(built / "Code" / "python"), *runtime_client()]
        ),
        **environment,
    }
    command = [
        str(find_emulator()),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{invoked}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime}"),
        *(sys.executable, "-S", "-m", "awslambdaric", handler),
    ]
    log = folder / "emulator.log"
    with log.open("wb") as said:
        program = subprocess.Popen(
            command, cwd=task, env=given, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        _await(invoked, program)
        yield Emulator(invoked, log, program)
    finally:
        program.terminate()
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def runtime_client() -> list[str]:
    """Say where the runtime client is; it comes last, so that nothing else of it is found."""
    import awslambdaric

    return [str(Path(awslambdaric.__file__).resolve().parents[1])]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await(port: int, program: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and program.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the emulator ended, or did not listen on {port}")
