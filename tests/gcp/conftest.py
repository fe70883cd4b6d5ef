"""Which parts of the rig does a test of Google Cloud ask for?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

import pytest

from flyball.adapters.gcp.firestore import FirestoreLedger
from tests.aws.rig import Server
from tests.gcp.contract import check
from tests.gcp.deployment import Deployment, deployed
from tests.gcp.entry import Entry
from tests.gcp.monitoring import Monitoring, serve_monitoring
from tests.gcp.rig import lent_firestore
from tests.gcp.serving import Server as Cloud
from tests.gcp.serving import serving
from tests.gcp.wire import Wire
from tests.rig import T0


class Store(NamedTuple):
    """A project of a test's own, and a ledger in it.

    Attributes:
        server: Where it is.
        project: Its id.
        wire: The ledger's session.
        ledger: In its database.
    """

    server: Server
    project: str
    wire: Wire
    ledger: FirestoreLedger

    def again(self) -> Store:
        """Open the same database as another program would."""
        wire = Wire({"firestore": self.server.url})
        return self._replace(wire=wire, ledger=FirestoreLedger(wire, self.project))

    def name(self, collection: str, document_id: str) -> str:
        """Give a document's whole name."""
        return f"projects/{self.project}/databases/(default)/documents/{collection}/{document_id}"

    def put(self, collection: str, document_id: str, fields: dict[str, object]) -> None:
        """Set some fields of a document, as somebody who is none of us."""
        update = {"name": self.name(collection, document_id), "fields": fields}
        self._commit({"update": update, "updateMask": {"fieldPaths": list(fields)}})

    def delete(self, collection: str, document_id: str) -> None:
        """Remove a document."""
        self._commit({"delete": self.name(collection, document_id)})

    def _commit(self, write: dict[str, object]) -> None:
        path = f"v1/projects/{self.project}/databases/(default)/documents:commit"
        Wire({"firestore": self.server.url}).call("firestore", path, {"writes": [write]})


@pytest.fixture(scope="session")
def firestore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend this process's Firestore, or skip where it is not installed."""
    with lent_firestore(tmp_path_factory.getbasetemp() / "firestore") as server:
        yield server


@pytest.fixture
def store(firestore: Server) -> Iterator[Store]:
    """Open an empty ledger in a project of its own."""
    project, wire = f"p-{uuid4().hex}", Wire({"firestore": firestore.url})
    opened = Store(firestore, project, wire, FirestoreLedger(wire, project))
    yield opened
    opened.ledger.close()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Serve what each entry sets up anew."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def metrics() -> Iterator[Monitoring]:
    """Serve an account of metrics, which each entry empties."""
    with serve_monitoring() as account:
        yield account


@pytest.fixture
def enter(
    store: Store, cloud: Cloud, metrics: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Entry]]:
    """Set up the real entry points at an instant; neither Google's contracts nor ours break."""
    made: list[Entry] = []

    def make(at: datetime = T0) -> Entry:
        made.append(Entry(store, cloud, metrics, at, monkeypatch))
        return made[-1]

    yield make
    for entry in made:
        entry.close()
        entry.check()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Run what is deployed, once for all tests; or skip where an emulator is not installed."""
    with deployed(tmp_path_factory.mktemp("gcp")) as found:
        yield found


@pytest.fixture
def stack(running: Deployment) -> Iterator[Deployment]:
    """Nothing that any test does may break what Google documents of its services."""
    running.monitoring.asked.clear()
    yield running
    assert running.cloud.broken == []
    for request in running.monitoring.asked:
        check(request)
