"""How is DynamoDB asked, page by page, and what does each of its refusals mean for a ledger?

Trying again is the client's own, but for what it takes for an answer: that others were at the same
item, or that a transaction was too much for a moment. Only that is sent again here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from time import sleep
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

from flyball.adapters.aws.clients import error_code, error_message
from flyball.adapters.aws.items import Item
from flyball.ports import LedgerError, LedgerUnavailableError

CONDITION = "ConditionalCheckFailed"
CONDITION_EXCEPTION = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"
CONFLICT = "TransactionConflict"
CONFLICT_EXCEPTION = "TransactionConflictException"

AGAIN = frozenset(
    {CONFLICT, CONFLICT_EXCEPTION, "ProvisionedThroughputExceeded", "ThrottlingError"}
)
"""Codes of moments that pass, after which the client does not try again by itself."""
WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6)
"""The longest wait before each further try of one write: 3.1 s in all at most, so that a function
that has time left for a target has it for this too."""

BUSY: Mapping[str, str] = {
    CONFLICT: "another transaction is at the same item",
    CONFLICT_EXCEPTION: "another transaction is at the same item",
    "TransactionInProgressException": "the same transaction is still in progress",
    "ProvisionedThroughputExceeded": "more was written than the table's capacity allows",
    "ProvisionedThroughputExceededException": "more was asked than the table's capacity allows",
    "ThrottlingError": "it is throttled",
    "Throttling": "it is throttled",
    "ThrottlingException": "it is throttled",
    "RequestLimitExceeded": "the account's throughput is used up",
    "LimitExceededException": "too much is going on with this table",
    "ReplicatedWriteConflictException": "another region is writing the same item",
    "InternalServerError": "the service failed",
    "ServiceUnavailable": "the service is unavailable",
}
"""Codes after which a later try may succeed, and what they say."""
DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "UnrecognizedClientException",
    }
)
"""Codes of a permission that is missing."""
TOO_LARGE = ("item size", "item collection", "transaction size")
"""What the service says of an item that is too large."""


class Tables:
    """DynamoDB's operations on the two tables, with its refusals told in the ledger's words.

    Args:
        client: boto3's `dynamodb` client, made with its own retries and limits of time; it has no
            static type, as botocore makes its class when it runs.
        targets: Name of the table of items.
        ledger: Name of the table of rows.
        rest: Waits so many seconds.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401
        targets: str,
        ledger: str,
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._client = client
        self._rest = rest
        self.targets = targets
        self.ledger = ledger
        self._is_closed = False

    def call(self, operation: str, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Call one operation, such as "update_item".

        Raises:
            ClientError: A condition does not hold, or a transaction was cancelled or met another:
                only the caller knows what that means.
            LedgerUnavailableError: A later try may succeed.
            LedgerError: It cannot succeed until somebody mends something; or it was closed.
        """
        if self._is_closed:
            raise LedgerError(f"{self}: this ledger was closed. Open it again.")
        try:
            answer: Mapping[str, Any] = getattr(self._client, operation)(**request)
        except ClientError as error:
            if error_code(error) in {CONDITION_EXCEPTION, CANCELLED, CONFLICT_EXCEPTION}:
                raise
            raise self.explain(error) from error
        except BotoCoreError as error:
            raise self.explain(error) from error
        return answer

    def insist(self, operation: str, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Call a writing operation, again where only the moment was wrong; raises as call.

        Nothing was written then, so that the very same request may be sent again, a transaction
        with its token. The RetryAttempts of the error that is raised are the client's of all tries.
        """
        waits, attempts = iter(WAITS_S), 0
        while True:
            try:
                return self.call(operation, **request)
            except ClientError as error:
                answer: Any = error.response
                told = answer.setdefault("ResponseMetadata", {})
                attempts += told.get("RetryAttempts", 0)
                told["RetryAttempts"] = attempts
                longest_s = next(waits, None)
                if longest_s is None or not _passes(error):
                    raise
            self._rest(random.uniform(0, longest_s))  # noqa: S311  (no secret)

    def pages(self, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
        """Call "query" or "scan" until there is no more; a page ends at 1 MB or at its Limit."""
        while True:
            page = self.call(operation, **request)
            yield page
            last = page.get("LastEvaluatedKey")
            if not last:
                return
            request["ExclusiveStartKey"] = last

    def items(self, operation: str, **request: Any) -> Iterator[Item]:  # noqa: ANN401
        """Read the items of all pages."""
        for page in self.pages(operation, **request):
            yield from page["Items"]

    def explain(self, error: ClientError | BotoCoreError) -> LedgerError:
        """Say what a refusal means, and what to do about it."""
        if not isinstance(error, ClientError):
            if isinstance(error, (UnreachableError, HTTPClientError)):
                return LedgerUnavailableError(
                    f"{self}: cannot be reached: {error} Try again; look at the network, the "
                    "region and the endpoint if it lasts."
                )
            return LedgerError(f"{self}: {error} Look at the region and the credentials.")
        return self._explain_code(error_code(error), error_message(error), error)

    def explain_cancelled(self, error: ClientError) -> LedgerError:
        """Say why a transaction was cancelled, where it was not for a condition."""
        for reason in reasons(error):
            code, message = reason.get("Code", "None"), reason.get("Message", "")
            if code != "None":
                return self._explain_code(code, message, error)
        return self._explain_code(error_code(error), error_message(error), error)

    def close(self) -> None:
        """Let go of the client's connections; a second time does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._client.close()

    def __str__(self) -> str:
        return f"DynamoDB tables {self.targets} and {self.ledger}"

    def _explain_code(self, code: str, message: str, error: ClientError) -> LedgerError:
        said = f"({code}: {message})"
        if code in BUSY or _status(error) >= 500:  # noqa: PLR2004  (HTTP: the fault is the server's)
            cause = BUSY.get(code, "the service failed")
            return LedgerUnavailableError(
                f"{self}: nothing was written, as {cause} {said}. Try again."
            )
        if code in DENIED:
            return LedgerError(
                f"{self}: permission is missing {said}. `flyball doctor` shows the statement that "
                "grants it."
            )
        if code == "ResourceNotFoundException":
            return LedgerError(
                f"{self}: one of the tables, or an index of it, does not exist {said}. Deploy the "
                "template first, or name the tables as it did, in its region and account."
            )
        if any(each in message.lower() for each in TOO_LARGE):
            return LedgerError(
                f"{self}: too large to be stored {said}. Shorten the config, or the stabilization "
                "windows and cooldowns that make the history long."
            )
        return LedgerError(f"{self}: refused {said}. Check that both tables are of this version.")


def reasons(error: ClientError) -> list[Mapping[str, Any]]:
    """Read why a transaction was cancelled: one reason an action, in order."""
    found: Any = error.response.get("CancellationReasons", [])
    return list(found)


def _passes(error: ClientError) -> bool:
    """Say whether nothing but the moment was wrong."""
    codes = {error_code(error)}
    if codes == {CANCELLED}:
        codes = {str(reason.get("Code", "None")) for reason in reasons(error)} - {"None"}
    return bool(codes) and codes <= AGAIN


def _status(error: ClientError) -> int:
    told: Any = error.response.get("ResponseMetadata", {})
    return int(told.get("HTTPStatusCode", 0))
