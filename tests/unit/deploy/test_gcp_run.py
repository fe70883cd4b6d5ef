"""Is a deployment to Google Cloud found again, changed only where it differs, and undone whole?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deploy.gcp.place import Place
from deploy.gcp.run import CommandError, make, undo
from deploy.gcp.step import Ensure, Grant, Learn, UnknownError, When, fill, has_binding, holds
from deploy.gcp.steps import list_steps
from tests.gcp.project import Project

PLACE = Place("acme-ml", "europe-west4", mode="apply", email="ops@example.com", digest="d1")


def deployed(place: Place = PLACE) -> Project:
    """Deploy to an empty project."""
    project = Project(list_steps(place))
    make(project.steps, project.ask, lambda _: None)
    project.ran.clear()
    return project


def change(project: Project, place: Place) -> list[str]:
    """Deploy again, and list the commands that change something, in three words each."""
    project.use(list_steps(place))
    make(project.steps, project.ask, lambda _: None)
    return [" ".join(words[:3]) for words in project.ran]


def test_a_second_deployment_changes_nothing() -> None:
    """Whatever the first one made is found to be as it should be."""
    assert change(deployed(), PLACE) == []


def test_a_first_deployment_makes_everything_once() -> None:
    """Each thing that is to be there is made by its own command, and nothing is updated."""
    project = Project(list_steps(PLACE))
    said: list[str] = []
    count = make(project.steps, project.ask, said.append)
    ensured = {each.title for each in project.steps if isinstance(each, Ensure) and each.create}
    assert ensured <= set(project.found)
    assert project.bindings == {
        each.title for each in project.steps if isinstance(each, Grant) and each.is_wanted
    }
    assert count == len(said)
    assert not [
        words
        for words in project.ran
        if words[2] in {"update", "resume"} and words[0] == "scheduler"
    ]


@pytest.mark.parametrize("after", range(0, 60, 7))
def test_a_deployment_that_broke_off_goes_on(after: int) -> None:
    """Wherever a command fails, the next run makes the rest and nothing twice."""
    whole = Project(list_steps(PLACE))
    make(whole.steps, whole.ask, lambda _: None)
    project = Project(list_steps(PLACE))
    project.fails = after
    if after < len(whole.ran):
        with pytest.raises(CommandError, match="PERMISSION_DENIED"):
            make(project.steps, project.ask, lambda _: None)
    make(project.steps, project.ask, lambda _: None)
    assert project.ran == whole.ran


def test_new_code_deploys_both_functions_and_nothing_else() -> None:
    """What is uploaded is told apart by its digest."""
    assert change(deployed(), PLACE._replace(digest="d2")) == [
        "functions deploy flyball-alert",
        "functions deploy flyball-tick",
    ]


def test_advising_takes_the_right_to_scale_back() -> None:
    """What only advises cannot change a capacity, whatever its code says."""
    project = deployed()
    ran = change(project, PLACE._replace(mode="advise"))
    assert ran[0] == "projects remove-iam-policy-binding acme-ml"
    assert any("flyball.scale" in word for word in project.ran[0])
    assert ran[1:] == ["functions deploy flyball-alert", "functions deploy flyball-tick"]


def test_what_is_retired_is_only_granted_where_it_is_asked_for() -> None:
    """A role with a permission that Google has forgotten could not be made."""
    place = PLACE._replace(ai_platform=True)
    words = {word for step in list_steps(PLACE) for word in str(step).split(",")}
    assert not [word for word in words if "ml.versions" in word]
    assert change(deployed(), place) == [
        "iam roles create",
        "iam roles create",
        "projects add-iam-policy-binding acme-ml",
        "projects add-iam-policy-binding acme-ml",
    ]


def test_what_somebody_changed_is_mended() -> None:
    """A job that was paused runs again; a role that was widened is narrowed."""
    project = deployed()
    project.found["The job of every minute"]["state"] = "PAUSED"
    role = "The role flyball.decide: read capacity and metrics"
    project.found[role]["includedPermissions"].append("aiplatform.endpoints.delete")
    assert change(project, PLACE) == [
        "iam roles update",
        "scheduler jobs update",
        "scheduler jobs resume",
    ]


def test_a_role_that_was_deleted_lately_is_restored() -> None:
    """Its name is taken for a week: it can be had back, and not be made."""
    project = deployed()
    title = "The role flyball.scale, where it was deleted within the last days"
    project.deleted.add(title)
    assert change(project, PLACE) == ["iam roles undelete"]


def test_destroying_leaves_the_ledger_and_nothing_else() -> None:
    """Also what another mode granted, and what an option made that is not given any more."""
    project = deployed()
    project.use(list_steps(PLACE._replace(mode="advise", email=""), undoing=True))
    undo(project.steps, project.ask, lambda _: None)
    ours = {each.title for each in project.steps if isinstance(each, Ensure) and each.create}
    left = [title for title in project.found if title in ours and "No index of" not in title]
    assert left == ["The ledger's database flyball"]
    assert project.bindings == {
        each.title for each in project.steps if isinstance(each, Grant) and each.outlives
    }
    assert undo(project.steps, project.ask, lambda _: None) == 0


def test_the_ledger_goes_only_when_it_is_said() -> None:
    """Its protection is taken off first."""
    project = deployed()
    project.use(list_steps(PLACE, undoing=True, deletes_ledger=True))
    undo(project.steps, project.ask, lambda _: None)
    ran = [" ".join(words[:3]) for words in project.ran if words[0] == "firestore"]
    assert ran == ["firestore databases update", "firestore databases delete"]


def test_what_is_pushed_stops_before_what_it_is_pushed_to() -> None:
    """Undone is the other way round: no message finds nobody."""
    project = deployed()
    project.use(list_steps(PLACE, undoing=True))
    undo(project.steps, project.ask, lambda _: None)
    ran = [" ".join(words[:4]) for words in project.ran]
    order = [
        "scheduler jobs delete flyball-tick",
        "functions delete flyball-tick --project=acme-ml",
        "pubsub subscriptions delete flyball-wakes",
        "functions delete flyball-alert --project=acme-ml",
        "pubsub topics delete flyball-alerts",
    ]
    assert [each for each in ran if each in order] == order


def test_what_was_not_told_stops_the_deployment() -> None:
    """A command is never run with a name left open."""

    def silent(_: Sequence[str]) -> str:
        return "\n"

    with pytest.raises(UnknownError, match="number: nothing was told"):
        make([Learn("The number", "number", ("projects",))], silent, lambda _: None)
    with pytest.raises(UnknownError, match=r"\$\{number\}"):
        fill(("a", "b-${number}"), {})


def test_what_nothing_of_ours_makes_has_to_be_there() -> None:
    """Such as the subscription that the service makes with a function."""
    step = Ensure("It", ("list",), {}, (), (("update",),))
    with pytest.raises(UnknownError, match="It: it is not there"):
        make([step], lambda _: "[]", lambda _: None)


def test_something_is_done_only_where_something_is_found() -> None:
    """Nothing is restored that was not deleted."""
    assert make([When("It", ("list",), (("undelete",),))], lambda _: "[]", lambda _: None) == 0


def test_what_is_wanted_is_held_against_what_is_found() -> None:
    """Services add fields, write numbers as texts, and leave out what is empty."""
    assert holds({"a": {"b": 5}}, {"a": {"b": "5", "c": 1}, "d": 2})
    assert holds({"a": {}, "b": []}, {})
    assert holds({"a": True}, {"a": True})
    assert not holds({"a": True}, {})
    assert not holds({"a": [1, 2]}, {"a": [1]})
    assert not holds({"a": [1]}, {"a": "1"})
    assert not holds({"a": {"b": 1}}, {"a": "b"})


def test_a_grant_under_another_condition_is_another_grant() -> None:
    """A right to all databases is not the right to one."""
    grant = Grant("t", ("projects",), "p", (), "r", "m", ("only", "x"))
    wide = {"bindings": [{"role": "r", "members": ["m"]}]}
    assert not has_binding(wide, grant, "m")
    assert has_binding(wide, grant._replace(condition=None), "m")
    assert not has_binding(wide, grant._replace(condition=None), "another")
