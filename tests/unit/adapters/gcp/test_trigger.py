"""Does a message of Pub/Sub wake whom it is about, and is what is wrong with it said by field?"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.gcp.labels import write_labels
from flyball.adapters.gcp.trigger import parse_event
from flyball.alarm import alarm_name
from flyball.letter import Parsed, Tick
from flyball.ports import Trigger, TriggerKind

EVENTS = Path(__file__).resolve().parents[3] / "events" / "gcp"
OPENED = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
CLOSED = datetime(2026, 3, 2, 12, 15, 5, tzinfo=UTC)
INCIDENT = "0.nh2c4qb8xkzu"
SUBSCRIPTION = "projects/acme-ml/subscriptions/eventarc-europe-west4-flyball-wake-481516-sub-234"
HIGH = "flyball/churn/duty/high"


def parse(name: str) -> Parsed:
    """Read an event file's body, as the framework hands it over."""
    return parse_event(json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))["body"])


def wrap(body: object, **fields: Any) -> dict[str, Any]:
    """Wrap a message's body as Eventarc does."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"message": {"data": base64.b64encode(text).decode(), "messageId": "7", **fields}}


def incident(**fields: Any) -> dict[str, Any]:
    """Write an incident; None leaves a field out."""
    told = json.loads((EVENTS / "incident-open.json").read_text(encoding="utf-8"))["reads"]
    changed = told["incident"] | fields
    kept = {key: value for key, value in changed.items() if value is not None}
    return wrap({**told, "incident": kept})


def test_an_incident_wakes_whom_its_labels_name() -> None:
    """Its id and state are the event's; the alarm is the source."""
    letter = parse("incident-open")
    trigger = Trigger("churn", f"{INCIDENT}|open", TriggerKind.ALARM, OPENED, HIGH, "open")
    assert letter.triggers == (trigger,)
    assert (letter.origin, letter.message_id) == (SUBSCRIPTION, "11023456789007")
    assert json.loads(letter.body)["version"] == "1.2"


@pytest.mark.parametrize(
    ("name", "scalable_target_id", "source"),
    [
        ("incident-no-labels", "churn", HIGH),
        ("incident-null-labels", "churn", HIGH),
        ("incident-by-hand", "churn", "GPU busy (made by hand)"),
        ("incident-escaped-id", "Batch-gpu", "flyball/Batch-gpu/duty/high"),
    ],
)
def test_whom_it_is_about_is_said_by_label_or_by_name(
    name: str, scalable_target_id: str, source: str
) -> None:
    """The labels first: a name may be changed in the console."""
    (trigger,) = parse(name).triggers
    assert (trigger.scalable_target_id, trigger.source) == (scalable_target_id, source)


def test_a_label_and_a_name_are_one_source() -> None:
    """Whichever of them a notification has."""
    labelled, named = parse("incident-closed"), parse("incident-no-labels-closed")
    assert labelled.triggers == named.triggers
    assert labelled.triggers[0].at == CLOSED


def test_the_labels_that_we_write_are_those_that_we_read() -> None:
    """For any alarm."""
    labels = write_labels("endpoint/llm", "p 95", "low", "staging")
    (trigger,) = parse_event(incident(policy_user_labels=labels), prefix="staging").triggers
    source = alarm_name("endpoint/llm", "p 95", "low", "staging")
    assert (trigger.scalable_target_id, trigger.source) == ("endpoint/llm", source)


@pytest.mark.parametrize("at", [1772452805, 1772452805.0, "1772452805"])
def test_an_instant_is_seconds_in_any_writing(at: object) -> None:
    """Numbers are text in places."""
    assert parse_event(incident(started_at=at)).triggers[0].at == OPENED


def test_a_tick_is_the_other_functions() -> None:
    """It is told, and not taken for poison."""
    assert parse("own-tick").tick == Tick("flyball-tick")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"incident_id": None}, "incident.incident_id"),
        ({"incident_id": "\x1b"}, "incident.incident_id"),
        ({"state": None}, "incident.state"),
        ({"state": "acknowledged"}, "incident.state"),
        ({"started_at": None}, "incident.started_at"),
        ({"started_at": True}, "incident.started_at"),
        ({"started_at": "now"}, "incident.started_at"),
        ({"started_at": -1}, "incident.started_at"),
        ({"started_at": 999_999_999_999}, "incident.started_at"),
        ({"started_at": float("inf")}, "incident.started_at"),
        ({"started_at": [1]}, "incident.started_at"),
        ({"state": "closed"}, "incident.ended_at"),
        ({"policy_user_labels": "churn"}, "incident.policy_user_labels"),
        ({"policy_user_labels": {"flyball-target": "_0a"}}, "flyball-target"),
        (
            {
                "policy_user_labels": {
                    "flyball-target": "a" * 63,
                    **{f"flyball-target-{number}": "a" * 63 for number in range(2, 6)},
                }
            },
            "flyball-target",
        ),
        ({"policy_user_labels": None, "policy_name": None}, "incident.policy_name"),
        ({"policy_user_labels": {}, "policy_name": "other/churn/duty/high"}, "policy_name"),
    ],
)
def test_what_is_wrong_with_an_incident_is_said_by_field(
    fields: dict[str, Any], field: str
) -> None:
    """And wakes nobody."""
    letter = parse_event(incident(**fields))
    assert field in letter.problem
    assert letter.problem.isascii()
    assert letter.problem.isprintable()
    assert (letter.triggers, letter.tick, letter.ignored) == ((), None, "")


@pytest.mark.parametrize(
    "event",
    [
        b"{",
        b"\xff",
        "",
        None,
        7,
        [],
        {},
        {"message": None},
        {"message": {}},
        {"message": {"data": 7}},
        {"message": {"data": "\u00fc"}},
        {"message": {"data": "abc"}},
        wrap([]),
        wrap({}),
        wrap(b""),
        wrap(b"[" * 100_000),
        wrap({"incident": {}}),
        wrap({"incident": None, "version": "1.2"}),
        wrap({"incident": {}, "version": 1.2}),
        wrap({"flyball": "sleep"}),
    ],
)
def test_what_is_no_message_is_a_problem_and_raises_nothing(event: object) -> None:
    """Whatever it is, it keeps a body for the dead letters."""
    letter = parse_event(event, "from the header")
    assert letter.problem
    assert letter.triggers == ()
    assert letter.message_id in ("from the header", "7")


def test_bytes_that_are_no_text_can_be_made_again() -> None:
    """What is quarantined is what came."""
    body = bytes(range(256))
    for letter in (parse_event(body), parse_event(wrap(body))):
        assert letter.body.encode("utf-8", "surrogateescape") == body
