"""Does each rule about imports and clocks fail when somebody breaks it?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

LINT_IMPORTS = str(Path(sys.executable).with_name("lint-imports"))

LAYERS = "Imports point inwards, and no module lies outside the layers"
PURE_CORE = "The core reads no clock, file, network, environment, log or chance"
RUNTIME = "What a function runs never loads what an author needs"
CLOUDS = "Only its own home knows a cloud's SDK"
AMAZON = "What runs on AWS knows nothing of Google Cloud"
GOOGLE = "What runs on Google Cloud knows nothing of AWS"
PARTS = "The parts of the controller are the controller's alone"
HOMES = "Adapters of different homes do not know each other"


@dataclass(frozen=True)
class Case:
    """One line, planted in one module, and the contract that it breaks."""

    id: str
    module: str
    line: str
    contract: str


CASES = (
    Case("core_imports_ports", "core/planted.py", "import flyball.ports", LAYERS),
    Case("core_imports_controller", "core/planted.py", "import flyball.controller", LAYERS),
    Case("ports_import_controller", "ports.py", "import flyball.controller", LAYERS),
    Case("controller_imports_adapter", "controller.py", "import flyball.adapters.local", LAYERS),
    Case("controller_imports_config", "controller.py", "import flyball.config", LAYERS),
    Case("adapter_imports_config", "adapters/local/planted.py", "import flyball.config", LAYERS),
    Case("config_imports_adapter", "config/planted.py", "import flyball.adapters.local", LAYERS),
    Case("controller_imports_wiring", "controller.py", "import flyball.wiring", LAYERS),
    Case("wiring_imports_cli", "wiring/planted.py", "import flyball.cli", LAYERS),
    Case("wiring_imports_sim", "wiring/planted.py", "import flyball.sim", LAYERS),
    Case("wiring_imports_report", "wiring/planted.py", "import flyball.report", LAYERS),
    Case("a_utils_package", "utils/__init__.py", "", LAYERS),
    Case("a_common_module", "common.py", "", LAYERS),
    Case("core_imports_time", "core/planted.py", "import time", PURE_CORE),
    Case("core_imports_os", "core/planted.py", "from os import path", PURE_CORE),
    Case("core_imports_random", "core/planted.py", "import random", PURE_CORE),
    Case("core_imports_socket", "core/planted.py", "import socket", PURE_CORE),
    Case("core_imports_logging", "core/planted.py", "import logging", PURE_CORE),
    Case("adapter_imports_pydantic", "adapters/local/planted.py", "import pydantic", RUNTIME),
    Case("wiring_imports_rich", "wiring/planted.py", "from rich import table", RUNTIME),
    Case("core_imports_numpy", "core/planted.py", "import numpy", RUNTIME),
    Case("cli_imports_boto3", "cli/planted.py", "import boto3", CLOUDS),
    Case("local_imports_google", "adapters/local/planted.py", "import google.auth", CLOUDS),
    Case("aws_imports_google", "adapters/aws/planted.py", "import google.auth", AMAZON),
    Case("aws_imports_grpc", "adapters/aws/planted.py", "from grpc import Channel", AMAZON),
    Case("wiring_of_aws_imports_google", "wiring/aws.py", "import google.auth", AMAZON),
    Case("wiring_of_aws_imports_other", "wiring/aws.py", "import flyball.wiring.gcp", AMAZON),
    Case(
        "function_of_aws_imports_adapter",
        "wiring/aws_function.py",
        "import flyball.adapters.gcp",
        AMAZON,
    ),
    Case("gcp_imports_boto3", "adapters/gcp/planted.py", "import boto3", GOOGLE),
    Case("gcp_imports_botocore", "adapters/gcp/planted.py", "import botocore", GOOGLE),
    Case("wiring_of_gcp_imports_boto3", "wiring/gcp.py", "import boto3", GOOGLE),
    Case("wiring_of_gcp_imports_other", "wiring/gcp.py", "import flyball.wiring.aws", GOOGLE),
    Case(
        "function_of_gcp_imports_adapter",
        "wiring/gcp_function.py",
        "import flyball.adapters.aws",
        GOOGLE,
    ),
    Case("what_both_share_imports_boto3", "wiring/function.py", "import boto3", GOOGLE),
    Case("adapter_imports_reconcile", "adapters/planted.py", "import flyball.reconcile", PARTS),
    Case("ports_import_reconcile", "ports.py", "import flyball.reconcile", LAYERS),
    Case("home_imports_home", "adapters/planted.py", "import flyball.adapters.local", HOMES),
)


@pytest.fixture
def copied(repository: Path, tmp_path: Path) -> Path:
    """Copy the package to where a fault may be planted."""
    package = tmp_path / "flyball"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository / "shared" / "flyball", package, ignore=ignored)
    for module in ("ports.py", "controller.py", "observe.py", "reconcile.py"):
        (package / module).touch()
    return package


def lint_imports(repository: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """Check a copy of the package against the project's own contracts."""
    config = str(repository / "pyproject.toml")
    command = [LINT_IMPORTS, "--config", config, "--no-cache", "--no-logo"]
    return subprocess.run(
        command, cwd=package.parent, capture_output=True, text=True, check=False, timeout=60
    )


