"""Whom does an event of the simulated cloud wake?"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import unquote

from flyball.adapters.local.alarms import DETAIL_TYPE, PREFIX, AlarmState
from flyball.ports import Trigger, TriggerKind

ID_LIMIT = 256
NAME_LIMIT = 1_024
"""Longest alarm name; what is longer is not one of ours."""
_STATES = frozenset(state.value for state in AlarmState)
_PARTS = 4
"""flyball / scalable target / policy / side"""
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class EventError(ValueError):
    """An event that cannot be understood.

    Attributes:
        field: Path of the field at fault; "" is the event itself.
    """

    def __init__(self, field: str, got: object, expected: str) -> None:
        self.field = field
        shown = reprlib.repr(got).encode("ascii", "backslashreplace").decode()
        super().__init__(f"event{'.' if field else ''}{field}: got {shown}, expected {expected}")


def parse_event(event: object) -> Trigger:
    """Turn an alarm's event into a wake-up.

    Args:
        event: A change of an alarm's state, as alarms.py tells it: a mapping, or its JSON text.
            Nothing in it is believed but whom it is about, and when.

    Returns:
        A trigger whose id is the same for every delivery of one change of state.

    Raises:
        EventError: It is anything else; the error names the field.
    """
    top = _mapping("", _parse_json(event))
    if top.get("detail-type") != DETAIL_TYPE:
        raise EventError("detail-type", top.get("detail-type"), repr(DETAIL_TYPE))
    detail = _mapping("detail", top.get("detail"))
    name = _text("detail.alarmName", detail.get("alarmName"))
    state = _mapping("detail.state", detail.get("state"))
    value = _text("detail.state.value", state.get("value"))
    if value not in _STATES:
        raise EventError("detail.state.value", value, f"one of {sorted(_STATES)}")
    at = _instant("detail.state.timestamp", state.get("timestamp"))
    scalable_target_id = _scalable_target("detail.alarmName", name)
    trigger_id = f"{name}|{value}|{at.isoformat()}"
    return Trigger(scalable_target_id, trigger_id, TriggerKind.ALARM, at, name, value)


def _parse_json(event: object) -> object:
    if not isinstance(event, (str, bytes, bytearray)):
        return event
    try:
        parsed: object = json.loads(event)
    except (ValueError, RecursionError):  # bytes that are no UTF-8 raise a ValueError too
        _refuse("", event, "a JSON object")
    return parsed


def _scalable_target(field: str, name: str) -> str:
    parts = name.split("/")
    plain = name.isascii() and name.isprintable() and len(name) <= NAME_LIMIT
    if (
        not plain
        or len(parts) != _PARTS
        or parts[0] != PREFIX
        or not all(parts)
        or _ESCAPE.search(name)
    ):
        _refuse(field, name, f"{PREFIX}/<scalable target>/<policy>/<side>, percent-encoded")
    try:
        found = unquote(parts[1], errors="strict")
    except UnicodeDecodeError:
        _refuse(field, name, "percent-encoded UTF-8")
    if not found.isprintable() or len(found) > ID_LIMIT:
        _refuse(field, name, f"a scalable target of 1 to {ID_LIMIT} printable characters")
    return found


def _instant(field: str, value: object) -> datetime:
    text = _text(field, value)
    expected = "an instant with an offset, such as 2026-11-21T00:24:11.000+0000"
    try:
        instant = datetime.fromisoformat(text)
        utc = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(field, value, expected)
    if instant.tzinfo is None:
        _refuse(field, value, expected)
    return utc


def _mapping(field: str, value: object) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        _refuse(field, value, "an object")
    return value


def _text(field: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        _refuse(field, value, "text")
    return value


def _refuse(field: str, got: object, expected: str) -> NoReturn:
    raise EventError(field, got, expected) from None
