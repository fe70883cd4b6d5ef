"""Do plan, apply and destroy do on Google Cloud what they do on AWS?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gcp.conftest import Store
from tests.gcp.desk import (
    CHANNEL,
    CONFIG,
    DUTY,
    HIGH,
    LOW,
    TWIN,
    Desk,
    apply,
    destroy,
    plan,
    sit_down,
    verbs,
    write,
)
from tests.gcp.serving import Server
from tests.gcp.stage import PATH, serve
from tests.gcp.vertex import Replicas
from tests.rig import T0
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def desk(server: Server, store: Store, tmp_path: Path) -> Iterator[Desk]:
    """Sit down before an empty project."""
    with sit_down(server, store, tmp_path) as found:
        yield found


def test_a_plan_shows_what_would_change_and_changes_nothing(desk: Desk) -> None:
    """With exit code 2, each alert policy in one line, and its price."""
    done = plan()
    assert done.code == 2, done
    for line in (
        f"gcp: project {desk.store.project}, database (default), channel {CHANNEL}",
        "+ scalable target: 1–8 instances; apply; policies track",
        f"+ alarm track high: {DUTY} > 0.6 in 1 × 60 s; $0.39 a month",
        "Plan: 3 to create.",
        "Alarms: 2, $0.79 a month at list price (+$0.79); alarms are charged from 2027-09 on.",
    ):
        assert line in done.out, done.out
    assert desk.ours() == []
    assert not desk.store.ledger.scalable_target_ids()


def test_what_is_applied_is_found_again(desk: Desk) -> None:
    """A second plan has nothing to change, and a second apply makes nothing twice."""
    done = apply()
    assert done.code == 0, done
    assert "Done: 3 changes made." in done.out
    assert "In charge of gpu: Flyball." in done.out
    assert desk.ours() == [HIGH, LOW]
    assert desk.policies.named(HIGH).notification_channels == [CHANNEL]
    assert tuple(desk.store.ledger.scalable_target_ids()) == ("gpu",)
    again = plan()
    assert (again.code, again.err) == (0, ""), again
    assert "Nothing to change: 3 parts are as wanted." in again.out
    assert apply().code == 0
    assert len(desk.policies.policies) == 2


def test_what_somebody_changed_is_seen_and_mended(desk: Desk) -> None:
    """Field by field; labels that he added stay, and so does the condition's name."""
    apply()
    policy = desk.policies.named(HIGH)
    policy.conditions[0].condition_threshold.threshold_value = 0.9
    policy.notification_channels = []
    policy.user_labels["team"] = "ml"
    name = policy.conditions[0].name
    done = plan()
    assert done.code == 2
    assert "condition.threshold_value: 0.9 → 0.6" in done.out
    assert f'notification_channels: none → ["{CHANNEL}"]' in done.out
    assert "team" not in done.out
    assert apply().code == 0
    mended = desk.policies.named(HIGH)
    assert mended.conditions[0].condition_threshold.threshold_value == 0.6
    assert mended.conditions[0].name == name
    assert mended.user_labels["team"] == "ml"
    assert plan().code == 0


def test_what_was_removed_is_made_again(desk: Desk) -> None:
    """One policy; the other is as it should be."""
    apply()
    del desk.policies.policies[desk.policies.named(LOW).name]
    assert verbs(plan("--json")) == [("create", LOW)]
    assert apply().code == 0
    assert desk.ours() == [HIGH, LOW]


def test_what_the_config_does_not_want_any_more_goes(desk: Desk) -> None:
    """The low policy, once scale-in is disabled."""
    apply()
    write(CONFIG.replace("target_value: 60}", "target_value: 60, scale_in: {disabled: true}}"))
    assert ("delete", LOW) in verbs(plan("--json"))
    assert apply().code == 0
    assert desk.ours() == [HIGH]


def test_what_a_broken_renaming_left_is_named_and_goes(desk: Desk) -> None:
    """Its target is in no file and not registered any more; who only means another leaves it."""
    apply()
    write(CONFIG.replace("id: gpu", "id: renamed"))
    assert ("delete", HIGH) not in verbs(plan("--json"))  # it is registered
    desk.store.ledger.retire("gpu", T0)
    shown = plan("--json")
    assert {name for verb, name in verbs(shown) if verb == "delete"} == {HIGH, LOW}
    told = [
        each
        for each in json.loads(shown.out)["plan"]["checks"]
        if each.get("scalable_target_id") == "gpu"
    ]
    assert [(each["level"], each["text"]) for each in told] == [
        ("warn", "2 alarms are left of gpu, which is neither in the file nor registered")
    ]
    named = plan("--json", "--target", "renamed")
    assert not [name for verb, name in verbs(named) if verb == "delete"]
    assert apply("--unseen").code == 0
    assert {name.split("/")[1] for name in desk.ours()} == {"renamed"}


