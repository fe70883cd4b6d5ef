"""Does doctor find what is wrong with a deployment, and nothing where nothing is?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.aws.account import CONFIG, KEY, TOPIC, Account, write
from tests.aws.conftest import Store
from tests.aws.overheard import Wire, tap
from tests.unit.cli.commands import Done, flyball

pytestmark = pytest.mark.enable_socket

DIMENSIONS = [
    {"Name": "EndpointName", "Value": "churn"},
    {"Name": "VariantName", "Value": "AllTraffic"},
]


GROUP = """\
version: 1
defaults: {home: aws, profile: aws, mode: apply}
scalable_targets:
  - id: churn
    resource: {auto_scaling_group: web}
    min_capacity: 1
    max_capacity: 4
    metrics:
      - name: cpu
        source: {namespace: AWS/EC2, metric: CPUUtilization, statistic: Average,
                 dimensions: {AutoScalingGroupName: web}}
    policies:
      - {name: keep, kind: step, metric: cpu, threshold: 70, comparison: ">=",
         steps: [{from: 0, add: 1}]}
"""


class Absent(NamedTuple):
    """A target on what is not there."""

    name: str
    config: str
    text: str
    remedy: str


def put_metric(
    account: Account,
    namespace: str = "AWS/SageMaker",
    name: str = "InvocationsPerInstance",
    dimensions: list[dict[str, str]] = DIMENSIONS,
) -> None:
    """Let a metric have had data."""
    account.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": name, "Dimensions": dimensions, "Value": 1.0}],
    )


def doctor(*options: str) -> Done:
    """Look at the deployment by its config."""
    return flyball("doctor", "--config", "flyball.yaml", *options)


def found(done: Any) -> dict[str, str]:
    """Give what was found, by check: its level, or its levels."""
    levels: dict[str, str] = {}
    for each in done.json["checks"]:
        before = f"{levels[each['name']]} " if each["name"] in levels else ""
        levels[each["name"]] = before + each["level"]
    return levels


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listen at every client; IAM's simulation, which moto has not, allows everything."""
    wire = tap(monkeypatch)
    wire.simulate()
    return wire


@pytest.fixture
def applied(account: Account) -> Account:
    """Give an account in which all is well."""
    put_metric(account)
    done = flyball("apply", "--config", "flyball.yaml", "--yes")
    assert done.code == 0, done
    return account


def test_where_all_is_well_every_line_says_ok(applied: Account, wire: Wire) -> None:
    """One line a check, and code 0."""
    assert applied.alarms()
    assert wire.calls == []
    done = doctor()
    assert done.code == 0, done
    assert "0 to look at, 0 failed" in done.out
    lines = [line for line in done.out.splitlines() if line.startswith("  ")]
    assert all(line.startswith("  ok    ") for line in lines), done.out
    assert flyball("doctor").code == 0


def test_what_is_out_of_date_is_named(applied: Account) -> None:
    """The file against the store, and alarms against the file."""
    assert applied.alarms()
    write(CONFIG.replace("TargetValue: 700", "TargetValue: 750"))
    done = doctor()
    assert done.code == 0
    assert "configs: 1 of 1 are not as flyball.yaml has them" in done.out
    assert "alarms: 2 of 2 are not as flyball.yaml has them" in done.out
    assert "`flyball plan --config flyball.yaml` shows them" in done.out


def test_an_endpoint_that_a_deployment_would_reset_is_named(applied: Account) -> None:
    """It was scaled to 5, and its configuration says 3."""
    applied.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="churn",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 5}],
    )
    done = doctor()
    assert "a deployment would set AllTraffic from 5 back to 3" in done.out
    assert "RetainAllVariantProperties=true" in done.out


def test_native_scaling_in_the_way_is_named(applied: Account) -> None:
    """With what suspends it."""
    applied.register()
    done = doctor()
    assert f"it is active on {KEY}, so Flyball applies nothing" in done.out
    assert "--take-over" in done.out


def test_a_wrong_namespace_gets_the_right_one(account: Account) -> None:
    """The metric's name is there, elsewhere."""
    put_metric(account, "/aws/sagemaker/Endpoints")
    assert "→ set namespace: /aws/sagemaker/Endpoints\n" in doctor().out


def test_wrong_dimensions_get_those_that_are_there(account: Account) -> None:
    """The nearest first."""
    put_metric(account, dimensions=[{"Name": "EndpointName", "Value": "other"}])
    put_metric(account, dimensions=DIMENSIONS[:1])
    done = doctor()
    assert "is not there under these dimensions" in done.out
    there = "there is AWS/SageMaker InvocationsPerInstance {EndpointName=churn}, AWS/SageMaker"
    assert there in done.out


def test_a_slip_in_a_name_gets_the_nearest(account: Account) -> None:
    """And where there is nothing at all, the likely cause."""
    put_metric(account, name="InvocationsPerInstances")
    assert "→ is it InvocationsPerInstances?" in doctor().out


def test_a_metric_without_any_data_is_named(account: Account) -> None:
    """A new endpoint has none before its first request."""
    assert account.alarms() == {}
    assert "→ has the endpoint had any traffic?" in doctor().out


