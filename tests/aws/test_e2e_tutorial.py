"""Does SAM build, deploy and delete as docs/aws.md says, and print what stands there?

The rest of the page is walked through in test_tutorial.py, with functions that run in the test.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.aws.deployment import ROOT, RUNTIME, SAM
from tests.aws.rig import REGION, Server, client_of, environment_for, start_ministack
from tests.aws.test_tutorial import PAGE
from tests.page import matches, read_steps

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

BUILT = (".*", "__pycache__", "build", "dist", "htmlcov", "*.egg-info", "node_modules")
"""What of this folder is no source."""


def sam(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command of the page for this machine's Python, with nobody there to be asked."""
    _, verb, *options = shlex.split(command)
    if verb == "delete":
        options.append("--no-prompts")
    elif verb == "deploy":
        options.append("--no-confirm-changeset")
    if "--parameter-overrides" in options:
        options.insert(options.index("--parameter-overrides") + 1, f"PythonRuntime={RUNTIME}")
    elif verb == "build":
        options += ["--parameter-overrides", f"PythonRuntime={RUNTIME}"]
    done = subprocess.run(
        [os.environ[SAM], verb, *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines() if line.strip())


def modes(server: Server) -> set[str]:
    """Read in which mode the functions run that are called."""
    client = client_of(server, "lambda")
    names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    return {
        client.get_function_configuration(FunctionName=name, Qualifier="live")["Environment"][
            "Variables"
        ]["FLYBALL_MODE"]
        for name in names
    }


def test_the_stack_of_the_page_is_built_deployed_put_in_charge_and_deleted(tmp_path: Path) -> None:
    """From a copy of the sources, into a local AWS, by samconfig.toml as it is."""
    if SAM not in os.environ:
        pytest.skip(f"{SAM} names no SAM command line; `make e2e-aws` installs one and sets it")
    page = PAGE.read_text(encoding="utf-8")
    steps = [each for each in read_steps(page) if each.command.startswith("sam ")]
    assert [each.command.split()[1] for each in steps] == ["build", "deploy", "deploy"]
    sources = tmp_path / "sources"
    shutil.copytree(ROOT, sources, ignore=shutil.ignore_patterns(*BUILT))
    own = {"PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL": "http://127.0.0.1:{port}"}
    server = start_ministack(tmp_path / "ministack", own, "tests.aws.stand_in")
    environment = {
        **environment_for(tmp_path),
        "AWS_ENDPOINT_URL": server.url,
        "SAM_CLI_TELEMETRY": "0",
        "FLYBALL_PYTHON_RUNTIME": RUNTIME,
        "PYTHON": sys.executable,
    }
    try:
        for step in steps:
            printed = sam(step.command, sources, environment).replace(REGION, "eu-central-1")
            stands = re.sub(r"[\d.]+ MB", "… MB", step.printed).replace("python3.13", RUNTIME)
            assert matches(printed, stands), printed[-3000:]
            if "Mode=advise" in step.command:
                assert modes(server) == {"advise"}
        assert modes(server) == {"apply"}
        sam("sam delete --config-env prod", sources, environment)
        assert "`sam delete --config-env prod`" in page
        assert client_of(server, "lambda").list_functions()["Functions"] == []
    finally:
        server.stop()
