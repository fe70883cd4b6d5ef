"""Is template.yaml valid, and does what it makes keep what it is given?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from flyball.cost.bill import MEMORY_MB, WATCHERS

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def resources(repository: Path) -> Resources:
    """Read the resources of the template; a tagged value is read as what is tagged."""
    read: dict[str, Resources] = YAML(typ="rt").load(repository / "template.yaml")
    return read["Resources"]


def of_type(resources: Resources, kind: str) -> Resources:
    """Choose the resources of one type, of which there must be some."""
    chosen = {name: each for name, each in resources.items() if each["Type"] == kind}
    assert chosen
    return chosen


def lint(template: Path) -> subprocess.CompletedProcess[str]:
    """Run cfn-lint, offline, on a template."""
    program = str(Path(sys.executable).with_name("cfn-lint"))
    return subprocess.run(
        [program, str(template)], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_template_is_valid(repository: Path) -> None:
    """CloudFormation would take every property of every resource."""
    linted = lint(repository / "template.yaml")
    assert linted.returncode == 0, linted.stdout


def test_a_planted_fault_in_the_template_is_found(repository: Path, tmp_path: Path) -> None:
    """The check above can fail: a property that does not exist is named."""
    valid = (repository / "template.yaml").read_text(encoding="utf-8")
    planted = tmp_path / "template.yaml"
    planted.write_text(valid.replace("BillingMode:", "BilingMode:", 1), encoding="utf-8")
    linted = lint(planted)
    assert linted.returncode != 0
    assert "BilingMode" in linted.stdout


def test_a_table_outlives_mistakes(resources: Resources) -> None:
    """A table is encrypted, can be restored to a moment, and goes with no stack."""
    for name, table in of_type(resources, "AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain", name
        assert properties["DeletionProtectionEnabled"] is True, name
        assert properties["SSESpecification"]["SSEEnabled"] is True, name
        recovery = properties["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True, name


def test_a_row_of_the_ledger_cannot_be_changed(resources: Resources) -> None:
    """The table itself refuses every call that updates or deletes a row."""
    policy = resources["Ledger"]["Properties"]["ResourcePolicy"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    changing = {"DeleteItem", "UpdateItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"}
    assert set(statement["Action"]) == {f"dynamodb:{action}" for action in changing}


def test_a_quiet_target_is_not_in_the_index_of_what_is_due(resources: Resources) -> None:
    """The index is sparse: its keys are attributes that only a waiting target has."""
    table = resources["Targets"]["Properties"]
    (index,) = [each for each in table["GlobalSecondaryIndexes"] if each["IndexName"] == "due"]
    indexed = [key["AttributeName"] for key in index["KeySchema"]]
    assert indexed == ["wake_shard", "wake_at"]
    assert not {key["AttributeName"] for key in table["KeySchema"]} & set(indexed)


def test_a_wake_that_cannot_be_handled_is_kept(resources: Resources) -> None:
    """A poison message leaves the queue for the dead-letter queue, which keeps it longest."""
    wakes = resources["Wakes"]["Properties"]
    assert wakes["RedrivePolicy"]["maxReceiveCount"] >= 1
    kept = resources["DeadWakes"]["Properties"]["MessageRetentionPeriod"]
    assert kept > wakes["MessageRetentionPeriod"]


def test_a_months_bill_knows_what_the_template_makes(
    resources: Resources, repository: Path
) -> None:
    """What a deployment costs by being there is what the template deploys."""
    made = [each["Type"] for each in resources.values()]
    assert made.count("AWS::CloudWatch::Alarm") == WATCHERS
    assert made.count("AWS::CloudWatch::Dashboard") == 1
    assert made.count("AWS::KMS::Key") == 1
    assert made.count("AWS::Scheduler::Schedule") == 1
    read = YAML(typ="rt").load(repository / "template.yaml")
    assert read["Globals"]["Function"]["MemorySize"] == MEMORY_MB
    assert read["Globals"]["Function"]["Architectures"] == ["arm64"]
