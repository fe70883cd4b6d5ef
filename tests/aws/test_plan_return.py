"""Is native scaling handed back as it was, or left as it is only where that is said?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flyball.config.load import compile_config, load
from tests.aws.account import CONFIG, KEY, Account, look, write
from tests.aws.conftest import Store
from tests.aws.overheard import tap
from tests.aws.planning import HIGH, LOW, apply, destroy, plan, take_over
from tests.rig import T0

pytestmark = pytest.mark.enable_socket


def test_native_scaling_may_stay_suspended_if_that_is_said(account: Account, store: Store) -> None:
    """A move to something else again; and it can still be handed back later."""
    account.register()
    take_over(store)
    assert destroy("--no-hand-back").code == 0
    assert all(account.suspended().values())
    assert store.ledger.scalable_target_ids() == []
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert not any(account.suspended().values())
    assert store.ledger.scalable_target_ids() == []
    assert "Nothing to remove." in destroy("--hand-back").out


def test_what_cannot_be_read_is_not_handed_back(account: Account, store: Store) -> None:
    """Whether it would jump is not known; if it is gone, that can be said."""
    account.register()
    assert take_over(store).code == 0
    account.client("sagemaker").delete_endpoint(EndpointName="churn")
    done = destroy("--hand-back")
    assert done.code == 1
    assert "current capacity cannot be read" in done.out
    assert destroy("--no-hand-back").code == 0


def test_a_second_take_over_keeps_what_the_first_remembered(account: Account, store: Store) -> None:
    """Somebody resumed a part of it in between: all of it is handed back."""
    account.register(ScheduledScalingSuspended=True)
    take_over(store)
    account.register(
        DynamicScalingInSuspended=False,
        DynamicScalingOutSuspended=True,
        ScheduledScalingSuspended=True,
    )
    look(store.ledger)
    done = apply("--take-over")
    assert done.code == 0, done
    assert all(account.suspended().values())
    assert destroy("--hand-back").code == 0
    assert account.suspended() == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }


def test_nothing_is_handed_back_to_nobody(account: Account, store: Store) -> None:
    """Native scaling was deregistered meanwhile: that it is gone has to be said."""
    account.register()
    take_over(store)
    account.client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=KEY,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )
    done = destroy("--hand-back")
    assert done.code == 1
    assert (
        f"native scaling of {KEY} was suspended by a take-over, and is not registered" in done.out
    )
    assert sorted(account.alarms()) == [HIGH, LOW]
    assert destroy("--no-hand-back").code == 0


def test_what_others_suspended_is_not_left_without_a_word(account: Account, store: Store) -> None:
    """Ours goes, and theirs is not ours to resume: somebody has to say that it is left so."""
    account.register(
        DynamicScalingInSuspended=True,
        DynamicScalingOutSuspended=True,
        ScheduledScalingSuspended=True,
    )
    done = apply()
    assert done.code == 0, done
    assert "not by this deployment: another may be in charge, or nobody" in done.out
    for option in ((), ("--hand-back",)):
        done = destroy(*option)
        assert done.code == 1
        assert f"native scaling of {KEY} is suspended, and not by this deployment" in done.out
    assert store.ledger.scalable_target_ids() == ["churn"]
    assert destroy("--no-hand-back").code == 0
    assert all(account.suspended().values())


def test_scheduled_actions_that_did_not_run_are_counted_on_a_hand_back(
    account: Account, store: Store
) -> None:
    """Its bounds are those of the hour of the take-over."""
    account.register()
    take_over(store)
    account.client("application-autoscaling").put_scheduled_action(
        ServiceNamespace="sagemaker",
        ResourceId=KEY,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        ScheduledActionName="morning",
        Schedule="cron(0 7 * * ? *)",
        ScalableTargetAction={"MinCapacity": 4, "MaxCapacity": 12},
    )
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert "its bounds are 2–8 since 20" in done.out
    assert "its scheduled actions (1) did not run meanwhile" in done.out


def test_a_refused_suspend_leaves_no_lease_and_nothing_to_hand_back(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS says no at the last moment: the row says so, and native scaling stays in charge."""
    account.register()
    assert apply().code == 0
    look(store.ledger)
    with monkeypatch.context() as patch:
        tap(patch).deny("application-autoscaling:RegisterScalableTarget")
        done = apply("--take-over")
    assert done.code == 1
    assert not any(account.suspended().values())
    assert store.ledger.status("churn").lease_until is None
    rows = [row for row in store.ledger.rows("churn") if row.kind == "native"]
    stages = [json.loads(row.body)["stage"] for row in rows]
    assert stages == ["intended", "refused"]
    assert destroy("--hand-back").code == 0


def test_what_a_file_does_not_name_any_more_is_named_by_destroy(
    account: Account, store: Store
) -> None:
    """It stays, and that is said; --all removes it too, from what is registered."""
    account.endpoint("other", 3)
    twin = "\n".join(CONFIG.splitlines()[3:]).replace("churn", "other")
    write(f"{CONFIG}{twin}\n")
    account.register(KEY.replace("churn", "other"))
    assert take_over(store).code == 0
    write(CONFIG)
    done = destroy()
    assert done.code == 0, done
    assert "registered, not in flyball.yaml, and kept: other" in done.out
    assert "--all removes them" in done.out
    assert store.ledger.scalable_target_ids() == ["other"]
    assert destroy("--all").code == 1
    done = destroy("--all", "--hand-back")
    assert done.code == 0, done
    assert store.ledger.scalable_target_ids() == []
    assert not any(account.suspended(KEY.replace("churn", "other")).values())


def test_destroy_believes_what_is_in_force(account: Account, store: Store) -> None:
    """The file says another endpoint by now: the one that was taken over is handed back."""
    account.endpoint("churn-v2", 3)
    account.register()
    take_over(store)
    write(CONFIG.replace("endpoint: churn", "endpoint: churn-v2"))
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert not any(account.suspended().values())


def test_what_one_out_of_service_still_holds_is_handed_back_by_the_next_that_goes(
    account: Account, store: Store
) -> None:
    """The program that was to pass it on was killed in between."""
    account.register()
    take_over(store)
    assert destroy("--no-hand-back").code == 0
    write(CONFIG.replace("id: churn", "id: churn-blue"))
    store.ledger.register(*compile_config(load(Path("flyball.yaml")))[0], T0)
    assert destroy().code == 1
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert not any(account.suspended().values())
    assert store.ledger.scalable_target_ids() == []


def test_an_adviser_beside_one_in_charge_goes_without_a_word(
    account: Account, store: Store
) -> None:
    """Native scaling is suspended for the other one, which stays."""
    account.register()
    twin = "\n".join(CONFIG.splitlines()[3:]).replace("id: churn", "id: looker")
    write(f"{CONFIG}{twin}\n    mode: advise\n")
    assert take_over(store).code == 0
    done = plan()
    assert done.code == 0
    assert "in charge: " not in done.out
    write(CONFIG)
    done = apply("--prune")
    assert done.code == 0, done
    assert all(account.suspended().values())
    assert store.ledger.scalable_target_ids() == ["churn"]
