"""Does the ledger on Firestore hold what is large, page by page, and say what it cannot?"""

from __future__ import annotations

import random
from base64 import b64encode
from hashlib import sha256

import pytest

from flyball.adapters.gcp.documents import ITEM_LIMIT, size_of
from flyball.adapters.gcp.session import CallError
from flyball.core.codec import canonical, parse
from flyball.core.decide import decide
from flyball.core.model import Capacity, Datapoint, History, Observation
from flyball.core.record import DecisionRecord, replay
from flyball.core.target import Metric, ScalableTarget
from flyball.ports import ItemUpdate, LedgerError, NewRow
from tests.contract.steps import (
    CONFIG_HASH,
    HOLD,
    NOTHING,
    SECOND,
    T0,
    TARGET,
    assert_whole,
    register,
    take,
)
from tests.gcp.conftest import Store

pytestmark = pytest.mark.enable_socket


def noise(length: int, seed: int = 0) -> str:
    """Make JSON that does not become much shorter than half when it is packed."""
    return f'{{"x":"{random.Random(seed).randbytes(length // 2).hex()}"}}'


def decided(datapoints: int) -> str:
    """Make a decision row's body from a series of this length."""
    load = random.Random(0).random
    series = tuple(Datapoint(T0 - n * SECOND, load()) for n in reversed(range(datapoints)))
    target = ScalableTarget(TARGET, 1, 20, metrics=(Metric("load"),))
    seen, history = Observation(T0, Capacity(2, 2), {"load": series}), History(desired=2)
    decision = decide(target, seen, history, T0)
    return canonical(DecisionRecord("1.2.3", CONFIG_HASH, {}, seen, history, (), decision))


def test_rows_are_read_in_pages_of_some_megabytes(store: Store) -> None:
    """However large they are, and also where a page ends in the middle of what was asked for."""
    register(store.ledger)
    claim = take(store.ledger)
    rows = [NewRow("decision", T0, noise(200_000, n)) for n in range(90)]
    for start in range(0, len(rows), 10):
        claim = store.ledger.write(claim, rows[start : start + 10], NOTHING)
    store.wire.sent.clear()
    assert [NewRow(*row[4:2:-1], row.body) for row in store.ledger.rows(TARGET)][1:] == rows
    sizes = [sent.body["structuredQuery"]["limit"] for sent in store.wire.sent]
    assert sizes[0] == 32
    assert 20 <= sizes[1] <= 45  # about 4 MiB of them
    assert len(store.ledger.latest(91, TARGET)) == 91
    assert len(store.ledger.latest(999)) == 91
    assert [row.sequence for row in store.ledger.rows(TARGET, limit=70)][-1] == 70
    assert [row.kind for row in store.ledger.latest(1, TARGET, "config")] == ["config"]
    assert_whole(store.ledger)


def test_a_config_that_no_document_can_hold_is_refused_whole(store: Store) -> None:
    """Every later decision would need it."""
    with pytest.raises(LedgerError, match="the config is too large to be stored"):
        store.ledger.register(TARGET, noise(3_000_000), "h", T0)
    assert list(store.ledger.scalable_target_ids()) == []


@pytest.mark.parametrize("length", [2_200_000, 3_000_000])
def test_a_history_that_no_document_can_hold_is_refused_with_a_remedy(
    store: Store, length: int
) -> None:
    """Nothing of the write is stored, whether with rows or without."""
    register(store.ledger)
    claim = take(store.ledger)
    before = store.ledger.status(TARGET)
    for rows in ([HOLD], []):
        with pytest.raises(LedgerError, match="too large to be stored .* stabilization windows"):
            store.ledger.write(claim, rows, ItemUpdate(history=noise(length)))
    assert store.ledger.status(TARGET) == before
    assert_whole(store.ledger)


def test_a_row_that_may_not_be_cut_is_refused(store: Store) -> None:
    """A human's word is not evidence that has an older part."""
    register(store.ledger)
    with pytest.raises(LedgerError, match="a pause row of 3,000,008 characters is too large"):
        store.ledger.write(take(store.ledger), [NewRow("pause", T0, noise(3_000_000))], NOTHING)
    assert_whole(store.ledger)


def test_a_decision_on_more_than_a_document_holds_is_stored_with_its_newest_evidence(
    store: Store,
) -> None:
    """The chain is whole, the decision is all there, and a replay says that it cannot."""
    whole = decided(150_000)
    register(store.ledger)
    claim = store.ledger.write(take(store.ledger), [NewRow("decision", T0, whole)], NOTHING)
    row = store.ledger.row(store.ledger.latest(1)[0].id)
    assert row is not None
    kept = parse(DecisionRecord, row.body)
    assert kept.cut is not None
    assert kept.cut.sha256 == sha256(whole.encode()).hexdigest()
    assert kept.decision == parse(DecisionRecord, whole).decision
    assert row.hash == claim.head
    assert_whole(store.ledger)
    (answer,) = replay(store.ledger.rows(TARGET))
    assert f"its evidence was cut, as {len(whole):,} bytes" in answer.error


def test_many_large_rows_share_what_a_commit_holds(store: Store) -> None:
    """3 MiB in all: each is cut to its share."""
    register(store.ledger)
    rows = [NewRow("decision", T0, decided(23_000))] * 12
    store.ledger.write(take(store.ledger), rows, NOTHING)
    found = [parse(DecisionRecord, row.body) for row in store.ledger.rows(TARGET, after=1)]
    assert all(record.cut is not None for record in found)
    assert_whole(store.ledger)


def test_one_write_has_99_rows_at_most(store: Store) -> None:
    """As in every home; what is more is refused before anything is sent."""
    register(store.ledger)
    claim = take(store.ledger)
    with pytest.raises(ValueError, match="got 100 rows in one write, expected at most 99"):
        store.ledger.write(claim, [HOLD] * 100, NOTHING)
    assert store.ledger.write(claim, [HOLD] * 99, NOTHING).sequence == 100
    assert_whole(store.ledger)


def test_a_document_is_measured_as_the_engine_measures_it(store: Store) -> None:
    """One of a megabyte is stored, and one of a byte more is not."""
    known = {"a": {"integerValue": "1"}, "at": {"timestampValue": "2026-11-21T00:24:11Z"}}
    known["c"] = {"stringValue": "ü" * 500}

    def blob(length: int) -> dict[str, object]:
        return {**known, "b": {"bytesValue": b64encode(b"x" * length).decode()}}

    room = ITEM_LIMIT - size_of("targets/t", {**known, "b": {"bytesValue": ""}})
    store.put("targets", "t", {**blob(room)})
    with pytest.raises(CallError, match="maximum entity size is 1048576 bytes"):
        store.put("targets", "t", {**blob(room + 1)})
