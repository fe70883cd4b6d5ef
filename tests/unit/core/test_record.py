"""Does every decision row decide the same again, and does a row that was altered say so?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.core.chain import GENESIS, Row, config_body, seal
from flyball.core.codec import canonical, encode
from flyball.core.decide import decide
from flyball.core.model import Capacity, Datapoint, History, Observation
from flyball.core.policy import TrackingPolicy
from flyball.core.record import DecisionRecord, Replayed, compare, replay
from flyball.core.target import Metric, ScalableTarget
from tests.unit.core.values import INSTANTS, stored

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENGINE = "1.2.3"
TARGET = ScalableTarget(
    "x",
    1,
    20,
    metrics=(Metric("load"),),
    policies=(TrackingPolicy("t", "load", 100.0),),
)
SEEN = Observation(NOON, Capacity(2, 2), {"load": (Datapoint(NOON, 250.0),)})

Body = dict[str, Any]


def record(target: ScalableTarget = TARGET, seen: Observation = SEEN) -> DecisionRecord:
    """Decide, and record it as the controller does."""
    history = History(desired=2)
    return DecisionRecord(
        ENGINE, "h1", {"kind": "manual"}, seen, history, (), decide(target, seen, history, seen.at)
    )


def rows(*bodies: tuple[str, str]) -> list[Row]:
    """Seal rows of these kinds and bodies behind the config's."""
    config = ("config", config_body(canonical(TARGET), "h1", 1))
    found: list[Row] = []
    for kind, body in (config, *bodies):
        head = found[-1].hash if found else GENESIS
        found.append(seal("x", len(found) + 1, NOON, kind, body, head))
    return found


def decided(alter: Callable[[Body], object] = lambda body: body) -> tuple[str, str]:
    """Make a decision row's body, altered."""
    body = json.loads(canonical(record()))
    alter(body)
    return "decision", json.dumps(body)


def answer(found: Iterable[Row]) -> Replayed:
    """Replay rows of which one is a decision."""
    (replayed,) = replay(found)
    return replayed


def test_a_row_decides_the_same_again() -> None:
    """Bit for bit, and with the row's own names."""
    found = rows(decided())
    assert answer(found) == Replayed(found[1].id, 2, "x", NOON, same=True, engine=ENGINE)


def test_only_decision_rows_are_decided_again() -> None:
    """Outcomes, pauses and foreign changes are evidence, not decisions."""
    found = rows(("outcome", "{"), decided(), ("pause", "[]"), decided(), ("foreign", "null"))
    assert [(each.sequence, each.same) for each in replay(found)] == [(3, True), (5, True)]


def test_rows_of_several_targets_are_kept_apart() -> None:
    """The same hash of another target's config is another config."""
    other = [row._replace(scalable_target_id="y") for row in rows(decided())]
    mixed = [*rows(decided()), *other[1:]]
    assert [each.same for each in replay(mixed)] == [True, False]


@dataclass(frozen=True)
class Case:
    """An alteration, and where the difference shows."""

    id: str
    alter: Callable[[Body], object]
    paths: tuple[str, ...]


def _put(body: Body, *path: str | int, value: Any) -> None:
    place: Any = body
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value


ALTERED = (
    Case(
        "decision",
        lambda body: _put(body, "decision", "desired", value=9),
        ("decision.desired",),
    ),
    Case(
        "instant_of_the_decision",
        lambda body: _put(body, "decision", "at", value="2026-11-21T12:00:01Z"),
        ("decision.at",),
    ),
    Case(
        "reason",
        lambda body: _put(body, "decision", "reason", value="paused"),
        ("decision.reason",),
    ),
    Case(
        "recommendation_gone",
        lambda body: _put(body, "decision", "recommendations", value=[]),
        ("decision.recommendations",),
    ),
    Case(
        "field_of_a_recommendation_gone",
        lambda body: body["decision"]["recommendations"][0].pop("value"),
        ("decision.recommendations[0].value",),
    ),
    Case(
        "metric",
        lambda body: _put(
            body, "observation", "metrics", "load", value=[["2026-11-21T12:00:00Z", 251]]
        ),
        ("decision.ceiling", "decision.desired", "decision.recommendations[0].desired"),
    ),
    Case(
        "capacity",
        lambda body: _put(body, "observation", "capacity", "desired", value=3),
        ("decision.current",),
    ),
    Case(
        "history",
        lambda body: _put(body, "history", "pauses", value=[{"by": "eve"}]),
        ("decision.action", "decision.limits"),
    ),
)


@pytest.mark.parametrize("case", ALTERED, ids=lambda case: case.id)
def test_an_altered_row_says_where_it_differs(case: Case) -> None:
    """Each difference with what is stored and what is decided."""
    replayed = answer(rows(decided(case.alter)))
    assert not replayed.same
    assert replayed.error == ""
    assert set(case.paths) <= {path for path, _, _ in replayed.differences}
    assert all(stored_ != again for _, stored_, again in replayed.differences)


