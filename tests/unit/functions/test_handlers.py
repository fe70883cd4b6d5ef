"""What do the deployed handlers do about every event, and what is left when something fails?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Reason
from flyball.ports import LedgerError
from flyball.wiring.function import Fault, Retry
from flyball.wiring.settings import SettingsError
from tests.unit.functions.stage import EVENTS, Context, Stage, load, load_handler

NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """An event file, and what the wake function does about it."""

    id: str
    decided: tuple[str, ...] = ()
    buried: int = 0
    answer: dict[str, Any] = field(default_factory=lambda: dict(NO_FAILURES))


def direct(count: int) -> dict[str, Any]:
    """Give the answer to what came another way than by SQS."""
    return {"wakes": count}


BOTH = ("churn", "churn-blue")
CASES = (
    Case("eventbridge-alarm", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-again", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-late-ok", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-metric-math", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-composite", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-no-reason-data", ("churn",), 0, direct(1)),
    Case("eventbridge-alarm-configuration", (), 0, direct(0)),
    Case("eventbridge-alarm-not-ours", (), 1, direct(0)),
    Case("eventbridge-alarm-hostile", (), 1, direct(0)),
    Case("lambda-alarm", ("churn",), 0, direct(1)),
    Case("lambda-alarm-composite", ("churn",), 0, direct(1)),
    Case("sns-alarm", ("churn",), 0, direct(1)),
    Case("sns-alarm-seconds", ("churn",), 0, direct(1)),
    Case("sns-text", (), 1, direct(0)),
    Case("sns-autoscaling-launch", ("batch-gpu",), 0, direct(1)),
    Case("sqs-sns-alarm", ("churn",)),
    Case("sqs-sns-alarm-raw", ("churn",)),
    Case("sqs-sns-composite", ("churn",)),
    Case("sqs-sns-autoscaling-test"),
    Case("sqs-sns-subscription"),
    Case("sqs-eventbridge-alarm", ("churn",)),
    Case("sqs-eventbridge-endpoint", BOTH),
    Case("sqs-lambda-destination", ("churn",)),
    Case("sqs-own", ("batch-gpu", "churn")),
    Case("sqs-batch-one-poison", ("batch-gpu", "churn"), 1),
    Case("sqs-all-poison", (), 2),
    Case("eventbridge-endpoint", BOTH, 0, direct(2)),
    Case("eventbridge-endpoint-again", BOTH, 0, direct(2)),
    Case("eventbridge-endpoint-updating", (), 0, direct(0)),
    Case("eventbridge-endpoint-failed", BOTH, 0, direct(2)),
    Case("eventbridge-endpoint-elsewhere", (), 0, direct(0)),
    Case("eventbridge-endpoint-deployment", (), 0, direct(0)),
    Case("eventbridge-training-job", (), 1, direct(0)),
    Case("eventbridge-autoscaling-launch", ("batch-gpu",), 0, direct(1)),
    Case("eventbridge-autoscaling-lifecycle", (), 0, direct(0)),
    Case("scheduler-tick", (), 0, direct(0)),
    Case("scheduler-tick-second-attempt", (), 0, direct(0)),
    Case("scheduler-tick-keywords", (), 0, direct(0)),
    Case("scheduler-default", (), 0, direct(0)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_wake_function_handles_every_event(case: Case, stage: Stage) -> None:
    """It decides for whom the event names, and buries what nobody understands."""
    assert stage.handle("wake", load(case.id)) == case.answer
    assert stage.decided() == dict.fromkeys(case.decided, 1)
    assert sorted(stage.provider.applied) == [(name, 5) for name in sorted(case.decided)]
    assert len(stage.buried()) == case.buried
    lines, metrics = stage.said()
    assert sum(metrics["Decisions"]) == sum(metrics["Changes"]) == len(case.decided)
    assert sum(metrics["Failed"]) == 0
    assert sum(metrics.get("Poison", [])) == case.buried
    assert lines


def test_every_event_file_is_handled() -> None:
    """A file that no case names proves nothing."""
    assert {case.id for case in CASES} == {path.stem for path in EVENTS.glob("*.json")}


def test_what_wakes_nobody_opens_no_table(stage: Stage) -> None:
    """A client costs a tenth of a second at a cold start."""
    for name in ("sqs-all-poison", "sqs-sns-subscription", "eventbridge-endpoint-updating"):
        stage.handle("wake", load(name))
    assert stage.opened == 0


def test_an_alarm_by_two_routes_and_a_late_ok_are_one_decision(stage: Stage) -> None:
    """ALARM by EventBridge and by SNS, then an OK that is stamped before it."""
    for name in ("eventbridge-alarm", "sqs-sns-alarm", "eventbridge-alarm-late-ok"):
        stage.pass_time(timedelta(seconds=2))
        stage.handle("wake", load(name))
    assert stage.decided() == {"churn": 1}
    kinds = [line["kind"] for line in stage.said()[0]]
    assert kinds == ["decided", "duplicate", "duplicate"]


@pytest.mark.parametrize(
    "names",
    [
        ("eventbridge-alarm", "lambda-alarm"),
        ("sqs-sns-alarm-raw", "sns-alarm"),
        ("eventbridge-endpoint", "eventbridge-endpoint-again"),
    ],
)
def test_a_second_delivery_changes_nothing(names: tuple[str, ...], stage: Stage) -> None:
    """Whichever way each of them came."""
    decided = []
    for name in names:
        stage.handle("wake", load(name))
        stage.pass_time(MINUTE)
        decided.append(stage.decided())
    assert decided[0] == decided[1]


def test_poison_never_blocks_another(stage: Stage) -> None:
    """It leaves with its reason; the rest of its batch is decided; nothing is given back."""
    assert stage.handle("wake", load("sqs-batch-one-poison")) == NO_FAILURES
    ((body, reason),) = stage.buried()
    assert body == "{ this is no JSON"
    assert reason == "event: got '{ this is no JSON', expected a JSON object"
    assert stage.decided() == {"batch-gpu": 1, "churn": 1}


def test_a_message_whose_ledger_is_out_of_reach_is_given_back(stage: Stage) -> None:
    """And only that one; delivered again later, it is decided."""
    stage.ledger.out_of_reach = {"churn"}
    event = load("sqs-batch-one-poison")
    failed = event["Records"][0]["messageId"]
    assert stage.handle("wake", event) == {"batchItemFailures": [{"itemIdentifier": failed}]}
    assert stage.decided() == {"batch-gpu": 1}
    lines, metrics = stage.said()
    assert sum(metrics["Failed"]) == 1
    (line,) = [each for each in lines if each["level"] == "ERROR"]
    assert (line["scalable_target_id"], line["kind"]) == ("churn", "failed")
    assert "throttled" in line["detail"]
    stage.ledger.out_of_reach = set()
    assert stage.handle("wake", {"Records": event["Records"][:1]}) == NO_FAILURES
    assert stage.decided() == {"batch-gpu": 1, "churn": 1}


def test_a_batch_that_fails_as_a_whole_is_given_back_as_a_whole(stage: Stage) -> None:
    """By name, not as an error of the function: there is nothing to roll back."""
    stage.ledger.out_of_reach = {"churn"}
    event = load("sqs-sns-alarm")
    answer = stage.handle("wake", event)
    identifier = event["Records"][0]["messageId"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": identifier}]}


def test_what_came_without_a_queue_is_called_again_by_lambda(stage: Stage) -> None:
    """An asynchronous call that raises is repeated twice."""
    stage.ledger.out_of_reach = {"churn"}
    with pytest.raises(Retry, match="a wake-up failed"):
        stage.handle("wake", load("eventbridge-alarm"))
    assert sum(stage.said()[1]["Failed"]) == 1


def test_an_endpoint_that_cannot_be_looked_up_is_given_back(stage: Stage) -> None:
    """Its targets are not known: nobody was woken."""
    stage.ledger.out_of_reach = {"find_targets"}
    answer = stage.handle("wake", load("sqs-eventbridge-endpoint"))
    assert len(answer["batchItemFailures"]) == 1
    assert stage.decided() == {}
    assert sum(stage.said()[1]["Failed"]) == 1


def test_poison_without_a_place_for_it_is_left_where_it_was(stage: Stage) -> None:
    """SQS moves it to the dead-letter queue after its receives: it is not dropped."""
    event = load("sqs-batch-one-poison")
    answer = stage.handle("wake", event, dead="")
    poison = event["Records"][1]["messageId"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": poison}]}
    assert stage.decided() == {"batch-gpu": 1, "churn": 1}


def test_no_target_is_begun_when_time_is_short(stage: Stage) -> None:
    """A message that comes again costs less than a function that is killed in the middle."""
    stage.context = Context(left_ms=60_000, passes_ms=40_001)
    event = load("sqs-own")
    answer = stage.handle("wake", event)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [
        event["Records"][0]["messageId"]
    ]
    assert stage.decided() == {}
    assert {line["detail"] for line in stage.said()[0]} == {"no time left"}


def test_a_short_time_limit_is_no_standstill(stage: Stage) -> None:
    """A function that may run for ten seconds only still does what it can."""
    stage.context = Context(left_ms=10_000, passes_ms=1_000)
    assert stage.handle("wake", load("sqs-own")) == NO_FAILURES
    assert set(stage.decided()) == {"batch-gpu", "churn"}


def test_an_alarm_of_nobody_is_told_and_done_with(stage: Stage) -> None:
    """Its target was removed: it would come again for ever."""
    event = load("sqs-own")
    event["Records"][0]["body"] = json.dumps(
        {"flyball": "wake", "scalable_target_ids": ["gone"], "at": "2026-03-02T12:01:00Z"}
    )
    assert stage.handle("wake", event) == NO_FAILURES
    (line,) = stage.said()[0]
    assert (line["level"], line["kind"]) == ("WARNING", "unknown_target")


def test_a_batch_shares_its_metric_reads(stage: Stage) -> None:
    """Two messages, two targets, one call."""
    stage.handle("wake", load("sqs-batch-one-poison"))
    assert [len(reads) for reads in stage.metrics.reads] == [2]


def test_a_decision_is_one_line_that_can_be_searched(stage: Stage) -> None:
    """Who, what, why, from where to where, what limited it, and the row that has it all."""
    stage.add("churn", high=4)
    stage.handle("wake", load("eventbridge-alarm"))
    (line,), metrics = stage.said()
    assert line["message"] == line["kind"] == "decided"
    assert line["scalable_target_id"] == "churn"
    assert (line["action"], line["from"], line["to"]) == ("set", 2, 4)
    assert (line["wanted"], line["unmet"], line["policies"]) == (5, 1, ["track"])
    assert line["limits"] == [
        {"kind": "bounds", "from": 5, "to": 4, "reason": "above_max", "by": ""}
    ]
    assert line["outcome"] == "applied"
    assert line["trigger"].startswith("flyball/churn/requests/high|ALARM|")
    assert stage.ledger.row(line["row"]) is not None
    assert line["wake_reason"] in {each.value for each in Reason}
    assert metrics["Unmet"] == [1.0]
    assert metrics["DecisionTime"][0] > 0


def test_nothing_of_an_event_reaches_a_line_unescaped(stage: Stage) -> None:
    """Not a control character, nor one that turns text around."""
    stage.handle("wake", load("eventbridge-alarm-hostile"))
    stage.handle("wake", {"Records": [{"eventSource": "aws:sqs", "body": "\u202e\x1b[2J\u2028"}]})
    out = stage._capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert "\\\\x1b[2J" in out


def test_the_metrics_are_the_ones_that_the_alarms_look_at(stage: Stage) -> None:
    """By name, unit, namespace and dimension: a template relies on them."""
    stage.variables = {"FLYBALL_METRICS_NAMESPACE": "Flyball", "POWERTOOLS_SERVICE_NAME": "prod"}
    stage.handle("wake", load("sqs-batch-one-poison"))
    printed = stage._capsys.readouterr().out.splitlines()
    (told,) = [json.loads(line) for line in printed if "_aws" in line]
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Flyball"
    assert directive["Dimensions"] == [["service"]]
    assert told["service"] == "prod"
    assert {each["Name"]: each["Unit"] for each in directive["Metrics"]} == {
        "Wakes": "Count",
        "Decisions": "Count",
        "Changes": "Count",
        "Unmet": "Count",
        "Failed": "Count",
        "Unresolved": "Count",
        "Refused": "Count",
        "Frozen": "Count",
        "Blind": "Count",
        "Poison": "Count",
        "DecisionTime": "Milliseconds",
    }


# --- cold starts --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wake", "tick"])
def test_a_wrong_environment_is_said_at_the_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it at once, before any event."""
    with pytest.raises(SettingsError, match=r"FLYBALL_HANDFUL.*FLYBALL_MODE"):
        load_handler(name, monkeypatch, FLYBALL_HANDFUL="many", FLYBALL_MODE="observe")


@pytest.mark.parametrize("name", ["wake", "tick"])
def test_a_table_that_cannot_be_opened_is_tried_again(
    name: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real parts, without a region: the message names the remedy."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    module = load_handler(name, monkeypatch)
    with pytest.raises((LedgerError, Fault)):
        module.handler(load("eventbridge-alarm"), stage.context)
    (line,) = [each for each in stage.said()[0] if each["level"] == "ERROR"]
    assert "AWS_DEFAULT_REGION" in line["detail"]
