"""Is it said who is in charge, whoever it is?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from flyball.plan.model import Check, Level, Plan, Purpose, Wanted
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
        ({"mode": "advise"}, {"account": "1"}, "who was before; Flyball only advises."),
        ({}, {"mode": "advise"}, "who was before; this deployment only advises."),
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


def test_many_are_counted() -> None:
    """A line stays a line."""
    assert list(tell_charge(make(*"abcd"))) == ["In charge of 4 scalable targets: Flyball."]


def test_of_what_goes_and_of_a_ledger_alone_nothing_is_said() -> None:
    """Nobody knows whether `flyball run` runs."""
    assert list(tell_charge(make("churn")._replace(purpose=Purpose.DESTROY))) == []
    assert list(tell_charge(make("churn", place={}))) == []