def test_a_difference_shows_both_sides() -> None:
    """In canonical text; a field that one side does not have is absent."""
    found = compare(
        {"a": 1, "b": [1, {"c": None}], "d": 0.0}, {"b": [1, {"c": 2}], "d": -0.0, "e": 3}
    )
    assert list(found) == [
        ("decision.a", "1", "absent"),
        ("decision.b[1].c", "null", "2"),
        ("decision.d", "0", "-0.0"),
        ("decision.e", "absent", "3"),
    ]


BROKEN = (
    ("no_json", "{", "cannot be decided again: Expecting"),
    ("no_mapping", "[]", "cannot be decided again: TypeError"),
    ("nothing", "{}", "cannot be decided again: KeyError: 'engine'"),
    ("engine_alone", '{"engine":"9"}', "cannot be decided again: missing field 'config_hash'"),
    ("deep", "[" * 100_000, "cannot be decided again: RecursionError"),
)


@pytest.mark.parametrize(("name", "body", "error"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_row_that_cannot_be_read_is_its_own_error(name: str, body: str, error: str) -> None:
    """And the rows after it are decided all the same."""
    del name
    broken, fine = replay(rows(("decision", body), decided()))
    assert (broken.same, broken.differences) == (False, ())
    assert broken.error.startswith(error)
    assert fine.same


def test_a_row_that_cannot_be_decided_on_is_its_own_error() -> None:
    """A year without a tomorrow passes every reader, and no look ahead."""
    last = "9999-12-31T23:59:59Z"
    replayed = answer(rows(decided(lambda body: _put(body, "observation", "at", value=last))))
    assert (replayed.same, replayed.differences) == (False, ())
    assert replayed.error.startswith("cannot be decided again: OverflowError")


def test_a_row_of_an_unknown_engine_is_decided_by_this_one() -> None:
    """Whether the engines should agree is the reader's to judge: the row says which wrote it."""
    replayed = answer(rows(decided(lambda body: _put(body, "engine", value="99.0"))))
    assert (replayed.same, replayed.engine) == (True, "99.0")


def test_a_row_of_a_later_format_names_what_is_not_known() -> None:
    """A field that this engine does not have may have decided."""
    replayed = answer(rows(decided(lambda body: _put(body, "history", "mood", value="calm"))))
    assert "history: unknown field 'mood'" in replayed.error
    assert replayed.engine == ENGINE


def test_a_decision_whose_config_is_not_there_says_so() -> None:
    """Without its config nothing can be decided again."""
    (replayed,) = replay(rows(decided())[1:])
    assert replayed.error == "no config row for 'h1'"


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"config":{"id":"x"},"config_hash":"h1"}'])
def test_a_config_row_that_cannot_be_read_is_the_error_of_its_decisions(body: str) -> None:
    """It stops neither the walk nor another target's rows."""
    config, decision = rows(decided())
    replayed = answer([config._replace(body=body), decision])
    assert replayed.error.startswith("no config row for 'h1'; a config row cannot be read: row 1: ")


def test_a_changed_config_decides_the_rows_after_it() -> None:
    """Each decision by the config that it names, whichever is the newest."""
    wider = replace(TARGET, max_capacity=4)
    second = record(wider)._replace(config_hash="h2")
    found = rows(
        decided(),
        ("config", config_body(canonical(wider), "h2", 2)),
        ("decision", canonical(second)),
        decided(),
    )
    assert [each.same for each in replay(found)] == [True, True, True]


@settings(max_examples=60)
@given(
    stored(ScalableTarget),
    stored(Observation, nan=True, natural=True),
    stored(History, natural=True),
    INSTANTS,
)
def test_every_decision_replays_the_same_from_its_row(
    target: ScalableTarget, seen: Observation, history: History, now: datetime
) -> None:
    """The same inputs give the same decision: also through the text that is stored."""
    seen = replace(seen, at=now)
    made = DecisionRecord(ENGINE, "h", {}, seen, history, (), decide(target, seen, history, now))
    found = [
        seal(target.id, 1, NOON, "config", config_body(canonical(target), "h", 1), GENESIS),
        seal(target.id, 2, NOON, "decision", canonical(made), GENESIS),
    ]
    replayed = answer(found)
    assert replayed.same, replayed


@settings(max_examples=60)
@given(st.data())
def test_nothing_in_a_row_can_stop_a_replay(draws: st.DataObject) -> None:
    """Whatever is changed: the same, a difference, or an error."""
    body = json.loads(canonical(record()))
    place: Any = body
    while isinstance(place, (dict, list)) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = draws.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], (dict, list)) or draws.draw(st.booleans()):
            place[key] = draws.draw(st.none() | st.integers() | st.floats() | st.text(max_size=3))
            break
        place = place[key]
    replayed = answer(rows(("decision", json.dumps(body))))
    assert replayed.same == (not replayed.error and not replayed.differences)


def test_a_trigger_is_evidence_alone() -> None:
    """What woke the controller decides nothing."""
    trigger = encode({"kind": "alarm", "state": "OK"})
    assert answer(rows(decided(lambda body: _put(body, "trigger", value=trigger)))).same
