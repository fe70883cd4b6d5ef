"""Is a plan made, and carried out, for the stack that is meant, and for the targets that are?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.aws.account import CONFIG, KEY, Account, look, write
from tests.aws.conftest import Store
from tests.aws.formation import deploy
from tests.aws.overheard import Wire, tap
from tests.aws.planning import HIGH, LOW, apply, destroy, plan
from tests.aws.rig import REGION, create_tables
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

OTHER = "endpoint/other/variant/AllTraffic"
TWO = CONFIG + CONFIG[CONFIG.index("  - id") :].replace("churn", "other")


@pytest.fixture
def alone(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Give an account about which the environment says nothing of a deployment."""
    for name in ("TARGETS_TABLE", "LEDGER_TABLE", "ALARM_TOPIC_ARN"):
        monkeypatch.delenv(f"FLYBALL_{name}")
    return account


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listen at every client."""
    return tap(monkeypatch)


def deploy_dev(account: Account, store: Store) -> Store:
    """Deploy another stage, of tables of its own."""
    other = replace_tables(store, f"{store.targets}-dev", f"{store.rows}-dev")
    create_tables(store.client, other.targets, other.rows)
    deploy(account, "dev", other, Mode="advise", AlarmPrefix="dev")
    return other


def replace_tables(store: Store, targets: str, rows: str) -> Store:
    """Name other tables."""
    return store._replace(targets=targets, rows=rows)


def test_a_plan_is_carried_out_where_it_was_made(
    alone: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stack and its region need not be said again, whatever the environment says by then."""
    topic = deploy(alone, "prod", store, Mode="apply")["AlarmTopic"]
    deploy_dev(alone, store)
    assert plan("--stack", "prod", "--region", REGION, "--out", "plan.json").code == 2
    monkeypatch.setenv("FLYBALL_STACK", "dev")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    done = flyball("apply", "plan.json")
    assert done.code == 0, done
    assert store.ledger.scalable_target_ids() == ["churn"]
    assert [alarm["AlarmActions"] for alarm in alone.alarms().values()] == [[topic], [topic]]


def test_a_plan_for_another_place_is_refused_with_both_values(
    alone: Account, store: Store, wire: Wire
) -> None:
    """Before anything is looked at there; the remedy names the place and what was chosen."""
    deploy(alone, "prod", store, Mode="apply")
    other = deploy_dev(alone, store)
    plan("--stack", "prod", "--take-over", "--unseen", "--out", "plan.json")
    wire.calls.clear()
    done = flyball("apply", "plan.json", "--stack", "dev")
    assert done.code == 1
    said = f"aws targets table: the plan is for {store.targets}, and this is {other.targets}"
    for words in ("this plan is for another place", said, "for apply, and this is advise"):
        assert words in done.err
    command = done.err.partition("plan again: `flyball ")[2].partition("`")[0].split()
    assert sorted(command) == sorted(
        [
            *("plan", "--config", "flyball.yaml", "--take-over", "--unseen", "--stack", "prod"),
            *("--region", REGION, "--out", "plan.json"),
        ]
    )
    assert wire.made("DescribeAlarms") == []


def test_a_plan_is_refused_once_its_stack_is_in_another_mode(alone: Account, store: Store) -> None:
    """What was planned for an adviser is not what whoever is in charge would be told."""
    deploy(alone, "prod", store, Mode="advise")
    plan("--stack", "prod", "--out", "plan.json")
    deploy(alone, "prod", store, Mode="apply")
    done = flyball("apply", "plan.json")
    assert done.code == 1
    assert "aws mode: the plan is for advise, and this is apply" in done.err


def test_what_is_named_is_not_mixed_with_what_the_environment_says(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is about one deployment, and --stack about another."""
    monkeypatch.setenv("FLYBALL_ALARM_PREFIX", "odd")
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    topic = deploy(account, "prod", store, Mode="apply")["AlarmTopic"]
    assert apply("--stack", "prod").code == 0
    assert {tuple(each["AlarmActions"]) for each in account.alarms().values()} == {(topic,)}
    assert sorted(account.alarms()) == [HIGH, LOW]


def test_the_ledger_of_a_stack_is_read_by_its_name(alone: Account, store: Store) -> None:
    """Listed, explained, verified and paused without naming two tables."""
    deploy(alone, "prod", store, Mode="apply")
    assert apply("--stack", "prod").code == 0
    look(store.ledger)
    listed = flyball("ledger", "list", "--stack", "prod", "--json").lines
    assert [each["kind"] for each in listed] == ["config", "decision"]
    assert "churn@2" in flyball("explain", "churn", "--stack", "prod").out
    assert flyball("ledger", "verify", "--stack", "prod").code == 0
    done = flyball("pause", "churn", "--stack", "prod", "--for", "1h", "--reason", "a deployment")
    assert done.code == 0, done
    assert flyball("resume", "churn", "--stack", "prod").out == "churn: resumed.\n"
    done = flyball("ledger", "list", "--stack", "gone")
    assert (done.code, "stack gone" in done.err) == (2, True)


def test_a_ledger_file_is_not_taken_and_ignored(account: Account) -> None:
    """Nobody at home here would use it."""
    assert account.alarms() == {}
    done = plan("--ledger", "l.db")
    assert done.code == 1
    assert "no scalable target of flyball.yaml is at home on this machine" in done.err


def test_one_target_changes_hands_and_the_others_do_not(account: Account, store: Store) -> None:
    """A first one is tried; it goes back by itself too."""
    account.endpoint("other", 3)
    account.register()
    account.register(OTHER)
    write(TWO)
    assert apply().code == 0
    look(store.ledger)
    done = apply("--take-over", "--target", "churn")
    assert done.code == 0, done
    assert "In charge of churn: Flyball.\n" in done.out
    assert "other" not in done.out
    assert all(account.suspended(KEY).values())
    assert not any(account.suspended(OTHER).values())
    assert destroy("--hand-back", "--target", "churn").code == 0
    assert store.ledger.scalable_target_ids() == ["other"]
    assert len(account.alarms()) == 2


def test_alarms_of_a_target_go_in_one_call(account: Account, wire: Wire) -> None:
    """CloudWatch takes a hundred names, and three calls a second."""
    assert apply().code == 0
    assert len(account.alarms()) == 2
    assert destroy().code == 0
    assert account.alarms() == {}
    assert [sorted(each["AlarmNames"]) for each in wire.made("DeleteAlarms")] == [[HIGH, LOW]]


def test_where_others_use_up_the_rate_an_apply_goes_on(account: Account, wire: Wire) -> None:
    """It goes slower; nothing is broken off, and nothing is made twice."""
    wire.fail("PutMetricAlarm", "Throttling", "Rate exceeded")
    refuse = wire.answers["PutMetricAlarm"]
    refusals = 0

    def answer(given: Mapping[str, Any]) -> Any:
        nonlocal refusals
        refusals += 1
        return refuse(given) if refusals < 3 else None

    wire.answers["PutMetricAlarm"] = answer
    assert apply().code == 0
    assert (sorted(account.alarms()), refusals) == ([HIGH, LOW], 4)


def test_a_plan_that_cannot_be_applied_is_not_said_to_be(account: Account) -> None:
    """It is written all the same, for who reads it; applying it is refused."""
    assert account.alarms() == {}
    assert "Written: `" in plan("--out", "plan.json").out
    write(CONFIG.replace("id: churn", f"id: {'long' * 60}"))
    done = plan("--out", "plan.json")
    assert (done.code, "It cannot be applied" in done.out, "Written" in done.out) == (
        1, True, False
    )  # fmt: skip
    assert flyball("apply", "plan.json").code == 1
