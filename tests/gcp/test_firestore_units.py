"""What does a wake cost on Firestore, counted where it leaves the machine?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flyball.ports import ItemUpdate, LeaseHeldError, Ledger, NewRow
from tests.contract.steps import CONFIG_HASH, MINUTE, OUTCOME, SECOND, T0, TARGET, take
from tests.gcp.conftest import Store
from tests.gcp.wire import Sent

pytestmark = pytest.mark.enable_socket

CONFIG = f'{{"x":"{"abc defg " * 100}"}}'
HISTORY = f'{{"x":"{"ghi " * 50}"}}'
BODY = f'{{"x":"{"jkl 0123456789 " * 130}"}}'
"""As long as a usual target's; a document costs the same however long it is."""


def bill(answered: list[tuple[Sent, Any]]) -> Counter[str]:
    """Count what is charged: each document read (a query of none is one) and each written.

    Source: Firestore, "Understand billing".
    """
    charged: Counter[str] = Counter()
    for sent, answer in answered:
        if sent.verb == "commit":
            charged["written"] += len(answer["writeResults"])
        elif sent.verb == "batchGet":
            charged["read"] += len(answer)
        else:
            charged["read"] += max(1, sum("document" in part for part in answer))
    return charged


def turn_away(ledger: Ledger) -> None:
    """Meet a lease: one claim that fails."""
    with pytest.raises(LeaseHeldError):
        ledger.claim(TARGET, "b", T0 + SECOND, T0 + MINUTE)


def not_due(ledger: Ledger) -> None:
    """Claim, find nothing to do, and give the lease back."""
    ledger.write(take(ledger), [], ItemUpdate(release=True))


def hold(ledger: Ledger) -> None:
    """Claim, and record a decision that changes nothing."""
    update = ItemUpdate(HISTORY, False, '{"a":"b"}', T0 + MINUTE, release=True)
    ledger.write(take(ledger), [NewRow("decision", T0, BODY)], update)


def change(ledger: Ledger) -> None:
    """Claim, record the intent, and then its outcome."""
    first = ItemUpdate(HISTORY, True, '{"a":"b"}', T0 + MINUTE)
    claim = ledger.write(take(ledger), [NewRow("decision", T0, BODY)], first)
    last = ItemUpdate(HISTORY, False, '{"a":"b"}', T0 + 2 * MINUTE, release=True)
    ledger.write(claim, [OUTCOME], last)


def look(ledger: Ledger) -> None:
    """Ask what is due, when nothing is."""
    assert list(ledger.due(T0 - MINUTE, 10)) == []


def find(ledger: Ledger) -> None:
    """Ask what is due, when one target is."""
    assert len(ledger.due(T0, 10)) == 1


def explain(ledger: Ledger) -> None:
    """Read the newest decision of a target that has many rows of other kinds."""
    assert [row.kind for row in ledger.latest(1, TARGET, "config")] == ["config"]


@dataclass(frozen=True)
class Case:
    """What is done, and what it costs; and whether the target's lease is free."""

    does: Callable[[Ledger], None]
    read: int = 0
    written: int = 0
    calls: int = 1
    is_free: bool = True


CASES = [
    Case(turn_away, read=1, is_free=False),
    Case(not_due, read=1, written=1 + 1, calls=3),
    Case(hold, read=1, written=1 + (1 + 1), calls=3),
    Case(change, read=1, written=1 + (1 + 1) + (1 + 1), calls=4),
    Case(look, read=1),
    Case(find, read=1),
    Case(explain, read=1),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.does.__name__)
def test_a_wake_costs_what_is_said(store: Store, case: Case) -> None:
    """One read and one write to claim; then of a row and its item one each, and no read more."""
    store.ledger.register(TARGET, CONFIG, CONFIG_HASH, T0)
    claim = take(store.ledger)
    claim = store.ledger.write(claim, [OUTCOME] * 9, ItemUpdate(HISTORY, seen='{"a":"b"}'))
    if case.is_free:
        store.ledger.write(claim, [], ItemUpdate(release=True))
    store.wire.answered.clear()
    store.wire.sent.clear()
    case.does(store.ledger)
    assert bill(store.wire.answered) == Counter(read=case.read, written=case.written)
    assert len(store.wire.sent) == case.calls


def test_a_claim_of_another_program_costs_a_look_first(store: Store) -> None:
    """The item and the first row's place: so a write is known again that landed unheard."""
    store.ledger.register(TARGET, CONFIG, CONFIG_HASH, T0)
    claim = take(store.ledger)
    other = store.again()
    other.ledger.write(claim, [OUTCOME], ItemUpdate(release=True))
    assert bill(other.wire.answered) == Counter(read=2, written=2)
