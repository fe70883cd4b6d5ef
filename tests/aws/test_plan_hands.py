"""Is at every moment one in charge of an endpoint, and not two?"""

from __future__ import annotations

import pytest

from tests.aws.account import CONFIG, KEY, Account, write
from tests.aws.conftest import Store
from tests.aws.planning import HIGH, LOW, apply, destroy, plan, take_over, verbs
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

BLUE = CONFIG.replace("id: churn", "id: churn-blue")


def test_native_scaling_changes_hands_and_comes_back_as_it_was(
    account: Account, store: Store
) -> None:
    """What somebody had suspended before stays suspended after; who is in charge is never open."""
    account.register(ScheduledScalingSuspended=True)
    assert "Flyball applies nothing" in plan().out
    done = take_over(store)
    assert done.code == 0, done
    assert all(account.suspended().values())
    assert plan("--take-over").code == 0
    done = destroy()
    assert done.code == 1
    assert "say --hand-back" in done.out
    assert sorted(account.alarms()) == [HIGH, LOW]
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert account.suspended() == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }
    assert (account.alarms(), store.ledger.scalable_target_ids()) == ({}, [])
    kinds = [row.kind for row in store.ledger.rows("churn")]
    assert kinds == ["config", "decision", "native", "native", "native", "retired"]
    assert destroy("--hand-back").code == 0


def test_no_hand_over_changes_capacity_at_once(account: Account, store: Store) -> None:
    """Sixty never become one by a default: there, and back."""
    account.register()
    write(CONFIG.replace("max_capacity: 8", "max_capacity: 2"))
    done = apply("--take-over")
    assert done.code == 1
    assert "it would scale in by 1 at once" in done.out
    assert account.alarms() == {}
    assert not any(account.suspended().values())
    write(CONFIG)
    assert take_over(store).code == 0
    account.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=KEY,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=5,
        MaxCapacity=9,
    )
    done = destroy("--hand-back")
    assert done.code == 1
    assert "bounds are 5–9: it would jump" in done.out
    assert sorted(account.alarms()) == [HIGH, LOW]


