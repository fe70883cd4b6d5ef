"""Can every file and function be read at one sitting, under names that say something?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE_LINES = 400
FUNCTION_LINES = 60
ENTRY_POINT_LINES = 40
BANNED_WORDS = frozenset({"manager", "helper", "util", "utils", "process", "data", "info"})

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def modules(repository: Path, *folders: str) -> list[Path]:
    """List the Python files below these folders of the repository."""
    return sorted(path for folder in folders for path in (repository / folder).rglob("*.py"))


def definitions(path: Path) -> Iterator[Definition]:
    """Yield every function and class of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Definition):
            yield node


def words(name: str) -> set[str]:
    """Split a name in snake case or camel case into its words, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return {word.lower() for word in spaced.split("_") if word}


def lines(path: Path) -> int:
    """Count the lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("load_data", {"load", "data"}),
        ("PoolManager", {"pool", "manager"}),
        ("__init__", {"init"}),
        ("metadata", {"metadata"}),
    ],
)
def test_a_name_is_split_into_its_words(name: str, expected: set[str]) -> None:
    """Banned words are found as words, and not as parts of others."""
    assert words(name) == expected


def test_no_file_is_over_400_lines(repository: Path) -> None:
    """A longer file wants to be two."""
    found = modules(repository, "shared", "functions", "deploy", "tests")
    assert {str(path): lines(path) for path in found if lines(path) > FILE_LINES} == {}


def test_no_function_is_over_60_lines(repository: Path) -> None:
    """A longer function wants to be two."""
    long = {
        f"{path}:{node.lineno} {node.name}"
        for path in modules(repository, "shared", "functions", "deploy")
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == set()


def test_an_entry_point_is_under_40_lines(repository: Path) -> None:
    """What a cloud calls only hands over: everything that could be wrong is in the package."""
    found = modules(repository, "functions")
    assert {str(path): lines(path) for path in found if lines(path) >= ENTRY_POINT_LINES} == {}


def test_no_name_has_a_word_that_says_nothing(repository: Path) -> None:
    """Modules, functions and classes are called what they do or are."""
    found = modules(repository, "shared", "functions", "deploy")
    names = {f"{path}": path.stem for path in found}
    names |= {
        f"{path}:{node.lineno} {node.name}": node.name
        for path in found
        for node in definitions(path)
    }
    assert {where for where, name in names.items() if words(name) & BANNED_WORDS} == set()


def test_unit_and_simulation_tests_patch_nothing(repository: Path) -> None:
    """A fake is handed in; nothing is replaced behind the code's back."""
    patching = re.compile(r"\b(mock\.patch|from unittest import mock|mocker\.patch)\b")
    found = modules(repository, "tests/unit", "tests/sim", "tests/property", "tests/golden")
    patched = {str(path) for path in found if patching.search(path.read_text(encoding="utf-8"))}
    assert patched == set()
