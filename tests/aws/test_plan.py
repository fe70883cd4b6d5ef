"""Does a config come into force in an account, go on where it broke off, and go again?"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.aws.deploy import TAG
from flyball.config.load import compile_target
from tests.aws.account import CONFIG, GPU, TOPIC, Account, write
from tests.aws.conftest import Store
from tests.aws.planning import HIGH, LOW, apply, plan, verbs
from tests.cli.programs import finish, run_on_terminal, start
from tests.rig import T0, make_target
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket


def test_a_second_apply_changes_nothing(account: Account, store: Store) -> None:
    """What was made is found again by name, whoever made it; the alarms are as they should be."""
    done = apply()
    assert done.code == 0, done
    high = account.alarms()[HIGH]
    assert (high["Threshold"], high["ComparisonOperator"]) == (700.0, "GreaterThanThreshold")
    assert (high["EvaluationPeriods"], high["AlarmActions"]) == (3, [TOPIC])
    tags = account.client("cloudwatch").list_tags_for_resource(ResourceARN=high["AlarmArn"])
    assert {"Key": TAG, "Value": store.targets} in tags["Tags"]
    assert store.ledger.scalable_target_ids() == ["churn"]
    again = plan()
    assert (again.code, again.err) == (0, "")
    assert "Nothing to change: 3 parts are as wanted." in again.out
    assert "Alarms: 2, $0.20 a month at list price.\n" in again.out
    assert apply().code == 0
    assert [row.kind for row in store.ledger.rows("churn")] == ["config"]


def test_an_alarm_is_mended_field_by_field_and_an_orphan_goes(account: Account) -> None:
    """What somebody changed by hand is shown before it is set right."""
    apply()
    client = account.client("cloudwatch")
    changed = account.alarms()[HIGH]
    for key in [key for key in changed if key.startswith("State")]:
        del changed[key]
    for key in ("AlarmArn", "AlarmConfigurationUpdatedTimestamp"):
        changed.pop(key, None)
    client.put_metric_alarm(**{**changed, "Threshold": 900.0, "EvaluationPeriods": 5})
    config = CONFIG.replace("TargetValue: 700", "TargetValue: 700\n          DisableScaleIn: true")
    write(config)
    done = plan()
    assert done.code == 2
    assert "      Threshold: 900.0 → 700.0\n" in done.out
    assert "      EvaluationPeriods: 5 → 3\n" in done.out
    assert "  - alarm invocations low\n" in done.out
    assert apply().code == 0
    assert list(account.alarms()) == [HIGH]
    assert account.alarms()[HIGH]["Threshold"] == 700.0


def test_what_a_broken_renaming_left_is_named_and_goes(account: Account, store: Store) -> None:
    """Its target is in no file and not registered any more; another stack's is left alone."""
    apply()
    client = account.client("cloudwatch")
    fields = {**GPU, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    theirs = "flyball/else/theirs/high"
    client.put_metric_alarm(
        AlarmName=theirs, **fields, Tags=[{"Key": TAG, "Value": "another-table"}]
    )
    store.ledger.retire("churn", T0)
    write(CONFIG.replace("id: churn", "id: renamed"))
    done = plan()
    assert "2 alarms are left of churn, which is neither in the file nor registered" in done.out
    assert "the next apply or destroy removes what is left" in done.out
    assert "else" not in done.out
    assert apply("--unseen").code == 0
    names = {name.split("/")[1] for name in account.alarms()}
    assert names == {"renamed", "else"}


def test_what_others_have_under_our_prefix_is_left_alone(account: Account) -> None:
    """By the tag it is ours; on the name of one of ours it is in the way, and that is said."""
    client = account.client("cloudwatch")
    fields = {**GPU, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    client.put_metric_alarm(AlarmName="flyball/churn/theirs/high", **fields)
    client.put_metric_alarm(AlarmName="flyball/not-one-of-ours", **fields)
    done = plan("--json")
    assert verbs(done) == [("create", "churn"), ("create", HIGH), ("create", LOW)]
    (check,) = done.json["plan"]["checks"]
    assert check["level"] == "warn"
    assert "was not made by Flyball, so it is left alone" in check["text"]
    tags = [{"Key": TAG, "Value": "another-table"}]
    client.put_metric_alarm(AlarmName=HIGH, Tags=tags, **fields)
    done = apply()
    assert done.code == 1
    assert f"{HIGH} belongs to another-table" in done.out
    assert account.alarms()[HIGH]["Threshold"] == 1.0
    assert LOW not in account.alarms()


def test_a_saved_plan_is_refused_when_the_account_moved(account: Account) -> None:
    """It says what; a plan that was applied by half goes on."""
    assert plan("--out", "plan.json").code == 2
    client = account.client("cloudwatch")
    tags = [{"Key": TAG, "Value": account.environment["FLYBALL_TARGETS_TABLE"]}]
    fields = {**GPU, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    client.put_metric_alarm(AlarmName=HIGH, Tags=tags, **fields)
    done = flyball("apply", "plan.json")
    assert done.code == 1
    assert f"aws alarm {HIGH}: it appeared since" in done.err
    client.delete_alarms(AlarmNames=[HIGH])
    assert flyball("apply", "plan.json").code == 0
    client.delete_alarms(AlarmNames=[LOW])
    assert flyball("apply", "plan.json").code == 0
    assert sorted(account.alarms()) == [HIGH, LOW]


def test_killed_between_two_calls_it_goes_on(account: Account, store: Store) -> None:
    """The program dies by SIGKILL after its first alarm; the next run makes the rest, once."""
    program = start(
        "apply", "--config", "flyball.yaml", "--yes", cwd=Path.cwd(), **account.environment
    )
    assert program.stderr is not None
    for line in program.stderr:
        if "created alarm" in line:
            program.send_signal(signal.SIGKILL)
            break
    code, _, _ = finish(program)
    assert code == -signal.SIGKILL
    assert list(account.alarms()) == [HIGH]
    done = plan("--json")
    assert verbs(done) == [("create", LOW)]
    assert apply().code == 0
    assert plan().code == 0
    assert [row.kind for row in store.ledger.rows("churn")] == ["config"]


def test_a_person_is_asked_first(account: Account) -> None:
    """On a terminal; the default is no, and the plan fits a narrow one."""
    code, said = run_on_terminal(
        "plan", "--config", "flyball.yaml", cwd=Path.cwd(), columns=50, env=account.environment
    )
    assert code == 2
    assert "\x1b[32m+\x1b[0m" in said
    assert account.alarms() == {}


def test_many_pages_are_read(account: Account) -> None:
    """A hundred alarms a page, and fifty scalable targets a page."""
    for index in range(60):
        account.register(f"endpoint/e{index:02}/variant/AllTraffic")
    client = account.client("cloudwatch")
    tags = [{"Key": TAG, "Value": account.environment["FLYBALL_TARGETS_TABLE"]}]
    fields = {**GPU, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    for index in range(105):
        client.put_metric_alarm(AlarmName=f"flyball/churn/p{index}/high", Tags=tags, **fields)
    done = plan("--json")
    deleted = [name for verb, name in verbs(done) if verb == "delete"]
    assert len(deleted) == 105
    imported: Any = flyball("import", "aws", "--json")
    assert len(imported.json["scalable_targets"]) == 60
    assert json.dumps(imported.json)


def test_what_aws_would_refuse_is_a_problem_before_anything_is_called(account: Account) -> None:
    """A name that is too long for CloudWatch, in our words."""
    write(CONFIG.replace("id: churn", f"id: {'long' * 60}"))
    done = apply()
    assert done.code == 1
    assert "expected at most 255; shorten the scalable target's id" in done.out
    assert account.alarms() == {}


def test_what_is_nowhere_can_still_be_removed(account: Account, store: Store) -> None:
    """An older version registered a resource that is none of AWS's."""
    odd = make_target("odd", home="aws", resource={"cluster": "x"})
    store.ledger.register(*compile_target(odd), T0)
    assert apply("--prune").code == 0
    assert store.ledger.scalable_target_ids() == ["churn"]
    assert sorted(account.alarms()) == [HIGH, LOW]


def test_a_total_that_is_tracked_has_no_alarm(account: Account) -> None:
    """Its threshold moves with the instances: the timer looks instead, and that is said."""
    write(
        CONFIG.partition("    policies:")[0]
        + """\
    metrics:
      - {name: total, per: total, source: {namespace: N, metric: M, statistic: Sum}}
    policies: [{name: keep, kind: target_tracking, metric: total, target_value: 60}]
"""
    )
    done = plan("--json")
    assert verbs(done) == [("create", "churn")]
    texts = [each["text"] for each in done.json["plan"]["checks"]]
    assert "churn/keep/high: its threshold moves with the instances" in texts
    assert account.alarms() == {}