ABSENT = (
    Absent(
        "endpoint",
        CONFIG.replace("endpoint: churn,", "endpoint: chrun,"),
        "resource: endpoint chrun is not there, in this region and account",
        "is it churn?",
    ),
    Absent(
        "variant",
        CONFIG.replace("variant: AllTraffic", "variant: AllTrafic"),
        "resource: variant AllTrafic is not there: endpoint churn has no such one",
        "is it AllTraffic?",
    ),
    Absent(
        "group",
        GROUP,
        "resource: Auto Scaling group web is not there, in this region and account",
        "there is none here: is it the right region?",
    ),
)


@pytest.mark.parametrize("case", ABSENT, ids=lambda case: case.name)
def test_a_resource_that_is_not_there_fails_once_with_the_likely_name(
    account: Account, wire: Wire, case: Absent
) -> None:
    """Nothing else is said of it: not that it cannot be read, nor that its metrics have no data."""
    put_metric(account)
    write(case.config)
    done = doctor()
    assert done.code == 1, done
    assert f"  fail  churn: {case.text}\n       → {case.remedy}\n" in done.out
    about = [
        line for line in done.out.splitlines() if line.startswith("  fail") or "churn:" in line
    ]
    assert len(about) == 1, done.out
    assert "metrics" not in done.out
    assert len(wire.made("ListEndpoints")) == (case.name == "endpoint")


def test_a_resource_that_is_not_there_only_warns_a_target_that_advises(account: Account) -> None:
    """Nobody relies on it yet."""
    assert account.alarms() == {}
    write(CONFIG.replace("mode: apply", "mode: advise").replace("endpoint: churn", "endpoint: no"))
    done: Any = doctor("--json")
    assert (done.code, found(done)["resource"]) == (0, "warn")
    assert "there is churn" in str(done.json)


def test_an_endpoint_that_cannot_be_asked_now_is_no_endpoint_that_is_not_there(
    account: Account, wire: Wire
) -> None:
    """It is throttled: said once, and no failure."""
    put_metric(account)
    wire.fail("DescribeEndpoint", "ThrottlingException", "Rate exceeded")
    done = doctor()
    assert done.code == 0, done
    assert done.out.count("Rate exceeded") == 1
    assert "warn  calls: sagemaker:DescribeEndpoint failed: Rate exceeded" in done.out


def test_what_is_fine_may_have_a_remedy_too(applied: Account) -> None:
    """A target that advises beside native scaling: how Flyball gets in charge."""
    applied.register()
    write(CONFIG.replace("mode: apply", "mode: advise"))
    assert "  ok    churn: native scaling: it is active" in doctor().out
    assert "       → to put Flyball in charge set `mode: apply`" in doctor().out


def test_a_timer_that_does_not_run_fails(applied: Account, store: Store) -> None:
    """Something has been due for an hour."""
    assert applied.alarms()
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    store.ledger.register("late", "{}", "h", hour_ago)
    done: Any = doctor("--json")
    assert (done.code, found(done)["tick"]) == (1, "fail")


def test_dead_letters_are_counted(applied: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has to look at them."""
    queue = applied.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    monkeypatch.setenv("FLYBALL_DEAD_QUEUE_URL", queue)
    assert "ok    dead letters: none" in doctor().out
    applied.client("sqs").send_message(QueueUrl=queue, MessageBody="poison")
    assert "warn  dead letters: 1 messages wait" in doctor().out


def test_a_deployment_that_is_not_there_fails_with_a_remedy(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By tables that do not exist, and by a stack that does not."""
    assert account.alarms() == {}
    monkeypatch.setenv("FLYBALL_LEDGER_TABLE", "nowhere")
    monkeypatch.setenv("FLYBALL_TARGETS_TABLE", "nowhere")
    done: Any = doctor("--json")
    assert (done.code, found(done)["deployment"]) == (1, "fail")
    done = doctor("--stack", "nowhere", "--json")
    assert (done.code, found(done)["deployment"]) == (1, "fail")
    assert "sam deploy" in str(done.json)


def test_no_credentials_are_the_first_and_only_thing_said(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else can be known."""
    assert account.alarms() == {}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nonexistent")
    done: Any = doctor("--json")
    assert (done.code, found(done)) == (1, {"credentials": "fail"})


def test_a_stack_says_where_everything_is(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outputs are enough for every command; a parameter tells that it only advises."""
    for name in ("TARGETS_TABLE", "LEDGER_TABLE", "ALARM_TOPIC_ARN"):
        monkeypatch.delenv(f"FLYBALL_{name}")
    outputs = {"TargetsTable": store.targets, "LedgerTable": store.rows, "AlarmTopic": TOPIC}
    template = {
        "Parameters": {"Mode": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    account.client("cloudformation").create_stack(
        StackName="prod",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Mode", "ParameterValue": "advise"}],
    )
    done = flyball("apply", "--config", "flyball.yaml", "--yes", "--stack", "prod")
    assert done.code == 0, done
    assert all(alarm["AlarmActions"] == [TOPIC] for alarm in account.alarms().values())
    assert store.ledger.scalable_target_ids() == ["churn"]
    monkeypatch.setenv("FLYBALL_STACK", "prod")
    done = doctor()
    assert done.code == 0, done
    assert f"tables {store.targets} and {store.rows}; it only advises" in done.out
