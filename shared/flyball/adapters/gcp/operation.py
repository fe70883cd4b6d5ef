"""What becomes of a change that Google carries out in an operation of minutes or hours?

Each look asks the service which operations there are. One that runs is busy; one that failed is
told, and the range is as it was. Where that cannot be known, a change of ours is asked for by its
name, and as long as nothing is known of it, it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    join,
    read_instant,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.refusal import is_shortage, read_failure, read_refusal, tell
from flyball.adapters.gcp.session import CallError, Session
from flyball.core.model import Operation
from flyball.core.shape import NamedTuple
from flyball.ports import Outcome, OutcomeKind, Underway

CHANGES = frozenset(
    {
        "MutateDeployedModelOperationMetadata",
        "UpdateDeploymentResourcePoolOperationMetadata",
    }
)
"""Types of metadata of what changes a range. Source: Vertex AI API, "Long-running operations"."""
DEPLOYS = frozenset({"DeployModelOperationMetadata", "UndeployModelOperationMetadata"})
"""Of what changes the models of an endpoint: while it runs, no range of them is changed."""
PAGE_SIZE = 100
UNFINISHED = "done=false"
"""A filter. The API takes one, and which is not documented: where it is refused, or not heeded,
what runs is not known. Source: Vertex AI API, endpoints.operations.list."""
TOLD_FOR = timedelta(hours=1)
"""So long after an operation failed it is told at every look."""
UNSEEN_FOR = timedelta(hours=1)
"""So long a change of ours of which nothing can be known is taken to run."""
LOOK_S = 8.0
CHANGE_S = 8.0
"""Seconds for all questions of a look, and for a change; the next look tells what is not known
then. Many targets are looked at one after the other while a function lives."""
LIST_S = 4.0
"""Seconds of that for a list of operations: a look can do without it."""
NAMED = "operation "
"""First part of an operation's name as it is told and kept."""
_NOT_FOUND = 404


class UncertainError(Exception):
    """The service said yes, but not in words that it would use: somebody else may have answered."""


class Operations(NamedTuple):
    """The operations of a resource.

    Attributes:
        listed: As they were told, of every type.
        remark: Why it is not known whether others run; "" where it is.
    """

    listed: tuple[Answer, ...] = ()
    remark: str = ""


