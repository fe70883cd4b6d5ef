"""What does a wake cost on DynamoDB, by the engine's own count?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flyball.adapters.aws.items import size_of, write_units
from flyball.ports import ItemUpdate, Ledger, NewRow
from tests.aws.conftest import Store
from tests.contract.steps import CONFIG_HASH, MINUTE, OUTCOME, T0, TARGET, take

pytestmark = pytest.mark.enable_socket

CONFIG = f'{{"x":"{"abc defg " * 100}"}}'
HISTORY = f'{{"x":"{"ghi " * 50}"}}'
BODY = f'{{"x":"{"jkl 0123456789 " * 130}"}}'
"""As long as a usual target's, 0.9, 0.2 and 2 kB; packed they end in the same kilobyte."""


@pytest.fixture
def units(store: Store) -> Counter[str]:
    """Count the units that are used from now on: w written, r read, i written to an index."""
    used: Counter[str] = Counter()

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        told = parsed.get("ConsumedCapacity", [])
        reads = model.name in {"GetItem", "Query", "Scan"}
        for each in told if isinstance(told, list) else [told]:
            indexes = each.get("GlobalSecondaryIndexes", {}).values()
            extra = sum(index["CapacityUnits"] for index in indexes)
            used["r" if reads else "w"] += each["CapacityUnits"] - (0 if reads else extra)
            used["i"] += 0 if reads else extra

    store.client.meta.events.register("provide-client-params.dynamodb.*", ask)
    store.client.meta.events.register("after-call.dynamodb.*", note)
    store.ledger.register(TARGET, CONFIG, CONFIG_HASH, T0)
    claim = take(store.ledger)
    store.ledger.write(claim, [], ItemUpdate(HISTORY, seen='{"a":"b"}', release=True))
    used.clear()
    return used


def turn_away(ledger: Ledger) -> None:
    """Meet a lease: one claim that fails."""
    take(ledger)


def not_due(ledger: Ledger) -> None:
    """Claim, find nothing to do, and give the lease back."""
    ledger.write(take(ledger), [], ItemUpdate(release=True))


def hold(ledger: Ledger) -> None:
    """Claim, and record a decision that changes nothing."""
    update = ItemUpdate(HISTORY, False, '{"a":"b"}', T0 + MINUTE, release=True)
    ledger.write(take(ledger), [NewRow("decision", T0, BODY)], update)


def change(ledger: Ledger) -> None:
    """Claim, record an intent, and its outcome."""
    update = ItemUpdate(HISTORY, True, '{"a":"b"}', T0 + MINUTE)
    claim = ledger.write(take(ledger), [NewRow("decision", T0, BODY)], update)
    update = ItemUpdate(HISTORY, pending=False, wake_at=T0 + 2 * MINUTE, release=True)
    ledger.write(claim, [OUTCOME], update)


def look(ledger: Ledger) -> None:
    """Ask what is due, as the timer does each minute, when nothing is."""
    ledger.due(T0 - MINUTE, 10)


@dataclass(frozen=True)
class Case:
    """What is done, and what it costs: item of 1 kB, row of 1 kB."""

    does: Callable[[Ledger], None]
    written: int
    index: int = 0
    read: float = 0


CASES = [
    Case(turn_away, written=1),
    Case(not_due, written=2),
    Case(hold, written=1 + 2 * (1 + 1), index=2),
    Case(change, written=1 + 2 * (1 + 1) + 2 * (1 + 1), index=4),
    Case(look, written=0, read=0.5),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.does.__name__)
def test_a_wake_costs_what_is_said(store: Store, units: Counter[str], case: Case) -> None:
    """One write to claim; of a row and its item two each, as they are one transaction."""
    case.does(store.ledger)
    assert (units["w"], units["i"], units["r"]) == (case.written, case.index, case.read)


def test_an_item_is_measured_as_the_engine_measures_it(store: Store, units: Counter[str]) -> None:
    """So what a wake costs can be said without an account."""
    hold(store.ledger)
    items = [
        *store.client.scan(TableName=store.targets)["Items"],
        *store.client.query(
            TableName=store.rows,
            KeyConditionExpression="scalable_target_id = :id AND #s = :two",
            ExpressionAttributeNames={"#s": "sequence"},
            ExpressionAttributeValues={":id": {"S": TARGET}, ":two": {"N": "2"}},
        )["Items"],
    ]
    claimed, *transacted = [size_of(items[0]), *map(size_of, items)]
    said = write_units(claimed) + sum(write_units(size, transactional=True) for size in transacted)
    assert said == units["w"]
    assert write_units(1_024) == write_units(1) == write_units(0) == 1
    assert write_units(1_025, transactional=True) == 4
