"""What does the deployed on_tick do about what is due, for whom, and what is left when it fails?"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.gcp.session import CallError
from flyball.core.window import Window
from flyball.wiring.settings import SettingsError
from tests.unit.functions.gcp.stage import (
    AUDIENCE,
    EVENTS,
    NAMES,
    NOW,
    WAKES,
    Stage,
    load,
    sign,
)

MINUTE = timedelta(minutes=1)
ALL = {"due": 3, "handled": 3, "queued": 0}
NONE = {"due": 0, "handled": 0, "queued": 0}
TICKS = tuple(sorted(path.stem for path in EVENTS.glob("tick*.json")))


def fill(stage: Stage, count: int) -> list[str]:
    """Register more targets, all due."""
    names = [f"t{number:03}" for number in range(count)]
    for name in names:
        stage.add(name)
    return names


@pytest.mark.parametrize("name", TICKS)
def test_a_tick_looks_at_what_is_due(name: str, stage: Stage) -> None:
    """Whatever its headers say: of them only the token is believed."""
    assert stage.tick(name) == (ALL, 200)
    assert stage.decided() == dict.fromkeys(NAMES, 1)
    lines, metrics = stage.said()
    assert (metrics["DueTargets"], metrics["QueuedTargets"]) == (3, 0)
    assert [len(reads) for reads in stage.metrics.reads] == [3]
    assert (lines[-1]["message"], lines[-1]["severity"]) == ("tick", "INFO")


def test_a_tick_says_how_late_it_came(stage: Stage) -> None:
    """By the run's own time, where it was told."""
    stage.clock.at += timedelta(seconds=7)
    stage.tick("tick")
    line = stage.said()[0][-1]
    assert (line["late_s"], line["schedule"]) == (7.0, "flyball-tick")
    assert line["logging.googleapis.com/trace"].endswith("/bd0ad6e0a5f1c62b105445aa7843bc8b")


def test_more_than_a_handful_is_handed_on(stage: Stage) -> None:
    """And each is decided once, in messages of 25, whoever handles them, however often."""
    names = fill(stage, 200)
    stage.variables = {"FLYBALL_HANDFUL": "7"}
    assert stage.tick() == ({"due": 203, "handled": 7, "queued": 196}, 200)
    assert len(stage.decided()) == 7
    assert [
        len(json.loads(each.body)["scalable_target_ids"]) for each in stage.cloud.published
    ] == [
        *[25] * 7,
        21,
    ]
    assert {each.topic for each in stage.cloud.published} == {WAKES}
    for call in list(stage.delivered()):
        assert stage.alert(call) == 200
        assert stage.alert(call, cold=False) == 200  # at least once is what Pub/Sub promises
    assert stage.decided() == dict.fromkeys([*names, *NAMES], 1)
    assert max(len(reads) for reads in stage.metrics.reads) == 25


def test_without_a_topic_a_tick_does_it_all(stage: Stage) -> None:
    """As long as there is time."""
    fill(stage, 30)
    stage.variables = {"FLYBALL_WAKES_TOPIC": ""}
    assert stage.tick() == ({"due": 33, "handled": 33, "queued": 0}, 200)
    assert len(stage.decided()) == 33


def test_what_the_topic_does_not_take_is_done_here(stage: Stage) -> None:
    """A topic that is gone stops no decision."""
    fill(stage, 30)
    stage.cloud.refusals["pubsub"] = [CallError(404, "NOT_FOUND", "no such topic")]
    assert stage.tick() == ({"due": 33, "handled": 33, "queued": 0}, 200)
    assert len(stage.decided()) == 33
    (line,) = [each for each in stage.said()[0] if each["severity"] == "ERROR"]
    assert (line["left"], "no such topic" in line["detail"]) == (23, True)


def test_a_tick_whose_ledger_is_out_of_reach_is_tried_again(stage: Stage) -> None:
    """By Cloud Scheduler; the same run then does it."""
    stage.ledger.out_of_reach = {"due"}
    assert stage.tick()[1] == 500
    assert stage.said()[1]["Failed"] == 1
    stage.ledger.out_of_reach = set()
    assert stage.tick("tick-second-attempt", cold=False) == (ALL, 200)


