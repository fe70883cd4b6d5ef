"""Does importing a part load only what that part may need?"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

# What a deployed function must not wait for, or must not have.
HEAVY = (
    "boto3",
    "botocore",
    "flyball.cli",
    "flyball.report",
    "flyball.sim",
    "google.api_core",
    "google.auth",
    "google.protobuf",
    "grpc",
    "numpy",
    "pydantic",
    "rich",
    "ruamel",
    "typer",
)


def loaded_by(statement: str) -> set[str]:
    """Name the modules that a fresh interpreter has loaded after this statement."""
    program = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    modules: list[str] = json.loads(ran.stdout)
    return set(modules)


def test_a_planted_import_is_seen() -> None:
    """The check below can fail: an import of a heavy library shows."""
    assert "pydantic" in loaded_by("import pydantic")


@pytest.mark.parametrize("part", ["flyball.core", "flyball.adapters.local", "flyball.wiring.local"])
def test_the_runtime_on_one_machine_loads_no_cloud_and_nothing_of_the_author(part: str) -> None:
    """A wake on one machine loads no cloud's SDK, no simulator, no terminal and no validator."""
    loaded = loaded_by(f"import {part}")
    assert part in loaded
    assert {heavy for heavy in HEAVY if heavy in loaded} == set()


def imported(source: str) -> set[str]:
    """Name the top-level packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_core_imports_the_standard_library_alone(repository: Path) -> None:
    """No module of the core needs anything to be installed."""
    modules = sorted((repository / "shared" / "flyball" / "core").rglob("*.py"))
    assert modules
    allowed = sys.stdlib_module_names | {"flyball"}
    foreign = {
        module.name: sorted(imported(module.read_text(encoding="utf-8")) - allowed)
        for module in modules
    }
    assert {name: names for name, names in foreign.items() if names} == {}
