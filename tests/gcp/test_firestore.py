"""Does the ledger on Firestore keep its promises where Firestore differs from a file?"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from flyball.adapters.gcp.firestore import TRIES
from flyball.core.chain import CHANGED, verify
from flyball.ports import (
    Due,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    LedgerError,
    LedgerUnavailableError,
    NewRow,
    UnknownTargetError,
)
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
from tests.gcp.conftest import Store
from tests.gcp.wire import ALWAYS

pytestmark = pytest.mark.enable_socket

RELEASE = ItemUpdate(release=True)


def verbs(store: Store) -> list[str]:
    """List what was sent."""
    return [sent.verb for sent in store.wire.sent]


# --- lost answers ---------------------------------------------------------------------------------


def test_a_write_whose_answer_was_lost_is_written_once(store: Store) -> None:
    """The session sends it again; the row that is there already says that it came with it."""
    register(store.ledger)
    claim = take(store.ledger)
    store.wire.sent.clear()
    store.wire.lose_answer("commit")
    after = store.ledger.write(claim, [HOLD, INTENT], ItemUpdate(pending=True))
    assert verbs(store) == ["commit", "commit", "batchGet"]
    assert store.ledger.status(TARGET).pending == after.pending
    assert [row.kind for row in store.ledger.rows(TARGET)] == ["config", "decision", "decision"]
    assert store.ledger.write(after, [HOLD], NOTHING).sequence == 4
    assert_whole(store.ledger)


def test_the_same_write_sent_again_by_us_changes_nothing_more(store: Store) -> None:
    """So whoever is told that the ledger is unavailable may try again; another write may not."""
    register(store.ledger)
    claim = take(store.ledger)
    update = ItemUpdate(history='{"desired":3}', pending=True)
    after = store.ledger.write(claim, [INTENT], update)
    assert store.ledger.write(claim, [INTENT], update) == after
    assert store.again().ledger.write(claim, [INTENT], update) == after
    with pytest.raises(LeaseLostError, match="there is a row 2, and the claim knows 1 only"):
        store.ledger.write(claim, [HOLD], update)
    assert store.ledger.status(TARGET).sequence == 2
    assert_whole(store.ledger)


def test_a_write_is_known_again_after_others_went_on(store: Store) -> None:
    """Its row stays for ever, and says so for ever."""
    register(store.ledger)
    claim = take(store.ledger)
    after = store.ledger.write(claim, [INTENT], ItemUpdate(pending=True, release=True))
    store.ledger.write(take(store.ledger, "b", T0 + 9 * MINUTE), [HOLD], RELEASE)
    before = store.ledger.status(TARGET)
    again = store.ledger.write(claim, [INTENT], ItemUpdate(pending=True, release=True))
    assert again == after
    assert store.ledger.status(TARGET) == before


def test_the_same_words_of_another_holder_are_another_write(store: Store) -> None:
    """A row that says the same is not ours: the lease was lost before it was written."""
    register(store.ledger)
    claim = take(store.ledger, "a")
    store.ledger.write(take(store.ledger, "b", T0 + MINUTE), [HOLD], NOTHING)
    with pytest.raises(LeaseLostError, match="not held by 'a'"):
        store.ledger.write(claim, [HOLD], NOTHING)


def test_a_lease_given_back_twice_because_an_answer_was_lost_was_given_back(store: Store) -> None:
    """What the second sending finds is what the first one did."""
    register(store.ledger)
    claim = take(store.ledger)
    store.wire.lose_answer("commit")
    later = T0 + 5 * MINUTE
    update = ItemUpdate('{"desired":2}', pending=False, seen='{"a":1}', wake_at=later, release=True)
    assert store.ledger.write(claim, [], update).wake_at == later
    assert take(store.ledger, "b").history == '{"desired":2}'


def test_a_lease_that_was_given_back_unheard_and_taken_by_another_was_given_back(
    store: Store,
) -> None:
    """The next holder is quicker than our second sending; his lease is not touched."""
    register(store.ledger)
    claim, other = take(store.ledger), store.again()
    store.wire.lose_answer("commit")
    store.wire.before("commit", lambda: take(other.ledger, "b"))
    assert store.ledger.write(claim, [], RELEASE) == claim
    with pytest.raises(LeaseHeldError):
        take(store.ledger, "c")


def test_a_lease_that_was_lost_is_not_taken_for_one_given_back(store: Store) -> None:
    """An answer was lost, but the item says other than what was to be written."""
    register(store.ledger)
    claim = take(store.ledger)
    other = store.again().ledger
    other.write(take(other, "b", T0 + MINUTE), [], RELEASE)
    store.wire.refuse("commit", "INTERNAL", 500)
    with pytest.raises(LeaseLostError, match="not held by 'a'"):
        store.ledger.write(claim, [], RELEASE)


def test_a_lease_that_is_taken_again_with_its_token_is_given_back_again(store: Store) -> None:
    """The same words, but a new lease: another program that knows nothing of it ends it too."""
    register(store.ledger)
    store.ledger.write(take(store.ledger), [], RELEASE)
    claim = take(store.ledger)
    store.again().ledger.write(claim, [], RELEASE)
    assert store.ledger.status(TARGET).lease_until is None


def test_a_claim_whose_answer_was_lost_is_ours(store: Store) -> None:
    """The second sending meets our own token."""
    register(store.ledger)
    store.wire.lose_answer("commit")
    claim = take(store.ledger)
    assert store.ledger.write(claim, [HOLD], NOTHING).sequence == 2


def test_a_registration_and_a_retirement_whose_answers_were_lost_are_one_generation_each(
    store: Store,
) -> None:
    """A second look finds them done."""
    store.wire.lose_answer("commit")
    assert register(store.ledger) == 1
    store.wire.lose_answer("commit")
    assert store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0) == 2
    store.wire.lose_answer("commit")
    assert store.ledger.retire(TARGET, T0) == 3
    assert_whole(store.ledger)
    assert [row.kind for row in store.ledger.rows(TARGET)] == ["config", "config", "retired"]


# --- what others do at the same time --------------------------------------------------------------


def test_a_write_goes_through_where_only_what_does_not_matter_has_changed(store: Store) -> None:
    """The item is not as it was, but token, generation and sequence are."""
    register(store.ledger)
    claim = take(store.ledger)
    store.again().ledger.write(claim, [], ItemUpdate(wake_at=T0 + MINUTE))
    store.wire.sent.clear()
    assert store.ledger.write(claim, [HOLD], NOTHING).wake_at == T0
    assert verbs(store) == ["commit", "batchGet", "commit"]
    assert store.ledger.status(TARGET).wake_at == T0 + MINUTE
    assert_whole(store.ledger)


def test_a_claim_that_meets_a_write_knocks_again(store: Store) -> None:
    """An alarm tells once: it must not fail for another's write of a moment."""
    register(store.ledger)
    other = store.again().ledger
    store.wire.before("commit", lambda: other.register(TARGET, OTHER_CONFIG, "h2", T0))
    assert take(store.ledger).generation == 2