def test_a_deployment_that_only_advises_takes_nothing_over(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the config says, nobody would be in charge."""
    account.register()
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = apply("--take-over")
    assert done.code == 1
    assert "the deployment only advises, so nobody would be in charge" in done.out
    assert not any(account.suspended().values())
    assert "it only advises" in flyball("doctor").out


def test_advice_takes_nothing_over(account: Account) -> None:
    """Nobody would be in charge."""
    account.register()
    write(CONFIG.replace("mode: apply", "mode: advise"))
    assert apply("--take-over").code == 0
    assert not any(account.suspended().values())


def test_a_group_changes_hands_by_its_processes(account: Account, store: Store) -> None:
    """What a group does by its policies stops and comes back; its launches and health go on."""
    client = account.client("autoscaling")
    image = account.client("ec2").describe_images()["Images"][0]["ImageId"]
    client.create_launch_configuration(
        LaunchConfigurationName="l", ImageId=image, InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="l",
        MinSize=2,
        MaxSize=8,
        DesiredCapacity=3,
        AvailabilityZones=["us-east-1a"],
    )
    client.put_scaling_policy(
        AutoScalingGroupName="g",
        PolicyName="p",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="plain",
        LaunchConfigurationName="l",
        MinSize=2,
        MaxSize=8,
        AvailabilityZones=["us-east-1a"],
    )
    write(
        CONFIG.replace("{endpoint: churn, variant: AllTraffic}", "{auto_scaling_group: g}")
        + "  - {id: plain, resource: {auto_scaling_group: plain}, min_capacity: 2, max_capacity: 8}"
    )

    def held() -> set[str]:
        (group,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=["g"])[
            "AutoScalingGroups"
        ]
        return {each["ProcessName"] for each in group["SuspendedProcesses"]}

    client.suspend_processes(AutoScalingGroupName="g", ScalingProcesses=["ScheduledActions"])
    done = take_over(store)
    assert done.code == 0, done
    assert held() == {"AlarmNotification", "ScheduledActions"}
    assert plan("--take-over").code == 0
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="g", ScheduledActionName="morning", Recurrence="0 7 * * *", MinSize=4
    )
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert "its scheduled actions (1) did not run meanwhile" in done.out
    assert held() == {"ScheduledActions"}


def test_two_targets_do_not_scale_one_resource(account: Account) -> None:
    """They would fight; one that only advises may look on."""
    twin = "\n".join(CONFIG.splitlines()[3:]).replace("id: churn", "id: twin")
    write(f"{CONFIG}{twin}\n")
    done = apply()
    assert done.code == 1
    assert "twin: resource: endpoint/churn/variant/AllTraffic is scaled by churn too" in done.out
    assert account.alarms() == {}
    write(f"{CONFIG}{twin}\n    mode: advise\n")
    assert plan().code == 2
    looker = CONFIG.replace("id: churn", "id: churn\n    mode: advise")
    write(f"{looker}{twin}\n")
    assert plan().code == 2


def test_a_renamed_target_comes_in_the_place_of_the_old_one(account: Account, store: Store) -> None:
    """Beside it there would be two; and what the old one holds of native scaling moves with it."""
    account.register()
    take_over(store)
    write(BLUE)
    done = apply()
    assert done.code == 1
    assert f"{KEY} is scaled by churn too, which is in force and not in the file" in done.out
    assert "is churn-blue its new name? --prune puts it in its place" in done.out
    assert store.ledger.scalable_target_ids() == ["churn"]
    planned = plan("--prune", "--json")
    assert verbs(planned)[0] == ("move", "churn-blue")
    done = apply("--prune")
    assert done.code == 0, done
    assert "      id: churn → churn-blue\n" in done.out
    assert store.ledger.scalable_target_ids() == ["churn-blue"]
    assert sorted(account.alarms()) == [
        each.replace("/churn/", "/churn-blue/") for each in (HIGH, LOW)
    ]
    assert all(account.suspended().values())
    assert plan("--prune").code == 0
    write(CONFIG)  # the old name holds nothing any more
    assert "Nothing to remove." in destroy("--hand-back").out
    assert all(account.suspended().values())
    write(BLUE)
    assert destroy().code == 1
    done = destroy("--hand-back")
    assert done.code == 0, done
    assert not any(account.suspended().values())


def test_what_one_out_of_service_holds_moves_to_the_next_on_its_resource(
    account: Account, store: Store
) -> None:
    """Left suspended, and taken up under another name: that one can hand it back."""
    account.register()
    take_over(store)
    assert destroy("--no-hand-back").code == 0
    write(BLUE)
    done = apply()
    assert done.code == 0, done
    assert "      held for: churn → churn-blue\n" in done.out
    assert store.ledger.scalable_target_ids() == ["churn-blue"]
    assert plan().code == 0
    assert destroy().code == 1
    assert destroy("--hand-back").code == 0
    assert not any(account.suspended().values())


def test_a_renamed_target_that_only_advises_takes_nobodys_place(
    account: Account, store: Store
) -> None:
    """Native scaling is suspended for the old name: it is handed back, or said not to be."""
    account.register()
    take_over(store)
    write(BLUE.replace("mode: apply", "mode: advise"))
    done = apply("--prune")
    assert done.code == 1
    assert "churn: in charge: native scaling was suspended by a take-over" in done.out
    done = apply("--prune", "--no-hand-back")
    assert done.code == 0, done
    assert store.ledger.scalable_target_ids() == ["churn-blue"]
    assert all(account.suspended().values())
    done = plan()
    assert done.code == 1
    assert "churn: in charge: native scaling was suspended by a take-over" in done.out
    assert apply("--hand-back").code == 0
    assert not any(account.suspended().values())
    assert store.ledger.scalable_target_ids() == ["churn-blue"]


def test_a_target_that_changes_its_resource_hands_the_old_one_back(
    account: Account, store: Store
) -> None:
    """Neither is the old one orphaned nor the new one resumed that somebody else suspended."""
    account.endpoint("churn-v2", 3)
    account.register()
    other = KEY.replace("churn", "churn-v2")
    account.register(other, DynamicScalingInSuspended=True)
    take_over(store)
    write(CONFIG.replace("endpoint: churn", "endpoint: churn-v2"))
    done = apply()
    assert done.code == 1
    assert "native scaling was suspended by a take-over: nobody would scale it" in done.out
    planned = plan("--hand-back", "--json")
    assert verbs(planned)[:2] == [("resume", KEY), ("update", "churn")]
    done = apply("--hand-back")
    assert done.code == 0, done
    assert f"it leaves {KEY}, which Flyball then scales no more" in done.out
    assert not any(account.suspended().values())
    assert account.suspended(other)["DynamicScalingInSuspended"]
    assert destroy("--hand-back").code == 0
    assert account.suspended(other)["DynamicScalingInSuspended"]


def test_two_targets_do_not_swap_their_resources_in_one_step(
    account: Account, store: Store
) -> None:
    """While one is still on it, the other waits."""
    account.endpoint("churn-v2", 3)
    twin = "\n".join(CONFIG.splitlines()[3:]).replace("id: churn", "id: twin")
    both = f"{CONFIG}{twin}\n"
    first, _, last = both.rpartition("endpoint: churn,")
    write(f"{first}endpoint: churn-v2,{last}")
    assert apply().code == 0
    first, _, last = both.partition("endpoint: churn,")
    write(f"{first}endpoint: churn-v2,{last}")
    done = apply()
    assert done.code == 1
    assert "is scaled by twin until that has another resource" in done.out
    assert "apply twin first, then churn" in done.out
    assert sorted(store.ledger.scalable_target_ids()) == ["churn", "twin"]


@pytest.mark.parametrize("how", ["config", "stack"])
def test_what_was_taken_over_is_not_left_to_advice(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Neither a config nor a stack that only advises is in charge: it is handed back, or said."""
    account.register()
    take_over(store)
    if how == "config":
        write(CONFIG.replace("mode: apply", "mode: advise"))
    else:
        monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = apply()
    assert done.code == 1
    assert "nobody would scale it" in done.out
    assert "--hand-back to resume it, or --no-hand-back" in done.out
    assert flyball("doctor", "--config", "flyball.yaml").code == 1
    left = plan("--no-hand-back")
    assert left.code == (2 if how == "config" else 0)
    assert "stays suspended: nobody scales it" in left.out
    if how == "config":
        said = "In charge of churn: nobody; Flyball only advises."
        assert said in apply("--no-hand-back").out
    done = apply("--hand-back")
    assert done.code == 0, done
    assert not any(account.suspended().values())


def test_a_stack_that_only_advises_is_named_for_every_target_that_is_to_apply(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without native scaling too: who reads the plan thinks that Flyball is in charge."""
    assert account.alarms() == {}
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = plan()
    assert done.code == 2
    assert "churn: mode: the config says to apply, and the deployment only advises" in done.out


def test_a_target_that_changes_its_home_is_not_forgotten_in_the_old_one(
    account: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on there until it is pruned; who has two deployments is told of both."""
    account.register()
    assert take_over(store).code == 0
    write(CONFIG.replace("home: aws", "home: local"))
    done = plan()
    assert done.code == 2, done
    words = "churn: home: flyball.yaml has it in local, and churn goes on in aws as it is in force"
    assert words in done.out
    write(CONFIG.replace("home: aws", "home: local").replace("id: churn", "id: here"))
    assert "here: home: flyball.yaml has it in local, and churn goes on in aws" in plan().out
    done = apply("--prune", "--hand-back")
    assert done.code == 0, done
    assert store.ledger.scalable_target_ids() == []
    assert not any(account.suspended().values())
    for name in account.environment:
        monkeypatch.delenv(name)
    assert "aws" not in plan().out


def test_a_variant_that_cannot_go_to_zero_is_refused(account: Account, store: Store) -> None:
    """Only asynchronous endpoints and inference components can; an adviser is told."""
    write(CONFIG.replace("min_capacity: 2", "min_capacity: 0"))
    done = apply()
    assert done.code == 1
    assert "min_capacity is 0, and a variant of a real-time endpoint keeps at least 1" in done.out
    assert (account.alarms(), store.ledger.scalable_target_ids()) == ({}, [])
    write(CONFIG.replace("min_capacity: 2", "min_capacity: 0").replace("apply", "advise"))
    assert plan().code == 2
