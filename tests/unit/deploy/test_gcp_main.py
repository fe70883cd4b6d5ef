"""Does one command deploy to Google Cloud, say what it did, and refuse what cannot be?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.gcp import __main__ as entry
from deploy.gcp.failure import CommandError
from deploy.gcp.place import Place, PlaceError, check_place
from deploy.gcp.run import ask_gcloud
from tests.gcp.project import Project
from tests.unit.deploy.settled import RUNTIME, WHERE


def test_a_deployment_says_what_a_person_needs(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step that changed something, and the variables for commands on his machine."""
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 0
    out = capsys.readouterr().out
    assert "+ The topic flyball-alerts: what Monitoring tells\n" in out
    for line in (
        "export FLYBALL_GCP_PROJECT=acme-ml",
        "export FLYBALL_FIRESTORE_DATABASE=flyball",
        "export FLYBALL_ALERT_CHANNEL=name of The channel by which alerts reach its function",
        "export FLYBALL_MODE=advise",
    ):
        assert f"{line}\n" in out
    project.ran.clear()
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 0
    assert "Done: 0 of " in capsys.readouterr().out
    assert project.ran == []


def test_what_is_uploaded_is_compiled(project: Project, tmp_path: Path) -> None:
    """The modules that a function runs, for the runtime that runs them."""
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 0
    compiled = {path.name.split(".")[0] for path in (tmp_path / "source").rglob("*.pyc")}
    modules = {path.stem for path in (tmp_path / "source").rglob("*.py")}
    assert (tmp_path / "source" / ".gcloudignore").read_text().splitlines()[1:] == [".gcloudignore"]
    assert "main" in modules
    assert modules == compiled
    deploys = [words for words in project.ran if words[:2] == ["functions", "deploy"]]
    assert [f"--source={tmp_path / 'source'}" in words for words in deploys] == [True, True]