def test_a_claim_that_meets_a_claim_finds_out_who_it_is(store: Store) -> None:
    """Both saw the lease free; one had it a moment earlier."""
    register(store.ledger)
    other = store.again().ledger
    store.wire.before("commit", lambda: take(other, "b"))
    with pytest.raises(LeaseHeldError, match=TARGET):
        take(store.ledger, "a")


def test_a_claim_that_meets_a_retirement_has_nobody_to_claim(store: Store) -> None:
    """It went out of service between our look and our write."""
    register(store.ledger)
    other = store.again().ledger
    store.wire.before("commit", lambda: other.retire(TARGET, T0))
    with pytest.raises(UnknownTargetError, match=TARGET):
        take(store.ledger)


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
    claim, wake = take(store.ledger), store.again().ledger
    store.wire.before("commit", lambda: wake.write(claim, [HOLD], NOTHING))
    assert store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0) == 2
    kinds = [row.kind for row in store.ledger.rows(TARGET)]
    assert kinds == ["config", "decision", "config"]
    assert_whole(store.ledger)


def test_what_is_never_let_through_is_a_matter_for_later(store: Store) -> None:
    """Others write to the same target all the time."""
    register(store.ledger)
    claim = take(store.ledger)
    store.wire.refuse("commit", "FAILED_PRECONDITION", times=ALWAYS)
    says = f"others wrote to it {TRIES} times"
    with pytest.raises(LedgerUnavailableError, match=says):
        store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0)
    with pytest.raises(LedgerUnavailableError, match=says):
        store.ledger.retire(TARGET, T0)
    with pytest.raises(LedgerUnavailableError, match=says):
        take(store.ledger)
    with pytest.raises(LedgerUnavailableError, match=says):
        store.ledger.write(claim, [HOLD], NOTHING)
    assert store.ledger.status(TARGET).sequence == 1


# --- clocks, names and damage ---------------------------------------------------------------------


@pytest.mark.parametrize("target", ["", "x" * 3_000, "a\nb", "\ud800"])
def test_a_name_that_can_be_no_target_s_is_nobody_s(store: Store, target: str) -> None:
    """A stray event may carry any text."""
    for ask in (
        lambda: take(store.ledger, target=target),
        lambda: store.ledger.status(target),
        lambda: store.ledger.retire(target, T0),
    ):
        with pytest.raises(UnknownTargetError, match="registered"):
            ask()
    assert list(store.ledger.rows(target)) == []
    assert list(store.ledger.latest(5, target)) == []
    assert store.ledger.row(target) is None


def test_any_name_is_a_document_of_its_own_in_the_order_of_names(store: Store) -> None:
    """Also those that Firestore would refuse or mix up; what is due at once comes by name."""
    names = [
        ".",
        "..",
        "__a__",
        "a",
        "a.b",
        "a/b",
        "a.1b",
        "a0",
        "a:000000000000000001",
        "b/.",
        "b/",
    ]
    names += ["." * 256, "/" * 256, "\U0001d6fc" * 256, "é", "z"]
    for name in reversed(names):
        register(store.ledger, name)
    assert [due.scalable_target_id for due in store.ledger.due(T0, 99)] == sorted(names)
    assert store.ledger.due(T0, 1) == [Due(min(names), T0)]
    for name in names:
        assert [row.scalable_target_id for row in store.ledger.rows(name)] == [name]
        assert [row.kind for row in store.ledger.latest(9, name, "config")] == ["config"]
    assert list(store.ledger.recorded_ids()) == sorted(names)
    assert_whole(store.ledger)


