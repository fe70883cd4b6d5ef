"""Do two deployments in one account leave each other's endpoints and alarms alone?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from flyball.adapters.aws.deploy import TAG
from tests.aws.account import CONFIG, Account, write
from tests.aws.conftest import Store
from tests.aws.overheard import tap
from tests.aws.planning import HIGH, apply, plan, take_over
from tests.aws.rig import create_tables

pytestmark = pytest.mark.enable_socket

ADVISING = CONFIG.replace("mode: apply", "mode: advise")


@contextmanager
def other_stage(store: Store, prefix: str = "prod") -> Iterator[str]:
    """Speak to another deployment in the same account, for the length of a block."""
    name = uuid4().hex
    create_tables(store.client, f"targets-{name}", f"ledger-{name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYBALL_TARGETS_TABLE", f"targets-{name}")
        patch.setenv("FLYBALL_LEDGER_TABLE", f"ledger-{name}")
        patch.setenv("FLYBALL_ALARM_PREFIX", prefix)
        yield f"targets-{name}"


def test_another_stage_in_charge_is_not_taken_for_nobody(account: Account, store: Store) -> None:
    """It suspended native scaling, and it is named; an adviser beside it is welcome."""
    account.register()
    assert take_over(store).code == 0
    with other_stage(store):
        write(ADVISING)
        done = plan()
        assert done.code == 2
        assert "not by this deployment: another may be in charge, or nobody" in done.out
        mine = f"churn of another deployment (table {store.targets}) applies on the same resource"
        assert f"{mine}: that one is in charge" in done.out
        assert "nobody scales it" not in done.out


def test_two_stages_do_not_apply_to_one_endpoint(account: Account, store: Store) -> None:
    """The second one is refused, whatever it calls it; once the first only advises, it may."""
    assert apply().code == 0
    assert account.alarms()
    with other_stage(store):
        write(CONFIG.replace("id: churn", "id: other"))
        done = apply()
        assert done.code == 1
        assert f"churn of another deployment (table {store.targets}) applies" in done.out
        assert "both would scale it: set `mode: advise` there first" in done.out
    write(ADVISING)
    assert apply().code == 0
    with other_stage(store):
        write(CONFIG)
        done = apply()
        assert done.code == 0, done


def test_another_stage_that_cannot_be_read_is_named(account: Account, store: Store) -> None:
    """Its table is another account's, or denied: that it may apply is said."""
    assert apply().code == 0
    client = account.client("cloudwatch")
    arn = account.alarms()[HIGH]["AlarmArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": TAG, "Value": "elsewhere-targets"}])
    with other_stage(store, "dev"):
        done = plan()
        assert "(table elsewhere-targets) is on the same resource, and its mode cannot" in done.out


def test_another_stage_whose_tags_cannot_be_read_is_named(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A permission that ends at our own prefix is enough to plan."""
    assert apply().code == 0
    assert account.alarms()
    tap(monkeypatch).deny("cloudwatch:ListTagsForResource")
    with other_stage(store, "dev"):
        done = plan()
        assert done.code == 2, done
        assert "churn of another deployment (table not known) is on the same" in done.out


def test_an_equal_alarm_of_another_stage_is_not_ours(account: Account, store: Store) -> None:
    """The same in every field: removing it here would blind the other."""
    assert apply().code == 0
    with other_stage(store, "flyball"):
        done = apply()
        assert done.code == 1
        assert f"{HIGH} belongs to {store.targets}, so it is left alone" in done.out
    assert account.alarms()[HIGH]