class Work(NamedTuple):
    """What goes on at a resource.

    Attributes:
        running: Name of an operation that keeps it from being changed now; "" for none.
        since: When that, or the newest that failed, was started, where it is told.
        failed: What the newest change failed of; "" where it did not, or long ago.
        is_short: It failed because there were no machines.
        remark: Why it is not known what runs; "" where it is.
        name: Of the change that runs, or of the newest where it failed; "" for none, and where it
            may be of another model.
        beside: What runs that is of another model, or may be.
        unseen: A change of ours may run, of which nothing can be known.
    """

    running: str = ""
    since: datetime | None = None
    failed: str = ""
    is_short: bool = False
    remark: str = ""
    name: str = ""
    beside: str = ""
    unseen: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether a change runs, or may be one of ours that does."""
        return bool(self.running) or self.unseen

    @property
    def operation(self) -> Operation | None:
        """The operation that runs, or the newest where it failed."""
        return Operation(self.name, self.since, self.failed) if self.name else None

    def tell(self) -> str:
        """Say what goes on, in a few words."""
        if self.running:
            since = f" since {self.since.isoformat()}" if self.since is not None else ""
            return f"{self.running} is running{since}"
        told = "what we asked for may be under way" if self.unseen else ""
        return join((self.failed or self.remark, told, self.beside))


def find_work(session: Session, path: str, location: str, now: datetime) -> Work:
    """Ask which operations change a resource of Vertex AI, whichever of its models they are of.

    Args:
        session: Where it is asked.
        path: Of the endpoint or pool, with the API's version.
        location: Its region.
        now: Aware UTC.
    """
    return read_work(list_operations(session, path, location), now)


def list_operations(session: Session, path: str, location: str) -> Operations:
    """Ask for operations: a page of them; where that is not all, one of the unfinished."""
    try:
        answer = _list(session, path, location)
        listed = read_list(answer, "operations")
        if not read_text(answer, "nextPageToken"):
            return Operations(tuple(listed))
        answer = _list(session, path, location, filter=UNFINISHED)
    except CallError as error:
        return Operations(remark=f"whether a change is under way is not known ({tell(error)})")
    listed = read_list(answer, "operations") + listed
    told = f"there are more operations than {PAGE_SIZE}, and whether others run is not known"
    return Operations(tuple(listed), told if read_text(answer, "nextPageToken") else "")


def find_ours(
    session: Session, path: str, location: str, found: Operations, underway: Underway | None
) -> Answer | None:
    """Find the operation that a change of ours has become, by its name.

    A list that lacks it is no proof that it is gone, as lists lag behind: it is asked for.

    Returns:
        It, or NOTHING where it is not there any more; None where that cannot be known.
    """
    if underway is None or not underway.operation:
        return None
    ours = [each for each in found.listed if _name(each) == underway.operation]
    if ours:
        return ours[0]
    where = f"{path}/operations/{underway.operation.removeprefix(NAMED)}"
    try:
        answer = session.call("aiplatform", where, method="GET", location=location, within_s=LIST_S)
    except CallError as error:
        return NOTHING if error.code == _NOT_FOUND else None
    return answer if isinstance(answer, Mapping) else None


def read_work(
    found: Operations,
    now: datetime,
    ours: Answer | None = None,
    underway: Underway | None = None,
    *,
    alone: bool = True,
) -> Work:
    """Find what runs, or the newest change where that has failed.

    An operation does not tell which model of an endpoint it changes. So where there are several,
    one that is not known to be ours is none of ours; if it is of the same model after all, the
    service refuses another.

    Args:
        found: The operations.
        now: Aware UTC.
        ours: As find_ours found it.
        underway: What we asked for, and which does not show; None for nothing.
        alone: Every change can only be of the resource itself.
    """
    is_lost = underway is not None and not underway.operation
    listed = [each for each in found.listed if each is not ours]
    if ours:
        listed.insert(0, ours)
    running = [each for each in listed if each.get("done") is not True]
    changes = [each for each in running if _kind(each) in CHANGES]
    mine = [each for each in changes if alone or is_lost or each is ours]
    blocks = (mine or [each for each in running if _kind(each) in DEPLOYS])[:1]
    beside = next((each for each in changes if each not in mine), None)
    told = "" if beside is None else f"{_name(beside)} is running, of this model or another"
    if blocks:
        name, since = _name(blocks[0]), read_instant(_times(blocks[0]), "createTime")
        own = name if mine and (alone or mine[0] is ours) else ""
        return Work(name, since, name=own, beside=told)
    recent = underway is not None and now - underway.since < UNSEEN_FOR
    named = underway is not None and bool(underway.operation)
    unseen = recent and ours is None and (named or bool(found.remark))
    work = _read_failure(listed if alone or not ours else [ours], now)
    name = work.name if alone or ours else ""
    return work._replace(remark=found.remark, beside=told, unseen=unseen, name=name)


def _read_failure(operations: Sequence[Answer], now: datetime) -> Work:
    """Read the newest change, where that has failed."""
    changes = [each for each in operations if _kind(each) in CHANGES]
    started = [(read_instant(_times(each), "createTime"), each) for each in changes]
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
    told = _name(answer)
    return Outcome(OutcomeKind.APPLIED, f"{told} has it", operation=told)


def _list(session: Session, path: str, location: str, **query: str) -> Answer:
    answer = session.call(
        "aiplatform",
        f"{path}/operations",
        method="GET",
        query={"pageSize": str(PAGE_SIZE), **query},
        location=location,
        within_s=LIST_S,
    )
    return answer if isinstance(answer, Mapping) else NOTHING


def _kind(operation: Answer) -> str:
    metadata = read_part(operation, "metadata") or NOTHING
    return read_text(metadata, "@type").rpartition(".")[2]


def _times(operation: Answer) -> Answer:
    metadata = read_part(operation, "metadata") or NOTHING
    return read_part(metadata, "genericMetadata") or NOTHING


def _name(operation: Answer) -> str:
    """Name an operation as it is called at its resource."""
    return NAMED + read_text(operation, "name").rpartition("/")[2]