def test_the_same_code_has_the_same_digest(tmp_path: Path) -> None:
    """Compiled files are not part of it, which hold where they were compiled."""
    digests = {entry.build(RUNTIME, tmp_path / name) for name in ("one", "other")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("option", "kept"),
    [([], "Kept: the database flyball with the ledger"), (["--delete-ledger"], "Kept: the serv")],
    ids=["the ledger stays", "the ledger goes"],
)
def test_destroying_says_what_is_kept(
    project: Project, option: list[str], kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger, unless it was said."""
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 0
    assert entry.main(["destroy", *WHERE, *option]) == 0
    assert kept in capsys.readouterr().out
    assert ("The ledger's database flyball" in project.found) is not bool(option)


def test_a_dry_run_runs_nothing(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stages nothing, either."""
    assert entry.main(["deploy", *WHERE, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("#!/bin/sh\n")
    assert project.ran == []
    assert not (tmp_path / "source").exists()


def test_what_a_dry_run_prints_learns_the_digest_as_the_program_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the folder's own build; it is the label of both functions."""
    assert entry.main(["deploy", *WHERE, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (first,) = (line for line in lines if "deploy.gcp build" in line)
    cut = lines[lines.index(first) + 1]
    told = first.replace("python -m deploy.gcp build --runtime=python313", f"echo {'ab' * 32} x")
    script = f'{told}\n{cut}\nprintf %s "$digest"'
    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "ab" * 20
    deploys = [line for line in lines if "functions deploy" in line and "--trigger" in line]
    assert deploys
    assert all('flyball-source="${digest}"' in line for line in deploys)


def test_a_script_that_nobody_reads_to_its_end_is_no_fault(repository: Path) -> None:
    """Such as of `| head -1`: the shell is told, and people nothing."""
    words = [sys.executable, "-m", "deploy.gcp", "deploy", *WHERE, "--dry-run"]
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as closed:
        ran = subprocess.run(
            words, check=False, cwd=repository, stdout=closed, stderr=subprocess.PIPE
        )
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_a_folder_is_built_for_a_runtime_that_the_lock_is_for(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else nothing is staged."""
    assert entry.main(["build", "--runtime", "nodejs20"]) == 1
    said = capsys.readouterr().err
    assert "--runtime: got 'nodejs20', expected one of python311" in said
    assert "requirements/gcp-function.txt is locked for these" in said
    assert not (tmp_path / "source").exists()
    assert project.ran == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--project", "A", "--region", "europe-west4"], "--project: got 'A', expected a project"),
        (["--project", "acme-ml", "--region", "europe"], "--region: got 'europe', expected a reg"),
        ([*WHERE, "--name", "Fly"], "--name: got 'Fly', expected 4 to 19 small letters"),
        ([*WHERE, "--runtime", "python3"], "--runtime: got 'python3'"),
        ([*WHERE, "--runtime", "python39"], "expected one of python311, python312, python313, py"),
        ([*WHERE, "--email", "nobody"], "--email: got 'nobody', expected one address"),
        ([*WHERE, "--notify", "7"], "--notify: got '7', expected projects/PROJECT/notification"),
        ([*WHERE, "--handful", "-1"], "--handful: got -1, expected 0 to 1000"),
        ([*WHERE, "--max-instances", "0"], "--max-instances: got 0, expected 1 to 1000"),
    ],
)
def test_what_is_no_name_is_refused_before_anything_is_done(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option, what was given and what was expected."""
    assert entry.main(["deploy", *options, "--dry-run"]) == 1
    assert words in capsys.readouterr().err


def test_the_folder_can_be_built_alone(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a script that a dry run printed needs it; no project is asked for."""
    assert entry.main(["build", "--runtime", RUNTIME]) == 0
    assert (tmp_path / "source" / "main.py").is_file()
    digest = capsys.readouterr().out.split()[0]
    assert len(digest) == 64
    assert project.ran == []


@pytest.mark.parametrize("action", ["deploy", "destroy"])
def test_where_to_has_to_be_said(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is taken from what gcloud is set to."""
    with pytest.raises(SystemExit):
        entry.main([action])
    assert f"--project and --region: expected with `{action}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "is_said"),
    [([], True), (["--email", "ops@example.com"], False)],
    ids=["nobody", "somebody"],
)
def test_it_is_said_when_nobody_is_told(
    project: Project, options: list[str], is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm that nobody hears is none."""
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME, *options]) == 0
    assert ("Nobody is told of trouble" in capsys.readouterr().out) is is_said
    assert project.ran


def test_what_broke_off_says_that_it_can_go_on(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what failed."""
    project.fails = 5
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 1
    said = capsys.readouterr().err
    assert "PERMISSION_DENIED" in said
    assert "the same command goes on from here" in said
    project.fails = len(project.ran)
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 1
    assert entry.main(["deploy", *WHERE, "--runtime", RUNTIME]) == 0
    project.fails = len(project.ran)
    assert entry.main(["destroy", *WHERE]) == 1
    assert "run it again for the rest" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["deploy", "destroy"])
def test_where_nothing_was_done_nothing_is_said_to_stay(
    action: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As on a machine without gcloud."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert entry.main([action, *WHERE]) == 1
    said = capsys.readouterr().err
    assert "gcloud is not installed here" in said
    assert said.endswith("Nothing was changed.\n")


def test_a_ledger_is_only_deleted_by_destroy(capsys: pytest.CaptureFixture[str]) -> None:
    """The option says nothing to a deployment."""
    with pytest.raises(SystemExit):
        entry.main(["deploy", *WHERE, "--delete-ledger"])
    assert "only `destroy` deletes anything" in capsys.readouterr().err


def test_a_command_that_fails_is_shown_with_gclouds_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it can be run again by hand."""
    gcloud = tmp_path / "gcloud"
    gcloud.write_text("#!/bin/sh\necho 'ERROR: no permission' >&2\nexit 1\n", encoding="utf-8")
    gcloud.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(entry, "build", lambda *_: "d1")
    assert entry.main(["deploy", *WHERE]) == 1
    said = capsys.readouterr().err
    assert "gcloud projects describe acme-ml '--format=value(projectNumber)'" in said
    assert "ERROR: no permission" in said


def test_without_gcloud_it_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine may lack it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="gcloud is not installed here: https://"):
        ask_gcloud(["version"])


def test_a_project_of_a_domain_has_addresses_the_other_way_round() -> None:
    """As Google writes them."""
    place = Place("example.com:acme-ml", "europe-west4")
    check_place(place)
    assert place.account("run") == "flyball-run@acme-ml.example.com.iam.gserviceaccount.com"
    with pytest.raises(PlaceError):
        check_place(place._replace(name="a"))
