"""Would every machine install the very same files?"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

LOCKS = ("aws-function", "bench", "demo", "dev", "gcp-function")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==\S+", re.MULTILINE)


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def read(repository: Path, lock: str) -> str:
    """Read one lock file."""
    return (repository / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def pins(text: str) -> dict[str, str]:
    """Give each pinned package's line, by name."""
    return {normal(found["name"]): found[0] for found in PIN.finditer(text)}


def normal(name: str) -> str:
    """Write a package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for(requirements: list[Any]) -> set[str]:
    """Name the packages of a list of requirements; included groups are not followed."""
    plain = [each for each in requirements if isinstance(each, str)]
    return {normal(re.split(r"[\[<>=!~; ]", each, maxsplit=1)[0]) for each in plain}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str, repository: Path) -> None:
    """A file that was replaced on an index is not installed."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", read(repository, lock))
    pinned = [entry for entry in entries if PIN.match(entry)]
    assert pinned
    assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index_or_a_place_on_one_machine(lock: str, repository: Path) -> None:
    """Where packages come from is each machine's own matter."""
    text = read(repository, lock)
    assert re.findall(r"https?://\S+|file:\S+|--(?:extra-)?index-url|--find-links", text) == []
    assert re.findall(r"(?:^|\s)/\w\S*", text) == []


def test_what_is_asked_for_is_locked(project: dict[str, Any], repository: Path) -> None:
    """A dependency that was added without `make lock` is found here, not on another machine."""
    groups = project["dependency-groups"]
    runtime = asked_for(project["project"]["dependencies"])
    build = asked_for(groups["build"])
    wanted = {
        "demo": runtime | build,
        "dev": runtime | build | asked_for(groups["dev"]),
        "bench": runtime | build | asked_for(groups["bench"]),
        "aws-function": asked_for(groups["aws-function"]),
        "gcp-function": asked_for(groups["gcp-function"]),
    }
    missing = {
        lock: sorted(names - pins(read(repository, lock)).keys()) for lock, names in wanted.items()
    }
    assert {lock: names for lock, names in missing.items() if names} == {}


def test_the_demo_installs_what_the_checks_have_checked(repository: Path) -> None:
    """Both environments have the same version of what they share."""
    checked = pins(read(repository, "dev"))
    assert pins(read(repository, "demo")).items() <= checked.items()


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_function_installs_nothing_that_an_author_needs(cloud: str, repository: Path) -> None:
    """What starts cold on every wake carries no validator and no terminal."""
    installed = pins(read(repository, f"{cloud}-function"))
    assert installed.keys().isdisjoint({"numpy", "pydantic", "rich", "ruamel-yaml", "typer"})


def test_the_builder_is_the_pinned_one(project: dict[str, Any], repository: Path) -> None:
    """The build is not isolated: what it requires is what the lock installs."""
    (required,) = project["build-system"]["requires"]
    assert required == pins(read(repository, "demo"))["hatchling"]
