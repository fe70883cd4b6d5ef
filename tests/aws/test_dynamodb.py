"""Does the ledger on DynamoDB keep its promises where DynamoDB differs from a file?"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.adapters.aws.tables import CONFLICT_EXCEPTION, WAITS_S
from flyball.cli.store import newest
from flyball.core.chain import CHANGED, verify
from flyball.ports import (
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    LedgerError,
    LedgerUnavailableError,
    NewRow,
    UnknownTargetError,
)
from tests.aws.broken import count_calls, lose_answer, refuse
from tests.aws.conftest import Store
from tests.aws.rig import client_of
from tests.contract.steps import (
    HOLD,
    INTENT,
    MINUTE,
    NOTHING,
    OTHER_CONFIG,
    SECOND,
    T0,
    TARGET,
    assert_whole,
    register,
    take,
    written,
)

pytestmark = pytest.mark.enable_socket

ALL_TRIES = len(WAITS_S) + 1


# --- lost answers ---------------------------------------------------------------------------------


def test_a_transaction_whose_answer_was_lost_is_written_once(store: Store) -> None:
    """The client sends it again with the same token, and that is no second write."""
    register(store.ledger)
    claim = take(store.ledger)
    calls = count_calls(store.client)
    lose_answer(store.client, "TransactWriteItems")
    after = store.ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    assert [name for name, _ in calls] == ["TransactWriteItems"]
    assert store.ledger.status(TARGET).pending == after.pending
    assert [row.kind for row in store.ledger.rows(TARGET)] == ["config", "decision"]
    assert_whole(store.ledger)


def test_the_same_write_sent_again_by_us_changes_nothing_more(store: Store) -> None:
    """So whoever is told that the ledger is unavailable may try again; another write may not."""
    register(store.ledger)
    claim = take(store.ledger)
    update = ItemUpdate(history='{"desired":3}', pending=True)
    after = store.ledger.write(claim, [INTENT], update)
    assert store.ledger.write(claim, [INTENT], update) == after
    with pytest.raises(LeaseLostError, match="there is a row 2, and the claim knows 1 only"):
        store.ledger.write(claim, [HOLD], update)
    assert store.ledger.status(TARGET).sequence == 2
    assert_whole(store.ledger)


def test_a_lease_given_back_twice_because_an_answer_was_lost_was_given_back(store: Store) -> None:
    """What the second sending finds is what the first one did."""
    register(store.ledger)
    claim = take(store.ledger)
    lose_answer(store.client, "UpdateItem")
    later = T0 + 5 * MINUTE
    update = ItemUpdate('{"desired":2}', pending=False, seen='{"a":1}', wake_at=later, release=True)
    assert store.ledger.write(claim, [], update).wake_at == later
    assert take(store.ledger, "b").history == '{"desired":2}'


def test_a_lease_given_back_twice_with_nothing_else_was_given_back(store: Store) -> None:
    """As the wake does that had nothing to do."""
    register(store.ledger)
    claim = take(store.ledger)
    lose_answer(store.client, "UpdateItem")
    assert store.ledger.write(claim, [], ItemUpdate(release=True)) == claim
    assert store.ledger.status(TARGET).lease_until is None


def test_a_lease_that_was_lost_is_not_taken_for_one_given_back(store: Store) -> None:
    """An answer was lost, but the item says other than what was to be written."""
    register(store.ledger)
    claim = take(store.ledger)
    taken = take(store.ledger, "b", T0 + MINUTE)
    store.ledger.write(taken, [], ItemUpdate(release=True))
    refuse(store.client, "UpdateItem", "InternalServerError", 500)
    with pytest.raises(LeaseLostError, match="not held by 'a'"):
        store.ledger.write(claim, [], ItemUpdate(wake_at=T0 + 9 * MINUTE, release=True))
    assert store.ledger.status(TARGET).wake_at == T0


def test_a_lease_that_another_holds_was_not_given_back(store: Store) -> None:
    """All that was to be written is there, but for whose lease it is."""
    register(store.ledger)
    claim = take(store.ledger)
    take(store.ledger, "b", T0 + MINUTE)
    refuse(store.client, "UpdateItem", "InternalServerError", 500)
    with pytest.raises(LeaseLostError, match="not held by 'a'"):
        store.ledger.write(claim, [], ItemUpdate(release=True))


def test_a_lease_that_another_had_and_gave_back_was_lost(store: Store) -> None:
    """No answer was lost, so what is there is not our doing."""
    register(store.ledger)
    claim = take(store.ledger)
    taken = take(store.ledger, "b", T0 + MINUTE)
    store.ledger.write(taken, [], ItemUpdate(release=True))
    with pytest.raises(LeaseLostError, match="not held by 'a'"):
        store.ledger.write(claim, [], ItemUpdate(release=True))


def test_a_claim_whose_answer_was_lost_is_ours(store: Store) -> None:
    """The second sending meets our own token."""
    register(store.ledger)
    lose_answer(store.client, "UpdateItem")
    assert take(store.ledger).sequence == 1


# --- what others do at the same time --------------------------------------------------------------


def test_a_claim_that_meets_a_transaction_knocks_again(impatient: Store) -> None:
    """An alarm tells once: it must not fail for another's write of a moment."""
    register(impatient.ledger)
    refuse(impatient.client, "UpdateItem", CONFLICT_EXCEPTION)
    assert take(impatient.ledger).sequence == 1


