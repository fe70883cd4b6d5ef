"""How many nodes has a version on AI Platform Prediction, which Google has shut down?

Only against its contract can this be tested: no host of it answers any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flyball.adapters.gcp.fields import NOTHING, Answer, join, read_count, read_part, read_text
from flyball.adapters.gcp.operation import start
from flyball.adapters.gcp.refusal import CONFLICT, FORBIDDEN, read_refusal, tell
from flyball.adapters.gcp.replicas import count_replicas
from flyball.adapters.gcp.resource import Version, name_resource, path_of
from flyball.adapters.gcp.session import UNREACHABLE, CallError, Session
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.core.shape import NamedTuple
from flyball.ports import Outcome, OutcomeKind

RETIRED = (
    "unavailable: Google shut AI Platform Prediction down on 2025-01-31 and deleted its models; "
    "deploy the model on Vertex AI, and name project, location, endpoint and deployed_model"
)
STATES = {
    "READY": Status.IN_SERVICE,
    "CREATING": Status.BUSY,
    "UPDATING": Status.BUSY,
    "DELETING": Status.BUSY,
    "UNKNOWN": Status.BUSY,
    "FAILED": Status.FAILED,
}
"""By State. Source: AI Platform Training & Prediction API, projects.models.versions."""
MIN, MAX, NODES = "autoScaling.minNodes", "autoScaling.maxNodes", "manualScaling.nodes"
LEGACY = "mls1-"
"""First part of the machine types that may go to zero nodes; none of them has a GPU."""

_GONE = frozenset({FORBIDDEN, 404, 410})
_CHANGED = frozenset({CONFLICT, 412})
"""What is said of an etag that is no longer the version's."""
_BAD_REQUEST = 400


class Nodes(NamedTuple):
    """What a version has.

    Attributes:
        floor: The least nodes, or all where it is scaled by hand.
        ceiling: The most nodes; None where it is scaled by hand, or that is not told.
        least: The lowest floor that the service takes.
        etag: Of the version as it was read.
        status: Folded.
        detail: The service's word, with what is to be said.
        is_manual: It is scaled by hand.
    """

    floor: int
    ceiling: int | None
    least: int
    etag: str
    status: Status
    detail: str
    is_manual: bool = True


def fetch_nodes(session: Session, resource: Version) -> Nodes | Missing:
    """Ask for a version.

    Returns:
        What it has; Missing, with the retirement named, where the service is gone, refuses, or has
        no such version.
    """
    path = f"v1/{path_of(resource)}"
    try:
        answer = session.call("ml", path, method="GET", location=resource.location, once=True)
    except CallError as error:
        gone = tell_gone(error)
        cause = MissingCause.UNAVAILABLE if gone else MissingCause.SOURCE_FAILED
        return Missing(cause, f"{name_resource(resource)}: {gone or tell(error)}")
    return read_nodes(answer if isinstance(answer, dict) else NOTHING, resource)


def read_nodes(answer: Answer, resource: Version) -> Nodes | Missing:
    """Read what a version has."""
    whose = name_resource(resource)
    automatic, manual = read_part(answer, "autoScaling"), read_part(answer, "manualScaling")
    least = _find_least(answer, resource)
    word = read_text(answer, "state") or "UNKNOWN"
    detail = join((word, read_text(answer, "errorMessage")))
    status, etag = STATES.get(word, Status.BUSY), read_text(answer, "etag")
    if manual is not None:
        nodes = read_count(manual, "nodes")
        if nodes is None:
            return Missing(MissingCause.NO_DATA, f"{whose}: manualScaling has no nodes ({detail})")
        return Nodes(nodes, None, max(least, 1), etag, status, detail)
    if automatic is None:
        return Missing(MissingCause.NO_DATA, f"{whose}: the answer has no scaling ({detail})")
    floor = read_count(automatic, "minNodes") if "minNodes" in automatic else least
    if floor is None:
        got = automatic.get("minNodes")
        return Missing(MissingCause.NO_DATA, f"{whose}: minNodes is {got!r} ({detail})")
    ceiling = read_count(automatic, "maxNodes")
    return Nodes(floor, ceiling, least, etag, status, detail, is_manual=False)


def read_capacity(
    session: Session, resource: Version, nodes: Nodes, now: datetime, *, is_fixed: bool
) -> Capacity | Missing:
    """Make a capacity of what a version has.

    Args:
        session: Where the nodes in service are asked for, which the version does not tell.
        resource: Whose.
        nodes: What it has.
        now: Aware UTC.
        is_fixed: The service has refused to change the most nodes of this version.
    """
    is_pinned = nodes.is_manual or nodes.ceiling == nodes.floor
    ready: int | Missing = nodes.floor
    if not is_pinned or nodes.status is not Status.IN_SERVICE:
        ready = count_replicas(session, resource, "", now)
    if isinstance(ready, Missing):
        detail = f"how many nodes are in service is not known ({ready.detail}; {nodes.detail})"
        return ready._replace(detail=f"{name_resource(resource)}: {detail}")
    return Capacity(
        nodes.floor,
        ready,
        nodes.status,
        ceiling=None if is_fixed else nodes.ceiling,
        detail=nodes.detail,
        least=nodes.least,
        most=nodes.ceiling if is_fixed else None,
    )