@pytest.mark.parametrize("wait", [timedelta(microseconds=-1), timedelta()])
def test_what_is_due_is_told_to_the_microsecond(store: Store, wait: timedelta) -> None:
    """Firestore keeps no less, and no more."""
    register(store.ledger)
    assert [due.wake_at for due in store.ledger.due(T0 + wait, 9)] == ([T0] if not wait else [])


def test_a_row_is_found_by_its_id_in_another_program_and_without_an_item(store: Store) -> None:
    """A row says whose it is by itself."""
    written(store.ledger, "a", 2)
    written(store.ledger, "b", 2)
    store.ledger.retire("b", T0)
    store.delete("targets", "a")
    alone = store.again().ledger
    for target in ("a", "b"):
        for row in store.ledger.rows(target):
            assert alone.row(row.id) == row
    row = next(store.ledger.rows("a"))
    assert alone.row(row.id.replace("-000001-", "-000009-")) is None
    assert alone.row("é") is None
    assert alone.row("1" * 2_000) is None
    assert alone.recorded_ids() == ["a", "b"]
    assert alone.scalable_target_ids() == []


def test_rows_without_their_item_are_not_written_over(store: Store) -> None:
    """One collection was restored and the other was not: say so, and touch nothing."""
    written(store.ledger, TARGET, 2)
    before = list(store.ledger.rows(TARGET))
    store.delete("targets", TARGET.replace("/", ".1"))
    with pytest.raises(LedgerError, match="a row already .*ledger verify"):
        register(store.ledger)
    assert list(store.ledger.rows(TARGET)) == before


def test_a_row_that_the_item_does_not_know_stops_the_write(store: Store) -> None:
    """Append-only: not even the holder of the lease puts a row where one is."""
    register(store.ledger, "t")
    claim = take(store.ledger, target="t")
    stray = {"by_target": {"stringValue": f"t\n{2:018d}"}, "kind": {"stringValue": "stray"}}
    store.put("ledger", f"t:{2:018d}", {**stray})
    for ledger in (store.ledger, store.again().ledger):
        with pytest.raises(LedgerError, match="a row already"):
            ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    assert store.ledger.status("t").sequence == 1
    assert [row.kind for row in store.ledger.rows("t")] == ["config", "stray"]


@pytest.mark.parametrize(
    "damage",
    [
        {"body": {"bytesValue": "bm90IHBhY2tlZA=="}},
        {"body": {"bytesValue": "eJxLywcAAoIBRQ=="}},
        {"body": {"integerValue": "1"}},
        {"at": {"stringValue": "yesterday"}},
        {"at": {"timestampValue": "2026-11-21T00:24:11Z"}},
        {"kind": {"stringValue": "outcome"}},
        {"sequence": {"stringValue": "x"}},
    ],
    ids=lambda damage: "-".join(f"{name}-{next(iter(value))}" for name, value in damage.items()),
)
def test_a_row_that_was_damaged_is_read_and_named(
    store: Store, damage: dict[str, dict[str, object]]
) -> None:
    """`verify` finds it; a list does not stop at it."""
    written(store.ledger, "t", 3)
    store.put("ledger", f"t:{3:018d}", {**damage})
    status = store.ledger.status("t")
    faults = list(verify(store.ledger.rows("t"), head=status.head, sequence=status.sequence))
    assert [(fault.sequence, fault.kind) for fault in faults] == [(3, CHANGED)]


def test_an_item_that_was_damaged_is_read(store: Store) -> None:
    """A list does not stop at it, and `verify` finds that its chain is not as it says."""
    written(store.ledger, "t", 3)
    damage = {"generation": {"stringValue": "x"}, "sequence": {"doubleValue": 1.5}}
    store.put("targets", "t", {**damage, "head": {"stringValue": ""}})
    status = store.ledger.status("t")
    assert (status.generation, status.sequence, status.head) == (0, 0, "")
    assert list(verify(store.ledger.rows("t"), head=status.head, sequence=status.sequence))


def test_a_clock_that_goes_back_hides_no_row_from_a_list_of_all(store: Store) -> None:
    """The first rows of a list stay the first, however many are asked for."""
    for target, steps in (("a", (0, 9, 3, 1)), ("b", (2, 4, 2, 8))):
        register(store.ledger, target)
        claim = take(store.ledger, target=target)
        for step in steps:
            claim = store.ledger.write(
                claim, [NewRow("decision", T0 + step * SECOND, "{}")], NOTHING
            )
    every = store.ledger.latest(99)
    assert len(every) == 10
    for limit in range(1, 10):
        assert store.ledger.latest(limit) == every[:limit]
