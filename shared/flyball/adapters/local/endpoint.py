"""How does a simulated endpoint answer who reads its capacity, and who sets it?

As SageMaker's does: one update at a time, instances that take minutes and come one by one, a quota,
a shortage that ends in a roll-back. Or, where its settings say so, as Vertex AI's, which takes a
range: see service. What it has accepted lies in an SQLite file (or in memory), so that several
processes see one endpoint, and a killed one finds it as it was.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flyball.adapters.local.ranged import begin, follow, refuse_range, set_range
from flyball.adapters.local.stock import Stock
from flyball.adapters.local.timeline import (
    EndpointSettings,
    Order,
    OrderKind,
    State,
    state_at,
)
from flyball.core.codec import canonical, parse
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, Outcome, OutcomeKind, Underway

FORMAT = 1
"""Version of the file's format, in PRAGMA user_version."""
BUSY_TIMEOUT_S = 5.0
"""How long a process waits for another one's order."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS endpoints (name TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    endpoint TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (endpoint, sequence)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {FORMAT};
COMMIT;
"""


class LocalFileError(Exception):
    """The file is not one of simulated endpoints; the message names it and the remedy."""


class _Endpoint(NamedTuple):
    settings: EndpointSettings
    orders: list[Order]


class LocalEndpoints:
    """Simulated endpoints by name: the `CapacityControl` of one machine.

    A scalable target's endpoint is `resource["endpoint"]`, or its id where that is not given.
    """

    def __init__(self, path: Path | None = None, *, caller: str = "flyball") -> None:
        """Open a file of endpoints, or a cloud of this process's own.

        Args:
            path: The SQLite file; made where it does not exist. None: in memory.
            caller: Under which name `apply` is logged.

        Raises:
            LocalFileError: The file cannot be opened, is no database, or is of another version.
        """
        self.caller = caller
        self.stock: Callable[[datetime], Stock] = lambda _: Stock()
        """What the provider has at an instant; a fault may replace it."""
        self.service: Callable[[str, datetime], None] = lambda _name, _until: None
        """Lets an endpoint's service pick up to an instant; who knows the load replaces it."""
        self._lock = threading.Lock()
        self._known: dict[str, _Endpoint] = {}
        self._database = _open(path)

    def create(self, name: str, settings: EndpointSettings, now: datetime) -> None:
        """Create an endpoint; one that exists stays as it was, with its own settings."""
        with self._lock, self._transaction():
            if self._find(name) is None:
                row = (name, canonical(settings))
                self._database.execute("INSERT INTO endpoints VALUES (?, ?)", row)
                count = settings.initial
                ready = count if settings.warm else 0
                order = Order(1, now, OrderKind.CREATE, self.caller, 0, count, ready)
                order = order._replace(arrives=count - ready)
                self._append(name, begin(settings, order) if settings.service else order)

    def settings(self, name: str) -> EndpointSettings | None:
        """Say how an endpoint behaves; None where there is none.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        with self._lock:
            found = self._find(name)
        return None if found is None else found.settings

    def state(self, name: str, now: datetime) -> State | None:
        """Say what an endpoint is at `now`; None where there is none, or not yet.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        with self._lock:
            found = self._find(name)
        return None if found is None else state_at(found.settings, found.orders, now)

    def orders(self, name: str) -> tuple[Order, ...]:
        """Read the log of what an endpoint has accepted, oldest first."""
        with self._lock:
            found = self._find(name)
        return () if found is None else tuple(found.orders)

    def describe(
        self,
        scalable_target: ScalableTarget,
        now: datetime,
        underway: Underway | None = None,  # noqa: ARG002  (it never is unknown here)
    ) -> Capacity | Missing:
        """Read desired and ready capacity and the status; a failure is Missing."""
        name = endpoint_name(scalable_target)
        try:
            self.service(name, now)
            state = self.state(name, now)
        except sqlite3.Error as error:
            return Missing(MissingCause.SOURCE_FAILED, f"simulated endpoints: {error}")
        if state is None:
            return Missing(MissingCause.SOURCE_FAILED, _not_found(name))
        return Capacity(
            state.desired,
            state.ready,
            state.status,
            state.ceiling,
            state.detail,
            picked=state.picked,
        )

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set an absolute capacity, once; a refusal is an Outcome."""
        if deadline is not None and deadline.left_s() <= 0:
            return Outcome(OutcomeKind.ABORTED, "not sent: no time is left")
        return self._submit(endpoint_name(scalable_target), *capacity, now, self.caller)

    def scale(self, name: str, desired: int, now: datetime, caller: str) -> Outcome:
        """Set an endpoint's capacity in somebody's name; atomic across processes.

        Of a range it is the floor; the ceiling stays, or gives way.
        """
        return self._submit(name, desired, None, now, caller)

    def pick(self, name: str, wanted: int, at: datetime) -> None:
        """Let the service have another count, as far as its range and the machines go.

        What somebody ordered after that instant stays; so does an endpoint that has failed.

        Raises:
            sqlite3.Error: The file cannot be read or written.
        """
        with self._lock, self._transaction():
            found = self._find(name)
            state = None if found is None else state_at(found.settings, found.orders, at)
            if found is None or state is None or found.orders[-1].at > at:
                return
            order = _order(found, OrderKind.PICK, "service", at, state)
            picked = follow(found.settings, order, state, wanted, self.stock(at))
            if picked is not None:
                self._append(name, picked)

    def _submit(
        self, name: str, floor: int, ceiling: int | None, now: datetime, caller: str
    ) -> Outcome:
        """Take an order, or refuse it; no ceiling: as it is, but not below the floor."""
        try:
            self.service(name, now)
            with self._lock, self._transaction():
                found = self._find(name)
                state = None if found is None else state_at(found.settings, found.orders, now)
                if found is None or state is None:
                    return _failed(_not_found(name))
                order = self._answer(name, found, state, (floor, ceiling), now)
                if isinstance(order, Outcome):
                    return order
                self._append(name, order._replace(caller=caller))
        except sqlite3.Error as error:
            return Outcome(OutcomeKind.FAILED, f"simulated endpoints: {error}")
        return Outcome(OutcomeKind.APPLIED)

    def maintain(self, name: str, now: datetime, until: datetime) -> bool:
        """Let the provider update an endpoint that is in service; say whether it began to."""
        return self._befall(name, now, OrderKind.MAINTAIN, Status.IN_SERVICE, until=until)

    def fail(self, name: str, now: datetime, detail: str = "Failed") -> bool:
        """Break an endpoint that is not updating; say whether it broke."""
        return self._befall(name, now, OrderKind.BREAK, Status.IN_SERVICE, detail=detail)

    def repair(self, name: str, now: datetime) -> bool:
        """Bring a broken endpoint back into service; say whether it was broken."""
        return self._befall(name, now, OrderKind.REPAIR, Status.FAILED)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _befall(
        self,
        name: str,
        now: datetime,
        kind: OrderKind,
        wanted: Status,
        *,
        until: datetime | None = None,
        detail: str = "",
    ) -> bool:
        with self._lock, self._transaction():
            found = self._find(name)
            state = None if found is None else state_at(found.settings, found.orders, now)
            if found is None or state is None or state.status is not wanted:
                return False
            order = _order(found, kind, "provider", now, state)
            word = "SystemUpdating" if kind is OrderKind.MAINTAIN else detail
            self._append(name, order._replace(until=until, detail=word if order.range else detail))
            return True

    def _answer(
        self,
        name: str,
        found: _Endpoint,
        state: State,
        asked: tuple[int, int | None],
        now: datetime,
    ) -> Order | Outcome:
        """Make the order of who asks for a capacity, or refuse it."""
        floor, ceiling = asked
        if state.ceiling is None:
            if ceiling not in (None, floor):
                return _failed(f"{name} takes one number, not {floor}-{ceiling}")
            refusal = _refuse(name, found, state, floor, now)
            return refusal or self._accept(found, state, floor, now)
        most = max(floor, state.ceiling) if ceiling is None else ceiling
        taken = CapacityRange(floor, most)
        late = found.orders[-1].at > now
        refusal = refuse_range(name, found.settings, state, taken, late=late)
        order = _order(found, OrderKind.RANGE, "", now, state)
        return refusal or set_range(found.settings, order, state, taken, self.stock(now))

    def _accept(self, found: _Endpoint, state: State, desired: int, now: datetime) -> Order:
        order = _order(found, OrderKind.SCALE, "", now, state)._replace(after=desired)
        added = max(0, desired - state.ready)
        stock = self.stock(now)
        if stock.instances is None or desired <= stock.instances or not added:
            return order._replace(arrives=added)
        arrives = max(0, stock.instances - state.ready)
        return order._replace(fate=stock.fate, arrives=arrives, until=stock.until)

    def _find(self, name: str) -> _Endpoint | None:
        """Look an endpoint up, with the orders that came since the last look."""
        found = self._known.get(name)
        if found is None:
            query = "SELECT settings FROM endpoints WHERE name = ?"
            row = self._database.execute(query, (name,)).fetchone()
            if row is None:
                return None
            found = _Endpoint(parse(EndpointSettings, row[0]), [])
        query = "SELECT body FROM orders WHERE endpoint = ? AND sequence > ? ORDER BY sequence"
        newer = self._database.execute(query, (name, len(found.orders))).fetchall()
        if newer:
            added = [parse(Order, body) for (body,) in newer]
            found = _Endpoint(found.settings, [*found.orders, *added])
        if not self._database.in_transaction:
            self._known[name] = found
        return found

    def _append(self, name: str, order: Order) -> None:
        row = (name, order.sequence, canonical(order))
        self._database.execute("INSERT INTO orders VALUES (?, ?, ?)", row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def endpoint_name(scalable_target: ScalableTarget) -> str:
    """Say which simulated endpoint a scalable target is."""
    return scalable_target.resource.get("endpoint", scalable_target.id)


def _order(found: _Endpoint, kind: OrderKind, caller: str, now: datetime, state: State) -> Order:
    """Make the next order of an endpoint, which keeps what it found and changes nothing yet."""
    sequence = len(found.orders) + 1
    if state.ceiling is None or state.picked is None:
        return Order(sequence, now, kind, caller, state.desired, state.desired, state.ready)
    count = state.picked
    return Order(
        sequence,
        now,
        kind,
        caller,
        count,
        count,
        min(state.ready, count),  # those that are being taken away are gone
        range=CapacityRange(state.desired, state.ceiling),
        coming=state.coming,
    )


def _refuse(
    name: str, found: _Endpoint, state: State, desired: int, now: datetime
) -> Outcome | None:
    """Find why SageMaker would not take an order; None: it would."""
    if desired < 0:
        return _failed(f"DesiredInstanceCount: got {desired}, expected 0 or more")
    if state.status is Status.FAILED:
        return _failed(f'Cannot update endpoint "{name}" in status {state.detail}')
    if state.status is Status.BUSY or found.orders[-1].at > now:
        detail = f'ValidationException: Cannot update in-progress endpoint "{name}"'
        return Outcome(OutcomeKind.DEFERRED, detail)
    quota = found.settings.quota
    if desired > quota:
        detail = (
            "ResourceLimitExceeded: The account-level service limit 'local for endpoint usage' "
            f"is {quota} Instances, with current utilization of {state.desired} Instances "
            f"and a request delta of {desired - state.desired} Instances"
        )
        return Outcome(OutcomeKind.QUOTA_EXCEEDED, detail, quota)
    return None


def _failed(detail: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, f"ValidationException: {detail}")


def _not_found(name: str) -> str:
    return f'Could not find endpoint "{name}"'


def _open(path: Path | None) -> sqlite3.Connection:
    where = ":memory:" if path is None else str(path)
    try:
        database = sqlite3.connect(
            where, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        remedy = "give a file in a directory that exists and can be written"
        raise LocalFileError(f"{where}: {error}; {remedy}") from error
    try:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:  # no WAL: turning it on cannot wait for others who do the same
            database.executescript(_TABLES)
    except sqlite3.Error as error:
        database.close()
        remedy = "give another file, or move this one away"
        raise LocalFileError(f"{where}: {error}; {remedy}") from error
    if version not in (0, FORMAT):
        database.close()
        remedy = "move the file away to begin anew"
        raise LocalFileError(f"{where}: format {version}, expected {FORMAT}; {remedy}")
    return database
