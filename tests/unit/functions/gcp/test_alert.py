"""What does the deployed on_alert do about every message, and what is left when something fails?"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.adapters.gcp.session import CallError
from flyball.ports import ItemUpdate
from flyball.wiring.function import WAITS_S
from flyball.wiring.settings import SettingsError
from tests.unit.functions.gcp.stage import DEAD, EVENTS, Stage, load, publish

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """An event file, and what on_alert does about it; whatever it is, the answer is 200."""

    id: str
    decided: tuple[str, ...] = ()
    reason: str = ""
    ignored: str = ""


CASES = (
    Case("incident-open", ("churn",)),
    Case("incident-open-again", ("churn",)),
    Case("incident-open-renotified", ("churn",)),
    Case("incident-closed", ("churn",)),
    Case("incident-no-labels", ("churn",)),
    Case("incident-no-labels-closed", ("churn",)),
    Case("incident-null-labels", ("churn",)),
    Case("incident-escaped-id", ("Batch-gpu",)),
    Case("incident-by-hand", ("churn",)),
    Case("incident-numbers-as-text", ("churn",)),
    Case("incident-not-ours", reason="event.incident.policy_name: got 'Checkout latency'"),
    Case("incident-other-deployment", reason="flyball-prefix: got 'staging', expected flyball"),
    Case("incident-hostile", reason="event.incident.policy_name: got"),
    Case("incident-bad-label", reason="event.incident.policy_user_labels: got"),
    Case("incident-version-2", reason="event.version: got '2.0'"),
    Case("console-test", ignored="a test of the notification channel"),
    Case("own-wake", ("Batch-gpu", "churn")),
    Case("own-tick", ignored="a tick: the other function's"),
    Case("own-wake-no-ids", reason="event.scalable_target_ids: got []"),
    Case("dead-letter-forwarded", ("churn",)),
    Case("message-text", reason="event: got b'Hello from the console!', expected a JSON object"),
    Case("message-empty", reason="event.message.data: got None, expected text"),
    Case("message-no-base64", reason="event.message.data: got '{}', expected base64"),
    Case("event-invalid-json", reason="event: got b'{ this is no JSON', expected an object"),
    Case("event-of-storage", reason="event.message: got None, expected an object"),
    Case("push-incident", ("churn",)),
    Case("structured-incident", ("churn",)),
    Case("legacy-incident", ("churn",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_on_alert_handles_every_event(case: Case, stage: Stage) -> None:
    """It decides for whom the event names, and quarantines what nobody understands."""
    assert stage.alert(case.id) == 200
    assert stage.decided() == dict.fromkeys(case.decided, 1)
    assert sorted(stage.provider.applied) == [(name, 5) for name in sorted(case.decided)]
    lines, metrics = stage.said()
    assert [
        each.attributes["reason"].startswith(case.reason)
        or case.reason in each.attributes["reason"]
        for each in stage.buried()
    ] == [True] * bool(case.reason)
    assert metrics.get("Poison", 0) == bool(case.reason)
    assert metrics["Changes"] == len(case.decided)
    assert metrics["Failed"] == 0
    assert [line["detail"] for line in lines if line["message"] == "ignored"] == (
        [case.ignored] if case.ignored else []
    )


def test_every_event_file_is_handled() -> None:
    """A file that no case names proves nothing."""
    files = {path.stem for path in EVENTS.glob("*.json")}
    assert {case.id for case in CASES} == {name for name in files if not name.startswith("tick")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_says_what_its_message_reads(case: Case) -> None:
    """Base64 is for machines: what people read beside it is the same."""
    told = json.loads((EVENTS / f"{case.id}.json").read_text(encoding="utf-8"))
    if "reads" not in told:
        assert case.reason
        return
    body = told["body"]
    data = body.get("data", body)
    data = data.get("message", data)["data"]
    text = base64.b64decode(data).decode()
    assert told["reads"] == (text if isinstance(told["reads"], str) else json.loads(text))


def test_what_wakes_nobody_asks_google_for_nothing(stage: Stage) -> None:
    """Neither the ledger nor Pub/Sub."""
    for name in ("console-test", "own-tick"):
        stage.alert(name)
    assert (stage.opened, stage.cloud.asked) == (0, [])


# --- the edge cases that Google's documentation says or leaves open -----------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("incident-open", "incident-open"),
        ("incident-open", "incident-open-again"),
        ("incident-open", "incident-open-renotified"),
        ("incident-open", "push-incident"),
        ("incident-no-labels", "incident-no-labels"),
        ("own-wake", "own-wake"),
    ],
)
@pytest.mark.parametrize("cold", [True, False])
def test_9_the_same_message_or_the_same_incident_and_state_is_one_action(
    first: str, second: str, stage: Stage, *, cold: bool
) -> None:
    """Whichever instance gets the second one; it is answered 200 too."""
    assert stage.alert(first) == 200
    decided, applied = stage.decided(), list(stage.provider.applied)
    stage.pass_time(MINUTE / 4)
    assert stage.alert(second, cold=cold) == 200
    assert (stage.decided(), stage.provider.applied) == (decided, applied)
    kinds = {line["kind"] for line in stage.said()[0]}
    assert kinds - {"decided"} <= {"duplicate", "not_due"}
    assert len(kinds) == 2


def test_9_an_open_that_comes_after_its_close_changes_nothing(stage: Stage) -> None:
    """Pub/Sub keeps no order."""
    stage.pass_time(12 * MINUTE)
    for name in ("incident-closed", "incident-open"):
        assert stage.alert(name) == 200
    assert stage.decided() == {"churn": 1}


def test_10_prose_for_a_value_is_no_value_and_no_crash(stage: Stage) -> None:
    """A closed incident wakes like any other; nothing in it is taken for a number."""
    assert stage.alert("incident-closed") == 200
    (line,) = stage.said()[0]
    assert (line["kind"], line["trigger"]) == ("decided", "0.nh2c4qb8xkzu|closed")
    assert stage.buried() == []


def test_10_the_consoles_test_scales_nothing(stage: Stage) -> None:
    """It is answered, or the channel would be shown as broken."""
    assert stage.alert("console-test") == 200
    assert (stage.decided(), stage.buried()) == ({}, [])


def test_10_invalid_json_is_quarantined_as_it_came(stage: Stage) -> None:
    """The framework hands over bytes; published again, they are the same bytes."""
    odd = b"\xff{ no JSON \x00"
    request = load("event-invalid-json")._replace(body=odd)
    assert stage.alert(request) == 200
    (message,) = stage.buried()
    assert message.body.encode("utf-8", "surrogateescape") == odd
    assert message.attributes["reason"].startswith("event: got b'\\xff{ no JSON \\x00'")


# --- what a retry can cure ----------------------------------------------------------


def test_a_ledger_that_is_out_of_reach_lets_the_message_come_again(stage: Stage) -> None:
    """Twice in vain, then once: one action."""
    stage.ledger.out_of_reach = {"churn"}
    assert [stage.alert("incident-open"), stage.alert("incident-open")] == [500, 500]
    assert stage.decided() == {}
    lines, metrics = stage.said()
    assert metrics["Failed"] == 2
    assert {(line["severity"], line["kind"]) for line in lines} == {("ERROR", "failed")}
    stage.ledger.out_of_reach = set()
    assert [stage.alert("incident-open"), stage.alert("incident-open")] == [200, 200]
    assert stage.provider.applied == [("churn", 5)]


def test_of_a_message_of_ours_only_the_rest_is_left_when_it_comes_again(stage: Stage) -> None:
    """One that fails keeps nobody else of its message from being looked at, once."""
    stage.ledger.out_of_reach = {"churn"}
    assert stage.alert("own-wake") == 500
    assert stage.decided() == {"Batch-gpu": 1}
    stage.ledger.out_of_reach = set()
    assert stage.alert("own-wake") == 200
    assert stage.decided() == {"Batch-gpu": 1, "churn": 1}


def test_poison_without_a_place_for_it_comes_again(stage: Stage) -> None:
    """It is not dropped: the subscription's own dead letters take it in the end."""
    stage.variables = {"FLYBALL_DEAD_TOPIC": ""}
    assert stage.alert("message-text") == 500
    (_, line) = stage.said()[0]
    assert "set FLYBALL_DEAD_TOPIC" in line["detail"]


