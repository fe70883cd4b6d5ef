"""What does the ledger say when DynamoDB refuses, and may it be tried again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.adapters.aws.tables import WAITS_S
from flyball.ports import ItemUpdate, LeaseLostError, LedgerError, LedgerUnavailableError
from tests.aws.broken import count_calls, lose_answer, refuse
from tests.aws.conftest import Store
from tests.aws.rig import Server, client_of
from tests.contract.steps import HOLD, NOTHING, T0, TARGET, assert_whole, register, take

pytestmark = pytest.mark.enable_socket

LATER, NEVER = LedgerUnavailableError, LedgerError
ALL_TRIES = len(WAITS_S) + 1
CANCELLED = "TransactionCanceledException"


@dataclass(frozen=True)
class Case:
    """A refusal, as the service words it, and what becomes of it."""

    id: str
    code: str
    becomes: type[LedgerError]
    says: str
    status: int = 400
    more: dict[str, Any] = field(default_factory=dict)
    tries: int = 1


def cancelled(code: str, message: str = "") -> dict[str, Any]:
    """Cancel for the second action's sake."""
    reason = {"Code": code, "Message": message}
    return {"CancellationReasons": [{"Code": "None"}, reason]}


CASES = [
    Case("throttled", "ThrottlingException", LATER, "throttled"),
    Case("capacity", "ProvisionedThroughputExceededException", LATER, "capacity allows"),
    Case("account", "RequestLimitExceeded", LATER, "throughput is used up"),
    Case("failed", "InternalServerError", LATER, "the service failed", 500),
    Case("unavailable", "ServiceUnavailable", LATER, "unavailable", 503),
    Case("unheard of", "Whatever", LATER, "the service failed", 502),
    Case("in progress", "TransactionInProgressException", LATER, "still in progress"),
    *(
        Case(name, CANCELLED, LATER, says, more=cancelled(code), tries=ALL_TRIES)
        for name, says, code in (
            ("conflict", "another transaction", "TransactionConflict"),
            ("throttled in it", "throttled", "ThrottlingError"),
            ("capacity in it", "capacity allows", "ProvisionedThroughputExceeded"),
        )
    ),
    Case(
        "too large",
        CANCELLED,
        NEVER,
        "too large",
        more=cancelled("ValidationError", "Item size to update has exceeded the maximum"),
    ),
    Case("cancelled for nothing", CANCELLED, NEVER, "refused .TransactionCanceledException"),
    Case("no table", "ResourceNotFoundException", NEVER, "Deploy the template first"),
    Case("no permission", "AccessDeniedException", NEVER, "permission is missing .*doctor"),
    Case("expired", "ExpiredTokenException", NEVER, "permission is missing"),
    Case("refused", "ValidationException", NEVER, "refused .ValidationException"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refused_write_says_why_and_whether_to_try_again(impatient: Store, case: Case) -> None:
    """Nothing was written, and the same claim can be written with afterwards."""
    ledger = impatient.ledger
    register(ledger)
    claim = take(ledger)
    refuse(impatient.client, "TransactWriteItems", case.code, case.status, case.tries, **case.more)
    with pytest.raises(LedgerError, match=case.says) as refused:
        ledger.write(claim, [HOLD], NOTHING)
    assert type(refused.value) is case.becomes
    assert impatient.targets in str(refused.value)
    assert ledger.status(TARGET).sequence == 1
    assert ledger.write(claim, [HOLD], NOTHING).sequence == 2
    assert_whole(ledger)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refused_change_of_the_config_says_why(impatient: Store, case: Case) -> None:
    """As a refused write does."""
    refuse(impatient.client, "TransactWriteItems", case.code, case.status, case.tries, **case.more)
    with pytest.raises(case.becomes, match=case.says):
        register(impatient.ledger)
    assert list(impatient.ledger.scalable_target_ids()) == []


MOMENTS = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")


@pytest.mark.parametrize("code", MOMENTS)
def test_a_write_that_was_cancelled_for_the_moment_is_sent_again_as_it_was(
    impatient: Store, code: str
) -> None:
    """The client takes a cancellation for an answer; the token makes the second the first."""
    register(impatient.ledger)
    claim = take(impatient.ledger)
    refuse(impatient.client, "TransactWriteItems", CANCELLED, times=5, **cancelled(code))
    calls = count_calls(impatient.client)
    assert impatient.ledger.write(claim, [HOLD], NOTHING).sequence == 2
    assert [name for name, _ in calls] == ["TransactWriteItems"] * ALL_TRIES
    assert len({asked["ClientRequestToken"] for _, asked in calls}) == 1
    assert impatient.ledger.status(TARGET).sequence == 2
    assert_whole(impatient.ledger)


def test_a_change_of_the_config_that_was_throttled_is_sent_again(impatient: Store) -> None:
    """It makes one generation, not one a try."""
    refuse(impatient.client, "TransactWriteItems", CANCELLED, **cancelled("ThrottlingError"))
    assert register(impatient.ledger) == 1
    assert impatient.ledger.status(TARGET).sequence == 1


def test_between_the_tries_there_are_waits_of_different_length(store: Store) -> None:
    """None is longer than it may be, and those who met once do not meet again."""
    waits: list[float] = []
    ledger = DynamoLedger(store.client, targets=store.targets, ledger=store.rows, rest=waits.append)
    register(ledger)
    for _ in range(2):
        refuse(store.client, "UpdateItem", "TransactionConflictException", times=ALL_TRIES)
        with pytest.raises(LedgerUnavailableError):
            take(ledger)
    assert len(set(waits)) == len(waits) == 2 * len(WAITS_S)
    assert all(0 <= wait <= most for wait, most in zip(waits, WAITS_S * 2, strict=True))


def test_a_write_whose_claim_is_lost_is_not_sent_again(impatient: Store) -> None:
    """Whatever else went on at that moment."""
    register(impatient.ledger)
    claim = take(impatient.ledger)
    both = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}]
    refuse(impatient.client, "TransactWriteItems", CANCELLED, CancellationReasons=both)
    calls = count_calls(impatient.client)
    with pytest.raises(LeaseLostError):
        impatient.ledger.write(claim, [HOLD], NOTHING)
    assert [name for name, _ in calls].count("TransactWriteItems") == 1


