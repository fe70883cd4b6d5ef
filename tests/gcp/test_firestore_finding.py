"""Does the ledger on Firestore find what is due and what an event is about, with few rights?"""

from __future__ import annotations

import json

import pytest

from flyball.ports import Due, ItemUpdate
from tests.contract.steps import (
    CONFIG,
    INTENT,
    MINUTE,
    NOTHING,
    OTHER_CONFIG,
    OUTCOME,
    SECOND,
    T0,
    TARGET,
    register,
    take,
    written,
)
from tests.gcp.conftest import Store
from tests.gcp.discovery import check_request, find_method

pytestmark = pytest.mark.enable_socket

ON = '{"resource":{"project":"p","location":"europe-west4",%s}}'
DEPLOYED = ON % '"endpoint":"%s","deployed_model":"%s"'


# --- events and what is due -----------------------------------------------------------------------


def test_an_event_of_an_endpoint_finds_every_target_on_it(store: Store) -> None:
    """Each deployed model's; and those on a pool, or of a model; nobody else's."""
    configs = {
        "one": DEPLOYED % ("e", "1"),
        "two": DEPLOYED % ("e", "2"),
        "elsewhere": DEPLOYED % ("e2", "1"),
        "far": (DEPLOYED % ("e", "1")).replace("europe-west4", "us-east1"),
        "pool": ON % '"deployment_resource_pool":"d"',
        "old": '{"resource":{"project":"p","model":"m","version":"v1"}}',
        "older": '{"resource":{"project":"p","model":"m","version":"v0"}}',
        "none": CONFIG,
        "odd": '{"resource":"e"}',
        "empty": ON % '"thing":"t"',
        "lone": ON % '"endpoint":"e3"',
        "amazon": '{"resource":{"endpoint":"e","variant":"v"}}',
    }
    for name, config in configs.items():
        store.ledger.register(name, config, "h", T0)
    for asked, found in {
        "locations/europe-west4/endpoints/e": ["one", "two"],
        "projects/p/locations/europe-west4/endpoints/e": ["one", "two"],
        "projects/123456/locations/europe-west4/endpoints/e/deployedModels/1": ["one", "two"],
        "locations/europe-west4/deploymentResourcePools/d": ["pool"],
        "projects/p/models/m/versions/v1": ["old", "older"],
        "models/m": ["old", "older"],
        "locations/europe-west4/endpoints/e3/deployedModels/-": ["lone"],
        "locations/europe-west4/endpoints/nobody": [],
        "": [],
    }.items():
        assert list(store.ledger.find_targets(asked)) == found, asked


def test_an_event_finds_a_target_where_it_is_now(store: Store) -> None:
    """A new config may move it or take it away from Google; a retired one is nowhere."""
    for name in ("a", "b", "c"):
        store.ledger.register(name, DEPLOYED % ("e", "1"), "h", T0)
    store.ledger.register("a", ON % '"deployment_resource_pool":"d"', "h2", T0)
    store.ledger.register("b", CONFIG, "h2", T0)
    store.ledger.retire("c", T0)
    assert list(store.ledger.find_targets("locations/europe-west4/endpoints/e")) == []
    assert list(store.ledger.find_targets("locations/europe-west4/deploymentResourcePools/d")) == [
        "a"
    ]


def test_what_is_due_at_one_instant_comes_by_name_however_many_there_are(store: Store) -> None:
    """A fleet is registered at once; the tick takes a part of it, and each time the same."""
    names = [f"endpoint/t{n:02d}" for n in range(30)]
    for name in reversed(names):
        register(store.ledger, name)
    register(store.ledger, "later", T0 + SECOND)
    store.wire.sent.clear()
    assert store.ledger.due(T0 + SECOND, 7) == [Due(name, T0) for name in names[:7]]
    (sent,) = store.wire.sent
    assert sent.body["structuredQuery"]["limit"] == 7
    assert len(store.ledger.due(T0 + SECOND, 31)) == 31


