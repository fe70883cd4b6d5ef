"""How is capacity on Google Cloud read and set, whatever kind of resource it is of?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from flyball.adapters.gcp.fields import Answer, join
from flyball.adapters.gcp.operation import (
    CHANGE_S,
    LOOK_S,
    Operations,
    Work,
    find_ours,
    find_work,
    list_operations,
    read_work,
)
from flyball.adapters.gcp.patience import Patience, Silences
from flyball.adapters.gcp.platform import RETIRED, fetch_nodes, read_capacity, set_nodes
from flyball.adapters.gcp.refusal import read_refusal, tell
from flyball.adapters.gcp.replicas import CHOSEN, count_replicas
from flyball.adapters.gcp.resource import (
    Resource,
    ResourceError,
    Version,
    Vertex,
    name_resource,
    read_resource,
)
from flyball.adapters.gcp.session import CONNECTIONS, CallError, Session
from flyball.adapters.gcp.vertex import (
    Replicas,
    call_path,
    fetch_vertex,
    fit_range,
    read_replicas,
    send_change,
    write_change,
)
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.core.shape import NamedTuple
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.ports import Deadline, Outcome, OutcomeKind, Underway

SHARED_FOR = timedelta(seconds=10)
SHARED_LONGEST = timedelta(seconds=60)
"""What was fetched for many is good for a look of each for so long: since it was fetched, and since
that was asked for."""
NOT_FOUND = 404
GONE = "it is looked at every heartbeat only, until it is there or the config names another"
KEPT_LIMIT = 4_096
"""Looks kept, so that a long-lived program does not grow."""


class _Shown(NamedTuple):
    """The range that the last look showed, and the deployed model whose it is; "": of none."""

    floor: int
    ceiling: int | None
    model: str = ""


class _Fetched(NamedTuple):
    """An endpoint or pool as it was read, or why it was not, and what goes on there."""

    at: datetime
    clock_s: float
    answer: Answer | CallError
    operations: Operations = Operations()


class GcpControl:
    """Capacity of Vertex AI's deployed models and pools, and of AI Platform's versions."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._silences = Silences(session.clock)
        self._fetched: dict[str, _Fetched] = {}
        self._shown: dict[str, _Shown] = {}
        self._fixed: set[str] = set()

    def prefetch(self, targets: Sequence[ScalableTarget], now: datetime) -> None:
        """Read ahead, for the looks that follow within seconds, all endpoints and pools at once.

        One that does not answer keeps no other waiting, neither here nor at its own look.
        """
        self._fetched.clear()
        found: dict[str, Vertex] = {}
        for target in targets:
            try:
                resource = read_resource(target.resource)
            except ResourceError:
                continue
            if not isinstance(resource, Version):
                found[call_path(resource)] = resource
        if not found:
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (only for several)

        with ThreadPoolExecutor(min(len(found), CONNECTIONS)) as pool:
            fetch = partial(self._fetch, now=now)
            fetched = zip(found, pool.map(fetch, found.values()), strict=True)
            self._fetched = {path: each for path, each in fetched if each is not None}

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Read the range, what is in service inside it, and whether a change is under way."""
        try:
            resource = read_resource(scalable_target.resource)
            if isinstance(resource, Version):
                return self._look_at_version(scalable_target.id, resource, now)
            return self._look(scalable_target, resource, now, underway)
        except ResourceError as error:
            return Missing(MissingCause.SOURCE_FAILED, str(error))
        except CallError as error:
            if error.code == NOT_FOUND:  # only a human brings it back, or names another
                return Missing(MissingCause.UNAVAILABLE, f"{tell(error)}; {GONE}")
            return Missing(MissingCause.SOURCE_FAILED, tell(error))
        except Exception as error:  # noqa: BLE001  (whatever cannot be read is not known)
            return Missing(MissingCause.SOURCE_FAILED, f"{type(error).__name__}: {error}")

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set an absolute range once.

        The resource is read again before. Where somebody changed the range since the look that
        this was decided on, nothing is sent (ABORTED), and the next look finds the foreign change;
        where another change is under way, nothing is sent either (DEFERRED). A range that is there
        already is not sent; nor is anything once the deadline has passed (ABORTED).

        Returns:
            What the service did; a refusal is an outcome.

        Raises:
            Exception: It may have landed: nobody knows until the provider is read again.
        """
        try:
            resource = read_resource(scalable_target.resource)
        except ResourceError as error:
            return Outcome(OutcomeKind.FAILED, f"not sent: {error}")
        self._fetched.clear()
        shown = self._shown.pop(scalable_target.id, None)
        reader = self._wait(LOOK_S, now, deadline)
        if isinstance(resource, Version):
            return self._apply_nodes(reader, resource, capacity, shown, now, deadline)
        return self._apply_range(reader, resource, capacity, shown, now, deadline)

    def _wait(self, within_s: float, now: datetime, deadline: Deadline | None = None) -> Patience:
        """Give a session for calls that take so long together, and none of them past a deadline."""
        left_s = None if deadline is None else deadline.left_s
        return Patience(self._session, within_s, self._silences, now, left_s)

    def _fetch(
        self, resource: Vertex, now: datetime, reader: Session | None = None
    ) -> _Fetched | None:
        """Read an endpoint or pool and its operations; None: it fails as no call does."""
        reader = reader or self._wait(LOOK_S, now)
        try:
            answer = fetch_vertex(reader, resource)
            found = list_operations(reader, call_path(resource), resource.location)
        except CallError as error:
            return _Fetched(now, self._session.clock(), error)
        except Exception:  # noqa: BLE001  (each target's own look says what fails)
            return None
        return _Fetched(now, self._session.clock(), answer, found)

    def _take(self, resource: Vertex, now: datetime, reader: Session) -> _Fetched:
        """Take what was fetched for many, while it is new; else ask."""
        found = self._fetched.get(call_path(resource))
        is_new = (
            found is not None
            and abs(now - found.at) < SHARED_LONGEST
            and self._session.clock() - found.clock_s <= SHARED_FOR.total_seconds()
        )
        if found is not None and is_new:
            if isinstance(found.answer, CallError):
                self._session.lost += found.answer.passes
            return found
        answer = fetch_vertex(reader, resource)
        operations = list_operations(reader, call_path(resource), resource.location)
        return _Fetched(now, self._session.clock(), answer, operations)

    def _look(
        self, target: ScalableTarget, resource: Vertex, now: datetime, underway: Underway | None
    ) -> Capacity | Missing:
        """Look at a resource of Vertex AI."""
        reader = self._wait(LOOK_S, now)
        fetched = self._take(resource, now, reader)
        if isinstance(fetched.answer, CallError):
            raise fetched.answer
        replicas = read_replicas(fetched.answer, resource)
        if isinstance(replicas, Missing):
            return replicas
        work = _find_work(reader, resource, replicas, fetched.operations, underway, now)
        ready = self._count(reader, resource, replicas, work, now)
        if isinstance(ready, Missing):
            told = f"how many replicas are in service is not known ({ready.detail})"
            told = f"{name_resource(resource)}: {join((told, work.tell(), replicas.detail))}"
            return ready._replace(detail=told)
        self._keep(target.id, _Shown(replicas.floor, replicas.ceiling, replicas.model))
        picks = ""
        if target.capacity_kind is CapacityKind.COUNT and replicas.floor < replicas.ceiling:
            picks = f"capacity_kind is count, and the service may pick up to {replicas.ceiling}"
        return Capacity(
            replicas.floor,
            ready,
            Status.BUSY if work.is_busy else Status.IN_SERVICE,
            ceiling=replicas.ceiling,
            detail=join((work.tell(), replicas.detail, picks)),
            least=replicas.least,
            short=work.is_short and ready < replicas.floor,
            picked=self._find_pick(reader, resource, replicas, ready, work, now),
            operation=work.operation,
            deployed=replicas.deployed,
            among=replicas.among,
        )

    def _find_pick(
        self,
        reader: Session,
        resource: Vertex,
        replicas: Replicas,
        ready: int,
        work: Work,
        now: datetime,
    ) -> int | None:
        """Say what the service has chosen, where it has chosen more than the floor."""
        if not replicas.floor < ready or work.is_busy:
            return None
        chosen = count_replicas(reader, resource, replicas.model, now, CHOSEN)
        return None if isinstance(chosen, Missing) else chosen

    def _count(
        self, reader: Session, resource: Vertex, replicas: Replicas, work: Work, now: datetime
    ) -> int | Missing:
        """Say how many replicas are in service: by its own word, by its pin, or by the metric."""
        if replicas.ready is not None:
            return replicas.ready
        is_pinned = replicas.floor == replicas.ceiling
        if is_pinned and not (work.running or work.failed or work.remark):
            return replicas.floor
        return count_replicas(reader, resource, replicas.model, now)

    def _apply_range(
        self,
        reader: Patience,
        resource: Vertex,
        capacity: CapacityRange,
        shown: _Shown | None,
        now: datetime,
        deadline: Deadline | None,
    ) -> Outcome:
        """Set a range of Vertex AI's, if it still has what was decided on and takes a change."""
        path, location = call_path(resource), resource.location
        try:
            answer = fetch_vertex(reader, resource)
        except CallError as error:
            return _refuse_unread(error)
        replicas = read_replicas(answer, resource)
        if isinstance(replicas, Missing):
            return Outcome(OutcomeKind.FAILED, f"not sent: {replicas.detail}")
        refused = _compare(shown, _Shown(replicas.floor, replicas.ceiling, replicas.model))
        if refused is not None:
            return refused
        fit = fit_range(replicas, capacity)
        counts, mask = write_change(replicas, fit)
        if not mask:
            detail = join(("nothing sent: it is so already", fit.remark))
            return Outcome(OutcomeKind.APPLIED, detail)
        found = list_operations(reader, path, location)
        work = read_work(found, now, alone=replicas.alone)
        if work.running:
            return Outcome(OutcomeKind.DEFERRED, f"not sent: {work.tell()}")
        writer = self._wait(CHANGE_S, now, deadline)
        outcome = send_change(writer, resource, replicas.model, counts, mask)
        if outcome.kind is OutcomeKind.FAILED:  # was somebody quicker?
            late = find_work(writer, path, location, now)
            if late.running:
                outcome = Outcome(OutcomeKind.DEFERRED, join((outcome.detail, late.tell())))
        told = join((outcome.detail, fit.remark, work.remark, work.beside))
        return outcome._replace(detail=told)

    def _look_at_version(self, name: str, resource: Version, now: datetime) -> Capacity | Missing:
        """Look at a version of AI Platform's."""
        reader = self._wait(LOOK_S, now)
        nodes = fetch_nodes(reader, resource)
        if isinstance(nodes, Missing):
            return nodes
        is_fixed = self._is_fixed(resource)
        capacity = read_capacity(reader, resource, nodes, now, is_fixed=is_fixed)
        if not isinstance(capacity, Missing):
            self._keep(name, _Shown(nodes.floor, nodes.ceiling))
        return capacity

    def _apply_nodes(
        self,
        reader: Patience,
        resource: Version,
        capacity: CapacityRange,
        shown: _Shown | None,
        now: datetime,
        deadline: Deadline | None,
    ) -> Outcome:
        """Set a version's nodes, if it still has what was decided on and takes a change."""
        nodes = fetch_nodes(reader, resource)
        if isinstance(nodes, Missing):
            is_gone = RETIRED in nodes.detail
            kind = OutcomeKind.DENIED if is_gone else OutcomeKind.FAILED
            return Outcome(kind, f"not sent: {nodes.detail}")
        refused = _compare(shown, _Shown(nodes.floor, nodes.ceiling))
        if refused is not None:
            return refused
        if nodes.status is Status.BUSY:
            return Outcome(OutcomeKind.DEFERRED, f"not sent: {nodes.detail}")
        is_fixed, writer = self._is_fixed(resource), self._wait(CHANGE_S, now, deadline)
        outcome, refuses = set_nodes(writer, resource, nodes, capacity, is_fixed=is_fixed)
        if refuses:
            if len(self._fixed) >= KEPT_LIMIT:
                self._fixed.clear()
            self._fixed.add(name_resource(resource))
        return outcome

    def _is_fixed(self, resource: Resource) -> bool:
        """Say whether this program was refused a change of the version's most nodes before."""
        return name_resource(resource) in self._fixed

    def _keep(self, name: str, shown: _Shown) -> None:
        if len(self._shown) >= KEPT_LIMIT:
            self._shown.clear()
        self._shown[name] = shown


