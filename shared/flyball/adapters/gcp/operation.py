"""What becomes of a change that Google carries out in an operation of minutes or hours?

Nothing of it is kept here: each look asks the service which operations there are. One that runs is
busy; one that failed is told, and the range is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    read_instant,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.refusal import is_shortage, read_failure, read_refusal, tell
from flyball.adapters.gcp.session import CallError, Session
from flyball.core.model import Operation
from flyball.ports import Outcome, OutcomeKind

CHANGES = frozenset(
    {
        "MutateDeployedModelOperationMetadata",
        "UpdateDeploymentResourcePoolOperationMetadata",
    }
)
"""Types of metadata of what changes a range. Source: Vertex AI API, "Long-running operations"."""
PAGE_SIZE = 100
PAGES_LIMIT = 5
"""Pages of one list: more operations than that are of weeks."""
TOLD_FOR = timedelta(hours=1)
"""So long after an operation failed it is told at every look."""
LOOK_S = 8.0
CHANGE_S = 8.0
"""Seconds for all tries of a question, and of a change; the next look tells what is not known then.

Many targets are looked at one after the other while a function lives.
"""


class UncertainError(Exception):
    """The service said yes, but not in words that it would use: somebody else may have answered."""


class Work(NamedTuple):
    """What goes on at a resource.

    Attributes:
        running: Name of an operation that changes it now; "" for none.
        since: When that, or the newest that failed, was started, where it is told.
        failed: What the newest change failed of; "" where it did not, or long ago.
        name: Of the operation that runs, or of the newest where it failed; "" for none.
        is_short: It failed because there were no machines.
        remark: Why the operations could not be read; "" where they could.
    """

    running: str = ""
    since: datetime | None = None
    failed: str = ""
    is_short: bool = False
    remark: str = ""
    name: str = ""

    @property
    def operation(self) -> Operation | None:
        """The operation that runs, or the newest where it failed."""
        return Operation(self.name, self.since, self.failed) if self.name else None

    def tell(self) -> str:
        """Say what goes on, in a few words."""
        if self.running:
            since = f" since {self.since.isoformat()}" if self.since is not None else ""
            return f"{self.running} is running{since}"
        return self.failed or self.remark


def find_work(session: Session, path: str, location: str, now: datetime) -> Work:
    """Ask which operations change a resource of Vertex AI.

    Whose deployed model of an endpoint a running operation changes is not told by it, so each
    counts for all of them. Where the list cannot be read, nobody is known to be at work: the
    service itself refuses a second change.

    Args:
        session: Where it is asked.
        path: Of the endpoint or pool, with the API's version.
        location: Its region.
        now: Aware UTC.
    """
    operations: list[Answer] = []
    query = {"pageSize": str(PAGE_SIZE)}
    try:
        for _ in range(PAGES_LIMIT):
            answer = session.call(
                "aiplatform",
                f"{path}/operations",
                method="GET",
                query=query,
                location=location,
                within_s=LOOK_S,
            )
            operations += read_list(answer, "operations")
            query["pageToken"] = read_text(answer, "nextPageToken")
            if not query["pageToken"]:
                break
    except CallError as error:
        return Work(remark=f"whether a change is under way is not known ({tell(error)})")
    return read_work(operations, now)


def read_work(operations: list[Answer], now: datetime) -> Work:
    """Find in a list of operations the one that runs, or the newest where that has failed."""
    ours = [each for each in operations if _kind(each) in CHANGES]
    running = [each for each in ours if each.get("done") is not True]
    if running:
        name = _name(running[0])
        return Work(name, read_instant(_times(running[0]), "createTime"), name=name)
    started = [(read_instant(_times(each), "createTime"), each) for each in ours]
    known = [(at, index, each) for index, (at, each) in enumerate(started) if at is not None]
    if not known:
        return Work()
    since, _, newest = max(known)
    error = read_part(newest, "error")
    ended = read_instant(_times(newest), "updateTime")
    if error is None or ended is None or now - ended > TOLD_FOR:
        return Work()
    outcome = read_failure(error)
    short = outcome.kind is OutcomeKind.SHORTAGE or is_shortage(outcome.detail)
    name = _name(newest)
    failed = f"{name} failed: {outcome.detail}"
    return Work(since=since, failed=failed, is_short=short, name=name)


def start(
    session: Session,
    service: str,
    path: str,
    body: Mapping[str, Any],
    refuse: Callable[[CallError], Outcome] = read_refusal,
    **how: Any,  # noqa: ANN401  (as Session.call's)
) -> Outcome:
    """Ask for a change that is carried out in an operation, and say whether it is accepted.

    Args:
        session: Where it is asked.
        service: As in Session.call.
        path: As there.
        body: As there.
        refuse: Reads a refusal of it.
        how: Method, query, location and so on, as there.

    Returns:
        APPLIED, with the operation's name, once it is accepted; or why it was refused, or failed at
        once.

    Raises:
        CallError: It may have landed.
        UncertainError: Likewise.
    """
    try:
        answer = session.call(service, path, body, **{"within_s": CHANGE_S, **how})
    except CallError as error:
        if error.doubtful:
            raise
        return refuse(error)
    name = read_text(answer, "name") if isinstance(answer, Mapping) else ""
    if not name:
        raise UncertainError(f"{service} {path}: the answer names no operation")
    failure = read_part(answer, "error")
    if failure is not None:
        outcome = read_failure(failure)
        return outcome._replace(detail=f"{_name(answer)} failed: {outcome.detail}")
    return Outcome(OutcomeKind.APPLIED, f"{_name(answer)} has it")


def _kind(operation: Answer) -> str:
    metadata = read_part(operation, "metadata") or NOTHING
    return read_text(metadata, "@type").rpartition(".")[2]


def _times(operation: Answer) -> Answer:
    metadata = read_part(operation, "metadata") or NOTHING
    return read_part(metadata, "genericMetadata") or NOTHING


def _name(operation: Answer) -> str:
    """Name an operation as it is called at its resource."""
    return "operation " + read_text(operation, "name").rpartition("/")[2]