def expect_broken(checked: subprocess.CompletedProcess[str], contract: str) -> None:
    """Expect the check to have failed because of this contract."""
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"{contract} BROKEN" in checked.stdout


def test_the_package_as_it_is_keeps_every_contract(repository: Path, copied: Path) -> None:
    """Nothing planted, nothing broken: what fails below fails for what was planted."""
    checked = lint_imports(repository, copied)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 broken" in checked.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_planted_import_breaks_its_contract(case: Case, repository: Path, copied: Path) -> None:
    """Each contract is worth having: it names itself when it is broken."""
    planted = copied / case.module
    planted.parent.mkdir(exist_ok=True)
    before = planted.read_text(encoding="utf-8") if planted.exists() else '"""Planted."""\n'
    planted.write_text(f"{before}\n{case.line}\n", encoding="utf-8")
    expect_broken(lint_imports(repository, copied), case.contract)


CLOCKS = (
    ("datetime_now", "from datetime import UTC, datetime\n\nx = datetime.now(tz=UTC)\n"),
    ("module_datetime_now", "import datetime\n\nx = datetime.datetime.now(tz=datetime.UTC)\n"),
    ("datetime_utcnow", "from datetime import datetime\n\nx = datetime.utcnow()\n"),
    ("date_today", "from datetime import date\n\nx = date.today()\n"),
    ("time_time", "import time\n\nx = time.time()\n"),
    ("renamed_time", "from time import time as tick\n\nx = tick()\n"),
    ("os_environ", "import os\n\nx = os.environ['HOME']\n"),
    ("from_os_environ", "from os import environ\n\nx = environ.get('HOME')\n"),
    ("os_getenv", "import os\n\nx = os.getenv('HOME')\n"),
)


def ruff_rules(repository: Path, path: str, source: str) -> set[str]:
    """Give the codes of the rules that this source breaks at this path."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    checked = subprocess.run(
        [*command, "--stdin-filename", path, "-"],
        cwd=repository,
        input=source,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode in {0, 1}, checked.stderr
    lines = [line.split(": ", 1)[1] for line in checked.stdout.splitlines() if ": " in line]
    return {line.split(" ", 1)[0] for line in lines}


@pytest.mark.parametrize("module", ["core/planted.py", "controller.py", "adapters/local/x.py"])
@pytest.mark.parametrize("source", [pytest.param(code, id=name) for name, code in CLOCKS])
def test_the_clock_and_the_environment_are_read_by_wiring_alone(
    module: str, source: str, repository: Path
) -> None:
    """What reads the clock or the environment fails the lint; the same in wiring does not."""
    assert "TID251" in ruff_rules(repository, f"shared/flyball/{module}", source)
    assert "TID251" not in ruff_rules(repository, "shared/flyball/wiring/planted.py", source)
