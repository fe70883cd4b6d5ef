"""How is Firestore asked, page by page, and what does each of its refusals mean for a ledger?

Nothing is locked: a commit says of each of its documents how it must be, and is done whole or not
at all. A transaction that reads and then writes would hold a lock from its first read on, and on a
document that many are at it spends its time in taking turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flyball.adapters.gcp.documents import Document, Fields, Value, size_of
from flyball.adapters.gcp.session import NO_CREDENTIALS, UNREACHABLE, CallError, Session
from flyball.ports import LedgerError, LedgerUnavailableError

FIRST_PAGE, LARGEST_PAGE = 32, 512
"""Documents that are asked for at first, and at most."""
PAGE_BYTES = 4 * 1024 * 1024
"""What later pages are to hold, by the size of the documents before them."""

CONDITION = frozenset({"ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND"})
"""Statuses of a commit that found a document other than it said: there, changed or not there."""
BUSY: Mapping[str, str] = {
    "ABORTED": "others are at the same documents",
    "CANCELLED": "the service gave it up",
    "DEADLINE_EXCEEDED": "it took too long",
    "INTERNAL": "the service failed",
    "RESOURCE_EXHAUSTED": "it is throttled, or a quota is used up",
    "UNAVAILABLE": "the service is unavailable",
    "UNKNOWN": "the service failed",
}
"""Statuses after which a later try may succeed, and what they say."""
DENIED = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})
"""Statuses of a permission that is missing."""
TOO_LARGE = ("is longer than", "maximum entity size", "exceeds the", "exceeds maximum")
"""What the service says of a document, or of a commit, that is too large."""


class ConditionError(Exception):
    """A document is not as the commit said that it is: nothing was written."""


class Database:
    """Firestore's methods on two collections, with its refusals told in the ledger's words.

    Args:
        session: Tries again by itself.
        project: Whose database.
        database: Its id.
        targets: The collection of items.
        ledger: The collection of rows.
    """

    def __init__(
        self, session: Session, project: str, database: str, targets: str, ledger: str
    ) -> None:
        self._session = session
        self._is_closed = False
        self.targets = targets
        self.ledger = ledger
        self.name = f"projects/{project}/databases/{database}"

    def name_of(self, collection: str, document_id: str) -> str:
        """Give the whole name of a document."""
        return f"{self.name}/documents/{collection}/{document_id}"

    def commit(self, *writes: Mapping[str, Any]) -> str:
        """Write documents, all or none of them; see change and create.

        Returns:
            The first one's update time.

        Raises:
            ConditionError: One is other than was said.
            LedgerUnavailableError: A later try may succeed.
            LedgerError: It cannot succeed until somebody mends something; or it was closed.
        """
        try:
            answer = self._call("commit", {"writes": writes})
        except CallError as error:
            if error.status in CONDITION:
                raise ConditionError(error.message) from error
            raise self.explain(error) from error
        return str(answer["writeResults"][0]["updateTime"])

    def get(self, *names: str) -> list[Document | None]:
        """Read documents by their whole names, all as of one instant; None where there is none."""
        answer = self._ask("batchGet", {"documents": names})
        found = {
            part["found"]["name"]: _read_document(part["found"])
            for part in answer
            if "found" in part
        }
        return [found.get(name) for name in names]

    def walk(
        self,
        collection: str,
        field: str,
        *,
        after: Value | None = None,
        before: Value | None = None,
        descending: bool = False,
        limit: int | None = None,
        only: Sequence[str] = (),
        page: int = FIRST_PAGE,
    ) -> Iterator[Document]:
        """Read documents in the order of a field that no two of them share, a page at a time.

        Args:
            collection: Which.
            field: What they are sorted by; one without it is not among them.
            after: Least value, itself not included.
            before: Greatest value, itself not included.
            descending: The greatest first.
            limit: How many at most; None: all.
            only: Fields that are wanted; none: all.
            page: Documents that are asked for at first.
        """
        left = limit
        while left is None or left > 0:
            size = page if left is None else min(page, left)
            where = [(field, "GREATER_THAN", after), (field, "LESS_THAN", before)]
            found = self.query(
                collection, where, field, descending=descending, limit=size, only=only
            )
            yield from found
            if len(found) < size:
                return
            left = None if left is None else left - size
            edge = found[-1].fields[field]
            after, before = (after, edge) if descending else (edge, before)
            weight = sum(size_of("", document.fields) for document in found) // size
            page = min(max(PAGE_BYTES // max(weight, 1), 1), LARGEST_PAGE)

    def query(
        self,
        collection: str,
        where: Sequence[tuple[str, str, Value | None]],
        order: str = "",
        *,
        descending: bool = False,
        limit: int | None = None,
        only: Sequence[str] = (),
    ) -> list[Document]:
        """Find documents by conditions on one field; one without a value is none."""
        query: dict[str, Any] = {"from": [{"collectionId": collection}]}
        filters = [
            {"fieldFilter": {"field": {"fieldPath": field}, "op": operator, "value": value}}
            for field, operator, value in where
            if value is not None
        ]
        if filters:
            query["where"] = {"compositeFilter": {"op": "AND", "filters": filters}}
        if order:
            direction = "DESCENDING" if descending else "ASCENDING"
            query["orderBy"] = [{"field": {"fieldPath": order}, "direction": direction}]
        if limit is not None:
            query["limit"] = limit
        if only:
            query["select"] = {"fields": [{"fieldPath": field} for field in only]}
        answer = self._ask("runQuery", {"structuredQuery": query})
        return [_read_document(part["document"]) for part in answer if "document" in part]

    def explain(self, error: CallError) -> LedgerError:
        """Say what a refusal means, and what to do about it."""
        if error.status == UNREACHABLE:
            return LedgerUnavailableError(
                f"{self}: cannot be reached: {error.message} Try again; look at the network and "
                "the endpoint if it lasts."
            )
        if error.status == NO_CREDENTIALS:
            return LedgerError(
                f"{self}: {error.message} Look at the credentials: `gcloud auth "
                "application-default login` makes some for a person."
            )
        said = f"({error.status or error.code}: {error.message})"
        if any(each in error.message for each in TOO_LARGE):
            return LedgerError(
                f"{self}: too large to be stored {said}. Shorten the config, or the stabilization "
                "windows and cooldowns that make the history long."
            )
        if error.status in BUSY or error.passes:
            cause = BUSY.get(error.status, "the service failed")
            return LedgerUnavailableError(
                f"{self}: nothing was written, as {cause} {said}. Try again."
            )
        if error.status in DENIED:
            return LedgerError(
                f"{self}: permission is missing {said}. `flyball doctor` shows the role that "
                "grants it."
            )
        if error.status == "NOT_FOUND":
            return LedgerError(
                f"{self}: the database does not exist {said}. Deploy first, or name the project "
                "and the database as the deployment did."
            )
        return LedgerError(
            f"{self}: refused {said}. Check that it is a database in native mode, and of this "
            "version."
        )

    def close(self) -> None:
        """Let go of the session's connections; a second time does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._session.close()

    def __str__(self) -> str:
        return f"Firestore {self.name}, collections {self.targets} and {self.ledger}"

    def _ask(self, method: str, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Call a method that reads."""
        try:
            answer: list[Mapping[str, Any]] = self._call(method, body)
        except CallError as error:
            raise self.explain(error) from error
        return answer

    def _call(self, method: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401  (JSON)
        if self._is_closed:
            raise LedgerError(f"{self}: this ledger was closed. Open it again.")
        return self._session.call("firestore", f"v1/{self.name}/documents:{method}", body)


def change(
    name: str, fields: Fields, removed: Sequence[str] = (), *, update_time: str
) -> Mapping[str, Any]:
    """Say a change of some fields, on condition that the document is as it was then."""
    return {
        "update": {"name": name, "fields": fields},
        "updateMask": {"fieldPaths": [*fields, *removed]},
        "currentDocument": {"updateTime": update_time},
    }


def create(name: str, fields: Fields) -> Mapping[str, Any]:
    """Say a new document, on condition that there is none of its name."""
    return {"update": {"name": name, "fields": fields}, "currentDocument": {"exists": False}}


def _read_document(given: Mapping[str, Any]) -> Document:
    return Document(given["name"], given.get("fields", {}), given.get("updateTime", ""))