def test_one_bad_target_stops_no_tick(stage: Stage) -> None:
    """It is told, and looked at again by the next one."""
    stage.ledger.out_of_reach = {"churn"}
    assert stage.tick() == (ALL, 200)
    assert set(stage.decided()) == set(NAMES) - {"churn"}
    stage.ledger.out_of_reach = set()
    stage.tick("tick-next-minute", cold=False)
    assert stage.decided()["churn"] == 1


def test_what_is_left_of_a_tick_is_the_next_ones(stage: Stage) -> None:
    """Earliest first, in chunks of 25; nothing is lost when time runs out."""
    names = fill(stage, 60)
    stage.variables, stage.passes_s = {"FLYBALL_WAKES_TOPIC": ""}, 0.6
    stage.tick()
    assert len(stage.decided()) == 25
    stage.passes_s = 0
    assert stage.tick("tick-next-minute")[0]["due"] == 38
    assert stage.decided() == dict.fromkeys([*names, *NAMES], 1)


# --- the edge case of a run that comes twice, and of a window when clocks change -----


@pytest.mark.parametrize("cold", [True, False], ids=["another instance", "the same instance"])
def test_11_the_same_job_and_schedule_time_twice_is_one_action(stage: Stage, *, cold: bool) -> None:
    """Though much is due again by then: this instance knows the run, another finds it done."""
    stage.tick("tick")
    applied = list(stage.provider.applied)
    if not cold:
        stage.pass_time(timedelta(hours=1))
        stage.metrics.load = 400.0
    assert stage.tick("tick-second-attempt", cold=cold) == (NONE, 200)
    assert stage.provider.applied == applied
    assert stage.decided() == dict.fromkeys(NAMES, 1)


def test_11_the_next_run_of_a_job_is_another_one(stage: Stage) -> None:
    """Only name and time together are the key."""
    stage.tick("tick")
    stage.pass_time(timedelta(hours=1))
    assert stage.tick("tick-next-minute", cold=False)[0]["due"] == 3
    stage.pass_time(timedelta(hours=1))
    other = load("tick").bearing(X_CloudScheduler_JobName="by-hand")
    assert stage.tick(other, cold=False)[0]["due"] == 3


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ],
    ids=["02:30 comes twice", "02:30 does not come"],
)
def test_11_a_window_of_the_night_when_clocks_change_is_applied_once(
    day: datetime, starts: datetime, stage: Stage
) -> None:
    """A tick a minute, in UTC, each delivered twice: the floor is set once, and on time."""
    window = Window(
        "night",
        "cron(30 2 * * ? *)",
        duration=timedelta(hours=3),
        time_zone="Europe/Berlin",
        floor=4,
    )
    stage.clock.at, stage.metrics.load = day - timedelta(minutes=5), 100.0
    stage.provider.desired = dict.fromkeys(NAMES, 1)
    stage.add("churn", windows=(window,))
    at: list[datetime] = []
    stage.start("on_tick")
    while stage.clock.at < starts + timedelta(minutes=75):
        name = stage.clock.at.isoformat().replace("+00:00", "Z")
        run = load("tick").bearing(X_CloudScheduler_ScheduleTime=name)
        before = len(stage.provider.applied)
        for _ in range(2):
            assert stage.tick(run, cold=False)[1] == 200
        stage.metrics.load = 100.0
        at += [stage.clock.at] * (len(stage.provider.applied) - before)
        stage.pass_time(MINUTE)
    assert stage.provider.applied == [("churn", 4)]
    assert at == [starts]


# --- who may tick -------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A token that is not good, and how it is answered."""

    id: str
    code: int = 401
    claims: dict[str, Any] = field(default_factory=dict)
    key: str = "google-1"
    by: str = ""


