"""Is what is deployed found wherever it is, kept as it was, and not undone by half?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy.gcp import __main__ as entry
from deploy.gcp.leave import UnaskedError, list_targets
from deploy.gcp.place import Place
from deploy.gcp.step import Ensure
from tests.gcp.project import Project
from tests.unit.deploy.settled import RUNTIME, WHERE

WRONG = [*WHERE[:3], "europe-west1"]
CHANNEL = "projects/acme-ml/notificationChannels/77"
DATABASE = "The ledger's database flyball"
ALERT, TICK = "The function flyball-alert, of alerts", "The function flyball-tick, of every minute"
FIRST = ["--runtime", RUNTIME, "--mode", "apply", "--email", "ops@example.com"]
FIRST += ["--notify", CHANNEL, "--max-instances", "50", "--handful", "3", "--ai-platform"]


@pytest.fixture(autouse=True)
def _unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upload nothing: here it is about options and regions."""
    monkeypatch.setattr(entry, "build", lambda *_: "d1")


def deploy(*options: str) -> int:
    """Deploy by the command, where it stood before."""
    return entry.main(["deploy", *WHERE, *options])


def find_policies(project: Project) -> list[dict[str, Any]]:
    """Give the alerts for people."""
    return [each for title, each in project.found.items() if title.startswith("The alert for peo")]


def test_a_deployment_without_flags_keeps_what_is_deployed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option of before, and it says so."""
    assert deploy(*FIRST) == 0
    project.ran.clear()
    capsys.readouterr()
    assert deploy() == 0
    assert project.ran == []
    out = capsys.readouterr().out
    kept = next(line for line in out.splitlines() if line.startswith("Kept: "))
    said = ["mode apply", "max-instances 50", "handful 3", "email ops@example.com", "ai-platform"]
    for each in (*said, f"notify {CHANNEL}", f"runtime {RUNTIME}"):
        assert each in kept
    assert "export FLYBALL_MODE=apply\n" in out


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (["--mode", "advise"], "environmentVariables.FLYBALL_MODE", "advise"),
        (["--max-instances", "10"], "maxInstanceCount", 10),
        (["--handful", "10"], "environmentVariables.FLYBALL_HANDFUL", "10"),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else None,
)
def test_a_flag_that_is_given_changes_just_that(
    options: list[str], field: str, value: object, project: Project
) -> None:
    """To the usual, too."""
    assert deploy(*FIRST) == 0
    before = json.loads(json.dumps(project.found[TICK]["serviceConfig"]))
    assert deploy(*options) == 0
    after = project.found[TICK]["serviceConfig"]
    *path, last = field.split(".")
    there, was = after, before
    for name in path:
        there, was = there[name], was[name]
    assert was[last] != value
    assert there[last] == value
    was[last] = value
    assert after == before


def test_a_first_deployment_has_the_usual_options(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing there nothing is kept; nor is anything asked of a service that is off."""
    project.off = {"functions", "firestore"}
    assert deploy("--runtime", RUNTIME) == 0
    out = capsys.readouterr().out
    assert "Kept: " not in out
    config = project.found[ALERT]["serviceConfig"]
    assert config["maxInstanceCount"] == 10
    assert config["environmentVariables"]["FLYBALL_MODE"] == "advise"


def test_of_functions_that_differ_nothing_is_guessed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where a deployment broke off between the two: the flag is asked for."""
    assert deploy(*FIRST) == 0
    project.found[ALERT]["serviceConfig"]["environmentVariables"]["FLYBALL_MODE"] = "advise"
    project.ran.clear()
    assert deploy() == 1
    assert "--mode: the functions have advise and apply" in capsys.readouterr().err
    assert project.ran == []
    assert deploy("--mode", "apply") == 0


@pytest.mark.parametrize("options", [["--email", ""], ["--no-email"]])
def test_an_address_can_be_taken_away(
    options: list[str], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the alerts first, then its channel; the rest stays, and who is told is said."""
    assert deploy(*FIRST) == 0
    assert f"Told of trouble: ops@example.com, {CHANNEL}\n" in capsys.readouterr().out
    project.ran.clear()
    assert deploy(*options) == 0
    ran = [" ".join(words[:4]) for words in project.ran]
    assert ran[:4] == [*["alpha monitoring policies update"] * 3, "beta monitoring channels delete"]
    assert {tuple(each["notificationChannels"]) for each in find_policies(project)} == {(CHANNEL,)}
    assert f"Told of trouble: {CHANNEL}\n" in capsys.readouterr().out
    assert deploy("--no-notify") == 0
    assert {tuple(each["notificationChannels"]) for each in find_policies(project)} == {()}
    assert "Nobody is told of trouble" in capsys.readouterr().out
    project.ran.clear()
    assert deploy() == 0
    assert project.ran == []


