"""Does one machine run scalable targets on AWS, and read a ledger that is there?

The cloud is moto's, in this process; what it lacks is covered on the rig.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.amazon import CONFIG, LEDGER, desired, send_requests, small_cloud
from tests.unit.cli.commands import expect_refusal, flyball


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up the small cloud."""
    with small_cloud(monkeypatch):
        yield


@pytest.fixture
def config(folder: Path) -> Path:
    """Write a config of that endpoint."""
    path = folder / "flyball.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("ledger", ["l.db", LEDGER])
def test_one_machine_scales_a_real_endpoint(ledger: str, config: Path) -> None:
    """The same controller as a loop, on a file or on the two tables."""
    send_requests(250.0)
    done = flyball("run", "--config", config, "--once", "--ledger", ledger)
    assert (done.code, done.err.count("1 change")) == (0, 1), done
    assert " churn: Scale out 2 → 5" in done.out
    assert desired() == 5
    listed = flyball("ledger", "list", "--ledger", ledger, "--json").lines
    assert [row["kind"] for row in listed] == ["config", "decision", "outcome"]
    assert flyball("ledger", "verify", "--ledger", ledger).code == 0
    assert "requests" in flyball("explain", "churn", "--ledger", ledger).out


@pytest.mark.usefixtures("cloud")
def test_a_metric_that_is_missing_holds(config: Path) -> None:
    """Nothing was measured yet."""
    done = flyball("run", "--config", config, "--once", "--json")
    (line,) = done.lines
    assert (line["decision"]["action"], line["decision"]["desired"]) == ("hold", 2)


@pytest.mark.usefixtures("cloud")
def test_a_ledger_in_tables_may_be_the_environments(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an operator names it once; what people do is written there as well."""
    monkeypatch.setenv("FLYBALL_LEDGER", LEDGER)
    assert flyball("run", "--config", config, "--once", "--quiet").code == 0
    assert flyball("pause", "churn", "--for", "1h", "--reason", "launch").code == 0
    kinds = {row["kind"] for row in flyball("ledger", "list", "--json").lines}
    assert kinds == {"config", "decision", "pause"}


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--ledger", "dynamodb:fly-targets"), "dynamodb:<targets table>/<ledger table>"),
        (("--ledger", "dynamodb:gone-targets/gone-ledger"), "does not exist"),
        (("--trace", "t.csv"), "simulated"),
        (("--capacity-per-instance", "5"), "simulated"),
    ],
)
def test_what_makes_no_sense_on_aws_is_refused(
    options: tuple[str, ...], word: str, config: Path
) -> None:
    """With the remedy."""
    expect_refusal(flyball("run", "--config", config, "--once", *options), word)


def test_two_homes_are_two_runs(config: Path) -> None:
    """Made-up traffic beside a real endpoint would mislead."""
    local = "\n  - {id: demo, home: local, min_capacity: 1, max_capacity: 2}\n"
    config.write_text(CONFIG.rstrip() + local, encoding="utf-8")
    expect_refusal(flyball("run", "--config", config, "--once"), "aws and local")


def test_without_the_sdk_the_remedy_is_said(config: Path) -> None:
    """Nothing else of the program needs it."""
    program = (
        "import sys\n"
        "sys.modules['boto3'] = sys.modules['botocore'] = None\n"  # as if they were absent
        "from flyball.cli.main import app\n"
        "app()\n"
    )
    for command in (
        ("run", "--config", str(config), "--once"),
        ("ledger", "list", "--ledger", LEDGER),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *command],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ},
        )
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "pip install 'flyball[aws]'" in done.stderr


def test_help_and_local_ledgers_load_no_sdk(config: Path) -> None:
    """A fifth of a second for everybody else."""
    local = "version: 1\nscalable_targets: [{id: demo, min_capacity: 1, max_capacity: 2}]\n"
    config.write_text(local, encoding="utf-8")
    program = (
        "import json, sys\n"
        "from flyball.cli.main import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "run", "--config", str(config), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert {"boto3", "botocore"} & loaded == set()