CASES = (
    Case("another audience", claims={"aud": "https://elsewhere.example"}),
    Case("several audiences", claims={"aud": [AUDIENCE, "https://elsewhere.example"]}),
    Case("another account", 403, {"email": "somebody@acme-ml.iam.gserviceaccount.com"}),
    Case("no e-mail", 403, {"email": None}),
    Case("an e-mail that nobody verified", 403, {"email_verified": False}),
    Case("an e-mail that is verified in words", 403, {"email_verified": "true"}),
    Case("another issuer", claims={"iss": "https://accounts.example"}),
    Case("expired", claims={"exp": int(NOW.timestamp()) - 31}),
    Case("of the future", claims={"iat": int(NOW.timestamp()) + 31}),
    Case("without an end", claims={"exp": None}),
    Case("a time that is none", claims={"iat": True}),
    Case("a key that Google has not", key="mine"),
    Case("Google's key id, signed by another", by="mine"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_nobody_else_may_tick(case: Case, stage: Stage) -> None:
    """Nothing is looked at, the caller learns nothing, and the log says why."""
    token = sign(NOW, case.key, case.by, **case.claims)
    assert stage.tick(token=token) == (
        {"error": "the caller is not the one that ticks"},
        case.code,
    )
    assert (stage.opened, stage.decided()) == (0, {})
    (line,), metrics = stage.said()
    assert (line["severity"], line["message"]) == ("WARNING", "refused")
    assert line["detail"]
    assert metrics == {"RefusedCalls": 1}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer a.b", "Basic dXNlcg==", "Bearer a.b.c", "Bearer W10.W10.W10", "\xe9"],
)
def test_what_is_no_token_is_refused(header: str, stage: Stage) -> None:
    """Whatever it is instead."""
    answer = stage.start("on_tick").post("/", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_token_without_a_signature_is_refused_unless_the_platform_checked_it(
    stage: Stage,
) -> None:
    """Cloud Run takes it off once it has checked it; everything else is checked here."""
    removed = sign(NOW).rpartition(".")[0] + ".SIGNATURE_REMOVED_BY_GOOGLE"
    assert stage.tick(token=removed)[1] == 401
    assert "FLYBALL_TICK_SIGNATURE=platform" in stage.said()[0][0]["detail"]
    assert stage.tick(token=removed.rpartition(".")[0] + ".")[1] == 401
    stage.variables = {"FLYBALL_TICK_SIGNATURE": "platform"}
    other = sign(NOW, email="other@x.iam.gserviceaccount.com").rpartition(".")[0]
    assert stage.tick(token=f"{other}.SIGNATURE_REMOVED_BY_GOOGLE")[1] == 403
    assert stage.tick(token=sign(NOW, by="mine"))[1] == 401
    assert stage.tick(token=removed) == (ALL, 200)


def encode(part: object) -> str:
    """Write a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.mark.parametrize("trusted", ["verify", "platform"])
@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "RS256", "kid": "google-1"}])
@pytest.mark.parametrize("signature", ["", "SIGNATURE_REMOVED_BY_GOOGLE"])
def test_what_nobody_signed_is_taken_by_no_setting(
    trusted: str, header: Mapping[str, str], signature: str, stage: Stage
) -> None:
    """Only Cloud Run's own word stands for a signature, and only of one that was there."""
    stage.variables = {"FLYBALL_TICK_SIGNATURE": trusted}
    token = f"{encode(header)}.{sign(NOW).split('.')[1]}.{signature}"
    is_replaced = trusted == "platform" and signature and header["alg"] != "none"
    assert stage.tick(token=token)[1] == (200 if is_replaced else 401)


@pytest.mark.parametrize("issuer", [[], {}, ["https://accounts.google.com"], 1, None])
def test_an_issuer_that_is_no_text_is_refused(issuer: object, stage: Stage) -> None:
    """It is a caller's mistake, and never ours: 401, not 500."""
    assert stage.tick(token=sign(NOW, iss=issuer))[1] == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256"])
def test_no_other_algorithm_is_taken(algorithm: str, stage: Stage) -> None:
    """Least of all the one that signs nothing."""
    header, claims, signature = sign(NOW).split(".")
    written = json.dumps({"alg": algorithm, "kid": "google-1", "typ": "JWT"}).encode()
    header = base64.urlsafe_b64encode(written).decode().rstrip("=")
    assert stage.tick(token=f"{header}.{claims}.{signature}")[1] == 401


def test_certificates_are_fetched_once_for_many_ticks(stage: Stage) -> None:
    """And again when they are old, or when Google has signed by a new key."""
    stage.tick()
    for _ in range(3):
        stage.pass_time(MINUTE)
        stage.tick("tick-no-run", cold=False)
    assert stage.cloud.asked.count("www") == 1
    stage.pass_time(timedelta(hours=1))
    stage.tick("tick-no-run", cold=False)
    assert stage.cloud.asked.count("www") == 2
    stage.cloud.keys.append("google-3")
    stage.pass_time(MINUTE)
    assert stage.tick("tick-no-run", sign(stage.clock.at, "google-3"), cold=False)[1] == 200
    assert stage.cloud.asked.count("www") == 3


def test_a_caller_with_unknown_keys_does_not_make_us_ask_google_all_the_time(
    stage: Stage,
) -> None:
    """Once a minute at most."""
    stage.tick()
    for _ in range(5):
        stage.pass_time(timedelta(seconds=20))
        assert stage.tick("tick-no-run", sign(stage.clock.at, "mine"), cold=False)[1] == 401
    assert stage.cloud.asked.count("www") <= 3


def test_without_certificates_a_tick_is_tried_again(stage: Stage) -> None:
    """Unless those of the last day are at hand."""
    gone = CallError(503, "UNAVAILABLE", "later", passes=True)
    stage.cloud.refusals["www"] = [gone]
    assert stage.tick()[1] == 500
    assert stage.tick(cold=False) == (ALL, 200)
    stage.pass_time(timedelta(hours=2))
    stage.cloud.refusals["www"] = [gone] * 9
    assert stage.tick("tick-next-minute", cold=False)[1] == 200
    stage.pass_time(timedelta(hours=23))
    assert stage.tick("tick-no-run", cold=False)[1] == 500


@pytest.mark.parametrize("answer", [[], {}, "<html>"])
def test_what_are_no_certificates_are_none(
    answer: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's page is not Google's word."""
    monkeypatch.setattr(stage.cloud, "call", lambda *_, **__: answer)
    assert stage.tick()[1] == 500


def test_ticks_of_long_ago_are_forgotten(stage: Stage) -> None:
    """An instance lives for days, and must not grow."""
    stage.tick("tick")
    for minute in range(1, 20):
        at = stage.clock.at + minute * MINUTE
        stage.tick(load("tick").bearing(X_CloudScheduler_ScheduleTime=at.isoformat()), cold=False)
    stage.pass_time(timedelta(hours=1))
    assert stage.tick("tick", cold=False)[0]["due"] == 3


def test_who_may_tick_must_be_said(stage: Stage) -> None:
    """An instance that was started as another function's takes nobody."""
    client = stage.start("on_tick")
    stage.variables = {"FLYBALL_TICK_AUDIENCE": "", "FLYBALL_TICK_ACCOUNT": ""}
    stage.start("on_alert")
    module_function = stage.functions["on_alert"]
    assert module_function.tick({"Authorization": f"Bearer {sign(NOW)}"})[1] == 403
    assert client.post("/").status_code == 401


def test_a_tick_that_nobody_may_call_is_said_at_the_start(stage: Stage) -> None:
    """Rather than at every minute."""
    stage.variables = {"FLYBALL_TICK_AUDIENCE": "", "FLYBALL_TICK_ACCOUNT": "flyball"}
    with pytest.raises(SettingsError, match=r"FLYBALL_TICK_AUDIENCE.*FLYBALL_TICK_ACCOUNT"):
        stage.start("on_tick")