def set_nodes(
    session: Session, resource: Version, nodes: Nodes, wanted: CapacityRange, *, is_fixed: bool
) -> tuple[Outcome, bool]:
    """Ask for a range of nodes, or for a number where the version is scaled by hand.

    The most nodes are no field that Google documents as one to change; where it refuses that, the
    least alone are sent.

    Args:
        session: Where it is asked.
        resource: Whose.
        nodes: What it has now.
        wanted: What it is to have.
        is_fixed: As in read_capacity.

    Returns:
        What the service did, and whether it has refused to change the most nodes.

    Raises:
        Exception: It may have landed.
    """
    ceiling = max(wanted.ceiling, 1)
    floor = min(max(wanted.floor, nodes.least), ceiling)
    fitted = "" if floor == wanted.floor else f"{wanted.floor} was asked for and {floor} is sent"
    if nodes.is_manual:
        return _send(session, resource, nodes, {NODES: floor}, fitted), False
    changes = {MIN: floor} if floor != nodes.floor else {}
    if is_fixed or ceiling == nodes.ceiling:
        return _send_floor(session, resource, nodes, changes, fitted), False
    outcome, is_bad = _try(session, resource, nodes, {MAX: ceiling, **changes})
    if not is_bad:
        return _add(outcome, fitted), False
    refused = join((fitted, f"maxNodes {ceiling} was not applied ({outcome.detail})"))
    if not changes:
        return Outcome(OutcomeKind.FAILED, refused), True
    return _send_floor(session, resource, nodes, changes, refused), True


def tell_gone(error: CallError) -> str:
    """Say that the service is no more, where an error may come of that; else ""."""
    is_silent = error.status == UNREACHABLE and not error.doubtful
    return f"{RETIRED} ({tell(error)})" if is_silent or error.code in _GONE else ""


def _find_least(answer: Answer, resource: Version) -> int:
    """Say with how few nodes a version may be: none only on the old machine types."""
    machine = read_text(answer, "machineType")
    if machine:
        return 0 if machine.startswith(LEGACY) else 1
    return 1 if resource.location or "acceleratorConfig" in answer else 0


def _send_floor(
    session: Session, resource: Version, nodes: Nodes, changes: dict[str, int], remark: str
) -> Outcome:
    """Send the least nodes alone, if they are not more than the most that there are."""
    floor = changes.get(MIN, nodes.floor)
    if nodes.ceiling is not None and floor > nodes.ceiling:
        told = f"not sent: minNodes {floor} would be more than maxNodes {nodes.ceiling}"
        return Outcome(OutcomeKind.FAILED, join((told, remark)))
    return _send(session, resource, nodes, changes, remark)


def _send(
    session: Session, resource: Version, nodes: Nodes, changes: dict[str, int], remark: str
) -> Outcome:
    """Send these fields, unless they say what is so already."""
    if not changes or changes == {NODES: nodes.floor}:
        return Outcome(OutcomeKind.APPLIED, join(("nothing sent: it is so already", remark)))
    return _add(_try(session, resource, nodes, changes)[0], remark)


def _try(
    session: Session, resource: Version, nodes: Nodes, changes: dict[str, int]
) -> tuple[Outcome, bool]:
    """Send these fields once, with the etag of what they were decided on.

    Returns:
        What the service did, and whether it called the request a bad one.
    """
    body: dict[str, Any] = {"etag": nodes.etag} if nodes.etag else {}
    for field, count in changes.items():
        part, name = field.split(".")
        body.setdefault(part, {})[name] = count
    codes: list[int] = []

    def refuse(error: CallError) -> Outcome:
        codes.append(error.code)
        return _read_refusal(error)

    outcome = start(
        session,
        "ml",
        f"v1/{path_of(resource)}",
        body,
        refuse,
        method="PATCH",
        query={"updateMask": ",".join(sorted(changes))},
        location=resource.location,
        once=True,
    )
    return outcome, codes == [_BAD_REQUEST] and outcome.kind is OutcomeKind.FAILED


def _read_refusal(error: CallError) -> Outcome:
    """Say what a refusal came to, of a service that may be no more."""
    gone = tell_gone(error)
    if gone:  # only a human can mend it, so it is not tried again soon
        return Outcome(OutcomeKind.DENIED, gone)
    if error.status == "ABORTED" or error.code in _CHANGED:
        told = f"not applied: it was changed since it was read ({tell(error)})"
        return Outcome(OutcomeKind.ABORTED, told)
    return read_refusal(error)


def _add(outcome: Outcome, remark: str) -> Outcome:
    """Say something more of an outcome."""
    return outcome._replace(detail=join((outcome.detail, remark)))
