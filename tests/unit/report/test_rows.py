"""Does every kind of row say what it holds, and a damaged one that it cannot be read?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flyball.core.chain import Row, seal
from flyball.core.codec import canonical, encode
from flyball.core.model import Capacity, Direction, History, Pause
from flyball.core.record import DecisionRecord
from flyball.core.remember import Notice, Noticed
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.ports import Outcome, OutcomeKind
from flyball.report.rows import tell_pause, tell_row
from tests.unit.report.scenes import MINUTE, NOON, decided, make_target, see

TARGET = make_target(max_capacity=12)
HELD = (
    "on 10 instances, target 100 (policy track). Held at 12 by max capacity. "
    "3 more are wanted than may be had"
)


def find(scalable_target_id: str, config_hash: str) -> ScalableTarget | None:
    """Know one config."""
    return TARGET if (scalable_target_id, config_hash) == ("demo", "h") else None


def row(kind: str, body: str) -> Row:
    """Make the first row of a chain."""
    return seal("demo", 1, NOON, kind, body, "0" * 64)


RECORD = DecisionRecord("e", "h", {}, see(), History(10), (), decided(TARGET))


@pytest.mark.parametrize(
    ("kind", "body", "what", "why"),
    [
        (
            "decision",
            canonical(RECORD),
            "Scale out 10 → 12",
            f"invocations was 150 per instance {HELD}",
        ),
        (
            "decision",
            canonical(RECORD._replace(config_hash="gone")),
            "Scale out 10 → 12",
            f"invocations was 150 {HELD}",
        ),
        (
            "outcome",
            canonical({"decision": "x", "outcome": encode(Outcome(OutcomeKind.DENIED, "no\x1b"))}),
            "Outcome denied",
            "Permission was denied; somebody must grant it: no�",
        ),
        (
            "retired",
            '{"config_hash":"h","generation":4}',
            "Retired",
            "out of service since generation 4",
        ),
        (
            "native",
            '{"verb":"suspend","resource":"endpoint/a\\u001b","before":{},"after":{}}',
            "Native scaling",
            "suspend endpoint/a�",
        ),
        (
            "native",
            '{"verb":"suspend","resource":"endpoint/a","stage":"refused","held":{}}',
            "Native scaling",
            "suspend endpoint/a, refused",
        ),
        (
            "foreign",
            canonical(Noticed(Notice.FOREIGN, NOON, 10, 4)),
            "Foreign 10 → 4",
            "Somebody else changed the capacity 10 → 4",
        ),
        (
            "foreign",
            canonical(Noticed(Notice.CEILING_FOREIGN, NOON, 6, 3)),
            "Foreign ceiling 6 → 3",
            "Somebody else changed the range's ceiling 6 → 3",
        ),
        (
            "pause",
            canonical(Pause(Direction.IN, NOON + MINUTE, "ann", "deploy")),
            "Pause",
            "scale-in until 12:01 UTC by ann: deploy",
        ),
        (
            "resume",
            canonical({"direction": "scale_out", "by": "bob", "reason": ""}),
            "Resume",
            "scale-out by bob",
        ),
        (
            "resume",
            canonical({"direction": None, "by": "", "reason": ""}),
            "Resume",
            "both directions",
        ),
        (
            "config",
            canonical({"generation": 2, "config_hash": "0123456789abcdef", "config": {}}),
            "Config",
            "generation 2, hash 0123456789ab",
        ),
        ("of the future\x07", '{"a": 1}', "of the future�", '{"a": 1}'),
    ],
)
def test_a_row_says_what_it_holds(kind: str, body: str, what: str, why: str) -> None:
    """On one line, safe for a terminal."""
    assert tell_row(row(kind, body), find) == (what, why)


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '{"outcome": {"kind": "\\u001b"}}', json.dumps({"a": 1})]
)
@pytest.mark.parametrize("kind", ["decision", "outcome", "foreign", "pause", "resume", "config"])
def test_a_damaged_row_says_that_it_cannot_be_read(kind: str, body: str) -> None:
    """A list goes on after it, and nothing of it reaches the terminal unescaped."""
    line = tell_row(row(kind, body), find)
    assert line.what == kind
    assert line.why.startswith("cannot be read: ")
    assert line.why.isprintable()


def test_a_pause_without_an_end_says_so() -> None:
    """Nobody should wait for it to end by itself."""
    assert tell_pause(Pause()) == "both directions until it is resumed"


def test_a_decision_in_a_list_says_what_was_set_and_what_the_service_chose() -> None:
    """Where it chose more than the floor; a floor that serves as it is needs no word."""
    ranged = replace(TARGET, capacity_kind=CapacityKind.RANGE)
    chosen = RECORD.observation.capacity
    assert isinstance(chosen, Capacity)

    def tell(capacity: Capacity) -> str:
        seen = replace(RECORD.observation, capacity=capacity)
        found = row("decision", canonical(RECORD._replace(observation=seen)))
        return tell_row(found, lambda *_: ranged).why

    told = "Range 10–12 set, 11 in service by the service's own choice; it has chosen 12"
    assert tell(chosen._replace(ready=11, ceiling=12, picked=12)).endswith(f". {told}")
    assert "Range" not in tell(chosen._replace(ceiling=12))
    assert tell(chosen._replace(ready=11)).endswith(
        "Floor 10 set, its ceiling not known, 11 in service by the service's own choice"
    )
