"""Does the ledger on DynamoDB find what is due and what an event is about, with few rights?"""

from __future__ import annotations

import pytest

from flyball.ports import (
    Due,
    ItemUpdate,
)
from tests.aws.broken import count_calls
from tests.aws.conftest import Store
from tests.contract.steps import (
    CONFIG,
    INTENT,
    MINUTE,
    OTHER_CONFIG,
    OUTCOME,
    SECOND,
    T0,
    TARGET,
    register,
    take,
    written,
)

pytestmark = pytest.mark.enable_socket

ON_ENDPOINT = '{"resource":{"endpoint":"e","variant":"%s"}}'


# --- events and what is due -----------------------------------------------------------------------


def test_an_event_of_an_endpoint_finds_every_target_on_it(store: Store) -> None:
    """Each variant's, and an inference component's that says where it is; nobody else's."""
    configs = {
        "one": ON_ENDPOINT % "v1",
        "two": ON_ENDPOINT % "v2",
        "part": '{"resource":{"inference_component":"c","endpoint":"e"}}',
        "elsewhere": '{"resource":{"endpoint":"e2","variant":"v1"}}',
        "lone": '{"resource":{"inference_component":"c"}}',
        "group": '{"resource":{"auto_scaling_group":"g"}}',
        "none": CONFIG,
        "odd": '{"resource":"e"}',
        "google": '{"resource":{"model":"m"}}',
    }
    for name, config in configs.items():
        store.ledger.register(name, config, "h", T0)
    for asked, found in {
        "endpoint/e": ["one", "part", "two"],
        "endpoint/e/variant/v1": ["one", "part", "two"],
        "inference-component/c": ["lone"],
        "auto-scaling-group/g": ["group"],
        "endpoint/nobody": [],
    }.items():
        assert list(store.ledger.find_targets(asked)) == found, asked


def test_an_event_finds_a_target_where_it_is_now(store: Store) -> None:
    """A new config may move it or take it away from AWS; a retired one is nowhere."""
    store.ledger.register("a", ON_ENDPOINT % "v", "h", T0)
    store.ledger.register("b", ON_ENDPOINT % "v", "h", T0)
    store.ledger.register("c", ON_ENDPOINT % "v", "h", T0)
    store.ledger.register("a", '{"resource":{"auto_scaling_group":"g"}}', "h2", T0)
    store.ledger.register("b", CONFIG, "h2", T0)
    store.ledger.retire("c", T0)
    assert list(store.ledger.find_targets("endpoint/e")) == []
    assert list(store.ledger.find_targets("auto-scaling-group/g")) == ["a"]


def test_what_is_due_at_one_instant_comes_by_name_however_many_there_are(store: Store) -> None:
    """A fleet is registered at once; the tick takes a part of it, and each time the same."""
    names = [f"t{n:02d}" for n in range(30)]
    for name in reversed(names):
        register(store.ledger, name)
    register(store.ledger, "later", T0 + SECOND)
    calls = count_calls(store.client)
    assert store.ledger.due(T0 + SECOND, 7) == [Due(name, T0) for name in names[:7]]
    assert len(calls) == 4  # pages of 8: no engine promises an order within an instant
    assert len(store.ledger.due(T0 + SECOND, 31)) == 31


def test_a_tick_reads_little_more_than_it_asks_for(store: Store) -> None:
    """Of a fleet that is due at different times, no page is read that is not needed."""
    for n in range(12):
        register(store.ledger, f"t{n:02d}", T0 + n * SECOND)
    calls = count_calls(store.client)
    assert len(store.ledger.due(T0 + MINUTE, 4)) == 4
    assert [(name, asked["Limit"]) for name, asked in calls] == [("Query", 5)]


# --- permissions ----------------------------------------------------------------------------------


def test_the_table_of_rows_is_only_put_to_and_read(store: Store) -> None:
    """So the writer's role has no right to update or delete on it."""
    calls = count_calls(store.client)
    written(store.ledger, TARGET, 2)
    claim = take(store.ledger, "b", T0 + 10 * MINUTE)
    claim = store.ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    store.ledger.write(claim, [OUTCOME], ItemUpdate(pending=False, release=True))
    store.ledger.register(TARGET, OTHER_CONFIG, "h2", T0)
    store.ledger.retire(TARGET, T0)
    assert store.ledger.row(store.ledger.latest(1)[0].id)
    assert store.ledger.recorded_ids() == [TARGET]
    used = set()
    for name, asked in calls:
        for action in asked.get("TransactItems", [{name: asked}]):
            ((what, request),) = action.items()
            if request["TableName"] == store.rows:
                used.add(what)
                if what == "Put":
                    assert request["ConditionExpression"] == "attribute_not_exists(#id)"
    assert used == {"Put", "Query", "GetItem", "Scan"}
