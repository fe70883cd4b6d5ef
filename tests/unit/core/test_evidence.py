"""Is as little as possible cut from a row, and never what was decided?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from flyball.core.chain import GENESIS, config_body, extend, verify
from flyball.core.codec import canonical, parse
from flyball.core.decide import decide
from flyball.core.evidence import LEAST, MOST, fit
from flyball.core.model import Capacity, Datapoint, History, Observation
from flyball.core.policy import TrackingPolicy
from flyball.core.record import DecisionRecord, replay
from flyball.core.target import Metric, ScalableTarget

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TARGET = ScalableTarget(
    "x",
    1,
    20,
    metrics=(Metric("load"),),
    policies=(TrackingPolicy("t", "load", 100.0),),
)


def shorter_than(limit: int) -> Callable[[str], bool]:
    """Hold a store to a length."""
    return lambda body: len(body) < limit


def decided(datapoints: int) -> str:
    """Make a decision row's body from a series of this length."""
    series = tuple(Datapoint(NOON - n * SECOND, 250.0 + n) for n in reversed(range(datapoints)))
    seen = Observation(NOON, Capacity(2, 2), {"load": series})
    history = History(desired=2)
    record = DecisionRecord(
        "1.2.3", "h1", {}, seen, history, (), decide(TARGET, seen, history, NOON)
    )
    return canonical(record)


def test_what_fits_is_stored_as_it_is() -> None:
    """Also if its kind may be cut."""
    assert fit("decision", decided(5), lambda _: True) == decided(5)


def test_the_newest_evidence_is_kept_and_the_whole_decision() -> None:
    """As much as fits, by halves; the hash is of what it was."""
    whole = decided(20_000)
    cut = fit("decision", whole, shorter_than(100_000))
    assert cut is not None
    before, after = parse(DecisionRecord, whole), parse(DecisionRecord, cut)
    assert after.cut is not None
    assert after.cut == (len(whole), sha256(whole.encode()).hexdigest(), 2_048)
    assert canonical(after) == cut
    assert after.decision == before.decision
    series = after.observation.metrics["load"]
    assert series == before.observation.metrics["load"][-2_048:]
    assert replace(after.observation, metrics={}) == replace(before.observation, metrics={})


def test_a_row_that_was_cut_is_whole_to_the_chain_and_honest_to_a_replay() -> None:
    """What is stored is what was sealed; that it cannot be decided again is its own error."""
    cut = fit("decision", decided(20_000), shorter_than(100_000))
    assert cut is not None
    bodies = [("config", config_body(canonical(TARGET), "h1", 1)), ("decision", cut)]
    bodies.append(("decision", decided(1)))
    rows = extend("x", 0, GENESIS, [(kind, NOON, body) for kind, body in bodies])
    assert list(verify(rows, head=rows[-1].hash, sequence=3)) == []
    first, second = replay(rows)
    assert (first.same, first.differences, second.same) == (False, (), True)
    assert "cannot be decided again: its evidence was cut, as 6" in first.error
    assert sha256(decided(20_000).encode()).hexdigest() in first.error


@dataclass(frozen=True)
class Case:
    """A body, and what is left of it."""

    id: str
    kind: str
    body: dict[str, object]
    left: dict[str, object] | None


LONG = ["é" * 9_000]
CASES = [
    Case("texts", "outcome", {"decision": "d", "outcome": {"detail": LONG[0]}}, {"decision": "d"}),
    Case("nothing may go", "pause", {"reason": "x" * 9_000}, None),
    Case("a config", "config", {"config": {"name": ["x"] * 9_000}}, None),
    Case("too much that may not go", "decision", {"decision": "x" * 9_000, "trigger": {}}, None),
    Case("nothing that can go", "decision", {"trigger": {str(n): n for n in range(900)}}, None),
    Case("others stay", "decision", {"history": [1] * 9_000, "engine": "e"}, {"engine": "e"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_only_evidence_is_cut(case: Case) -> None:
    """A body that cannot be made to fit is not stored in part."""
    body = json.dumps(case.body, ensure_ascii=False)
    cut = fit(case.kind, body, shorter_than(4_500))
    if case.left is None:
        assert cut is None
    else:
        assert cut is not None
        found = json.loads(cut)
        assert found | case.left == found
        assert found["cut"]["length"] == len(body.encode())
        assert found.keys() == case.body.keys() | {"cut"}


def test_a_text_keeps_enough_to_be_read_and_a_list_its_newest() -> None:
    """An instant or a name is shorter than any text that is cut."""
    body = {"observation": {"b": "y" * 900, "c": 1.5, "d": list(range(9_000)), "e": [["z"] * 3]}}
    cut = fit("decision", json.dumps(body), shorter_than(600))
    assert cut is not None
    seen = json.loads(cut)["observation"]
    assert seen == {"b": "y" * 256, "c": 1.5, "d": list(range(8_968, 9_000)), "e": [["z"] * 3]}
    assert LEAST <= json.loads(cut)["cut"]["kept"] <= MOST
