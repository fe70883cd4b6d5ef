"""Is a deployment to Google Cloud found again, changed only where it differs, and undone whole?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from deploy.gcp.run import FixedError, make, undo
from deploy.gcp.step import (
    Ensure,
    Grant,
    Learn,
    UnknownError,
    When,
    fill,
    has_binding,
    holds,
)
from deploy.gcp.steps import list_steps
from tests.gcp.project import Project
from tests.unit.deploy.settled import PLACE, change, deployed

DEPLOYS = {"functions deploy flyball-alert", "functions deploy flyball-tick"}


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


def test_a_database_that_is_elsewhere_is_said_and_left_alone() -> None:
    """It cannot be moved, and it may be somebody's ledger."""
    project = deployed()
    project.found["The ledger's database flyball"]["locationId"] = "nam5"
    with pytest.raises(FixedError, match=r"whose locationId is nam5, not europe-west4.*--region"):
        make(project.steps, project.ask, lambda _: None)
    assert project.ran == []


def test_what_was_made_is_looked_for_until_it_is_listed() -> None:
    """A list lags behind: what is not found yet is not made again, and in the end it is said."""
    step = Ensure("It", ("list",), {}, (("create",),), known={"it": "name"})
    answers = ["[]", "", "[]", "[]", '[{"name": "7"}]']
    known, waited = dict[str, str](), list[float]()
    make([step], lambda _: answers.pop(0), lambda _: None, known, waited.append)
    assert (known, len(waited)) == ({"it": "7"}, 2)
    with pytest.raises(UnknownError, match="It: it was made, and is not listed yet"):
        make([step], lambda _: "[]", lambda _: None, known, waited.append)


CHANGED = {
    "memory": ("functions.MEMORY", "512Mi"),
    "cpu": ("functions.CPU", "2"),
    "time": ("functions.TIMEOUT_S", 90),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_of_what_a_function_has_deploys_it_again(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not its sources alone."""
    project = deployed()
    name, value = CHANGED[what]
    monkeypatch.setattr(f"deploy.gcp.{name}", value)
    assert set(change(project, PLACE)) >= DEPLOYS


@pytest.mark.parametrize(
    "changed",
    [
        {"runtime": "python312"},
        {"max_instances": 3},
        {"mode": "advise"},
        {"digest": "d2"},
        {"handful": 3},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_change_of_an_option_deploys_functions_again(changed: dict[str, Any]) -> None:
    """Each that a function is about."""
    assert set(change(deployed(), PLACE._replace(**changed))) >= DEPLOYS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("availableMemory", "512Mi"),
        ("availableCpu", "2"),
        ("maxInstanceRequestConcurrency", 80),
        ("minInstanceCount", 1),
        ("serviceAccountEmail", "owner@example.com"),
        ("timeoutSeconds", 60),
        ("environmentVariables", {"FLYBALL_MODE": "apply"}),
    ],
)
def test_what_somebody_changed_of_a_function_is_mended(field: str, value: object) -> None:
    """By hand, in the console."""
    project = deployed()
    project.found["The function flyball-tick, of every minute"]["serviceConfig"][field] = value
    assert change(project, PLACE) == ["functions deploy flyball-tick"]


def test_a_function_whose_build_failed_is_deployed_again() -> None:
    """It is there, and it is not."""
    project = deployed()
    project.found["The function flyball-alert, of alerts"]["state"] = "FAILED"
    assert change(project, PLACE) == ["functions deploy flyball-alert"]


def test_more_people_are_told_where_they_are_named() -> None:
    """By the three policies, and nothing else is changed."""
    channel = "projects/acme-ml/notificationChannels/77"
    project = deployed()
    ran = change(project, PLACE._replace(channels=(channel,)))
    assert ran == ["alpha monitoring policies"] * 3
    assert all(channel in words[-1] for words in project.ran)


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


def test_a_region_that_is_none_is_refused_before_anything_is_made_in_it() -> None:
    """A region's name may have the form of one; the services alone are on by then."""
    project = Project(list_steps(PLACE._replace(region="moon-west1")))

    def ask(words: Sequence[str]) -> str:
        return "\n" if words[:2] == ["firestore", "locations"] else project.ask(words)

    with pytest.raises(UnknownError, match=r"Remedy: --region: there is no moon-west1; name"):
        make(project.steps, ask, lambda _: None)
    assert [words[:2] for words in project.ran] == [["services", "enable"]]


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
    assert holds({"a": 0, "b": False}, {})
    assert holds({"a": 2, "b": 0.5}, {"a": 2.0, "b": "0.5"})
    assert not holds({"a": 2}, {"a": "2s"})
    assert not holds({"a": 2}, {})


def test_a_grant_under_another_condition_is_another_grant() -> None:
    """A right to all databases is not the right to one."""
    grant = Grant("t", ("projects",), "p", (), "r", "m", ("only", "x"))
    wide = {"bindings": [{"role": "r", "members": ["m"]}]}
    assert not has_binding(wide, grant, "m")
    assert has_binding(wide, grant._replace(condition=None), "m")
    assert not has_binding(wide, grant._replace(condition=None), "another")