def test_a_lease_that_was_given_back_unheard_stays_given_back(store: Store) -> None:
    """The answer was lost, then others were at the item, then our own doing was met."""
    ledger = DynamoLedger(
        store.client, targets=store.targets, ledger=store.rows, rest=lambda _: None
    )
    register(ledger)
    claim = take(ledger)
    lose_answer(store.client, "UpdateItem")
    refuse(store.client, "UpdateItem", "TransactionConflictException", after=1)
    ledger.write(claim, [], ItemUpdate(release=True))
    assert ledger.status(TARGET).lease_until is None


def test_a_lease_that_cannot_be_given_back_now_can_be_later(impatient: Store) -> None:
    """An update of the item alone meets one transaction of others after another."""
    register(impatient.ledger)
    claim = take(impatient.ledger)
    refuse(impatient.client, "UpdateItem", "TransactionConflictException", times=ALL_TRIES)
    with pytest.raises(LedgerUnavailableError, match="another transaction"):
        impatient.ledger.write(claim, [], ItemUpdate(release=True))
    impatient.ledger.write(claim, [], ItemUpdate(release=True))


ASKED: dict[str, Callable[[DynamoLedger], object]] = {
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
    "find": lambda ledger: ledger.find_targets("endpoint/e"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_table_that_does_not_exist_is_named_with_the_remedy(
    ministack: Server, ask: Callable[[DynamoLedger], object]
) -> None:
    """The stack was not deployed, or the setting names another one."""
    client = client_of(ministack, "dynamodb")
    ledger = DynamoLedger(client, targets="no-such-targets", ledger="no-such-ledger")
    with pytest.raises(LedgerError, match="no-such-targets.*Deploy the template first"):
        ask(ledger)
    ledger.close()


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_service_that_cannot_be_reached_may_be_back_later(
    ministack: Server, ask: Callable[[DynamoLedger], object]
) -> None:
    """Nobody listens on port 1."""
    nowhere = Server("http://127.0.0.1:1", ministack.log, ministack.program)
    ledger = DynamoLedger(client_of(nowhere, "dynamodb"), targets="targets", ledger="ledger")
    with pytest.raises(LedgerUnavailableError, match="cannot be reached"):
        ask(ledger)
    ledger.close()


def test_a_client_without_credentials_says_so(ministack: Server) -> None:
    """That is nothing that a later try mends."""
    from botocore.session import Session

    session = Session(profile=None)
    session.set_config_variable("region", "us-east-1")
    session.get_component("credential_provider").providers.clear()
    client = session.create_client("dynamodb", endpoint_url=ministack.url)
    ledger = DynamoLedger(client, targets="targets", ledger="ledger")
    with pytest.raises(LedgerError, match="credentials") as refused:
        ledger.status(TARGET)
    assert type(refused.value) is LedgerError
    ledger.close()