def test_named_channels_take_the_place_of_those_before(project: Project) -> None:
    """The list is whole."""
    other = f"{CHANNEL}8"
    assert deploy(*FIRST) == 0
    assert deploy("--notify", other) == 0
    told = {tuple(each["notificationChannels"]) for each in find_policies(project)}
    assert [channels[1:] for channels in told] == [(other,)]


def test_a_right_to_scale_what_is_retired_can_be_taken_back(project: Project) -> None:
    """With the option's opposite; without either it stays."""
    assert deploy(*FIRST) == 0
    mine = {each for each in project.bindings if "AI Platform" in each}
    assert mine
    assert deploy() == 0
    assert mine <= project.bindings
    assert deploy("--no-ai-platform") == 0
    assert not mine & project.bindings


GONE: dict[str, Callable[[Project], object]] = {
    "all is there": lambda _: None,
    "the database is gone": lambda project: project.found.pop(DATABASE),
    "the functions are gone": lambda project: [project.found.pop(each) for each in (ALERT, TICK)],
    "one function is left": lambda project: [project.found.pop(each) for each in (ALERT, DATABASE)],
    "only the job is left": lambda project: (
        [project.found.pop(each) for each in (ALERT, TICK, DATABASE)],
        project.jobs.update({"europe-west4": ""}),
    ),
}


