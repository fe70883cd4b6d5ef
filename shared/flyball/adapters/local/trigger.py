"""Whom does an event of the simulated cloud wake?"""

from __future__ import annotations

from flyball.adapters.local.alarms import DETAIL_TYPE
from flyball.alarm import find_scalable_target
from flyball.event import EventError, parse_json, read_instant, read_mapping, read_text, refuse
from flyball.ports import AlarmState, Trigger, TriggerKind

_STATES = frozenset(state.value for state in AlarmState)


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
    top = read_mapping("", parse_json(event))
    if top.get("detail-type") != DETAIL_TYPE:
        raise EventError("detail-type", top.get("detail-type"), repr(DETAIL_TYPE))
    detail = read_mapping("detail", top.get("detail"))
    name = read_text("detail.alarmName", detail.get("alarmName"))
    state = read_mapping("detail.state", detail.get("state"))
    value = read_text("detail.state.value", state.get("value"))
    if value not in _STATES:
        raise EventError("detail.state.value", value, f"one of {sorted(_STATES)}")
    at = read_instant("detail.state.timestamp", state.get("timestamp"))
    scalable_target_id = _find_target("detail.alarmName", name)
    trigger_id = f"{name}|{value}|{at.isoformat()}"
    return Trigger(scalable_target_id, trigger_id, TriggerKind.ALARM, at, name, value)


def _find_target(field: str, name: str) -> str:
    try:
        return find_scalable_target(name)
    except ValueError as error:
        refuse(field, name, str(error))
