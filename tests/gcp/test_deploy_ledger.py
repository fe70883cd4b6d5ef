"""May a function do with its ledger just what it does, when it works with Google's Firestore?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from deploy.gcp.roles import REMEMBERING
from flyball.ports import TriggerKind
from tests.gcp.conftest import Store
from tests.rig import MINUTE, NAME, Rig

pytestmark = pytest.mark.enable_socket

SERVICE = "firestore.projects.databases.documents"
CREATES, UPDATES = "datastore.entities.create", "datastore.entities.update"


def use(store: Store) -> None:
    """Let a controller decide and record for some minutes, and read it as every command does."""
    rig = Rig(store.ledger)
    for kind in (TriggerKind.TIMER, TriggerKind.ALARM, TriggerKind.MANUAL):
        rig.wake(kind)
        rig.pass_time(MINUTE)
    ledger = store.ledger
    ledger.due(rig.clock.now() + timedelta(days=1), 10)
    ledger.status(NAME)
    ledger.scalable_target_ids()
    ledger.recorded_ids()
    ledger.find_targets("churn")
    rows = list(ledger.rows(NAME))
    assert rows
    assert ledger.row(rows[0].id) == rows[0]
    ledger.latest(5)
    ledger.retire(NAME, rig.clock.now())


def list_writes(store: Store) -> Iterator[Mapping[str, Any]]:
    """List every write that was asked for."""
    for sent in store.wire.sent:
        if sent.verb == "commit":
            yield from sent.body["writes"]


def test_the_methods_that_a_ledger_calls_are_those_of_its_role(store: Store) -> None:
    """Every one of them, and no other."""
    use(store)
    assert {f"{SERVICE}.{sent.verb}" for sent in store.wire.sent} == set(REMEMBERING)


def test_a_ledger_creates_and_updates_and_never_deletes(store: Store) -> None:
    """So that its role may not: what was recorded stays."""
    use(store)
    writes = list(list_writes(store))
    assert {*writes[0]} <= {"update", "updateMask", "currentDocument", "updateTransforms"}
    assert not [write for write in writes if "delete" in write]
    creates = [write for write in writes if write.get("currentDocument") == {"exists": False}]
    assert creates
    assert len(creates) < len(writes)
    assert set(REMEMBERING[f"{SERVICE}.commit"]) == {CREATES, UPDATES}
