"""Is template.yaml valid, and does what it makes keep what it is given?"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.aws.transform import CODE, read, write_out
from flyball.adapters.aws.prices import count_metrics
from flyball.cost.aws.bill import MEMORY_MB, WATCHERS

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


def count_priced(alarm: dict[str, Any]) -> int:
    """Count the metrics by which an alarm is charged; those below a minute there are none of."""
    standard, high_resolution = count_metrics(alarm)
    assert high_resolution == 0
    return standard


def test_a_months_bill_knows_what_the_template_makes(
    resources: Resources, repository: Path
) -> None:
    """What a deployment costs by being there is what the template deploys."""
    made = [each["Type"] for each in resources.values()]
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    always = [each["Properties"] for each in alarms if "Condition" not in each]
    assert sum(map(count_priced, always)) == WATCHERS
    assert made.count("AWS::CloudWatch::Dashboard") == 1
    assert made.count("AWS::KMS::Key") == 1
    assert made.count("AWS::Scheduler::Schedule") == 1
    read = YAML(typ="rt").load(repository / "template.yaml")
    assert read["Globals"]["Function"]["MemorySize"] == MEMORY_MB
    assert read["Globals"]["Function"]["Architectures"] == ["arm64"]


FUNCTIONS = ("Wake", "Tick")


def versions(template: dict[str, Any], code: str = CODE) -> dict[str, tuple[str, str]]:
    """Write a template out, and give each function's version: its id, and its description."""
    written = write_out(template, code)
    return {
        name: (found, json.dumps(each["Properties"]["Description"]))
        for name in FUNCTIONS
        for found, each in written["Resources"].items()
        if each["Type"] == "AWS::Lambda::Version" and found.startswith(name)
    }


def test_a_new_layer_makes_a_new_version_of_each_function(repository: Path) -> None:
    """All code is in the layer: without this an upgrade would never be called."""
    template = repository / "template.yaml"
    before, after = versions(read(template)), versions(read(template), "s3://nowhere/other.zip")
    for name in FUNCTIONS:
        assert before[name] != after[name]


def test_a_version_names_every_parameter_that_its_function_sees(repository: Path) -> None:
    """A version keeps its environment: else a changed parameter would change nothing."""
    template = read(repository / "template.yaml")
    function = template["Globals"]["Function"]
    kept = {key: each for key, each in function.items() if key != "ReservedConcurrentExecutions"}
    conditions = json.dumps(template["Conditions"])
    seen = set(re.findall(r'"Ref": "([A-Za-z]+)"', json.dumps(kept)))
    seen |= {
        each
        for name in re.findall(r'"Fn::If": \["([A-Za-z]+)"', json.dumps(kept))
        for each in re.findall(r'"Ref": "([A-Za-z]+)"', json.dumps(template["Conditions"][name]))
    }
    assert conditions
    shown = seen & template["Parameters"].keys()
    assert shown >= {"Mode", "Handful", "LogLevel"}
    for name, (_, description) in versions(template).items():
        assert {each for each in shown if f"${{{each}}}" not in description} == set(), name


def test_a_gradual_deployment_is_stopped_by_its_own_errors_alone(repository: Path) -> None:
    """An alarm that stands for the old version would stop the deployment that mends it."""
    written = write_out(read(repository / "template.yaml"))["Resources"]
    for name in FUNCTIONS:
        group = written[f"{name}DeploymentGroup"]["Properties"]["AlarmConfiguration"]["Fn::If"]
        assert group[0] == "Gradual"
        assert group[1]["Alarms"] == [{"Name": {"Ref": f"New{name}Fails"}}]
        assert group[2] == {}
        dimensions = written[f"New{name}Fails"]["Properties"]["Dimensions"]
        assert "ExecutedVersion" in [each["Name"] for each in dimensions]


def test_a_failure_that_comes_every_few_minutes_raises_its_alarm(resources: Resources) -> None:
    """What failed is tried again after two minutes or six: never in every minute."""
    for name in ("WakeErrors", "TickErrors", "FailedWakes", "RefusedChanges", "FrozenTargets"):
        alarm = resources[name]["Properties"]
        assert alarm["Period"] * alarm["EvaluationPeriods"] >= 3 * 300
        assert alarm["DatapointsToAlarm"] <= 3


def test_every_alarm_is_on_the_dashboard(resources: Resources) -> None:
    """But for those of a deployment, which are not always there."""
    body = str(resources["Dashboard"]["Properties"]["DashboardBody"])
    for name, alarm in of_type(resources, "AWS::CloudWatch::Alarm").items():
        assert ("Condition" in alarm) != (f"${{{name}.Arn}}" in body), name


def test_nothing_of_a_removed_stack_is_in_the_way_of_the_next(repository: Path) -> None:
    """A name of ours ends with a part of the stack's id; a log that never was is not kept."""
    written = write_out(read(repository / "template.yaml"))["Resources"]
    for name, each in written.items():
        for key in ("TableName", "LogGroupName"):
            if key in each["Properties"]:
                assert "AWS::StackId" in json.dumps(each["Properties"][key]), name
    for log in ("WakeLog", "TickLog"):
        assert written[log]["DeletionPolicy"] == "RetainExceptOnCreate"


REVISIONS = {"r1": "12041d4a2914"}
"""By the word in VersionDescription: a digest of all that a version keeps and no parameter says."""


def test_a_revision_stands_for_all_that_no_parameter_says(repository: Path) -> None:
    """Else a release that changes a timeout only would publish no version, and change nothing."""
    template = read(repository / "template.yaml")
    kept = [template["Globals"]["Function"]]
    kept += [template["Resources"][name]["Properties"] for name in FUNCTIONS]
    said = {
        name: each["VersionDescription"]["Fn::Sub"][1]
        for name, each in zip(FUNCTIONS, kept[1:], strict=True)
    }
    (revision,) = {each["Revision"] for each in said.values()}
    outside = {
        "DeploymentPreference",
        "Events",
        "EventInvokeConfig",
        "VersionDescription",
        "ReservedConcurrentExecutions",
    }
    text = json.dumps(
        [{key: one for key, one in each.items() if key not in outside} for each in kept],
        sort_keys=True,
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert REVISIONS.get(revision) == digest, (
        f"raise Revision in template.yaml, and add it here: {digest}"
    )
