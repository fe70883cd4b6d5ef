"""What does the ledger say when DynamoDB refuses, and may it be tried again?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.ports import ItemUpdate, LedgerError, LedgerUnavailableError
from tests.aws.broken import refuse
from tests.aws.conftest import Store
from tests.aws.rig import Server, client_of
from tests.contract.steps import HOLD, NOTHING, T0, TARGET, assert_whole, register, take

pytestmark = pytest.mark.enable_socket

LATER, NEVER = LedgerUnavailableError, LedgerError
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
    Case(
        "conflict", CANCELLED, LATER, "another transaction", more=cancelled("TransactionConflict")
    ),
    Case("throttled in it", CANCELLED, LATER, "throttled", more=cancelled("ThrottlingError")),
    Case(
        "capacity in it",
        CANCELLED,
        LATER,
        "capacity allows",
        more=cancelled("ProvisionedThroughputExceeded"),
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


@pytest.fixture
def impatient(store: Store) -> Iterator[Store]:
    """Open the same tables with a client that tries once, so that no test waits for it."""
    client = client_of(store.server, "dynamodb")
    ledger = DynamoLedger(client, targets=store.targets, ledger=store.rows)
    yield store._replace(client=client, ledger=ledger)
    ledger.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_refused_write_says_why_and_whether_to_try_again(impatient: Store, case: Case) -> None:
    """Nothing was written, and the same claim can be written with afterwards."""
    ledger = impatient.ledger
    register(ledger)
    claim = take(ledger)
    refuse(impatient.client, "TransactWriteItems", case.code, case.status, **case.more)
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
    refuse(impatient.client, "TransactWriteItems", case.code, case.status, **case.more)
    with pytest.raises(case.becomes, match=case.says):
        register(impatient.ledger)
    assert list(impatient.ledger.scalable_target_ids()) == []


def test_a_lease_that_cannot_be_given_back_now_can_be_later(store: Store) -> None:
    """An update of the item alone meets another's transaction."""
    register(store.ledger)
    claim = take(store.ledger)
    refuse(store.client, "UpdateItem", "TransactionConflictException")
    with pytest.raises(LedgerUnavailableError, match="another transaction"):
        store.ledger.write(claim, [], ItemUpdate(release=True))
    store.ledger.write(claim, [], ItemUpdate(release=True))


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
