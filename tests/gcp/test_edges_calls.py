"""Do Google's edge cases of messages and of ticks come out right through the real entry points?

Cases 9 to 11 of twelve. The others are in test_edges.py and test_edges_platform.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from flyball.core.model import Action
from flyball.core.record import DECISION, OUTCOME
from flyball.ports import OutcomeKind
from tests.gcp.entry import PATH, Entry, target
from tests.rig import MINUTE, SECOND
from tests.unit.functions.gcp.stage import load

pytestmark = pytest.mark.enable_socket

DEAD = "flyball-dead"
OK, FAILED = 200, 500
PROSE = "n/a: the condition was no longer met when the incident was closed"

Enter = Callable[..., Entry]


def busy(enter: Enter, **fields: Any) -> Entry:
    """Set up a target that is to be scaled out."""
    entry = enter()
    entry.register(target(**fields))
    entry.load(0.95)
    return entry


# --- 9: duplicates -------------------------------------------------------------------


@pytest.mark.parametrize("cold", [False, True])
@pytest.mark.parametrize("second", ["m1", "another"])
def test_google_09_a_message_or_an_incident_that_comes_twice_is_one_action(
    enter: Enter, second: str, *, cold: bool
) -> None:
    """The same messageId, or a new one with the same incident_id and state; both answer 200.

    Whichever instance gets the second one: nothing is read for it, and nothing is written.
    """
    entry = busy(enter)
    at = entry.clock.at
    assert entry.open(message_id="m1", at=at) == OK
    rows, calls = entry.rows(DECISION, OUTCOME), len(entry.server.calls)
    for _ in range(3):
        entry.pass_time(10 * SECOND)
        if cold:
            entry.restart()
        assert entry.open(message_id=second, at=at) == OK
    assert entry.rows(DECISION, OUTCOME) == rows
    assert (len(entry.server.calls), len(entry.sent())) == (calls, 1)


def test_google_09_the_same_incident_is_news_in_another_state(enter: Enter) -> None:
    """Its close is looked at once, and told twice too; its open after that is not looked at."""
    entry = busy(enter)
    opened = entry.clock.at
    entry.open(at=opened)
    entry.pass_time(5 * MINUTE)
    entry.load(0.6)
    closed = entry.clock.at
    for _ in range(2):
        assert entry.open(state="closed", at=closed, observed_value=PROSE) == OK
    assert entry.open(at=opened) == OK
    told = [each.trigger["trigger_id"] for each in entry.records()]
    assert told == ["0.a|open", "0.a|closed"]
    assert len(entry.sent()) == 1


# --- 10: what comes, and what Vertex AI answers --------------------------------------


def test_google_10_prose_for_a_value_is_no_value_and_no_crash(enter: Enter) -> None:
    """A closed incident is a reason to look: what is decided on is the metric's value alone."""
    entry = busy(enter)
    assert entry.open(state="closed", observed_value=PROSE) == OK
    (record,) = entry.records()
    assert record.trigger["trigger_id"] == "0.a|closed"
    assert record.decision.recommendations[0].value == pytest.approx(95)
    assert entry.topics.published == {}


def test_google_10_the_consoles_test_scales_nothing(enter: Enter) -> None:
    """`version: "test"`, `state: "OPEN"`, its documentation as text: 200, and nobody is asked."""
    entry = busy(enter)
    assert entry.deliver(load("console-test")) == OK
    assert entry.server.calls == []
    assert entry.rows(DECISION) == []
    assert "a test of the notification channel" in "".join(entry.said)


@pytest.mark.parametrize("sent", [b"{ this is no JSON", b"\xff\x00{"])
def test_google_10_invalid_json_is_quarantined_as_it_came(enter: Enter, sent: bytes) -> None:
    """The framework hands over bytes: 200, and the same bytes with the reason are kept."""
    entry = busy(enter)
    assert entry.deliver(load("event-invalid-json")._replace(body=sent)) == OK
    (letter,) = entry.topics.published[DEAD]
    assert base64.b64decode(letter["data"]) == sent
    assert letter["attributes"]["reason"].startswith("event: got b'")
    assert entry.rows(DECISION) == []