def test_a_query_needs_no_index_that_somebody_has_to_make(store: Store) -> None:
    """One field is filtered and sorted by, as the emulator would find any without an index."""
    written(store.ledger, TARGET, 3)
    store.ledger.due(T0, 9)
    store.ledger.find_targets("locations/europe-west4/endpoints/e")
    store.ledger.scalable_target_ids()
    store.ledger.recorded_ids()
    list(store.ledger.rows(TARGET))
    row = store.ledger.latest(1)[0]
    store.ledger.row(row.id)
    for target in (None, TARGET):
        for kind in (None, "decision"):
            assert store.ledger.latest(1, target, kind) == [row]
    queries = [sent.body["structuredQuery"] for sent in store.wire.sent if sent.verb == "runQuery"]
    assert len(queries) >= 10
    for query in queries:
        filters = query.get("where", {}).get("compositeFilter", {}).get("filters", [])
        fields = {each["fieldFilter"]["field"]["fieldPath"] for each in filters}
        fields |= {each["field"]["fieldPath"] for each in query.get("orderBy", [])}
        assert len(fields) == 1
        assert fields.isdisjoint({"__name__"})
        assert not query["from"][0].get("allDescendants")


def test_what_is_read_of_a_list_is_no_more_than_its_names(store: Store) -> None:
    """Configs and histories stay where they are."""
    register(store.ledger, "a")
    written(store.ledger, "b", 2)
    store.wire.answered.clear()
    store.ledger.scalable_target_ids()
    store.ledger.recorded_ids()
    store.ledger.due(T0, 9)
    found = {
        name
        for _, answer in store.wire.answered
        for part in answer
        for name in part.get("document", {}).get("fields", {})
    }
    assert found == {"scalable_target_id", "config_hash", "by_target", "wake_at"}


# --- permissions ----------------------------------------------------------------------------------


def test_rows_are_only_created_and_read_and_nothing_is_ever_deleted(store: Store) -> None:
    """So the writer's role lacks the right to delete; and no write can meet a row that is there."""
    written(store.ledger, TARGET, 2)
    claim = take(store.ledger, "b", T0 + 10 * MINUTE)
    claim = store.ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    store.ledger.write(claim, [OUTCOME], ItemUpdate(pending=False, release=True))
    store.ledger.write(take(store.ledger, "c", T0 + 20 * MINUTE), [], NOTHING)
    store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0)
    store.ledger.retire(TARGET, T0)
    assert {sent.verb for sent in store.wire.sent} <= {"commit", "batchGet", "runQuery"}
    writes = [
        write for sent in store.wire.sent if sent.verb == "commit" for write in sent.body["writes"]
    ]
    assert len(writes) > 10
    for write in writes:
        assert write.keys() <= {"update", "updateMask", "currentDocument"}
        is_row = "/documents/ledger/" in write["update"]["name"]
        is_new = write["currentDocument"] == {"exists": False}
        assert is_new or (not is_row and write["currentDocument"].keys() == {"updateTime"})
        assert is_new or write["updateMask"]["fieldPaths"]


def test_nothing_is_locked(store: Store) -> None:
    """No commit or read is part of a transaction."""
    written(store.ledger, TARGET, 2)
    for sent in store.wire.sent:
        assert sent.body.keys().isdisjoint({"transaction", "newTransaction"})


def test_every_call_is_one_that_google_s_discovery_document_knows(store: Store) -> None:
    """The emulator takes what the service would refuse: a field that is not there, a wrong type."""
    written(store.ledger, TARGET, 2)
    store.ledger.write(take(store.ledger, "b", T0 + 10 * MINUTE), [], ItemUpdate(release=True))
    store.ledger.due(T0 + MINUTE, 9)
    store.ledger.find_targets("locations/europe-west4/endpoints/e")
    store.ledger.recorded_ids()
    row = store.ledger.latest(1, TARGET, "decision")[0]
    assert store.ledger.row(row.id) == row
    assert len(list(store.ledger.rows(TARGET))) == 3
    store.ledger.retire(TARGET, T0)
    assert store.ledger.scalable_target_ids() == []
    for verb, body in store.wire.sent:
        # A query of a whole database is described with its parent alone.
        parent = "documents/a/b" if verb == "runQuery" else "documents"
        path = f"/v1/projects/p/databases/(default)/{parent}:{verb}"
        method = find_method(("firestore.v1",), "POST", path)
        check_request(method, {}, json.loads(json.dumps(body)))