def test_a_claim_that_keeps_meeting_transactions_asks_who_it_is(impatient: Store) -> None:
    """The holder's own write holds it up: that is a lease held, not a failure."""
    register(impatient.ledger)
    take(impatient.ledger, "a")
    refuse(impatient.client, "UpdateItem", CONFLICT_EXCEPTION, times=ALL_TRIES)
    with pytest.raises(LeaseHeldError, match=TARGET):
        take(impatient.ledger, "b", T0 + SECOND)


@pytest.mark.parametrize("wait", [MINUTE, 2 * MINUTE])
def test_a_claim_that_keeps_meeting_transactions_without_a_lease_may_try_again(
    impatient: Store, wait: timedelta
) -> None:
    """Somebody changes the config at this moment; who held the lease holds it no more."""
    register(impatient.ledger)
    take(impatient.ledger, "a")
    refuse(impatient.client, "UpdateItem", CONFLICT_EXCEPTION, times=ALL_TRIES)
    with pytest.raises(LedgerUnavailableError, match="another transaction is at the same item"):
        take(impatient.ledger, "b", T0 + wait)
    refuse(impatient.client, "UpdateItem", CONFLICT_EXCEPTION, times=ALL_TRIES)
    with pytest.raises(LedgerUnavailableError, match="another transaction is at the same item"):
        take(impatient.ledger, "b", target="nobody")


def test_of_many_that_register_at_once_each_makes_a_generation(store: Store) -> None:
    """Whoever comes second reads again, and the chain has a row of each."""
    failed: list[BaseException] = []

    def go(n: int) -> None:
        try:
            store.ledger.register(TARGET, f'{{"n":{n}}}', f"h{n}", T0)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=go, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert store.ledger.status(TARGET).generation == 6
    assert_whole(store.ledger)


def test_a_config_that_meets_a_decision_comes_after_it(store: Store) -> None:
    """A wake wrote between our look at the item and our change of it: look again."""
    register(store.ledger)
    claim = take(store.ledger)
    other = client_of(store.server, "dynamodb")
    wake = DynamoLedger(other, targets=store.targets, ledger=store.rows)

    def meddle(**_: object) -> None:
        if store.ledger.status(TARGET).sequence == 1:
            wake.write(claim, [HOLD], NOTHING)

    store.client.meta.events.register("before-send.dynamodb.TransactWriteItems", meddle)
    assert store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0) == 2
    kinds = [row.kind for row in store.ledger.rows(TARGET)]
    assert kinds == ["config", "decision", "config"]
    assert_whole(store.ledger)
    wake.close()


def test_a_config_that_is_never_let_through_is_a_matter_for_later(store: Store) -> None:
    """Others write to the same target all the time."""
    register(store.ledger)
    cancelled = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
    refuse(
        store.client,
        "TransactWriteItems",
        "TransactionCanceledException",
        times=16,
        CancellationReasons=cancelled,
    )
    with pytest.raises(LedgerUnavailableError, match="others wrote to it 8 times"):
        store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0)
    with pytest.raises(LedgerUnavailableError, match="others wrote to it 8 times"):
        store.ledger.retire(TARGET, T0)


# --- clocks, names and damage ---------------------------------------------------------------------


def test_a_clock_that_goes_back_hides_no_row_from_a_list_of_all(store: Store) -> None:
    """The first rows of a list stay the first, however many are asked for."""
    for target, steps in (("a", (0, 9, 3, 1)), ("b", (2, 4, 2, 8))):
        register(store.ledger, target)
        claim = take(store.ledger, target=target)
        for step in steps:
            row = NewRow("decision", T0 + step * MINUTE, "{}")
            claim = store.ledger.write(claim, [row], NOTHING)
    every = store.ledger.latest(99)
    assert len(every) == 10
    for limit in range(1, 10):
        assert store.ledger.latest(limit) == every[:limit]
    assert list(newest(store.ledger)) == every
    assert [row.sequence for row in every if row.scalable_target_id == "a"] == [5, 4, 3, 2, 1]


def test_no_more_is_read_of_each_target_than_its_share(store: Store) -> None:
    """A list of the newest rows of a fleet does not read the fleet's history."""
    for target in ("a", "b", "c", "d"):
        written(store.ledger, target, 40)
    calls = count_calls(store.client)
    assert len(store.ledger.latest(8)) == 8
    assert [name for name, _ in calls].count("Query") <= 8
    assert all(asked["Limit"] <= 4 for name, asked in calls if name == "Query")