@pytest.mark.parametrize("method", ["get", "mutateDeployedModel"])
def test_google_10_a_503_of_vertex_ai_is_a_500_and_is_delivered_again(
    enter: Enter, method: str
) -> None:
    """Again and again under the same id while it lasts; then it acts once."""
    entry = busy(enter)
    at = entry.clock.at
    entry.fail(method, "UNAVAILABLE", times=10_000)
    answers = [entry.open(message_id="m1", at=at) for _ in range(2)]
    assert answers == [FAILED, FAILED]
    entry.server.faults.clear()
    for _ in range(8):
        entry.pass_time(MINUTE)
        entry.load(0.95)
        answers.append(entry.open(message_id="m1", at=at))
        entry.tick()
    assert answers[-1] == OK
    done = [each for each in entry.sent() if not each.fault]
    assert len(done) == 1
    assert len(entry.vertex.operations[PATH]) == 1
    kinds = [each.kind for each in entry.outcomes()]
    assert kinds[-1] is OutcomeKind.APPLIED
    assert kinds.count(OutcomeKind.APPLIED) == 1


# --- 11: ticks, and the clock --------------------------------------------------------


@pytest.mark.parametrize("cold", [False, True])
def test_google_11_the_same_run_of_the_same_job_twice_is_one_action(
    enter: Enter, *, cold: bool
) -> None:
    """JobName and ScheduleTime are constant over the attempts of a run."""
    entry = busy(enter)
    at = entry.clock.at
    assert entry.tick(at) == {"due": 1, "handled": 1, "queued": 0}
    rows, calls = entry.rows(DECISION, OUTCOME), len(entry.server.calls)
    entry.pass_time(20 * SECOND)
    if cold:
        entry.restart()
    assert entry.tick(at) == {"due": 0, "handled": 0, "queued": 0}
    assert entry.rows(DECISION, OUTCOME) == rows
    assert (len(entry.server.calls), len(entry.sent())) == (calls, 1)


def test_google_11_another_instance_that_gets_the_run_late_asks_for_nothing_twice(
    enter: Enter,
) -> None:
    """By then the target is due again: a look, and no second call for what is asked for already."""
    entry = busy(enter)
    at = entry.clock.at
    entry.tick(at)
    entry.pass_time(2 * MINUTE)
    entry.load(0.95)
    entry.restart()
    assert entry.tick(at)["handled"] == 1
    assert entry.last().action is not Action.SET
    assert len(entry.sent()) == 1


NIGHT = {
    "name": "batch",
    "start": "cron(30 2 * * ? *)",
    "end": "cron(0 5 * * ? *)",
    "time_zone": "Europe/Berlin",
    "floor": 5,
}
EXACT, EARLY = {"early": "0s"}, {"lead_time": "8m"}
"""A floor on Google holds a lead time before its start, unless it is said how early."""


def live_through(entry: Entry, until: datetime, **fields: Any) -> list[tuple[str, int]]:
    """Tick every minute while nobody calls; when a change was asked for, UTC, and which floor."""
    entry.model.ceiling = 6
    entry.register(target(windows=[NIGHT], scale_in={"stabilization_window": "0s"}, **fields))
    while entry.clock.at <= until:
        entry.load(0.0)
        entry.tick()
        entry.pass_time(MINUTE)
    found = sorted(entry.vertex.operations[PATH], key=lambda each: each.started)
    floors = [(each.started, each.counts.get("minReplicaCount", 0)) for each in found]
    return [(f"{at:%H:%M}", floor) for at, floor in floors]


@pytest.mark.parametrize(("early", "start"), [(EXACT, "00:30"), (EARLY, "00:22")])
def test_google_11_a_window_in_the_repeated_hour_is_applied_once(
    enter: Enter, early: dict[str, str], start: str
) -> None:
    """02:30 in Berlin comes twice on 2026-10-25, at 00:30Z and at 01:30Z: one floor till 05:00."""
    entry = enter(datetime(2026, 10, 25, 0, 10, tzinfo=UTC))
    found = live_through(entry, datetime(2026, 10, 25, 4, 10, tzinfo=UTC), **early)
    assert found == [(start, 5), ("04:00", 1)]


@pytest.mark.parametrize(("early", "start"), [(EXACT, "01:00"), (EARLY, "00:52")])
def test_google_11_a_window_in_the_missing_hour_is_not_skipped(
    enter: Enter, early: dict[str, str], start: str
) -> None:
    """02:30 in Berlin is none on 2027-03-28: the floor is there from 03:00 local, 01:00Z."""
    entry = enter(datetime(2027, 3, 28, 0, 40, tzinfo=UTC))
    found = live_through(entry, datetime(2027, 3, 28, 3, 10, tzinfo=UTC), **early)
    assert found == [(start, 5), ("03:00", 1)]
