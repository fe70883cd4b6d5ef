"""Does every event become a wake-up, or an error that names the field?"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.local.alarms import DETAIL_TYPE
from flyball.adapters.local.trigger import parse_event
from flyball.alarm import alarm_name
from flyball.event import EventError
from flyball.ports import Trigger, TriggerKind

NOON = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": DETAIL_TYPE,
    "source": "aws.cloudwatch",
    "detail": {
        "alarmName": "flyball/chat/track/high",
        "state": {"value": "ALARM", "timestamp": "2026-03-02T12:00:05.000+0000"},
    },
}
EXPECT = Trigger(
    "chat",
    "flyball/chat/track/high|ALARM|2026-03-02T12:00:05+00:00",
    TriggerKind.ALARM,
    NOON,
    "flyball/chat/track/high",
    "ALARM",
)


def change(path: str, value: object) -> dict[str, Any]:
    """Give the event with one field changed."""
    event = copy.deepcopy(EVENT)
    *parents, last = path.split(".")
    place = event
    for parent in parents:
        place = place[parent]
    place[last] = value
    return event


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda event: event, id="mapping"),
        pytest.param(json.dumps, id="text"),
        pytest.param(lambda event: json.dumps(event).encode(), id="bytes"),
    ],
)
def test_an_event_wakes_its_scalable_target(shape: Callable[[Any], object]) -> None:
    """As a mapping, as text or as bytes."""
    assert parse_event(shape(EVENT)) == EXPECT


def test_two_deliveries_of_one_change_share_their_trigger_id() -> None:
    """A later delivery differs in its envelope, not in its state."""
    again = {**EVENT, "id": "other", "time": "2026-03-02T12:07:00Z"}
    assert parse_event(again).trigger_id == parse_event(EVENT).trigger_id


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detail.alarmName", "flyball/chat/track/low"),
        ("detail.state.value", "OK"),
        ("detail.state.timestamp", "2026-03-02T12:00:05.001+0000"),
    ],
)
def test_another_change_has_another_trigger_id(path: str, value: str) -> None:
    """Alarm, state and the state's instant all count."""
    assert parse_event(change(path, value)).trigger_id != EXPECT.trigger_id


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("detail-type", "Scheduled Event", "detail-type"),
        ("detail", None, "detail"),
        ("detail", [EVENT], "detail"),
        ("detail.alarmName", 7, "detail.alarmName"),
        ("detail.alarmName", "", "detail.alarmName"),
        ("detail.alarmName", "somebody's alarm", "detail.alarmName"),
        ("detail.alarmName", "other/chat/track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball//track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/chat/track", "detail.alarmName"),
        ("detail.alarmName", "flyball/chat/track/high/more", "detail.alarmName"),
        ("detail.alarmName", "flyball/%zz/track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/%ff/track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/%1B[2J/track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/chat/\x1b[2J/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/" + "a" * 257 + "/track/high", "detail.alarmName"),
        ("detail.alarmName", "flyball/chat/" + "a" * 2_000 + "/high", "detail.alarmName"),
        ("detail.state", "ALARM", "detail.state"),
        ("detail.state.value", "PANIC", "detail.state.value"),
        ("detail.state.value", None, "detail.state.value"),
        ("detail.state.timestamp", "yesterday", "detail.state.timestamp"),
        ("detail.state.timestamp", "2026-03-02T12:00:05", "detail.state.timestamp"),
        ("detail.state.timestamp", "0001-01-01T00:00:00+23:59", "detail.state.timestamp"),
        ("detail.state.timestamp", 1_772_452_805, "detail.state.timestamp"),
    ],
)
def test_a_malformed_event_names_the_field(path: str, value: object, field: str) -> None:
    """And shows nothing of it unescaped."""
    with pytest.raises(EventError) as caught:
        parse_event(change(path, value))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"event.{field}: got ")
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("event", ["", "{", "[" * 100_000, b"\xff\xfe", "7", None, 7, [], object()])
def test_what_is_no_object_is_refused_as_a_whole(event: object) -> None:
    """Half a message, a number, nothing."""
    with pytest.raises(EventError, match=r"event: got .*, expected"):
        parse_event(event)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PATHS = ["detail-type", "detail", "detail.alarmName", "detail.state", "detail.state.value"]


@given(event=JUNK)
def test_junk_raises_that_error_and_no_other(event: object) -> None:
    """Whatever arrives."""
    with pytest.raises(EventError):
        parse_event(event)


@given(
    path=st.sampled_from([*PATHS, "detail.state.timestamp"]), value=JUNK | st.datetimes().map(str)
)
def test_an_event_with_one_wrong_field_raises_that_error_or_wakes(path: str, value: object) -> None:
    """A trigger or an EventError; nothing else comes out."""
    try:
        assert parse_event(change(path, value)).scalable_target_id
    except EventError as error:
        assert error.field.startswith(path)  # noqa: PT017  (both ways out are right)


@given(
    scalable_target_id=st.text(min_size=1, max_size=40).filter(str.isprintable),
    policy=st.text(min_size=1, max_size=40).filter(str.isprintable),
)
def test_a_name_leads_back_to_its_scalable_target(scalable_target_id: str, policy: str) -> None:
    """Slashes, spaces and any script survive."""
    name = alarm_name(scalable_target_id, policy, "high")
    assert parse_event(change("detail.alarmName", name)).scalable_target_id == scalable_target_id