@pytest.mark.parametrize("target", ["", "x" * 3_000])
def test_a_name_that_can_be_no_key_is_nobody_s(store: Store, target: str) -> None:
    """A stray event may carry any text."""
    with pytest.raises(UnknownTargetError, match="registered"):
        take(store.ledger, target=target)
    with pytest.raises(UnknownTargetError, match="registered"):
        store.ledger.status(target)
    assert list(store.ledger.rows(target)) == []
    assert list(store.ledger.latest(5, target)) == []
    with pytest.raises(UnknownTargetError, match="registered"):
        store.ledger.retire(target, T0)


def test_a_row_is_found_by_its_id_in_another_program_and_without_an_item(store: Store) -> None:
    """A fresh start knows no marks yet; a removed item takes its rows' ids with it no more."""
    written(store.ledger, "a", 2)
    written(store.ledger, "b", 2)
    store.ledger.retire("b", T0)
    again = DynamoLedger(store.client, targets=store.targets, ledger=store.rows)
    for target in ("a", "b"):
        for row in store.ledger.rows(target):
            assert again.row(row.id) == row
    store.client.delete_item(TableName=store.targets, Key={"scalable_target_id": {"S": "a"}})
    alone = DynamoLedger(store.client, targets=store.targets, ledger=store.rows)
    row = next(store.ledger.rows("a"))
    assert alone.row(row.id) == row
    assert alone.row(row.id.replace("-000001-", "-000009-")) is None
    assert alone.row("2" + row.id[1:].replace("24", "25", 1)) is None
    assert alone.row(row.id[:-16] + "0" * 16) is None
    assert "a" in alone.recorded_ids()
    assert "a" not in alone.scalable_target_ids()


def test_rows_without_their_item_are_not_written_over(store: Store) -> None:
    """One table was restored and the other was not: say so, and touch nothing."""
    written(store.ledger, TARGET, 2)
    before = list(store.ledger.rows(TARGET))
    store.client.delete_item(TableName=store.targets, Key={"scalable_target_id": {"S": TARGET}})
    with pytest.raises(LedgerError, match="a row already .*ledger verify"):
        register(store.ledger)
    assert list(store.ledger.rows(TARGET)) == before


def test_a_row_that_the_item_does_not_know_stops_the_write(store: Store) -> None:
    """Append-only: not even the holder of the lease puts a row where one is."""
    register(store.ledger)
    claim = take(store.ledger)
    key = {"scalable_target_id": {"S": TARGET}, "sequence": {"N": "2"}}
    store.client.put_item(TableName=store.rows, Item={**key, "kind": {"S": "stray"}})
    with pytest.raises(LedgerError, match="a row already"):
        store.ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    assert store.ledger.status(TARGET).sequence == 1
    assert [row.kind for row in store.ledger.rows(TARGET)] == ["config", "stray"]


@pytest.mark.parametrize(
    "damage",
    [
        {"body": {"B": b"not packed"}},
        {"body": {"B": b"x\x9cK\xcd\x07\x00"}},
        {"body": {"N": "1"}},
        {"at": {"S": "yesterday"}},
        {"at": {"S": "2026-11-21T00:24:11"}},
        {"kind": {"S": "outcome"}},
    ],
    ids=lambda damage: "-".join(f"{name}-{next(iter(value))}" for name, value in damage.items()),
)
def test_a_row_that_was_damaged_is_read_and_named(
    store: Store, damage: dict[str, dict[str, object]]
) -> None:
    """`verify` finds it; a list does not stop at it."""
    written(store.ledger, TARGET, 3)
    key = {"scalable_target_id": {"S": TARGET}, "sequence": {"N": "3"}}
    found = store.client.get_item(TableName=store.rows, Key=key)["Item"]
    store.client.put_item(TableName=store.rows, Item={**found, **damage})
    status = store.ledger.status(TARGET)
    faults = list(verify(store.ledger.rows(TARGET), head=status.head, sequence=status.sequence))
    assert [(fault.sequence, fault.kind) for fault in faults] == [(3, CHANGED)]


def test_an_item_that_was_damaged_is_read(store: Store) -> None:
    """A list does not stop at it, and `verify` finds that its chain is not as it says."""
    written(store.ledger, TARGET, 3)
    key = {"scalable_target_id": {"S": TARGET}}
    item = store.client.get_item(TableName=store.targets, Key=key)["Item"]
    damaged = {**item, "generation": {"S": "x"}, "sequence": {"N": "1.5"}, "head": {"S": ""}}
    store.client.put_item(TableName=store.targets, Item=damaged)
    status = store.ledger.status(TARGET)
    assert (status.generation, status.sequence, status.head) == (0, 0, "")
    assert list(verify(store.ledger.rows(TARGET), head=status.head, sequence=status.sequence))
