"""Is exactly that planned which differs, and in an order that is safe to break off?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from flyball.plan.compare import compare, flatten, order
from flyball.plan.model import Change, Field, Kind, Part, Verb
from tests.unit.plan.parts import alarm, native, part, target


@dataclass(frozen=True)
class Case:
    """What is wanted, what was found, and the verbs that follow."""

    id: str
    wanted: list[Part]
    found: list[Part]
    verbs: list[Verb]
    unchanged: dict[str, int]


CASES = [
    Case("nothing is nothing", [], [], [], {}),
    Case("what is missing is made", [alarm("a")], [], [Verb.CREATE], {}),
    Case("what is right is left alone", [alarm("a")], [alarm("a")], [], {"alarm": 1}),
    Case("what differs is updated", [alarm("a")], [alarm("a", threshold="2")], [Verb.UPDATE], {}),
    Case("what nobody wants goes", [], [alarm("a")], [Verb.DELETE], {}),
    Case("native is suspended", [native(state="suspended")], [native()], [Verb.SUSPEND], {}),
    Case("native is resumed", [native()], [native(state="suspended")], [Verb.RESUME], {}),
    Case(
        "suspended stays suspended",
        [native(state="suspended")],
        [native(state="suspended")],
        [],
        {"native scaling": 1},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_exactly_what_differs_is_planned(case: Case) -> None:
    """Each pair of wanted and found comes to one verb, or to none."""
    changes, unchanged = compare(case.wanted, case.found)
    assert [each.verb for each in changes] == case.verbs
    assert unchanged == case.unchanged


def test_a_change_names_each_field_that_changes_before_and_after() -> None:
    """Fields that stay are not in it; a field that comes or goes has None on the other side."""
    before = Part(Kind.ALARM, "a", "churn", "aws", {"Period": "60", "Threshold": "1", "Unit": "x"})
    after = Part(Kind.ALARM, "a", "churn", "aws", {"Period": "60", "Threshold": "2", "M": "3"})
    ((change,), _) = compare([after], [before])
    assert change.fields == (
        Field("Threshold", "1", "2"),
        Field("M", None, "3"),
        Field("Unit", "x", None),
    )


def test_no_order_of_finding_leaves_a_target_without_anybody_in_charge() -> None:
    """Registered, then alarms, then native goes; native returns, then alarms go, then the item."""
    coming = compare([target(), alarm("a"), native(state="suspended")], [native()])[0]
    for shuffled in permutations(coming):
        kinds = [each.kind for each in order(shuffled)]
        assert kinds == [Kind.TARGET, Kind.ALARM, Kind.NATIVE]
    going = compare([native()], [target(), alarm("a"), native(state="suspended")])[0]
    for shuffled in permutations(going):
        kinds = [each.kind for each in order(shuffled)]
        assert kinds == [Kind.NATIVE, Kind.ALARM, Kind.TARGET]


def test_what_replaces_another_is_one_move() -> None:
    """Made and deleted apart there would be two, or none, in between."""
    old, new = target("a", "h1"), target("b", "h2")._replace(replaces="a")
    for found in ([old], [old, target("b", "h2")]):
        ((change,), unchanged) = compare([new], found)
        assert (change.verb, change.name) == (Verb.MOVE, "b")
        assert change.fields == (Field("id", "a", "b"), Field("config_hash", "h1", "h2"))
        assert unchanged == {}
    ((change,), _) = compare([new], [])
    assert change.verb is Verb.CREATE


def test_what_is_held_for_another_moves() -> None:
    """Native scaling stays as it is; only who can hand it back changes."""
    fields = {"scale_in": "suspended", "held for": "a"}
    found = Part(Kind.NATIVE, "endpoint/x", "b", "aws", fields)
    ((change,), _) = compare([found._replace(fields={**fields, "held for": "b"})], [found])
    assert (change.verb, change.fields) == (Verb.MOVE, (Field("held for", "a", "b"),))


def test_native_scaling_returns_before_its_target_changes() -> None:
    """A target that gets another resource leaves the old one to somebody."""
    changes = compare([target(config_hash="h2"), native()], [target(), native(state="suspended")])
    for shuffled in permutations(changes[0]):
        assert [each.verb for each in order(shuffled)] == [Verb.RESUME, Verb.UPDATE]


def test_one_target_is_finished_before_the_next_is_begun() -> None:
    """Broken off half-way, the first targets are whole and the others untouched."""
    wanted = [target("a"), target("b"), alarm("x", "a"), alarm("x", "b")]
    changes: tuple[Change, ...] = order(compare(wanted, [])[0])
    assert [each.scalable_target_id for each in changes] == ["a", "a", "b", "b"]


def test_what_is_the_deployments_comes_after_what_is_a_targets() -> None:
    """So that nothing waits for it; and it goes when nobody is left whom it looks at."""
    job = part(Kind.JOB, "tick", "", uri="https://tick.test")
    made = order(compare([target("a"), alarm("x", "a"), job], [])[0])
    assert [each.kind for each in made] == [Kind.TARGET, Kind.ALARM, Kind.JOB]
    gone = order(compare([], [target("a"), alarm("x", "a"), job])[0])
    assert [each.kind for each in gone] == [Kind.ALARM, Kind.TARGET, Kind.JOB]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": {"c": "x"}}, {"a": "1", "b.c": "x"}),
        ({"p": [{"name": "t", "v": 2}]}, {"p.t.v": "2"}),
        ({"D": [{"Name": "E", "Value": "churn"}]}, {"D.E": "churn"}),
        ({"M": [{"Id": "m", "ReturnData": True}]}, {"M.m.ReturnData": "true"}),
        ({"l": [1, 2], "e": []}, {"l": "[1, 2]", "e": "[]"}),
        ({"m": [{"name": "a"}, 3]}, {"m": '[{"name": "a"}, 3]'}),
    ],
    ids=["nested", "named", "dimension", "line of math", "plain list", "mixed list"],
)
def test_json_spreads_over_dotted_names(value: Any, expected: dict[str, str]) -> None:
    """Items of a list go by their names, so that a policy more shows as that policy."""
    assert flatten(value) == expected
