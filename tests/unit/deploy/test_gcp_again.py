"""Does a deployment that failed anywhere go on, wait for what is not ready, and say what helps?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.gcp.failure import CommandError, explain
from deploy.gcp.run import UndoError, ask_gcloud, make, undo
from deploy.gcp.step import READS, Ensure
from deploy.gcp.steps import list_steps
from tests.gcp.gcloud import installed
from tests.gcp.project import Project
from tests.unit.deploy.settled import PLACE, change, deployed


def count_commands(*, destroys: bool = False) -> int:
    """Count the commands of a whole deployment, or of what undoes it, that change something."""
    project = deployed() if destroys else Project(list_steps(PLACE))
    if destroys:
        project.use(list_steps(PLACE, undoing=True, deletes_ledger=True))
        undo(project.steps, project.ask, lambda _: None)
    else:
        make(project.steps, project.ask, lambda _: None)
    return len(project.ran)


BREAKS = pytest.mark.parametrize("lands", [False, True], ids=["it fails", "its answer is lost"])


@BREAKS
def test_a_deployment_that_broke_off_anywhere_goes_on(lands: bool) -> None:
    """After each command: the next run makes the rest, nothing twice, and a third nothing."""
    for after in range(count_commands()):
        project = Project(list_steps(PLACE))
        project.fails, project.lands = after, lands
        with pytest.raises(CommandError, match="PERMISSION_DENIED"):
            make(project.steps, project.ask, lambda _: None)
        assert len(project.ran) == after + lands
        make(project.steps, project.ask, lambda _: None)
        made = [step.title for step in project.steps if isinstance(step, Ensure) and step.create]
        assert set(made) <= set(project.found)
        creates = [str(words) for words in project.ran if "create" in words]
        assert len(creates) == len(set(creates)), after
        assert change(project, PLACE) == [], after


@BREAKS
def test_one_thing_that_cannot_be_undone_keeps_nothing_else(lands: bool) -> None:
    """After each command: the rest is undone at once, what is left by the next run."""
    for after in range(count_commands(destroys=True)):
        project = deployed()
        project.use(list_steps(PLACE, undoing=True, deletes_ledger=True))
        project.fails, project.lands = after, lands
        with pytest.raises(UndoError, match=f"1 of {len(project.steps)} failed"):
            undo(project.steps, project.ask, lambda _: None)
        undo(project.steps, project.ask, lambda _: None)
        kept = {step.title for step in project.steps if isinstance(step, Ensure) and step.delete}
        assert kept.isdisjoint(project.found), after
        assert undo(project.steps, project.ask, lambda _: None) == 0


@pytest.mark.enable_socket
@pytest.mark.slow
@pytest.mark.parametrize("after", [9, 50])
def test_a_program_of_its_own_breaks_off_and_goes_on(after: int, tmp_path: Path) -> None:
    """The same by a gcloud that is run as a program, and prints and fails as one."""
    project = Project(list_steps(PLACE))
    project.fails = after

    def hear(words: Sequence[str], reads: str) -> str:
        return project.ask([*words, f"{READS}{reads}"] if reads else words)

    with installed(tmp_path / "bin", hear):
        with pytest.raises(CommandError, match="PERMISSION_DENIED"):
            make(project.steps, ask_gcloud, lambda _: None)
        assert make(project.steps, ask_gcloud, lambda _: None) > 0
        assert make(project.steps, ask_gcloud, lambda _: None) == 0
        project.use(list_steps(PLACE, undoing=True))
        assert undo(project.steps, ask_gcloud, lambda _: None) > 0
        assert undo(project.steps, ask_gcloud, lambda _: None) == 0


NOT_YET = (
    "Pub/Sub API has not been used in project 123456 before or it is disabled.",
    "INVALID_ARGUMENT: Service account flyball-run@acme-ml.iam.gserviceaccount.com does not exist.",
    "There were concurrent policy changes. Please retry the whole read-modify-write",
    'Cannot find metric that matches type = "logging.googleapis.com/user/flyball-failed"',
    "Permission denied while using the Eventarc Service Agent.",
    "Since this is your first time using 2nd gen functions, we need a little bit longer",
)


@pytest.mark.parametrize("said", NOT_YET, ids=lambda said: " ".join(said.split()[:4]))
def test_what_is_not_ready_yet_is_waited_for(said: str) -> None:
    """Services, accounts and metrics that were made a moment ago; it is said, and tried again."""
    project, waited, told = Project(list_steps(PLACE)), list[float](), list[str]()
    project.fails, project.says = 30, said
    make(project.steps, project.ask, told.append, rest=waited.append)
    assert waited == [5.0]
    assert len([line for line in told if line.startswith("  not yet, again in 5 s: ")]) == 1
    assert change(project, PLACE) == []


def test_a_wait_ends() -> None:
    """After ten minutes it is a failure, with the service's own words."""
    waited = list[float]()

    def refuse(_: Sequence[str]) -> str:
        raise CommandError(NOT_YET[0])

    with pytest.raises(CommandError, match="has not been used in project"):
        make(list_steps(PLACE), refuse, lambda _: None, rest=waited.append)
    assert sum(waited) == 600


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        ("projects describe p", "PERMISSION_DENIED", "--project: there is no project p, or this"),
        (
            "projects describe p",
            "SERVICE_DISABLED: Cloud Resource Manager",
            "gcloud services enable",
        ),
        (
            "pubsub topics list",
            "You do not currently have an active account selected",
            "auth login",
        ),
        ("pubsub topics list", "invalid_grant: Token has been expired", "the login has ended"),
        ("alpha monitoring x", "You do not currently have this command group installed", "install"),
        ("services enable x", "Billing account for project '1' is not found.", "billing projects"),
        ("iam roles create", "violates constraint constraints/iam.disable", "your organization"),
        ("pubsub topics list", "PERMISSION_DENIED: pubsub.topics.list", "gcloud auth list"),
        ("logging metrics list", "Invalid choice: 'metrics'", "gcloud components update"),
        ("scheduler jobs list", "Location 'x' is not a valid location", "another --region"),
    ],
)
def test_a_failure_says_what_can_help(words: str, said: str, remedy: str) -> None:
    """The command, gcloud's words, and a remedy."""
    error = explain(words.split(), f"gcloud {words}", said)
    assert str(error).startswith(f"gcloud {words}\n{said}\nRemedy: ")
    assert remedy in str(error).partition("Remedy: ")[2]
    assert not error.passes


def test_what_nobody_knows_of_is_shown_as_it_is() -> None:
    """No remedy is made up."""
    assert str(explain(["x"], "gcloud x", "a wonder")) == "gcloud x\na wonder"


def test_nothing_is_undone_in_a_project_that_cannot_be_seen() -> None:
    """Else a slip of the project's name would look like a thing well done."""

    def refuse(words: Sequence[str]) -> str:
        raise explain(words, "gcloud", "PERMISSION_DENIED: or it may not exist")

    with pytest.raises(CommandError, match="--project: there is no project acme-ml"):
        undo(list_steps(PLACE, undoing=True), refuse, lambda _: None)


def test_what_a_service_that_is_off_would_hold_is_undone() -> None:
    """A deployment that broke off at the services left nothing in them."""

    def off(words: Sequence[str]) -> str:
        if words[0] == "projects":
            return "123456" if words[1] == "describe" else "{}"
        raise CommandError(NOT_YET[0])

    assert undo(list_steps(PLACE, undoing=True), off, lambda _: None) == 0