@pytest.mark.parametrize("gone", GONE)
def test_another_region_is_refused_before_anything_is_undone(
    gone: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the deployment would go, and the other would run on, unheard."""
    assert deploy("--runtime", RUNTIME) == 0
    GONE[gone](project)
    project.ran.clear()
    project.steps = []
    assert entry.main(["destroy", *WRONG]) == 1
    said = capsys.readouterr().err
    assert "--region: got europe-west1, but europe-west4 has the " in said
    assert "Nothing was changed. Remedy: --region europe-west4" in said
    assert project.ran == []
    project.jobs.clear()
    assert entry.main(["destroy", *WHERE]) == 0
    ours = {each.title for each in project.steps if isinstance(each, Ensure) and each.delete}
    assert not ours & set(project.found)


def test_a_deployment_to_another_region_is_refused_before_anything_is_made(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two would share everything that has no region."""
    assert deploy("--runtime", RUNTIME) == 0
    project.found.pop(DATABASE)
    project.ran.clear()
    assert entry.main(["deploy", *WRONG]) == 1
    said = capsys.readouterr().err
    assert "europe-west4 has the function flyball-alert, the function flyball-tick." in said
    assert "or another --name" in said
    assert project.ran == []


def test_of_two_regions_neither_is_chosen(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """People see which of them is at work."""
    assert deploy("--runtime", RUNTIME) == 0
    project.found[TICK]["name"] = project.found[TICK]["name"].replace("west4", "west1")
    for where, other in ((WHERE, "europe-west1"), (WRONG, "europe-west4")):
        assert entry.main(["destroy", *where]) == 1
        said = capsys.readouterr().err
        assert f"but {other} has the function" in said
        assert "`gcloud functions delete flyball-tick --gen2 --region=europe-west1`" in said


ALARM = {
    "name": "projects/acme-ml/alertPolicies/9",
    "displayName": "flyball/churn/cpu/high",
    "userLabels": {"flyball-prefix": "flyball", "flyball-target": "churn"},
}
ORDER = [
    "flyball destroy --config flyball.yaml --all --project acme-ml",
    "python -m deploy.gcp destroy --project acme-ml --region europe-west4",
]


def test_targets_in_force_keep_a_deployment_until_it_is_forced(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are named with their alert policies, and the order in which all goes."""
    assert deploy("--runtime", RUNTIME) == 0
    project.targets, project.alarms = ("churn", "llm"), [ALARM]
    project.ran.clear()
    assert entry.main(["destroy", *WHERE]) == 1
    said = capsys.readouterr().err
    assert "2 scalable targets are in force (churn, llm)" in said
    assert "1 alert policy stays, charged for and heard by nobody (flyball/churn/cpu/high)" in said
    assert [line.strip() for line in said.splitlines() if line.startswith("  ")] == ORDER
    assert project.ran == []
    assert entry.main(["destroy", *WHERE, "--force"]) == 0
    said = capsys.readouterr().out
    assert "Left behind: 2 scalable targets are in force" in said
    assert project.ran
    assert "Gone: what was put aside in flyball-quarantine" in said
    assert entry.main(["destroy", *WHERE, "--force"]) == 0
    assert "Gone: " not in capsys.readouterr().out


def test_of_a_ledger_that_goes_no_target_is_said_to_be_in_force_after_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is scaled is left behind all the same."""
    assert deploy("--runtime", RUNTIME) == 0
    project.targets = ("churn",)
    assert entry.main(["destroy", *WHERE, "--delete-ledger", "--force"]) == 0
    said = capsys.readouterr().out
    assert "Left behind: 1 scalable target was in force (churn), and what is scaled stays" in said
    assert "is in force" not in said
    assert "Kept: the services" in said


def test_where_the_functions_are_gone_the_order_begins_with_them(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without them --project finds nothing."""
    assert deploy("--runtime", RUNTIME) == 0
    project.found.pop(ALERT)
    project.found.pop(TICK)
    project.targets = ("churn",)
    assert entry.main(["destroy", *WHERE]) == 1
    said = [line.strip() for line in capsys.readouterr().err.splitlines() if line.startswith("  ")]
    assert said == [ORDER[1].replace("destroy", "deploy"), *ORDER]


@pytest.mark.parametrize(
    ("alarms", "options", "code"),
    [([], [], 0), ([ALARM], [], 1), ([], ["--delete-ledger"], 1)],
    ids=["nothing says that there are targets", "alert policies say it", "the ledger would go"],
)
def test_a_ledger_that_cannot_be_asked_is_said(
    alarms: list[dict[str, Any]],
    options: list[str],
    code: int,
    project: Project,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And what may be lost for good is not."""
    assert deploy("--runtime", RUNTIME) == 0
    project.targets, project.alarms = None, alarms
    assert entry.main(["destroy", *WHERE, *options]) == code
    out, err = capsys.readouterr()
    assert "which scalable targets are in force is not known (NO_CREDENTIALS)" in out + err


def test_alert_policies_without_a_target_are_named_and_keep_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of another deployment are not ours to name."""
    assert deploy("--runtime", RUNTIME) == 0
    other = {"displayName": "dev/churn", "userLabels": {"flyball-prefix": "flyball-dev"}}
    project.alarms = [ALARM, other]
    assert entry.main(["destroy", *WHERE]) == 0
    out = capsys.readouterr().out
    assert "Left behind: 1 alert policy stays" in out
    assert "dev/churn" not in out
    delete = "gcloud alpha monitoring policies delete --project=acme-ml --quiet"
    assert f"  {delete} {ALARM['name']}\n" in out


def test_without_a_way_to_the_ledger_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with an endpoint that is no URL, or without credentials."""
    monkeypatch.setenv("FLYBALL_GCP_ENDPOINT_FIRESTORE", "nowhere")
    with pytest.raises(UnaskedError, match="FLYBALL_GCP_ENDPOINT_FIRESTORE"):
        list_targets(Place("acme-ml", "europe-west4"))
