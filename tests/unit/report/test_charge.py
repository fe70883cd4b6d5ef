"""Is it said who is in charge, whoever it is?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.plan.model import (
    NOBODY,
    Change,
    Check,
    Field,
    Kind,
    Level,
    Plan,
    Purpose,
    Verb,
    Wanted,
)
from flyball.report.charge import tell_charge
from tests.unit.plan.parts import plan


def make(*names: str, place: Mapping[str, str] | None = None, **config: Any) -> Plan:
    """Plan targets of one config each."""
    written = json.dumps({"home": "aws", **config})
    wanted = tuple(Wanted(name, written, "hash") for name in names)
    where = {"aws": {"account": "123456789012"} if place is None else place}
    return plan([], [])._replace(wanted=wanted, place=where)


@pytest.mark.parametrize(
    ("config", "place", "said"),
    [
        ({}, {"account": "1"}, "In charge of churn: Flyball."),
        (
            {"mode": "advise"},
            {"account": "1"},
            "native scaling, if there is any; Flyball only advises.",
        ),
        ({}, {"mode": "advise"}, "native scaling, if there is any; this deployment only advises."),
    ],
)
def test_an_apply_ends_with_who_is_in_charge(
    config: dict[str, str], place: dict[str, str], said: str
) -> None:
    """By what the config says, and the deployment."""
    (line,) = tell_charge(make("churn", place=place, **config))
    assert said in line


def test_where_somebody_else_scales_it_flyball_is_not_said_to() -> None:
    """The check above it says who that is."""
    check = Check("native scaling", Level.WARN, "it is active", "", "churn")
    said = list(tell_charge(make("churn", "other")._replace(checks=(check,))))
    assert said == [
        "In charge of churn: not Flyball, while somebody else scales it (see above).",
        "In charge of other: Flyball.",
    ]


@dataclass(frozen=True)
class Gone:
    """How Flyball ceases to be in charge, and who is then."""

    id: str
    said: str
    changes: tuple[Change, ...] = ()
    checks: tuple[Check, ...] = ()
    place: Mapping[str, str] = field(default_factory=lambda: {"account": "1"})
    config: Mapping[str, str] = field(default_factory=lambda: {"mode": "advise"})


LET_GO = Change(Verb.UPDATE, Kind.TARGET, "churn", "churn", "aws", (Field("mode", None, "advise"),))
RENAMED = LET_GO._replace(fields=(Field("max_capacity", "4", "8"),))
RESUMED = Change(Verb.RESUME, Kind.NATIVE, "endpoint/churn/variant/a", "churn", "aws")
LEFT = Check("in charge", Level.WARN, f"it stays suspended: {NOBODY}", "", "churn")
ACTIVE = Check("native scaling", Level.OK, "it is active", "", "churn")
GONE = (
    Gone("left_suspended", "nobody; Flyball only advises", (LET_GO,), (LEFT,)),
    Gone("still_left_suspended", "nobody; Flyball only advises", (), (LEFT,)),
    Gone("without_native_scaling", "nobody; Flyball only advises", (LET_GO,)),
    Gone("resumed", "native scaling; Flyball only advises", (LET_GO, RESUMED)),
    Gone("native_scaling_is_active", "native scaling; Flyball only advises", (LET_GO,), (ACTIVE,)),
    Gone(
        "an_adviser_all_along", "native scaling, if there is any; Flyball only advises", (RENAMED,)
    ),
    Gone(
        "a_service_that_picks",
        "the service itself, inside the range that is set; Flyball only advises",
        (LET_GO,),
        config={"mode": "advise", "capacity_kind": "range"},
    ),
    Gone(
        "by_the_deployment",
        "nobody; this deployment only advises",
        checks=(LEFT,),
        place={"mode": "advise"},
        config={},
    ),
    Gone(
        "another_is_left",
        "native scaling, if there is any; Flyball only advises",
        checks=(LEFT._replace(scalable_target_id="other"),),
    ),
)


@pytest.mark.parametrize("case", GONE, ids=lambda case: case.id)
def test_where_flyball_goes_and_nobody_comes_nobody_is_said_to_be_in_charge(case: Gone) -> None:
    """Who was before was Flyball."""
    made = make("churn", place=case.place, **case.config)
    (line,) = tell_charge(made._replace(changes=case.changes, checks=case.checks))
    assert line == f"In charge of churn: {case.said}."


def test_on_google_the_service_is_in_charge_of_what_flyball_only_advises() -> None:
    """Also of a pin: its autoscaler picks in whatever range there is."""
    said = "the service itself, inside the range that is set; Flyball only advises."
    for kind in ("range", "count"):
        made = make("churn", home="gcp", mode="advise", capacity_kind=kind)
        made = made._replace(place={"gcp": {"project": "p"}})
        assert list(tell_charge(made)) == [f"In charge of churn: {said}"]


def test_many_are_counted() -> None:
    """A line stays a line."""
    assert list(tell_charge(make(*"abcd"))) == ["In charge of 4 scalable targets: Flyball."]


def test_of_what_goes_and_of_a_ledger_alone_nothing_is_said() -> None:
    """Nobody knows whether `flyball run` runs."""
    assert list(tell_charge(make("churn")._replace(purpose=Purpose.DESTROY))) == []
    assert list(tell_charge(make("churn", place={}))) == []
