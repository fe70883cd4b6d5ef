"""Does what runs on one cloud stand without the other, and is the package the same on both?

Each cloud's folder is built as it is deployed, and its entry points are imported from there alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.aws.build import prune
from deploy.gcp.__main__ import build
from deploy.stage import copy_package, digest_tree, stage

ENTRY_POINTS = {"aws": ("wake", "tick"), "gcp": ("main",)}
ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "FLYBALL_TARGETS_TABLE": "flyball-targets",
        "FLYBALL_LEDGER_TABLE": "flyball-ledger",
        "AWS_DEFAULT_REGION": "eu-central-1",
    },
    "gcp": {"FLYBALL_GCP_PROJECT": "acme-ml"},
}
OF_AMAZON = ("aws_lambda_powertools", "boto3", "botocore", "flyball.adapters.aws", "s3transfer")
OF_GOOGLE = (
    *("cloudevents", "flask", "flyball.adapters.gcp", "functions_framework"),
    *("google.api", "google.api_core", "google.auth", "google.cloud", "google.protobuf", "grpc"),
)
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "aws": (*OF_GOOGLE, "flyball.wiring.gcp", "flyball.wiring.gcp_function"),
    "gcp": (*OF_AMAZON, "flyball.wiring.aws", "flyball.wiring.aws_function"),
}


@pytest.fixture(scope="module")
def folders(
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Path]:
    """Build both folders."""
    root = tmp_path_factory.mktemp("clouds")
    made = {cloud: root / cloud for cloud in ENTRY_POINTS}
    for cloud, folder in made.items():
        stage(cloud, repository, folder)
    return made


def load(cloud: str, folder: Path, *modules: str) -> list[str]:
    """Import modules in a program that sees this folder and what is installed; list what it has."""
    names = ", ".join(modules)
    code = (
        f"import json, sys; before = set(sys.modules); import {names}; "  # .pth files load some
        "print('\\n' + json.dumps(sorted(set(sys.modules) - before)))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **ENVIRONMENTS[cloud]}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    loaded: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return loaded


def find_foreign(cloud: str, loaded: list[str]) -> list[str]:
    """Find what is another cloud's, or lies in one of its packages."""
    foreign = FOREIGN[cloud]
    return [name for name in loaded if name in foreign or name.startswith(_below(foreign))]


def _below(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)


@pytest.mark.parametrize("cloud", ENTRY_POINTS)
def test_importing_a_clouds_wiring_loads_nothing_of_the_other(
    cloud: str, folders: Mapping[str, Path]
) -> None:
    """Neither its libraries nor our adapters for it."""
    wiring = (f"flyball.wiring.{cloud}", f"flyball.wiring.{cloud}_function")
    loaded = load(cloud, folders[cloud], *wiring)
    assert set(wiring) <= set(loaded)
    assert find_foreign(cloud, loaded) == []


@pytest.mark.parametrize("cloud", ENTRY_POINTS)
def test_importing_a_clouds_entry_points_loads_nothing_of_the_other(
    cloud: str, folders: Mapping[str, Path]
) -> None:
    """As the cloud itself imports them, in the folder that is deployed."""
    loaded = load(cloud, folders[cloud], *ENTRY_POINTS[cloud])
    assert set(ENTRY_POINTS[cloud]) <= set(loaded)
    assert f"flyball.wiring.{cloud}_function" in loaded
    assert find_foreign(cloud, loaded) == []


def test_an_import_of_the_other_cloud_is_seen(folders: Mapping[str, Path]) -> None:
    """So that the tests above can fail."""
    assert "botocore" in find_foreign("gcp", load("gcp", folders["gcp"], "botocore"))
    assert "google.auth" in find_foreign("aws", load("aws", folders["aws"], "google.auth"))


def read_all(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder but what is compiled, by its path inside it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_deployed_trees_of_both_clouds_have_the_same_flyball_byte_for_byte(
    repository: Path, folders: Mapping[str, Path], tmp_path: Path
) -> None:
    """As staged; and as each deployment makes it: AWS's layer and the folder that Google gets."""
    trees = [read_all(folder / "flyball") for folder in folders.values()]
    layer = tmp_path / "layer"
    copy_package(repository / "shared" / "flyball", layer / "flyball")
    prune(layer)
    trees.append(read_all(layer / "flyball"))
    build(f"python{sys.version_info.major}{sys.version_info.minor}", tmp_path / "source")
    trees.append(read_all(tmp_path / "source" / "flyball"))
    first, *others = trees
    assert "controller.py" in first
    assert [tree == first for tree in others] == [True, True, True]
    digests = {(folder / "flyball.sha256").read_text("utf-8") for folder in folders.values()}
    assert digests == {f"{digest_tree(layer / 'flyball')}  flyball\n"}