def _find_work(
    reader: Session,
    resource: Vertex,
    replicas: Replicas,
    found: Operations,
    underway: Underway | None,
    now: datetime,
) -> Work:
    """Say what goes on at a resource, and follow what we asked for until it shows.

    What was asked of a deployed model that another one came in the place of never shows.
    """
    if underway is not None:
        asked = underway.deployed
        is_of_another = asked is not None and asked.id != replicas.model
        shows = underway.floor in (None, replicas.floor)
        shows = shows and underway.ceiling in (None, replicas.ceiling)
        if is_of_another or shows:
            underway = None
    ours = find_ours(reader, call_path(resource), resource.location, found, underway)
    return read_work(found, now, ours, underway, alone=replicas.alone)


def _compare(shown: _Shown | None, found: _Shown) -> Outcome | None:
    """Refuse to send where the range is not the one that was decided on."""
    if shown is None or shown == found:
        return None
    if shown.model == found.model:
        shown, found = shown._replace(model=""), found._replace(model="")
    told = f"decided on a range of {_tell(shown)}, and by now it is {_tell(found)}"
    return Outcome(OutcomeKind.ABORTED, f"not sent: {told}")


def _tell(shown: _Shown) -> str:
    told = f"{shown.floor}–{shown.ceiling}" if shown.ceiling is not None else f"{shown.floor}"
    return f"{told} of deployed model {shown.model}" if shown.model else told


def _refuse_unread(error: CallError) -> Outcome:
    """Say what comes of a change before which its resource could not be read."""
    if error.passes and error.doubtful:
        return Outcome(OutcomeKind.ABORTED, f"not sent: {tell(error)}")
    outcome = read_refusal(error)
    return outcome._replace(detail=f"not sent: {outcome.detail.removeprefix('not sent: ')}")
