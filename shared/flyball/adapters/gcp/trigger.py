"""Whom does a message of Pub/Sub wake: an incident of Cloud Monitoring, or one of Flyball's own?

Of an incident two things are believed: whom its alert policy is about, and when its state changed.
Its values are not: they are text, and prose once it is closed.

Whom it is about is said by the policy's user labels, as labels.write_labels writes them (by hand
flyball-target is enough). Where a notification has none of them, the policy's display name must be
one that alarm.alarm_name makes.

Source: Cloud Monitoring, "Create and manage notification channels", schema 1.2 of Pub/Sub;
Eventarc, google.cloud.pubsub.topic.v1.messagePublished; Cloud Pub/Sub, "Receive messages by push".
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

from flyball.adapters.gcp.labels import Labelled, read_labels
from flyball.alarm import ID_LIMIT, PREFIX, alarm_name, find_scalable_target
from flyball.event import EventError, parse_json, read_mapping, read_text, refuse
from flyball.letter import OWN, TICK, Parsed, Tick, Top, keep_plain, read_wakes, to_text
from flyball.ports import Trigger, TriggerKind

STATES = frozenset({"open", "closed"})
TEST = "test"
"""Version of what the console sends when somebody tries a notification channel."""

_VERSION = re.compile(r"1\.[0-9]{1,3}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


def parse_event(event: object, message_id: str = "", prefix: str = PREFIX) -> Parsed:
    """Read what a CloudEvent of Pub/Sub brings: one message.

    Args:
        event: Its data; bytes where they were no JSON.
        message_id: The event's id, where its data has none.
        prefix: First part of our alarms' names.

    Returns:
        What it says; what is wrong with it is its problem, and nothing is raised.
    """
    letter = Parsed(keep_plain(message_id), _restore(event))
    try:
        top = read_mapping("", event)
        letter = letter._replace(origin=keep_plain(top.get("subscription")))
        message = read_mapping("message", top.get("message"))
        told = keep_plain(message.get("messageId"))
        letter = letter._replace(message_id=told or letter.message_id)
        body = _decode(message.get("data"))
        letter = letter._replace(body=_restore(body))
        return _read(read_mapping("message.data", parse_json(body)), letter, prefix)
    except EventError as error:
        return letter._replace(problem=str(error))


def _decode(value: object) -> bytes:
    """Take a message's data out of its base64."""
    text = read_text("message.data", value)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        refuse("message.data", value, "base64")


def _restore(body: object) -> str:
    """Give a body as text from which the queue makes the same bytes again."""
    return body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else to_text(body)


def _read(top: Top, letter: Parsed, prefix: str) -> Parsed:
    """Find out which source a message is of."""
    if OWN in top:
        if top.get(OWN) == TICK:
            return letter._replace(tick=Tick(keep_plain(top.get("schedule"))))
        return letter._replace(triggers=read_wakes(top))
    if "incident" not in top:
        expected = "an incident of Cloud Monitoring, or a message of ours"
        raise EventError("message.data", dict(top), expected)
    version = read_text("version", top.get("version"))
    if version == TEST:
        return letter._replace(ignored="a test of the notification channel")
    if not _VERSION.fullmatch(version):
        refuse("version", version, "1.2, or test")
    incident = read_mapping("incident", top.get("incident"))
    return letter._replace(triggers=(_read_incident(incident, prefix),))


def _read_incident(incident: Top, prefix: str) -> Trigger:
    """Read an incident that was opened or closed; each happens once, and may be told twice."""
    name = read_text("incident.incident_id", incident.get("incident_id"))
    if not keep_plain(name):
        refuse("incident.incident_id", name, "printable ASCII")
    state = read_text("incident.state", incident.get("state")).lower()
    if state not in STATES:
        refuse("incident.state", state, f"one of {sorted(STATES)}")
    field = "started_at" if state == "open" else "ended_at"
    at = _read_seconds(f"incident.{field}", incident.get(field))
    scalable_target_id, source = _find_whom(incident, prefix)
    return Trigger(scalable_target_id, f"{name}|{state}", TriggerKind.ALARM, at, source, state)


def _find_whom(incident: Top, prefix: str) -> tuple[str, str]:
    """Say whom an incident is about, and what its alarm is called."""
    labels, name = incident.get("policy_user_labels"), incident.get("policy_name")
    field = "incident.policy_user_labels"
    if labels is not None:
        labels = read_mapping(field, labels)
        try:
            found = read_labels(labels)
        except ValueError as error:
            refuse(field, dict(labels), str(error))
        if found is not None:
            return _check(field, found, prefix), _name_source(found, name, prefix)
    text = read_text("incident.policy_name", name)
    try:
        return find_scalable_target(text, prefix), text
    except ValueError as error:
        refuse("incident.policy_name", text, f"{error}; or the label flyball-target")


def _check(field: str, found: Labelled, prefix: str) -> str:
    """See that the labels are of this deployment, and name somebody."""
    if found.prefix not in ("", prefix):
        refuse(f"{field}.flyball-prefix", found.prefix, f"{prefix}, which is this deployment's")
    name = found.scalable_target_id
    if len(name) > ID_LIMIT or not name.isprintable():
        refuse(f"{field}.flyball-target", name, f"1 to {ID_LIMIT} printable characters")
    return name


def _name_source(found: Labelled, policy_name: object, prefix: str) -> str:
    """Name the alarm: by its labels, or as somebody called the policy that he made by hand."""
    if found.policy and found.side:
        return alarm_name(found.scalable_target_id, found.policy, found.side, prefix)
    return keep_plain(policy_name) or found.scalable_target_id


def _read_seconds(field: str, value: object) -> datetime:
    """Read seconds since 1970, which may come as text."""
    text = str(value) if isinstance(value, (int, float, str)) else ""
    if isinstance(value, bool) or not _SECONDS.fullmatch(text):
        refuse(field, value, "seconds since 1970")
    try:
        return _EPOCH + timedelta(seconds=float(text))
    except OverflowError:
        refuse(field, value, "seconds since 1970")
