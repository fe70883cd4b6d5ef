"""What does each command that is about a cloud say where that cloud's libraries are not there?

All run in one program that cannot import them, as after a plain `pip install flyball`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flyball.cli.main import app

AWS = """\
version: 1
scalable_targets:
  - id: aws
    home: aws
    resource: {endpoint: churn, variant: a}
    min_capacity: 1
    max_capacity: 8
    metrics:
      - {name: calls, source: {namespace: AWS/SageMaker, metric: InvocationsPerInstance,
         statistic: Sum}}
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 700}]
"""
GOOGLE = """\
version: 1
scalable_targets:
  - id: gcp
    home: gcp
    resource: {project: acme-ml, location: europe-west4, endpoint: "1234567890"}
    min_capacity: 1
    max_capacity: 8
    metrics:
      - {name: cpu, unit: ratio,
         source: {metric: aiplatform.googleapis.com/prediction/online/cpu/utilization}}
    policies: [{name: keep, kind: target_tracking, metric: cpu, target_value: 60}]
"""
PROGRAM = """\
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"boto3", "botocore", "google", "requests", "s3transfer"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
sys.modules.pop("google", None)  # a namespace that a .pth file may have made
from typer.testing import CliRunner
from flyball.cli.main import app

for line in json.load(sys.stdin):
    done = CliRunner().invoke(app, line)
    print(json.dumps([done.exit_code, done.stdout, done.stderr]))
"""
"""Runs each command of a list, and prints what it came to."""

READING = [
    *(("ledger", name) for name in ("list", "verify", "replay", "export")),
    ("ledger", "show", "last"),
    ("explain", "last"),
    ("pause", "churn", "--reason", "x"),
    ("resume", "churn"),
]
PLANNING = [("plan",), ("plan", "--destroy"), ("apply", "--yes"), ("destroy", "--yes"), ("doctor",)]


def name_all(config: str, ledger: str, deployment: tuple[str, str]) -> list[tuple[str, ...]]:
    """List every command that reaches a cloud, in each way in which it is named."""
    here = ("--config", config)
    return [
        *((*command, "--ledger", ledger) for command in READING),
        *((*command, *deployment) for command in READING),
        *((*command, *here) for command in PLANNING),
        *((*command, *here, *deployment) for command in PLANNING),
        ("doctor", *deployment),
        ("doctor", "--policy", *deployment),
    ]


ON_AWS = [
    *name_all("aws.yaml", "dynamodb:targets/ledger", ("--stack", "flyball")),
    ("cost", "--config", "aws.yaml", "--days", "1"),
    ("run", "--config", "aws.yaml", "--once"),
    ("import", "aws"),
    ("backtest", "--config", "aws.yaml", "--from", "cloudwatch"),
    ("diff", "aws.yaml", "aws.yaml", "--from", "cloudwatch"),
    ("tune", "--config", "aws.yaml", "--from", "cloudwatch"),
    ("size", "--recommender", "mine"),
    ("size", "--from", "cloudwatch", "--endpoint", "chat", "--variant", "a"),
]
ON_GOOGLE = [
    *name_all("gcp.yaml", "firestore:acme-ml/flyball", ("--project", "acme-ml")),
    ("import", "gcp", "--project", "acme-ml", "--location", "europe-west4"),
    ("backtest", "--config", "gcp.yaml", "--from", "cloud-monitoring"),
    ("diff", "gcp.yaml", "gcp.yaml", "--from", "cloud-monitoring"),
    ("tune", "--config", "gcp.yaml", "--from", "cloud-monitoring"),
]
WITHOUT = [
    *(("validate", each) for each in ("aws.yaml", "gcp.yaml")),
    *(("schedule", "preview", each) for each in ("aws.yaml", "gcp.yaml")),
    ("cost", "--config", "gcp.yaml", "--days", "1"),
    ("backtest", "--config", "aws.yaml", "--days", "1", "--against", ""),
    ("diff", "aws.yaml", "aws.yaml", "--days", "1"),
]
"""What needs no library of a cloud: a file is a file, and no call of Google's is made by one."""
NO_CLOUD = {
    "demo",
    "schema",
    "decide",
    "ledger",
    "schedule",
    "import",
    "validate",
    "forecast",
    "batch",
    "loadtest",
}
"""Commands without a cloud, and groups of which every member is listed."""

Answers = dict[tuple[str, ...], tuple[int, str, str]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Run every command once, in a program without the libraries."""
    folder: Path = tmp_path_factory.mktemp("plain")
    (folder / "aws.yaml").write_text(AWS, encoding="utf-8")
    (folder / "gcp.yaml").write_text(GOOGLE, encoding="utf-8")
    commands = [*ON_AWS, *ON_GOOGLE, *WITHOUT]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    found = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    return dict(zip(commands, found, strict=True))


@pytest.mark.parametrize("command", ON_AWS, ids=" ".join)
def test_what_reaches_aws_names_its_extra(command: tuple[str, ...], answers: Answers) -> None:
    """In one line, and it is nobody's fault."""
    expect_extra(answers[command], "flyball[aws]")


@pytest.mark.parametrize("command", ON_GOOGLE, ids=" ".join)
def test_what_reaches_google_names_its_extra(command: tuple[str, ...], answers: Answers) -> None:
    """Likewise."""
    expect_extra(answers[command], "flyball[gcp]")


def expect_extra(answer: tuple[int, str, str], extra: str) -> None:
    """Expect a refusal that says what to install."""
    code, out, err = answer
    assert code in (1, 2), answer
    assert (out, err.count("\n")) == ("", 1), answer
    assert f"pip install '{extra}'" in err


@pytest.mark.parametrize("command", WITHOUT, ids=" ".join)
def test_what_needs_no_library_asks_for_none(command: tuple[str, ...], answers: Answers) -> None:
    """A config is read anywhere."""
    assert answers[command][0] == 0, answers[command]


def test_every_command_is_tried_without_the_libraries() -> None:
    """One that is added is listed here, or said to be about no cloud."""
    tried = {command[0] for command in (*ON_AWS, *ON_GOOGLE)}
    names = [
        each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands
    ]
    names += [each.name or "" for each in app.registered_groups]
    assert set(names) - tried <= NO_CLOUD
