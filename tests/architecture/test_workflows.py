"""Is each workflow that is handed out sound, of few rights, and does it do what it says?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from flyball import __version__
from flyball.report.comment import MARKER

WORKFLOWS = ["flyball-diff.yml"]
TOP = {"name", "on", "permissions", "concurrency", "env", "jobs"}
JOB = {"runs-on", "timeout-minutes", "permissions", "outputs", "needs", "if", "steps"}
STEP = {"name", "id", "uses", "with", "run", "env"}
RIGHTS = {"diff": {"contents": "read"}, "comment": {"pull-requests": "write"}}
FAKE_GH = """#!/bin/bash
printf '%s\\n' "$*" >> "$CALLS"
case "$*" in *--paginate*) printf '%s' "$IDS" ;; esac
"""
FAKE_FLYBALL = """#!/bin/bash
printf '%s\\n' "$@" > "$CALLS"
printf '<!-- flyball diff -->\\nsaid\\n'
exit "$CODE"
"""


@pytest.fixture
def workflow(repository: Path) -> dict[str, Any]:
    """Read the workflow."""
    path = repository / "examples" / "workflows" / "flyball-diff.yml"
    found = YAML(typ="safe").load(path)
    assert isinstance(found, dict)
    return found


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def run(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as GitHub does, with what is in the folder `bin` before all else."""
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": path, "CALLS": str(folder / "calls"), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(folder: Path, name: str, script: str) -> None:
    """Put a program where scripts find it."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def test_no_workflow_is_left_out(repository: Path) -> None:
    """Each file of the folder is checked here."""
    found = (repository / "examples" / "workflows").iterdir()
    assert sorted(path.name for path in found) == WORKFLOWS


def test_a_workflow_has_what_github_knows(workflow: dict[str, Any]) -> None:
    """No key of another name, jobs that wait for such as are there, steps of one kind."""
    assert workflow.keys() == TOP
    jobs = workflow["jobs"]
    for name, job in jobs.items():
        assert job.keys() <= JOB, name
        assert job.get("needs") in {None, *jobs}
        assert job["timeout-minutes"] <= 30
    for step in steps(workflow):
        assert step.keys() <= STEP
        assert ("uses" in step) != ("run" in step)


def test_actionlint_finds_nothing(repository: Path) -> None:
    """It knows every key and expression; it is skipped where it is not installed."""
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed")
    for name in WORKFLOWS:
        path = repository / "examples" / "workflows" / name
        done = subprocess.run([program, path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


def test_a_workflow_has_the_least_rights(workflow: dict[str, Any]) -> None:
    """None for all; who reads what a stranger wrote may write nothing."""
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == RIGHTS
    assert list(workflow["on"]) == ["pull_request"]
    for step in steps(workflow):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    assert not any("uses" in step for step in workflow["jobs"]["comment"]["steps"])


def test_every_action_is_pinned_to_a_commit(repository: Path, workflow: dict[str, Any]) -> None:
    """With its version beside it for people; and Flyball to this version."""
    text = (repository / "examples" / "workflows" / "flyball-diff.yml").read_text()
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert len(used) == sum("uses" in step for step in steps(workflow)) > 0
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    assert f"flyball=={__version__}" in text


def test_no_script_has_foreign_text_in_it(workflow: dict[str, Any]) -> None:
    """An expression in a script would be run; through the environment it is only read."""
    scripts = [step["run"] for step in steps(workflow) if "run" in step]
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)


@pytest.mark.parametrize("code", ["0", "1", "2"])
def test_the_backtest_is_told_and_its_exit_code_kept(
    workflow: dict[str, Any], tmp_path: Path, code: str
) -> None:
    """Into the run's summary, and to the job that writes the comment."""
    (step,) = [each for each in workflow["jobs"]["diff"]["steps"] if each.get("id") == "diff"]
    plant(tmp_path, "flyball", FAKE_FLYBALL)
    summary, output = tmp_path / "summary", tmp_path / "output"
    env = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output), "CODE": code}
    done = run(step["run"], tmp_path, **workflow["env"], **env)
    assert (done.returncode, done.stderr) == (int(code), "")
    called = (tmp_path / "calls").read_text().splitlines()
    assert called[:5] == ["diff", ".base/flyball.yaml", "flyball.yaml", "--trace", "traffic.csv"]
    assert called[-2:] == ["--format", "github"]
    assert called.count("--fail-on") == 2
    assert "late>+0.2%" in called
    assert summary.read_text() == f"{MARKER}\nsaid\n"
    first, *said, last = output.read_text().splitlines()
    assert first == f"comment<<{last}"
    assert said == [MARKER, "said"]


@pytest.mark.parametrize("ids", ["", "12", "12\n13"], ids=["none", "one", "two"])
def test_one_comment_is_kept_up_to_date(workflow: dict[str, Any], tmp_path: Path, ids: str) -> None:
    """Ours is found by its marker; without one it is made."""
    (step,) = workflow["jobs"]["comment"]["steps"]
    plant(tmp_path, "gh", FAKE_GH)
    env = {"REPOSITORY": "a/b", "NUMBER": "7", "COMMENT": f"{MARKER}\n'$(id)' \\n", "IDS": ids}
    done = run(step["run"], tmp_path, **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "comment.md").read_text() == env["COMMENT"] + "\n"
    calls = (tmp_path / "calls").read_text()
    assert f'startswith("{MARKER}")' in calls
    last = calls.splitlines()[-1]
    if ids:
        assert "--method PATCH repos/a/b/issues/comments/12 -F body=@comment.md" in last
    else:
        assert "--method POST repos/a/b/issues/7/comments -F body=@comment.md" in last
