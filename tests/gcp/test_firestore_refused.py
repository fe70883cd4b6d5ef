"""What does the ledger say when Firestore refuses, and may it be tried again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.session import CallError, Session
from flyball.ports import ItemUpdate, LedgerError, LedgerUnavailableError
from tests.contract.steps import HOLD, NOTHING, T0, TARGET, assert_whole, register, take
from tests.gcp.conftest import Store
from tests.gcp.wire import ALWAYS, Watch, Wire

pytestmark = pytest.mark.enable_socket

LATER, NEVER = LedgerUnavailableError, LedgerError


@dataclass(frozen=True)
class Case:
    """A refusal, as the service words it, and what becomes of it."""

    id: str
    status: str
    code: int
    becomes: type[LedgerError]
    says: str
    message: str = ""
    passes: bool = False


CASES = [
    Case("throttled", "RESOURCE_EXHAUSTED", 429, LATER, "throttled, or a quota", passes=True),
    Case("unavailable", "UNAVAILABLE", 503, LATER, "unavailable", passes=True),
    Case("failed", "INTERNAL", 500, LATER, "the service failed", passes=True),
    Case("too slow", "DEADLINE_EXCEEDED", 504, LATER, "took too long", passes=True),
    Case("contended", "ABORTED", 409, LATER, "others are at the same documents", passes=True),
    Case("given up", "CANCELLED", 499, LATER, "gave it up"),
    Case("unheard of", "", 502, LATER, "the service failed", passes=True),
    Case("no permission", "PERMISSION_DENIED", 403, NEVER, "permission is missing .*doctor"),
    Case("expired", "UNAUTHENTICATED", 401, NEVER, "permission is missing"),
    Case("refused", "INVALID_ARGUMENT", 400, NEVER, "refused .INVALID_ARGUMENT"),
    Case(
        "too large",
        "INVALID_ARGUMENT",
        400,
        NEVER,
        "too large to be stored .*Shorten",
        "Request payload size exceeds the limit: 11534336 bytes.",
    ),
]
MISSING = [
    Case("no database", "NOT_FOUND", 404, NEVER, "the database does not exist .*Deploy first"),
    Case("datastore mode", "FAILED_PRECONDITION", 400, NEVER, "native mode"),
]


def same(found: LedgerError, case: Case, store: Store) -> None:
    """Expect the very type: an error that may pass is one that may not, too."""
    assert type(found) is case.becomes
    assert store.project in str(found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refused_write_says_why_and_whether_to_try_again(store: Store, case: Case) -> None:
    """Nothing was written, and the same claim can be written with afterwards."""
    register(store.ledger)
    claim = take(store.ledger)
    again = store.again().ledger
    store.wire.refuse("commit", case.status, case.code, message=case.message, times=ALWAYS)
    with pytest.raises(LedgerError, match=case.says) as refused:
        store.ledger.write(claim, [HOLD], NOTHING)
    same(refused.value, case, store)
    assert store.ledger.status(TARGET).sequence == 1
    assert again.write(claim, [HOLD], NOTHING).sequence == 2
    assert_whole(store.ledger)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refused_change_of_the_config_says_why(store: Store, case: Case) -> None:
    """As a refused write does."""
    store.wire.refuse("commit", case.status, case.code, message=case.message, times=ALWAYS)
    with pytest.raises(case.becomes, match=case.says) as refused:
        register(store.ledger)
    same(refused.value, case, store)
    assert list(store.ledger.scalable_target_ids()) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.passes], ids=lambda case: case.id)
def test_what_passes_within_the_time_is_never_heard_of(store: Store, case: Case) -> None:
    """The session sends it again, after waits of different length, none longer than it may be."""
    register(store.ledger)
    claim = take(store.ledger)
    store.wire.refuse("commit", case.status, case.code, times=4)
    assert store.ledger.write(claim, [HOLD], ItemUpdate(release=True)).sequence == 2
    waits = store.wire.watch.waits
    assert len(set(waits)) == len(waits) == 4
    assert all(0 <= wait <= most for wait, most in zip(waits, (0.1, 0.2, 0.4, 0.8), strict=True))
    assert_whole(store.ledger)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.passes], ids=lambda case: case.id
)
def test_what_does_not_pass_is_not_sent_again(store: Store, case: Case) -> None:
    """A human has to mend it."""
    register(store.ledger)
    store.wire.sent.clear()
    store.wire.refuse("batchGet", case.status, case.code, times=ALWAYS)
    with pytest.raises(case.becomes):
        take(store.ledger)
    assert len(store.wire.sent) == 1


ASKED: dict[str, Callable[[FirestoreLedger], object]] = {
    "register": register,
    "retire": lambda ledger: ledger.retire(TARGET, T0),
    "claim": take,
    "due": lambda ledger: ledger.due(T0, 1),
    "status": lambda ledger: ledger.status(TARGET),
    "list": lambda ledger: ledger.scalable_target_ids(),
    "recorded": lambda ledger: ledger.recorded_ids(),
    "rows": lambda ledger: list(ledger.rows(TARGET)),
    "row": lambda ledger: ledger.row("20261121T002411.123Z-000001-0123456789abcdef"),
    "latest": lambda ledger: ledger.latest(1),
    "latest of one": lambda ledger: ledger.latest(1, TARGET),
    "find": lambda ledger: ledger.find_targets("locations/l/endpoints/e"),
}


@pytest.mark.parametrize("case", MISSING, ids=lambda case: case.id)
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_database_that_does_not_serve_is_named_with_the_remedy(
    ask: Callable[[FirestoreLedger], object], case: Case
) -> None:
    """It was not created, or the setting names another one."""
    wire = Wire({"firestore": "http://127.0.0.1:1"})
    wire.refuse("", case.status, case.code, times=ALWAYS)
    ledger = FirestoreLedger(wire, "nowhere")
    with pytest.raises(LedgerError, match=f"projects/nowhere.*{case.says}") as refused:
        ask(ledger)
    assert type(refused.value) is LedgerError


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_service_that_cannot_be_reached_may_be_back_later(
    ask: Callable[[FirestoreLedger], object],
) -> None:
    """Nobody listens on port 1."""
    watch = Watch()
    session = Session({"firestore": "http://127.0.0.1:1"}, rest=watch.rest, clock=watch.clock)
    ledger = FirestoreLedger(session, "p")
    with pytest.raises(LedgerUnavailableError, match="cannot be reached"):
        ask(ledger)
    assert watch.waits
    ledger.close()


def test_a_session_without_credentials_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """That is nothing that a later try mends."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path_factory.mktemp("no") / "f"))
    watch = Watch()
    ledger = FirestoreLedger(Session(rest=watch.rest, clock=watch.clock), "p")
    with pytest.raises(LedgerError, match="credentials") as refused:
        ledger.status(TARGET)
    assert type(refused.value) is LedgerError
    assert watch.waits == []
    ledger.close()


def test_an_answer_that_breaks_off_in_the_middle_is_no_answer(store: Store) -> None:
    """Firestore sends its documents one by one, and may fail after the first."""
    register(store.ledger)

    def fail() -> None:
        raise CallError(503, "UNAVAILABLE", "on the way", passes=True)

    store.wire.before("runQuery", fail)
    store.wire.sent.clear()
    assert store.ledger.scalable_target_ids() == [TARGET]
    assert len(store.wire.sent) == 2
