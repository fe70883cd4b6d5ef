"""Is a plan refused when what it was made from has moved, and only then?"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from flyball.plan.model import Part, PlanError
from flyball.plan.stale import moved, read_plan, write_plan
from tests.unit.plan.parts import alarm, native, plan, target

WANTED = [target(), alarm("a"), native(state="suspended")]
FOUND = [native(), alarm("old")]


@dataclass(frozen=True)
class Case:
    """What is found when the plan is applied, and what is said of it."""

    id: str
    found: list[Part]
    said: list[str]


CASES = [
    Case("as it was", FOUND, []),
    Case("half applied", [target(), native(), alarm("old")], []),
    Case("applied", [*WANTED], []),
    Case("orphan removed already", [native()], []),
    Case(
        "somebody applied another config",
        [*FOUND, target(config_hash="other")],
        ["aws scalable target churn: it appeared since"],
    ),
    Case(
        "somebody changed an alarm",
        [native(), alarm("old", threshold="9")],
        ["aws alarm flyball/churn/old: it was changed since"],
    ),
    Case(
        "a new alarm of ours is there",
        [*FOUND, alarm("new")],
        ["aws alarm flyball/churn/new: it appeared since"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_plan_is_stale_when_something_moved_but_towards_it(case: Case) -> None:
    """What has become as the plan wants it is no reason to refuse the rest."""
    made = plan(WANTED, FOUND)
    wanted = [each for each in WANTED if each.name != "endpoint/churn/variant/a"]
    fresh = plan([*wanted, native(state="suspended")], case.found)
    assert list(moved(made, fresh)) == case.said


def test_what_vanished_and_is_still_wanted_is_made_again() -> None:
    """An alarm that was right and was deleted by hand has moved."""
    made = plan([alarm("a", threshold="2")], [alarm("a")])
    fresh = plan([alarm("a", threshold="2")], [])
    assert list(moved(made, fresh)) == ["aws alarm flyball/churn/a: it vanished since"]


def test_another_version_that_wants_something_else_refuses() -> None:
    """A plan that was read by people is not carried out otherwise than they read it."""
    made = plan([alarm("a")], [])
    fresh = plan([alarm("a", threshold="7")], [])
    (said,) = moved(made, fresh)
    assert said.endswith("this Flyball wants it otherwise than the plan")


def test_a_plan_of_another_account_is_refused() -> None:
    """The same names elsewhere are other things; each field that differs has both values."""
    made = plan(WANTED, FOUND)
    fresh = plan(WANTED, [], place={"aws": {"account": "210987654321", "alarm_topic": "t"}})
    assert list(moved(made, fresh)) == [
        "aws account: the plan is for 123456789012, and this is 210987654321",
        "aws alarm topic: the plan is for none, and this is t",
    ]


def test_how_a_place_was_found_is_not_where_it_is() -> None:
    """By its stack, or by the tables that the stack put out."""
    made = plan(WANTED, FOUND)
    place = {"aws": {**made.place["aws"], "stack": "flyball"}}
    assert list(moved(made, plan(WANTED, FOUND, place=place))) == []


def test_a_plan_comes_back_from_its_file_as_it_was() -> None:
    """Nothing is lost between plan and apply."""
    made = plan(WANTED, FOUND)
    assert read_plan(write_plan(made)) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this is not a plan"),
        ("[]", "this is not a plan"),
        ('{"flyball_plan": 99}', "format 99"),
        ('{"flyball_plan": 1}', "cannot be read"),
        ('{"flyball_plan": 1, "plan": {}}', "cannot be read"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, said: str) -> None:
    """A wrong file is named as such, with the remedy."""
    with pytest.raises(PlanError, match=said):
        read_plan(text)


def test_a_plan_that_was_edited_is_refused() -> None:
    """Its digest is of all of it, what people read and what is checked."""
    document = json.loads(write_plan(plan(WANTED, FOUND)))
    document["plan"]["changes"] = document["plan"]["changes"][1:]
    with pytest.raises(PlanError, match="changed after it was made"):
        read_plan(json.dumps(document))