def test_poison_that_the_topic_does_not_take_comes_again(stage: Stage) -> None:
    """And is quarantined then."""
    stage.cloud.refusals["pubsub"] = [CallError(503, "UNAVAILABLE", "later", passes=True)]
    assert stage.alert("message-text") == 500
    assert stage.alert("message-text") == 200
    assert [each.topic for each in stage.buried()] == [DEAD]


def test_no_target_is_begun_when_time_is_short(stage: Stage) -> None:
    """A message that comes again costs less than a function that is killed in the middle."""
    stage.passes_s = 20.5
    assert stage.alert("own-wake") == 500
    assert stage.decided() == {}
    assert {line["detail"] for line in stage.said()[0]} == {"no time left"}


def test_an_alarm_of_nobody_is_told_and_done_with(stage: Stage) -> None:
    """Its target was removed: it would come again for a day."""
    wake = {"flyball": "wake", "scalable_target_ids": ["gone"], "at": "2026-03-02T12:01:00Z"}
    assert stage.alert(publish(wake)) == 200
    (line,) = stage.said()[0]
    assert (line["severity"], line["kind"]) == ("WARNING", "unknown_target")


def test_an_alarm_that_is_turned_away_knocks_again(stage: Stage) -> None:
    """The other run may have looked just before; an incident is told once."""
    claim = stage.ledger.claim("churn", "another", stage.clock.at, stage.clock.at + 2 * MINUTE)

    def release() -> None:
        if len(stage.rested) == 2:
            stage.ledger.write(claim, (), ItemUpdate(release=True))

    stage.while_resting = release
    assert stage.alert("incident-open") == 200
    assert stage.rested == list(WAITS_S[:2])
    assert stage.decided() == {"churn": 1}