def test_destroying_removes_what_is_left_of_nobody(desk: Desk) -> None:
    """Also where the file names somebody else."""
    apply()
    desk.store.ledger.retire("gpu", T0)
    write(CONFIG.replace("id: gpu", "id: renamed"))
    done = destroy()
    assert done.code == 0, done
    assert desk.ours() == []


@pytest.mark.parametrize("channel", [CHANNEL.replace("17", "18"), ""])
def test_what_wakes_another_deployment_is_not_left_of_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """Who names the wrong database under the same prefix finds none of its targets there."""
    apply()
    desk.store.ledger.retire("gpu", T0)
    write(CONFIG.replace("id: gpu", "id: other"))
    monkeypatch.setenv("FLYBALL_ALERT_CHANNEL", channel)
    shown = plan("--json")
    assert not [name for verb, name in verbs(shown) if verb == "delete"]
    assert "neither in the file nor registered" not in shown.out
    for policy in desk.policies.policies.values():
        del policy.notification_channels[:]  # its channel was deleted with its deployment
    assert {name for verb, name in verbs(plan("--json")) if verb == "delete"} == {HIGH, LOW}


def test_of_two_that_a_lost_answer_left_one_goes(desk: Desk) -> None:
    """The later one."""
    apply()
    first = desk.policies.named(HIGH)
    second = type(first)(first)
    second.name = ""
    written = type(first).to_dict(second, use_integers_for_enums=False)
    desk.policies.add({**written, "name": ""}, desk.store.project)
    assert verbs(plan("--json")) == [("delete", f"{HIGH}/2")]
    assert apply().code == 0
    assert desk.policies.named(HIGH).name == first.name
    assert plan().code == 0


def test_others_alert_policies_are_left_alone(desk: Desk) -> None:
    """By hand with a label for us, of another deployment, of anybody, and with broken labels."""
    condition = {"display_name": "c", "condition_threshold": {"filter": "f"}}
    for number, labels in enumerate(
        (
            {"flyball-target": "gpu"},
            {"flyball-prefix": "stage", "flyball-target": "gpu", "flyball-side": "high"},
            {},
            {"flyball-target": "gpu_"},
        )
    ):
        desk.policies.add(
            {"display_name": f"n{number}", "user_labels": labels, "conditions": [condition]},
            desk.store.project,
        )
    done = apply()
    assert done.code == 0, done
    assert "n3 has labels that cannot be read" in done.out
    assert destroy().code == 0
    assert desk.ours() == ["n0", "n1", "n2", "n3"]


def test_destroying_removes_the_policies_and_the_item(desk: Desk) -> None:
    """The rows of the ledger stay; a second time there is nothing."""
    apply()
    done = destroy()
    assert done.code == 0, done
    assert desk.ours() == []
    assert tuple(desk.store.ledger.scalable_target_ids()) == ()
    assert tuple(desk.store.ledger.recorded_ids()) == ("gpu",)
    again = destroy()
    assert again.code == 0
    assert "Nothing to remove." in again.out


def test_a_saved_plan_is_applied_once_it_is_still_true(desk: Desk) -> None:
    """And refused when what it was made from has moved."""
    assert plan("--out", "it.plan").code == 2
    assert flyball("apply", "it.plan").code == 0
    assert desk.ours() == [HIGH, LOW]
    write(CONFIG.replace("60}", "70}"))
    assert plan("--out", "other.plan").code == 2
    desk.policies.named(HIGH).enabled = False
    done = flyball("apply", "other.plan")
    assert done.code == 1
    assert "this plan is stale" in done.err


def test_an_apply_that_broke_off_goes_on(desk: Desk) -> None:
    """What was refused is said, with how far it came; the next one makes the rest."""
    desk.policies.faults.append(("CreateAlertPolicy", "PERMISSION_DENIED", False))
    done = apply()
    assert done.code == 1
    assert "1 of 3 changes made" in done.err
    assert "Google Cloud: 403 PERMISSION_DENIED" in done.err
    assert apply().code == 0
    assert desk.ours() == [HIGH, LOW]


def test_what_would_scale_in_at_once_is_refused_until_it_is_said(desk: Desk) -> None:
    """Six replicas serve, and the config allows four."""
    desk.stage.vertex.endpoints[PATH] = [Replicas(6, 8, id="7")]
    write(CONFIG.replace("max_capacity: 8", "max_capacity: 4"))
    done = plan()
    assert done.code == 1, done
    assert "it would scale in by 2 at once" in done.out
    assert plan("--allow-scale-in").code == 2


