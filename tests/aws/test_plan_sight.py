"""Is nothing taken over that no function of ours looks at, or may scale?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flyball.core.codec import canonical, parse
from flyball.core.model import History, Missing, MissingCause
from flyball.ports import ItemUpdate
from tests.aws.account import CONFIG, KEY, TOPIC, Account, look, write
from tests.aws.conftest import Store
from tests.aws.planning import apply, plan
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

MINUTE = timedelta(minutes=1)
NOT_YET = "no function has looked at it yet"


def expect_refusal(account: Account, *words: str) -> None:
    """Expect that nothing is taken over, but where that is said."""
    done = apply("--take-over")
    assert done.code == 1, done
    for word in words:
        assert word in done.out
    assert not any(account.suspended().values())
    done = plan("--take-over", "--unseen")
    assert done.code == 2, done
    assert words[0] in done.out


def test_what_no_function_looks_at_is_not_taken_over(account: Account, store: Store) -> None:
    """Empty tables, and nothing that runs: native scaling would be suspended for nobody."""
    account.register()
    expect_refusal(account, NOT_YET, "nobody might be in charge", "--unseen goes ahead")
    assert store.ledger.scalable_target_ids() == []
    assert apply().code == 0
    expect_refusal(account, NOT_YET)
    done = apply("--take-over", "--unseen")
    assert done.code == 0, done
    assert all(account.suspended().values())


def test_what_was_looked_at_lately_is_taken_over(account: Account, store: Store) -> None:
    """An adviser's looks are enough: it decides as it would, and changes nothing."""
    account.register()
    write(CONFIG.replace("mode: apply", "mode: advise"))
    assert apply().code == 0
    look(store.ledger, ago=14 * MINUTE)
    write(CONFIG)
    done = apply("--take-over")
    assert done.code == 0, done
    assert all(account.suspended().values())


def test_an_old_look_is_none(account: Account, store: Store) -> None:
    """A stack that died an hour ago; but a heartbeat of an hour is as slow as it says."""
    account.register()
    assert apply().code == 0
    look(store.ledger, ago=60 * MINUTE)
    expect_refusal(account, "no function has looked at it since 2")
    write(CONFIG.replace("    policies:", "    heartbeat: 1h\n    policies:"))
    assert apply().code == 0
    look(store.ledger, ago=60 * MINUTE)
    assert apply("--take-over").code == 0


def test_a_look_that_left_a_quiet_target_at_rest_is_one(account: Account, store: Store) -> None:
    """It writes no row, and leaves its instant."""
    account.register()
    assert apply().code == 0
    look(store.ledger, ago=60 * MINUTE)
    now = datetime.now(UTC)
    claim = store.ledger.claim("churn", "tick", now, now + MINUTE)
    history = canonical(replace(parse(History, claim.history), rested_at=now))
    store.ledger.write(claim, [], ItemUpdate(history, release=True))
    done = apply("--take-over")
    assert done.code == 0, done


def test_a_look_that_failed_is_none(account: Account, store: Store) -> None:
    """It puts the target off by some minutes, as a look would, and has seen nothing."""
    account.register()
    assert apply().code == 0
    look(store.ledger, ago=60 * MINUTE)
    now = datetime.now(UTC)
    claim = store.ledger.claim("churn", "tick", now, now + MINUTE)
    store.ledger.write(claim, [], ItemUpdate(wake_at=now + 2 * MINUTE, release=True))
    expect_refusal(account, "no function has looked at it since 2")


def test_a_look_by_another_config_is_none(account: Account, store: Store) -> None:
    """What was decided before says nothing of what is in force now."""
    account.register()
    assert apply().code == 0
    look(store.ledger)
    write(CONFIG.replace("700", "600"))
    assert apply().code == 0
    expect_refusal(account, "no function has looked at it since its config changed")


def test_a_look_at_another_resource_is_none(account: Account, store: Store) -> None:
    """Its functions may not even see the new one."""
    account.register()
    account.endpoint("churn-v2", 3)
    account.register(KEY.replace("churn", "churn-v2"))
    write(CONFIG.replace("endpoint: churn", "endpoint: churn-v2"))
    assert apply().code == 0
    look(store.ledger)
    write(CONFIG)
    expect_refusal(account, NOT_YET)


def test_a_look_that_saw_nothing_is_none(account: Account, store: Store) -> None:
    """Without permission, or under a wrong metric, nothing would be decided."""
    account.register()
    assert apply().code == 0
    look(store.ledger, capacity=Missing(MissingCause.SOURCE_FAILED, "AccessDenied"))
    expect_refusal(account, "at its last look it could not see its capacity: AccessDenied")
    look(store.ledger, load=Missing(MissingCause.NO_DATA))
    expect_refusal(account, "at its last look it could not see any of its metrics: ")


def test_what_the_stack_may_not_scale_is_not_taken_over(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parameter names other endpoints: every change would be denied."""
    account.register()
    make_stacks(account, store, "EndpointNames", small="prod-*", large="ch?rn*")
    use_stack(monkeypatch, "small")
    done = apply()
    assert done.code == 0
    assert "churn does not match the stack's EndpointNames (prod-*)" in done.out
    look(store.ledger)
    expect_refusal(account, "churn does not match the stack's EndpointNames (prod-*)")
    done = flyball("apply", "--config", "flyball.yaml", "--yes", "--take-over", "--stack", "large")
    assert done.code == 0, done
    assert "does not match" not in done.out


def test_what_lacks_the_tag_that_the_stack_asks_for_is_not_taken_over(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every change would be denied; given the tag, it is."""
    account.register()
    make_stacks(account, store, "ResourceTag", tagged="prod")
    use_stack(monkeypatch, "tagged")
    bare = "it does not bear the tag flyball=prod (the stack's ResourceTag)"
    done = apply()
    assert done.code == 0
    assert f"warn  churn: tags: {bare}" in done.out
    assert bare in flyball("doctor", "--config", "flyball.yaml").out
    look(store.ledger)
    expect_refusal(account, bare, "give it that tag")
    client = account.client("sagemaker")
    arn = client.describe_endpoint(EndpointName="churn")["EndpointArn"]
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "flyball", "Value": "prod"}])
    done = apply("--take-over")
    assert done.code == 0, done
    assert all(account.suspended().values())


def make_stacks(account: Account, store: Store, parameter: str, **values: str) -> None:
    """Make stacks on the store's tables by name, each with its value of a parameter."""
    outputs = {"TargetsTable": store.targets, "LedgerTable": store.rows, "AlarmTopic": TOPIC}
    template = {
        "Parameters": {parameter: {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    for stack, value in values.items():
        account.client("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": parameter, "ParameterValue": value}],
        )


def use_stack(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a stack say where everything is, in place of the environment."""
    for each in ("TARGETS_TABLE", "LEDGER_TABLE", "ALARM_TOPIC_ARN"):
        monkeypatch.delenv(f"FLYBALL_{each}")
    monkeypatch.setenv("FLYBALL_STACK", name)
