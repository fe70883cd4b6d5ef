"""Does a staged folder hold what one cloud's function runs, and nothing else?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.stage import CLOUDS, StagingError, digest_tree, main, stage


@pytest.fixture
def root(repository: Path, tmp_path: Path) -> Path:
    """Make a repository of the real package and locks, and one entry point a cloud."""
    made = tmp_path / "repository"
    shutil.copytree(repository / "shared", made / "shared")
    shutil.copytree(repository / "requirements", made / "requirements")
    for cloud in CLOUDS:
        functions = made / "functions" / cloud
        functions.mkdir(parents=True)
        (functions / "README.md").write_text("Not deployed.\n", encoding="utf-8")
        (functions / "main.py").write_text(f'"""Calls {cloud}."""\n', encoding="utf-8")
    return made


def files(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder, by its path inside it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_both_clouds_run_the_same_package_byte_for_byte(root: Path, tmp_path: Path) -> None:
    """What is tested for one cloud is what runs on the other."""
    digests = {cloud: stage(cloud, root, tmp_path / cloud) for cloud in CLOUDS}
    assert files(tmp_path / "aws" / "flyball") == files(tmp_path / "gcp" / "flyball")
    assert len(set(digests.values())) == 1


def test_each_cloud_has_its_own_entry_points_and_locked_requirements(
    root: Path, tmp_path: Path
) -> None:
    """Beside the package lie the cloud's own files, and the digest of the package."""
    for cloud in CLOUDS:
        digest = stage(cloud, root, tmp_path / cloud)
        staged = files(tmp_path / cloud)
        beside = {name for name in staged if not name.startswith("flyball/")}
        assert beside == {"main.py", "requirements.txt", "flyball.sha256"}
        assert f"Calls {cloud}".encode() in staged["main.py"]
        assert b"--hash=sha256:" in staged["requirements.txt"]
        assert staged["flyball.sha256"] == f"{digest}  flyball\n".encode()


def test_nothing_for_a_terminal_and_no_bytecode_is_deployed(root: Path, tmp_path: Path) -> None:
    """The command line, the pages, the simulator and caches stay at home."""
    package = root / "shared" / "flyball"
    (package / "core" / "__pycache__").mkdir(exist_ok=True)
    (package / "core" / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"x")
    stage("aws", root, tmp_path / "out")
    staged = files(tmp_path / "out" / "flyball")
    assert "__init__.py" in staged
    assert "core/__init__.py" in staged
    packages = {name.split("/")[0] for name in staged}
    assert packages.isdisjoint({"cli", "config", "cost", "report", "sim", "sizing"})
    assert not [name for name in staged if "__pycache__" in name]


def test_only_a_top_level_package_is_left_out_by_its_name(root: Path, tmp_path: Path) -> None:
    """A folder named `sim` inside an adapter is part of the adapter."""
    inner = root / "shared" / "flyball" / "adapters" / "sim"
    inner.mkdir()
    (inner / "__init__.py").write_text('"""Inner."""\n', encoding="utf-8")
    stage("aws", root, tmp_path / "out")
    assert (tmp_path / "out" / "flyball" / "adapters" / "sim" / "__init__.py").is_file()


def test_the_digest_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    """Two trees have one digest only if they are the same."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_bytes(b"1")
    first = digest_tree(tree)
    (tree / "a.py").write_bytes(b"2")
    second = digest_tree(tree)
    (tree / "a.py").rename(tree / "b.py")
    third = digest_tree(tree)
    assert len({first, second, third}) == 3
    (tree / "b.py").rename(tree / "a.py")
    (tree / "a.py").write_bytes(b"1")
    assert digest_tree(tree) == first


def test_staging_again_leaves_nothing_of_the_last_time(root: Path, tmp_path: Path) -> None:
    """A module that was removed is removed from the folder too."""
    out = tmp_path / "out"
    first = stage("aws", root, out)
    (out / "flyball" / "gone.py").write_text("", encoding="utf-8")
    assert stage("aws", root, out) == first
    assert not (out / "flyball" / "gone.py").exists()


def test_a_folder_that_was_not_staged_is_never_emptied(root: Path, tmp_path: Path) -> None:
    """Naming the wrong folder costs nothing."""
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(StagingError, match="holds files that were not staged"):
        stage("aws", root, out)
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "years"


def test_a_file_in_place_of_the_folder_is_refused(root: Path, tmp_path: Path) -> None:
    """A file is not replaced by a folder."""
    out = tmp_path / "file"
    out.write_text("kept", encoding="utf-8")
    with pytest.raises(StagingError, match="is not a folder"):
        stage("aws", root, out)


def test_a_cloud_without_an_entry_point_is_not_staged(root: Path, tmp_path: Path) -> None:
    """A folder that nothing can call would deploy, and do nothing."""
    (root / "functions" / "aws" / "main.py").unlink()
    with pytest.raises(StagingError, match="functions/aws has no entry point"):
        stage("aws", root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_lock_is_named(root: Path, tmp_path: Path) -> None:
    """Nothing is deployed with whatever versions happen to be newest."""
    (root / "requirements" / "gcp-function.txt").unlink()
    with pytest.raises(StagingError, match=r"gcp-function\.txt is missing; run `make lock`"):
        stage("gcp", root, tmp_path / "out")


def test_the_command_says_what_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure is a sentence on the error stream, and a status."""
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.txt").touch()
    assert main(["aws", "--out", str(out)]) == 1
    assert capsys.readouterr().err.startswith("stage: ")