def test_what_would_scale_out_at_once_is_said(desk: Desk) -> None:  # noqa: ARG001
    """A floor above what serves."""
    write(CONFIG.replace("min_capacity: 1", "min_capacity: 3"))
    done = plan()
    assert done.code == 2
    assert "it will scale out by 2 at once" in done.out


def test_what_cannot_be_seen_is_said(desk: Desk) -> None:
    """An endpoint that is not there: nothing begins to scale it; what does already is left."""
    assert apply().code == 0
    write(CONFIG.replace("60}", "70}"))
    del desk.stage.vertex.endpoints[PATH]
    done = plan()
    assert done.code == 2
    assert "warn  gpu: capacity: current capacity cannot be read: NOT_FOUND" in done.out
    assert destroy().code == 0
    done = plan()
    assert done.code == 1
    assert "fail  gpu: capacity: current capacity cannot be read: NOT_FOUND" in done.out


def test_what_went_to_another_home_is_named_here(desk: Desk, tmp_path: Path) -> None:
    """The deployment that the environment names is looked at, whatever the file has for it."""
    assert apply().code == 0
    local = CONFIG.replace("    home: gcp\n", "").replace(f"metric: {DUTY}", "metric: utilization")
    start = local.index("    resource:")
    write(local[:start] + local[local.index("\n", start) + 1 :])
    done = plan("--ledger", str(tmp_path / "ledger.db"))
    assert done.code == 2, done
    assert "gpu goes on in gcp as it is in force there" in done.out
    assert desk.ours() == [HIGH, LOW]


def test_two_targets_on_one_resource_are_refused(desk: Desk) -> None:  # noqa: ARG001
    """In one file, or with one that is in force."""
    write(CONFIG + TWIN)
    done = plan()
    assert done.code == 1
    assert "deployedModels/7 is scaled by gpu too" in done.out
    write(CONFIG)
    assert apply().code == 0
    write("version: 1\nscalable_targets:\n" + TWIN)
    done = plan()
    assert done.code == 1
    assert "is scaled by gpu too, which is in force and not in the file" in done.out
    assert plan("--prune").code == 2


def test_a_resource_that_another_target_leaves_is_waited_for(desk: Desk) -> None:
    """Both would scale it until the other has moved."""
    assert apply().code == 0
    other = CONFIG.replace('endpoint: "123"', 'endpoint: "456"')
    desk.stage.vertex.endpoints[PATH.replace("123", "456")] = [Replicas(1, 4, id="7")]
    write(other + TWIN)
    done = plan()
    assert done.code == 1, done
    assert "is scaled by gpu until that has another resource" in done.out


def test_a_deployment_that_only_advises_is_said(
    desk: Desk,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The config says to apply."""
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = apply()
    assert done.code == 0
    assert "the deployment only advises: nothing is changed" in done.out
    said = "the service itself, inside the range that is set; this deployment only advises."
    assert f"In charge of gpu: {said}" in done.out


def test_what_has_no_alert_policy_is_looked_at_on_every_tick(desk: Desk) -> None:
    """A total that is tracked, and an expression; a resource that is none is a problem."""
    vertex = "aiplatform.googleapis.com/prediction/online"
    total = CONFIG.replace("unit: ratio", "per: total").replace(
        "accelerator/duty_cycle", "prediction_count"
    )
    write(total)
    done = plan()
    assert done.code == 2, done
    assert "its threshold moves with the instances" in done.out
    lines = (
        f"expression: a / b, a: {{metric: {vertex}/error_count}}, b: {{metric: {vertex}/replicas}}"
    )
    write(CONFIG.replace("        unit: ratio\n", "").replace(f"metric: {DUTY}", lines))
    done = plan()
    assert done.code == 2, done
    assert "duty is an expression, which an alert policy cannot hold" in done.out
    assert desk.ours() == []


def test_without_a_channel_it_is_said_that_nobody_is_woken(
    desk: Desk,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The deployment's functions have it in a variable."""
    monkeypatch.delenv("FLYBALL_ALERT_CHANNEL")
    done = plan()
    assert done.code == 2
    assert "set FLYBALL_ALERT_CHANNEL" in done.out


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FLYBALL_ALERT_CHANNEL", "channel-1", "FLYBALL_ALERT_CHANNEL: got 'channel-1'"),
        ("FLYBALL_GCP_PROJECT", "", "FLYBALL_GCP_PROJECT: got '', expected the id of a project"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    desk: Desk,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    words: str,
) -> None:
    """Before anything is asked."""
    monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    done = plan()
    assert done.code == 1
    assert words in done.err