def test_an_alarm_that_is_turned_away_to_the_end_comes_again(stage: Stage) -> None:
    """The other run may have died: it is given back until the lease is over, and then acts once."""
    stage.ledger.claim("churn", "another", stage.clock.at, stage.clock.at + 2 * MINUTE)
    assert [stage.alert("incident-open"), stage.alert("incident-open")] == [500, 500]
    stage.pass_time(2 * MINUTE)
    assert [stage.alert("incident-open"), stage.alert("incident-open")] == [200, 200]
    assert stage.decided() == {"churn": 1}


def test_a_wake_of_ours_that_is_turned_away_is_done_with(stage: Stage) -> None:
    """Whom the timer found is due again by itself."""
    stage.ledger.claim("churn", "another", stage.clock.at, stage.clock.at + 2 * MINUTE)
    assert stage.alert("own-wake") == 200
    assert stage.decided() == {"Batch-gpu": 1}


# --- the log ------------------------------------------------------------------------


def test_a_line_is_one_that_cloud_logging_understands(stage: Stage) -> None:
    """Severity, message, and the trace of the call that it belongs to; the rest is searched."""
    stage.alert("incident-open")
    (line,), metrics = stage.said()
    assert (line["severity"], line["message"], line["kind"]) == ("INFO", "decided", "decided")
    trace = "projects/acme-ml/traces/105445aa7843bc8bf206b12000100000"
    assert line["logging.googleapis.com/trace"] == trace
    assert (line["action"], line["from"], line["to"], line["outcome"]) == ("set", 2, 5, "applied")
    assert stage.ledger.row(line["row"]) is not None
    assert set(metrics) == {
        "Wakes",
        "Decisions",
        "Changes",
        "Failed",
        "Unresolved",
        "Refused",
        "Frozen",
        "Blind",
        "Unmet",
        "DecisionTime",
    }


def test_nothing_of_an_event_reaches_a_line_unescaped(stage: Stage) -> None:
    """Not a control character, nor one that turns text around."""
    stage.alert("incident-hostile")
    stage.alert(publish("\u202e\x1b[2J\u2028"))
    out = stage._capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out


def test_a_wrong_environment_is_said_at_the_start(stage: Stage) -> None:
    """All of it at once, before any event."""
    stage.variables = {"FLYBALL_HANDFUL": "many", "FLYBALL_MODE": "observe"}
    with pytest.raises(SettingsError, match=r"FLYBALL_HANDFUL.*FLYBALL_MODE"):
        stage.start("on_alert")
